"""One form of error text: where: what is wrong. What to do. Every literal end of a message is the end of a sentence."""

import ast
from pathlib import Path

import pytest

import thetastar

PACKAGE = Path(thetastar.__file__).parent
ROOMS = ("study", "recipes")  # rooms that keep the form; a room that is put in order is added


def endings(path):
    """(line, last literal part) of every message given to InputError; one that ends in a value is passed over."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "InputError" and node.args):
            continue
        message = node.args[0]
        last = message.values[-1] if isinstance(message, ast.JoinedStr) else message
        if isinstance(last, ast.Constant):
            yield node.lineno, last.value


@pytest.mark.parametrize("room", ROOMS)
def test_messages_end_like_sentences(room):
    bad = [
        f"{path.relative_to(PACKAGE)}:{line} … {text[-40:]}"
        for path in sorted((PACKAGE / room).rglob("*.py"))
        for line, text in endings(path)
        if not text.rstrip().endswith((".", "?"))
    ]
    assert bad == []
