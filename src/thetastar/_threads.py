"""Threads for what NumPy, Arrow and scikit-learn do, which leave the interpreter's lock while they work.

`threading.Thread.start` waits until the new thread says that it runs, and so for ever where the machine gives a thread
but no memory for its first steps. These threads are begun without that wait.
"""

from __future__ import annotations

import _thread
import threading
from collections.abc import Callable, Iterable
from typing import TypeVar

from thetastar._native import default_threads

__all__ = ["LONG", "begun", "mapped"]

LONG = 20_000  # rows from which on columns are worked on side by side
_PATIENCE = 5.0  # seconds until a thread that has not begun counts as refused; if it begins later it finds no work

_In = TypeVar("_In")
_Out = TypeVar("_Out")


def begun(work: Callable[[], None]) -> bool:
    """Whether a thread could be had that runs `work`, which must not raise; it ends with the process."""
    runs = _thread.allocate_lock()
    runs.acquire()

    def run() -> None:
        runs.release()
        work()

    try:
        _thread.start_new_thread(run, ())
    except (RuntimeError, MemoryError):  # the limit of threads or of memory of the process, the user or the container
        return False
    return runs.acquire(timeout=_PATIENCE)


def mapped(work: Callable[[_In], _Out], items: Iterable[_In], *, worth: bool = True) -> list[_Out]:
    """[work(item) for item in items], in that order. The caller works too; a thread that the machine refuses is done
    without, and Ctrl-C in the caller ends the others after the item they are at.

    Args:
        worth: False where the items are so small that threads would only delay them.

    Raises:
        BaseException: what the work on the first item that failed raised.
    """
    waiting = iter(enumerate(items))
    results: dict[int, _Out] = {}
    failures: dict[int, BaseException] = {}
    taken, stopped = 0, False
    changed = threading.Condition()

    def run() -> None:
        nonlocal taken
        while True:
            with changed:
                index, item = (-1, None) if stopped or failures else next(waiting, (-1, None))
                taken += index >= 0
            if index < 0:
                return
            try:
                result = work(item)  # type: ignore[arg-type]
            except BaseException as error:  # handed to the caller
                with changed:
                    failures[index] = error
                    changed.notify_all()
                continue
            with changed:
                results[index] = result
                changed.notify_all()

    for _ in range(default_threads() - 1 if worth else 0):
        if not begun(run):
            break
    try:
        run()
        with changed:  # until what others have taken is done
            changed.wait_for(lambda: len(results) + len(failures) == taken)
    finally:
        stopped = True
    if failures:
        raise failures[min(failures)]
    return [results[index] for index in range(len(results))]
