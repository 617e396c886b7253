"""Baselines for several targets: each target's own fit, as plain arrays, and what a damaged file is refused for."""

import numpy as np
import pytest

from thetastar.errors import InputError
from thetastar.model.answer import Answer
from thetastar.recipes.baselines import baselines_for
from thetastar.recipes.fitted import Constant
from thetastar.recipes.targets import FittedTargets

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(300, 3)).astype(np.float32)
NUMBERS = np.column_stack([3 * X[:, 0] + 100, X[:, 1] ** 2]).astype(np.float64)
LABELS = np.column_stack([X[:, 0] > 0, X[:, 1] * X[:, 2] > 0]).astype(np.int64)


@pytest.mark.parametrize("forest", [False, True])
@pytest.mark.parametrize(("task", "truth"), [("multioutput(2)", NUMBERS), ("multilabel(2)", LABELS)])
def test_each_target_has_the_fit_that_it_has_alone(task, truth, forest):
    several = baselines_for(task, "r2", 0, 0, forest=forest)
    kind, classes = ("regression", 0) if truth is NUMBERS else ("binary", 2)
    alone = baselines_for(kind, "rmse", classes, 0, forest=forest)
    assert [one.name for one in several] == [one.name for one in alone]
    for one, single in zip(several, alone, strict=True):
        assert one.description == f"for each target: {single.description}"
        fitted, found = one.fit(X, truth, {})
        predicted = fitted.predict(X)
        assert predicted.shape == (300, 2)
        for k in range(2):
            part, own = single.fit(X, np.ascontiguousarray(truth[:, k]), {})
            expected = part.predict(X)
            assert (predicted[:, k] == (expected[:, 1] if classes else expected)).all()
            assert {name: value for name, value in found.items() if name.endswith(f" {k}")} == {
                f"{name} {k}": value for name, value in own.items()
            }
        again = FittedTargets.from_state(*fitted.to_state())
        assert (again.predict(X) == predicted).all() and again.size == fitted.size
        again.check(3, 0)


def test_the_forests_of_many_targets_take_no_more_room_than_one():
    X = RANDOM.normal(size=(4_000, 3)).astype(np.float32)
    truth = X @ RANDOM.normal(size=(3, 10)) + RANDOM.normal(size=(4_000, 10))
    fitted, _ = baselines_for("multioutput(10)", "r2", 0, 0, forest=True)[3].fit(X, truth, {})
    bytes_taken = sum(array.nbytes for array in fitted.to_state()[1].values())
    assert 2e6 < bytes_taken < 9e6


def test_settings_that_were_found_are_used_target_by_target():
    boosting = baselines_for("multioutput(2)", "r2", 0, 0)[2]
    _, found = boosting.fit(X, NUMBERS, {"trees 0": 3, "trees 1": 5})
    assert found == {"trees 0": 3, "trees 1": 5, "steps 0": 0, "steps 1": 0}


def test_a_label_that_no_row_has_is_predicted_so():
    never = LABELS.copy()
    never[:, 1] = 0
    for baseline in baselines_for("multilabel(2)", "macro_auc", 0, 0):
        fitted, _ = baseline.fit(X, never, {})
        assert (fitted.predict(X)[:, 1] == 0).all()


def test_a_damaged_part_is_refused():
    fitted, _ = baselines_for("multilabel(2)", "macro_auc", 0, 0)[1].fit(X, LABELS, {})
    state, arrays = fitted.to_state()

    def refused(words, state=state, arrays=arrays):
        with pytest.raises(InputError, match=words):
            FittedTargets.from_state(state, arrays)

    form = r"a part of the answer \(targets\) does not hold: its parts are not those of its kind"
    for damage in ({"classes": 3}, {"classes": True}, {"parts": "two"}, {"parts": []}, {"more": 1}):
        refused(form, {**state, **damage})
    refused(form, {**state, "parts": [state["parts"][0]] * 101})
    refused("one of its parts is of another kind", {**state, "parts": [{"kind": "targets"}, state["parts"][1]]})
    refused("it has more arrays than its parts", arrays={**arrays, "7/weight": arrays["0/weight"]})
    first = {name: array for name, array in arrays.items() if name.startswith("0/")}
    refused("it has one target", {**state, "parts": state["parts"][:1]}, first)
    with pytest.raises(InputError, match="it answers another kind of question"):
        fitted.check(3, 2)
    with pytest.raises(InputError, match="it takes rows of 3 numbers, not 4"):
        fitted.check(4, 0)


def test_an_answer_has_as_many_parts_as_targets(tmp_path):
    from thetastar.data import read_table
    from thetastar.data.prepare import Preparation
    from thetastar.data.roles import infer_roles
    from thetastar.data.targets import SeveralTargets
    from thetastar.model.answer import Member

    table = read_table({"x": np.arange(30.0) % 7 + 0.5, "a": np.arange(30.0) / 7, "b": np.arange(30.0) / 3})
    preparation = Preparation.fit(table, np.arange(30), infer_roles(table, ("a", "b")))
    encoding = SeveralTargets.fit(table, ["a", "b"])
    one = Constant(np.array([1.0]), 0)
    for predictor, what in (
        (FittedTargets((one, one, one), 0), "3 numbers"), (one, "1 numbers"),
        (FittedTargets((Constant(np.array([0.5, 0.5]), 2),) * 2, 2), "2 labels"),
    ):  # fmt: skip
        state, arrays = Answer((Member("it", 1, predictor, preparation),)).to_state()
        with pytest.raises(InputError, match=rf"'it' answers with {what}, and the task is multioutput\(2\)"):
            Answer.from_state(state, arrays, preparation, encoding)
