"""Numbers as people write them: thousands separators, decimal commas, currencies, units; and what means missing.

A sign is decided for a whole file (`decimal_mark`), a style for a whole column (`read_numbers`), nothing per cell.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = [
    "DASH", "MAYBE_MISSING", "MISSING", "WrittenNumbers", "common_unit", "decimal_evidence", "decimal_mark",
    "mean_and_spread", "read_numbers",
]  # fmt: skip

# Cells that always mean "not known". "Na" (sodium) and "None" (a level in many questionnaires) are not among them.
MISSING = frozenset(
    " ? NA na N/A n/a #N/A #NA <NA> NULL null Null <null> NaN nan NAN Nan -nan -NaN NaT #NULL!".split(" ")  # "" as well
)

DASH = "-"  # missing where the other cells are numbers or dates; among texts (`+` and `-`) it is a value

# Words that mean "not known" only in a column that otherwise holds numbers or dates; as a category they are a level.
MAYBE_MISSING = frozenset(
    "- . .. ... -- --- none nil unknown unk missing n.a. n.a n/k n.d. n.d tbd tba empty blank #value! #ref! #div/0! "
    "#name? #num! 0000-00-00 00/00/0000".split()
) | {"not available", "not known"}

_SIGNS = "$€£¥₹₽₩₺₴₫₱₦"
_CODES = (
    "USD EUR GBP JPY CHF CNY INR AUD CAD NZD SEK NOK DKK PLN CZK HUF RON BGN TRY RUB UAH ILS ZAR BRL MXN ARS CLP COP "
    "KRW SGD HKD TWD THB IDR MYR PHP VND AED SAR EGP NGN KES US$ A$ C$ R$ HK$ NT$ Rs. Rs kr. kr zł Kč Ft"
).split()
_NUMBER = r"(?:\d[\d.,' \x{a0}\x{202f}\x{2009}]*|[.,]\d+)(?:[eE][+-]?\d+)?"
_PLAIN = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_COMMA_GROUPS = r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d{1,2}(?:,\d{2})+,\d{3})(?:\.\d*)?"  # 1,234,567 and India's 12,34,567
_COMMA_DECIMAL = r"[+-]?(?:\d{1,3}(?:\.\d{3})+|\d*),\d+(?:[eE][+-]?\d+)?"
_DOT_GROUPS = r"[+-]?\d{1,3}(?:\.\d{3})+"
_SPACE_GROUPS = r"[+-]?\d{1,3}(?:[ \x{a0}\x{202f}\x{2009}']\d{3})+(?:[.,]\d+)?"
_SIGNED = r"^[+-]?[\d.,]*\d[\d.,]*$"
_ENOUGH = 2_000  # texts that are asked for a file's signs where their currency must be dropped first
_MEASURED = re.compile(r"^[+-]?(?:\d[\d.,]*|[.,]\d+)(?:[eE][+-]?\d+)?\s*([^\d\s.,+-][^\d]{0,11}?[23²³]?)$")


@dataclass(frozen=True, eq=False)
class WrittenNumbers:
    """Texts read as numbers: `values` (n,) float64, nan where `valid` is False; `style` as in `Column.style`."""

    values: np.ndarray
    valid: np.ndarray
    style: str = ""


def read_numbers(texts: Sequence[str], *, comma_is_decimal: bool = False, style: str | None = None) -> WrittenNumbers:
    """Read texts of one column as numbers, by one rule for the whole column.

    A comma is a thousands separator where every comma stands before a group of three digits (in India also of two),
    and a decimal sign otherwise; in a file that is separated by semicolons (`comma_is_decimal`) it is a decimal sign
    first. A currency's sign or code is dropped where only one occurs; a percent sign where every number carries it;
    brackets around some of the numbers mean below zero, as in accounts.

    Args:
        texts: The distinct texts of the column, without missing ones.
        comma_is_decimal: Prefer the decimal comma where both readings are possible.
        style: Force "thousands" or "decimal comma", as found in another file of the same kind; with a unit behind a
            bar ("|kW") numbers may carry that unit.

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
    style, _, unit = (style or "").partition("|")
    if unit:
        array = pc.replace_substring_regex(array, rf"^(.*\d[.,]?)\s*{re.escape(unit)}$", r"\1")
    if style not in ("thousands", "decimal comma"):
        style = ""
    if style != "decimal comma":
        try:
            return WrittenNumbers(_cast(array), np.ones(len(array), bool), f"|{unit}" * bool(unit))
        except pa.ArrowInvalid:
            pass
    plain = _without_signs(array)
    commas = _matches(plain, ",")
    style = style or _comma_style(plain, commas, comma_is_decimal)
    spaced = _matches(plain, f"^{_SPACE_GROUPS}$")
    if spaced.any():
        plain = pc.if_else(
            pa.array(spaced), pc.replace_substring_regex(plain, r"[ \x{a0}\x{202f}\x{2009}']", ""), plain
        )
    refused = np.zeros(len(array), bool)
    if style == "thousands":
        grouped = pa.array(_matches(plain, f"^{_COMMA_GROUPS}$"))
        plain = pc.if_else(grouped, pc.replace_substring(plain, ",", ""), plain)
    elif style == "decimal comma":
        european = _matches(plain, f"^(?:{_COMMA_DECIMAL}|{_DOT_GROUPS})$")
        refused = _matches(plain, r"\.") & ~european  # a point groups thousands here: `2.5` is no number
        turned = pc.replace_substring(pc.replace_substring(plain, ".", ""), ",", ".")
        plain = pc.if_else(pa.array(european), turned, plain)
    valid = _matches(plain, f"^(?:{_PLAIN}|[+-]?(?i:inf|infinity))$") & ~refused
    values = np.full(len(array), np.nan)
    if valid.any():
        values[valid] = _cast(plain.filter(pa.array(valid)))
    return WrittenNumbers(values, valid, style + f"|{unit}" * bool(unit))


