"""The problem of a study, read from the data: target, task, roles, and which rows are for what."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from thetastar.data.row_weights import known_rows, weights_of
from thetastar.errors import InputError
from thetastar.model.calibration import Bounds
from thetastar.model.metrics import Metric, find_metric
from thetastar.model.own_metric import any_metric
from thetastar.recipes.formulas import Formula
from thetastar.study.effort import effort_of
from thetastar.study.known import read_bounds, read_formulas, read_monotone
from thetastar.study.options import StudyOptions
from thetastar.study.row_columns import in_order_of, left_out, rows_by_column
from thetastar.study.row_weights import RowWeights, check_alone, weigh, weighed_roles
from thetastar.study.splits import Division, Given, Nested, Outer, Rows, Split, usual_split

__all__ = ["MOST_CLASSES", "Problem", "ask", "given_names", "target_of"]

MOST_CLASSES = 1_000
"""Of a target: the table of what was taken for what has the square of it."""


@dataclass(frozen=True)
class Problem:
    """Everything that is known before the first network: the data, what is asked of it, and the split.

    Attributes:
        table: all rows with a known target; test rows of a file of their own are in `test_table`.
        target: the name of the target; of several all of them, for readers.
        truth: (n,) the target in its own unit, or class indices; of several targets (n, K).
        division: which rows of `table` train, choose and test.
        notes: sentences about what was left out or matched.
        in_time: why the rows are split by time without having been asked to, None where they are not.
        by_column: the column of groups, times or strata that the split follows, None where it follows none.
        weights: how much each row counts, None where all count alike.
        formulas: that the user gave.
        monotone: 1 or -1 by the names of the columns that the answer must rise or fall with.
        held: what is held and what that leaves out, in sentences.
        bounds: of the number to predict, None where none are known.
        read: the table as it was read, for studies within this one; it has the columns of `table` in common where no
            row was left out.
    """

    table: Any
    test_table: Any | None
    target: str
    encoding: Any
    roles: dict[str, Any]
    metric: Metric
    truth: np.ndarray
    division: Division
    notes: list[str] = field(default_factory=list)
    grouping: Any = None  # how a long table became sequences
    ordered: bool = False
    in_time: str | None = None
    by_column: str | None = None
    weights: RowWeights | None = None
    formulas: tuple[Formula, ...] = ()
    monotone: Mapping[str, int] = field(default_factory=dict)
    held: list[str] = field(default_factory=list)
    bounds: Bounds | None = None
    read: Any = field(default=None, repr=False)

    def weight(self, rows: np.ndarray) -> np.ndarray | None:
        """(m,) how much each of these rows of `table` counts; None where all count alike."""
        return None if self.weights is None else self.weights.values[rows]

    @property
    def tested(self) -> Any:
        """The test rows as a table."""
        return self.table.select(self.test) if self.test_table is None else self.test_table

    @property
    def test_weight(self) -> np.ndarray | None:
        """(m,) how much each test row counts; None where all count alike."""
        return self.weights.tested if self.weights and self.test_table is not None else self.weight(self.test)

    @property
    def task(self) -> str:
        """regression, binary or multiclass."""
        return self.encoding.task

    @property
    def targets(self) -> tuple[str, ...]:
        """The names of the target columns."""
        return tuple(self.encoding.names)

    @property
    def asked(self) -> str | tuple[str, ...]:
        """The target as the option `target` takes it."""
        return self.targets if len(self.targets) > 1 else self.target

    def each(self) -> Iterator[tuple[Any, np.ndarray]]:
        """The encoding and (n,) the truth of every target."""
        for k, part in enumerate(self.encoding.parts):
            yield part, self.encoding.kind.truth_of(self.truth, k)

    @property
    def train(self) -> np.ndarray:
        """Row indices into `table`, shuffled."""
        return self.division.train

    @property
    def validation(self) -> np.ndarray:
        """Row indices into `table`, shuffled: the rows to choose by where there is one fold."""
        return self.division.validation

    @property
    def test(self) -> np.ndarray:
        """Row indices into `table`, shuffled; empty if there is a test table."""
        return self.division.test

    @property
    def folds(self) -> int:
        """1 for the fixed validation rows, else the number of cross-validation folds."""
        return len(self.division.folds)

    @property
    def class_count(self) -> int:
        """Classes of the target; 0 for regression."""
        return len(self.encoding.classes or ())

    @property
    def output_count(self) -> int:
        """Neurons of a network's last layer."""
        return self.encoding.kind.outputs(self.class_count)

    @property
    def number_count(self) -> int:
        """Columns of numbers that are learned from."""
        return sum(role.role == "number" for role in self.roles.values())

    def sentence(self) -> str:
        """The question in words."""
        used = sum(role.used for role in self.roles.values())
        columns = f"{used} column{'s' if used != 1 else ''}"
        kinds = {role.role for role in self.roles.values() if role.used}
        if kinds <= {"image", "sequence"}:
            columns = f"one {kinds.pop()}"
        return self.encoding.kind.sentence(self.target, columns, self.encoding.classes or ())


