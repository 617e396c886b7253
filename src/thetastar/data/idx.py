"""IDX files, MNIST's format: a magic number, the sizes of the axes, and the numbers, big-endian; gzipped or not.

The header is distrusted: nothing of the size that it names is allocated before the file has been found to be as long.
"""

from __future__ import annotations

import gzip
import math
import re
import struct
import zlib
from pathlib import Path

import numpy as np

from thetastar.errors import InputError

__all__ = ["find_idx_sets", "is_idx", "labels_beside", "read_idx"]

_KINDS = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_NAME = re.compile(r"[-.]idx\d-ubyte(\.gz)?$|\.idx(\.gz)?$")
_MOST_AXES = 4
_LARGEST = 2**33  # bytes of numbers
_PARTS = {"train": "train", "test": "t10k"}


def is_idx(path: Path) -> bool:
    """Whether the file's name is that of an IDX file, such as train-images-idx3-ubyte.gz."""
    return bool(_NAME.search(path.name.lower()))


def read_idx(path: Path) -> np.ndarray:
    """The array in an IDX file.

    Raises:
        InputError: the file cannot be read, is not in this format, or is not as long as its header says.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if packed else path.open("rb") as file:
            head = file.read(4)
            if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in _KINDS or not 1 <= head[3] <= _MOST_AXES:
                raise InputError(f"{path}: this is not an IDX file of 1 to {_MOST_AXES} axes. Fetch it again.")
            sizes = file.read(4 * head[3])
            if len(sizes) < 4 * head[3]:
                raise InputError(f"{path}: the file ends within its header. Fetch it again.")
            shape = struct.unpack(f">{head[3]}I", sizes)
            kind = np.dtype(_KINDS[head[2]])
            size = math.prod(shape) * kind.itemsize
            if not 0 < size <= _LARGEST:
                raise InputError(
                    f"{path}: the header names {' × '.join(map(str, shape))} numbers, which cannot be read."
                )
            data = _at_most(file, size + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: the file cannot be read ({getattr(error, 'strerror', None) or error}).") from None
    if len(data) != size:
        found = f"only {len(data):,}" if len(data) < size else "more"
        raise InputError(f"{path}: the header names {size:,} bytes of numbers, and there are {found}. Fetch it again.")
    return np.frombuffer(data, kind).reshape(shape).astype(kind.newbyteorder("="), copy=False)


def _at_most(file, size: int) -> bytearray:
    """Up to `size` bytes, in pieces: a header that lies costs no more memory than the file has."""
    data = bytearray()
    while len(data) < size and (piece := file.read(min(size - len(data), 1 << 20))):
        data += piece
    return data


def labels_beside(path: Path) -> Path | None:
    """The labels that belong to a file of images, by MNIST's names; None where there is no such file."""
    name = path.name.replace("images", "labels").replace("idx3", "idx1")
    found = path.with_name(name)
    return found if name != path.name and found.is_file() else None


def find_idx_sets(folder: Path) -> dict[str, tuple[Path, Path]]:
    """{"train": (images, labels), "test": …} of a folder with files of MNIST's names; empty where there are none."""
    sets = {}
    for part, prefix in _PARTS.items():
        for images in sorted(folder.glob(f"{prefix}-images*idx3-ubyte*")) if folder.is_dir() else []:
            labels = labels_beside(images)
            if labels is not None:
                sets[part] = (images, labels)
                break
    return sets
