"""The weights of a study's rows, scaled to a mean of 1: whether they are shares, counts or money changes nothing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from thetastar.data.roles import ColumnRole
from thetastar.data.row_weights import with_weights
from thetastar.data.table import Table
from thetastar.errors import InputError
from thetastar.study.options import StudyOptions

__all__ = ["RowWeights", "check_alone", "in_words", "weigh", "weighed_roles"]

_OPTION = "sample_weight"
_WORDS = re.compile(r"an array of \d+ numbers \([0-9a-f]{12}\)")


@dataclass(frozen=True, eq=False)
class RowWeights:
    """The weights of a study's rows.

    Attributes:
        column: that holds them.
        given: whether they were given as an array, so that no file has the column.
        values: (n,) of the table's rows, above 0, with a mean of 1.
        tested: (m,) of the rows of a test table, in the same unit; None without such a table.
    """

    column: str
    given: bool
    values: np.ndarray
    tested: np.ndarray | None = None


def weigh(table: Table, options: StudyOptions) -> tuple[Table, str | None]:
    """The table with a column of weights, and the column's name; the table as it is where rows count alike.

    Raises:
        InputError: there is no such column, or the array has not one number a row.
    """
    given = options.sample_weight
    if given is None:
        return table, None
    if options.id is not None:
        raise InputError(
            f"{_OPTION}: it weighs rows, and id and time make one sequence of many. Leave it out, or repeat the "
            "sequences that count more."
        )
    if isinstance(given, str):
        if _WORDS.fullmatch(given):
            raise InputError(
                f"{_OPTION}: a study.toml holds only what the weights were ({given}). Give the array again, as in "
                "repeat(folder, sample_weight=weights)."
            )
        return with_weights(table, given)
    if options.test is not None:
        raise InputError(
            f"{_OPTION}: an array weighs the rows of the data, and those of test= have no weights then. Put them into "
            "a column of both and name it."
        )
    return with_weights(table, given)


def check_alone(name: str | None, targets: Sequence[str], roles: Mapping[str, str]) -> None:
    """The column of weights is nothing else.

    Args:
        targets: what is predicted.
        roles: that the user named, by column.

    Raises:
        InputError: it is the target, or has a role in which it is learned from.
    """
    if name is None:
        return
    if name in targets:
        raise InputError(f"{_OPTION}={name!r}: this is the target. Name another column.")
    role = roles.get(name, "ignore")
    if role != "ignore":
        raise InputError(
            f"{_OPTION}={name!r}: a column of weights is not learned from, and roles makes it a {role}. Leave one of "
            "the two out, or give the weights under another name as well."
        )


def weighed_roles(roles: dict[str, ColumnRole], name: str | None) -> dict[str, ColumnRole]:
    """The roles, where that of the column of weights says what it is for."""
    if name is None:
        return roles
    role = replace(
        roles[name], role="ignore", overridden=False, reason="It says how much each row counts and is not learned from."
    )
    return {**roles, name: role}


def in_words(given: Any) -> str | None:
    """What study.toml holds of the option: a column's name, or what tells the array from another one."""
    if given is None or isinstance(given, str):
        return given
    numbers = np.asarray(given, dtype=np.float64)
    return f"an array of {numbers.size} numbers ({hashlib.sha256(numbers.tobytes()).hexdigest()[:12]})"
