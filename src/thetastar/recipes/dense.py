"""Dense layers on all numbers of a row; for tables the numbers may be cut into pieces before the first layer."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, final

from thetastar.recipes.parts import (
    hidden_layers,
    hidden_sentence,
    hidden_title,
    usual_rate,
    usual_training,
    with_head,
)
from thetastar.recipes.recipe import Recipe, Work
from thetastar.recipes.settings import Settings

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Dense"]


@final
class Dense(Recipe):
    """A linear network, or one with dense hidden layers."""

    kind: ClassVar[str] = "dense"
    own: ClassVar[Mapping[str, str]] = {"pieces": "pieces are for tables"}

    def suits(self, settings: Settings) -> bool:
        return settings.kind == self.kind

    def check(self, settings: Settings) -> None:
        """Any settings make a dense network."""

    def preparation_key(self, settings: Settings) -> tuple[str | int, ...]:
        return ("pieces", settings.pieces) if settings.pieces else ()

    def prepare(
        self, settings: Settings, preparation: Any, inputs: np.ndarray, rows: np.ndarray
    ) -> tuple[Any, np.ndarray]:
        if not settings.pieces:
            return preparation, inputs
        from thetastar.data.piecewise import PiecewisePreparation

        cut = PiecewisePreparation.fit(preparation, inputs, rows, settings.pieces)
        return cut, cut.expand(inputs)

    def network(self, settings: Settings, shape: tuple[int, ...], outputs: int, *, masked: bool) -> Any:
        return with_head(hidden_layers(settings), (math.prod(shape),), outputs)

    def rate(self, settings: Settings) -> float:
        """Measured with AdamW, batches of 64 to 256 and a cosine schedule: networks of up to 64 neurons a layer learn
        best near 0.02, wider ones near 0.01; twice as much began to diverge on some tables.
        """
        return usual_rate(settings, 0.02 if max(settings.hidden, default=0) <= 64 else 0.01)

    def training(self, settings: Settings, epochs: int, batch_size: int, shape: tuple[int, ...]) -> dict[str, Any]:
        return usual_training(settings, self.rate(settings), epochs, batch_size, shape)

    def work(self, settings: Settings, shape: tuple[int, ...], numbers: int, outputs: int) -> Work:
        from thetastar.data.piecewise import most_features

        features = most_features(math.prod(shape), numbers, settings.pieces)
        sizes = (features, *settings.hidden, outputs)
        parameters = sum((i + 1) * o for i, o in itertools.pairwise(sizes))
        return Work(parameters, parameters, sum(settings.hidden) + outputs)

    def title(self, settings: Settings) -> str:
        return (hidden_title(settings) or "linear") + (" on pieces" if settings.pieces else "")

    def sentence(self, settings: Settings) -> str:
        pieces = f", numbers cut into {settings.pieces} pieces" if settings.pieces else ""
        return hidden_sentence(settings) + pieces
