"""Quantiles of a number: one network for all levels, none cross, and as many rows lie below as the level says."""

import csv
import warnings

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import mean_pinball_loss

import thetastar as ts
from thetastar.cli import main
from thetastar.data.task import find_task, parse_levels
from thetastar.model.calibration import Conformal, calibration_from_state
from thetastar.model.metrics import find_metric, metrics_of
from thetastar.recipes.baselines import baselines_for
from thetastar.recipes.fitted import Constant
from thetastar.recipes.quantiles import FittedQuantiles, weighted_quantile
from thetastar.study import audit, repeat
from thetastar.study.conformal import coverage, fit_conformal, quantile_levels
from thetastar.study.folder import read_study

LEVELS = (0.1, 0.5, 0.9)
TASK = "quantiles(0.1, 0.5, 0.9)"
QUICK = {"candidates": [(), (16, 16)], "restarts": 1, "folds": 2, "effort": 1.5}


def fan(rows=900, seed=0):
    """The spread of y grows with x: y = 10 + x + (0.2 + x) times a standard normal number."""
    generator = np.random.default_rng(seed)
    x = generator.uniform(0, 2, rows)
    return {"x": x, "z": generator.normal(size=rows), "y": 10 + x + (0.2 + x) * generator.normal(size=rows)}


@pytest.fixture(scope="module")
def model():
    return ts.fit(fan(), target="y", quantiles=LEVELS, **QUICK)


# ---------------------------------------------------------------- levels, task, metric, loss


def test_levels_are_read_from_texts_and_lists():
    assert parse_levels("0.1,0.5, 0.9") == parse_levels([0.1, 0.5, 0.9]) == parse_levels(np.array(LEVELS)) == LEVELS
    assert parse_levels(0.9) == (0.9,)
    assert find_task(TASK).levels == LEVELS and find_task(TASK).name == TASK and find_task(TASK).outputs(0) == 3
    assert find_task("quantiles(0.05, 0.8)").middle == 1 and find_task("regression").levels == ()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("0.9,0.1", r"quantiles: levels must rise and differ, such as 0.1,0.5,0.9"),
        ((0.1, 0.1), r"quantiles: levels must rise and differ"),
        ("10,90", r"quantiles: a level must lie between 0 and 1 \(0.0001 to 0.9999\), and 10 does not; 10 % is 0.1"),
        ((0.0, 0.5), r"and 0 does not"),
        ("low,high", r"quantiles: levels must be numbers between 0 and 1, such as 0.1,0.5,0.9"),
        ((), r"quantiles: give 1 to 50 levels, such as 0.1,0.5,0.9"),
        (tuple(np.arange(1, 60) / 100), r"quantiles: give 1 to 50 levels"),
    ],
)
def test_levels_that_are_none_are_refused(given, words):
    with pytest.raises(ts.InputError, match=words):
        ts.fit(fan(40), target="y", quantiles=given)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"task": "binary"}, r"quantiles are of a number, and task=binary asks for a class: give one of them"),
        ({"metric": "rmse"}, r"metric: 'rmse' does not suit a quantiles\(0.1, 0.5, 0.9\) target. Use one of pinball."),
        ({"threshold": 0.3}, r"threshold: only a target of two classes has one."),
        ({"target": "kind"}, r"a regression needs numbers, but the target is 'a'"),
    ],
)
def test_what_contradicts_quantiles_is_refused(options, words):
    table = {**fan(40), "kind": ["a", "b"] * 20}
    with pytest.raises(ts.InputError, match=words):
        ts.fit(table, **{"target": "y", "quantiles": LEVELS, **options})


def test_other_words_name_the_right_one():
    with pytest.raises(TypeError, match=r"fit\(\) has no option 'alpha'. Here it is called 'quantiles'."):
        ts.fit(fan(40), target="y", alpha=0.1)


def test_pinball_is_the_mean_over_the_levels():
    generator = np.random.default_rng(0)
    y, said, weight = generator.normal(size=50), np.sort(generator.normal(size=(50, 3)), axis=1), generator.random(50)
    for count in (None, weight):
        each = [mean_pinball_loss(y, said[:, k], alpha=level, sample_weight=count) for k, level in enumerate(LEVELS)]
        assert find_metric(None, TASK)(y, said, count) == pytest.approx(np.mean(each))
    assert [metric.name for metric in metrics_of(TASK)] == ["pinball"]
    with pytest.raises(ts.InputError, match="metric: 'pinball' does not suit a regression target"):
        find_metric("pinball", "regression")


