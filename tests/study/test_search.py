"""The search asks for the same trials whenever it is asked the same, and the trainer needs no more than that."""

import numpy as np

from thetastar.model.metrics import METRICS
from thetastar.recipes import Candidate
from thetastar.study.backends import Backend, Work
from thetastar.study.journal import Journal
from thetastar.study.search import FixedList, Halving, Round, search_for
from thetastar.study.standing import Standing, best_first, common_folds, standing_of
from thetastar.study.trainer import Trainer
from thetastar.study.trial import Outcome, Trial, seed_for

CANDIDATES = (Candidate(), Candidate(hidden=(4,)), Candidate(hidden=(8,)), Candidate(hidden=(16,)))
RMSE = METRICS["rmse"]


def outcome(trial, score, stopped="epochs"):
    return Outcome(*trial.key, 0, stopped, 5, 4, 0.1, {} if score is None else {"rmse": score}, [1.0], [1.0])


def standing(candidate, score, parameters=1, status="finished", number=1):
    runs = () if score is None else ((0, score),)
    return Standing(candidate, parameters, number, (), (0,), runs, status)


def test_a_fixed_list_is_one_round_of_every_candidate_fold_and_start():
    search = search_for(CANDIDATES[:2], (Round(1, 2, 3, 20),), folds=2)
    assert isinstance(search, FixedList)
    trials = search.next(0, [])
    assert len(trials) == search.most_trials == 12
    assert {trial.key for trial in trials} == {
        (1, candidate.name, fold, start) for candidate in CANDIDATES[:2] for fold in range(2) for start in range(3)
    }
    assert {trial.epochs for trial in trials} == {20}
    assert search.next(1, [standing(CANDIDATES[0], 1.0)]) == []


def test_halving_keeps_the_best():
    search = search_for(CANDIDATES, (Round(1, 4, 1, 5), Round(2, 2, 2, 20)), folds=1)
    assert isinstance(search, Halving) and search.most_trials == 4 + 2 * 2
    assert [trial.candidate for trial in search.next(0, [])] == list(CANDIDATES)
    ranked = [standing(CANDIDATES[k], score) for k, score in ((2, 0.1), (0, 0.2), (3, 0.3), (1, 0.4))]
    second = search.next(1, ranked)
    assert [(trial.round, trial.candidate, trial.start) for trial in second] == [
        (2, CANDIDATES[2], 0), (2, CANDIDATES[2], 1), (2, CANDIDATES[0], 0), (2, CANDIDATES[0], 1),
    ]  # fmt: skip
    assert search.next(2, ranked) == []


def test_ties_go_to_fewer_parameters_and_the_diverged_come_last():
    small, large, lost = (
        standing(CANDIDATES[0], 0.5, parameters=3), standing(CANDIDATES[1], 0.5, parameters=9),
        standing(CANDIDATES[2], 0.1, status="diverged"),
    )  # fmt: skip
    assert best_first([lost, large, small], RMSE) == [small, large, lost]


def test_the_later_round_comes_first_whatever_the_mean():
    lucky, finalist = standing(CANDIDATES[0], 0.1), standing(CANDIDATES[1], 0.5, number=2)
    assert best_first([lucky, finalist], RMSE) == [finalist, lucky]


def test_runs_cut_short_count_only_where_no_other_is_there():
    trial = Trial(1, CANDIDATES[0], 0, 0, 5)
    other = Trial(1, CANDIDATES[0], 0, 1, 5)
    whole, cut = outcome(trial, 1.0), outcome(other, 9.0, "interrupted")
    assert standing_of([trial, other], 2, [whole, cut], RMSE, [0]).scores == (1.0,)
    assert standing_of([trial, other], 2, [whole, cut], RMSE, [0]).status == "interrupted"
    assert standing_of([other], 2, [cut], RMSE, []).scores == (9.0,)
    assert standing_of([other], 2, [], RMSE, []).status == "interrupted"
    assert standing_of([trial], 2, [outcome(trial, None, "diverged")], RMSE, [0]).status == "diverged"


