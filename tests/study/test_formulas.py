"""Formulas of the user: the right parameters, against references; beside the networks; in a file; and every refusal."""

import json
import runpy

import numpy as np
import pytest
from scipy.optimize import curve_fit
from scipy.special import expit

import thetastar as ts
from thetastar.errors import InputError
from thetastar.expression import parse
from thetastar.model.answer import FITTED
from thetastar.recipes.formulas import FittedFormula, Formula, FormulaAndNetwork, formula_baselines
from thetastar.recipes.identify import identified
from thetastar.study.options import StudyOptions
from thetastar.study.problem import ask

DECAY = "a*exp(-b*age) + c"
MANY = "+".join(f"{name}*age^{k}" for k, name in enumerate("abcdfghijklmnopqrstuvwxyz"))


def decay(rows=400, noise=5.0, seed=1):
    generator = np.random.default_rng(seed)
    age = generator.uniform(0, 60, rows)
    return age, 300 * np.exp(-0.08 * age) + 50 + noise * generator.normal(size=rows)


def found_for(text, names, columns, target, **options):
    parameters = [name for name in parse(text, 20).variables if name not in names]
    return parameters, identified(parse(text, 20), names, parameters, columns, target, seed=0, **options)


def test_parameters_and_intervals_are_those_of_scipys_curve_fit():
    age, price = decay()
    _, found = found_for(DECAY, ["age"], age[:, None], price)
    best, covariance = curve_fit(lambda x, a, b, c: a * np.exp(-b * x) + c, age, price, p0=[280, 0.1, 40])
    assert found.values == pytest.approx(best, rel=1e-5)
    half = 1.965897 * np.sqrt(np.diag(covariance))  # Student's quantile for 397 degrees of freedom
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=1e-4)
    assert found.remarks == ("", "", "")


def test_the_intervals_hold_the_truth_as_often_as_they_say():
    """Of two parameters in 60 tables about 6 of 120 should lie outside: with chance at least 1, at most 14."""
    outside = 0
    for seed in range(60):
        age, price = decay(rows=60, seed=seed)
        _, found = found_for("300*exp(-b*age) + c", ["age"], age[:, None], price)
        outside += int(np.sum((found.low > [0.08, 50]) | (found.high < [0.08, 50])))
    assert 0 < outside <= 0.12 * 120


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("a*x^n", {"a": 1e6, "n": 1.5}),
        ("top*sigmoid(k*(x - middle))", {"top": 50, "k": 0.3, "middle": 33}),
        ("a*sin(w*x) + c", {"a": 3, "w": 0.9, "c": 5}),
        ("a + b*relu(x - kink)", {"a": 2, "b": -4, "kink": 60}),
        ("v*x/(k + x)", {"v": 1e-3, "k": 12.5}),
        ("a*x + b*x^2 + c", {"a": 2, "b": 0.5, "c": -7}),
    ],
)
def test_the_parameters_of_several_magnitudes_are_found_without_a_start(text, truth):
    x = np.random.default_rng(0).uniform(0.5, 80, 300)
    target = parse(text, 9)(x=x, **truth)
    names, found = found_for(text, ["x"], x[:, None], target)
    assert dict(zip(names, found.values, strict=True)) == pytest.approx(truth, rel=1e-5)


def test_a_row_of_twice_the_weight_is_a_row_that_stands_there_twice():
    age, price = decay(rows=50)
    weights = np.tile([1.0, 2.0], 25)
    _, one = found_for(DECAY, ["age"], age[:, None], price, weights=weights)
    twice = np.repeat(np.arange(50), weights.astype(int))
    _, two = found_for(DECAY, ["age"], age[twice, None], price[twice])
    assert one.values == pytest.approx(two.values, rel=1e-6)


