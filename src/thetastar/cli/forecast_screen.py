"""What is seen while a forecast is made, and at its end: plain lines, with a moving line in a terminal."""

from __future__ import annotations

from typing import Any

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from thetastar._files import where_written
from thetastar.cli.screen import make_screen
from thetastar.report.numbers import count, duration, score

__all__ = ["ForecastScreen"]

_ROWS = 12  # of the board, and of the forecast


class ForecastScreen:
    """Called with what is being done; `finish` shows the result."""

    def __init__(self) -> None:
        self.console = make_screen().console
        self._status: Any = None

    def __enter__(self) -> ForecastScreen:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def __call__(self, text: str) -> None:
        if not self.console.is_terminal:
            return
        if self._status is None:
            self._status = self.console.status(escape(text), spinner="dots")
            self._status.start()
        self._status.update(escape(text))

    def stop(self) -> None:
        """Leave the terminal as it was."""
        if self._status is not None:
            self._status.stop()
            self._status = None

    def heading(self, text: str) -> None:
        """A line that starts a part."""
        self.console.print()
        self.console.print(Text(text, style="bold"))

    def finish(self, model: Any, out: Any) -> None:
        """What was read, the board, the test, the words, the forecast, and where the files lie."""
        self.stop()
        record, say = model.record, self.console.print
        many = f"{count(record.series)} series, the longest with " if record.series > 1 else ""
        say(Text(f"{record.source}: {many}{count(record.steps)} steps of a {record.frequency}, "
                 f"{record.first} to {record.last}. {record.season_words}"))  # fmt: skip
        if record.gap_steps:
            where = ", ".join(gap.first if gap.steps == 1 else f"{gap.first} to {gap.last}" for gap in record.gaps[:3])
            more = ", …" if len(record.gaps) > 3 else ""
            say(Text(f"{count(record.gap_steps)} steps have no value ({where}{more}): {record.gap_rule}."))
        for note in record.notes:
            say(Text(note))
        if record.board:
            self.heading("Validation: error relative to the seasonal naive's, lower is better")
            say(_board(record))
        if record.unseen is not None:
            unseen = record.unseen
            self.heading(
                f"Test: {unseen.first} to {unseen.last}, which nothing had seen, {count(unseen.origins)} origins"
            )
            say(_test(record))
        if record.lecture:
            self.heading("The lecture's table: mean absolute error, seen and unseen")
            say(_lecture_table(record.lecture))
            for sentence in record.lecture["words"]:
                say(Text(sentence))
        self.heading("Verdict")
        for sentence in record.verdict:
            say(Text(sentence))
        if record.distrust:
            self.heading("What to distrust")
            for sentence in record.distrust[:6]:
                say(Text(f"- {sentence}"))
        if model.sees_ahead():
            self.heading("Forecast")
            say(_forecast(model))
        self._files(record, out, model)

    def _files(self, record: Any, out: Any, model: Any) -> None:
        if out is None:
            self.heading(
                f"Done in {duration(record.seconds)}. Nothing was saved: add --out DIR to keep model and report."
            )
            return
        self.heading(f"Done in {duration(record.seconds)}. The results:")
        place = where_written(out)
        files = [("report.html", "open it in a browser"), ("model.theta", "forecast on with it")]
        files += [("forecast.csv", "the next steps")] if model.sees_ahead() else []
        for name, about in files:
            self.console.print(
                Text(f"  {place / name}", style="cyan"), Text(f"  {about}", style="dim"), sep="", soft_wrap=True
            )
        self.console.print(
            Text(f"Next: thetastar predict {place / 'model.theta'} NEW_ROWS --horizon {model.horizon}", style="dim"),
            soft_wrap=True,
        )


def _board(record: Any) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("method", "error", "± over time", "share"):
        table.add_column(name, justify="left" if name == "method" else "right", overflow="fold")
    rows = [row for place, row in enumerate(record.board) if place < _ROWS or row.weight or row.baseline]
    for row in rows:
        relative = row.spread * row.error / row.mae if row.spread and row.mae and row.error else None
        style = "bold" if row.weight else "yellow" if row.baseline else ""
        table.add_row(
            Text(row.name, style=style), "failed" if row.error is None else f"{row.error:.3f}",
            "" if relative is None else f"{relative:.3f}", f"{100 * row.weight:.0f} %" if row.weight else "",
        )  # fmt: skip
    return table


def _test(record: Any) -> Table:
    unseen = record.unseen
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("method", "mae", "rmse", "smape (%, of 200)", f"mase (lag {unseen.mase_lag})"):
        table.add_column(name, justify="left" if name == "method" else "right", overflow="fold")

    def add(name: str, found: dict[str, Any], style: str) -> None:
        cells = [score(found[key], key, 4) for key in ("mae", "rmse", "smape", "mase")]
        table.add_row(Text(name, style=style), *cells)

    add(record.chosen, {key: getattr(unseen, key) for key in ("mae", "rmse", "smape", "mase")}, "bold")
    for name, found in sorted(unseen.baselines.items(), key=lambda item: (item[1]["mae"] is None, item[1]["mae"] or 0)):
        if name != record.chosen:
            add(name, found, "yellow")
    return table


def _forecast(model: Any) -> Table:
    rows = model.rows()
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in rows[0]:
        table.add_column(name, justify="left" if name in ("id", "time") else "right")
    for row in rows[:_ROWS]:
        table.add_row(*(Text(value) if isinstance(value, str) else score(value, None, 4) for value in row.values()))
    if len(rows) > _ROWS:
        table.add_row(f"… and {len(rows) - _ROWS:,} more", *([""] * (len(rows[0]) - 1)))
    return table


def _lecture_table(lecture: dict[str, Any]) -> Any:
    """The table for a terminal."""
    from rich.table import Table

    from thetastar.report.numbers import score

    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("model", "parameters", "seen", "unseen", "spread of starts"):
        table.add_column(name, justify="left" if name == "model" else "right", overflow="fold")
    for row in lecture["rows"]:
        spread = "" if row["unseen_spread"] is None else f"± {score(row['unseen_spread'], 'mae', 3)}"
        table.add_row(
            row["name"], f"{row['parameters']:,}", score(row["seen"], "mae", 4), score(row["unseen"], "mae", 4), spread
        )
    return table
