"""A network alone in a `.theta` file: the container of models, with a document that holds nothing but the network.

    tensors      "network/dense_1.weight", …, all float32 or all float64
    document     {"kind": "network", "thetastar": version, "network": description}

It is distrusted as a model's file is, by the same checks in the same order.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from thetastar.errors import InputError
from thetastar.model.container import read_container, write_container
from thetastar.model.file import network_fits
from thetastar.network import Network

__all__ = ["KIND", "read_network_file", "write_network_file"]

KIND = "network"

_PREFIX = "network/"


def write_network_file(path: str | os.PathLike[str], network: Network) -> Path:
    """Write a network with its parameters, all or nothing.

    Raises:
        InputError: the network has no parameters yet, some are not finite, or the folder cannot be written.
    """
    import thetastar

    for name, values in network.parameters.items():
        if not np.isfinite(values).all():
            raise InputError(
                f"Network.save: all parameters must be finite. Got others in {name!r}. Train again with a smaller "
                "learning rate, or clip the gradient."
            )
    document = {"kind": KIND, "thetastar": thetastar.__version__, "network": network.to_dict()}
    return write_container(path, document, {f"{_PREFIX}{name}": value for name, value in network.parameters.items()})


def read_network_file(path: str | os.PathLike[str]) -> Network:
    """Read and check a network's file.

    Raises:
        InputError: there is no such file, it holds something else, or anything in it is not as its format has it.
    """
    file = read_container(path)
    document, path = file.document, file.path
    kind = document.get("kind", "study")
    if kind != KIND:
        raise InputError(f"{path}: the file holds a model ({str(kind)[:40]}), not a network alone. Use ts.load(path).")
    if set(document) != {"kind", "thetastar", "network"} or not isinstance(document["network"], dict):
        raise InputError(f"{path}: the description must hold kind, network and thetastar; the file is altered")
    kinds = {entry["dtype"] for entry in file.entries.values()}
    strange = [name for name in file.entries if not name.startswith(_PREFIX)]
    if strange or len(kinds) > 1 or not kinds <= {"F32", "F64"}:
        what = f"unknown tensor {strange[0]!r}" if strange else f"parameters of the kinds {', '.join(sorted(kinds))}"
        raise InputError(f"{path}: {what}; the file is damaged or not a network of thetastar")
    kind = "F64" if "F64" in kinds else "F32"
    network_fits(path, document["network"], file.entries, _PREFIX, most=file.most, kind=kind)
    arrays = {name.removeprefix(_PREFIX): file.array(name) for name in file.entries}
    for name, values in arrays.items():
        if not np.isfinite(values).all():
            raise InputError(f"{path}: parameter {name!r} holds values that are not finite; the file is damaged")
    return Network.from_dict(document["network"]).with_parameters(arrays)
