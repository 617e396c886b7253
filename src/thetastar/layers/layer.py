"""The contract of a layer's description, and how descriptions become plain data and come back."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import ClassVar

from .. import activations, initializers
from .._checks import WIDEST, one_of, whole
from .._words import Described, ignored, must_be
from ..errors import InputError
from ..initializers import Initializer

__all__ = [
    "KINDS",
    "WORDS",
    "Layer",
    "activation_name",
    "from_dict",
    "pair",
    "set_checked",
    "set_initializers",
    "shapes_through",
    "wants",
]

KINDS: dict[str, type[Layer]] = {}
LARGEST = 2**30  # numbers of one sample anywhere inside a network: the core counts them in 32 bits
_SHORT = {"kernel_initializer": "kernel", "bias_initializer": "bias", "recurrent_initializer": "recurrent",
          "alpha_initializer": "alpha", "scale_initializer": "scale",
          "input_scale_initializer": "input_scale"}  # fmt: skip
_LONG = {short: long for long, short in _SHORT.items()}
# what the layers of Keras and PyTorch have in common
_UNLIKE = "Penalties belong to the training: l1, l2 and max_norm of ts.train."
WORDS: Mapping = {
    "name": ignored,
    "dtype": ignored,
    "device": ignored,
    "inplace": ignored,
    "trainable": must_be("trainable", True, otherwise="Every layer learns here."),
    "data_format": must_be("data_format", "channels_last", None, otherwise="Transpose images to (H, W, C) first."),
    "kernel_regularizer": must_be("kernel_regularizer", None, otherwise=_UNLIKE),
    "bias_regularizer": must_be("bias_regularizer", None, otherwise=_UNLIKE),
    "activity_regularizer": must_be("activity_regularizer", None, otherwise=_UNLIKE),
    "kernel_constraint": must_be("kernel_constraint", None, otherwise=_UNLIKE),
    "bias_constraint": must_be("bias_constraint", None, otherwise=_UNLIKE),
}


@dataclass(frozen=True)
class Layer(metaclass=Described):
    """A frozen description without arithmetic: a kind, an output shape for an input shape, and plain data.

    Shapes are those of one sample: (F,) a vector, (T, F) a sequence, (H, W, C) an image with its channels last.

    Example:
        >>> from thetastar import Dense
        >>> layer = Dense(3, activation="relu")
        >>> layer.kind, layer.output_shape((8,)), layer == from_dict(layer.to_dict())
        ('dense', (3,), True)
    """

    words: ClassVar[Mapping] = WORDS

    def __init_subclass__(cls, kind: str | None = None, **more) -> None:
        super().__init_subclass__(**more)
        if kind is not None:
            cls.kind = kind
            KINDS[kind] = cls

    @abstractmethod
    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of one sample's output.

        Raises:
            InputError: the layer cannot take that input.
        """

    def to_dict(self) -> dict:
        """Return the description as plain data; `from_dict` reads it back."""
        described: dict = {"kind": self.kind}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Initializer):
                value = value.to_dict()
            elif isinstance(value, tuple):
                value = [part.to_dict() if isinstance(part, Layer) else part for part in value]
            described[_SHORT.get(field.name, field.name)] = value
        return described

    def native(self) -> dict:
        """Return the description as the core takes it."""
        return self.to_dict()


def from_dict(description: dict) -> Layer:
    """Return the layer that `Layer.to_dict` described.

    Raises:
        InputError: not a dict, an unknown kind, an unknown setting or a missing one.

    Example:
        >>> from_dict({"kind": "dropout", "rate": 0.5})
        Dropout(rate=0.5)
    """
    if not isinstance(description, Mapping):
        raise InputError(
            f"layers.from_dict: a layer must be a dict with a 'kind'. Got {description!r:.200}. Use Layer.to_dict."
        )
    settings = {_LONG.get(key, key): value for key, value in description.items() if key not in ("kind", "name")}
    kind = one_of("layers.from_dict", "layer", description.get("kind"), KINDS)
    known = {field.name for field in fields(KINDS[kind])}
    needed = {field.name for field in fields(KINDS[kind]) if field.default is MISSING}
    unknown = sorted(set(settings) - known)
    if unknown:
        raise InputError(
            f"layers.from_dict: {kind!r} has no setting {unknown[0]!r}. Its settings are: {', '.join(sorted(known))}."
        )
    missing = sorted(needed - set(settings))
    if missing:
        raise InputError(f"layers.from_dict: {kind!r} needs the setting {missing[0]!r}. Got none. Add it.")
    return KINDS[kind](**settings)


def shapes_through(layers: Iterable[Layer], input_shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Return the shape of one sample at the input and after each layer.

    Raises:
        InputError: a layer cannot take what the one before it gives, or gives more numbers than the core can count.
    """
    shapes = [input_shape]
    for layer in layers:
        shapes.append(layer.output_shape(shapes[-1]))
        if math.prod(shapes[-1]) > LARGEST:
            raise InputError(
                f"{type(layer).__name__}: a sample's output must be at most {LARGEST:,} numbers. Got {shapes[-1]}. "
                "Use fewer units or a larger stride."
            )
    return shapes


def set_checked(layer: Layer, **values) -> None:
    """Put the checked values of fields in place of those given, once, while a frozen layer is made."""
    for name, value in values.items():
        object.__setattr__(layer, name, value)


def activation_name(given: str | None, where: str) -> str:
    """Return the standard name of an activation, or "softmax", which a network makes a layer of its own."""
    if isinstance(given, str) and given.lower() == "softmax":
        return "softmax"
    return activations.get(given, where)


def set_initializers(layer: Layer, *names: str) -> None:
    """Turn the named fields into `Initializer`s."""
    where = type(layer).__name__
    set_checked(layer, **{name: initializers.get(getattr(layer, name), f"{where}({name})") for name in names})


def pair(where: str, name: str, value: object) -> tuple[int, int]:
    """Return (height, width) from one whole number for both, or from two; each at least 1."""
    values = tuple(value) if isinstance(value, list | tuple) else (value, value)
    if len(values) != 2:
        raise InputError(
            f"{where}: {name} must be one whole number or two, (height, width). Got {value!r}. Give one or two."
        )
    return (whole(where, name, values[0], 1, WIDEST), whole(where, name, values[1], 1, WIDEST))


def wants(layer: Layer, input_shape: tuple[int, ...], rank: int, meaning: str, remedy: str) -> None:
    """Refuse an input of another rank."""
    if len(input_shape) != rank:
        raise InputError(f"{type(layer).__name__}: the input must be {meaning}. Got {input_shape}. {remedy}")
