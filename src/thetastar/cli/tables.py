"""Tables for the terminal: columns with their roles, the leaderboard, the test scores. They fit any width."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from thetastar.data.roles import LEFT_OUT
from thetastar.report.numbers import count, duration, score, shown, spread

if TYPE_CHECKING:
    from thetastar.model.record import ColumnRow, Record

__all__ = ["columns_table", "leaderboard_table", "role_words", "scores_table"]

_COLUMNS_SHOWN, _CANDIDATES_SHOWN = 16, 10
_TARGETS_SHOWN = 30


def _table(title: str | None = None) -> Table:
    return Table(
        title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0)
    )


def role_words(columns: Sequence[ColumnRow]) -> str:
    """`64 columns: 61 number, 3 constant (left out)`."""
    counts: dict[str, int] = {}
    for column in columns:
        counts[column.role] = counts.get(column.role, 0) + 1
    parts = [f"{number} {role}{' (left out)' if role in LEFT_OUT else ''}" for role, number in counts.items()]
    return f"{len(columns)} column{'s' if len(columns) != 1 else ''}: {', '.join(parts)}"


def columns_table(columns: Sequence[ColumnRow]) -> Table:
    """One row per column with its role and the reason; a long list is cut, columns that were left out stay."""
    table = _table()
    table.add_column("column", overflow="ellipsis", no_wrap=True, max_width=30)
    table.add_column("role", no_wrap=True)
    table.add_column("missing", justify="right", no_wrap=True)
    table.add_column("why", overflow="fold")
    picked = columns
    if len(columns) > _COLUMNS_SHOWN + 4:
        noted = [column for column in columns if column.role in LEFT_OUT or column.missing or column.overridden]
        plain = [column for column in columns if column not in noted]
        keep = [
            id(column)
            for column in (noted[: _COLUMNS_SHOWN - 4] + plain + noted[_COLUMNS_SHOWN - 4 :])[:_COLUMNS_SHOWN]
        ]
        picked = [column for column in columns if id(column) in keep]
    for column in picked:
        style = "dim" if column.role in LEFT_OUT else ""
        table.add_row(
            Text(shown(column.name)), column.role, count(column.missing) if column.missing else "",
            Text(shown(column.reason) + (" (set by you)" if column.overridden else ""), style="dim"), style=style,
        )  # fmt: skip
    if len(picked) < len(columns):
        table.add_row(Text(f"… and {len(columns) - len(picked)} more", style="dim"), "", "", "")
    return table


def leaderboard_table(record: Record) -> Table:
    """The best candidates and every baseline, best validation score first."""
    metric, rows = record.metric, record.leaderboard
    table = _table()
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("candidate", overflow="fold")
    table.add_column(metric.name, justify="right", no_wrap=True)
    table.add_column("± spread", justify="right", no_wrap=True)
    table.add_column("runs", justify="right", no_wrap=True)
    table.add_column("parameters", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    hidden = 0
    for row in rows:
        if row.rank > _CANDIDATES_SHOWN and row.kind == "network" and not row.chosen:
            hidden += 1
            continue
        mark = "◀ chosen" if row.chosen else "baseline" if row.kind == "baseline" else ""
        if count_in(record, row.name) and (row.kind == "baseline" or not row.chosen):
            mark = "◀ in the answer" if record.answer and record.answer.kind == "average" else "◀ the answer"
        if row.status != "finished":
            mark = row.status
        many = row.runs and row.runs > 1
        table.add_row(
            str(row.rank), Text(str(row.name)), score(row.validation_mean, metric.name, 4),
            spread(row.validation_std, metric.name) if many else "", count(row.runs),
            count(row.parameters) if row.parameters else "", Text(mark),
            style="bold" if row.chosen else "yellow" if row.kind == "baseline" else "",
        )  # fmt: skip
    if hidden:
        table.add_row("", Text(f"… and {hidden} more", style="dim"))
    return table


def count_in(record: Record, name: str) -> int:
    """How often a network or a baseline counts in the answer."""
    return 0 if record.answer is None else sum(part.count for part in record.answer.parts if part.name == name)


def answer_name(record: Record) -> str:
    """What the answer is called in a table."""
    answer = record.answer
    return "the network" if answer is None or answer.kind == "network" else answer.name


def scores_table(record: Record) -> Table:
    """Every test score of the answer with its interval, the others below: one row per model, so it stays narrow."""
    test, first = record.test, record.metric.name
    names = [first, *(name for name in test.scores if name != first)]
    intervals = test.intervals
    table = _table()
    table.add_column("", overflow="fold")
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_row(Text(answer_name(record)), *(score(test.scores[name], name) for name in names), style="bold")
    for end, words in enumerate(("  95 % interval from", "  to")):
        ends = [bounds[end] if (bounds := intervals.get(name)) else None for name in names]
        table.add_row(
            words, *(score(value, name) if value is not None else "" for value, name in zip(ends, names, strict=True))
        )
    if record.answer is not None and record.answer.alone:
        alone = record.answer.alone
        table.add_row(Text(f"the network {record.winner.name}"), *(score(alone.get(name), name) for name in names))
    for baseline, scores in test.baselines.items():
        if baseline == answer_name(record):
            continue
        table.add_row(Text(str(baseline)), *(score(scores.get(name), name) for name in names), style="yellow")
    return table


def targets_table(record: Record) -> Table:
    """Of several targets every score of each, with the best baseline's score and the constant's."""
    table, names = _table(), list(record.targets[0].test.scores)
    first = record.targets[0].metric
    names = [first, *(name for name in names if name != first)]
    rival = record.headline.rival
    table.add_column("target", overflow="fold")
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    if rival is not None:
        table.add_column(f"{first} of {rival}", justify="right", overflow="fold")
    for each in record.targets[:_TARGETS_SHOWN]:
        theirs = [] if rival is None else [score(each.test.baselines[rival].get(first), first)]
        table.add_row(Text(shown(each.name)), *(score(each.test.scores[name], name) for name in names), *theirs)
    if len(record.targets) > _TARGETS_SHOWN:
        table.add_row(Text(f"… and {len(record.targets) - _TARGETS_SHOWN} more in the report", style="dim"))
    return table


def quantiles_table(record: Record) -> Table:
    """Every level with the share of test rows below it, and the share between the outermost."""
    table, found = _table(), record.test.coverage
    for title in ("quantile", "should be below", "are below", "95 % interval"):
        table.add_column(title, justify="left" if title == "quantile" else "right", no_wrap=True)
    for line in record.test.quantiles:
        table.add_row(f"{line.level:g}", _percent(line.level), _percent(line.below), _between(line.interval))
    if found is not None:
        words = f"from {record.test.quantiles[0].level:g} to {record.test.quantiles[-1].level:g}"
        ends = _between(found.interval)
        table.add_row(f"{words}: between", _percent(found.nominal), _percent(found.observed), ends, style="bold")
    return table


def _percent(share: float) -> str:
    return score(share, "accuracy")


def _between(ends: tuple[float, float]) -> str:
    return f"{_percent(ends[0])} to {_percent(ends[1])}"


def time_words(seconds: float | None) -> str:
    """Time left, as in `41 s left`."""
    return "" if seconds is None else f"{duration(seconds)} left"
