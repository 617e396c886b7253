"""From a decision to the answer: its members trained on the rows to learn from, tested once, then taught the test too.

The test says how good the answer is; once it has said so, its rows are as good to learn from as any. The same members
are trained again, from the same starts and for as many epochs, on all rows, and that is the model that is handed out.
Its score is not measured, for no row is left that it has not seen: more rows make it better rather than worse, and the
score that the record tells is that of the answer before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from thetastar._memory import NoRoomError
from thetastar.errors import InputError
from thetastar.model.answer import Answer, Member
from thetastar.model.calibration import Conformal
from thetastar.model.formulas import FormulaRow
from thetastar.model.record import OneTarget, Tested
from thetastar.recipes.fitted import Fitted
from thetastar.study.answer import Decision
from thetastar.study.baselines import BaselineResult, fitted_again
from thetastar.study.beliefs import Beliefs
from thetastar.study.clock import Clock
from thetastar.study.conformal import as_wide, distances
from thetastar.study.final_scores import final_scores
from thetastar.study.fold import Fold, Learning, prepare_learning, rows_of
from thetastar.study.known import formula_rows
from thetastar.study.options import StudyOptions
from thetastar.study.problem import Problem
from thetastar.study.refit import Final, final_networks, starts_wanted
from thetastar.study.standing import Standing
from thetastar.study.workers import run_at_once

__all__ = ["Chosen", "Made", "Making", "Scored"]

Fits = Callable[[], dict[str, Fitted]]

_ROWS_OF_WIDTH = 20_000  # learned from, that tell how far the levels of an answer of quantiles lie apart
_MOST_AGAIN = 200_000  # rows learned from: a tenth more of so many changes little, and takes as long again
_LONGER = 1.5  # a training on all rows, over that on the rows without the test: how long it may take within a budget


@dataclass(frozen=True)
class Chosen:
    """What was chosen on the validation rows: the members, and the last steps from what they say to an answer."""

    decision: Decision
    beliefs: Beliefs


@dataclass(frozen=True)
class Made:
    """An answer, the chosen network with its preparation and the target's encoding, and what was found for the user's
    formulas."""

    answer: Answer
    final: Final
    formulas: tuple[FormulaRow, ...] = ()


@dataclass(frozen=True)
class Scored:
    """What the test rows said.

    Attributes:
        test: of the answer and the baselines, fitted on the same rows.
        alone: the scores of the network by itself.
        targets: of several targets each one's test.
    """

    test: Tested
    alone: dict[str, float]
    targets: tuple[OneTarget, ...]


@dataclass(frozen=True)
class Making:
    """Everything that an answer is made from, beside the decision.

    Attributes:
        most: rows that the baselines see at most.
        seen: rows that the candidates see at most.
        stage: is told what is being done.
    """

    problem: Problem
    options: StudyOptions
    clock: Clock
    threads: int
    baselines: list[BaselineResult]
    most: int
    seen: int
    stage: Callable[[str], None]

    @contextmanager
    def rivals(self, learning: Learning, baselines: Sequence[BaselineResult]) -> Iterator[Fits]:
        """A function that gives these baselines, fitted on the rows that the final network learns from.

        They are fitted beside the networks, on a thread of their own; when they are asked for where there is only one
        thread, of a large table, whose matrix they would stand beside, and within a budget, which is planned with all
        processors for the networks.
        """

        def again(threads: int) -> AbstractContextManager[Fits]:
            return fitted_again(list(baselines), learning, self.most, threads)

        def fit_now() -> dict[str, Fitted]:
            with again(self.threads) as rivals:
                return rivals()

        if self.options.budget is not None or self.threads == 1 or learning.large:
            yield fit_now
            return
        with again(1) as rivals:
            yield rivals

    def trained(self, learning: Learning, standings: list[Standing], decision: Decision, rows: str) -> Final:
        """The chosen network and those of the answer, on the rows to learn from.

        Args:
            rows: which they are, in words.
        """
        wanted = starts_wanted(standings, decision)
        many = sum(starts for _, starts in wanted) if decision.kind == "average" else 1
        what = standings[0].candidate.name if many == 1 else f"{many} networks"
        self.stage(f"Training {what} on {rows}")
        return final_networks(
            self.problem, learning, wanted, decision, seed=self.options.seed, threads=self.threads,
            seconds=self.clock.left,
        )  # fmt: skip

    def tested(
        self, folds: Sequence[Fold], learning: Learning, rivals: Fits, final: Final, chosen: Chosen
    ) -> tuple[Made, Scored]:
        """The answer, and what it and all baselines reach on the test rows, for the first and only time."""
        self.stage("Scoring the test rows")
        problem, hurried = self.problem, self.clock.hurried
        fitted = {one.baseline.name: self._on_first(folds[0], one) for one in self.baselines} if hurried else rivals()
        answer = self._answer(learning, fitted, final, chosen)
        test, alone, targets = final_scores(
            problem, answer, final, self.baselines, fitted, folds[0].preparation if hurried else learning.preparation,
            problem.division.learning, baselines_refitted=not hurried, seed=self.options.seed, threads=self.threads,
            out=self.options.out,
        )  # fmt: skip
        return Made(answer, final, formula_rows(fitted)), Scored(test, alone, targets)

    def taught(self, scored: Made, standings: list[Standing], chosen: Chosen, seconds: float) -> Made | None:
        """The same answer, which has learned from the test rows too; None where it stays as it was scored.

        Args:
            scored: the answer that was tested.
            seconds: that its training took.
        """
        if not self._teaches(seconds):
            return None
        problem, division = self.problem, self.problem.division
        learning = prepare_learning(problem, np.concatenate([division.learning, division.test]))
        members = chosen.decision.baselines
        wanted = [one for one in self.baselines if one.baseline.name in members or one.baseline.columns]  # formulas
        try:
            with self.rivals(learning, wanted) as rivals:
                final = self.trained(learning, standings, chosen.decision, "all rows, those of the test too")
                fitted = rivals()
                answer = self._answer(learning, fitted, final, chosen)
        except NoRoomError as error:
            advice = (
                "Or leave the test rows out of the answer (--keep-test, keep_test=True): this is its last training."
            )
            raise NoRoomError(f"{error} {advice}") from None
        except InputError:  # every start diverged, though none had with fewer rows
            return None
        whole = final.refit.stopped != "interrupted" and _parts(answer) == _parts(scored.answer)
        return Made(answer, final, formula_rows(fitted)) if whole else None

    def _teaches(self, seconds: float) -> bool:
        """Whether the answer learns from the test rows once they are scored.

        Not where it was asked not to, where effort is to be spared, where the rows are the user's own test, or where
        they would change little or take more time than a budget has left.
        """
        options, left = self.options, self.clock.left
        kept = options.keep_test or options.effort == "quick" or options.test is not None or options.cv is not None
        few = 0 < len(self.problem.test) and len(self.problem.division.learning) <= _MOST_AGAIN
        return not kept and few and not self.clock.hurried and (left is None or left > _LONGER * seconds)

    def _answer(self, learning: Learning, fitted: dict[str, Fitted], final: Final, chosen: Chosen) -> Answer:
        """The members that the decision names, fitted on the rows to learn from, and the last steps to an answer."""
        beliefs = chosen.beliefs
        answer = replace(
            self._members(learning, fitted, final, chosen.decision), calibration=beliefs.calibration,
            threshold=beliefs.value,
        )  # fmt: skip
        if not isinstance(beliefs.calibration, Conformal) or beliefs.judged is None:
            return answer
        problem = self.problem
        rows = problem.division.learning[:_ROWS_OF_WIDTH]
        own = answer.averaged(problem.table.select(rows), learning.encoding, self.threads)
        final_distances = distances(own, problem.encoding.kind.middle, problem.weight(rows))
        more = len(learning.real) / min(self.seen, len(problem.division.folds[0].train))
        levels = problem.encoding.kind.levels
        return replace(answer, calibration=as_wide(beliefs.calibration, beliefs.judged, final_distances, levels, more))

    def _members(self, learning: Learning, fitted: dict[str, Fitted], final: Final, decision: Decision) -> Answer:
        if decision.kind == "network":
            return Answer.alone(final.standing.candidate.name, final.refit.network, final.preparation)
        members = list(final.members)
        for name, count in decision.baselines.items():
            fit = fitted[name]
            if self.clock.hurried:  # what is held was fitted on the training rows of one fold
                again = [result for result in self.baselines if result.baseline.name == name]
                with fitted_again(again, learning, self.most, self.threads) as fits:
                    fit = fits()[name]
            members.append(Member(name, count, fit, learning.preparation))
        return Answer(tuple(members))  # a network's starts that diverged are not among them

    def _on_first(self, fold: Fold, result: BaselineResult) -> Fitted:
        """The baseline as fitted on the training rows of the first fold; once more where the journal spared that."""
        if result.fitted is None:
            rows = fold.train[: self.most]
            fit = partial(fold.fit_baseline, result.baseline, rows_of(fold.inputs, rows), rows, {})
            ((_, (result.fitted, _)),) = run_at_once([fit], 1)
        return result.fitted


def _parts(answer: Answer) -> list[tuple[str, int]]:
    return [(member.name, member.count) for member in answer.members]
