"""How often the 95 % intervals of the report hold the true value: simulated tables, whose true score is known.

    python benchmarks/coverage.py [--draws 4000]

Shares: every row is right with the true probability. AUC: normal scores of both classes, whose spreads differ by the
factor in the column `spread`. RMSE: normal and t (5 degrees of freedom) residuals. Macro F1: three classes, of which
some rows are mistaken for the next class.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator

import numpy as np

from thetastar.model.metrics import METRICS
from thetastar.study.intervals import score_interval

Draw = Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray]]


def share_of(rows: int, true: float) -> Draw:
    """Rows of class 0, each predicted right with probability `true`."""

    def draw(generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        wrong = (generator.random(rows) >= true).astype(int)
        return np.zeros(rows, dtype=int), np.eye(2)[wrong]

    return draw


def area_of(rows: int, true: float, positive: float, spread: float) -> Draw:
    """Normal scores; the positive class is `spread` times as wide, and as far off as the true AUC asks."""
    from scipy.special import ndtri

    distance = ndtri(true) * np.hypot(1, spread)

    def draw(generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        truth = (generator.random(rows) < positive).astype(int)
        truth[:2], truth[-2:] = 0, 1  # the score needs both classes
        score = generator.normal(size=rows)
        score = np.where(truth == 1, distance + spread * score, score)
        return truth, np.stack([-score, score], axis=1)

    return draw


def residuals_of(rows: int, kind: str) -> tuple[Draw, float]:
    """Residuals of mean square 1 (normal) or 5/3 (t with 5 degrees of freedom), and their true RMSE."""

    def draw(generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        noise = generator.normal(size=rows) if kind == "normal" else generator.standard_t(5, size=rows)
        return np.zeros(rows), noise

    return draw, 1.0 if kind == "normal" else (5 / 3) ** 0.5


def classes_of(rows: int, right: float) -> tuple[Draw, float]:
    """Three equal classes, of which a row is right with that probability and else the next class; the true macro F1."""

    def draw(generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        truth = generator.integers(0, 3, rows)
        predicted = (truth + (generator.random(rows) >= right)) % 3
        return truth, np.eye(3)[predicted]

    return draw, right


def coverage(metric: str, draw: Draw, true: float, draws: int, seed: int = 0) -> float:
    """The share of simulated tables whose interval holds the true value."""
    generator = np.random.default_rng([seed, draws])
    held = 0
    for _ in range(draws):
        truth, prediction = draw(generator)
        low, high = score_interval(METRICS[metric], truth, prediction, seed=0)
        held += low - 1e-12 <= true <= high + 1e-12
    return held / draws


def table(draws: int) -> Iterator[str]:
    """Lines: the score, rows, the true value, and how often the interval held it."""
    for rows in (20, 60, 300):
        for true in (0.5, 0.7, 0.9, 0.95, 0.99):
            found = coverage("accuracy", share_of(rows, true), true, draws)
            yield f"accuracy  {rows:4} rows  true {true:.2f}  {found:.3f}"
    for rows in (20, 60, 300):
        for positive in (0.5, 0.2):
            for spread in (1.0, 0.3, 3.0):
                for true in (0.5, 0.8, 0.95, 0.99):
                    found = coverage("auc", area_of(rows, true, positive, spread), true, draws)
                    kind = f"positive {positive:.1f}  spread {spread:.1f}"
                    yield f"auc       {rows:4} rows  true {true:.2f}  {kind}  {found:.3f}"
    for rows in (20, 60, 300):
        for kind in ("normal", "t5"):
            draw, true = residuals_of(rows, kind)
            yield f"rmse      {rows:4} rows  {kind:6}  {coverage('rmse', draw, true, draws):.3f}"
        for right in (0.7, 0.95):
            draw, true = classes_of(rows, right)
            yield f"macro_f1  {rows:4} rows  true {true:.2f}  {coverage('macro_f1', draw, true, draws):.3f}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=4000, help="simulated tables per line")
    for line in table(parser.parse_args().draws):
        print(line, flush=True)
