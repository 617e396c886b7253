"""Blocks for columns of images and sequences: every number scaled by its channel's mean and deviation.

Like the blocks of `blocks.py` they are frozen records of plain values, fitted on training rows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from thetastar.data.blocks import Place, Saved
from thetastar.data.table import Column
from thetastar.errors import InputError

__all__ = ["ImageBlock", "SequenceBlock"]

_ROWS = 4096  # rows scaled at once
_STATISTICS = 20_000  # means and deviations are taken over at most so many samples


@dataclass(frozen=True)
class ImageBlock(Saved):
    """An image: (x - centre) / scale by channel. Images of another size or colour are brought to the trained one."""

    name: str
    shape: tuple[int, ...]
    centre: tuple[float, ...]
    scale: tuple[float, ...]

    @classmethod
    def fit(cls, column: Column, rows: np.ndarray) -> ImageBlock:
        centre, scale = _statistics(column.samples[_some(rows)])
        return cls(column.name, column.samples.shape[1:], centre, scale)

    @property
    def width(self) -> int:
        return math.prod(self.shape)

    @property
    def feature_names(self) -> list[str]:
        rows, columns, channels = self.shape
        channel = [""] if channels == 1 else [f", channel {c}" for c in range(channels)]
        return [f"{self.name} at {y}, {x}{c}" for y in range(rows) for x in range(columns) for c in channel]

    def fill(self, column: Column, place: Place, out: np.ndarray) -> None:
        _refuse_other(column, "image", self.name, place)
        centre, scale = np.array(self.centre, np.float32), np.array(self.scale, np.float32)
        for at in range(0, len(column), _ROWS):
            samples = _brought_to(column.samples[at : at + _ROWS], self.shape)
            out[at : at + _ROWS] = ((samples.astype(np.float32) - centre) / scale).reshape(len(samples), -1)

    def sound(self) -> bool:
        """Whether a state from a stranger's file can be used."""
        return len(self.shape) == 3 and _sound(self.shape, self.shape[2], self.centre, self.scale)


@dataclass(frozen=True)
class SequenceBlock(Saved):
    """A sequence: (x - centre) / scale for every number of a step; missing ones at the mean.

    Where sequences differ in length, or have gaps, a number "present" stands beside the others, 1 in steps that are
    there and 0 in those that are not. Steps that are not there are 0 throughout, which recurrent layers pass over. Of
    sequences longer than the longest in training, the last steps are taken.
    """

    name: str
    shape: tuple[int, ...]
    centre: tuple[float, ...]
    scale: tuple[float, ...]
    padded: bool

    @classmethod
    def fit(cls, column: Column, rows: np.ndarray) -> SequenceBlock:
        samples = column.samples[_some(rows)]
        centre, scale = _statistics(samples)
        padded = bool(np.isnan(column.samples).any())
        return cls(column.name, (samples.shape[1], samples.shape[2] + padded), centre, scale, padded)

    @property
    def width(self) -> int:
        return math.prod(self.shape)

    @property
    def feature_names(self) -> list[str]:
        steps, numbers = self.shape
        each = [f"number {f}" for f in range(numbers - self.padded)] + ["present"] * self.padded
        return [f"{self.name} at step {t}, {word}" for t in range(steps) for word in each]

    def fill(self, column: Column, place: Place, out: np.ndarray) -> None:
        _refuse_other(column, "sequence", self.name, place)
        steps, numbers = self.shape[0], len(self.centre)
        samples = column.samples
        if samples.shape[2] != numbers:
            raise InputError(
                f"{place(0)}: a step has {samples.shape[2]} numbers, and the model learned steps of {numbers}. "
                "Give the same numbers."
            )
        centre, scale = np.array(self.centre, np.float32), np.array(self.scale, np.float32)
        rows = out.reshape(len(samples), *self.shape)
        for at in range(0, len(samples), _ROWS):
            part = _last_steps(samples[at : at + _ROWS], steps)
            known = ~np.isnan(part)
            rows[at : at + _ROWS, :, :numbers] = np.where(known, (part - centre) / scale, 0)
            if self.padded:
                rows[at : at + _ROWS, :, numbers] = known.any(axis=2)

    def sound(self) -> bool:
        """Whether a state from a stranger's file can be used."""
        return len(self.shape) == 2 and _sound(self.shape, self.shape[1] - self.padded, self.centre, self.scale)


def _some(rows: np.ndarray) -> np.ndarray:
    return rows[:: max(1, len(rows) // _STATISTICS)]


def _statistics(samples: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation of every channel, 1 for a deviation of 0."""
    numbers = samples.reshape(-1, samples.shape[-1])
    known = ~np.isnan(numbers)
    counts = np.maximum(known.sum(axis=0), 1)
    centre = np.where(known, numbers, 0).sum(axis=0, dtype=np.float64) / counts
    spread = np.sqrt((np.where(known, numbers - centre, 0) ** 2).sum(axis=0) / counts)
    scale = np.where(spread > 1e-12 * np.maximum(1, np.abs(centre)), spread, 1.0)
    return tuple(centre.tolist()), tuple(scale.tolist())


def _sound(shape: tuple[int, ...], channels: int, centre: tuple[float, ...], scale: tuple[float, ...]) -> bool:
    lengths = len(centre) == len(scale) == channels
    small = all(0 < size <= 65_536 for size in shape) and math.prod(shape) <= 2**24
    return small and lengths and bool(np.isfinite([*centre, *scale]).all()) and all(scale)


def _refuse_other(column: Column, kind: str, name: str, place: Place) -> None:
    if column.kind != kind:
        raise InputError(f"{place(0)}: the column holds {column.kind}s, and the model learned {name!r} as {kind}s.")


def _last_steps(samples: np.ndarray, steps: int) -> np.ndarray:
    """(n, steps, F): longer sequences lose their first steps, shorter ones end in steps that are not there."""
    if samples.shape[1] > steps:
        lengths = samples.shape[1] - np.argmax(~np.isnan(samples).all(axis=2)[:, ::-1], axis=1)
        first = np.maximum(lengths - steps, 0)
        return samples[np.arange(len(samples))[:, None], first[:, None] + np.arange(steps)]
    short = steps - samples.shape[1]
    return np.pad(samples, ((0, 0), (0, short), (0, 0)), constant_values=np.nan) if short else samples


def _brought_to(samples: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """(n, *shape): grey from colour by its lightness, colour from grey by repeating it, sizes by area."""
    if samples.shape[3] != shape[2]:
        if shape[2] == 1:
            weights = [0.299, 0.587, 0.114] if samples.shape[3] == 3 else [1 / samples.shape[3]] * samples.shape[3]
            samples = (samples @ np.array(weights, np.float32))[..., None]
        elif samples.shape[3] == 1:
            samples = np.repeat(samples, shape[2], axis=3)
        else:
            raise InputError(
                f"images: they have {samples.shape[3]} channels, and the model learned {shape[2]}. Give such images."
            )
    if samples.shape[1:] == shape:
        return samples
    from PIL import Image

    out = np.empty((len(samples), *shape), np.float32)
    for i, image in enumerate(samples):
        for c in range(shape[2]):
            plane = Image.fromarray(np.ascontiguousarray(image[..., c], dtype=np.float32), mode="F")
            out[i, ..., c] = np.asarray(plane.resize((shape[1], shape[0]), Image.Resampling.BOX))
    return out
