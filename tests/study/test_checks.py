"""Every check fires on a planted case, with these words, and is silent on a healthy study."""

from __future__ import annotations

from types import SimpleNamespace as Made

import numpy as np
import pytest

import thetastar as ts
from tests.study.conftest import rings_table
from thetastar.model.record import Finding
from thetastar.recipes import Candidate
from thetastar.study import checks
from thetastar.study.options import StudyOptions
from thetastar.study.problem import ask
from thetastar.study.standing import Standing
from thetastar.study.trial import Outcome

ROWS = 1_000
RANDOM = np.random.default_rng(0)
HONEST = {"a": RANDOM.normal(size=ROWS), "b": RANDOM.normal(size=ROWS), "town": RANDOM.choice(list("pqrs"), ROWS)}
CLASS = np.where(HONEST["a"] + HONEST["b"] + RANDOM.normal(size=ROWS) > 0, "yes", "no")
NUMBER = HONEST["a"] + HONEST["b"] + RANDOM.normal(size=ROWS)


def row(name, mean, kind="baseline", **more):
    fields = {"training_mean": None, "start_spread": None, "fold_spread": None, "depth": None, "chosen": False, **more}
    return Made(name=name, kind=kind, validation_mean=mean, **fields)


def outcomes(candidate, scores, *, others=None, **more):
    """One run a fold with the score that chooses, and other scores by name."""
    fields = {"stopped": "early", "epochs": 40, "best_epoch": 20, "loss": [1.0], "validation_loss": [1.0], **more}
    return tuple(
        Outcome(
            round=1, candidate=candidate.name, fold=fold, start=0, seed=0, seconds=1.0,
            scores={"auc": score, **{name: values[fold] for name, values in (others or {}).items()}}, **fields,
        )
        for fold, score in enumerate(scores)
    )  # fmt: skip


def standing(hidden, scores, parameters, **more):
    settings = more.pop("settings", {})
    candidate = Candidate(hidden=hidden, **settings)
    runs = tuple(enumerate(scores))
    return Standing(
        candidate, parameters, 1, outcomes(candidate, scores, **more), tuple(range(len(scores))), runs, "finished"
    )


SCORES = {"always the mean": 0.5, "gradient boosting": 0.9, "logistic regression": 0.87}
GOOD = [0.91, 0.90, 0.92, 0.905, 0.915]


def facts(table=None, target="y", **changes):
    """A healthy study of two classes, with some of its parts changed."""
    options = StudyOptions.checked(target=target, metric=changes.pop("metric", None))
    problem = ask({**HONEST, "y": CLASS} if table is None else table, options)
    chosen = row(
        "1 × 16", 0.91, "network", chosen=True, training_mean=0.93, start_spread=0.005, fold_spread=0.01, depth=1
    )
    for name, value in changes.pop("chosen", {}).items():
        setattr(chosen, name, value)
    board = changes.pop("board", [row("gradient boosting", 0.90), row("logistic regression", 0.88)])
    test = {
        "scores": {"auc": 0.905}, "intervals": {"auc": (0.87, 0.93)}, "shifted": (),
        "baselines": {name: {"auc": auc} for name, auc in SCORES.items()},
        "over_constant": Made(over="always the mean", interval=(0.3, 0.5)), **changes.pop("test", {}),
    }  # fmt: skip
    shuffled = changes.pop("shuffled", {"a": 0.1, "b": 0.1, "town": 0.02})
    standings = changes.pop(
        "standings", [standing((16,), GOOD, 100), standing((), [0.8] * 5, 10), standing((64,), [0.9] * 5, 400)]
    )
    record = Made(
        chosen=chosen, leaderboard=[chosen, *board, row("always the mean", 0.5)], test=Made(**test), samples=None,
        answer=None,
        leaked=changes.pop("leaked", None),
        metric=Made(name=problem.metric.name), optimism=changes.pop("optimism", 0.002),
        question=Made(rows=len(problem.truth), features=7, task=problem.task),
        headline=changes.pop("headline", Made(state="ahead", rival="gradient boosting")),
    )  # fmt: skip
    assert not changes
    return checks.Facts(record, problem, standings, shuffled)


def number_facts(y, **columns):
    """A healthy study of a number: rmse chooses, and its scores are about as good."""
    return facts(
        {**HONEST, **columns, "y": y},
        chosen={"validation_mean": 0.3, "training_mean": 0.29},
        board=[],
        test={
            "scores": {"rmse": 0.3},
            "intervals": {"rmse": (0.2, 0.4)},
            "over_constant": Made(over="always the mean", interval=(-0.3, -0.1)),
        },
    )


