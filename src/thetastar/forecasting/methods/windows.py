"""What methods that learn from windows share: scales, direct forecasts, and recursion past the trained horizon."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from thetastar.forecasting.features import Inputs
from thetastar.forecasting.known import known_mean
from thetastar.forecasting.methods.contract import Fitted
from thetastar.forecasting.panel import Panel, Windows

__all__ = ["WindowFitted", "scales"]

_CELLS = 8_000_000  # numbers in one block of windows


class WindowFitted(Fitted, kind="window"):
    """A fitted method that forecasts `inputs.horizon` steps at once from a window; further ones by recursion.

    Past the horizon the forecasts are taken for what happened, and the method forecasts on from there.
    """

    inputs: Inputs

    @abstractmethod
    def direct(self, panel: Panel, windows: Windows) -> np.ndarray:
        """(B, horizon) forecasts."""

    def forecast(self, panel: Panel, origins: np.ndarray, steps: int) -> np.ndarray:
        rows = np.repeat(np.arange(panel.count), len(origins))
        ends = np.tile(origins, panel.count)
        block = max(1, _CELLS // max(self.inputs.lookback, 1))
        parts = [
            self._steps(
                panel, Windows.at(panel, rows[at : at + block], ends[at : at + block], self.inputs.lookback), steps
            )
            for at in range(0, len(rows), block)
        ]
        return np.concatenate(parts).reshape(panel.count, len(origins), steps)

    def _steps(self, panel: Panel, windows: Windows, steps: int) -> np.ndarray:
        made: list[np.ndarray] = []
        count = 0
        while count < steps:
            made.append(self.direct(panel, windows))
            count += made[-1].shape[1]
            if count < steps:
                windows = windows.followed_by(made[-1])
        return np.concatenate(made, axis=1)[:, :steps]


def scales(panel: Panel, cut: int) -> np.ndarray:
    """(n,) each series' usual distance from one step to the next season's, so that series can be learned together."""
    lag = max(panel.season, 1)
    raw = panel.raw[:, :cut]
    with np.errstate(all="ignore"):
        moved = known_mean(np.abs(raw[:, lag:] - raw[:, :-lag]), axis=1) if cut > lag else np.zeros(panel.count)
        spread = np.nanstd(raw, axis=1)
    scale = np.where(np.isfinite(moved) & (moved > 0), moved, spread)
    return np.where(np.isfinite(scale) & (scale > 0), scale, 1.0)
