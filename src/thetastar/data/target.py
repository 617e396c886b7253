"""The target: which task it makes, how it is encoded for a network, and how outputs become answers again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from thetastar.data.cells import typed_again
from thetastar.data.labels import label_array, label_text, labels_of, match_labels, negative_first
from thetastar.data.numbers import MAYBE_MISSING, mean_and_spread, read_numbers
from thetastar.data.table import Column, Table, describe_names, nearest
from thetastar.data.task import TASKS, Task, find_task
from thetastar.errors import InputError

__all__ = ["Target", "TargetEncoding", "drop_missing_target", "find_target"]

_MOST_CODES = 20  # more whole numbers than this are a quantity, not names of classes


def find_target(table: Table, name: str | int) -> str:
    """The name of the target column, given by name or by position from 0 (negative ones count from the end).

    Raises:
        InputError: There is no such column; the nearest names are given.

    Example:
        >>> from thetastar.data import read_table
        >>> table = read_table({"size": [1, 2], "price": [3, 4]})
        >>> find_target(table, "price"), find_target(table, -1), find_target(table, "0")
        ('price', 'price', 'size')
    """
    text = str(name)
    if not isinstance(name, int | np.integer) or isinstance(name, bool):
        if text in table:
            return text
        same = [found for found in table.names if found.strip().casefold() == text.strip().casefold()]
        if len(same) == 1:
            return same[0]
    try:
        position = int(text)
    except ValueError:
        hint = "" if table.has_header else " The file has no header; name the column by its position from 0."
        raise InputError(
            f"{table.source}: there is no column {text!r} to take as the target. "
            f"{describe_names(text, table.names)}{hint}"
        ) from None
    if text in table and not isinstance(name, int):
        return text
    names = [column.name for column in table.columns if not column.aside]  # what a frame's index is has no position
    if not -len(names) <= position < len(names):
        raise InputError(
            f"{table.source}: there is no column {position} to take as the target. "
            f"The {len(names)} columns are numbered 0 to {len(names) - 1}."
        )
    return names[position]


def drop_missing_target(table: Table, target: str) -> tuple[Table, str | None]:
    """The rows whose target is known, and a sentence about the others (None if there are none).

    Raises:
        InputError: No row has a target.

    Example:
        >>> from thetastar.data import read_table
        >>> known, sentence = drop_missing_target(read_table({"x": [1.5, 2.0, 4.5], "y": [1.0, None, 3.0]}), "y")
        >>> known.row_count, sentence
        (2, "1 row has no value for 'y' (the first is dict of columns, row 1); left out.")
    """
    column = table.column(target)
    _refuse_unusable(table, column)
    missing = column.missing | _says_unknown(column)
    count = int(missing.sum())
    if count == table.row_count:
        raise _all_missing(table, target)
    if count == 0:
        return table, None
    first = table.place(int(np.argmax(missing)))
    rows = "1 row has" if count == 1 else f"{count:,} rows have"
    kept = table.select(~missing)
    kept = replace(kept, columns=tuple(typed_again(column) for column in kept.columns))
    return kept, f"{rows} no value for {target!r} (the first is {first}); left out."


def _says_unknown(column: Column) -> np.ndarray:
    """(n,) bool: cells that say "unknown" or the like in a column that otherwise holds many numbers."""
    if column.kind == "number" or column.native == "boolean":
        return np.zeros(len(column), bool)
    words = np.array([level.casefold() in MAYBE_MISSING for level in column.levels])
    others = [level for level, word in zip(column.levels, words, strict=True) if not word]
    if not words.any() or len(others) <= _MOST_CODES or not read_numbers(others).valid.all():
        return np.zeros(len(column), bool)
    return np.append(words, False)[column.codes]


def _refuse_unusable(table: Table, column: Column) -> None:
    if column.unusable:
        raise InputError(f"{table.source}, column {column.name!r}: {column.unusable} as a target. Name another column.")


def _all_missing(table: Table, target: str) -> InputError:
    return InputError(
        f"{table.source}, column {target!r}: the target is missing in every row. Fill it in, or name another target."
    )


@dataclass(frozen=True, eq=False)
class TargetEncoding:
    """How the target is turned into numbers and back; made by `TargetEncoding.fit` (also called `Target.fit`).

    Attributes:
        name: The target column.
        task: "regression", "binary" or "multiclass".
        reason: Why this task, in one sentence.
        classes: The labels by class index, as the data has them (str, int, float or bool); None for regression.
        positive_reason: For binary: which class counts as positive (index 1) and why.
        mean, scale: For regression: the network learns (value - mean) / scale.

    Example:
        >>> from thetastar.data import read_table
        >>> table = read_table({"sold": ["no", "yes", "no"]})
        >>> encoding = TargetEncoding.fit(table, "sold")
        >>> encoding.encode(table).ravel().tolist(), encoding.classes
        ([0.0, 1.0, 0.0], ('no', 'yes'))
    """

    name: str
    task: str
    reason: str = ""
    classes: tuple[Any, ...] | None = None
    positive_reason: str = ""
    mean: float = 0.0
    scale: float = 1.0
    style: str = ""
    _values: np.ndarray | None = field(default=None, repr=False)

    @classmethod
    def fit(cls, table: Table, target_name: str, task: str | None = None) -> TargetEncoding:
        """Find the task and the classes of a target column that has no missing cells.

        Texts and booleans make classes; two values make a binary task. Whole numbers make classes where they look like
        codes: at most 20 different ones that begin at 0 or 1 with hardly a gap. All other numbers make a regression.

        Raises:
            InputError: Unknown task; missing cells; one class only; text where a number is needed; infinite numbers;
                so many classes that the column cannot be a class; more than two classes for a binary task.

        Example:
            >>> from thetastar.data import read_table
            >>> encoding = Target.fit(read_table({"y": ["no", "yes", "no"]}), "y")
            >>> encoding.task, encoding.classes
            ('binary', ('no', 'yes'))
        """
        named = None if task is None else find_task(task)
        column = table.column(target_name)
        _refuse_unusable(table, column)
        _refuse_missing(table, column)
        numbers = _as_numbers(column)
        if numbers is not None:
            _refuse_infinite(table, column, numbers)
        distinct = column.distinct if numbers is None or column.exact else len(np.unique(numbers))
        if distinct == 1:
            raise InputError(
                f"{table.source}, column {target_name!r}: every row has the target {column.examples(1)[0]!r}, "
                "so there is nothing to learn. Name another target, or add rows with other values."
            )
        found, reason = _task_of(column, numbers, distinct)
        if named is not None and named.name != found:
            reason = f"The task was named by you (the values alone suggest {found})."
        kind = named or TASKS[found]
        if not kind.classification:
            if numbers is None:
                raise _not_a_number(table, column)
            return cls(target_name, kind.name, reason, style="" if column.exact else column.style, _values=numbers)
        if numbers is None and not column.category and _mostly_numbers(column):
            raise _not_a_number(table, column)
        if not column.category and distinct > max(_MOST_CODES, 0.5 * table.row_count):
            raise InputError(
                f"{table.source}, column {target_name!r}: {distinct:,} different values in {table.row_count:,} rows "
                f"are too many for classes{'' if numbers is None else '; use the task regression'}. "
                "Name another target, or put the values into groups."
            )
        labels, counts = labels_of(column)
        if kind.has_positive_class and len(labels) != 2:
            shown = ", ".join(map(repr, labels[:5])) + (", …" if len(labels) > 5 else "")
            raise InputError(
                f"{table.source}, column {target_name!r}: a {kind.name} task needs two classes, this column has "
                f"{len(labels)} ({shown}). Use the task multiclass."
            )
        positive = ""
        if kind.has_positive_class:
            labels, positive = negative_first(labels, counts)
        encoding = cls(target_name, kind.name, reason, tuple(labels), positive)
        return replace(encoding, _values=encoding._indices(table))

    @property
    def parts(self) -> tuple[TargetEncoding, ...]:
        """The encoding of each target: this one, where several targets have many."""
        return (self,)

    @property
    def names(self) -> tuple[str, ...]:
        """The target columns: this one."""
        return (self.name,)

    @property
    def kind(self) -> Task:
        """The task: what the kind of the target means for outputs, loss, metrics and words."""
        return find_task(self.task)

    def fit_scale(self, rows: np.ndarray) -> TargetEncoding:
        """The same encoding, standardised by mean and spread of the given (training) rows; classes stay as they are."""
        if self.kind.classification:
            return self
        assert self._values is not None
        known = self._values[rows]
        mean, scale = mean_and_spread(known)
        return replace(self, mean=mean, scale=scale if scale > 0 else 1.0)

    def truth(self, table: Table) -> np.ndarray:
        """(n,) the target in its own unit (float64), or class indices (int64).

        Raises:
            InputError: A missing cell, a label that training did not see, or a text where a number is needed.
        """
        column = table.column(self.name)
        _refuse_missing(table, column)
        if self.kind.classification:
            return self._indices(table)
        numbers = _as_numbers(column, self.style)
        if numbers is None:
            raise _not_a_number(table, column)
        _refuse_infinite(table, column, numbers)
        return numbers

    def encode(self, table: Table) -> np.ndarray:
        """(n,) float32: the standardised target, or class indices. Raises as `truth` does."""
        return self.kind.encode(self.truth(table), self)

    def decode(self, outputs: np.ndarray) -> np.ndarray:
        """Raw outputs of a network, (n,) or (n, O), to values in the target's unit or to labels."""
        return self.kind.decode(outputs, self)

    def predicted(self, outputs: np.ndarray) -> np.ndarray:
        """Raw outputs to what metrics take: (n,) values in the target's unit, or (n, C) float64 probabilities."""
        return self.kind.predicted(outputs, self)

    def probabilities(self, outputs: np.ndarray) -> np.ndarray:
        """Raw scores (n,), (n, 1) or (n, C) to (n, C) float64 probabilities in the order of `classes`.

        Raises:
            InputError: the target is a number.
        """
        if not self.kind.classification:
            raise InputError(f"probabilities: {self.name!r} is a {self.task} target, which has none; use decode().")
        return self.predicted(outputs)

    def labels(self, indices: np.ndarray) -> np.ndarray:
        """Class indices (n,) to labels: an array of the labels' own type."""
        return label_array(self.classes or ())[np.asarray(indices)]

    def match_notes(self, table: Table) -> list[str]:
        """A sentence for every label of a later table that is written a little differently than in training."""
        if self.classes is None or self.name not in table:
            return []
        column = table.column(self.name)
        return [
            f"The label {found!r} is read as {self.classes[index]!r}."
            for found, index in match_labels(column.coded[1], self.classes).items()
            if index is not None and found != str(self.classes[index]) and column.kind == "text"
        ]

    def to_state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """What a model file keeps: a JSON-able dict, and no arrays."""
        return {
            "name": self.name,
            "task": self.task,
            "reason": self.reason,
            "classes": None if self.classes is None else list(self.classes),
            "positive_reason": self.positive_reason,
            "mean": self.mean,
            "scale": self.scale,
            "style": self.style,
        }, {}

    @classmethod
    def from_state(cls, state: Mapping[str, Any], arrays: Mapping[str, np.ndarray] | None = None) -> TargetEncoding:
        """The encoding that `to_state` described.

        Raises:
            InputError: The state is not one that `to_state` writes.
        """
        name, task, reason, positive, style = (
            state.get(key) for key in ("name", "task", "reason", "positive_reason", "style")
        )
        mean, scale, classes = state.get("mean"), state.get("scale"), state.get("classes")
        texts = all(isinstance(text, str) for text in (name, task, reason, positive, style))
        numbers = all(
            isinstance(value, int | float) and not isinstance(value, bool) and np.isfinite(value)
            for value in (mean, scale)
        )
        if (
            not texts
            or not numbers
            or not scale
            or not _is_task(str(task))
            or not _classes_suit(find_task(str(task)), classes)
        ):
            raise InputError("target: the saved state is not one of thetastar's. The model file is damaged.")
        return cls(
            str(name), str(task), str(reason), None if classes is None else tuple(classes), str(positive),
            float(mean or 0), float(scale or 1), str(style),
        )  # fmt: skip

    def _indices(self, table: Table) -> np.ndarray:
        column = table.column(self.name)
        codes, levels = column.coded
        classes = self.classes or ()
        matches = match_labels(levels, classes)
        by_code = np.array([_known(matches[level]) for level in levels], dtype=np.int64)
        indices = by_code[codes]
        if (indices < 0).any():
            row = int(np.argmax(indices < 0))
            label = levels[codes[row]]
            texts = [label_text(known) for known in classes]
            close = nearest(label, texts)
            shown = f"Did you mean {close[0]!r}?" if close else f"The classes are {', '.join(map(repr, texts[:8]))}."
            raise InputError(
                f"{table.place(row, self.name)}: the label {label!r} did not occur in training. {shown} "
                "Mend the cell or leave the row out."
            )
        return indices


