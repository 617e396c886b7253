"""Conv2D, over images (H, W, C) with their channels last. Arithmetic: core/layers/conv2d, winograd, lanes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from .._checks import WIDEST, one_of, whole
from .._words import ignored, must_be
from ..errors import InputError
from ..initializers import Initializer
from .layer import WORDS, Layer, activation_name, pair, set_checked, set_initializers, wants

__all__ = ["IMAGE", "REMEDY", "Conv2D", "places"]

IMAGE = "an image (height, width, channels)"
REMEDY = "Use input_shape=(height, width, channels); a grey image has 1 channel."


def places(where: str, size: int, window: int, stride: int, dilation: int, padding: str) -> int:
    """How many places a window takes along one axis."""
    reach = (window - 1) * dilation + 1
    if reach > WIDEST:
        raise InputError(
            f"{where}: the window must reach over at most {WIDEST:,} pixels. Got {reach:,}. "
            "Use a smaller window or dilation."
        )
    if padding == "same":
        return -(-size // stride)
    if reach > size:
        raise InputError(
            f"{where}: the window must fit the input ({size}). Got a reach of {reach}. "
            f"Use a window of at most {(size - 1) // dilation + 1} or padding='same'."
        )
    return (size - reach) // stride + 1


def _padding(value, settings) -> object:
    """PyTorch's padding as a number of pixels: 0 is "valid", and half of an odd window that moves by 1 is "same"."""
    if isinstance(value, str):
        return value
    size = pair("Conv2D", "kernel_size", settings.get("kernel_size", 1))
    wide = pair("Conv2D", "dilation_rate", settings.get("dilation_rate", settings.get("dilation", 1)))
    strides = pair("Conv2D", "strides", settings.get("strides", settings.get("stride", 1)))
    pixels = tuple(value) if isinstance(value, tuple | list) else (value, value)
    if pixels == (0, 0):
        return "valid"
    if strides == (1, 1) and all(2 * p == (k - 1) * d for p, k, d in zip(pixels, size, wide, strict=False)):
        return "same"
    raise InputError(
        f"Conv2D: padding must be 'valid' or 'same'. Got {value!r}. 0 is 'valid'; half of an odd window that "
        "moves by 1, given by its name kernel_size, is 'same'."
    )


@dataclass(frozen=True)
class Conv2D(Layer, kind="conv2d"):
    """Convolution: y[p] = f(b + Σ_t x[p·stride + t·dilation] W[t]), for every pixel p and every tap t of the window.

    Args:
        filters: O, the number of output channels.
        kernel_size: the window, one number or (height, width).
        strides: how far the window moves, one number or (height, width).
        padding: "valid" (the window stays inside) or "same" (zeros around, so that only the stride shrinks the image;
            an odd one goes to the bottom and right).
        dilation_rate: pixels from one tap to the next, one number or (height, width).
        groups: the channels are split into so many groups that do not see each other; divides channels and filters.
        activation, kernel_initializer, bias_initializer, use_bias: as in `Dense`.

    The weight has shape (kernel_height · kernel_width · C / groups, O), taps from top left row by row. Windows of
    3 × 3 over many channels are computed by minimal filtering, with fewer multiplications and no larger error.

    Raises:
        InputError: an argument breaks its rule, the window does not fit, or the input is not an image.

    Example:
        >>> Conv2D(6, kernel_size=5, activation="tanh").output_shape((28, 28, 1))
        (24, 24, 6)

    Source: LeCun et al. 1998; lecture 4. Minimal filtering: Lavin and Gray 2016.
    """

    filters: int
    kernel_size: int | tuple[int, int]
    strides: int | tuple[int, int] = 1
    padding: str = "valid"
    activation: str = "identity"
    dilation_rate: int | tuple[int, int] = 1
    groups: int = 1
    use_bias: bool = True
    kernel_initializer: str | Initializer = "glorot_uniform"
    bias_initializer: str | Initializer = "zeros"
    words: ClassVar[Mapping] = WORDS | {
        "out_channels": "filters",
        "in_channels": ignored,
        "stride": "strides",
        "dilation": "dilation_rate",
        "bias": "use_bias",
        "padding": lambda value, settings: {"padding": _padding(value, settings)},
        "padding_mode": must_be("Conv2D: padding_mode", "zeros", otherwise="The border is zeros here."),
    }

    def __post_init__(self) -> None:
        set_checked(
            self,
            filters=whole("Conv2D", "filters", self.filters, 1, WIDEST),
            kernel_size=pair("Conv2D", "kernel_size", self.kernel_size),
            strides=pair("Conv2D", "strides", self.strides),
            padding=one_of("Conv2D", "padding", self.padding, ("valid", "same")),
            activation=activation_name(self.activation, "Conv2D(activation)"),
            dilation_rate=pair("Conv2D", "dilation_rate", self.dilation_rate),
            groups=whole("Conv2D", "groups", self.groups, 1, WIDEST),
            use_bias=bool(self.use_bias),
        )
        set_initializers(self, "kernel_initializer", "bias_initializer")
        if self.filters % self.groups:
            raise InputError(
                f"Conv2D: groups must divide the filters ({self.filters}). Got groups={self.groups}. Choose a divisor."
            )

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        wants(self, input_shape, 3, IMAGE, REMEDY)
        if input_shape[2] % self.groups:
            raise InputError(
                f"Conv2D: groups must divide the input's channels ({input_shape[2]}). Got groups={self.groups}. "
                "Choose a divisor."
            )
        moved = [
            places(f"Conv2D(kernel_size={self.kernel_size})", *axis, self.padding)
            for axis in zip(input_shape[:2], self.kernel_size, self.strides, self.dilation_rate, strict=True)
        ]
        seen = math.prod(self.kernel_size) * input_shape[2] // self.groups
        if seen > WIDEST:
            raise InputError(
                f"Conv2D(kernel_size={self.kernel_size}): one filter must see at most {WIDEST:,} numbers. "
                f"Got {seen:,}. Use a smaller kernel."
            )
        return (*moved, self.filters)

    def native(self) -> dict:
        described = self.to_dict()
        (kh, kw), (sh, sw), (dh, dw) = self.kernel_size, self.strides, self.dilation_rate
        kept = {key: described[key] for key in ("kind", "activation", "groups", "use_bias", "kernel", "bias")}
        return kept | {
            "units": self.filters, "same": self.padding == "same", "window_height": kh, "window_width": kw,
            "stride_height": sh, "stride_width": sw, "dilation_height": dh, "dilation_width": dw,
        }  # fmt: skip
