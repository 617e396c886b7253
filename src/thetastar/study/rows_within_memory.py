"""How many rows a study learns from: as many as the user says, or as the memory has room for; the others are predicted.

A table that does not fit is not refused. Its file is looked at part by part, so many of its rows are drawn at random as
a study has room for, and the record says how many and why. `predict` reads such a file part by part too.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from thetastar import _memory
from thetastar._memory import in_words
from thetastar._native import default_threads
from thetastar.data.read.sample import Draw, LargeFile, look_at
from thetastar.data.table import Table
from thetastar.errors import InputError
from thetastar.study.baselines import most_rows
from thetastar.study.effort import effort_of
from thetastar.study.folder import read_study
from thetastar.study.memory import memory_of_rows
from thetastar.study.options import StudyOptions
from thetastar.study.problem import given_names, target_of

__all__ = ["within_memory"]

Tell = Callable[[dict[str, Any]], None]

_USED = 0.9  # of the memory that is left
_FEWEST = 1_000  # rows; where there is room for fewer, the study is refused as usual
_LIBRARIES = 140 << 20  # bytes that scikit-learn takes when it is loaded
_TEXT, _TABLE, _PART = 2.0, 1.5, 64 << 20  # what reading takes: of the text, of the table, and whatever is read
_LEVEL = 80  # bytes of Python's for each different text, beside its letters


def within_memory(data: Any, options: StudyOptions, tell: Tell) -> tuple[StudyOptions, Table | None]:
    """The options with the number of rows, and the table of these rows; None where the data is read as usual.

    Raises:
        InputError: the option `rows` does not go together with others.
    """
    from thetastar.data import read_table

    if _held_whole(options):
        return options, None
    options = _as_before(options)
    large = look_at(data, given_names(options)) if isinstance(data, str | os.PathLike) else None
    if large is None:
        if options.rows is None:
            return options, None
        table = read_table(data, named=given_names(options))
        if options.rows >= table.row_count:
            return options, table
        drawn = Draw(table.row_count, options.rows, options.seed).of(table.row_count)
        return options, table.select(drawn).with_notes([_note(options.rows, table.row_count)])
    wanted = options.rows
    if wanted is None and (room := _Room.of(large, options)) is not None:
        wanted = room.rows(large.rows)
        if wanted is not None:
            left, who = _memory.available()
            why = f"A study of all {large.rows:,} rows would take up to {in_words(room.bytes(large.rows))}"
            tell({"kind": "split", "text": f"{why}, and {who} leaves {in_words(left)}: it learns from {wanted:,} of "
                  "them, drawn at random. --rows (rows=) says how many."})  # fmt: skip
    if wanted is None or wanted >= large.rows:
        return options, None
    table = large.sampled(wanted, options.seed).with_notes([_note(wanted, large.rows)])
    _memory.give_back()
    return options.model_copy(update={"rows": wanted}), table


def _held_whole(options: StudyOptions) -> bool:
    """Whether rows may not be left out: they are steps of a sequence, or have numbers that the user counts by.

    Raises:
        InputError: the user asked for fewer all the same.
    """
    counted = "cv" if isinstance(options.cv, list) else None
    if options.sample_weight is not None and not isinstance(options.sample_weight, str):
        counted = "sample_weight"
    if options.id is None and counted is None:
        return False
    if options.rows is not None:
        why = "rows are steps of sequences (id=)" if counted is None else f"{counted} counts the data's rows"
        raise InputError(f"rows: no sample can be drawn where {why}. Leave one of the two out.")
    return True


def _as_before(options: StudyOptions) -> StudyOptions:
    """The options, with as many rows as the study had that the folder holds, whatever the memory is now."""
    if options.rows is not None or options.out is None or options.fresh:
        return options
    path = options.out / "study.toml"
    held = read_study(path).get("study", {}).get("rows") if path.exists() else None
    return options.model_copy(update={"rows": held}) if isinstance(held, int) else options


def _note(rows: int, of: int) -> str:
    return (
        f"Learned from {rows:,} of {of:,} rows, drawn at random: what was asked for, or what the memory had room for."
    )


@dataclass(frozen=True)
class _Room:
    """What a study of a file's rows takes, from a look at the first ones.

    Attributes:
        text, table: bytes of a row as the file writes it, and as the table holds it.
        width: numbers of a prepared row.
    """

    text: float
    table: float
    width: int
    options: StudyOptions
    left: int

    @classmethod
    def of(cls, large: LargeFile, options: StudyOptions) -> _Room | None:
        """None where the first rows do not tell: then whatever is wrong is said when the file is read."""
        from thetastar.data import Preparation, infer_roles
        from thetastar.data.targets import find_targets

        head, overrides = large.head, options.roles or {}
        try:
            targets = find_targets(head, target_of(head, options.target))
            named = {str(name): role for name, role in overrides.items() if str(name) in head}
            preparation = Preparation.fit(head, np.arange(head.row_count), infer_roles(head, targets, named))
        except InputError:
            return None
        left, _ = _memory.available()
        return cls(large.row_bytes, _row_bytes(head), preparation.feature_count, options, left)

    def rows(self, most: int) -> int | None:
        """How many rows there is room for, to two digits; None where there is room for all, or for too few."""
        if self.bytes(most) <= self.left:
            return None
        low, high = 0, most
        while low + 1 < high:
            middle = (low + high) // 2
            low, high = (middle, high) if self.bytes(middle) <= _USED * self.left else (low, middle)
        digit = 10 ** max(len(str(low)) - 2, 0)
        low -= low % digit
        return low if low >= _FEWEST else None

    def bytes(self, rows: int) -> int:
        """What a study of so many rows takes, the reading and the table counted."""
        effort, threads = effort_of(self.options.effort), self.options.threads or default_threads()
        libraries = 0 if "sklearn.ensemble" in sys.modules else _LIBRARIES
        read = _PART + rows * (_TEXT * self.text + _TABLE * self.table)
        study = memory_of_rows(
            rows, self.width, most_rows((self.width,), effort.numbers), folds=self.options.folds or 1,
            threads=threads, together=self.options.budget is not None,
        )  # fmt: skip
        return int(max(read, rows * self.table + study) + libraries)


def _row_bytes(table: Table) -> float:
    """Bytes of a row of the table: numbers, codes, and different texts, of which later rows are taken to have more."""
    total = 0.0
    for column in table.columns:
        total += 0 if column.numbers is None else 8
        total += 0 if column.codes is None else 4
        several = len(column.levels) / table.row_count
        if several > 0.1:  # of a few texts there are hardly more in all rows
            total += several * (_LEVEL + sum(map(len, column.levels)) / len(column.levels))
    return total
