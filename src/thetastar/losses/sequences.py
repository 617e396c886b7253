"""The loss of label sequences that are shorter than the frames that spell them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .._checks import plain_numbers, whole
from .._words import ignored, must_be
from ..errors import InputError
from .contract import WORDS, Loss


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

    Targets are (n, L): class indices, filled up with -1; `targets` makes them from labels and lengths. Predictions may
    also come as (B, T, C).

    Source: Graves et al. 2006; lecture 5. PyTorch: CTCLoss, which takes log-probabilities (T, B, C) and whose "mean"
    divides each sample by its number of labels; ours is the plain mean over the samples. Keras: CTC, of
    scores (B, T, C), blank 0, labels filled up with 0.
    """

    classes: int
    blank: int = 0
    name = "ctc"
    words: ClassVar[Mapping] = WORDS | {
        "zero_infinity": ignored,  # sequences that do not fit are refused
        "reduction": must_be(
            "reduction",
            "sum_over_batch_size",
            None,
            otherwise="Ours is the mean of PyTorch's 'none'; its 'mean' divides by the lengths first. Use per_sample.",
        ),
    }

    def __post_init__(self) -> None:
        whole("CTC", "classes", self.classes, 2, 2**20)
        whole("CTC", "blank", self.blank, 0)
        if self.blank >= self.classes:
            raise InputError(
                f"CTC: blank must be one of the classes 0 to {self.classes - 1}. Got {self.blank}. "
                "Use for example blank=0."
            )

    def targets(self, labels, label_lengths=None, frame_lengths=None) -> np.ndarray:
        """Return labels as the targets of this loss, for samples with fewer labels or frames than the longest.

        Args:
            labels: (n, L) class indices, whatever stands behind a sample's own; or all of them in one row, one sample
                after another, as PyTorch takes them too; or Keras's, filled up with the blank.
            label_lengths: (n,) how many labels each sample has. None: up to the first -1 or blank.
            frame_lengths: (n,) how many of the T frames belong to each sample; the others count nothing. None: all.

        Returns:
            (n, L + 1) numbers: the labels, then -1, or -1 - t where only t frames belong to the sample.

        Raises:
            InputError: lengths that do not fit the labels.

        Example:
            >>> CTC(classes=4).targets([[1, 2, 3], [3, 0, 0]], label_lengths=[3, 1], frame_lengths=[9, 5]).tolist()
            [[1, 2, 3, -10], [3, -6, -1, -1]]
            >>> CTC(classes=4).targets([1, 2, 3, 3], label_lengths=[3, 1]).tolist()
            [[1, 2, 3, -1], [3, -1, -1, -1]]
        """
        labels = np.asarray(labels, dtype=np.int64)
        if labels.ndim == 1 and label_lengths is not None:
            labels = _rows_of_lengths(labels, _lengths("label_lengths", label_lengths, None, len(labels)))
        if labels.ndim != 2:
            raise InputError(
                f"CTC.targets: labels must have shape (n, L), or be one row of all with label_lengths. "
                f"Got {labels.shape}. Fill the shorter sequences up with -1."
            )
        samples, longest = labels.shape
        if label_lengths is None:
            ends = (labels == -1) | (labels == self.blank)
            lengths = np.where(ends.any(axis=1), ends.argmax(axis=1), longest)
        else:
            lengths = _lengths("label_lengths", label_lengths, samples, longest)
        places = np.arange(longest + 1)
        target = np.where(places < lengths[:, None], np.pad(labels, ((0, 0), (0, 1))), -1)
        if frame_lengths is not None:
            frames = _lengths("frame_lengths", frame_lengths, samples, 2**24)
            target[np.arange(samples), lengths] = -1 - np.maximum(frames, 1)
        return target

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
        filled, told = target < 0, target < -1
        told[:, 1:] &= ~filled[:, :-1]  # how many frames there are may stand right behind the labels
        frames = np.where(told.any(axis=1), -1 - target.min(axis=1), outputs // self.classes)
        wrong = ~filled & (
            (target != np.floor(target)) | ~(target >= 0) | ~(target < self.classes) | (target == self.blank)
        )
        wrong |= ~filled & np.logical_or.accumulate(filled, axis=1)  # a label after the filling
        wrong |= filled & ~told & (target != -1)
        if wrong.any():
            row = int(np.argmax(wrong.any(axis=1)))
            raise InputError(
                f"{where}: targets of CTC must be classes from 0 to {self.classes - 1}, not the blank {self.blank}, "
                f"and then -1 to the end. Row {row} is {target[row].tolist()}. Repair that row."
            )
        labels = (~filled).sum(axis=1)
        repeats = ((target[:, 1:] == target[:, :-1]) & ~filled[:, 1:]).sum(axis=1)
        most = outputs // self.classes
        if (frames > most).any():
            raise InputError(
                f"{where}: a sample has at most {most} frames, as many as the network gives. Got {int(frames.max())}. "
                "Correct frame_lengths, or give the network more frames."
            )
        if (labels + repeats > frames).any():
            row = int(np.argmax(labels + repeats > frames))
            raise InputError(
                f"{where}: a sequence must fit its {int(frames[row])} frames, one a label and one between equal "
                f"neighbours. Row {row} needs {labels[row] + repeats[row]}. Use more frames or shorter sequences."
            )
        return target


def _lengths(name: str, given, samples: int | None, most: int) -> np.ndarray:
    lengths = np.asarray(given)
    whole_numbers = lengths.ndim == 1 and np.issubdtype(lengths.dtype, np.integer)
    if not whole_numbers or (samples is not None and len(lengths) != samples):
        count = "one a sample" if samples is None else f"{samples} of them"
        raise InputError(f"CTC.targets: {name} must be whole numbers, {count}. Got {given!r:.100}. Give one a sample.")
    if lengths.min(initial=0) < 0 or lengths.max(initial=0) > most:
        wrong = lengths[(lengths < 0) | (lengths > most)][0]
        raise InputError(f"CTC.targets: {name} must be from 0 to {most}. Got {wrong}. Correct that one.")
    return lengths.astype(np.int64)


def _rows_of_lengths(labels: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """All labels in one row as (n, L)."""
    if lengths.sum() != len(labels):
        raise InputError(
            f"CTC.targets: label_lengths must sum to the number of labels, {len(labels)}. Got {lengths.sum()}. "
            "Give every label once."
        )
    rows = np.full((len(lengths), max(int(lengths.max(initial=0)), 1)), -1, np.int64)
    rows[np.arange(rows.shape[1]) < lengths[:, None]] = labels
    return rows
