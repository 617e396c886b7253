"""The record's contents: scores of the test, plain words, what to distrust, and the numbers of the pictures."""

from __future__ import annotations

from typing import Any

import numpy as np

import thetastar
from thetastar.data.table import Table
from thetastar.forecasting.choose import Choice
from thetastar.forecasting.intervals import make_bands
from thetastar.forecasting.known import known_mean
from thetastar.forecasting.metrics import coverage, mase_scale, scores
from thetastar.forecasting.options import ForecastOptions
from thetastar.forecasting.origins import Plan
from thetastar.forecasting.panel import Panel
from thetastar.forecasting.record import BoardRow, ForecastRecord, Gap, Miss, StepScore, Unseen
from thetastar.forecasting.seasons import Seasons, phase_test
from thetastar.forecasting.series import SeriesSet

__all__ = ["make_record"]

_SHOWN_GAPS = 20
_SHOWN = 6  # series in pictures
_POINTS = 1500  # steps of the past in pictures
_SURE, _NONE = 3.3, 1.0  # standard deviations from which a cycle is there, and below which it is not
_ALIKE = 0.3  # correlation of the season's steps below which its shape has changed
_RULES = {
    "season": "a missing value is read as the one a season before (known at the time), and never counts as truth",
    "zero": "a missing value is read as 0, and counts as true",
    "missing": "a missing value stays missing: nothing is learned from windows that hold one",
}


def make_record(table: Table, series: SeriesSet, panel: Panel, seasons: Seasons, plan: Plan | None,
                choice: Choice | None, test: Any, weights: list, history: tuple[int, ...], options: ForecastOptions,
                leaks: dict[str, str], notes: list[str], floor: np.ndarray, settings: dict,
                lecture: dict | None, seconds: float, ahead: dict) -> ForecastRecord:  # fmt: skip
    """Everything that there is to say."""
    gaps = series.gaps()
    longest = int(np.argmax(series.lengths))
    whole = int(series.lengths[longest])
    unseen = None if plan is None else _unseen(series, panel, plan, choice, test, seasons, options, floor)
    verdict = _verdict(choice, unseen, options, weights)
    shown = [
        Gap(
            id=series.ids[i], first=series.time_texts(i, at, 1)[0], last=series.time_texts(i, at + n - 1, 1)[0], steps=n
        )
        for i, at, n in gaps[:_SHOWN_GAPS]
    ]
    return ForecastRecord(
        thetastar=thetastar.__version__, source=table.source, target=options.target, time=options.time, id=options.id,
        rows=table.row_count, series=len(series), steps=whole, first=series.time_texts(longest, 0, 1)[0],
        last=series.time_texts(longest, whole - 1, 1)[0], frequency=series.layout.calendar.name,
        season=seasons.season if seasons.season > 1 else (round(seasons.year) if seasons.year else None),
        season_words=seasons.words, lag=seasons.lag, horizon=options.horizon, history=list(history),
        levels=list(options.levels), gaps=shown, gap_steps=sum(n for _, _, n in gaps), gap_rule=_RULES[options.gaps],
        chosen=choice.name if choice else next(iter(weights[0][2])),
        baseline_chosen=choice.plain if choice else True,
        weights=[{"first": a + 1, "last": b, "shares": _rounded(shares)} for a, b, shares in weights],
        board=[BoardRow(**row.__dict__) for row in choice.board] if choice else [],
        validation=_validation(series, panel, plan, choice), unseen=unseen, verdict=verdict,
        notes=[*table.notes, *series.notes, *notes],
        distrust=[
            *_distrust(series, panel, seasons, plan, choice, test, unseen, leaks, options, gaps),
            *_unknown_ahead(options, ahead),
        ],
        columns=[
            {"name": name, "role": "known ahead" if name in options.known else "known up to now"}
            for name in series.layout.columns
        ],
        settings=settings, pictures=_pictures(series, panel, plan, choice, test, options, floor), lecture=lecture,
        seconds=seconds,
    )  # fmt: skip


def _rounded(shares: dict[str, float]) -> dict[str, float]:
    whole = sum(shares.values())
    return {name: round(share / whole, 4) for name, share in sorted(shares.items(), key=lambda item: -item[1])}


