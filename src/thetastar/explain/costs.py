"""What a row costs: the errors that importance, worst rows and slices are measured in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from thetastar import losses
from thetastar._checks import one_of
from thetastar.errors import InputError

from .answer import Answer, ModelAnswer, NetworkAnswer

__all__ = ["MEASURES", "Cost", "cost_of"]

MEASURES = {"regression": ("rmse", "mae"), "classes": ("log_loss", "accuracy"), "quantiles": ("pinball",)}
SEVERAL = ("scaled_rmse", "scaled_mae")
"""The measures of several numbers."""


@dataclass(frozen=True)
class Cost:
    """A cost a row, and how its mean becomes the measure: the root for rmse, 1 - mean for accuracy.

    Of several targets it is the mean over them: of numbers each error in units of the target's spread (`scale`, (K,)).
    """

    name: str
    loss: Any = None
    scale: np.ndarray | None = None

    def per_row(self, answer: np.ndarray, truth: np.ndarray) -> np.ndarray:
        """(n,) from (n, outputs) answers and what is true."""
        if self.loss is not None:
            y = truth[:, 0] if truth.ndim == 2 and truth.shape[1] == 1 else truth
            return self.loss.per_sample(answer, y)
        if self.name in SEVERAL:
            apart = (answer - truth) / self.scale
            return (apart**2 if self.name == "scaled_rmse" else np.abs(apart)).mean(axis=1)
        if answer.shape[1:] == truth.shape[1:]:  # labels, and of each the probability that it is there
            return -np.log(np.clip(np.where(truth == 1, answer, 1.0 - answer), 1e-15, 1.0)).mean(axis=1)
        if self.name in ("rmse", "mae"):
            apart = answer[:, 0] - truth.reshape(len(truth))
            return apart**2 if self.name == "rmse" else np.abs(apart)
        own = answer[np.arange(len(truth)), truth.astype(int)]
        return (
            -np.log(np.clip(own, 1e-15, 1.0))
            if self.name == "log_loss"
            else (answer.argmax(axis=1) != truth).astype(float)
        )

    @property
    def of_a_row(self) -> str:
        """What a single row's cost is called."""
        known = {
            "rmse": "squared error",
            "scaled_rmse": "squared error over the targets' spreads",
            "scaled_mae": "absolute error over the targets' spreads",
            "mae": "absolute error",
            "log_loss": "log loss",
            "accuracy": "share of wrong classes",
        }
        return known.get(self.name, self.name.replace("_", " "))

    def score(self, mean: Any) -> Any:
        """The measure itself."""
        if self.name in ("rmse", "scaled_rmse"):
            return np.sqrt(mean)
        return 1 - mean if self.name == "accuracy" else mean

    def difference(self, before: Any, after: Any) -> Any:
        """How much worse `after` is: above 0 for worse, whichever way the measure points."""
        change = self.score(after) - self.score(before)
        return -change if self.name == "accuracy" else change


def cost_of(where: str, answer: Answer, measure: str | None, loss: Any) -> Cost:
    """The cost that somebody asked for, or the usual one.

    Raises:
        InputError: a measure for the other task, a network without a loss, or a model with one.
    """
    if isinstance(answer, NetworkAnswer):
        if loss is None or measure is not None:
            raise InputError(
                f"{where}: a network needs its loss, and has no measure. Got loss={loss!r}, "
                f"measure={measure!r}. Give loss, for example 'mse'."
            )
        found = losses.get(loss)
        if found.members > 1:
            raise InputError(
                f"{where}: the loss must be of single predictions. Got {found.name!r}, which compares "
                f"{found.members}. Use another."
            )
        return Cost(found.name, found)
    if loss is not None:
        raise InputError(f"{where}: a model has a measure, not a loss. Got loss={loss!r}. Use measure.")
    levels = getattr(answer, "levels", None)
    if levels is not None:
        name = one_of(where, "measure", measure or "pinball", MEASURES["quantiles"])
        return Cost(name, losses.Quantiles(levels))
    if isinstance(answer, ModelAnswer) and len(answer.targets) > 1:
        encoding = answer.model.target_encoding
        names = ("log_loss",) if encoding.kind.probable else SEVERAL
        name = names[0] if measure is None else one_of(where, "measure", measure, names)
        return Cost(name, scale=None if encoding.kind.probable else encoding.scale)
    known = MEASURES["regression" if answer.classes is None else "classes"]
    return Cost(known[0] if measure is None else one_of(where, "measure", measure, known))
