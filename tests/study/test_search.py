"""The search asks for the same trials whenever it is asked the same, and the trainer needs no more than that."""

import numpy as np

from thetastar.model.metrics import METRICS
from thetastar.recipes import Candidate
from thetastar.study.backends import Backend, Work
from thetastar.study.journal import Journal
from thetastar.study.search import FixedList, Halving, Round, search_for
from thetastar.study.standing import Standing, best_first, standing_of
from thetastar.study.trainer import Trainer
from thetastar.study.trial import Outcome, Trial, seed_for

CANDIDATES = (Candidate(), Candidate(hidden=(4,)), Candidate(hidden=(8,)), Candidate(hidden=(16,)))
RMSE = METRICS["rmse"]


def outcome(trial, score, stopped="epochs"):
    return Outcome(*trial.key, 0, stopped, 5, 4, 0.1, {} if score is None else {"rmse": score}, [1.0], [1.0])


def standing(candidate, score, parameters=1, status="finished"):
    scores = () if score is None else (score,)
    return Standing(candidate, parameters, 1, (), scores, status)


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


def test_runs_cut_short_count_only_where_no_other_is_there():
    trial = Trial(1, CANDIDATES[0], 0, 0, 5)
    whole, cut = outcome(trial, 1.0), outcome(trial, 3.0, "interrupted")
    assert standing_of(CANDIDATES[0], 2, 1, [whole, cut], RMSE).scores == (1.0,)
    assert standing_of(CANDIDATES[0], 2, 1, [cut], RMSE).status == "interrupted"
    assert standing_of(CANDIDATES[0], 2, 1, [], RMSE).status == "interrupted"
    assert standing_of(CANDIDATES[0], 2, 1, [whole, outcome(trial, None, "diverged")], RMSE).status == "diverged"


def test_a_seed_belongs_to_an_address_and_to_no_candidate():
    assert seed_for(0, 1, 2) == seed_for(0, 1, 2)
    assert len({seed_for(s, f, t) for s in range(3) for f in range(3) for t in range(3)}) == 27


class Oracle(Backend):
    """A backend of a test's own: it knows every score, and hands its outcomes back in the reverse order."""

    def __init__(self):
        self.asked = []

    def run(self, work, trials, *, deadline, keep, watch):
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