def _validation(series: SeriesSet, panel: Panel, plan: Plan | None, choice: Choice | None) -> dict[str, Any] | None:
    if plan is None:
        return None
    longest = int(np.argmax(series.lengths))
    lead = panel.length - int(series.lengths[longest])
    return {
        "first": series.time_texts(longest, plan.validation_cut - lead, 1)[0],
        "last": series.time_texts(longest, plan.test_cut - 1 - lead, 1)[0],
        "origins": len(plan.validation_origins), "stride": plan.stride, "words": choice.words,
    }  # fmt: skip


def _unseen(series, panel, plan, choice, test, seasons, options, floor) -> Unseen:
    unit = mase_scale(panel.raw[:, : plan.test_cut], seasons.lag)
    own = scores(test.answer, test.truth, unit)
    baselines = {name: scores(made, test.truth, unit) for name, made in test.baselines.items()}
    bands = make_bands(panel, test.before, options.levels, plan.horizon, until=plan.test_cut)
    lower, upper = bands.around(panel, test.answer, test.origins, floor=floor)
    covered = [coverage(lower[k], upper[k], test.truth) for k in range(len(options.levels))]
    naive = test.baselines.get("seasonal naive", test.baselines.get("last value"))
    by_step = []
    for step in range(plan.horizon):
        part = test.truth[..., step : step + 1]
        by_step.append(StepScore(
            step=step + 1, mae=scores(test.answer[..., step : step + 1], part, unit)["mae"],
            naive=scores(naive[..., step : step + 1], part, unit)["mae"] if naive is not None else None,
            coverage={f"{level:g}": covered[k][1][step] for k, level in enumerate(options.levels)},
            truths=covered[0][2][step] if covered else int((~np.isnan(part)).sum()), errors=int(bands.counts[step]),
        ))  # fmt: skip
    longest = int(np.argmax(series.lengths))
    lead = panel.length - int(series.lengths[longest])
    return Unseen(
        first=series.time_texts(longest, plan.test_cut - lead, 1)[0],
        last=series.time_texts(longest, int(series.lengths[longest]) - 1, 1)[0], origins=len(test.origins),
        steps=plan.horizon, **own, mase_lag=seasons.lag, baselines=baselines,
        coverage={f"{level:g}": covered[k][0] for k, level in enumerate(options.levels)}, by_step=by_step,
        misses=_misses(series, panel, test),
    )  # fmt: skip


def _misses(series: SeriesSet, panel: Panel, test: Any) -> list[Miss]:
    """The largest misses one step ahead, in units of each series' own usual miss."""
    error = np.abs(test.answer[..., 0] - test.truth[..., 0])
    with np.errstate(all="ignore"):
        usual = known_mean(error, axis=1, keepdims=True)
    relative = np.where(np.isnan(error), -1.0, error / np.where(usual > 0, usual, 1.0))
    order = np.argsort(-relative, axis=None)[:8]
    found = []
    for flat in order:
        i, k = np.unravel_index(flat, relative.shape)
        if relative[i, k] <= 0:
            continue
        step = int(test.origins[k]) + 1 - (panel.length - int(series.lengths[i]))
        found.append(Miss(
            id=series.ids[i], time=series.time_texts(int(i), step, 1)[0], real=float(test.truth[i, k, 0]),
            predicted=float(test.answer[i, k, 0]),
        ))  # fmt: skip
    return found


def _verdict(choice: Choice | None, unseen: Unseen | None, options: ForecastOptions, weights: list) -> list[str]:
    if choice is None or unseen is None:
        return ["There are too few steps to compare methods on; the forecast is the plainest one's."]
    words = list(choice.words)
    if unseen.mae is None:
        return words
    what = "one step ahead" if options.horizon == 1 else f"1 to {options.horizon} steps ahead"
    rivals = {name: each["mae"] for name, each in unseen.baselines.items() if each["mae"] is not None}
    where = f"{unseen.first} to {unseen.last}, {what}, {unseen.origins:,} origins"
    text = f"On the last stretch, which nothing had seen ({where}), " \
           f"{choice.name} has a mean absolute error of {_number(unseen.mae)}"  # fmt: skip
    naive = rivals.get("seasonal naive", rivals.get("last value"))
    if naive:
        word = "seasonal naive" if "seasonal naive" in rivals else "last value"
        text += f"; {word} has {_number(naive)}"
    words.append(text + ".")
    others = {name: mae for name, mae in rivals.items() if name != choice.name}
    if others:
        best = min(others, key=others.get)
        if others[best] < unseen.mae:
            words.append(
                f"There {best} would have been better: {_number(others[best])}. The choice was made before, and stands."
            )
        else:
            words.append(f"The best baseline there is {best} with {_number(others[best])}.")
    covered = ", ".join(
        f"the {level} % interval held {100 * share:.0f} % of the values" for level, share in unseen.coverage.items()
        if share is not None
    )  # fmt: skip
    if covered:
        words.append(f"On the same stretch {covered}.")
    if choice.name not in choice.methods:
        many = len({name for _, _, shares in weights for name in shares})
        words.append(f"Then the weights were learned again, with that stretch: the forecast is an average of {many}.")
    return words


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"


