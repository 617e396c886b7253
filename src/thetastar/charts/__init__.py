"""Charts: pictures from plain JSON, drawn as accessible SVG by one small JavaScript module.

The builders make the JSON, `fragment` a piece of HTML that needs nothing else, `assets` what a page holds once.
The format, the JavaScript and its events: docs/reference/charts.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from thetastar.charts.builders import (
    COLORS,
    Axis,
    Band,
    Bars,
    BarSeries,
    Chart,
    Contours,
    Counts,
    Dots,
    Heatmap,
    Histogram,
    Line,
    Lines,
    Mark,
    Matrix,
    Multiples,
    NetworkDrawing,
    Path,
    Points,
    Scale,
    Strip,
    Strips,
)  # fmt: skip
from thetastar.charts.inline import inline
from thetastar.charts.plain import json_text, plain

__all__ = [
    "COLORS", "Assets", "Axis", "Band", "BarSeries", "Bars", "Chart", "Contours", "Counts", "Dots", "Heatmap",
    "Histogram", "Line", "Lines", "Mark", "Matrix", "Multiples", "NetworkDrawing", "Path", "Points", "Scale", "Strip",
    "Strips", "assets", "fragment", "inline", "json_text", "plain",
]  # fmt: skip


@dataclass(frozen=True)
class Assets:
    """What a page needs once: `style` for a style element, `script` for the start of a module script."""

    style: str
    script: str


_PARTS = (
    "errors", "numbers", "times", "svg", "colors", "axes", "series", "bars", "fields", "matrix", "network", "panel",
    "multiples", "reach",
)  # fmt: skip


@cache
def assets() -> Assets:
    """The style sheet and the module as texts, for pages that hold everything in themselves.

    A page puts `script` at the start of a script element of its own and calls `draw(element, spec)` after it. It is the
    module's files one after another in a scope of their own, without imports, comment lines and indents.

    >>> assets().script.startswith("const { draw, format }")
    True
    """
    folder = resources.files(__name__)
    files = [folder.joinpath("parts", f"{name}.js") for name in _PARTS] + [folder.joinpath("charts.js")]
    script = inline("".join(file.read_text(encoding="utf-8") for file in files))
    style = inline(folder.joinpath("charts.css").read_text(encoding="utf-8"))
    return Assets(style, f"const {{ draw, format }} = (() => {{\n{script}return {{ draw, format }};\n}})();\n")


def fragment(chart: Chart | dict[str, Any]) -> str:
    """A piece of HTML that draws one chart by itself: style, module and spec inside, no request to anywhere.

    Args:
        chart: a builder or a spec.

    >>> page = fragment(Lines([Line("loss", y=[3, 2, 1])], label="Loss"))
    >>> page.startswith("<div")
    True
    """
    import secrets

    spec = chart.spec() if isinstance(chart, Chart) else chart
    found, name = assets(), f"thetastar-{secrets.token_hex(6)}"
    return (
        f'<div class="thetastar-chart"><style>{found.style}</style><div id="{name}"></div>'
        f'<script type="module">{found.script}\n'
        f'draw(document.getElementById("{name}"), {json_text(spec)});</script></div>'
    )
