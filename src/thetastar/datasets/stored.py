"""Real data for first steps and for lessons: tables that come with scikit-learn, and images fetched once.

Example:
    >>> columns, target = load("diabetes")
    >>> target, len(columns[target])
    ('progression', 442)
"""

from __future__ import annotations

import difflib
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

_PARTS = {"train": "train", "test": "t10k"}
_FILES = ("{}-images-idx3-ubyte.gz", "{}-labels-idx1-ubyte.gz")
_IMAGES = {
    "mnist": ("digit", "https://ossci-datasets.s3.amazonaws.com/mnist/"),
    "fashion_mnist": ("label", "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"),
}
_CHECKSUMS = {
    "mnist/train-images-idx3-ubyte.gz": "sha256:440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "mnist/train-labels-idx1-ubyte.gz": "sha256:3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "mnist/t10k-images-idx3-ubyte.gz": "sha256:8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "mnist/t10k-labels-idx1-ubyte.gz": "sha256:f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    "fashion_mnist/train-images-idx3-ubyte.gz": "md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "fashion_mnist/train-labels-idx1-ubyte.gz": "md5:25c81989df183df01b3e8a0aad5dffbe",
    "fashion_mnist/t10k-images-idx3-ubyte.gz": "md5:bef4ecab320f06d8554ea6380940ec79",
    "fashion_mnist/t10k-labels-idx1-ubyte.gz": "md5:bb300cfdad3c16e7a12a480ee83cd310",
}

NAMES = (*_TARGETS, "views", *_IMAGES)
"""Every name that `load` knows."""


def load(name: str, *, part: str = "train", folder: str | Path | None = None) -> tuple[dict[str, Any], str]:
    """A table and the name of its target column.

    Args:
        name: "digits" (1,797 pictures of 8 × 8 pixels, ten classes), "breast_cancer" (569 rows, two classes),
            "diabetes" (442 rows, a number), "iris" (150 rows, three classes) or "wine" (178 rows, three classes);
            "views" (1,826 days from 2017 to 2021, synthetic: the daily views of a channel that does not exist);
            or "mnist" (handwritten digits) or "fashion_mnist" (pieces of clothing), each 60,000 grey images of
            28 × 28 pixels in ten classes and 10,000 to test, fetched at the first call and kept in the cache folder.
        part: For the images: "train" or "test". The tables are whole.
        folder: For the images: reads the four files from there and fetches nothing.

    Returns:
        A dict of columns (arrays of numbers; class labels are words where they have them) and the target's name. The
        images are {"image": (n, 28, 28, 1) uint8, "digit" or "label": (n,) int64}.

    Raises:
        InputError: there is no such table (the message names the nearest) or no such part, or the files cannot be
            fetched or found.

    Example:
        >>> columns, target = load("iris")
        >>> target, len(columns), len(columns[target])
        ('species', 5, 150)
    """
    if name in _IMAGES:
        return _load_images(name, part, folder)
    if name not in NAMES:
        near = difflib.get_close_matches(str(name), NAMES, n=1, cutoff=0.4)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        raise InputError(f"datasets.load: there is no table {name!r}. {hint}Known: {', '.join(NAMES)}.")
    if part != "train" or folder is not None:
        raise InputError(
            f"datasets.load({name!r}): part and folder are for {' and '.join(_IMAGES)}; this table is whole and comes "
            "with scikit-learn. Leave them out."
        )
    if name == "views":
        return _views(), "views"
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


def _views() -> dict[str, Any]:
    """Synthetic daily views, 2017-01-01 to 2021-12-31, by this formula and no measurement:

        views = round(4,000 · growth · week · year · uploads · noise)

    growth rises from 0.75 to 1.3 in two waves; week is a factor for each weekday, lowest on Saturday; year is lowest in
    July and between the years; every 9 to 14 days something is uploaded, which lifts the views by half and fades by
    0.72 a day; noise is exp(e) with e = 0.6 · (yesterday's e) + 0.05 · a normal number.
    """
    import numpy as np

    draw = np.random.Generator(np.random.Philox(key=2017))
    dates = np.arange(np.datetime64("2017-01-01"), np.datetime64("2022-01-01"))
    count = len(dates)
    t = np.arange(count) / count
    growth = 0.75 + 0.55 * t + 0.12 * np.sin(4 * np.pi * t)
    weekday = (dates.astype(np.int64) + 3) % 7
    week = np.array([1.06, 1.04, 1.02, 1.0, 0.93, 0.82, 1.13])[weekday]
    of_year = (dates - dates.astype("datetime64[Y]")).astype(np.int64) / 365.25
    summer, between_years = (of_year - 0.54) / 0.09, ((of_year + 0.5) % 1 - 0.49) / 0.02
    year = 1 - 0.10 * np.exp(-(summer**2)) - 0.18 * np.exp(-(between_years**2))
    uploads, lift, wait = np.empty(count), 0.0, 5
    steps = draw.integers(9, 15, size=count)
    for day in range(count):
        wait -= 1
        lift *= 0.72
        if wait <= 0:
            lift, wait = lift + 0.5, int(steps[day])
        uploads[day] = 1 + lift
    noise, drawn = np.empty(count), draw.standard_normal(count)
    e = 0.0
    for day in range(count):
        e = 0.6 * e + 0.05 * drawn[day]
        noise[day] = np.exp(e)
    views = np.round(4000 * growth * week * year * uploads * noise).astype(np.int64)
    return {"date": np.datetime_as_string(dates, unit="D").astype(object), "views": views}


def _load_images(name: str, part: str, folder: str | Path | None) -> tuple[dict[str, Any], str]:
    from thetastar.data.idx import find_idx_sets, read_idx

    if part not in _PARTS:
        raise InputError(f"datasets.load({name!r}, part={part!r}): the parts are train and test. Name one of them.")
    target, address = _IMAGES[name]
    files = [file.format(_PARTS[part]) for file in _FILES]
    if folder is None:
        from thetastar.downloads import fetch

        paths = [fetch([address + file], _CHECKSUMS[f"{name}/{file}"], f"{name}/{file}") for file in files]
    else:
        paths = find_idx_sets(folder).get(part)
        if paths is None:
            raise InputError(
                f"{folder}: the files {' and '.join(files)} are not in the folder. Name the one with both."
            )
    images, labels = map(read_idx, paths)
    if images.ndim != 3 or labels.shape != images.shape[:1]:
        raise InputError(
            f"{paths[0]}: images {images.shape} and labels {labels.shape} do not belong together: there must be one "
            "label for each image. Fetch both files again."
        )
    return {"image": images[..., None], target: labels.astype("int64")}, target
