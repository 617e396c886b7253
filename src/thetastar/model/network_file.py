"""A network alone in a `.theta` file: the container of models, with a document that holds nothing but the network.

    tensors      "network/dense_1.weight", …, float32 or, where all parameters are, float64
    __metadata__ {"thetastar": {"kind": "network", "format": 1, "thetastar": version, "network": description}}

It is distrusted as a model's file is, by the same checks in the same order.
"""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path
from typing import Any

import numpy as np

from thetastar._files import write_atomically
from thetastar.errors import InputError
from thetastar.model.file import file_bytes, network_fits, opened
from thetastar.network import Network

__all__ = ["FORMAT", "read_network_file", "write_network_file"]

FORMAT = 1

_KEYS = {"kind", "format", "thetastar", "network"}


def write_network_file(path: str | os.PathLike[str], network: Network) -> Path:
    """Write a network with its parameters, all or nothing.

    Raises:
        InputError: the network has no parameters yet, some are not finite, or the folder cannot be written.
    """
    from safetensors.numpy import save

    import thetastar

    for name, values in network.parameters.items():
        if not np.isfinite(values).all():
            raise InputError(
                f"Network.save: all parameters must be finite. Got others in {name!r}. Train again with a smaller "
                "learning rate, or clip the gradient."
            )
    document = {
        "kind": "network", "format": FORMAT, "thetastar": thetastar.__version__, "network": network.to_dict(),
    }  # fmt: skip
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    tensors = {f"network/{name}": np.ascontiguousarray(values) for name, values in network.parameters.items()}
    return write_atomically(path, save(tensors, metadata={"thetastar": text}))


def read_network_file(path: str | os.PathLike[str]) -> Network:
    """Read and check a network's file.

    Raises:
        InputError: there is no such file, or anything in it is not as format 1 has it.
    """
    path = Path(path)
    raw = file_bytes(path)
    tensors, document = opened(path, raw)
    _check_document(path, document)
    kinds = {entry["dtype"] for entry in tensors.values()}
    strange = [name for name in tensors if not name.startswith("network/")]
    if strange or (not kinds <= {"F32"} and not kinds <= {"F64"}):
        what = f"unknown tensor {strange[0]!r}" if strange else f"parameters of the kinds {', '.join(sorted(kinds))}"
        raise InputError(f"{path}: {what}; the file is damaged or not a network of thetastar")
    kind = np.dtype(np.float64 if kinds == {"F64"} else np.float32)
    network_fits(path, document["network"], tensors, most=len(raw) // 4, kind="F64" if kind == np.float64 else "F32")
    base = 8 + struct.unpack("<Q", raw[:8])[0]
    arrays = {}
    for name, entry in tensors.items():
        begin, end = entry["data_offsets"]
        values = np.frombuffer(raw, kind.newbyteorder("<"), (end - begin) // kind.itemsize, base + begin)
        own = name.removeprefix("network/")
        arrays[own] = values.reshape(entry["shape"]).astype(kind, copy=True)
        if not np.isfinite(arrays[own]).all():
            raise InputError(f"{path}: parameter {own!r} holds values that are not finite; the file is damaged")
    return Network.from_dict(document["network"]).with_parameters(arrays)


def _check_document(path: Path, document: dict[str, Any]) -> None:
    if document.get("kind") != "network":
        kind = document.get("kind", "study")
        raise InputError(f"{path}: the file holds a model ({str(kind)[:40]}), not a network alone. Use ts.load(path).")
    number = document.get("format")
    if type(number) is not int or number < 1:
        raise InputError(f"{path}: the format number is {number!r}, not a whole number from 1; the file is damaged")
    if number > FORMAT:
        raise InputError(
            f"{path}: written in format {number} by thetastar {str(document.get('thetastar'))[:40]}; "
            f"this version reads up to format {FORMAT}. Install a newer thetastar"
        )
    if set(document) != _KEYS or not isinstance(document["network"], dict):
        raise InputError(
            f"{path}: the description must hold {', '.join(sorted(_KEYS))}; the file is damaged or altered"
        )
