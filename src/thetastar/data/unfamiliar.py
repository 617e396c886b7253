"""What in new rows a model does not know: unseen levels, empty cells, numbers from elsewhere, columns without a use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from thetastar.data.blocks import CategoryBlock, NumberBlock
from thetastar.data.blocks.number import numbers_of
from thetastar.data.overlap import medians_apart
from thetastar.data.piecewise import PiecewisePreparation

if TYPE_CHECKING:
    from thetastar.data.prepare import Preparation
    from thetastar.data.table import Column, Table

__all__ = ["moved", "unfamiliar"]

_MOST = 8  # sentences; a table of a thousand columns must not bury its predictions
_FEWEST_ROWS = 30  # of a column's numbers, below which its median says little
_LEAST_MOVE = 0.5  # of a median, in standard deviations of the training rows
_SURE = 5.0  # standard errors of a median


def unfamiliar(preparation: Preparation | PiecewisePreparation, table: Table) -> list[str]:
    """Return a sentence for each thing in a table that counts otherwise than it reads.

    Example:
        >>> from thetastar.data import infer_roles, read_table
        >>> from thetastar.data.prepare import Preparation
        >>> import numpy as np
        >>> sizes = [k**0.5 for k in range(18)]
        >>> learned = read_table({"city": ["Ulm", "Bonn"] * 9, "size": sizes, "y": sizes[::-1]})
        >>> preparation = Preparation.fit(learned, np.arange(18), infer_roles(learned, "y"))
        >>> new = read_table({"city": ["Ulm", "Kiel", "Kiel"], "size": [1, None, 3], "id": [1, 2, 3]})
        >>> for sentence in unfamiliar(preparation, new):
        ...     print(sentence)
        'city': 2 cells hold a level that training did not see, such as 'Kiel'; they count as none of the known.
        'size': 1 cell is empty; it counts as missing.
        1 column is not needed and passed over: 'id'.
    """
    base = preparation.base if isinstance(preparation, PiecewisePreparation) else preparation
    sentences = moved(preparation, table)
    columns = dict(zip((block.name for block in base.blocks), base._matched(table), strict=True))
    for block in base.blocks:
        column = columns[block.name]
        if isinstance(block, CategoryBlock):
            sentences += _unseen(block, column)
        missing = int(column.missing.sum())
        if missing:
            sentences.append(
                f"{block.name!r}: {missing:,} cell{'s are' if missing > 1 else ' is'} empty; "
                f"{'they count' if missing > 1 else 'it counts'} as missing."
            )
    used = {column.name for column in columns.values()} | set(base.names)
    extra = [name for name in table.names if name not in used]
    if extra and table.has_header:
        shown = ", ".join(map(repr, extra[:5])) + (", …" if len(extra) > 5 else "")
        sentences.append(
            f"{len(extra)} column{'s are' if len(extra) > 1 else ' is'} not needed and passed over: {shown}."
        )
    return _few(sentences)


def moved(preparation: Preparation | PiecewisePreparation, table: Table) -> list[str]:
    """Return a sentence for each column of numbers whose median is not the one that was learned.

    A column is named where its median lies half a standard deviation of the training rows away from theirs, and five
    standard errors.

    Example:
        >>> from thetastar.data import infer_roles, read_table
        >>> from thetastar.data.prepare import Preparation
        >>> import numpy as np
        >>> learned = read_table({"size": np.arange(60.0) ** 1.5, "y": np.arange(60.0)})
        >>> preparation = Preparation.fit(learned, np.arange(60), infer_roles(learned, "y"))
        >>> moved(preparation, read_table({"size": 1000 * np.arange(60.0)}))
        ["'size' has a median of 160.2 in the rows learned from and of 29500 here."]
    """
    base = preparation.base if isinstance(preparation, PiecewisePreparation) else preparation
    sentences = []
    for block, column in zip(base.blocks, base._matched(table), strict=True):
        if not isinstance(block, NumberBlock):
            continue
        values = _known(block, column)
        if len(values) < _FEWEST_ROWS:
            continue
        median = float(np.median(values))
        away = abs(median - block.median) / block.scale
        if away >= max(_LEAST_MOVE, _SURE * 1.25 / len(values) ** 0.5):
            sentences.append(medians_apart(block.name, block.median, median))
    return _few([sentence for sentence in sentences if sentence is not None])


def _known(block: NumberBlock, column: Column) -> np.ndarray:
    values = numbers_of(column, block.unknown, block.style, lambda row: block.name)
    return values[~np.isnan(values)]


def _few(sentences: list[str]) -> list[str]:
    if len(sentences) > _MOST:
        return [*sentences[: _MOST - 1], f"The same of {len(sentences) - _MOST + 1} more columns."]
    return sentences


def _unseen(block: CategoryBlock, column: Column) -> list[str]:
    codes, levels = column.coded
    known = {*block.levels, *(level for level, _ in block.rest)}
    new = [code for code, level in enumerate(levels) if level not in known and block._alike(level) not in known]
    count = int(sum((codes == code).sum() for code in new))
    if not count:
        return []
    what = "cells hold" if count > 1 else "cell holds"
    them = "they count as none" if count > 1 else "it counts as none"
    return [
        f"{block.name!r}: {count:,} {what} a level that training did not see, such as {levels[new[0]]!r}; "
        f"{them} of the known."
    ]