def test_two_classes_are_fitted_by_the_log_loss():
    """Beside scikit-learn's logistic regression without a penalty."""
    from sklearn.linear_model import LogisticRegression

    generator = np.random.default_rng(0)
    x = generator.normal(size=(500, 2))
    label = (generator.random(500) < expit(x @ [1.0, -2.0] + 0.5)).astype(float)
    names, found = found_for("k*u + l*v + m", ["u", "v"], x, label, classes=True)
    model = LogisticRegression(C=np.inf, tol=1e-9, max_iter=1_000).fit(x, label)
    assert dict(zip(names, found.values, strict=True)) == pytest.approx(
        {"k": model.coef_[0, 0], "l": model.coef_[0, 1], "m": model.intercept_[0]}, rel=1e-4
    )
    shares = expit(x @ model.coef_[0] + model.intercept_[0])
    design = np.column_stack([x, np.ones(500)])
    errors = np.sqrt(np.diag(np.linalg.inv(design.T @ (design * (shares * (1 - shares))[:, None]))))
    assert (found.high - found.low) / 2 == pytest.approx(1.959964 * errors, rel=1e-3)


def test_what_the_rows_cannot_say_is_said():
    age, price = decay()
    names, found = found_for("a*b*age + c", ["age"], age[:, None], price)
    remarks = dict(zip(names, found.remarks, strict=True))
    assert remarks["a"] == remarks["b"] == "not identifiable: other values fit these rows as well"
    assert remarks["c"] == "" and np.isnan(found.low[:2]).all() and np.isfinite(found.low[2])


def test_another_value_that_fits_as_well_is_named():
    x = np.linspace(-3, 3, 200)
    _, found = found_for("exp(-(s*x)^2)", ["x"], x[:, None], np.exp(-((0.7 * x) ** 2)))
    assert found.values == pytest.approx([0.7], rel=1e-6)
    assert found.remarks[0].startswith("not the only value: -0.7 fits as well")


def test_the_same_seed_gives_the_same_bits():
    age, price = decay()
    _, one = found_for(DECAY, ["age"], age[:, None], price)
    _, two = found_for(DECAY, ["age"], age[:, None], price)
    assert np.array_equal(one.values, two.values)


def fitted(text, rows=400, left=0.0):
    """The two baselines of a formula, fitted, and their rows."""
    from thetastar.data import infer_roles, read_table
    from thetastar.data.own_numbers import OwnNumbers

    age, price = decay(rows)
    size = np.random.default_rng(3).normal(100, 20, rows)
    table = read_table({"age": age, "size": size, "price": price + left * np.sin(size / 8)})
    formula = Formula.read(text, ["age", "size"])
    own = OwnNumbers.fit(table, np.arange(rows), infer_roles(table, "price"), formula.columns)
    prepared = np.column_stack([age / 30 - 1, size / 20 - 5]).astype(np.float32)
    inputs = own.beside(prepared, table)
    fits = [
        baseline.fit(inputs, table.column("price").numbers, {})[0].reading(own)
        for baseline in formula_baselines([formula], 0, 0)
    ]
    return fits, inputs, table.column("price").numbers


def test_a_network_learns_what_a_formula_leaves_and_nothing_of_noise():
    (alone, both), inputs, price = fitted(DECAY, rows=2_000, left=40.0)
    errors = [float(np.std(one.predict(inputs) - price)) for one in (alone, both)]
    assert errors[1] < 0.5 * errors[0] and both.share > 0.5
    assert np.array_equal(both.formula.values, alone.values)
    (_, both), _, _ = fitted(DECAY, rows=2_000)
    assert both.share == 0.0


