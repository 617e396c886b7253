"""The only importer of compiled code: picks the engine of the highest instruction-set level this processor runs.

`THETASTAR_LEVEL` ("baseline", "v3", "v4", "amx") forces a level. A level that is unknown, not built or beyond the
processor is an error and never a silently slower one. Levels differ in the last bits of a result (fused multiply-add,
the width of sums), so a saved model names the level that it was trained on. "amx" is the engine of "v4" with its large
products on tile registers, to the precision of float32.
"""

from __future__ import annotations

import importlib
import os
from types import ModuleType

from ._checks import one_of
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


level, engine = _pick()


def default_threads() -> int:
    """Return how many threads to use: `THETASTAR_THREADS`, or the processors this process may run on."""
    wanted = os.environ.get("THETASTAR_THREADS")
    if wanted:
        if not wanted.isdigit() or int(wanted) < 1:
            raise InputError(
                f"THETASTAR_THREADS: the number of threads must be a whole number of 1 or more. Got {wanted!r}. "
                "Set it to the number of cores to use, or leave it unset."
            )
        return int(wanted)
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:  # a container's quota, where there is one: "max 100000" or "150000 100000"
        with open("/sys/fs/cgroup/cpu.max", encoding="ascii") as file:
            quota, period = file.read().split()
        if quota != "max":
            count = min(count, max(1, round(int(quota) / int(period))))
    except (OSError, ValueError):
        pass
    return count
