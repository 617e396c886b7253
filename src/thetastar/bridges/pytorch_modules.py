"""PyTorch modules for what `torch.nn` has no module of its own for. Only files that need PyTorch import this one."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = [
    "ACTIVATIONS", "AverageInside", "BatchEnsemble", "CategoryVectors", "ChannelsFirst", "ChannelsLast", "Gaussian",
    "NetworkModule", "ParametricActivation", "PeriodicEmbedding", "Recurrent", "Scale", "Shortcut", "Step",
]  # fmt: skip


class NetworkModule(nn.Sequential):
    """A whole network: takes what the network takes, (n, *input_shape) with channels last, and gives what it gives."""


class ChannelsFirst(nn.Module):
    """(n, H, W, C) to (n, C, H, W), and (n, T, C) to (n, C, T)."""

    def forward(self, x: Tensor) -> Tensor:
        return x.movedim(-1, 1)


class ChannelsLast(nn.Module):
    """(n, C, H, W) to (n, H, W, C), and (n, C, T) to (n, T, C)."""

    def forward(self, x: Tensor) -> Tensor:
        return x.movedim(1, -1)


class Gaussian(nn.Module):
    """e^(-z²)."""

    def forward(self, z: Tensor) -> Tensor:
        return torch.exp(-z * z)


class Step(nn.Module):
    """1 from 0 on, 0 below."""

    def forward(self, z: Tensor) -> Tensor:
        return (z >= 0).to(z.dtype)


class AverageInside(nn.Module):
    """Average pooling with more padding on one side than on the other, where padding does not count.

    `AvgPool2d` leaves padding out of the mean only where both sides have the same.
    """

    def __init__(
        self, pool_size: tuple[int, int], strides: tuple[int, int], padding: tuple[int, int, int, int],
        size: tuple[int, int], dtype: torch.dtype,
    ) -> None:  # fmt: skip
        super().__init__()
        self.pool_size, self.strides, self.padding = pool_size, strides, padding
        self.share: Tensor
        self.register_buffer("share", self.pooled(torch.ones(1, 1, *size, dtype=dtype)), persistent=False)

    def pooled(self, x: Tensor) -> Tensor:
        return functional.avg_pool2d(functional.pad(x, self.padding), self.pool_size, self.strides)

    def forward(self, x: Tensor) -> Tensor:
        return self.pooled(x) / self.share


class CategoryVectors(nn.Module):
    """`nn.Embedding` for whole numbers that arrive as floats; one outside the table gives zeros."""

    def __init__(self, input_dim: int, output_dim: int, dtype: torch.dtype) -> None:
        super().__init__()
        self.table = nn.Embedding(input_dim, output_dim, dtype=dtype)

    def forward(self, x: Tensor) -> Tensor:
        known = (x >= 0) & (x < self.table.num_embeddings)
        vectors = self.table(torch.where(known, x, torch.zeros_like(x)).long())
        return torch.where(known.unsqueeze(-1), vectors, torch.zeros_like(vectors))


class Recurrent(nn.Module):
    """`nn.RNN`, `nn.LSTM` or `nn.GRU` over (n, T, F) that gives all states or the last, as our layers do."""

    def __init__(self, cell: nn.RNNBase, return_sequences: bool, go_backwards: bool) -> None:
        super().__init__()
        self.cell, self.return_sequences, self.go_backwards = cell, return_sequences, go_backwards

    def forward(self, x: Tensor) -> Tensor:
        states = self.cell(x.flip(1) if self.go_backwards else x)[0]
        if self.return_sequences:
            return states.flip(1) if self.go_backwards else states
        if not self.cell.bidirectional:
            return states[:, -1]
        units = self.cell.hidden_size
        return torch.cat([states[:, -1, :units], states[:, 0, units:]], dim=-1)


class Shortcut(nn.Module):
    """F(x) + S(x): a stack of layers beside the identity or a projection."""

    def __init__(self, inner: nn.Module, projection: nn.Module) -> None:
        super().__init__()
        self.inner, self.projection = inner, projection

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x) + self.projection(x)


class Scale(nn.Module):
    """s x with a learned s for each number along the last axis, all 1 at first."""

    def __init__(self, channels: int, dtype: torch.dtype | None = None) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(channels, dtype=dtype))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale


class PeriodicEmbedding(nn.Module):
    """x, and behind it `units` numbers for each of some columns: b + W cos(2π f x + p), along the last axis.

    Parameters as in `ts.PeriodicEmbedding`: frequency and phase (N, K), weight (N · D, K), bias (N · D,) for N columns.
    They start at zero; `Network.to_torch` fills them.
    """

    def __init__(self, columns: Sequence[int], units: int, frequencies: int, dtype: torch.dtype | None = None) -> None:
        super().__init__()
        self.columns, self.units, self.frequencies = tuple(columns), units, frequencies
        count = len(self.columns)
        self.at: Tensor
        self.register_buffer("at", torch.tensor(self.columns), persistent=False)
        self.frequency = nn.Parameter(torch.zeros(count, frequencies, dtype=dtype))
        self.phase = nn.Parameter(torch.zeros(count, frequencies, dtype=dtype))
        self.weight = nn.Parameter(torch.zeros(count * units, frequencies, dtype=dtype))
        self.bias = nn.Parameter(torch.zeros(count * units, dtype=dtype))

    def forward(self, x: Tensor) -> Tensor:
        waves = torch.cos(2 * math.pi * self.frequency * x[..., self.at, None] + self.phase)
        weight = self.weight.view(len(self.columns), self.units, self.frequencies)
        sums = torch.einsum("...nk,ndk->...nd", waves, weight)
        return torch.cat([x, sums.flatten(-2) + self.bias], dim=-1)


class ParametricActivation(nn.Module):
    """x + α (f(x) - x) with a learned α for each number along the last axis, all 1 at first.

    Args:
        activation: f, a name in `ACTIVATIONS`.
    """

    def __init__(self, activation: str, channels: int, dtype: torch.dtype | None = None) -> None:
        super().__init__()
        self.activation, self.function = activation, ACTIVATIONS[activation]()
        self.alpha = nn.Parameter(torch.ones(channels, dtype=dtype))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.alpha * (self.function(x) - x)


class BatchEnsemble(nn.Module):
    """Members that share a weight W (I, O), each scaled by vectors of its own: (n, I) or (n, k, I) to (n, k, O)."""

    def __init__(self, inputs: int, units: int, members: int, dtype: torch.dtype | None = None) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(inputs, units, dtype=dtype))
        self.input_scale = nn.Parameter(torch.ones(members, inputs, dtype=dtype))
        self.output_scale = nn.Parameter(torch.ones(members, units, dtype=dtype))
        self.bias = nn.Parameter(torch.zeros(members, units, dtype=dtype))

    def forward(self, x: Tensor) -> Tensor:
        rows = x if x.dim() == 3 else x.unsqueeze(1)
        return (rows * self.input_scale) @ self.weight * self.output_scale + self.bias


ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "identity": nn.Identity, "sigmoid": nn.Sigmoid, "hard_sigmoid": nn.Hardsigmoid, "tanh": nn.Tanh,
    "hard_tanh": nn.Hardtanh, "relu": nn.ReLU, "relu6": nn.ReLU6, "leaky_relu": nn.LeakyReLU, "elu": nn.ELU,
    "selu": nn.SELU, "gelu": nn.GELU, "gelu_tanh": lambda: nn.GELU(approximate="tanh"), "silu": nn.SiLU,
    "mish": nn.Mish, "softplus": nn.Softplus, "softsign": nn.Softsign, "gaussian": Gaussian, "step": Step,
}  # fmt: skip
"""Each activation's module; their defaults are our constants."""
