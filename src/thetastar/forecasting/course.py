"""`forecast`: from a table to a forecast that was chosen honestly, read from top to bottom."""

from __future__ import annotations

import time as clock
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from thetastar._files import make_folder
from thetastar._signatures import names_nearest
from thetastar.data import read_table
from thetastar.data.table import Table
from thetastar.errors import InputError
from thetastar.forecasting.candidates import default_history
from thetastar.forecasting.choose import Choice, choose, fit_all, learned_again
from thetastar.forecasting.folder import write_folder
from thetastar.forecasting.frames import frame_kind
from thetastar.forecasting.intervals import Unseen
from thetastar.forecasting.leaks import suspects
from thetastar.forecasting.methods.contract import Fitted, Method
from thetastar.forecasting.methods.simple import LastValue, SeasonalNaive
from thetastar.forecasting.model import ForecastModel, combined
from thetastar.forecasting.one_thread import one_thread
from thetastar.forecasting.options import ForecastOptions
from thetastar.forecasting.origins import Plan, make_plan
from thetastar.forecasting.panel import Panel, make_panel
from thetastar.forecasting.seasons import Seasons, find_seasons
from thetastar.forecasting.series import SeriesSet, read_series
from thetastar.forecasting.summary import make_record

__all__ = ["forecast"]

_COLUMNS = 12  # further columns that are used without being named
_REACH = (
    60  # steps that the intervals of a shorter horizon are measured for, because forecasts may be asked for further
)
_STORED = 500_000  # unseen forecasts that a model keeps
_EXAMPLES = 10  # steps beside history and horizon that a linear function learns from at least
_LARGEST = 1e100  # values of which no square can be taken are no measurements


_ELSEWHERE = {
    "h": "horizon", "steps": "horizon", "lags": "history", "level": "levels", "frequency": "season", "ds": "time",
    "y": "target", "unique_id": "id", "n_jobs": "threads", "random_state": "seed",
} | dict.fromkeys(("sample_weight", "weight", "weights"), "The steps of a forecast count alike: it has no weights of "
                  "rows. ts.fit has, for tables.")  # fmt: skip


@names_nearest(_ELSEWHERE)
def forecast(
    data: Any, target: str, time: str, id: str | None = None, horizon: int = 1, history: Any = None, known: Any = None,
    levels: Any = (80, 95), *, past: Any = None, season: int | None = None, duplicates: str = "refuse",
    gaps: str = "season", unseen: int | None = None, methods: Sequence[str] | None = None, seed: int = 0,
    threads: int | None = None, out: Any = None, lecture: bool = False, progress: Callable[[str], None] | None = None,
) -> ForecastModel:  # fmt: skip
    """Forecast a column of a table whose rows follow one another in time.

    Plain rivals, smoothing, linear functions, trees and networks compete by rolling origin on a validation stretch; an
    average of the best, or a baseline where that is as good, is tested once on the last stretch, and then learns from
    everything. Where a baseline wins, the forecast is the baseline's.

    Args:
        data: a path, a data frame, an Arrow table or a dict of columns; rows in any order.
        target: the column to forecast.
        time: the column that says when: dates in any spelling, or numbers with a constant step.
        id: the column that says which series a row belongs to; without it all rows are one series.
        horizon: steps forecast at once; a model forecasts further by recursion.
        history: how many last values linear methods and networks see, such as (1, 7, 28, 56); found if not given.
        known: names of columns that are known ahead.
        levels: of the intervals, in percent; 0.8 is read as 80.
        past: names of further columns, known up to now; all columns of numbers if not given, () for none.
        season: steps of the season; found if not given, 1 for none.
        duplicates: "refuse", "sum" or "mean" for rows of the same time.
        gaps: "season" (a missing value is read as the one a season before), "zero" or "missing".
        unseen: steps at the end that only test; a fifth if not given.
        methods: names, or beginnings of names, of the methods that may compete.
        seed: of the networks' starts; the same seed gives the same bits on any number of threads.
        threads: at most so many; every core if not given.
        out: a folder for model.theta, report.html and forecast.csv.
        lecture: also make the lecture's table (see `forecasting.lecture`), which the report shows.
        progress: called with what is being done.

    Returns:
        A `ForecastModel`: `forecast`, `predict`, `extended`, `evaluate`, `report`, `save`.

    Raises:
        InputError: an option or the table cannot be used; the message says where and what to do.

    Example:
        >>> rows = {"day": [f"2024-01-{d:02d}" for d in range(1, 29)], "sold": [5, 6, 7, 8, 9, 2, 1] * 4}
        >>> model = forecast(rows, target="sold", time="day", horizon=7)
        >>> [row["prediction"] for row in model.rows()]
        [5.0, 6.0, 7.0, 8.0, 9.0, 2.0, 1.0]

    Source: lectures 1 and 3; Hyndman and Athanasopoulos 2021.
    """
    with one_thread():
        return _forecast(
            data, progress or (lambda text: None), lecture, target=target, time=time, id=id, horizon=horizon,
            history=history, known=known, past=past, levels=levels, season=season, duplicates=duplicates, gaps=gaps,
            unseen=unseen, methods=methods, seed=seed, threads=threads, out=out,
        )  # fmt: skip


