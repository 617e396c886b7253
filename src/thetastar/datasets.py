"""Real data for first steps and for lessons: tables that come with scikit-learn, and images that are fetched once."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import Any

from thetastar.errors import InputError

__all__ = ["NAMES", "load"]

_TARGETS = {
    "digits": "digit",
    "breast_cancer": "diagnosis",
    "diabetes": "progression",
    "iris": "species",
    "wine": "cultivar",
}
_FILES = {
    "train": ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
    "test": ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
}
# LeCun, Cortes, Burges 1998; Xiao, Rasul, Vollgraf 2017. Where they lie, the name of the target, the files' checksums.
_IMAGES: dict[str, tuple[tuple[str, ...], str, dict[str, str]]] = {
    "mnist": (
        ("https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"),
        "digit",
        {
            "train-images-idx3-ubyte.gz": "sha256:440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            "train-labels-idx1-ubyte.gz": "sha256:3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            "t10k-images-idx3-ubyte.gz": "sha256:8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            "t10k-labels-idx1-ubyte.gz": "sha256:f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        },
    ),
    "fashion_mnist": (
        ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",),
        "garment",
        {
            "train-images-idx3-ubyte.gz": "md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d",
            "train-labels-idx1-ubyte.gz": "md5:25c81989df183df01b3e8a0aad5dffbe",
            "t10k-images-idx3-ubyte.gz": "md5:bef4ecab320f06d8554ea6380940ec79",
            "t10k-labels-idx1-ubyte.gz": "md5:bb300cfdad3c16e7a12a480ee83cd310",
        },
    ),
}

NAMES = (*_TARGETS, *_IMAGES)
"""Every name that `load` knows."""


def load(name: str, *, part: str = "train", folder: str | os.PathLike[str] | None = None) -> tuple[dict[str, Any], str]:
    """A table, or images, and the name of the target column.

    Args:
        name: "digits" (1,797 pictures of 8 × 8 pixels, ten classes), "breast_cancer" (569 rows, two classes),
            "diabetes" (442 rows, a number), "iris" (150 rows, three classes), "wine" (178 rows, three classes); or
            "mnist" and "fashion_mnist" (60,000 images of 28 × 28 pixels, ten classes), which are fetched from their
            official places the first time, checked, and kept in a cache (THETASTAR_CACHE says where, if set).
        part: of images: "train", or "test" for the 10,000 images of the test.
        folder: of images: read their four files from here and fetch nothing.

    Returns:
        A dict of columns (arrays of numbers; class labels are words where they have them; images (n, 28, 28, 1) uint8)
        and the target's name.

    Raises:
        InputError: there is no such data, the message names the nearest; or it cannot be fetched.

    Example:
        >>> columns, target = load("iris")
        >>> target, len(columns), len(columns[target])
        ('species', 5, 150)
    """
    if name in _IMAGES:
        return _images(name, part, folder)
    if name not in _TARGETS:
        near = difflib.get_close_matches(str(name), NAMES, n=1, cutoff=0.4)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        raise InputError(f"datasets.load: there is no table {name!r}. {hint}Known: {', '.join(NAMES)}.")
    if part != "train" or folder is not None:
        raise InputError(f"datasets.load: {name!r} has no parts and no files; part and folder are for images.")
    from sklearn import datasets

    # Diabetes comes scaled to unit length by default; the real units are the better lesson.
    bunch = getattr(datasets, f"load_{name}")(**({"scaled": False} if name == "diabetes" else {}))
    words = [str(word) for word in bunch.feature_names]
    columns = {word.replace(" (cm)", "_cm").replace(" ", "_"): bunch.data[:, i] for i, word in enumerate(words)}
    target = _TARGETS[name]
    labels = bunch.target
    if name in ("breast_cancer", "iris"):
        labels = bunch.target_names[bunch.target].astype(object)
    columns[target] = labels
    return columns, target


def _images(name: str, part: str, folder: str | os.PathLike[str] | None) -> tuple[dict[str, Any], str]:
    from thetastar.data.idx import read_idx
    from thetastar.downloads import cache_folder, fetch

    places, target, checksums = _IMAGES[name]
    if part not in _FILES:
        raise InputError(f"datasets.load: part must be 'train' or 'test'. Got {part!r}.")
    paths = []
    for file in _FILES[part]:
        if folder is None:
            addresses = tuple(place + file for place in places)
            paths.append(fetch(addresses, checksums[file], cache_folder() / name / file))
            continue
        found = [path for path in (Path(folder) / file, Path(folder) / file.removesuffix(".gz")) if path.is_file()]
        if not found:
            raise InputError(f"datasets.load: {folder} does not hold {file}. Give the folder with {name}'s four files.")
        paths.append(found[0])
    images, labels = map(read_idx, paths)
    if images.ndim != 3 or labels.shape != images.shape[:1]:
        raise InputError(f"datasets.load: the files in {paths[0].parent} do not belong together. Fetch them again.")
    return {"image": images[..., None], target: labels.astype(int)}, target
