"""IDX files, the form MNIST comes in: a magic number, the dimensions, then the numbers; plain or gzipped."""

from __future__ import annotations

import gzip
import math
import re
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np

from thetastar.errors import InputError

__all__ = ["find_idx_sets", "is_idx", "labels_beside", "read_idx"]

# Everything in the file is big endian; the third byte of the magic number names the type.
_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_MOST_DIMENSIONS = 4  # n images of height, width and channels
_MOST_BYTES = 1 << 33
_DEFLATE_RATIO = 1032  # no deflate stream grows by more: 258 bytes from 2 bits
_PIECE = 1 << 20
_PART = {"train": re.compile(r"(?:^|[-_.])train-images"), "test": re.compile(r"(?:^|[-_.])(?:t10k|test)-images")}
_NAME = re.compile(r"(?:[-.]idx\d-(?:u?byte|short|int|float|double)|\.idx\d?)(?:\.gz)?$", re.IGNORECASE)


def read_idx(path: str | Path) -> np.ndarray:
    """The array an IDX file holds, in native byte order.

    Nothing is allocated on the word of the header alone: the bytes are read piece by piece, never more than the
    header names and one, so a gzip bomb stops there.

    Args:
        path: The file; gzip is told by its content.

    Returns:
        An array of the file's shape, such as (60000, 28, 28) uint8.

    Raises:
        InputError: The file is missing, is no IDX file, is cut off or longer than its header says.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "two.idx"
        >>> _ = path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 9]))
        >>> read_idx(path).tolist()
        [7, 9]

    Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits", section "The IDX file format".
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            if not packed:
                return _read(raw, path, size, "the file has")
            with gzip.open(raw) as stream:
                return _read(stream, path, size * _DEFLATE_RATIO, "the archive can hold at most")
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file. Check the path.") from None
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise InputError(f"{path}: the gzip archive is damaged ({error}). Fetch the file again.") from None
    except OSError as error:
        raise InputError(f"{path}: the file cannot be opened ({error.strerror or error}).") from None


def _read(stream: BinaryIO | gzip.GzipFile, path: Path, most: int, holds: str) -> np.ndarray:
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _TYPES:
        raise InputError(
            f"{path}: this is no IDX file: it must begin with 0, 0, a type (8, 9, 11, 12, 13 or 14) and the number of "
            f"dimensions, but begins with {list(magic)}. Name a file such as train-images-idx3-ubyte.gz."
        )
    count = magic[3]
    if not 1 <= count <= _MOST_DIMENSIONS:
        raise InputError(
            f"{path}: an IDX file of images or labels has 1 to {_MOST_DIMENSIONS} dimensions, this one says {count}. "
            "Fetch the file again."
        )
    header = stream.read(4 * count)
    if len(header) < 4 * count:
        raise InputError(f"{path}: the file ends inside its header. Fetch the file again.")
    shape = tuple(int.from_bytes(header[i : i + 4], "big") for i in range(0, 4 * count, 4))
    kind = np.dtype(_TYPES[magic[2]])
    wanted = math.prod(shape) * kind.itemsize  # Python's integers do not overflow
    shown = " × ".join(map(str, shape))
    if wanted == 0:
        raise InputError(f"{path}: the file holds nothing: its header says {shown}. Fetch the file again.")
    if wanted > _MOST_BYTES:
        raise InputError(
            f"{path}: the header says {shown}, which is {wanted:,} bytes; at most {_MOST_BYTES:,} are read. "
            "Split the file."
        )
    if wanted + 4 + len(header) > most:
        raise InputError(
            f"{path}: the file is cut off: its header says {shown}, which takes "
            f"{wanted + 4 + len(header):,} bytes, but {holds} {most:,}. Fetch the file again."
        )
    data = bytearray()
    while len(data) <= wanted:
        piece = stream.read(min(_PIECE, wanted + 1 - len(data)))
        if not piece:
            break
        data += piece
    if len(data) < wanted:
        raise InputError(
            f"{path}: the file is cut off: its header says {shown}, which takes {wanted:,} bytes, but {len(data):,} "
            "follow. Fetch the file again."
        )
    if len(data) > wanted:
        raise InputError(
            f"{path}: more bytes follow than the header's {shown} take ({wanted:,}). Fetch the file again."
        )
    return np.frombuffer(data, kind).reshape(shape).astype(kind.newbyteorder("="), copy=False)


def is_idx(path: str | Path) -> bool:
    """Whether a file is an IDX file: by its name (…-idx3-ubyte, .idx, also with .gz) or by its first four bytes."""
    path = Path(path)
    if not path.is_file():
        return False
    if _NAME.search(path.name):
        return True
    try:
        with path.open("rb") as raw:
            magic = raw.read(4)
            if magic[:2] == b"\x1f\x8b":
                raw.seek(0)
                with gzip.open(raw) as stream:
                    magic = stream.read(4)
    except (OSError, EOFError, zlib.error):
        return False
    return len(magic) == 4 and magic[:2] == b"\0\0" and magic[2] in _TYPES and 1 <= magic[3] <= _MOST_DIMENSIONS


def labels_beside(path: str | Path) -> Path | None:
    """The labels file of an images file, by name: train-images-idx3-ubyte.gz has train-labels-idx1-ubyte.gz beside it.

    Returns:
        The path of the file that exists (packed or plain), or None.
    """
    path = Path(path)
    if "images" not in path.name:
        return None
    name = re.sub(r"idx\d", "idx1", path.name.replace("images", "labels")).removesuffix(".gz")
    wide = re.sub(r"idx1-u?byte", "idx2-int", name)  # QMNIST's labels, with more than the class
    names = [found + end for found in (name, wide) for end in ("", ".gz")]
    return next((path.with_name(found) for found in names if path.with_name(found).is_file()), None)


def find_idx_sets(folder: str | Path) -> dict[str, tuple[Path, Path]]:
    """The sets of a folder with MNIST's files: {"train": (images, labels), "test": (images, labels)}.

    A set is listed only where both of its files are there; the test images are called t10k-… or test-…, and a name may
    stand before (`emnist-letters-train-images-idx3-ubyte`).

    Raises:
        InputError: the folder holds several sets.
    """
    folder = Path(folder)
    files = sorted(entry for entry in folder.iterdir() if entry.is_file()) if folder.is_dir() else []
    found = {}
    for part, pattern in _PART.items():
        sets = {
            pattern.split(file.name)[0]: (file, labels)
            for file in files
            if pattern.search(file.name) and _NAME.search(file.name) and (labels := labels_beside(file)) is not None
        }
        if len(sets) > 1:
            shown = ", ".join(file.name for file, _ in sets.values())
            raise InputError(f"{folder}: there are several sets of images ({shown}). Name the file of one of them.")
        if sets:
            found[part] = next(iter(sets.values()))
    return found
