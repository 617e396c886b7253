"""Images: every number scaled by its channel's mean and deviation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from thetastar.data.blocks.block import Block, FitSettings, Place
from thetastar.data.blocks.channels import (
    ROWS_AT_ONCE,
    channel_statistics,
    channels_sound,
    refuse_other_kind,
    sampled,
    samples_of,
)
from thetastar.data.roles import ColumnRole
from thetastar.data.table import Column
from thetastar.errors import InputError

__all__ = ["ImageBlock"]


@final
@dataclass(frozen=True)
class ImageBlock(Block):
    """An image: (x - centre) / scale by channel. Images of another size or colour are brought to the trained one."""

    roles: ClassVar[tuple[str, ...]] = ("image",)
    shape: tuple[int, ...]
    centre: tuple[float, ...]
    scale: tuple[float, ...]

    @classmethod
    def fit(cls, column: Column, rows: np.ndarray, role: ColumnRole, settings: FitSettings) -> ImageBlock:
        samples = samples_of(column)
        centre, scale = channel_statistics(samples[sampled(rows)])
        return cls(column.name, samples.shape[1:], centre, scale)

    @property
    def row_shape(self) -> tuple[int, ...]:
        return self.shape

    @property
    def width(self) -> int:
        return math.prod(self.shape)

    @property
    def feature_names(self) -> list[str]:
        rows, columns, channels = self.shape
        channel = [""] if channels == 1 else [f", channel {c}" for c in range(channels)]
        return [f"{self.name} at {y}, {x}{c}" for y in range(rows) for x in range(columns) for c in channel]

    def fill(self, column: Column, place: Place, out: np.ndarray) -> None:
        refuse_other_kind(column, "image", self.name, place)
        centre, scale = np.array(self.centre, np.float32), np.array(self.scale, np.float32)
        samples = samples_of(column)
        for at in range(0, len(samples), ROWS_AT_ONCE):
            some = _brought_to(samples[at : at + ROWS_AT_ONCE], self.shape)
            out[at : at + ROWS_AT_ONCE] = ((some.astype(np.float32) - centre) / scale).reshape(len(some), -1)

    def sound(self) -> bool:
        return len(self.shape) == 3 and channels_sound(self.shape, self.shape[2], self.centre, self.scale)


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
