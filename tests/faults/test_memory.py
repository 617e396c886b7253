"""Memory is stated before the start and kept; what does not fit is refused with numbers."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import thetastar as ts
from thetastar import _memory

CASES = {
    "wide dense": "ts.Network([ts.Dense(2000), ts.Dense(2000), ts.Dense(1)], input_shape=(50,)), 256, 32",
    "many rows": "ts.Network([ts.Dense(4), ts.Dense(1)], input_shape=(2,)), 3_000_000, 4096",
    "images": "ts.Network([ts.Conv2D(32, 3), ts.Flatten(), ts.Dense(10)], input_shape=(28, 28, 1)), 512, 64",
    "sequences": "ts.Network([ts.LSTM(128), ts.Dense(1)], input_shape=(200, 8)), 256, 64",
}
MEASURE = """
import resource, numpy as np, thetastar as ts
def peak():
    return next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))
network, rows, batch = {case}
X, y = np.ones((rows, *network.input_shape), np.float32), np.ones((rows, *network.output_shape), np.float32)
ts.train(ts.Network([ts.Dense(1)], input_shape=(2,)), np.ones((20, 2), np.float32), np.ones(20, np.float32), epochs=1)
job = ts.Job(network, epochs=1, batch_size=batch, {more})
planned = job.memory(rows, {validation})
before = peak()
run = ts.train_many([job], X, y, threads=1)[0]
print(planned, peak() - before, run.epochs)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="peaks as Linux counts them")
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("more", "validation"), [("", 0), ("validation_rows=range(200)", 200)])
def test_no_training_takes_more_than_was_planned(case, more, validation):
    code = MEASURE.format(case=CASES[case], more=more, validation=validation)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    planned, taken, epochs = map(int, done.stdout.split())
    assert epochs == 1 and taken <= 1.1 * planned + 3_000_000  # Python's own, and the allocator's pages


def test_training_that_does_not_fit_is_refused_before_it_starts(monkeypatch):
    monkeypatch.setattr(_memory, "available", lambda: (200_000_000, "its cgroup"))
    network = ts.Network([ts.Dense(4000), ts.Dense(4000), ts.Dense(1)], input_shape=(8,))
    X, y = np.zeros((64, 8), np.float32), np.zeros(64, np.float32)
    words = (
        r"^train: training beside the data would take 26\d MB, and its cgroup leaves 200 MB\. "
        r"Use fewer threads, smaller networks or a smaller batch_size\.$"
    )
    with pytest.raises(ts.InputError, match=words):
        ts.train(network, X, y, epochs=1)


def test_small_networks_ask_nobody(monkeypatch):
    def asked():
        raise AssertionError("the system was asked for a training of a few kB")

    monkeypatch.setattr(_memory, "available", asked)
    job = ts.Job(ts.Network([ts.Dense(4), ts.Dense(1)], input_shape=(2,)), epochs=1)
    ts.train_many(job.restarts(range(50)), np.zeros((64, 2), np.float32), np.zeros(64, np.float32))


def test_predictions_that_do_not_fit_are_refused(monkeypatch):
    monkeypatch.setattr(_memory, "available", lambda: (1_000_000, "the machine"))
    network = ts.Network([ts.Dense(2000)], input_shape=(1,)).initialized(seed=0)
    with pytest.raises(
        ts.InputError, match=r"^Network.predict: the predictions would take 80 MB, and the machine leaves 1 MB"
    ):
        network.predict(np.zeros((10_000, 1), np.float32))


def test_a_table_that_does_not_fit_when_prepared_is_refused(monkeypatch):
    """Sixteen columns of 64 texts are a thousand numbers a row: 37 MB."""
    draw = np.random.default_rng(0)
    rows = {f"c{k}": [f"w{code}" for code in draw.integers(0, 64, 9_000)] for k in range(16)}
    monkeypatch.setattr(_memory, "available", lambda: (1_000_000, "RLIMIT_AS"))
    with pytest.raises(
        ts.InputError,
        match=r"the study beside its table .*rows 3\d\.\d MB\) would take .* RLIMIT_AS leaves 1 MB\. Give",
    ):
        ts.fit(rows | {"y": draw.normal(size=9_000)}, "y", candidates=[(4,)], effort=0.1)


