"""How scores, counts, times and names are written in the report and on the screen: one rule for each."""

from __future__ import annotations

import math

__all__ = ["PERCENT_METRICS", "count", "duration", "is_number", "score", "shown", "spread"]

PERCENT_METRICS = {"accuracy", "balanced_accuracy", "coverage", "subset_accuracy"}
"""Shares of rows: read as per cent. Every other score is a plain number."""

_UNIT_METRICS = {
    "auc",
    "f1",
    "macro_f1",
    "r2",
    "log_loss",
    "precision",
    "recall",
    "macro_auc",
    "micro_auc",
    "micro_f1",
    "scaled_rmse",
    "scaled_mae",
}


def is_number(value: object) -> bool:
    """Whether `value` is a finite number (not None, NaN, infinite, or a boolean)."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def score(value: float | None, metric: str | None = None, digits: int = 3) -> str:
    """A score as text: `97.2 %` for shares of rows, `0.851` for scores about one, four digits for the rest.

    `digits` counts the decimals of scores about one; per cent get two fewer. No number gives a dash.

    >>> score(0.97222, "accuracy"), score(0.85117, "auc"), score(53412.7, "rmse"), score(0.0123456, "rmse")
    ('97.2 %', '0.851', '53,413', '0.01235')
    """
    if value is None or not is_number(value):
        return "–"
    if metric in PERCENT_METRICS:
        return f"{100 * value:.{max(digits - 2, 0)}f} %"
    if metric in _UNIT_METRICS and abs(value) < 10:
        text = f"{value:.{digits}f}"
        return text.lstrip("-") if float(text) == 0 else text
    return _four_digits(value)


def spread(value: float | None, metric: str | None = None) -> str:
    """A standard deviation beside a score, in the same unit and with the same decimals."""
    return score(value, metric, digits=4)


def count(value: float | None) -> str:
    """A count with thousands commas; a mean of counts (epochs over re-runs) with one decimal when it needs it."""
    if value is None or not is_number(value):
        return "–"
    return f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 100 else f"{value:,.1f}"


def shown(name: object) -> str:
    """A name from the data so that nothing about it is invisible: blanks are said, control characters written out.

    >>> shown(""), shown("a\\nb"), shown("plain name")
    ('(blank)', 'a\\\\nb', 'plain name')
    """
    text = str(name)
    if not text.strip():
        return "(blank)"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def duration(seconds: float | None) -> str:
    """Seconds as people say them: `40 ms`, `0.4 s`, `41 s`, `2 min 05 s`, `1 h 03 min`."""
    if seconds is None or not is_number(seconds):
        return "–"
    if 0 < seconds < 0.095:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    minutes, rest = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def _four_digits(value: float) -> str:
    if value == 0:
        return "0"
    if 1000 <= abs(value) < 1e9:
        return f"{value:,.0f}"
    text = f"{value:#.4g}".rstrip(".")
    if "e" not in text:
        return text
    mantissa, exponent = f"{value:.4g}".split("e")
    return f"{mantissa}e{int(exponent)}"
