"""The rows behind the test's figures, as the templates and the page's script need them."""

from __future__ import annotations

from typing import Any

from thetastar.model.record import Record, ShownRow

__all__ = ["cells_of", "worst_of"]


def worst_of(record: Record) -> dict[str, Any] | None:
    """The rows that the network was most wrong about; None where there are none, or where images show them already."""
    shown = record.test.shown
    if shown is None or not shown.worst or any(shown.rows[i].picture for i in shown.worst):
        return None
    return {
        "columns": shown.columns,
        "rows": [shown.rows[i] for i in shown.worst],
        "sure": record.test.labels is not None,
    }


def cells_of(record: Record) -> dict[str, Any] | None:
    """What a click on the confusion matrix opens: {"columns", "rows", "cells": {"real,said": [row, …]}}."""
    shown = record.test.shown
    if shown is None or not shown.cells:
        return None
    return {
        "columns": shown.columns,
        "rows": [_row(row) for row in shown.rows],
        "cells": {f"{cell.real},{cell.predicted}": list(cell.rows) for cell in shown.cells},
    }


def _row(row: ShownRow) -> dict[str, Any]:
    """Short names: a page holds hundreds of them."""
    found: dict[str, Any] = {"n": row.row, "v": row.values}
    if row.sure is not None:
        found["p"] = row.sure
    if row.picture:
        found["i"] = row.picture
    return found
