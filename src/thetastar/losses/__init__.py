"""Losses: how far a prediction is from its target, on the network's raw outputs (scores), one value per sample.

A loss over several outputs is the mean over them; a loss over several samples is the mean over those, weighted by the
sample weights. Other reductions (a sum, or none) start from `per_sample(…)`: see docs/reference/losses.md.
`get` finds each loss under the names that TensorFlow and PyTorch use for it.

Example:
    >>> huber = get("huber")
    >>> huber([[3.0], [0.5]], [[0.0], [0.0]])
    1.3125
    >>> huber.per_sample([[3.0], [0.5]], [[0.0], [0.0]]).tolist()
    [2.5, 0.125]
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from .._checks import nearest, plain_name, plain_numbers
from .._words import check_convention, own_settings
from ..errors import InputError
from .classification import (
    NLL,
    BinaryCrossEntropy,
    BinaryFocalCrossEntropy,
    CategoricalCrossEntropy,
    CategoricalFocalCrossEntropy,
    CrossEntropy,
    FocalCrossEntropy,
    GeneralizedCrossEntropy,
    KLDivergence,
)
from .contract import Loss, check_members, interleave, member_parts
from .margins import (
    CategoricalHinge,
    Hinge,
    MultiLabelMargin,
    MultiLabelSoftMargin,
    MultiMargin,
    SoftMargin,
    SquaredHinge,
)
from .names import KEPT, PYTORCH, is_keras_name
from .overlap import Dice, Tversky
from .own import Own
from .pairs import Circle, CosineEmbedding, HingeEmbedding, MarginRanking, TripletMargin, TripletMarginWithDistance
from .regression import (
    CosineSimilarity,
    GaussianNLL,
    HalfSquaredError,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    PoissonNLL,
    Quantile,
    Quantiles,
    SmoothL1,
)
from .sequences import CTC

__all__ = [
    "CTC",
    "NAMES",
    "NLL",
    "BinaryCrossEntropy",
    "BinaryFocalCrossEntropy",
    "CategoricalCrossEntropy",
    "CategoricalFocalCrossEntropy",
    "CategoricalHinge",
    "Circle",
    "CosineEmbedding",
    "CosineSimilarity",
    "CrossEntropy",
    "Dice",
    "FocalCrossEntropy",
    "GaussianNLL",
    "GeneralizedCrossEntropy",
    "HalfSquaredError",
    "Hinge",
    "HingeEmbedding",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "MarginRanking",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "MultiLabelMargin",
    "MultiLabelSoftMargin",
    "MultiMargin",
    "Own",
    "Poisson",
    "PoissonNLL",
    "Quantile",
    "Quantiles",
    "SmoothL1",
    "SoftMargin",
    "SquaredHinge",
    "TripletMargin",
    "TripletMarginWithDistance",
    "Tversky",
    "check_members",
    "get",
    "interleave",
    "member_parts",
    "weight_array",
]

_LOSSES = (
    MeanSquaredError,
    HalfSquaredError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredLogarithmicError,
    Huber,
    SmoothL1,
    LogCosh,
    Quantile,
    Quantiles,
    Poisson,
    PoissonNLL,
    GaussianNLL,
    CosineSimilarity,
    BinaryCrossEntropy,
    CrossEntropy,
    CategoricalCrossEntropy,
    BinaryFocalCrossEntropy,
    FocalCrossEntropy,
    CategoricalFocalCrossEntropy,
    GeneralizedCrossEntropy,
    Dice,
    Tversky,
    NLL,
    KLDivergence,
    Hinge,
    SquaredHinge,
    CategoricalHinge,
    MultiMargin,
    MultiLabelMargin,
    SoftMargin,
    MultiLabelSoftMargin,
    MarginRanking,
    HingeEmbedding,
    CosineEmbedding,
    TripletMargin,
    TripletMarginWithDistance,
    Circle,
    CTC,
)
NAMES = tuple(loss.name for loss in _LOSSES)
_OTHER_NAMES = {
    "mse": MeanSquaredError,
    "squarederror": MeanSquaredError,
    "l2": MeanSquaredError,
    "mae": MeanAbsoluteError,
    "l1": MeanAbsoluteError,
    "absoluteerror": MeanAbsoluteError,
    "mape": MeanAbsolutePercentageError,
    "msle": MeanSquaredLogarithmicError,
    "pinball": Quantile,
    "bce": BinaryCrossEntropy,
    "bcewithlogits": BinaryCrossEntropy,
    "log": BinaryCrossEntropy,
    "ce": CrossEntropy,
    "sparsecategoricalcrossentropy": CrossEntropy,
    "negativeloglikelihood": NLL,
    "categoricalgeneralizedcrossentropy": GeneralizedCrossEntropy,
    "gce": GeneralizedCrossEntropy,
    "kld": KLDivergence,
    "kullbackleiblerdivergence": KLDivergence,
    "gaussiannegativeloglikelihood": GaussianNLL,
}
_BY_NAME = {plain_name(loss.name): loss for loss in _LOSSES} | _OTHER_NAMES
_BY_NAME |= {name + "loss": loss for name, loss in _BY_NAME.items()} | {name: kept[0] for name, kept in PYTORCH.items()}


def get(loss: str | dict | Loss | Callable, *, convention: str | None = None, **settings: Any) -> Loss:
    """Return the loss for any of its usual names ("mse", "MSELoss", "CrossEntropyLoss"), or the loss itself.

    A name in Keras's spelling that only Keras has ("BinaryCrossentropy", "sparse_categorical_crossentropy",
    "KLDivergence") means probabilities, as there, unless from_logits=True says otherwise. A name in PyTorch's spelling
    means what PyTorch takes: "BCELoss" probabilities, "KLDivLoss" log-probabilities. This library's own names mean raw
    scores: `binary_cross_entropy`, `kl_divergence`.

    Args:
        loss: a name; a dict from `to_dict`, {"kind": "huber", "delta": 2.0}; a loss; a function for `Own`.
        convention: "keras" for what Keras means by the name, "pytorch" for PyTorch.
        settings: of the loss, in its own or the framework's words: from_logits, reduction, weight, p, eps, alpha, ….

    Raises:
        InputError: no loss has that name, or the loss no such setting; the message names the nearest.

    Example:
        >>> get("L1Loss")
        MeanAbsoluteError()
        >>> get("BinaryCrossentropy").prediction, get("BinaryCrossentropy", from_logits=True).prediction
        ('probabilities', 'scores')
        >>> get("MultiMarginLoss", p=2, margin=0.5).power
        2

    Source: docs/reference/losses.md lists what the frameworks do differently, with the setting that gives each.
    """
    if callable(loss) and not isinstance(loss, Loss | type):
        return Own(loss)
    if isinstance(loss, Loss):
        return replace(loss, **own_settings(type(loss), settings)) if settings else loss
    given = (dict(loss) if isinstance(loss, dict) else {"kind": loss}) | settings
    name = given.pop("kind", None)
    if isinstance(name, str) and plain_name(name) in ("reduction", "lossesreduction"):
        raise InputError(
            f"losses.get: {name!r} is how a batch's losses become one number, not a loss. "
            "Here it is the weighted mean. Use loss.per_sample(prediction, target) for none, its .sum() for the sum."
        )
    found = _BY_NAME.get(plain_name(name)) if isinstance(name, str) else None
    if found is None:
        raise InputError(f"losses.get: there is no loss {name!r}. {nearest(str(name), NAMES)}")
    where = f"losses.get({name!r})"
    convention = check_convention(where, convention) or ("keras" if is_keras_name(name) else None)
    fixed = PYTORCH[plain_name(name)][1] if convention != "keras" and plain_name(name) in PYTORCH else {}
    if wrong := [key for key in given if key in KEPT and fixed]:
        raise InputError(
            f"{where}: {wrong[0]} is part of this name, {next(iter(fixed.values()))}. Got {given[wrong[0]]!r}. "
            f"Use {found.name!r} with {wrong[0]}."
        )
    return found(**(fixed | own_settings(found, given, convention, where=where)))


def weight_array(where: str, weights, samples: int, dtype) -> np.ndarray:
    """Return sample weights as the core wants them: (n,), finite, none negative, not all zero.

    Raises:
        InputError: weights that break this rule; the message begins with `where`.

    Example:
        >>> weight_array("train", [1, 0, 2], samples=3, dtype=np.float32)
        array([1., 0., 2.], dtype=float32)
    """
    plain_numbers(where, "sample_weight", weights)
    try:
        with np.errstate(over="ignore"):  # what becomes infinite is refused below
            array = np.ascontiguousarray(weights, dtype=dtype)
    except (TypeError, ValueError):
        raise InputError(
            f"{where}: sample_weight must be numbers. Got {type(weights).__name__} of something else. "
            "Give one a sample."
        ) from None
    if array.shape != (samples,):
        raise InputError(f"{where}: sample_weight must have shape ({samples},). Got {array.shape}. Give one a sample.")
    if not np.isfinite(array).all() or array.min(initial=0) < 0 or not array.sum() > 0:
        raise InputError(
            f"{where}: sample_weight must be finite, none negative and not all zero. "
            f"Got values from {array.min():g} to {array.max():g}. Repair or drop these samples."
        )
    return array
