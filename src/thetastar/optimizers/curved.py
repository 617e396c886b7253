"""Optimisers that know the curvature: L-BFGS from the last steps, Sophia from an estimate of the Hessian's diagonal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from .._checks import one_of, real, whole
from .._words import must_be
from ..errors import InputError
from .contract import MEANS, WORDS, Optimizer, check_betas

LIKELIHOODS = ("mean_squared_error", "binary_cross_entropy", "cross_entropy", "categorical_cross_entropy")


@dataclass(frozen=True, repr=False)
class LBFGS(Optimizer):
    """θ ← θ + t d along d = -H g, with H from the last `history` steps, and t from a line search.

    It works on all rows: one epoch is one iteration, `batch_size` only says how many rows pass at once, and an epoch
    costs as many passes as the search needs (mostly one or two). Penalties (l1, l2) are part of what it descends.

    Args:
        learning_rate: the first step length that is tried, above 0; 1 is right for nearly everything.
        history: how many steps are remembered, at least 1.
        line_search: "strong_wolfe", "backtracking" (halves t until the value falls enough), or "none" (t = η).
        tolerance_gradient: no step where no number of the gradient is larger.
        tolerance_change: no step where the slope along d, or the interval of the search, is smaller.

    Raises:
        InputError: an argument breaks its rule; groups, or clipping in training, which would break the search.

    Example:
        >>> path, values = LBFGS().minimize(lambda t: (float(t @ t), 2 * t), [3.0, -4.0], steps=3)
        >>> values.round(6).tolist()[-1]
        0.0

    Source: Nocedal 1980; Nocedal and Wright 2006; lecture 5. PyTorch: LBFGS(max_iter=1, line_search_fn="strong_wolfe"),
    history_size = history.
    """

    learning_rate: float = 1.0
    history: int = 10
    line_search: str = "strong_wolfe"
    tolerance_gradient: float = 1e-7
    tolerance_change: float = 1e-9
    name = "lbfgs"
    words: ClassVar[Mapping] = WORDS | {
        "history_size": "history",
        "tolerance_grad": "tolerance_gradient",
        "line_search_fn": lambda value, _: {"line_search": "none" if value is None else value},
        "max_iter": must_be("max_iter", 1, otherwise="An epoch is one iteration: use epochs in ts.train."),
        "max_eval": must_be("max_eval", None, otherwise="A search ends by itself, after 25 evaluations."),
        "memory_size": "history",
    }
    searches_lines: ClassVar[bool] = True

    def _check(self) -> None:
        whole("LBFGS", "history", self.history, 1, 10_000)
        one_of("LBFGS", "line_search", self.line_search, ("strong_wolfe", "backtracking", "none"))
        real("LBFGS", "tolerance_gradient", self.tolerance_gradient, 0.0)
        real("LBFGS", "tolerance_change", self.tolerance_change, 0.0)
        if self.groups is not None:
            raise InputError(
                "LBFGS: groups would break its line search, which moves all parameters along one line. "
                "Got groups. Leave them out."
            )


@dataclass(frozen=True, repr=False)
class Sophia(Optimizer):
    """θ ← (1 - η λ) θ - η clip(m / max(γ h, ε), ±1): steps as long as the curvature h allows, and never longer than η.

    m is the running mean of g; every `every` steps h ← β₂ h + (1 - β₂) ĥ, with ĥ an estimate of the Hessian's diagonal
    of the batch's mean loss:
    "hutchinson": u ⊙ H u with random signs u, H u from two more gradients, at θ ± small steps along u. Any loss.
    "gauss_newton_bartlett": B ĝ², ĝ the gradient for targets drawn from the network's own prediction. For squared
    error and cross-entropies on raw scores without options; in `minimize` there are no targets, so "hutchinson" only.

    Args:
        learning_rate: η, above 0.
        beta_1, beta_2: from 0 to below 1.
        gamma: γ, above 0: how much of the curvature counts.
        epsilon: above 0.
        weight_decay: λ, decoupled, from 0.
        every: steps between two estimates, at least 1.
        curvature: one of the two names above.
        groups: other settings for some parameters, see `Optimizer`; not beta_2, every and curvature.

    Raises:
        InputError: an argument breaks its rule; a loss that the estimate is not for.

    Example:
        >>> sophia = Sophia(0.5, gamma=1.0, beta_1=0.0, beta_2=0.0, weight_decay=0.0, every=1)
        >>> path, _ = sophia.minimize(lambda t: (float(t @ t), 2 * t), [1.0], steps=2)
        >>> path.ravel().round(6).tolist()
        [1.0, 0.5, 0.25]

    Source: Liu et al. 2023; lecture 4.
    """

    learning_rate: float = 1e-3
    beta_1: float = 0.965
    beta_2: float = 0.99
    gamma: float = 0.01
    epsilon: float = 1e-12
    weight_decay: float = 0.1
    every: int = 10
    curvature: str = "hutchinson"
    name = "sophia"
    words: ClassVar[Mapping] = MEANS

    def _check(self) -> None:
        check_betas(self)
        real("Sophia", "gamma", self.gamma, 0.0, open_low=True)
        real("Sophia", "epsilon", self.epsilon, 0.0, open_low=True)
        whole("Sophia", "every", self.every, 1)
        one_of("Sophia", "curvature", self.curvature, ("hutchinson", "gauss_newton_bartlett"))
        for pattern, settings in (self.groups or {}).items():
            shared = [key for key in ("beta_2", "every", "curvature") if key in settings]
            if shared:
                raise InputError(
                    f"Sophia: groups[{pattern!r}] must leave {shared[0]} alone, which all parameters share. "
                    f"Got {settings[shared[0]]!r}. Set it for the whole optimiser."
                )

    def to_native(self) -> dict:
        return super().to_native() | {"decoupled": True}

    def check_loss(self, where: str, loss) -> None:
        plain = loss.name in LIKELIHOODS and loss == type(loss)()
        if self.curvature == "gauss_newton_bartlett" and not plain:
            raise InputError(
                f"{where}: Sophia's 'gauss_newton_bartlett' is for squared error and cross-entropies on raw scores "
                f"without options. Got {loss!r}. Use curvature='hutchinson'."
            )

    def minimize(self, f, theta0, steps, *, on_step=None):
        if self.curvature != "hutchinson":
            raise InputError(
                f"minimize: a function of one's own has no targets to draw. Got curvature={self.curvature!r}. "
                "Use curvature='hutchinson'."
            )
        return super().minimize(f, theta0, steps, on_step=on_step)
