"""By how much the loss on test rows rises when one column is shuffled: what the network makes of it (Breiman 2001)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from thetastar.data.roles import ColumnRole
from thetastar.data.table import Table
from thetastar.model.metrics import Metric

__all__ = ["shuffle_effects"]

_ROWS, _COLUMNS = 1_000, 40


def shuffle_effects(
    table: Table, roles: Mapping[str, ColumnRole], truth: np.ndarray, metric: Metric,
    predict: Callable[[Table], np.ndarray], seed: int, weight: np.ndarray | None = None,
) -> dict[str, float]:  # fmt: skip
    """The rise of the loss by column, over the first thousand rows; empty for wide tables, images and sequences.

    Args:
        table: test rows, with their truth (m,).
        predict: from rows to what the metric takes.
        weight: (m,) how much each row counts; alike if not given.
    """
    used = [name for name, role in roles.items() if role.used and name in table]
    if len(used) > _COLUMNS or table.row_count < 2 or any(table.column(name).samples is not None for name in used):
        return {}
    rows = np.arange(min(table.row_count, _ROWS))
    table, truth = table.select(rows), truth[rows]
    weight = None if weight is None else weight[rows]
    before = metric.loss(metric(truth, predict(table), weight))
    if not np.isfinite(before):
        return {}
    found = {}
    for k, name in enumerate(used):
        order = np.random.default_rng([seed, k, 0x5F]).permutation(len(rows))
        columns = tuple(column.select(order) if column.name == name else column for column in table.columns)
        found[name] = metric.loss(metric(truth, predict(replace(table, columns=columns)), weight)) - before
    return found
