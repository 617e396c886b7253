"""Training the candidates: the search says which trials come next, the backend trains them, the journal keeps them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from thetastar.model.metrics import Metric
from thetastar.study.backends import Backend, Work
from thetastar.study.journal import Journal
from thetastar.study.search import Search
from thetastar.study.standing import Standing, best_first, common_folds, standing_of
from thetastar.study.trial import Outcome, Trial

__all__ = ["Trainer"]


class Trainer:
    """Runs the rounds of one study and keeps count."""

    def __init__(
        self, *, search: Search, backend: Backend, work: Work, metric: Metric, journal: Journal,
        deadline: float | None, report: Callable[[dict[str, Any]], None],
    ) -> None:  # fmt: skip
        self.search, self.backend, self.work, self.metric = search, backend, work, metric
        self.journal, self.deadline, self.report = journal, deadline, report
        self.done = 0
        self.epochs_done = 0
        self.best: tuple[str, float] | None = None
        self.started = time.perf_counter()

    def run(self) -> list[Standing]:
        """All rounds; the standings of all candidates, best first."""
        standings: dict[str, Standing] = {}
        number = 0
        while trials := self.search.next(number, best_first(standings.values(), self.metric)):
            number += 1
            self._train(trials)
            for standing in self._standings(trials):
                # A round that no fold got through tells less than the one before, on which all can be compared.
                if standing.folds or standing.candidate.name not in standings:
                    standings[standing.candidate.name] = standing
                self.report({"kind": "candidate", "standing": standings[standing.candidate.name]})
        return best_first(standings.values(), self.metric)

    def _train(self, trials: list[Trial]) -> None:
        """The trials that the journal does not hold yet; what it holds is counted."""
        missing = []
        for trial in trials:
            outcome = self.journal.get(trial.key)
            if outcome is None:
                missing.append(trial)
            else:
                self._count(outcome)
        before = self.epochs_done

        def keep(outcome: Outcome) -> None:
            self.journal.add(outcome)
            self._count(outcome)

        trained = self.backend.run(
            self.work, missing, deadline=self.deadline, keep=keep,
            watch=lambda epochs, planned: self._tell(before + epochs, before + planned),
        )  # fmt: skip
        self.epochs_done = before + trained

    def _count(self, outcome: Outcome) -> None:
        self.done += 1
        score = outcome.scores.get(self.metric.name)
        if score is not None and (self.best is None or self.metric.better(score, self.best[1])):
            self.best = (outcome.candidate, score)

    def _tell(self, epochs: int, epochs_total: int) -> None:
        seconds = time.perf_counter() - self.started
        total = self.search.most_trials
        share = self.done / max(total, 1)
        self.report({
            "kind": "networks", "done": self.done, "total": total, "epochs": int(epochs),
            "epochs_total": int(epochs_total),
            "best": None if self.best is None else {"name": self.best[0], "score": self.best[1]},
            "seconds": seconds, "seconds_left": seconds * (1 - share) / share if share > 0 else None,
        })  # fmt: skip

    def _standings(self, trials: list[Trial]) -> list[Standing]:
        """One for every candidate of a round, all on the folds that all of them finished."""
        outcomes = [outcome for trial in trials if (outcome := self.journal.get(trial.key)) is not None]
        folds = common_folds(trials, outcomes)
        later = trials[0].round > 1
        found = []
        for candidate in {trial.candidate.name: trial.candidate for trial in trials}.values():
            own = [trial for trial in trials if trial.candidate.name == candidate.name]
            ended = [outcome for outcome in outcomes if outcome.candidate == candidate.name]
            parameters = self.work.folds[0].network(candidate, self.work.outputs).parameter_count
            standing = standing_of(own, parameters, ended, self.metric, folds)
            found.append(replace(standing, folds=()) if later and not folds else standing)
        return found
