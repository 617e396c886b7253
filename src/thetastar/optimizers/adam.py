"""Adam and its family. m and v are running means of g and g²; m̂ = m / (1 - β₁ᵗ) and v̂ = v / (1 - β₂ᵗ)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from .._checks import real
from .contract import MEANS, Optimizer, check_betas


@dataclass(frozen=True, repr=False)
class Adam(Optimizer):
    """m ← β₁m + (1-β₁)g, v ← β₂v + (1-β₂)g²; θ ← θ - η m̂ / (√v̂ + ε), with m̂ = m/(1-β₁ᵗ) and v̂ = v/(1-β₂ᵗ).

    Args:
        learning_rate: η, above 0.
        beta_1, beta_2: from 0 to below 1.
        epsilon: ε, from 0.
        weight_decay: λ; adds λ θ to the gradient (coupled). For the decoupled form use AdamW.
        amsgrad: use the largest v so far in place of v.
        decoupled: the decay acts on θ directly, as in AdamW, and in every optimiser of Keras.
        early_epsilon: add ε to √v before the correction, so that it counts as ε / √(1 - β₂ᵗ): the paper's ε̂, and
            Keras's.
        groups: other settings for some parameters, see `Optimizer`.

    Raises:
        InputError: an argument breaks its rule.

    Example:
        >>> path, _ = Adam(0.25).minimize(lambda t: (float(t @ t), 2 * t), [1.0], steps=1)
        >>> path.ravel().round(6).tolist()
        [1.0, 0.75]

    Source: Kingma and Ba 2015; Reddi et al. 2018 (AMSGrad); lecture 4. PyTorch: Adam (the same). Keras's
    form (`convention="keras"`): ε = 1e-7, early_epsilon=True, decoupled decay.
    """

    learning_rate: float = 1e-3
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    amsgrad: bool = False
    decoupled: bool = False
    early_epsilon: bool = False
    name = "adam"
    words: ClassVar[Mapping] = MEANS | {"decoupled_weight_decay": "decoupled"}
    keras: ClassVar[Mapping] = {"epsilon": 1e-7, "early_epsilon": True, "decoupled": True}

    def _check(self) -> None:
        check_betas(self)

    def to_native(self) -> dict:
        return super().to_native() | {"kind": "adam"}


@dataclass(frozen=True, repr=False)
class AdamW(Adam):
    """Adam with decoupled weight decay: θ ← (1 - η λ) θ before Adam's step, so the decay is not scaled by √v̂.

    Args:
        weight_decay: λ, from 0. The others as in `Adam`.

    Raises:
        InputError: an argument breaks its rule.

    Example:
        >>> path, _ = AdamW(0.25, weight_decay=0.4).minimize(lambda t: (float(t @ t), 2 * t), [1.0], steps=1)
        >>> path.ravel().round(6).tolist()
        [1.0, 0.65]

    Source: Loshchilov and Hutter 2019; lecture 4. PyTorch and Keras: AdamW.
    """

    weight_decay: float = 0.01
    decoupled: bool = True
    name = "adamw"
    keras: ClassVar[Mapping] = {"weight_decay": 0.004, "epsilon": 1e-7, "early_epsilon": True}


@dataclass(frozen=True, repr=False)
class Adamax(Optimizer):
    """u ← max(β₂ u, |g| + ε); θ ← θ - η m̂ / u: Adam with the largest recent gradient in place of the root mean square.

    Args:
        learning_rate: η, above 0.
        beta_1, beta_2: from 0 to below 1.
        epsilon: ε, from 0.
        weight_decay: λ; adds λ θ to the gradient.
        decoupled: the decay acts on θ directly, θ ← (1 - η λ) θ, as every optimiser of Keras does it.
        groups: other settings for some parameters, see `Optimizer`.

    Raises:
        InputError: an argument breaks its rule.

    Example:
        >>> path, _ = Adamax(0.25).minimize(lambda t: (float(t @ t), 2 * t), [1.0], steps=1)
        >>> path.ravel().round(6).tolist()
        [1.0, 0.75]

    Source: Kingma and Ba 2015; lecture 5. PyTorch: Adamax (the same). Keras: Adamax, which adds ε after the maximum.
    """

    learning_rate: float = 2e-3
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    decoupled: bool = False
    name = "adamax"
    words: ClassVar[Mapping] = MEANS
    keras: ClassVar[Mapping] = {"learning_rate": 1e-3, "epsilon": 1e-7, "decoupled": True}

    def _check(self) -> None:
        check_betas(self)


@dataclass(frozen=True, repr=False)
class NAdam(Optimizer):
    """Adam with Nesterov's look ahead; its momentum grows as μ_t = β₁ (1 - ½ 0.96^(t ψ)).

    Args:
        learning_rate: η, above 0.
        beta_1, beta_2: from 0 to below 1.
        epsilon: ε, from 0.
        weight_decay: λ, from 0; adds λ θ to the gradient, or acts on θ directly where decoupled.
        momentum_decay: ψ, from 0.
        decoupled: as in `AdamW`.
        groups: other settings for some parameters, see `Optimizer`.

    Raises:
        InputError: an argument breaks its rule.

    Example:
        >>> path, _ = NAdam(0.25).minimize(lambda t: (float(t @ t), 2 * t), [1.0], steps=1)
        >>> path.ravel().round(3).tolist()
        [1.0, 0.736]

    Source: Dozat 2016; lecture 5. PyTorch: NAdam (the same; decoupled_weight_decay). Keras's
    Nadam: ψ = 1, η = 0.001, ε = 1e-7, decoupled decay; `get("Nadam")` gives it.
    """

    learning_rate: float = 2e-3
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    momentum_decay: float = 4e-3
    decoupled: bool = False
    name = "nadam"
    words: ClassVar[Mapping] = MEANS | {"decoupled_weight_decay": "decoupled"}
    keras: ClassVar[Mapping] = {"learning_rate": 1e-3, "epsilon": 1e-7, "momentum_decay": 1.0, "decoupled": True}

    def _check(self) -> None:
        check_betas(self)
        real("NAdam", "momentum_decay", self.momentum_decay, 0.0)


@dataclass(frozen=True, repr=False)
class RAdam(Optimizer):
    """Adam that steps along m̂ alone until v̂ can be trusted (about five steps), then with a rectified rate.

    Args:
        learning_rate: η, above 0.
        beta_1, beta_2: from 0 to below 1.
        epsilon: ε, from 0.
        weight_decay: λ, from 0; adds λ θ to the gradient, or acts on θ directly where decoupled.
        decoupled: as in `AdamW`.
        groups: other settings for some parameters, see `Optimizer`.

    Raises:
        InputError: an argument breaks its rule.

    Example:
        >>> path, _ = RAdam(0.25).minimize(lambda t: (float(t @ t) / 2, t), [1.0], steps=1)
        >>> path.ravel().round(6).tolist()
        [1.0, 0.75]

    Source: Liu et al. 2020; lecture 5. PyTorch: RAdam (the same; decoupled_weight_decay).
    """

    learning_rate: float = 1e-3
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    decoupled: bool = False
    name = "radam"
    words: ClassVar[Mapping] = MEANS | {"decoupled_weight_decay": "decoupled"}

    def _check(self) -> None:
        check_betas(self)


@dataclass(frozen=True, repr=False)
class SparseAdam(Optimizer):
    """Adam for gradients that are mostly 0: what has no gradient in a step stays as it is, means and all.

    A weight matrix is touched by rows (an embedding's row is one word), a vector by single numbers. The correction
    counts all steps. ε stands before the correction: θ ← θ - η √(1 - β₂ᵗ) / (1 - β₁ᵗ) · m / (√v + ε).

    Args:
        learning_rate: η, above 0.
        beta_1, beta_2: from 0 to below 1.
        epsilon: ε, from 0.
        groups: other settings for some parameters, see `Optimizer`.

    Raises:
        InputError: an argument breaks its rule.

    Example:
        >>> path, _ = SparseAdam(0.5).minimize(lambda t: (float(t[0] ** 2), [2 * t[0], 0.0]), [1.0, 1.0], steps=2)
        >>> path[:, 1].tolist()
        [1.0, 1.0, 1.0]

    Source: lecture 5. PyTorch: SparseAdam (the same, for gradients stored as sparse).
    """

    learning_rate: float = 1e-3
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    name = "sparse_adam"
    words: ClassVar[Mapping] = MEANS

    def _check(self) -> None:
        check_betas(self)
