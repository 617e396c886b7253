"""One horizontal axis for many rows of dots: where a score stands between 0 and 100 % of a strip's width."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from thetastar.model.metrics import METRICS
from thetastar.report.numbers import PERCENT_METRICS

__all__ = ["Scale", "scale_for"]


@dataclass(frozen=True)
class Scale:
    """A closed range of scores; what lies outside is drawn as an arrow at the edge."""

    low: float
    high: float

    def place(self, value: float) -> float:
        """Per cent of the strip's width, kept inside."""
        return round(min(max(100 * (value - self.low) / (self.high - self.low), 0.0), 100.0), 2)

    def side(self, value: float) -> str:
        """`inside`, `left` or `right` of the strip."""
        return "left" if value < self.low else "right" if value > self.high else "inside"

    def ticks(self, metric: str | None, wanted: int = 4) -> list[dict[str, Any]]:
        """Round numbers along the strip: `{"at": per cent, "text": …}`."""
        rough = (self.high - self.low) / wanted
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough * 0.999)
        first = math.ceil(self.low / step)
        values = [round((first + i) * step, 12) for i in range(2 * wanted + 2) if (first + i) * step <= self.high]
        if metric in METRICS:  # the strip has a margin, but nothing can score more than 1 where 1 is the most
            least, most = METRICS[metric].least, METRICS[metric].most
            values = [value for value in values if least <= value <= most]
        percent = metric in PERCENT_METRICS
        texts = [f"{100 * value:.10g} %" if percent else f"{value:,.10g}" for value in values]
        return [{"at": self.place(value), "text": text} for value, text in zip(values, texts, strict=True)]


def scale_for(core: Sequence[float | None], others: Sequence[float | None]) -> Scale:
    """The range that shows `core` well, stretched to those of `others` within three quarters of its width.

    A baseline such as the mean often lies so far off that including it would press every network into one spot.
    """
    known = _numbers(core) or _numbers(others)
    low, high = min(known, default=0.0), max(known, default=1.0)
    reach = 0.75 * (high - low)
    near = [value for value in _numbers(others) if low - reach <= value <= high + reach]
    low, high = min([low, *near]), max([high, *near])
    margin = 0.06 * (high - low) or 0.05 * abs(high) or 0.5
    return Scale(low - margin, high + margin)


def _numbers(values: Sequence[float | None]) -> list[float]:
    return [value for value in values if value is not None and math.isfinite(value)]
