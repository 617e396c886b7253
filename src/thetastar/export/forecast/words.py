"""What an exported forecast says about itself at its head: what goes in, in which order, and what comes out."""

from __future__ import annotations

import json
import textwrap

from thetastar.export.forecast.parts import PAST_ROWS, Forecaster

__all__ = ["layout", "python_words", "words"]


def words(forecaster: Forecaster, call: str = "forecast({ values, after, series, known, past })") -> str:
    """The head of a script: what it forecasts, and what it takes."""
    made = f"thetastar {forecaster.version}".strip()
    first = (
        f"Forecasts {json.dumps(forecaster.target)}, {forecaster.steps} steps ahead (a step is a {forecaster.step}). "
        f"Written by {made}."
    )
    parts = [first, f"{call}:", *layout(forecaster)]
    return "\n".join(line for part in parts for line in textwrap.wrap(part, 110, break_long_words=False))


def python_words(forecaster: Forecaster) -> str:
    """The head of a Python file; needs NumPy alone."""
    own = words(forecaster, "forecast(values, after=0, series=None, known=None, past=None)")
    return own.replace(". Written by", ". Needs NumPy alone. Written by", 1).replace('"""', "'''")


def layout(forecaster: Forecaster) -> list[str]:
    """One paragraph an input."""
    f = forecaster
    several = len(f.ids) > 1
    reach = f"{f.reach} are used; where there are fewer, the first stands for those before it"
    if f.reach == 0:
        reach = "all of them count"
    read = f"the model read {int(f.counts[0])}" if not several else f"the model read up to {int(f.counts.max())}"
    gap = "0" if f.zero else "the value a season before it"
    found = [
        f"values: the last values of the series, the newest last ({read}; {reach}, and the intervals' width follows "
        f"from all). A missing one counts as {gap}.",
        "after: how many steps the newest value lies after the last one that the model read"
        + (f", of {json.dumps(f.time)} {f.last[0]}." if not several else "."),
    ]  # fmt: skip
    if several:
        shown = ", ".join(map(json.dumps, f.ids[:12])) + (f" and {len(f.ids) - 12} more" if len(f.ids) > 12 else "")
        found.append(f"series: which one of {shown}.")
    if f.known:
        found.append(
            f"known: rows of {', '.join(map(json.dumps, f.known))}: the {f.before} steps up to the newest value, then "
            f"the {f.steps} steps ahead."
        )
    if f.past:
        found.append(
            f"past: rows of {', '.join(map(json.dumps, f.past))}: the {PAST_ROWS} steps up to the newest value."
        )
    levels = ", ".join(f"{level:g} %" for level in f.levels)
    found.append(f"Comes out: prediction, lower and upper of {f.steps} steps; intervals at {levels}.")
    return found