def common_unit(texts: Sequence[str]) -> str:
    """The one unit that stands behind every number among the texts (`101.3 kW`); "" where there is none.

    Texts that do not begin with a digit are passed over; numbers with leading zeros are codes and have no unit.
    """
    units = set()
    for text in texts:
        if not re.match(r"[+-]?[.,]?\d", text):
            continue
        found = _MEASURED.match(text)
        if found is None or re.match(r"[+-]?0\d", text):
            return ""
        units.add(found[1])
        if len(units) > 1:
            return ""
    return units.pop() if units else ""


def decimal_evidence(texts: Sequence[str]) -> tuple[bool, bool, bool, bool]:
    """What the numbers of one column say about its signs, read from their distinct texts.

    Returns:
        Whether some number must have a decimal comma (`1,5`), whether one must have a decimal point; whether points
        group thousands (`1.234.567`, or `12.500` where all numbers without a point are below 1000), whether commas do.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    array = pa.array(list(texts), pa.string())
    numeric = pc.filter(array, pc.match_substring_regex(array, _SIGNED))
    if len(numeric) * 2 < len(array):  # perhaps there are currencies; a part of them says enough
        array = _without_signs(array.slice(0, _ENOUGH))
        numeric = pc.filter(array, pc.match_substring_regex(array, _SIGNED))
    if len(numeric) == 0:
        return False, False, False, False
    comma, point = _one_sign(numeric, ","), _one_sign(numeric, r"\.")
    both_comma = bool(_matches(numeric, r"\.\d{3},\d").any())
    both_point = bool(_matches(numeric, r",\d{3}\.\d").any())
    return comma[0] or both_comma, point[0] or both_point, point[1] or both_comma, comma[1] or both_point


def _one_sign(numeric: Any, sign: str) -> tuple[bool, bool]:
    """Whether `sign` must be a decimal sign in some number, and whether it groups thousands in the column."""
    other = "," if sign != "," else "."
    must = rf"^[+-]?(?:\d*{sign}(?:\d{{1,2}}|\d{{4,}})|0\d*{sign}\d+|\d{{4,}}{sign}\d+|{sign}\d+)$"
    decimal = bool(_matches(numeric, must).any())
    groups = _matches(numeric, rf"^[+-]?[1-9]\d{{0,2}}(?:{sign}\d{{3}})+$")
    if not groups.any() or decimal:
        return decimal, False
    twice = bool(_matches(numeric, rf"^[+-]?[1-9]\d{{0,2}}(?:{sign}\d{{3}}){{2,}}$").any())
    bare = ~_matches(numeric, sign) & ~_matches(numeric, re.escape(other))
    small = _matches(numeric, r"^[+-]?\d{1,3}$")
    below = bool(bare.any()) and bool(small[bare].all()) and int(groups.sum()) >= 3
    return False, twice or below


def decimal_mark(evidence: Sequence[tuple[bool, bool, bool, bool]], separator: str) -> str:
    """The decimal sign of a whole file from the evidence of its columns: ",", "." or "" where nothing tells.

    Points that group thousands in a file that is separated by commas need a second witness (two groups in a number
    are one): there a column of whole numbers beside multiples of a thousandth is likelier.
    """
    comma, point, dot_groups, comma_groups = (any(column[i] for column in evidence) for i in range(4))
    if comma != point:
        return "," if comma else "."
    if comma:
        return ""
    if dot_groups != comma_groups and (comma_groups or separator != ","):
        return "," if dot_groups else "."
    return ""


def mean_and_spread(values: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation, also of numbers whose squares are beyond float64 (1e200)."""
    largest = max(float(values.max()), -float(values.min()))
    if largest <= 1e150:
        return float(values.mean()), float(values.std())
    return float((values / largest).mean()) * largest, float((values / largest).std()) * largest


