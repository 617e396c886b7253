"""What stays monotone in some columns, exactly: which candidates can, the default set, and lines with bounded signs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from thetastar.directions import RISING, unit_directions
from thetastar.recipes.candidate import Candidate

__all__ = ["bounded_logistic", "bounded_ridge", "can_be_monotone", "directions_of", "monotone_candidates"]

_MOVE_ELSEWHERE = ("lbfgs",)  # rules that need the parameters where they put them


def can_be_monotone(candidate: Candidate) -> bool:
    """Whether its network can be held: dense layers, whose activations rise.

    Example:
        >>> [can_be_monotone(Candidate(hidden=(8,), activation=name)) for name in ("relu", "silu")]
        [True, False]
    """
    rises = candidate.activation in RISING or not candidate.hidden
    return candidate.kind == "dense" and rises and candidate.optimizer not in _MOVE_ELSEWHERE


def directions_of(candidate: Candidate, features: Sequence[int]) -> dict[str, Any]:
    """The argument of a `Job` that holds the candidate's network; none where no feature has a direction."""
    return {"directions": unit_directions(features, candidate.hidden)} if any(features) else {}


def monotone_candidates(pieces: int = 0) -> tuple[Candidate, ...]:
    """The default set where columns are monotone: ReLU networks, since smooth activations cannot be held exactly.

    Args:
        pieces: how many pieces suit the table; 0 if none do.
    """
    plain = (
        Candidate(),
        Candidate(hidden=(32,), activation="relu"),
        Candidate(hidden=(64, 64), activation="relu"),
        Candidate(hidden=(64, 64), activation="relu", dropout=0.1),
        Candidate(hidden=(128, 128), activation="relu"),
        Candidate(hidden=(128, 128, 128), activation="relu"),
        Candidate(hidden=(128, 128), activation="leaky_relu", dropout=0.1),
    )
    if not pieces:
        return plain
    return (
        *plain,
        Candidate(pieces=pieces),
        Candidate(pieces=pieces, hidden=(64, 64), activation="relu"),
        Candidate(pieces=pieces, hidden=(128, 128), activation="relu", dropout=0.1),
    )


def bounded_ridge(
    inputs: np.ndarray, target: np.ndarray, penalty: float, directions: Sequence[int], weights: np.ndarray | None
) -> tuple[np.ndarray, float]:
    """(F,) weights of a ridge regression none of which goes against its direction, and the bias.

    Args:
        penalty: of the squares of the weights, as scikit-learn's alpha.
    """
    from scipy.optimize import lsq_linear

    own = np.ones(len(target)) if weights is None else np.asarray(weights, dtype=np.float64)
    X = inputs.astype(np.float64)
    middle, centre = np.average(X, axis=0, weights=own), float(np.average(target, weights=own))
    root = np.sqrt(own)[:, None]
    A, b = root * (X - middle), root[:, 0] * (target - centre)
    # The same least squares in F rows: |A w - b|² + penalty |w|² is |Rᵀ w - R⁻¹ Aᵀ b|² and a constant.
    R = np.linalg.cholesky(A.T @ A + max(penalty, 1e-9 * len(target)) * np.eye(A.shape[1]))
    low, high = _bounds(directions)
    found = lsq_linear(R.T, np.linalg.solve(R, A.T @ b), bounds=(low, high), method="bvls", tol=1e-12)
    weight = np.clip(found.x, low, high)
    return weight, centre - float(middle @ weight)


def bounded_logistic(
    inputs: np.ndarray, target: np.ndarray, directions: Sequence[int], weights: np.ndarray | None, iterations: int
) -> tuple[np.ndarray, float]:
    """(F,) weights of a logistic regression with the usual penalty, none against its direction, and the bias.

    Args:
        target: (n,) 0 and 1.
    """
    from scipy.optimize import minimize

    X = inputs.astype(np.float64)
    own = np.ones(len(target)) if weights is None else np.asarray(weights, dtype=np.float64)

    def cost(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        score = X @ parameters[:-1] + parameters[-1]
        slope = own * (0.5 * (1 + np.tanh(0.5 * score)) - target)
        value = float(own @ (np.logaddexp(0, score) - target * score)) + 0.5 * float(parameters[:-1] @ parameters[:-1])
        return value, np.append(X.T @ slope + parameters[:-1], slope.sum())

    low, high = _bounds(directions)
    bounds = [*zip(low, high, strict=True), (-np.inf, np.inf)]
    found = minimize(
        cost, np.zeros(X.shape[1] + 1), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": iterations}
    )
    return np.clip(found.x[:-1], low, high), float(found.x[-1])


def _bounds(directions: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Of every weight: from 0 where it must rise, up to 0 where it must fall."""
    signs = np.asarray(directions)
    return np.where(signs > 0, 0.0, -np.inf), np.where(signs < 0, 0.0, np.inf)
