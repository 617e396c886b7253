"""The `.theta` file: safetensors with one JSON document in its metadata. Loading runs no code and reads no other file.

    tensors      "network/dense_1.weight", "preparation/<name>", "target/<name>"
    __metadata__ {"thetastar": "<JSON document>"} with the format number, the network's description, the state of the
                 preparation and of the target, the metrics and the record

A file is distrusted until everything fits. In this order, each step before anything of that size is allocated: the
header's length, the header (by safetensors: no holes, no overlaps, no doubled names), the document's length and
depth, its keys, the description of the network (a closed list of layers), the names, shapes and kinds of all tensors
against that description. No name in the file is ever imported, and there is no other format to fall back to.
"""

from __future__ import annotations

import json
import math
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from thetastar.errors import InputError

__all__ = [
    "DTYPES", "FORMAT", "Contents", "check_length", "check_widths", "open_container", "parameter_shapes",
    "read_model_file", "write_model_file",
]  # fmt: skip

FORMAT = 1

_KEY = "thetastar"
_LAYERS = (
    "dense", "activation", "dropout", "conv2d", "max_pool2d", "average_pool2d", "global_average_pool2d", "flatten",
    "simple_rnn", "lstm", "gru", "embedding", "batch_norm", "layer_norm", "residual",
)  # fmt: skip
_WIDTHS = ("units", "filters", "categories")
_SAMPLE_LIMIT = 2**22  # numbers between two layers: what the core lists of a convolution's pixels stays small
_KEYS = {"format", "thetastar", "network", "preparation", "target", "record"}
_GROUPS = ("network", "preparation", "target")
_HEADER_LIMIT = 32 * 2**20  # bytes; a study of thousands of networks writes under one
_VALUE_LIMIT = 2_000_000  # values in the document: bounds the memory that parsing may take
DTYPES = {"F32": np.float32, "F64": np.float64, "I64": np.int64, "I32": np.int32, "U8": np.uint8, "BOOL": np.bool_}


@dataclass(frozen=True)
class Contents:
    """What a model file holds: descriptions as plain dictionaries, arrays by group and name."""

    version: str
    network: dict[str, Any]
    preparation: dict[str, Any]
    target: dict[str, Any]
    record: dict[str, Any]
    arrays: dict[str, dict[str, np.ndarray]]  # group -> name -> array


def write_model_file(path: str | os.PathLike[str], contents: Contents) -> Path:
    """Write a model file, all or nothing; an existing file is replaced.

    Raises:
        InputError: the folder does not exist or cannot be written.
    """
    from safetensors.numpy import save

    from thetastar._files import write_atomically

    document = {
        "format": FORMAT,
        "thetastar": contents.version,
        "network": contents.network,
        "preparation": contents.preparation,
        "target": contents.target,
        "record": contents.record,
    }
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    tensors = {
        f"{group}/{name}": np.ascontiguousarray(array)
        for group in _GROUPS
        for name, array in contents.arrays.get(group, {}).items()
    }
    return write_atomically(path, save(tensors, metadata={_KEY: text}))


