"""Where the machine grants few threads, libraries are told so before they are loaded.

OpenBLAS interrupts a process (by SIGINT, as Ctrl-C does) that may have no more threads while NumPy or SciPy is being
loaded, and may wait for the missing one for ever; the GNU OpenMP library ends it; Arrow fails. With one thread each
they do without or need one or two.
"""

from __future__ import annotations

import _thread
import os
import sys

from thetastar._memory import group_folders

__all__ = ["tell_libraries"]

_ONE = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "ARROW_IO_THREADS")
_MOST = 64  # threads that are tried; who is granted as many is not short of them
_PLENTY = 8192  # threads of a user; below, it is worth the milliseconds to try


def tell_libraries() -> None:
    """Set the variables by which libraries are told to use one thread, where this process may not have all that they
    would start; variables that are set already stay. Once NumPy is loaded there is nothing to tell any more."""
    if sys.platform != "linux" or "numpy" in sys.modules or not _may_be_short():
        return
    if _addresses_are_limited():
        # SciPy's OpenBLAS is loaded late, when few addresses may be left for a thread.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        # Arrow's usual pool reserves a gigabyte of addresses at once; what it has none for ends the process.
        os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    wanted = min(4 * len(os.sched_getaffinity(0)) + 4, _MOST)  # two of OpenBLAS, Arrow's two pools, our own
    if _granted(wanted) < wanted:
        for name in _ONE:
            os.environ.setdefault(name, "1")


def _may_be_short() -> bool:
    """Whether there is a limit at all that could refuse threads: of processes or of addresses."""
    import resource

    processes, _ = resource.getrlimit(resource.RLIMIT_NPROC)
    files = [folder / "pids.max" for folder in group_folders()]
    limited = any(file.exists() and file.read_text("ascii").strip() != "max" for file in files)
    return limited or _addresses_are_limited() or 0 <= processes < _PLENTY


def _addresses_are_limited() -> bool:
    import resource

    return resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY


def _granted(most: int) -> int:
    """How many threads beside its first one a process like this one gets, up to `most`; found in a child process,
    because a thread leaves memory of the C library behind."""
    try:
        child = os.fork()
    except OSError:
        return 0
    if child == 0:
        started = 0
        try:
            gate = _thread.allocate_lock()
            gate.acquire()
            for _ in range(most):
                _thread.start_new_thread(gate.acquire, ())
                started += 1
        except (RuntimeError, MemoryError):
            pass
        finally:
            os._exit(started)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)
