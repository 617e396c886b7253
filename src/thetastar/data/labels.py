"""Labels of classes: in which order they stand, which one is positive, and which spellings are the same label."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from thetastar.data.numbers import read_numbers
from thetastar.data.roles import truth_of
from thetastar.data.table import Column

__all__ = ["label_array", "label_text", "labels_of", "match_labels", "negative_first"]

_POSITIVE = frozenset(
    ["positive", "pos", "+", "sick", "bad", "fraud", "spam", "malignant", "churn", "default", "failure"]
)
_NEGATIVE = frozenset(["negative", "neg", "-", "healthy", "good", "normal", "ham", "benign", "none", "ok"])


def label_text(label: Any) -> str:
    return str(int(label)) if isinstance(label, float) and label.is_integer() else str(label)


def _key(label: str) -> str:
    """Labels with equal keys are one label: `" >50K."` and `>50k`."""
    key = label.strip().strip("'\"").strip().rstrip(".").strip().casefold()
    if re.fullmatch(r"[+-]?\d{16,}", key):  # float64 would merge them
        return str(int(key))
    try:
        return repr(float(key))
    except ValueError:
        return key


def label_array(classes: tuple[Any, ...]) -> np.ndarray:
    if all(type(label) is int for label in classes) and not all(-(2**63) <= label < 2**63 for label in classes):
        return np.array(classes, dtype=object)
    if all(isinstance(label, bool) for label in classes) or all(type(label) in (int, float) for label in classes):
        return np.array(classes)
    array = np.empty(len(classes), dtype=object)
    array[:] = classes
    return array


def labels_of(column: Column) -> tuple[list[Any], np.ndarray]:
    """The labels in order and how often each occurs: numbers rising, texts by alphabet, numeric texts by number;
    categories that were declared in an order stand in it."""
    if column.kind == "number" and column.exact:
        counts = column.level_counts()
        used = np.flatnonzero(counts)
        return [int(column.levels[code]) for code in used], counts[used]
    if column.kind == "number":
        found, counts = np.unique(column.numbers, return_counts=True)
        return [int(value) if value.is_integer() else float(value) for value in found], counts
    counts = column.level_counts()
    present = [code for code in range(len(column.levels)) if counts[code]]
    if column.native == "boolean":
        return [column.levels[code] == "True" for code in present], counts[present]
    numbers = read_numbers([column.levels[code] for code in present])
    keys = numbers.values if numbers.valid.all() else [column.levels[code] for code in present]
    order = present if column.category == "ordered" else [code for _, code in sorted(zip(keys, present, strict=True))]
    return [_declared(column, code) for code in order], counts[order]


def _declared(column: Column, code: int) -> Any:
    """A level as the source has it: categories of whole numbers are whole numbers."""
    level = column.levels[code]
    return int(level) if column.category and column.native == "integer" else level


def negative_first(labels: list[Any], counts: np.ndarray) -> tuple[list[Any], str]:
    """Two labels with the positive one last, and why it is the positive one."""
    keys = [_key(label_text(label)) for label in labels]
    truths = [truth_of(label_text(label)) for label in labels]
    if set(truths) == {True, False}:
        positive, why = truths.index(True), "it means yes"
    elif set(keys) == {"-1.0", "1.0"}:
        positive, why = keys.index("1.0"), "it is +1"
    elif any(key in _POSITIVE for key in keys) and not all(key in _POSITIVE for key in keys):
        positive, why = next(i for i, key in enumerate(keys) if key in _POSITIVE), "its name says so"
    elif any(key in _NEGATIVE for key in keys) and not all(key in _NEGATIVE for key in keys):
        positive, why = (
            next(1 - i for i, key in enumerate(keys) if key in _NEGATIVE),
            "the other class is named as the usual one",
        )
    elif sum(key.startswith(">") for key in keys) == 1:
        positive, why = next(i for i, key in enumerate(keys) if key.startswith(">")), "it is the upper range"
    elif counts[0] != counts[1]:
        positive, why = int(np.argmin(counts)), "it is the rarer class"
    else:
        positive, why = 1, "it comes last in order"
    return [labels[1 - positive], labels[positive]], f"{label_text(labels[positive])!r} is the positive class: {why}."


def match_labels(levels: Sequence[str], classes: Sequence[Any]) -> dict[str, int | None]:
    """The class index of every level; None for a label that is no class.

    A label is matched by its exact text, else without regard to spaces, quotes, capitals, a trailing full stop and the
    spelling of a number, else (yes for 1) by what it means where the classes mean yes and no.
    """
    exact = {label_text(label): index for index, label in enumerate(classes)}
    by_key: dict[str, int | None] = {}
    by_truth: dict[bool | None, int | None] = {}
    for index, label in enumerate(classes):
        key, truth = _key(label_text(label)), truth_of(label_text(label))
        by_key[key] = None if key in by_key else index
        by_truth[truth] = None if truth in by_truth else index
    if set(by_truth) != {True, False}:
        by_truth = {}
    return {level: exact.get(level, by_key.get(_key(level), by_truth.get(truth_of(level)))) for level in levels}
