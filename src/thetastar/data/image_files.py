"""Image files: a folder with one sub-folder per class, and pictures of any size brought to one array."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from thetastar.data.deep_images import deep_pixels, is_deep, low_bytes
from thetastar.errors import InputError

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

__all__ = ["SUFFIXES", "list_image_folder", "read_images"]

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp")
"""The endings of the files that count as images, in any case."""

_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP")
_MOST_PIXELS = 100_000_000  # above what cameras take, below what fills a small machine's memory
_TURNED = (5, 6, 7, 8)  # EXIF orientations that swap height and width
_GREY = ("1", "L", "LA", "I", "I;16", "I;16B", "I;16L", "I;16N")


def list_image_folder(folder: str | Path) -> tuple[list[Path], list[str] | None]:
    """The images of a folder and their classes: the names of its sub-folders.

    Folders inside a class folder belong to the class. Hidden files, hidden folders and files that are no images by
    their ending (`SUFFIXES`) are passed over. The order is that of the names.

    Returns:
        The paths, and a label for each; labels are None for a folder of images without class folders.

    Raises:
        InputError: There is no such folder, it holds no images, or images lie both in class folders and beside them.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder. Name a folder with one sub-folder per class.")
    entries = sorted(entry for entry in folder.iterdir() if not _hidden(entry.name))
    loose = [entry for entry in entries if _is_image(entry)]
    paths, labels = [], []
    for entry in entries:
        if entry.is_dir():
            inside = _images_below(entry)
            paths += inside
            labels += [entry.name] * len(inside)
    if paths and loose:
        raise InputError(
            f"{folder}: {len(loose)} images lie beside the class folders (the first is {loose[0].name}), so their "
            "class is not known. Move them into a class folder or out of the folder."
        )
    if not paths and not loose:
        found = (
            f"It holds {', '.join(e.name for e in entries[:6])}{', …' * (len(entries) > 6)}"
            if entries
            else "It is empty"
        )
        raise InputError(
            f"{folder}: there are no images in the folder ({', '.join(SUFFIXES)}). {found}. Put the images of each "
            "class into a sub-folder of its own."
        )
    return (paths, labels) if paths else (loose, None)


def _images_below(folder: Path) -> list[Path]:
    found = []
    for parent, folders, files in os.walk(folder):  # does not follow links below, so it ends
        folders[:] = [name for name in folders if not _hidden(name)]
        found += [Path(parent, name) for name in files if not _hidden(name) and _is_image(Path(parent, name))]
    return sorted(found)


def _hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and path.is_file()


def read_images(
    paths: Sequence[str | Path],
    *,
    size: tuple[int, int] | None = None,
    channels: int | None = None,
    largest: int = 64,
) -> np.ndarray:
    """Images of any size and kind as one array, ready to train on.

    The EXIF orientation is applied, transparency is laid on white, palettes are resolved, and of an animation the first
    picture counts. Pictures of 16 bits keep their depth: their numbers lie between 0 and 255 too, with fractions. All
    are stretched to one size with Pillow's bilinear filter, which averages over the area where it scales down.

    Args:
        paths: The files.
        size: (height, width) of the result. None takes the most common size (the larger of equals), scaled down at
            its own ratio until the longer side is at most `largest`.
        channels: 1 for grey, 3 for colour. None gives 1 where every pixel of every image is grey.
        largest: Pixels of the longer side at most; not used where `size` is given.

    Returns:
        (n, height, width, channels) uint8; float32 where a picture has 16 bits.

    Raises:
        InputError: Pillow is missing, an argument is out of range, or a file is missing, broken, cut off or too large;
            the message names the file.
    """
    files = [Path(path) for path in paths]
    if not files:
        raise InputError("read_images: there are no paths. Give at least one image file.")
    if channels not in (None, 1, 3):
        raise InputError(f"read_images(channels={channels!r}): images have 1 (grey) or 3 (colour) channels. Give one.")
    if largest < 1:
        raise InputError(f"read_images(largest={largest!r}): the longer side must have a pixel. Use largest >= 1.")
    if size is not None and (len(size) != 2 or min(size) < 1):
        raise InputError(f"read_images(size={size!r}): the size is (height, width), both at least 1.")
    heads = [_head(path) for path in files]
    size = size or _common_size([head.shape for head in heads], largest)
    known = channels or (1 if all(head.grey for head in heads) else 3)
    out = np.empty((len(files), *size, known), np.float32 if any(head.deep for head in heads) else np.uint8)
    for row, path, head in zip(out, files, heads, strict=True):
        with _opened(path) as image:
            row[:] = _deep(path, image, size, known) if head.deep else _pixels(image, size, known)
    if channels is None and known == 3 and (out[..., :1] == out).all():
        return np.ascontiguousarray(out[..., :1])  # grey pictures saved as colour ones
    return out


