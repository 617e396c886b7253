"""Losses: how far a prediction is from its target, on the network's raw outputs (scores), one value per sample.

A loss over several outputs is the mean over them; a loss over several samples is the mean over those, weighted by the
sample weights. `get` finds each under the names that TensorFlow and PyTorch use for it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ._checks import nearest, plain_name
from .errors import InputError

__all__ = [
    "NAMES", "BinaryCrossEntropy", "CrossEntropy", "Loss", "MeanAbsoluteError", "MeanSquaredError", "get", "weight_array",
]  # fmt: skip


class Loss(ABC):
    """The contract of a loss: a name that the core knows, and how its targets look."""

    name: ClassVar[str]

    @abstractmethod
    def target_array(self, where: str, y, samples: int, outputs: int, dtype) -> np.ndarray:
        """Return y as the core wants it, (n, K) and C-contiguous, or say what is wrong with it."""

    def __call__(self, prediction, target) -> float:
        """Return the mean over the samples of (B, O) predictions and their targets, in float64."""
        return float(self.per_sample(prediction, target).mean())

    def per_sample(self, prediction, target) -> np.ndarray:
        """Return the loss of each sample, shape (B,), in float64."""
        return self._evaluate(prediction, target)[0]

    def gradient(self, prediction, target) -> np.ndarray:
        """Return the gradient of the mean loss with respect to the prediction, of the prediction's shape."""
        values, gradients = self._evaluate(prediction, target)
        return (gradients / len(values)).reshape(np.shape(prediction))

    def _evaluate(self, prediction, target) -> tuple[np.ndarray, np.ndarray]:
        from ._native import engine

        prediction = np.asarray(prediction)
        dtype = np.float32 if prediction.dtype == np.float32 else np.float64
        if prediction.ndim == 1:
            prediction = prediction[:, None]
        if prediction.ndim != 2 or prediction.size == 0:
            raise InputError(
                f"{type(self).__name__}: prediction must have shape (B, O) with at least one number. "
                f"Got {prediction.shape}. Give one row a sample."
            )
        prediction = np.ascontiguousarray(prediction, dtype=dtype)
        target = self.target_array(type(self).__name__, target, *prediction.shape, dtype)
        return (engine.loss32 if dtype == np.float32 else engine.loss64)(self.name, prediction, target)


def _value_targets(where: str, y, samples: int, outputs: int, dtype) -> np.ndarray:
    """(n,) or (n, O) real targets as (n, O)."""
    try:
        with np.errstate(over="ignore"):  # what is too large for the precision becomes infinite and is refused below
            target = np.ascontiguousarray(y, dtype=dtype)
    except (TypeError, ValueError):
        raise InputError(f"{where}: y must be numbers for this loss. Got {type(y).__name__} of something else. "
                         "Encode classes as numbers first; ts.fit does that for tables.") from None  # fmt: skip
    if target.ndim == 1:
        target = target[:, None]
    if target.shape != (samples, outputs):
        raise InputError(
            f"{where}: y must have shape ({samples}, {outputs}), one row a sample and one column an output. "
            f"Got {np.shape(y)}. Make the last layer as wide as the target."
        )
    if not np.isfinite(target).all():
        row = int(np.argmin(np.isfinite(target).all(axis=1)))
        raise InputError(f"{where}: y must be finite in {target.dtype}. Row {row} is {target[row].tolist()}. Remove or repair that row.")
    return target


@dataclass(frozen=True)
class MeanSquaredError(Loss):
    """Mean over the outputs of (f - y)²; gradient 2 (f - y) / O. Minimised by the conditional mean.

    Source: lectures 2 and 4. Keras: MeanSquaredError; PyTorch: MSELoss.
    """

    name = "mean_squared_error"

    def target_array(self, where, y, samples, outputs, dtype):
        return _value_targets(where, y, samples, outputs, dtype)


@dataclass(frozen=True)
class MeanAbsoluteError(Loss):
    """Mean over the outputs of |f - y|; gradient sign(f - y) / O, 0 at no error. Minimised by the conditional median.

    Source: lecture 1. Keras: MeanAbsoluteError; PyTorch: L1Loss.
    """

    name = "mean_absolute_error"

    def target_array(self, where, y, samples, outputs, dtype):
        return _value_targets(where, y, samples, outputs, dtype)