def ask(data: Any, options: StudyOptions, outer: Outer | None = None, read: Any = None) -> Problem:
    """Read the data and settle what is asked.

    Args:
        outer: the outer fold of a nested cross-validation that is the test, in place of all others.
        read: the table that the data is, where it has been read.

    Raises:
        InputError: the data, the target, the roles, the task or the metric cannot be used.
    """
    from thetastar.data import infer_roles, read_table
    from thetastar.data.targets import drop_missing_targets, encoding_of, find_targets
    from thetastar.data.task import Quantiles, find_task

    table = as_read = read_table(data, named=given_names(options)) if read is None else read
    targets = find_targets(table, target_of(table, options.target))
    target = ", ".join(targets)
    _refuse_of_several(targets, options)
    table, weighing = weigh(table, options)
    check_alone(weighing, targets, _named(table, options.roles) or {})
    grouping, sequence_notes = None, []
    if options.id is not None and options.time is not None:
        from thetastar.data.sequences import Grouping

        grouping = Grouping(options.id, options.time).fitted(table, target)
        sequence_notes = grouping.note(table, target)
        table = grouping.grouped(table, target)
    table, missing = drop_missing_targets(table, targets)
    table, without_weight = known_rows(table, weighing)
    dropped = [*missing, *without_weight]
    notes = [*table.notes, *sequence_notes, *dropped]
    if dropped and isinstance(options.cv, list):
        raise InputError(
            f"cv: row numbers count the data's rows, of which some are left out. {dropped[0]} Drop them first."
        )
    asked = options.task if options.quantiles is None else Quantiles(options.quantiles).name
    encoding = encoding_of(table, targets, asked)
    classes = len(encoding.classes or ())
    if classes > MOST_CLASSES:
        raise InputError(
            f"{table.source}, column {target!r}: the target has {classes:,} classes, and a study tells "
            f"at most {MOST_CLASSES:,} apart: boosted trees would grow one for each in every step. Put rare classes "
            "together, or predict a number that stands for them."
        )
    metric = any_metric(options.metric, encoding.task, encoding.classes)
    if options.threshold is not None and not find_task(encoding.kind.one).has_positive_class:
        raise InputError(
            f"threshold: only a target of two classes has one. {target!r} is a {encoding.task} target. Leave it out."
        )
    if weighing is not None and not metric.weighs:
        raise InputError(
            f"metric: {metric.name} cannot weigh rows, for it has no parameter sample_weight. Give it one, or leave "
            "sample_weight out."
        )
    table, kept = in_order_of(table, options)
    notes += kept
    aside = {**left_out(table, options, targets), **({} if weighing is None else {weighing: "ignore"})}
    roles = infer_roles(table, targets, {**aside, **(_named(table, options.roles) or {})})
    roles = weighed_roles(roles, weighing)
    if not any(role.used for role in roles.values()):
        raise InputError(
            f"{table.source}: no column is left to learn from ({_why_none(roles)}). "
            "Name the roles of columns that should take part, for example roles={'zip': 'category'}."
        )
    test_table = None if outer is not None else _test_table(data, options, table)
    if test_table is not None:
        if grouping is not None:
            test_table = grouping.grouped(test_table, target)
        lacking = next((name for name in targets if name not in test_table), None)
        if lacking is not None:
            raise InputError(
                f"{test_table.source}: the test data has no column {lacking!r}; it is needed for the score."
            )
        test_table, missing = drop_missing_targets(test_table, targets)
        notes += [*test_table.notes, *(f"Test data: {each}" for each in missing), *encoding.match_notes(test_table)]
        if weighing in test_table:
            test_table, kept = known_rows(test_table, weighing, "Test data: ")
            notes += kept
    truth = encoding.truth(table)
    rows = Rows(
        truth, encoding.kind, options.seed, tested_apart=test_table is not None, source=table.source,
        **rows_by_column(table, options, targets, roles),
    )  # fmt: skip
    columns = [encoding.kind.truth_of(truth, k) for k in range(len(targets))]
    in_time = _in_time(table, options, roles, columns, grouped=grouping is not None)
    ordered = options.ordered or bool(in_time) or options.by_time is not None
    notes = [*([in_time] if in_time else []), *notes]
    dealt = effort_of(options.effort).dealt
    count = options.folds if options.cv is None else 1

    def usual(own: Rows) -> Split:
        return usual_split(own, count, ordered=ordered, gap=options.gap or 0, dealt=dealt)

    split = usual(rows) if outer is None else Nested(usual, outer)
    division = (split if options.cv is None else Given(options.cv, split)).divide(rows)
    if test_table is None and len(division.test) == 0:
        raise InputError(f"{table.source}: {len(truth)} rows leave none for the test; add rows or give a test file.")
    if len(division.validation) == 0:
        raise InputError(f"{table.source}: {len(truth)} rows leave none to choose by; add rows.")
    if metric.name == "auc" and any(len(np.unique(truth[fold.validation])) < 2 for fold in division.folds):
        if options.metric is not None:
            raise InputError(
                f"{table.source}: auc needs rows of both classes to choose by, and some validation rows have one class "
                "only. Use the metric log_loss, other folds, or add rows of the rarer class."
            )
        metric = find_metric("log_loss", encoding.task)
        notes.append("Too few rows of the rarer class to choose by auc; log_loss chose instead.")
    return Problem(
        table, test_table, target, encoding, roles, metric, truth, division, notes, grouping, ordered, in_time,
        options.group or options.by_time or options.stratify, _weights(table, test_table, weighing, options, notes),
        read_formulas(options, table, target, roles, encoding, min(len(fold.train) for fold in division.folds)),
        read_monotone(options, table, target, roles, encoding), bounds=read_bounds(options, table, target, encoding),
        read=as_read,
    )  # fmt: skip