def test_one_network_learns_every_level():
    """Of rows that all look alike the best outputs are the sample's own quantiles."""
    y = np.random.default_rng(1).exponential(size=400)
    net = ts.Network([ts.Dense(3)], input_shape=(1,))
    run = ts.train(net, np.zeros((400, 1)), y, loss=ts.losses.Quantiles(LEVELS), optimizer=ts.optimizers.Adam(0.05),
                   epochs=1000, batch_size=400, schedule="cosine")  # fmt: skip
    assert run.network.predict([[0.0]])[0] == pytest.approx(np.quantile(y, LEVELS), abs=0.05)
    with pytest.raises(
        ts.InputError, match=r"Quantiles needs one output a level, 3 here. Got 2. Make the last layer as wide"
    ):
        ts.losses.Quantiles(LEVELS)([[0.0, 1.0]], [1.0])


# ---------------------------------------------------------------- conformal correction


def test_a_shift_makes_as_many_rows_lie_below_as_the_level_says():
    generator = np.random.default_rng(2)
    y = generator.normal(size=999)
    said = np.tile([-0.5, 0.3, 0.6], (999, 1))  # far too narrow
    found, about = fit_conformal(said, y, LEVELS)
    below = [(y <= found(said)[:, k]).mean() for k in range(3)]
    assert below == pytest.approx(LEVELS, abs=0.0015) and about.kind == "conformal"
    assert "40.5 % of them lay from 0.1 to 0.9 before, 80.2 % after." in about.why


def test_the_corrected_interval_holds_what_it_says_on_average():
    """Over many small samples: never less than it says, which the plain quantiles of the residuals would be."""
    generator, held, tested = np.random.default_rng(3), 0, 0
    for _ in range(300):
        y, new = generator.normal(size=100), generator.normal(size=200)
        found, _ = fit_conformal(np.zeros((100, 2)), y, (0.1, 0.9))
        low, high = found(np.zeros((1, 2)))[0]
        held, tested = held + ((low <= new) & (new <= high)).sum(), tested + 200
    assert 0.80 <= held / tested < 0.82


def test_new_rows_lie_in_the_interval_though_the_final_networks_are_surer_than_those_judged():
    """Without `as_wide` 67 to 72 % of the new rows would: the final networks' levels lie a fifth nearer together."""

    def rows(count, seed):
        generator = np.random.default_rng(seed)
        X = generator.normal(size=(count, 4))
        y = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] + (0.2 + 0.2 * np.abs(X[:, 0])) * generator.normal(size=count)
        return {**{f"x{k}": X[:, k] for k in range(4)}, "y": y}

    many, new = 0.0, rows(4000, 100)
    for seed in range(2):
        model = ts.fit(rows(500, seed), target="y", quantiles=LEVELS, seed=seed, **{**QUICK, "candidates": [(64, 64)]})
        said = model.predict(new)
        many += np.mean((said[:, 0] <= new["y"]) & (new["y"] <= said[:, 2])) / 2
    assert 0.75 <= many <= 0.87


def test_weights_of_the_correction_are_repeated_rows():
    generator = np.random.default_rng(4)
    y, counts = generator.normal(size=200), generator.integers(1, 4, 200)
    said, twice = np.zeros((200, 3)), np.repeat(np.arange(200), counts)
    one, _ = fit_conformal(said, y, LEVELS, counts.astype(float))
    two, _ = fit_conformal(said[twice], y[twice], LEVELS)
    for k in range(3):  # the row to come counts as the mean row does: at most the next residual
        near = np.sort(y)[np.searchsorted(np.sort(y), two.shifts[k]) + np.arange(-1, 2)]
        assert near[0] <= one.shifts[k] <= near[-1]


