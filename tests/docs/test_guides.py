"""The guides run as they stand, and their figures are what the text says."""

import re
from pathlib import Path

import pytest
from registry import LOSSES, OPTIMIZERS, PYTORCH_LOSSES, PYTORCH_OPTIMIZERS, TENSORFLOW_LOSSES, TENSORFLOW_OPTIMIZERS

import thetastar as ts

DOCS = Path(__file__).parents[2] / "docs"


def text(name):
    return (DOCS / name).read_text(encoding="utf-8")


def run(name):
    """All Python blocks of a page, one after another; what they leave behind."""
    blocks = re.findall(r"^```python\n(.*?)^```", text(name), re.DOTALL | re.MULTILINE)
    left = {}
    exec(compile("\n".join(blocks), name, "exec"), left)
    return left


def test_by_hand():
    assert run("guides/by_hand.md")


def test_by_hand_with_habits_from_elsewhere():
    run_of = run("guides/by_hand.md")["run"]
    assert run_of.history["validation_accuracy"][-1] > 0.9 and run_of.history["updates"][-1] == 60 * 10


def test_several_targets():
    left = run("guides/several_targets.md")
    assert left["model"].score["r2"] > 0.7 and left["labels"].score["macro_auc"] > 0.9
    assert left["scores"].keys() == {"temperature", "rain"}


def test_scikit_learn():
    assert run("guides/scikit_learn.md")["scores"].mean() > 0.9


def test_own_functions():
    assert run("guides/own_functions.md")["model"].record.metric.own


def test_metric_learning():
    left = run("guides/metric_learning.md")
    assert left["by_pixels"] == pytest.approx(0.794, abs=0.001)
    assert left["by_network"] == pytest.approx(0.97, abs=0.02)
    assert left["unseen_pixels"] == pytest.approx(0.87, abs=0.01)
    assert left["unseen_network"] == pytest.approx(0.70, abs=0.08)


def test_ctc():
    assert run("guides/ctc.md")["right"] == pytest.approx(0.87, abs=0.04)


def test_images_by_hand():
    left = run("guides/images_by_hand.md")
    assert left["plain"] == pytest.approx(0.057, abs=0.01)
    assert left["augmented"] == pytest.approx(0.034, abs=0.01)
    assert left["found"] == pytest.approx(0.67, abs=0.1)


def test_images_and_sequences():
    left = run("guides/images_and_sequences.md")
    kinds = {row.name.split()[0] for row in left["model"].record.leaderboard}
    assert {"conv", "GRU", "LSTM", "linear", "gradient"} <= kinds
    assert left["model"].score["mae"] < left["naive"]


def test_see_inside():
    left = run("guides/see_inside.md")
    page = text("guides/see_inside.md")
    assert (
        str(left["ts"].explain.step(left["line"], [2.1], 4.0, loss="mse", optimizer=left["ts"].optimizers.SGD(0.01)))
        in page
    )
    assert left["same_bits"] and left["down"].path[-1, 0] == -0.45703125
    assert left["adds_up"] < 1e-5 and left["closer"].rms[-1] < 0.1
    assert left["seen"].projected and left["race"].names == ("SGD", "Adam", "LBFGS")
    assert "learning rate too high" in left["ts"].explain.doctor(left["hasty"], left["X"], left["y"], loss="bce").causes
    listed = [name for name in left["ts"].explain.__all__ if name[0].islower()]
    assert not [name for name in listed if f"`{name}" not in text("reference/explain.md")]


@pytest.mark.parametrize("page", ["reference/losses.md", "reference/optimizers.md", "reference/model_file.md"])
def test_the_reference_pages_run(page):
    assert run(page)


def test_the_page_of_losses_lists_every_loss_and_every_name_of_the_lecture():
    page = text("reference/losses.md")
    for entry in LOSSES:
        assert f"| `{type(ts.losses.get({'kind': entry.name, **entry.legal[0]})).__name__}` |" in page
    assert not [name for name in TENSORFLOW_LOSSES if f" {name} " not in page]
    assert not [name for name in PYTORCH_LOSSES if f"{name}Loss" not in page]
    assert "**Reduction.**" in page


def test_the_page_of_optimisers_lists_every_optimiser_and_every_name_of_the_lecture():
    page = text("reference/optimizers.md")
    assert not [entry.name for entry in OPTIMIZERS if f"| `{entry.name}` |" not in page]
    assert not [name for name in (*TENSORFLOW_OPTIMIZERS, *PYTORCH_OPTIMIZERS) if f" {name} " not in page]


def test_forecasting():
    left = run("guides/forecasting.md")
    assert left["model"].score["mae"] < 0.8 * left["model"].record.unseen.baselines["seasonal naive"]["mae"]
    assert len(left["model"].forecast(14)) == 14


def test_searching(capsys):
    run("guides/searching.md")
    assert capsys.readouterr().out == "42\nSuccessive halving: 27 for 11%\n"