def _weights(
    table: Any, test_table: Any | None, column: str | None, options: StudyOptions, notes: list[str]
) -> RowWeights | None:
    """How much rows count, those of a test table in the same unit.

    Raises:
        InputError: the test table has no such column.
    """
    if column is None:
        return None
    values = weights_of(table, column)
    given = not isinstance(options.sample_weight, str)
    if test_table is None:
        return RowWeights(column, given, values / values.mean())
    if column in test_table:
        return RowWeights(column, given, values / values.mean(), weights_of(test_table, column) / values.mean())
    if options.test is not None:
        raise InputError(
            f"{test_table.source}: the test data has no column {column!r}, by which sample_weight weighs rows. Add it."
        )
    notes.append("The test rows have no weights: each counts once.")
    return RowWeights(column, given, values / values.mean())


def _in_time(
    table: Any, options: StudyOptions, roles: Any, targets: Sequence[np.ndarray], *, grouped: bool
) -> str | None:
    """Why the rows are split by time without having been asked to, in a sentence; None where they are not."""
    from thetastar.data.time_order import time_order

    if options.group or options.by_time or options.stratify:
        return None
    asked = options.ordered or options.shuffle or (options.folds or 1) > 1 or options.cv is not None
    if asked or grouped or options.test is not None:
        return None
    orders = (time_order(table, roles, truth) for truth in targets)
    found = next((order for order in orders if order is not None and order.depends), None)
    if found is None:
        return None
    return (
        f"Split by time: the rows stand in the order of {found.column!r} and the target follows its value one row "
        f"before (rank correlation {found.correlation:.2f}): the last rows test, those before them choose. "
        "--shuffle (shuffle=True) undoes it; what comes next is for thetastar forecast."
    )


def given_names(options: StudyOptions) -> list[str]:
    """The column names that the user gave: a file's first row that holds one of them is its header."""
    columns = (options.group, options.by_time, options.stratify, options.sample_weight)
    target = options.target
    targets = target if isinstance(target, tuple) else (target,)
    if isinstance(target, str) and "," in target:
        targets = (target, *(part.strip() for part in target.split(",")))
    given = (*targets, options.id, options.time, *columns, *(options.roles or ()))
    return [name for name in given if isinstance(name, str)]


def _refuse_of_several(targets: Sequence[str], options: StudyOptions) -> None:
    """What makes no sense of several targets.

    Raises:
        InputError: an option is for one target alone.
    """
    if len(targets) == 1:
        return
    if options.quantiles is not None:
        raise InputError("quantiles: they are of one number, and several targets are asked for. Name one target.")
    if options.id is not None:
        raise InputError("target: sequences (id and time) have one target. Name one, or leave id and time out.")
    for name in ("formulas", "monotone", "bounds"):
        if getattr(options, name):
            raise InputError(f"{name}: what is known is of one target, and several are asked for. Name one target.")


def target_of(table: Any, target: Any) -> Any:
    """The target's name; of images the column of their classes, of two arrays the second, unless another is named."""
    if target is not None:
        return target
    for name in ("class", "target"):
        if name in table and table.columns[0].name != name:
            return name
    if several := [name for name in table.names if re.fullmatch(r"target_\d+", name)]:
        return several  # an array y of several columns
    raise InputError(
        f"{table.source}: say which column to predict. The columns are {', '.join(map(repr, table.names[:20]))}."
    )


def _test_table(data: Any, options: StudyOptions, table: Any) -> Any | None:
    """The test data: as given, or the part that lies beside the training part of an image collection."""
    from pathlib import Path

    from thetastar.data import read_table

    if options.test is not None:
        return read_table(options.test, header=table.has_header, expected=table.names)
    if isinstance(data, str | Path) and Path(data).is_dir():
        from thetastar.data.images import test_images_of

        return test_images_of(Path(data))
    return None


def _named(table: Any, roles: dict[str | int, str] | None) -> dict[str, str] | None:
    """Roles by column name; a column may be given by its 0-based index, as the target may."""
    if roles is None:
        return None
    return {_name(table, key): role for key, role in roles.items()}


def _name(table: Any, key: str | int) -> str:
    if isinstance(key, int) and -len(table.names) <= key < len(table.names):
        return table.names[key]
    return str(key)


def _why_none(roles: dict[str, Any]) -> str:
    kinds = [role.role for role in roles.values()]
    return ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds)) or "there is only the target"