def _forecast(data: Any, say: Callable[[str], None], lecture: bool, **given: Any) -> ForecastModel:
    began = clock.perf_counter()
    options = ForecastOptions.checked(**given)
    if options.out is not None:
        make_folder(options.out)
    say("reading")
    table = read_table(data)
    columns, notes = _columns(table, options)
    series = read_series(
        table, options.target, options.time, options.id, columns=columns, duplicates=options.duplicates
    )
    _check_values(table, series, options)
    series, ahead = _ended(series, options, notes)
    seasons, panel, plan = _prepared(series, options)
    leaks = suspects(panel, plan.test_cut if plan else panel.length, options.horizon)
    if leaks and (gone := [name for name in leaks if name not in options.known]):
        notes.append(f"Left out, because {'it seems' if len(gone) == 1 else 'they seem'} to hold the future: "
                     f"{', '.join(map(repr, gone))}.")  # fmt: skip
        series = _without(series, gone)
        seasons, panel, plan = _prepared(series, options)
    room = (plan.validation_cut if plan else panel.length) - int(np.median(panel.begin))
    history = _history(options, panel, room, notes)
    floor = _floor(panel)
    choice, components, unseen_forecasts, test = None, {}, None, None
    if plan is None:
        components, weights = _too_short(panel, seasons)
        notes.append(
            f"{panel.length} steps are too few to hold some back: nothing was compared, and the intervals are guesses "
            "from the steps between neighbours."
        )
    else:
        only = None if options.methods is None else list(options.methods)
        choice = choose(panel, plan, history, seasons.lag, seed=options.seed, threads=options.threads, only=only,
                        progress=say)  # fmt: skip
        say("the test")
        weights = [(steps.start, steps.stop, shares) for steps, shares in choice.weights]
        test = _Tested(panel, plan, choice, weights, floor, options.threads)
        unseen_forecasts = test.unseen
        say("learning from everything")
        final = learned_again(choice, panel, plan)
        weights = [(steps.start, steps.stop, shares) for steps, shares in final]
        used = [choice.methods[name] for name in choice.methods if any(name in shares for _, shares in final)]
        components = fit_all(used, panel, panel.length, plan.horizon, options.threads)
    table_of_lecture = None
    if lecture:
        from thetastar.forecasting.lecture import make_lecture

        say("the lecture's table")
        own = panel.filled[0, panel.length - int(series.lengths[0]) :]
        table_of_lecture = make_lecture(series, own, seed=options.seed, threads=options.threads)
    settings = options.model_dump(mode="json", exclude={"out", "threads"})
    record = make_record(
        table, series, panel, seasons, plan, choice, test, weights, history, options, leaks, notes, floor, settings,
        table_of_lecture, clock.perf_counter() - began, ahead,
    )  # fmt: skip
    model = ForecastModel(
        series, panel.season, panel.year, options.known, options.gaps, options.horizon, options.levels, components,
        weights, floor, unseen_forecasts, record, frame_kind(data), ahead,
    )  # fmt: skip
    if options.out is not None:
        say("writing")
        write_folder(model, options.out)
    return model


