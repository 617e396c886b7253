"""What a reader of the report should see of the data, and what should make them suspicious."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from thetastar.data.leaks import find_leaks, left_out_rightly
from thetastar.data.numbers import read_numbers
from thetastar.data.prepare import Preparation
from thetastar.data.roles import ColumnRole
from thetastar.data.table import Column, Table
from thetastar.data.target import TargetEncoding
from thetastar.data.targets import SeveralTargets

__all__ = ["columns_record", "distribution", "suspect_columns"]

_MOST_LEVELS = 200  # columns with more different values are no codes of one another
_MOST_SENTENCES = 20  # of one kind


def distribution(table: Table, encoding: TargetEncoding) -> dict[str, Any]:
    """The target's distribution: a histogram for a regression, counts by class otherwise; all values JSON-able.

    Example:
        >>> from thetastar.data import read_table
        >>> table = read_table({"sold": ["no", "yes", "no"]})
        >>> distribution(table, TargetEncoding.fit(table, "sold"))
        {'kind': 'classes', 'labels': ['no', 'yes'], 'counts': [2, 1]}
    """
    values = encoding.truth(table)
    if not encoding.kind.classification:
        bins, low = min(40, max(5, int(np.sqrt(len(values))))), 0.0
        if np.ptp(values) < 1e-9 * np.abs(values).max():  # between close numbers far from 0 there is no room for bins
            low = float(values.min())
        counts, edges = np.histogram(values - low, bins=bins)
        return {"kind": "histogram", "edges": (edges + low).tolist(), "counts": counts.tolist()}
    counts = np.bincount(values, minlength=len(encoding.classes or ()))
    return {"kind": "classes", "labels": [str(label) for label in encoding.classes or ()], "counts": counts.tolist()}


def columns_record(
    table: Table, roles: Mapping[str, ColumnRole], preparation: Preparation | None = None
) -> list[dict[str, Any]]:
    """One JSON-able dict per column: what it is taken for and why, what it holds, how many features it makes.

    Example:
        >>> from thetastar.data import infer_roles, read_table
        >>> table = read_table({"rooms": [2.5, 3.0, None], "price": [1.0, 2.0, 3.0]})
        >>> column = columns_record(table, infer_roles(table, "price"))[0]
        >>> column["name"], column["role"], column["missing"]
        ('rooms', 'number', 1)
    """
    widths = preparation.widths if preparation is not None else {}
    return [
        {
            "name": role.name,
            "role": role.role,
            "reason": role.reason,
            "missing": role.missing,
            "distinct": role.distinct,
            "overridden": role.overridden,
            "examples": [text if len(text) <= 40 else text[:39] + "…" for text in table.column(role.name).examples(3)],
            "features": widths.get(role.name, 0),
            **_ends(table.column(role.name)),
        }
        for role in roles.values()
    ]


def _ends(column: Column) -> dict[str, float | None]:
    """The least and the greatest number of a column of numbers."""
    known = np.empty(0) if column.numbers is None else column.numbers[np.isfinite(column.numbers)]
    return {"low": float(known.min()), "high": float(known.max())} if len(known) else {"low": None, "high": None}


def suspect_columns(
    table: Table, target: TargetEncoding | SeveralTargets | str, roles: Mapping[str, ColumnRole], *,
    ordered: bool = False,
) -> list[str]:  # fmt: skip
    """Sentences about what may make the score too good to be true; cheap tests, no model.

    Looks for columns that (nearly) give the target away alone, pairs of columns that add up to it, very uneven
    classes, columns that are codes of one another, rows that occur more than once, rows in the order of a date or of
    the target, and far values that look like codes (99999).

    Args:
        table: The training table, without rows whose target is missing.
        target: The fitted encoding, of one target or of several, or the target's name.
        roles: From `infer_roles`.
        ordered: Whether the rows are split in their order, the last ones for the test.

    Example:
        >>> from thetastar.data import infer_roles, read_table
        >>> table = read_table({"copy": [float(k % 7) / 3 for k in range(90)], "y": [k % 7 / 3 for k in range(90)]})
        >>> suspect_columns(table, "y", infer_roles(table, "y"))[0]
        "'copy' gives the target 'y' away: ..."
    """
    whole = TargetEncoding.fit(table, target) if isinstance(target, str) else target
    truth = whole.truth(table)
    columns = [(part, whole.kind.truth_of(truth, k)) for k, part in enumerate(whole.parts)]
    used = _plain_columns(table, roles)
    sentences = [leak.sentence for part in whole.parts for leak in find_leaks(table, part, roles)]
    for part, own in columns:
        if part.kind.classification:
            sentences += _uneven_classes(own, part, named=len(columns) > 1)
    sentences += [sentence for part in whole.parts for sentence in left_out_rightly(table, part, roles)]
    sentences += _left_out_numbers(table, roles) + _counted_as_missing(table, roles)
    sentences += _copies(used, roles)
    sentences += _repeated_rows(used, truth)
    for part, own in columns:
        sentences += _order_of_target(own, part, ordered)
    sentences += _order_of_time(used, roles, ordered)
    sentences += [sentence for column in used for sentence in _far_code(column)]
    return sentences


def _plain_columns(table: Table, roles: Mapping[str, ColumnRole]) -> list[Column]:
    """The columns that are learned from and hold one value a row."""
    return [table.column(name) for name, role in roles.items() if role.used and table.column(name).samples is None]


def _uneven_classes(truth: np.ndarray, encoding: TargetEncoding, *, named: bool) -> list[str]:
    """Classes with too few rows to judge by, and a majority so large that accuracy says little.

    Args:
        named: whether the target has to be named, being one of several.
    """
    of, at = (f" of {encoding.name!r}", f"{encoding.name!r}: ") if named else ("", "")
    counts = np.bincount(truth, minlength=len(encoding.classes or ()))
    sentences = []
    labels = encoding.classes or ()
    few = [repr(str(labels[i])) for i in np.argsort(counts, kind="stable") if 0 < counts[i] < 10]
    if few:
        shown = ", ".join(few[:5]) + (", …" if len(few) > 5 else "")
        subject = f"The class {shown}{of} has" if len(few) == 1 else f"The classes {shown}{of} have"
        sentences.append(f"{subject} fewer than 10 rows; its score is a matter of chance.")
    most = int(np.argmax(counts))
    share = counts[most] / counts.sum()
    if share >= 0.95:
        sentences.append(
            f"{at}{share:.1%} of the rows are {str(labels[most])!r}: always saying so would be right as often. "
            "Look at balanced accuracy, F1 or AUC instead of accuracy."
        )
    return sentences


def _copies(used: list[Column], roles: Mapping[str, ColumnRole]) -> list[str]:
    """Columns that are codes of one another: every level of one stands with one level of the other.

    Only where values repeat: among values that never come twice every column is a code of every other. A column's
    codes, numbered as they first appear, are the same for all columns that say the same, so each is looked at once.
    """
    first: dict[bytes, str] = {}
    sentences: list[str] = []
    more = 0
    for column in used:
        known = len(column) - int(column.missing.sum())
        if roles[column.name].role == "date" or not 3 <= column.distinct <= _MOST_LEVELS or 2 * column.distinct > known:
            continue
        key = hashlib.blake2b(_as_they_appear(column.coded[0]).tobytes(), digest_size=16).digest()
        other = first.setdefault(key, column.name)
        if other != column.name and len(sentences) < _MOST_SENTENCES:
            sentences.append(f"{other!r} and {column.name!r} say the same in other words; one of them would do.")
        elif other != column.name:
            more += 1
    if more:
        sentences.append(f"So do {more:,} more columns.")
    return sentences


def _as_they_appear(codes: np.ndarray) -> np.ndarray:
    """(n,) the same codes, numbered in the order in which they first appear; missing cells (-1) are a code too."""
    found, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    rank = np.empty(len(found), np.int32)
    rank[np.argsort(first)] = np.arange(len(found))
    return rank[inverse]


def _left_out_numbers(table: Table, roles: Mapping[str, ColumnRole]) -> list[str]:
    """Columns that were left out or taken for categories though most of their cells are numbers."""
    sentences = []
    for role in roles.values():
        column = table.column(role.name)
        if role.overridden or role.role not in ("identifier", "text") or column.kind != "text" or not column.levels:
            continue
        if column.category or column.aside or _all_codes(column.levels):
            continue
        valid, counts = read_numbers(column.levels).valid, column.level_counts()
        share = counts[valid].sum() / max(1, counts.sum())
        if share < 0.5 or valid.all():
            continue
        code = int(np.flatnonzero(~valid & (counts > 0))[0]) if (~valid & (counts > 0)).any() else 0
        row = int(np.argmax(column.codes == code))
        sentences.append(
            f"{role.name!r} is left out ({role.role}), though {share:.0%} of its cells are numbers; others are not, "
            f"such as {column.levels[code][:30]!r} ({table.place(row)}). With the role 'number' those count as missing."
        )
    return sentences


def _all_codes(levels: tuple[str, ...]) -> bool:
    return any(len(level) > 1 and level[0] == "0" and level.isdigit() for level in levels)


def _counted_as_missing(table: Table, roles: Mapping[str, ColumnRole]) -> list[str]:
    """Texts that count as missing in columns of numbers and dates because a role says so; their roles say where."""
    named = (role for role in roles.values() if role.used and role.unknown and not table.column(role.name).strays)
    return [f"{role.name!r}: {role.reason}" for role in named if "as missing" in role.reason]


def _repeated_rows(used: list[Column], truth: np.ndarray) -> list[str]:
    """How many rows are exact copies of earlier ones, the target included."""
    if not used:
        return []
    mixed = np.zeros(len(truth), dtype=np.uint64)
    for values in [
        *(c.numbers if c.kind == "number" else c.codes.astype(np.float64) for c in used),
        *truth.astype(np.float64).reshape(len(truth), -1).T,
    ]:
        bits = np.ascontiguousarray(values + 0.0).view(np.uint64)
        mixed = (mixed ^ bits) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    copies = len(mixed) - len(np.unique(mixed))
    if copies == 0:
        return []
    share = copies / len(mixed)
    rows = "1 row is an exact copy" if copies == 1 else f"{copies:,} rows ({share:.1%}) are exact copies"
    return [f"{rows} of another row; copies may stand on both sides of the split and make the score look better."]


def _order_of_target(truth: np.ndarray, encoding: TargetEncoding, ordered: bool) -> list[str]:
    """Rows that are sorted by the target, where the split does not suit that."""
    growing = ordered and not encoding.kind.classification  # a series that only grows is in its right order
    if not _is_sorted(truth, encoding) or len(truth) <= 20 or growing:
        return []
    return [
        f"The rows are sorted by {encoding.name!r}: split in this order, the test rows hold other classes than "
        "the training rows. Shuffle them, or leave ordered (--ordered) away."
        if ordered
        else f"The rows are sorted by {encoding.name!r}; they are shuffled before the split."
    ]


def _order_of_time(used: list[Column], roles: Mapping[str, ColumnRole], ordered: bool) -> list[str]:
    """Rows that are sorted by a date, where the split does not suit that."""
    sentences = []
    for column in used:
        if roles[column.name].role != "date":
            continue
        from thetastar.data.blocks import dates_of

        role = roles[column.name]
        seconds, _, _ = dates_of(column, role.layout, role.unknown, lambda row: "")
        known = seconds[~np.isnan(seconds)]
        steps = np.diff(known)
        if len(known) <= 20 or not steps.any():
            continue
        if ordered and np.all(steps <= 0):
            sentences.append(
                f"The rows run backwards in time by {column.name!r}, the newest first: split in this order, the "
                "network learned from what came later and was tested on what came before. Turn the rows round."
            )
        elif not ordered and (np.all(steps >= 0) or np.all(steps <= 0)):
            turned = "" if np.all(steps >= 0) else "turn them round and "
            sentences.append(
                f"The rows stand in the order of {column.name!r}. Rows drawn at random from the same days make the "
                f"test easier than the future is; to be tested on the last days, {turned}give ordered=True (--ordered)."
            )
    return sentences


def _is_sorted(truth: np.ndarray, encoding: TargetEncoding) -> bool:
    """True if every class stands in one block, or a number only rises or only falls."""
    steps = np.diff(truth)
    if encoding.kind.classification:
        return int(np.count_nonzero(steps)) < len(encoding.classes or ())
    return bool(steps.any()) and bool(np.all(steps >= 0) or np.all(steps <= 0))


def _far_code(column: Column) -> list[str]:
    """A highest value like 999 or 99999, far from all others and repeated: most likely a code, not a measurement."""
    if column.kind != "number" or column.distinct < 5:
        return []
    known = column.numbers[~column.missing]
    top = float(known.max())
    if top < 99 or set(str(int(top))) != {"9"} or top != int(top):
        return []
    below = float(known[known < top].max())
    count = int((known == top).sum())
    if count < 3 or below > 0.6 * top:
        return []
    return [
        f"{column.name!r} holds {top:.0f} in {count:,} rows, far above the rest (up to {below:g}): "
        "perhaps a code for something else."
    ]