@pytest.mark.parametrize("place", [0, 1])
def test_a_file_holds_it_to_the_bit_and_damage_is_refused(place):
    fits, inputs, _ = fitted(DECAY, left=40.0)
    one = fits[place]
    state, arrays = one.to_state()
    assert FITTED[state["kind"]] is type(one)
    again = type(one).from_state(json.loads(json.dumps(state)), arrays)
    assert np.array_equal(again.predict(inputs), one.predict(inputs))
    inner = state if place == 0 else state["formula"]
    for changed in ({"text": "a*age"}, {"remarks": []}, {"elsewhere": "much"}, {"classes": 3}, {"columns": 1}):
        broken = {**inner, **changed}
        with pytest.raises(InputError, match="formula"):
            type(one).from_state(broken if place == 0 else {**state, "formula": broken}, arrays)
    with pytest.raises(InputError, match="answers another kind of question"):
        one.check(2, 2)
    if place == 1:
        with pytest.raises(InputError, match="its networks do not take rows of 3 numbers"):
            one.check(3, 0)
        with pytest.raises(InputError, match="its parts are not those of its kind"):
            FormulaAndNetwork.from_state({**state, "share": float("nan")}, arrays)


def test_where_a_formula_has_no_value_it_answers_with_the_mean():
    formula = Formula.read("a*log(x) + b", ["x"])
    x = np.array([[0.0], [1.0], [2.0], [3.0], [4.0]])
    one, _ = formula_baselines([formula], 0, 0)[0].fit(x, 2 * np.log(np.maximum(x[:, 0], 1)) + 1, {})
    assert isinstance(one, FittedFormula)
    assert one.values == pytest.approx([2, 1])
    assert one.predict(x)[0] == pytest.approx(float(np.mean(2 * np.log([1, 1, 2, 3, 4]) + 1)))


def table(rows=300):
    generator = np.random.default_rng(1)
    age, price = decay(rows)
    return {
        "age": age, "sepal length (cm)": generator.normal(100, 20, rows), "yard": generator.choice(["yes", "no"], rows),
        "town": generator.choice(list("abcd"), rows), "day": [f"2020-01-{1 + k % 28:02d}" for k in range(rows)],
        "e": generator.normal(size=rows), "log": generator.normal(size=rows), "one": [1.0] * rows, "price": price,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a*exp(-b*age", r"formulas: function .*'\)' must come next"),
        ("foo(age)", "formulas: function 'foo\\(age\\)': there is no function 'foo'"),
        ("2*age + 1", "has no parameter: every name in it is a column"),
        ("a + b", "names no column. Did you mean"),
        ("1 + 2", "names no column and no parameter. Name both"),
        ("a*Age", "'Age' is no column, but 'age' is. Write it as the table has it"),
        ("a*town", "'town' is a column of text. A formula takes numbers"),
        ("a*day", "'day' is a column of dates"),
        ("a*one", "'one' is left out \\(constant\\). Give it a role that is learned from: --role one=number"),
        ("a*price", "names the target 'price'"),
        ("a*log(age - 1000)", "has no finite value on any row"),
        ("a*e*age", "e is a constant, and there is a column 'e'. Write `e` in backticks"),
        ("a*log + age", "For the column write `log` in backticks"),
        (MANY, "has 25 parameters and needs 26 rows to learn them from. Got 24"),
    ],
)  # fmt: skip
def test_what_is_no_formula_of_the_table_is_refused_before_anything_is_trained(text, message):
    rows = table(30 if text == MANY else 300)
    with pytest.raises(InputError, match=message):
        ask(rows, StudyOptions.checked(target="price", formulas=text, folds=1))


def test_other_refusals():
    with pytest.raises(InputError, match="formulas: give texts, such as"):
        StudyOptions.checked(target="price", formulas=[""])
    with pytest.raises(InputError, match="two formulas are the same"):
        StudyOptions.checked(target="price", formulas=["a*x", "a*x "])
    with pytest.raises(InputError, match="'town' is a target of 4 classes"):
        ask(table(), StudyOptions.checked(target="town", formulas="a*age"))
    with pytest.raises(InputError, match="is a target of quantiles"):
        ask(table(), StudyOptions.checked(target="price", formulas="a*age", quantiles="0.1,0.9"))


