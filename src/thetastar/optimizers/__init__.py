"""Optimisers: how parameters move along the gradient. Settings only; the fused steps are in core/optimizers/.

In the formulae g is the gradient, η the learning rate, θ the parameters, and t counts the steps from 1.
Weight decay acts on weights and not on biases when a network trains, and on everything in `minimize`.

Example:
    >>> path, values = get("sgd").minimize(lambda theta: (float(theta @ theta), 2 * theta), [1.0], steps=100)
    >>> round(float(values[-1]), 3)
    0.018
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .._checks import nearest, plain_name
from .._words import own_settings
from ..errors import InputError
from .adam import Adam, Adamax, AdamW, NAdam, RAdam, SparseAdam
from .adaptive import Adadelta, Adagrad, Ftrl, RMSprop
from .contract import Average, Optimizer
from .curved import LBFGS, Sophia
from .descent import ASGD, SGD, Lion, Rprop
from .muon import Muon
from .schedule_free import ScheduleFreeAdamW
from .whole_arrays import Adafactor, Lamb

__all__ = [
    "ASGD",
    "LBFGS",
    "NAMES",
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Average",
    "Ftrl",
    "Lamb",
    "Lion",
    "Muon",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
    "ScheduleFreeAdamW",
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
    Muon,
    Adafactor,
    Lamb,
    ScheduleFreeAdamW,
)
NAMES = tuple(optimizer.name for optimizer in _OPTIMIZERS)
_BY_NAME = {plain_name(optimizer.name): optimizer for optimizer in _OPTIMIZERS}


# names that only Keras has, in its spelling, whose settings are other ones than PyTorch's of the same sound
_KERAS_NAMES = {"Nadam": NAdam}


def get(optimizer: str | dict | Optimizer, *, convention: str | None = None, **settings: Any) -> Optimizer:
    """Return the optimiser for a name ("Adam", "sgd"), for a dict from `to_dict`, or the optimiser itself.

    Args:
        optimizer: a name of this library, Keras, PyTorch or optax; a dict {"kind": name, setting: value, …}; an
            optimiser.
        convention: "keras" for what Keras means by the name: its defaults, its place of ε, its decoupled decay.
            PyTorch's meaning, which is this library's, otherwise; "Nadam", which only Keras has, is Keras's.
        settings: of the optimiser, in its own or the framework's words: lr, betas, eps, alpha, centered, use_ema, ….

    Raises:
        InputError: no optimiser has that name, or it no such setting; the message names the nearest.

    Example:
        >>> get("sgd", lr=0.1, momentum=0.9)
        SGD(learning_rate=0.1, momentum=0.9)
        >>> get("Adam", convention="keras").epsilon
        1e-07

    Source: docs/reference/optimizers.md lists what the frameworks do differently, with the setting that gives each.
    """
    if isinstance(optimizer, Optimizer):
        return replace(optimizer, **own_settings(type(optimizer), settings)) if settings else optimizer
    given = (dict(optimizer) if isinstance(optimizer, dict) else {"kind": optimizer}) | settings
    name = given.pop("kind", None)
    found = _KERAS_NAMES.get(name) if isinstance(name, str) else None
    if found is not None:
        convention = convention or "keras"
    elif isinstance(name, str):
        found = _BY_NAME.get(plain_name(name))
    if found is None:
        raise InputError(f"optimizers.get: there is no optimiser {name!r}. {nearest(str(name), NAMES)}")
    return found(**own_settings(found, given, convention, where=f"optimizers.get({name!r})"))
