"""The probability from which on a row counts as the positive class, chosen on the validation rows of all folds.

    0.3          that probability
    f1           the highest F1 of the positive class
    youden       the highest recall of both classes together (Youden 1950: sensitivity + specificity - 1)
    cost=5:1     the least cost, where a positive row that is missed costs 5 and a false alarm 1

Of several labels each has its own. The rows had not been learned from by the members that say their probabilities; no
test row takes part.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from thetastar.model.record import OperatingPoint, Threshold

__all__ = ["Rule", "choose_threshold", "operating_point", "parse_rule"]

_HALF = 0.5


@dataclass(frozen=True)
class Rule:
    """How a threshold is chosen: a fixed `value`, or by "f1", "youden" or "cost" with what a missed positive row and a
    false alarm cost.
    """

    name: str
    value: float | None = None
    missed: float = 1.0
    alarm: float = 1.0


def parse_rule(given: Any) -> Rule:
    """The rule that a text or a number stands for.

    Raises:
        ValueError: it stands for none; the message says what would.

    Example:
        >>> parse_rule("cost=5:1")
        Rule(name='cost', value=None, missed=5.0, alarm=1.0)
    """
    text = str(given).strip().lower()
    if text in ("f1", "youden"):
        return Rule(text)
    if text.startswith("cost="):
        costs = [_number(part) for part in text.removeprefix("cost=").split(":")]
        if len(costs) != 2 or not all(0 < cost < math.inf for cost in costs):
            raise ValueError(
                "a cost must be two numbers above 0, what a missed row and what a false alarm costs, as in cost=5:1"
            )
        return Rule("cost", None, *costs)
    value = math.nan if isinstance(given, bool) else _number(text)
    if not 0 < value < 1:
        raise ValueError("it must be f1, youden, cost=FN:FP or a probability between 0 and 1")
    return Rule("value", value)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def choose_threshold(
    given: Any, predicted: np.ndarray | None, truth: np.ndarray, positive: str, weight: np.ndarray | None = None
) -> Threshold:
    """The threshold with its precision and recall on the validation rows.

    Args:
        given: the rule, as `parse_rule` takes it.
        predicted: (m, 2) probabilities; None where not every row has them.
        truth: (m,) class indices.
        positive: the positive class as text.
        weight: (m,) how much each row counts; alike if not given.
    """
    rule = parse_rule(given)
    if predicted is None or len(np.unique(truth)) < 2:
        value = _HALF if rule.value is None else rule.value
        lack = "there are no validation rows of both classes to judge by"
        said = f"Rows count as {positive!r} from a probability of {value:g} on ({given}): {lack}."
        return Threshold(rule=str(given), value=value, rows=len(truth), why=said)
    value = _best(rule, predicted[:, 1], truth, weight) if rule.value is None else rule.value
    own, half = (operating_point(predicted, truth, at, weight) for at in (value, _HALF))
    said = (
        f"Rows count as {positive!r} from a probability of {value:.4g} on ({given}): {_words(own)} on "
        f"{len(truth):,} validation rows; from one half on it would be {_words(half)}."
    )
    return Threshold(rule=str(given), value=value, rows=len(truth), why=said, chosen=own, half=half)


def _best(rule: Rule, probability: np.ndarray, truth: np.ndarray, weight: np.ndarray | None) -> float:
    """The threshold in the middle between two rows where the rule is best met; of equal ones that nearest one half."""
    values, place = np.unique(probability, return_inverse=True)
    ends = np.concatenate([[0.0], values, [1.0]])
    middles = (ends[:-1] + ends[1:]) / 2  # (k + 1,): below the first value, between two, above the last
    counts = np.ones(len(truth)) if weight is None else weight
    positives = np.bincount(place, counts * (truth == 1), len(values))
    negatives = np.bincount(place, counts * (truth != 1), len(values))
    hits = np.concatenate([np.cumsum(positives[::-1])[::-1], [0.0]])  # found from each middle on
    alarms = np.concatenate([np.cumsum(negatives[::-1])[::-1], [0.0]])
    missed = hits[0] - hits
    if rule.name == "f1":
        gain = 2 * hits / np.maximum(2 * hits + alarms + missed, 1e-300)
    elif rule.name == "youden":
        gain = hits / hits[0] - alarms / alarms[0]
    else:
        gain = -(rule.missed * missed + rule.alarm * alarms)
    best = middles[gain >= gain.max() - 1e-12 * max(abs(gain.max()), 1.0)]
    return float(best[np.argmin(np.abs(best - _HALF))])


def operating_point(
    predicted: np.ndarray, truth: np.ndarray, threshold: float, weight: np.ndarray | None = None
) -> OperatingPoint:
    """Precision, recall and F1 of the positive class where rows from `threshold` on are called so.

    Args:
        predicted: (m, 2) probabilities.
        truth: (m,) class indices.
        weight: (m,) how much each row counts in the shares; alike if not given.
    """
    called, real = predicted[:, 1] >= threshold, truth == 1
    counts = np.ones(len(truth)) if weight is None else weight
    hits, named, there = (float(counts[rows].sum()) for rows in (called & real, called, real))
    return OperatingPoint(
        threshold=threshold, named=int(np.count_nonzero(called)),
        precision=hits / named if named else None, recall=hits / there if there else None,
        f1=2 * hits / (named + there) if named + there else None,
    )  # fmt: skip


def _words(point: OperatingPoint) -> str:
    shares = ("not defined" if value is None else f"{value:.3g}" for value in (point.precision, point.recall))
    return f"precision {next(shares)} and recall {next(shares)}"
