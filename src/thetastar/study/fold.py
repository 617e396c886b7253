"""The rows of a problem, prepared: for every fold, and for the final network."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from thetastar.data.prepare import Preparation
from thetastar.recipes import Candidate
from thetastar.study.problem import Problem
from thetastar.study.splits import FoldRows

__all__ = ["Fold", "Learning", "prepare_fold", "prepare_learning"]


@dataclass(frozen=True)
class Fold:
    """One division into training and validation rows, with the preparation fitted on its training rows.

    Attributes:
        preparation: fitted on the training rows.
        inputs: (n, F) float32, the prepared rows of the whole table.
        encoded: (n,) what the network learns: standardised target or class index.
        train, validation: row indices into them.
        predicted: turns raw outputs (m, O) into what metrics take: values (m,) or probabilities (m, C).
        truth: (m,) real values or class indices of the validation rows.
        scaled: preparation and inputs with another scaling of numbers, by its name.
    """

    number: int
    preparation: Any
    inputs: np.ndarray
    encoded: np.ndarray
    train: np.ndarray
    validation: np.ndarray
    predicted: Callable[[np.ndarray], np.ndarray]
    truth: np.ndarray
    scaled: Callable[[str], tuple[Any, np.ndarray]] | None = field(default=None, repr=False)
    _prepared: dict[tuple[str | int, ...], tuple[Any, np.ndarray]] = field(default_factory=dict, repr=False)

    def prepared_for(self, candidate: Candidate) -> tuple[Any, np.ndarray]:
        """The preparation that the candidate wants, and the rows of the whole table as it sees them."""
        key = candidate.preparation_key
        if key not in self._prepared:
            preparation, inputs = self.preparation, self.inputs
            if candidate.scaling != "standard":
                assert self.scaled is not None
                preparation, inputs = self.scaled(candidate.scaling)
            self._prepared[key] = candidate.prepare(preparation, inputs, self.train)
        return self._prepared[key]

    def portable(self, candidates: Iterable[Candidate]) -> Fold:
        """The fold for another process: prepared for these candidates, and without the table."""
        kept = {candidate.preparation_key: self.prepared_for(candidate) for candidate in candidates}
        return replace(self, scaled=None, _prepared=kept)

    def inputs_for(self, candidate: Candidate) -> np.ndarray:
        """The rows as the candidate sees them."""
        return self.prepared_for(candidate)[1]

    def network(self, candidate: Candidate, outputs: int) -> Any:
        """The candidate's network for rows as it sees them."""
        preparation, _ = self.prepared_for(candidate)
        return candidate.network(preparation.input_shape, outputs, masked=preparation.masked)


@dataclass(frozen=True)
class Learning:
    """What the final network and the baselines beside it learn from: training and validation rows, prepared by what
    was fitted on them.

    Attributes:
        preparation, encoding: of the inputs (the usual one, before a candidate's wishes) and of the target.
        inputs: (n, F) the whole table as the preparation makes it.
        rows: those to learn from.
        scaled: preparation and inputs with another scaling of numbers, by its name.
    """

    preparation: Any
    encoding: Any
    inputs: np.ndarray
    rows: np.ndarray
    scaled: Callable[[str], tuple[Any, np.ndarray]] | None = field(default=None, repr=False)

    def prepared_for(self, candidate: Candidate) -> tuple[Any, np.ndarray]:
        """The preparation that the candidate wants, and the rows of the whole table as it sees them."""
        preparation, inputs = self.preparation, self.inputs
        if candidate.scaling != "standard":
            assert self.scaled is not None
            preparation, inputs = self.scaled(candidate.scaling)
        return candidate.prepare(preparation, inputs, self.rows)


def prepare_fold(problem: Problem, number: int, rows: FoldRows) -> Fold:
    """Everything fitted on the fold's training rows alone."""
    preparation, encoding, inputs = _prepared(problem, rows.train)
    return Fold(
        number, preparation, inputs, encoding.encode(problem.table), rows.train, rows.validation, encoding.predicted,
        problem.truth[rows.validation], partial(_inputs, problem, rows.train),
    )  # fmt: skip


def prepare_learning(problem: Problem) -> Learning:
    """Everything fitted on training and validation rows."""
    rows = problem.division.learning
    return Learning(*_prepared(problem, rows), rows, partial(_inputs, problem, rows))


def _prepared(problem: Problem, rows: np.ndarray) -> tuple[Any, Any, np.ndarray]:
    """Preparation and target scale fitted on `rows` alone, and the prepared inputs (n, F) of the whole table."""
    preparation, inputs = _inputs(problem, rows)
    return preparation, problem.encoding.fit_scale(rows), inputs


def _inputs(problem: Problem, rows: np.ndarray, scaling: str = "standard") -> tuple[Any, np.ndarray]:
    preparation = Preparation.fit(problem.table, rows, problem.roles, scaling=scaling, grouping=problem.grouping)
    return preparation, preparation.transform(problem.table)
