"""The rows of a problem, prepared: for every fold, and for the final network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from thetastar._memory import give_back
from thetastar.data.directions import feature_directions
from thetastar.data.own_numbers import OwnNumbers
from thetastar.data.prepare import Preparation
from thetastar.data.target import TargetEncoding
from thetastar.recipes import Candidate
from thetastar.recipes.baselines import Baseline
from thetastar.recipes.fitted import Fitted
from thetastar.recipes.monotone import directions_of
from thetastar.study.known import own_numbers
from thetastar.study.problem import Problem
from thetastar.study.splits import FoldRows

__all__ = [
    "LARGE", "FittedFold", "Fold", "Learning", "fill_up", "fit_fold", "held_rows", "is_large", "prepare_fold",
    "prepare_learning", "rows_of",
]  # fmt: skip

Own = dict[tuple[str, ...], tuple[OwnNumbers, np.ndarray]]
_NETWORKS = 256  # whose descriptions a fold keeps
LARGE = 25_000_000  # prepared numbers from which on a fold holds only the rows that are used


@dataclass(frozen=True)
class FittedFold:
    """A fold before its rows are prepared: what was fitted on its training rows, from which the plan is made."""

    number: int
    preparation: Preparation
    encoding: TargetEncoding
    rows: FoldRows

    def filled(self, problem: Problem, most: int | None = None) -> Fold:
        """The fold with prepared rows: of the whole table, or of a large one only those that are used.

        Args:
            most: how many training rows, the first ones, anybody will see.
        """
        train, validation, used = self.rows.train, self.rows.validation, None
        if most is not None and is_large(problem, self):
            used = np.concatenate([train[:most], validation])
            train, validation = np.split(np.arange(len(used)), [len(used) - len(validation)])
        inputs = self.preparation.transform(problem.table, used)
        encoded = self.encoding.encode(problem.table)
        truth, weight = problem.truth, None if problem.weights is None else problem.weights.values
        if used is not None:
            encoded, truth, weight = encoded[used], truth[used], problem.weight(used)
        return Fold(
            self.number, self.preparation, inputs, encoded, train, validation, self.encoding.predicted, truth, weight,
            partial(_scaled, problem, self.rows.train, used), own=_own(problem, self.rows.train, used),
            monotone=problem.monotone,
        )  # fmt: skip


class _Rows:
    """Prepared rows as baselines see them."""

    real: np.ndarray
    weight: np.ndarray | None
    own: Own
    preparation: Any
    monotone: Mapping[str, int]

    def held(self, candidate: Candidate, preparation: Any) -> dict[str, Any]:
        """The arguments of a `Job` that hold the candidate's network monotone, for rows that it sees so prepared."""
        return directions_of(candidate, feature_directions(preparation, self.monotone)) if self.monotone else {}

    def with_own(self, baseline: Baseline, prepared: np.ndarray, rows: np.ndarray | slice) -> np.ndarray:
        """(m, F) prepared rows; with the columns' own numbers behind them, where the baseline names columns.

        Args:
            prepared: (m, F) the rows as the preparation makes them.
            rows: which they are.
        """
        return np.hstack([prepared, self.own[baseline.columns][1][rows]]) if baseline.columns else prepared

    def fit_baseline(
        self, baseline: Baseline, prepared: np.ndarray, rows: np.ndarray | slice, settings: dict[str, Any]
    ) -> tuple[Fitted, dict[str, Any]]:
        """What the baseline learns of these prepared rows, and settings for its last fit."""
        weight = None if self.weight is None else self.weight[rows]
        held: dict[str, Any] = {}
        if baseline.held and self.monotone:
            held = {"directions": feature_directions(self.preparation, self.monotone)}
        inputs = self.with_own(baseline, prepared, rows)
        fitted, found = baseline.fit(inputs, self.real[rows], settings, weight, **held)
        return fitted.reading(self.own[baseline.columns][0] if baseline.columns else None), found


