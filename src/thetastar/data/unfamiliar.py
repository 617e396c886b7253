"""What in new rows a model does not know: unseen levels, empty cells, columns that it has no use for; counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thetastar.data.blocks import CategoryBlock

if TYPE_CHECKING:
    from thetastar.data.piecewise import PiecewisePreparation
    from thetastar.data.prepare import Preparation
    from thetastar.data.table import Table

__all__ = ["unfamiliar"]

_MOST = 8  # sentences; a table of a thousand columns must not bury its predictions


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
    base = getattr(preparation, "base", preparation)
    sentences = []
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
    if len(sentences) > _MOST:
        sentences[_MOST - 1 :] = [f"The same of {len(sentences) - _MOST + 1} more columns."]
    return sentences


def _unseen(block: CategoryBlock, column) -> list[str]:
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