Target = TargetEncoding


def _is_task(name: str) -> bool:
    try:
        find_task(name)
    except InputError:
        return False
    return True


def _classes_suit(task: Task, classes: object) -> bool:
    """Whether these are labels of such a task: none for numbers, two or more (or just two) for classes."""
    if not task.classification:
        return classes is None
    if not isinstance(classes, list) or len(classes) < 2 or (task.has_positive_class and len(classes) > 2):
        return False
    return all(type(label) in (str, int, float, bool) for label in classes)


def _known(index: int | None) -> int:
    """The class index, -1 for a label that is no class."""
    return -1 if index is None else index


def _as_numbers(column: Column, style: str | None = None) -> np.ndarray | None:
    """The column's numbers; None for true texts and booleans."""
    if column.numbers is not None and (style is None or column.style in ("", style) or not column.levels):
        return column.numbers
    if column.native == "boolean" or column.category:
        return None
    read = read_numbers(column.levels, style=style or None)
    used = column.level_counts() > 0
    return read.values[column.codes] if read.valid[used].all() else None


def _task_of(column: Column, numbers: np.ndarray | None, distinct: int) -> tuple[str, str]:
    """The task that the values suggest, and why."""
    if column.category:
        declared = f"The source says that the target's {distinct} values are classes{_shown(column)}."
        return ("binary" if distinct == 2 else "multiclass"), declared
    if numbers is None or (column.kind == "text" and distinct <= _MOST_CODES):
        words = "two texts" if distinct == 2 else f"{distinct} texts"
        return ("binary" if distinct == 2 else "multiclass"), f"The target holds {words}{_shown(column)}: classes."
    if distinct == 2:
        return "binary", f"The target holds only two values{_shown(column)}: two classes."
    if column.exact and distinct <= _MOST_CODES:
        return (
            "multiclass",
            f"The target holds {distinct} whole numbers too long for a quantity{_shown(column)}: classes.",
        )
    low, high = float(numbers.min()), float(numbers.max())
    task, why = "regression", f"whole numbers from {low:.0f} to {high:.0f}"
    if not np.all(numbers == np.floor(numbers)):
        why = "numbers with decimals: a quantity"
    elif distinct > _MOST_CODES:
        why = f"{distinct:,} different whole numbers: a quantity"
    elif low not in (0, 1) and (low, high, distinct) != (-1, 1, 3):
        why += ", not counted from 0 or 1: a quantity"
    elif high > 1.5 * distinct + 1:
        why += " with gaps: a quantity"
    elif len(numbers) < 5 * distinct:
        why += ", hardly repeated: a quantity"
    else:
        task, why = "multiclass", f"only the whole numbers {low:.0f} to {high:.0f}: codes of {distinct} classes"
    return task, f"The target holds {why}. Name the task if you mean it otherwise."