def test_what_cannot_be_corrected_says_why():
    y = np.arange(99.0)
    found, about = fit_conformal(np.zeros((99, 3)), y, LEVELS)
    assert found is None
    assert about.why == "Quantiles are not corrected: that needs 100 validation rows, and there are 99."
    found, about = fit_conformal(np.zeros((150, 1)), np.arange(150.0), (0.999,))
    assert found is None and "the outermost level needs 1,000 validation rows, and there are 150." in about.why
    assert fit_conformal(None, y, LEVELS)[1].why.startswith(
        "Quantiles are not corrected: the budget left no validation"
    )


def test_levels_never_cross():
    found = Conformal((5.0, 0.0, -5.0))
    said = found(np.sort(np.random.default_rng(5).normal(size=(200, 3)), axis=1))
    assert (np.diff(said, axis=1) >= 0).all()
    kind, encoding = find_task(TASK), type("Learned", (), {"mean": 3.0, "scale": 7.0})()
    assert (np.diff(kind.predicted(np.random.default_rng(6).normal(size=(200, 3)), encoding), axis=1) >= 0).all()
    fitted = FittedQuantiles(tuple(Constant(np.array([value]), 0) for value in (3.0, 1.0, 2.0)))
    assert fitted.predict(np.zeros((2, 1), np.float32)).tolist() == [[1.0, 2.0, 3.0]] * 2


def test_a_correction_is_read_back_or_refused():
    state = Conformal((1.5, -2e9)).to_state()
    assert calibration_from_state(state) == Conformal((1.5, -2e9))
    for broken in (
        {"kind": "conformal"},
        {**state, "shifts": [float("nan")]},
        {**state, "more": 1},
        {**state, "shifts": 1},
    ):
        with pytest.raises(ts.InputError, match="its parts are not a list of finite numbers"):
            calibration_from_state(broken)
    with pytest.raises(ts.InputError, match="it is for 2 quantiles, and the target has 3"):
        Conformal((1.0, 2.0)).check(0, 3)
    with pytest.raises(ts.InputError, match="it is for 2 quantiles, and the target has 0"):
        Conformal((1.0, 2.0)).check(2)


def test_shares_on_the_test_rows():
    y = np.arange(10.0)
    said = np.tile([1.5, 8.5], (10, 1))
    lines = quantile_levels(said, y, (0.1, 0.9), Conformal((0.5, 0.0)), None)
    assert [(line.below, line.shift) for line in lines] == [(0.2, 0.5), (0.9, 0.0)]
    assert lines[0].interval == pytest.approx(tuple(stats.binomtest(2, 10).proportion_ci(0.95, "exact")), abs=1e-9)
    found = coverage(said, said, y, (0.1, 0.9), None)
    assert (found.nominal, found.observed, found.plain, found.width) == (0.8, 0.7, 0.7, 7.0)
    assert coverage(said, said, y, (0.1, 0.9), np.where(y < 2, 6.0, 1.0)).observed == pytest.approx(7 / 20)
    assert coverage(said[:, :1], said[:, :1], y, (0.1,), None) is None


# ---------------------------------------------------------------- baselines


def test_baselines_say_conditional_quantiles():
    table = fan(1200, seed=1)
    X = np.stack([table["x"], table["z"]], 1).astype(np.float32)
    new = np.array([[0.2, 0.0], [1.8, 0.0]], np.float32)
    constant, linear, boosted = baselines_for(TASK, "pinball", 0, 0)
    assert constant.name == "always the same quantiles"
    assert constant.fit(X, table["y"], {})[0].predict(new) == pytest.approx(
        np.tile(np.quantile(table["y"], LEVELS), (2, 1))
    )
    true = [[10 + x + (0.2 + x) * stats.norm.ppf(level) for level in LEVELS] for x in new[:, 0]]
    assert linear.fit(X, table["y"], {})[0].predict(new) == pytest.approx(np.array(true), abs=0.6)
    fitted, settings = boosted.fit(X, table["y"], {})
    assert set(settings) == {"trees 0.1", "trees 0.5", "trees 0.9"}
    again = boosted.fit(X, table["y"], settings)[0].predict(new)
    assert (np.diff(again, axis=1) >= 0).all() and np.ptp(again[1]) > 2 * np.ptp(again[0])
    assert np.ptp(fitted.predict(new)[1]) > 2 * np.ptp(fitted.predict(new)[0])


