"""Where the reading of a `torch.nn.Sequential` stands, and what every reader of a module asks of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from ..errors import InputError
from .chain import Chain

__all__ = ["WHERE", "Reader", "array", "must"]

WHERE = "Network.from_torch"
"""What errors of the reading begin with."""


class Reader:
    """Where the reading stands: the layers so far, and how what they give lies in PyTorch.

    Args:
        shape: of one sample, channels last.
        first: whether the channels come first in PyTorch.
        kinds: what reads each kind of module.
    """

    def __init__(
        self, shape: tuple[int, ...], first: bool, kinds: Mapping[type[Any], Callable[[Reader, Any, str], None]]
    ) -> None:
        self.chain, self.first, self.kinds = Chain(shape), first, kinds
        self.order: np.ndarray | None = None  # after a Flatten: number k in PyTorch is number order[k] of ours
        self.pad: tuple[tuple[int, int, int, int], float] | None = None  # what a padding module has put around

    @property
    def shape(self) -> tuple[int, ...]:
        return self.chain.shape

    def read(self, module: nn.Module, name: str) -> None:
        """Read one module, or a Sequential's one after another."""
        if isinstance(module, nn.Sequential) and type(module).forward is nn.Sequential.forward:
            for child, part in module.named_children():
                self.read(part, f"{type(part).__name__} ({child})")
            return
        read = self.kinds.get(type(module))
        if read is None:
            raise InputError(
                f"{WHERE}: {name} has no layer here. Known inside an nn.Sequential are: "
                f"{', '.join(sorted({kind.__name__ for kind in self.kinds if kind.__module__.startswith('torch.')}))}. "
                "Replace it, or take it out."
            )
        if self.pad is not None and type(module) not in (nn.Conv2d, nn.MaxPool2d):
            raise InputError(
                f"{WHERE}: padding must stand before a Conv2d or MaxPool2d. Got {name} behind it. Leave it out."
            )
        read(self, module, f"{WHERE}: {name}")

    def end(self) -> None:
        """Refuse what is not finished at the module's end."""
        if self.order is not None:
            raise InputError(
                f"{WHERE}: a Flatten of channels first must be followed by a Linear, whose rows are put in the order "
                "of channels last. Got none. Put a Linear behind it."
            )
        if self.pad is not None:
            raise InputError(
                f"{WHERE}: padding must stand before a Conv2d or MaxPool2d. Got none behind it. Leave it out."
            )

    def vector(self, tensor: torch.Tensor) -> np.ndarray:
        """Return the values of one number for each channel, in our order."""
        values = array(tensor)
        if self.order is None or len(values) != len(self.order):
            return values
        ordered = np.empty_like(values)
        ordered[self.order] = values
        return ordered


def array(tensor: torch.Tensor | None) -> Any:
    """Return a tensor's values, float64 where it is, float32 otherwise; None stays None."""
    if tensor is None:
        return None
    if tensor.is_meta:
        raise InputError(f"{WHERE}: the parameters must have values. Got some on the device 'meta'. Load them first.")
    values = tensor.detach().cpu()
    return (values if values.dtype == torch.float64 else values.float()).numpy().copy()


def must(holds: bool, where: str, rule: str, got: object, remedy: str) -> None:
    if not holds:
        raise InputError(f"{where}: {rule}. Got {got}. {remedy}")
