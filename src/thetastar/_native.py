"""The only importer of compiled code: picks the engine of the highest instruction-set level this processor runs.

`THETASTAR_LEVEL` ("baseline", "v3", "v4", "amx") forces a level. A level that is unknown, not built or beyond the
processor is an error and never a silently slower one. Levels differ in the last bits of a result (fused multiply-add,
the width of sums), so a saved model names the level that it was trained on. "amx" is the engine of "v4" with its large
products on tile registers, to the precision of float32.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from ._checks import one_of
from ._memory import group_folders
from .errors import InputError

__all__ = ["LEVELS", "default_threads", "engine", "level"]

LEVELS = ("baseline", "v3", "v4", "amx")


def _pick() -> tuple[str, ModuleType]:
    baseline = importlib.import_module("._engine_baseline", __package__)
    best = baseline.processor_level()
    wanted = os.environ.get("THETASTAR_LEVEL") or best
    one_of("THETASTAR_LEVEL", "level", wanted, LEVELS)
    if LEVELS.index(wanted) > LEVELS.index(best):
        raise InputError(
            f"THETASTAR_LEVEL: the level must be one that this processor runs. Got {wanted!r}, and the processor "
            f"reaches {best!r}. Use {best!r} or leave the variable unset."
        )
    return wanted, importlib.import_module(f"._engine_{'v4' if wanted == 'amx' else wanted}", __package__)


@contextmanager
def _signals_afterwards() -> Iterator[None]:
    """Signals that Python code handles wait until the block ends.

    What a handler raises while a module of compiled code is being made is cleared by nanobind: Ctrl-C would be lost.
    """
    came: list[int] = []
    if threading.current_thread() is not threading.main_thread():  # only the main thread handles signals
        yield
        return
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    handlers = {number: handler for number, handler in handlers.items() if callable(handler)}
    for number in handlers:
        signal.signal(number, lambda number, frame: came.append(number))
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for number in came:
            signal.raise_signal(number)


with _signals_afterwards():
    level, engine = _pick()


def default_threads() -> int:
    """Return how many threads to use where nobody says it.

    `THETASTAR_THREADS`; otherwise the processors that this process may run on, or fewer: what its control groups grant,
    what OMP_NUM_THREADS says, and what a surrounding `threadpoolctl.threadpool_limits` allows.
    """
    wanted = os.environ.get("THETASTAR_THREADS")
    if wanted:
        if not wanted.isdigit() or int(wanted) < 1:
            raise InputError(
                f"THETASTAR_THREADS: the number of threads must be a whole number of 1 or more. Got {wanted!r}. "
                "Set it to the number of cores to use, or leave it unset."
            )
        return int(wanted)
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limits = [count, *_quotas(), _of_openmp(), _of_threadpoolctl()]
    return min(limit for limit in limits if limit is not None)


def _quotas() -> list[int]:
    """Processors that the process's control groups grant it, where they limit them: "max 100000" or "150000 100000"."""
    found = []
    for folder in group_folders():
        try:
            quota, period = (folder / "cpu.max").read_text(encoding="ascii").split()
            if quota != "max":
                found.append(max(1, round(int(quota) / int(period))))
        except (OSError, ValueError):
            continue
    return found


def _of_openmp() -> int | None:
    """OMP_NUM_THREADS, which joblib sets in its workers, and people in their shells; the first of "4,2"."""
    first = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return int(first) if first.isdigit() and int(first) > 0 else None


def _of_threadpoolctl() -> int | None:
    """What `threadpoolctl.threadpool_limits` allows OpenMP here; nobody has set a limit where it is not loaded."""
    if "threadpoolctl" not in sys.modules:
        return None
    pools = sys.modules["threadpoolctl"].threadpool_info()
    return min((pool["num_threads"] for pool in pools if pool["user_api"] == "openmp"), default=None)
