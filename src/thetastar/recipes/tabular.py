"""A network for tables after RealMLP: what its parts bring is in `docs/reference/tabular.md`.

Numbers are embedded by cosines or cut into pieces; every feature has a scale that learns six times as fast; weights
move in the NTK parametrisation, begin with weighted sums of variance 1 and zeros among the rows; each neuron learns how
much of its activation it wants; the rate rises and falls four times, and dropout and decay fall over the second half.

Source: Holzmüller, Grinsztajn and Steinwart 2024, "Better by default: strong pre-tuned MLPs and boosted trees on
tabular data". Shorter than there: 64 or 128 neurons and the study's epochs for 256 and 256, and half the learning
rate.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, final

from thetastar.recipes.parts import hidden_sentence, hidden_title, usual_rate, work_of
from thetastar.recipes.recipe import Recipe, Work
from thetastar.recipes.settings import Settings

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Tabular"]

_NUMBERS = 3  # behind each embedded column
_SIGMA = 0.5  # of the cosines' frequencies; RealMLP's 0.1 needs more epochs


@final
class Tabular(Recipe):
    """Dense hidden layers with RealMLP's parts around them."""

    kind: ClassVar[str] = "tabular"
    own: ClassVar[Mapping[str, str]] = {"frequencies": "frequencies belong to kind='tabular'"}
    takes: ClassVar[frozenset[str]] = frozenset({"pieces"})
    sees_numbers: ClassVar[bool] = True

    def suits(self, settings: Settings) -> bool:
        return settings.kind == self.kind

    def check(self, settings: Settings) -> None:
        if not settings.hidden:
            raise ValueError("hidden: a tabular network needs hidden layers, for example hidden=[64, 64]")
        if settings.optimizer == "sgd":
            raise ValueError("optimizer: a tabular network is trained by adamw or adam")

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

    def network(
        self, settings: Settings, shape: tuple[int, ...], outputs: int, *, masked: bool,
        numbers: tuple[int, ...] | None = None,
    ) -> Any:  # fmt: skip
        """The `Network`.

        Args:
            numbers: where the columns of numbers stand among the features; all of them where that is not known.
        """
        from thetastar.layers import Dense, Dropout, ParametricActivation, PeriodicEmbedding, Scale
        from thetastar.network import Network

        features = math.prod(shape)
        columns = tuple(range(features)) if numbers is None else numbers
        layers: list[Any] = []
        if settings.frequencies and columns:
            layers.append(PeriodicEmbedding(columns, _NUMBERS, settings.frequencies, _SIGMA))
        layers.append(Scale())
        start: dict[str, Any] = {"kernel_initializer": "unit_variance", "bias_initializer": "hull"}
        for width in settings.hidden:
            layers += [Dense(width, **start), ParametricActivation(settings.activation)]
            if settings.dropout:
                layers.append(Dropout(settings.dropout))
        return Network([*layers, Dense(outputs, **start)], input_shape=(features,))

    def rate(self, settings: Settings) -> float:
        """Of weights in the NTK parametrisation. Half of RealMLP's, whose rates belong to its activations: mish where
        it learns numbers, selu where it learns classes.
        """
        return usual_rate(settings, 0.1 if settings.activation == "mish" else 0.02)

    def training(self, settings: Settings, epochs: int, batch_size: int, shape: tuple[int, ...]) -> dict[str, Any]:
        from thetastar import optimizers, schedules

        decay = settings.weight_decay
        groups: dict[str, dict[str, Any]] = {
            "dense_*.weight": {"parametrization": "ntk"},
            "*.bias": {"learning_rate_factor": 0.1},
            "scale_1.*": {"learning_rate_factor": 6.0, "weight_decay": 6 * decay},
            "parametric_activation_*": {"learning_rate_factor": 0.1, "weight_decay": 0.1 * decay},
        }
        if settings.frequencies:
            own = {"learning_rate_factor": 0.1, "weight_decay": 0.1 * decay}
            groups = {"periodic_embedding_*": own, **groups}
        rule = optimizers.Adam if settings.optimizer == "adam" else optimizers.AdamW
        schedule = {
            "cosine": schedules.Cosine(warmup=0.1), "constant": schedules.Constant(), "one_cycle": schedules.OneCycle(),
            "log_cosine": schedules.LogCosine(),
        }[settings.schedule]  # fmt: skip
        return {
            "optimizer": rule(self.rate(settings), beta_2=0.95, weight_decay=decay, groups=groups),
            "schedule": schedule,
            "decay_schedule": schedules.FlatCosine(),
            "dropout_schedule": schedules.FlatCosine(),
            "epochs": settings.epochs or epochs,
            "batch_size": settings.batch_size or batch_size,
            "augment": None,
        }

    def work(self, settings: Settings, shape: tuple[int, ...], numbers: int, outputs: int) -> Work:
        from thetastar.data.piecewise import most_features

        features = most_features(math.prod(shape), numbers, settings.pieces)
        embedded = tuple(range(numbers if numbers or settings.pieces else features))
        work = work_of(self.network(settings, (features,), outputs, masked=False, numbers=embedded))
        # An embedded column costs its cosines too, about as much as so many activations.
        return Work(work.parameters, work.products, work.values + len(embedded) * settings.frequencies)

    def title(self, settings: Settings) -> str:
        embedded = " on pieces" if settings.pieces else " on cosines" if settings.frequencies else ""
        return f"tabular {hidden_title(settings)}{embedded}"

    def sentence(self, settings: Settings) -> str:
        parts = [f"a network for tables after RealMLP: {hidden_sentence(settings)}"]
        if settings.pieces:
            parts.append(f"numbers cut into {settings.pieces} pieces")
        if settings.frequencies:
            parts.append(f"numbers embedded by {settings.frequencies} cosines each")
        return ", ".join(parts)
