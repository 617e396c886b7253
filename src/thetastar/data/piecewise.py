"""Numbers in pieces: beside each number, how far it has come through each part of its range.

A number x with edges t_0 < t_1 < … < t_K (quantiles of the training rows) gets K more features

    r_k = clip((x - t_{k-1}) / (t_k - t_{k-1}), 0, 1)

so that a weighted sum of them is a piecewise-linear curve of x: the lecture's "a constant and a sum of hard sigmoids",
made before the first layer. On tables with steps and kinks it takes a small network close to boosted trees.

Source: Gorishniy, Rubachev, Babenko 2022, "On embeddings for numerical features in tabular deep learning".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from thetastar.data.prepare import Preparation
from thetastar.errors import InputError

__all__ = ["PiecewisePreparation", "most_features", "pieces_for", "preparation_from_state"]

_MOST_PIECES = 48
_MOST_FEATURES = 512  # of all numbers together: more would cost more time than it brings
_ROWS_A_PIECE = 20
_MOST_NUMBERS = 100_000_000  # of all rows together, which is 400 MB
_FEWEST_OF_MANY = 8  # where memory, not rows or columns, bounds them
_FEW = 64  # rows whose numbers are all cut at once; of more, one number after another stays in a near cache


def pieces_for(numbers: int, rows: int) -> int:
    """How many pieces suit a table with that many number columns and training rows; 0 if none do."""
    if numbers == 0:
        return 0
    pieces = min(_MOST_PIECES, _MOST_FEATURES // numbers, rows // _ROWS_A_PIECE)
    there_is_room_for = _MOST_NUMBERS // max(numbers * rows, 1)
    if there_is_room_for < min(pieces, _FEWEST_OF_MANY):
        return 0
    pieces = min(pieces, there_is_room_for)
    return pieces if pieces >= 4 else 0


def most_features(features: int, numbers: int, pieces: int) -> int:
    """Features after cutting, at most: every one of the `numbers` among the `features` may get all its pieces."""
    return features + numbers * pieces


@dataclass(frozen=True, eq=False)
class PiecewisePreparation:
    """A `Preparation` whose numbers are also cut into pieces; it is used just like one.

    Attributes:
        base: prepares the table; its features come first.
        columns: positions of the numbers among the features of `base`.
        edges: for each of them the edges of its pieces, (K + 1,) rising, in prepared units.
    """

    base: Preparation
    columns: tuple[int, ...]
    edges: tuple[np.ndarray, ...]

    @classmethod
    def fit(cls, base: Preparation, inputs: np.ndarray, rows: np.ndarray, pieces: int) -> PiecewisePreparation:
        """Cut every number at quantiles of the given rows; equal quantiles make one edge.

        Args:
            base: a fitted preparation.
            inputs: (n, F) what it makes of the table.
            rows: the training rows.
            pieces: K, at most so many pieces a number.
        """
        columns, edges = [], []
        for at in base.numbers:
            found = np.unique(np.quantile(inputs[rows, at], np.linspace(0, 1, pieces + 1)).astype(np.float32))
            if len(found) > 2:  # one piece would repeat the number itself
                columns.append(at)
                edges.append(found)
        return cls(base, tuple(columns), tuple(edges))

    def expand(self, inputs: np.ndarray) -> np.ndarray:
        """(n, F) features of `base` to (n, feature_count), C-contiguous float32."""
        places, low, size = self._pieces
        at = inputs.shape[1]
        out = np.empty((len(inputs), at + len(low)), dtype=np.float32)
        out[:, :at] = inputs
        if len(inputs) <= _FEW:
            part = out[:, at:]
            np.subtract(inputs[:, places], low, out=part)
            with np.errstate(over="ignore"):
                part /= size
            np.minimum(np.maximum(part, 0, out=part), 1, out=part)
            return out
        for column, edges in zip(self.columns, self.edges, strict=True):
            part = out[:, at : at + len(edges) - 1]
            np.subtract(inputs[:, column, None], edges[:-1], out=part)
            with np.errstate(over="ignore"):  # far outside a very narrow piece: clipped to 0 or 1 right after
                part /= edges[1:] - edges[:-1]
            np.clip(part, 0, 1, out=part)
            at += len(edges) - 1
        return out

    @cached_property
    def _pieces(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """For every piece of every number: the number's position, where the piece begins, and its size."""
        counts = [len(edges) - 1 for edges in self.edges]
        low = [edges[:-1] for edges in self.edges]
        size = [edges[1:] - edges[:-1] for edges in self.edges]
        empty = np.zeros(0, np.float32)
        return (
            np.repeat(np.array(self.columns, np.intp), counts), np.concatenate([empty, *low]),
            np.concatenate([empty, *size]),
        )  # fmt: skip

    def transform(self, table: Any) -> np.ndarray:
        """(n, feature_count) features of a table; raises as `Preparation.transform` does."""
        return self.expand(self.base.transform(table))

    @property
    def feature_count(self) -> int:
        """How many features there are."""
        return self.base.feature_count + sum(len(edges) - 1 for edges in self.edges)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """(F,): pieces are for tables."""
        return (self.feature_count,)

    @property
    def feature_names(self) -> list[str]:
        """The names of the features, in order."""
        names = self.base.feature_names
        return names + [
            f"{names[column]}, piece {k + 1}"
            for column, edges in zip(self.columns, self.edges, strict=True)
            for k in range(len(edges) - 1)
        ]

    @property
    def widths(self) -> dict[str, int]:
        """How many features each used column makes."""
        widths = dict(self.base.widths)
        owner = [name for name, width in widths.items() for _ in range(width)]
        for column, edges in zip(self.columns, self.edges, strict=True):
            widths[owner[column]] += len(edges) - 1
        return widths

    @property
    def numbers(self) -> tuple[int, ...]:
        """Where among the features the columns of numbers stand."""
        return self.base.numbers

    @property
    def names(self) -> tuple[str, ...]:
        """All columns of the training table, in order."""
        return self.base.names

    @property
    def masked(self) -> bool:
        """Pieces are for tables, whose rows do not end in steps of zeros."""
        return False

    @property
    def grouping(self) -> None:
        """Pieces are for tables, which are not grouped."""
        return None

    @property
    def notes(self) -> tuple[str, ...]:
        """What to distrust in the prepared data."""
        return self.base.notes

    def to_state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """What a model file keeps: a JSON-able dict and named arrays."""
        state, arrays = self.base.to_state()
        pieces = {"columns": list(self.columns), "counts": [len(edges) for edges in self.edges]}
        joined = np.concatenate(self.edges) if self.edges else np.zeros(0, dtype=np.float32)
        return {"base": state, "pieces": pieces}, {**arrays, "pieces.edges": joined}

    @classmethod
    def from_state(cls, state: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> PiecewisePreparation:
        """The preparation that `to_state` described, equal to the bit.

        Raises:
            InputError: the pieces do not fit the preparation, or their edges do not rise.
        """
        rest = {name: array for name, array in arrays.items() if name != "pieces.edges"}
        base = Preparation.from_state(state["base"], rest)
        columns, counts = state["pieces"]["columns"], state["pieces"]["counts"]
        joined = arrays.get("pieces.edges")
        whole = all(type(value) is int for value in [*columns, *counts]) and len(columns) == len(counts)
        if (
            set(state) != {"base", "pieces"}
            or set(state["pieces"]) != {"columns", "counts"}
            or not whole
            or not set(columns) <= set(base.numbers)
            or any(count < 3 for count in counts)
            or joined is None
            or joined.dtype != np.float32
            or joined.shape != (sum(counts),)
        ):
            raise InputError("pieces: they do not fit the columns of the preparation. The model file is damaged.")
        edges = tuple(np.split(joined, np.cumsum(counts)[:-1])) if counts else ()
        if not all(np.all(np.isfinite(one)) and np.all(np.diff(one) > 0) for one in edges):
            raise InputError("pieces.edges: finite, rising numbers are needed. The model file is damaged.")
        return cls(base, tuple(columns), edges)


def preparation_from_state(
    state: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
) -> Preparation | PiecewisePreparation:
    """The preparation, plain or with numbers in pieces, that a model file holds.

    Raises:
        InputError: the state is not one that `to_state` writes.
    """
    kind = PiecewisePreparation if "pieces" in state else Preparation
    return kind.from_state(state, arrays)
