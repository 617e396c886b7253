"""Columns whose cells are images or sequences."""

from __future__ import annotations

import numpy as np

from thetastar.data.table import Column
from thetastar.errors import InputError

__all__ = ["samples_column"]


def samples_column(name: str, values: np.ndarray, kind: str | None = None) -> Column:
    """A column of images or sequences.

    Args:
        values: (n, H, W, C) images, or three axes: (n, H, W) grey images where all numbers are whole, none is below 0
            and both sides have at least four pixels, otherwise (n, T, F) sequences.
        kind: "image" or "sequence", where that rule does not suit.

    Raises:
        InputError: An axis is empty, or a number is infinite, or missing in an image.
    """
    if 0 in values.shape:
        raise InputError(f"column {name!r}: an array of shape {values.shape} is empty. Give at least one sample.")
    if values.ndim == 3 and (kind or _kind_of(values)) == "image":
        values = values[..., None]
    if values.dtype != np.uint8:
        with np.errstate(over="ignore"):
            values = values.astype(np.float32)
        wrong = np.isinf(values) if values.ndim == 3 else ~np.isfinite(values)
        if wrong.any():
            raise InputError(
                f"column {name!r}, sample {int(np.argwhere(wrong)[0][0])}: a number is not finite. Mend or remove it."
            )
    return Column(name, native="float" if values.dtype.kind == "f" else "integer", samples=np.ascontiguousarray(values))


def _kind_of(values: np.ndarray) -> str:
    if min(values.shape[1:]) < 4:
        return "sequence"
    with np.errstate(invalid="ignore"):
        pixels = values.dtype.kind in "bu" or bool(np.all((values >= 0) & (values == np.floor(values))))
    return "image" if pixels else "sequence"