def test_fitted_quantiles_are_stored_to_the_bit_or_refused():
    table = fan(300)
    X = np.stack([table["x"], table["z"]], 1).astype(np.float32)
    for baseline in baselines_for(TASK, "pinball", 0, 0):
        fitted = baseline.fit(X, table["y"], {"trees 0.1": 5, "trees 0.5": 5, "trees 0.9": 5})[0]
        state, arrays = fitted.to_state()
        again = FittedQuantiles.from_state(state, arrays)
        assert np.array_equal(again.predict(X), fitted.predict(X)) and again.size == fitted.size
        again.check(2, 0)
        with pytest.raises(ts.InputError, match="it answers another kind of question"):
            again.check(2, 2)
    with pytest.raises(ts.InputError, match="its parts are not those of its kind"):
        FittedQuantiles.from_state({"kind": "quantiles", "parts": []}, {})
    with pytest.raises(ts.InputError, match="one of its parts is of another kind"):
        FittedQuantiles.from_state({"kind": "quantiles", "parts": [{"kind": "quantiles"}]}, {})
    with pytest.raises(ts.InputError, match="it has more arrays than its parts"):
        FittedQuantiles.from_state(state, {**arrays, "9/value": np.zeros(1)})


def test_weighted_quantiles_are_those_of_repeated_rows():
    values, counts = np.array([5.0, 1.0, 3.0]), np.array([1.0, 2.0, 4.0])
    repeated = np.quantile(np.repeat(values, counts.astype(int)), LEVELS, method="inverted_cdf")
    assert weighted_quantile(values, np.array(LEVELS), counts).tolist() == repeated.tolist()


# ---------------------------------------------------------------- a whole study


def test_a_study_of_quantiles(model):
    record = model.record
    assert (model.task, model.quantiles, record.question.task) == (TASK, LEVELS, TASK)
    assert record.metric.name == "pinball" and {row.name for row in record.leaderboard if row.kind == "baseline"} == {
        "always the same quantiles", "linear quantiles", "boosted quantiles"
    }  # fmt: skip
    assert [line.level for line in record.test.quantiles] == list(LEVELS) and record.calibrated.kind == "conformal"
    assert record.test.coverage.nominal == 0.8 and 0.6 < record.test.coverage.observed < 0.95
    sentence = next(text for text in record.verdict if text.startswith("From 0.1 to 0.9 lie "))
    low, high = record.test.coverage.interval
    assert f"where 80 % should: {'as it says' if low <= 0.8 <= high else 'too'}" in sentence
    assert record.question.sentence == (
        "Below which numbers does 'y' lie with the probabilities 0.1, 0.5, 0.9, given 2 columns?"
    )


def test_predictions_are_the_conditional_quantiles(model):
    x = np.array([0.2, 1.0, 1.8])
    said = model.predict({"x": x, "z": np.zeros(3)})
    true = np.stack([10 + x + (0.2 + x) * stats.norm.ppf(level) for level in LEVELS], axis=1)
    assert said.shape == (3, 3) and np.abs(said - true).max() < 0.6
    many = model.predict({"x": np.linspace(-1, 3, 500), "z": np.linspace(-3, 3, 500)})
    assert (np.diff(many, axis=1) >= 0).all()


def test_frames_get_frames(model):
    import pandas
    import polars

    frame = pandas.DataFrame({"x": [0.5, 1.5], "z": [0.0, 0.0]}, index=["a", "b"])
    said = model.predict(frame)
    assert list(said.columns) == ["q_0.1", "q_0.5", "q_0.9"] and list(said.index) == ["a", "b"]
    other = model.predict(polars.DataFrame({"x": [0.5, 1.5], "z": [0.0, 0.0]}))
    assert other.columns == ["q_0.1", "q_0.5", "q_0.9"] and np.array_equal(other.to_numpy(), said.to_numpy())


