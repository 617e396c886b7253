"""Which methods compete, given what there is to learn from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from thetastar.forecasting.methods.contract import Logged, Method
from thetastar.forecasting.methods.levels import LevelShape
from thetastar.forecasting.methods.linear import Linear, Ridge
from thetastar.forecasting.methods.simple import Drift, LastValue, Mean, MovingAverage, SeasonalAverage, SeasonalNaive
from thetastar.forecasting.methods.smoothing import Smoothing, Theta
from thetastar.forecasting.methods.trees import Trees
from thetastar.forecasting.networks import NetworkMethod
from thetastar.forecasting.panel import Panel

__all__ = ["default_history", "methods_for", "networks_for", "takes_logarithms"]

_FEWEST_WINDOWS = 120  # examples from which a network may learn
_LOWEST = 0.02  # of the median: below it logarithms make much of little


def default_history(season: int, room: int) -> tuple[int, ...]:
    """How many last values the linear methods and networks see: the lecture's 1, 7, 28, 56 for days of a week.

    Args:
        season: the season that methods use, 1 for none.
        room: steps that there are to learn from.

    Example:
        >>> default_history(7, 400), default_history(7, 100)
        ((1, 7, 28, 56), (1, 7))
    """
    if season == 1:
        wanted = (1, 7, 28, 56)
    elif season <= 7:
        wanted = (1, season, 4 * season, 8 * season)
    elif season <= 24:
        wanted = (1, season, 2 * season, 3 * season)
    else:
        wanted = (1, season // 7 if season % 7 == 0 else season // 2, season, 2 * season)
    return tuple(sorted({lags for lags in wanted if lags == 1 or lags <= room // 4}))


def takes_logarithms(panel: Panel, cut: int) -> bool:
    """Whether all values of all series are above zero, none of them next to nothing."""
    known = panel.raw[:, :cut]
    with np.errstate(all="ignore"):
        lowest, middle = np.nanmin(known, axis=1), np.nanmedian(known, axis=1)
    return bool(np.all((lowest > 0) & (lowest > _LOWEST * middle)))


def methods_for(
    panel: Panel, cut: int, horizon: int, history: Sequence[int], lag: int, *, trees: bool = False
) -> list[Method]:
    """Everything but networks, plainest first.

    Boosted trees compete where there are further columns. On the past of series alone they took a quarter of the time
    and changed the average's error by less than 0.1 %, because the networks see the same inputs
    (`benchmarks/README.md`).

    Args:
        panel: the series.
        cut: columns to learn from.
        horizon: steps.
        history: lags of the linear methods.
        lag: what the seasonal naive repeats, 1 for none.
        trees: whether boosted trees compete without further columns, too.
    """
    room = cut - int(np.median(panel.begin))
    examples = panel.count * max(room - horizon, 0)
    season = panel.season
    found: list[Method] = [LastValue()]
    if lag > 1 and room > lag:
        found.append(SeasonalNaive(lag))
    found += [Mean(), Drift(), MovingAverage(season)]
    if season > 1 and room >= 4 * season:
        found.append(SeasonalAverage(season))
    if room >= 10:
        smoothed = season if room >= 3 * season else 1
        found += [Smoothing(smoothed), Smoothing(smoothed, robust=True), Theta(smoothed)]
    found += [Linear(lags) for lags in history if examples >= 2.5 * lags + 10 and room - horizon >= lags + 10]
    year = bool(panel.year) and room >= 1.9 * panel.year
    columns = bool(panel.known or panel.past)
    longest = max(history)
    learns = examples >= 60 and room - horizon >= 40
    if learns:
        found.append(Ridge(longest))
        found += [Ridge(longest, year=True)] if year else []
        found += [Ridge(longest, year=year, columns=True)] if columns else []
    if season > 1 and room >= 6 * season + horizon:
        positive = bool(np.nanmin(panel.raw[:, :cut]) > 0)
        found.append(LevelShape(season, times=positive))
        found += [LevelShape(season, year=True, times=positive)] if year else []
    if takes_logarithms(panel, cut):
        found += [
            Logged(each) for each in found
            if isinstance(each, (Ridge, Theta)) or (isinstance(each, Smoothing) and each.robust)
        ]  # fmt: skip
        # In logarithms a shape is added, which is to say that it multiplies the level.
        found += [Logged(LevelShape(each.season, year=each.year, times=False)) for each in found
                  if isinstance(each, LevelShape)]  # fmt: skip
    if examples >= 2 * _FEWEST_WINDOWS and (trees or columns):
        found.append(Trees(longest, year=year, columns=columns))
    return found


def networks_for(panel: Panel, cut: int, horizon: int, history: Sequence[int], errors: dict[str, float],
                 seed: int) -> list[Method]:  # fmt: skip
    """The networks, with the inputs and the scale that did best for the linear methods.

    Args:
        errors: validation errors of the linear methods by name: whether last year, further columns or logarithms help
            them says whether networks are given these.
        seed: of the first start.
    """
    room = cut - int(np.median(panel.begin))
    longest = max(history)
    if panel.count * max(room - horizon - longest, 0) < _FEWEST_WINDOWS:
        return []
    variants = []
    for method in methods_for(panel, cut, horizon, history, 1):
        inner = method.inner if isinstance(method, Logged) else method
        if isinstance(inner, Ridge) and method.name in errors:
            variants.append((errors[method.name], isinstance(method, Logged), inner.year, inner.columns))
    variants.sort(key=lambda each: each[0])
    variants = variants[:2] or [(0.0, False, False, False)]
    made: list[Method] = []

    def add(logged: bool, *given, **more) -> None:
        method = NetworkMethod(*given, seed=seed, **more)
        made.append(Logged(method) if logged else method)

    for place, (_, logged, year, columns) in enumerate(variants):
        shapes = ("dense", "linear + network", "blocks") if place == 0 else ("dense", "linear + network")
        for shape in shapes:
            add(logged, shape, longest, year, columns)
        if place == 0 and panel.season > 1:
            add(logged, "dense", longest, year, columns, residual_of="season")
    best = variants[0]
    if longest >= 7:
        add(best[1], "convolution", longest, starts=2)
        add(best[1], "recurrent", min(longest, 28), starts=2)
    return made
