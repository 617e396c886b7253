"""A table that does not fit is learned from in part: so many rows as there is room for, and the study says so."""

import subprocess
import sys

import numpy as np
import pytest

import thetastar as ts
from thetastar import _memory
from thetastar.data.read import parts, sample
from thetastar.study import repeat, rows_within_memory
from thetastar.study.folder import read_study

ROWS = 30_000
SMALL = {"candidates": [(4,)], "effort": "quick", "restarts": 1, "folds": 1, "threads": 1, "answer": "networks"}


@pytest.fixture
def large(tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "_PART_BYTES", 1 << 18)
    monkeypatch.setattr(sample, "_PIECE", 1 << 17)
    draw = np.random.default_rng(0)
    table = np.round(draw.normal(size=(ROWS, 8)), 4)
    table[:, 7] = table[:, 0] * 2 + table[:, 1]
    path = tmp_path / "large.csv"
    np.savetxt(path, table, "%.4f", ",", header="a,b,c,d,e,f,g,y", comments="")
    return path


@pytest.fixture
def little(monkeypatch):
    """Room for a part of the rows."""
    monkeypatch.setattr(rows_within_memory, "_PART", 1 << 20)
    monkeypatch.setattr(rows_within_memory, "_LIBRARIES", 0)
    monkeypatch.setattr(_memory, "available", lambda: (46_000_000, "its cgroup"))


def test_as_many_rows_as_fit_are_drawn_and_the_rest_is_predicted(large, little, tmp_path):
    told = []
    model = ts.fit(large, "y", out=tmp_path / "out", progress=told.append, **SMALL)
    rows = model.record.settings.study["rows"]
    assert 1_000 <= rows < ROWS and rows % 10 ** (len(str(rows)) - 2) == 0
    said = next(event["text"] for event in told if event["kind"] == "split")
    assert said.startswith("A study of all 30,000 rows would take up to ") and "its cgroup leaves 46 MB" in said
    assert said.endswith(f"it learns from {rows:,} of them, drawn at random. --rows (rows=) says how many.")
    assert any(
        note == f"Learned from {rows:,} of 30,000 rows, drawn at random: what was asked for, or what the memory had "
        "room for."
        for note in model.record.notes
    )
    held = read_study(tmp_path / "out" / "study.toml")
    assert held["study"]["rows"] == held["data"]["rows"] == rows
    assert sum(len(model.predict(part)) for part in model.parts(large)) == ROWS


def test_a_study_goes_on_with_the_rows_it_had_whatever_the_memory_is_now(large, little, tmp_path, monkeypatch):
    first = ts.fit(large, "y", out=tmp_path / "out", **SMALL)
    monkeypatch.setattr(_memory, "available", lambda: (2**40, "the machine"))
    (tmp_path / "out" / "model.theta").unlink()
    again = ts.fit(large, "y", out=tmp_path / "out", **SMALL)
    assert again.score == first.score and again.record.notes == first.record.notes
    lines = {line.what: line for line in ts.audit(tmp_path / "out").lines}
    assert lines["data"].holds and f"{first.record.settings.data.rows:,} rows" in lines["data"].words
    elsewhere = repeat(tmp_path / "out", out=tmp_path / "other")
    assert elsewhere.score == first.score


def test_a_study_of_all_rows_goes_on_with_all_of_them(large, tmp_path, monkeypatch):
    ts.fit(large, "y", out=tmp_path / "out", **SMALL)
    monkeypatch.setattr(rows_within_memory, "look_at", None)  # nobody looks
    assert ts.fit(large, "y", out=tmp_path / "out", **SMALL).record.settings.data.rows == ROWS


def test_where_all_rows_fit_all_are_learned_from(large, monkeypatch):
    monkeypatch.setattr(sample.LargeFile, "rows", None)  # nobody counts them
    model = ts.fit(large, "y", **SMALL)
    assert model.record.settings.study.get("rows") is None and model.record.settings.data.rows == ROWS


def test_the_number_of_rows_may_be_asked_for(large):
    of_file = ts.fit(large, "y", rows=2_000, **SMALL)
    assert of_file.record.settings.data.rows == 2_000
    x = np.arange(900.0)
    table = {"x": np.sin(x), "y": x % 7}
    assert ts.fit(table, "y", rows=300, **SMALL).record.settings.data.rows == 300
    assert ts.fit(table, "y", rows=5_000, **SMALL).record.settings.data.rows == 900


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"sample_weight": [1.0] * 90}, "where sample_weight counts the data's rows"),
        ({"cv": [(range(60), range(60, 90))]}, "where cv counts the data's rows"),
        ({"id": "who", "time": "when"}, r"where rows are steps of sequences \(id=\)"),
    ],
)
def test_rows_that_are_counted_cannot_be_left_out(given, words):
    table = {"x": list(range(90)), "y": list(range(90)), "who": [0] * 90, "when": list(range(90))}
    with pytest.raises(ts.InputError, match=rf"^rows: no sample can be drawn {words}\. Leave one of the two out\.$"):
        ts.fit(table, "y", rows=50, **given)


MEASURE = """
import sys, threading, time, numpy as np, thetastar as ts
from thetastar import _memory
from thetastar.data.read import parts
path, limit = sys.argv[1], int(sys.argv[2])
def held():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096
parts._PART_BYTES = 1 << 20
draw = np.random.default_rng(0)
small = {f"x{k}": draw.normal(size=300) for k in range(12)} | {"y": draw.normal(size=300)}
settings = {"candidates": [(16,)], "restarts": 1, "folds": 1, "threads": 1, "effort": "quick"}
ts.fit(small, "y", **settings)  # what is loaded once
_memory.give_back()
before, most, over = held(), [0], threading.Event()
_memory.available = lambda: (max(limit - held() + before, 0), "its cgroup")
def watch():
    while not over.wait(0.002):
        most[0] = max(most[0], held() - before)
watching = threading.Thread(target=watch)
watching.start()
model = ts.fit(path, "y", **settings)
over.set()
watching.join()
print(model.record.settings.data.rows, most[0])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory as Linux counts it")
def test_the_memory_that_may_be_used_is_kept(tmp_path):
    draw = np.random.default_rng(0)
    table = np.round(draw.normal(size=(120_000, 13)), 4)
    path, limit = tmp_path / "large.csv", 130_000_000
    np.savetxt(path, table, "%.4f", ",", header=",".join([*(f"x{k}" for k in range(12)), "y"]), comments="")
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, path, str(limit)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    rows, most = map(int, done.stdout.split())
    assert 5_000 <= rows < 120_000 and most <= 1.1 * limit, (rows, most)
