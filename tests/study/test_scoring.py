"""Networks that end together are scored in one pass, to the same digits as one at a time."""

from dataclasses import replace

import numpy as np
import pytest

import thetastar as ts
from thetastar.model.metrics import METRICS
from thetastar.study.backends import Work, scoring
from thetastar.study.backends.local import _jobs
from thetastar.study.backends.scoring import Scoring
from thetastar.study.fold import prepare_fold
from thetastar.study.options import StudyOptions
from thetastar.study.pauses import Pauses
from thetastar.study.problem import ask
from thetastar.study.trial import Trial, from_text
from thetastar.training import train_many

CANDIDATE = ts.Candidate(hidden=(6,), epochs=12, batch_size=16, patience=12)


def ended(target, metric, outputs, weight=None, **more):
    draw = np.random.default_rng(3)
    x, z = draw.normal(size=(2, 150))
    table = {"x": x, "z": z, "y": target(x + z**2)} | ({} if weight is None else {"w": weight(draw, 150)})
    problem = ask(table, StudyOptions.checked(target="y", folds=1, sample_weight=None if weight is None else "w"))
    fold = prepare_fold(problem, 0, problem.division.folds[0])
    work = Work([fold], problem.task, METRICS[metric], outputs, 200, 16, 0, **more)
    trials = [Trial(1, CANDIDATE, 0, start, 12, last=True) for start in range(9)]
    jobs = _jobs(work, fold, trials, Pauses())
    runs = train_many(jobs, fold.inputs, fold.encoded, threads=1)
    return Scoring(work, fold, CANDIDATE), list(zip(trials, jobs, runs, strict=True))


CASES = {
    "regression": (lambda y: y, "rmse", 1, None),
    "weighed": (lambda y: y, "mae", 1, lambda draw, n: draw.integers(1, 5, n).astype(float)),
    "binary": (lambda y: np.where(y > 1, "a", "b"), "auc", 1, None),
    "classes": (lambda y: np.array(["a", "b", "c"])[np.digitize(y, [0, 2])], "accuracy", 3, None),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("together", [1 << 20, 100])
def test_together_is_as_one_at_a_time(case, together, monkeypatch):
    monkeypatch.setattr(scoring, "_TOGETHER", together)  # 100: three networks of regression a pass
    scores, runs = ended(*CASES[case], epochs_kept=5)
    alone = [scores.outcomes([one])[0] for one in runs]
    assert scores.outcomes(runs) == alone
    assert len({outcome.training_score for outcome in alone}) > 1
    assert all(outcome.scores and outcome.predicted and len(outcome.loss) == 5 for outcome in alone)


def test_the_scores_are_those_of_the_predictions():
    scores, runs = ended(*CASES["regression"])
    fold = scores._fold
    for outcome, (_, _, run) in zip(scores.outcomes(runs), runs, strict=True):
        predicted = fold.predicted(run.network.predict(fold.inputs[fold.validation]))
        assert outcome.scores["rmse"] == METRICS["rmse"](fold.truth, predicted)
        assert np.array_equal(from_text(outcome.predicted, len(predicted)), predicted.astype(np.float32))


def test_what_is_beyond_all_numbers_diverged_and_nothing_else_did():
    scores, runs = ended(*CASES["regression"])
    usual = scores.outcomes(runs)
    trial, job, run = runs[4]
    wild = run.network.with_parameters({k: v * np.float32(1e30) for k, v in run.network.parameters.items()})
    runs[4] = (trial, job, replace(run, network=wild))
    runs[6] = (*runs[6][:2], replace(runs[6][2], stopped="diverged"))
    found = scores.outcomes(runs)
    assert [outcome.stopped == "diverged" for outcome in found] == [k in (4, 6) for k in range(9)]
    assert found[4].scores == found[6].scores == {} and found[4].predicted is None
    assert [found[k] for k in range(9) if k not in (4, 6)] == [usual[k] for k in range(9) if k not in (4, 6)]
