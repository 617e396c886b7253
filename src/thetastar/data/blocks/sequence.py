"""Sequences: every number of a step scaled by its mean and deviation; steps that are not there are 0 throughout."""

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

__all__ = ["SequenceBlock"]


@final
@dataclass(frozen=True)
class SequenceBlock(Block):
    """A sequence: (x - centre) / scale for every number of a step; missing ones at the mean.

    Where sequences differ in length, or have gaps, a number "present" stands beside the others, 1 in steps that are
    there and 0 in those that are not. Steps that are not there are 0 throughout, which recurrent layers pass over. Of
    sequences longer than the longest in training, the last steps are taken.
    """

    roles: ClassVar[tuple[str, ...]] = ("sequence",)
    shape: tuple[int, ...]
    centre: tuple[float, ...]
    scale: tuple[float, ...]
    padded: bool

    @classmethod
    def fit(cls, column: Column, rows: np.ndarray, role: ColumnRole, settings: FitSettings) -> SequenceBlock:
        samples = samples_of(column)
        centre, scale = channel_statistics(samples[sampled(rows)])
        padded = bool(np.isnan(samples).any())
        return cls(column.name, (samples.shape[1], samples.shape[2] + padded), centre, scale, padded)

    @property
    def row_shape(self) -> tuple[int, ...]:
        return self.shape

    @property
    def width(self) -> int:
        return math.prod(self.shape)

    @property
    def feature_names(self) -> list[str]:
        steps, numbers = self.shape
        each = [f"number {f}" for f in range(numbers - self.padded)] + ["present"] * self.padded
        return [f"{self.name} at step {t}, {word}" for t in range(steps) for word in each]

    def fill(self, column: Column, place: Place, out: np.ndarray) -> None:
        refuse_other_kind(column, "sequence", self.name, place)
        steps, numbers = self.shape[0], len(self.centre)
        samples = samples_of(column)
        if samples.shape[2] != numbers:
            raise InputError(
                f"{place(0)}: a step has {samples.shape[2]} numbers, and the model learned steps of {numbers}. "
                "Give the same numbers."
            )
        centre, scale = np.array(self.centre, np.float32), np.array(self.scale, np.float32)
        rows = out.reshape(len(samples), *self.shape)
        for at in range(0, len(samples), ROWS_AT_ONCE):
            part = _last_steps(samples[at : at + ROWS_AT_ONCE], steps)
            known = ~np.isnan(part)
            rows[at : at + ROWS_AT_ONCE, :, :numbers] = np.where(known, (part - centre) / scale, 0)
            if self.padded:
                rows[at : at + ROWS_AT_ONCE, :, numbers] = known.any(axis=2)

    def sound(self) -> bool:
        return len(self.shape) == 2 and channels_sound(self.shape, self.shape[1] - self.padded, self.centre, self.scale)


def _last_steps(samples: np.ndarray, steps: int) -> np.ndarray:
    """(n, steps, F): longer sequences lose their first steps, shorter ones end in steps that are not there."""
    if samples.shape[1] > steps:
        lengths = samples.shape[1] - np.argmax(~np.isnan(samples).all(axis=2)[:, ::-1], axis=1)
        first = np.maximum(lengths - steps, 0)
        return samples[np.arange(len(samples))[:, None], first[:, None] + np.arange(steps)]
    short = steps - samples.shape[1]
    return np.pad(samples, ((0, 0), (0, short), (0, 0)), constant_values=np.nan) if short else samples
