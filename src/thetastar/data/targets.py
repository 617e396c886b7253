"""Several targets: which columns they are, what they are together, and how they are encoded, target by target.

What is learned of each target is in a `TargetEncoding` of its own; `SeveralTargets` puts them side by side and has the
same names, so that a study asks one as it asks the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from thetastar.data.table import Table
from thetastar.data.target import TargetEncoding, drop_missing_target, find_target
from thetastar.data.task import Task, find_task
from thetastar.data.task_several import MOST_TARGETS, MultiLabel, MultiOutput
from thetastar.errors import InputError

__all__ = ["AnyTarget", "SeveralTargets", "drop_missing_targets", "encoding_of", "find_targets", "target_from_state"]


def find_targets(table: Table, given: str | int | Sequence[str | int]) -> tuple[str, ...]:
    """The names of the target columns: of one, or of several in a list or in a text with commas.

    A text that is the name of a column is that column, commas and all.

    Raises:
        InputError: there is no such column, one is named twice, or there are none or too many.

    Example:
        >>> from thetastar.data import read_table
        >>> table = read_table({"a": [1, 2], "b": [3, 4], "a,b": [5, 6]})
        >>> find_targets(table, "a, b"), find_targets(table, "a,b"), find_targets(table, ["b", 0])
        (('a', 'b'), ('a,b',), ('b', 'a'))
    """
    if isinstance(given, str | int | np.integer):
        return (find_target(table, given),) if not _lists(table, given) else find_targets(table, _parts(str(given)))
    names = [find_target(table, one) for one in given]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"target: {twice!r} is named twice. Name each target once.")
    if not 1 <= len(names) <= MOST_TARGETS:
        raise InputError(
            f"target: a study has 1 to {MOST_TARGETS} targets. Got {len(names):,}. "
            f"{'Name the columns to predict.' if not names else 'Ask for them in several studies.'}"
        )
    return tuple(names)


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _lists(table: Table, given: str | int | np.integer) -> bool:
    """Whether a text names several columns: it is no column itself, and its parts are."""
    if not isinstance(given, str) or "," not in given:
        return False
    try:
        find_target(table, given)
    except InputError:
        return True
    return False


def drop_missing_targets(table: Table, targets: Iterable[str]) -> tuple[Table, list[str]]:
    """The rows whose targets are all known, and a sentence for each target that others lack.

    Raises:
        InputError: no row is left.

    Example:
        >>> from thetastar.data import read_table
        >>> table = read_table({"a": [1.5, None, 3.5], "b": [None, 2.5, 4.5]})
        >>> known, sentences = drop_missing_targets(table, ["a", "b"])
        >>> known.row_count, len(sentences)
        (1, 2)
    """
    found = []
    for target in targets:
        table, sentence = drop_missing_target(table, target)
        found += [] if sentence is None else [sentence]
    return table, found


def encoding_of(table: Table, names: Sequence[str], task: str | None = None) -> TargetEncoding | SeveralTargets:
    """The encoding of one target or of several.

    Raises:
        InputError: as `TargetEncoding.fit` and `SeveralTargets.fit`.
    """
    return TargetEncoding.fit(table, names[0], task) if len(names) == 1 else SeveralTargets.fit(table, names, task)


@dataclass(frozen=True, eq=False)
class SeveralTargets:
    """How several targets are turned into numbers and back, one beside the other; made by `SeveralTargets.fit`.

    Attributes:
        parts: the encoding of each target.
        task: "multioutput(K)" or "multilabel(K)".
        reason: why this task, in one sentence.

    Example:
        >>> from thetastar.data import read_table
        >>> table = read_table({"wind": [1.5, 2.5, 4.0], "rain": [0.0, 10.5, 3.5]})
        >>> targets = SeveralTargets.fit(table, ["wind", "rain"])
        >>> targets.task, targets.truth(table).shape
        ('multioutput(2)', (3, 2))
    """

    parts: tuple[TargetEncoding, ...]
    task: str
    reason: str

    @classmethod
    def fit(cls, table: Table, names: Sequence[str], task: str | None = None) -> SeveralTargets:
        """Find what the targets are together: all numbers, or all of two classes.

        Columns of two numbers, such as 0 and 1, are numbers where another target is one.

        Args:
            task: "regression" or "binary": what each of them is; found from the values if not given. The task of
                several targets is taken too.

        Raises:
            InputError: some are numbers and others classes, one has more than two classes, or one cannot be a target.
        """
        one = None if task is None else find_task(task).one
        if one is not None and not _may_be_one_of_several(find_task(one)):
            raise InputError(
                f"task={task}: several targets are numbers (regression) or answers of yes or no (binary) each. Name "
                "one of these, or one target."
            )
        parts = [TargetEncoding.fit(table, name, one) for name in names]
        if one is None and not all(part.kind.classification for part in parts):
            parts = [_as_number(table, part) for part in parts]
        _refuse_mixed(table, parts)
        labels = parts[0].kind.classification
        kind: Task = (MultiLabel if labels else MultiOutput)(len(parts))
        what = "of two classes" if labels else "numbers"
        named = "You named the task" if one is not None else "The values say so"
        return cls(tuple(parts), kind.name, f"{len(parts)} targets, all of them {what}. {named}.")

    @property
    def kind(self) -> Task:
        """The task: what the kind of the targets means for outputs, loss, metrics and words."""
        return find_task(self.task)

    @property
    def names(self) -> tuple[str, ...]:
        """The target columns, in the order of the answer's columns."""
        return tuple(part.name for part in self.parts)

    @property
    def name(self) -> str:
        """All of them in one text, for readers."""
        return ", ".join(self.names)

    @property
    def classes(self) -> None:
        """None: each target has its own, in `parts`."""
        return None

    @property
    def mean(self) -> np.ndarray:
        """(K,) of numbers: the network learns (value - mean) / scale."""
        return np.array([part.mean for part in self.parts])

    @property
    def scale(self) -> np.ndarray:
        """(K,) of numbers: the network learns (value - mean) / scale."""
        return np.array([part.scale for part in self.parts])

    def fit_scale(self, rows: np.ndarray) -> SeveralTargets:
        """The same, each number standardised by its mean and spread in the given (training) rows."""
        return replace(self, parts=tuple(part.fit_scale(rows) for part in self.parts))

    def truth(self, table: Table) -> np.ndarray:
        """(n, K) the targets in their own units (float64), or 1 where it is a yes (int64).

        Raises:
            InputError: as `TargetEncoding.truth`, for the first target that cannot be read.
        """
        return np.column_stack([part.truth(table) for part in self.parts])

    def encode(self, table: Table) -> np.ndarray:
        """(n, K) float32: standardised numbers, or 1 where it is a yes. Raises as `truth` does."""
        return self.kind.encode(self.truth(table), self)

    def decode(self, outputs: np.ndarray) -> np.ndarray:
        """Raw outputs (n, K) of a network to values in the targets' units, or to labels."""
        return self.kind.decode(outputs, self)

    def predicted(self, outputs: np.ndarray) -> np.ndarray:
        """Raw outputs (n, K) to what metrics take: values, or the probability of each yes, both (n, K) float64."""
        return self.kind.predicted(outputs, self)

    def labels(self, indices: np.ndarray) -> np.ndarray:
        """Class indices (n, K) to labels; of labels of different kinds an array of objects."""
        columns = [part.labels(indices[:, k]) for k, part in enumerate(self.parts)]
        kinds = {column.dtype.kind for column in columns}
        if len(kinds) == 1:
            return np.column_stack(columns)
        found = np.empty(np.shape(indices), dtype=object)
        for k, column in enumerate(columns):
            found[:, k] = column.tolist()
        return found

    def match_notes(self, table: Table) -> list[str]:
        """What `TargetEncoding.match_notes` says of each."""
        return [note for part in self.parts for note in part.match_notes(table)]

    def to_state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """What a model file keeps: a JSON-able dict, and no arrays."""
        return {
            "task": self.task, "reason": self.reason, "targets": [part.to_state()[0] for part in self.parts],
        }, {}  # fmt: skip

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> SeveralTargets:
        """The targets that `to_state` described.

        Raises:
            InputError: the state is not one that `to_state` writes.
        """
        held, task = state.get("targets"), state.get("task")
        holds = (
            set(state) == {"task", "reason", "targets"} and isinstance(task, str) and isinstance(held, list)
            and isinstance(state["reason"], str) and all(isinstance(one, dict) for one in held)
        )  # fmt: skip
        parts = tuple(TargetEncoding.from_state(one) for one in held or ()) if holds else ()
        kind = find_task(task) if holds and isinstance(task, str) else None
        names = {part.name for part in parts}
        if kind is None or not len(parts) == len(names) == kind.targets > 1 or {p.task for p in parts} != {kind.one}:
            raise InputError("target: the saved state is not one of thetastar's. The model file is damaged.")
        return cls(parts, kind.name, str(state["reason"]))


