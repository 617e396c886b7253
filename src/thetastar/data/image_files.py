"""Image files, through Pillow: a folder's classes, and all images brought to one size and colour.

The size is the most common one, scaled down where its longer side is beyond 64 pixels. Grey images give one channel, and
one image in colour makes all have three. Transparent parts become white. A camera's turn (EXIF) is undone.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from thetastar.errors import InputError

__all__ = ["SUFFIXES", "list_image_folder", "read_images"]

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp")
_LONGEST_SIDE = 64
_MOST_PIXELS = 64_000_000  # of one file: a small file can claim a picture that fills the memory
_GREY = {"1", "L", "LA", "I", "I;16", "I;16B", "F"}


def list_image_folder(folder: Path) -> tuple[list[Path], list[str] | None]:
    """The image files below a folder, and the class of each: the sub-folder of `folder` that it lies in.

    Files are sorted; hidden ones and those that are no images are passed over. Images that all lie in `folder` itself
    have no classes (None).

    Raises:
        InputError: There are no images, or some lie in sub-folders and some beside them.
    """
    found: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(place, name) for name in sorted(names) if not name.startswith(".") and _is_image(name)]
    if not found:
        raise InputError(f"{folder}: there are no images below this folder ({', '.join(SUFFIXES)}). Name another one.")
    parts = [path.relative_to(folder).parts for path in found]
    inside = [len(part) > 1 for part in parts]
    if not any(inside):
        return found, None
    if not all(inside):
        raise InputError(
            f"{folder}: {found[inside.index(False)].name} lies beside the sub-folders of the classes. Move it into one."
        )
    return found, [part[0] for part in parts]


def _is_image(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)


def read_images(paths: Sequence[Path]) -> np.ndarray:
    """(n, H, W, C) uint8, one image a file.

    Raises:
        InputError: Pillow is not installed; a file is missing, damaged, too large or no image.
    """
    try:
        from PIL import Image
    except ImportError:
        raise InputError("reading image files needs Pillow, which is not installed: pip install pillow") from None
    sizes: Counter[tuple[int, int]] = Counter()
    grey = True
    for path in paths:
        with _damage_named(path, Image), _opened(path, Image) as image:
            sizes[_upright_size(image)] += 1
            grey = grey and image.mode in _GREY
    width, height = sizes.most_common(1)[0][0]
    factor = min(1.0, _LONGEST_SIDE / max(width, height))
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    out = np.empty((len(paths), size[1], size[0], 1 if grey else 3), np.uint8)
    for i, path in enumerate(paths):
        with _damage_named(path, Image), _opened(path, Image) as image:
            out[i] = _pixels(image, size, grey).reshape(out.shape[1:])
    return out


@contextmanager
def _damage_named(path: Path, library):
    """What Pillow says of a file that opens and cannot be read to its end."""
    try:
        yield
    except InputError:
        raise
    except (OSError, SyntaxError, ValueError, library.DecompressionBombError) as error:
        raise InputError(f"{path}: the image is damaged ({error}). Mend or remove the file.") from None


def _opened(path: Path, library):
    try:
        image = library.open(path)
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such image. Check the path.") from None
    except library.DecompressionBombError:
        raise InputError(f"{path}: the image claims too many pixels. Remove the file or make it smaller.") from None
    except (OSError, SyntaxError, ValueError):
        raise InputError(f"{path}: this is not an image that can be read. Mend or remove the file.") from None
    if image.width * image.height > _MOST_PIXELS:
        image.close()
        raise InputError(
            f"{path}: the image claims {image.width} × {image.height} pixels; at most {_MOST_PIXELS:,} are read. "
            "Make it smaller."
        )
    return image


def _upright_size(image) -> tuple[int, int]:
    turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    return (image.height, image.width) if turned else (image.width, image.height)


def _pixels(image, size: tuple[int, int], grey: bool) -> np.ndarray:
    from PIL import Image, ImageOps

    image = ImageOps.exif_transpose(image)
    if image.mode in ("I", "I;16", "I;16B", "F"):  # more than 8 bits: by the highest value that the mode means
        values = np.asarray(image, dtype=np.float64)
        highest = 65_535 if image.mode != "F" and values.max() > 255 else 255
        image = Image.fromarray(np.clip(values * 255 / highest, 0, 255).astype(np.uint8))
    if image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, (255, 255, 255, 255)), image)
    image = image.convert("L" if grey else "RGB")
    if image.size != size:
        image = image.resize(size, Image.Resampling.BOX if image.size > size else Image.Resampling.BILINEAR)
    return np.asarray(image, dtype=np.uint8)
