"""Pooling over images (B, H, W, C), window by window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .conv2d import moved, pair, windows
from .layers import WithoutParameters


@dataclass(frozen=True)
class _Pool2D(WithoutParameters):
    pool_size: int | tuple[int, int] = 2
    strides: int | tuple[int, int] | None = None
    padding: str = "valid"

    def _moves(self):
        size = pair(self.pool_size)
        return size, size if self.strides is None else pair(self.strides), (1, 1), self.padding

    def output_shape(self, shape):
        return (*moved(shape, *self._moves()), shape[2])


@dataclass(frozen=True)
class MaxPool2D(_Pool2D):
    """The largest value under the window, channel by channel; its gradient goes to the first of equals."""

    def forward(self, parameters, x, training=False, masks=None):
        y = np.zeros((len(x), *self.output_shape(x.shape[1:])))
        for i, j, under in windows(x.shape[1:], *self._moves()):
            y[:, i, j] = np.max([x[:, row, column] for _, row, column in under], axis=0)
        return y, (x, None)

    def backward(self, parameters, saved, dy):
        x, _ = saved
        dx = np.zeros_like(x)
        for i, j, under in windows(x.shape[1:], *self._moves()):
            first = np.argmax([x[:, row, column] for _, row, column in under], axis=0)  # (B, C)
            for place, (_, row, column) in enumerate(under):
                dx[:, row, column] += np.where(first == place, dy[:, i, j], 0.0)
        return dx, {}


@dataclass(frozen=True)
class AveragePool2D(_Pool2D):
    """The mean under the window, channel by channel, over the pixels that the image has there."""

    def forward(self, parameters, x, training=False, masks=None):
        y = np.zeros((len(x), *self.output_shape(x.shape[1:])))
        for i, j, under in windows(x.shape[1:], *self._moves()):
            y[:, i, j] = np.mean([x[:, row, column] for _, row, column in under], axis=0)
        return y, (x, None)

    def backward(self, parameters, saved, dy):
        dx = np.zeros_like(saved[0])
        for i, j, under in windows(dx.shape[1:], *self._moves()):
            for _, row, column in under:
                dx[:, row, column] += dy[:, i, j] / len(under)
        return dx, {}


@dataclass(frozen=True)
class GlobalAveragePool2D(WithoutParameters):
    """The mean over all pixels: (H, W, C) to (C,)."""

    def output_shape(self, shape):
        return (shape[2],)

    def forward(self, parameters, x, training=False, masks=None):
        return x.mean(axis=(1, 2)), (x, None)

    def backward(self, parameters, saved, dy):
        x, _ = saved
        return np.broadcast_to(dy[:, None, None, :] / (x.shape[1] * x.shape[2]), x.shape).copy(), {}
