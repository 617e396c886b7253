"""Which prepared features must rise and which must fall, where columns of the table must: feature by feature."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from thetastar.data.piecewise import PiecewisePreparation

__all__ = ["feature_directions"]


def feature_directions(preparation: Any, columns: Mapping[str, int]) -> tuple[int, ...]:
    """(F,) 1 for features that must rise, -1 for those that must fall, 0 for the others.

    A column's number rises with it, and so does every piece of it. Whether it is missing is another question than how
    large it is: nothing holds between a row with a missing value and one without.

    Args:
        preparation: plain, or with numbers in pieces.
        columns: 1 or -1 by the names of columns of numbers, or of yes and no.

    Example:
        >>> import numpy as np
        >>> from thetastar.data import infer_roles, read_table
        >>> from thetastar.data.prepare import Preparation
        >>> table = read_table({"age": [1.5, None, 4.0], "size": [2.5, 1.0, 3.5], "price": [3.0, 2.0, 1.0]})
        >>> preparation = Preparation.fit(table, np.arange(3), infer_roles(table, "price"))
        >>> preparation.feature_names, feature_directions(preparation, {"age": -1})
        (['age', 'age is missing', 'size'], (-1, 0, 0))
    """
    base = preparation.base if isinstance(preparation, PiecewisePreparation) else preparation
    found: list[int] = []
    for block in base.blocks:
        found += [columns.get(block.name, 0), *[0] * (block.width - 1)]
    if isinstance(preparation, PiecewisePreparation):
        for column, edges in zip(preparation.columns, preparation.edges, strict=True):
            found += [found[column]] * (len(edges) - 1)
    return tuple(found)
