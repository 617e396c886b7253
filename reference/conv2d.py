"""Conv2D over images (B, H, W, C), pixel by pixel and tap by tap."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .layers import activation, d_activation


def pair(value):
    """(height, width) of one number for both, or of two."""
    return tuple(value) if isinstance(value, list | tuple) else (value, value)


def places(size, window, stride, dilation, padding):
    """How many places a window takes along an axis, and the pixel where the first one begins (below 0: padding)."""
    reach = (window - 1) * dilation + 1
    if padding == "valid":
        return (size - reach) // stride + 1, 0
    count = math.ceil(size / stride)
    missing = max(0, (count - 1) * stride + reach - size)
    return count, -(missing // 2)  # of an odd number the larger half comes at the end


def windows(shape, window, strides, dilation, padding):
    """For every output pixel: (its row, its column, [(tap, row, column) of the input's pixels under the window])."""
    (H, h0), (W, w0) = (places(*axis, padding) for axis in zip(shape[:2], window, strides, dilation, strict=True))
    for i in range(H):
        for j in range(W):
            under = []
            for k in range(window[0]):
                for m in range(window[1]):
                    row, column = h0 + i * strides[0] + k * dilation[0], w0 + j * strides[1] + m * dilation[1]
                    if 0 <= row < shape[0] and 0 <= column < shape[1]:
                        under.append((k * window[1] + m, row, column))
            yield i, j, under


def moved(shape, window, strides, dilation, padding):
    """(H', W')."""
    return tuple(places(*axis, padding)[0] for axis in zip(shape[:2], window, strides, dilation, strict=True))


@dataclass(frozen=True)
class Conv2D:
    """y[p] = φ(b + Σ_t x[p · stride + t · dilation] W[t]); W (taps · C / groups, O), b (O,).

    Padding is zeros. Group g's channels meet group g's filters only.
    """

    filters: int
    kernel_size: int | tuple[int, int]
    strides: int | tuple[int, int] = 1
    padding: str = "valid"
    activation: str = "identity"
    dilation_rate: int | tuple[int, int] = 1
    groups: int = 1
    use_bias: bool = True

    def _moves(self):
        return pair(self.kernel_size), pair(self.strides), pair(self.dilation_rate), self.padding

    def _groups(self, channels):
        """The input's channels and the filters of each group."""
        c, f = channels // self.groups, self.filters // self.groups
        return [(slice(g * c, (g + 1) * c), slice(g * f, (g + 1) * f)) for g in range(self.groups)]

    def output_shape(self, shape):
        return (*moved(shape, *self._moves()), self.filters)

    def parameter_shapes(self, shape):
        rows = math.prod(pair(self.kernel_size)) * shape[2] // self.groups
        return {"weight": (rows, self.filters)} | ({"bias": (self.filters,)} if self.use_bias else {})

    def forward(self, parameters, x, training=False, masks=None):
        channels = x.shape[3] // self.groups
        W = parameters["weight"].reshape(-1, channels, self.filters)
        z = np.zeros((len(x), *self.output_shape(x.shape[1:])))
        for i, j, under in windows(x.shape[1:], *self._moves()):
            for tap, row, column in under:
                for inputs, outputs in self._groups(x.shape[3]):
                    z[:, i, j, outputs] += x[:, row, column, inputs] @ W[tap, :, outputs]
        z = z + parameters.get("bias", 0.0)
        return activation(z, self.activation), (x, z)

    def backward(self, parameters, saved, dy):
        x, z = saved
        dz = d_activation(dy, z, self.activation)
        W = parameters["weight"].reshape(-1, x.shape[3] // self.groups, self.filters)
        dx, dW = np.zeros_like(x), np.zeros_like(W)
        for i, j, under in windows(x.shape[1:], *self._moves()):
            for tap, row, column in under:
                for inputs, outputs in self._groups(x.shape[3]):
                    dW[tap, :, outputs] += x[:, row, column, inputs].T @ dz[:, i, j, outputs]
                    dx[:, row, column, inputs] += dz[:, i, j, outputs] @ W[tap, :, outputs].T
        bias = {"bias": dz.sum(axis=(0, 1, 2))} if self.use_bias else {}
        return dx, {"weight": dW.reshape(parameters["weight"].shape)} | bias
