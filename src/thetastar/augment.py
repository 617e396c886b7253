"""Augmentation: images shown a little different in every epoch. The arithmetic is core/augment.hpp."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ._checks import one_of, real, whole
from ._native import engine
from .errors import InputError

__all__ = ["Augment"]

_FLIPS = ("horizontal", "vertical", "both")


@dataclass(frozen=True)
class Augment:
    """In every training step each image is moved by a random affine map, mirrored or not, and given noise.

    One map a image and epoch, drawn evenly from all that the arguments allow, about the image's centre, read between
    four pixels (bilinear). It depends on the seed, the epoch and the image's row in X alone. Validation and prediction
    see the images as they are; so does the target, which makes an autoencoder a denoising one.

    Args:
        shift: the most pixels to move, down or up and left or right, each by itself; need not be whole.
        scale: the most to grow or shrink, as a share of the size: 0.1 is from 0.9 to 1.1 times.
        rotate: the most degrees to turn, either way.
        shear: the most degrees to slant, either way, below 90.
        noise: the standard deviation of Gaussian noise on every number, in units of X.
        flip: mirror half of the images: "horizontal" (left to right), "vertical" (top to bottom) or "both"; never
            when None.
        fill: what comes in from outside: "edge", the nearest pixel, which suits whatever unit X has; or a number in
            units of X. After standardisation black is no longer 0: give what it became, or keep "edge".

    Raises:
        InputError: an argument breaks its rule.

    Example:
        >>> X = np.arange(9.0).reshape(1, 3, 3, 1)
        >>> sorted({float(Augment(flip="horizontal").apply(X, seed=seed)[0, 0, 0, 0]) for seed in range(9)})
        [0.0, 2.0]

    Source: lecture 5 (shift, scale, rotate, noise); Simard, Steinkraus, Platt, "Best practices for convolutional neural
    networks applied to visual document analysis", 2003.
    """

    shift: float = 0.0
    scale: float = 0.0
    rotate: float = 0.0
    shear: float = 0.0
    noise: float = 0.0
    flip: str | None = None
    fill: str | float = "edge"

    def __post_init__(self) -> None:
        most = {"shift": 1e6, "scale": 1.0, "rotate": 180.0, "shear": 90.0, "noise": math.inf}
        for name, high in most.items():
            opened = name in ("scale", "shear")
            value = real("Augment", name, getattr(self, name), 0.0, high, open_high=opened)
            object.__setattr__(self, name, value)
        if self.flip is not None:
            one_of("Augment", "flip", self.flip, _FLIPS)
        if isinstance(self.fill, str):
            one_of("Augment", "fill", self.fill, ("edge",))
        else:
            object.__setattr__(self, "fill", real("Augment", "fill", self.fill))

    def apply(self, X, seed: int = 0, epoch: int = 0) -> np.ndarray:
        """Return the images (n, H, W, C) as training with this seed shows them in this epoch, counted from 0.

        Args:
            X: (n, H, W, C) images; float64 is computed in double precision, anything else in single.
            seed: the job's.
            epoch: which one.

        Raises:
            InputError: X does not hold images of numbers.

        Example:
            >>> Augment().apply(np.ones((2, 3, 3, 1))).shape
            (2, 3, 3, 1)
        """
        X = np.asarray(X)
        if X.ndim != 4 or X.size == 0 or X.dtype.kind not in "fiub":
            raise InputError(
                f"Augment: X must be images of shape (n, height, width, channels). Got {X.dtype} {X.shape}. "
                "A grey image has 1 channel."
            )
        dtype = np.dtype("float64" if X.dtype == np.float64 else "float32")
        rows = np.ascontiguousarray(X.reshape(len(X), -1), dtype)
        function = engine.augment64 if dtype == np.float64 else engine.augment32
        seed, epoch = whole("Augment", "seed", seed), whole("Augment", "epoch", epoch)
        return function(self.native(), tuple(X.shape[1:]), rows, seed, epoch).reshape(X.shape)

    def native(self) -> dict:
        """What the core takes."""
        return {
            "on": True,
            "shift": self.shift, "scale": self.scale, "rotate": self.rotate, "shear": self.shear, "noise": self.noise,
            "mirrors": self.flip in ("horizontal", "both"), "upends": self.flip in ("vertical", "both"),
            "edge": self.fill == "edge", "fill": 0.0 if self.fill == "edge" else self.fill,
        }  # fmt: skip
