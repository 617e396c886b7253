"""How many bytes the fit of a baseline takes at most, beside the rows that it is given, from what is known before it.

Measured with scikit-learn 1.9 on one thread: the peak of the process over what it held before, on tables of 500 to
200,000 rows and 8 to 10,000 columns whose target is mostly noise, so that trees grow as far as they may. A fit took 0.4
to 1.05 of what is said here, boosting on thousands of columns the least of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from thetastar.recipes.boosting import STEPS
from thetastar.recipes.quantiles import LINEAR_ROWS
from thetastar.recipes.ridge import ROWS_AT_ONCE

__all__ = [
    "boosted_bytes", "forest_bytes", "formula_bytes", "held_bytes", "linear_quantile_bytes", "logistic_bytes",
    "ridge_bytes",
]  # fmt: skip

_LEAVES, _LEAST_LEAF, _BINS = 31, 20, 256  # scikit-learn's own, where the steps say nothing
_HISTOGRAM = 20  # bytes of a bin: two sums in double precision and a count
_ONE_ARRAY = 32 << 20  # bytes from which on the C library gives every array back by itself
_IN_PIECES = 1.6  # times what is asked for in smaller arrays


def boosted_bytes(shape: tuple[int, ...], scores: int, steps: str) -> int:
    """Histogram boosting: two copies of the rows in double precision and one of bins, what is kept of a row for every
    score, and the histograms of the leaves that may still be split.

    Args:
        shape: of the rows.
        scores: of a row: a tree for each in every step.
        steps: the name of their size.
    """
    rows, width = shape[0], math.prod(shape[1:])
    own = STEPS[steps].arguments
    leaves, least = own.get("max_leaf_nodes", _LEAVES), own.get("min_samples_leaf", _LEAST_LEAF)
    histogram = _HISTOGRAM * _BINS * width
    open_leaves = min(leaves, rows // (2 * least) + 1)
    waste = 1.0 if histogram >= _ONE_ARRAY else _IN_PIECES
    return 21 * rows * width + 20 * scores * rows + int(waste * open_leaves * histogram)


def forest_bytes(rows: int, leaf: int, trees: int, classes: int) -> int:
    """Randomised trees: the nodes as they were grown (64 bytes and the values), twice as they are kept (12 bytes and
    the values in single precision), and a tree that grows.

    Args:
        leaf: the rows that a leaf has at least.
        classes: of the target; 0 of a number.
    """
    values = max(classes, 1)
    of_tree = 2 * rows // leaf + 1
    grown, kept = 64 + 8 * values, 12 + 4 * values
    return trees * of_tree * (grown + 2 * kept) + 2 * of_tree * grown + 40 * rows + 8 * classes * rows


def ridge_bytes(shape: tuple[int, ...]) -> int:
    """Ridge regression: of rows our own reads some at a time; of more columns than rows scikit-learn's keeps three
    copies in double precision."""
    rows, width = shape[0], math.prod(shape[1:])
    if rows < width:
        return 33 * rows * width
    return 40 * min(rows, ROWS_AT_ONCE) * width + 32 * width * width


def held_bytes(shape: tuple[int, ...]) -> int:
    """A line with signs that it must keep: three copies of the rows in double precision."""
    rows, width = shape[0], math.prod(shape[1:])
    return max(28 * rows * width + 40 * rows, ridge_bytes(shape))


def logistic_bytes(shape: tuple[int, ...], classes: int) -> int:
    """Logistic regression: some numbers of a row for every class, and the steps that the solver remembers."""
    rows, width = shape[0], math.prod(shape[1:])
    scores = 1 if classes == 2 else classes
    return 10 * scores * rows + 40 * rows + 200 * scores * width


def linear_quantile_bytes(shape: tuple[int, ...]) -> int:
    """Linear quantile regression: a linear programme of some rows."""
    rows, width = min(shape[0], LINEAR_ROWS), math.prod(shape[1:])
    return 5_500 * rows + 560 * rows * width


def formula_bytes(rows: int, parameters: Sequence[str], columns: Sequence[str]) -> int:
    """Least squares from several starts: slopes of every row at every parameter, as they are and decomposed."""
    return (15 << 20) + rows * (40 * len(columns) + 120 * max(len(parameters), 1))
