"""Recurrent layers over the steps of a sequence, and dense layers on the last state."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, final

from thetastar.recipes.parts import (
    hidden_layers,
    hidden_sentence,
    hidden_title,
    usual_rate,
    usual_training,
    with_head,
    work_of,
)
from thetastar.recipes.recipe import Recipe, Work
from thetastar.recipes.settings import Settings

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Recurrent"]

_NAMES = {"simple_rnn": "RNN", "lstm": "LSTM", "gru": "GRU"}


@final
class Recurrent(Recipe):
    """As many recurrent layers as `units` has numbers; the last one gives its last state."""

    kind: ClassVar[str] = "recurrent"
    own: ClassVar[Mapping[str, str]] = {"units": "units belongs to kind='recurrent'"}

    def suits(self, settings: Settings) -> bool:
        return settings.kind == self.kind

    def check(self, settings: Settings) -> None:
        if not settings.units:
            raise ValueError("a recurrent network needs units, such as units=(32,)")

    def preparation_key(self, settings: Settings) -> tuple[str | int, ...]:
        return ()

    def prepare(
        self, settings: Settings, preparation: Any, inputs: np.ndarray, rows: np.ndarray
    ) -> tuple[Any, np.ndarray]:
        return preparation, inputs

    def network(self, settings: Settings, shape: tuple[int, ...], outputs: int, *, masked: bool) -> Any:
        from thetastar import layers

        make = {"simple_rnn": layers.SimpleRNN, "lstm": layers.LSTM, "gru": layers.GRU}[settings.cell]
        last = len(settings.units) - 1
        mask = 0.0 if masked else None
        recurrent = [
            make(units, return_sequences=k < last, bidirectional=settings.bidirectional, mask_value=mask)
            for k, units in enumerate(settings.units)
        ]
        return with_head([*recurrent, *hidden_layers(settings)], shape, outputs)

    def rate(self, settings: Settings) -> float:
        """Measured: these networks learn best near 0.003."""
        return usual_rate(settings, 3e-3)

    def training(self, settings: Settings, epochs: int, batch_size: int, shape: tuple[int, ...]) -> dict[str, Any]:
        return usual_training(settings, self.rate(settings), epochs, batch_size, shape)

    def work(self, settings: Settings, shape: tuple[int, ...], numbers: int, outputs: int) -> Work:
        return _work(self, settings, shape, outputs)

    def title(self, settings: Settings) -> str:
        both = "bidirectional " if settings.bidirectional else ""
        first = f"{both}{_NAMES[settings.cell]} " + "-".join(map(str, settings.units))
        return f"{first}, dense {hidden_title(settings)}" if settings.hidden else first

    def sentence(self, settings: Settings) -> str:
        layers = f"{len(settings.units)} {settings.cell} layer{'s' if len(settings.units) > 1 else ''}"
        return f"{layers} of {', '.join(map(str, settings.units))} units; {hidden_sentence(settings)}"


@lru_cache(maxsize=256)
def _work(recipe: Recipe, settings: Settings, shape: tuple[int, ...], outputs: int) -> Work:
    return work_of(recipe.network(settings, shape, outputs, masked=False))
