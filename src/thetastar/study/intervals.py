"""How sure a score is: 95 % intervals that hold for few rows and at the edge, where every row is right.

Each form of score has the interval that suits it:

share       accuracy: exact (Clopper and Pearson 1934).
F1          is 2 J / (1 + J) of the share J = hits / (hits + errors) of the rows that concern the class, so the exact
            interval of J carries over.
mean of     balanced accuracy: the classes' intervals, put together as Zou and Donner (2008) do. Macro F1: the wider
shares      end of that and of BCa.
rank        AUC: the wider end of two. Newcombe's score interval (2006) exists at a perfect score, and DeLong's
            variance (1988) on the log odds makes no assumption about how the two classes scatter.
mean loss   RMSE, MAE and log loss: Student's t on the logarithm of the mean, because means of losses are skewed.
the rest    R²: the bias-corrected and accelerated bootstrap, BCa (Efron 1987).

The difference of two predictions is measured on the same rows: the bootstrap draws them for both, so what is hard for
both cancels. Where no draw differs (two perfect predictions) the two scores' own intervals are put together.

Where rows have weights, rows are still what is drawn: a row of weight 2 is one observation that counts twice, not two.
Shares and AUC take as many rows as those of equal weight that would tell as much, (sum w)² / sum w² (Kish 1965; Korn
and Graubard 1998); means of losses take the standard error of a weighted mean; the bootstrap draws rows with their
weights. Where the rows that count most are also the worst predicted and there are few, these intervals are too narrow:
of 150 rows with exponential weights and errors that grow with them, 84 in 100 hold the truth, the bootstrap's too.

`tests/study/test_intervals.py` simulates how often each interval holds the true value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from thetastar.model.metrics import Metric, Thresholds, judged, metrics_of

__all__ = ["difference_interval", "score_intervals", "share_interval"]

Interval = tuple[float, float] | None

_LEVEL = 0.95
_Z = 1.959963984540054  # the normal distribution's point for 95 %
_CELLS = 8_000_000  # rows x draws: very large test sets get fewer draws, because their intervals are narrow anyway
_GROUPS = 400  # at most so many are left out one by one for the acceleration of BCa


def score_intervals(
    task: str,
    truth: np.ndarray,
    prediction: np.ndarray,
    seed: int,
    threshold: Thresholds = None,
    *,
    own: Metric | None = None,
    weight: np.ndarray | None = None,
) -> dict[str, list[float] | None]:
    """The 95 % interval of every metric of the task by name; None where the rows allow none.

    Args:
        task: regression, binary or multiclass.
        truth: (n,) values or class indices.
        prediction: (n,) values or (n, C) probabilities.
        seed: of the bootstrap, where one is needed.
        threshold: of the answer, where it has one.
        own: the metric that chooses, whose interval is wanted too where it is a user's own.
        weight: (n,) how much each row counts, above 0; alike if not given.

    Example:
        >>> right = np.repeat([0, 1], 12)  # 24 rows, all of them right: certain is only that few can be wrong
        >>> low, high = score_intervals("binary", right, np.eye(2)[right], seed=0)["accuracy"]
        >>> round(low, 3), high
        (0.858, 1.0)
    """
    found = {}
    for metric in metrics_of(task, own):
        seen = judged(metric, np.asarray(prediction, dtype=np.float64), threshold)
        interval = score_interval(metric, truth, seen, seed, weight)
        found[metric.name] = None if interval is None else [float(end) for end in interval]
    return found


def score_interval(
    metric: Metric, truth: np.ndarray, prediction: np.ndarray, seed: int, weight: np.ndarray | None = None
) -> Interval:
    """The 95 % interval of one metric; None where the rows allow none."""
    form = _FORMS.get(metric.name) if truth.ndim == 1 else None  # of several targets only the bootstrap holds
    weights = np.ones(len(truth)) if weight is None else weight
    closed = None if form is None else form(truth, prediction, weights)
    if form is not None and metric.name not in _TOO_NARROW:
        return closed
    score = metric.bound(truth, prediction)
    return _wider(closed, _bca(lambda draw: score(draw * weights), len(truth), seed, _most(metric, truth)))


def difference_interval(
    metric: Metric, truth: np.ndarray, left: np.ndarray, right: np.ndarray, seed: int,
    weight: np.ndarray | None = None,
) -> list[float] | None:  # fmt: skip
    """The 95 % interval of score(left) - score(right) on the same rows; None where the rows allow none.

    Equal predictions differ by nothing, which is certain: their interval is [0, 0].
    """
    if np.array_equal(left, right):
        return [0.0, 0.0]
    first, second = metric.bound(truth, left), metric.bound(truth, right)
    weights = np.ones(len(truth)) if weight is None else weight
    interval = _bca(lambda draw: first(draw * weights) - second(draw * weights), len(truth), seed, _most(metric, truth))
    if interval is None:
        value, other = (metric(truth, prediction, weights) for prediction in (left, right))
        ends, others = (score_interval(metric, truth, prediction, seed, weight) for prediction in (left, right))
        if ends is None or others is None:
            return None
        interval = _together([(value, *ends), (-other, -others[1], -others[0])])
    return [float(end) for end in interval]


def _effective(weight: np.ndarray) -> np.ndarray:
    """Weights (n,) scaled so that their sum is the number of rows of equal weight that tell as much; ones stay ones."""
    return weight * (weight.sum() / np.sum(np.square(weight))) if len(weight) else weight


def share_interval(hits: np.ndarray, weight: np.ndarray) -> tuple[float, float, float] | None:
    """The share of hits (n,) among rows of these weights, and Clopper and Pearson's exact interval; None of no rows."""
    from scipy.special import betaincinv

    if len(weight) == 0:
        return None
    counts = _effective(weight)
    right, rows = float(np.sum(counts[hits])), float(counts.sum())
    tail = (1 - _LEVEL) / 2
    low = 0.0 if not hits.any() else float(betaincinv(right, rows - right + 1, tail))
    high = 1.0 if hits.all() else float(betaincinv(right + 1, rows - right, 1 - tail))
    return right / rows, low, high


