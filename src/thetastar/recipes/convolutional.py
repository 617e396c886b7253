"""Convolutions, each pooled, and dense layers after them; a sequence is an image one pixel high."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, final

from thetastar.recipes.parts import (
    hidden_layers,
    hidden_sentence,
    hidden_title,
    initializer_for,
    usual_rate,
    usual_training,
    with_head,
    work_of,
)
from thetastar.recipes.recipe import Recipe, Work
from thetastar.recipes.settings import Settings

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Convolutional", "as_image"]


@final
class Convolutional(Recipe):
    """As many convolutions as `filters` has numbers, with hidden dense layers after them."""

    kind: ClassVar[str] = "convolutional"
    own: ClassVar[Mapping[str, str]] = {
        "filters": "filters belongs to kind='convolutional'",
        "augment": "augment belongs to kind='convolutional', on images",
    }
    sees_neighbours: ClassVar[bool] = True

    def suits(self, settings: Settings) -> bool:
        return settings.kind == self.kind

    def check(self, settings: Settings) -> None:
        if not settings.filters:
            raise ValueError("a convolutional network needs filters, such as filters=(16, 32)")

    def preparation_key(self, settings: Settings) -> tuple[str | int, ...]:
        return ()

    def prepare(
        self, settings: Settings, preparation: Any, inputs: np.ndarray, rows: np.ndarray
    ) -> tuple[Any, np.ndarray]:
        return preparation, inputs

    def network(self, settings: Settings, shape: tuple[int, ...], outputs: int, *, masked: bool) -> Any:
        shape = as_image(shape)
        return with_head([*_convolutions(settings, shape), *hidden_layers(settings)], shape, outputs)

    def rate(self, settings: Settings) -> float:
        """Measured: these networks learn best near 0.003."""
        return usual_rate(settings, 3e-3)

    def training(self, settings: Settings, epochs: int, batch_size: int, shape: tuple[int, ...]) -> dict[str, Any]:
        return usual_training(settings, self.rate(settings), epochs, batch_size, shape)

    def work(self, settings: Settings, shape: tuple[int, ...], numbers: int, outputs: int) -> Work:
        return _work(self, settings, shape, outputs)

    def title(self, settings: Settings) -> str:
        window = f" of {settings.kernel}" if settings.kernel != 3 else ""
        first = "conv " + "-".join(map(str, settings.filters)) + window
        return f"{first}, dense {hidden_title(settings)}" if settings.hidden else first

    def sentence(self, settings: Settings) -> str:
        windows = f"{settings.kernel} × {settings.kernel}"
        filters = ", ".join(map(str, settings.filters))
        return f"convolutions of {filters} filters ({windows}), each pooled; {hidden_sentence(settings)}"


def as_image(shape: tuple[int, ...]) -> tuple[int, ...]:
    """(H, W, C); a sequence (T, F) is an image one pixel high."""
    return (1, *shape) if len(shape) == 2 else shape


def _convolutions(settings: Settings, shape: tuple[int, ...]) -> list[Any]:
    """Convolution and pooling in turn, windows no larger than what is left of the image, flattened at the end."""
    from thetastar.layers import Conv2D, Flatten, MaxPool2D

    layers: list[Any] = []
    height, width = shape[0], shape[1]
    for filters in settings.filters:
        window = (min(settings.kernel, height), min(settings.kernel, width))
        layers.append(Conv2D(
            filters, window, padding=settings.padding, activation=settings.activation,
            kernel_initializer=initializer_for(settings.activation),
        ))  # fmt: skip
        if settings.padding == "valid":
            height, width = height - window[0] + 1, width - window[1] + 1
        pool = (2 if height > 1 else 1, 2 if width > 1 else 1)
        if pool != (1, 1):
            layers.append(MaxPool2D(pool))
            height, width = height // pool[0], width // pool[1]
    return [*layers, Flatten()]


@lru_cache(maxsize=256)
def _work(recipe: Recipe, settings: Settings, shape: tuple[int, ...], outputs: int) -> Work:
    return work_of(recipe.network(settings, shape, outputs, masked=False))
