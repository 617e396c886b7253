"""What every function of this room returns: a frozen result of plain arrays that can print and draw itself."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

__all__ = ["CLASS_COLORS", "Explanation", "factor", "flat_numbers", "number", "plain", "signed", "subscript"]


@dataclass(frozen=True)
class Explanation:
    """The contract of a result: its fields are the numbers, `str` is the text, `charts` the pictures.

    Nothing is only a picture: whatever is drawn stands in the fields too.
    """

    def charts(self) -> list[dict[str, Any]]:
        """The pictures as plain data, in the form that `thetastar.charts` draws; none where there are none."""
        return []

    def to_dict(self) -> dict[str, Any]:
        """All fields as plain JSON values; numbers that are not finite become None."""
        return {field.name: plain(getattr(self, field.name)) for field in fields(self)}

    def _repr_html_(self) -> str:
        """The pictures where they can be drawn, and the text under them."""
        try:
            from thetastar.charts import fragment
        except ImportError:  # an installation without pictures still shows the numbers
            drawn = ""
        else:
            drawn = "".join(fragment(spec) for spec in self.charts())
        return f"{drawn}<pre>{html.escape(str(self))}</pre>"


CLASS_COLORS = ("orange", "blue", "green", "purple", "teal", "brown")  # of two the second is a map's blue, high side


def plain(value: Any) -> Any:
    """A value as JSON has it: arrays as lists, results as dicts, NaN and infinities as None."""
    if isinstance(value, Explanation):
        return value.to_dict()
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)


def flat_numbers(values: Iterable[float] | np.ndarray) -> list[float | None]:
    """Numbers for a picture: flat, to seven digits, None where there is none."""
    return [float(f"{v:.7g}") if math.isfinite(v) else None for v in np.ravel(np.asarray(values, float)).tolist()]


def number(value: float, digits: int = 6) -> str:
    """A number as a person writes it: -7.98, 0.038, 1.2e-07; never -0."""
    text = f"{float(value):.{digits}g}"
    return "0" if text == "-0" else text


def factor(value: float, digits: int = 6) -> str:
    """A number inside a product or a sum: a negative one stands in parentheses."""
    text = number(value, digits)
    return f"({text})" if text.startswith("-") else text


def signed(value: float, digits: int = 4) -> str:
    """A change, with its sign: +0.0798, -0.74."""
    text = number(value, digits)
    return text if text.startswith("-") or text == "0" else f"+{text}"


_SUBSCRIPTS = str.maketrans("0123456789,", "₀₁₂₃₄₅₆₇₈₉‚")


def subscript(index: int | tuple[int, ...], count: int | None = None) -> str:
    """An index from 0 as a subscript from 1; nothing where there is only one to choose from."""
    if count == 1:
        return ""
    places = index if isinstance(index, tuple) else (index,)
    separator = "" if all(place < 9 for place in places) else ","
    return separator.join(str(place + 1) for place in places).translate(_SUBSCRIPTS)
