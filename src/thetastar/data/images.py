"""Images as tables: a folder with one sub-folder per class, IDX files, or a table with a column of image files.

Whatever they come from, the images are one column; their classes, where they are known, are the column "class".
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from thetastar.data.cells import typed_column
from thetastar.data.image_files import SUFFIXES
from thetastar.data.table import Column, Table
from thetastar.errors import InputError

__all__ = ["CLASS", "FILE", "IMAGE", "class_column", "holds_images", "images_of", "test_images_of", "with_images"]

IMAGE, CLASS, FILE = "image", "class", "file"
_QMNIST = 8  # numbers that QMNIST's label files hold for every digit, the class first


def holds_images(path: Path) -> bool:
    """Whether a path is an IDX file, or a folder with image or IDX files somewhere in it."""
    from thetastar.data.idx import find_idx_sets, is_idx

    if path.is_file():
        return is_idx(path)
    if not path.is_dir():
        return False
    return bool(find_idx_sets(path)) or any(
        name.lower().endswith(SUFFIXES) for _, _, names in os.walk(path) for name in names
    )


def images_of(path: Path, part: str = "train") -> Table:
    """The table of a folder of images, of a folder with MNIST's four files (one part of it), or of an IDX file.

    Raises:
        InputError: there are no images, or one cannot be read.
    """
    from thetastar.data.idx import find_idx_sets, labels_beside, read_idx

    if path.is_file():
        labels = labels_beside(path)
        return _idx_table(path.name, read_idx(path), None if labels is None else read_idx(labels))
    sets = find_idx_sets(path)
    if part in sets:
        images, labels = sets[part]
        return _idx_table(f"{path.name}, {part}", read_idx(images), read_idx(labels))
    from thetastar.data.image_files import list_image_folder, read_images

    files, classes = list_image_folder(path)
    columns = [Column(IMAGE, native="integer", samples=read_images(files))]
    if classes is not None:
        columns.append(class_column(classes))
    columns.append(_texts(FILE, [str(Path(file).relative_to(path)) for file in files]))
    return Table(tuple(columns), path.name or str(path))


def test_images_of(path: Path) -> Table | None:
    """The test part that lies beside the training part, as in MNIST's folder; None where there is none."""
    from thetastar.data.idx import find_idx_sets

    return images_of(path, "test") if path.is_dir() and "test" in find_idx_sets(path) else None


def with_images(table: Table, folder: Path) -> Table:
    """The table, with the images in place of the first column that names image files that are there."""
    for column in table.columns:
        if column.kind == "text" and _names_images(column, folder):
            from thetastar.data.image_files import read_images

            missing = [row for row, code in enumerate(column.codes) if code < 0]
            if missing:
                raise InputError(
                    f"{table.place(missing[0], column.name)}: the cell is empty, and the others name images. "
                    "Remove the row or name its file."
                )
            samples = read_images([folder / column.levels[code] for code in column.codes])
            images = Column(column.name, native="integer", samples=samples)
            return replace(table, columns=tuple(images if each is column else each for each in table.columns))
    return table


def _names_images(column: Column, folder: Path) -> bool:
    if not column.levels or not all(level.lower().endswith(SUFFIXES) for level in column.levels[:50]):
        return False
    return (folder / column.levels[0]).is_file()


def _idx_table(source: str, images: np.ndarray, labels: np.ndarray | None) -> Table:
    from thetastar.data.samples import samples_column

    if images.ndim not in (3, 4):
        raise InputError(
            f"{source}: the IDX file holds numbers of shape {images.shape}, and images are (n, height, width). "
            "Give the file of the images; the labels are found beside it."
        )
    columns, notes = [samples_column(IMAGE, images, "image")], []
    if labels is not None:
        if labels.ndim == 2 and labels.shape == (len(images), _QMNIST):
            labels = labels[:, 0]
            notes.append("The labels are the first of QMNIST's eight columns; who wrote a digit is in the others.")
        if labels.shape != (len(images),):
            raise InputError(
                f"{source}: {len(images)} images, and labels of shape {labels.shape} beside them. "
                "Give files that belong together."
            )
        if not np.all(np.isfinite(labels)) or np.any(labels != np.floor(labels)):
            raise InputError(f"{source}: the labels beside the images are no whole numbers. Give a file of classes.")
        columns.append(class_column([str(int(label)) for label in labels.tolist()]))
    return Table(tuple(columns), source, notes=tuple(notes))


def class_column(names: Sequence[str], order: Sequence[str] = ()) -> Column:
    """Labels, which are classes whatever they are called; names that are whole numbers are given back as such.

    Args:
        order: the labels in the order that was declared, if one was.
    """
    levels = {name: code for code, name in enumerate(dict.fromkeys((*order, *names)))}
    whole = all(re.fullmatch("0|-?[1-9][0-9]*", name) for name in levels)
    codes = np.array([levels[name] for name in names], dtype=np.int32)
    native = "integer" if whole else "text"
    return Column(CLASS, codes=codes, levels=tuple(levels), native=native, category="ordered" if order else "unordered")


def _texts(name: str, texts: list[str]) -> Column:
    import pyarrow as pa

    return typed_column(name, pa.array(texts, pa.string()), native="text")
