"""A model as one JSON value: what `predict.js` reads, and whoever wants a model's numbers without this library."""

from __future__ import annotations

import base64
import math
from typing import Any

import numpy as np

from thetastar.export.answer import calibration_of

__all__ = [
    "FORMAT", "array_part", "describe", "describe_network", "encoded", "label_value", "network_part", "plain_values",
]  # fmt: skip

FORMAT = 1


def describe(model: Any, *, bits: int = 32) -> dict[str, Any]:
    """Network with parameters, fitted preparation and target of a `Model`, as plain JSON values.

    Args:
        model: what `fit` returns or `load` reads.
        bits: 32 keeps the parameters as they are; 16 rounds each to a 65,534th of the largest of its array, for pages
            that must stay small.

    Returns:
        {"format", "network", "parameters", "preparation": {"blocks", "pieces"}, "target"}, and "calibration" and
        "threshold" where the network is the answer and has them. Parameters are float32 (or
        int16 with a scale an array) in base64, little end first, one array after another in the order of their names.

    Example:
        >>> import thetastar as ts
        >>> rows = {"x": [k / 50 for k in range(400)], "y": [(k / 50) ** 2 for k in range(400)]}
        >>> model = ts.fit(rows, target="y", candidates=[(16,)], effort=2)
        >>> describe(model)["target"]["task"]
        'regression'
    """
    encoding = model.target_encoding
    classes = None if encoding.classes is None else [label_value(label) for label in encoding.classes]
    members: Any = getattr(model, "members", ())
    alone = len(members) == 1 and members[0].network is model.network  # else it is fitted for what they say together
    ends = {"calibration": calibration_of(model), "threshold": getattr(model, "threshold", None)} if alone else {}
    return {
        **describe_network(model.network, bits=bits),
        "preparation": _preparation(model.preparation),
        "target": {
            "name": encoding.name, "task": encoding.task, "classes": classes,
            "mean": float(encoding.mean), "scale": float(encoding.scale),
        },
        **{name: value for name, value in ends.items() if value is not None},
    }  # fmt: skip


def describe_network(network: Any, *, bits: int = 32) -> dict[str, Any]:
    """The part of `describe` that a `Network` alone gives."""
    return {"format": FORMAT, **network_part(network, bits=bits)}


def network_part(network: Any, *, bits: int = 32) -> dict[str, Any]:
    """{"network", "parameters"} of a network."""
    arrays = network.parameters
    parameters: dict[str, Any] = {"names": [[name, list(array.shape)] for name, array in arrays.items()]}
    if bits == 16:
        scales = {name: float(np.abs(array).max(initial=0.0)) / 32767 or 1.0 for name, array in arrays.items()}
        parameters["scales"] = list(scales.values())
        arrays = {name: np.rint(array / scales[name]).astype("<i2") for name, array in arrays.items()}
    else:
        arrays = {name: array.astype("<f4") for name, array in arrays.items()}
    parameters["data"] = _base64(b"".join(np.ascontiguousarray(array).tobytes() for array in arrays.values()))
    return {"network": network.to_dict(), "parameters": parameters}


def _preparation(preparation: Any) -> dict[str, Any]:
    """Blocks with all of their fields, and the edges of numbers in pieces."""
    base = getattr(preparation, "base", preparation)
    blocks = [plain_values(block.to_state()) for block in base.blocks]
    if base is preparation:
        return {"blocks": blocks}
    pairs = zip(preparation.columns, preparation.edges, strict=True)
    return {"blocks": blocks, "pieces": [[int(column), encoded(edges)] for column, edges in pairs]}


def encoded(edges: np.ndarray) -> str:
    """Float32 in base64, little end first."""
    return _base64(np.asarray(edges, dtype="<f4").tobytes())


def array_part(array: np.ndarray) -> dict[str, Any]:
    """{"type", "shape", "data"} of an array of numbers: in base64, little end first. Whole numbers take 32 bits."""
    kind = {"f": f"<f{array.dtype.itemsize}", "i": "<i4"}[array.dtype.kind]
    return {"type": kind, "shape": list(array.shape), "data": _base64(np.ascontiguousarray(array, kind).tobytes())}


def plain_values(value: Any) -> Any:
    """Numbers, texts, lists and dictionaries of Python, where some are NumPy's."""
    if isinstance(value, dict):
        return {key: plain_values(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_values(part) for part in value]
    return value.item() if isinstance(value, np.generic) else value


def label_value(label: Any) -> Any:
    """A label as JSON can hold it."""
    label = label.item() if isinstance(label, np.generic) else label
    if isinstance(label, float) and not math.isfinite(label):
        return str(label)
    return label if isinstance(label, (str, int, float, bool)) else str(label)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
