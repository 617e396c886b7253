"""Exported averages with baselines in them (a constant, a linear model, trees) say what the members say."""

from __future__ import annotations

import runpy

import numpy as np
import pytest

import thetastar as ts
from tests.export.compiled import COMPILERS, compiled
from tests.export.models import model_of, table_of
from tests.export.node import in_node
from tests.export.test_c import in_c
from tests.export.test_scripts import rows_of
from thetastar.data import read_table
from thetastar.data.piecewise import PiecewisePreparation
from thetastar.export import Answer, FittedMember, NetworkMember, answer_of, export_model
from thetastar.export.c import c_file
from thetastar.export.scripts import javascript_file, python_file
from thetastar.recipes.fitted import Constant, Linear
from thetastar.recipes.trees import boosted_trees, forest

TARGETS = {
    "regression": lambda signal: 500 + 100 * signal,
    "binary": lambda signal: np.where(signal > 1.5, "high", "low"),
    "multiclass": lambda signal: np.digitize(signal, [0.5, 1.5]),
}


def fitted_on(task, rows, truth):
    """One of every kind, fitted on prepared rows; the forest and one linear model lack the last class."""
    from sklearn.ensemble import (
        ExtraTreesClassifier,
        ExtraTreesRegressor,
        HistGradientBoostingClassifier,
        HistGradientBoostingRegressor,
    )

    classes = 0 if task == "regression" else int(truth.max()) + 1
    few = truth < 2 if classes == 3 else slice(None)
    settings = {"random_state": 0, "n_estimators": 7, "min_samples_leaf": 5}
    generator = np.random.default_rng(0)
    if not classes:
        linear = Linear(generator.normal(size=(rows.shape[1], 1)), np.r_[40.0], "identity", np.zeros(0, int), 0)
        boosted = HistGradientBoostingRegressor(max_iter=9, random_state=0).fit(rows, truth)
        return [Constant(np.r_[510.0], 0), linear, boosted_trees(boosted, 0),
                forest(ExtraTreesRegressor(**settings).fit(rows, truth), 0)]  # fmt: skip
    link, outputs = ("sigmoid", 1) if classes == 2 else ("softmax", 2)
    linear = Linear(0.1 * generator.normal(size=(rows.shape[1], outputs)), np.zeros(outputs), link,
                    np.arange(classes)[: max(2, outputs)], classes)  # fmt: skip
    boosted = HistGradientBoostingClassifier(max_iter=5, random_state=0).fit(rows, truth)
    return [Constant(np.arange(1.0, classes + 1) / np.arange(1, classes + 1).sum(), classes), linear,
            boosted_trees(boosted, classes),
            forest(ExtraTreesClassifier(**settings).fit(rows[few], truth[few]), classes)]  # fmt: skip


@pytest.fixture(params=TARGETS)
def case(request):
    """(members' answers and later rows by their columns, what they say, the bound)."""
    task, columns = request.param, table_of(np.random.default_rng(5), 700)
    signal = 0.3 * np.array(columns["whole"]) + (np.array(columns["side"]) == "left")
    model = model_of(columns, TARGETS[task](signal).tolist())
    table = read_table({**columns, "y": TARGETS[task](signal).tolist()})
    rows = model.preparation.transform(table)
    cut = PiecewisePreparation.fit(model.preparation, rows, np.arange(700), 6)
    truth = model.target_encoding.truth(table)
    pieces = tuple(zip(cut.columns, cut.edges, strict=True))
    later = table_of(np.random.default_rng(77), 400, unseen=True)
    plain = model.preparation.transform(read_table(later))
    members, parts = [NetworkMember("network", 2, model.network)], [
        2 * model.target_encoding.predicted(model.network.predict(plain))]  # fmt: skip
    for k, (seen, given, features, own) in enumerate(
        [(rows, plain, "whole", ()), (cut.transform(table), cut.expand(plain), "pieces", pieces)]
    ):
        for fitted in fitted_on(task, seen, truth):
            members.append(FittedMember(f"{fitted.kind} on {features}", k + 1, fitted, own))
            parts.append((k + 1) * fitted.predict(given))
    answer = Answer(tuple(model.preparation.blocks), tuple(members), model.target_encoding)
    wanted = [part / member.count for part, member in zip(parts, members, strict=True)]
    bound = 1e-5 * (model.target_encoding.scale if task == "regression" else 1)
    return answer, later, sum(parts) / sum(member.count for member in members), wanted, bound


def alone(answer, place):
    return Answer(answer.blocks, (answer.members[place],), answer.encoding)


@pytest.mark.skipif(not COMPILERS, reason="there is no C compiler")
def test_c_says_what_the_members_say(case, tmp_path):
    answer, later, average, parts, bound = case
    found = compiled(c_file(answer, "all"), tmp_path, "all").all(in_c(later))
    np.testing.assert_allclose(found, average, rtol=0, atol=bound)
    for place in range(1, 5):
        found = compiled(c_file(alone(answer, place), f"m{place}"), tmp_path, f"m{place}").all(in_c(later))
        np.testing.assert_allclose(found, parts[place], rtol=0, atol=bound)


def test_a_python_file_says_what_the_members_say(case, tmp_path):
    answer, later, average, parts, bound = case
    for place, wanted in [(None, average), *enumerate(parts)]:
        path = tmp_path / f"m{place}.py"
        path.write_text(python_file(answer if place is None else alone(answer, place)), encoding="utf-8")
        np.testing.assert_allclose(runpy.run_path(str(path))["MODEL"].answers(rows_of(later)), wanted, rtol=0,
                                   atol=bound)  # fmt: skip


def test_a_module_says_what_the_members_say(case, tmp_path):
    answer, later, average, parts, bound = case
    for place, wanted in [(None, average), *enumerate(parts)]:
        path = tmp_path / f"m{place}.mjs"
        path.write_text(javascript_file(answer if place is None else alone(answer, place)), encoding="utf-8")
        found = in_node(path, rows_of(later))
        assert not any("error" in one for one in found), found[0]
        said = [one["value"] if average.ndim == 1 else one["probabilities"] for one in found]
        np.testing.assert_allclose(said, wanted, rtol=0, atol=bound)


def test_the_answer_of_a_study_is_exported_whatever_it_is(tmp_path):
    generator = np.random.default_rng(3)
    x, z = generator.normal(size=(2, 500))
    rows = {"x": x, "z": z, "y": np.where(x > 0, 3.0, -1.0) + (z > 0.5) + 0.1 * generator.normal(size=500)}
    model = ts.fit(rows, "y", candidates=[(8,)], effort=1, restarts=1, folds=3, seed=0)
    assert any(member.network is None for member in model.members)  # trees win here
    assert all(isinstance(one, NetworkMember | FittedMember) for one in answer_of(model).members)
    later = {"x": x[:50].tolist(), "z": z[:50].tolist()}
    run = runpy.run_path(str(export_model(model, tmp_path / "m.py")))
    np.testing.assert_allclose(run["predict"](rows_of(later)), model.predict(later), atol=1e-5 * np.std(rows["y"]))