AnyTarget = TargetEncoding | SeveralTargets
"""The encoding of one target or of several: a study asks either in the same words."""


def target_from_state(state: Mapping[str, Any], arrays: Mapping[str, np.ndarray] | None = None) -> AnyTarget:
    """The encoding that `to_state` described, of one target or of several.

    Raises:
        InputError: the state is not one of theirs.
    """
    return SeveralTargets.from_state(state) if "targets" in state else TargetEncoding.from_state(state, arrays)


def _may_be_one_of_several(task: Task) -> bool:
    """Whether it asks for a number or for one of two classes."""
    return task.has_positive_class or not (task.classification or task.levels)


def _as_number(table: Table, part: TargetEncoding) -> TargetEncoding:
    """A target of two numbers, which by itself would be two classes, as the number that its neighbours are."""
    numbers = all(type(label) in (int, float) for label in part.classes or ("",))
    return TargetEncoding.fit(table, part.name, "regression") if numbers and part.kind.classification else part


def _refuse_mixed(table: Table, parts: Sequence[TargetEncoding]) -> None:
    for part in parts:
        if not _may_be_one_of_several(part.kind):
            raise InputError(
                f"{table.source}, column {part.name!r}: several targets are numbers or answers of yes or no, and this "
                f"one has {len(part.classes or ())} classes. Ask for it alone, or give it a column of 0 and 1 for each "
                "class."
            )
    kinds = {part.kind.classification: part.name for part in reversed(parts)}
    if len(kinds) > 1:
        raise InputError(
            f"{table.source}: {kinds[False]!r} is a number and {kinds[True]!r} a class; the targets of a "
            "study are all numbers or all classes. Ask for them in two studies."
        )
