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

__all__ = ["some_rows", "within_memory"]

Tell = Callable[[dict[str, Any]], None]

_USED = 0.9  # of the memory that is left
_ABOUT = 1.2  # times the rows that the first ones let expect
_FEWEST = 1_000  # rows; where there is room for fewer, the study is refused as usual
_LIBRARIES = 140 << 20  # bytes that scikit-learn takes when it is loaded
_TEXT, _TABLE, _PART = 2.0, 1.5, 64 << 20  # what reading takes: of the text, of the table, and whatever is read
_LEVEL = 80  # bytes of Python's for each different text, beside its letters


def within_memory(data: Any, options: StudyOptions, tell: Tell) -> tuple[StudyOptions, Table | None]:
    """The options with the number of rows, and the table of these rows; None where the data is read as usual.

    Raises:
        InputError: the option `rows` does not go together with others.
    """
    if (begun := _begun(options)) is not None:
        return begun, some_rows(data, begun)
    if options.rows is None and not _held_whole(options) and (large := _looked_at(data, options)) is not None:
        room = _Room.of(large, options)
        if room is not None and (rows := room.rows(large)) is not None:
            why = f"A study of all {large.rows:,} rows would take up to {in_words(room.bytes(large.rows))}"
            left = f"{room.who} leaves {in_words(room.left)}"
            tell({"kind": "split", "text": f"{why}, and {left}: it learns from {rows:,} of them, drawn at random. "
                  "--rows (rows=) says how many."})  # fmt: skip
            options = options.model_copy(update={"rows": rows})
    return options, some_rows(data, options)


def some_rows(data: Any, options: StudyOptions) -> Table | None:
    """The rows that the option asks for; None where it asks for none, or for more than a large file has.

    Raises:
        InputError: the option does not go together with others, or the data cannot be read.
    """
    from thetastar.data import read_table

    if options.rows is None or _held_whole(options):
        return None
    large = _looked_at(data, options)
    if large is not None:
        if options.rows >= large.rows:
            return None
        table = large.sampled(options.rows, options.seed).with_notes([_note(options.rows, large.rows)])
        _memory.give_back()
        return table
    table = read_table(data, named=given_names(options))
    if options.rows >= table.row_count:
        return table
    drawn = Draw(table.row_count, options.rows, options.seed).of(table.row_count)
    return table.select(drawn).with_notes([_note(options.rows, table.row_count)])


def _looked_at(data: Any, options: StudyOptions) -> LargeFile | None:
    return look_at(data, given_names(options)) if isinstance(data, str | os.PathLike) else None


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


def _begun(options: StudyOptions) -> StudyOptions | None:
    """The options with as many rows as the study has that the folder holds, whatever the memory is now; None of a study
    that begins, or where the user says how many."""
    path = None if options.out is None or options.fresh or options.rows is not None else options.out / "study.toml"
    if path is None or not path.exists():
        return None
    return options.model_copy(update={"rows": read_study(path).get("study", {}).get("rows")})


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
        left, who: bytes that may be taken, and what says so.
    """

    text: float
    table: float
    width: int
    options: StudyOptions
    left: int
    who: str

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
        return cls(large.row_bytes, _row_bytes(head), preparation.feature_count, options, *_memory.available())

    def rows(self, large: LargeFile) -> int | None:
        """How many rows there is room for, to two digits; None where there is room for all, or for too few."""
        if self.bytes(int(_ABOUT * large.rows_about)) <= self.left or self.bytes(large.rows) <= self.left:
            return None  # where it is clear, the rows are not counted
        low, high = 0, large.rows
        while low + 1 < high:
            middle = (low + high) // 2
            low, high = (middle, high) if self.bytes(middle) <= _USED * self.left else (low, middle)
        low -= low % 10 ** max(len(str(low)) - 2, 0)
        return low if low >= _FEWEST else None

    def bytes(self, rows: int) -> int:
        """What a study of so many rows takes, the reading and the table counted."""
        effort, threads = effort_of(self.options.effort), self.options.threads or default_threads()
        libraries = 0 if "sklearn.ensemble" in sys.modules else _LIBRARIES
        read = _PART + rows * (_TEXT * self.text + _TABLE * self.table)
        study = memory_of_rows(
            rows, self.width, most_rows((self.width,), effort.numbers), forest=effort.forest,
            folds=self.options.folds or 1, threads=threads, together=self.options.budget is not None,
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
