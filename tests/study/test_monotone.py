"""Columns that the answer must rise or fall with: it does so for every pair of rows, whatever answers; and refusals."""

import json

import numpy as np
import pytest

import thetastar as ts
from thetastar.errors import InputError
from thetastar.recipes import Candidate, baselines_for
from thetastar.recipes.monotone import bounded_logistic, bounded_ridge, can_be_monotone, monotone_candidates
from thetastar.study.options import StudyOptions
from thetastar.study.problem import ask

WAYS = {"age": "-", "size": "+", "garden": "+"}
SIGNS = {"age": -1, "size": 1, "garden": 1}


def houses(rows=500, seed=0, classes=False):
    """A price that mostly falls with age, with a bump that must not be followed, and noise."""
    generator = np.random.default_rng(seed)
    age, size = generator.uniform(0, 60, rows), generator.lognormal(4.5, 0.4, rows)
    garden, town = generator.choice(["yes", "no"], rows), generator.choice(list("abcd"), rows)
    price = 300 * np.exp(-0.05 * age) + 40 * np.exp(-((age - 40) ** 2) / 20) + size + 20 * (garden == "yes")
    price = price + 30 * (town == "a") * np.sin(size) + generator.normal(0, 20, rows)
    age = np.where(generator.random(rows) < 0.03, np.nan, age)
    answer = np.where(price > np.median(price), "dear", "cheap") if classes else price
    return {"age": age, "size": size, "garden": garden, "town": town, "price": answer}


def pairs(count, seed=1):
    """Rows, and the same rows gone the way that must not lower the answer, some of them by the least step there is."""
    generator = np.random.default_rng(seed)
    rows = {name: values for name, values in houses(count, seed).items() if name != "price"}
    rows["age"] = generator.uniform(-20, 200, count)
    step = np.abs(generator.normal(size=(2, count))) * 10.0 ** generator.uniform(-12, 2, (2, count))
    more = {**rows, "age": rows["age"] - step[0], "size": rows["size"] + step[1]}
    more["garden"] = np.where(generator.random(count) < 0.5, "yes", rows["garden"])
    return rows, more


@pytest.fixture(scope="module", params=[False, True], ids=["number", "classes"], name="model")
def of_a_study(request):
    return ts.fit(
        houses(classes=request.param), "price", monotone=WAYS, effort="quick", folds=2, seed=1, threads=1
    )  # fmt: skip


def said(model, rows):
    return model.predict(rows) if model.classes is None else model.predict_proba(rows)[:, 1]


def test_the_answer_keeps_it_for_100_000_pairs(model):
    """ "dear" is the second class."""
    less, more = pairs(100_000)
    low, high = said(model, less), said(model, more)
    assert np.all(low <= high) and np.mean(low < high) > 0.3


def test_the_network_by_itself_keeps_it_too(model):
    less, more = (model.preparation.transform(model._read(rows)) for rows in pairs(20_000, seed=2))
    assert np.all(model.network.predict(less) <= model.network.predict(more))


def test_it_says_what_is_held(model):
    held = "Held exactly: the answer rises with 'size', 'garden' and falls with 'age'."
    assert any(sentence.startswith(held) for sentence in model.record.shortcuts)
    assert model.record.settings.study["monotone"] == ["age:-", "size:+", "garden:+"]
    names = [row.name for row in model.record.leaderboard if row.kind == "network"]
    assert names and all("silu" not in name and "mish" not in name for name in names)


def test_without_the_option_the_bump_is_followed():
    """So that the tests above mean something."""
    model = ts.fit(houses(), "price", effort=1, folds=1, candidates=[Candidate(hidden=(64, 64))], threads=1)
    less, more = pairs(2_000)
    assert np.any(model.predict(less) > model.predict(more))


@pytest.mark.parametrize("classes", [0, 2])
def test_baselines_keep_directions(classes):
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(800, 3)).astype(np.float32)
    signal = inputs[:, 0] + 2 * np.sin(3 * inputs[:, 0]) - inputs[:, 1] + inputs[:, 2] ** 2 + generator.normal(size=800)
    target = (signal > 0.5).astype(int) if classes else signal
    less = generator.normal(size=(20_000, 3)).astype(np.float32)
    more = less + np.abs(generator.normal(size=(20_000, 3))).astype(np.float32) * np.float32([1, -1, 0])
    held = [one for one in baselines_for("binary" if classes else "regression", "auc" if classes else "mae", classes, 0,
                                         forest=True) if one.held]  # fmt: skip
    assert len(held) == 3
    for baseline in held:
        fitted, _ = baseline.fit(inputs, target, {}, None, directions=(1, -1, 0))
        low, high = fitted.predict(less), fitted.predict(more)
        assert np.all((low <= high) if not classes else (low[:, 1] <= high[:, 1])), baseline.name
        free, _ = baseline.fit(inputs, target, {}, None)
        assert type(free) is type(fitted)


