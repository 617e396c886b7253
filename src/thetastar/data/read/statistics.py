"""Files of statistics programs (SPSS sav, zsav, por; Stata dta; SAS sas7bdat, xpt) through pyreadstat.

What their programs say about a variable is kept: value labels make categories, user-missing values are missing, and
Stata's months, quarters and weeks are dates.
"""

from __future__ import annotations

import datetime
import io
from typing import Any

import numpy as np

from thetastar.data.arrow import unusable
from thetastar.data.cells import missing_notes, typed_column
from thetastar.data.frames import columns_of
from thetastar.data.read.reading import Reading, needs
from thetastar.data.table import Column, Table, number_text
from thetastar.errors import InputError

__all__ = ["statistics_kind", "statistics_table"]

_SAS7BDAT = bytes.fromhex("00000000 00000000 00000000 c2ea8160 b31411cf bd92080009c7318c181f1011")


def statistics_kind(data: bytes) -> str | None:
    """The name of pyreadstat's reader for a file that begins so; None for every other file."""
    if data[:4] in (b"$FL2", b"$FL3"):
        return "read_sav"
    if data.startswith(b"<stata_dta>") or (data[:1] in b"\x69\x6c\x6e\x6f\x71\x72\x73" and data[1:4] in _OLD_STATA):
        return "read_dta"
    if data.startswith(_SAS7BDAT):
        return "read_sas7bdat"
    if data.startswith(b"HEADER RECORD*******LIB"):
        return "read_xport"
    return "read_por" if data[:200].find(b"SPSS PORT FILE") >= 0 else None


_OLD_STATA = (b"\x01\x01\x00", b"\x02\x01\x00")


def statistics_table(data: bytes, reading: Reading, kind: str) -> Table:
    """The table of such a file.

    Raises:
        InputError: pyreadstat is missing, or the file is damaged.
    """
    try:
        import pyreadstat
    except ImportError:
        raise needs("pyreadstat", "pyreadstat", "Reading files of SPSS, Stata and SAS") from None
    try:
        raw = {"user_missing": True} if kind == "read_sav" else {}  # as written, with what is missing
        cells, about = getattr(pyreadstat, kind)(io.BytesIO(data), output_format="dict", **raw)
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, ValueError, OSError, UnicodeDecodeError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{reading.source}: the file is damaged or of an unknown version ({first}).") from None
    columns, notes = [], []
    for name, values in cells.items():
        labels = about.variable_value_labels.get(name) or {}
        known, gone = _without_missing(list(values), (about.missing_ranges or {}).get(name) or [])
        column, note = _column(name, known, labels, about.original_variable_types.get(name) or "")
        columns.append(column)
        notes += note
        if gone:
            shown = ", ".join(
                f"{number_or_text(value)}{f' ({labels[value]})' if value in labels else ''} in {count:,} "
                f"cell{'s' * (count > 1)}"
                for value, count in list(gone.items())[:4]
            )
            notes.append(f"{name!r}: {shown} counts as missing, as the file says (user-missing).")
    table = Table(tuple(columns), reading.source, notes=tuple(notes))
    return table.with_notes(missing_notes(table.columns, table.place))


def _without_missing(values: list[Any], spans: list[dict[str, Any]]) -> tuple[list[Any], dict[Any, int]]:
    """The values without those that the file calls missing, and how often each of these occurs."""
    gone: dict[Any, int] = {}
    if not spans:
        return values, gone

    def is_missing(value: Any) -> bool:
        return any(isinstance(value, type(span["lo"])) and span["lo"] <= value <= span["hi"] for span in spans)

    for value in values:
        if value is not None and is_missing(value):
            gone[value] = gone.get(value, 0) + 1
    return [None if value in gone else value for value in values], gone


def _column(name: str, values: list[Any], labels: dict[Any, str], form: str) -> tuple[Column, list[str]]:
    known = [value for value in values if value is not None and value == value and value != ""]
    if labels and known and all(value in labels for value in known):
        rising = sorted(labels, key=lambda value: (isinstance(value, str), value))
        order = {value: rank for rank, value in enumerate(rising)}
        texts = [str(labels[value]).strip() or number_or_text(value) for value in order]
        if len(set(texts)) < len(texts):  # two values with one label are told apart by their value
            texts = [f"{text} ({number_or_text(value)})" for text, value in zip(texts, order, strict=True)]
        codes = np.array([order.get(value, -1) if value == value else -1 for value in values], dtype=np.int32)
        return Column(name, codes=codes, levels=tuple(texts), native="text", category="ordered"), []
    unit = _period(form)
    if unit is not None:
        return _texts(name, [None if value is None else unit(int(value)) for value in values]), []
    if any(isinstance(value, datetime.datetime | datetime.date | datetime.time) for value in known):
        return _texts(name, [None if value is None or value != value else str(value) for value in values]), []
    made, _, _ = columns_of({name: values})
    note = []
    if labels and known:
        labelled = {value for value in known if value in labels}
        if labelled:
            shown = ", ".join(f"{number_or_text(value)} ({labels[value]})" for value in sorted(labelled, key=str)[:3])
            note.append(f"{name!r} has labels for some of its values only ({shown}); its values are read as they are.")
    return (made[0] if len(made) == 1 else unusable(name, len(values), "lists")), note


def number_or_text(value: Any) -> str:
    return number_text(value) if isinstance(value, int | float) else str(value)


def _texts(name: str, texts: list[str | None]) -> Column:
    import pyarrow as pa

    return typed_column(name, pa.array(texts, pa.string()), native="date")


def _period(form: str) -> Any:
    """Stata's times that are counted from 1960 in another unit than days: a function from count to text; else None."""
    unit = form[:3]
    return {"%tm": _month, "%tq": _quarter, "%th": _half, "%tw": _week}.get(unit)


def _month(count: int) -> str:
    return f"{1960 + count // 12}-{count % 12 + 1:02d}"


def _quarter(count: int) -> str:
    return f"{1960 + count // 4}Q{count % 4 + 1}"


def _half(count: int) -> str:
    return f"{1960 + count // 2}-{count % 2 * 6 + 1:02d}"


def _week(count: int) -> str:
    """Stata's years have 52 weeks, of which the first begins on New Year's day."""
    first = datetime.date(1960 + count // 52, 1, 1)
    return (first + datetime.timedelta(7 * (count % 52))).isoformat()