def _shown(column: Column) -> str:
    """A few labels in brackets."""
    labels, _ = labels_of(column)
    return f" ({', '.join(label_text(label) for label in labels)})" if len(labels) <= 4 else ""


def _refuse_missing(table: Table, column: Column) -> None:
    if column.missing.any():
        if column.missing.all():
            raise _all_missing(table, column.name)
        row = int(np.argmax(column.missing))
        if column.strays and column.codes[row] >= 0:
            raise _not_a_number(table, replace(column, numbers=None))
        raise InputError(f"{table.place(row, column.name)}: the target is missing. Fill it in or leave the row out.")


def _refuse_infinite(table: Table, column: Column, numbers: np.ndarray) -> None:
    infinite = np.isinf(numbers)
    if infinite.any():
        raise InputError(
            f"{table.place(int(np.argmax(infinite)), column.name)}: the target is infinite "
            f"({int(infinite.sum()):,} such cells). Put a finite number or leave the row out."
        )


def _mostly_numbers(column: Column) -> bool:
    """Many numbers with a few stray texts among them: no classes, but a quantity with faults."""
    valid = read_numbers(column.levels).valid
    return column.native != "boolean" and len(valid) > _MOST_CODES and bool(valid.mean() >= 0.8)


def _not_a_number(table: Table, column: Column) -> InputError:
    codes, levels = column.coded
    valid = read_numbers(levels).valid
    wrong = np.flatnonzero(~valid) if not valid.all() else np.arange(len(levels))
    row = int(np.argmax(np.isin(codes, wrong)))
    return InputError(
        f"{table.place(row, column.name)}: a regression needs numbers, but the target is {levels[codes[row]]!r}. "
        "Mend the cell, name another target, or leave the task to be found (classes)."
    )
