"""The network as a picture: one column of neurons per layer with weights, links between neighbours. Geometry only.

The template turns it into SVG, so names stay escaped and colours stay in the style sheet.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from thetastar.model.record import LayerRow

__all__ = ["draw_network"]

_DRAWN = 9  # neurons per column before the rest is only counted
_HEIGHT, _TOP, _STEP = 250, 24, 24
_COLUMN = 168


def draw_network(layers: Sequence[LayerRow], features: int) -> dict[str, Any] | None:
    """Columns, neurons, links and captions with their coordinates; `None` where there is nothing to draw."""
    columns: list[dict[str, Any]] = []
    if features:
        columns.append({"units": features, "title": "input", "lines": ["features"], "parameters": 0})
    for layer in layers:
        if not layer.parameters and columns and _units(layer) == columns[-1]["units"]:
            columns[-1]["lines"].append(_kind(layer.name))  # dropout and the like: a word under the layer before
            continue
        lines = [layer.activation] if layer.activation not in ("", "identity", "linear") else []
        columns.append(
            {
                "units": _units(layer),
                "title": _kind(layer.name),
                "lines": lines,
                "parameters": layer.parameters,
            }
        )
    if not layers or len(columns) < 2:
        return None
    columns[-1]["title"] = "output"
    for i, column in enumerate(columns):
        column["x"] = _COLUMN // 2 + i * _COLUMN
        column["neurons"] = _neurons(column["units"])
        column["gap"] = column["units"] is not None and column["units"] > _DRAWN
        column["colour"] = "input" if i == 0 and features else "output" if i == len(columns) - 1 else "hidden"
        column["baseline"] = _HEIGHT + 22
    links = [
        {"x1": a["x"] + 9, "y1": y1, "x2": b["x"] - 9, "y2": y2}
        for a, b in pairwise(columns)
        for y1 in a["neurons"]
        for y2 in b["neurons"]
    ]
    captions = 2 + max(len(column["lines"]) + bool(column["parameters"]) for column in columns)
    width = _COLUMN * len(columns)
    return {
        "width": width,
        "least": round(0.66 * width),
        "most": round(1.35 * width),
        "height": _HEIGHT + 8 + 19 * captions,
        "columns": columns,
        "links": links,
        "middle": _TOP + 4 * _STEP,
    }


def _neurons(units: int | None) -> list[float]:
    """Heights of the drawn neurons, centred; a wide layer keeps its middle free for the dots of "and more"."""
    middle = _TOP + 4 * _STEP
    if units is None or units <= _DRAWN:
        n = units or 1
        return [middle + (i - (n - 1) / 2) * _STEP for i in range(n)]
    return [_TOP + i * _STEP for i in range(_DRAWN) if i != _DRAWN // 2]


def _units(layer: LayerRow) -> int | None:
    """Neurons of a dense layer; None where an image or a sequence comes out."""
    return layer.output[0] if len(layer.output) == 1 else None


def _kind(name: str) -> str:
    return name.rstrip("0123456789").rstrip("_ ")
