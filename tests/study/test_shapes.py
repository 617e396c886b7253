"""Studies of images and sequences: candidates that suit the shape, honest plans, models that come back whole."""

from __future__ import annotations

import numpy as np
import pytest

import thetastar as ts
from thetastar.errors import InputError
from thetastar.recipes import Candidate, default_candidates
from thetastar.study.options import StudyOptions
from thetastar.study.plan import Shape, default_effort, make_plan, run_cost


def bars(count=240, side=8):
    """Upright bars, or lying ones, somewhere in noise: easy for a convolution."""
    random = np.random.default_rng(0)
    images = random.integers(0, 90, (count, side, side)).astype(np.uint8)
    kinds = random.integers(0, 2, count)
    for image, kind in zip(images, kinds, strict=True):
        at = random.integers(0, side)
        image[(slice(None), at) if kind else (at, slice(None))] = 200
    return images, np.array(["lying", "upright"])[kinds]


@pytest.fixture(scope="module")
def of_images():
    images, kinds = bars()
    chosen = [(16,), Candidate(kind="convolutional", filters=(4,), hidden=(8,), activation="relu")]
    return ts.fit({"picture": images, "kind": kinds}, "kind", candidates=chosen, effort=3, restarts=1)


def test_a_convolution_is_chosen_where_it_is_better(of_images):
    winner = of_images.record.winner
    assert winner.name == "conv 4, dense 8 relu" and of_images.score["accuracy"] > 0.8
    assert [layer.output for layer in winner.layers] == [(8, 8, 4), (4, 4, 4), (64,), (8,), (1,)]
    assert of_images.record.question.sentence == "Is 'kind' 'upright' or 'lying', given one image?"


def test_the_report_shows_images_and_the_surest_mistakes(of_images, tmp_path):
    record = of_images.record
    assert [group.label for group in record.samples.groups] == [str(label) for label in of_images.classes]
    assert all(picture.startswith("data:image/png;base64,") for picture in record.samples.groups[0].pictures)
    wrong = record.test.mistakes
    assert len(wrong) == min(12, round((1 - of_images.score["accuracy"]) * record.test.rows))
    assert [w.sure for w in wrong] == sorted((w.sure for w in wrong), reverse=True)
    page = of_images.report(tmp_path / "report.html").read_text()
    assert record.samples.groups[0].pictures[0] in page and "8 × 8 pixels, grey" in page


def test_a_model_of_images_comes_back_whole(of_images, tmp_path):
    images, kinds = bars(20)
    again = ts.load(of_images.save(tmp_path / "m.theta"))
    assert again.predict(images).tolist() == of_images.predict({"picture": images}).tolist()
    assert again.evaluate({"picture": images, "kind": kinds})["accuracy"] > 0.8
    assert again.network.input_shape == (8, 8, 1)


def test_the_same_study_gives_the_same_bits_on_any_threads(of_images):
    images, kinds = bars()
    chosen = [(16,), Candidate(kind="convolutional", filters=(4,), hidden=(8,), activation="relu")]
    other = ts.fit(
        {"picture": images, "kind": kinds}, "kind", candidates=chosen, effort=3, restarts=1, threads=1
    )  # fmt: skip
    for name, array in other.network.parameters.items():
        assert np.array_equal(array, of_images.network.parameters[name])


def test_arrays_need_no_names():
    images, kinds = bars(120)
    model = ts.fit(images, kinds, candidates=[(8,)], effort=1, restarts=1)
    assert model.target == "target" and set(model.predict(images)) <= {"lying", "upright"}


def test_a_folder_needs_no_target(tmp_path):
    from PIL import Image

    images, kinds = bars(60)
    for number, (image, kind) in enumerate(zip(images, kinds, strict=True)):
        (tmp_path / "in" / kind).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(tmp_path / "in" / kind / f"{number}.png")
    model = ts.fit(tmp_path / "in", candidates=[(8,)], effort=1, restarts=1, folds=1)
    assert model.target == "class" and set(model.classes) == {"lying", "upright"}
    assert model.row_ids(tmp_path / "in")["file"][0].startswith("lying")
    with pytest.raises(InputError, match=r"say which column to predict\. The columns are 'x', 'y'"):
        ts.fit({"x": [1.0, 2.0], "y": [1.0, 2.0]})


def test_mnist_files_bring_their_own_test(tmp_path):
    from tests.data.test_images import idx

    images, kinds = bars(60)
    for name, count in (("train", 60), ("t10k", 20)):
        idx(tmp_path / f"{name}-images-idx3-ubyte", images[:count])
        idx(tmp_path / f"{name}-labels-idx1-ubyte", (kinds[:count] == "upright").astype(np.uint8))
    model = ts.fit(tmp_path, candidates=[(8,)], effort=1, restarts=1, folds=1)
    assert model.record.test.rows == 20 and model.record.question.rows == 60


def long_table(count=80):
    """Sequences of 4 to 9 steps that rise or fall."""
    random = np.random.default_rng(1)
    rows = {"who": [], "step": [], "level": [], "way": []}
    for number in range(count):
        steps, rises = random.integers(4, 10), number % 2
        rows["who"] += [f"s{number}"] * steps
        rows["step"] += range(steps)
        rows["level"] += (np.cumsum(random.normal(1.0 if rises else -1.0, 0.7, steps))).tolist()
        rows["way"] += ["up" if rises else "down"] * steps
    return rows


