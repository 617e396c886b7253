"""Layers over sequences (B, T, F), step by step: SimpleRNN, LSTM, GRU, and Embedding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .layers import own, under


def sigmoid(z):
    return 0.5 * (1 + np.tanh(0.5 * z))


@dataclass(frozen=True)
class _Recurrent:
    """A state h (B, U), and for LSTM a cell c (B, U), carried from step to step; both begin at zero.

    A step whose features all equal `mask_value` leaves them as they are; its row of a returned sequence is that value.
    Bidirectional: a layer reading ahead ("forward.…") and one reading back ("backward.…"), side by side.
    """

    GATES: ClassVar[int] = 1
    units: int
    return_sequences: bool = False
    go_backwards: bool = False
    bidirectional: bool = False
    mask_value: float | None = None

    def output_shape(self, shape):
        width = self.units * (2 if self.bidirectional else 1)
        return (shape[0], width) if self.return_sequences else (width,)

    def _directions(self):
        """(name, whether it reads back) of each direction."""
        return [("forward", False), ("backward", True)] if self.bidirectional else [("", self.go_backwards)]

    def _one_direction(self, features):
        U, G = self.units, self.GATES
        return {"weight": (features, G * U), "recurrent_weight": (U, G * U), "bias": (G * U,)}

    def parameter_shapes(self, shape):
        one = self._one_direction(shape[1])
        return {f"{name}.{key}".lstrip("."): size for name, _ in self._directions() for key, size in one.items()}

    def forward(self, parameters, x, training=False, masks=None):
        sides = [(own(parameters, name) if name else parameters, back) for name, back in self._directions()]
        parts = [self._walk(mine, x, back) for mine, back in sides]
        return np.concatenate([y for y, _ in parts], axis=-1), (x, [kept for _, kept in parts])

    def backward(self, parameters, saved, dy):
        x, kept = saved
        dx, gradients = np.zeros_like(x), {}
        for side, (name, back) in enumerate(self._directions()):
            d_side = dy[..., side * self.units : (side + 1) * self.units]
            d_input, found = self._walk_back(own(parameters, name) if name else parameters, x, kept[side], d_side, back)
            dx += d_input
            gradients |= under(name, found) if name else found
        return dx, gradients

    def _times(self, x, back):
        return range(x.shape[1])[::-1] if back else range(x.shape[1])

    def _masked(self, x, t):
        """(B, 1): whether the step is skipped."""
        return np.zeros((len(x), 1), bool) if self.mask_value is None else (x[:, t] == self.mask_value).all(1)[:, None]

    def _walk(self, p, x, back):
        h, c = np.zeros((len(x), self.units)), np.zeros((len(x), self.units))
        y, kept = np.zeros((len(x), x.shape[1], self.units)), {}
        for t in self._times(x, back):
            h_new, c_new, cache = self.step(p, x[:, t], h, c)
            skip = self._masked(x, t)
            kept[t] = (h, c, cache)
            h, c = np.where(skip, h, h_new), np.where(skip, c, c_new)
            y[:, t] = np.where(skip, self.mask_value if self.mask_value is not None else 0.0, h)
        return (y if self.return_sequences else h), kept

    def _walk_back(self, p, x, kept, dy, back):
        dx, gradients = np.zeros_like(x), {name: np.zeros_like(p[name]) for name in self._one_direction(x.shape[2])}
        dh, dc = np.zeros((len(x), self.units)), np.zeros((len(x), self.units))
        if not self.return_sequences:
            dh = dh + dy
        for t in reversed(self._times(x, back)):
            skip = self._masked(x, t)
            if self.return_sequences:
                dh = dh + np.where(skip, 0.0, dy[:, t])
            h, c, cache = kept[t]
            live_h, live_c = np.where(skip, 0.0, dh), np.where(skip, 0.0, dc)
            dx[:, t], dh_before, dc_before, found = self.d_step(p, x[:, t], h, c, cache, live_h, live_c)
            dh, dc = np.where(skip, dh, dh_before), np.where(skip, dc, dc_before)
            gradients = {name: total + found[name] for name, total in gradients.items()}
        return dx, gradients


def d_products(p, x, h, dz):
    """What every cell has in common where z = x W + b + h R: dx, the part of dh, and dW, dR, db."""
    gradients = {"weight": x.T @ dz, "recurrent_weight": h.T @ dz, "bias": dz.sum(axis=0)}
    return dz @ p["weight"].T, dz @ p["recurrent_weight"].T, gradients


@dataclass(frozen=True)
class SimpleRNN(_Recurrent):
    """h' = tanh(x W + b + h R)."""

    def step(self, p, x, h, c):
        after = np.tanh(x @ p["weight"] + p["bias"] + h @ p["recurrent_weight"])
        return after, c, after

    def d_step(self, p, x, h, c, after, dh, dc):
        dx, d_before, gradients = d_products(p, x, h, dh * (1 - after**2))
        return dx, d_before, dc, gradients