def late(k):
    return {"stopped": "epochs", "best_epoch": 40, "validation_loss": [1 - 0.02 * j for j in range(40)]}


FIRES = {
    "no better than chance": (
        lambda: facts(test={"over_constant": Made(over="always the mean", interval=(-0.05, 0.04))}),
        "The 95 % interval of the difference to always the mean is -0.05 to 0.04.",
    ),
    "behind boosting": (
        lambda: facts(headline=Made(state="behind", rival="gradient boosting")),
        "On the test rows gradient boosting has auc 0.9, the network 0.905.",
    ),
    "no better than linear": (
        lambda: facts(
            board=[row("logistic regression", 0.915)], test={"baselines": {"logistic regression": {"auc": 0.91}}}
        ),
        "logistic regression has auc 0.915 on validation and 0.91 on test rows, the network 0.91 and 0.905.",
    ),
    "overfitting": (
        lambda: facts(chosen={"training_mean": 0.999, "validation_mean": 0.8}),
        "1 × 16 has auc 0.999 on rows that it trained on and 0.8 on validation rows.",
    ),
    "underfitting": (
        lambda: facts(chosen={"training_mean": 0.71, "validation_mean": 0.7}),
        "1 × 16 has auc 0.71 even on rows that it trained on, where gradient boosting reaches 0.9 on validation rows.",
    ),
    "still learning": (
        lambda: facts(standings=[standing((16,), GOOD, 100, **late(0)), standing((), [0.8] * 5, 10)]),
        "5 of 5 runs of 1 × 16 were still getting better when their 40 epochs ended.",
    ),
    "less on the test rows": (
        lambda: facts(test={"scores": {"auc": 0.8}, "intervals": {"auc": (0.76, 0.84)}}),
        "On the validation rows auc was 0.91, on the test rows it is 0.8 (95 % interval 0.76 to 0.84).",
    ),
    "luck of the best of many": (
        lambda: facts(optimism=0.2),
        "Choosing the best of 3 flatters auc by about 0.2, where the chosen network is 0.41 better than the constant.",
    ),
    "unstable over starts": (
        lambda: facts(chosen={"start_spread": 0.1}),
        "From one random start to another the auc of 1 × 16 differs by about 0.1, where it is 0.41 better than the",
    ),
    "unstable over folds": (
        lambda: facts(chosen={"fold_spread": 0.15}),
        "From fold to fold the auc of 1 × 16 differs by about 0.15, where it is 0.41 better than the constant.",
    ),
    "search at its edge": (
        lambda: facts(
            standings=[standing((64,), GOOD, 400), standing((16,), [0.8] * 5, 100), standing((), [0.7] * 5, 10)]
        ),
        "is the largest of 3 networks (400 parameters; the next has 100).",
    ),
    "metrics disagree": (
        lambda: facts(
            standings=[
                standing((16,), GOOD, 100, others={"log_loss": [0.60, 0.61, 0.59, 0.60, 0.62]}),
                standing((64,), [0.9] * 5, 400, others={"log_loss": [0.40, 0.41, 0.40, 0.39, 0.41]}),
            ]
        ),
        "By log_loss 64 silu is better (0.402) than 16 silu (0.604), which auc chose.",
    ),
    "few rows": (
        lambda: facts({name: values[:150] for name, values in {**HONEST, "y": CLASS}.items()}),
        "135 rows are learned from, with 7 numbers each.",
    ),
    "uneven classes": (
        lambda: facts(
            {**HONEST, "y": np.where(np.arange(ROWS) % 10 == 0, "yes", "no")}, metric="accuracy",
            test={"scores": {"accuracy": 0.95}, "intervals": {}},
        ),
        "90% of the rows are 'no', and accuracy chooses: always saying so is right as often.",
    ),
    "repeated rows": (
        lambda: facts({name: np.r_[values, values[:50]] for name, values in {**HONEST, "y": CLASS}.items()}),
        "50 of 1,050 rows (4.8%) repeat another row, target too.",
    ),
    "contradicting rows": (
        lambda: facts(
            {name: np.r_[values, values[:50]] for name, values in HONEST.items()}
            | {"y": np.r_[CLASS, np.where(CLASS[:50] == "yes", "no", "yes")]}
        ),
        "100 of 1,050 rows (9.5%) have the inputs of another row with another 'y'.",
    ),
    "other test rows": (
        lambda: facts(test={"shifted": ("'a' has a median of 0 in the rows learned from and of 2 here.",)}),
        "'a' has a median of 0 in the rows learned from and of 2 here.",
    ),
    "skewed target": (lambda: number_facts(np.exp(2 * NUMBER)), "'y' has a skewness of "),
    "capped target": (
        lambda: number_facts(np.minimum(NUMBER, 1.5)), "rows have exactly the highest 'y', 1.5.",
    ),
    "useless columns": (
        lambda: facts(shuffled={"a": 0.1, "b": 0.1, "town": 0.001}),
        "Shuffling 'town' on the test rows worsens auc by less than 0.00405, a hundredth of what the model knows.",
    ),
    "much missing": (
        lambda: facts({**HONEST, "a": np.where(np.arange(ROWS) % 2, np.nan, HONEST["a"]), "y": CLASS}),
        "'a': at least 50% of the rows have no value ('a': 50%).",
    ),
    "many levels": (
        lambda: facts({**HONEST, "shop": [f"s{k % 150}" for k in range(ROWS)], "y": CLASS}),
        "'shop': 'shop' has 150 levels for 900 rows.",
    ),
    "correlated columns": (
        lambda: facts({**HONEST, "c": HONEST["a"] + 0.01 * HONEST["b"], "y": CLASS}),
        "'a' and 'c' have a correlation of 1.000.",
    ),
    "mostly left out": (
        lambda: facts({**HONEST, **{f"k{k}": [f"{k}-{j}" for j in range(ROWS)] for k in range(4)}, "y": CLASS}),
        "4 of 7 columns are left out: 'k0', 'k1', 'k2', 'k3' (",
    ),
}  # fmt: skip


