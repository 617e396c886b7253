"""Reading a `.theta` file, whichever kind of model it holds."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from thetastar.model import Model
from thetastar.model import load as load_study

if TYPE_CHECKING:
    from thetastar.forecasting import ForecastModel
    from thetastar.network import Network

__all__ = ["load"]

_LONGEST_HEADER = 100_000_000  # bytes, as the container's own readers allow


def load(path: str | os.PathLike[str]) -> Model | ForecastModel | Network:
    """Read a model that `save`, `thetastar fit --out` or `thetastar forecast --out` wrote, or a network that was saved.

    No code in the file is run, and no other file is read.

    Returns:
        A `Model`, a `ForecastModel` where the file holds a forecast, a `Network` where it holds a network alone.

    Raises:
        InputError: there is no such file, it is damaged or altered, or a newer version wrote it.

    Example:
        >>> import os, tempfile
        >>> import thetastar as ts
        >>> rows = {"x": [k / 50 for k in range(400)], "y": [(k / 50) ** 2 for k in range(400)]}
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = ts.fit(rows, target="y", candidates=[(16,)], effort=1).save(os.path.join(folder, "curve.theta"))
        ...     load(path).target
        'y'
    """
    kind = _kind(path)
    if kind == "network":
        from thetastar.model.network_file import read_network_file

        return read_network_file(path)
    if kind == "forecast":
        from thetastar.forecasting import ForecastModel
        from thetastar.forecasting.file import read_model

        if (parts := read_model(path)) is not None:
            return ForecastModel(*parts)
    return load_study(path)


def _kind(path: str | os.PathLike[str]) -> str:
    """What the file says that it holds. Whatever is wrong with it, the reader of that kind has the words for."""
    try:
        with open(path, "rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length)) if length <= _LONGEST_HEADER else {}
        return str(json.loads(header["__metadata__"]["thetastar"]).get("kind", "study"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return "study"
