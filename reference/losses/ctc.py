"""Connectionist temporal classification by its definition: every path of classes over the frames is written out."""

from __future__ import annotations

import itertools

import numpy as np

from .classification import log_softmax

NAMES = ("ctc",)


def spelled(path, blank):
    """What a path says: repeats become one, then blanks vanish."""
    return tuple(label for label, _ in itertools.groupby(path) if label != blank)


def paths(labels, frames, classes, blank):
    """All C^T paths that spell the labels: for a handful of frames only."""
    return [path for path in itertools.product(range(classes), repeat=frames) if spelled(path, blank) == labels]


def _one(scores, labels, blank):
    """-log Σ_paths Π_t p_t(path_t), and p - the share of the paths that is in each class at each frame."""
    logs = log_softmax(scores)
    frames, classes = scores.shape
    all_paths = np.array(paths(labels, frames, classes, blank))
    weight = logs[np.arange(frames), all_paths].sum(axis=1)
    total = np.logaddexp.reduce(weight)
    share = np.zeros_like(logs)
    for t in range(frames):
        np.add.at(share[t], all_paths[:, t], np.exp(weight - total))
    return -total, np.exp(logs) - share


def _all(scores, target, classes, blank):
    """A number -1 - t below -1 says that only the first t frames count."""
    found = []
    for row, labels in zip(scores, target, strict=True):
        every = row.reshape(-1, classes)
        frames = int(-1 - labels.min()) if labels.min() < -1 else len(every)
        value, gradient = _one(every[:frames], tuple(int(label) for label in labels if label >= 0), blank)
        found.append((value, np.concatenate([gradient, np.zeros_like(every[frames:])])))
    return found


def ctc(scores, target, classes, blank=0):
    """l = -log P(labels)."""
    return np.array([value for value, _ in _all(scores, target, classes, blank)])


def d_ctc(scores, target, classes, blank=0):
    """∂l/∂s (T · C)."""
    return np.array([gradient.ravel() for _, gradient in _all(scores, target, classes, blank)])
