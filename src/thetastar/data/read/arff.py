"""ARFF, the form of Weka and OpenML: attributes with their types above rows, which may be sparse or weighted."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from thetastar.data.arrow import unique_names, unusable
from thetastar.data.cells import missing_notes, typed_column
from thetastar.data.frames import columns_of
from thetastar.data.read.reading import Reading
from thetastar.data.table import Column, Table
from thetastar.errors import InputError

__all__ = ["arff_table", "is_arff"]

WEIGHT = "It is the weight of the row, not what it is."
_ATTRIBUTE = re.compile(r"@attribute\s+(?:'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"|(\S+))\s+(.*)", re.IGNORECASE)
_CELL = re.compile(r"\s*(?:'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"|([^,{}]*?))\s*(,|$|(?=\{))")
_WEIGHT = re.compile(r",?\s*\{\s*([0-9.eE+-]+)\s*\}\s*$")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


def is_arff(head: str) -> bool:
    """Whether a text begins as ARFF does: remarks with %, then @relation."""
    lines = (line.strip() for line in head.splitlines())
    first = next((line for line in lines if line and not line.startswith("%")), "")
    return first.lower().startswith("@relation")


def arff_table(text: str, reading: Reading) -> Table:
    """The table of an ARFF file: nominal attributes are categories in their declared order, `?` is missing.

    In a sparse row an attribute that is not named is 0, and a nominal one its first level. The weight of a row becomes
    a column "weight", which is no input.

    Raises:
        InputError: an attribute or a row cannot be read.
    """
    attributes, rows, weights, lines = [], [], [], []
    begun = False
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("%"):
            continue
        if not begun and line.lower().startswith("@data"):
            begun = True
        elif not begun and line.lower().startswith("@attribute"):
            attributes.append(_attribute(line, reading, number))
        elif begun:
            weight = _WEIGHT.search(line) if not re.fullmatch(r"\{[^{}]*\}", line) else None
            row = line[: weight.start()] if weight else line
            rows.append(_row(row, attributes, reading, number))
            weights.append(float(weight[1]) if weight else 1.0)
            lines.append(number)
    if not attributes or not rows:
        lacks = "rows below @data" if attributes else "attributes"
        raise InputError(f"{reading.source}: the ARFF file has no {lacks}. Fetch it again.")
    names = unique_names([name for name, _ in attributes])
    columns = [
        _column(name, kind, [row[position] for row in rows])
        for position, (name, (_, kind)) in enumerate(zip(names, attributes, strict=True))
    ]
    if any(weight != 1.0 for weight in weights):
        columns.append(Column("weight" if "weight" not in names else "row weight", numbers=np.array(weights),
                              native="float", aside=WEIGHT))  # fmt: skip
    table = Table(tuple(columns), reading.source, locate=lambda row: lines[row])
    return table.with_notes(missing_notes(table.columns, table.place))


def _attribute(line: str, reading: Reading, number: int) -> tuple[str, Any]:
    """(name, "number" | "text" | "date" | "other" | list of levels)"""
    found = _ATTRIBUTE.match(line)
    if found is None:
        raise InputError(f"{reading.source}, line {number}: the attribute has no name and type: {line[:60]!r}.")
    name = _unescaped(next(part for part in found.groups()[:3] if part is not None))
    kind = found[4].strip()
    if kind.startswith("{"):
        inside = kind[1 : kind.rindex("}")] if "}" in kind else kind[1:]
        return name, [cell for cell in _cells(inside) if cell is not None]
    word = kind.split()[0].lower() if kind else ""
    if word in ("numeric", "real", "integer"):
        return name, "number"
    return name, {"string": "text", "date": "date"}.get(word, "other")


def _cells(line: str) -> list[str | None]:
    """The cells of a row; None for a question mark that is not quoted."""
    cells: list[str | None] = []
    at = 0
    while at <= len(line):
        found = _CELL.match(line, at)
        if found is None:
            break
        quoted = found[1] if found[1] is not None else found[2]
        cells.append(_unescaped(quoted) if quoted is not None else None if found[3] in ("?", "") else found[3])
        at = found.end()
        if found[4] == "" or at == found.start():
            break
    return cells


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), text)


def _row(line: str, attributes: list[tuple[str, Any]], reading: Reading, number: int) -> list[str | None]:
    if not line.startswith("{"):
        cells = _cells(line)
        if len(cells) != len(attributes):
            raise InputError(
                f"{reading.source}, line {number}: {len(cells)} cells, and there are {len(attributes)} attributes: "
                f"{line[:60]!r}. Put texts that hold a comma in quotes."
            )
        return cells
    row: list[str | None] = [kind[0] if isinstance(kind, list) and kind else "0" for _, kind in attributes]
    for pair in _pairs(line.strip("{} ")):
        position, cell = pair
        if not 0 <= position < len(attributes):
            raise InputError(f"{reading.source}, line {number}: there is no attribute {position} (they count from 0).")
        row[position] = cell
    return row


def _pairs(line: str) -> list[tuple[int, str | None]]:
    """(position, cell) of every entry of a sparse row."""
    pairs = []
    for found in re.finditer(r"(\d+)\s+(?:'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"|([^,]*))\s*(?:,|$)", line):
        quoted = found[2] if found[2] is not None else found[3]
        cell = _unescaped(quoted) if quoted is not None else found[4].strip()
        pairs.append((int(found[1]), None if quoted is None and cell == "?" else cell))
    return pairs


def _column(name: str, kind: Any, cells: list[str | None]) -> Column:
    import pyarrow as pa

    if isinstance(kind, list):
        levels = {level: code for code, level in enumerate(dict.fromkeys(kind))}
        codes = np.array([-1 if cell is None else levels.setdefault(cell, len(levels)) for cell in cells], np.int32)
        return Column(name, codes=codes, levels=tuple(levels), native="text", category="ordered")
    if kind == "number":
        try:
            numbers = [None if cell is None else float(cell) for cell in cells]
        except ValueError:
            return typed_column(name, pa.array(cells, pa.string()))
        whole = all(cell is None or re.fullmatch(r"[+-]?\d+", cell) for cell in cells)
        return columns_of({name: [None if cell is None else int(cell) for cell in cells] if whole else numbers})[0][0]
    if kind == "other":
        return unusable(name, len(cells), "relational attributes")
    return typed_column(name, pa.array(cells, pa.string()), native="date" if kind == "date" else "text")
