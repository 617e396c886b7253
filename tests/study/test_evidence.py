"""Worst rows, the rows of confusion cells and calibration: against counting by hand."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from tests.study.conftest import curve_table, rings_table
from thetastar.data import infer_roles, read_table
from thetastar.model.metrics import METRICS
from thetastar.study.evidence import calibration, evidence


def _case(rows=6, **columns):
    names = [f"row {k}" for k in range(rows)]
    table = read_table({"name": names, "size": np.arange(rows) * 1.5, **columns, "y": [0] * rows})
    return table, infer_roles(table, "y")


def _probabilities(said, classes, sure):
    predicted = np.full((len(said), classes), 0.0)
    predicted[np.arange(len(said)), said] = sure
    rest = (1 - np.asarray(sure)) / (classes - 1)
    return np.where(predicted == 0, rest[:, None], predicted)


def test_the_worst_rows_are_those_farthest_off():
    table, roles = _case()
    truth, predicted = np.arange(6) * 10.0, np.array([0.0, 10.5, 17.0, 30.0, 44.0, np.inf])
    shown = evidence(table, np.arange(100, 106), roles, truth, predicted, None).shown
    assert [shown.rows[i].row for i in shown.worst] == [105, 104, 102, 101]  # those that are exact are not wrong
    first = [(shown.rows[i].real, shown.rows[i].predicted) for i in shown.worst[:2]]
    assert first == [("50", "not finite"), ("40", "44")]
    assert shown.columns[-1] == "size" and shown.rows[shown.worst[0]].values[-1] == "7.5"
    assert shown.cells == ()


def test_cells_hold_their_rows_with_the_worst_first():
    table, roles = _case()
    truth, said = np.array([0, 0, 1, 1, 1, 2]), np.array([0, 1, 1, 0, 0, 2])
    predicted = _probabilities(said, 3, [0.9, 0.6, 0.8, 0.5, 0.95, 0.7])
    shown = evidence(table, np.arange(6), roles, truth, predicted, ["a", "b", "c"]).shown
    cells = {(cell.real, cell.predicted): [shown.rows[i].row for i in cell.rows] for cell in shown.cells}
    assert cells == {(1, 0): [4, 3], (0, 1): [1], (0, 0): [0], (1, 1): [2], (2, 2): [5]}
    assert [shown.rows[i].row for i in shown.worst] == [4, 1, 3]  # rows named rightly are not among the worst
    assert len({row.row for row in shown.rows}) == len(shown.rows)  # each once


def test_there_is_room_for_twenty_rows_a_cell_and_four_hundred_in_all():
    rows = 2000
    table, roles = _case(rows)
    rng = np.random.default_rng(0)

    def cells(classes):
        said = _probabilities(rng.integers(0, classes, rows), classes, np.full(rows, 0.8))
        labels = [str(k) for k in range(classes)]
        return evidence(table, np.arange(rows), roles, rng.integers(0, classes, rows), said, labels).shown.cells

    assert [len(cell.rows) for cell in cells(2)] == [20] * 4
    many = cells(30)
    assert sum(len(cell.rows) for cell in many) <= 400
    assert all(cell.real != cell.predicted for cell in many[:100])  # wrong cells come first


def test_images_are_shown_as_pictures_twelve_a_cell():
    images = np.random.default_rng(0).integers(0, 255, (60, 5, 5, 1)).astype(np.uint8)
    table = read_table((images, np.arange(60) % 2))
    roles = infer_roles(table, "target")
    truth = np.arange(60) % 2
    shown = evidence(table, np.arange(60), roles, truth, _probabilities(truth, 2, np.full(60, 0.9)), ["a", "b"]).shown
    assert [len(cell.rows) for cell in shown.cells] == [12, 12]
    assert all(row.picture.startswith("data:image/png;base64,") for row in shown.rows) and shown.columns == ()


def test_calibration_counts_how_often_it_was_so():
    rng = np.random.default_rng(1)
    said = rng.random(20_000)
    truth = (rng.random(20_000) < said).astype(int)  # said and seen agree
    found = calibration(truth, np.column_stack([1 - said, said]))
    assert found.of == "positive" and len(found.bins) == 10 and found.gap < 0.02
    for one in found.bins:
        assert one.interval[0] <= one.observed <= one.interval[1]
        assert one.predicted == pytest.approx(one.observed, abs=0.04)
    sure = calibration(truth, np.column_stack([said < 0.5, said >= 0.5]).astype(float))
    assert sure.gap > 0.2 and [one.predicted for one in sure.bins] == [0.0, 1.0]


def test_calibration_of_many_classes_judges_the_class_that_was_named():
    truth = np.zeros(100, dtype=int)
    predicted = _probabilities(np.repeat([0, 1], [80, 20]), 3, np.full(100, 0.8))
    (one,) = calibration(truth, predicted).bins
    assert (one.rows, one.predicted, one.observed) == (100, 0.8, 0.8)
    assert one.interval == (pytest.approx(0.7112, abs=1e-4), pytest.approx(0.8666, abs=1e-4))  # Wilson, by hand


def test_few_rows_say_nothing_in_a_bin_but_count_in_the_gap():
    found = calibration(np.array([1, 0, 0]), np.array([[0.1, 0.9], [0.2, 0.8], [0.9, 0.1]]))
    assert found.bins == () and found.gap == pytest.approx((0.1 + 0.8 + 0.1) / 3, abs=1e-5)


def test_gradients_are_kept_by_layer():
    from thetastar.study.refit import _gradients

    network = SimpleNamespace(
        summary=lambda: [{"name": "dense_1", "parameters": 3}, {"name": "dropout_1", "parameters": 0}]
    )
    norms = np.linspace(1, 2, 500)[:, None].copy()
    norms[-1] = np.inf
    found = _gradients(SimpleNamespace(history={"gradient_norm": norms}, network=network))
    assert (
        found.layers == ("dense_1",) and len(found.epochs) == 120 and found.epochs[0] == 1 and found.epochs[-1] == 500
    )
    assert found.norms[0][0] == 1.0 and found.norms[0][-1] is None


# --- in real studies --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["regression", "binary", "multiclass"])
def test_shown_rows_are_the_table_s_and_say_what_the_model_says(name, request):
    model = request.getfixturevalue(name).tested
    columns = curve_table() if name == "regression" else rings_table(classes=2 if name == "binary" else 3)
    shown = model.record.test.shown
    assert shown.rows and len(shown.worst) <= 12
    for row in shown.rows:
        own = {key: [values[row.row]] for key, values in columns.items()}
        if name == "regression":
            assert float(row.real) == pytest.approx(own["y"][0], rel=1e-4)
            assert float(row.predicted) == pytest.approx(model.predict(own)[0], rel=1e-4)
        else:
            assert (row.real, row.predicted) == (own["ring"][0], model.predict(own)[0])
            assert row.sure == pytest.approx(model.predict_proba(own).max(), abs=1e-4)
    counts = {(c.real, c.predicted): len(c.rows) for c in shown.cells}
    for (real, said), rows in counts.items():
        assert rows == min(20, model.record.test.confusion[real][said])


@pytest.mark.parametrize("name", ["regression", "binary", "multiclass"])
def test_every_network_has_a_training_score_and_the_final_one_gradients(name, request):
    record = request.getfixturevalue(name).record
    networks = [row for row in record.leaderboard if row.kind == "network"]
    assert all(row.training_mean is not None for row in networks)
    assert {row.name: row.depth for row in networks} == {"linear": 0, "16 silu": 1, "16-16 silu, dropout 0.1": 2}
    assert all(row.training_mean is None and row.depth is None for row in record.leaderboard if row.kind == "baseline")
    found = record.winner.gradients
    assert list(found.layers) == [layer.name for layer in record.winner.layers if layer.parameters]
    assert found.epochs[-1] == record.winner.refit_epochs and all(value > 0 for value in found.norms[0])
    assert (record.test.calibration is None) == (name == "regression")


def test_a_training_score_is_the_metric_on_training_rows():
    from thetastar.recipes import Candidate
    from thetastar.study.backends.scoring import Scoring
    from thetastar.study.trial import Trial

    inputs = np.arange(40, dtype=np.float32).reshape(-1, 1)
    fold = SimpleNamespace(
        train=np.arange(30), validation=np.arange(30, 40), encoded=np.arange(40) / 10.0, truth=np.zeros(10),
        inputs_for=lambda candidate: inputs, predicted=lambda outputs: outputs[:, 0] * 10.0 + 5.0,
        weight_of=lambda rows: None,
    )  # fmt: skip
    work = SimpleNamespace(rows=20, task="regression", metric=METRICS["mae"], outputs=1, epochs_kept=10)
    network = SimpleNamespace(predict=lambda x, threads: x / 10.0 + 0.2)  # 2 too much on every row
    run = SimpleNamespace(
        network=network, stopped="epochs", epochs=1, best_epoch=1, seconds=0.5, history={"loss": np.ones(1)}
    )
    trial = Trial(1, Candidate(), 0, 0, 1)
    (outcome,) = Scoring(work, fold, trial.candidate).outcomes([(trial, SimpleNamespace(seed=3, resume=None), run)])
    assert outcome.training_score == pytest.approx(2.0)


@pytest.mark.parametrize("shape", [(28, 28, 1), (224, 200, 3)])
def test_pictures_stay_small_however_large_the_images_are(shape):
    import base64
    import io

    from PIL import Image

    from thetastar.study.samples import picture_of

    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (40, *shape)).astype(np.uint8)  # noise, which no PNG can make smaller
    shown = picture_of(images[0])
    with Image.open(io.BytesIO(base64.b64decode(shown.partition(",")[2]))) as picture:
        assert max(picture.size) <= 56 and picture.size[0] / picture.size[1] == pytest.approx(
            shape[1] / shape[0], rel=0.03
        )
    table = read_table((images, np.arange(40) % 2))
    truth = np.arange(40) % 2
    said = _probabilities(rng.integers(0, 2, 40), 2, np.full(40, 0.9))
    rows = evidence(table, np.arange(40), infer_roles(table, "target"), truth, said, ["a", "b"]).shown.rows
    assert 4 <= len(rows) and sum(len(row.picture) for row in rows) < 70_000
