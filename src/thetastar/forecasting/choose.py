"""The choice: every candidate from rolling origins of the validation stretch, the test once, averages, and baselines.

An average of the best few stands for all that was learned. It has to beat the plain rivals by more than chance, and
every single method at all; otherwise the forecast is theirs.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from thetastar.forecasting.average import average_weights, weighted
from thetastar.forecasting.candidates import methods_for, networks_for
from thetastar.forecasting.chance import only_scatters
from thetastar.forecasting.known import known_mean
from thetastar.forecasting.methods.contract import Fitted, Logged, Method
from thetastar.forecasting.methods.simple import LastValue, Mean, SeasonalNaive
from thetastar.forecasting.methods.trees import Trees
from thetastar.forecasting.networks import NetworkMethod, fit_networks
from thetastar.forecasting.origins import Backtest, Plan, backtest_of
from thetastar.forecasting.panel import Panel
from thetastar.study.workers import begun

__all__ = ["Choice", "Row", "Weights", "choose", "fit_all", "learned_again"]

Weights = list[tuple[slice, dict[str, float]]]

_SURE = 2.0  # standard errors by which an average must beat the plainest methods
_GAIN = 0.005  # and by how much at least
_LIKELY, _LARGE = 0.5, 0.03  # a lead as large as this is hardly ever chance: few standard errors will do
_FAR_AHEAD = 0.2  # by which one method alone must beat the plainest where the average does not: never chance
_ALONE = 0.02  # by which a method must beat the average to stand alone: the best of many looks better than it is
_STRETCHES = 8  # horizons that the validation must span for that
_FAR = 4.0  # ranges of the past: a forecast further off has failed
_AGAIN = 12  # methods that may have a share once the weights are learned again
_EXACT = 1e-9


@dataclass(frozen=True)
class Row:
    """One line of the board.

    Attributes:
        name, baseline: who.
        error: the mean absolute error of the validation relative to the seasonal naive's; None where it failed.
        mae: in the target's unit; spread: its standard deviation over blocks of origins.
        weight: its largest share in the answer, 0 for none.
        seconds: that fitting took.
        failed: why it is out of the running, if it is.
    """

    name: str
    baseline: bool
    error: float | None
    mae: float | None
    spread: float | None
    weight: float
    seconds: float
    failed: str | None = None


@dataclass(frozen=True, eq=False)
class Choice:
    """What was chosen.

    Attributes:
        name: the method's, or "average of N".
        plain: whether a baseline was chosen.
        weights: for slices of steps, name -> share.
        methods: every candidate by name.
        fitted: those with a share, as fitted for the validation.
        every: all that are in the running, likewise.
        board: a row for every candidate, best first.
        words: why, in sentences.
        cross: (n, O, H) the answer's forecasts at the validation's origins; an average's with weights from the other
            half.
        backtest: the validation.
    """

    name: str
    plain: bool
    weights: Weights
    methods: dict[str, Method]
    fitted: dict[str, Fitted]
    every: dict[str, Fitted] = field(repr=False)
    board: list[Row]
    words: list[str]
    cross: np.ndarray
    backtest: Backtest = field(repr=False)


def fit_all(
    methods: list[Method], panel: Panel, cut: int, horizon: int, threads: int | None = None
) -> dict[str, Fitted]:
    """Fit methods: all networks among them at once, and trees beside them."""
    nets = [m for m in methods if isinstance(m.inner if isinstance(m, Logged) else m, NetworkMethod)]
    trees = [m for m in methods if isinstance(m, Trees)]
    fitted = {m.name: m.fit(panel, cut, horizon) for m in methods if m not in nets and m not in trees}
    made, grown = _networks_and_trees(nets, trees, panel, cut, horizon, threads)
    fitted |= {m.name: each for m, each in zip(nets, made, strict=True)}
    return fitted | {m.name: each for m, (each, _) in zip(trees, grown, strict=True)}


def _networks_and_trees(
    nets: list[Method], trees: list[Method], panel: Panel, cut: int, horizon: int, threads: int | None
) -> tuple[list[Fitted], list[tuple[Fitted, float]]]:
    """Networks train in native code, so trees (and the library that grows them) come in beside them.

    Returns:
        The networks; and each of the trees with the seconds that it took.
    """

    def grow() -> list[tuple[Fitted, float]]:
        grown = []
        for method in trees:
            began = time.perf_counter()
            made = method.fit(panel, cut, horizon)
            grown.append((made, time.perf_counter() - began))
        return grown

    if threads == 1 or not trees or not nets:
        return (fit_networks(nets, panel, cut, horizon, threads=threads) if nets else []), grow()
    with begun([grow], 1) as growing:
        made = fit_networks(nets, panel, cut, horizon, threads=threads)
        ((_, grown),) = growing
        return made, grown


def choose(
    panel: Panel, plan: Plan, history: tuple[int, ...], lag: int, *, seed: int = 0, threads: int | None = None,
    only: list[str] | None = None, progress: Callable[[str], None] | None = None,
) -> Choice:  # fmt: skip
    """Fit every candidate before the validation, compare them there, and say which to take.

    Args:
        panel: the series.
        plan: the stretches.
        history: lags of linear methods and networks.
        lag: the seasonal naive's.
        seed: of networks.
        threads: for networks.
        only: names (or beginnings of names) of the methods that may compete beside the last value.
        progress: told what is being done.
    """
    say = progress or (lambda text: None)
    horizon, cut, origins = plan.horizon, plan.validation_cut, plan.validation_origins
    naive = (SeasonalNaive(lag) if lag > 1 else LastValue()).fit(panel, cut, horizon).forecast(panel, origins, horizon)
    backtest = backtest_of(panel, origins, horizon, plan.test_cut, naive)
    fitted: dict[str, Fitted] = {}
    seconds: dict[str, float] = {}
    failed: dict[str, str] = {}
    methods: dict[str, Method] = {}

    def enter(method: Method, made: Fitted, took: float) -> None:
        methods[method.name], fitted[method.name], seconds[method.name] = method, made, took
        forecast = made.forecast(panel, origins, horizon)
        backtest.forecasts[method.name] = forecast
        reason = _failure(panel, plan, forecast)
        if reason:
            failed[method.name] = reason

    suited = methods_for(panel, cut, horizon, history, lag, trees=only is not None)
    plain = [m for m in suited if _wanted(m, only)]
    trees = [m for m in plain if isinstance(m, Trees)]
    for method in plain:
        if method not in trees:
            say(method.name)
            began = time.perf_counter()
            enter(method, method.fit(panel, cut, horizon), time.perf_counter() - began)
    errors = {name: backtest.error(name) for name in methods if name not in failed}
    say("networks and trees")
    nets = [m for m in networks_for(panel, cut, horizon, history, errors, seed) if _wanted(m, only)]
    began = time.perf_counter()
    made, grown = _networks_and_trees(nets, trees, panel, cut, horizon, threads)
    each = (time.perf_counter() - began) / max(len(nets), 1)
    for method, network in zip(nets, made, strict=True):
        enter(method, network, each)
    for method, (tree, took) in zip(trees, grown, strict=True):
        enter(method, tree, took)
    names = [name for name in methods if name not in failed]
    weights, cross, title, is_plain, words = _answer(
        backtest, methods, names, plan, scatters=only_scatters(panel, plan.test_cut)
    )
    board = _board(panel, backtest, methods, failed, weights, seconds)
    used = {name for _, shares in weights for name in shares}
    return Choice(
        title, is_plain, weights, methods, {name: fitted[name] for name in fitted if name in used},
        {name: fitted[name] for name in names}, board, words, cross, backtest,
    )  # fmt: skip


def learned_again(choice: Choice, panel: Panel, plan: Plan) -> Weights:
    """An average's weights after the test, from validation and test together; what stands alone stays.

    As methods learn from everything before they look ahead, so do their weights: the newest stretch says most about
    what helps now. No figure of the test rests on them.
    """
    steps = [part for part, _ in choice.weights]
    if choice.plain or all(len(shares) == 1 for _, shares in choice.weights):
        return choice.weights
    before, origins = choice.backtest, plan.test_origins
    # The best of the validation, and what had a share: the others do not become the best of both stretches.
    able = sorted(choice.every, key=before.error)[:_AGAIN]
    able += [name for name in choice.fitted if name not in able]
    after = {name: choice.every[name].forecast(panel, origins, plan.horizon) for name in able}
    whole = Backtest(
        np.concatenate([before.origins, origins]),
        np.concatenate([before.truth, panel.truth(origins, plan.horizon)], axis=1),
        {name: np.concatenate([before.forecasts[name], after[name]], axis=1) for name in after}, before.scale,
    )  # fmt: skip
    return [(part, average_weights(whole, list(after), part)) for part in steps]


def _wanted(method: Method, only: list[str] | None) -> bool:
    return only is None or method.simple == 0 or any(method.name.startswith(name) for name in only)


def _failure(panel: Panel, plan: Plan, forecast: np.ndarray) -> str | None:
    """Why a candidate is out of the running: no number somewhere, or a forecast far outside of all that was."""
    if not np.isfinite(forecast).all():
        return "a forecast is missing"
    past = panel.raw[:, : plan.test_cut]
    low, high = np.nanmin(past, axis=1), np.nanmax(past, axis=1)
    room = _FAR * np.maximum(high - low, 1e-9 * (np.abs(high) + 1))
    outside = (forecast < (low - room)[:, None, None]) | (forecast > (high + room)[:, None, None])
    return "a forecast lies far outside the past" if outside.any() else None


def _answer(backtest: Backtest, methods: dict[str, Method], names: list[str], plan: Plan, *, scatters: bool):
    """(weights, cross-fitted forecasts, title, plain?, words).

    Args:
        scatters: whether the series only scatters; if it does not, its mean is no rival that deserves the doubt.
    """
    horizon = plan.horizon
    order = sorted(names, key=lambda name: (backtest.error(name), methods[name].simple))
    best = order[0]
    rivals = [name for name in order if scatters or name != Mean.name]
    rival = _plain_rival(backtest, methods, rivals, horizon)
    slices = [slice(0, 1), slice(1, horizon)] if horizon > 1 else [slice(0, 1)]

    def single(name: str) -> Weights:
        return [(slice(0, horizon), {name: 1.0})]

    if len(names) < 3 or backtest.error(best) <= _EXACT or len(backtest.origins) < 8:
        words = [_exact_words(best, backtest)] if backtest.error(best) <= _EXACT else [
            "There is too little to compare methods on, so the one that did best on the few steps held back is taken."
        ]  # fmt: skip
        if len(backtest.origins) < 8:
            best = rival  # a few steps prove nothing in favour of what is less plain
        return single(best), backtest.forecasts[best], best, methods[best].baseline, words
    weights = [(steps, average_weights(backtest, names, steps)) for steps in slices]
    cross = _cross_fitted(backtest, names, slices)
    average = float(np.mean(backtest.losses(cross)))
    used = {name for _, shares in weights for name in shares}
    title = f"average of {len(used)}"
    words = [
        f"On the validation the average of {len(used)} methods has {_share(average)} of the seasonal naive's error"
    ]
    alone, certain = _lead(backtest, cross, backtest.forecasts[best], horizon)
    if alone > _ALONE and certain > _SURE and backtest.stretches >= _STRETCHES:
        words = [f"On the validation {best} alone is better than the average by more than chance "
                 f"({_share(backtest.error(best))} of the naive's error against {_share(average)})."]  # fmt: skip
        weights, cross, title, average = single(best), backtest.forecasts[best], best, backtest.error(best)
        if methods[best].simple <= 1:
            return weights, cross, title, True, [*words, f"So the forecast is the baseline's: {best}."]
    else:
        words[0] += f" (weights from the other half of the origins); the best single method, {best}, has " \
                    f"{_share(backtest.error(best))}."  # fmt: skip
    gain, sure = _lead(backtest, backtest.forecasts[rival], cross, horizon)
    if gain < _GAIN or sure < _proof(rival, gain):
        alone, certain = _lead(backtest, backtest.forecasts[rival], backtest.forecasts[best], horizon)
        if alone > _FAR_AHEAD and certain > _LIKELY and backtest.stretches >= _STRETCHES and title != best:
            words.append(
                f"The average is no better than the plainest, {rival} ({_share(backtest.error(rival))}), but {best} "
                f"alone takes {100 * alone:.1f} % off it ({min(certain, 99):.1f} standard errors)."
            )
            return single(best), backtest.forecasts[best], best, methods[best].baseline, words
        words.append(
            f"Against the plainest, {rival} ({_share(backtest.error(rival))}), that is a lead of {100 * gain:.1f} %, "
            f"{max(sure, 0):.1f} standard errors: not more than chance. So the forecast is the baseline's: {rival}."
        )
        return single(rival), backtest.forecasts[rival], rival, True, words
    words.append(f"The best plain rival, {rival}, has {_share(backtest.error(rival))}: {100 * gain:.1f} % more is "
                 f"taken off it ({min(sure, 99):.1f} standard errors).")  # fmt: skip
    return weights, cross, title, title in methods and methods[title].baseline, words


def _plain_rival(backtest: Backtest, methods: dict[str, Method], order: list[str], horizon: int) -> str:
    """The best of last value, seasonal naive and mean; drift or a moving average where it is surely better."""
    plainest = [name for name in order if methods[name].simple == 0]
    rival = plainest[0] if plainest else order[0]
    for name in order:
        if methods[name].simple == 1 and backtest.error(name) < backtest.error(rival):
            gain, sure = _lead(backtest, backtest.forecasts[rival], backtest.forecasts[name], horizon)
            if gain >= _GAIN and sure >= _SURE:
                return name
    return rival


def _proof(rival: str, gain: float) -> float:
    """Standard errors that a lead needs.

    The last value and the mean are the best there is where a series only wanders, or only scatters: to leave them takes
    proof. To repeat the last season is never that good where there is a season, for it repeats that season's noise.
    """
    if rival == SeasonalNaive.name:
        return 0.0
    return _LIKELY if gain >= _LARGE else _SURE


def _exact_words(name: str, backtest: Backtest) -> str:
    return f"{name[0].upper()}{name[1:]} is exact on the validation, to rounding; nothing can be better."


def _share(error: float) -> str:
    return f"{error:.3f}"


def _cross_fitted(backtest: Backtest, names: list[str], slices: list[slice]) -> np.ndarray:
    """(n, O, H) the average's forecasts, each half of the origins with weights from the other half."""
    count = len(backtest.origins)
    halves = (slice(0, count // 2), slice(count // 2, count))
    result = np.empty_like(backtest.truth)
    for here, other in (halves, halves[::-1]):
        part = Backtest(
            backtest.origins[other], backtest.truth[:, other],
            {name: backtest.forecasts[name][:, other] for name in names}, backtest.scale,
        )  # fmt: skip
        shares = [(steps, average_weights(part, names, steps) or {names[0]: 1.0}) for steps in slices]
        used = {name for _, each in shares for name in each}
        result[:, here] = weighted({name: backtest.forecasts[name][:, here] for name in used}, shares)
    return result


def _lead(backtest: Backtest, rival: np.ndarray, ours: np.ndarray, horizon: int) -> tuple[float, float]:
    """How much lower our error is (relative), and by how many standard errors, over blocks of origins.

    Errors of neighbouring origins are alike, so blocks as long as the horizon are compared, not single origins.
    """
    with np.errstate(all="ignore"):
        losses = [
            known_mean(np.abs(each - backtest.truth) / backtest.scale[:, None], axis=(0, 2)) for each in (rival, ours)
        ]
    known = np.isfinite(losses[0]) & np.isfinite(losses[1])
    theirs, own = losses[0][known], losses[1][known]
    count = len(own)
    if count < 4:
        return 0.0, 0.0
    gain = 1 - own.mean() / max(theirs.mean(), 1e-300)
    blocks = int(np.clip(count // max(min(horizon, count // 4), 5), 4, 40))
    differences = np.array([part.mean() for part in np.array_split(theirs - own, blocks)])
    error = differences.std(ddof=1) / np.sqrt(blocks)
    if error <= 0:
        return float(gain), np.inf if gain > 0 else 0.0
    # Few blocks: Student's t as the normal deviate of the same chance (Wallace 1959).
    t, freedom = differences.mean() / error, blocks - 1
    size = np.sqrt(freedom * np.log1p(t * t / freedom)) * (8 * freedom + 1) / (8 * freedom + 3)
    return float(gain), float(np.copysign(size, t))


def _board(panel, backtest: Backtest, methods, failed, weights: Weights, seconds) -> list[Row]:
    shares = {name: max((each.get(name, 0.0) for _, each in weights), default=0.0) for name in methods}
    rows = []
    for name, method in methods.items():
        forecast = backtest.forecasts[name]
        with np.errstate(all="ignore"):
            by_origin = known_mean(np.abs(forecast - backtest.truth), axis=(0, 2))
        by_origin = by_origin[np.isfinite(by_origin)]
        parts = np.array_split(by_origin, min(5, len(by_origin))) if len(by_origin) > 1 else []
        spread = float(np.std([part.mean() for part in parts], ddof=1)) if len(parts) > 1 else None
        known = ~np.isnan(backtest.truth)
        mae = float(np.mean(np.abs(forecast - backtest.truth)[known])) if known.any() else None
        reason = failed.get(name)
        error = None if reason else backtest.error(name)
        rows.append(Row(name, method.baseline, error, mae, spread, shares[name], seconds[name], reason))
    return sorted(rows, key=lambda row: (row.error is None, row.error or 0.0))
