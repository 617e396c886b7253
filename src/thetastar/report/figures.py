"""The report's plotly figures, as JSON-able dictionaries.

Colours are names of the style sheet's variables (`var(--network)`): the page resolves them when it draws, so the same
figure serves light, dark and print, and the style sheet stays the only place where a colour is chosen. Text that comes
from data is escaped, because plotly reads markup in labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import pairwise
from statistics import median
from typing import Any

from thetastar.model.record import ClassCounts, Curve, Histogram, RocCurve
from thetastar.report.numbers import is_number, score, shown

__all__ = ["label_text", "learning_curves", "real_and_predicted", "residuals", "roc", "target_distribution"]

POINTS = 4000
"""No figure holds more points than about this: the file stays small and the page quick."""

CLASSES_SHOWN = 26


def label_text(value: object, length: int = 26) -> str:
    """A name from the data as a plotly label: one line, cut with an ellipsis, markup escaped."""
    text = shown(value)
    if len(text) > length:
        text = text[: length - 1].rstrip() + "…"
    return escape(text, quote=False)


def target_distribution(distribution: Histogram | ClassCounts, target: str) -> dict[str, Any]:
    """Bars of the target: a histogram for numbers, rows per class (most frequent first) for classes."""
    if isinstance(distribution, Histogram):
        edges, counts = distribution.edges, list(distribution.counts)
        middles = [(a + b) / 2 for a, b in pairwise(edges)]
        ranges = [f"{score(a)} to {score(b)}" for a, b in pairwise(edges)]
        bars: dict[str, Any] = {
            "type": "bar",
            "x": middles,
            "y": counts,
            "width": [b - a for a, b in pairwise(edges)],
            "marker": {"color": "var(--network)", "line": {"color": "var(--surface)", "width": 1}},
            "customdata": ranges,
            "hovertemplate": "%{customdata}<br>%{y:,} rows<extra></extra>",
        }
        return _figure([bars], x=_axis(label_text(target, 40)), y=_axis("rows", zero=True), height=280)
    pairs = sorted(zip(distribution.counts, distribution.labels, strict=True), key=lambda pair: -pair[0])[
        :CLASSES_SHOWN
    ]
    counts, labels = [pair[0] for pair in pairs], [label_text(pair[1]) for pair in pairs]
    if len(pairs) > 10:
        places = list(range(len(pairs)))
        bars = {
            "type": "bar",
            "x": places,
            "y": counts,
            "customdata": labels,
            "marker": {"color": "var(--network)"},
            "hovertemplate": "%{customdata}<br>%{y:,} rows<extra></extra>",
        }
        ticks = {
            "tickvals": places,
            "ticktext": [label_text(pair[1], 14) for pair in pairs],
            "tickangle": -90,
            "showgrid": False,
        }
        return _figure([bars], x=_axis(None) | ticks, y=_axis("rows", zero=True), height=320)
    # Positions are numbers, labels only tick texts: two labels that look alike after cutting must not share a bar.
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": counts,
        "y": list(range(len(pairs))),
        "customdata": labels,
        "text": [f"{c:,}" for c in counts],
        "textposition": "outside",
        "cliponaxis": False,
        "marker": {"color": "var(--network)"},
        "hovertemplate": "%{customdata}<br>%{x:,} rows<extra></extra>",
    }
    y = _axis(None) | {
        "tickvals": bars["y"],
        "ticktext": labels,
        "autorange": "reversed",
        "showgrid": False,
        "automargin": True,
    }
    x = _axis("rows", zero=True) | {"range": [0, 1.14 * max(counts, default=1)]}
    return _figure([bars], x=x, y=y, height=90 + 24 * len(pairs))


def learning_curves(curves: Sequence[Curve], refit_loss: Sequence[float] = ()) -> dict[str, Any]:
    """Training and validation loss by epoch for every re-run, a ring at each best epoch, the final training dotted.

    More than a handful of runs fade behind the median over the runs, which alone can then be followed by eye.
    """
    curves = curves[:24]
    many = len(curves) > 5
    room = max(40, POINTS // (2 * max(len(curves), 1) + 3))
    traces: list[dict[str, Any]] = []
    for kind, key, colour in (
        ("training", "loss", "var(--network)"),
        ("validation", "validation_loss", "var(--baseline)"),
    ):
        runs = [getattr(curve, key) for curve in curves]
        for i, losses in enumerate(runs):
            epochs = _thinned(len(losses), room, keep=curves[i].best_epoch)
            line = _curve(epochs, losses, f"{kind}, run {i + 1}", colour, 1.0 if many else 1.8)
            traces.append(
                line
                | {
                    "name": kind,
                    "legendgroup": kind,
                    "showlegend": i == 0 and not many,
                    "opacity": 0.3 if many else 0.85,
                }
            )
        if many:
            middle = _medians(runs)
            line = _curve(_thinned(len(middle), room), middle, f"{kind}, median", colour, 3)
            traces.append(line | {"name": kind, "legendgroup": kind})
    rings = [
        (curve.best_epoch, curve.validation_loss[curve.best_epoch - 1])
        for curve in curves
        if 0 < curve.best_epoch <= len(curve.validation_loss)
    ]
    if rings:
        ring = {"size": 8 if many else 11, "color": "var(--surface)", "line": {"color": "var(--baseline)", "width": 2}}
        best = _curve([], [], "best epoch", "var(--baseline)", 2)
        traces.append(
            best | {"mode": "markers", "x": [r[0] for r in rings], "y": [r[1] for r in rings], "marker": ring}
        )
    if refit_loss:
        line = _curve(_thinned(len(refit_loss), room), refit_loss, "final training", "var(--ink)", 1.8)
        line["line"]["dash"] = "dot"
        traces.append(line)
    values = [value for trace in traces for value in trace["y"] if value is not None]
    y = _axis("loss")
    if values and min(values) > 0 and max(values) > 20 * min(values):
        y |= {"type": "log", "title": y["title"] | {"text": "loss (logarithmic)"}}
        y["dtick"] = "D2" if max(values) < 1000 * min(values) else 1
    return _figure(traces, x=_axis("epoch"), y=y, height=400, legend=True)


def _curve(epochs: list[int], losses: Sequence[float], name: str, colour: str, width: float) -> dict[str, Any]:
    y = [losses[epoch - 1] if is_number(losses[epoch - 1]) else None for epoch in epochs]
    hover = f"{name}<br>epoch %{{x}}: %{{y:.4g}}<extra></extra>"
    line = {"color": colour, "width": width}
    return {"type": "scatter", "mode": "lines", "x": epochs, "y": y, "name": name, "line": line, "hovertemplate": hover}


def _medians(runs: list[list[float]]) -> list[float]:
    """Median loss by epoch for as long as half of the runs go on; the few that last longest would make it jump."""
    medians = []
    for epoch in range(max(map(len, runs), default=0)):
        there = [losses[epoch] for losses in runs if epoch < len(losses) and is_number(losses[epoch])]
        if 2 * len(there) < len(runs):
            break
        medians.append(median(there))
    return medians


def real_and_predicted(real: list[float], predicted: list[float], target: str) -> dict[str, Any]:
    """Every test row as a dot: what it is against what the network says; on the diagonal they agree."""
    low, high = min([*real, *predicted], default=0), max([*real, *predicted], default=1)
    dots = _dots(real, predicted, "real %{x:,.6~g}<br>predicted %{y:,.6~g}<extra></extra>")
    name = label_text(target, 30)
    return _figure(
        [dots, _line([low, high], [low, high], "var(--baseline)")],
        x=_axis(f"real {name}"),
        y=_axis("predicted"),
        height=420,
    )


def residuals(real: list[float], predicted: list[float], target: str) -> dict[str, Any]:
    """Real minus predicted against predicted, with the residuals' own distribution at the side."""
    rest = [r - p for r, p in zip(real, predicted, strict=True)]
    low, high = min(predicted, default=0), max(predicted, default=1)
    dots = _dots(predicted, rest, "predicted %{x:,.6~g}<br>real − predicted %{y:,.6~g}<extra></extra>")
    middles, counts, width = _bins(rest, 36)
    side = {
        "type": "bar",
        "orientation": "h",
        "x": counts,
        "y": middles,
        "width": width,
        "xaxis": "x2",
        "marker": {"color": "var(--network)"},
        "opacity": 0.55,
        "hovertemplate": "%{x} rows<extra></extra>",
    }
    figure = _figure(
        [dots, _line([low, high], [0, 0], "var(--baseline)"), side],
        x=_axis(f"predicted {label_text(target, 24)}"),
        y=_axis("real − predicted"),
        height=420,
    )
    figure["layout"]["xaxis"]["domain"] = [0, 0.82]
    figure["layout"]["xaxis2"] = {"domain": [0.84, 1], "visible": False, "fixedrange": True}
    figure["layout"]["bargap"] = 0
    return figure


