"""What all blocks have in common: one block per column that is learned from, fitted on training rows.

A block is a frozen record of plain values. `fit` learns it from the training rows of a column, `feature_names` and
`width` say what it makes, `fill` turns a column into features, `sound` says whether a state from a stranger's file can
be used; its own fields are the saved state.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from thetastar.data.roles import ColumnRole
from thetastar.data.table import Column

__all__ = ["FEW_LEVELS", "Block", "FitSettings", "Place"]

FEW_LEVELS = 256
"""So many levels are looked up again for every part of a long column."""

Place = Callable[[int], str]
"""Names a cell for messages, by the row's number."""


@dataclass(frozen=True)
class FitSettings:
    """What `Preparation.fit` was asked for; its arguments of the same names say what each one means."""

    scaling: str = "standard"
    limit: float = 8.0
    fewest: int = 5
    most: int = 64
    common: int = 32
    hashed: int = 32


@dataclass(frozen=True)
class Block(ABC):
    """One column's way into the network; the kinds of blocks are final.

    Attributes:
        roles: the roles of columns that this kind of block prepares.
        name: the column.
    """

    roles: ClassVar[tuple[str, ...]]
    name: str

    @classmethod
    @abstractmethod
    def fit(cls, column: Column, rows: np.ndarray, role: ColumnRole, settings: FitSettings) -> Block:
        """The block as the given (training) rows of the column make it; no other row is looked at."""

    @property
    @abstractmethod
    def feature_names(self) -> list[str]:
        """The names of the features, in order."""

    @property
    def width(self) -> int:
        """How many features there are."""
        return len(self.feature_names)

    @property
    def row_shape(self) -> tuple[int, ...] | None:
        """(H, W, C) of images, (T, F) of sequences; None where the features of a row are simply numbers."""
        return None

    @abstractmethod
    def fill(self, column: Column, place: Place, out: np.ndarray) -> None:
        """Write the column's features into `out`, (n, width) float32 of any strides.

        Raises:
            InputError: a cell cannot be read as the model learned the column.
        """

    def by_parts(self, column: Column) -> bool:
        """Whether a long column may be filled part by part: nothing is worked out that all its rows share, such as
        what its levels mean."""
        return False

    @abstractmethod
    def sound(self) -> bool:
        """Whether a state from a stranger's file, whose fields have the right types, can be used."""

    def notes(self, role: ColumnRole) -> Sequence[str]:
        """What a reader should know about how the column was prepared, one sentence each."""
        return ()

    def to_state(self) -> dict[str, Any]:
        """The fields as a JSON-able dict."""
        return {"block": type(self).__name__, **asdict(self)}
