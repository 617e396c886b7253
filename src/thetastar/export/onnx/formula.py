"""A formula in ONNX: every operation in double precision, in operators that runtimes have in double precision.

onnxruntime has no Tan, Asin, Acos, Atan, Sinh, Cosh and Softplus for doubles (its message is "Could not find an
implementation"), so these are put together here of those that it has.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from thetastar.export.answer import Answer
from thetastar.export.formula import own_columns
from thetastar.export.onnx.columns import Columns
from thetastar.export.onnx.graph import Graph
from thetastar.export.onnx.layers import NetworkNodes
from thetastar.expression import Tree
from thetastar.recipes.formulas import FittedFormula, FormulaAndNetwork

__all__ = ["FormulaNodes", "formula_answer"]

_PLAIN = {"+": "Add", "-": "Sub", "*": "Mul", "/": "Div", "^": "Pow", "negative": "Neg", "sin": "Sin", "cos": "Cos",
          "tanh": "Tanh", "exp": "Exp", "log": "Log", "sqrt": "Sqrt", "abs": "Abs", "sign": "Sign"}  # fmt: skip


def formula_answer(
    graph: Graph, columns: Columns, answer: Answer, fitted: FittedFormula | FormulaAndNetwork, x: str
) -> str:
    """(n, 1) values or (n, 2) probabilities, double, of the columns' own numbers and features x (n, F) float."""
    formula = fitted if isinstance(fitted, FittedFormula) else fitted.formula
    assert formula.numbers is not None
    given = {one.name: columns.own(one, x) for one in own_columns(answer.blocks, formula.numbers)}
    first = next(iter(given.values()))
    parameters = zip(formula.formula.parameters, formula.values.tolist(), strict=True)
    given |= {name: graph.constant(value) for name, value in parameters}
    found = FormulaNodes(graph, given).of(formula.formula.expression.tree)
    none = graph.op("IsNaN", graph.op("Sub", found, found))  # of a number that is infinite too
    value = graph.op("Where", none, graph.constant(formula.elsewhere), found)
    value = graph.op("Expand", value, graph.op("Shape", first))  # where the columns fall out of the formula: x^0
    if formula.classes:
        return graph.op("Softmax", graph.op("Concat", graph.op("Sub", value, value), value, axis=-1), axis=-1)
    if isinstance(fitted, FittedFormula):
        return value
    parts = [
        graph.cast(NetworkNodes(graph, one.parameters).through(one.layers, one.shapes, x), "double")
        for one in fitted.networks
    ]
    left = parts[0]
    for part in parts[1:]:
        left = graph.op("Add", left, part)
    left = graph.op("Div", left, graph.constant(float(len(parts))))
    return graph.op("Add", value, graph.op("Mul", left, graph.constant(float(fitted.share * fitted.scale))))


class FormulaNodes:
    """Writes trees of operations into a graph.

    Args:
        graph: to write into.
        given: the results (n, 1) or () of every name.
    """

    def __init__(self, graph: Graph, given: dict[str, str]) -> None:
        self.graph, self._given, self._known = graph, given, dict[str, str]()
        self._written: dict[str, Callable[[str], str]] = {
            "tan": self._tan, "asin": self._asin, "acos": self._acos, "atan": self._atan, "sinh": self._sinh,
            "cosh": self._cosh, "step": self._step, "relu": lambda u: self._op("Max", u, self._number(0.0)),
            "sigmoid": self._sigmoid, "softplus": self._softplus,
        }  # fmt: skip

    def of(self, tree: Tree) -> str:
        """The result of a tree; trees that are alike are computed once."""
        key = repr(tree)
        if key not in self._known:
            if isinstance(tree, str):
                self._known[key] = self._given[tree]
            elif isinstance(tree, tuple):
                kind, parts = tree[0], [self.of(part) for part in tree[1:]]
                own = self._written.get(kind)
                self._known[key] = own(*parts) if own else self._op(_PLAIN[kind], *parts)
            else:
                self._known[key] = self._number(tree)
        return self._known[key]

    def _op(self, kind: str, *given: str) -> str:
        return self.graph.op(kind, *given)

    def _number(self, value: float) -> str:
        return self.graph.constant(value, np.float64)

    def _tan(self, u: str) -> str:
        return self._op("Div", self._op("Sin", u), self._op("Cos", u))

    def _atan(self, u: str) -> str:
        """Atan in single precision, and the rest d of it: tan(a + d) = u gives tan d = (u - tan a) / (1 + u tan a), and
        d is so small that its tangent is d."""
        u = self._op("Clip", u, self._number(-1e300), self._number(1e300))
        first = self.graph.cast(self._op("Atan", self.graph.cast(u, "float")), "double")
        sine, cosine = self._op("Sin", first), self._op("Cos", first)
        over = self._op("Sub", self._op("Mul", u, cosine), sine)
        rest = self._op("Div", over, self._op("Add", cosine, self._op("Mul", u, sine)))
        return self._op("Add", first, rest)

    def _asin(self, u: str) -> str:
        one = self._number(1.0)
        root = self._op("Sqrt", self._op("Mul", self._op("Sub", one, u), self._op("Add", one, u)))
        return self._atan(self._op("Div", u, root))

    def _acos(self, u: str) -> str:
        one = self._number(1.0)
        root = self._op("Sqrt", self._op("Div", self._op("Sub", one, u), self._op("Add", one, u)))
        return self._op("Mul", self._number(2.0), self._atan(root))

    def _cosh(self, u: str) -> str:
        """Of half of it twice, since exp(u) itself is infinite before cosh is."""
        far = self._op("Abs", u)
        half = self._op("Exp", self._op("Mul", far, self._number(0.5)))
        grown = self._op("Mul", half, self._op("Mul", half, self._number(0.5)))
        return self._op("Add", grown, self._op("Mul", self._number(0.5), self._op("Exp", self._op("Neg", far))))

    def _sinh(self, u: str) -> str:
        return self._op("Mul", self._op("Tanh", u), self._cosh(u))

    def _step(self, u: str) -> str:
        one, zero = self._number(1.0), self._number(0.0)
        return self._op("Where", self._op("GreaterOrEqual", u, zero), one, zero)

    def _sigmoid(self, u: str) -> str:
        half, one = self._number(0.5), self._number(1.0)
        return self._op("Mul", half, self._op("Add", one, self._op("Tanh", self._op("Mul", half, u))))

    def _softplus(self, u: str) -> str:
        """max(u, 0) + log(1 + e), e = exp(-|u|): log(w) e / (w - 1) with w = 1 + e, which rounds e and w alike."""
        one, zero = self._number(1.0), self._number(0.0)
        e = self._op("Exp", self._op("Neg", self._op("Abs", u)))
        w = self._op("Add", one, e)
        past = self._op("Sub", w, one)
        small = self._op("Equal", past, zero)
        log = self._op("Div", self._op("Mul", self._op("Log", w), e), self._op("Where", small, one, past))
        return self._op("Add", self._op("Max", u, zero), self._op("Where", small, e, log))
