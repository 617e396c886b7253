"""Boosted trees on lags: one model for all steps, which is told the step.

scikit-learn grows the trees; what is kept of them is arrays, so that a model file holds no code.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from thetastar._memory import require_libraries
from thetastar.forecasting.features import Inputs, examples, plan_inputs
from thetastar.forecasting.methods.contract import Fitted, Method, fits
from thetastar.forecasting.methods.linear import scaled
from thetastar.forecasting.methods.windows import WindowFitted, scales
from thetastar.forecasting.one_thread import one_thread
from thetastar.forecasting.panel import Panel, Windows

__all__ = ["Trees"]

_MOST = 12_000  # rows (origin and step) that the trees are grown on
_TREES, _LEAVES = 100, 15
_CELLS = 4_000_000


@dataclass(frozen=True)
class Trees(Method):
    """Gradient boosting (absolute error) on lags, means, the calendar and the step.

    Source: Friedman 2001; grown by scikit-learn's HistGradientBoostingRegressor.
    """

    lags: int
    year: bool = False
    columns: bool = False

    simple = 6
    baseline = True

    @property
    def name(self) -> str:
        return f"boosted trees on {self.lags} lags" + (", last year" if self.year else "") + (
            ", further columns" if self.columns else ""
        )  # fmt: skip

    def fit(self, panel: Panel, cut: int, horizon: int) -> Fitted:
        require_libraries(1)
        from sklearn.ensemble import HistGradientBoostingRegressor

        inputs = plan_inputs(panel, cut, horizon, self.lags, year=self.year, columns=self.columns)
        windows, future = examples(panel, inputs, cut)
        scale = scales(panel, cut)
        base = inputs.base(windows)
        rows, steps = _spread(np.isfinite(future))
        some = Windows(windows.values[rows], windows.series[rows], windows.ends[rows])
        x = _rows(panel, inputs, some, base[rows], scale, steps)
        y = (future[rows, steps] - base[rows]) / scale[some.series]
        if len(x) < 20:
            return TreesFitted(inputs, scale, 0.0, *_as_arrays([]))
        grower = HistGradientBoostingRegressor(
            loss="absolute_error", max_iter=_TREES, learning_rate=0.08, max_leaf_nodes=_LEAVES, min_samples_leaf=20,
            early_stopping=False, random_state=0,
        )  # fmt: skip
        with one_thread():  # again: the limit acts on the libraries that are loaded when it is set
            grown = grower.fit(x, y)
        trees = [stage[0].nodes for stage in grown._predictors]
        fitted = TreesFitted(inputs, scale, float(np.ravel(grown._baseline_prediction)[0]), *_as_arrays(trees))
        fitted.__dict__["_grown"] = grown  # as long as the session lasts its native code goes down the trees
        return fitted


def _spread(known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of example and step with a known truth, evenly thinned."""
    rows, steps = np.nonzero(known)
    if len(rows) > _MOST:
        # A stride that shares no factor with the horizon meets every step equally often.
        order = np.argsort((rows * 31 + steps * 17) % max(len(rows) // _MOST * 7919, 1), kind="stable")
        kept = np.sort(order[:_MOST])
        rows, steps = rows[kept], steps[kept]
    return rows, steps


def _rows(panel: Panel, inputs: Inputs, windows: Windows, base, scale, steps) -> np.ndarray:
    """(B, p) inputs of (window, step) pairs: what all steps share, the step, and what lies a season before it."""
    own = scale[windows.series]
    common = scaled(inputs, inputs.common(panel, windows, base), own)
    season = max(inputs.season, 1)
    back = season * -(-(steps + 1) // season) - (steps + 1)
    width = windows.values.shape[1]
    at = np.arange(len(steps))
    before = (windows.values[at, width - 1 - back] - base) / own
    many = max(1, min(4, (width - season) // season))
    usual = sum(windows.values[at, width - 1 - back - k * season] for k in range(many)) / many
    parts = [common, steps[:, None], before[:, None], ((usual - base) / own)[:, None]]
    known = inputs.at_steps(panel, windows)
    if known is not None:
        parts.append(known[at, steps])
    return np.concatenate(parts, axis=1)


def _as_arrays(trees: list[np.ndarray]) -> tuple[np.ndarray, ...]:
    """Node tables of all trees, filled up to the largest: feature (-1 at leaves), threshold, left, right, value."""
    most = max([len(nodes) for nodes in trees], default=1)
    feature = np.full((len(trees), most), -1, dtype=np.int32)
    threshold, value = np.zeros((len(trees), most)), np.zeros((len(trees), most))
    left, right = np.zeros((len(trees), most), dtype=np.int32), np.zeros((len(trees), most), dtype=np.int32)
    for k, nodes in enumerate(trees):
        size = len(nodes)
        feature[k, :size] = np.where(nodes["is_leaf"] == 1, -1, nodes["feature_idx"])
        threshold[k, :size], value[k, :size] = nodes["num_threshold"], nodes["value"]
        left[k, :size], right[k, :size] = nodes["left"], nodes["right"]
    return feature, threshold, left, right, value


@dataclass(frozen=True, eq=False)
class TreesFitted(WindowFitted, kind="trees"):
    """The trees as arrays (trees, nodes)."""

    inputs: Inputs
    scale: np.ndarray
    start: float
    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    value: np.ndarray

    def check(self, series: int) -> None:
        shape = self.feature.shape
        if self.feature.ndim != 2:
            raise ValueError("the trees must be a table of nodes")
        fits(scale=(self.scale, (series,)), threshold=(self.threshold, shape), left=(self.left, shape),
             right=(self.right, shape), value=(self.value, shape))  # fmt: skip
        inner = self.feature >= 0
        here = np.arange(shape[1])
        for side in (self.left, self.right):
            # A child stands behind its parent, so that every way down ends.
            if np.any(inner & ((side <= here) | (side >= shape[1]))):
                raise ValueError("a tree leads back to where it came from, or out of its nodes")
        if self.feature.size and self.feature.max() >= self.inputs.width + 3 + 2 * len(self.inputs.known):
            raise ValueError("a tree asks for an input that there is not")

    def direct(self, panel: Panel, windows: Windows) -> np.ndarray:
        horizon = self.inputs.horizon
        block = max(1, _CELLS // (horizon * max(self.inputs.lookback, 1)))
        parts = []
        for at in range(0, len(windows.ends), block):
            some = Windows(*(part[at : at + block] for part in (windows.values, windows.series, windows.ends)))
            rows = np.repeat(np.arange(len(some.ends)), horizon)
            steps = np.tile(np.arange(horizon), len(some.ends))
            each = Windows(some.values[rows], some.series[rows], some.ends[rows])
            base = self.inputs.base(some)
            x = _rows(panel, self.inputs, each, base[rows], self.scale, steps)
            made = self._predict(x).reshape(-1, horizon)
            parts.append(base[:, None] + self.scale[some.series][:, None] * made)
        return np.concatenate(parts) if parts else np.zeros((0, horizon))

    def _predict(self, x: np.ndarray) -> np.ndarray:
        """(B,) start + the leaves' values, tree by tree: the same bits from the library and from the arrays."""
        if "_grown" in self.__dict__:
            with one_thread():
                return self.__dict__["_grown"].predict(x)
        result = np.full(len(x), self.start)
        rows = np.arange(len(x))
        for feature, threshold, left, right, value in zip(
            self.feature, self.threshold, self.left, self.right, self.value, strict=True
        ):
            node = np.zeros(len(x), dtype=np.int32)
            while True:
                asks = feature[node]
                inner = asks >= 0
                if not inner.any():
                    break
                goes_left = x[rows, np.maximum(asks, 0)] <= threshold[node]
                node = np.where(inner, np.where(goes_left, left[node], right[node]), node)
            result += value[node]
        return result