def test_every_check_has_a_planted_case():
    assert len(FIRES) == len(checks.CHECKS) >= 16
    assert set(FIRES) >= checks.SAID_ELSEWHERE


@pytest.mark.parametrize("name", FIRES)
def test_a_check_fires_on_a_planted_case_and_says_why(name):
    make, words = FIRES[name]
    (finding,) = [one for one in checks.find(make()) if one.name == name]
    assert isinstance(finding, Finding) and words in finding.evidence
    for sentence in (finding.evidence, finding.advice):
        assert sentence.endswith(".") and "  " not in sentence and "None" not in sentence and "nan" not in sentence


def test_all_checks_are_silent_on_healthy_studies():
    assert checks.find(facts()) == ()
    assert checks.find(number_facts(NUMBER)) == ()


def test_what_hardly_matters_is_not_said():
    tiny = [
        standing((16,), GOOD, 100, others={"log_loss": [4e-4, 5e-4, 4e-4, 5e-4, 4e-4]}),
        standing((64,), [0.9] * 5, 400, others={"log_loss": [1e-5] * 5}),
    ]
    known = {"baselines": {"always the mean": {"auc": 0.5, "log_loss": 0.66}}}
    assert checks.find(facts(standings=tiny, test=known)) == ()
    assert checks.find(facts(shuffled={"a": 0.1, "b": 0.0, "town": 0.0}, leaked=Made(columns=("a",)))) == ()


def test_one_check_says_the_end_of_a_setting():
    tried = [
        standing((16,), scores, 100, settings={"learning_rate": rate})
        for scores, rate in ((GOOD, 1e-2), ([0.8] * 5, 1e-3), ([0.7] * 5, 1e-4))
    ]
    (finding,) = [one for one in checks.find(facts(standings=tried)) if one.name == "search at its edge"]
    assert finding.evidence.startswith("The learning_rate of ")
    assert finding.evidence.endswith(", 0.01, is the largest of the 3 values tried.")


def test_findings_are_in_the_record_the_report_and_the_result():
    table = rings_table(300)
    table["noise"] = np.random.default_rng(1).normal(size=300).tolist()
    table["twin"] = [2 * value + 1e-3 * other for value, other in zip(table["a"], table["noise"], strict=True)]
    model = ts.fit(table, "ring", candidates=[(), (16,)], restarts=2, folds=1, effort=1)
    names = [finding.name for finding in model.record.findings]
    assert "correlated columns" in names
    assert model.result()["findings"] == [one.model_dump(mode="json") for one in model.record.findings]
    for finding in model.record.findings:
        if finding.name not in checks.SAID_ELSEWHERE:
            assert f"{finding.evidence} {finding.advice}" in model.record.distrust
