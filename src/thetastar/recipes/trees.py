"""Grown trees as plain arrays, walked by the core: gradient boosting and randomised trees of scikit-learn.

A row goes left at a node if its number is not above the threshold. scikit-learn compares float32 numbers with float64
thresholds; the largest float32 that is not above such a threshold decides the same for every float32, so thresholds are
kept in single precision and nothing is lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, final

import numpy as np

from thetastar._native import engine
from thetastar.recipes.fitted import Fitted, Link, State, known_keys, link_from_state, linked, must, numbers

__all__ = ["Trees", "boosted_trees", "forest"]

_AT_ONCE = 1 << 15  # nodes that are laid out at a time, at least
_ARRAYS = {"feature", "threshold", "left", "value", "root", "column", "start", "present"}


@final
@dataclass(frozen=True, eq=False)
class Trees(Fitted):
    """link(start + the values of every tree's leaf); a forest adds shares of its average and needs no link.

    Attributes:
        feature, threshold, left: (N,) of all nodes; the right child stands behind the left one. A leaf has feature 0,
            an infinite threshold, and itself for a left child.
        value: (N, width) what a leaf adds; float64, or float32 of a forest.
        root, column: (trees,) the first node of each tree, and the score that it adds to.
        start: (O,) the scores before the first tree.
        link, present, classes: as of `Linear`; "identity" of a forest, which adds up probabilities.
    """

    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    value: np.ndarray
    root: np.ndarray
    column: np.ndarray
    start: np.ndarray
    link: Link
    present: np.ndarray
    classes: int

    kind: ClassVar[str] = "trees"

    def predict(self, rows: np.ndarray, threads: int = 1) -> np.ndarray:
        scores = np.empty((len(rows), len(self.start)))
        scores[:] = self.start
        self._checked.add(np.ascontiguousarray(rows, dtype=np.float32), scores, threads)
        return linked(scores, self.link, self.present, self.classes)

    @cached_property
    def _checked(self) -> Any:
        """The engine's own copy, checked and laid out once, because a row takes less time than that."""
        return engine.Trees(
            self.feature, self.threshold, self.left, self.value.astype(np.float64, copy=False), self.root, self.column
        )

    @property
    def size(self) -> int:
        leaves = int(np.count_nonzero(self.left == np.arange(len(self.left))))
        return leaves * self.value.shape[1] + 2 * (len(self.left) - leaves)

    @property
    def trees(self) -> int:
        """How many trees there are."""
        return len(self.root)

    def to_state(self) -> State:
        state = {"kind": self.kind, "link": self.link, "classes": self.classes}
        return state, {name: getattr(self, name) for name in sorted(_ARRAYS)}

    @classmethod
    def from_state(cls, state: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Trees:
        known_keys(cls.kind, state, {"link", "classes"}, arrays, _ARRAYS)
        feature, threshold, left = (arrays[name] for name in ("feature", "threshold", "left"))
        value, root, column = (arrays[name] for name in ("value", "root", "column"))
        start, count = numbers(cls.kind, arrays, "start", None), len(feature)
        whole = [array.dtype == np.int32 and array.ndim == 1 for array in (feature, left, root, column)]
        must(
            all(whole) and threshold.dtype == np.float32 and threshold.shape == left.shape == (count,)
            and value.dtype in (np.float32, np.float64) and value.ndim == 2 and len(value) == count
            and value.shape[1] >= 1 and column.shape == root.shape and len(start) >= 1,
            cls.kind, "its arrays have other forms",
        )  # fmt: skip
        must(bool(np.isfinite(value).all() and not np.isnan(threshold).any()), cls.kind, "its numbers are not finite")
        here = np.arange(count)
        leaf = left == here
        must(
            bool(np.all(np.where(leaf, threshold == np.inf, (left > here) & (left < count - 1)))),
            cls.kind, "a tree leads back to where it came from, or out of its nodes",
        )  # fmt: skip
        must(
            bool(np.all((root >= 0) & (root < count) & (column >= 0) & (column + value.shape[1] <= len(start)))),
            cls.kind, "a tree begins or adds outside",
        )  # fmt: skip
        return cls(
            feature, threshold, left, value, root, column, start,
            *link_from_state(cls.kind, state, arrays, len(start)),
        )  # fmt: skip

    def check(self, features: int, classes: int) -> None:
        must(self.classes == classes, self.kind, "it answers another kind of question")
        most = int(self.feature.max(initial=0))
        within = self.feature.min(initial=0) >= 0 and most < features
        must(bool(within), self.kind, f"it asks for the number {most} of rows that have {features}")


def boosted_trees(model: Any, classes: int) -> Trees:
    """What scikit-learn's histogram gradient boosting has grown; the scores have its own bits.

    Args:
        model: a fitted `HistGradientBoostingRegressor` or `…Classifier`.
        classes: how many there are in all; 0 of a regressor.
    """
    grown = [(tree.nodes, column) for stage in model._predictors for column, tree in enumerate(stage)]
    tables = (
        (nodes["feature_idx"], nodes["num_threshold"], nodes["left"], nodes["right"], nodes["is_leaf"] == 1,
         nodes["value"][:, None])
        for nodes, _ in grown
    )  # fmt: skip
    start = np.ravel(np.asarray(model._baseline_prediction, dtype=np.float64))
    columns = np.array([column for _, column in grown], dtype=np.int32)
    present = np.asarray(model.classes_, dtype=np.int64) if classes else np.zeros(0, dtype=np.int64)
    link: Link = "identity" if not classes else "sigmoid" if len(start) == 1 else "softmax"
    return Trees(*_laid_out(tables), columns, start, link, present, classes)


def forest(model: Any, classes: int) -> Trees:
    """The average of scikit-learn's randomised trees; leaves are kept in single precision.

    Args:
        model: a fitted `ExtraTreesRegressor` or `ExtraTreesClassifier`.
        classes: how many there are in all; 0 of a regressor.
    """
    trees = [grown.tree_ for grown in model.estimators_]
    share, width = 1.0 / len(trees), trees[0].value.shape[2]
    tables = (
        (tree.feature, tree.threshold, tree.children_left, tree.children_right, tree.children_left < 0,
         (tree.value[:, 0, :] * share).astype(np.float32))
        for tree in trees
    )  # fmt: skip
    present = np.asarray(model.classes_, dtype=np.int64) if classes else np.zeros(0, dtype=np.int64)
    columns = np.zeros(len(trees), dtype=np.int32)
    return Trees(*_laid_out(tables), columns, np.zeros(width), "identity", present, classes)


def _laid_out(
    tables: Iterable[tuple[np.ndarray, ...]],
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """feature, threshold, left, value, root: tree by tree, level by level, the two children of a node side by side.

    Some trees are laid out at a time, because that takes a hundred bytes a node.

    Args:
        tables: of each tree feature, threshold, left, right, whether it is a leaf, and value, by its own numbers.
    """
    parts: list[tuple[np.ndarray, ...]] = []
    some: list[tuple[np.ndarray, ...]] = []
    before = waiting = 0  # nodes
    for table in tables:
        some.append(table)
        waiting += len(table[0])
        if waiting >= _AT_ONCE:
            parts.append(_side_by_side(some, before))
            some, before, waiting = [], before + waiting, 0
    if some:
        parts.append(_side_by_side(some, before))
    feature, threshold, left, value, root = (np.concatenate(part) for part in zip(*parts, strict=True))
    return feature, threshold, left, value, root


def _side_by_side(tables: Sequence[tuple[np.ndarray, ...]], before: int) -> tuple[np.ndarray, ...]:
    """Some trees as `_laid_out` has them, behind so many nodes of others."""
    sizes = np.array([len(table[0]) for table in tables], dtype=np.int64)
    first = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    feature, threshold, left, right, leaf, value = (np.concatenate(part) for part in zip(*tables, strict=True))
    shift = np.repeat(first, sizes)
    leaf = leaf.astype(bool)
    children = np.stack([left.astype(np.int64) + shift, right.astype(np.int64) + shift], axis=1)
    level, levels = first, []
    while len(level):
        levels.append(level)
        level = children[level[~leaf[level]]].ravel()
    order = np.concatenate(levels)
    order = order[np.argsort(np.repeat(np.arange(len(tables)), sizes)[order], kind="stable")]
    place = np.empty(len(feature), dtype=np.int64)
    place[order] = np.arange(len(order))
    ends = leaf[order]
    return (
        np.where(ends, 0, feature[order]).astype(np.int32),
        np.where(ends, np.float32(np.inf), _not_above(threshold[order])),
        (np.where(ends, np.arange(len(order)), place[np.where(ends, 0, children[order, 0])]) + before).astype(np.int32),
        value[order],
        (place[first] + before).astype(np.int32),
    )


def _not_above(threshold: np.ndarray) -> np.ndarray:
    """The largest float32 that is not above each float64."""
    near = threshold.astype(np.float32)
    return np.where(near > threshold, np.nextafter(near, np.float32(-np.inf)), near).astype(np.float32)
