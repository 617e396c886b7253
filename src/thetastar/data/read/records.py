"""Records as text: JSON lines, JSON arrays of records, JSON objects of columns; and svmlight's rows of index:value."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import numpy as np

from thetastar.data.cells import missing_notes
from thetastar.data.frames import columns_of
from thetastar.data.read.reading import Reading
from thetastar.data.table import Column, Table
from thetastar.errors import InputError

__all__ = ["is_json", "is_svmlight", "json_table", "svmlight_table"]

_SVMLIGHT = re.compile(rb"[+-]?[\d.eE+-]+(?:,[\d.eE+-]+)*(?:\s+qid:\d+)?(?:\s+\d+:[+-]?[\d.eEinfaN+-]+)*\s*(?:#.*)?$")
_MOST_CELLS = 250_000_000  # of a table with every zero written out: two gigabytes


def is_json(data: bytes) -> bool:
    """Whether a text begins as JSON records do: an object with a key, or an array of objects."""
    return bool(re.match(rb'\s*(?:\{\s*"|\[\s*\{)', data[:4096]))


def json_table(data: bytes, reading: Reading) -> Table:
    """The table of JSON lines (an object a line), of an array of objects, or of an object of columns.

    Raises:
        InputError: the text is no JSON, or holds no records.
    """
    text = _text(data, reading)
    try:
        rows = json.loads(text)
    except ValueError as whole:
        rows = _lines(text, reading, whole)
    if isinstance(rows, dict):
        rows = _columns(rows)
    columns, _, _ = columns_of(rows)
    table = Table(tuple(columns), reading.source)
    return table.with_notes(missing_notes(table.columns, table.place))


def _text(data: bytes, reading: Reading) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{reading.source}: JSON is UTF-8, but byte {error.start} is not. Save it as UTF-8.") from None


def _lines(text: str, reading: Reading, whole: ValueError) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            found = whole if not rows else error
            raise InputError(
                f"{reading.source}, line {number}: this is no JSON ({str(found)[:80]}). Give an object a line, or an "
                "array of objects."
            ) from None
        if not isinstance(row, dict):
            raise InputError(f"{reading.source}, line {number}: a record is an object with names, not {line[:40]!r}.")
        rows.append(row)
    return rows


def _columns(found: dict[str, Any]) -> Any:
    """An object of columns: lists of cells, or (as pandas writes them) objects from row to cell; else one record."""
    values = list(found.values())
    if values and all(isinstance(value, dict) for value in values):
        rows = list(dict.fromkeys(row for value in values for row in value))
        return {name: [value.get(row) for row in rows] for name, value in found.items()}
    if values and all(isinstance(value, list) for value in values) and len({len(value) for value in values}) == 1:
        return found
    return [found]


def is_svmlight(data: bytes) -> bool:
    """Whether a text holds svmlight's rows: a target, then index:value for what is not 0."""
    lines = [line for line in data[:65_536].split(b"\n")[:50] if line.strip() and not line.lstrip().startswith(b"#")]
    lines = lines if len(data) <= 65_536 or len(lines) > 1 else []
    return bool(lines) and any(b":" in line for line in lines) and all(_SVMLIGHT.match(line.strip()) for line in lines)


def svmlight_table(data: bytes, reading: Reading) -> Table:
    """The table of svmlight's (libsvm's) rows: the column "target", then a column an index.

    A later file of the same kind has the columns of the first one: what it does not name is 0.

    Raises:
        InputError: a row cannot be read, rows have several targets, or the table would be too large.
    """
    from sklearn.datasets import load_svmlight_file

    try:
        rows, target, group = load_svmlight_file(io.BytesIO(data), query_id=True, zero_based=True, multilabel=False)
    except (ValueError, OverflowError) as error:
        raise InputError(f"{reading.source}: an svmlight row cannot be read ({str(error)[:80]}).") from None
    first = 1 if rows[:, 0].nnz == 0 and not re.search(rb"\s0:", data) else 0
    names = [str(index) for index in range(first, rows.shape[1])]
    if reading.expected and "target" in reading.expected:
        names = [name for name in reading.expected if name.isdigit()]
    if rows.shape[0] * max(1, len(names)) > _MOST_CELLS:
        raise InputError(
            f"{reading.source}: {rows.shape[0]:,} rows of {len(names):,} numbers, nearly all of them 0, are too "
            "many to write out. Choose columns first, or reduce them (scikit-learn's TruncatedSVD)."
        )
    width = max(map(int, names), default=0) + 1
    dense = np.zeros((rows.shape[0], width))
    seen = rows[:, :width].toarray()
    dense[:, : seen.shape[1]] = seen
    columns = [Column("target", numbers=target.astype(np.float64), native="float")]
    if re.search(rb"\sqid:", data[:65_536]):
        columns.append(Column("qid", numbers=group.astype(np.float64), native="integer", aside=_QUERY))
    columns += [Column(name, numbers=np.ascontiguousarray(dense[:, int(name)]), native="float") for name in names]
    return Table(tuple(columns), reading.source)


_QUERY = "It is the query that a row belongs to, not what it is."