@dataclass(frozen=True)
class BinaryCrossEntropy(Loss):
    """-y log σ(z) - (1 - y) log(1 - σ(z)) for raw scores z and targets y in [0, 1]; gradient σ(z) - y.

    Computed as max(z, 0) - y z + log(1 + e^-|z|), which is finite for every finite score.

    Source: lecture 2. Keras: BinaryCrossentropy(from_logits=True); PyTorch: BCEWithLogitsLoss.
    """

    name = "binary_cross_entropy"

    def target_array(self, where, y, samples, outputs, dtype):
        target = _value_targets(where, y, samples, outputs, dtype)
        if target.min(initial=0) < 0 or target.max(initial=0) > 1:
            wrong = target[(target < 0) | (target > 1)][0]
            raise InputError(
                f"{where}: targets of binary cross-entropy must lie between 0 and 1. Got {wrong:g}. "
                "Encode the two classes as 0 and 1."
            )
        return target


@dataclass(frozen=True)
class CrossEntropy(Loss):
    """-log softmax(z)[class] for raw scores z (C,) and a class index 0 … C - 1; gradient softmax(z) - onehot.

    Source: lecture 2. Keras: SparseCategoricalCrossentropy(from_logits=True); PyTorch: CrossEntropyLoss.
    """

    name = "cross_entropy"

    def target_array(self, where, y, samples, outputs, dtype):
        if outputs < 2:
            raise InputError(f"{where}: cross-entropy needs one output per class, at least 2. Got {outputs}. "
                             "Widen the last layer, or use binary cross-entropy.")  # fmt: skip
        target = _value_targets(where, y, samples, 1, dtype)
        wrong = (target != np.floor(target)) | (target < 0) | (target >= outputs)
        if wrong.any():
            raise InputError(
                f"{where}: targets of cross-entropy must be class indices from 0 to {outputs - 1}. "
                f"Got {target[wrong][0]:g}. Encode the classes as 0, 1, 2, …"
            )
        return target


_LOSSES = (MeanSquaredError, MeanAbsoluteError, BinaryCrossEntropy, CrossEntropy)
NAMES = tuple(loss.name for loss in _LOSSES)
_OTHER_NAMES = {
    "mse": MeanSquaredError, "mseloss": MeanSquaredError, "squarederror": MeanSquaredError, "l2loss": MeanSquaredError,
    "mae": MeanAbsoluteError, "l1": MeanAbsoluteError, "l1loss": MeanAbsoluteError, "absoluteerror": MeanAbsoluteError,
    "bce": BinaryCrossEntropy, "bcewithlogits": BinaryCrossEntropy, "bcewithlogitsloss": BinaryCrossEntropy,
    "binarycrossentropy": BinaryCrossEntropy, "logloss": BinaryCrossEntropy,
    "ce": CrossEntropy, "crossentropyloss": CrossEntropy, "sparsecategoricalcrossentropy": CrossEntropy,
}  # fmt: skip
_BY_NAME = {plain_name(loss.name): loss for loss in _LOSSES} | _OTHER_NAMES


def get(loss: str | Loss) -> Loss:
    """Return the loss for any of its usual names ("mse", "MSELoss", "CrossEntropyLoss"), or the loss itself.

    Raises:
        InputError: no loss has that name; the message names the nearest.

    Example:
        >>> get("L1Loss")
        MeanAbsoluteError()
    """
    if isinstance(loss, Loss):
        return loss
    found = _BY_NAME.get(plain_name(loss)) if isinstance(loss, str) else None
    if found is None:
        raise InputError(f"losses.get: there is no loss {loss!r}. {nearest(str(loss), NAMES)}")
    return found()


def weight_array(where: str, weights, samples: int, dtype) -> np.ndarray:
    """Return sample weights as the core wants them: (n,), finite, none negative, not all zero."""
    array = np.ascontiguousarray(weights, dtype=dtype)
    if array.shape != (samples,):
        raise InputError(f"{where}: sample_weight must have shape ({samples},). Got {array.shape}. Give one a sample.")
    if not np.isfinite(array).all() or array.min(initial=0) < 0 or not array.sum() > 0:
        raise InputError(
            f"{where}: sample_weight must be finite, none negative and not all zero. "
            f"Got values from {array.min():g} to {array.max():g}. Repair or drop these samples."
        )
    return array
