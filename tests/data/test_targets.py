"""Several targets as one encoding: what is learned of each, what is saved, and what a damaged file is refused for."""

import numpy as np
import pytest

from thetastar.data import infer_roles, read_table
from thetastar.data.prepare import Preparation
from thetastar.data.target import TargetEncoding
from thetastar.data.targets import SeveralTargets, encoding_of, target_from_state
from thetastar.data.task import find_task
from thetastar.errors import InputError

TABLE = read_table({
    "x": np.arange(40.0) % 7 + 0.5, "heat": 1000 + 3.0 * np.arange(40) % 11 + 0.25, "drift": np.arange(40) / 1e4,
    "wet": ["yes", "no"] * 20, "cold": [0, 1, 1, 0] * 10,
})  # fmt: skip


def test_each_number_is_standardised_by_its_own_rows():
    targets = SeveralTargets.fit(TABLE, ["heat", "drift"]).fit_scale(np.arange(30))
    alone = [TargetEncoding.fit(TABLE, name).fit_scale(np.arange(30)) for name in ("heat", "drift")]
    encoded = targets.encode(TABLE)
    assert encoded.dtype == np.float32 and encoded.shape == (40, 2)
    for k, one in enumerate(alone):
        assert (encoded[:, k] == one.encode(TABLE)).all()
        assert (targets.truth(TABLE)[:, k] == one.truth(TABLE)).all()
    assert targets.decode(encoded) == pytest.approx(targets.truth(TABLE), rel=1e-5, abs=1e-9)
    assert targets.name == "heat, drift" and targets.names == ("heat", "drift") and targets.classes is None


def test_labels_are_probabilities_of_the_positive_class_and_come_back_as_the_data_has_them():
    targets = SeveralTargets.fit(TABLE, ["wet", "cold"])
    assert targets.task == "multilabel(2)" and [part.classes for part in targets.parts] == [("no", "yes"), (0, 1)]
    outputs = 20 * (2 * targets.encode(TABLE) - 1)
    likely = targets.predicted(outputs)
    assert likely.dtype == np.float64 and ((likely > 0.5) == (targets.truth(TABLE) == 1)).all()
    decoded = targets.decode(outputs)
    assert decoded[:, 0].tolist() == ["yes", "no"] * 20 and decoded[:, 1].tolist() == [0, 1, 1, 0] * 10
    kind = targets.kind
    assert kind.predicted_of(likely, 1).sum(axis=1) == pytest.approx(1)
    assert kind.truth_of(targets.truth(TABLE), 0).tolist() == [1, 0] * 20
    assert np.isfinite(kind.predicted(np.array([[1e9, -1e9]]), targets)).all()


def test_the_same_comes_back_from_a_file():
    for names in (["heat", "drift"], ["wet", "cold"]):
        targets = SeveralTargets.fit(TABLE, names).fit_scale(np.arange(30))
        again = target_from_state(targets.to_state()[0])
        assert isinstance(again, SeveralTargets) and again.task == targets.task and again.reason == targets.reason
        assert (again.encode(TABLE) == targets.encode(TABLE)).all()
    assert isinstance(target_from_state(encoding_of(TABLE, ["wet"]).to_state()[0]), TargetEncoding)


@pytest.mark.parametrize(
    "damage",
    [
        {"task": "multioutput(3)"}, {"task": "multilabel(2)"}, {"task": "regression"}, {"task": 7}, {"targets": []},
        {"targets": "heat"}, {"targets": [1, 2]}, {"reason": None}, {"more": 1},
    ],
)  # fmt: skip
def test_a_damaged_state_is_refused(damage):
    state = SeveralTargets.fit(TABLE, ["heat", "drift"]).to_state()[0]
    words = r"target: the saved state is not one of thetastar's\. The model file is damaged\.|is not a task"
    with pytest.raises(InputError, match=words):
        target_from_state({**state, **damage})
    twice = {**state, "targets": [state["targets"][0]] * 2}
    with pytest.raises(InputError, match=words):
        target_from_state(twice)


def test_the_names_of_tasks_hold_how_many_targets_there_are():
    assert find_task("multioutput(12)").targets == 12 and find_task("multilabel(100)").outputs(0) == 100
    for name in (
        "multioutput(1)",
        "multilabel(0)",
        "multioutput(101)",
        "multilabel(02)",
        "multilabel",
        "multioutput()",
    ):
        with pytest.raises(InputError, match="is not a task"):
            find_task(name)
    for task in (find_task("regression"), find_task("binary")):
        assert task.targets == 1 and task.one == task.name and task.probable == task.classification


def test_rare_sets_of_labels_stand_together_in_splits():
    truth = np.array([[0, 0]] * 30 + [[1, 0]] * 25 + [[0, 1]] * 3 + [[1, 1]] * 2)
    kinds = find_task("multilabel(2)").kinds(truth)
    assert len(np.unique(kinds)) == 3 and len(set(kinds[-5:])) == 1
    assert find_task("multioutput(2)").kinds(truth) is None and find_task("regression").kinds(truth[:, 0]) is None


def test_a_table_without_names_may_lack_the_targets():
    """Columns of an array are matched by position: with all targets, or with none."""
    rows = np.column_stack([TABLE.column(name).numbers for name in ("heat", "drift", "x")])
    table = read_table(rows)
    names = tuple(table.names[:2])
    preparation = Preparation.fit(table, np.arange(30), infer_roles(table, names))
    again = Preparation.from_state(*preparation.to_state())
    assert again.targets == preparation.targets == names
    assert (again.transform(read_table(rows[:, 2:])) == preparation.transform(table)).all()
    with pytest.raises(InputError, match=r"was trained on 3 columns or 1 without the targets\. Give the same columns"):
        preparation.transform(read_table(rows[:, :2]))
