"""Several calls into scikit-learn at once, each on one thread.

One thread per call, not several: its loops wait for each other by spinning, and where other work shares the cores that
is dearer than doing without (30 rounds of boosting for 26 classes on 16,000 rows, two busy cores: 1.9 s with one
thread, 59 s with two). It also makes the result independent of the number of threads.
"""

from __future__ import annotations

import os
import queue
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from thetastar._memory import require_libraries
from thetastar._threads import begun as begun_thread

__all__ = ["begun", "run_at_once"]

_QUIET = ("sklearn", "scipy", "numpy")  # their hints, such as more iterations for a solver, are not for our user
_ours = threading.local()  # `here` in the threads that are begun below


def run_at_once(calls: Sequence[Callable[[], Any]], threads: int) -> Iterator[tuple[int, Any]]:
    """Run the calls on up to `threads` threads; yields (index, result) as each is done.

    Raises:
        Exception: whatever a call raised.
    """
    with begun(calls, threads) as results:
        yield from results


@contextmanager
def begun(calls: Sequence[Callable[[], Any]], threads: int) -> Iterator[Iterator[tuple[int, Any]]]:
    """The same for calls that run while the caller does something else: they begin here, and the iterator that it gets
    waits for them.

    The threads are daemons: Ctrl-C raises in the caller at once and does not wait for a call that cannot be stopped.
    Where the machine refuses a thread, those that have begun do the work; where it refuses all, the caller does it,
    once it asks for the results.
    """
    require_libraries(min(threads, max(len(calls), 1)))
    # Loaded before the threads begin: two threads must not import at once, and limits reach loaded libraries only.
    import sklearn.ensemble
    import sklearn.linear_model  # noqa: F401
    from threadpoolctl import threadpool_limits

    waiting: queue.SimpleQueue[tuple[int, Callable[[], Any]]] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[int, Any, BaseException | None]] = queue.SimpleQueue()
    for index, call in enumerate(calls):
        waiting.put((index, call))

    def work() -> None:
        _ours.here = True
        limited = False
        while True:
            try:
                index, call = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                if not limited:
                    threadpool_limits(1, user_api="openmp")  # OpenMP counts per calling thread; it ends with the work
                    limited = True
                done.put((index, call(), None))
            except BaseException as error:  # handed to the caller
                done.put((index, None, error))

    def results() -> Iterator[tuple[int, Any]]:
        if not begun_threads:
            with threadpool_limits(1, user_api="openmp"):
                for index, call in enumerate(calls):
                    yield index, call()
            return
        for _ in calls:
            index, result, error = done.get()
            if error is not None:
                raise error
            yield index, result

    with threadpool_limits(1, user_api="blas"), _quiet():
        begun_threads = sum(begun_thread(work) for _ in range(min(threads, len(calls))))
        yield results()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the libraries' hints from the terminal, and the program's own filters as they were.

    A filter alone does not do that: filters belong to the whole process, and scikit-learn empties them for a moment
    in each of several threads (`sklearn.utils.parallel`), so that another thread finds none and warns of just that. So
    what is shown is judged where it is shown, by the thread and by the file that it comes from.
    """
    with warnings.catch_warnings():
        for library in _QUIET:
            warnings.filterwarnings("ignore", module=rf"{library}\b")
        show = warnings.showwarning

        def shown(message: Any, category: Any, filename: str, *rest: Any, **more: Any) -> None:
            if not getattr(_ours, "here", False) or not set(filename.split(os.sep)) & set(_QUIET):
                show(message, category, filename, *rest, **more)

        warnings.showwarning = shown
        yield