def _prepared(series: SeriesSet, options: ForecastOptions) -> tuple[Seasons, Panel, Plan | None]:
    """Season, panel and stretches; the season is looked for outside of the test."""
    first = make_panel(series, known=options.known, gaps=options.gaps)
    plan = make_plan(first, options.horizon, unseen=options.unseen)
    held = first.length - plan.test_cut if plan else 0
    seasons = find_seasons(series, given=options.season, unseen=held)
    panel = make_panel(series, season=seasons.used, year=seasons.used_year, known=options.known, gaps=options.gaps)
    return seasons, panel, plan.at_all_phases(seasons.used) if plan else None


class _Tested:
    """The one test: the choice and the baselines, fitted before the last stretch and forecast from its origins."""

    def __init__(self, panel: Panel, plan: Plan, choice: Choice, weights, floor, threads) -> None:
        self.origins = plan.test_origins
        self.truth = panel.truth(self.origins, plan.horizon)
        used = [choice.methods[name] for name in choice.fitted]
        rivals = [m for m in choice.methods.values() if m.baseline and m not in used]
        fitted = fit_all([*used, *rivals], panel, plan.test_cut, plan.horizon, threads)
        reach = max(plan.horizon, min(_REACH, panel.length - plan.test_cut))
        self.components = {method.name: fitted[method.name] for method in used}
        self.answer = combined(self.components, weights, panel, self.origins, plan.horizon, floor)
        self.baselines = {
            m.name: fitted[m.name].forecast(panel, self.origins, plan.horizon)
            for m in choice.methods.values() if m.baseline
        }  # fmt: skip
        before = _unseen(panel, plan.validation_origins, choice.fitted, weights, floor, reach, choice.cross)
        after = _unseen(panel, self.origins, self.components, weights, floor, reach, self.answer)
        self.before = before
        self.unseen = Unseen(
            np.concatenate([before.origins, after.origins]), np.concatenate([before.forecasts, after.forecasts], axis=1)
        )


