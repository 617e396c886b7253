"""What the user knows of the function, read beside the table so that mistakes are told first: formulas, columns that it
rises or falls with, and bounds."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from thetastar.data.own_numbers import OwnNumbers
from thetastar.data.roles import ColumnRole
from thetastar.data.table import Table, describe_names
from thetastar.directions import RISING
from thetastar.errors import InputError
from thetastar.model.calibration import Bounds
from thetastar.model.formulas import FormulaRow, Parameter
from thetastar.recipes.candidate import Candidate
from thetastar.recipes.defaults import default_candidates
from thetastar.recipes.fitted import Fitted
from thetastar.recipes.formulas import FittedFormula, Formula, FormulaAndNetwork, with_network
from thetastar.recipes.identify import without_value
from thetastar.recipes.monotone import can_be_monotone, monotone_candidates
from thetastar.study.options import StudyOptions

__all__ = ["candidates_of", "formula_rows", "own_numbers", "read_bounds", "read_formulas", "read_monotone"]

_TAKEN = ("number", "boolean", "category")  # a category's values may be numbers
_CONSTANTS = ("e", "pi", "π")
_TRIED_ROWS = 2_000


def read_formulas(
    options: StudyOptions, table: Table, target: str, roles: Mapping[str, ColumnRole], encoding: Any, rows: int
) -> tuple[Formula, ...]:
    """The formulas of a study.

    Args:
        rows: that a fold has to learn from, at least.

    Raises:
        InputError: one of them is no formula of this table's numbers, or the target is of another kind.
    """
    texts = options.formulas or ()
    if texts and (what := _without_order(encoding)):
        raise InputError(
            f"formulas: a formula gives a number, or the log-odds of two classes. {target!r} is a target of {what}. "
            "Leave formulas out."
        )
    found = tuple(_read(text, table, target, roles, options.seed) for text in texts)
    for formula in found:
        if rows <= (count := len(formula.parameters)):
            raise InputError(
                f"formulas: {formula.text!r} has {count} parameters and needs {count + 1} rows to learn them from. Got "
                f"{rows}. Give more rows, or a simpler formula."
            )
    return found


def own_numbers(
    formulas: Collection[Formula], table: Table, rows: np.ndarray, roles: Mapping[str, ColumnRole]
) -> dict[tuple[str, ...], OwnNumbers]:
    """What reads the columns of each formula, by their names; fitted on the given (training) rows."""
    return {formula.columns: OwnNumbers.fit(table, rows, roles, formula.columns) for formula in formulas}


def read_monotone(
    options: StudyOptions, table: Table, target: str, roles: Mapping[str, ColumnRole], encoding: Any
) -> dict[str, int]:
    """1 or -1 by the names of the columns that the answer must rise or fall with.

    Raises:
        InputError: there is no such column of numbers, or of yes and no; or the target has no order.
    """
    if not options.monotone:
        return {}
    if what := _without_order(encoding):
        raise InputError(
            f"monotone: it is held for a number, or for the probability of the second of two classes. {target!r} is a "
            f"target of {what}. Leave monotone out."
        )
    found = {}
    for text in options.monotone:
        name, _, sign = text.rpartition(":")
        if name not in roles:
            raise InputError(f"monotone: there is no column {name!r}. {describe_names(name, list(roles))}")
        role = roles[name]
        if role.role not in ("number", "boolean"):
            how = f"--role {name}=number makes it one, where its cells are numbers."
            raise InputError(
                f"monotone: {name!r} must be a column of numbers, or of yes and no, that is learned from. Got one of "
                f"the role {role.role}. {how}"
            )
        found[name] = 1 if sign == "+" else -1
    return found


def _without_order(encoding: Any) -> str:
    """What a target is of that is neither a number nor the second of two classes; empty where it is one of these."""
    if encoding.kind.levels:
        return "quantiles"
    several = encoding.kind.classification and len(encoding.classes) != 2
    return f"{len(encoding.classes)} classes" if several else ""


def read_bounds(options: StudyOptions, table: Table, target: str, encoding: Any) -> Bounds | None:
    """The bounds of the number to predict; None where none are given.

    Raises:
        InputError: the target is no number, or rows lie outside.
    """
    if not isinstance(options.bounds, str):
        return None
    low, high = (float(part) if part else None for part in options.bounds.split(":"))
    if encoding.kind.levels or encoding.kind.classification:
        raise InputError(
            f"bounds: they are of one number to predict. {target!r} is a {encoding.task} target. Leave bounds out."
        )
    truth = encoding.truth(table)
    outside = (truth < (-np.inf if low is None else low)) | (truth > (np.inf if high is None else high))
    if outside.any():
        row = int(np.argmax(outside))
        raise InputError(
            f"bounds={options.bounds}: {int(outside.sum()):,} of {len(truth):,} rows have {target!r} outside, the "
            f"first in {table.place(row, target)} ({truth[row]:g}). Give bounds that hold, or mend these rows."
        )
    return Bounds(low, high)


def candidates_of(
    options: StudyOptions, problem: Any, pieces: int, sample: tuple[int, ...], wide: bool
) -> tuple[Candidate, ...]:
    """The candidates: as given, or a set suited to the table; of both only what can keep what must hold.

    Raises:
        InputError: none of those given can.
    """
    if not problem.monotone:
        return tuple(options.candidates or default_candidates(problem.task, pieces, sample, wide=wide))
    held = f"Held exactly: the answer {_ways(problem.monotone)}."
    if options.candidates is None:
        problem.held.append(f"{held} Networks whose activations rise take part, and no others.")
        return monotone_candidates(pieces)
    kept = tuple(candidate for candidate in options.candidates if can_be_monotone(candidate))
    out = [candidate.name for candidate in options.candidates if candidate not in kept]
    if not kept:
        raise InputError(
            f"candidates: none of them can be monotone ({', '.join(out[:5])}). Give dense ones with the activation "
            f"{' or '.join(RISING[1:])}, or leave candidates out."
        )
    problem.held.append(held + (f" Left out, because they cannot keep it: {', '.join(out)}." if out else ""))
    return kept


def _ways(monotone: Mapping[str, int]) -> str:
    """`rises with 'area' and falls with 'price'`."""
    parts = []
    for sign, verb in ((1, "rises"), (-1, "falls")):
        if names := [repr(name) for name, own in monotone.items() if own == sign]:
            parts.append(f"{verb} with {', '.join(names)}")
    return " and ".join(parts)


def _read(text: str, table: Table, target: str, roles: Mapping[str, ColumnRole], seed: int) -> Formula:
    formula = Formula.read(text, [*roles, target])
    bare = re.sub(r"`[^`]*`", " ", text)
    for name in _CONSTANTS:
        if name in roles and re.search(rf"(?<!\w){name}(?!\w)", bare):
            raise InputError(
                f"formulas: {text!r}: {name} is a constant, and there is a column {name!r}. Write `{name}` in "
                "backticks for the column, or rename it."
            )
    if target in formula.columns:
        raise InputError(f"formulas: {text!r} names the target {target!r}. Give a formula of the other columns.")
    by_key = {name.casefold(): name for name in [*roles, target]}
    for name in formula.parameters:
        if name.casefold() in by_key:
            raise InputError(
                f"formulas: {text!r}: {name!r} is no column, but {by_key[name.casefold()]!r} is. Write it as the table "
                "has it, or give the parameter another name."
            )
    if not formula.columns:
        raise InputError(
            f"formulas: {text!r} names no column. {describe_names(formula.parameters[0], list(roles))}"
            if formula.parameters else f"formulas: {text!r} names no column and no parameter. Name both, as in a*x + b."
        )  # fmt: skip
    if not formula.parameters:
        raise InputError(
            f"formulas: {text!r} has no parameter: every name in it is a column. Write a name where a number is to be "
            "found, such as a*x + b."
        )
    for name in formula.columns:
        _check_column(text, table, roles[name])
    everywhere = np.arange(table.row_count)
    some = np.linspace(0, table.row_count - 1, min(table.row_count, _TRIED_ROWS)).astype(np.int64)
    own = OwnNumbers.fit(table, everywhere, roles, formula.columns).transform(table, some)
    if without_value(formula.expression, formula.columns, formula.parameters, own, seed).all():
        raise InputError(
            f"formulas: {text!r} has no finite value on any row, whatever parameters were tried. Look for a division "
            "by zero, or for a logarithm or a root of a negative number."
        )
    return formula


def _check_column(text: str, table: Table, role: ColumnRole) -> None:
    """A column of numbers, or of yes and no, that is learned from."""
    column = table.column(role.name)
    numeric = column.samples is None and (column.kind == "number" or role.role in ("number", "boolean"))
    if role.role in _TAKEN and numeric:
        return
    if role.used:
        what = f"a column of {'text' if role.role == 'category' else role.role + 's'}"
        remedy = "A formula takes numbers, and yes or no as 1 and 0."
    else:
        what, remedy = f"left out ({role.role})", f"Give it a role that is learned from: --role {role.name}=number."
    raise InputError(f"formulas: {text!r}: {role.name!r} is {what}. {remedy}")


def formula_rows(fitted: Mapping[str, Fitted]) -> tuple[FormulaRow, ...]:
    """What the record tells of every formula: the numbers found, from the fits on all rows that are learned from."""
    found = []
    for name, one in fitted.items():
        if not isinstance(one, FittedFormula):
            continue
        formula = one.formula
        values = dict(zip(formula.parameters, one.values.tolist(), strict=True))
        both = fitted.get(with_network(formula))
        parameters = tuple(
            Parameter(
                name=each, value=values[each],
                interval=(float(low), float(high)) if np.isfinite(low) and np.isfinite(high) else None, remark=remark,
            )
            for each, low, high, remark in zip(formula.parameters, one.low, one.high, one.remarks, strict=True)
        )  # fmt: skip
        found.append(
            FormulaRow(
                name=name, text=formula.text, filled=formula.filled(values), columns=formula.columns,
                log_odds=bool(one.classes), parameters=parameters,
                share=both.share if isinstance(both, FormulaAndNetwork) else None,
            )
        )  # fmt: skip
    return tuple(found)