def _distrust(series, panel, seasons, plan, choice, test, unseen, leaks, options, gaps) -> list[str]:
    """What to be careful with, in sentences."""
    found = list(leaks.values())
    length = int(np.median(series.lengths))
    if plan is None:
        found.append(f"{length} steps are too few to test anything: the forecast is a guess, and so are its intervals.")
    if seasons.season <= 1 and "too short" in seasons.words:
        found.append(f"{seasons.words.rstrip('.')}: a pattern of that length cannot be seen.")
    if seasons.lag > 1 and length < 2 * 365 and series.layout.calendar.name == "day":
        found.append(
            "There are less than two years of days: what comes back once a year is taken for chance, or for growth."
        )
    if unseen is not None and (untested := [each.step for each in unseen.by_step if not each.truths]):
        found.append(
            f"The unseen stretch is shorter than the horizon: nothing is known of the errors of step {untested[0]} and "
            "beyond. Their intervals grow by rule."
        )
    missing = sum(n for _, _, n in gaps)
    total = int(series.lengths.sum())
    if missing > 0.1 * total:
        found.append(f"{missing:,} of {total:,} steps ({missing / total:.0%}) have no value.")
    stale = [
        label for label, values in zip(series.ids, series.values, strict=True)
        if len(values) > 60 and (np.isnan(values[-30:]).all() or np.ptp(values[-30:]) == 0 < np.nanstd(values))
    ]  # fmt: skip
    if stale:
        found.append(
            "The last 30 values are all the same or missing" + (f" in {len(stale)} series." if len(series) > 1 else ".")
        )
    if plan is not None:
        found += [words for words in (_level_shift(panel, plan), _new_season(panel, plan, seasons)) if words]
        few = [step.step for step in unseen.by_step if step.errors < 1 / (1 - max(options.levels) / 100)]
        if few:
            found.append(
                f"From step {few[0]} on fewer errors were seen than an interval of {max(options.levels):g} % needs: it "
                "is widened by rule, not measured."
            )
        for level, share in unseen.coverage.items():
            if share is not None and abs(100 * share - float(level)) > 8:
                side = "narrower" if 100 * share < float(level) else "wider"
                found.append(
                    f"The {level} % interval held {100 * share:.0f} % on the unseen stretch: it is {side} than it says."
                )
        failed = [row for row in choice.board if row.failed]
        found += [f"{row.name} was not compared: {row.failed}." for row in failed]
        naive = unseen.baselines.get("seasonal naive") or unseen.baselines.get("last value")
        if naive and naive["mae"] and unseen.mae and unseen.mae > naive["mae"]:
            found.append("On the unseen stretch the plainest forecast was better than the one that was chosen.")
    return found


def _unknown_ahead(options: ForecastOptions, ahead: dict[str, list[np.ndarray]]) -> list[str]:
    """Columns that are said to be known ahead, and are not yet."""
    least = {name: min((len(part) for part in ahead.get(name, [])), default=0) for name in options.known}
    short = {name: steps for name, steps in least.items() if steps < options.horizon}
    if not short:
        return []
    names = " and ".join(map(repr, short))
    return [
        f"{names} must be known {options.horizon:,} step{'s' * (options.horizon > 1)} ahead, and the rows say "
        f"{min(short.values()) or 'nothing'} of them: a forecast needs a table of the future (known)."
    ]


