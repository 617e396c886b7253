"""Does the first row of a file hold names or data?"""

from __future__ import annotations

import re
from collections.abc import Sequence

from thetastar.data.dates import date_layout
from thetastar.data.numbers import DASH, MAYBE_MISSING, MISSING, read_numbers

__all__ = ["has_header"]

_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?i:inf|infinity)")
_WORD = re.compile(r"(?:[a-z_]|[A-Z](?![A-Z]{2}\d|\$))\w*")  # not a currency and a number, such as USD12


def has_header(
    first: Sequence[str],
    below: Sequence[Sequence[str]],
    expected: Sequence[str] | None = None,
    named: Sequence[str] = (),
) -> bool:
    """True if the first row holds the column names.

    Every column votes. A text above numbers or dates speaks for a header, a number above numbers against it; a text
    that comes again below it speaks against it, one that never does speaks for it a little.

    Args:
        first: The cells of the first row.
        below: For each column the cells of the next rows (up to about a thousand).
        expected: Column names that an earlier file of the same kind had.
        named: Column names that the user gave, such as the target's; a first row that holds one is the header, unless
            it is a number or stands in its column again.
    """
    cells = [cell.strip() for cell in first]
    for position, cell in enumerate(cells):
        if cell in named and not _is_number(cell) and cell not in {text.strip() for text in below[position]}:
            return True
    in_doubt = True
    if expected:
        same = len(set(cells) & set(expected))
        if same * 2 > len(cells) and not _positions(expected):
            return True
        in_doubt = same > 0 and not _positions(expected)  # a header would have shown names that are known
    numeric = [_is_number(cell) for cell in cells]
    if not below or not below[0]:
        return in_doubt and not any(numeric)
    if all(numeric) and len(cells) > 1 and _steps_by_one(cells) and not _same_steps(below):
        return True
    strong_for = strong_against = weak_for = weak_against = 0
    for cell, is_number, column in zip(cells, numeric, below, strict=True):
        known = [text for text in (text.strip() for text in column) if text not in MISSING and text != DASH]
        if not known:
            weak_for += cell not in MISSING and not is_number
        elif cell in MISSING:
            weak_against += cell != ""
        elif _mostly_numbers(known):
            if is_number:
                strong_against += 1
            elif cell.lower() not in MAYBE_MISSING:
                strong_for += 1
        elif is_number:
            weak_against += 1
        elif date_layout(list(dict.fromkeys(known))[:50]):
            if date_layout([cell]):
                strong_against += 1
            else:
                strong_for += 1
        elif cell in known:
            # In a long column of few levels a name hardly ever equals a level; in a column of free text it may.
            strong_against += 1
        else:
            weak_for += 1
    if strong_for or strong_against:
        numbers = [cell for cell, is_number in zip(cells, numeric, strict=True) if is_number]
        if (strong_for or weak_for) and _steps_by_one(numbers) and 1500 <= int(numbers[0]) <= 2100:
            return True  # years as names: country, 2010, 2011, 2012
        if (strong_for or weak_for) and _steps_by_one(numbers) and int(numbers[0]) == 0 and not _same_steps(below):
            return True  # positions as names: 0, 1, 2, target
        return strong_for > strong_against
    return in_doubt and weak_for >= weak_against


def _is_number(cell: str) -> bool:
    if _PLAIN.fullmatch(cell):  # the long way is only for the others: a table may have ten thousand columns
        return True
    if not any(map(str.isdigit, cell)) or _WORD.fullmatch(cell):
        return False
    return bool(read_numbers([cell]).valid[0])


def _mostly_numbers(known: list[str]) -> bool:
    distinct = list(dict.fromkeys(known))
    if sum(_PLAIN.fullmatch(text) is not None for text in distinct) >= 0.8 * len(distinct):
        return True
    return bool(read_numbers(distinct).valid.mean() >= 0.8)


def _positions(names: Sequence[str]) -> bool:
    """True for the names that columns without a header are given: "0", "1", …"""
    return list(names) == [str(i) for i in range(len(names))]


def _steps_by_one(cells: Sequence[str]) -> bool:
    """True for 0, 1, 2, … or 2010, 2011, 2012: numbers that are names."""
    if len(cells) < 3 or not all(cell.isdigit() for cell in cells):
        return False
    values = [int(cell) for cell in cells]
    return values == list(range(values[0], values[0] + len(values)))


def _same_steps(below: Sequence[Sequence[str]]) -> bool:
    """True where the next row counts by one as well, so that counting is no sign of names."""
    return _steps_by_one([text for text in (column[0].strip() for column in below) if _is_number(text)])
