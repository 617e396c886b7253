"""The pictures of a forecast's report, as charts; numbers come from the record and from the model's own forecast."""

from __future__ import annotations

from typing import Any

from thetastar import charts
from thetastar.forecasting.record import ForecastRecord, Unseen

__all__ = ["board_strips", "by_phase", "by_step", "coverage", "forecast_lines", "lecture_charts", "level",
           "real_and_estimated", "residuals", "shape"]  # fmt: skip

_PAST = 4  # horizons of the past beside a forecast, and at least so many steps:
_LEAST = 60
_LEVELS = 400  # points of the level's line


def _time_axis(dates: bool, title: str | None = None) -> charts.Axis:
    return charts.Axis(title, scale="time" if dates else None)


def _value_axis(record: ForecastRecord, floor: bool) -> charts.Axis:
    return charts.Axis(record.target, possible=(0, None) if floor else None)


def forecast_lines(record: ForecastRecord, series: dict[str, Any], rows: list[dict[str, Any]], dates: bool,
                   floor: bool) -> charts.Lines:  # fmt: skip
    """The past, the estimates over the unseen stretch, and the forecast with its bands."""
    keep = max(_LEAST, _PAST * len(rows))
    times, values = series["times"][-keep:], series["values"][-keep:]
    cut = len(series["times"]) - len(times)
    lines: list[Any] = [charts.Line("real", x=_x(times, dates), y=values, color="red")]
    if series.get("unseen"):
        at = [
            (k - cut, v) for k, v in zip(series["unseen"]["at"], series["unseen"]["predicted"], strict=True) if k >= cut
        ]
        if at:
            lines.append(charts.Line(
                "estimated one step ahead", x=_x([times[k] for k, _ in at], dates), y=[v for _, v in at], color="blue",
                width=1.5, opacity=0.7,
            ))  # fmt: skip
    # One or two steps alone would show no band: they begin at the last real value.
    start = times[-1:] if len(rows) <= 2 and values[-1] is not None else []
    bands = [
        charts.Band(
            [*(values[-1] for _ in start), *(row[f"lower_{each:g}"] for row in rows)],
            [*(values[-1] for _ in start), *(row[f"upper_{each:g}"] for row in rows)], f"{each:g} %",
        )
        for each in sorted(record.levels, reverse=True)
    ]  # fmt: skip
    lines.append(charts.Line(
        "forecast", x=_x([*start, *(row["time"] for row in rows)], dates), color="blue",
        y=[*(values[-1] for _ in start), *(row["prediction"] for row in rows)], bands=bands,
        dots=True if len(rows) <= 2 else None,
    ))  # fmt: skip
    name = f" of {series['id']}" if series["id"] else ""
    return charts.Lines(
        lines, x=_time_axis(dates), y=_value_axis(record, floor), label=f"Forecast of {record.target}{name}",
        title=series["id"] or None, height=340,
    )  # fmt: skip


def real_and_estimated(record: ForecastRecord, series: dict[str, Any], dates: bool, floor: bool) -> charts.Lines:
    """Red against blue over the unseen stretch, one step ahead."""
    at, predicted = series["unseen"]["at"], series["unseen"]["predicted"]
    times = _x([series["times"][k] for k in at], dates)
    lines = [
        charts.Line("real", x=times, y=[series["values"][k] for k in at], color="red"),
        charts.Line("estimated the step before", x=times, y=predicted, color="blue"),
    ]
    return charts.Lines(
        lines, x=_time_axis(dates), y=_value_axis(record, floor),
        label="Real and estimated values over the unseen stretch",
        title=series["id"] or None, height=320,
    )  # fmt: skip


def residuals(record: ForecastRecord, series: dict[str, Any], dates: bool) -> charts.Points:
    """Real minus estimated over time."""
    at, predicted = series["unseen"]["at"], series["unseen"]["predicted"]
    rest = [
        None if series["values"][k] is None or p is None else series["values"][k] - p
        for k, p in zip(at, predicted, strict=True)
    ]
    dots = charts.Dots("real − estimated", x=_x([series["times"][k] for k in at], dates), y=rest, color="blue", size=3)
    return charts.Points(
        [dots], x=_time_axis(dates), y=charts.Axis("real − estimated"), marks=[charts.Mark(y=0)],
        label="What was missed, over time", height=260,
    )  # fmt: skip


