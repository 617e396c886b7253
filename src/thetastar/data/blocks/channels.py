"""What images and sequences have in common: samples of numbers by channel, with a mean and a deviation for each."""

from __future__ import annotations

import math

import numpy as np

from thetastar.data.blocks.block import Place
from thetastar.data.table import Column
from thetastar.errors import InputError

__all__ = ["ROWS_AT_ONCE", "channel_statistics", "channels_sound", "refuse_other_kind", "sampled", "samples_of"]

ROWS_AT_ONCE = 4096  # rows that are scaled at once
_STATISTICS = 20_000  # means and deviations are taken over at most that many samples


def samples_of(column: Column) -> np.ndarray:
    """(n, …) the images or sequences of a column that holds some."""
    assert column.samples is not None
    return column.samples


def sampled(rows: np.ndarray) -> np.ndarray:
    """Evenly chosen rows, enough of them for means and deviations."""
    return rows[:: max(1, len(rows) // _STATISTICS)]


def channel_statistics(samples: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation of every channel, 1 for a deviation of 0."""
    numbers = samples.reshape(-1, samples.shape[-1])
    known = ~np.isnan(numbers)
    counts = np.maximum(known.sum(axis=0), 1)
    centre = np.where(known, numbers, 0).sum(axis=0, dtype=np.float64) / counts
    spread = np.sqrt((np.where(known, numbers - centre, 0) ** 2).sum(axis=0) / counts)
    scale = np.where(spread > 1e-12 * np.maximum(1, np.abs(centre)), spread, 1.0)
    return tuple(centre.tolist()), tuple(scale.tolist())


def channels_sound(shape: tuple[int, ...], channels: int, centre: tuple[float, ...], scale: tuple[float, ...]) -> bool:
    """Whether shape, means and deviations from a stranger's file fit together."""
    lengths = len(centre) == len(scale) == channels
    small = all(0 < size <= 65_536 for size in shape) and math.prod(shape) <= 2**24
    return small and lengths and bool(np.isfinite([*centre, *scale]).all()) and all(scale)


def refuse_other_kind(column: Column, kind: str, name: str, place: Place) -> None:
    """Refuse a column that does not hold what the model learned.

    Raises:
        InputError: the column is of another kind.
    """
    if column.kind != kind:
        raise InputError(f"{place(0)}: the column holds {column.kind}s, and the model learned {name!r} as {kind}s.")
