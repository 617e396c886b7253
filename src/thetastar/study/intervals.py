"""How sure a score is: bootstrap intervals over the rows it was measured on.

Rows are drawn again with replacement many times, and the score's 2.5 % and 97.5 % points over these draws are the
interval (Efron 1979, the percentile bootstrap). The difference of two predictions uses the same draws for both, so
what is hard for both cancels.
"""

from __future__ import annotations

import numpy as np

from thetastar.data.task import find_task
from thetastar.study.metrics import METRICS, Metric

__all__ = ["difference_interval", "score_intervals"]

_DRAWS = 400
_CELLS = 8_000_000  # rows x draws: fewer draws for very large test sets, whose intervals are narrow anyway


def _draws(rows: int, seed: int) -> np.ndarray:
    """Row counts of the resamples, shape (draws, rows), each summing to `rows`."""
    count = int(np.clip(_CELLS // max(rows, 1), 50, _DRAWS))
    generator = np.random.default_rng([seed, 0xB007])
    drawn = (generator.integers(0, rows, rows) for _ in range(count))
    return np.stack([np.bincount(one, minlength=rows) for one in drawn]).astype(float)


def _percentiles(values: list[float]) -> list[float] | None:
    finite = np.asarray([value for value in values if np.isfinite(value)])
    if finite.size < 20:
        return None
    return [float(point) for point in np.percentile(finite, [2.5, 97.5])]


def score_intervals(task: str, truth: np.ndarray, prediction: np.ndarray, seed: int) -> dict[str, list[float] | None]:
    """The 95 % interval of every metric of the task; None where too few draws gave a number."""
    draws = _draws(len(truth), seed)
    bound = {name: METRICS[name].bound(truth, prediction) for name in find_task(task).metrics}
    return {name: _percentiles([score(draw) for draw in draws]) for name, score in bound.items()}


def difference_interval(
    metric: Metric, truth: np.ndarray, left: np.ndarray, right: np.ndarray, seed: int
) -> list[float] | None:
    """The 95 % interval of score(left) - score(right) over the same draws of rows."""
    first, second = metric.bound(truth, left), metric.bound(truth, right)
    return _percentiles([first(draw) - second(draw) for draw in _draws(len(truth), seed)])
