"""PNG pictures of 16 bits with all of their depth: Pillow keeps it in grey ones, of the others it gives the high bytes.

Pillow decodes one picture by two raw modes: one takes the high byte of every number, the other the low byte.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

__all__ = ["deep_pixels", "is_deep", "low_bytes"]

_WHITE = 65535
_LOW = {"RGB;16B": "RGB;16L", "RGBA;16B": "RGBA;16L"}  # PNG's numbers are big endian: "little" takes the other byte
_TURNS = {
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.transpose(1, 0, 2),
    6: lambda pixels: pixels.transpose(1, 0, 2)[:, ::-1],
    7: lambda pixels: pixels[::-1, ::-1].transpose(1, 0, 2),
    8: lambda pixels: pixels.transpose(1, 0, 2)[::-1],
}  # EXIF orientations


def is_deep(image: ImageFile) -> bool:
    """Whether a picture that is open, but not decoded, has 16 bits a number."""
    return image.format == "PNG" and (image.mode.startswith("I") or "16" in _raw_mode(image))


def _raw_mode(image: ImageFile) -> str:
    mode = image.tile[0][3] if image.tile else ""
    return mode if isinstance(mode, str) else str((mode or [""])[0])


def low_bytes(image: ImageFile) -> ImageFile | None:
    """The same open picture set to decode the low bytes instead of the high ones; None where one pass is enough."""
    mode = _raw_mode(image)
    if mode not in _LOW:
        return None
    image.tile = [(*image.tile[0][:3], _LOW[mode])]  # type: ignore[list-item]  # a named tuple since Pillow 11
    return image


def deep_pixels(image: ImageFile, low: ImageFile | None) -> np.ndarray:
    """(H, W, 1 or 3) float64 between 0 and 255 of a picture of 16 bits, laid on white and turned as EXIF says.

    Args:
        image: open, not yet decoded.
        low: what `low_bytes` gave for the same picture, opened a second time.
    """
    mode, key = _raw_mode(image), image.info.get("transparency")
    if mode == "LA;16B":  # four bytes a pixel: grey high, grey low, alpha high, alpha low
        image.tile = [(*image.tile[0][:3], "RGBA")]  # type: ignore[list-item]
        image.load()
        bytes_ = np.asarray(image).astype(np.float64)
        pixels = bytes_[..., ::2] * 256 + bytes_[..., 1::2]
    elif low is None:
        image.load()
        pixels = np.asarray(image).astype(np.float64).clip(0, _WHITE)[..., None]
    else:
        image.load()
        low.load()
        pixels = np.asarray(image).astype(np.float64) * 256 + np.asarray(low)
    if pixels.shape[2] in (2, 4):
        opaque = pixels[..., -1:] / _WHITE
        pixels = pixels[..., :-1] * opaque + _WHITE * (1 - opaque)
    elif isinstance(key, int | tuple):  # one colour counts as clear
        pixels = np.where((pixels == np.array(key)).all(axis=2, keepdims=True), _WHITE, pixels)
    turn = image.getexif().get(0x0112)  # asked for last, because Pillow decodes a PNG in search of it
    return (_TURNS[turn](pixels) if turn in _TURNS else pixels) / 257
