"""The rows of a problem, prepared: for every fold, and for the final network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
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
    """

    number: int
    preparation: Any
    inputs: np.ndarray
    encoded: np.ndarray
    train: np.ndarray
    validation: np.ndarray
    predicted: Callable[[np.ndarray], np.ndarray]
    truth: np.ndarray
    _prepared: dict[tuple[str | int, ...], tuple[Any, np.ndarray]] = field(default_factory=dict, repr=False)

    def prepared_for(self, candidate: Candidate) -> tuple[Any, np.ndarray]:
        """The preparation that the candidate wants, and the rows of the whole table as it sees them."""
        key = candidate.preparation_key
        if key not in self._prepared:
            self._prepared[key] = candidate.prepare(self.preparation, self.inputs, self.train)
        return self._prepared[key]

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
    """

    preparation: Any
    encoding: Any
    inputs: np.ndarray
    rows: np.ndarray


def prepare_fold(problem: Problem, number: int, rows: FoldRows) -> Fold:
    """Everything fitted on the fold's training rows alone."""
    preparation, encoding, inputs = _prepared(problem, rows.train)
    return Fold(
        number, preparation, inputs, encoding.encode(problem.table), rows.train, rows.validation, encoding.predicted,
        problem.truth[rows.validation],
    )  # fmt: skip


def prepare_learning(problem: Problem) -> Learning:
    """Everything fitted on training and validation rows."""
    rows = problem.division.learning
    return Learning(*_prepared(problem, rows), rows)


def _prepared(problem: Problem, rows: np.ndarray) -> tuple[Any, Any, np.ndarray]:
    """Preparation and target scale fitted on `rows` alone, and the prepared inputs (n, F) of the whole table."""
    preparation = Preparation.fit(problem.table, rows, problem.roles, grouping=problem.grouping)
    return preparation, problem.encoding.fit_scale(rows), preparation.transform(problem.table)
