"""Convolutional networks with a name: `presets.small_vgg` and `presets.small_resnet`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, final

from thetastar.recipes.convolutional import as_image
from thetastar.recipes.parts import usual_rate, usual_training, work_of
from thetastar.recipes.recipe import Recipe, Work
from thetastar.recipes.settings import Settings

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Preset"]


@final
class Preset(Recipe):
    """The network that `preset` names, as a whole."""

    kind: ClassVar[str] = "convolutional"
    own: ClassVar[Mapping[str, str]] = {"preset": "preset belongs to kind='convolutional'"}
    sees_neighbours: ClassVar[bool] = True

    def suits(self, settings: Settings) -> bool:
        return settings.kind == self.kind and settings.preset is not None

    def check(self, settings: Settings) -> None:
        """A name is all that it takes."""

    def preparation_key(self, settings: Settings) -> tuple[str | int, ...]:
        return ()

    def prepare(
        self, settings: Settings, preparation: Any, inputs: np.ndarray, rows: np.ndarray
    ) -> tuple[Any, np.ndarray]:
        return preparation, inputs

    def network(self, settings: Settings, shape: tuple[int, ...], outputs: int, *, masked: bool) -> Any:
        from thetastar import presets

        makers: dict[str, Callable[..., Any]] = {
            "small_vgg": presets.small_vgg, "small_resnet": presets.small_resnet,
        }  # fmt: skip
        return makers[str(settings.preset)](input_shape=as_image(shape), classes=outputs)

    def rate(self, settings: Settings) -> float:
        """Measured: these networks learn best near 0.003."""
        return usual_rate(settings, 3e-3)

    def training(self, settings: Settings, epochs: int, batch_size: int, shape: tuple[int, ...]) -> dict[str, Any]:
        return usual_training(settings, self.rate(settings), epochs, batch_size, shape)

    def work(self, settings: Settings, shape: tuple[int, ...], numbers: int, outputs: int) -> Work:
        return _work(self, settings, shape, outputs)

    def title(self, settings: Settings) -> str:
        return str(settings.preset).replace("_", " ").replace("vgg", "VGG").replace("resnet", "ResNet")

    def sentence(self, settings: Settings) -> str:
        return f"the preset {settings.preset}"


@lru_cache(maxsize=64)
def _work(recipe: Recipe, settings: Settings, shape: tuple[int, ...], outputs: int) -> Work:
    return work_of(recipe.network(settings, shape, outputs, masked=False))
