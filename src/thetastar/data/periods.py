"""Periods and intervals as pandas stores them in Arrow and Parquet: whole numbers and pairs, to texts."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from thetastar.data.table import number_text

__all__ = ["interval_texts", "period_texts"]

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_LAST_DAYS = {"MON": -3, "TUE": -2, "WED": -1, "THU": 0, "FRI": 1, "SAT": 2, "SUN": -4}  # of week 0, from 1 Jan 1970
_CLOCKS = {
    "h": "h", "H": "h", "min": "m", "T": "m", "s": "s", "S": "s", "ms": "ms", "L": "ms", "us": "us", "U": "us",
    "ns": "ns", "N": "ns",
}  # fmt: skip


def period_texts(ordinals: Any, frequency: str) -> Any:
    """Arrow texts of periods given as pandas counts them from 1970; None for a frequency that is not known.

    Months are `2024-01`, quarters `2024Q1` (their first month where the year does not end in December), years `2024`,
    weeks `2024-01-01/2024-01-07`, days and times as ISO 8601 writes them.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    unit, _, anchor = re.sub(r"^\d+", "", frequency).partition("-")
    missing = ordinals.is_null().to_numpy(zero_copy_only=False)
    counts = pc.fill_null(ordinals, 0).to_numpy(zero_copy_only=False).astype(np.int64)
    if unit in ("M", "ME"):
        texts = counts.astype("datetime64[M]").astype(str)
    elif unit in ("Q", "QE") and anchor in ("DEC", ""):
        texts = [f"{1970 + count // 4}Q{count % 4 + 1}" for count in counts.tolist()]
    elif unit in ("Q", "QE") and anchor in _MONTHS:
        texts = (3 * counts + _MONTHS.index(anchor) + 1 - 12).astype("datetime64[M]").astype(str)
    elif unit in ("Y", "A", "YE"):
        texts = (counts + 1970).astype(str)
    elif unit == "W" and (anchor or "SUN") in _LAST_DAYS:
        last = (7 * counts + _LAST_DAYS[anchor or "SUN"]).astype("datetime64[D]")
        texts = [f"{first}/{end}" for first, end in zip((last - 6).astype(str), last.astype(str), strict=True)]
    elif unit == "B":
        texts = (7 * ((counts + 3) // 5) + (counts + 3) % 5 - 3).astype("datetime64[D]").astype(str)
    elif unit == "D":
        texts = counts.astype("datetime64[D]").astype(str)
    elif unit in _CLOCKS:
        moments = counts.astype(f"datetime64[{_CLOCKS[unit]}]")
        texts = (moments.astype("datetime64[m]") if _CLOCKS[unit] == "h" else moments).astype(str)
    else:
        return None
    return pa.array(np.asarray(texts, dtype=object), pa.string(), mask=missing)


def interval_texts(cells: Any, closed: str) -> list[str | None]:
    """Texts such as `(0, 5]` of Arrow structs with the fields left and right, as pandas shows them."""
    before, behind = ("[" if closed in ("left", "both") else "("), ("]" if closed in ("right", "both") else ")")

    def shown(end: object) -> str:
        return number_text(end) if isinstance(end, int | float) else str(end)

    pairs = cells.to_pylist()
    known = [pair is not None and pair["left"] is not None for pair in pairs]
    return [
        f"{before}{shown(pair['left'])}, {shown(pair['right'])}{behind}" if there else None
        for pair, there in zip(pairs, known, strict=True)
    ]