def _accuracy(truth: np.ndarray, probability: np.ndarray, weight: np.ndarray) -> Interval:
    share = share_interval(probability.argmax(axis=1) == truth, weight)
    return None if share is None else share[1:]


def _f1_of_class(
    truth: np.ndarray, probability: np.ndarray, weight: np.ndarray, label: int
) -> tuple[float, float, float] | None:
    """F1 of a class with its interval; None where no row concerns the class."""
    real, named = truth == label, probability.argmax(axis=1) == label
    concerned = real | named
    share = share_interval((real & named)[concerned], weight[concerned])
    if share is None:
        return None
    value, low, high = (2 * part / (1 + part) for part in share)
    return value, low, high


def _f1(truth: np.ndarray, probability: np.ndarray, weight: np.ndarray) -> Interval:
    found = _f1_of_class(truth, probability, weight, 1)
    return None if found is None else found[1:]


def _macro_f1(truth: np.ndarray, probability: np.ndarray, weight: np.ndarray) -> Interval:
    found = [_f1_of_class(truth, probability, weight, label) for label in range(probability.shape[1])]
    return _mean_of([one for one in found if one is not None])


def _balanced_accuracy(truth: np.ndarray, probability: np.ndarray, weight: np.ndarray) -> Interval:
    right = probability.argmax(axis=1) == truth
    found = [
        share_interval(right[own], weight[own]) for own in (truth == label for label in range(probability.shape[1]))
    ]
    return _mean_of([one for one in found if one is not None])


def _mean_of(parts: list[tuple[float, float, float]]) -> Interval:
    """The interval of a mean of (value, low, high)."""
    if not parts:
        return None
    low, high = _together(parts)
    return low / len(parts), high / len(parts)


def _together(parts: list[tuple[float, float, float]]) -> tuple[float, float]:
    """The interval of a sum of independent (value, low, high): the distances to the ends add up in squares."""
    value, low, high = np.asarray(parts, dtype=np.float64).T
    total = value.sum()
    below, above = np.sqrt(np.sum(np.square(value - low))), np.sqrt(np.sum(np.square(high - value)))
    return float(total - below), float(total + above)


def _auc(truth: np.ndarray, probability: np.ndarray, weight: np.ndarray) -> Interval:
    score, positive = probability[:, 1], truth == 1
    first, second = weight[positive], weight[~positive]
    if len(first) == 0 or len(second) == 0:
        return None
    # The share of the other class that each row is ranked rightly against (DeLong's placements).
    above = _placed(score[positive], score[~positive], second)
    below = 1 - _placed(score[~positive], score[positive], first)
    area = float(np.sum(above * first) / first.sum())
    low, high = _auc_score_interval(area, float(_effective(first).sum()), float(_effective(second).sum()))
    if len(first) < 2 or len(second) < 2 or not 0 < area < 1:
        return low, high
    error = np.sqrt(_variance_of_mean(above, first) + _variance_of_mean(below, second))
    odds, width = np.log(area / (1 - area)), _Z * error / (area * (1 - area))
    return _wider((low, high), (_logistic(odds - width), _logistic(odds + width)))


