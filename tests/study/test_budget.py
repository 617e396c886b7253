"""A budget is kept: between the rounds the plan is made again by the time that is left. A clock of the test's own."""

import re

import numpy as np
import pytest

import thetastar as ts
from tests.study.conftest import curve_table
from tests.study.test_search import CANDIDATES, RMSE, Shape
from thetastar.study import study
from thetastar.study.backends import Backend, Work
from thetastar.study.journal import Journal
from thetastar.study.plan import Plan
from thetastar.study.search import Room, Round, fitted, search_for
from thetastar.study.trainer import Trainer
from thetastar.study.trial import Outcome

SHORT, FULL = Round(1, 4, 2, 10, last=False), Round(2, 3, 3, 30)
RANKED = list(CANDIDATES)


class Clockwork(Backend):
    """Two threads that train one network after another each; only they move the clock."""

    def __init__(self, seconds):
        self.now, self.seconds = 0.0, seconds  # of an epoch

    def clock(self):
        return self.now

    def run(self, work, trials, *, deadline, keep, watch, pauses):
        began, busy, epochs = self.now, [0.0, 0.0], 0
        for trial in trials:
            lane = int(np.argmin(busy))
            taken = trial.epochs * self.seconds
            whole = deadline is None or began + busy[lane] + taken <= deadline
            if not whole:
                taken = max(deadline - began - busy[lane], 0.0)
                if not taken:
                    continue
            busy[lane] += taken
            self.now = max(self.now, began + busy[lane])
            epochs += round(taken / self.seconds)
            score = 1.0 / (1 + sum(trial.candidate.hidden)) + 0.001 * trial.start
            keep(Outcome(*trial.key, 0, "epochs" if whole else "interrupted", max(round(taken / self.seconds), 1), 4,
                         taken, {"rmse": score}, [1.0], [1.0]))  # fmt: skip
            watch(epochs, sum(trial.epochs for trial in trials))
        return epochs


def trained(seconds, deadline, folds=1, rounds=(SHORT, FULL)):
    backend, events = Clockwork(seconds), []
    work = Work([Shape()] * folds, "regression", "rmse", 1, 100, 32, 0)
    trainer = Trainer(
        search=search_for(CANDIDATES, rounds, folds), backend=backend, work=work, metric=RMSE, journal=Journal(),
        deadline=deadline, report=events.append, threads=2, expected=33.0, clock=backend.clock,
    )  # fmt: skip
    return trainer.run(), trainer, backend, [event for event in events if event["kind"] == "networks"]


# The plan takes 80 + 270 epochs, that is 175 seconds of two threads where an epoch takes one.


@pytest.mark.parametrize("seconds", [0.1, 0.5, 1.0, 1.7, 2.2])
@pytest.mark.parametrize("folds", [1, 3])
def test_the_longer_runs_end_in_time_however_slow_the_machine(seconds, folds):
    deadline = 180.0 * folds
    standings, _, backend, _ = trained(seconds, deadline, folds)
    assert backend.now <= deadline
    assert standings[0].round == 2 and standings[0].status == "finished" and len(standings[0].folds) == folds


def test_a_slow_machine_trains_fewer_and_a_fast_one_more():
    sizes = {}
    for seconds in (0.3, 1.0, 2.0):
        _, trainer, backend, _ = trained(seconds, 205.0)
        sizes[seconds] = (trainer.rounds[1].keep, trainer.rounds[1].starts)
        assert trainer.rounds[1].epochs == FULL.epochs  # a shorter course would be another training
    assert sizes[1.0] == (FULL.keep, FULL.starts)
    assert np.prod(sizes[2.0]) < np.prod(sizes[1.0]) < np.prod(sizes[0.3])
    assert backend.now > 0.6 * 205.0  # and what is left is used


def test_without_a_deadline_the_plan_stands():
    _, trainer, _, _ = trained(5.0, None)
    assert trainer.rounds == [SHORT, FULL]


