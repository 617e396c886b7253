"""Rows for training, validation and test: shuffled, by class where there are classes, the same for the same seed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from thetastar.data.task import find_task
from thetastar.errors import InputError

__all__ = ["FEWEST_ROWS", "split_rows"]

FEWEST_ROWS = 10


def split_rows(
    encoded_target: np.ndarray,
    task: str,
    seed: int,
    fractions: Sequence[float] = (0.8, 0.1, 0.1),
    *,
    source: str = "",
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Split row numbers into training, validation and test rows.

    Classes keep their shares in every part, as nearly as whole rows allow; every class has at least one training row.
    The order depends on the seed and the number of rows only: random numbers come from a counter-based generator.

    Args:
        encoded_target: (n,) class indices, or any numbers for a regression.
        task: "regression", "binary" or "multiclass".
        seed: Any whole number; the same seed gives the same split on every machine.
        fractions: Shares of training, validation and test rows; they add up to 1. A share of 0 gives no rows.
        source: What messages call the table, e.g. its file name.

    Returns:
        Three int64 arrays of row numbers, shuffled, disjoint, together all rows.

    Raises:
        InputError: Fewer than ten rows, or shares that do not add up to 1.

    Example:
        >>> train, validation, test = split_rows(np.zeros(20), "regression", seed=0)
        >>> len(train), len(validation), len(test)
        (16, 2, 2)
    """
    count = len(encoded_target)
    shares = np.asarray(fractions, dtype=np.float64)
    if shares.shape != (3,) or (shares < 0).any() or shares[0] <= 0 or abs(shares.sum() - 1) > 1e-6:
        raise InputError(
            f"fractions={tuple(fractions)}: three shares that are not negative and add up to 1 are needed, "
            "for example (0.8, 0.1, 0.1)."
        )
    if count < FEWEST_ROWS:
        where = f"{source}: " if source else ""
        raise InputError(
            f"{where}{count} rows with a known target are too few to split; at least {FEWEST_ROWS} are needed. "
            "Add rows."
        )
    order = np.random.Generator(np.random.Philox(key=seed % 2**64)).permutation(count)
    if not find_task(task).classification:
        groups = [order]
    else:
        classes = np.asarray(encoded_target)[order]
        groups = [order[classes == label] for label in np.unique(classes)]
    # Small classes first: what rounding takes from them is made good by the large ones.
    groups.sort(key=len)
    parts: tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]] = ([], [], [])
    seen, taken = 0, np.zeros(2)
    for group in groups:
        seen += len(group)
        wanted = np.floor(shares[1:] * seen + 0.5) - taken
        validation, test = np.clip(wanted, 0, len(group) - 1).astype(int)
        while validation + test > len(group) - 1:
            validation, test = (validation, test - 1) if test >= validation else (validation - 1, test)
        taken += (validation, test)
        parts[2].append(group[:test])
        parts[1].append(group[test : test + validation])
        parts[0].append(group[test + validation :])
    # Within a part the classes must not stand in blocks.
    rank = np.empty(count, dtype=np.int64)
    rank[order] = np.arange(count)
    train, validation, test = (rows[np.argsort(rank[rows])] for rows in map(np.concatenate, parts))
    return train.astype(np.int64), validation.astype(np.int64), test.astype(np.int64)