def _level_shift(panel: Panel, plan: Plan) -> str | None:
    """Whether the unseen stretch lies where the series has hardly ever been."""
    found = 0
    for row in panel.raw[:200]:
        before, after = row[: plan.test_cut], row[plan.test_cut :]
        before, after = before[~np.isnan(before)], after[~np.isnan(after)]
        if len(before) > 20 and len(after) > 5:
            low, high = np.quantile(before, [0.02, 0.98])
            found += not low <= np.median(after) <= high
    if not found:
        return None
    if panel.count == 1:
        return "The last stretch lies where the series has hardly ever been: its level has shifted, and may again."
    return f"In {found} series the last stretch lies where the series has hardly ever been."


def _new_season(panel: Panel, plan: Plan, seasons: Seasons) -> str | None:
    """Whether the first series' season has another shape on the unseen stretch than before it, or is new there."""
    lag = seasons.lag
    before, after = panel.raw[0, : plan.test_cut], panel.raw[0, plan.test_cut :]
    if lag < 3 or min(len(before), len(after)) < 4 * lag:
        return None
    sure = [phase_test(np.diff(part), lag) for part in (before, after)]
    if sure[1] <= _SURE:
        return None
    if sure[0] < _NONE:
        return f"On the last stretch there is a cycle of {lag} steps that was not there before."
    shapes = []
    for first, part in ((0, before), (plan.test_cut, after)):
        change, phase = np.diff(part), (np.arange(first + 1, first + len(part)) + panel.offsets[0]) % lag
        shapes.append([np.nanmedian(change[phase == p]) if (~np.isnan(change[phase == p])).any() else 0.0
                       for p in range(lag)])  # fmt: skip
    alike = np.corrcoef(shapes)[0, 1] if sure[0] > _SURE else 1.0
    return None if alike >= _ALIKE else f"The season of {lag} steps has another shape on the last stretch than before."


def _pictures(series, panel, plan, choice, test, options, floor) -> dict[str, Any]:
    """Numbers for the report, thinned to what a screen shows; the first few series."""
    shown = []
    for i in range(min(len(series), _SHOWN)):
        values = series.values[i]
        first = max(0, len(values) - _POINTS)
        entry: dict[str, Any] = {
            "id": series.ids[i], "times": series.time_texts(i, first, len(values) - first),
            "values": _plain(values[first:]),
        }  # fmt: skip
        if test is not None:
            lead = panel.length - len(values)
            at = test.origins + 1 - lead
            good = at >= first
            entry["unseen"] = {"at": (at[good] - first).tolist(), "predicted": _plain(test.answer[i, good, 0])}
            entry["phase"] = _by_phase(panel, plan, test, i)
        shown.append(entry)
    season = panel.season
    shape = None
    if 1 < season <= 400:
        recent = panel.filled[: min(len(series), 200), -min(panel.length // season, 12) * season :]
        cycles = recent.reshape(len(recent), -1, season)
        scale = np.abs(cycles).mean(axis=(1, 2))[:, None]
        around = (cycles - cycles.mean(axis=2, keepdims=True)).mean(axis=1) / np.where(scale > 0, scale, 1.0)
        start = (panel.offsets[: len(recent)] + panel.length - recent.shape[1]) % season
        shape = _plain(np.mean([np.roll(row, int(at)) for row, at in zip(around, start, strict=True)], axis=0))
    return {"series": shown, "shape": shape, "phase_names": phase_names(series, season)}


def _by_phase(panel, plan, test, i: int) -> list[float | None]:
    """Mean absolute error one step ahead by phase of the season."""
    season = max(panel.season, 1)
    error = np.abs(test.answer[i, :, 0] - test.truth[i, :, 0])
    phase = (panel.offsets[i] + test.origins + 1) % season
    return [
        float(known_mean(error[phase == p])) if np.any(~np.isnan(error[phase == p])) else None for p in range(season)
    ]


def phase_names(series: SeriesSet, season: int) -> list[str]:
    """What the phases of the season are called: weekdays, months, hours, or numbers."""
    calendar = series.layout.calendar
    days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    if calendar.kind == "seconds" and season == 7 and calendar.name == "day":
        return days
    if calendar.kind == "weekdays" and season == len(calendar.weekdays):
        return [days[day] for day in calendar.weekdays]
    if calendar.kind == "months" and season == 12:
        return ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    return [str(phase + 1) for phase in range(season)]


def _plain(values: np.ndarray) -> list[float | None]:
    return [None if np.isnan(v) else float(f"{v:.7g}") for v in np.asarray(values, dtype=np.float64)]
