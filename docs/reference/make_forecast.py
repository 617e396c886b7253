"""Writes forecast.md from the table of options: `python docs/reference/make_forecast.py`."""

from __future__ import annotations

from pathlib import Path

PAGE = Path(__file__).with_name("forecast.md")

_HEAD = """# The options of a forecast

Made by `make_forecast.py` from the table of options, which `ts.forecast` and `thetastar forecast --help` read too.
On the command line lists are written with commas, and `levels` is `--level`.

| option | default | what it is |
|---|---|---|
"""

_TAIL = """
## What a forecast gives

| name | what it is |
|---|---|
| `forecast(steps, known=, levels=)` | a frame: id (if any), time, prediction, lower_L and upper_L for each level L |
| `predict(data)` | one value a row, made from the true rows before it; nan where there are too few |
| `extended(data)` | a model that has taken in new rows without training again |
| `evaluate(data)` | mae, rmse, smape (0 to 200, %), mase (lag: `record.unseen.mase_lag`), coverage, by_step |
| `score`, `leaderboard`, `verdict` | errors on the unseen stretch; a row for every candidate; the words |
| `record` | everything that report and command say, typed: `thetastar.forecasting.record.ForecastRecord` |
| `report(path)`, `save(path)` | one page that works offline; a `.theta` file, read by `ts.load` |
"""


def page() -> str:
    """The page's text."""
    from thetastar.forecasting.options import ForecastOptions

    rows = []
    for name, field in ForecastOptions.model_fields.items():
        default = "" if field.is_required() or field.default in (None, ()) else f"`{field.default}`"
        rows.append(f"| `{name}` | {'needed' if field.is_required() else default} | {field.description} |")
    return _HEAD + "\n".join(rows) + "\n" + _TAIL


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
