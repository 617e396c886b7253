"""The benchmark from start to end: who is there, what the machine can do, every case, and the record of it all."""

from __future__ import annotations

import datetime
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import thetastar
from thetastar._native import default_threads, engine, level
from thetastar.bench import scenarios
from thetastar.bench.cases import PEERS, Case, Scenario, chosen
from thetastar.bench.measure import Setting, measure
from thetastar.bench.results import add_figures
from thetastar.bench.table import case_lines
from thetastar.errors import InputError

__all__ = ["find_peers", "run"]

FORMAT = 1
_PACKAGES = {"pytorch": ("torch", "torch"), "jax": ("jax", "jaxlib"), "keras": ("keras", "keras"),
             "sklearn": ("scikit-learn", "scikit-learn")}  # fmt: skip

# Asked of the peers' interpreter: the installed versions, without importing anything.
_ASK = """
import importlib.metadata as m, json, sys
found = {}
for package in sys.argv[1:]:
    try:
        found[package] = m.version(package)
    except m.PackageNotFoundError:
        pass
    except Exception:
        pass
print(json.dumps(found))
"""


def run(
    cases: list[str] | None = None,
    peers: list[str] | None = None,
    *,
    repeats: int | None = None,
    quick: bool = False,
    threads: int | None = None,
    peer_python: str | None = None,
    say: Callable[[str], None] = print,
    keep: Callable[[dict[str, Any]], None] = lambda result: None,
) -> dict[str, Any]:
    """Run the benchmark and return its record, plain JSON data.

    Args:
        cases: names or patterns of cases; all without any.
        peers: some of "pytorch", "jax", "keras", "sklearn"; all that are installed when None, nobody when [].
        repeats: turns of every side; 7, or 3 when quick.
        quick: short turns and no torch.compile: a first look, not a figure to quote.
        threads: processors that every side may use; all when None.
        peer_python: the interpreter that has the peers; this one when None.
        say: gets every line for people as soon as it is known.
        keep: gets the record after every case, so that a run that is stopped leaves what it has.

    Raises:
        InputError: a case, peer, number or interpreter that cannot be used.
    """
    selected = chosen(cases)
    threads = default_threads() if threads is None else threads
    repeats = (3 if quick else 7) if repeats is None else repeats
    for name, number in (("--repeats", repeats), ("--threads", threads)):
        if number < 1:
            raise InputError(f"{name}: the number must be at least 1. Got {number}. Leave it out for the default.")
    python = peer_python or sys.executable
    known = find_peers(python, list(PEERS) if peers is None else peers)
    result: dict[str, Any] = {
        "format": FORMAT, "thetastar": thetastar.__version__, "date": _now(), "machine": _machine(threads),
        "options": {"repeats": repeats, "quick": quick, "threads": threads}, "peers": known,
    }  # fmt: skip
    say(f"thetastar {thetastar.__version__}, level {level}, {threads} thread{'s' if threads > 1 else ''}, "
        f"{result['machine']['processor']}")  # fmt: skip
    for name, about in known.items():
        say(f"  {name} {about['version']}" if "version" in about else f"  {name} left out: {about['absent']}")
    result["ceiling"] = _ceiling(threads, quick)
    say("  ceiling: {multiply_add_one:.0f} GFLOP/s of multiply-adds on one core, {multiply_add_all:.0f} on all; memory "
        "{memory_one:.0f} GB/s on one core, {memory_all:.0f} on all".format(**result["ceiling"]))  # fmt: skip
    result["cases"] = []
    with tempfile.TemporaryDirectory(prefix="thetastar-bench-") as folder:
        setting = Setting(
            python, {name: about for name, about in known.items() if "version" in about}, repeats,
            0.1 if quick else 0.5, threads, _has_compiler() and not quick, Path(folder), say,
        )  # fmt: skip
        for case in selected:
            say("")
            record = _measured(case, setting)
            for path in Path(folder).glob("*.npz"):
                path.unlink()
            result["cases"].append(record)
            keep(result)
            for line in case_lines(record):
                say(line)
    return result


def _measured(case: Case, setting: Setting) -> dict[str, Any]:
    if isinstance(case, Scenario):
        return {"name": case.name, "title": case.title, "kind": "scenario"} | scenarios.measure(case, setting)
    return add_figures(case, measure(case, setting))


def find_peers(python: str, names: list[str]) -> dict[str, dict[str, Any]]:
    """For every name {"version": …}, or {"absent": a word why}.

    Raises:
        InputError: a name that is no peer, or an interpreter that does not run.
    """
    for name in names:
        if name not in PEERS:
            raise InputError(f"--peers: there is no peer {name!r}. Use some of {', '.join(PEERS)}, or none.")
    if not names:
        return {}
    packages = sorted({package for name in names for package in _PACKAGES[name]})
    try:
        asked = subprocess.run([python, "-c", _ASK, *packages], capture_output=True, text=True, timeout=60)
        found = json.loads(asked.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        raise InputError(
            f"--peer-python: {python!r} must be a Python interpreter. It does not run. Give its path."
        ) from None
    peers = {}
    for name in names:
        missing = [package for package in _PACKAGES[name] if package not in found]
        if missing:
            peers[name] = {"absent": f"{missing[0]} is not installed there (pip install 'thetastar[bench]')"}
        else:
            peers[name] = {"version": found[_PACKAGES[name][0]]}
    return peers


def _ceiling(threads: int, quick: bool) -> dict[str, float]:
    """The best of a few short measurements: the machine undisturbed."""
    times, seconds = (2, 0.05) if quick else (5, 0.2)
    size = 64e6 if quick else 512e6  # beyond the caches
    best = {
        "multiply_add_one": max(engine.multiply_add_ceiling(seconds, 1) for _ in range(times)),
        "multiply_add_all": max(engine.multiply_add_ceiling(seconds, threads) for _ in range(times)),
        "memory_one": max(engine.memory_bandwidth(seconds, 1, size) for _ in range(times)),
        "memory_all": max(engine.memory_bandwidth(seconds, threads, size) for _ in range(times)),
    }
    return {name: round(value, 2) for name, value in best.items()}


def _has_compiler() -> bool:
    return any(shutil.which(name) for name in (os.environ.get("CXX", "g++"), "g++", "clang++"))


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def _machine(threads: int) -> dict[str, Any]:
    processor = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            processor = next(
                (line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), processor
            )
    except OSError:
        pass
    return {
        "processor": processor, "cores": os.cpu_count(), "system": platform.system(), "level": level,
        "python": platform.python_version(),
    }  # fmt: skip