class _Head(NamedTuple):
    """What a file says before its pixels: (height, width) as shown, whether it is grey, whether it has 16 bits."""

    shape: tuple[int, int]
    grey: bool
    deep: bool


def _head(path: Path) -> _Head:
    with _opened(path) as image:
        width, height = image.size
        # A PNG whose header has no EXIF would be decoded in search of one.
        if (image.format != "PNG" or "exif" in image.info) and image.getexif().get(0x0112) in _TURNED:
            width, height = height, width
        deep = is_deep(image)
        return _Head((height, width), image.mode in _GREY or (deep and image.tile[0][3] == "LA;16B"), deep)


def _common_size(shapes: list[tuple[int, int]], largest: int) -> tuple[int, int]:
    counts = Counter(shapes)
    height, width = max(counts, key=lambda shape: (counts[shape], shape[0] * shape[1], shape))
    scale = min(1.0, largest / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


@contextmanager
def _opened(path: Path) -> Iterator[ImageFile]:
    """A Pillow image; whatever goes wrong with the file while it is open becomes an `InputError` that names it."""
    pillow = _pillow()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's warning of a large image: the limit below decides
            with pillow.open(path, formats=_FORMATS) as image:
                pixels = image.size[0] * image.size[1]
                if pixels > _MOST_PIXELS:
                    raise pillow.DecompressionBombError(f"{image.size[1]} × {image.size[0]} pixels")
                yield image
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file. Check the path.") from None
    except pillow.DecompressionBombError as error:
        raise InputError(
            f"{path}: the image is too large ({error}); at most {_MOST_PIXELS:,} pixels are read. Scale it down first."
        ) from None
    except Exception as error:  # decoders raise OSError, SyntaxError, ValueError, struct.error, zlib.error, …
        if isinstance(error, InputError | MemoryError):
            raise
        first = (str(error) or type(error).__name__).splitlines()[0].replace(str(path), path.name)
        raise InputError(f"{path}: the image is broken, cut off or of another kind ({first}). Replace it.") from None


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError:
        raise InputError("Reading image files needs Pillow. Install it: pip install pillow") from None
    return Image


def _deep(path: Path, image: ImageFile, size: tuple[int, int], channels: int) -> np.ndarray:
    """(height, width, channels) float32 between 0 and 255 of a picture of 16 bits."""
    from PIL import Image as pillow

    with _opened(path) as again:
        pixels = deep_pixels(image, low_bytes(again))
    if pixels.shape[2] == 3 and channels == 1:
        pixels = pixels @ np.array([[0.299], [0.587], [0.114]])
    planes = [pillow.fromarray(np.ascontiguousarray(pixels[..., c], dtype=np.float32)) for c in range(pixels.shape[2])]
    scaled = [np.asarray(plane.resize(size[::-1], pillow.Resampling.BILINEAR)) for plane in planes]
    return np.repeat(np.stack(scaled, axis=2), channels // len(planes), axis=2)


def _pixels(opened: ImageFile, size: tuple[int, int], channels: int) -> np.ndarray:
    from PIL import Image as pillow
    from PIL import ImageOps

    if opened.format == "JPEG":
        opened.draft(opened.mode, (2 * max(size), 2 * max(size)))  # decodes at a fraction where that is enough
    opened.load()
    image = ImageOps.exif_transpose(opened)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = pillow.alpha_composite(pillow.new("RGBA", image.size, "white"), image)
    image = image.convert("L" if channels == 1 and image.mode in _GREY else "RGB")
    if channels == 1:
        image = image.convert("L")
    if image.size != size[::-1]:
        image = image.resize(size[::-1], pillow.Resampling.BILINEAR)
    return np.asarray(image).reshape(*size, channels)
