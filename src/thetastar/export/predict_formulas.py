"""Formulas for `predict.py`, which an exported Python file has behind it where the model has one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from thetastar.export.predict import BLOCKS, WITH_ROWS, arrays_of, cell, number_block, sigmoid, through

__all__ = ["OPERATIONS", "value_of"]

# Formulas: a tree is a number, a name, or [operation, trees …].

OPERATIONS: dict[str, Callable[..., Any]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "^": np.power, "negative": np.negative,
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan,
    "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh, "exp": np.exp, "log": np.log, "sqrt": np.sqrt, "abs": np.abs,
    "sign": np.sign, "step": lambda u: np.where(u >= 0, 1.0, 0.0), "relu": lambda u: np.maximum(u, 0),
    "sigmoid": lambda u: 0.5 * (1 + np.tanh(0.5 * u)), "softplus": lambda u: np.logaddexp(0, u),
}  # fmt: skip


def value_of(tree: Any, named: Mapping[str, Any]) -> Any:
    """The value of a tree where every name has a number, or an array of numbers."""
    if isinstance(tree, str):
        return named[tree]
    if not isinstance(tree, list | tuple):
        return np.float64(tree)
    return OPERATIONS[tree[0]](*(value_of(part, named) for part in tree[1:]))


def own_numbers(column: Mapping[str, Any], rows: list[Mapping[str, Any]]) -> np.ndarray:
    """(n,) a column in its own unit: of yes and no 1 and 0, of a level that training saw the number that it is."""
    block, known = column["block"], dict(column.get("numbers", ()))
    values = [cell(row[block["name"]]) for row in rows]
    if block["block"] == "BooleanBlock":
        return (BLOCKS["BooleanBlock"](block, values)[:, 0] + 1) / 2
    values = [known.get(value, value) if isinstance(value, str) else value for value in values]
    return number_block(block, values)[:, 0]


def formula_answers(fitted: dict[str, Any], x: np.ndarray, rows: list[Mapping[str, Any]]) -> np.ndarray:
    """(n,) values, or (n, 2) probabilities where the formula gives the log-odds of the second of two classes."""
    named = {column["block"]["name"]: own_numbers(column, rows) for column in fitted["columns"]}
    with np.errstate(all="ignore"):
        found = value_of(fitted["tree"], {**fitted["parameters"], **named}) + np.zeros(len(rows))
    found = np.where(np.isfinite(found), found, fitted["elsewhere"])
    return np.column_stack([sigmoid(-found), sigmoid(found)]) if fitted["classes"] else found


def formula_and_network(fitted: dict[str, Any], x: np.ndarray, rows: list[Mapping[str, Any]]) -> np.ndarray:
    """(n,) the formula, and the mean of the networks that learned what it leaves."""
    left = [through(one["network"]["layers"], arrays_of(one["parameters"]), x.astype(np.float64)).reshape(-1)
            for one in fitted["networks"]]  # fmt: skip
    return formula_answers(fitted["formula"], x, rows) + fitted["share"] * fitted["scale"] * np.mean(left, axis=0)


WITH_ROWS.update({"formula": formula_answers, "formula and network": formula_and_network})
