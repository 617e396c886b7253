"""The network to try: what the page needs so that a reader can set every column and see what the model says.

The model goes into the page as JSON and is run by `predict.js`; a network that would make the page heavy is left out in
words.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from thetastar.charts import inline, json_text
from thetastar.export import describe, predict_script
from thetastar.model.record import Record

__all__ = ["LIMIT", "tryout", "tryout_script"]

LIMIT = 100_000
"""Bytes that script and weights together may have."""

_MOST_COLUMNS = 200  # more controls than this nobody sets
_MOST_STEPS = 400


def tryout(model: Any, record: Record | None) -> dict[str, Any]:
    """Either `data`, the JSON that the page's script reads, or `reason`, why it is left out; and the size in bytes.

    Args:
        model: the `Model` of the record.
        record: its record.
    """
    parameters, reason, data = model.network.parameter_count, _reason(model), ""
    for bits in (32, 16):  # rounded parameters rather than none
        size = len(tryout_script()) + parameters * bits // 6
        if not reason and size <= LIMIT:
            data = json_text(_payload(model, record, bits), exact=True)
            size = len(data) + len(tryout_script())
        if reason or size <= LIMIT:
            break
    if not reason and size > LIMIT:
        reason = (
            f"with its {parameters:,} parameters it would add {size / 1000:,.0f} kB to this page, and {LIMIT // 1000} "
            "are the limit"
        )
    return {"data": None if reason else data, "reason": reason, "size": size, "rounded": bits == 16}


@cache
def tryout_script() -> str:
    """`predict.js` in a scope of its own, and the page's controls."""
    own = resources.files("thetastar.report").joinpath("templates", "tryout.js").read_text(encoding="utf-8")
    return f"const {{ read }} = (() => {{\n{inline(predict_script())}return {{ read }};\n}})();\n{inline(own)}"


def _reason(model: Any) -> str | None:
    """Why no controls can be made for the model's columns, or None."""
    shape = model.preparation.input_shape
    if model.target_encoding.kind.targets > 1:
        return "it answers with several targets, which these controls cannot show"
    if model.target_encoding.kind.levels:
        return "it answers with quantiles, which these controls cannot show"
    if len(shape) == 2 and (shape[1] > 1 or shape[0] > _MOST_STEPS):
        return f"its rows are sequences of {shape[0]} steps of {shape[1]} numbers, too many to set by hand"
    if len(shape) == 3 and shape[2] != 1:
        return "its rows are images in colour, which cannot be drawn by hand here"
    if len(shape) == 1 and len(model.preparation.widths) > _MOST_COLUMNS:
        return f"it has {len(model.preparation.widths)} columns, too many to set by hand"
    return None


def _payload(model: Any, record: Record | None, bits: int) -> dict[str, Any]:
    return {
        "model": describe(model, bits=bits),
        "ranges": {**_ranges(model.preparation), **_seen(record)},
        "error": record.test.scores.get("mae") if record and not model.target_encoding.classes else None,
        "samples": _samples(record),
    }


def _ranges(preparation: Any) -> dict[str, list[float]]:
    """[least, greatest] of every number in the training rows where its pieces know them, else a usual range."""
    base = getattr(preparation, "base", preparation)
    edges = dict(zip(getattr(preparation, "columns", ()), getattr(preparation, "edges", ()), strict=True))
    ranges, at = {}, 0
    for block in base.blocks:
        if hasattr(block, "median"):
            ends = np.array([-3.0, 3.0]) if at not in edges else np.asarray(edges[at], dtype=np.float64)[[0, -1]]
            if block.limit > 0:  # back through z / sqrt(1 + (z / limit)^2)
                inside = np.clip(ends / block.limit, -0.999, 0.999)
                ends = inside * block.limit / np.sqrt(1 - inside**2)
            ranges[block.name] = [float(f"{block.centre + block.scale * end:.4g}") for end in ends]
        at += block.width
    return ranges


def _seen(record: Record | None) -> dict[str, list[float]]:
    """[least, greatest] number of every column, where the record knows them."""
    columns = record.columns if record else ()
    ends = {column.name: (column.low, column.high) for column in columns}
    return {
        name: [low, high] for name, (low, high) in ends.items() if low is not None and high is not None and low < high
    }


def _samples(record: Record | None) -> list[dict[str, Any]]:
    """One sequence of each class to begin with."""
    groups = record.samples.groups if record and record.samples else ()
    return [{"label": group.label, "line": list(group.lines[0])} for group in groups if group.lines][:12]
