"""What is seen while a study runs: a live line in a terminal, plain lines elsewhere. Both read the same events."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from thetastar.cli.result import files_in
from thetastar.cli.tables import (
    columns_table,
    leaderboard_table,
    quantiles_table,
    role_words,
    scores_table,
    targets_table,
    time_words,
)
from thetastar.report.numbers import count, duration, score

if TYPE_CHECKING:
    from thetastar.model.record import Record

__all__ = ["LiveScreen", "PlainScreen", "make_screen"]


class _Console(Console):
    """A console that goes silent when its reader leaves: the study still finishes and saves."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def make_screen(console: Console | None = None) -> PlainScreen:
    """The live screen where standard output is a terminal, plain lines otherwise."""
    if console is None:
        terminal = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        console = _Console(highlight=False) if terminal else _Console(highlight=False, width=110, no_color=True)
    return LiveScreen(console) if console.is_terminal else PlainScreen(console)


class PlainScreen:
    """One line per piece of news; the progress of the networks at most every few seconds."""

    every = 5.0

    def __init__(self, console: Console) -> None:
        self.console = console
        self.metric: str | None = None
        self._said, self._words = 0.0, ""
        self._columns_seen = False

    def __enter__(self) -> PlainScreen:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def __call__(self, event: dict[str, Any]) -> None:
        """Show one event of the study."""
        getattr(self, f"on_{event['kind']}", self.ignore)(event)

    def ignore(self, event: dict[str, Any]) -> None:
        """News of a kind that this screen does not know."""

    def stop(self) -> None:
        """Leave the terminal as it was."""

    def on_stage(self, event: dict[str, Any]) -> None:
        if not event["text"].startswith("Baseline:"):  # its score follows at once
            self.console.print(Text(event["text"]))

    def on_split(self, event: dict[str, Any]) -> None:
        """The rows are split in another way than was asked for: said before anything else."""
        self.console.print(Text(event["text"], style="bold"))

    def on_columns(self, event: dict[str, Any]) -> None:
        self._columns_seen = True
        self.console.print(Text(role_words(event["columns"])))

    def on_baseline(self, event: dict[str, Any]) -> None:
        row = event["row"]
        self.console.print(Text(f"baseline {row.name}: {score(row.validation_mean, self.metric, 4)}"))

    def on_networks(self, event: dict[str, Any]) -> None:
        now, words = time.monotonic(), self.progress_words(event)
        waiting = now - self._said < self.every and event["done"] < event["total"]
        early = not event["done"] and event.get("seconds_left") is None
        if waiting or early or words == self._words:
            return
        self._said, self._words = now, words
        self.console.print(Text(words))

    def on_candidate(self, event: dict[str, Any]) -> None:
        """Seen in the leaderboard."""

    def on_result(self, event: dict[str, Any]) -> None:
        """Shown by `finish`, when the files have been written."""

    def progress_words(self, event: dict[str, Any]) -> str:
        """`34 of 90 networks, 12 s left, best 0.975 by 2 × 64`; the name last: it may be cut."""
        parts = [f"{event['done']:,} of {event['total']:,} networks"]
        if event.get("seconds_left") is not None and event["done"] < event["total"]:
            parts.append(time_words(event["seconds_left"]))
        best = event.get("best")
        if best:
            parts.append(f"best {score(best['score'], self.metric, 4)} by {best['name']}")
        return ", ".join(parts)

    def finish(self, record: Record, out: Any) -> None:
        """The leaderboard, the test score, the verdict, what to distrust, and where the files lie."""
        self.stop()
        say = self.console.print
        if not self._columns_seen:
            self.on_columns({"columns": record.columns})
        metric = record.metric
        way = "lower is better" if metric.direction == "min" else "higher is better"
        how = "" if record.weights is None else f", {record.weights.words}"
        self.heading(f"Leaderboard: {metric.name} on validation rows{how}, {way}")
        say(leaderboard_table(record))
        for row in record.formulas:
            say(Text(row.sentence))
        self.heading(f"Test: {count(record.test.rows)} row{'s' * (record.test.rows != 1)} that no choice has seen{how}")
        say(scores_table(record))
        if record.test.quantiles:
            say(quantiles_table(record))
        if record.targets:
            self.heading("Target by target, on the same rows")
            say(targets_table(record))
        self.heading(f"Verdict: {record.headline.words}")
        for sentence in record.verdict:
            say(Text(sentence))
        if record.distrust:
            self.heading("What to distrust")
            for sentence in record.distrust[:6]:
                say(Text(f"- {sentence}"))
            if len(record.distrust) > 6:
                say(Text(f"- and {len(record.distrust) - 6} more in the report"))
        self._files(record, out)

    def heading(self, text: str) -> None:
        """A line that starts a part."""
        self.console.print()
        self.console.print(Text(text, style="bold"))

    def _files(self, record: Record, out: Any) -> None:
        took = f" in {duration(record.timing.total)}"
        if out is None:
            self.heading(f"Done{took}. Nothing was saved: add --out DIR to keep the model and the report.")
            return
        self.heading(f"Done{took}. The results:")
        files = files_in(out)
        for key, about in (
            ("report", "open it in a browser"),
            ("model", "predict with it"),
            ("tested", "the model before it learned from the test rows too"),
            ("settings", "run it again"),
        ):
            if key not in files:
                continue
            self.console.print(
                Text(f"  {files[key]}", style="cyan"), Text(f"  {about}", style="dim"), sep="", soft_wrap=True
            )
        self.console.print(Text(f"Next: thetastar predict {files['model']} NEW_DATA", style="dim"), soft_wrap=True)


def _begin(live: Any) -> None:
    """Where the machine refuses the thread that draws it anew, it stands still, and the study goes on."""
    with contextlib.suppress(RuntimeError):
        live.start()


class LiveScreen(PlainScreen):
    """A progress bar of networks with the best so far and the time left, under the lines that stay."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._progress: Any = None
        self._task: Any = None
        self._stage: Any = None

    def stop(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
        if self._stage is not None:
            self._stage.stop()
            self._stage = None

    def on_stage(self, event: dict[str, Any]) -> None:
        self.stop()
        self._stage = self.console.status(escape(event["text"]), spinner="dots")
        _begin(self._stage)

    def on_columns(self, event: dict[str, Any]) -> None:
        self._columns_seen = True
        self.console.print(Text(role_words(event["columns"]), style="bold"))
        self.console.print(columns_table(event["columns"]))

    def on_baseline(self, event: dict[str, Any]) -> None:
        row = event["row"]
        self.console.print(
            Text.assemble(
                ("baseline ", "dim"), (str(row.name), "yellow"), f"  {score(row.validation_mean, self.metric, 4)}"
            )
        )

    def on_networks(self, event: dict[str, Any]) -> None:
        if self._progress is None:
            from rich.progress import BarColumn, Progress, TextColumn

            self.stop()
            self._progress = Progress(
                BarColumn(bar_width=20), TextColumn("{task.fields[words]}", markup=False),
                console=self.console, refresh_per_second=8, transient=True,
            )  # fmt: skip
            _begin(self._progress)
            self._task = self._progress.add_task("", total=1.0, words="")
        share = (
            event["epochs"] / event["epochs_total"]
            if event.get("epochs_total")
            else event["done"] / max(event["total"], 1)
        )
        self._progress.update(self._task, completed=share, words=self.progress_words(event))
