"""How the cost of a network grows with a study, and what many workers cost beside one.

    python benchmarks/scale.py growth [--sizes 1000,4000,16000]
    python benchmarks/scale.py resume [--networks 100000]
    python benchmarks/scale.py workers [--networks 20000] [--steps 1000] [--turns 3]

growth    studies of toy networks (60 rows, 4 hidden units, 5 epochs, one fold), each size in a process of its own:
          processor time a network without that of the smallest study, bytes of the journal and of the report.
resume    writes the journal of a study that long and reads it again: processor seconds.
workers   the same networks by `train_many` in this process on one thread, scored there, scored and written to a
          journal, and so through two local processes in shards; in turns. Printed is processor time, that of the
          workers too, over the one process's arithmetic (Linux). Curves are kept as in a study of many networks.

Run it on a quiet machine: other work on its cores changes every figure.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

ROWS = 60


def table() -> dict[str, np.ndarray]:
    """A small table with a smooth target."""
    rng = np.random.default_rng(0)
    rows = {"a": rng.standard_normal(ROWS), "b": rng.standard_normal(ROWS)}
    return {**rows, "y": rows["a"] + rows["b"] ** 2}


def one_study(networks: int) -> None:
    """Run a study of so many networks and print: processor seconds, bytes of the journal, bytes of the report."""
    import thetastar as ts

    space = {"search": "random", "trials": networks, "learning_rate": {"low": 0.001, "high": 0.1, "log": True},
             "dropout": {"low": 0, "high": 0.5}, "hidden": [[4]], "epochs": [5]}  # fmt: skip
    with tempfile.TemporaryDirectory() as out:
        began = time.process_time()
        ts.fit(table(), "y", space=space, folds=1, answer="one", threads=1, out=out)
        seconds = time.process_time() - began
        print(seconds, (Path(out) / "journal.jsonl").stat().st_size, (Path(out) / "report.html").stat().st_size)


def growth(sizes: list[int]) -> None:
    """A line a size."""
    found = {}
    for networks in (10, *sizes):
        said = subprocess.run(
            [sys.executable, __file__, "one", "--networks", str(networks)], check=True, capture_output=True, text=True
        ).stdout
        found[networks] = [float(word) for word in said.split()]
        seconds, journal, report = found[networks]
        each = (seconds - found[10][0]) / max(networks - 10, 1) * 1e3
        told = f"{networks:>8,} networks  {seconds:8.1f} s  {each:6.3f} ms a network"
        print(f"{told}  journal {journal / 1e6:7.2f} MB  report {report / 1e6:.2f} MB", flush=True)


def resume(networks: int) -> None:
    """Write and read the journal of so many networks, with 20 epochs of curves each."""
    from thetastar.study.journal import Journal, read_journal
    from thetastar.study.trial import Outcome

    curve = [float(f"{0.5 + 1 / (k + 1):.6g}") for k in range(20)]
    scores: dict[str, float | None] = {"rmse": 0.123456789, "mae": 0.0987654321, "r2": 0.87654321}
    outcomes = [
        Outcome(1, f"4 silu, rate 0.0{k}", 0, 0, k, "epochs", 20, 17, 0.0123, scores, curve, curve, 0.12)
        for k in range(networks)
    ]
    with tempfile.TemporaryDirectory() as out:
        path = Path(out) / "journal.jsonl"
        for by_shards in (False, True):
            path.unlink(missing_ok=True)
            journal = Journal(path)
            journal.by_shards = by_shards
            began = time.process_time()
            for at in range(0, networks, 500):
                journal.add(*outcomes[at : at + 500])
            written = time.process_time() - began
            journal.close()
            began = time.process_time()
            assert len(read_journal(path)[0]) == networks
            read = time.process_time() - began
            what = "a line a shard" if by_shards else "a line a network"
            size = f"{path.stat().st_size / 1e6:.1f} MB"
            print(
                f"{networks:,} networks, {what}: written in {written:.2f} s, {size}, read in {read:.2f} s", flush=True
            )


def workers(networks: int, steps: int, turns: int) -> None:
    """The same networks in one process and through two."""
    from thetastar.model.metrics import METRICS
    from thetastar.recipes import Candidate
    from thetastar.study.backends import Work, backend_for
    from thetastar.study.backends.local import Local, _jobs
    from thetastar.study.curves import EPOCHS_KEPT_OF_MANY
    from thetastar.study.fold import prepare_fold
    from thetastar.study.journal import Journal
    from thetastar.study.options import StudyOptions
    from thetastar.study.pauses import Pauses
    from thetastar.study.problem import ask
    from thetastar.study.trial import Trial
    from thetastar.training import train_many

    problem = ask(table(), StudyOptions.checked(target="y", folds=1))
    folds = [prepare_fold(problem, k, rows) for k, rows in enumerate(problem.division.folds)]
    epochs = max(steps * 32 // len(folds[0].train), 1)
    candidate = Candidate(hidden=(4,), activation="relu", epochs=epochs, batch_size=32, patience=epochs)
    work = Work(folds, problem.task, METRICS["rmse"], 1, len(folds[0].train), 32, 0, EPOCHS_KEPT_OF_MANY)
    trials = [Trial(1, candidate, 0, start, epochs) for start in range(networks)]

    def arithmetic() -> None:
        jobs = _jobs(work, folds[0], trials, Pauses())
        train_many(jobs, folds[0].inputs, folds[0].encoded, threads=1)

    def through(backend: Any, written: bool = True) -> None:
        with tempfile.TemporaryDirectory() as out:
            journal = Journal(Path(out) / "journal.jsonl" if written else None)
            journal.by_shards = True
            backend.run(work, trials, deadline=None, keep=journal.add, watch=lambda *told: None, pauses=Pauses())
            assert len(journal.outcomes(candidate.name, 1)) == networks
            journal.close()

    def used() -> float:
        """Processor seconds of this process and of the workers."""
        pool = two.engine._pool  # type: ignore[attr-defined]
        ticks = 0
        for pid in pool._processes if pool is not None else ():
            ticks += sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]))
        return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")

    with backend_for("processes:2", 2) as two:
        two.run(work, trials[:50], deadline=None, keep=lambda *ended: None, watch=lambda *told: None, pauses=Pauses())
        sides = {"arithmetic, one thread": arithmetic, "one process, scored": lambda: through(Local(1), written=False),
                 "… and written": lambda: through(Local(1)), "two processes": lambda: through(two)}  # fmt: skip
        taken_by: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(turns):
            for name, run in sides.items():
                began = used()
                run()
                taken_by[name].append(used() - began)
    base = taken_by["arithmetic, one thread"]
    for name, taken in taken_by.items():
        shares = [own / one for own, one in zip(taken, base, strict=True)]
        print(f"{name:<24} {statistics.median(taken):8.2f} s  {statistics.median(shares):5.2f} of the arithmetic  "
              f"{statistics.median(taken) / networks * 1e3:.3f} ms a network")  # fmt: skip


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Growth, resuming and many workers.")
    parser.add_argument("what", choices=["growth", "resume", "workers", "one"])
    parser.add_argument("--sizes", default="1000,4000,16000")
    parser.add_argument("--networks", type=int, default=None)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--turns", type=int, default=3)
    given = parser.parse_args()
    if given.what == "growth":
        growth([int(size) for size in given.sizes.split(",")])
    elif given.what == "resume":
        resume(given.networks or 100_000)
    elif given.what == "workers":
        workers(given.networks or 20_000, given.steps, given.turns)
    else:
        one_study(given.networks or 10)


if __name__ == "__main__":
    main()
