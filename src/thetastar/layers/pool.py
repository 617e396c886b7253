"""Pooling over images (H, W, C), channel by channel. Arithmetic: core/layers/pool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from .._checks import one_of
from .._words import must_be
from ..errors import InputError
from .conv2d import IMAGE, REMEDY, places
from .layer import WORDS, Layer, pair, set_checked, wants

__all__ = ["AveragePool2D", "GlobalAveragePool2D", "MaxPool2D"]


def _count_include_pad(value, settings) -> dict:
    if value and settings.get("padding", "valid") not in ("valid", 0):
        raise InputError(
            "AveragePool2D: count_include_pad is False here: padding does not count. Got True. Leave it out, or use "
            "padding='valid'."
        )
    return {}


def _padding(value, settings) -> dict:
    return {"padding": "valid" if value in (0, (0, 0), [0, 0]) and value is not False else value}


@dataclass(frozen=True)
class _Pool2D(Layer):
    """What both pooling layers share."""

    pool_size: int | tuple[int, int] = 2
    strides: int | tuple[int, int] | None = None
    padding: str = "valid"
    words: ClassVar[Mapping] = WORDS | {
        "kernel_size": "pool_size",
        "stride": "strides",
        "padding": _padding,
        "ceil_mode": must_be("ceil_mode", False, otherwise="Use padding='same', which keeps what is left over."),
        "dilation": must_be("dilation", 1, otherwise="A window has no gaps here."),
        "return_indices": must_be("return_indices", False, otherwise="Leave it out."),
        "divisor_override": must_be("divisor_override", None, otherwise="Leave it out."),
        "count_include_pad": _count_include_pad,
    }

    def __post_init__(self) -> None:
        where = type(self).__name__
        size = pair(where, "pool_size", self.pool_size)
        set_checked(self, pool_size=size, padding=one_of(where, "padding", self.padding, ("valid", "same")),
                    strides=size if self.strides is None else pair(where, "strides", self.strides))  # fmt: skip

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        wants(self, input_shape, 3, IMAGE, REMEDY)
        moved = (
            places(f"{type(self).__name__}(pool_size={self.pool_size})", size, window, stride, 1, self.padding)
            for size, window, stride in zip(input_shape[:2], self.pool_size, self.strides, strict=True)
        )
        return (*moved, input_shape[2])

    def native(self) -> dict:
        (height, width), (down, across) = self.pool_size, self.strides
        return {"kind": self.kind, "same": self.padding == "same", "window_height": height, "window_width": width,
                "stride_height": down, "stride_width": across}  # fmt: skip


@dataclass(frozen=True)
class MaxPool2D(_Pool2D, kind="max_pool2d"):
    """The largest value of each window, channel by channel; its gradient goes to the first of equals.

    Args:
        pool_size: the window, one number or (height, width).
        strides: how far it moves; the window's own size when None, so that windows do not overlap.
        padding: "valid" or "same"; padding is never the largest.

    Raises:
        InputError: an argument breaks its rule, the window does not fit, or the input is not an image.

    Example:
        >>> MaxPool2D(2).output_shape((24, 24, 6))
        (12, 12, 6)

    Source: Scherer, Müller and Behnke 2010. Keras: MaxPooling2D; PyTorch: MaxPool2d.
    """


@dataclass(frozen=True)
class AveragePool2D(_Pool2D, kind="average_pool2d"):
    """The mean of each window, channel by channel; padding does not count.

    Args:
        pool_size, strides, padding: as in `MaxPool2D`.

    Raises:
        InputError: an argument breaks its rule, the window does not fit, or the input is not an image.

    Example:
        >>> AveragePool2D(3, strides=2, padding="same").output_shape((7, 7, 6))
        (4, 4, 6)

    Source: LeCun et al. 1998. Keras: AveragePooling2D; PyTorch: AvgPool2d(count_include_pad=False).
    """


@dataclass(frozen=True)
class GlobalAveragePool2D(Layer, kind="global_average_pool2d"):
    """The mean over all pixels, channel by channel: (H, W, C) to (C,).

    Raises:
        InputError: the input is not an image.

    Example:
        >>> GlobalAveragePool2D().output_shape((7, 7, 64))
        (64,)

    Source: Lin, Chen and Yan 2014. Keras: GlobalAveragePooling2D; PyTorch: AdaptiveAvgPool2d(1) and Flatten.
    """

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        wants(self, input_shape, 3, IMAGE, REMEDY)
        return (input_shape[2],)
