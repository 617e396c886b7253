"""Names and literals of C: what a column is called there, how numbers and texts are written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

import numpy as np

__all__ = ["INCLUDES", "Names", "array", "comment", "double", "identifier", "named", "single", "text"]

_KEYWORDS = frozenset(
    """auto break case char const continue default do double else enum extern float for goto if inline int long register
    restrict return short signed sizeof static struct switch typedef union unsigned void volatile while asm bool true
    false and or not xor class new delete this template typename private public protected namespace operator try catch
    throw using virtual friend main""".split()  # those of C++ too: the file compiles as C++
)
_LINE = 116
_PREFIX = re.compile(r"(model|MODEL)_")
_KEPT = "\x01"  # stands for the underscore of a `model_` that is the user's own


INCLUDES = """#if defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__
#error "Missing numbers are told by NAN, which -ffast-math (-ffinite-math-only) does away with. Compile without it."
#endif
#include <math.h>
"""
"""Where the code of every file begins."""


def identifier(name: str) -> str:
    """A name of C for any text: `Living area (m²)` becomes `living_area_m2`."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    plain = re.sub(r"[^0-9a-z]+", "_", "".join(c for c in plain if not unicodedata.combining(c)))
    plain = plain.strip("_")[:60] or "column"
    return _kept(f"c_{plain}" if plain[0].isdigit() or plain in _KEYWORDS else plain)


class Names:
    """Names of C that are told apart: a second `area` becomes `area_2`."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def __call__(self, name: str) -> str:
        """The name of C for a text."""
        first = found = identifier(name)
        number = 1
        while found in self._taken:
            number += 1
            found = f"{first}_{number}"
        self._taken.add(found)
        return found


def single(value: float) -> str:
    """A float literal that reads back to the same bits."""
    written = repr(float(np.float32(value))) if float(value) == float(np.float32(value)) else ""
    short = str(np.float32(value))
    written = short if np.float32(short) == np.float32(value) else written
    return f"{written}f" if "." in written or "e" in written else f"{written}.0f"


def double(value: float) -> str:
    """A double literal that reads back to the same bits."""
    return repr(float(value))


def text(value: str) -> str:
    """A string literal: ASCII, every other byte of UTF-8 in octal digits, so that no reader guesses an encoding."""
    parts = []
    for byte in value.encode("utf-8"):
        if byte in b'"\\?':  # a question mark too: two of them begin a trigraph
            parts.append("\\" + chr(byte))
        else:
            parts.append(chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}")
    return _kept('"' + "".join(parts) + '"')


def comment(words: str) -> str:
    """Words that can stand in a comment."""
    return _kept(re.sub(r"[\x00-\x1f]", " ", words).replace("*/", "* /").replace("/*", "/ *"))


def named(written: str, prefix: str) -> str:
    """The text with a model's own name in the place of `model_`, which its writers put before every name."""
    prefix = prefix.replace(_KEPT, "_")
    written = _PREFIX.sub(lambda found: f"{prefix if found[1] == 'model' else prefix.upper()}_", written)
    return written.replace(_KEPT, "_")


def _kept(words: str) -> str:
    return re.sub(r"(model|MODEL)_", rf"\1{_KEPT}", words)


def array(declaration: str, values: Iterable[str]) -> str:
    """`static const … name[n] = {…};` with lines of bounded width."""
    values = list(values) or ["0"]
    lines, line = [], ""
    for value in values:
        if line and len(line) + len(value) + 2 > _LINE:
            lines.append(line)
            line = ""
        line += (" " if line else "") + value + ","
    lines.append(line)
    lines[-1] = lines[-1][:-1]
    body = lines[0] if len(lines) == 1 and len(declaration) + len(lines[0]) < _LINE - 24 else None
    start = f"static const {declaration}[{len(values)}] = "
    return f"{start}{{{body}}};\n" if body is not None else start + "{\n    " + "\n    ".join(lines) + "\n};\n"
