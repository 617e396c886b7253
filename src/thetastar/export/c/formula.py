"""A formula as C: a statement for each of its operations, and the networks that learned what it leaves."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from thetastar.export.c.columns import ColumnsText
from thetastar.export.c.layers import NetworkText
from thetastar.export.c.names import array, comment, double, text
from thetastar.export.formula import OwnColumn
from thetastar.expression import Tree
from thetastar.recipes.formulas import FittedFormula, FormulaAndNetwork

__all__ = ["FormulaText"]

_INFIX = ("+", "-", "*", "/")
_OPERATIONS = {
    "negative": "-{}", "^": "pow({}, {})", "abs": "fabs({})", "sign": "({0} > 0 ? 1 : {0} < 0 ? -1 : {0})",
    "step": "({} >= 0 ? 1 : 0)", "relu": "({0} < 0 ? 0 : {0})", "sigmoid": "0.5 * (1 + tanh(0.5 * {}))",
    "softplus": "(({0} > 0 ? {0} : 0) + log1p(exp(-fabs({0}))))",
}  # fmt: skip
"""Those that C writes in another way; sin, exp and their like have the same name there. What is no number stays so: it
is neither above nor below 0."""


@dataclass
class FormulaText:
    """Collects the text of one formula: `arrays`, `lines` and `checks` are C, `functions` names what they need.

    The steps are `volatile`, so that each is rounded to double precision: a product that is fused with the sum behind
    it, or kept in 80 bits, would let `sqrt(x*x - y*y)` take the root of a number just below zero where x is y.

    Args:
        prefix: in front of the names of arrays, such as "model_m2_".
        columns: of the answer, all added.
        eight_bits: whether the weights of its networks are kept in 8 bits.
    """

    prefix: str
    columns: ColumnsText
    eight_bits: bool = False
    arrays: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    checks: list[str] = field(default_factory=list)  # of the row, before anything is computed
    networks: list[NetworkText] = field(default_factory=list)
    functions: set[str] = field(default_factory=set)
    classes: bool = False  # whether it gives log-odds
    size: int = 0  # numbers that its networks keep between layers
    constants: int = 0
    _named: dict[str, tuple[str, str]] = field(default_factory=dict)  # columns and parameters: value, words
    _steps: dict[str, str] = field(default_factory=dict)  # of every tree as text, the variable that holds its value

    def add(self, fitted: FittedFormula, own: tuple[OwnColumn, ...]) -> None:
        """Write the formula: its columns, its parameters, its operations; `value` holds what it says."""
        self.classes = fitted.classes > 0
        self.lines.append(f"/* {comment(fitted.formula.text)} */")
        for place, column in enumerate(own):
            self._named[column.name] = self._column(place, column), comment(column.name)
        for name, value in zip(fitted.formula.parameters, fitted.values.tolist(), strict=True):
            self._named[name] = double(value), comment(name)
        found = self._of(fitted.formula.expression.tree)
        self.lines.append(f"const double value = {found} - {found} == 0 ? {found} : {double(fitted.elsewhere)};")

    def add_networks(self, fitted: FormulaAndNetwork) -> None:
        """Write the networks that learned what the formula leaves."""
        for place, network in enumerate(fitted.networks):
            written = NetworkText(f"{self.prefix}n{place + 1}_", network.parameters, self.eight_bits)
            outputs = written.through(network.layers, network.shapes, "in")
            written._call("copy", outputs.text, outputs.size, "y")
            self.networks.append(written)
            self.arrays += written.arrays
            self.constants += written.constants
            self.functions |= written.functions
            self.size = max(self.size, written.size, 1)

    def written(self, place: int, name: str, fitted: FittedFormula | FormulaAndNetwork) -> str:
        """The functions of the member."""
        parts, lines = [], ["(void)row, (void)in;", *self.lines]
        if isinstance(fitted, FormulaAndNetwork):
            lines += ["double left = 0;", "float y[1];"]
            for k, network in enumerate(self.networks):
                own = f"model_left_{place + 1}_{k + 1}"
                calls = "".join(f"    {call}\n" for call in network.calls)
                unused = "" if network.size else "    (void)work;\n"
                parts.append(f"static void {own}(float *in, float *work, float *y)\n{{\n{unused}{calls}}}\n")
                lines += [f"{own}(in, work, y);", "left += y[0];"]
            factor = fitted.share * fitted.scale
            lines.append(f"return value + {double(factor)} * (left / {len(self.networks)});")
        elif self.classes:
            lines += ["p[1] = (float)(1 / (1 + exp(-value)));", "p[0] = (float)(1 / (1 + exp(value)));"]
        else:
            lines.append("return value;")
        body = "".join(f"    {line}\n" for line in lines)
        taken = "const model_row *row, float *in" + ", float *work" * bool(self.networks) + ", float *p" * self.classes
        parts.append(
            f"/* {comment(name)}: a row to the answer. */\n"
            f"static {'void' if self.classes else 'double'} model_fitted_{place + 1}({taken})\n{{\n{body}}}\n"
        )
        return "\n".join(parts)

    def call(self, place: int) -> str:
        """How the member is called."""
        given = ["row", "in"] + ["work"] * bool(self.networks) + ["p"] * self.classes
        return f"model_fitted_{place + 1}({', '.join(given)})"

    def _column(self, place: int, column: OwnColumn) -> str:
        if column.kind == "truth":
            return f"((double)in[{column.feature}] + 1) / 2"
        given = f"row->{self.columns.field_of(column.name)}"
        if column.kind == "number":
            return f"model_own({given}, {double(column.median)})"
        self.functions.add("own_level")
        levels, own = (f"{self.prefix}own_{place + 1}_{what}" for what in ("levels", "numbers"))
        self.arrays.append(array(f"char *const {levels}", (text(level) for level, _ in column.numbers)))
        self.arrays.append(array(f"double {own}", (double(value) for _, value in column.numbers)))
        self.constants += sum(len(level.encode()) + 1 + 16 for level, _ in column.numbers)
        call = f"model_own_level({given}, {levels}, {own}, {len(column.numbers)}, {double(column.median)})"
        self.checks.append(f"if (!({call} <= 1e300)) return {self.columns.number_of(column.name)};")
        return call

    def _of(self, tree: Tree) -> str:
        """The variable that holds the value of a tree; trees that are alike are computed once."""
        key, words = repr(tree), ""
        if key in self._steps:
            return self._steps[key]
        if isinstance(tree, tuple):
            kind, parts = tree[0], [self._of(part) for part in tree[1:]]
            form = f"{{}} {kind} {{}}" if kind in _INFIX else _OPERATIONS.get(kind, f"{kind}({{}})")
            value = form.format(*parts)
        elif isinstance(tree, str):
            value, words = self._named[tree]
            self.functions |= {"own"} if value.startswith("model_own(") else set()
        else:
            value = _number(tree)
        name = self._steps[key] = f"s{len(self._steps) + 1}"
        self.lines.append(f"const volatile double {name} = {value};" + f" /* {words} */" * bool(words))
        return name


def _number(value: float) -> str:
    if math.isnan(value):
        return "(double)NAN"
    return double(value) if math.isfinite(value) else f"{'-' * (value < 0)}(double)INFINITY"
