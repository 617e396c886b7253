"""A recipe: everything that one kind of network needs in a study, in one final class and one file.

preparation   what it wants of the prepared rows (numbers in pieces, for example)
network       the function with unknown parameters
training      optimiser, schedule, epochs, batch size, augmentation
cost          how much work one run is
words         its name and its sentence in leaderboard and report

A recipe has no state: it reads the `Settings` of a candidate. `CONTRIBUTING.md` shows how to add one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from thetastar.recipes.settings import Settings

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Recipe", "Work"]


@dataclass(frozen=True)
class Work:
    """What the time of a run follows from.

    Attributes:
        parameters: weights and biases, which an update moves.
        products: multiplications in the forward pass of one row.
        values: numbers that come out of the layers for one row.
    """

    parameters: int
    products: int
    values: int


class Recipe(ABC):
    """The contract of all recipes.

    Attributes:
        kind: the value of `Settings.kind` that this recipe answers to.
        own: settings that belong to this kind alone, each with the sentence that refuses it elsewhere.
        takes: settings that belong to another kind and to this one too.
        sees_neighbours: True if the network looks at neighbouring pixels or steps together.
        sees_numbers: True if `network` wants to know which features are columns of numbers (`numbers`).
    """

    kind: ClassVar[str]
    own: ClassVar[Mapping[str, str]] = {}
    takes: ClassVar[frozenset[str]] = frozenset()
    sees_neighbours: ClassVar[bool] = False
    sees_numbers: ClassVar[bool] = False

    @abstractmethod
    def suits(self, settings: Settings) -> bool:
        """Whether the settings ask for this recipe; the first in the index that says so takes them."""

    @abstractmethod
    def check(self, settings: Settings) -> None:
        """Refuse settings that do not make a network.

        Raises:
            ValueError: something is missing; the message says what to give.
        """

    @abstractmethod
    def preparation_key(self, settings: Settings) -> tuple[str | int, ...]:
        """Candidates with equal keys see the same prepared rows; () is the usual preparation, as it is."""

    @abstractmethod
    def prepare(
        self, settings: Settings, preparation: Any, inputs: np.ndarray, rows: np.ndarray
    ) -> tuple[Any, np.ndarray]:
        """The preparation that the recipe wants, and what it makes of the table.

        Args:
            preparation: the usual one, fitted on `rows`.
            inputs: (n, F) what it makes of the table.
            rows: the training rows; nothing may be learned from the others.
        """

    @abstractmethod
    def network(self, settings: Settings, shape: tuple[int, ...], outputs: int, *, masked: bool) -> Any:
        """The `Network`, without parameters: they come from the seed of a job.

        Args:
            shape: of one prepared row: (F,), (H, W, C) or (T, F).
            masked: sequences end in steps of zeros, which recurrent layers pass over.
        """

    @abstractmethod
    def rate(self, settings: Settings) -> float:
        """The learning rate at its highest: as given, or what suits."""

    @abstractmethod
    def training(self, settings: Settings, epochs: int, batch_size: int, shape: tuple[int, ...]) -> dict[str, Any]:
        """The arguments of a `Job`: optimizer, schedule, epochs, batch_size, augment, clip_norm.

        Args:
            epochs, batch_size: what the study chose, for settings that leave them open.
            shape: of one prepared row.
        """

    @abstractmethod
    def work(self, settings: Settings, shape: tuple[int, ...], numbers: int, outputs: int) -> Work:
        """What one run's time follows from.

        Args:
            shape: of one row as the usual preparation makes it.
            numbers: how many of the features are columns of numbers.
            outputs: neurons of the last layer.
        """

    @abstractmethod
    def title(self, settings: Settings) -> str:
        """The layers in few words, such as `64-64 silu`."""

    @abstractmethod
    def sentence(self, settings: Settings) -> str:
        """The layers in a reader's words, such as `2 hidden layers of 64, 64 silu`."""
