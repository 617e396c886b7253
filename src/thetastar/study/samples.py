"""What a reader sees of images and sequences: some of each class, and the images that the network got most wrong."""

from __future__ import annotations

import base64
import io
import itertools
from typing import Any

import numpy as np

from thetastar.model.record import Mistake, SampleGroup, Samples

__all__ = ["examples", "mistakes", "picture_of", "samples_of"]

_CLASSES, _EACH, _MISTAKES, _LINES = 12, 6, 12, 4


def examples(question: Any) -> Samples | None:
    """Samples by class from the training rows; None for tables.

    A target that is a number is cut at its quartiles.
    """
    column = samples_of(question.table, question.roles)
    if column is None:
        return None
    rows = np.sort(question.train)
    if not question.encoding.kind.classification:
        edges = np.unique(np.quantile(question.truth[rows], [0, 0.25, 0.5, 0.75, 1]))
        groups = np.clip(np.searchsorted(edges, question.truth[rows], side="right") - 1, 0, max(len(edges) - 2, 0))
        labels = [f"{low:.4g} to {high:.4g}" for low, high in itertools.pairwise(edges)] or ["all"]
    else:
        groups, labels = question.truth[rows], [str(label) for label in question.encoding.classes]
    found = []
    for number, label in enumerate(labels[:_CLASSES]):
        own = rows[groups == number]
        if column.kind == "image":
            pictures = tuple(picture_of(image) for image in column.samples[own[:_EACH]])
            found.append(SampleGroup(label=label, pictures=pictures))
        else:
            lines = tuple(_line(sequence) for sequence in column.samples[own[:_LINES]])
            found.append(SampleGroup(label=label, lines=lines))
    return Samples(kind=column.kind, of=column.shape_text, groups=tuple(found))


def mistakes(
    table: Any, roles: dict[str, Any], truth: np.ndarray, predicted: np.ndarray, labels: list[str]
) -> tuple[Mistake, ...]:
    """The test images whose wrong class the network was surest of, the surest first; empty for all but images.

    Args:
        truth: (m,) class indices.
        predicted: (m, C) probabilities.
    """
    column = samples_of(table, roles)
    if column is None or column.kind != "image":
        return ()
    chosen = predicted.argmax(axis=1)
    sure = predicted[np.arange(len(chosen)), chosen]
    wrong = np.flatnonzero(chosen != truth)
    wrong = wrong[np.argsort(-sure[wrong], kind="stable")][:_MISTAKES]
    return tuple(
        Mistake(
            picture=picture_of(column.samples[row]), real=labels[int(truth[row])],
            predicted=labels[int(chosen[row])], sure=round(float(sure[row]), 4),
        )
        for row in wrong
    )  # fmt: skip


def samples_of(table: Any, roles: dict[str, Any]) -> Any | None:
    """The used column that holds images or sequences, or None."""
    used = [table.column(name) for name, role in roles.items() if role.used and name in table]
    return next((column for column in used if column.samples is not None), None)


def picture_of(image: np.ndarray) -> str:
    """A PNG as an address that holds its data; channels beyond grey and colour are shown as their mean."""
    from PIL import Image

    values = image.astype(np.float64)
    if values.dtype != np.uint8 and (values.min() < 0 or values.max() > 255 or values.max() <= 1):
        low, high = values.min(), values.max()
        values = (values - low) * (255 / (high - low) if high > low else 0)
    elif image.dtype != np.uint8 and values.max() < 64:  # such as scikit-learn's digits, 0 to 16
        values = values * (255 / max(values.max(), 1))
    pixels = values if values.shape[2] == 3 else values.mean(axis=2)
    stream = io.BytesIO()
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(stream, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()


def _line(sequence: np.ndarray) -> tuple[float | None, ...]:
    """The first number of every step, to six digits; steps that are not there are left out at the end."""
    values = [None if np.isnan(value) else float(f"{value:.6g}") for value in sequence[:, 0]]
    while values and values[-1] is None:
        values.pop()
    return tuple(values)
