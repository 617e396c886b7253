"""A graph under construction: nodes, constants, and names that no column has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from thetastar.errors import InputError

__all__ = ["ML", "ML_VERSION", "OPSET", "Graph", "package"]

OPSET, ML_VERSION, IR_VERSION = 16, 3, 8
"""Operators of early 2022, the first that keep the numbers of trees in double precision: old runtimes read them."""

ML = "ai.onnx.ml"


def package(name: str) -> Any:
    """`onnx` or `onnxruntime`.

    Raises:
        InputError: it is not installed.
    """
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError:
        raise InputError(
            f"export to ONNX: the package {name} is needed, and is not installed. "
            "Install it: pip install 'thetastar[onnx]'."
        ) from None


@dataclass
class Graph:
    """Collects a graph; every method gives the name of a result, which later nodes take.

    Args:
        taken: names that must not be used inside: those of inputs and outputs.
    """

    taken: set[str]
    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)
    inputs: list[Any] = field(default_factory=list)
    _known: dict[tuple[str, tuple[int, ...], bytes], str] = field(default_factory=dict)

    def name(self, wanted: str) -> str:
        """`wanted`, or the same with a number behind it where it is taken."""
        found, number = wanted, 1
        while found in self.taken:
            number += 1
            found = f"{wanted}_{number}"
        self.taken.add(found)
        return found

    def op(self, kind: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """The first result of a node."""
        return self.ops(kind, *inputs, results=1, domain=domain, **attributes)[0]

    def ops(self, kind: str, *inputs: str, results: int, domain: str = "", **attributes: Any) -> list[str]:
        """All results of a node."""
        from onnx import helper

        names = [self.name(f"{kind}_{len(self.nodes) + 1}") for _ in range(results)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, name=names[0], domain=domain, **attributes))
        return names

    def constant(self, values: Any, dtype: Any = None) -> str:
        """Numbers or texts that the file holds; equal ones are held once."""
        from onnx import numpy_helper

        array = np.asarray(values, dtype)
        if array.dtype.kind == "U":
            array = array.astype(object)
        written = repr(array.tolist()).encode() if array.dtype == object else array.tobytes()
        key = (array.dtype.str, array.shape, written)
        if key not in self._known:
            name = self._known[key] = self.name(f"constant_{len(self._known) + 1}")
            self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name))
        return self._known[key]

    def cast(self, x: str, to: str) -> str:
        """x as "float", "double" or "int64"."""
        from onnx import TensorProto

        return self.op("Cast", x, to=getattr(TensorProto, to.upper()))

    def joined(self, parts: Iterable[str], axis: int = -1) -> str:
        """Results side by side."""
        names = list(parts)
        return names[0] if len(names) == 1 else self.op("Concat", *names, axis=axis)

    def input(self, name: str, kind: str, shape: tuple[int | str, ...], words: str) -> str:
        """An input of the model, with its words for a reader."""
        from onnx import TensorProto, helper

        self.inputs.append(helper.make_tensor_value_info(name, getattr(TensorProto, kind.upper()), shape, words))
        return name