@dataclass(frozen=True)
class LSTM(_Recurrent):
    """i, f, o = σ(x W + b + h R), g = tanh(…), in the order i f g o; c' = f c + i g; h' = o tanh(c')."""

    GATES: ClassVar[int] = 4

    def step(self, p, x, h, c):
        z = np.split(x @ p["weight"] + p["bias"] + h @ p["recurrent_weight"], 4, axis=1)
        i, f, g, o = sigmoid(z[0]), sigmoid(z[1]), np.tanh(z[2]), sigmoid(z[3])
        after = f * c + i * g
        return o * np.tanh(after), after, (i, f, g, o, after)

    def d_step(self, p, x, h, c, cache, dh, dc):
        i, f, g, o, after = cache
        dc = dc + dh * o * (1 - np.tanh(after) ** 2)
        di, df, dg, do = dc * g, dc * c, dc * i, dh * np.tanh(after)
        dz = np.concatenate([di * i * (1 - i), df * f * (1 - f), dg * (1 - g**2), do * o * (1 - o)], axis=1)
        dx, d_before, gradients = d_products(p, x, h, dz)
        return dx, d_before, dc * f, gradients


@dataclass(frozen=True)
class GRU(_Recurrent):
    """z, r = σ(x W + b + h R + s), n = tanh(x W + b + r (h R + s)), in the order z r n; h' = z h + (1 - z) n."""

    GATES: ClassVar[int] = 3

    def _one_direction(self, features):
        return super()._one_direction(features) | {"recurrent_bias": (3 * self.units,)}

    def step(self, p, x, h, c):
        a = np.split(x @ p["weight"] + p["bias"], 3, axis=1)
        q = np.split(h @ p["recurrent_weight"] + p["recurrent_bias"], 3, axis=1)
        z, r = sigmoid(a[0] + q[0]), sigmoid(a[1] + q[1])
        n = np.tanh(a[2] + r * q[2])
        return z * h + (1 - z) * n, c, (z, r, n, q[2])

    def d_step(self, p, x, h, c, cache, dh, dc):
        z, r, n, q = cache
        dz, dn = dh * (h - n) * z * (1 - z), dh * (1 - z) * (1 - n**2)
        dr = dn * q * r * (1 - r)
        da, dq = np.concatenate([dz, dr, dn], axis=1), np.concatenate([dz, dr, dn * r], axis=1)
        gradients = {"weight": x.T @ da, "bias": da.sum(axis=0),
                     "recurrent_weight": h.T @ dq, "recurrent_bias": dq.sum(axis=0)}  # fmt: skip
        return da @ p["weight"].T, dq @ p["recurrent_weight"].T + dh * z, dc, gradients


@dataclass(frozen=True)
class Embedding:
    """(T,) category numbers to (T, D): row `number` of the table (categories, D); zeros for a number outside it."""

    input_dim: int
    output_dim: int

    def output_shape(self, shape):
        return (shape[0], self.output_dim)

    def parameter_shapes(self, shape):
        return {"weight": (self.input_dim, self.output_dim)}

    def forward(self, parameters, x, training=False, masks=None):
        y = np.zeros((*x.shape, self.output_dim))
        for place in np.ndindex(x.shape):
            if 0 <= x[place] < self.input_dim:
                y[place] = parameters["weight"][int(x[place])]
        return y, (x, None)

    def backward(self, parameters, saved, dy):
        x, _ = saved
        gradient = np.zeros_like(parameters["weight"])
        for place in np.ndindex(x.shape):
            if 0 <= x[place] < self.input_dim:
                gradient[int(x[place])] += dy[place]
        return np.zeros_like(x), {"weight": gradient}
