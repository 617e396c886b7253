"""Numbers as people write them: thousands separators, decimal commas, currency signs; and what means missing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["MAYBE_MISSING", "MISSING", "WrittenNumbers", "mean_and_spread", "read_numbers"]

# Cells that always mean "not known". "Na" (sodium) and "None" (a level in many questionnaires) are not among them.
MISSING = frozenset(
    " ? - NA na N/A n/a #N/A #NA <NA> NULL null Null <null> NaN nan NAN Nan -nan -NaN NaT #NULL!".split(
        " "
    )  # "" as well
)

# Words that mean "not known" only in a column that otherwise holds numbers or dates; as a category they are a level.
MAYBE_MISSING = frozenset(
    ". .. ... -- --- none nil unknown unk missing n.a. n.a n/k tbd tba empty blank #value! #ref! #div/0! #name? #num! "
    "0000-00-00 00/00/0000".split()
) | {"not available", "not known"}

_CURRENCY = "$€£¥₹"
_PLAIN = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_COMMA_GROUPS = r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?"
_COMMA_DECIMAL = r"[+-]?(?:\d{1,3}(?:\.\d{3})+|\d*),\d+(?:[eE][+-]?\d+)?"
_DOT_GROUPS = r"[+-]?\d{1,3}(?:\.\d{3})+"
_SPACE_GROUPS = r"[+-]?\d{1,3}(?:[ \x{a0}\x{202f}\x{2009}']\d{3})+(?:[.,]\d+)?"
_INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class WrittenNumbers:
    """Texts read as numbers: `values` (n,) float64, nan where `valid` is False; `style` as in `Column.style`."""

    values: np.ndarray
    valid: np.ndarray
    style: str = ""


def read_numbers(texts: Sequence[str], *, comma_is_decimal: bool = False, style: str | None = None) -> WrittenNumbers:
    """Read texts of one column as numbers, by one rule for the whole column.

    A comma is a thousands separator where every comma stands before a group of three digits, and a decimal sign
    otherwise; in a file that is separated by semicolons (`comma_is_decimal`) it is a decimal sign first. A currency
    sign is dropped where only one sign occurs; a percent sign where every number carries it.

    Args:
        texts: The distinct texts of the column, without missing ones.
        comma_is_decimal: Prefer the decimal comma where both readings are possible.
        style: Force "thousands" or "decimal comma", as found in another file of the same kind.

    Returns:
        The numbers, which texts could be read, and the style that was found.

    Example:
        >>> read_numbers(["2,146", "1,582.5"]).values.tolist()
        [2146.0, 1582.5]
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    array = pa.array(list(texts), pa.string())
    if len(array) == 0:
        return WrittenNumbers(np.empty(0), np.empty(0, bool))
    try:
        return WrittenNumbers(_cast(array), np.ones(len(array), bool))
    except pa.ArrowInvalid:
        pass
    plain = array
    for sign in ("\u2212", "\u2013"):  # the minus signs of typesetters
        plain = pc.replace_substring(plain, sign, "-")
    plain = pc.replace_substring_regex(plain, r"^(['\"])(.*)(['\"])$", r"\2")
    plain = _without_signs(plain)
    commas = _matches(plain, ",")
    style = style or _comma_style(plain, commas, comma_is_decimal)
    spaced = _matches(plain, f"^{_SPACE_GROUPS}$")
    if spaced.any():
        plain = pc.if_else(
            pa.array(spaced), pc.replace_substring_regex(plain, r"[ \x{a0}\x{202f}\x{2009}']", ""), plain
        )
    if style == "thousands":
        grouped = pa.array(_matches(plain, f"^{_COMMA_GROUPS}$"))
        plain = pc.if_else(grouped, pc.replace_substring(plain, ",", ""), plain)
    elif style == "decimal comma":
        european = pa.array(_matches(plain, f"^(?:{_COMMA_DECIMAL}|{_DOT_GROUPS})$"))
        turned = pc.replace_substring(pc.replace_substring(plain, ".", ""), ",", ".")
        plain = pc.if_else(european, turned, plain)
    valid = _matches(plain, f"^(?:{_PLAIN}|[+-]?(?i:inf|infinity))$")
    values = np.full(len(array), np.nan)
    if valid.any():
        values[valid] = _cast(plain.filter(pa.array(valid)))
    return WrittenNumbers(values, valid, style)


def mean_and_spread(values: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation, also of numbers whose squares are beyond float64 (1e200)."""
    largest = float(np.abs(values).max())
    size = largest if largest > 1e150 else 1.0
    return float((values / size).mean()) * size, float((values / size).std()) * size


def _cast(array) -> np.ndarray:
    """Plain texts to float64; Arrow's parser does not know `+5`, so the sign is dropped where it stands."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        cast = pc.cast(array, pa.float64())
    except pa.ArrowInvalid:
        cast = pc.cast(pc.replace_substring_regex(array, r"^\+", ""), pa.float64())
    return cast.to_numpy(zero_copy_only=False).astype(np.float64)  # a copy: Arrow's memory is read-only


def _matches(array, pattern: str) -> np.ndarray:
    import pyarrow.compute as pc

    return pc.match_substring_regex(array, pattern).to_numpy(zero_copy_only=False)


def _without_signs(array):
    """Drop one currency sign, or a percent sign that every number carries."""
    import pyarrow.compute as pc

    signs = [sign for sign in _CURRENCY if _matches(array, re.escape(sign)).any()]
    if len(signs) == 1:
        sign = re.escape(signs[0])
        array = pc.replace_substring_regex(array, rf"^([+-]?)\s*{sign}\s*([+-]?)", r"\1\2")
        array = pc.replace_substring_regex(array, rf"\s*{sign}$", "")
    numeric = _matches(array, r"^[+-]?[\d.,]+\s*%?$")
    percent = _matches(array, r"\d\s*%$")
    if percent.any() and np.array_equal(numeric, percent):
        array = pc.replace_substring_regex(array, r"\s*%$", "")
    return array


def _comma_style(array, commas: np.ndarray, comma_is_decimal: bool) -> str:
    """What the comma means in this column: "thousands", "decimal comma" or "" where there is none."""
    import pyarrow as pa

    if not commas.any():
        return ""
    with_comma = array.filter(pa.array(commas))
    candidates = _matches(with_comma, r"^[+-]?[\d.,]+(?:[eE][+-]?\d+)?$")
    if not candidates.any():
        return ""
    with_comma = with_comma.filter(pa.array(candidates))
    thousands = _matches(with_comma, f"^{_COMMA_GROUPS}$").all()
    decimal = _matches(with_comma, f"^{_COMMA_DECIMAL}$").all()
    if thousands and decimal:
        return "decimal comma" if comma_is_decimal else "thousands"
    return "thousands" if thousands else "decimal comma" if decimal else ""