@dataclass(frozen=True)
class Fold(_Rows):
    """One division into training and validation rows, with the preparation fitted on its training rows.

    Attributes:
        preparation: fitted on the training rows.
        inputs: (n, F) float32, prepared rows: of the whole table, or of a large one those that are used.
        encoded: (n,) what the network learns: standardised target or class index.
        train, validation: row indices into them.
        predicted: turns raw outputs (m, O) into what metrics take: values (m,) or probabilities (m, C).
        real: (n,) real values or class indices.
        weight: (n,) how much each row counts; None where all count alike.
        scaled: preparation and inputs with another scaling of numbers, by its name.
        own: of the columns of each formula what reads them, and (n, k) their own numbers.
        monotone: 1 or -1 by the names of the columns that the answer must rise or fall with.
    """

    number: int
    preparation: Any
    inputs: np.ndarray
    encoded: np.ndarray
    train: np.ndarray
    validation: np.ndarray
    predicted: Callable[[np.ndarray], np.ndarray]
    real: np.ndarray
    weight: np.ndarray | None = None
    scaled: Callable[[str], tuple[Any, np.ndarray]] | None = field(default=None, repr=False)
    own: Own = field(default_factory=dict, repr=False)
    monotone: Mapping[str, int] = field(default_factory=dict, repr=False)
    _prepared: dict[tuple[str | int, ...], tuple[Any, np.ndarray]] = field(default_factory=dict, repr=False)
    _networks: dict[tuple[Any, ...], Any] = field(default_factory=dict, repr=False)

    @cached_property
    def truth(self) -> np.ndarray:
        """(m,) real values or class indices of the validation rows."""
        return self.real[self.validation]

    def weight_of(self, rows: np.ndarray) -> np.ndarray | None:
        """(m,) how much each of these rows counts; None where all count alike."""
        return None if self.weight is None else self.weight[rows]

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
        return replace(self, scaled=None, own={}, _prepared=kept, _networks={})

    def inputs_for(self, candidate: Candidate) -> np.ndarray:
        """The rows as the candidate sees them."""
        return self.prepared_for(candidate)[1]

    def network(self, candidate: Candidate, outputs: int) -> Any:
        """The candidate's network for rows as it sees them; candidates that differ in their training alone share it."""
        key = (outputs, candidate.layers_key)
        if key not in self._networks:
            if len(self._networks) >= _NETWORKS:
                self._networks.clear()
            preparation, _ = self.prepared_for(candidate)
            self._networks[key] = candidate.network(
                preparation.input_shape, outputs, masked=preparation.masked, numbers=preparation.numbers
            )
        return self._networks[key]


@dataclass(frozen=True)
class Learning(_Rows):
    """What the final network and the baselines beside it learn from: training and validation rows, prepared by what
    was fitted on them.

    Attributes:
        preparation, encoding: of the inputs (the usual one, before a candidate's wishes) and of the target.
        inputs: makes (n, F) the rows to learn from, or the first so many of them, as the preparation makes them: of a
            large table they are most of the memory, so they are there only while somebody learns from them.
        encoded, real: (n,) what networks and baselines learn of them.
        weight: (n,) how much each counts; None where all count alike.
        scaled: preparation and inputs with another scaling of numbers, by its name.
        own, monotone: as of `Fold`.
        large: whether their matrix is so large that nothing should stand beside it.
    """

    preparation: Any
    encoding: Any
    inputs: Callable[[int | None], np.ndarray]
    encoded: np.ndarray
    real: np.ndarray
    weight: np.ndarray | None = None
    scaled: Callable[[str], tuple[Any, np.ndarray]] | None = field(default=None, repr=False)
    own: Own = field(default_factory=dict, repr=False)
    monotone: Mapping[str, int] = field(default_factory=dict, repr=False)
    large: bool = False

    def prepared_for(self, candidate: Candidate, usual: Callable[[], np.ndarray]) -> tuple[Any, np.ndarray]:
        """The preparation that the candidate wants, and the rows as it sees them.

        Args:
            usual: gives all rows as the usual preparation makes them.
        """
        if candidate.scaling == "standard":
            preparation, inputs = self.preparation, usual()
        else:
            assert self.scaled is not None
            preparation, inputs = self.scaled(candidate.scaling)
        return candidate.prepare(preparation, inputs, np.arange(len(self.real)))


