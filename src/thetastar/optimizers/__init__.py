"""Optimisers: how parameters move along the gradient. Settings only; the fused steps are in core/optimizers/.

In the formulae g is the gradient, η the learning rate, θ the parameters, and t counts the steps from 1.
Weight decay acts on weights and not on biases when a network trains, and on everything in `minimize`.

Example:
    >>> path, values = get("sgd").minimize(lambda theta: (float(theta @ theta), 2 * theta), [1.0], steps=100)
    >>> round(float(values[-1]), 3)
    0.018
"""

from __future__ import annotations

from dataclasses import fields

from .._checks import nearest, plain_name
from ..errors import InputError
from .adam import Adam, Adamax, AdamW, NAdam, RAdam, SparseAdam
from .adaptive import Adadelta, Adagrad, Ftrl, RMSprop
from .contract import Optimizer
from .curved import LBFGS, Sophia
from .descent import ASGD, SGD, Lion, Rprop

__all__ = [
    "ASGD",
    "LBFGS",
    "NAMES",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lion",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
    "Sophia",
    "SparseAdam",
    "get",
]

_OPTIMIZERS = (
    SGD,
    Adam,
    AdamW,
    Adamax,
    NAdam,
    RAdam,
    SparseAdam,
    Adagrad,
    Adadelta,
    RMSprop,
    Ftrl,
    ASGD,
    Rprop,
    Lion,
    LBFGS,
    Sophia,
)
NAMES = tuple(optimizer.name for optimizer in _OPTIMIZERS)
_BY_NAME = {plain_name(optimizer.name): optimizer for optimizer in _OPTIMIZERS}


def get(optimizer: str | dict | Optimizer) -> Optimizer:
    """Return the optimiser for a name ("Adam", "sgd"), for a dict from `to_dict`, or the optimiser itself.

    Raises:
        InputError: no optimiser has that name; the message names the nearest.

    Example:
        >>> get("sgd").learning_rate
        0.01
    """
    if isinstance(optimizer, Optimizer):
        return optimizer
    settings = dict(optimizer) if isinstance(optimizer, dict) else {"kind": optimizer}
    name = settings.pop("kind", None)
    found = _BY_NAME.get(plain_name(name)) if isinstance(name, str) else None
    if found is None:
        raise InputError(f"optimizers.get: there is no optimiser {name!r}. {nearest(str(name), NAMES)}")
    try:
        return found(**settings)
    except TypeError:
        known = ", ".join([field.name for field in fields(found) if field.name != "groups"] + ["groups"])
        raise InputError(
            f"optimizers.get: {name!r} has the settings {known}. Got {', '.join(settings)}. Remove the others."
        ) from None
