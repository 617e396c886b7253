"""Two builds of thetastar in alternating turns of one run: does a change cost time?

    python benchmarks/builds.py BEFORE AFTER [--turns 15] [--case toy --case lecture]

BEFORE and AFTER are two checkouts, each with its own compiled engine in `src/thetastar/`. Every case is run by both, in
turns whose order alternates, for at least 0.12 s of processor time a turn. A line gives the medians of the ratios
after / before, in wall and in processor time, with an interval of about 95 % for the latter (order statistics). The
program exits with 1 if the median over all cases is above 1.02, or if one case is above 1.06 and its interval leaves
out 1.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

_WORKER = r'''
import json, sys, time
from dataclasses import replace
sys.path[:0] = [sys.argv[1] + "/src"]
import numpy as np
import thetastar as ts
from thetastar.bench import architectures as nets

def job(architecture, batch, steps, networks=1, threads=1):
    rng, rows = np.random.default_rng(0), batch * steps
    X = rng.standard_normal((rows, *architecture.input_shape)).astype(np.float32)
    classes = architecture.loss == "cross_entropy"
    y = rng.integers(0, 10, rows) if classes else rng.standard_normal((rows, 1)).astype(np.float32)
    job = ts.Job(architecture.network(), loss=architecture.loss, shuffle=False, batch_size=batch, epochs=1)
    return lambda n: ts.train_many(replace(job, epochs=n).restarts(range(networks)), X, y, threads=threads)

def predictions(rows):
    network = nets.LECTURE.network().initialized(seed=1)
    X = np.random.default_rng(0).standard_normal((rows, 56)).astype(np.float32)
    return lambda n: [network.predict(X, threads=1) for _ in range(n)]

CASES = {
    "toy": lambda: job(nets.TOY, 4, 100), "toy, 32 rows": lambda: job(nets.TOY, 32, 50),
    "1,000 toys": lambda: job(nets.TOY, 4, 100, 1000), "lecture": lambda: job(nets.LECTURE, 32, 44),
    "mnist": lambda: job(nets.MNIST, 128, 10), "mnist, 2 threads": lambda: job(nets.MNIST, 128, 10, 1, 2),
    "wide": lambda: job(nets.MNIST_WIDE, 128, 6), "wide, 2 threads": lambda: job(nets.MNIST_WIDE, 128, 6, 1, 2),
    "table": lambda: job(nets.TABLE, 256, 6), "lenet": lambda: job(nets.LENET, 64, 4),
    "conv": lambda: job(nets.CONV, 32, 2), "lstm": lambda: job(nets.LSTM, 32, 8),
    "64-16-10": lambda: job(nets.dense(64, 16, 10), 32, 40),
    "64-100-100-10": lambda: job(nets.dense(64, 100, 100, 10), 32, 40),
    "10-16-16-1": lambda: job(nets.dense(10, 16, 16, 1, loss="mse"), 32, 60),
    "predict a row": lambda: predictions(1), "predict 20,000 rows": lambda: predictions(20_000),
}
print(json.dumps(list(CASES)), flush=True)
ready = {}
for line in sys.stdin:
    name, amount = json.loads(line)
    if name not in ready:
        ready[name] = CASES[name]()
        ready[name](1)
    wall, processor = time.perf_counter(), time.process_time()
    ready[name](amount)
    print(json.dumps([time.perf_counter() - wall, time.process_time() - processor]), flush=True)
'''  # fmt: skip

_ENOUGH = 0.12  # seconds of processor time a turn


class Build:
    """A checkout's engine in a process of its own, which takes turns when it is asked."""

    def __init__(self, checkout: Path) -> None:
        command = [sys.executable, "-c", _WORKER, str(checkout)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self.cases: list[str] = self._answer()

    def turn(self, case: str, amount: int) -> tuple[float, float]:
        """Wall and processor seconds of `amount` epochs or calls."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([case, amount]) + "\n")
        self._process.stdin.flush()
        wall, processor = self._answer()
        return wall, processor

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())


def ratios(before: Build, after: Build, case: str, turns: int) -> tuple[list[float], list[float]]:
    """Ratios after / before of every pair of turns, in wall and in processor time."""
    amount = 1
    after.turn(case, 1)
    while before.turn(case, amount)[1] < _ENOUGH:
        amount *= 2
    wall, processor = [], []
    for k in range(turns):
        order = (before, after) if k % 2 == 0 else (after, before)
        taken = {id(build): build.turn(case, amount) for build in order}
        old, new = taken[id(before)], taken[id(after)]
        wall.append(new[0] / old[0])
        processor.append(new[1] / old[1])
    return wall, processor


def interval(values: list[float]) -> tuple[float, float]:
    """About 95 % for the median, by order statistics: n / 2 ± √n."""
    ordered, half, width = sorted(values), len(values) // 2, int(len(values) ** 0.5)
    return ordered[max(0, half - width)], ordered[min(len(values) - 1, half + width)]


def main() -> None:
    """Run the cases, print a line each, and say whether the change costs time."""
    parser = argparse.ArgumentParser(description="Two builds of thetastar in alternating turns.")
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--turns", type=int, default=15)
    parser.add_argument("--case", action="append")
    chosen = parser.parse_args()
    before, after = Build(chosen.before), Build(chosen.after)
    medians, slower = [], []
    for case in chosen.case or before.cases:
        wall, processor = ratios(before, after, case, chosen.turns)
        low, high = interval(processor)
        medians.append(statistics.median(processor))
        if medians[-1] > 1.06 and not low <= 1 <= high:
            slower.append(case)
        print(
            f"{case:<20} wall {statistics.median(wall):.3f}  processor {medians[-1]:.3f} ({low:.3f} to {high:.3f})",
            flush=True,
        )
    overall = statistics.median(medians)
    print(f"median over {len(medians)} cases: {overall:.3f}; slower: {', '.join(slower) or 'none'}")
    sys.exit(overall > 1.02 or bool(slower))


if __name__ == "__main__":
    main()