def _unseen(panel, origins, components, weights, floor, reach, made) -> Unseen:
    """Forecasts from unseen origins as far as the reach; `made` are those of the horizon, which stand as they are.

    Where there would be too many to keep, origins are thinned evenly, the newest is kept.
    """
    most = max(20, _STORED // (2 * panel.count * reach))
    stride = -(-len(origins) // most)
    kept = np.arange(len(origins) - 1, -1, -stride)[::-1]
    horizon = made.shape[2]
    forecasts = made[:, kept]
    if reach > horizon:
        further = combined(components, weights, panel, origins[kept], reach, floor)
        forecasts = np.concatenate([forecasts, further[..., horizon:]], axis=2)
    if floor is not None:
        forecasts = np.fmax(forecasts, np.where(np.isnan(floor), -np.inf, floor)[:, None, None])
    return Unseen(origins[kept], forecasts)


def _columns(table: Table, options: ForecastOptions) -> tuple[tuple[str, ...], list[str]]:
    """The further columns that are read, and what there is to say about others."""
    own = {options.target, options.time, options.id}
    for name in (options.target, options.time, *([options.id] if options.id else [])):
        table.column(name)
    if len({options.target, options.time, options.id}) < 3:
        raise InputError(f"{table.source}: target, time and id must be different columns. Got {options.target!r}, "
                         f"{options.time!r} and {options.id!r}.")  # fmt: skip
    for word, names in (("known", options.known), ("past", options.past or ())):
        for name in names:
            table.column(name)
            if name in own:
                raise InputError(f"{table.source}: {word}={name!r} is the target, the time or the id. Leave it out.")
    if options.past is not None:
        return (*options.known, *(name for name in options.past if name not in options.known)), []
    others = [
        column.name for column in table.columns
        if column.name not in own and column.name not in options.known
        and (column.numbers is not None or column.native == "boolean") and column.distinct > 1
        and not _counts_rows(column)
    ]  # fmt: skip
    if len(others) > _COLUMNS:
        return options.known, [
            f"The {len(others)} further columns of numbers are not used: more than {_COLUMNS} are only when they are "
            "named (past)."
        ]
    return (*options.known, *others), []


def _counts_rows(column) -> bool:
    """Whether a column only numbers the rows."""
    if column.numbers is None or len(column.numbers) < 3:
        return False
    steps = np.diff(column.numbers)
    return bool(np.all(steps == steps[0]))


def _check_values(table: Table, series: SeriesSet, options: ForecastOptions) -> None:
    known = sum(int((~np.isnan(v)).sum()) for v in series.values)
    largest = max((float(np.nanmax(np.abs(v))) for v in series.values if (~np.isnan(v)).any()), default=0.0)
    if largest > _LARGEST:
        raise InputError(f"{table.source}: the target {options.target!r} reaches {largest:.3g}, and only values up to "
                         f"{_LARGEST:g} can be forecast. Give it in another unit.")  # fmt: skip
    if known == 0:
        raise InputError(f"{table.source}: the target {options.target!r} is empty. Name a column with values.")
    empty = [label for label, v in zip(series.ids, series.values, strict=True) if np.isnan(v).all()]
    if empty:
        shown = ", ".join(map(repr, empty[:5])) + (", …" if len(empty) > 5 else "")
        raise InputError(f"{table.source}: the target is empty for the series {shown}. Leave these out.")


def _ended(
    series: SeriesSet, options: ForecastOptions, notes: list[str]
) -> tuple[SeriesSet, dict[str, list[np.ndarray]]]:
    """The series up to their last values, and what is known of the future from the rows after these."""
    if options.gaps == "zero" and not options.known:
        return series, {}  # an empty row at the end is a zero like any other
    ended, ahead = series.ended()
    many = int((series.lengths - ended.lengths).max())
    if many:
        notes.append(
            f"The last {many} step{'s have' if many > 1 else ' has'} no value: the forecast begins there"
            + (f", with what these rows say of {', '.join(map(repr, options.known))}." if options.known else ".")
        )
    return ended, {name: parts for name, parts in ahead.items() if name in options.known}


def _history(options: ForecastOptions, panel: Panel, room: int, notes: list[str]) -> tuple[int, ...]:
    """The lags of linear methods and networks: those asked for that there are examples of, else the usual ones."""
    if options.history is None:
        return default_history(panel.season, room)
    kept = tuple(lags for lags in options.history if lags + options.horizon + _EXAMPLES <= room)
    gone = [str(lags) for lags in options.history if lags not in kept]
    if not kept:
        raise InputError(
            f"history: {', '.join(gone)} steps and the horizon do not fit into the {room} steps that there are to "
            f"learn from. Use at most {max(room - options.horizon - _EXAMPLES, 1)}, or leave it out."
        )
    if gone:
        notes.append(
            f"A history of {' and '.join(gone)} steps is left out: there are {room} steps to learn from, without those "
            "that choose and test."
        )
    return kept


def _without(series: SeriesSet, names: list[str]) -> SeriesSet:
    from dataclasses import replace

    kept = tuple(name for name in series.layout.columns if name not in names)
    return replace(
        series, layout=replace(series.layout, columns=kept), columns={name: series.columns[name] for name in kept}
    )


def _floor(panel: Panel) -> np.ndarray:
    """(n,) 0 where no value was ever below it, else nan."""
    with np.errstate(all="ignore"):
        return np.where(np.nanmin(panel.raw, axis=1) >= 0, 0.0, np.nan)


def _too_short(panel: Panel, seasons: Seasons) -> tuple[dict[str, Fitted], list]:
    """The seasonal naive where there is a whole season, else the last value."""
    method: Method = SeasonalNaive(seasons.lag) if 1 < seasons.lag < panel.length else LastValue()
    return {method.name: method.fit(panel, panel.length, 1)}, [(0, 1, {method.name: 1.0})]
