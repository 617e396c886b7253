"""What a reader sees of images and sequences: some of each class, and the images that the network got most wrong."""

from __future__ import annotations

import base64
import io
import itertools
from typing import Any

import numpy as np

from thetastar.model.metrics import Thresholds, named
from thetastar.model.record import Mistake, SampleGroup, Samples

__all__ = ["examples", "mistakes", "picture_of", "pictures_within", "samples_of"]

_CLASSES, _EACH, _MISTAKES, _LINES = 12, 6, 12, 4
_SIDE = 56  # pixels of a picture's longer side: as large as pages show them
_COLOURS = 64  # of a picture in colour: a photograph at this size needs no more
_STEPS = 400  # of a line: a few for each pixel that it is drawn on
_EXAMPLES_ROOM, _MISTAKES_ROOM = 40_000, 20_000  # characters, so that a report stays a small file


def examples(question: Any) -> Samples | None:
    """Samples by class from the training rows; None for tables.

    A target that is a number is cut at its quartiles; of several targets the rows stay together.
    """
    column = samples_of(question.table, question.roles)
    if column is None:
        return None
    rows = np.sort(question.train)
    if len(question.targets) > 1:  # each cuts the rows in another way
        groups, labels = np.zeros(len(rows), dtype=np.int64), ["training rows"]
    elif not question.encoding.kind.classification:
        edges = np.unique(np.quantile(question.truth[rows], [0, 0.25, 0.5, 0.75, 1]))
        groups = np.clip(np.searchsorted(edges, question.truth[rows], side="right") - 1, 0, max(len(edges) - 2, 0))
        labels = [f"{low:.4g} to {high:.4g}" for low, high in itertools.pairwise(edges)] or ["all"]
    else:
        groups, labels = question.truth[rows], [str(label) for label in question.encoding.classes]
    found = []
    shown = min(len(labels), _CLASSES)
    each = max(pictures_within(_EXAMPLES_ROOM, column, rows, _EACH * shown) // shown, 1)
    for number, label in enumerate(labels[:shown]):
        own = rows[groups == number]
        if column.kind == "image":
            pictures = tuple(picture_of(image) for image in column.samples[own[:each]])
            found.append(SampleGroup(label=label, pictures=pictures))
        else:
            lines = tuple(_line(sequence) for sequence in column.samples[own[:_LINES]])
            found.append(SampleGroup(label=label, lines=lines))
    return Samples(kind=column.kind, of=column.shape_text, groups=tuple(found))


def mistakes(
    table: Any,
    roles: dict[str, Any],
    truth: np.ndarray,
    predicted: np.ndarray,
    labels: list[str],
    threshold: Thresholds = None,
) -> tuple[Mistake, ...]:
    """The test images whose wrong class the network was surest of, the surest first; empty for all but images.

    Args:
        truth: (m,) class indices.
        predicted: (m, C) probabilities.
        threshold: of the answer, where it has one.
    """
    column = samples_of(table, roles)
    if column is None or column.kind != "image":
        return ()
    said = named(predicted, threshold)
    sure = predicted[np.arange(len(said)), said]
    wrong = np.flatnonzero(said != truth)
    wrong = wrong[np.argsort(-sure[wrong], kind="stable")][: pictures_within(_MISTAKES_ROOM, column, wrong, _MISTAKES)]
    return tuple(
        Mistake(
            picture=picture_of(column.samples[row]), real=labels[int(truth[row])],
            predicted=labels[int(said[row])], sure=round(float(sure[row]), 4),
        )
        for row in wrong
    )  # fmt: skip


def samples_of(table: Any, roles: dict[str, Any]) -> Any | None:
    """The used column that holds images or sequences, or None."""
    used = [table.column(name) for name, role in roles.items() if role.used and name in table]
    return next((column for column in used if column.samples is not None), None)


def pictures_within(room: int, column: Any, rows: np.ndarray, most: int) -> int:
    """How many pictures fit into so many characters, at least one and at most `most`; judged by the first few rows."""
    if column.kind != "image" or len(rows) == 0:
        return most
    size = max(len(picture_of(column.samples[row])) for row in rows[:3])
    return int(np.clip(room // size, 1, most))


def picture_of(image: np.ndarray) -> str:
    """A PNG as an address that holds its data; channels beyond grey and colour are shown as their mean.

    Large images are made smaller, and colours fewer: what is kept is for the eye.
    """
    from PIL import Image

    values = image.astype(np.float64)
    if values.dtype != np.uint8 and (values.min() < 0 or values.max() > 255 or values.max() <= 1):
        low, high = values.min(), values.max()
        values = (values - low) * (255 / (high - low) if high > low else 0)
    elif image.dtype != np.uint8 and values.max() < 64:  # such as scikit-learn's digits, 0 to 16
        values = values * (255 / max(values.max(), 1))
    pixels = values if values.shape[2] == 3 else values.mean(axis=2)
    picture = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    if max(picture.size) > _SIDE:
        picture.thumbnail((_SIDE, _SIDE), Image.Resampling.BOX)
    if picture.mode == "RGB":
        picture = picture.quantize(_COLOURS)
    stream = io.BytesIO()
    picture.save(stream, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()


def _line(sequence: np.ndarray) -> tuple[float | None, ...]:
    """The first number of every step, to six digits; steps that are not there are left out at the end.

    Of a long sequence every second, third, … step is kept.
    """
    some = sequence[:: max(1, -(-len(sequence) // _STEPS)), 0]
    values = [None if np.isnan(value) else float(f"{value:.6g}") for value in some]
    while values and values[-1] is None:
        values.pop()
    return tuple(values)