def test_a_long_table_becomes_sequences(tmp_path):
    rows = long_table()
    recurrent = Candidate(kind="recurrent", cell="gru", units=(8,))
    model = ts.fit(rows, "way", id="who", time="step", candidates=[(8,), recurrent], effort=3, out=tmp_path / "o")
    assert model.score["accuracy"] == 1.0 and model.record.question.rows == 80
    assert (
        {row["name"] for row in model.leaderboard} >= {"8 silu", "GRU 8"}
        if hasattr(model.leaderboard, "__iter__")
        else True
    )
    assert "<polyline" in (tmp_path / "o" / "report.html").read_text()
    again = ts.load(tmp_path / "o" / "model.theta")
    new = {name: values[:30] for name, values in rows.items() if name != "way"}
    assert again.predict(new).tolist() == model.predict(new).tolist() and len(again.predict(new)) < 30
    assert again.row_ids(new)["who"] == list(dict.fromkeys(new["who"]))
    resumed = ts.fit(rows, "way", id="who", time="step", candidates=[(8,), recurrent], effort=3, out=tmp_path / "o")
    assert np.array_equal(resumed.predict(new), model.predict(new))


def test_every_cell_and_the_mask_reach_the_network():
    for cell, kind in (("simple_rnn", "simple_rnn"), ("lstm", "lstm"), ("gru", "gru")):
        made = Candidate(kind="recurrent", cell=cell, units=(4, 3), bidirectional=True).network((5, 2), 1, masked=True)
        assert made.layers[0].kind == kind and made.layers[0].mask_value == 0.0 and made.shapes[1] == (5, 8)
    assert Candidate(kind="recurrent", units=(4,)).network((5, 2), 1).layers[0].mask_value is None


def test_rows_in_order_of_time_are_not_shuffled():
    X, y = ts.data.sequences.windows(np.sin(np.arange(140) / 3), history=6)
    model = ts.fit(X, y, ordered=True, candidates=[(), Candidate(kind="convolutional", filters=(4,))], effort=2)
    assert model.record.split.folds == 1 and model.record.test.rows == 14
    assert np.allclose(sorted(model.record.test.points.real), sorted(y[-14:]))


def test_rules_about_several_options():
    with pytest.raises(InputError, match=r"id and time belong together: give both columns, or neither"):
        StudyOptions.checked(target="y", id="who")
    with pytest.raises(InputError, match=r"rows in order of time cannot be dealt into folds"):
        StudyOptions.checked(target="y", ordered=True, folds=5)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"filters": (4,)}, r"filters belongs to kind='convolutional'"),
        ({"units": (4,)}, r"units belongs to kind='recurrent'"),
        ({"preset": "small_vgg"}, r"preset belongs to kind='convolutional'"),
        ({"augment": True}, r"augment belongs to kind='convolutional'"),
        ({"kind": "convolutional"}, r"a convolutional network needs filters"),
        ({"kind": "recurrent"}, r"a recurrent network needs units"),
        ({"kind": "recurrent", "units": (4,), "pieces": 8}, r"pieces are for tables"),
    ],
)
def test_candidates_that_contradict_themselves(given, message):
    with pytest.raises(InputError, match=message):
        StudyOptions.checked(target="y", candidates=[given])


@pytest.mark.parametrize("shape", [(4, 4, 1), (8, 8, 1), (28, 28, 1), (32, 32, 3), (2, 3), (56, 1)])
def test_the_default_candidates_fit_their_shape(shape):
    names = set()
    for candidate in default_candidates("multiclass", 0, shape):
        network = candidate.network(shape, 3)
        assert network.output_shape == (3,) and candidate.parameter_count(shape, 3) == network.parameter_count
        assert candidate.sentence
        names.add(candidate.name)
    assert len(names) == len(default_candidates("multiclass", 0, shape))
    kinds = {candidate.kind for candidate in default_candidates("regression", 0, shape)}
    assert kinds >= ({"dense", "convolutional"} if len(shape) == 3 else {"dense", "recurrent"})


def test_images_get_more_effort_and_a_plan_within_it():
    shape = Shape(784, 10, 54_000, 6_000, 1, 0, (28, 28, 1))
    candidates = default_candidates("multiclass", 0, shape.sample)
    effort = default_effort(60_000, shape.sample)
    plan = make_plan(candidates, shape, 3, effort, given=False)
    assert effort == 5 * default_effort(60_000) and plan.cost <= effort
    for less in (effort, effort / 4, effort / 20):
        taking = make_plan(candidates, shape, 3, less, given=False).candidates
        assert any(candidate.kind == "convolutional" for candidate in taking)
    lenet = next(candidate for candidate in candidates if candidate.name == "LeNet-5")
    linear = candidates[0]
    assert run_cost(lenet, shape, 54_000, 256, 1) > 5 * run_cost(linear, shape, 54_000, 256, 1)
