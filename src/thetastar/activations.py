"""Activation functions: the table of names, and their values and slopes.

An activation is given by its name, as in ``Dense(100, activation="relu")``. The formulae, with z the weighted sum:

==============  ==============================================  =========================================
name            f(z)                                            slope at a kink
==============  ==============================================  =========================================
identity        z
sigmoid         1 / (1 + e^-z)
hard_sigmoid    clip(z / 6 + 1/2, 0, 1)                         0 at both corners
tanh            tanh(z)
hard_tanh       clip(z, -1, 1)                                  0 at both corners
relu            max(0, z)                                       0 at z = 0
relu6           clip(z, 0, 6)                                   0 at both corners
leaky_relu      z above 0, 0.01 z below                         0.01 at z = 0
elu             z above 0, e^z - 1 below
selu            1.0507 (z above 0, 1.6733 (e^z - 1) below)
gelu            z Φ(z)
gelu_tanh       0.5 z (1 + tanh(√(2/π) (z + 0.044715 z³)))
silu            z σ(z)
mish            z tanh(log(1 + e^z))
softplus        log(1 + e^z)
softsign        z / (1 + |z|)
gaussian        e^(-z²)
step            1 from 0 on, 0 below                            0 everywhere: nothing before it learns
==============  ==============================================  =========================================

Example:
    >>> value("relu", [-1.0, 0.0, 2.0]).tolist()
    [0.0, 0.0, 2.0]
    >>> slope("relu", [-1.0, 0.0, 2.0]).tolist()
    [0.0, 0.0, 1.0]

Sources:
    identity, sigmoid, tanh, relu, gaussian: lectures 4 and 5.
    hard_sigmoid: lecture 1; Keras: hard_sigmoid.
    step: McCulloch and Pitts 1943 (the threshold neuron).
    hard_tanh: Collobert 2004. PyTorch: Hardtanh; Keras: hard_tanh.
    relu6: Krizhevsky 2010. PyTorch: ReLU6; Keras: relu6.
    leaky_relu: Maas, Hannun and Ng 2013.
    elu: Clevert et al. 2016.
    selu: Klambauer et al. 2017.
    gelu, gelu_tanh, silu: Hendrycks and Gimpel 2016.
    mish: Misra 2019.
    softplus: Dugas et al. 2001.
    softsign: Bergstra et al. 2009.
"""

from __future__ import annotations

import numpy as np

from ._checks import nearest, plain_name
from .errors import InputError

__all__ = ["NAMES", "get", "slope", "value"]

NAMES = (
    "identity", "sigmoid", "hard_sigmoid", "tanh", "hard_tanh", "relu", "relu6", "leaky_relu", "elu", "selu",
    "gelu", "gelu_tanh", "silu", "mish", "softplus", "softsign", "gaussian", "step",
)  # fmt: skip
_OTHER_NAMES = {"linear": "identity", "none": "identity", "logistic": "sigmoid", "swish": "silu", "heaviside": "step"}
_BY_NAME = {plain_name(name): name for name in NAMES} | _OTHER_NAMES


def get(name: str | None, where: str = "activations.get") -> str:
    """Return the standard name of an activation given under any usual name ("linear", "Swish", "LeakyReLU", None).

    Raises:
        InputError: no activation has that name; the message names the nearest.

    Example:
        >>> get("LeakyReLU")
        'leaky_relu'
    """
    if name is None:
        return "identity"
    found = _BY_NAME.get(plain_name(name)) if isinstance(name, str) else None
    if found is None:
        raise InputError(f"{where}: there is no activation {name!r}. {nearest(str(name), NAMES)}")
    return found


def value(name: str, z) -> np.ndarray:
    """Return f(z), of z's shape, in float64 (float32 where z is).

    Example:
        >>> value("relu", [-1.0, 2.0])
        array([0., 2.])
    """
    return _evaluate(name, z)[0]


def slope(name: str, z) -> np.ndarray:
    """Return f'(z), of z's shape, in float64 (float32 where z is): what back-propagation multiplies by.

    Example:
        >>> slope("sigmoid", [0.0])
        array([0.25])
    """
    return _evaluate(name, z)[1]


def _evaluate(name: str, z) -> tuple[np.ndarray, np.ndarray]:
    from ._native import engine

    z = np.asarray(z)
    single = z.dtype == np.float32
    evaluate = engine.activation32 if single else engine.activation64
    values, slopes = evaluate(get(name), np.ravel(z).astype(np.float32 if single else np.float64))
    return values.reshape(z.shape), slopes.reshape(z.shape)