def _placed(score: np.ndarray, others: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(n,) for each score the share of the others (m,), by their weights, that lies below it; a tie counts one half."""
    order = np.argsort(others, kind="stable")
    ranked, heavy = others[order], np.concatenate([[0.0], np.cumsum(weight[order])])
    under, up_to = (heavy[np.searchsorted(ranked, score, side=side)] for side in ("left", "right"))
    return (under + up_to) / 2 / heavy[-1]


def _variance_of_mean(values: np.ndarray, weight: np.ndarray) -> float:
    """The squared standard error of the weighted mean of two or more values (n,); of equal weights var / n."""
    count, total = len(values), weight.sum()
    mean = np.sum(values * weight) / total
    return float(np.sum(np.square(weight / total * (values - mean))) * count / (count - 1))


def _auc_score_interval(area: float, ones: float, zeros: float) -> tuple[float, float]:
    """Newcombe's fifth method: every true area whose own standard error reaches the one found."""
    mean_count = (ones + zeros) / 2 - 1

    def allowed(true: float) -> bool:
        spread = true * (1 - true) * (1 + mean_count * ((1 - true) / (2 - true) + true / (1 + true)))
        return (true - area) ** 2 <= _Z**2 * spread / (ones * zeros)

    return _edge(area, 0.0, allowed), _edge(area, 1.0, allowed)


def _edge(inside: float, outside: float, allowed: Callable[[float], bool]) -> float:
    """Where `allowed` ends on the way from `inside` to `outside`, by bisection."""
    for _ in range(60):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if allowed(middle) else (inside, middle)
    return outside


def _logistic(value: float) -> float:
    return float(1 / (1 + np.exp(-value)))


def _mean_loss(losses: np.ndarray, weight: np.ndarray) -> Interval:
    """The interval of the mean of losses (n,), none negative; None for fewer than two rows or a mean of zero."""
    from scipy.special import stdtrit

    mean = float(np.sum(losses * weight) / weight.sum())
    if len(losses) < 2 or mean <= 0:
        return None
    error = _variance_of_mean(losses, weight) ** 0.5 / mean
    freedom = max(float(_effective(weight).sum()) - 1, 1.0)
    factor = float(np.exp(stdtrit(freedom, (1 + _LEVEL) / 2) * error))
    return mean / factor, mean * factor


def _rmse(truth: np.ndarray, prediction: np.ndarray, weight: np.ndarray) -> Interval:
    squares = _mean_loss(np.square(prediction - truth), weight)
    return None if squares is None else (squares[0] ** 0.5, squares[1] ** 0.5)


def _mae(truth: np.ndarray, prediction: np.ndarray, weight: np.ndarray) -> Interval:
    return _mean_loss(np.abs(prediction - truth), weight)


def _log_loss(truth: np.ndarray, probability: np.ndarray, weight: np.ndarray) -> Interval:
    chosen = np.take_along_axis(probability, truth[:, None].astype(np.intp), axis=1)[:, 0]
    return _mean_loss(-np.log(np.clip(chosen, 2.2e-16, 1.0)), weight)


_FORMS: dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray], Interval]] = {
    "accuracy": _accuracy, "f1": _f1, "macro_f1": _macro_f1, "balanced_accuracy": _balanced_accuracy, "auc": _auc,
    "rmse": _rmse, "mae": _mae, "log_loss": _log_loss,
}  # fmt: skip
_TOO_NARROW = {"macro_f1"}  # a wrong row lowers the F1 of two classes, which are thus not independent: 92 % of 95


def _wider(*intervals: Interval) -> Interval:
    """From the lowest to the highest end of those that exist."""
    found = [interval for interval in intervals if interval is not None]
    return (min(low for low, _ in found), max(high for _, high in found)) if found else None


def _bca(score: Callable[[np.ndarray], float], rows: int, seed: int, most: int) -> Interval:
    """Efron's BCa interval of a score that takes row weights (rows,); None where the draws do not vary."""
    from scipy.special import ndtr, ndtri

    values = np.asarray([score(draw) for draw in _draws(rows, seed, most)])
    values = values[np.isfinite(values)]
    if len(values) < 20 or np.ptp(values) == 0:
        return None
    found = score(np.ones(rows))
    below = np.mean(values < found) + np.mean(values == found) / 2
    shift = float(ndtri(np.clip(below, 1 / len(values), 1 - 1 / len(values))))
    acceleration = _acceleration(score, rows, most)
    points = np.asarray([shift - _Z, shift + _Z])
    shares = ndtr(shift + points / (1 - acceleration * points))
    low, high = np.quantile(values, shares)
    return None if low == high else (float(low), float(high))


def _acceleration(score: Callable[[np.ndarray], float], rows: int, most: int) -> float:
    """A sixth of the skewness of the score as groups of rows are left out one by one."""
    group = np.arange(rows) % min(rows, most, _GROUPS)
    without = np.asarray([score((group != left_out).astype(float)) for left_out in range(group.max() + 1)])
    without = without[np.isfinite(without)]
    distance = without.mean() - without if len(without) else np.zeros(1)
    squares = float(np.sum(np.square(distance)))
    return float(np.sum(distance**3)) / (6 * squares**1.5) if squares > 0 else 0.0


def _most(metric: Metric, truth: np.ndarray) -> int:
    """Resamples at most; of many targets, each of which is scored in every one, fewer."""
    return metric.draws if truth.ndim == 1 else int(np.clip(10 * metric.draws // truth.shape[1], 200, metric.draws))


def _draws(rows: int, seed: int, most: int) -> Iterator[np.ndarray]:
    """Row counts (rows,) of the resamples, each summing to `rows`; one at a time, because together they are large."""
    generator = np.random.default_rng([seed, 0xB007])
    for _ in range(int(np.clip(_CELLS // max(rows, 1), 50, most))):
        yield np.bincount(generator.integers(0, rows, rows), minlength=rows).astype(float)