def test_bounded_lines_are_the_free_ones_where_no_bound_is_in_the_way():
    from sklearn.linear_model import LogisticRegression, Ridge

    generator = np.random.default_rng(0)
    X = generator.normal(size=(300, 4)) + 2
    y = X @ [1.0, -2.0, 0.5, 0.0] + 3 + generator.normal(size=300)
    weights = generator.uniform(0.5, 2, 300)
    free = Ridge(alpha=2.0).fit(X, y, weights)
    weight, bias = bounded_ridge(X, y, 2.0, (1, -1, 1, 0), weights)
    assert weight == pytest.approx(free.coef_, abs=1e-7) and bias == pytest.approx(free.intercept_, abs=1e-7)
    weight, _ = bounded_ridge(X, y, 2.0, (-1, -1, 0, 0), weights)
    assert weight[0] == 0 and weight[1] < 0
    label = (y > 4).astype(int)
    free = LogisticRegression(C=1.0, tol=1e-9, max_iter=2_000).fit(X, label, weights)
    weight, bias = bounded_logistic(X, label, (1, -1, 1, 0), weights, 2_000)
    assert weight == pytest.approx(free.coef_[0], abs=2e-3) and bias == pytest.approx(free.intercept_[0], abs=5e-3)


def test_the_default_set_can_keep_it():
    assert all(can_be_monotone(candidate) for candidate in monotone_candidates(8))
    assert not can_be_monotone(Candidate(hidden=(8,), activation="relu", optimizer="lbfgs"))


def test_candidates_that_cannot_are_left_out_in_words():
    model = ts.fit(
        houses(200), "price", monotone="age:-", effort=0.2,
        candidates=[(8,), Candidate(hidden=(8,), activation="relu")],
        folds=1, threads=1,
    )  # fmt: skip
    assert "Left out, because they cannot keep it: 8 silu." in " ".join(model.record.shortcuts)
    with pytest.raises(InputError, match=r"candidates: none of them can be monotone \(8 silu\). Give dense ones with"):
        ts.fit(houses(200), "price", monotone="age:-", candidates=[(8,)])


@pytest.mark.parametrize("given", ["age:-,size:+", ["age:-", "size:+"], {"age": -1, "size": "+"}, " age : − , size:+1"])
def test_ways_to_write_it(given):
    assert StudyOptions.checked(target="price", monotone=given).monotone == ("age:-", "size:+")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"monotone": "age"}, r"monotone: write COLUMN:\+ or COLUMN:- for each column"),
        ({"monotone": "age:down"}, r"monotone: write COLUMN:\+ or COLUMN:-"),
        ({"monotone": "age:-,age:+"}, r"monotone: 'age' cannot both rise and fall"),
        ({"monotone": "ages:-"}, r"monotone: there is no column 'ages'\. Did you mean 'age'"),
        (
            {"monotone": "town:+"},
            r"monotone: 'town' must be a column of numbers, or of yes and no, .* Got one of the ro",
        ),
        ({"monotone": "age:-", "quantiles": "0.1,0.9"}, "is a target of quantiles"),
        ({"monotone": "age:-", "target": "town"}, "is a target of 4 classes"),
        ({"monotone": "age:-", "formulas": "a*age"}, "formulas do not keep what monotone asks for"),
        ({"monotone": "age:-", "space": {"hidden": [[4], [8]]}}, "monotone is held for candidates and not in a space"),
    ],
)
def test_refusals(given, message):
    with pytest.raises(InputError, match=message):
        ask(houses(100), StudyOptions.checked(**{"target": "price", **given}))


def test_the_command_line_takes_it(tmp_path, capsys):
    from thetastar.cli import main

    rows = houses(120)
    lines = [",".join(map(str, row)) for row in zip(*rows.values(), strict=True)]
    (tmp_path / "rows.csv").write_text("\n".join([",".join(rows), *lines]).replace("nan", ""))
    given = ["fit", str(tmp_path / "rows.csv"), "--target", "price", "--monotone", "age:-,size:+", "--effort", "0.2",
             "--folds", "1", "--threads", "1", "--json"]  # fmt: skip
    assert main(given) == 0
    assert any(note.startswith("Held exactly") for note in json.loads(capsys.readouterr().out)["notes"])
