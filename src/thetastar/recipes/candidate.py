"""A candidate: the public description of one network of a study, handed once to the recipe of its kind."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, final

from pydantic import model_validator

from thetastar.recipes.index import RECIPES, recipe_for
from thetastar.recipes.recipe import Recipe, Work
from thetastar.recipes.settings import Settings

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Candidate"]

# Settings that the name tells where they are not the usual ones, each with the word before its value.
_TOLD = (
    ("dropout", "dropout"), ("optimizer", ""), ("momentum", "momentum"), ("learning_rate", "rate"),
    ("weight_decay", "decay"), ("l1", "l1"), ("l2", "l2"), ("max_norm", "norm"), ("initializer", ""), ("loss", ""),
    ("scaling", "scaling"), ("schedule", ""), ("batch_size", "batch"), ("epochs", "epochs"), ("patience", "patience"),
)  # fmt: skip

# Settings that say how a network is trained, and not what layers it has.
_TRAINING = (
    "optimizer", "momentum", "learning_rate", "weight_decay", "l1", "l2", "max_norm", "loss", "schedule", "patience",
    "batch_size", "epochs", "label", "augment",
)  # fmt: skip
_LAYERS = tuple(field for field in Settings.model_fields if field not in _TRAINING)
_SIZES = tuple(field for field in _LAYERS if field not in ("dropout", "initializer"))

_USUAL = {field: Settings.model_fields[field].default for field, _ in _TOLD}


@final
class Candidate(Settings):
    """A network and its training settings; with a seed and rows it is one job.

    Example:
        >>> Candidate(hidden=(64, 64), activation="silu", dropout=0.1).name
        '64-64 silu, dropout 0.1'
    """

    @model_validator(mode="after")
    def _belongs(self) -> Candidate:
        allowed = {field for recipe in RECIPES if recipe.kind == self.kind for field in (*recipe.own, *recipe.takes)}
        for recipe in RECIPES:
            for field, refusal in recipe.own.items():
                if getattr(self, field) and field not in allowed:
                    raise ValueError(refusal)
        self.recipe.check(self)
        return self

    @property
    def recipe(self) -> Recipe:
        """What makes the network: preparation, layers, training, cost and words."""
        return recipe_for(self)

    @cached_property
    def name(self) -> str:
        """Short and distinct: the layers and whatever differs from the usual settings."""
        if self.label is not None:
            return self.label
        parts = [self.recipe.title(self)]
        if self.augment:
            parts.append("augmented")
        for field, word in _TOLD:
            value = getattr(self, field)
            if value != _USUAL[field]:
                parts.append(f"{word} {value if isinstance(value, str) else f'{value:g}'}" if word else str(value))
        return ", ".join(parts)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Candidate:
        """A copy with some fields changed, and with the name that follows from them."""
        copied = super().model_copy(update=update, deep=deep)
        copied.__dict__.pop("name", None)
        return copied

    @property
    def sentence(self) -> str:
        """What it is, in words, for the report."""
        decay = f", weight decay {self.weight_decay:g}" if self.weight_decay else ""
        dropout = f", dropout {self.dropout:g}" if self.dropout else ""
        layers = f"{self.recipe.sentence(self)}{dropout}"
        penalty = "".join(f", {name} {value:g}" for name in ("l1", "l2") if (value := getattr(self, name)))
        return f"{layers}; {self.optimizer}, learning rate {self.rate:g} ({self.schedule}){decay}{penalty}"

    @property
    def depth(self) -> int | None:
        """Hidden layers; None of a network with a name of its own."""
        return None if self.preset else len(self.filters) + len(self.units) + len(self.hidden)

    @property
    def rate(self) -> float:
        """The learning rate at its highest: as given, or what suits the recipe, the optimiser and the widest layer."""
        return self.recipe.rate(self)

    @property
    def preparation_key(self) -> tuple[str | int, ...]:
        """Candidates with equal keys see the same prepared rows."""
        own = self.recipe.preparation_key(self)
        return own if self.scaling == "standard" else (*own, "scaling", self.scaling)

    @property
    def layers_key(self) -> tuple[Any, ...]:
        """Candidates with equal keys have equal layers."""
        return tuple(getattr(self, field) for field in _LAYERS)

    @property
    def sizes_key(self) -> tuple[Any, ...]:
        """Candidates with equal keys have layers of the same sizes, and so the same number of parameters."""
        return tuple(getattr(self, field) for field in _SIZES)

    def prepare(self, preparation: Any, inputs: np.ndarray, rows: np.ndarray) -> tuple[Any, np.ndarray]:
        """The preparation that the candidate wants and what it makes of the table.

        Args:
            preparation: the one with the candidate's scaling, fitted on `rows`.
            inputs: (n, F) what it makes of the table.
            rows: the training rows.
        """
        return self.recipe.prepare(self, preparation, inputs, rows)

    def work(self, shape: tuple[int, ...], numbers: int, outputs: int) -> Work:
        """What the time of a run follows from; `numbers` of the features are columns of numbers."""
        return self.recipe.work(self, shape, numbers, outputs)

    def parameter_count(self, shape: int | tuple[int, ...], outputs: int) -> int:
        """Parameters of the network for inputs of that shape (or that many numbers) and that many outputs."""
        return self.work((shape,) if isinstance(shape, int) else shape, 0, outputs).parameters

    def network(
        self, shape: int | tuple[int, ...], outputs: int, *, masked: bool = False,
        numbers: tuple[int, ...] | None = None,
    ) -> Any:  # fmt: skip
        """The `Network`, without parameters: they come from the job's seed.

        Args:
            shape: (F,) or F numbers, (H, W, C) images, (T, F) sequences. Dense candidates take all numbers in a row; a
                convolution sees a sequence as an image one pixel high.
            masked: sequences end in steps of zeros, which recurrent layers pass over.
            numbers: which features are columns of numbers, for kinds that treat them apart; all where not given.
        """
        more = {"numbers": numbers} if self.recipe.sees_numbers else {}
        whole = (shape,) if isinstance(shape, int) else shape
        return self.recipe.network(self, whole, outputs, masked=masked, **more)

    def training(self, epochs: int, batch_size: int, shape: tuple[int, ...] = ()) -> dict[str, Any]:
        """The arguments of a `Job` that belong to the candidate: optimiser, schedule, epochs, batch size, augmentation.

        Args:
            shape: (H, W, C) of images: they are shifted by up to a fourteenth of their side.
        """
        return self.recipe.training(self, epochs, batch_size, shape)
