"""The loss of label sequences that are shorter than the frames that spell them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .._checks import plain_numbers, whole
from ..errors import InputError
from .contract import Loss


@dataclass(frozen=True)
class CTC(Loss):
    """-log P(labels): every way to stretch a label sequence over T frames with repeats and blanks, summed.

    The network gives T · C raw scores a sample, frame after frame; each frame's softmax is over C classes, one of
    which is the blank. Repeats without a blank between them count as one label.

    Args:
        classes: C, with the blank, at least 2.
        blank: the blank's index.

    Raises:
        InputError: an argument breaks its rule; outputs that are not a multiple of C; targets that are not label
            sequences, or too long for T frames (L labels need L frames and one more for each pair of equal
            neighbours).

    Example:
        >>> scores = np.zeros((1, 2, 3))                # one sample, T = 2 frames, C = 3 classes: P = 1/9 a path
        >>> round(float(np.exp(-CTC(classes=3)(scores, [[1, -1]]))), 4)     # 1 1, blank 1, 1 blank
        0.3333

    Targets are (n, L): class indices, filled up with -1. Predictions may also come as (B, T, C).

    Source: Graves et al. 2006; lecture 5. PyTorch: CTCLoss, which takes log-probabilities (T, B, C) and whose "mean"
    divides each sample by its number of labels; ours is the plain mean over the samples.
    """

    classes: int
    blank: int = 0
    name = "ctc"

    def __post_init__(self) -> None:
        whole("CTC", "classes", self.classes, 2, 2**20)
        whole("CTC", "blank", self.blank, 0)
        if self.blank >= self.classes:
            raise InputError(
                f"CTC: blank must be one of the classes 0 to {self.classes - 1}. Got {self.blank}. "
                "Use for example blank=0."
            )

    def _rows(self, where, prediction, dtype):
        if prediction.ndim == 3 and prediction.shape[2] == self.classes:
            prediction = prediction.reshape(len(prediction), -1)
        return super()._rows(where, prediction, dtype)

    def target_array(self, where, y, samples, outputs, dtype):
        if outputs % self.classes:
            raise InputError(
                f"{where}: CTC needs T · {self.classes} outputs, {self.classes} scores a frame. Got {outputs}. "
                "Change the last layer's width or the number of classes."
            )
        plain_numbers(where, "y", y)
        try:
            target = np.ascontiguousarray(y, dtype=dtype)
        except (TypeError, ValueError):
            raise InputError(
                f"{where}: targets of CTC must be label sequences (n, L) of numbers, filled up with -1. "
                f"Got {type(y).__name__} of something else. Make all rows as long as the longest."
            ) from None
        if target.ndim != 2 or len(target) != samples or target.shape[1] == 0:
            raise InputError(
                f"{where}: targets of CTC must have shape ({samples}, L), one row a sample. Got {np.shape(y)}. "
                "Fill the shorter sequences up with -1."
            )
        filled = target == -1
        wrong = ~filled & (
            (target != np.floor(target)) | ~(target >= 0) | ~(target < self.classes) | (target == self.blank)
        )
        wrong |= ~filled & np.logical_or.accumulate(filled, axis=1)  # a label after the filling
        if wrong.any():
            row = int(np.argmax(wrong.any(axis=1)))
            raise InputError(
                f"{where}: targets of CTC must be classes from 0 to {self.classes - 1}, not the blank {self.blank}, "
                f"and then -1 to the end. Row {row} is {target[row].tolist()}. Repair that row."
            )
        labels = (~filled).sum(axis=1)
        repeats = ((target[:, 1:] == target[:, :-1]) & ~filled[:, 1:]).sum(axis=1)
        frames = outputs // self.classes
        if (labels + repeats > frames).any():
            row = int(np.argmax(labels + repeats > frames))
            raise InputError(
                f"{where}: a sequence must fit its {frames} frames, one a label and one between equal neighbours. "
                f"Row {row} needs {labels[row] + repeats[row]}. Use more frames or shorter sequences."
            )
        return target
