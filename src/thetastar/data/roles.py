"""What each column is: number, category, boolean, date, or something that no network should learn from; and why."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from thetastar._threads import LONG, mapped
from thetastar.data.cells import STRAY_SHARE, looks_measured
from thetastar.data.dates import date_layout, digits_layout, mostly_dates
from thetastar.data.numbers import DASH, MAYBE_MISSING, read_numbers
from thetastar.data.table import Column, Table, describe_names
from thetastar.errors import InputError

__all__ = ["LEFT_OUT", "ROLES", "USED_ROLES", "ColumnRole", "infer_roles", "looks_like_identifier", "truth_of"]

ROLES = (
    "number", "category", "boolean", "date", "image", "sequence", "text", "identifier", "constant", "duplicate",
    "ignore",
)  # fmt: skip
USED_ROLES = ("number", "category", "boolean", "date", "image", "sequence")
LEFT_OUT = tuple(role for role in ROLES if role not in USED_ROLES)

_TRUE = frozenset(["yes", "y", "true", "t", "on", "1", "1.0"])
_FALSE = frozenset(["no", "n", "false", "f", "off", "0", "0.0"])

# "id" as a word of its own, or at the end after a small letter (customerID); not in "paid" or "grid".
_IDENTIFIER_NAME = re.compile(
    r"(?i:(?:^|[_\s.-])(?:ids?|uuid|guid|key|index|rownames|rowid|row|nr)$|^(?:id|uuid)[_\s.-]|^unnamed: 0$)"
    r"|[a-z]I[dD]$"
)


@dataclass(frozen=True)
class ColumnRole:
    """What one column is taken for.

    Attributes:
        name: The column.
        role: One of `ROLES`; only numbers, categories, booleans, dates, images and sequences are learned from.
        reason: One plain sentence.
        missing: Number of rows without a value.
        distinct: Number of different values.
        overridden: True where the user named the role.
        layout: For dates, the layout of `dates.LAYOUTS`.
        unknown: Texts that count as missing in a column of numbers or dates.

    Example:
        >>> from thetastar.data import read_table
        >>> table = read_table({"rooms": [2.5, 3.0, None], "price": [1.0, 2.0, 3.0]})
        >>> role = infer_roles(table, "price")["rooms"]
        >>> role.role, role.missing, role.distinct
        ('number', 1, 2)
    """

    name: str
    role: str
    reason: str
    missing: int
    distinct: int
    overridden: bool = False
    layout: str = ""
    unknown: tuple[str, ...] = ()

    @property
    def used(self) -> bool:
        """True if a network learns from the column."""
        return self.role in USED_ROLES


def looks_like_identifier(name: str) -> bool:
    """True if a column's name says that it names things: id, uuid, customerID.

    Example:
        >>> looks_like_identifier("patient_id"), looks_like_identifier("paid")
        (True, False)
    """
    return _IDENTIFIER_NAME.search(name) is not None


def truth_of(level: str) -> bool | None:
    """True, False, or None for a text that is neither: any spelling of yes/no, true/false, on/off, t/f, y/n, 1/0."""
    key = level.strip().strip("'\"").casefold()
    return True if key in _TRUE else False if key in _FALSE else None


def infer_roles(
    table: Table, target: str | Sequence[str], overrides: Mapping[str, str] | None = None
) -> dict[str, ColumnRole]:
    """A role for every column except the target, in the order of the table.

    Args:
        table: The training table.
        target: The name of the target column, or of several.
        overrides: Roles that the user names, e.g. {"zip": "category", "notes": "ignore"}.

    Raises:
        InputError: An override names a column or a role that does not exist or that the column cannot take, or a
            column of numbers holds an infinite value.

    Example:
        >>> from thetastar.data import read_table
        >>> table = read_table({"rooms": [2.5, 3.0, 4.5], "yard": ["yes", "no", "yes"], "price": [1.0, 2.0, 3.0]})
        >>> {name: role.role for name, role in infer_roles(table, "price").items()}
        {'rooms': 'number', 'yard': 'boolean'}
    """
    targets = {target} if isinstance(target, str) else set(target)
    wanted = _checked_overrides(table, targets, overrides or {})
    if table.row_count > LONG:  # counting different values is most of the work; every column remembers its own
        mapped(lambda column: column.distinct, table.columns)
    roles: dict[str, ColumnRole] = {}
    earlier: dict[tuple[Any, ...], list[Column]] = {}
    for column in table.columns:
        if column.name in targets:
            continue
        if column.name in wanted:
            role = _overridden(column, wanted[column.name], table)
        else:
            role = _inferred(column, table)
            same = _first_copy(column, role, earlier)
            if same is not None:
                role = replace(
                    role, role="duplicate", reason=f"Every value equals the one in {same!r}, so it is left out."
                )
        roles[column.name] = role
    for role in roles.values():
        if role.used:
            _refuse_infinite(table, role)
    return _one_kind(table, roles)


def _one_kind(table: Table, roles: dict[str, ColumnRole]) -> dict[str, ColumnRole]:
    """A network reads one column of images or sequences, and nothing beside it."""
    samples = [name for name, role in roles.items() if role.used and table.column(name).samples is not None]
    if len(samples) > 1:
        raise InputError(
            f"{table.source}: the columns {', '.join(map(repr, samples))} all hold images or sequences, and a network "
            "reads one of them. Give the others the role 'ignore'."
        )
    if samples:
        reason = f"A network that reads {samples[0]!r} reads nothing beside it."
        for name, role in roles.items():
            if role.used and name != samples[0]:
                roles[name] = replace(role, role="ignore", reason=reason)
    return roles


def _checked_overrides(table: Table, targets: Set[str], overrides: Mapping[str, str]) -> dict[str, str]:
    wanted = {}
    for name, role in overrides.items():
        name = str(name)
        if name not in table:
            raise InputError(
                f"{table.source}: a role is given for column {name!r}, which does not exist. "
                + describe_names(name, table.names)
            )
        if name in targets:
            raise InputError(
                f"{table.source}: a role is given for {name!r}, which is the target. Roles are for the other columns; "
                "the task (regression, binary, multiclass) is set by itself."
            )
        if role not in ROLES:
            raise InputError(
                f"{table.source}, column {name!r}: {role!r} is not a role. The roles are {', '.join(ROLES)}."
            )
        wanted[name] = role
    return wanted


def _role(column: Column, role: str, reason: str, **more: Any) -> ColumnRole:
    return ColumnRole(column.name, role, reason, column.missing_count, column.distinct, **more)


def _inferred(column: Column, table: Table) -> ColumnRole:
    if column.unusable:
        return _role(column, "ignore", f"{column.unusable[0].upper()}{column.unusable[1:]}, so the column is left out.")
    if column.aside:
        return _role(column, "identifier", column.aside)
    if column.samples is not None:
        each = "Images" if column.kind == "image" else "Sequences"
        return _role(column, column.kind, f"{each} of {column.shape_text}.")
    known = len(column) - column.missing_count
    if known == 0:
        return _role(column, "constant", "Every cell is empty, so there is nothing to learn from it.")
    if column.distinct == 1 and known == len(column):
        return _role(
            column, "constant", f"Every row says {column.examples(1)[0]!r}, so there is nothing to learn from it."
        )
    if column.category and column.native != "boolean":
        return _role(column, "category", f"The source declares {column.distinct:,} categories.")
    return _inferred_number(column, known) if column.kind == "number" else _inferred_text(column, known, table)


def _inferred_number(column: Column, known: int) -> ColumnRole:
    if column.distinct == 2 and set(column.examples(2)) == {"0", "1"}:
        return _role(column, "boolean", "Only 0 and 1 occur.")
    digits = digits_layout(column.numbers[~column.missing], column.name) if column.integral else None
    if digits is not None:
        return _role(column, "date", f"Every value is a date written as {digits}.", layout=digits)
    if column.integral and column.distinct == known and known >= 10:
        steps = np.diff(column.numbers[~column.missing])
        if np.all(steps == 1) and not column.strays and column.numbers[~column.missing][0] in (0, 1):
            return _role(column, "identifier", "It counts the rows, so it says where a row stood, not what it is.")
        if _IDENTIFIER_NAME.search(column.name):
            return _role(column, "identifier", "Every value is different and the name says that it is an identifier.")
    reason = f"Every known value is a number ({column.distinct:,} different ones)."
    style, _, unit = column.style.partition("|")
    if style == "decimal comma":
        reason = f"Every known value is a number with a decimal comma ({column.distinct:,} different ones)."
    if unit:
        reason = f"Every known value is a number of {unit} ({column.distinct:,} different ones)."
    if column.strays:
        shown = ", ".join(map(repr, column.strays[:4])) + ", …" * (len(column.strays) > 4)
        reason += f" {shown} count{'s' * (len(column.strays) == 1)} as missing."
    return _role(column, "number", reason, unknown=column.strays)


def _inferred_text(column: Column, known: int, table: Table) -> ColumnRole:
    levels = [level for level, count in zip(column.levels, column.level_counts(), strict=True) if count]
    truths = {truth_of(level) for level in levels if level != DASH}
    if truths == {True, False}:
        shown = " and ".join(repr(level) for level in sorted(set(levels) - {DASH})[:4])
        dashed = (DASH,) if DASH in levels else ()
        also = f" {DASH!r} counts as missing." * bool(dashed)
        return _role(column, "boolean", f"Only {shown} occur, which mean yes and no.{also}", unknown=dashed)
    certain = [level for level in levels if level.casefold() not in MAYBE_MISSING]
    unknown = tuple(level for level in levels if level.casefold() in MAYBE_MISSING)
    also = _counted(column, unknown, table)
    if certain:
        layout = date_layout(certain)
        if layout is not None and len(certain) > 1:
            doubt = ""
            if _ambiguous(certain, layout):
                doubt = f" Day and month could be the other way round; read as {layout}."
            reason = f"Every known value is a date ({layout}).{doubt}{also}"
            return _role(column, "date", reason, layout=layout, unknown=unknown)
        if unknown or any(level[0] in "'\"" for level in certain):
            if read_numbers(certain).valid.all() and not any(re.fullmatch("0[0-9]+", level) for level in certain):
                return _role(column, "number", f"Every known value is a number.{also}", unknown=unknown)
        if layout is None and len(certain) >= 5:
            mostly = _mostly_dates(column, certain, table)
            if mostly is not None:
                return mostly
    distinct = len(levels)
    average = sum(map(len, levels)) / distinct
    if distinct > 20 and distinct > 0.5 * known:
        if average <= 40 and not any(" " in level.strip() for level in levels[:200]) and distinct > 0.95 * known:
            return _role(column, "identifier", f"{distinct:,} of {known:,} known values are different: an identifier.")
        return _role(column, "text", f"{distinct:,} of {known:,} known values are different: free text.")
    if distinct > 20 and average > 60:
        return _role(column, "text", f"The values are long texts ({average:.0f} characters on average).")
    if distinct == known and known >= 10 and _IDENTIFIER_NAME.search(column.name):
        return _role(column, "identifier", "Every value is different and the name says that it is an identifier.")
    kept = f"{distinct:,} different text{'s' * (distinct > 1)} in {known:,} known values."
    return _role(column, "category", f"{kept} Numbers with leading zeros are codes." if _codes(levels) else kept)


def _mostly_dates(column: Column, levels: list[str], table: Table) -> ColumnRole | None:
    """The role of a column of dates with a few other texts among them, which count as missing."""
    counts = dict(zip(column.levels, column.level_counts().tolist(), strict=True))
    found = mostly_dates(levels, np.array([counts[level] for level in levels]), 1 - STRAY_SHARE)
    if found is None or not looks_measured(np.flatnonzero(~found[1]), sum(counts.values())):
        return None
    layout, wrong = found
    strays = tuple(level for level, is_wrong in zip(levels, wrong, strict=True) if is_wrong)
    strays += tuple(level for level in counts if level.casefold() in MAYBE_MISSING and counts[level])
    reason = f"Nearly every known value is a date ({layout}).{_counted(column, strays, table)}"
    return _role(column, "date", reason, layout=layout, unknown=strays)


def _counted(column: Column, texts: tuple[str, ...], table: Table) -> str:
    """A sentence that says which texts count as missing, in how many cells, and where the first of them stands."""
    if not texts:
        return ""
    codes = np.isin(column.codes, [code for code, level in enumerate(column.levels) if level in set(texts)])
    count, first = int(codes.sum()), table.place(int(np.argmax(codes)))
    shown = ", ".join(map(repr, texts[:3])) + ", …" * (len(texts) > 3)
    where = f"{count:,} cell{'s' * (count != 1)}, the first in {first}" if count > 1 else f"1 cell, in {first}"
    return f" {shown} count{'s' * (len(texts) == 1)} as missing ({where})."


def _ambiguous(levels: list[str], layout: str) -> bool:
    """True where no date tells day from month."""
    from thetastar.data.dates import read_dates

    return read_dates(levels, layout).ambiguous


def _codes(levels: list[str]) -> bool:
    return all(level.isdigit() for level in levels) and any(level[0] == "0" and len(level) > 1 for level in levels)


def _overridden(column: Column, role: str, table: Table) -> ColumnRole:
    """The role the user named, if the column can take it."""
    named = "The role was named by you."
    if column.unusable and role in USED_ROLES:
        raise InputError(
            f"{table.source}, column {column.name!r}: {column.unusable}, so it cannot have the role {role!r}. "
            "Use ignore, or write its parts as columns of their own."
        )
    if (column.samples is not None or role in ("image", "sequence")) and role not in ("ignore", column.kind):
        raise InputError(
            f"{table.source}, column {column.name!r}: it holds {column.kind}s and cannot have the role {role!r}. "
            f"Use {'ignore' if column.samples is not None else 'a role for ' + column.kind + 's'}."
        )
    if column.samples is not None:
        return _role(column, role, named, overridden=True)
    if role not in USED_ROLES or role == "category":
        return _role(column, role, named, overridden=True)
    levels = [level for level, count in zip(*_counted_levels(column), strict=True) if count]
    certain = [level for level in levels if level.casefold() not in MAYBE_MISSING]
    unknown = tuple(level for level in levels if level.casefold() in MAYBE_MISSING)
    if role == "number":
        if column.kind == "number" or column.native == "boolean":
            return _role(column, role, named, overridden=True, unknown=column.strays)
        valid = read_numbers(certain).valid
        if not valid.any():
            raise _cannot(table, column, role, certain[0], "a number", "category")
        strays = tuple(level for level, is_number in zip(certain, valid, strict=True) if not is_number)
        return _role(column, role, named + _counted(column, strays + unknown, table), overridden=True,
                     unknown=strays + unknown)  # fmt: skip
    if role == "boolean":
        if column.kind == "number" and column.distinct == 2:
            return _role(column, role, named, overridden=True)
        for level in certain:
            if truth_of(level) is None and len(certain) != 2:
                raise _cannot(table, column, role, level, "yes or no", "category")
        return _role(column, role, named, overridden=True, unknown=unknown)
    layout = date_layout(certain) if certain else None
    if layout is None:
        wrong = next((level for level in certain if date_layout([level]) is None), certain[0] if certain else "")
        raise _cannot(table, column, role, wrong, "a date by the same layout as the others", "category")
    return _role(column, role, named, overridden=True, layout=layout, unknown=unknown)


def _counted_levels(column: Column) -> tuple[tuple[str, ...], np.ndarray]:
    codes, levels = column.coded
    return levels, np.bincount(codes[codes >= 0], minlength=len(levels))


def _cannot(table: Table, column: Column, role: str, wrong: str, what: str, other: str) -> InputError:
    codes, levels = column.coded
    row = int(np.argmax(codes == levels.index(wrong))) if wrong in levels else 0
    return InputError(
        f"{table.place(row, column.name)}: {wrong!r} is not {what}, so the column cannot have the role {role!r}. "
        f"Mend the cell or give the role {other!r}."
    )


def _first_copy(column: Column, role: ColumnRole, earlier: dict[tuple[Any, ...], list[Column]]) -> str | None:
    """The name of an earlier column with the very same values, and this column noted for later ones."""
    if column.samples is not None:
        return None
    if role.role in ("constant", "ignore", "duplicate"):
        return None
    number = column.kind == "number"
    first = column.numbers[:16] if number else column.codes[:16]
    key = (column.kind, role.missing, role.distinct, column.levels[: 0 if number else 16], first.tobytes())
    for other in earlier.setdefault(key, []):
        if column.kind == "number":
            if np.array_equal(column.numbers, other.numbers, equal_nan=True):
                return other.name
        elif column.levels == other.levels and np.array_equal(column.codes, other.codes):
            return other.name
    earlier[key].append(column)
    return None


def _refuse_infinite(table: Table, role: ColumnRole) -> None:
    column = table.column(role.name)
    if role.role != "number" or column.native == "boolean" or column.unusable:
        return
    if column.kind == "number":
        infinite = np.isinf(column.numbers)
    else:
        infinite = np.append(np.isinf(read_numbers(column.levels).values), False)[column.codes]
    if infinite.any():
        row = int(np.argmax(infinite))
        raise InputError(
            f"{table.place(row, column.name)}: the number is infinite ({int(infinite.sum()):,} such cells). "
            f"Put a finite number or leave the cell empty, or leave the column out with the role 'ignore'."
        )
