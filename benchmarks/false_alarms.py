"""How often a study finds something where there is nothing: targets drawn at random, and what the verdict says of them.

    python benchmarks/false_alarms.py [--studies 200] [--rows 300] [--task binary]

Every study is a small one: five columns of noise, a target that follows from none of them, eight networks, five folds.
Printed are

better than chance   share of verdicts that do not say "no better than chance"; a two-sided interval of 95 % errs on the
                     good side once in forty
ahead                share of headlines that call the network ahead of the best baseline
optimism             what the verdict quotes as the luck of the best of so many, and the real one beside it: the chosen
                     network's validation score minus the final network's on 4,000 fresh rows
told apart           share of studies that call the runner-up different from the chosen network, though all are equal
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

import thetastar as ts

_FRESH = 4_000  # rows of the same kind, on which the true score is measured
NETWORKS = [(), (4,), (8,), (16,), (32,), (8, 8), (16, 16), (32, 16)]


def table_of(task: str, rows: int, seed: int) -> dict[str, np.ndarray]:
    """Five columns of noise and a target that has nothing to do with them."""
    generator = np.random.default_rng([seed, 26])
    columns = {f"x{k}": generator.normal(size=rows) for k in range(5)}
    target = {
        "binary": lambda: generator.integers(0, 2, rows),
        "multiclass": lambda: generator.integers(0, 3, rows),
        "regression": lambda: generator.normal(size=rows),
    }[task]()
    return {**columns, "y": target}


def look(task: str, rows: int, seed: int, effort: float) -> dict[str, Any]:
    """One study of such a table, and what it says."""
    model = ts.fit(
        table_of(task, rows, seed), "y", task=task, candidates=NETWORKS, restarts=1, folds=5, effort=effort, seed=seed,
        threads=1, answer="one",
    )  # fmt: skip
    record = model.record
    metric, chosen = record.metric, record.chosen
    sign = 1.0 if metric.direction == "max" else -1.0
    score = record.test.scores[metric.name]
    true = model.evaluate(table_of(task, _FRESH, seed + 1_000_000))[metric.name]
    assert chosen.validation_mean is not None and score is not None and true is not None
    return {
        "better": "no better than chance" not in record.headline.words,
        "ahead": record.headline.state == "ahead",
        "behind": record.headline.state == "behind",
        "quoted": abs(record.optimism or 0.0),
        "real": sign * (chosen.validation_mean - true),
        "validation": chosen.validation_mean,
        "test": score,
        "apart": "is as good in pairs of runs" not in " ".join(record.verdict),
        "metric": metric.name,
    }


def main() -> None:
    """Run the studies and print the shares and means."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument("--effort", type=float, default=0.3)
    parser.add_argument("--task", choices=["binary", "multiclass", "regression"], default="binary")
    arguments = parser.parse_args()
    began, found = time.perf_counter(), []
    for seed in range(arguments.studies):
        found.append(look(arguments.task, arguments.rows, seed, arguments.effort))
        if (seed + 1) % 50 == 0 or seed + 1 == arguments.studies:
            report(arguments, found, time.perf_counter() - began)


def report(arguments: argparse.Namespace, found: list[dict[str, Any]], seconds: float) -> None:
    """The shares and means so far."""

    def mean(name: str) -> float:
        return float(np.mean([one[name] for one in found]))

    def error(name: str) -> float:
        return float(np.std([one[name] for one in found], ddof=1) / len(found) ** 0.5)

    print(f"{len(found)} studies of {arguments.rows} rows, {arguments.task}, {found[0]['metric']}, {seconds:.0f} s")
    print(f"  better than chance  {mean('better'):.1%}   ahead of the best baseline {mean('ahead'):.1%}"
          f"   behind {mean('behind'):.1%}")  # fmt: skip
    print(f"  validation {mean('validation'):.4f}, test {mean('test'):.4f} ± {error('test'):.4f}")
    print(
        f"  optimism quoted {mean('quoted'):.4f} ± {error('quoted'):.4f}, real {mean('real'):.4f} ± {error('real'):.4f}"
    )
    print(f"  runner-up told apart {mean('apart'):.1%}", flush=True)


if __name__ == "__main__":
    main()
