"""Baselines: they learn, they are fitted on training rows only, and run on one thread each."""

import threading
import time
import warnings
from dataclasses import replace

import numpy as np
import pytest

from thetastar.model.metrics import METRICS
from thetastar.recipes import Baseline, baselines_for
from thetastar.recipes.fitted import Constant
from thetastar.study.baselines import BaselineResult, fitted_again, measure_baselines
from thetastar.study.fold import Fold, Learning
from thetastar.study.journal import Journal
from thetastar.study.trial import BaselineOutcome, from_text
from thetastar.study.workers import begun, run_at_once


def data(task, rows=400):
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(rows, 3)).astype(np.float32)
    signal = inputs[:, 0] + inputs[:, 1] * inputs[:, 2]
    if task == "regression":
        return inputs, signal.astype(float) * 7 + 3
    return inputs, np.digitize(signal, [0.0] if task == "binary" else [-0.7, 0.7])


def measured(task, metric, classes, seconds=None):
    inputs, real = data(task)
    train, validation = np.arange(300), np.arange(300, 400)
    fold = Fold(0, None, inputs, real, train, validation, None, real)
    baselines = baselines_for(task, metric, classes, 0, seconds)
    found = {r.baseline.name: r for r in measure_baselines(baselines, task, [fold], 2)}
    return [found[b.name] for b in baselines], inputs, real


@pytest.mark.parametrize(
    ("task", "metric", "classes"), [("regression", "rmse", 0), ("binary", "auc", 2), ("multiclass", "accuracy", 3)]
)
def test_trees_beat_the_line_which_beats_the_constant(task, metric, classes):
    results, inputs, real = measured(task, metric, classes)
    losses = [METRICS[metric].loss(result.row(METRICS[metric])["validation_mean"]) for result in results]
    assert losses[0] > losses[1] > losses[2]
    with fitted_again(results, Learning(None, None, lambda first: inputs[:first], real, real), 300, 2) as rivals:
        predicted = {name: predict(inputs[300:]) for name, predict in rivals().items()}
    assert list(predicted) == [result.baseline.name for result in results]
    assert all(len(values) == 100 and np.isfinite(values).all() for values in predicted.values())
    assert (
        METRICS[metric](real[300:], predicted["gradient boosting"]) == results[2].outcomes[0].scores[metric]
        or results[2].settings
    )


def test_the_median_for_mae():
    results, *_ = measured("regression", "mae", 0)
    assert results[0].baseline.name == "always the median"


def test_little_time_means_few_trees():
    assert measured("regression", "rmse", 0, seconds=0.02)[0][2].settings["trees"] <= 13


def test_classes_that_training_lacks_get_probability_zero():
    inputs, real = data("multiclass")
    real = np.where(real == 1, 0, real)
    for baseline in baselines_for("multiclass", "accuracy", 3, 0)[1:]:
        probability = baseline.fit(inputs, real, {})[0](inputs)
        assert probability.shape == (400, 3) and (probability[:, 1] == 0).all()
        assert np.allclose(probability.sum(axis=1), 1)


def test_a_class_with_one_row_does_not_stop_the_trees():
    inputs, real = data("binary")
    real[:] = 0
    real[7] = 1
    predict, settings = baselines_for("binary", "auc", 2, 0)[2].fit(inputs, real, {})
    assert predict(inputs).shape == (400, 2) and settings["trees"] == 250


def test_settings_are_the_mean_over_folds():
    result = BaselineResult(baselines_for("regression", "rmse", 0, 0)[2])
    for fold, (score, trees, seconds) in enumerate([(1.0, 10, 0.5), (2.0, 21, 0.25)]):
        result.outcomes[fold] = BaselineOutcome("gradient boosting", fold, seconds, {"rmse": score}, {"trees": trees})
    assert result.settings == {"trees": 16} and result.seconds == 0.75
    row = result.row(METRICS["rmse"])
    assert row.validation_mean == 1.5 and row.scores == (1.0, 2.0) and row.runs == 2
    assert result.row(METRICS["rmse"], [1]).validation_mean == 2.0


def test_a_baseline_that_lacks_a_fold_is_not_compared():
    result = BaselineResult(baselines_for("regression", "rmse", 0, 0)[2])
    result.outcomes[0] = BaselineOutcome("gradient boosting", 0, 1.0, {"rmse": 1.0}, {"trees": 10})
    row = result.row(METRICS["rmse"], [0, 1])
    assert row.validation_mean is None and row.status == "interrupted" and row.runs == 1
    assert result.row(METRICS["rmse"], [0]).status == "finished"