def rows_of(inputs: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Some rows of a matrix; those that lie together, as in a large fold, are not copied."""
    first, last = (int(rows[0]), int(rows[-1])) if len(rows) else (0, -1)
    together = last - first == len(rows) - 1 and bool(np.all(np.diff(rows) == 1))
    return inputs[first : last + 1] if together else inputs[rows]


def is_large(problem: Problem, fold: FittedFold) -> bool:
    """Whether the prepared table is so large that a fold holds only the rows that are used, when they are used."""
    return _large(problem, fold.preparation)


def _large(problem: Problem, preparation: Preparation) -> bool:
    return len(problem.truth) * preparation.feature_count > LARGE


def held_rows(problem: Problem, fold: FittedFold, most: int) -> int:
    """How many prepared rows a fold holds of which the first `most` training rows will be seen."""
    if not is_large(problem, fold):
        return len(problem.truth)
    return min(most, len(fold.rows.train)) + len(fold.rows.validation)


def fit_fold(problem: Problem, number: int, rows: FoldRows) -> FittedFold:
    """What is fitted on the fold's training rows alone."""
    return FittedFold(number, *_fitted(problem, rows.train), rows)


def fill_up(problem: Problem, fits: Sequence[FittedFold], folds: list[Fold], most: int) -> None:
    """Put folds with `most` training rows in the place of those that hold fewer, which were filled for the baselines.

    These are let go before the larger ones are filled, so that both are never in memory. Folds of a table that is not
    large hold all rows, and stay.
    """
    if any(len(fold.train) < min(most, len(fit.rows.train)) for fit, fold in zip(fits, folds, strict=True)):
        folds.clear()
        give_back()
        folds.extend(fit.filled(problem, most) for fit in fits)


def prepare_fold(problem: Problem, number: int, rows: FoldRows) -> Fold:
    """Everything fitted on the fold's training rows alone, and the whole table prepared by it."""
    return fit_fold(problem, number, rows).filled(problem)


def prepare_learning(problem: Problem, rows: np.ndarray | None = None) -> Learning:
    """Everything fitted on the rows to learn from: training and validation rows if not given."""
    rows = problem.division.learning if rows is None else rows
    preparation, encoding = _fitted(problem, rows)
    encoded, large = encoding.encode(problem.table)[rows], _large(problem, preparation)
    if large:
        give_back()  # what fitting took, a column after another

    def inputs(first: int | None) -> np.ndarray:
        return preparation.transform(problem.table, rows[:first])

    return Learning(
        preparation, encoding, inputs, encoded, problem.truth[rows], problem.weight(rows),
        partial(_scaled, problem, rows, rows), _own(problem, rows, rows), problem.monotone,
        large,
    )  # fmt: skip


def _fitted(problem: Problem, rows: np.ndarray) -> tuple[Preparation, TargetEncoding]:
    """Preparation and target scale fitted on `rows` alone."""
    preparation = Preparation.fit(
        problem.table, rows, problem.roles, grouping=problem.grouping, straight=problem.monotone
    )
    return preparation, problem.encoding.fit_scale(rows)


def _own(problem: Problem, rows: np.ndarray, used: np.ndarray | None) -> Own:
    """What reads the formulas' columns, fitted on `rows` alone, and their own numbers."""
    found = own_numbers(problem.formulas, problem.table, rows, problem.roles)
    return {names: (own, own.transform(problem.table, used)) for names, own in found.items()}


def _scaled(
    problem: Problem, rows: np.ndarray, used: np.ndarray | None, scaling: str
) -> tuple[Preparation, np.ndarray]:
    """The preparation with another scaling, fitted on `rows` alone, and the prepared rows."""
    preparation = Preparation.fit(
        problem.table, rows, problem.roles, scaling=scaling, grouping=problem.grouping, straight=problem.monotone
    )
    return preparation, preparation.transform(problem.table, used)
