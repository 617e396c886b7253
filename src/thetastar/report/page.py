"""The page itself: templates filled with the view, the charts' script and style inside, one file written at once."""

from __future__ import annotations

import os
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from thetastar import charts
from thetastar.model.record import Record
from thetastar.report import numbers
from thetastar.report.tryout import tryout, tryout_script
from thetastar.report.view import build_view

if TYPE_CHECKING:
    import jinja2

    from thetastar.model import Model

__all__ = ["render", "write_report"]


def render(record: Record, model: Model | None = None) -> str:
    """The whole report of one study as an HTML page that needs no other file and no network.

    Names from the data are escaped wherever they appear.

    Args:
        record: what `Model.record` holds.
        model: the `Model` itself, for the part in which a reader tries it; without one that part is missing.

    >>> import thetastar as ts
    >>> rows = {"x": [k / 50 for k in range(100)], "y": [(k / 50) ** 2 for k in range(100)]}
    >>> render(ts.fit(rows, target="y", candidates=[(8,)], effort=1).record).splitlines()[0]
    '<!doctype html>'
    """
    from markupsafe import Markup

    from thetastar.study.folder import to_toml

    texts = {name: Markup(_text(name)) for name in ("style.css", "page.js", "cells.js")}  # ours: must not be escaped
    found = charts.assets()
    figures: dict[str, charts.Chart] = {}

    def figure(name: str, chart: charts.Chart) -> str:
        figures[name] = chart
        return ""

    tried = None if model is None else tryout(model, record)
    script = Markup(found.script) + texts["page.js"]
    if tried and tried["data"]:
        script += Markup(tryout_script())
    view = build_view(record)
    if view.get("cells"):
        script += texts["cells.js"]
    template = _environment().get_template("report.html.jinja")
    return template.render(
        **view,
        cells_data=Markup(charts.json_text(view.get("cells"))),
        settings_text=to_toml(record.settings.model_dump(mode="json")),
        style=Markup(found.style) + texts["style.css"],
        script=script,
        tryout=tried,
        tryout_data=Markup(tried["data"]) if tried and tried["data"] else None,
        figure=figure,
        figures=lambda: Markup(charts.json_text(figures)),
    )


def write_report(record: Record, path: str | os.PathLike[str], model: Model | None = None) -> Path:
    """Write the report to `path` and return it. The file appears whole or not at all.

    `record` and `model` are those of `render`.

    Raises:
        InputError: the folder does not exist, or the file cannot be written.
    """
    from thetastar._files import write_atomically

    return write_atomically(path, render(record, model).encode("utf-8", "replace"))


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("thetastar.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["shown"] = numbers.shown
    environment.globals.update(
        score=numbers.score,
        spread=numbers.spread,
        count=numbers.count,
        duration=numbers.duration,
        is_number=numbers.is_number,
    )
    return environment


def _text(name: str) -> str:
    return resources.files("thetastar.report").joinpath("templates", name).read_text(encoding="utf-8")
