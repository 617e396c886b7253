"""Layers for rows of a table: Scale, PeriodicEmbedding, ParametricActivation and BatchEnsemble.

The arithmetic is core/layers/tabular.hpp.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from .._checks import WIDEST, real, whole
from ..errors import InputError
from ..initializers import Initializer, uniform
from .layer import WORDS, Layer, activation_name, set_checked, set_initializers

__all__ = ["BatchEnsemble", "ParametricActivation", "PeriodicEmbedding", "Scale"]

_PI = 3.141592653589793


@dataclass(frozen=True)
class Scale(Layer, kind="scale"):
    """y = s x with a learned s for each channel: how much each feature weighs.

    In front of a network it lets training turn features up and down sooner than the weights behind it could, with a
    learning rate of its own (`groups={"scale_1.*": {"learning_rate_factor": 6}}`).

    Args:
        scale_initializer: how s starts.

    Parameter "scale", (C,); weight decay leaves it alone unless a group names it.

    Raises:
        InputError: no such initialiser.

    Example:
        >>> Scale().output_shape((13,))
        (13,)

    Source: Holzmüller, Grinsztajn and Steinwart 2024, "Better by default" (RealMLP).
    """

    scale_initializer: str | Initializer = "ones"

    def __post_init__(self) -> None:
        set_initializers(self, "scale_initializer")

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        return input_shape

    def native(self) -> dict:
        return {"kind": self.kind, "kernel": self.scale_initializer.to_dict()}


@dataclass(frozen=True)
class PeriodicEmbedding(Layer, kind="periodic_embedding"):
    """Behind the input as it is, `units` numbers for each of some columns x: e = b + W cos(2π f x + p).

    Each column has frequencies f, phases p, weight W and bias b of its own, and all are learned. With a dense layer
    behind, a column may then bend as it needs to: the PBLD embedding of RealMLP (periodic, with biases, linear, densely
    connected).

    Args:
        columns: which of the C inputs are embedded, counted from 0.
        units: D, numbers for each.
        frequencies: K, cosines that these are weighted sums of.
        sigma: the standard deviation that the frequencies start with, in cycles for a change of x by 1.

    Parameters "frequency" (N, K), "phase" (N, K), "weight" (N · D, K) and "bias" (N · D,) for N columns. Weight decay
    acts on the weight.

    Raises:
        InputError: an argument breaks its rule, or the input has no such column.

    Example:
        >>> PeriodicEmbedding(columns=(0, 2), units=3).output_shape((5,))
        (11,)

    Source: Gorishniy, Rubachev and Babenko 2022, "On embeddings for numerical features in tabular deep learning";
    Holzmüller, Grinsztajn and Steinwart 2024.
    """

    columns: tuple[int, ...]
    units: int = 3
    frequencies: int = 16
    sigma: float = 0.1

    def __post_init__(self) -> None:
        if isinstance(self.columns, str) or not hasattr(self.columns, "__iter__") or not (given := tuple(self.columns)):
            raise InputError(
                f"PeriodicEmbedding: columns must be a list of at least one column. Got {self.columns!r}. "
                "Use for example columns=[0, 1]."
            )
        columns = tuple(whole("PeriodicEmbedding", "columns", column, 0, WIDEST) for column in given)
        if len(set(columns)) < len(columns):
            raise InputError(
                f"PeriodicEmbedding: columns must be named once each. Got {list(columns)}. Leave the repeated ones out."
            )
        set_checked(self, columns=columns, units=whole("PeriodicEmbedding", "units", self.units, 1, WIDEST),
                    frequencies=whole("PeriodicEmbedding", "frequencies", self.frequencies, 1, WIDEST),
                    sigma=real("PeriodicEmbedding", "sigma", self.sigma, 0.0, open_low=True))  # fmt: skip

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        if max(self.columns) >= input_shape[-1]:
            raise InputError(
                f"PeriodicEmbedding: columns must be below {input_shape[-1]}, the channels of the input "
                f"{input_shape}. Got {max(self.columns)}. Count them from 0."
            )
        return (*input_shape[:-1], input_shape[-1] + len(self.columns) * self.units)

    def to_dict(self) -> dict:
        return super().to_dict() | {"columns": list(self.columns)}

    def native(self) -> dict:
        return {"kind": self.kind, "columns": list(self.columns), "units": self.units, "frequencies": self.frequencies,
                "kernel": {"kind": "normal", "value": self.sigma}, "bias": uniform(_PI).to_dict(),
                "recurrent": uniform(self.frequencies**-0.5).to_dict()}  # fmt: skip


@dataclass(frozen=True)
class ParametricActivation(Layer, kind="parametric_activation"):
    """y = x + α (f(x) - x) with a learned α for each channel: the identity at 0, f at 1, and beyond.

    Args:
        activation: f, a name from `thetastar.activations`.
        alpha_initializer: how α starts.

    Parameter "alpha", (C,); weight decay leaves it alone unless a group names it.

    Raises:
        InputError: no such activation or initialiser.

    Example:
        >>> ParametricActivation("mish").output_shape((64,))
        (64,)

    Source: Holzmüller, Grinsztajn and Steinwart 2024.
    """

    activation: str
    alpha_initializer: str | Initializer = "ones"

    def __post_init__(self) -> None:
        name = activation_name(self.activation, "ParametricActivation")
        if name == "softmax":
            raise InputError(
                "ParametricActivation: the activation must act on each number by itself. Got 'softmax'. "
                "Use Softmax, or another activation."
            )
        set_checked(self, activation=name)
        set_initializers(self, "alpha_initializer")

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        return input_shape

    def native(self) -> dict:
        return {"kind": self.kind, "activation": self.activation, "bias": self.alpha_initializer.to_dict()}


@dataclass(frozen=True)
class BatchEnsemble(Layer, kind="batch_ensemble"):
    """k members that share one weight W, each scaled by vectors of its own: y_m = b_m + s_m (W (r_m x_m)).

    So member m has the weight (r_m s_mᵀ) ∘ W, a factor of rank one away from the others'. A vector (I,) goes to all
    members; (k, I) is a row for each, as the layer before gives it. Activations between act on all rows alike.

    Args:
        units: O, the neurons of each member.
        members: k.
        kernel_initializer: how W (I, O) starts.
        input_scale_initializer: how r (k, I) starts: random signs tell the members of the first layer apart, "ones"
            is for those behind.
        bias_initializer: how b (k, O) starts.

    Parameters "weight" (I, O), "input_scale" r (k, I), "output_scale" s (k, O) and "bias" (k, O). Weight decay acts on
    the weight.

    Raises:
        InputError: an argument breaks its rule, or the input is neither (I,) nor (k, I).

    Example:
        >>> BatchEnsemble(64, members=8).output_shape((13,))
        (8, 64)

    Source: Wen, Tran and Ba 2020, "BatchEnsemble"; for tables Gorishniy, Kotelnikov and Babenko 2024 (TabM).
    """

    units: int
    members: int = 8
    kernel_initializer: str | Initializer = "lecun_uniform"
    input_scale_initializer: str | Initializer = "random_signs"
    bias_initializer: str | Initializer = "zeros"
    words: ClassVar[Mapping] = WORDS | {"out_features": "units", "ensemble_size": "members", "k": "members"}

    def __post_init__(self) -> None:
        set_checked(self, units=whole("BatchEnsemble", "units", self.units, 1, WIDEST),
                    members=whole("BatchEnsemble", "members", self.members, 1, WIDEST))  # fmt: skip
        set_initializers(self, "kernel_initializer", "input_scale_initializer", "bias_initializer")

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        if len(input_shape) > 2 or (len(input_shape) == 2 and input_shape[0] not in (1, self.members)):
            raise InputError(
                f"BatchEnsemble: the input must be a vector (I,), or ({self.members}, I), a row for each member. "
                f"Got {input_shape}. Flatten it first, or give the layers the same members."
            )
        return (self.members, self.units)

    def native(self) -> dict:
        return {"kind": self.kind, "units": self.units, "members": self.members,
                "kernel": self.kernel_initializer.to_dict(), "recurrent": self.input_scale_initializer.to_dict(),
                "bias": self.bias_initializer.to_dict()}  # fmt: skip
