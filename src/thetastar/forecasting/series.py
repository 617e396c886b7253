"""From a long table to regular float64 series: sorted by time, on the grid of a calendar, gaps and all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from thetastar.data.table import Table
from thetastar.errors import InputError
from thetastar.forecasting.calendar import DAY, Calendar, OffGrid, find_calendar
from thetastar.forecasting.times import read_times, time_texts

__all__ = ["Layout", "SeriesSet", "read_series"]

_LONGEST = 2_000_000  # steps of one series, gaps included


@dataclass(frozen=True)
class Layout:
    """How a table is read, learned from the training table and kept by the model."""

    target: str
    time: str
    id: str | None
    spelling: str
    calendar: Calendar
    columns: tuple[str, ...] = ()
    duplicates: str = "refuse"

    @property
    def dates(self) -> bool:
        """Whether times are dates, not plain numbers."""
        return self.spelling != "number"


@dataclass(frozen=True, eq=False)
class SeriesSet:
    """One or many regular series.

    Attributes:
        layout: how the table was read.
        ids: (n,) labels; ("",) for a single series without an id column.
        anchors: (n,) the time that steps are counted from.
        starts: (n,) the position of each series' first step after its anchor.
        values: for each series (T_i,) float64, nan where a value is missing or there is no row.
        columns: for each further column, for each series, its numbers.
        rows: for each series (T_i,) the table's row of each step, -1 where there is none.
        notes: what was done to the rows, in sentences.
    """

    layout: Layout
    ids: tuple[str, ...]
    anchors: np.ndarray
    starts: np.ndarray
    values: list[np.ndarray]
    columns: dict[str, list[np.ndarray]]
    rows: list[np.ndarray]
    notes: tuple[str, ...] = ()
    positions_of_rows: np.ndarray | None = field(default=None, repr=False)  # (rows,) step of each row in its series
    series_of_rows: np.ndarray | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def lengths(self) -> np.ndarray:
        """(n,) how many steps each series has, gaps included."""
        return np.array([len(values) for values in self.values])

    def times(self, index: int, first: int, count: int) -> np.ndarray:
        """(count,) the times of steps of one series, counted from its first; they may lie in the future."""
        positions = self.starts[index] + np.arange(first, first + count)
        return self.layout.calendar.times(float(self.anchors[index]), positions)

    def time_texts(self, index: int, first: int, count: int) -> list[str]:
        """The same as texts."""
        return time_texts(self.times(index, first, count), dates=self.layout.dates)

    def gaps(self) -> list[tuple[int, int, int]]:
        """(series, first step, steps) of every stretch without a value."""
        found = []
        for index, values in enumerate(self.values):
            edges = np.flatnonzero(np.diff(np.concatenate([[0], np.isnan(values), [0]])))
            found += [(index, int(a), int(b - a)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
        return found

    def ended(self) -> tuple[SeriesSet, dict[str, list[np.ndarray]]]:
        """The series up to their last value; and, for each column, what stands in the rows after it.

        Rows at the end without a value are the future: what is known of it stands in their further columns.
        """
        ends = [int(np.flatnonzero(~np.isnan(v))[-1]) + 1 if (~np.isnan(v)).any() else len(v) for v in self.values]
        ahead = {
            name: [part[end:] for part, end in zip(parts, ends, strict=True)] for name, parts in self.columns.items()
        }
        kept = {
            name: [part[:end] for part, end in zip(parts, ends, strict=True)] for name, parts in self.columns.items()
        }
        values = [v[:end] for v, end in zip(self.values, ends, strict=True)]
        rows = [r[:end] for r, end in zip(self.rows, ends, strict=True)]
        return replace(self, values=values, rows=rows, columns=kept), ahead


def read_series(
    table: Table,
    target: str,
    time: str,
    id: str | None = None,
    *,
    columns: Sequence[str] = (),
    duplicates: str = "refuse",
    layout: Layout | None = None,
    need_target: bool = True,
) -> SeriesSet:
    """Read a long table as regular series.

    Args:
        table: rows in any order.
        target, time, id: its columns; without an id all rows are one series.
        columns: further columns of numbers to carry along.
        duplicates: "refuse", or what to do with rows of the same id and time: "sum" or "mean".
        layout: how the model's training table was read; the same rules are then applied.
        need_target: False for tables of the future, which hold only known columns.

    Raises:
        InputError: a column is missing or of the wrong kind, a time is missing, stands twice, or is off the grid.
    """
    times = read_times(table, time, None if layout is None else layout.spelling)
    notes = []
    if layout is None and times.ambiguous:
        notes.append(
            f"The dates of {time!r} can be read in two orders; they are read as {times.spelling}. Write them like "
            "2024-01-31 if that is wrong."
        )
    if need_target or target in table:
        goal = _numbers(table, target, "the target")
    else:
        goal = np.full(table.row_count, np.nan)
    extra = {name: _numbers(table, name, "the column") for name in columns}
    codes, labels = _identities(table, id)
    missing = np.isnan(times.values)
    if missing.any():
        row = int(np.argmax(missing))
        raise InputError(f"{table.place(row, time)}: the time is missing. Every row needs one; remove or complete it.")
    order = np.lexsort((np.arange(len(codes)), times.values, codes))
    if not np.array_equal(order, np.arange(len(order))) and not _only_ids_change(codes, times.values):
        notes.append("The rows were not in order of time; they were sorted.")
    cuts = np.flatnonzero(np.diff(codes[order])) + 1
    rows_by_series = np.split(order, cuts)
    sorted_times = [times.values[rows] for rows in rows_by_series]
    unique = [np.unique(each) for each in sorted_times]
    calendar = layout.calendar if layout is not None else _calendar(table, time, unique, rows_by_series, times.dates)
    layout = layout or Layout(target, time, id, times.spelling, calendar, tuple(columns), duplicates)

    result = _Gathered(layout, [], [], [], {name: [] for name in columns}, [])
    positions_of_rows = np.empty(len(order), dtype=np.int64)
    series_of_rows = np.empty(len(order), dtype=np.int64)
    twins: list[np.ndarray] = []
    for index, (rows, when, distinct) in enumerate(zip(rows_by_series, sorted_times, unique, strict=True)):
        anchor = calendar.anchor(distinct)
        try:
            positions = calendar.positions(when, anchor)
        except OffGrid as off:
            raise InputError(_off_grid(table, time, rows, off)) from None
        start = int(positions[0])
        steps = positions - start
        positions_of_rows[rows], series_of_rows[rows] = steps, index
        if steps[-1] >= min(_LONGEST, 2000 + 200 * len(rows)):
            raise InputError(
                f"{table.source}: the times of {time!r} span {steps[-1] + 1:,} steps of a {calendar.name}, but there "
                f"are {len(rows):,} rows. Check for a wrong date: {_span(when, times.dates)}."
            )
        twins += _same_step(rows, steps)
        result.add(anchor, start, steps, rows, goal, extra, duplicates)
    _judge_twins(table, time, id, times, twins, calendar, duplicates, notes)
    return SeriesSet(
        layout, tuple(labels), np.array(result.anchors), np.array(result.starts), result.values, result.columns,
        result.rows, tuple(notes), positions_of_rows, series_of_rows,
    )  # fmt: skip


@dataclass
class _Gathered:
    layout: Layout
    anchors: list[float]
    starts: list[int]
    values: list[np.ndarray]
    columns: dict[str, list[np.ndarray]]
    rows: list[np.ndarray]

    def add(self, anchor, start, steps, rows, goal, extra, duplicates) -> None:
        """Put one series' rows on its grid; rows of one step are summed or averaged."""
        count = int(steps[-1]) + 1
        place = np.full(count, -1, dtype=np.int64)
        place[steps] = rows
        self.anchors.append(anchor)
        self.starts.append(start)
        self.rows.append(place)
        self.values.append(_on_grid(goal[rows], steps, count, "sum" if duplicates == "sum" else "mean"))
        for name, numbers in extra.items():
            self.columns[name].append(_on_grid(numbers[rows], steps, count, "mean"))


