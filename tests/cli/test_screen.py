"""The screens: what a terminal and a log file see of the same events."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from tests.report.report_records import binary, hostile, multiclass, regression
from thetastar.cli.screen import LiveScreen, PlainScreen, make_screen

_RECORDS = [regression, binary, multiclass, hostile]


def console(width, terminal):
    options = {"force_terminal": True, "color_system": "standard"} if terminal else {"no_color": True}
    return Console(file=io.StringIO(), width=width, highlight=False, **options)


def events(record):
    yield {"kind": "stage", "text": "Reading [bold]the data[/bold]"}
    yield {"kind": "columns", "columns": record.columns}
    yield {"kind": "stage", "text": "Baseline: mean"}
    yield {"kind": "baseline", "row": record.leaderboard[0]}
    for done in range(0, 11, 5):
        best = {"name": "candidate [red]x[/red]", "score": 0.5} if done else None
        yield {
            "kind": "networks",
            "done": done,
            "total": 10,
            "epochs": done,
            "epochs_total": 0,
            "best": best,
            "seconds": 1.0,
            "seconds_left": 9.0,
        }
    yield {"kind": "candidate", "row": record.leaderboard[0]}
    yield {"kind": "result", "record": record}


@pytest.mark.parametrize("make", _RECORDS)
@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("terminal", [False, True])
def test_every_record_fits_every_width(make, width, terminal):
    record, seen = make(), console(width, terminal)
    with make_screen(seen) as screen:
        assert isinstance(screen, LiveScreen) == terminal
        for event in events(record):
            screen(event)
        screen.finish(record, None)
    text = seen.file.getvalue()
    assert "Leaderboard" in text
    if not terminal:
        assert max(map(len, text.splitlines())) <= width
        assert "Reading [bold]the data[/bold]" in text  # names are never read as markup


@pytest.mark.parametrize("told", [True, False])
def test_the_columns_are_shown_once(told):
    record, seen = regression(), console(100, False)
    screen = PlainScreen(seen)
    if told:
        screen({"kind": "columns", "columns": record.columns})
    screen.finish(record, None)
    assert seen.file.getvalue().count("9 columns: 8 number, 1 category") == 1


def test_plain_lines_are_few():
    seen = console(100, False)
    screen = PlainScreen(seen)
    for done in range(1, 500):
        screen(
            {
                "kind": "networks",
                "done": done,
                "total": 500,
                "epochs": 1,
                "epochs_total": 9,
                "best": None,
                "seconds_left": None,
            }
        )
    assert seen.file.getvalue().count("networks") == 1


def test_long_lists_are_cut_with_a_word():
    seen = console(100, False)
    record = hostile()
    screen = LiveScreen(seen)
    screen.on_columns({"columns": record.columns})
    screen.finish(record, "out")
    text = seen.file.getvalue()
    assert "… and 184 more" in text and "200 columns: 200 number" in text
    assert text.count("candidate ") < 20


def test_a_reader_that_leaves_does_not_stop_the_study(tmp_path):
    import subprocess
    import sys

    code = """
import sys
from thetastar.cli.screen import make_screen
screen = make_screen()
for i in range(20000):
    screen({"kind": "stage", "text": "x" * 60})
sys.stderr.write("the study goes on")
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.close()
    assert process.stderr.read() == "the study goes on"
    assert process.wait(timeout=30) == 0