def test_columns_with_any_name_and_yes_and_no_stand_in_a_formula():
    problem = ask(table(), StudyOptions.checked(target="price", formulas="a*`sepal length (cm)` + b*yard + c*`e`"))
    assert problem.formulas[0].columns == ("sepal length (cm)", "yard", "e")
    assert problem.formulas[0].filled({"a": 1.23456, "b": -2, "c": 3}) == (
        "1.235 `sepal length (cm)` + (-2) yard + 3 `e`"
    )


@pytest.fixture(scope="module", name="model")
def of_a_study(tmp_path_factory):
    age, price = decay()
    rows = {"age": age.round(3), "size": np.random.default_rng(2).normal(size=400).round(3), "price": price.round(3)}
    folder = tmp_path_factory.mktemp("study")
    model = ts.fit(
        rows, "price", formulas=[DECAY], candidates=[(), (16,)], effort=1, restarts=1, folds=2, out=folder, threads=1
    )
    return model, rows, folder


def test_a_right_formula_is_the_answer_and_says_its_numbers(model):
    model, rows, folder = model
    record = model.record
    assert record.answer.kind == "baseline" and model.members[0].name == f"formula {DECAY}"
    names = [row.name for row in record.leaderboard]
    assert set(names[:2]) == {f"formula {DECAY}", f"formula + network: {DECAY}"}
    (found,) = record.formulas
    values = {one.name: one.value for one in found.parameters}
    assert values == pytest.approx({"a": 300, "b": 0.08, "c": 50}, rel=0.05)
    assert all(one.interval[0] < one.value < one.interval[1] for one in found.parameters)
    assert found.sentence.startswith(f"{DECAY}: {found.filled}, with 95 % intervals a = ")
    assert model.predict({"age": [1e4], "size": [0.0]}) == pytest.approx([values["c"]])
    again = ts.load(folder / "model.theta")
    assert np.array_equal(again.predict(rows), model.predict(rows))
    assert again.record.formulas == record.formulas and model.result()["formulas"][0]["text"] == DECAY
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "What was found for your formula" in page and found.filled in page
    assert 'formulas = ["a*exp(-b*age) + c"]' in (folder / "study.toml").read_text(encoding="utf-8").replace(
        "\n    ", ""
    ).replace(",\n]", "]")


def test_a_row_alone_gets_what_it_gets_among_others(model):
    model, rows, _ = model
    some = {name: values[:5] for name, values in rows.items()}
    alone = [float(model.predict({name: [v] for name, v in zip(some, row, strict=True)})[0])
             for row in zip(*some.values(), strict=True)]  # fmt: skip
    assert alone == model.predict(some).tolist()


def test_a_service_answers_with_it_too(model):
    from thetastar.serve.predictor import Predictor

    model, rows, _ = model
    asked = [{"age": float(rows["age"][k]), "size": float(rows["size"][k])} for k in range(3)]
    assert Predictor(model).answers(asked).tolist() == model.predict(rows)[:3].tolist()


def test_an_export_answers_with_it_too(model, tmp_path):
    model, rows, _ = model
    assert any(member.network is None for member in model.members)
    asked = [{"age": float(rows["age"][k]), "size": float(rows["size"][k])} for k in range(20)]
    run = runpy.run_path(str(model.export(tmp_path / "model.py")))
    assert run["predict"](asked) == pytest.approx(model.predict(rows)[:20].tolist(), rel=1e-5)


def test_the_command_line_takes_several(tmp_path, capsys):
    from thetastar.cli import main

    age, price = decay(120)
    path = tmp_path / "rows.csv"
    path.write_text("age,price\n" + "".join(f"{a:.4f},{p:.4f}\n" for a, p in zip(age, price, strict=True)))
    given = ["fit", str(path), "--target", "price", "--formula", DECAY, "--formula", "k*age + d", "--effort", "0.2",
             "--folds", "1", "--threads", "1", "--json"]  # fmt: skip
    assert main(given) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["text"] for row in found["formulas"]] == [DECAY, "k*age + d"]
