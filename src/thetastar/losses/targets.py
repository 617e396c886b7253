"""How targets look: each kind is brought to the (n, K) array that the core reads, or refused in words."""

from __future__ import annotations

import numpy as np

from .._checks import plain_numbers, real
from ..errors import InputError


def value_targets(where: str, y, samples: int, outputs: int, dtype) -> np.ndarray:
    """(n,) or (n, O) real targets as (n, O)."""
    plain_numbers(where, "y", y)
    try:
        with np.errstate(over="ignore"):  # what is too large for the precision becomes infinite and is refused below
            target = np.require(np.ascontiguousarray(y, dtype=dtype), requirements="A")
    except (TypeError, ValueError):
        raise InputError(f"{where}: y must be numbers for this loss. Got {type(y).__name__} of something else. "
                         "Encode classes as numbers first; ts.fit does that for tables.") from None  # fmt: skip
    if target.ndim == 1:
        target = target[:, None]
    if target.shape != (samples, outputs):
        raise InputError(
            f"{where}: y must have shape ({samples}, {outputs}), one row a sample and one column an output. "
            f"Got {np.shape(y)}. Make the last layer as wide as the target."
        )
    if not np.isfinite(target).all():
        row = int(np.argmin(np.isfinite(target).all(axis=1)))
        raise InputError(
            f"{where}: y must be finite in {target.dtype}. Row {row} is {target[row].tolist()}. "
            "Remove or repair that row."
        )
    return target


def within(where: str, what: str, target: np.ndarray, low: float, high: float, advice: str) -> np.ndarray:
    """Return the target where every number lies from `low` to `high`."""
    if target.min(initial=low) < low or target.max(initial=low) > high:
        wrong = target[(target < low) | (target > high)][0]
        rule = f"lie between {low:g} and {high:g}" if high < np.inf else f"be {low:g} or more"
        raise InputError(f"{where}: targets of {what} must {rule}. Got {wrong:g}. {advice}")
    return target


def binary_targets(where: str, what: str, y, samples: int, outputs: int, dtype) -> np.ndarray:
    """(n, O) numbers from 0 to 1."""
    target = value_targets(where, y, samples, outputs, dtype)
    return within(where, what, target, 0, 1, "Encode the two classes as 0 and 1.")


def class_targets(where: str, what: str, y, samples: int, classes: int, dtype, otherwise: str = "") -> np.ndarray:
    """(n,) class indices as (n, 1)."""
    if classes < 2:
        raise InputError(
            f"{where}: {what} needs one output per class, at least 2. Got {classes}. Widen the last layer{otherwise}."
        )
    target = value_targets(where, y, samples, 1, dtype)
    wrong = (target != np.floor(target)) | (target < 0) | (target >= classes)
    if wrong.any():
        raise InputError(
            f"{where}: targets of {what} must be class indices from 0 to {classes - 1}. "
            f"Got {target[wrong][0]:g}. Encode the classes as 0, 1, 2, …"
        )
    return target


def distribution_targets(where: str, what: str, y, samples: int, classes: int, dtype) -> np.ndarray:
    """(n, C) probabilities of the classes, each row with the sum 1."""
    target = value_targets(where, y, samples, classes, dtype)
    within(where, what, target, 0, 1, "Give probabilities or one-hot rows.")
    wrong = np.abs(target.sum(axis=1) - 1) > 1e-3
    if wrong.any():
        raise InputError(
            f"{where}: targets of {what} must sum to 1 in each row. Row {int(np.argmax(wrong))} sums to "
            f"{target[wrong][0].sum():g}. Divide each row by its sum; for class indices use CrossEntropy."
        )
    return target


def one_hot_targets(where: str, what: str, y, samples: int, classes: int, dtype) -> np.ndarray:
    """(n, C) zeros with a single 1 in each row."""
    target = value_targets(where, y, samples, classes, dtype)
    wrong = (target.max(axis=1) != 1) | ((target != 0).sum(axis=1) != 1)
    if wrong.any():
        raise InputError(
            f"{where}: targets of {what} must be one-hot, a single 1 among zeros. Row {int(np.argmax(wrong))} is "
            f"{target[wrong][0].tolist()}. Use np.eye(C)[classes]."
        )
    return target


def several_targets(where: str, what: str, y, samples: int, classes: int, dtype) -> np.ndarray:
    """(n, C): 1 for each class that a sample has, 0 for the others."""
    target = value_targets(where, y, samples, classes, dtype)
    wrong = (target != 0) & (target != 1)
    if wrong.any():
        raise InputError(
            f"{where}: targets of {what} must be 0 or 1, one column a class. Got {target[wrong][0]:g}. "
            "Put 1 in the column of each class that the sample has."
        )
    return target


def sign_targets(where: str, what: str, y, samples: int, outputs: int, dtype) -> np.ndarray:
    """(n,) or (n, O) of 1 and -1; where all are 0 or 1, 0 counts as -1, as in Keras."""
    target = value_targets(where, y, samples, outputs, dtype)
    if ((target == 0) | (target == 1)).all():
        return 2 * target - 1
    wrong = np.abs(target) != 1
    if wrong.any():
        raise InputError(
            f"{where}: targets of {what} must be 1 and -1, or 1 and 0. Got {target[wrong][0]:g}. "
            "Encode the two cases as 1 and -1."
        )
    return target


def no_targets(where: str, y, samples: int, dtype) -> np.ndarray:
    """(n, 0), for losses that need no target: y must be None."""
    if y is not None:
        raise InputError(
            f"{where}: a loss of triplets has no target; the members say it all. Got y of {type(y).__name__}. "
            "Give y=None."
        )
    return np.zeros((samples, 0), dtype)


def class_weights(where: str, weights, count: int | None = None) -> tuple[float, ...] | None:
    """Return weights of classes as a tuple of numbers from 0, not all 0; `count` of them where it is given."""
    if weights is None:
        return None
    try:
        weights = tuple(weights)
    except TypeError:
        raise InputError(
            f"{where}: class_weights must be one number per class. Got {weights!r}. Use for example (1.0, 2.5)."
        ) from None
    values = tuple(
        real(where, "class_weights", getattr(weight, "item", lambda w=weight: w)(), 0.0) for weight in weights
    )
    if count is not None and len(values) != count:
        raise InputError(
            f"{where}: class_weights must be one number per class, {count} here. Got {len(values)}. Give one a class."
        )
    if not any(values):
        raise InputError(
            f"{where}: class_weights must not all be 0. Got {len(values)} of them. Give some class weight."
        )
    return values