def by_step(record: ForecastRecord, unseen: Unseen) -> charts.Lines:
    """Mean absolute error by step of the horizon, beside the seasonal naive's."""
    steps = unseen.by_step
    naive = "seasonal naive" if "seasonal naive" in unseen.baselines else "last value"
    x = [step.step for step in steps]
    lines = [
        charts.Line(record.chosen, x=x, y=[step.mae for step in steps], color="blue", dots=len(steps) < 15 or None),
        charts.Line(naive, x=x, y=[step.naive for step in steps], color="orange", dots=len(steps) < 15 or None),
    ]
    return charts.Lines(
        lines, x=charts.Axis("steps ahead", format="integer"), y=charts.Axis("mean absolute error", zero=True),
        label="Error by step of the horizon", height=280,
    )  # fmt: skip


def coverage(record: ForecastRecord, unseen: Unseen) -> charts.Lines:
    """The share of unseen values that each interval held, by step."""
    steps = unseen.by_step
    colours = ("blue", "teal", "purple", "green")
    lines, marks = [], []
    for level, colour in zip(record.levels, colours, strict=False):
        shares = [step.coverage.get(f"{level:g}") for step in steps]
        lines.append(charts.Line(f"{level:g} % interval", x=[s.step for s in steps], y=shares, color=colour,
                                 dots=len(steps) < 15 or None))  # fmt: skip
        marks.append(charts.Mark(y=level / 100, color=colour, dash="dashed"))
    least = min([0.5, *(share for line in lines for share in line.y if share is not None)])
    return charts.Lines(
        lines, x=charts.Axis("steps ahead", format="integer"),
        y=charts.Axis("held", format="percent", possible=(0, 1), min=least),
        marks=marks, label="Coverage by step of the horizon", height=280,
    )  # fmt: skip


def by_phase(record: ForecastRecord, series: dict[str, Any]) -> charts.Bars | None:
    """Mean absolute error one step ahead by weekday, month or phase."""
    names, errors = record.pictures["phase_names"], series.get("phase")
    if not errors or len(errors) < 2 or len(errors) > 60 or len(names) != len(errors):
        return None
    return charts.Bars(
        names, [charts.BarSeries(errors, "mean absolute error", color="blue")],
        value=charts.Axis("mean absolute error", zero=True),
        orientation="vertical", label="Error one step ahead by phase of the season", height=260,
    )  # fmt: skip


def shape(record: ForecastRecord) -> charts.Bars | None:
    """How the phases of the season lie about its mean."""
    found, names = record.pictures["shape"], record.pictures["phase_names"]
    if not found or len(found) > 60 or len(names) != len(found):
        return None
    return charts.Bars(
        names, [charts.BarSeries(found, "above or below the season's mean", color="teal")],
        value=charts.Axis("of the mean", format="percent"), orientation="vertical", label="The season's shape",
        height=260,
    )  # fmt: skip