def roc(curve: RocCurve, positive: object) -> dict[str, Any]:
    """True-positive rate against false-positive rate over all thresholds; the dashed line is guessing."""
    steps = [i - 1 for i in _thinned(len(curve.fpr), 600)]
    line = _line([curve.fpr[i] for i in steps], [curve.tpr[i] for i in steps], "var(--network)")
    line |= {
        "line": {"color": "var(--network)", "width": 2.5},
        "hoverinfo": "all",
        "fill": "tozeroy",
        "fillcolor": "var(--wash)",
        "hovertemplate": "false positives %{x:.1%}<br>true positives %{y:.1%}<extra></extra>",
    }
    guess = _line([0, 1], [0, 1], "var(--muted)") | {"line": {"color": "var(--muted)", "width": 1.5, "dash": "dash"}}
    figure = _figure(
        [line, guess],
        x=_axis("false-positive rate") | {"range": [-0.01, 1.01]},
        y=_axis(f"true-positive rate ({label_text(positive, 20)})") | {"range": [-0.01, 1.03]},
        height=400,
    )
    figure["layout"]["annotations"] = [
        {
            "x": 0.95,
            "y": 0.08,
            "xanchor": "right",
            "showarrow": False,
            "text": f"AUC {score(curve.auc, 'auc')}",
            "font": {"size": 20, "color": "var(--ink)"},
        }
    ]
    return figure


