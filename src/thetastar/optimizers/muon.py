"""Muon: a matrix moves along the orthogonal matrix nearest to its momentum. Arithmetic: core/optimizers/muon.hpp."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from .._checks import one_of, real, whole
from .._words import ignored, must_be
from ..errors import InputError
from .contract import MEANS, Optimizer, check_betas

_SCALES = ("spectral", "rms", "none")
_PYTORCH_SCALES = {None: "spectral", "original": "spectral", "match_rms_adamw": "rms"}


def _adjust_lr_fn(value, settings) -> dict:
    if value is not None:
        one_of("Muon", "adjust_lr_fn", value, ("original", "match_rms_adamw"))
    return {"scale": _PYTORCH_SCALES[value]}


def _rms_rate(value, settings) -> dict:
    if value is None:
        return {"scale": "none"}
    if value == 0.2:
        return {"scale": "rms"}
    raise InputError(
        f"Muon: rms_rate must be 0.2 or None. Got {value!r}. Multiply the learning rate by {value!r} / 0.2, and divide "
        "vector_rate by the same."
    )


@dataclass(frozen=True, repr=False)
class Muon(Optimizer):
    """v ← μ v + g; a matrix W (I, O) moves by η s O(g + μ v), with O(V) nearly the orthogonal U Vᵀ of V = U S Vᵀ.

    So every direction in a matrix moves alike, also those in which the gradient is small. O is `iterations` steps of
    Newton and Schulz, which take the singular values near 1 (0.7 to 1.2). What is no matrix (biases, scales, the rows
    of an embedding) moves by Adam.

    Args:
        learning_rate: η, above 0.
        momentum: μ, from 0 to below 1.
        nesterov: orthogonalise g + μ v, which looks ahead; otherwise v.
        weight_decay: λ, decoupled, from 0.
        iterations: of Newton and Schulz, from 1 to 100.
        scale: s: "spectral", √max(1, O / I), keeps how far outputs move (Jordan's and PyTorch's); "rms",
            0.2 √max(I, O), moves numbers as far as Adam does, so that Adam's learning rates serve (Keras's); "none", 1.
        vector_rate: the learning rate of what is no matrix, as a multiple of η.
        beta_1, beta_2, epsilon, early_epsilon: of its Adam.
        groups, average: see `Optimizer`.

    Raises:
        InputError: an argument breaks its rule; in training, penalties or clip_value, which would act on one number at
            a time.

    Example:
        >>> from thetastar import Dense, Network, train
        >>> net = Network([Dense(8, activation="tanh"), Dense(1)], input_shape=(2,))
        >>> X = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
        >>> train(net, X, [0.0, 1.0, 1.0, 0.0], optimizer=Muon(0.03), epochs=300).loss < 0.01
        True

    Source: Jordan et al. 2024; Liu et al. 2025 ("rms"). PyTorch: Muon, for matrices alone, which iterates in bfloat16;
    Keras: Muon (`convention="keras"`); optax: contrib.muon.
    """

    learning_rate: float = 1e-3
    momentum: float = 0.95
    nesterov: bool = True
    weight_decay: float = 0.1
    iterations: int = 5
    scale: str = "spectral"
    vector_rate: float = 1.0
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    early_epsilon: bool = False
    name = "muon"
    sees_arrays: ClassVar[bool] = True
    words: ClassVar[Mapping] = MEANS | {
        "ns_steps": "iterations",
        "adjust_lr_fn": _adjust_lr_fn,
        "rms_rate": _rms_rate,
        "adam_beta_1": "beta_1",
        "adam_beta_2": "beta_2",
        "adam_lr_ratio": "vector_rate",
        "adam_weight_decay": ignored,  # biases are left alone
        "exclude_embeddings": must_be("Muon: exclude_embeddings", True, otherwise="Leave it out."),
        "adam_b1": "beta_1",
        "adam_b2": "beta_2",
        "ns_coeffs": must_be("Muon: ns_coeffs", (3.4445, -4.775, 2.0315), otherwise="Leave it out."),
        "ns_coefficients": must_be("Muon: ns_coefficients", (3.4445, -4.775, 2.0315), otherwise="Leave it out."),
    }
    keras: ClassVar[Mapping] = {"scale": "rms", "weight_decay": 0.004, "epsilon": 1e-7, "early_epsilon": True}

    def _check(self) -> None:
        check_betas(self)
        real("Muon", "momentum", self.momentum, 0.0, 1.0, open_high=True)
        real("Muon", "vector_rate", self.vector_rate, 0.0, open_low=True)
        whole("Muon", "iterations", self.iterations, 1, 100)
        one_of("Muon", "scale", self.scale, _SCALES)

    def to_native(self) -> dict:
        return super().to_native() | {"decoupled": True}