def _on_grid(numbers: np.ndarray, steps: np.ndarray, count: int, how: str) -> np.ndarray:
    known = ~np.isnan(numbers)
    many = np.bincount(steps[known], minlength=count)
    if many.max(initial=0) <= 1:  # the usual case keeps every bit
        grid = np.full(count, np.nan)
        grid[steps[known]] = numbers[known]
        return grid
    total = np.bincount(steps[known], weights=numbers[known], minlength=count)
    with np.errstate(invalid="ignore"):
        return np.where(many > 0, total if how == "sum" else total / np.maximum(many, 1), np.nan)


def _numbers(table: Table, name: str, word: str) -> np.ndarray:
    column = table.column(name)
    if column.numbers is None and column.native == "boolean":
        return np.where(column.codes < 0, np.nan, column.codes).astype(np.float64)
    if column.numbers is None:
        shown = ", ".join(repr(text) for text in column.examples(2))
        raise InputError(f"{table.source}: {word} {name!r} must hold numbers; it holds texts such as {shown}.")
    infinite = np.isinf(column.numbers)
    if infinite.any():
        raise InputError(f"{table.place(int(np.argmax(infinite)), name)}: the number is infinite. Mend or empty it.")
    return column.numbers.astype(np.float64)


def _identities(table: Table, id: str | None) -> tuple[np.ndarray, Sequence[str]]:
    """(n,) the series of each row, numbered by first appearance, and their labels."""
    if id is None:
        return np.zeros(table.row_count, dtype=np.int64), ("",)
    codes, levels = table.column(id).coded
    if (codes < 0).any():
        row = int(np.argmax(codes < 0))
        raise InputError(f"{table.place(row, id)}: the id is missing. Every row needs one; remove or complete it.")
    used, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(used), dtype=np.int64)
    rank[order] = np.arange(len(used))
    return rank[inverse], [str(levels[code]) for code in used[order]]


