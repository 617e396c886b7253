"""What is named as a leak and what is not: planted columns, honest tables, and every table of the shared data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.data.planted import CLASSES, NUMBERS, planted
from tests.data.test_shared_data import FILES, opened
from thetastar.data import TargetEncoding, infer_roles, read_table, suspect_columns
from thetastar.data.leaks import find_leaks
from thetastar.datasets import make

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "choosing.md"
CASES = [("classes", what) for what in CLASSES] + [("numbers", what) for what in NUMBERS]
LEAKS = {  # of the shared tables; README there says of each that it is one
    "tables/titanic.csv": {"alive"},
    "series/bike_sharing_day.csv": {"casual", "registered"},
    "series/daily-website-visitors.csv": set(),  # First.Time + Returning = Unique, which is no sum that is the target
}


def leaks_of(columns, target="y", roles=None):
    table = read_table(columns)
    encoding = TargetEncoding.fit(table, target)
    return find_leaks(table, encoding, infer_roles(table, target, roles))


def named_in(columns, target="y", roles=None):
    return {name for leak in leaks_of(columns, target, roles) for name in leak.columns}


@pytest.mark.parametrize("kind, what", CASES, ids=lambda value: value)
def test_planted_leaks(kind, what):
    for seed in range(3):
        columns, named = planted(kind, what, seed)
        assert named_in(columns) == set(named)


def test_the_guide_says_the_same():
    text = GUIDE.read_text()
    for kind, what in CASES:
        row = next(line for line in text.splitlines() if line.startswith(f"| {what} |"))
        named = planted(kind, what)[1]
        assert all(f"`{name}`" in row for name in named) and ("not named" in row) == (not named), row


def honest(seed):
    """A table by a random rule: some numbers, some categories, a target of any kind, noise of any size."""
    generator = np.random.default_rng(seed)
    rows, count = int(generator.integers(150, 3_000)), int(generator.integers(2, 9))
    numbers = generator.normal(size=(rows, count)) @ np.where(generator.random((count, count)) < 0.2, 1, np.eye(count))
    levels = generator.integers(0, generator.integers(2, 40), (rows, 2))
    effect = generator.normal(size=(2, 40))
    weight = generator.uniform(0.3, 1, count) * generator.choice([-1, 1], count)
    value = numbers @ weight + 0.3 * np.sin(2 * numbers[:, 0]) + effect[0][levels[:, 0]] + effect[1][levels[:, 1]]
    value = value + generator.uniform(0.05, 1) * value.std() * generator.normal(size=rows)
    kind = seed % 4
    target = (
        value if kind == 0
        else np.exp(value / value.std()) if kind == 1
        else (value > np.quantile(value, generator.uniform(0.5, 0.95))).astype(int) if kind == 2
        else np.digitize(value, np.quantile(value, [0.3, 0.6, 0.9]))
    )  # fmt: skip
    columns = {f"x{k}": numbers[:, k] for k in range(count)}
    return {**columns, "town": [f"t{k}" for k in levels[:, 0]], "size": levels[:, 1], "y": target}


@pytest.mark.parametrize("seed", range(20))
def test_no_honest_column_of_a_made_table_is_accused(seed):
    assert leaks_of(honest(seed)) == []


@pytest.mark.parametrize(
    "name", ["circle", "quadrants", "gaussians", "moons", "plane", "hills", "x^2 - y^2", "sin(3x) + y/2"]
)
def test_a_function_of_all_columns_is_the_question_and_no_leak(name):
    columns, target = make(name, rows=300)
    assert leaks_of(columns, target) == []
    x = np.linspace(-3, 3, 200)
    for y in (x**2, 2 * x + 1, np.exp(x), (x > 0).astype(int)):
        assert leaks_of({"x": x, "y": y}) == []
    assert leaks_of({"a": x, "b": x[::-1] ** 2, "y": x + x[::-1] ** 2}) == []


def test_the_only_column_is_named_if_it_is_the_target():
    y = np.random.default_rng(0).integers(0, 2, 100)
    assert named_in({"alive": np.where(y, "yes", "no"), "y": y}) == {"alive"}
    assert named_in({"copy": np.arange(100.0) % 17, "y": np.arange(100.0) % 17}) == {"copy"}


def test_an_honest_score_of_another_model_is_not_called_a_mean_by_group():
    generator = np.random.default_rng(5)
    score = generator.integers(1, 20, 4_000) / 20
    assert (
        leaks_of(
            {"score": score, "x": generator.normal(size=4_000), "y": (generator.random(4_000) < score).astype(int)}
        )
        == []
    )


@pytest.mark.parametrize("file", FILES)
def test_of_the_shared_tables_only_leaks_are_named(shared, file):
    table, target, roles = opened(shared, file)
    found = find_leaks(table, TargetEncoding.fit(table, target), roles)
    assert {name for leak in found for name in leak.columns} == LEAKS.get(file, set())


def test_identifiers_that_encode_the_target_are_left_out_and_said():
    generator = np.random.default_rng(1)
    y, x = np.sort(generator.integers(0, 2, 400)), generator.normal(size=400)
    number = np.arange(1, 401)
    code = [f"{'AB'[k]}{n:04d}" for k, n in zip(y, generator.permutation(400), strict=True)]
    for name, values, how in (("id", number, "in their order"), ("code_id", code, "by their first letters")):
        columns = {name: values, "x": x, "y": y}
        assert leaks_of(columns) == []
        table = read_table(columns)
        (sentence,) = [s for s in suspect_columns(table, "y", infer_roles(table, "y")) if "rightly" in s]
        assert sentence.startswith(
            f"'{name}' is left out (identifier), and rightly: its values, {how}, give the target 'y' away: alone it "
            "says the class in "
        )
    assert named_in({"id": number, "x": x, "y": y}, roles={"id": "number"}) == {"id"}
    mixed = generator.permutation(400)
    table = read_table({"id": number, "x": x, "y": y[mixed]})
    assert not any("rightly" in s for s in suspect_columns(table, "y", infer_roles(table, "y")))


SENTENCES = {
    ("classes", "the same, 5 % of the rows wrong"): "'alive' gives the target 'y' away: it has a level for each class, "
    "and alone it says the class in 9",
    (
        "classes",
        "the class's share by town",
    ): "it is the mean of the target over the rows that share its value, so each row's own answer is in it.",
    ("classes", "the same, without the row itself"): "it is the mean of the target over the other rows of the same "
    "'town', so each row's own answer can be read from it.",
    ("numbers", "the target, 5 % of the rows from elsewhere"): "of the rows, by one straight line to the last digit.",
    ("numbers", "in another unit"): "it follows the target in a straight line (correlation 1.0000).",
    ("numbers", "its logarithm, rounded"): "it rises or falls with the target (rank correlation ",
    (
        "numbers",
        "a sum with another column",
    ): "'fare' + 'net' equals the target 'y' in every row. If they are not known",
    ("numbers", "a difference, with a little noise"): "'gross' - 'tax' is nearly the target 'y' (what is left spreads ",
}


@pytest.mark.parametrize("case", SENTENCES, ids=lambda case: case[1])
def test_how_it_is_said(case):
    sentences = [leak.sentence for leak in leaks_of(planted(*case)[0])]
    assert any(SENTENCES[case] in sentence for sentence in sentences), sentences
    assert all("when a prediction is made, leave" in sentence for sentence in sentences)
