"""Baselines for quantiles: those of the training rows, linear quantile regression, boosted trees with a quantile loss.

Each level is fitted by itself; what they say of a row is put in rising order, as a network's outputs are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np

from thetastar.recipes.fitted import Constant, Fitted, Linear, State, must
from thetastar.recipes.targets import parts_from_state, parts_to_state
from thetastar.recipes.trees import boosted_trees

__all__ = [
    "LINEAR_ROWS",
    "FittedQuantiles",
    "boosted_quantiles",
    "linear_quantiles",
    "row_quantiles",
    "weighted_quantile",
]

_MOST_LEVELS = 50
_PENALTY = 1e-3  # of the absolute weights, where target and columns are standardised
LINEAR_ROWS = 2_000  # of the linear programme, which is slow: 1 s a level at as many rows of 30 columns
_FEWEST_ROWS = 200


@final
@dataclass(frozen=True, eq=False)
class FittedQuantiles(Fitted):
    """A fitted function for every level; of a row their answers in rising order.

    Attributes:
        parts: one a level, each of which answers with a number.
    """

    parts: tuple[Fitted, ...]

    kind: ClassVar[str] = "quantiles"

    def predict(self, rows: np.ndarray, threads: int = 1) -> np.ndarray:
        return np.sort(np.column_stack([part.predict(rows, threads) for part in self.parts]), axis=1)

    @property
    def size(self) -> int:
        return sum(part.size for part in self.parts)

    def to_state(self) -> State:
        states, arrays = parts_to_state(self.parts)
        return {"kind": self.kind, "parts": states}, arrays

    @classmethod
    def from_state(cls, state: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> FittedQuantiles:
        must(set(state) == {"kind", "parts"}, cls.kind, "its parts are not those of its kind")
        return cls(parts_from_state(cls.kind, state["parts"], arrays, _MOST_LEVELS))

    def check(self, features: int, classes: int) -> None:
        must(classes == 0, self.kind, "it answers another kind of question")
        for part in self.parts:
            part.check(features, 0)


def weighted_quantile(values: np.ndarray, levels: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """(Q,) quantiles of values (n,): the least value with at least that share of the weight at or below it.

    Without weights NumPy's, which lie between two values.

    Example:
        >>> weighted_quantile(np.array([1.0, 2.0, 3.0]), np.array([0.5]), np.array([1.0, 1.0, 4.0])).tolist()
        [3.0]
    """
    if weights is None:
        return np.quantile(values, levels)
    order = np.argsort(values, kind="stable")
    heavy = np.cumsum(weights[order])
    return values[order][np.searchsorted(heavy, levels * heavy[-1] * (1 - 1e-12)).clip(0, len(values) - 1)]


def row_quantiles(target: np.ndarray, levels: tuple[float, ...], weights: np.ndarray | None) -> FittedQuantiles:
    """The training rows' own quantiles, whatever the row."""
    found = weighted_quantile(target, np.asarray(levels), weights)
    return FittedQuantiles(tuple(Constant(np.array([float(value)]), 0) for value in found))


def linear_quantiles(
    inputs: np.ndarray, target: np.ndarray, levels: tuple[float, ...], weights: np.ndarray | None,
    seconds: float | None,
) -> FittedQuantiles:  # fmt: skip
    """scikit-learn's linear quantile regression on up to 2,000 rows, spread evenly over all.

    Args:
        seconds: bounds the rows, where given.
    """
    from sklearn.linear_model import QuantileRegressor

    most = (
        LINEAR_ROWS if seconds is None else int(np.clip(LINEAR_ROWS * seconds / len(levels), _FEWEST_ROWS, LINEAR_ROWS))
    )
    if len(target) > most:
        some = np.linspace(0, len(target) - 1, most).astype(np.int64)
        inputs, target = inputs[some], target[some]
        weights = None if weights is None else weights[some]
    mean, scale = float(target.mean()), float(target.std()) or 1.0
    parts = []
    for level in levels:
        model = QuantileRegressor(quantile=level, alpha=_PENALTY, solver="highs")
        model.fit(inputs.astype(np.float64), (target - mean) / scale, weights)
        weight = np.reshape(model.coef_, (-1, 1)).astype(np.float64) * scale
        bias = np.array([float(model.intercept_) * scale + mean])
        parts.append(Linear(weight, bias, "identity", np.zeros(0, dtype=np.int64), 0))
    return FittedQuantiles(tuple(parts))


def boosted_quantiles(
    inputs: np.ndarray, target: np.ndarray, levels: tuple[float, ...], weights: np.ndarray | None,
    settings: list[dict[str, Any]],
) -> tuple[FittedQuantiles, list[int]]:  # fmt: skip
    """scikit-learn's histogram gradient boosting with a quantile loss, a forest a level; and how many trees each has.

    Args:
        settings: the arguments of each level's forest.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor

    grown = [
        HistGradientBoostingRegressor(loss="quantile", quantile=level, **own).fit(inputs, target, weights)
        for level, own in zip(levels, settings, strict=True)
    ]
    return FittedQuantiles(tuple(boosted_trees(model, 0) for model in grown)), [model.n_iter_ for model in grown]