def test_folds_count_that_every_candidate_finished():
    """A budget that ended in the third fold: two candidates are compared on the two folds that both have."""
    trials = [Trial(1, c, fold, start, 5) for fold in range(4) for c in CANDIDATES[:2] for start in range(2)]
    ended = [outcome(trial, trial.fold + trial.start / 2) for trial in trials[:9]]
    assert common_folds(trials, ended) == (0, 1)
    assert common_folds(trials, [*ended[:7], outcome(trials[7], 1.0, "interrupted")]) == (0,)
    assert common_folds(trials, []) == ()
    lost = [outcome(t, t.fold, "diverged" if t.candidate is CANDIDATES[1] else "epochs") for t in trials[:7]]
    assert common_folds(trials, lost) == (0, 1)  # who diverged holds nobody up
    own = [trial for trial in trials if trial.candidate is CANDIDATES[0]]
    found = standing_of(own, 2, [o for o in ended if o.candidate == CANDIDATES[0].name], RMSE, (0, 1))
    assert found.runs == ((0, 0.0), (0, 0.5), (1, 1.0), (1, 1.5)) and found.status == "interrupted"


def test_folds_and_starts_have_a_spread_each():
    trials = [Trial(1, CANDIDATES[0], fold, start, 5) for fold in range(2) for start in range(2)]
    found = standing_of(trials, 2, [outcome(t, 10.0 * t.fold + t.start) for t in trials], RMSE, (0, 1))
    assert found.fold_means == ((0, 0.5), (1, 10.5))
    assert found.fold_spread == np.std([0.5, 10.5], ddof=1) and found.start_spread == np.std([0, 1], ddof=1)
    assert standing(CANDIDATES[0], 1.0).fold_spread is None and standing(CANDIDATES[0], 1.0).start_spread is None


def test_a_seed_belongs_to_an_address_and_to_no_candidate():
    assert seed_for(0, 1, 2) == seed_for(0, 1, 2)
    assert len({seed_for(s, f, t) for s in range(3) for f in range(3) for t in range(3)}) == 27


class Oracle(Backend):
    """A backend of a test's own: it knows every score, and hands its outcomes back in the reverse order."""

    def __init__(self):
        self.asked = []

    def run(self, work, trials, *, deadline, keep, watch, pauses):
        self.asked.append([trial.key for trial in trials])
        for trial in reversed(trials):
            keep(outcome(trial, 1.0 / (1 + sum(trial.candidate.hidden)) + 0.001 * trial.start))
        watch(len(trials), len(trials))
        return len(trials)


class Shape:
    """Stands for a prepared fold: all that the trainer asks for is the number of parameters."""

    def network(self, candidate, outputs):
        return candidate.network(3, outputs)


def trained(journal):
    backend, events = Oracle(), []
    search = search_for(CANDIDATES, (Round(1, 4, 1, 5), Round(2, 2, 2, 20)), folds=1)
    work = Work([Shape()], "regression", "rmse", 1, 100, 32, 0)
    trainer = Trainer(
        search=search, backend=backend, work=work, metric=RMSE, journal=journal, deadline=None, report=events.append
    )
    return trainer.run(), backend, events


def test_any_backend_will_do_and_the_order_of_outcomes_does_not_matter():
    standings, backend, events = trained(Journal())
    assert [s.candidate for s in standings[:2]] == [CANDIDATES[3], CANDIDATES[2]]
    assert [s.round for s in standings] == [2, 2, 1, 1]
    assert np.allclose(standings[0].scores, [1 / 17, 1 / 17 + 0.001])
    assert [len(asked) for asked in backend.asked] == [4, 4]
    told = [event for event in events if event["kind"] == "networks"]
    assert (told[-1]["done"], told[-1]["total"], told[-1]["best"]["name"]) == (8, 8, CANDIDATES[3].name)


def test_what_the_journal_holds_is_not_trained_again(tmp_path):
    first, _, _ = trained(journal := Journal(tmp_path / "journal.jsonl"))
    journal.close()
    lines = (tmp_path / "journal.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "journal.jsonl").write_text("".join(lines[:3]))
    second, backend, _ = trained(Journal(tmp_path / "journal.jsonl"))
    assert [len(asked) for asked in backend.asked] == [1, 4]
    assert [(s.candidate, s.scores) for s in first] == [(s.candidate, s.scores) for s in second]