def level(record: ForecastRecord, series: dict[str, Any], dates: bool) -> tuple[charts.Lines | None, int]:
    """How high the series lay over time, as the mean over a season about each step; and of how many steps."""
    import numpy as np

    values = np.array([np.nan if value is None else value for value in series["values"]], dtype=np.float64)
    wanted = record.season or record.lag
    window = wanted if 1 < wanted <= len(values) // 3 else max(2, len(values) // 30)
    if len(values) < 4 * window:
        return None, window
    known = ~np.isnan(values)
    totals = np.convolve(np.where(known, values, 0.0), np.ones(window), mode="valid")
    counts = np.convolve(known, np.ones(window), mode="valid")
    means = [float(f"{t / n:.6g}") if n > 0.5 else None for t, n in zip(totals, counts, strict=True)]
    thin = slice(None, None, max(1, len(means) // _LEVELS))
    middle = _x(series["times"][window // 2 : window // 2 + len(means)], dates)
    line = charts.Line("level", x=middle[thin], y=means[thin], color="teal")
    return charts.Lines([line], x=_time_axis(dates), y=charts.Axis(record.target), label="The level over time",
                        height=240), window  # fmt: skip


def board_strips(record: ForecastRecord) -> charts.Strips:
    """What each candidate reached on the validation, relative to the seasonal naive, with its spread over time."""
    rows = []
    good = [(row, row.error) for row in record.board if row.error is not None]
    low = min((error for _, error in good), default=0.0)
    edge = max(1.05, 1.3 * low) if good else 1.3
    for row, error in good:
        spread = row.spread * error / row.mae if row.spread and row.mae else None
        rows.append(charts.Strip(
            row.name, error, low=None if spread is None else error - spread,
            high=None if spread is None else error + spread, color="orange" if row.baseline else "blue",
            shape="ring" if row.baseline else None, strong=row.weight > 0 or None,
            note=f"{100 * row.weight:.0f} %" if row.weight else None,
        ))  # fmt: skip
    return charts.Strips(
        rows, x=charts.Axis("error relative to the seasonal naive", min=max(0.0, low - 0.15), max=edge, format="score"),
        reference=1.0, label="Candidates on the validation",
    )  # fmt: skip


def lecture_charts(lecture: dict[str, Any], dates: bool) -> dict[str, charts.Chart]:
    """Depth against both losses, the 7-day weights, the loss map with the descent, and red against blue."""
    rows = [row for row in lecture["rows"] if row["name"] != "last value"]
    names = [row["name"].replace(" hidden", "").replace("linear, ", "linear ").split(",")[0] for row in rows]
    x = list(range(len(rows)))
    depth = charts.Lines(
        [charts.Line("seen", x=x, y=[row["seen"] for row in rows], color="blue", dots=True),
         charts.Line("unseen", x=x, y=[row["unseen"] for row in rows], color="orange", dots=True),
         charts.Dots("starts", x=[k for k, row in enumerate(rows) for _ in row["starts"] or []],
                     y=[v for row in rows for v in row["starts"] or []], color="orange", size=2.5, opacity=0.5)],
        x=charts.Axis(None, scale="category", categories=names),
        y=charts.Axis(f"mean absolute error of {lecture['unit']}", zero=True), height=320,
        label="Error on seen and unseen steps",
    )  # fmt: skip
    weights = lecture["weights"]
    count = len(weights["weights"])
    lags = charts.Bars(
        [f"{k + 1} before" for k in range(count)],
        [charts.BarSeries(weights["weights"], "this series", color="blue"),
         charts.BarSeries(weights["lecture"][:count], "the lecture's channel", color="gray")],
        value=charts.Axis("weight"), orientation="vertical", height=280,
        label="Weights of the linear function of 7 steps",
    )  # fmt: skip
    found = lecture["map"]
    surface = charts.Contours(
        [value for row in found["loss"] for value in row], shape=(len(found["biases"]), len(found["weights"])),
        extent=(found["weights"][0], found["weights"][-1], found["biases"][0], found["biases"][-1]),
        x=charts.Axis("w"), y=charts.Axis("b"), scale=charts.Scale("sequential", title="mean absolute error", log=True),
        levels=14, path=[tuple(point) for point in found["path"]],
        marks=[charts.Mark(point=(found["best"][0], found["best"][1]), label="θ*")],
        label="Loss of y = b + w x over b and w, and the descent", height=380,
    )  # fmt: skip
    curves = lecture["curves"]
    colours = ("blue", "teal")
    lines = [charts.Line("real", x=_x(curves["times"], dates), y=curves["real"], color="red")]
    lines += [
        charts.Line(name, x=_x(curves["times"], dates), y=values, color=colour)
        for (name, values), colour in zip(curves["estimates"].items(), colours, strict=False)
    ]
    both = charts.Lines(lines, x=_time_axis(dates), y=charts.Axis(lecture["unit"]), height=340,
                        label="Real values and estimates over the unseen stretch")  # fmt: skip
    return {"depth": depth, "weights": lags, "map": surface, "curves": both}


def _x(times: list[str], dates: bool) -> list[Any]:
    """Times as a chart takes them: texts for dates, numbers for an index."""
    return list(times) if dates else [float(time) for time in times]