def _cast(array: Any) -> np.ndarray:
    """Plain texts to float64; Arrow's parser does not know `+5`, so the sign is dropped where it stands."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        cast = pc.cast(array, pa.float64())
    except pa.ArrowInvalid:
        cast = pc.cast(pc.replace_substring_regex(array, r"^\+", ""), pa.float64())
    return cast.to_numpy(zero_copy_only=False).astype(np.float64)  # a copy: Arrow's memory is read-only


def _matches(array: Any, pattern: str) -> np.ndarray:
    import pyarrow.compute as pc

    return pc.match_substring_regex(array, pattern).to_numpy(zero_copy_only=False)


def _without_signs(array: Any) -> Any:
    """Typesetters' minus signs and quotes made plain; one currency and accounts' brackets dropped; and a percent sign
    that every number carries."""
    import pyarrow.compute as pc

    for sign in ("\u2212", "\u2013"):  # the minus signs of typesetters
        array = pc.replace_substring(array, sign, "-")
    array = pc.replace_substring_regex(array, r"^(['\"])(.*)(['\"])$", r"\2")
    array = _without_currency(array)
    bracketed = _matches(array, rf"^\(\s*{_NUMBER}\s*%?\s*\)$")
    if bracketed.any() and not bracketed.all():  # where all are bracketed, (1) (2) (3) number something
        array = pc.replace_substring_regex(array, rf"^\(\s*({_NUMBER}\s*%?)\s*\)$", r"-\1")
        array = _without_currency(pc.replace_substring_regex(array, r"^-\s+", "-"))
    array = pc.replace_substring_regex(array, rf"^({_NUMBER})-$", r"-\1")  # as some ledgers write it
    numeric = _matches(array, r"^[+-]?[\d.,]+\s*%?$")
    percent = _matches(array, r"\d\s*%$")
    if percent.any() and np.array_equal(numeric, percent):
        array = pc.replace_substring_regex(array, r"\s*%$", "")
    return array


def _without_currency(array: Any) -> Any:
    """Drop a currency's sign or code before or behind the numbers, where only one occurs."""
    import pyarrow as pa
    import pyarrow.compute as pc

    either = "|".join(map(re.escape, (*sorted(_CODES, key=len, reverse=True), *_SIGNS)))
    beside = rf"^[(+-]?\s*(?P<before>{either})\s*[+-]?[.,]?\d|\d\s*(?P<behind>{either})\)?$"
    here = _matches(array, beside)
    if not here.any():
        return array
    parts = pc.extract_regex(array.filter(pa.array(here)), beside)
    found = {sign for part in ("before", "behind") for sign in pc.unique(pc.struct_field(parts, part)).to_pylist()} - {
        ""
    }
    if len(found) != 1:
        return array
    sign = re.escape(found.pop())
    bare = pc.replace_substring_regex(array, rf"^([(+-]?)\s*{sign}\s*", r"\1")
    return pc.if_else(pa.array(here), pc.replace_substring_regex(bare, rf"\s*{sign}(\)?)$", r"\1"), array)


def _comma_style(array: Any, commas: np.ndarray, comma_is_decimal: bool) -> str:
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
