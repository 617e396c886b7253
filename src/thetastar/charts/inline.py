"""Our scripts and style sheets, made ready to stand inside a page: no build step, a few expressions."""

from __future__ import annotations

import re

__all__ = ["inline"]


def inline(text: str) -> str:
    """The text without imports, exports, comment lines and indents.

    No string of ours spans lines, so nothing between lines has a meaning.

    >>> inline("// why\\nexport function f() {\\n  return 1;\\n}\\n")
    'function f() {\\nreturn 1;\\n}\\n'
    """
    text = re.sub(r"^(import [^;]*|export \{[^;]*);\n", "", text, flags=re.M)
    text = re.sub(r"^export (?=const|let|function|class)", "", text, flags=re.M)
    text = re.sub(r"^\s*/\*.*?\*/\s*$", "", text, flags=re.M | re.S)
    text = re.sub(r"^\s*//.*$", "", text, flags=re.M)
    return re.sub(r"\n\s*", "\n", text).lstrip("\n")
