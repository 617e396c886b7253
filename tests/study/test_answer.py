"""The answer: whatever is best on the validation rows, picked without a test row; the smaller where it is as good."""

from dataclasses import replace

import numpy as np
import pytest

import thetastar as ts
from tests.attacks.test_model_files import altered
from tests.study.conftest import curve_table, rings_table
from thetastar.model.answer import averaged
from thetastar.model.metrics import METRICS
from thetastar.recipes import Candidate
from thetastar.study.answer import Contender, decide, picked
from thetastar.study.effort import WORDS
from thetastar.study.standing import Standing
from thetastar.study.trial import Outcome

RMSE = METRICS["rmse"]
AVERAGE = {"candidates": [(16,), {"hidden": (8,), "pieces": 6}], "restarts": 2, "folds": 3, "effort": 2.0}


def same_bits(left, right):
    return left.dtype == right.dtype and np.array_equal(left, right)


def noisy(count, rows=400, seed=0, kind="network"):
    """The truth, and contenders that are off by independent noise of spread 1."""
    generator = np.random.default_rng(seed)
    truth = generator.normal(size=rows)
    return truth, [Contender(f"{kind} {k}", kind, 0, truth + generator.normal(size=rows)) for k in range(count)]


def standing(name, outcomes=()):
    candidate = Candidate(hidden=(3,), label=name)
    return Standing(candidate, 10, 1, tuple(outcomes), (0,), ((0, 1.0),), "finished")


def test_picks_average_what_errs_independently():
    truth, found = noisy(4)
    counts = picked(found, truth, RMSE)
    assert all(count > 0 for count in counts)
    mixed = averaged([(count, one.predicted) for count, one in zip(counts, found, strict=True)])
    assert RMSE(truth, mixed) < 0.6 * min(RMSE(truth, one.predicted) for one in found)  # one over the root of four


def test_picks_leave_out_what_only_harms():
    truth, found = noisy(2)
    bad = Contender("bad", "baseline", 0, truth + 50.0)
    assert picked([*found, bad], truth, RMSE)[2] == 0
    assert picked([bad, Contender("exact", "network", 0, truth)], truth, RMSE) == [0, 1]


def test_no_more_networks_are_picked_than_are_trained_again():
    truth, found = noisy(12)
    assert sum(count > 0 for count in picked(found, truth, RMSE)) == 6
    truth, found = noisy(12, kind="baseline")
    assert sum(count > 0 for count in picked(found, truth, RMSE)) > 6


def test_an_average_must_be_better_than_one_alone():
    truth, found = noisy(3)
    decision = decide("best", standing("network 0"), found, truth, RMSE, 0)
    assert decision.kind == "average" and decision.rows == 400 and set(decision.networks) <= {o.name for o in found}
    assert decision.validation["best"] < decision.validation["one"]
    assert decision.why.startswith("The answer is an average of 3 networks: on the validation rows its rmse is ")
    # Contenders that say the same bring nothing.
    same = [Contender(f"network {k}", "network", 0, found[0].predicted) for k in range(3)]
    decision = decide("best", standing("network 0"), same, truth, RMSE, 0)
    assert decision.kind == "network" and decision.networks == {"network 0": (1,)}
    assert decision.why == (
        "The answer is the network network 0: no average and no baseline is better on the validation rows."
    )


def test_a_constant_is_no_member_of_an_average():
    truth, found = noisy(2)
    constant = Contender("always the mean", "baseline", 0, np.zeros(400))
    decision = decide("best", standing("network 0"), [*found, constant], truth, RMSE, 0)
    assert decision.kind == "average" and not decision.baselines
    decision = decide("best", standing("network 0"), [noisy(1)[1][0], constant], np.zeros(400), RMSE, 0)
    assert decision.kind == "baseline" and decision.baselines == {"always the mean": 1}


def test_few_rows_make_no_average():
    truth, found = noisy(3, rows=99)
    assert decide("best", standing("network 0"), found, truth, RMSE, 0).kind == "network"
    truth, found = noisy(3, rows=100)
    assert decide("best", standing("network 0"), found, truth, RMSE, 0).kind == "average"


def test_a_baseline_that_wins_is_the_answer_unless_networks_are_asked_for():
    truth, found = noisy(2)
    exact = Contender("trees", "baseline", 0, truth)
    for asked, kind in (("best", "baseline"), ("networks", "average"), ("one", "network")):
        decision = decide(asked, standing("network 0"), [*found, exact], truth, RMSE, 0)
        assert decision.kind == kind and decision.validation["best"] == 0
        assert (decision.baselines == {"trees": 1}) == (kind == "baseline")
    decision = decide("best", standing("network 0"), [*found, exact], truth, RMSE, 0)
    assert decision.why.startswith("The answer is trees: on the validation rows its rmse is 0, where the best network")
    assert "--answer networks makes networks the answer all the same, --answer one a single network." in decision.why
    decision = decide("one", standing("network 0"), found, truth, RMSE, 0)
    assert decision.why == "The answer is the network network 0 alone, as was asked for."


