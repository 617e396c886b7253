"""Threads for what NumPy and Arrow do, which leave the interpreter's lock while they work: many columns at once, and
work in which a library must not take over the process's signals."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TypeVar

from thetastar._native import default_threads

__all__ = ["LONG", "apart", "mapped"]

LONG = 20_000  # rows from which on columns are worked on side by side

_In = TypeVar("_In")
_Out = TypeVar("_Out")


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
    lock = threading.Lock()
    stopped = False

    def run() -> None:
        while True:
            with lock:
                index, item = (-1, None) if stopped or failures else next(waiting, (-1, None))
            if index < 0:
                return
            try:
                results[index] = work(item)  # type: ignore[arg-type]
            except BaseException as error:  # handed to the caller
                failures[index] = error

    others = [thread for _ in range(default_threads() - 1 if worth else 0) if (thread := _started(run)) is not None]
    try:
        run()
        for thread in others:
            thread.join()
    finally:
        stopped = True
    if failures:
        raise failures[min(failures)]
    return [results[index] for index in range(len(results))]


def apart(work: Callable[[], _Out]) -> _Out:
    """work(), but not on the main thread, where some libraries put handlers of their own in the place of Python's: a
    signal that comes then can be lost, or end the process without a word. Ctrl-C is raised once the work is done.

    Raises:
        BaseException: what the work raised.
    """
    results: list[_Out] = []
    failures: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # handed to the caller
            failures.append(error)

    thread = _started(run)
    if thread is None:
        return work()
    try:
        thread.join()
    finally:
        thread.join()  # after Ctrl-C: what is at work in a library must not be left behind when the process ends
    if failures:
        raise failures[0]
    return results[0]


def _started(work: Callable[[], None]) -> threading.Thread | None:
    thread = threading.Thread(target=work, daemon=True, name="thetastar-data")
    try:
        thread.start()
    except RuntimeError:  # the limit of threads of the process, the user or the container
        return None
    return thread
