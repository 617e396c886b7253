"""Layers: frozen descriptions without arithmetic. What they compute is in core/layers; what they mean is here."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields

from . import activations, initializers
from ._checks import WIDEST, one_of, real, whole
from .errors import InputError
from .initializers import Initializer

__all__ = ["Activation", "Dense", "Dropout", "Layer", "from_dict"]


class Layer(ABC):
    """The contract of a layer's description: a kind, an output width for an input width, and plain data."""

    kind: str

    @abstractmethod
    def output_width(self, input_width: int) -> int:
        """Return O for an input of I numbers a sample."""

    @abstractmethod
    def to_dict(self) -> dict:
        """Return the description as plain data; `from_dict` reads it back, and the core takes it."""


@dataclass(frozen=True)
class Dense(Layer):
    """Fully connected layer: y = f(b + xᵀ W).

    Args:
        units: O, the number of neurons.
        activation: f, a name from `thetastar.activations`.
        kernel_initializer: how W (I, O) starts, a name or an `Initializer`.
        bias_initializer: how b (O,) starts.
        use_bias: False leaves b out.

    Raises:
        InputError: an argument breaks its rule.

    Example:
        >>> Dense(100, activation="relu").output_width(56)
        100

    Source: lectures 1 to 5.
    """

    units: int
    activation: str = "identity"
    kernel_initializer: str | Initializer = "glorot_uniform"
    bias_initializer: str | Initializer = "zeros"
    use_bias: bool = True
    kind = "dense"

    def __post_init__(self) -> None:
        object.__setattr__(self, "units", whole("Dense", "units", self.units, 1, WIDEST))
        object.__setattr__(self, "activation", activations.get(self.activation, "Dense(activation)"))
        for field in ("kernel_initializer", "bias_initializer"):
            object.__setattr__(self, field, initializers.get(getattr(self, field), f"Dense({field})"))

    def output_width(self, input_width: int) -> int:
        return self.units

    def to_dict(self) -> dict:
        return {
            "kind": self.kind,
            "units": self.units,
            "activation": self.activation,
            "kernel": self.kernel_initializer.to_dict(),
            "bias": self.bias_initializer.to_dict(),
            "use_bias": bool(self.use_bias),
        }


@dataclass(frozen=True)
class Activation(Layer):
    """An activation as a layer of its own: y = f(x), number by number.

    Args:
        activation: a name from `thetastar.activations`.

    Raises:
        InputError: no activation has that name.
    """

    activation: str
    kind = "activation"

    def __post_init__(self) -> None:
        object.__setattr__(self, "activation", activations.get(self.activation, "Activation"))

    def output_width(self, input_width: int) -> int:
        return input_width

    def to_dict(self) -> dict:
        return {"kind": self.kind, "activation": self.activation}


@dataclass(frozen=True)
class Dropout(Layer):
    """During training each number is 0 with probability `rate`, and otherwise divided by 1 - rate.

    The mean is kept, so prediction passes its input through unchanged.

    Args:
        rate: from 0 up to, and without, 1.

    Raises:
        InputError: the rate is outside that range.

    Source: Srivastava et al. 2014; lectures 4 and 5.
    """

    rate: float
    kind = "dropout"

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate", real("Dropout", "rate", self.rate, 0.0, 1.0, open_high=True))

    def output_width(self, input_width: int) -> int:
        return input_width

    def to_dict(self) -> dict:
        return {"kind": self.kind, "rate": self.rate}


_KINDS: dict[str, type[Layer]] = {layer.kind: layer for layer in (Dense, Activation, Dropout)}
_FIELDS = {"kernel": "kernel_initializer", "bias": "bias_initializer"}


def from_dict(description: dict) -> Layer:
    """Return the layer that `Layer.to_dict` described.

    Raises:
        InputError: not a dict, an unknown kind, an unknown setting or a missing one.
    """
    if not isinstance(description, Mapping):
        raise InputError(
            f"layers.from_dict: a layer must be a dict with a 'kind'. Got {description!r:.200}. Use Layer.to_dict."
        )
    settings = {_FIELDS.get(key, key): value for key, value in description.items() if key not in ("kind", "name")}
    kind = one_of("layers.from_dict", "layer", description.get("kind"), _KINDS)
    known = {field.name for field in fields(_KINDS[kind])}  # type: ignore[arg-type]
    needed = {field.name for field in fields(_KINDS[kind]) if field.default is MISSING}  # type: ignore[arg-type]
    unknown = sorted(set(settings) - known)
    if unknown:
        raise InputError(
            f"layers.from_dict: {kind!r} has no setting {unknown[0]!r}. Its settings are: {', '.join(sorted(known))}."
        )
    missing = sorted(needed - set(settings))
    if missing:
        raise InputError(f"layers.from_dict: {kind!r} needs the setting {missing[0]!r}. Got none. Add it.")
    return _KINDS[kind](**settings)
