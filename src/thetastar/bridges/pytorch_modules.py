"""PyTorch modules for what `torch.nn` has no module of its own for. Only files that need PyTorch import this one."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = [
    "ACTIVATIONS", "AverageInside", "CategoryVectors", "ChannelsFirst", "ChannelsLast", "Gaussian", "NetworkModule",
    "Recurrent", "Shortcut", "Step",
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


ACTIVATIONS = {
    "identity": nn.Identity, "sigmoid": nn.Sigmoid, "hard_sigmoid": nn.Hardsigmoid, "tanh": nn.Tanh,
    "hard_tanh": nn.Hardtanh, "relu": nn.ReLU, "relu6": nn.ReLU6, "leaky_relu": nn.LeakyReLU, "elu": nn.ELU,
    "selu": nn.SELU, "gelu": nn.GELU, "gelu_tanh": lambda: nn.GELU(approximate="tanh"), "silu": nn.SiLU,
    "mish": nn.Mish, "softplus": nn.Softplus, "softsign": nn.Softsign, "gaussian": Gaussian, "step": Step,
}  # fmt: skip
"""Each activation's module; their defaults are our constants."""
