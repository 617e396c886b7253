"""Calls into other libraries on several threads: results in time, and nothing of theirs on the terminal."""

from __future__ import annotations

import _thread
import os
import subprocess
import sys
import warnings

import numpy as np
import pytest

from thetastar import _threads
from thetastar.study.workers import begun, run_at_once

HINT = os.sep.join(["", "lib", "sklearn", "utils", "parallel.py"])


def test_results_come_with_their_index_and_errors_are_raised():
    assert dict(run_at_once([lambda k=k: k * k for k in range(9)], 3)) == {k: k * k for k in range(9)}
    with pytest.raises(ZeroDivisionError):
        list(run_at_once([lambda: 1 // 0], 2))


@pytest.mark.parametrize("granted", [0, 1])
def test_calls_are_made_with_the_threads_that_can_be_had(monkeypatch, granted):
    start, asked = _thread.start_new_thread, []

    def refuse(work, arguments):
        asked.append(work)
        if len(asked) > granted:
            raise RuntimeError("can't start new thread")
        start(work, arguments)

    monkeypatch.setattr(_thread, "start_new_thread", refuse)
    assert dict(run_at_once([lambda k=k: k * k for k in range(9)], 3)) == {k: k * k for k in range(9)}
    with pytest.raises(ZeroDivisionError):
        list(run_at_once([lambda: 1 // 0], 2))
    assert len(asked) == 4


def test_a_thread_that_is_given_but_never_begins_is_done_without(monkeypatch):
    """For want of memory a thread can end before its first step: who waits for it waits for ever."""
    monkeypatch.setattr(_threads, "_PATIENCE", 0.05)
    monkeypatch.setattr(_thread, "start_new_thread", lambda work, arguments: 1)
    assert dict(run_at_once([lambda k=k: k * k for k in range(9)], 3)) == {k: k * k for k in range(9)}
    assert _threads.mapped(lambda k: k * k, range(9)) == [k * k for k in range(9)]


def test_work_on_many_columns_comes_in_their_order_and_the_first_error_is_raised():
    assert _threads.mapped(lambda k: k * k, range(50)) == [k * k for k in range(50)]
    assert _threads.mapped(lambda k: k, []) == []
    with pytest.raises(ValueError, match="column 3"):
        _threads.mapped(lambda k: k if k < 3 else [][k] if k > 3 else int("column 3"), range(9), worth=False)


def hint_of_a_library_without_filters():
    """What scikit-learn does in each thread: for a moment the process has no filters, and a warning is shown."""
    with warnings.catch_warnings():
        warnings.resetwarnings()
        warnings.warn_explicit("a library's hint", UserWarning, HINT, 1)


def own_warning():
    with warnings.catch_warnings():
        warnings.resetwarnings()
        warnings.warn_explicit("ours", UserWarning, "mine.py", 1)


def test_a_librarys_hint_is_not_shown_even_where_a_thread_has_emptied_the_filters(capfd):
    list(run_at_once([hint_of_a_library_without_filters] * 20, 4))
    assert capfd.readouterr().err == ""


def test_other_warnings_and_those_of_the_callers_thread_are_shown(recwarn):
    with begun([own_warning], 1) as results:
        list(results)
        hint_of_a_library_without_filters()
    assert [str(each.message) for each in recwarn] == ["ours", "a library's hint"]


def test_filters_and_what_shows_warnings_are_as_before():
    before, show = list(warnings.filters), warnings.showwarning
    list(run_at_once([hint_of_a_library_without_filters] * 4, 2))
    assert warnings.filters == before and warnings.showwarning is show


@pytest.mark.parametrize("command", ["fit", "forecast"])
def test_a_command_writes_nothing_to_standard_error(tmp_path, command):
    draw = np.random.default_rng(0)
    days = np.datetime64("2023-01-02") + np.arange(260)
    rows = [f"{day},{x:.3f},{x + noise:.3f}" for day, x, noise in zip(days, *draw.normal(size=(2, 260)), strict=True)]
    (tmp_path / "rows.csv").write_text("day,x,y\n" + "\n".join(rows) + "\n")
    more = {"fit": ["--effort", "0.3", "--folds", "3"], "forecast": ["--time", "day", "--methods", "boosted,network"]}
    made = subprocess.run(
        [sys.executable, "-m", "thetastar", command, "rows.csv", "--target", "y", "--threads", "2", *more[command]],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (made.returncode, made.stderr) == (0, "")