STUDY = """
import numpy as np, thetastar as ts
from thetastar.study import fold, study
def size(name):
    return next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith(name))
def table(rows):
    draw = np.random.default_rng(0)
    X = draw.normal(size=(rows, 30))
    y = X[:, 0] * 2 + X[:, 1] ** 2 + 2 * draw.normal(size=rows)  # forests grow as far as they may
    names = np.array(["a", "b", "c", "d"])[: $classes]
    y = y if not $classes else names[np.searchsorted(np.quantile(y, np.arange(1, $classes) / $classes), y)]
    return {**{f"x{k}": X[:, k] for k in range(30)}, "y": y}
fold.LARGE = $large
settings = {"target": "y", "candidates": [(64, 32), (128,)], "restarts": 1, "folds": 1, "threads": $threads}
ts.fit(table(300), effort=0.3, **settings)  # what is loaded once
real, seen = study.check_memory, {}
def check(*given):
    seen["planned"] = real(*given)
    open("/proc/self/clear_refs", "w").write("5")  # the peak begins here
    seen["before"] = size("VmRSS")
    return seen["planned"]
study.check_memory = check
rows, stages = table(8_000), []
ts.fit(rows, effort=1, progress=lambda event: stages.append(event.get("text", "")), **settings)
assert any(stage.startswith("The study takes up to ") for stage in stages), stages
print(seen["planned"].bytes, size("VmHWM") - seen["before"])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="peaks as Linux counts them")
@pytest.mark.parametrize(("classes", "threads", "large"), [(0, 2, 10**9), (2, 1, 10**9), (4, 2, 10**9), (0, 1, 0)])
def test_no_study_takes_more_than_it_said(classes, threads, large):
    code = STUDY.replace("$classes", str(classes)).replace("$threads", str(threads)).replace("$large", str(large))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    planned, taken = map(int, done.stdout.split())
    assert 0.3 * planned < taken <= 1.1 * planned, (planned, taken)


def test_a_study_that_does_not_fit_is_refused_with_its_parts(monkeypatch):
    draw = np.random.default_rng(0)
    rows = {f"x{k}": draw.normal(size=6_000) for k in range(60)} | {"y": draw.normal(size=6_000)}
    monkeypatch.setattr(_memory, "available", lambda: (20_000_000, "its cgroup"))
    words = (
        r": the study beside its table \(networks \d.* MB, baselines \d.* MB, rows \d.* MB\) would take "
        r"\d\d.* MB, and its cgroup leaves 20 MB\. Give fewer rows \(--rows, rows=\) or columns, fewer threads or "
        r"smaller candidates\.$"
    )
    with pytest.raises(ts.InputError, match=words):
        ts.fit(rows, "y", candidates=[(2000, 2000)], effort=0.1, folds=1, threads=2)


def test_a_small_study_asks_nobody(monkeypatch):
    def asked():
        raise AssertionError("the system was asked for a study of a few kB")

    monkeypatch.setattr(_memory, "available", asked)
    rows = {"x": [k / 9 for k in range(90)], "y": [(k / 9) ** 2 for k in range(90)]}
    ts.fit(rows, "y", candidates=[(4,)], effort=0.1, threads=1)


def test_no_file_is_read_where_arrow_would_end_the_process(monkeypatch, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x,y\n1,2\n")
    pytest.importorskip("pyarrow")  # loaded, and pandas with it
    pytest.importorskip("pandas")
    monkeypatch.setattr(_memory, "available", lambda: (5_000_000, "RLIMIT_AS"))
    words = (
        r"^t.csv: reading it would take 32 MB, and RLIMIT_AS leaves 5 MB\. Raise that limit, or use fewer threads\.$"
    )
    with pytest.raises(ts.InputError, match=words):
        ts.data.read_table(path)
    monkeypatch.setattr(_memory, "available", lambda: (5_000_000, "the machine"))  # which gives what it has
    assert ts.data.read_table(path).row_count == 1


def test_rows_that_do_not_fit_are_not_prepared(monkeypatch):
    rows = {"word": [f"w{k % 60}" for k in range(600)], "y": [float(k % 60) for k in range(600)]}
    model = ts.fit(rows, "y", candidates=[(4,)], effort=0.1, threads=1)
    monkeypatch.setattr(_memory, "available", lambda: (1_000_000, "the machine"))
    with pytest.raises(
        ts.InputError, match=r"prepared columns would take [\d.]+ MB, and the machine leaves 1 MB\. Give fewer"
    ):
        model.preparation.transform(ts.data.read_table({"word": ["w1"] * 400_000}))
