"""Initialisers: how parameters are drawn before training. For a weight (I, O), fan_in = I and fan_out = O.

Drawn in double precision by counting from the seed, so float32 and float64 start from the same numbers.

Example:
    >>> from thetastar import Dense, Network
    >>> net = Network([Dense(2, kernel_initializer="ones")], input_shape=(3,)).initialized(seed=0)
    >>> net.parameters["dense_1.weight"].tolist()
    [[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]]

Sources:
    zeros, ones, constant, normal, uniform: the initialisers of those names in Keras and PyTorch.
    glorot_uniform, glorot_normal: Glorot and Bengio 2010.
    he_uniform, he_normal: He et al. 2015.
    lecun_uniform, lecun_normal: LeCun et al. 1998.
    orthogonal: Saxe et al. 2014.
    random_signs: each parameter is -1 or 1; Wen, Tran and Ba 2020 (BatchEnsemble).
    unit_variance: of a Dense layer's weight: drawn as lecun_normal, then each unit's weights are divided so that its
        weighted sum has variance 1 over the first rows of a training; Mishkin and Matas 2016 (LSUV).
    hull: of a Dense layer's bias: each unit's weighted sum is 0 at a random point between five of these rows;
        Steinwart 2019. Both begin as lecun_normal and zeros until a training shows them data, and stay so in layers
        inside a Residual.
"""

from __future__ import annotations

from dataclasses import dataclass

from ._checks import nearest, one_of, plain_name, real
from .errors import InputError

__all__ = ["NAMES", "Initializer", "constant", "get", "normal", "orthogonal", "uniform"]

NAMES = (
    "zeros", "ones", "constant", "normal", "uniform", "glorot_uniform", "glorot_normal",
    "he_uniform", "he_normal", "lecun_uniform", "lecun_normal", "orthogonal", "random_signs",
    "unit_variance", "hull",
)  # fmt: skip
_DEFAULT_VALUES = {"constant": 0.0, "normal": 0.05, "uniform": 0.05, "orthogonal": 1.0}
_OTHER_NAMES = {
    "xavieruniform": "glorot_uniform", "xaviernormal": "glorot_normal", "kaiminguniform": "he_uniform",
    "kaimingnormal": "he_normal", "randomnormal": "normal", "randomuniform": "uniform",
}  # fmt: skip
_BY_NAME = {plain_name(name): name for name in NAMES} | _OTHER_NAMES


@dataclass(frozen=True)
class Initializer:
    """A rule for initial parameters.

    Args:
        kind: one of `NAMES`.
        value: constant: the value; normal: the standard deviation; uniform: the limit of [-value, value];
            orthogonal: the gain. Of no meaning for the others.

    Raises:
        InputError: a kind that is none of `NAMES`, or a value that is not a finite number.

    Example:
        >>> Initializer("normal", 0.1).to_dict()
        {'kind': 'normal', 'value': 0.1}
    """

    kind: str
    value: float = 0.0

    def __post_init__(self) -> None:
        one_of("Initializer", "kind", self.kind, NAMES)
        real("Initializer", "value", self.value)

    def to_dict(self) -> dict:
        """Return the rule as plain data, for saving and for the core."""
        return {"kind": self.kind, "value": self.value}


def constant(value: float) -> Initializer:
    """Every parameter is `value`.

    Example:
        >>> constant(0.5)
        Initializer(kind='constant', value=0.5)
    """
    return Initializer("constant", real("initializers.constant", "value", value))


def normal(std: float = 0.05) -> Initializer:
    """Gaussian with mean 0 and standard deviation `std`.

    Example:
        >>> normal(std=0.1)
        Initializer(kind='normal', value=0.1)
    """
    return Initializer("normal", real("initializers.normal", "std", std, 0.0))


def uniform(limit: float = 0.05) -> Initializer:
    """Uniform between -`limit` and `limit`.

    Example:
        >>> uniform(limit=0.1)
        Initializer(kind='uniform', value=0.1)
    """
    return Initializer("uniform", real("initializers.uniform", "limit", limit, 0.0))


def orthogonal(gain: float = 1.0) -> Initializer:
    """Rows (or columns, whichever are fewer) are orthonormal, times `gain`.

    Example:
        >>> orthogonal(gain=2.0)
        Initializer(kind='orthogonal', value=2.0)
    """
    return Initializer("orthogonal", real("initializers.orthogonal", "gain", gain))


_PLAIN = {name: Initializer(name, _DEFAULT_VALUES.get(name, 0.0)) for name in NAMES}


def get(rule: str | dict | Initializer, where: str = "initializers.get") -> Initializer:
    """Return the initialiser for a name, a dict from `Initializer.to_dict`, or an initialiser itself.

    Raises:
        InputError: no initialiser has that name; the message names the nearest.

    Example:
        >>> get("he_uniform")
        Initializer(kind='he_uniform', value=0.0)
    """
    if isinstance(rule, Initializer):
        return rule
    if isinstance(rule, str) and rule in _PLAIN:
        return _PLAIN[rule]
    given = rule if isinstance(rule, dict) else {"kind": rule}
    name = given.get("kind")
    kind = _BY_NAME.get(plain_name(name)) if isinstance(name, str) else None
    if kind is None:
        raise InputError(f"{where}: there is no initialiser {name!r}. {nearest(str(name), NAMES)}")
    value = real(where, f"the value of {kind}", given.get("value", _DEFAULT_VALUES.get(kind, 0.0)))
    return Initializer(kind, value)
