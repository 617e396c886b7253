"""Training the candidates: the search says which trials come next, the backend trains them, the journal keeps them.

Within a budget the search is told between the rounds how much time is left and what an epoch of each candidate took,
so that the next round ends in time whatever the plan had thought.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from thetastar.model.metrics import Metric
from thetastar.recipes import Candidate
from thetastar.study.backends import Backend, Work
from thetastar.study.curves import EPOCHS_KEPT_OF_MANY
from thetastar.study.journal import MOST_LINES, Journal
from thetastar.study.pauses import Pauses
from thetastar.study.search import Room, Round, Search
from thetastar.study.standing import Standing, best_first, common_folds, standing_of
from thetastar.study.trial import Key, Outcome, Trial

__all__ = ["Trainer"]

_BUSY = 0.85  # of the threads' time: the last networks of a round leave some idle


class Trainer:
    """Runs the rounds of one study and keeps count."""

    def __init__(
        self, *, search: Search, backend: Backend, work: Work, metric: Metric, journal: Journal,
        deadline: float | None, report: Callable[[dict[str, Any]], None], threads: int = 1,
        spare: bool = True, expected: float | None = None, clock: Callable[[], float] = time.perf_counter,
        pauses: Pauses | None = None,
    ) -> None:  # fmt: skip
        """Everything that a study has, and its clock.

        Args:
            deadline: a moment of `clock`; None where time does not matter.
            threads: that the backend uses.
            spare: whether time left over may be spent on more than the search has planned.
            expected: seconds that it should take; said before the first epoch has ended.
            pauses: where trainings stand between the rungs of a search.
        """
        self.search, self.backend, self.work, self.metric = search, backend, work, metric
        self.journal, self.deadline, self.report = journal, deadline, report
        self.threads, self.spare, self.expected, self.clock = threads, spare, expected, clock
        self.pauses = pauses or Pauses()
        journal.by_shards = search.most_trials > MOST_LINES
        if journal.by_shards:
            self.work = replace(work, epochs_kept=EPOCHS_KEPT_OF_MANY)
        self.rounds: list[Round] = []
        self.done = 0
        self.total = search.most_trials
        self.epochs_done = 0
        self.planned_after = 0
        self.best: tuple[str, float] | None = None
        self._counted: dict[tuple[Any, ...], int] = {}
        self.started = clock()

    def run(self) -> list[Standing]:
        """All rounds; the standings of all candidates, best first."""
        standings: dict[str, Standing] = {}
        number = 0
        while trials := self._next(number, best_first(standings.values(), self.metric)):
            number += 1
            self._note(_round_of(trials))
            self.planned_after = self.search.epochs_after(number)
            self._train(trials)
            for standing in self._standings(trials):
                # A round that no fold got through tells less than the one before, on which all can be compared.
                if standing.folds or standing.candidate.name not in standings:
                    standings[standing.candidate.name] = standing
                self.report({"kind": "candidate", "standing": standings[standing.candidate.name]})
        return best_first(standings.values(), self.metric)

    def _note(self, stage: Round) -> None:
        """The round, for the plan as it was followed; batches of one round count as one."""
        if self.rounds and self.rounds[-1].number == stage.number:
            stage = replace(stage, keep=self.rounds[-1].keep + stage.keep)
            self.rounds.pop()
        self.rounds.append(stage)

    def _next(self, number: int, ranked: list[Standing]) -> list[Trial]:
        """The trials of the next round, as many as time allows; all of them are counted for the progress."""
        trials = self.search.next(number, ranked, self._room(ranked))
        planned = self.search.next(number, ranked)
        self.total += len(trials) - len(planned)
        return trials

    def _room(self, ranked: list[Standing]) -> Room | None:
        """The time left for a round, and what epochs took so far; None where time does not matter."""
        if self.deadline is None:
            return None
        epoch = {
            standing.candidate.name: sum(o.seconds for o in standing.outcomes) / epochs
            for standing in ranked
            if (epochs := sum(o.epochs for o in standing.outcomes))
        }
        return Room(_BUSY * self.threads * max(self.deadline - self.clock(), 0.0), epoch, self.spare)

    def _train(self, trials: list[Trial]) -> None:
        """The trials that the journal does not hold yet; what it holds is counted."""
        missing = []
        for trial in trials:
            outcome = self.journal.get(trial.key) or self._ended_before(trial)
            if outcome is None:
                missing.append(trial)
            else:
                self._count(outcome)
        before = self.epochs_done
        own = sum(trial.until for trial in missing)
        self._tell(before, before + own, own)
        stretches = {trial.key: trial.before for trial in missing}

        def keep(*outcomes: Outcome) -> None:
            whole = [self._together(outcome, stretches[outcome.key]) for outcome in outcomes]
            self.journal.add(*whole)
            for outcome in whole:
                self._count(outcome)

        trained = self.backend.run(
            self.work, missing, deadline=self.deadline, keep=keep, pauses=self.pauses,
            watch=lambda epochs, planned: self._tell(before + epochs, before + planned, own - epochs),
        )  # fmt: skip
        self.epochs_done = before + trained
        if trials[0].resumes:
            self.pauses.drop(trials[0].round - 1)

    def _ended_before(self, trial: Trial) -> Outcome | None:
        """The outcome of a training that a rule ended before this stretch: it stands for this one too."""
        ended = None if trial.before is None else self.journal.get(trial.before)
        if ended is None or ended.stopped in ("paused", "interrupted"):
            return None
        ended = replace(ended, round=trial.round)
        self.journal.add(ended)
        return ended

    def _together(self, outcome: Outcome, before: Key | None) -> Outcome:
        """A stretch with those before it, where it went on from them and did not begin anew."""
        earlier = None if before is None else self.journal.get(before)
        if earlier is None:
            return outcome
        own, told = outcome.epochs - earlier.epochs, outcome.told  # a curve may end an epoch early: it diverged
        return outcome.after(earlier) if abs(told - own) < abs(told - outcome.epochs) else outcome

    def _count(self, outcome: Outcome) -> None:
        self.done += 1
        score = outcome.scores.get(self.metric.name)
        if score is not None and (self.best is None or self.metric.better(score, self.best[1])):
            self.best = (outcome.candidate, score)

    def _tell(self, epochs: int, epochs_total: int, to_come: int) -> None:
        """Report the progress; `to_come` are the epochs of this round that are not trained yet."""
        seconds = self.clock() - self.started
        self.report({
            "kind": "networks", "done": self.done, "total": self.total, "epochs": int(epochs),
            "epochs_total": int(epochs_total),
            "best": None if self.best is None else {"name": self.best[0], "score": self.best[1]},
            "seconds": seconds, "seconds_left": self._seconds_left(seconds, epochs, to_come),
        })  # fmt: skip

    def _seconds_left(self, seconds: float, epochs: int, to_come: int) -> float | None:
        """By the epochs trained and to come; before the first one what the plan expects; never beyond a deadline."""
        rest = max(to_come, 0) + self.planned_after
        left = self.expected if not epochs else seconds * rest / epochs
        if self.done >= self.total:
            left = 0.0
        if self.deadline is None or left is None:
            return left
        return min(left, max(self.deadline - self.clock(), 0.0))

    def _standings(self, trials: list[Trial]) -> list[Standing]:
        """One for every candidate of a round, all on the folds that all of them finished."""
        outcomes = [outcome for trial in trials if (outcome := self.journal.get(trial.key)) is not None]
        folds = common_folds(trials, outcomes)
        later = trials[0].round > 1
        found = []
        own_trials: dict[str, list[Trial]] = {}
        for trial in trials:
            own_trials.setdefault(trial.candidate.name, []).append(trial)
        of_name: dict[str, list[Outcome]] = {}
        for outcome in outcomes:
            of_name.setdefault(outcome.candidate, []).append(outcome)
        for name, own in own_trials.items():
            candidate, ended = own[0].candidate, of_name.get(name, [])
            standing = standing_of(own, self._parameters(candidate), ended, self.metric, folds)
            found.append(replace(standing, folds=()) if later and not folds else standing)
        return found

    def _parameters(self, candidate: Candidate) -> int:
        """Of the candidate's network; layers of the same sizes are counted once."""
        key = candidate.sizes_key
        if key not in self._counted:
            self._counted[key] = self.work.folds[0].network(candidate, self.work.outputs).parameter_count
        return self._counted[key]


def _round_of(trials: list[Trial]) -> Round:
    """The round that these trials are."""
    first = trials[0]
    starts = max(trial.start for trial in trials) + 1
    keep = len({trial.candidate.name for trial in trials})
    return Round(first.round, keep, starts, first.epochs, first.last, first.share, first.resumes)
