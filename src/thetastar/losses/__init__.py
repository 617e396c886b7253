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

import numpy as np

from .._checks import nearest, plain_name, plain_numbers
from ..errors import InputError
from .classification import NLL, BinaryCrossEntropy, CategoricalCrossEntropy, CrossEntropy, KLDivergence
from .contract import Loss, check_members, interleave, member_parts, setting_names
from .margins import (
    CategoricalHinge,
    Hinge,
    MultiLabelMargin,
    MultiLabelSoftMargin,
    MultiMargin,
    SoftMargin,
    SquaredHinge,
)
from .pairs import CosineEmbedding, HingeEmbedding, MarginRanking, TripletMargin, TripletMarginWithDistance
from .regression import (
    CosineSimilarity,
    GaussianNLL,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    PoissonNLL,
    Quantile,
    SmoothL1,
)
from .sequences import CTC

__all__ = [
    "CTC",
    "NAMES",
    "NLL",
    "BinaryCrossEntropy",
    "CategoricalCrossEntropy",
    "CategoricalHinge",
    "CosineEmbedding",
    "CosineSimilarity",
    "CrossEntropy",
    "GaussianNLL",
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
    "Poisson",
    "PoissonNLL",
    "Quantile",
    "SmoothL1",
    "SoftMargin",
    "SquaredHinge",
    "TripletMargin",
    "TripletMarginWithDistance",
    "check_members",
    "get",
    "interleave",
    "member_parts",
    "weight_array",
]

_LOSSES = (
    MeanSquaredError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredLogarithmicError,
    Huber,
    SmoothL1,
    LogCosh,
    Quantile,
    Poisson,
    PoissonNLL,
    GaussianNLL,
    CosineSimilarity,
    BinaryCrossEntropy,
    CrossEntropy,
    CategoricalCrossEntropy,
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
    "kld": KLDivergence,
    "kullbackleiblerdivergence": KLDivergence,
    "gaussiannegativeloglikelihood": GaussianNLL,
}
# PyTorch's names for predictions that are not raw scores
_WITH_SETTINGS = {
    "bceloss": lambda: BinaryCrossEntropy(prediction="probabilities"),
    "kldiv": lambda: KLDivergence(prediction="log_probabilities"),
    "kldivloss": lambda: KLDivergence(prediction="log_probabilities"),
}
_BY_NAME = {plain_name(loss.name): loss for loss in _LOSSES} | _OTHER_NAMES
_BY_NAME |= {name + "loss": loss for name, loss in _BY_NAME.items()} | _WITH_SETTINGS


def get(loss: str | dict | Loss) -> Loss:
    """Return the loss for any of its usual names ("mse", "MSELoss", "CrossEntropyLoss"), or the loss itself.

    A dict from `to_dict` gives the loss with its settings: {"kind": "huber", "delta": 2.0}.

    Raises:
        InputError: no loss has that name; the message names the nearest. Settings that the loss does not have.

    Example:
        >>> get("L1Loss")
        MeanAbsoluteError()
    """
    if isinstance(loss, Loss):
        return loss
    settings = dict(loss) if isinstance(loss, dict) else {"kind": loss}
    name = settings.pop("kind", None)
    if isinstance(name, str) and plain_name(name) in ("reduction", "lossesreduction"):
        raise InputError(
            f"losses.get: {name!r} is how a batch's losses become one number, not a loss. "
            "Here it is the weighted mean. Use loss.per_sample(prediction, target) for none, its .sum() for the sum."
        )
    found = _BY_NAME.get(plain_name(name)) if isinstance(name, str) else None
    if found is None:
        raise InputError(f"losses.get: there is no loss {name!r}. {nearest(str(name), NAMES)}")
    try:
        return found(**settings)
    except TypeError:
        known = ", ".join(setting_names(found)) if isinstance(found, type) else ""
        raise InputError(
            f"losses.get: {name!r} has the settings {known or 'none'}. Got {', '.join(settings) or 'none'}. "
            "Give the ones it needs, in a dict or by its class, and no others."
        ) from None


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