def test_what_did_not_predict_every_fold_takes_no_part():
    lone = standing("network 0", [Outcome(1, "network 0", 0, 0, 0, "epochs", 1, 1, 0.1, {}, [], [])])
    decision = decide("best", lone, [], np.zeros(0), RMSE, 0)
    assert decision.kind == "network" and "the budget left nothing to compare it with" in decision.why


def test_an_average_of_which_only_one_is_left_becomes_the_network():
    truth, found = noisy(3)
    decision = decide("best", standing("network 0"), found, truth, RMSE, 0)
    assert decision.after(2, "network 0") is decision
    left = decision.after(1, "network 0")
    assert left.kind == "network" and left.networks == {"network 0": (1,)}
    assert left.why == "The answer is the network network 0: the final training of the other networks diverged."


def test_a_budget_leaves_out_members_that_cannot_be_trained_again():
    truth, found = noisy(3)
    decision = decide("best", standing("network 0"), found, truth, RMSE, 0)
    costs = {one.name: 1.0 for one in found}
    assert decision.within(4.0, costs, "network 0", 2) is decision  # two starts of the chosen one, and two others
    fewer = decision.within(3.5, costs, "network 0", 2)
    assert fewer.kind == "average" and len(fewer.networks) == 2 and "network 0" in fewer.networks and fewer.cut
    assert fewer.why.endswith(" The budget left no time to train 1 of its networks again.")
    none = decision.within(2.5, costs, "network 0", 2)
    assert none.kind == "network" and none.networks == {"network 0": (1,)} and none.cut
    assert none.why == (
        "The answer is the network network 0: the budget left no time to train an average's members again."
    )


@pytest.fixture(scope="module")
def average(tmp_path_factory):
    out = tmp_path_factory.mktemp("average") / "out"
    return out, ts.fit(curve_table(600), target="y", out=out, **AVERAGE)


def test_an_average_is_one_model_and_one_file(average):
    out, model = average
    table, answer = curve_table(600, seed=1), model.record.answer
    assert answer.kind == "average" and len(model.members) == len(answer.parts) > 1
    parts = []
    for member in model.members:
        rows = member.preparation.transform(model._read(table))
        parts.append((member.count, member.predicted(rows, model.target_encoding, 1)))
    assert same_bits(model.predict(table), averaged(parts))
    assert same_bits(ts.load(out / "model.theta").predict(table), model.predict(table))
    assert "an average of" in repr(model) and model.result()["answer"]["kind"] == "average"
    assert answer.validation["best"] <= answer.validation["networks"] <= answer.validation["one"]
    assert answer.alone["rmse"] is not None and "the average's rmse is" in " ".join(model.record.verdict)
    assert "What answers" in (out / "report.html").read_text()


def test_an_average_has_the_same_bits_on_one_thread_and_from_its_journal(average):
    out, model = average
    table = curve_table(600, seed=1)
    alone = ts.fit(curve_table(600), target="y", threads=1, **AVERAGE)
    assert same_bits(alone.predict(table), model.predict(table))
    (out / "model.theta").unlink()
    events = []
    again = ts.fit(curve_table(600), target="y", out=out, threads=1, progress=events.append, **AVERAGE)
    assert same_bits(again.predict(table), model.predict(table))
    assert not any("Fitting the baselines: " in event.get("text", "") for event in events)
    assert all(event["done"] == event["total"] for event in events if event["kind"] == "networks")


def test_one_network_is_what_it_was(average):
    _, model = average
    alone = ts.fit(curve_table(600), target="y", answer="one", **AVERAGE)
    assert alone.record.answer.kind == "network" and alone.members[0].network is alone.network
    assert all(
        same_bits(left, right)
        for left, right in zip(alone.network.parameters.values(), model.network.parameters.values(), strict=True)
    )
    assert alone.score == model.record.answer.alone


BASELINE = {"candidates": [()], "restarts": 1, "folds": 1, "effort": 1.0}


@pytest.fixture(scope="module")
def baseline(tmp_path_factory):
    """Boosted trees are far ahead, with nothing near that would bring an average of them further."""
    out = tmp_path_factory.mktemp("baseline") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(WORDS, "usual", replace(WORDS["usual"], forest=0))
        return out, ts.fit(rings_table(1600), target="ring", out=out, **BASELINE)


