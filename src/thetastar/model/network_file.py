"""A network by itself in a `.theta` file: its description and its parameters, in the container of the models.

    tensors      "network/dense_1.weight", …, all in float32 or all in float64
    __metadata__ {"thetastar": {"format": 1, "kind": "network", "thetastar": version, "network": description}}

`Network.save` writes it. What a reader distrusts, and in which order, is said in `model/file.py`, whose checks it uses.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Any

import numpy as np

from thetastar.errors import InputError
from thetastar.model import file as container
from thetastar.network import NETWORK_FORMAT, NETWORK_KIND, Network

__all__ = ["read_network"]

_KEYS = {"format", "kind", "thetastar", "network"}


def read_network(path: str | os.PathLike[str]) -> Network:
    """Read a network that `Network.save` wrote, with its parameters. No code in the file is run.

    Raises:
        InputError: there is no such file, it is damaged or altered, or a newer version wrote it.

    Example:
        >>> import tempfile, thetastar as ts
        >>> net = ts.Network([ts.Dense(2)], input_shape=(3,)).initialized(seed=0)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     again = read_network(net.save(f"{folder}/small.theta"))
        >>> bool((again.predict([[1.0, 2.0, 3.0]]) == net.predict([[1.0, 2.0, 3.0]])).all())
        True
    """
    path = Path(path)
    raw = path.read_bytes()
    container._check_length(path, raw)
    entries, document = container._open(path, raw)
    number, description = document.get("format"), document.get("network")
    if type(number) is int and number > NETWORK_FORMAT:
        raise InputError(
            f"{path}: a network of format {number}, written by thetastar {str(document.get('thetastar'))[:40]}; this "
            f"version reads up to format {NETWORK_FORMAT}. Install a newer thetastar."
        )
    parts = set(document) == _KEYS and number == NETWORK_FORMAT and document["kind"] == NETWORK_KIND
    if not parts or not isinstance(description, dict):
        raise InputError(f"{path}: the network's file has other parts than it must. It is damaged or altered.")
    container._check_widths(path, description, most=len(raw) // 4)
    expected = {f"network/{name}": shape for name, shape in container._described(path, description).items()}
    kinds = {entry["dtype"] for entry in entries.values()}
    fits = expected == {name: tuple(entry["shape"]) for name, entry in entries.items()}
    if not fits or kinds not in ({"F32"}, {"F64"}, set()):
        raise InputError(
            f"{path}: the parameters are not those of the described network, all in float32 or all in float64. "
            "The file is damaged or altered."
        )
    arrays = {name.removeprefix("network/"): _array(raw, entry) for name, entry in entries.items()}
    for name, values in arrays.items():
        if not np.isfinite(np.sum(values, dtype=np.float64)):
            raise InputError(f"{path}: parameter {name!r} holds values that are not finite. The file is damaged.")
    return Network.from_dict(description).with_parameters(arrays)


def _array(raw: bytes, entry: dict[str, Any]) -> np.ndarray:
    base = 8 + struct.unpack("<Q", raw[:8])[0]
    kind = np.dtype(container._DTYPES[entry["dtype"]])
    begin, end = entry["data_offsets"]
    values = np.frombuffer(raw, kind.newbyteorder("<"), (end - begin) // kind.itemsize, base + begin)
    return values.reshape(entry["shape"]).astype(kind, copy=True)
