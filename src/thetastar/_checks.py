"""The rules that arguments must keep, and one wording for breaking them: where, the rule, what arrived, what to do."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any

import numpy as np

from .errors import InputError

WIDEST = 2**24  # numbers a sample or neurons a layer: sizes of any product of two fit 64 bits with room to spare


def whole(where: str, name: str, value: object, low: int = 0, high: int = 2**63 - 1) -> int:
    """Return `value` as an int from `low` to `high`; as a rule the highest that the core's 64 bits can hold."""
    if type(value) is int and low <= value <= high:  # asked of every one of ten thousand jobs: no abstract classes then
        return value
    if isinstance(value, Integral) and not isinstance(value, bool) and low <= value <= high:
        return int(value)
    if isinstance(value, Integral) and not isinstance(value, bool) and value > high:
        raise InputError(f"{where}: {name} must be a whole number up to {high:,}. Got {value!r}. Choose a smaller one.")
    raise InputError(
        f"{where}: {name} must be a whole number of {low} or more. Got {value!r}. Use {name}={max(low, 1)} or more."
    )


def real(
    where: str,
    name: str,
    value: object,
    low: float = -math.inf,
    high: float = math.inf,
    *,
    open_low: bool = False,
    open_high: bool = False,
) -> float:
    """Return `value` as a finite float between `low` and `high`, whose ends are included unless marked open."""
    if isinstance(value, Real) and not isinstance(value, bool) and _is_finite(value):
        above = value > low if open_low else value >= low
        below = value < high if open_high else value <= high
        if above and below:
            return float(value)
    rule = "a finite number"
    if low > -math.inf:
        rule += f" {'above' if open_low else 'from'} {low:g}"
    if high < math.inf:
        rule += f" {'and below' if open_high else 'up to'} {high:g}"
    raise InputError(f"{where}: {name} must be {rule}. Got {value!r}. Choose a value in that range.")


def _is_finite(value: Real) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond every float
        return False


def plain_name(name: str) -> str:
    """Reduce a name to letters and digits, so that "BCEWithLogits", "bce_with_logits" and "BCE with logits" are one."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a sentence that names the closest known names, or all of them where none is close."""
    known = list(known)
    close = difflib.get_close_matches(str(name), known, n=3, cutoff=0.5)
    return f"Did you mean {' or '.join(map(repr, close))}?" if close else f"There are: {', '.join(known)}."


def one_of(where: str, name: str, value: object, known: Iterable[str]) -> str:
    """Return `value` where it is one of the `known` names."""
    known = list(known)
    if isinstance(value, str) and value in known:
        return value
    raise InputError(f"{where}: there is no {name} {value!r}. {nearest(str(value), known)}")


_OTHER_KINDS = {
    "UST": ("text", "Encode it as numbers first; ts.fit does that for tables"),
    "Mm": ("dates or spans of time", "Give numbers, such as days since the first; ts.fit does that for tables"),
    "cc": ("complex numbers", "Give real and imaginary parts as columns of their own"),
    "VV": ("records with named fields", "Give one plain column for each; ts.fit reads tables with names"),
}


def plain_numbers(where: str, name: str, value: Any) -> Any:
    """Return `value`, or refuse what NumPy would turn into other numbers without a word: masked, text, dates, complex.

    Whatever is no array of numbers for another reason is left to who converts it.
    """
    parts = value if isinstance(value, list | tuple) else [value]
    masked = [part for part in parts if isinstance(part, np.ma.MaskedArray)]
    if count := sum(map(np.ma.count_masked, masked)):
        got, remedy = (
            f"{count} masked of {sum(part.size for part in masked)}",
            "Fill them in, as with numpy.ma.filled, or leave their rows out",
        )
    else:
        try:
            array = np.asarray(value)
        except (TypeError, ValueError):  # rows of different lengths
            return value
        kinds = {array.dtype.kind}
        if array.dtype.kind == "O":
            kinds = {np.asarray(cell).dtype.kind for cell in array.ravel().tolist() if not isinstance(cell, Real)}
        got, remedy = next((words for letters, words in _OTHER_KINDS.items() if kinds & set(letters)), ("", ""))
    if got:
        raise InputError(f"{where}: {name} must be plain numbers. Got {got}. {remedy}.")
    return value
