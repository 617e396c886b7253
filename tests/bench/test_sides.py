"""Real processes that take turns: ours, a peer that trains the same, one that does not, and one that breaks."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import thetastar
from thetastar.bench import architectures as nets
from thetastar.bench import measure as measuring
from thetastar.bench import workers
from thetastar.bench.cases import Prediction, Training
from thetastar.bench.inputs import write_inputs
from thetastar.bench.measure import Setting, difference, measure
from thetastar.bench.results import add_figures
from thetastar.bench.workers import Form, Side, SideFailed

CASE = Training("tiny", "tiny", nets.TOY, batch=4, steps=12, networks=3, peers=("pytorch",))

# Plays PyTorch with our own program, so that no peer need be installed; {change} may alter the specification.
_PLAYED = """
import sys
sys.path[:0] = [{package!r}, {programs!r}]
import with_thetastar as ours
from turns import serve

def prepare(spec, arrays):
    {change}
    return ours.prepare_training(spec, arrays)

serve({{"train": prepare}})
"""


@pytest.fixture
def play(monkeypatch, tmp_path):
    """Put a program in the place of PyTorch's."""
    programs, package = Path(workers.__file__).parent / "peers", Path(thetastar.__file__).parents[1]

    def put(text=_PLAYED, change="pass"):
        folder = tmp_path / "peers"
        folder.mkdir()
        written = text.format(package=str(package), programs=str(programs), change=change)
        (folder / "with_pytorch.py").write_text(written, encoding="utf-8")
        ours = f"import sys; sys.path.insert(0, {str(programs)!r}); import runpy; " \
               f"runpy.run_path({str(programs / 'with_thetastar.py')!r}, run_name='__main__')"  # fmt: skip
        (folder / "with_thetastar.py").write_text(ours, encoding="utf-8")
        monkeypatch.setattr(workers, "_PROGRAMS", folder)

    return put


@pytest.fixture
def setting(tmp_path):
    said = []
    folder = tmp_path / "work"
    folder.mkdir()
    return Setting(sys.executable, {"pytorch": {"version": "0"}}, 2, 0.01, 2, False, folder, said.append)


def test_a_peer_that_trains_the_same_is_compared(play, setting):
    play()
    record = add_figures(CASE, measure(CASE, setting))
    assert record["same"]["pytorch"]["same"] is True
    assert record["same"]["pytorch"]["difference"] == 0
    assert len(record["ceilings"]) == 2 and min(record["ceilings"]) > 0
    for side in record["sides"].values():
        assert side["networks"] == 3 and len(side["turns"]) == 2
        assert side["figures"]["seconds"] > 0 and side["figures"]["gflops"] > 0
    # one process with both threads and two with one each were tried: the networks were dealt out and put back in order
    assert len(record["sides"]["pytorch"]["tried"]) == 2


@pytest.mark.parametrize(
    "change",
    ["spec = spec | {'learning_rate': 2e-3}", "arrays['X'] = arrays['X'][::-1].copy()"],
    ids=["rate", "rows"],
)
def test_a_peer_that_trains_something_else_is_found_out(play, setting, change):
    play(change=change)
    same = measure(CASE, setting)["same"]["pytorch"]
    assert same["same"] is False and same["difference"] > same["limit"]


def test_a_peer_that_breaks_is_left_out_with_its_last_words(play, setting):
    play("raise SystemExit('no library here')")
    record = measure(CASE, setting)
    assert "pytorch" not in record["sides"]
    assert record["left_out"]["pytorch"].endswith("ended with 1: no library here")


def test_our_own_failure_is_an_error(monkeypatch, setting, tmp_path):
    (tmp_path / "with_thetastar.py").write_text("raise SystemExit('broken')", encoding="utf-8")
    monkeypatch.setattr(workers, "_PROGRAMS", tmp_path)
    with pytest.raises(SideFailed, match=r"thetastar \(.*\) ended with 1: broken"):
        measure(CASE, setting)


def test_predictions_of_ours_are_those_of_the_network(setting, tmp_path):
    case = Prediction("p", "p", nets.TOY, 5, peers=())
    spec = measuring._spec(case, write_inputs(case, setting.folder)) | {"networks": [0]}
    with Side("thetastar", sys.executable, Form("one", 1, 1), spec, setting.folder, 1) as side:
        outputs = side.turn(1).results["outputs"]
    with np.load(setting.folder / "p.npz") as file:
        X = file["X"]
    assert outputs == pytest.approx(nets.TOY.network().initialized(seed=0).predict(X).ravel().tolist())


@pytest.mark.parametrize(
    ("theirs", "expected"),
    [([1.0, 2.0], 0.0), ([1.0, 2.2], 0.2 / 2.2), ([1.0], 0.0), ([1.0, float("nan")], float("inf"))],
)
def test_the_difference_is_the_largest_relative_one(theirs, expected):
    assert difference(CASE, {"losses": [1.0, 2.0]}, {"losses": theirs}) == pytest.approx(expected)
