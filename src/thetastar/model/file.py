"""A study's model in a `.theta` file (`_container.py`). Loading runs no code and reads no other file.

    tensors      "network/dense_1.weight", "preparation/<name>", "target/<name>", "answer/<member>/<name>"
    document     the network's description, the state of the preparation and of the target, and the record; the answer,
                 where it is not that network alone: a baseline, or an average with its members; the calibration of
                 its probabilities, where there is one; the threshold of its positive class, or those of its labels

A file is distrusted until everything fits. After the container, each step before anything of that size is allocated:
the document's keys, the description of the network (a closed list of layers), the names, shapes and kinds of all
tensors against that description. No name in the file is ever imported, and there is no other format to fall back to.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from thetastar._container import FORMAT, read_container, write_container
from thetastar.errors import InputError
from thetastar.model.answer import check_description

__all__ = [
    "Contents", "check_widths", "network_fits", "parameter_shapes", "read_model_file", "write_model_file",
]  # fmt: skip

_LAYERS = (
    "dense", "activation", "dropout", "conv2d", "max_pool2d", "average_pool2d", "global_average_pool2d", "flatten",
    "simple_rnn", "lstm", "gru", "embedding", "batch_norm", "layer_norm", "softmax", "prelu",
    "residual", "scale", "periodic_embedding", "parametric_activation", "batch_ensemble",
)  # fmt: skip
_WIDTHS = ("units", "filters", "categories", "frequencies", "members")
_SAMPLE_LIMIT = 2**22  # numbers between two layers: what the core lists of a convolution's pixels stays small
_KEYS = {"thetastar", "network", "preparation", "target", "record"}
_MAYBE = ("answer", "calibration", "threshold")
_GROUPS = ("network", "preparation", "target", "answer")


@dataclass(frozen=True)
class Contents:
    """What a model file holds: descriptions as plain dictionaries, arrays by group and name."""

    version: str
    network: dict[str, Any]
    preparation: dict[str, Any]
    target: dict[str, Any]
    record: dict[str, Any]
    arrays: dict[str, dict[str, np.ndarray]]  # group -> name -> array
    answer: dict[str, Any] | None = None  # None where the network is the answer
    calibration: dict[str, Any] | None = None  # None where probabilities are left as they are
    threshold: float | tuple[float, ...] | None = None  # None where the likeliest class is named


def write_model_file(path: str | os.PathLike[str], contents: Contents) -> Path:
    """Write a model file, all or nothing; an existing file is replaced.

    Raises:
        InputError: the folder does not exist or cannot be written.
    """
    document = {
        "thetastar": contents.version,
        "network": contents.network,
        "preparation": contents.preparation,
        "target": contents.target,
        "record": contents.record,
    }
    for name in _MAYBE:
        if (part := getattr(contents, name)) is not None:
            document[name] = part
    tensors = {f"{group}/{name}": array for group in _GROUPS for name, array in contents.arrays.get(group, {}).items()}
    return write_container(path, document, tensors)


def read_model_file(path: str | os.PathLike[str]) -> Contents:
    """Read and check a model file.

    Returns:
        Its contents; every network's arrays fit its description (names, shapes, float32, finite).

    Raises:
        InputError: there is no such file, or anything in it is not as its format has it.
    """
    file = read_container(path)
    path, document = file.path, file.document
    _check_keys(path, document)
    arrays: dict[str, dict[str, np.ndarray]] = {group: {} for group in _GROUPS}
    for name in file.entries:
        group, _, rest = name.partition("/")
        if group not in arrays or not rest:
            raise InputError(f"{path}: unknown tensor {name!r}; the file is damaged or not a model of thetastar")
    networks = [("network/", document["network"])]
    if "answer" in document:
        networks += check_description(path, document["answer"])
    for prefix, description in networks:
        network_fits(path, description, file.entries, prefix, most=file.most)
    prefixes = tuple(prefix for prefix, _ in networks)
    for name in file.entries:
        group, _, rest = name.partition("/")
        arrays[group][rest] = file.array(name)
        if name.startswith(prefixes) and not np.isfinite(np.sum(arrays[group][rest], dtype=np.float64)):
            raise InputError(f"{path}: parameter {rest!r} holds values that are not finite; the file is damaged")
    return Contents(
        document["thetastar"], document["network"], document["preparation"], document["target"], document["record"],
        arrays, document.get("answer"), document.get("calibration"),
        _threshold(document.get("threshold")),
    )  # fmt: skip


def _threshold(given: Any) -> float | tuple[float, ...] | None:
    """One as a number, those of labels as a tuple."""
    if isinstance(given, list):
        return tuple(float(one) for one in given)
    return None if given is None else float(given)


def _check_keys(path: Path, document: dict[str, Any]) -> None:
    """The document has the parts that it must have, each a table."""
    unknown, missing = sorted(set(document) - _KEYS - set(_MAYBE)), sorted(_KEYS - set(document))
    if unknown or missing:
        raise InputError(
            f"{path}: the description has unknown parts {unknown} and lacks {missing}; the file is damaged or altered"
        )
    for name in ("network", "preparation", "target", "record", "calibration"):
        if name in document and not isinstance(document[name], dict):
            raise InputError(f"{path}: the part {name!r} is a {type(document[name]).__name__}, not a table")
    threshold = document.get("threshold", 0.5)
    values = threshold if isinstance(threshold, list) else [threshold]  # of several labels one for each
    if not values or any(type(value) not in (int, float) or not 0 <= value <= 1 for value in values):
        raise InputError(
            f"{path}: the threshold is {str(threshold)[:40]}, not a number from 0 to 1; the file is damaged"
        )
    if not isinstance(document["thetastar"], str):
        raise InputError(f"{path}: the version is not text; the file is damaged")


def network_fits(
    path: Path, description: dict[str, Any], tensors: dict[str, dict[str, Any]], prefix: str, most: int,
    kind: str = "F32",
) -> None:  # fmt: skip
    """The tensors are exactly the parameters that the description calls for.

    Args:
        prefix: how the names of this network's tensors begin.
        most: float32 numbers that the whole file could hold: no layer can be wider.
        kind: of all parameters, as safetensors calls it.
    """
    check_widths(path, description, most)
    expected = parameter_shapes(path, description)
    given = {name.removeprefix(prefix): entry for name, entry in tensors.items() if name.startswith(prefix)}
    if set(given) != set(expected):
        odd = sorted(set(given) ^ set(expected))[:3]
        raise InputError(f"{path}: the parameters do not match the network: {', '.join(odd)} in one, not in the other")
    for name, shape in expected.items():
        if given[name]["dtype"] != kind or tuple(given[name]["shape"]) != shape:
            raise InputError(
                f"{path}: parameter {name!r} is {given[name]['dtype']} {tuple(given[name]['shape'])}; "
                f"the network's description calls for {kind} {shape}"
            )


def check_widths(path: Path, description: dict[str, Any], most: int) -> None:
    """Before the description is taken at its word: its form, and that no width is beyond what the file could hold."""
    layers, shape = description.get("layers"), description.get("input_shape")
    if set(description) != {"layers", "input_shape"} or not isinstance(layers, list) or not isinstance(shape, list):
        raise InputError(f"{path}: the network's description must be 'layers' and 'input_shape', both lists")
    if not all(isinstance(layer, dict) for layer in layers):
        raise InputError(f"{path}: the network's description has a layer that is not a table; the file is damaged")
    layers = _with_inner(layers)
    strange = [layer.get("kind") for layer in layers if layer.get("kind") not in _LAYERS]
    if strange:
        raise InputError(
            f"{path}: the network has a layer of the kind {str(strange[0])[:40]!r}; a model file of format {FORMAT} "
            f"holds {', '.join(_LAYERS)}"
        )
    for width in [*shape, *(layer[name] for layer in layers for name in _WIDTHS if name in layer)]:
        if type(width) is not int or not 0 < width <= most:
            raise InputError(
                f"{path}: the network's description has a width of {str(width)[:40]}; the whole file holds at most "
                f"{most} numbers"
            )


def _with_inner(layers: list[Any]) -> list[dict[str, Any]]:
    """All layers, with those inside others; what is no table there is left to the description's own checks."""
    found, waiting = [], list(layers)
    while waiting:
        layer = waiting.pop(0)
        if isinstance(layer, dict):
            found.append(layer)
            inner = layer.get("layers")
            waiting += inner if isinstance(inner, list) else []
    return found


def parameter_shapes(path: Path, description: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the parameters that a description calls for; nothing of their size is allocated."""
    from thetastar.layers import from_dict
    from thetastar.layers.layer import shapes_through
    from thetastar.network import Network

    try:
        shape = tuple(description["input_shape"])
        between = shapes_through([from_dict(layer) for layer in description["layers"]], shape) if shape else []
        largest = max((math.prod(each) for each in between), default=0)
        if largest > _SAMPLE_LIMIT:
            raise InputError(f"{largest:,} numbers between two layers; at most {_SAMPLE_LIMIT:,} are read")
        return dict(Network.from_dict(description).parameter_shapes)
    except (InputError, TypeError, ValueError, AttributeError, RuntimeError, OverflowError) as error:
        raise InputError(f"{path}: the network's description does not hold: {error}") from None
