"""Real tables that come with scikit-learn: what the demo runs on, at hand for first steps and for lessons."""

from __future__ import annotations

import difflib
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

NAMES = tuple(_TARGETS)
"""Every name that `load` knows."""


def load(name: str) -> tuple[dict[str, Any], str]:
    """A table and the name of its target column.

    Args:
        name: "digits" (1,797 pictures of 8 × 8 pixels, ten classes), "breast_cancer" (569 rows, two classes),
            "diabetes" (442 rows, a number), "iris" (150 rows, three classes) or "wine" (178 rows, three classes).

    Returns:
        A dict of columns (arrays of numbers; class labels are words where they have them) and the target's name.

    Raises:
        InputError: there is no such table; the message names the nearest.

    Example:
        >>> columns, target = load("iris")
        >>> target, len(columns), len(columns[target])
        ('species', 5, 150)
    """
    if name not in _TARGETS:
        near = difflib.get_close_matches(str(name), NAMES, n=1, cutoff=0.4)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        raise InputError(f"datasets.load: there is no table {name!r}. {hint}Known: {', '.join(NAMES)}.")
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
