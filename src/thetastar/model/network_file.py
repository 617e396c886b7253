"""A network by itself in a `.theta` file: its description and its parameters, in the container of the models.

    tensors      "network/dense_1.weight", …, all in float32 or all in float64
    document     {"kind": "network", "thetastar": version, "network": description}

`Network.save` writes it. What a reader distrusts, and in which order, is said in `_container.py` and `model/file.py`,
whose checks it uses.
"""

from __future__ import annotations

import os

import numpy as np

from thetastar._container import read_container
from thetastar.errors import InputError
from thetastar.model.file import check_widths, parameter_shapes
from thetastar.network import NETWORK_KIND, Network

__all__ = ["read_network"]

_KEYS = {"kind", "thetastar", "network"}


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
    file = read_container(path)
    path, document = file.path, file.document
    description = document.get("network")
    if set(document) != _KEYS or document["kind"] != NETWORK_KIND or not isinstance(description, dict):
        raise InputError(f"{path}: the network's file has other parts than it must. It is damaged or altered.")
    check_widths(path, description, most=file.most)
    expected = {f"network/{name}": shape for name, shape in parameter_shapes(path, description).items()}
    kinds = {entry["dtype"] for entry in file.entries.values()}
    fits = expected == {name: tuple(entry["shape"]) for name, entry in file.entries.items()}
    if not fits or kinds not in ({"F32"}, {"F64"}, set()):
        raise InputError(
            f"{path}: the parameters are not those of the described network, all in float32 or all in float64. "
            "The file is damaged or altered."
        )
    arrays = {name.removeprefix("network/"): file.array(name) for name in file.entries}
    for name, values in arrays.items():
        if not np.isfinite(np.sum(values, dtype=np.float64)):
            raise InputError(f"{path}: parameter {name!r} holds values that are not finite. The file is damaged.")
    return Network.from_dict(description).with_parameters(arrays)