def test_a_baseline_that_wins_is_saved(baseline):
    out, model = baseline
    table = rings_table(1200, seed=1)
    assert model.record.answer.kind == "baseline" and model.members[0].network is None
    loaded = ts.load(out / "model.theta")
    assert same_bits(loaded.predict_proba(table), model.predict_proba(table))
    assert model.evaluate(table)["accuracy"] > 0.9 > 0.7 > model.record.answer.alone["accuracy"]
    assert model.score["auc"] == model.record.test.baselines["gradient boosting"]["auc"]
    assert "by gradient boosting" in repr(model) and "fitted numbers" in repr(model)
    assert model.record.headline.words == (
        "The answer is gradient boosting: it has the best validation score, and beats the network on the test rows"
    )
    assert ts.explain.importance(model, table, repeats=1) is not None
    assert "gradient boosting, which the page does not hold" in (out / "report.html").read_text()


def test_a_baselines_answer_needs_no_scikit_learn(baseline, monkeypatch):
    import sys

    out, model = baseline
    for name in [name for name in sys.modules if name.partition(".")[0] == "sklearn"]:
        monkeypatch.setitem(sys.modules, name, None)
    table = rings_table(50, seed=2)
    assert same_bits(ts.load(out / "model.theta").predict_proba(table), model.predict_proba(table))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a.clear(), r"the answer's description must list its members"),
        (lambda a: a.update(members=[]), r"the answer's description must list its members"),
        (lambda a: a["members"][0].update(count=0), r"member 0 of the answer has another form"),
        (lambda a: a["members"][0].update(pieces=3), r"member 0 of the answer has another form"),
        (lambda a: a["members"][0].update(network={}), r"member 0 of the answer has another form"),
        (lambda a: a["members"][0]["fitted"].update(kind="os"), r"the answer does not hold \(.*has the kind 'os'"),
        (lambda a: a["members"][0]["fitted"].update(classes=3), r"does not hold .*answers another kind of question"),
        (lambda a: a["members"][0]["fitted"].pop("link"), r"the answer does not hold"),
    ],
)
def test_hostile_answers_are_refused(baseline, tmp_path, change, message):
    path = tmp_path / "m.theta"
    raw = (baseline[0] / "model.theta").read_bytes()

    def damage(header, document):
        change(document["answer"])

    path.write_bytes(altered(raw, damage))
    with pytest.raises(ts.InputError, match=message) as caught:
        ts.load(path)
    assert str(path) in str(caught.value)


def test_where_accuracy_chooses_members_are_picked_by_log_loss():
    """One of two is right as often but surer where it is right: the other brings an average of them only doubt."""
    truth = np.tile([0, 1], 200)
    sure = np.full((400, 2), 0.1)
    sure[np.arange(400), truth] = 0.9
    sure[:20] = sure[:20, ::-1]
    doubtful = 0.5 + (sure - 0.5) / 8
    found = [Contender("doubtful", "network", 0, doubtful), Contender("sure", "network", 0, sure)]
    counts = picked(found, truth, METRICS["accuracy"])
    assert counts[1] > 0 and counts[0] == 0
    assert picked(found, truth, METRICS["auc"]) == [1, 0]


def test_where_accuracy_chooses_an_average_proves_itself_by_log_loss_and_is_right_no_less_often():
    generator = np.random.default_rng(0)
    truth = np.tile([0, 1], 100)

    def network(k):  # right in the same rows as the others, and unsure in rows of its own
        share = np.where(generator.random(200) < 0.4, 0.55, 0.99)
        share[:4] = 0.45
        return Contender(
            f"network {k}", "network", 0, np.where(truth[:, None] == [0, 1], share[:, None], 1 - share[:, None])
        )

    accuracy = METRICS["accuracy"]
    found = [network(k) for k in range(3)]
    decision = decide("best", standing("network 0"), found, truth, accuracy, 0)
    assert decision.kind == "average" and decision.validation["best"] == decision.validation["one"] == 0.98
    # What is surer and wrong more often may have the lower log loss: it is not taken.
    wrong = np.clip(found[0].predicted, 0.02, 0.98)
    wrong[4:8] = wrong[4:8, ::-1] * 0.1 + 0.45
    worse = Contender("worse", "network", 0, wrong)
    decision = decide("best", standing("network 0"), [found[0], worse], truth, accuracy, 0)
    assert decision.validation["best"] >= decision.validation["one"]


def test_a_random_target_is_no_better_than_chance():
    generator = np.random.default_rng(5)
    table = {f"x{k}": generator.normal(size=1500) for k in range(4)} | {"y": generator.integers(0, 2, 1500)}
    model = ts.fit(table, target="y", candidates=[(8,), (16,)], restarts=2, folds=3, effort=1.0)
    ends = model.record.test.intervals["auc"]
    assert ends[0] <= 0.5 <= ends[1]