def folds_of(inputs, real, count):
    rows = np.arange(len(inputs))
    return [
        Fold(k, None, inputs, real, rows[rows % count != k], rows[rows % count == k], None, real) for k in range(count)
    ]


def slow(name, clock, seconds):
    """A baseline whose every fit takes as long as it says, on a clock that only fits move."""

    def fit(inputs, target, settings, weights=None):
        clock.append(clock[-1] + seconds)
        return Constant(np.array([float(np.mean(target))]), 0), {}

    return Baseline(name, f"{name} in words", fit)


def test_within_a_budget_baselines_go_fold_by_fold_and_what_does_not_fit_is_left_out():
    inputs, real = data("regression")
    folds, clock, order = folds_of(inputs, real, 5), [0.0], []
    baselines = [slow("quick", clock, 0.5), slow("slow", clock, 4.0)]
    results = list(
        measure_baselines(
            baselines, "regression", folds, 1, deadline=7.0, clock=lambda: clock[-1], running=order.append
        )
    )
    quick, other = sorted(results, key=lambda result: result.baseline.name)
    # The first fold of both takes 4.5; another of the quick one ends at 5.0, one of the slow one would end at 9.
    assert sorted(quick.outcomes) == [0, 1, 2, 3, 4] and sorted(other.outcomes) == [0]
    assert clock[-1] <= 7.0 and order[0] == ["quick", "slow"]


def test_what_the_journal_holds_is_not_fitted_again(tmp_path):
    inputs, real = data("binary")
    folds, path = folds_of(inputs, real, 2), tmp_path / "journal.jsonl"
    baselines = baselines_for("binary", "auc", 2, 0)
    journal = Journal(path)
    first = {r.baseline.name: r for r in measure_baselines(baselines, "binary", folds, 2, journal=journal)}
    journal.close()
    assert path.read_bytes().count(b"\n") == 6
    never = [replace(baseline, fit=None) for baseline in baselines]  # a call would fail
    again = list(measure_baselines(never, "binary", folds, 2, journal=Journal(path)))
    assert [r.baseline.name for r in again] == [b.name for b in baselines]
    for result in again:
        held = first[result.baseline.name]
        assert result.outcomes == held.outcomes and result.settings == held.settings and result.fitted is None
        assert from_text(result.outcomes[1].predicted, 200).shape == (200, 2)


def test_calls_run_at_once_and_errors_come_through():
    barrier = threading.Barrier(2, timeout=5)
    done = dict(run_at_once([barrier.wait, barrier.wait], 2))
    assert sorted(done) == [0, 1]
    with pytest.raises(ZeroDivisionError):
        list(run_at_once([lambda: 1 / 0], 1))


def test_calls_that_have_begun_run_beside_the_caller():
    started, asked = threading.Event(), threading.Event()

    def call():
        started.set()
        return asked.wait(5)

    with begun([call], 1) as results:
        assert started.wait(5)  # without anybody asking for a result
        asked.set()
        assert list(results) == [(0, True)]


def test_what_has_begun_and_failed_says_so_when_it_is_asked_for():
    with begun([lambda: 1 / 0], 1) as results, pytest.raises(ZeroDivisionError):
        list(results)


def test_hints_of_scikit_learn_are_not_shown_and_other_warnings_are():
    def hint():
        warnings.warn_explicit("use more iterations", UserWarning, "fit.py", 1, module="sklearn.linear_model._logistic")

    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        with begun([hint], 1) as results:
            list(results)
            warnings.warn("of the caller", UserWarning, stacklevel=1)
    assert [str(warning.message) for warning in shown] == ["of the caller"]


def test_ctrl_c_does_not_wait_for_a_call():
    calls = run_at_once([lambda: time.sleep(5), lambda: None], 2)
    started = time.perf_counter()
    next(calls)
    with pytest.raises(KeyboardInterrupt):
        calls.throw(KeyboardInterrupt)
    assert time.perf_counter() - started < 2


def test_a_wide_search_has_randomised_trees_beside_the_boosted_ones():
    for task, classes in (("regression", 0), ("binary", 2), ("multiclass", 3)):
        usual = [one.name for one in baselines_for(task, "rmse", classes, 0)]
        assert [one.name for one in baselines_for(task, "rmse", classes, 0, forest=True)] == [*usual, "extra trees"]