def _figure(
    traces: list[dict[str, Any]], *, x: dict[str, Any], y: dict[str, Any], height: int, legend: bool = False
) -> dict[str, Any]:
    """Check the figure with plotly's own rules and return it as a dictionary."""
    import plotly.graph_objects as go

    layout = {
        "height": height,
        "margin": {"l": 56, "r": 16, "t": 40 if legend else 14, "b": 48},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": "var(--ink)", "size": 13},
        "showlegend": legend,
        "xaxis": x,
        "yaxis": y,
        "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom", "font": {"size": 13}},
        "hoverlabel": {"bgcolor": "var(--ink)", "bordercolor": "var(--ink)", "font": {"color": "var(--surface)"}},
        "hovermode": "closest",
        "bargap": 0.25,
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": "var(--muted)", "activecolor": "var(--ink)"},
    }
    go.Figure(
        data=_without_variables(traces), layout=_without_variables(layout)
    )  # raises where a name or a value is not plotly's
    return {"data": traces, "layout": layout}


def _without_variables(part: Any) -> Any:
    if isinstance(part, dict):
        return {key: _without_variables(value) for key, value in part.items()}
    if isinstance(part, list):
        return [_without_variables(value) for value in part] if part and isinstance(part[0], dict) else part
    return "black" if isinstance(part, str) and part.startswith("var(--") else part


def _axis(title: str | None, zero: bool = False) -> dict[str, Any]:
    axis = {
        "gridcolor": "var(--line)",
        "linecolor": "var(--line)",
        "zeroline": zero,
        "zerolinecolor": "var(--line)",
        "automargin": True,
        "tickfont": {"color": "var(--muted)", "size": 12},
        "ticks": "",
    }
    if title:
        axis["title"] = {"text": title, "font": {"size": 13, "color": "var(--muted)"}, "standoff": 10}
    return axis


def _dots(x: list[float], y: list[float], hover: str) -> dict[str, Any]:
    marker = {"size": 6 if len(x) > 300 else 8, "color": "var(--network)", "opacity": 0.4 if len(x) > 300 else 0.65}
    return {"type": "scatter", "mode": "markers", "x": x, "y": y, "marker": marker, "hovertemplate": hover}


def _line(x: list[float], y: list[float], colour: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "y": y,
        "line": {"color": colour, "width": 2},
        "hoverinfo": "skip",
    }


def _thinned(length: int, room: int, keep: int | None = None) -> list[int]:
    """Epoch numbers 1…length, at most about `room` of them, always with the first, the last and `keep`."""
    step = max(1, -(-length // room))
    epochs = set(range(1, length + 1, step)) | {length}
    if keep and keep <= length:
        epochs.add(keep)
    return sorted(epoch for epoch in epochs if epoch >= 1)


def _bins(values: list[float], bins: int) -> tuple[list[float], list[int], float]:
    low, high = min(values, default=0.0), max(values, default=1.0)
    width = (high - low) / bins or 1.0
    counts = [0] * bins
    for value in values:
        counts[min(int((value - low) / width), bins - 1)] += 1
    return [low + (i + 0.5) * width for i in range(bins)], counts, width