def test_the_round_that_time_allows():
    room = {candidate.name: 1.0 for candidate in RANKED}

    def size(seconds, stage=FULL):
        found = fitted(stage, RANKED, 1, Room(seconds, room))
        return found.keep, found.starts

    assert size(270.0) == (3, 3) and size(269.0) == (3, 2)
    assert size(30.0) == (1, 1) and size(0.0) == (1, 1)
    assert size(539.0) == (3, 3) and size(540.0) == (4, 4) and size(1e9) == (4, 5)
    assert fitted(FULL, RANKED, 1, Room(1e9, room, spare=False)) == FULL  # an effort was asked for
    assert size(1e9, Round(2, 4, 5, 30)) == (4, 5)
    assert size(0.0, Round(2, 1, 1, 30)) == (1, 1)
    dear = Room(60.0, {RANKED[0].name: 1.0, RANKED[1].name: 2.0})
    assert not dear.fits(RANKED[2:3], Round(2, 1, 2, 30), 1)  # never timed: as dear as the dearest
    assert dear.fits(RANKED[:1], Round(2, 1, 2, 30), 1)


def test_progress_is_estimated_from_the_first_moment_and_ends_at_nothing():
    _, _, backend, events = trained(1.0, None)
    assert events[0]["seconds"] == 0 and events[0]["seconds_left"] == 33.0  # what the plan thought
    assert all(event["seconds_left"] is not None for event in events)
    halfway = next(event for event in events if event["done"] >= event["total"] / 2)
    assert halfway["seconds_left"] == pytest.approx(backend.now - halfway["seconds"], rel=0.3)
    assert events[-1]["seconds_left"] == 0 and events[-1]["done"] == events[-1]["total"] == 17
    _, trainer, _, events = trained(2.0, 205.0)
    assert events[-1]["done"] == events[-1]["total"] == 8 + np.prod([trainer.rounds[1].keep, trainer.rounds[1].starts])
    assert all(event["seconds_left"] <= 205.0 - event["seconds"] for event in events)


def test_a_plan_made_again_is_said_so():
    plan = Plan(CANDIDATES, (SHORT, FULL), 100, 32, 1.0, 100)
    assert plan.after([SHORT, FULL]) is plan and plan.after([SHORT]) is plan
    again = plan.after([SHORT, Round(2, 2, 1, 30)])
    assert again.remade and again.rounds == (SHORT, Round(2, 2, 1, 30))


def test_a_study_whose_plan_was_made_again_does_not_claim_to_repeat(monkeypatch):
    """The short runs are told to have taken a million times as long as they did."""
    monkeypatch.setattr("thetastar.study.trainer._BUSY", 1e-6)
    candidates = [(8,), (16,), (8, 8), (16, 16), (24,), (32,)]
    model = ts.fit(curve_table(), target="y", candidates=candidates, folds=1, budget=60, effort=0.1)
    assert len(model.record.settings.candidates) == 6 and not model.record.repeats
    said = "How many were trained again was settled by the time that the short runs had left of the budget."
    assert said in model.record.shortcuts
    assert model.record.chosen.round == 2 and model.record.chosen.runs == 1


@pytest.mark.parametrize(("options", "words"), [
    ({"effort": 1.0}, r"Planned: 6 trainings of 2 networks, about \d+ s on a machine like the reference one"),
    ({"effort": 1.0, "budget": 30}, r"Planned: 6 trainings of 2 networks, all within 30 s"),
])  # fmt: skip
def test_what_is_coming_is_said_before_the_first_of_it(options, words):
    events = []
    ts.fit(curve_table(150), target="y", candidates=[(), (8,)], folds=1, progress=events.append, **options)
    texts = [event.get("text", "") for event in events]
    planned = next(place for place, text in enumerate(texts) if re.fullmatch(words, text))
    assert planned < texts.index("Fitting the baselines")


@pytest.mark.parametrize("slow", [False, True])
def test_a_training_that_only_a_warning_needs_ends_with_the_budget(slow, monkeypatch):
    """Without the column that gives the target away: next to nothing of the budget is left for that, or enough."""
    table = curve_table(300)
    table["copy"] = table["y"]
    asked, run = [], study._Study.run

    def watched(self):
        if self.within:
            asked.append(self.clock.budget)
            if slow:
                self.clock.budget = 1e-4
        return run(self)

    monkeypatch.setattr(study._Study, "run", watched)
    record = ts.fit(table, target="y", candidates=[(8,)], folds=1, effort=0.1, budget=60).record
    assert record.leaked.columns == ("copy",) and len(asked) == 1 and 0 < asked[0] < 60
    assert bool(record.leaked.scores_without) != slow
