"""Residual: y = F(x) + S(x), S the identity or a learned projection."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .conv2d import Conv2D
from .layers import Dense, backward, forward, own, parameter_shapes, running_statistics, shapes, under


@dataclass(frozen=True)
class Residual:
    """F is a stack of layers, S the identity where F keeps the shape.

    Otherwise S is a dense layer without bias, or, for images whose height or width changes, a 1 × 1 convolution without
    bias and with the stride that leads to F's height and width.
    """

    layers: tuple

    def _projection(self, shape):
        out = self.output_shape(shape)
        if out == tuple(shape):
            return None
        if out[:-1] == tuple(shape)[:-1]:
            return Dense(out[-1], use_bias=False)
        strides = tuple(math.ceil(before / after) for before, after in zip(shape[:2], out[:2], strict=True))
        return Conv2D(out[-1], 1, strides=strides, use_bias=False)

    def output_shape(self, shape):
        return shapes(self.layers, shape)[-1]

    def parameter_shapes(self, shape):
        projection = self._projection(shape)
        side = {} if projection is None else under("projection", projection.parameter_shapes(shape))
        return parameter_shapes(self.layers, shape) | side

    def forward(self, parameters, x, training=False, masks=None):
        y, inner = forward(self.layers, parameters, x, masks, training)
        projection, side, kept = self._projection(x.shape[1:]), x, None
        if projection is not None:
            side, kept = projection.forward(own(parameters, "projection"), x)
        return y + side, (x, (inner, kept))

    def backward(self, parameters, saved, dy):
        x, (inner, kept) = saved
        gradients, dx = backward(self.layers, parameters, inner, dy)
        projection = self._projection(x.shape[1:])
        if projection is None:
            return dx + dy, gradients
        d_side, found = projection.backward(own(parameters, "projection"), kept, dy)
        return dx + d_side, gradients | under("projection", found)

    def running(self, saved):
        """The running statistics of batch normalisation inside F."""
        return running_statistics(self.layers, saved[1][0])
