"""A study's folder that vanishes, fills up or has another writer: nothing that was computed is lost, and it is said."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

import thetastar as ts
from thetastar._files import write_somewhere
from thetastar.cli import main
from thetastar.cli.result import files_in
from thetastar.errors import ElsewhereWarning
from thetastar.forecasting import course
from thetastar.forecasting.model import ForecastModel
from thetastar.study.folder import hold_folder
from thetastar.study.journal import Journal
from thetastar.study.trial import Outcome

pytestmark = pytest.mark.skipif(os.name != "posix", reason="locks and folders as POSIX has them")
ROWS = {"x": [k / 50 for k in range(120)], "y": [(k / 50) ** 2 for k in range(120)]}
TINY = {"target": "y", "candidates": [(4,)], "effort": 0.3, "restarts": 1, "folds": 1, "threads": 1}


def outcome(start: int) -> Outcome:
    return Outcome(1, "linear", 0, start, 7, "epochs", 5, 4, 0.1, {"rmse": 0.3}, [1.0], [1.1])


def test_a_folder_that_vanishes_is_made_again(tmp_path):
    out = tmp_path / "out"

    def vanish(event):
        if event["kind"] == "stage" and event["text"].startswith("Scoring"):
            shutil.rmtree(out)

    model = ts.fit(ROWS, out=out, progress=vanish, **TINY)
    assert ts.load(out / "model.theta").predict({"x": [1.0]}).tolist() == model.predict({"x": [1.0]}).tolist()


def test_a_folder_that_cannot_be_written_has_its_results_elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    out = tmp_path / "gone" / "out"

    def block(event):
        if event["kind"] == "stage" and event["text"].startswith("Scoring"):
            shutil.rmtree(out.parent)
            out.parent.write_text("a file where the folder was")

    with pytest.warns(ElsewhereWarning, match=r"gone/out: cannot be written .*\. The results are in .*out-") as told:
        model = ts.fit(ROWS, out=out, progress=block, **TINY)
    place = Path(str(told[0].message).rsplit(" are in ", 1)[1])
    assert ts.load(place / "model.theta").predict({"x": [1.0]}).tolist() == model.predict({"x": [1.0]}).tolist()
    assert (place / "report.html").stat().st_size > 10_000


def full(kind, out, monkeypatch):
    """A disk that has no room for models of that kind in that folder."""
    real = kind.save

    def save(model, path):
        if Path(path).parent == out:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(model, path)

    monkeypatch.setattr(kind, "save", save)


def test_the_command_names_the_folder_that_has_the_results(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text("x,y\n" + "\n".join(f"{k / 50},{(k / 50) ** 2}" for k in range(120)))
    full(ts.Model, Path("out"), monkeypatch)
    assert main(["fit", "t.csv", "--target", "y", "--effort", "0.3", "--threads", "1", "--out", "out"]) == 0
    place, said = next(tmp_path.glob("out-*")), capsys.readouterr()
    assert f"The results are in {place.name}" in said.err
    assert f"{place.name}/report.html" in said.out and f"predict {place.name}/model.theta" in said.out
    assert "out/model.theta" not in said.out and "study.toml" not in said.out
    written = {"report": "report.html", "model": "model.theta", "tested": "tested.theta"}
    assert files_in("out") == {key: f"{place.name}/{name}" for key, name in written.items()}
    assert files_in("other")["settings"] == "other/study.toml"


def test_a_forecast_is_not_lost_for_its_folder_either(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text(
        "day,y\n" + "\n".join(f"2024-{1 + k // 28:02d}-{1 + k % 28:02d},{k % 7}" for k in range(84))
    )
    full(ForecastModel, Path("out"), monkeypatch)
    command = ["forecast", "t.csv", "--target", "y", "--time", "day", "--horizon", "2", "--methods", "last value"]
    assert main([*command, "--out", "out"]) == 0
    place, said = next(tmp_path.glob("out-*")), capsys.readouterr()
    assert {path.name for path in place.iterdir()} == {"forecast.csv", "model.theta", "report.html"}
    assert f"The results are in {place.name}" in said.err and f"{place.name}/forecast.csv" in said.out

    monkeypatch.setattr(course, "read_series", None)  # refused before anything is computed
    assert main([*command, "--out", "t.csv"]) == 2
    assert "t.csv: this is a file. Give a folder for the results." in capsys.readouterr().err
    assert main([*command, "--out", "t.csv/deep"]) == 2
    assert "t.csv/deep: the folder cannot be used (Not a directory). Choose another." in capsys.readouterr().err


def test_where_nothing_can_be_written_it_is_said(tmp_path):
    def fail(place):
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(
        ts.InputError, match=r"the results cannot be written \(.*No space left.*\), and nowhere else either"
    ):
        write_somewhere(tmp_path / "out", fail)


def test_a_journal_on_a_full_disk_goes_on_in_memory(tmp_path, monkeypatch):
    journal = Journal(tmp_path / "journal.jsonl")
    journal.add(outcome(0))

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.warns(ElsewhereWarning, match=r"journal.jsonl: cannot be written any more \(No space left on device\)"):
        journal.add(outcome(1))
    with warnings.catch_warnings():  # said once
        warnings.simplefilter("error")
        journal.add(outcome(2))
    assert len(journal.outcomes("linear", 1)) == 3
    journal.close()


def test_a_second_writer_is_told_who_holds_the_folder(tmp_path):
    held = hold_folder(tmp_path / "out")
    code = f"import thetastar as ts; ts.fit({ROWS!r}, out={str(tmp_path / 'out')!r}, **{TINY!r})"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert f"out: process {os.getpid()} on " in other.stderr and "is writing to this folder. Wait until" in other.stderr
    held.release()
    held.release()
    assert list((tmp_path / "out").iterdir()) == []


def test_a_writer_that_was_killed_holds_nothing(tmp_path):
    code = (
        "import os, signal; from pathlib import Path; from thetastar.study.folder import hold_folder; "
        f"held = hold_folder(Path({str(tmp_path)!r})); os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == -9
    assert (tmp_path / "study.lock").exists()
    (tmp_path / ".model.theta.abc.part").write_bytes(b"half")
    hold_folder(tmp_path).release()
    assert list(tmp_path.iterdir()) == []  # neither the lock nor what it left half written


def test_a_refused_study_lets_go_of_the_folder(tmp_path):
    ts.fit(ROWS, out=tmp_path, **TINY)
    with pytest.raises(ts.InputError, match="another study"):
        ts.fit(ROWS, out=tmp_path, **TINY, seed=5)
    with pytest.raises(ts.InputError, match="another study"):  # not: somebody writes to this folder
        ts.fit(ROWS, out=tmp_path, **TINY, seed=6)
