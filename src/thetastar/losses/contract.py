"""What every loss is: a name that the core knows, settings, the look of its targets, and how it is called."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import asdict
from typing import ClassVar

import numpy as np

from .._words import Described, ignored, must_be
from ..errors import InputError

MEMBERS = {
    1: "one array",
    2: "a tuple of two arrays, one per member of a pair",
    3: "a tuple of three arrays: anchor, positive, negative",
}


_TO_SUM = (
    "A training or loss(f, y) takes the mean over the samples; use loss.per_sample(prediction, target) for none, its "
    ".sum() for the sum."
)
# what all losses of the frameworks have
WORDS: Mapping = {
    "reduction": must_be("reduction", "mean", "sum_over_batch_size", "mean_with_sample_weight", "batchmean", None,
                         otherwise=_TO_SUM),
    "size_average": must_be("size_average", None, True, otherwise=_TO_SUM),
    "reduce": must_be("reduce", None, True, otherwise=_TO_SUM),
    "axis": must_be("axis", -1, otherwise="Move what the loss is about to the last axis."),
    "name": ignored,
    "dtype": ignored,
    "fn": ignored,
}  # fmt: skip


class Loss(metaclass=Described):
    """The contract of a loss: a name that the core knows, and how its targets look.

    Example:
        >>> from thetastar.losses import MeanSquaredError
        >>> squared = MeanSquaredError()
        >>> squared([[1.0], [4.0]], [[0.0], [2.0]])
        2.5
        >>> squared.gradient([[1.0], [4.0]], [[0.0], [2.0]]).tolist()
        [[1.0], [2.0]]
    """

    name: ClassVar[str]
    words: ClassVar[Mapping] = WORDS

    @property
    def members(self) -> int:
        """How many predictions make one sample: 1, or 2 for pairs and 3 for triplets."""
        return 1

    @abstractmethod
    def target_array(self, where: str, y, samples: int, outputs: int, dtype) -> np.ndarray:
        """Return y as the core wants it, (n, K) and C-contiguous, or say what is wrong with it."""

    def to_dict(self) -> dict:
        """Return the settings as plain data: {"kind": name, …}; `get` reads it back."""
        return {"kind": self.name} | {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(self).items()}

    def to_native(self) -> dict:
        """Return the settings as the core wants them; a setting of None stays at the core's own."""
        return {key: value for key, value in self.to_dict().items() if value is not None} | {"members": self.members}

    def __call__(self, prediction, target=None) -> float:
        """Return the mean over the samples of (B, O) predictions and their targets, in float64."""
        return float(self.per_sample(prediction, target).mean())

    def per_sample(self, prediction, target=None) -> np.ndarray:
        """Return the loss of each sample, shape (B,), in float64.

        Args:
            prediction: (B, O) raw outputs; for pairs and triplets a tuple of 2 or 3 such arrays.
            target: as the loss describes it; None for losses without targets.

        Raises:
            InputError: shapes or targets that do not fit.
        """
        return self._evaluate(prediction, target)[0]

    def gradient(self, prediction, target=None):
        """Return the gradient of the mean loss with respect to the prediction, of the prediction's shape.

        For pairs and triplets it is a tuple with one gradient per prediction.
        """
        values, gradients = self._evaluate(prediction, target)
        if self.members == 1:
            return (gradients / len(values)).reshape(np.shape(prediction))
        apart = gradients.reshape(len(values), self.members, -1) / len(values)
        return tuple(apart[:, m].reshape(np.shape(prediction[m])) for m in range(self.members))

    def _evaluate(self, prediction, target) -> tuple[np.ndarray, np.ndarray]:
        from .._native import engine

        where = type(self).__name__
        parts = list(prediction) if self.members > 1 and isinstance(prediction, tuple | list) else [prediction]
        if len(parts) != self.members:
            raise InputError(
                f"{where}: prediction must be {MEMBERS[self.members]}. Got {len(parts)}. "
                "Give (f(X1), f(X2), …) in a tuple."
            )
        parts = [np.asarray(part) for part in parts]
        single = all(part.dtype == np.float32 for part in parts)
        parts = [self._rows(where, part, np.float32 if single else np.float64) for part in parts]
        if any(part.shape != parts[0].shape for part in parts):
            shapes = " and ".join(str(part.shape) for part in parts)
            raise InputError(
                f"{where}: the members' predictions must have one shape. Got {shapes}. "
                "Row i of each belongs to sample i."
            )
        rows = interleave(parts)
        samples, outputs = parts[0].shape
        target = self.target_array(where, target, samples, outputs, rows.dtype)
        return (engine.loss32 if single else engine.loss64)(self.to_native(), rows, target)

    def _rows(self, where: str, prediction: np.ndarray, dtype) -> np.ndarray:
        if prediction.ndim == 1:
            prediction = prediction[:, None]
        if prediction.ndim != 2 or prediction.size == 0:
            raise InputError(
                f"{where}: prediction must have shape (B, O) with at least one number. "
                f"Got {prediction.shape}. Give one row a sample."
            )
        return np.ascontiguousarray(prediction, dtype=dtype)


def interleave(parts: list[np.ndarray]) -> np.ndarray:
    """Return m arrays (n, F) as one (n · m, F), the members of a sample one after another: how the core wants them.

    Example:
        >>> interleave([np.array([[1.0], [2.0]]), np.array([[10.0], [20.0]])]).ravel().tolist()
        [1.0, 10.0, 2.0, 20.0]
    """
    return parts[0] if len(parts) == 1 else np.stack(parts, axis=1).reshape(-1, parts[0].shape[1])


def member_parts(X) -> list:
    """Return the arrays that X is made of: those of a tuple of (n, …) arrays, otherwise X alone.

    Example:
        >>> X = np.zeros((5, 3))
        >>> len(member_parts(X)), len(member_parts((X, X)))
        (1, 2)
    """
    return list(X) if isinstance(X, tuple) and X and all(np.ndim(part) >= 2 for part in X) else [X]


def check_members(where: str, loss: Loss, count: int, shapes: list[tuple]) -> None:
    """Refuse an X that has not as many members as the loss compares, or members of different shapes.

    Raises:
        InputError: the number of members or their shapes break this rule; the message begins with `where`.

    Example:
        >>> from thetastar.losses import TripletMargin
        >>> check_members("train", TripletMargin(), count=3, shapes=[(4,), (4,), (4,)])
        >>> check_members("train", TripletMargin(), count=1, shapes=[(4,)])
        Traceback (most recent call last):
        thetastar.errors.InputError: train: X must be a tuple (X1, X2, X3) for TripletMargin. Got 1 array. ...
    """
    if count != loss.members:
        wanted = {1: "one array (n, F)", 2: "a tuple (X1, X2)", 3: "a tuple (X1, X2, X3)"}[loss.members]
        raise InputError(
            f"{where}: X must be {wanted} for {type(loss).__name__}. Got {count} array{'s' * (count > 1)}. "
            "Each member of a sample passes through the same network."
        )
    if len(set(shapes)) > 1:
        raise InputError(
            f"{where}: the members of X must have one shape. Got {' and '.join(map(str, shapes))}. "
            "Row i of each belongs to sample i."
        )
