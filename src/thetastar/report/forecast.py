"""The report of a forecast: one HTML file that works offline, in the frame of every report."""

from __future__ import annotations

import os
import shlex
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from thetastar._files import write_atomically
from thetastar.forecasting.options import ForecastOptions
from thetastar.report import numbers

__all__ = ["render", "write_report"]

_ROWS = 400  # of the forecast in the page; the file beside it has all


def write_report(model: Any, path: str | os.PathLike[str]) -> Path:
    """Write the report of a `ForecastModel` to `path`, all or nothing.

    Raises:
        InputError: the folder does not exist, or the file cannot be written.
    """
    return write_atomically(path, render(model).encode("utf-8", "replace"))


def render(model: Any) -> str:
    """The page. Names from the data are escaped wherever they appear."""
    from markupsafe import Markup

    from thetastar import charts

    assets = charts.assets()
    figures: dict[str, Any] = {}

    def figure(name: str, chart: Any) -> str:
        figures[name] = chart
        return ""

    view = _view(model)
    page = _environment().get_template("forecast.html.jinja")
    return page.render(
        **view, figure=figure, figures=lambda: Markup(charts.json_text(figures)),
        style=Markup(assets.style) + Markup(_text("style.css")),
        script=Markup(assets.script) + Markup(_text("page.js")),
    )  # fmt: skip


def _view(model: Any) -> dict[str, Any]:
    """Everything that the page shows, section by section."""
    import numpy as np

    from thetastar.report import forecast_figures as pictures

    record = model.record
    dates = model.series.layout.dates
    rows = model.rows() if model.sees_ahead() else []
    shown = record.pictures["series"]
    steps = model.horizon
    floors = [bool(f == 0) for f in np.asarray(model.floor)]
    lines = [
        pictures.forecast_lines(record, entry, rows[k * steps : (k + 1) * steps], dates, floors[k])
        for k, entry in enumerate(shown) if rows
    ]  # fmt: skip
    tested = [entry for entry in shown if entry.get("unseen") and entry["unseen"]["at"]]
    step, plural = _step_words(record.frequency)
    level, window = pictures.level(record, shown[0], dates)
    unseen = record.unseen
    naive = None
    if unseen is not None:
        naive = unseen.baselines.get("seasonal naive") or unseen.baselines.get("last value")
    ratio = unseen.mae / naive["mae"] if unseen and naive and naive["mae"] and unseen.mae is not None else None
    return {
        "record": record, "rows": rows[:_ROWS], "hidden_rows": max(0, len(rows) - _ROWS), "lines": lines,
        "columns": list(rows[0]) if rows else [], "unseen": unseen, "ratio": ratio,
        "naive_name": "seasonal naive" if unseen and "seasonal naive" in unseen.baselines else "last value",
        "state": "level" if record.baseline_chosen else "ahead" if ratio is None or ratio < 1 else "behind",
        "step": step, "steps": plural, "waits_for": "" if rows else ", ".join(model.known),
        "level": level, "level_window": window,
        "of_first": f" ({shown[0]['id']})" if record.series > 1 else "",
        "real": [pictures.real_and_estimated(record, e, dates, floors[k]) for k, e in enumerate(tested[:2])],
        "residuals": pictures.residuals(record, tested[0], dates) if tested else None,
        "by_step": pictures.by_step(record, unseen) if unseen and unseen.steps > 1 else None,
        "coverage": pictures.coverage(record, unseen) if unseen and unseen.steps > 1 else None,
        "by_phase": pictures.by_phase(record, tested[0]) if tested else None, "shape": pictures.shape(record),
        "board": pictures.board_strips(record) if record.board else None,
        "rivals": _rivals(record), "lecture": record.lecture,
        "lecture_charts": pictures.lecture_charts(record.lecture, dates) if record.lecture else {},
        "use": _use(model),
    }  # fmt: skip


def _step_words(frequency: str) -> tuple[str, str]:
    """One step and several in words: `day`, `days`; `step`, `steps` where a step is several units."""
    one = frequency if frequency.replace(" ", "").isalpha() and "day of" not in frequency else "step"
    return one, f"{one}s"


def _rivals(record: Any) -> list[dict[str, Any]]:
    """The chosen forecast and the baselines on the test, best first."""
    if record.unseen is None:
        return []
    unseen = record.unseen
    own = {"name": record.chosen, "chosen": True} | {k: getattr(unseen, k) for k in ("mae", "rmse", "smape", "mase")}
    rows = [own] + [{"name": n, "chosen": False} | e for n, e in unseen.baselines.items() if n != record.chosen]
    return sorted(rows, key=lambda row: (row["mae"] is None, row["mae"] or 0.0))


def _use(model: Any) -> dict[str, str]:
    """Lines to copy."""
    record = model.record
    known = ", known=future" if model.known else ""
    python = [
        "import thetastar as ts", "", 'model = ts.load("model.theta")',
        f"model.forecast({max(model.horizon, 30)}{known})      # a frame with intervals",
        'model.predict("rows.csv")       # one step ahead, for every row',
        'model.extended("new_rows.csv")  # goes on from there, nothing is trained',
    ]  # fmt: skip
    shell = [
        f"thetastar predict model.theta new_rows.csv --horizon {model.horizon}",
        "thetastar evaluate model.theta new_rows.csv",
    ]
    again = ["thetastar", "forecast", record.source, "--target", record.target, "--time", record.time]
    if record.id:
        again += ["--id", record.id]
    again += ["--horizon", str(record.horizon)]
    defaults = {name: field.default for name, field in ForecastOptions.model_fields.items()}
    for option, value in record.settings.items():
        if option in ("target", "time", "id", "horizon") or value in (None, defaults[option]):
            continue
        if isinstance(value, list):
            if tuple(value) == defaults[option]:
                continue
            value = ",".join(f"{part:g}" if isinstance(part, float) else str(part) for part in value) or "none"
        again += ["--level" if option == "levels" else f"--{option}", str(value)]
    again += ["--lecture"] if record.lecture else []
    return {"python": "\n".join(python), "shell": "\n".join(shell), "again": shlex.join(again)}


@cache
def _environment() -> Any:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("thetastar.report"),
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["shown"] = numbers.shown
    environment.globals.update(
        score=numbers.score, count=numbers.count, duration=numbers.duration, is_number=numbers.is_number
    )
    return environment


def _text(name: str) -> str:
    return resources.files("thetastar.report").joinpath("templates", name).read_text(encoding="utf-8")