def read_model_file(path: str | os.PathLike[str]) -> Contents:
    """Read and check a model file.

    Returns:
        Its contents; the network's arrays fit its description (names, shapes, float32, finite).

    Raises:
        InputError: there is no such file, or anything in it is not as format 1 has it.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path}: this is a folder; give a model file such as {path / 'model.theta'}")
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; give a model file, as written by save() or --out") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    check_length(path, raw)
    tensors, document = open_container(path, raw)
    _check_keys(path, document)
    arrays: dict[str, dict[str, np.ndarray]] = {group: {} for group in _GROUPS}
    for name, entry in tensors.items():
        group, _, rest = name.partition("/")
        if group not in arrays or not rest:
            raise InputError(f"{path}: unknown tensor {name!r}; the file is damaged or not a model of thetastar")
        if entry["dtype"] not in DTYPES:
            raise InputError(f"{path}: tensor {name!r} has the kind {entry['dtype']}; allowed are {', '.join(DTYPES)}")
    _check_network(path, document["network"], tensors, most=len(raw) // 4)
    base = 8 + struct.unpack("<Q", raw[:8])[0]
    for name, entry in tensors.items():
        group, _, rest = name.partition("/")
        kind = np.dtype(DTYPES[entry["dtype"]])
        begin, end = entry["data_offsets"]
        values = np.frombuffer(raw, kind.newbyteorder("<"), (end - begin) // kind.itemsize, base + begin)
        arrays[group][rest] = values.reshape(entry["shape"]).astype(kind, copy=True)
        if group == "network" and not np.isfinite(np.sum(arrays[group][rest], dtype=np.float64)):
            raise InputError(f"{path}: parameter {rest!r} holds values that are not finite; the file is damaged")
    return Contents(
        document["thetastar"], document["network"], document["preparation"], document["target"], document["record"],
        arrays,
    )  # fmt: skip


def check_length(path: Path, raw: bytes) -> None:
    """The header fits into the file and is not absurdly long."""
    if len(raw) < 8:
        raise InputError(f"{path}: {len(raw)} bytes are too few for a model file; it is damaged or something else")
    (header,) = struct.unpack("<Q", raw[:8])
    if header > min(len(raw) - 8, _HEADER_LIMIT):
        raise InputError(
            f"{path}: the header claims {header} bytes, the file has {len(raw)} (at most {_HEADER_LIMIT} are allowed); "
            "it is damaged or not a model of thetastar"
        )


def open_container(path: Path, raw: bytes) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """The tensor entries {name: {dtype, shape, data_offsets}} and the document.

    safetensors checks the header's rules first (order, holes, overlaps, sizes); it returns views, not copies.
    """
    from safetensors import SafetensorError, deserialize

    (length,) = struct.unpack("<Q", raw[:8])
    header = raw[8 : 8 + length]
    _check_values(path, header)
    try:
        deserialize(raw)
    except SafetensorError as error:
        raise InputError(f"{path}: not a sound safetensors file ({error}); it is damaged or something else") from None
    entries = _parse(path, header.decode("utf-8"))
    metadata = entries.pop("__metadata__", None)
    if not isinstance(metadata, dict) or set(metadata) != {_KEY}:
        raise InputError(f"{path}: a safetensors file, but not a model of thetastar (its metadata has no {_KEY!r})")
    _check_values(path, metadata[_KEY].encode())
    document = _parse(path, metadata[_KEY])
    return entries, document


def _check_values(path: Path, text: bytes) -> None:
    """Bound what parsing allocates: every JSON value but the first of a list or table follows a comma or bracket."""
    if text.count(b",") + text.count(b"[") + text.count(b"{") > _VALUE_LIMIT:
        raise InputError(f"{path}: the description holds more than {_VALUE_LIMIT} values; it is damaged or hostile")


def _parse(path: Path, text: str) -> dict[str, Any]:
    """A JSON object; doubled keys, NaN and infinity are refused."""

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not a number of JSON")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        table = dict(pairs)
        if len(table) != len(pairs):
            raise ValueError("a key appears twice")
        return table

    try:
        parsed = json.loads(text, parse_constant=refuse, object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: the description is not sound JSON ({error}); the file is damaged") from None
    if not isinstance(parsed, dict):
        raise InputError(f"{path}: the description is not a JSON object; the file is damaged")
    return parsed


def _check_keys(path: Path, document: dict[str, Any]) -> None:
    """Format number first: a newer format may have other keys, and deserves the better message."""
    number = document.get("format")
    if type(number) is not int or number < 1:
        raise InputError(f"{path}: the format number is {number!r}, not a whole number from 1; the file is damaged")
    if number > FORMAT:
        raise InputError(
            f"{path}: written in format {number} by thetastar {str(document.get('thetastar'))[:40]}; "
            f"this version reads up to format {FORMAT}. Install a newer thetastar"
        )
    unknown, missing = sorted(set(document) - _KEYS), sorted(_KEYS - set(document))
    if unknown or missing:
        raise InputError(
            f"{path}: the description has unknown parts {unknown} and lacks {missing}; the file is damaged or altered"
        )
    for name in ("network", "preparation", "target", "record"):
        if not isinstance(document[name], dict):
            raise InputError(f"{path}: the part {name!r} is a {type(document[name]).__name__}, not a table")
    if not isinstance(document["thetastar"], str):
        raise InputError(f"{path}: the version is not text; the file is damaged")


def _check_network(path: Path, description: dict[str, Any], tensors: dict[str, dict[str, Any]], most: int) -> None:
    """The tensors are exactly the parameters that the description calls for, in float32.

    Args:
        most: float32 numbers that the whole file could hold: no layer can be wider.
    """
    check_widths(path, description, most)
    expected = parameter_shapes(path, description)
    given = {name.removeprefix("network/"): entry for name, entry in tensors.items() if name.startswith("network/")}
    if set(given) != set(expected):
        odd = sorted(set(given) ^ set(expected))[:3]
        raise InputError(f"{path}: the parameters do not match the network: {', '.join(odd)} in one, not in the other")
    for name, shape in expected.items():
        if given[name]["dtype"] != "F32" or tuple(given[name]["shape"]) != shape:
            raise InputError(
                f"{path}: parameter {name!r} is {given[name]['dtype']} {tuple(given[name]['shape'])}; "
                f"the network's description calls for F32 {shape}"
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
