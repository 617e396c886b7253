"""What a forecast is for those who write it down elsewhere: one function of the last values of one series.

Every exporter reads a `Forecaster` and nothing else of a forecast. A component is one fitted method; where there are
several, each step has shares of its own. Methods that learn from windows have their inputs as a `Window`: means over
ranges of the last values, the calendar, further columns. Another method is one more class here, one more case in
`thetastar.forecasting.portable`, and one more function in each target.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from thetastar.network import Network

__all__ = [
    "PAST_ROWS", "Component", "Drift", "Forecaster", "Function", "Levels", "Linear", "Mean", "Networks", "Repeated",
    "Smoothing", "Theta", "Trees", "Window",
]  # fmt: skip

PAST_ROWS = 7
"""How many last values of a column that is known up to the origin are read."""

FAR = 5.0
"""An input of a network further out than so many deviations is cut."""

FADING = 0.85
"""Weight of a season's shape over that of the next."""


@dataclass(frozen=True, eq=False)
class Window:
    """The inputs of a method, from the last values of a series and its place in time.

    In order: the first `head` ranges, the season's phase, waves, the other ranges, and of each further column that is
    known up to the origin the last value and the mean of the last seven.

    Attributes:
        lookback: how many last values; where there are fewer, the first one stands for those before it.
        season: steps; the level that differences are measured from is the mean of the last season.
        horizon: steps that come out at once.
        ranges: (R, 4) first, end, first, end: the mean over a range of the window less that over another, in units of
            the series' scale.
        head: how many ranges stand before the calendar.
        phases: the season of which each phase has an input of its own, 0 for none.
        waves: (period, harmonics): sines, then cosines of a time within a period.
        past, known: places of further columns among the forecaster's.
        scale: (n,) of every series.
    """

    lookback: int
    season: int
    horizon: int
    ranges: np.ndarray
    head: int
    scale: np.ndarray
    phases: int = 0
    waves: tuple[tuple[float, int], ...] = ()
    past: tuple[int, ...] = ()
    known: tuple[int, ...] = ()

    @property
    def width(self) -> int:
        """How many inputs all steps share."""
        return len(self.ranges) + self.phases + sum(2 * many for _, many in self.waves) + 2 * len(self.past)


@dataclass(frozen=True)
class Repeated:
    """The mean of the last `many` values that lie whole multiples of `lag` before the step."""

    lag: int
    many: int


@dataclass(frozen=True)
class Drift:
    """The line through the first and the last value."""


@dataclass(frozen=True)
class Mean:
    """The mean of the last `size` values, of all of them for 0."""

    size: int


@dataclass(frozen=True, eq=False)
class Smoothing:
    """Exponential smoothing; `settings` (n, 5) are α, β, φ, γ and the limit of an error in usual errors (0: none).

    `behind` (n,): how many values more the longest series has, which says from how many cycles the season starts.
    """

    season: int
    settings: np.ndarray
    behind: np.ndarray


@dataclass(frozen=True, eq=False)
class Theta:
    """Smoothing with half the slope of the line through all values."""

    smoothing: Smoothing


@dataclass(frozen=True, eq=False)
class Linear:
    """level + scale × (bias + x · weight (p, H) + the known columns at each step · step_weight (H, 2k))."""

    window: Window
    weight: np.ndarray
    bias: np.ndarray
    step_weight: np.ndarray


@dataclass(frozen=True, eq=False)
class Levels:
    """The next seasons' means are linear in x; the shape is the faded mean of the last `shapes` seasons' shapes.

    `times` says whether the shape multiplies the level or is added to it.
    """

    window: Window
    weight: np.ndarray
    bias: np.ndarray
    shapes: int
    times: bool


@dataclass(frozen=True, eq=False)
class Trees:
    """Trees on x, the step, the value and the usual value a season before it, and the known columns at it.

    Nodes of all trees one after another: `feature` is -1 in a leaf; `left` and `right` are places among all nodes.
    """

    window: Window
    start: float
    root: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    value: np.ndarray


@dataclass(frozen=True, eq=False)
class Networks:
    """The mean of networks of one shape on standardised inputs, in units of the series' scale.

    Attributes:
        sequence: whether the inputs are the last values one by one, with sine and cosine of the season's phase beside
            each; else x, the known columns at each step, and the series' profile.
        lags: how many last values a sequence has.
        seasonal: whether outputs are added to the value a season before the step; else to the level.
        mean, spread: of the inputs.
        profile: (n, k) what tells the series apart.
    """

    window: Window
    sequence: bool
    lags: int
    seasonal: bool
    mean: np.ndarray
    spread: np.ndarray
    profile: np.ndarray
    networks: tuple[Network, ...]


Function = Repeated | Drift | Mean | Smoothing | Theta | Linear | Levels | Trees | Networks


@dataclass(frozen=True, eq=False)
class Component:
    """A fitted method.

    Attributes:
        name: as on the leaderboard.
        function: what it computes.
        lowest: (n,) where it computes with logarithms, what stands for every value below it; else None.
    """

    name: str
    function: Function
    lowest: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Forecaster:
    """From the last values of a series to the next steps with intervals.

    Attributes:
        version: of the thetastar that made the model.
        target, time: names of columns.
        step: what a step is, in a word.
        ids: of the series; ("",) where there is one.
        steps: how many are forecast.
        season: steps of the main cycle, 1 where there is none.
        zero: whether a missing value is read as 0; else as the one a season before, or the last one.
        positions: (n,) the number of each series' last step in the count that phases follow from.
        last: that step's time as text.
        counts: (n,) how many values of each series the model read.
        middle, spread: (n,) their mean and standard deviation.
        components: the methods.
        shares: (steps, components) adding up to 1 in every step.
        floor: (n,) what nothing lies below, nan for none.
        levels: of the intervals, in percent.
        ratios: (levels, steps) half-widths in units of restlessness.
        phases: (m,) how far off each phase of the season usually lies.
        known, past: names of the further columns, by whether they are known ahead.
    """

    version: str
    target: str
    time: str
    step: str
    ids: tuple[str, ...]
    steps: int
    season: int
    zero: bool
    positions: np.ndarray
    last: tuple[str, ...]
    counts: np.ndarray
    middle: np.ndarray
    spread: np.ndarray
    components: tuple[Component, ...]
    shares: np.ndarray
    floor: np.ndarray
    levels: tuple[float, ...]
    ratios: np.ndarray
    phases: np.ndarray
    known: tuple[str, ...] = ()
    past: tuple[str, ...] = ()

    @property
    def windows(self) -> list[Window]:
        """Of the components that have one."""
        return [one.function.window for one in self.components if hasattr(one.function, "window")]

    @property
    def before(self) -> int:
        """How many rows of the known columns up to the last value are read."""
        return max([window.season for window in self.windows if window.known], default=0)

    @property
    def reach(self) -> int:
        """How many last values are used, 0 where all of them are."""
        if any(isinstance(one.function, Drift | Smoothing | Theta) or one.function == Mean(0)
               for one in self.components):  # fmt: skip
            return 0
        needs = [window.lookback for window in self.windows]
        for function in (one.function for one in self.components):
            if isinstance(function, Mean):
                needs.append(function.size)
            if isinstance(function, Repeated):
                needs.append(function.lag * function.many)
        return max(needs, default=1)
