"""What a large table costs: from its file to the prepared matrix beside Arrow's own read, and the memory of a study.

    python benchmarks/tables.py prepare [--rows 1000000] [--turns 5]
    python benchmarks/tables.py memory [--rows 1000000] [--missing 0.02]

prepare   a CSV file of 24 columns of numbers (2 % missing) and 6 categories of 12 levels is read, its columns get their
          roles, and all rows are prepared; in turns with pyarrow.csv.read_csv of the same file, each turn in a process
          of its own. Printed are seconds of processor time and of the clock, and the median of their ratios.
memory    `ts.fit(..., effort="quick")` on that file: by its stages the most memory that the process held (Linux).

Run it on a quiet machine: other work on its cores changes every figure.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np


def write_table(path: Path, rows: int, missing: float = 0.02) -> None:
    """A file of 24 numbers, 6 categories and a target that depends on some of them."""
    import pyarrow as pa
    import pyarrow.csv as csv

    rng = np.random.default_rng(0)
    numbers = rng.standard_normal((24, rows)).round(5)
    levels = [rng.integers(0, 12, rows) for _ in range(6)]
    effects = [rng.standard_normal(12) for _ in range(6)]
    target = numbers[0] * 2 + np.sin(2 * numbers[1]) + numbers[2] * numbers[3] + 0.5 * rng.standard_normal(rows)
    target += sum(effect[level] for effect, level in zip(effects, levels, strict=True))
    columns = {f"x{i}": pa.array(own, mask=rng.random(rows) < missing) for i, own in enumerate(numbers)}
    names = np.array([f"lv{k}" for k in range(12)])
    columns |= {f"c{i}": pa.array(names[own]) for i, own in enumerate(levels)}
    csv.write_csv(pa.table({**columns, "y": pa.array(target.round(4))}), path)


def one_read(path: str) -> None:
    """Print the seconds of the processor and of the clock that Arrow's own read of the file takes."""
    import pyarrow.csv as csv

    _timed(lambda: csv.read_csv(path))


def one_preparation(path: str) -> None:
    """Print what reading, roles and preparation of the file take."""
    import pyarrow.compute
    import pyarrow.csv  # noqa: F401

    from thetastar.data import infer_roles, read_table
    from thetastar.data.prepare import Preparation

    def prepare() -> None:
        table = read_table(path)
        roles = infer_roles(table, "y")
        preparation = Preparation.fit(table, np.arange(table.row_count * 9 // 10), roles)
        assert preparation.transform(table).dtype == np.float32

    _timed(prepare)


def _timed(work) -> None:  # type: ignore[no-untyped-def]
    began, used = time.perf_counter(), time.process_time()
    work()
    print(time.process_time() - used, time.perf_counter() - began)


def prepare(rows: int, turns: int) -> None:
    """Turns of both sides, and the median of the ratios of a turn."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        write_table(path, rows)
        print(f"{rows:,} rows × 31 columns, {path.stat().st_size / 1e6:.0f} MB", flush=True)
        taken: dict[str, list[tuple[float, float]]] = {"read": [], "preparation": []}
        for _ in range(turns):
            for side, own in taken.items():
                said = subprocess.run(
                    [sys.executable, __file__, side, "--path", str(path)], check=True, capture_output=True, text=True
                ).stdout
                processor, clock = map(float, said.split())
                own.append((processor, clock))
        for k, what in enumerate(("processor", "clock")):
            ours, theirs = ([turn[k] for turn in taken[side]] for side in ("preparation", "read"))
            ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
            print(
                f"{what:<9}  pyarrow's read {statistics.median(theirs):6.2f} s  to the matrix "
                f"{statistics.median(ours):6.2f} s  {ratio:.2f} ×"
            )


def memory(rows: int, missing: float) -> None:
    """The most memory by stage of a quick study."""
    import thetastar as ts

    stages, most = ["start"], {"start": 0}
    over = threading.Event()

    def watch() -> None:
        page = os.sysconf("SC_PAGESIZE")
        while not over.wait(0.01):
            held = int(Path("/proc/self/statm").read_text().split()[1]) * page
            most[stages[-1]] = max(most.get(stages[-1], 0), held)

    def note(event: dict[str, object]) -> None:
        if event.get("text"):
            stages.append(str(event["text"]))

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        asked = ["write", "--path", str(path), "--rows", str(rows), "--missing", str(missing)]
        subprocess.run([sys.executable, __file__, *asked], check=True)
        watching = threading.Thread(target=watch, daemon=True)
        watching.start()
        model = ts.fit(path, "y", effort="quick", progress=note)
        over.set()
        watching.join()
    for stage in dict.fromkeys(stages):
        print(f"{most.get(stage, 0) / 1e9:6.2f} GB  {stage[:80]}")
    print(f"{max(most.values()) / 1e9:6.2f} GB  the most; {model.record.timing['total']:.1f} s")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="What a large table costs.")
    parser.add_argument("what", choices=["prepare", "memory", "read", "preparation", "write"])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--missing", type=float, default=0.02)
    parser.add_argument("--path")
    given = parser.parse_args()
    if given.what == "prepare":
        prepare(given.rows, given.turns)
    elif given.what == "memory":
        memory(given.rows, given.missing)
    elif given.what == "write":
        write_table(Path(given.path), given.rows, given.missing)
    else:
        {"read": one_read, "preparation": one_preparation}[given.what](given.path)


if __name__ == "__main__":
    main()