def _only_ids_change(codes: np.ndarray, times: np.ndarray) -> bool:
    """Whether every series' rows are in order of time among themselves, as in a table sorted by time."""
    order = np.argsort(codes, kind="stable")
    steps = np.diff(times[order])
    return bool(np.all(steps[np.diff(codes[order]) == 0] >= 0))


def _calendar(table, time, unique, rows_by_series, dates) -> Calendar:
    if max(len(times) for times in unique) < 3:
        raise InputError(
            f"{table.source}: no series has three different times in {time!r}; a step cannot be told from fewer. "
            "Add rows" + ("." if len(unique) == 1 else ", or check that the id column says whose row it is.")
        )
    try:
        return find_calendar(unique, dates=dates)
    except OffGrid as off:
        raise InputError(_off_grid(table, time, rows_by_series[0], off)) from None


def _off_grid(table: Table, time: str, rows: np.ndarray, off: OffGrid) -> str:
    wrong = rows[np.clip(off.rows, 0, len(rows) - 1)]
    lines = ", ".join(str(table.line(int(row))) for row in wrong[:5]) + (", …" if len(wrong) > 5 else "")
    word = "row" if table.locate is None else "line"
    return (
        f"{table.source}, {word}{'s' * (len(wrong) > 1)} {lines}, column {time!r}: this time is on no step; "
        f"{off.rule}. Mend or remove these rows; a time is never shifted."
    )


def _span(times: np.ndarray, dates: bool) -> str:
    first, last = time_texts(np.array([times[0], times[-1]]), dates=dates)
    return f"they go from {first} to {last}"


def _same_step(rows: np.ndarray, steps: np.ndarray) -> list[np.ndarray]:
    """The rows that share a step, group by group."""
    same = np.flatnonzero(steps[1:] == steps[:-1])
    if not len(same):
        return []
    groups = np.split(same, np.flatnonzero(np.diff(same) > 1) + 1)
    return [rows[group[0] : group[-1] + 2] for group in groups]


def _judge_twins(table, time, id, times, twins, calendar, duplicates, notes) -> None:
    """Refuse rows of the same time, unless asked to combine them, or where clocks were turned back."""
    if not twins:
        return
    many = f"{len(twins):,} time{'s' * (len(twins) != 1)}"
    if duplicates != "refuse":
        notes.append(f"{many} stood more than once; the rows were {'summed' if duplicates == 'sum' else 'averaged'}.")
        return
    if times.dates and calendar.kind == "seconds" and calendar.step < DAY and _clock_turned(times.values, twins):
        notes.append(
            f"{many} stood twice at the end of summer time, where an hour comes twice on the clock; each pair was "
            "averaged, so that every day keeps the same number of steps."
        )
        return
    word = "rows" if table.locate is None else "lines"
    shown = "; ".join(
        f"{time_texts(times.values[group[:1]], dates=times.dates)[0]} in {word} "
        + " and ".join(str(table.line(int(row))) for row in group[:4])
        for group in twins[:3]
    )
    rest = f"; and {len(twins) - 3:,} more" if len(twins) > 3 else ""
    whose = "" if id is None else f" for one {id!r}"
    advice = "" if id is not None else " If the table holds several series, name the column that tells them apart (id)."
    raise InputError(
        f"{table.source}, column {time!r}: the same time stands more than once{whose} ({shown}{rest}). Remove rows, or "
        f"say what to do with them: duplicates='sum' or 'mean'.{advice}"
    )


def _clock_turned(values: np.ndarray, twins: list[np.ndarray]) -> bool:
    """Whether all pairs lie in the small hours of a Sunday in spring or autumn, at most one such day a half-year."""
    if any(len(group) != 2 for group in twins):
        return False
    seconds = np.array([values[group[0]] for group in twins])
    days = np.unique(np.floor(seconds / DAY).astype(np.int64))
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12 + 1
    small_hours = bool(np.all(seconds % DAY < 4 * 3600))
    sunday = bool(np.all((days + 3) % 7 == 6))
    return (
        small_hours and sunday and bool(np.isin(months, (3, 4, 9, 10, 11)).all()) and bool((np.diff(days) > 90).all())
    )
