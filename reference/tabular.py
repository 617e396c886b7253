"""Layers for rows of a table: Scale, PeriodicEmbedding, ParametricActivation, BatchEnsemble."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .activations import SLOPE, VALUE


def over_rows(values):
    """Σ over all axes but the last."""
    return values.reshape(-1, values.shape[-1]).sum(axis=0)


@dataclass(frozen=True)
class Scale:
    """y = s x over the last axis, s (C,)."""

    def output_shape(self, shape):
        return shape

    def parameter_shapes(self, shape):
        return {"scale": (shape[-1],)}

    def forward(self, parameters, x, training=False, masks=None):
        return x * parameters["scale"], (x, parameters["scale"])

    def backward(self, parameters, saved, dy):
        x, s = saved
        return dy * s, {"scale": over_rows(dy * x)}


@dataclass(frozen=True)
class PeriodicEmbedding:
    """y = (x, e) with e = b + W cos(2π f x + p) for each of N columns; f, p (N, K), W (N · D, K), b (N · D,)."""

    columns: tuple[int, ...]
    units: int = 3
    frequencies: int = 16
    sigma: float = 0.1  # of the start

    def output_shape(self, shape):
        return (*shape[:-1], shape[-1] + len(self.columns) * self.units)

    def parameter_shapes(self, shape):
        N, D, K = len(self.columns), self.units, self.frequencies
        return {"frequency": (N, K), "phase": (N, K), "weight": (N * D, K), "bias": (N * D,)}

    def forward(self, parameters, x, training=False, masks=None):
        N, D, K = len(self.columns), self.units, self.frequencies
        chosen = x[..., list(self.columns), None]
        z = 2 * math.pi * parameters["frequency"] * chosen + parameters["phase"]  # (…, N, K)
        W = parameters["weight"].reshape(N, D, K)
        e = np.einsum("...nk,ndk->...nd", np.cos(z), W).reshape(*x.shape[:-1], N * D) + parameters["bias"]
        return np.concatenate([x, e], axis=-1), (x, z)

    def backward(self, parameters, saved, dy):
        x, z = saved
        N, D, K = len(self.columns), self.units, self.frequencies
        f, W = parameters["frequency"], parameters["weight"].reshape(N, D, K)
        dx, de = dy[..., : x.shape[-1]].copy(), dy[..., x.shape[-1] :]
        parts = de.reshape(*de.shape[:-1], N, D)
        dz = -np.sin(z) * np.einsum("...nd,ndk->...nk", parts, W)
        for n, column in enumerate(self.columns):
            dx[..., column] += 2 * math.pi * (dz[..., n, :] * f[n]).sum(axis=-1)
        chosen, dz, z, parts = (
            array.reshape(-1, *array.shape[-2:]) for array in (x[..., list(self.columns), None], dz, z, parts)
        )
        return dx, {
            "frequency": 2 * math.pi * (dz * chosen).sum(axis=0),
            "phase": dz.sum(axis=0),
            "weight": np.einsum("bnd,bnk->ndk", parts, np.cos(z)).reshape(N * D, K),
            "bias": over_rows(de),
        }


@dataclass(frozen=True)
class ParametricActivation:
    """y = x + α (φ(x) - x) over the last axis, α (C,)."""

    activation: str

    def output_shape(self, shape):
        return shape

    def parameter_shapes(self, shape):
        return {"alpha": (shape[-1],)}

    def forward(self, parameters, x, training=False, masks=None):
        return x + parameters["alpha"] * (VALUE[self.activation](x) - x), (x, parameters["alpha"])

    def backward(self, parameters, saved, dy):
        x, alpha = saved
        return dy * (1 + alpha * (SLOPE[self.activation](x) - 1)), {
            "alpha": over_rows(dy * (VALUE[self.activation](x) - x))
        }


@dataclass(frozen=True)
class BatchEnsemble:
    """y_m = b_m + s_m ∘ ((r_m ∘ x_m) W): W (I, O) for all, r (k, I), s and b (k, O) for each member."""

    units: int
    members: int = 8

    def output_shape(self, shape):
        return (self.members, self.units)

    def parameter_shapes(self, shape):
        k, units = self.members, self.units
        return {
            "weight": (shape[-1], units), "input_scale": (k, shape[-1]), "output_scale": (k, units), "bias": (k, units),
        }  # fmt: skip

    def forward(self, parameters, x, training=False, masks=None):
        rows = x.reshape(len(x), -1, x.shape[-1])  # one for all, or one each
        u = rows * parameters["input_scale"]
        v = u @ parameters["weight"]
        return v * parameters["output_scale"] + parameters["bias"], (x, rows, u, v)

    def backward(self, parameters, saved, dy):
        x, rows, u, v = saved
        dv = dy * parameters["output_scale"]
        du = dv @ parameters["weight"].T
        dx = du * parameters["input_scale"]
        dx = dx if rows.shape[1] == self.members else dx.sum(axis=1, keepdims=True)
        return dx.reshape(x.shape), {
            "weight": np.einsum("bki,bko->io", u, dv),
            "input_scale": (du * rows).sum(axis=0),
            "output_scale": (dy * v).sum(axis=0),
            "bias": dy.sum(axis=0),
        }