def test_saved_loaded_evaluated_audited_and_repeated(tmp_path):
    table = fan()
    model = ts.fit(table, target="y", quantiles=LEVELS, out=tmp_path / "one", **QUICK)
    again, new = ts.load(tmp_path / "one" / "model.theta"), fan(200, seed=9)
    assert np.array_equal(again.predict(new), model.predict(new)) and again.quantiles == LEVELS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        each = [mean_pinball_loss(new["y"], model.predict(new)[:, k], alpha=level) for k, level in enumerate(LEVELS)]
        said, y = model.predict(new), new["y"]
        held = np.mean((said[:, 0] <= y) & (y <= said[:, 2]))
        assert again.evaluate(new) == pytest.approx({"pinball": np.mean(each), "coverage": held})
    held = read_study(tmp_path / "one" / "study.toml")["study"]
    assert (held["quantiles"], held["task"]) == ([0.1, 0.5, 0.9], "regression")
    assert all(line.holds is not False for line in audit(tmp_path / "one", data=table).lines)
    assert repeat(tmp_path / "one", data=table, out=None).score == model.score


def test_a_baseline_that_answers_is_saved(tmp_path):
    """A staircase that one small linear network cannot follow: trees are the answer."""
    generator = np.random.default_rng(0)
    x = generator.uniform(0, 8, 600)
    table = {"x": x, "y": 10.0 * (np.floor(x) % 2) + generator.normal(size=600)}
    model = ts.fit(table, target="y", quantiles=(0.2, 0.8), candidates=[()], restarts=1, folds=2, effort=0.5)
    assert model.record.answer.kind == "baseline" and model.record.answer.parts[0].name == "boosted quantiles"
    again = ts.load(model.save(tmp_path / "model.theta"))
    assert np.array_equal(again.predict(table), model.predict(table))


def test_quantiles_and_weights_together():
    """Rows of the upper half count three times, so the median lies where a quarter of the plain rows lies above."""
    generator = np.random.default_rng(0)
    y = generator.normal(size=800)
    table = {"x": generator.normal(size=800), "w": np.where(y > 0, 3.0, 1.0), "y": y}
    model = ts.fit(
        table, target="y", quantiles=0.5, sample_weight="w", candidates=[()], restarts=1, folds=2, effort=0.5
    )
    assert model.predict({"x": [0.0]}).shape == (1, 1)
    assert model.predict({"x": [0.0]})[0, 0] == pytest.approx(stats.norm.ppf(2 / 3), abs=0.15)


def test_the_report_shows_how_the_levels_hold(model, tmp_path):
    page = model.report(tmp_path / "report.html").read_text(encoding="utf-8")
    for words in (
        "Do the quantiles hold?",
        "Level by level",
        "quantile loss (pinball)",
        "which these controls cannot show",
    ):
        assert words in page
    assert "Would calibrating them help?" not in page


@pytest.mark.parametrize("ending", ["c", "js", "py"])
def test_exports_write_them(model, tmp_path, ending):
    """tests/export/test_quantiles.py compares what the files say."""
    assert model.export(tmp_path / f"fan.{ending}").stat().st_size > 1000


def test_the_service_answers_with_a_list_a_row(model):
    from thetastar.serve.openapi import openapi
    from thetastar.serve.predictor import Predictor

    service = Predictor(model)
    answers = service.answers([{"x": 0.5, "z": 0.0}, {"x": 1.5, "z": 0.0}])
    assert service.said(answers, proba=False) == {"predictions": model.predict({"x": [0.5, 1.5], "z": [0, 0]}).tolist()}
    said = openapi(model, ["x", "z"], 1000)["components"]["schemas"]["Predictions"]["properties"]["predictions"]
    assert said["items"] == {"type": "array", "items": {"type": "number"}}


def test_the_command_line(tmp_path, capsys):
    table, path, out = fan(400), str(tmp_path / "fan.csv"), tmp_path / "out"
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([table, *zip(*table.values(), strict=True)])
    study = ["--quantiles", "0.1,0.5,0.9", "--effort", "0.3", "--folds", "2", "--restarts", "1", "--out", str(out)]
    assert main(["fit", path, "-t", "y", *study]) == 0
    told = capsys.readouterr().out
    assert "from 0.1 to 0.9: between" in told and "80.0 %" in told
    assert main(["predict", str(out / "model.theta"), path, "--keep", "x"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "x,q_0.1,q_0.5,q_0.9" and len(lines) == 401
    assert main(["predict", str(out / "model.theta"), path, "--out", str(tmp_path / "said.csv")]) == 0
    assert "400 predictions in" in capsys.readouterr().err
    assert main(["evaluate", str(out / "model.theta"), path]) == 0
    told = capsys.readouterr().out
    assert "pinball" in told and "coverage" in told and "% " in told
