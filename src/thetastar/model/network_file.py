"""A network by itself in a `.theta` file: its description and its parameters, in the container of the models.

    tensors      "network/dense_1.weight", …, all in float32 or all in float64
    document     {"kind": "network", "thetastar": version, "network": description}

`Network.save` writes it. What a reader distrusts, and in which order, is said in `container.py` and `file.py`.
"""

from __future__ import annotations

import os

import numpy as np

from thetastar.errors import InputError
from thetastar.model.container import read_container
from thetastar.model.file import _check_widths, _described
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
    path, description = file.path, file.document.get("network")
    if set(file.document) != _KEYS or file.document["kind"] != NETWORK_KIND or not isinstance(description, dict):
        raise InputError(f"{path}: the network's file has other parts than it must. It is damaged or altered.")
    _check_widths(path, description, most=file.most)
    expected = {f"network/{name}": shape for name, shape in _described(path, description).items()}
    fits = expected == {name: tuple(entry["shape"]) for name, entry in file.entries.items()}
    if not fits or {entry["dtype"] for entry in file.entries.values()} not in ({"F32"}, {"F64"}, set()):
        raise InputError(
            f"{path}: the parameters are not those of the described network, all in float32 or all in float64. "
            "The file is damaged or altered."
        )
    arrays = {name.removeprefix("network/"): file.array(name) for name in file.entries}
    for name, values in arrays.items():
        if not np.isfinite(np.sum(values, dtype=np.float64)):
            raise InputError(f"{path}: parameter {name!r} holds values that are not finite. The file is damaged.")
    return Network.from_dict(description).with_parameters(arrays)
