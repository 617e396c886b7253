"""A function that somebody typed, such as "x^2 + 3 sin(5x)": read, evaluated on arrays, differentiated exactly.

The text is read by the small grammar below and by nothing else: no Python is evaluated, and a name is either a
variable, a constant or one of the functions listed. SymPy would do the same, but its parser evaluates Python, and half
a second to import it is more than the rest of `thetastar descend` takes.

    sum      = product (("+" | "-") product)*
    product  = sign (("*" | "·" | "/" | nothing) sign)*       nothing: 2x, 3sin(x), (x + 1)(x - 1)
    sign     = ("+" | "-") sign | power
    power    = atom (("^" | "**") sign)?                      to the right: x^y^z = x^(y^z), and -x^2 = -(x^2)
    atom     = number | name | function "(" sum ")" | "(" sum ")" | "|" sum "|"
    name     = letters and digits, or anything between backticks: `sepal length (cm)`
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._checks import nearest
from .errors import InputError

__all__ = ["Expression", "Tree", "parse"]

LONGEST = 300  # characters; a derivative of so many factors is still far from the end of Python's own stack
DEEPEST = 30  # parentheses in each other, powers of powers

_TOKEN = re.compile(
    r"\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|((?![²³])[^\W\d](?:(?![²³])\w)*|`[^`]+`)|(\*\*|[-+*/^()|·×−²³]))"
)
_CONSTANTS = {"pi": math.pi, "π": math.pi, "e": math.e}


@dataclass(frozen=True)
class Node:
    """A part of an expression: a number, a variable, or an operation on other parts."""

    kind: str  # "number" | "variable" | "+" | "-" | "*" | "/" | "^" | "negative" | the name of a function
    parts: tuple[Node, ...] = ()
    value: float = 0.0
    name: str = ""


Tree = float | str | tuple[Any, ...]
"""A number, the name of a variable, or (kind, trees …) with the kinds of `Node`."""


def _sigmoid(u: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(0.5 * u))


# name: (value, derivative with respect to the argument u, from u as a node)
_FUNCTIONS: dict[str, tuple[Callable, Callable[[Node], Node]]] = {
    "sin": (np.sin, lambda u: _call("cos", u)),
    "cos": (np.cos, lambda u: _minus(_call("sin", u))),
    "tan": (np.tan, lambda u: _over(_number(1), _to(_call("cos", u), 2))),
    "asin": (np.arcsin, lambda u: _over(_number(1), _call("sqrt", _less(_number(1), _to(u, 2))))),
    "acos": (np.arccos, lambda u: _minus(_over(_number(1), _call("sqrt", _less(_number(1), _to(u, 2)))))),
    "atan": (np.arctan, lambda u: _over(_number(1), _plus(_number(1), _to(u, 2)))),
    "sinh": (np.sinh, lambda u: _call("cosh", u)),
    "cosh": (np.cosh, lambda u: _call("sinh", u)),
    "tanh": (np.tanh, lambda u: _less(_number(1), _to(_call("tanh", u), 2))),
    "exp": (np.exp, lambda u: _call("exp", u)),
    "log": (np.log, lambda u: _over(_number(1), u)),
    "sqrt": (np.sqrt, lambda u: _over(_number(1), _times(_number(2), _call("sqrt", u)))),
    "abs": (np.abs, lambda u: _call("sign", u)),
    "sign": (np.sign, lambda u: _number(0)),
    "step": (lambda u: np.where(u >= 0, 1.0, 0.0), lambda u: _number(0)),
    "relu": (lambda u: np.maximum(u, 0), lambda u: _over(_plus(_number(1), _call("sign", u)), _number(2))),
    "sigmoid": (_sigmoid, lambda u: _times(_call("sigmoid", u), _less(_number(1), _call("sigmoid", u)))),
    "softplus": (lambda u: np.logaddexp(0, u), lambda u: _call("sigmoid", u)),
}
_OTHER_NAMES = {"ln": "log", "arcsin": "asin", "arccos": "acos", "arctan": "atan", "sgn": "sign", "σ": "sigmoid"}


# Parts are put together with the simplest rules only: 0 and 1 vanish, numbers meet.


def _number(value: float) -> Node:
    return Node("number", value=float(value))


def _is(node: Node, value: float) -> bool:
    return node.kind == "number" and node.value == value


def _plus(a: Node, b: Node) -> Node:
    if _is(a, 0):
        return b
    if _is(b, 0):
        return a
    if a.kind == b.kind == "number":
        return _number(a.value + b.value)
    return _less(a, b.parts[0]) if b.kind == "negative" else Node("+", (a, b))


def _less(a: Node, b: Node) -> Node:
    if _is(b, 0):
        return a
    if _is(a, 0):
        return _minus(b)
    if a.kind == b.kind == "number":
        return _number(a.value - b.value)
    return _plus(a, b.parts[0]) if b.kind == "negative" else Node("-", (a, b))


def _minus(a: Node) -> Node:
    if a.kind == "number":
        return _number(-a.value)
    return a.parts[0] if a.kind == "negative" else Node("negative", (a,))


def _times(a: Node, b: Node) -> Node:
    if _is(a, 0) or _is(b, 0):
        return _number(0)
    if _is(a, 1):
        return b
    if _is(b, 1):
        return a
    if a.kind == b.kind == "number":
        return _number(a.value * b.value)
    if b.kind == "number":
        return _times(b, a)
    if a.kind == "number" and a.value < 0:
        return _minus(_times(_number(-a.value), b))
    if a.kind == "number" and b.kind == "*" and b.parts[0].kind == "number":
        return _times(_number(a.value * b.parts[0].value), b.parts[1])
    if "negative" in (a.kind, b.kind):
        return _minus(_times(a.parts[0] if a.kind == "negative" else a, b if a.kind == "negative" else b.parts[0]))
    return Node("*", (a, b))


def _over(a: Node, b: Node) -> Node:
    if _is(b, 1):
        return a
    if _is(a, 0) and not _is(b, 0):
        return a
    if a.kind == "negative" or (a.kind == "number" and a.value < 0):
        return _minus(_over(_minus(a), b))
    return Node("/", (a, b))


def _to(a: Node, exponent: float | Node) -> Node:
    b = exponent if isinstance(exponent, Node) else _number(exponent)
    if _is(b, 1):
        return a
    return _number(1) if _is(b, 0) else Node("^", (a, b))


def _call(name: str, a: Node) -> Node:
    return _number(1) if name == "log" and _is(a, math.e) else Node(name, (a,))


class Expression:
    """A function of one or two named numbers.

    Example:
        >>> f = parse("x^2 + x")
        >>> f(x=5.0), str(f.derivative("x")), f.derivative("x")(x=5.0)
        (30.0, '2 x + 1', 11.0)
    """

    def __init__(self, node: Node, variables: tuple[str, ...]):
        self._node, self.variables = node, variables

    def __call__(self, **values: Any) -> Any:
        """The value where each variable has the number, or the array, given; NaN where there is none."""
        arrays = {name: np.asarray(value, float) for name, value in values.items()}
        with np.errstate(all="ignore"):
            result = np.asarray(_evaluate(self._node, arrays), float)
        shape = np.broadcast_shapes(*(array.shape for array in arrays.values())) if arrays else ()
        return float(result) if shape == () else np.broadcast_to(result, shape).copy()

    def derivative(self, variable: str) -> Expression:
        """The exact partial derivative; of |x|, relu and step at their kinks the mean of both sides."""
        return Expression(_differentiate(self._node, variable), self.variables)

    @property
    def tree(self) -> Tree:
        """The function as other programs can hold it: a number, a name, or (operation, its trees …).

        Example:
            >>> parse("2 exp(-x) + c").tree
            ('+', ('*', 2.0, ('exp', ('negative', 'x'))), 'c')
        """
        return _plain(self._node)

    def depends_on(self, variable: str) -> bool:
        """Whether the variable stands in it anywhere."""
        return variable in _names(self._node)

    def with_numbers(self, **values: float) -> Expression:
        """The same function with numbers in the place of some of its variables."""
        left = tuple(name for name in self.variables if name not in values)
        return Expression(_replaced(self._node, values), left)

    def __str__(self) -> str:
        return _text(self._node)

    def __repr__(self) -> str:
        return f"Expression({str(self)!r})"


def parse(text: str, most_variables: int = 2) -> Expression:
    """Read a typed function.

    Args:
        text: the function, of variables with any names: "x^2 + 3 sin(5x)", "(1 - a)^2 + 100 (b - a^2)^2".
        most_variables: how many there may be.

    Raises:
        InputError: a character, a name or a place that the grammar does not know; too long or too deep; no variable,
            or too many.
    """
    if not isinstance(text, str) or not text.strip():
        raise InputError(f'function: it must be a text such as "x^2 + 3 sin(5x)". Got {text!r}. Type one.')
    if len(text) > LONGEST:
        raise InputError(f"function: it must have at most {LONGEST} characters. Got {len(text):,}. Shorten it.")
    reader = _Reader(text)
    node = reader.sum()
    reader.end()
    variables = tuple(sorted(reader.variables))
    if len(variables) > most_variables:
        hint = " Write x*y for a product." if any(len(name) > 1 for name in variables) else ""
        raise InputError(
            f"function {text!r}: there must be at most {most_variables} variables. Got {', '.join(variables)}.{hint}"
        )
    return Expression(node, variables)


class _Reader:
    """The grammar, one method a rule."""

    def __init__(self, text: str):
        self.text, self.variables, self.depth = text, set(), 0
        self.tokens: list[tuple[str, str, int]] = []  # kind, text, place
        at = 0
        while text[at:].strip():
            match = _TOKEN.match(text, at)
            if match is None:
                place = at + len(text[at:]) - len(text[at:].lstrip())
                raise InputError(
                    f"function {text!r}: {text[place]!r} at place {place + 1} is not known. "
                    "Use numbers, names, + - * / ^ and parentheses."
                )
            kind = ("number", "name", "sign")[match.lastindex - 1]
            word = match.group(match.lastindex)
            word = {"**": "^", "·": "*", "×": "*", "−": "-"}.get(word, word)
            self.tokens.append((kind, word, match.start(match.lastindex)))
            at = match.end()
        self.at = 0

    def next_is(self, *words: str) -> bool:
        return self.at < len(self.tokens) and self.tokens[self.at][0] == "sign" and self.tokens[self.at][1] in words

    def take(self) -> tuple[str, str, int]:
        self.at += 1
        return self.tokens[self.at - 1]

    def refuse(self, expected: str) -> InputError:
        if self.at < len(self.tokens):
            _, word, place = self.tokens[self.at]
            found = f"{word!r} at place {place + 1}"
        else:
            found = "its end"
        return InputError(f"function {self.text!r}: {expected}. Got {found}. Check signs and parentheses there.")

    def end(self) -> None:
        if self.at < len(self.tokens):
            raise self.refuse("an operation must come next")

    def sum(self) -> Node:
        node = self.product()
        while self.next_is("+", "-"):
            sign = self.take()[1]
            node = (_plus if sign == "+" else _less)(node, self.product())
        return node

    def product(self) -> Node:
        node = self.sign()
        while self.at < len(self.tokens):
            if self.next_is("*", "/"):
                sign = self.take()[1]
                node = (_times if sign == "*" else _over)(node, self.sign())
            elif self.tokens[self.at][0] == "name" or self.next_is("("):
                node = _times(node, self.power())
            else:
                break
        return node

    def sign(self) -> Node:
        self.enter()
        if self.next_is("+", "-"):
            node = self.sign() if self.take()[1] == "+" else _minus(self.sign())
        else:
            node = self.power()
        self.depth -= 1
        return node

    def power(self) -> Node:
        node = self.atom()
        while self.next_is("²", "³"):
            node = _to(node, 2 if self.take()[1] == "²" else 3)
        if self.next_is("^"):
            self.take()
            node = _to(node, self.sign())
        return node

    def atom(self) -> Node:
        if self.next_is("(", "|"):
            return self.inside({"(": ")", "|": "|"}[self.take()[1]])
        if self.at >= len(self.tokens) or self.tokens[self.at][0] == "sign":
            raise self.refuse("a number, a name or a parenthesis must come next")
        kind, word, place = self.take()
        if kind == "number":
            return _number(float(word))
        if word.startswith("`"):
            self.variables.add(word[1:-1])
            return Node("variable", name=word[1:-1])
        name = _OTHER_NAMES.get(word, word)
        if name in _FUNCTIONS:
            if not self.next_is("("):
                raise InputError(
                    f"function {self.text!r}: {word} at place {place + 1} needs its argument in parentheses. "
                    f"Write {word}(x)."
                )
            self.take()
            return _call(name, self.inside(")"))
        if self.next_is("(") and len(word) > 1 and word not in _CONSTANTS:
            raise InputError(
                f"function {self.text!r}: there is no function {word!r}. {nearest(word, [*_FUNCTIONS, 'ln'])}"
            )
        if word in _CONSTANTS:
            return _number(_CONSTANTS[word])
        self.variables.add(word)
        return Node("variable", name=word)

    def inside(self, closing: str) -> Node:
        self.enter()
        node = self.sum()
        if not self.next_is(closing):
            raise self.refuse(f"{closing!r} must come next")
        self.take()
        self.depth -= 1
        return _call("abs", node) if closing == "|" else node

    def enter(self) -> None:
        self.depth += 1
        if self.depth > 2 * DEEPEST:  # each takes two rules
            raise InputError(
                f"function: parentheses, signs and powers must not lie more than {DEEPEST} deep in each "
                "other. Got more. Simplify it."
            )


def _evaluate(node: Node, values: dict[str, np.ndarray]) -> Any:
    if node.kind == "number":
        return node.value
    if node.kind == "variable":
        return values[node.name]
    parts = [np.asarray(_evaluate(part, values), float) for part in node.parts]
    if node.kind in _FUNCTIONS:
        return _FUNCTIONS[node.kind][0](*parts)
    if node.kind == "negative":
        return -parts[0]
    a, b = parts
    return {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "^": np.power}[node.kind](a, b)


def _plain(node: Node) -> Tree:
    if node.kind == "number":
        return node.value
    return node.name if node.kind == "variable" else (node.kind, *map(_plain, node.parts))


def _names(node: Node) -> set[str]:
    return {node.name} if node.kind == "variable" else set().union(*map(_names, node.parts))


def _replaced(node: Node, values: dict[str, float]) -> Node:
    """The numbers in their places, and nothing put together anew: a number below zero keeps its brackets."""
    if node.kind == "variable" and node.name in values:
        return _number(values[node.name])
    return Node(node.kind, tuple(_replaced(part, values) for part in node.parts), node.value, node.name)


def _differentiate(node: Node, by: str) -> Node:
    if node.kind == "number":
        return _number(0)
    if node.kind == "variable":
        return _number(1 if node.name == by else 0)
    slopes = [_differentiate(part, by) for part in node.parts]
    if node.kind in _FUNCTIONS:
        if _is(slopes[0], 0):
            return slopes[0]
        return _times(slopes[0], _FUNCTIONS[node.kind][1](node.parts[0]))
    if node.kind == "negative":
        return _minus(slopes[0])
    (a, b), (da, db) = node.parts, slopes
    if node.kind in "+-":
        return (_plus if node.kind == "+" else _less)(da, db)
    if node.kind == "*":
        return _plus(_times(da, b), _times(a, db))
    if node.kind == "/":
        if _is(db, 0):
            return _over(da, b)
        return _over(_less(_times(da, b), _times(a, db)), _to(b, 2))
    return _power_slope(node, a, b, da, db)


def _power_slope(node: Node, a: Node, b: Node, da: Node, db: Node) -> Node:
    if _is(db, 0):  # a^c: c a^(c - 1) a'
        lower = _to(a, _less(b, _number(1)))
        return _times(_times(b, lower), da)
    if _is(da, 0):  # c^b: c^b log(c) b'
        return _times(_times(node, _call("log", a)), db)
    return _times(node, _plus(_times(db, _call("log", a)), _over(_times(b, da), a)))


_TIGHTNESS = {"+": 1, "-": 1, "*": 2, "/": 2, "negative": 2, "^": 4}


def _text(node: Node) -> str:
    if node.kind == "number":
        return next((name for name in ("π", "e") if node.value == _CONSTANTS[name]), f"{node.value:.12g}")
    if node.kind == "variable":
        known = node.name in _FUNCTIONS or node.name in _OTHER_NAMES or node.name in _CONSTANTS
        return node.name if node.name.isidentifier() and not known else f"`{node.name}`"
    if node.kind in _FUNCTIONS:
        return f"{node.kind}({_text(node.parts[0])})"

    def inside(part: Node, tight: int) -> str:
        loose = _TIGHTNESS.get(part.kind, 9) < tight or (part.kind == "number" and part.value < 0 and tight > 1)
        return f"({_text(part)})" if loose else _text(part)

    if node.kind == "negative":
        return f"-{inside(node.parts[0], 2)}"
    a, b = node.parts
    if node.kind == "+":
        return f"{inside(a, 1)} + {inside(b, 1)}"
    if node.kind == "-":
        return f"{inside(a, 1)} - {inside(b, 2)}"
    if node.kind == "*":
        between = " " if a.kind == "number" and b.kind != "number" else " · "
        return f"{inside(a, 2)}{between}{inside(b, 3)}"
    if node.kind == "/":
        return f"{inside(a, 2)} / {inside(b, 3)}"
    return f"{inside(a, 5)}^{inside(b, 5)}"
