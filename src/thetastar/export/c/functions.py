"""The functions of `functions.c` and `forecast.c`: which ones a file needs, each before its first use."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib import resources

from thetastar.data.numbers import MISSING
from thetastar.export.c.activations import ACTIVATIONS
from thetastar.export.c.names import text

__all__ = ["functions_text"]

_OF_TEXTS = ("text", "equal", "letters", "missing", "truth", "decimal", "find")  # of no use where levels come as codes


def functions_text(wanted: Iterable[str]) -> str:
    """The text of the wanted functions and of those that they call."""
    sections, order = _sections(), []
    asked = set(wanted)

    def add(name: str) -> None:
        for needed in sections[name][0]:
            add(needed)
        if name not in order:
            order.append(name)

    for name in [*sections, *sorted(asked - set(sections))]:  # those of the file first, then activations over arrays
        if name in asked and name in sections:
            add(name)
    always = {"text"} if "hashed" in order else set()
    parts = []
    for name in order:
        body = sections[name][1]
        parts.append(f"#ifndef MODEL_CODES\n{body}#endif\n" if name in _OF_TEXTS and name not in always else body)
    parts += [_over_array(name.removeprefix("activation ")) for name in sorted(asked) if name.startswith("activation ")]
    return "\n".join(parts)


@cache
def _sections() -> dict[str, tuple[tuple[str, ...], str]]:
    """{name: (names that it needs, text)}."""
    rows, forecasts = resources.files(__package__).joinpath("functions.c"), "thetastar.export.forecast"
    whole = rows.read_text(encoding="utf-8")
    whole += resources.files(forecasts).joinpath("forecast.c").read_text(encoding="utf-8")
    whole = whole.replace("@MISSING@", _words(["", *sorted(MISSING - {""})]))
    found = {}
    for part in re.split(r"^//// ", whole, flags=re.MULTILINE)[1:]:
        head, _, body = part.partition("\n")
        name, _, needs = head.partition(":")
        found[name] = (tuple(needs.split()), body.strip("\n") + "\n")
    return found


def _words(words: list[str]) -> str:
    """Literals in lines of bounded width."""
    lines, line = [], ""
    for word in map(text, words):
        if len(line) + len(word) > 90:
            lines.append(line)
            line = ""
        line += word + ", "
    return ("\n" + 40 * " ").join(part.rstrip() for part in [*lines, line]).rstrip(",")


def _over_array(name: str) -> str:
    expression, _ = ACTIVATIONS[name]
    return (
        f"static void model_{name}_all(float *x, int count)\n{{\n    int k;\n    for (k = 0; k < count; k++) {{\n"
        f"        const float z = x[k];\n        x[k] = {expression};\n    }}\n}}\n"
    )
