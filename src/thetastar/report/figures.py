"""The report's figures: specs of `thetastar.charts`, one function a picture.

Names from the data go in as they are, but for control characters written out and long ones cut: charts never read
markup. Colours are names, so the same spec serves light, dark and print.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import Any

import numpy as np

from thetastar import charts
from thetastar.model.metrics import METRICS
from thetastar.model.record import (
    ClassCounts,
    Curve,
    GradientNorms,
    Histogram,
    LayerRow,
    LeaderboardRow,
    QuantileLevel,
    Reliability,
    RocCurve,
    Searched,
)
from thetastar.report.numbers import PERCENT_METRICS, is_number, score, shown

__all__ = [
    "CLASSES_SHOWN", "calibration", "gains", "gradients", "label_text", "learning_curves", "network", "overfitting",
    "precision_and_recall", "quantiles", "real_and_predicted",
    "residual_histogram", "residuals", "roc", "searched", "target_distribution",
]  # fmt: skip

POINTS = 4000
"""No figure holds more points than about this: the file stays small and the page quick."""

CLASSES_SHOWN = 26
_MOST_NETWORKS = 300  # that a picture shows
_FEWEST_NETWORKS = 3  # a comparison of fewer is a row of the leaderboard
_DEPTHS = {"no hidden layer": (0,), "1 hidden layer": (1,), "2 hidden layers": (2,), "3 or more": range(3, 100)}
_UPRIGHT = 10  # more classes than this stand upright, fewer lie


def label_text(value: object, length: int = 26) -> str:
    """A name from the data as a label: one line, cut with an ellipsis."""
    text = shown(value)
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def target_distribution(distribution: Histogram | ClassCounts, target: str) -> charts.Chart:
    """Bars of the target: a histogram for numbers, rows per class (most frequent first) for classes."""
    label = f"Distribution of {label_text(target, 40)}"
    rows = charts.Axis("rows", format="integer")
    if isinstance(distribution, Histogram):
        return charts.Histogram(
            [charts.Counts(distribution.counts)],
            edges=distribution.edges,
            x=charts.Axis(label_text(target, 40)),
            y=rows,
            label=label,
            height=280,
        )
    pairs = sorted(zip(distribution.counts, distribution.labels, strict=True), key=lambda pair: -pair[0])
    pairs = pairs[:CLASSES_SHOWN]
    lying = len(pairs) <= _UPRIGHT
    return charts.Bars(
        [label_text(name) for _, name in pairs],
        [charts.BarSeries([count for count, _ in pairs])],
        value=rows,
        numbers=lying,
        orientation="horizontal" if lying else "vertical",
        label=label,
        height=None if lying else 300,
    )


def learning_curves(curves: Sequence[Curve], refit_loss: Sequence[float] = ()) -> charts.Chart:
    """Training and validation loss by epoch for every re-run, a ring at each best epoch, the final training dotted.

    More than a handful of runs fade behind the median over the runs, which alone can then be followed by eye.
    """
    curves = curves[:24]
    many = len(curves) > 5
    room = max(40, POINTS // (2 * max(len(curves), 1) + 3))
    series: list[charts.Line] = []
    for kind, key, color in (("training", "loss", "blue"), ("validation", "validation_loss", "orange")):
        runs = [getattr(curve, key) for curve in curves]
        for i, losses in enumerate(runs):
            best = curves[i].best_epoch if key == "validation_loss" else None
            series.append(
                _curve(
                    losses, room, f"{kind}, run {i + 1}", color, group=kind, best=best, quiet=many,
                    width=1 if many else 1.8, opacity=0.3 if many else 0.9, told=curves[i].epochs,
                )
            )  # fmt: skip
        if many:
            told, filled = _on_one_grid(runs, [curve.epochs for curve in curves])
            series.append(_curve(_medians(filled), room, f"{kind}, median", color, group=kind, width=3, told=told))
    if refit_loss:
        series.append(_curve(refit_loss, room, "final training", "ink", dash="dotted"))
    values = [float(value) for line in series for value in line.y if value is not None]
    wide = bool(values) and min(values) > 0 and max(values) > 20 * min(values)
    return charts.Lines(
        series,
        x=charts.Axis("epoch", format="integer"),
        label="Training and validation loss by epoch",
        height=380,
        y=charts.Axis("loss (logarithmic)", scale="log") if wide else charts.Axis("loss"),
        legend=True,
    )


def _curve(
    losses: Sequence[float], room: int, name: str, color: str, *, best: int | None = None, told: Sequence[int] = (),
    **fields: Any,
) -> charts.Line:  # fmt: skip
    """A loss by epoch.

    Args:
        told: the epochs that it tells of; every one from the first on if empty.
    """
    epochs = list(told[: len(losses)]) or list(range(1, len(losses) + 1))
    place = epochs.index(best) + 1 if best in epochs else None
    kept = _thinned(len(losses), room, keep=place)
    ring = [kept.index(place)] if place in kept else None
    y = [losses[at - 1] if is_number(losses[at - 1]) else None for at in kept]
    return charts.Line(name, y, x=[epochs[at - 1] for at in kept], color=color, dots=ring, **fields)


def _on_one_grid(
    runs: Sequence[Sequence[float]], told: Sequence[Sequence[int]]
) -> tuple[list[int], Sequence[Sequence[float]]]:
    """The runs at epochs that all of them tell of: where some leave epochs out, straight lines stand for these."""
    if not any(told):
        return [], runs
    epochs = [own or range(1, len(losses) + 1) for own, losses in zip(told, runs, strict=True)]
    ends = [own[: len(losses)][-1] if losses else 0 for own, losses in zip(epochs, runs, strict=True)]
    grid = _thinned(max(ends), POINTS)
    filled = [
        np.interp([at for at in grid if at <= end], own[: len(losses)], losses).tolist() if losses else []
        for own, losses, end in zip(epochs, runs, ends, strict=True)
    ]
    return grid, filled


def _medians(runs: Sequence[Sequence[float]]) -> list[float]:
    """Median loss by epoch for as long as half of the runs go on; the few that last longest would make it jump."""
    medians = []
    for epoch in range(max(map(len, runs), default=0)):
        there = [losses[epoch] for losses in runs if epoch < len(losses) and is_number(losses[epoch])]
        if 2 * len(there) < len(runs):
            break
        medians.append(median(there))
    return medians


def real_and_predicted(real: list[float], predicted: list[float], target: str) -> charts.Chart:
    """Every test row as a dot: what it is against what the network says; on the diagonal they agree."""
    return charts.Points(
        [charts.Dots(x=_short(real), y=_short(predicted))],
        x=charts.Axis(f"real {label_text(target, 30)}"),
        y=charts.Axis("predicted"),
        diagonal=True,
        height=400,
        label="Real values against predicted values",
    )


def residuals(real: list[float], predicted: list[float], target: str) -> charts.Chart:
    """Real minus predicted against predicted: what the network leaves over."""
    rest = [r - p for r, p in zip(real, predicted, strict=True)]
    return charts.Points(
        [charts.Dots(x=_short(predicted), y=_short(rest))],
        x=charts.Axis(f"predicted {label_text(target, 24)}"),
        height=400,
        y=charts.Axis("real − predicted"),
        marks=[charts.Mark(y=0, color="orange", dash="solid")],
        label="Residuals against predicted values",
    )


def residual_histogram(real: list[float], predicted: list[float]) -> charts.Chart:
    """How often the network is off by how much, about zero."""
    rest = [r - p for r, p in zip(real, predicted, strict=True)]
    edges, counts = _bins(rest, 36)
    return charts.Histogram(
        [charts.Counts(counts)],
        edges=edges,
        x=charts.Axis("real − predicted"),
        y=charts.Axis("rows", format="integer"),
        height=220,
        marks=[charts.Mark(x=0, color="orange", dash="solid")],
        label="Distribution of the residuals",
    )


def roc(curve: RocCurve, positive: object, here: Here | None = None) -> charts.Chart:
    """True-positive rate against false-positive rate over all thresholds; the dashed line is guessing.

    Args:
        here: false- and true-positive rate at the threshold that the model names classes by, and its name.
    """
    steps = [i - 1 for i in _thinned(len(curve.fpr), 600)]
    return charts.Lines(
        [charts.Line("network", [curve.tpr[i] for i in steps], x=[curve.fpr[i] for i in steps], fill=True)],
        x=_share("false-positive rate"),
        y=_share(f"true-positive rate ({label_text(positive, 20)})"),
        marks=[charts.Mark(line=[(0, 0), (1, 1)]), *_ring(here)],
        height=380,
        legend=False,
        label=f"ROC curve with AUC {score(curve.auc, 'auc')}",
    )


Here = tuple[float, float, str]
"""A point of a curve and what it is."""


def _ring(here: Here | None) -> list[charts.Mark]:
    return [] if here is None else [charts.Mark(point=here[:2], label=here[2], color="orange")]


def precision_and_recall(curve: RocCurve, counts: tuple[int, int], positive: object, here: Here | None) -> charts.Chart:
    """Precision against recall over all thresholds; the dashed line is calling every row positive.

    Args:
        counts: negative and positive rows, with which the rates of the ROC curve become numbers of rows.
        here: recall and precision at the threshold that the model names classes by, and its name.
    """
    negatives, positives = counts
    points = [
        (tpr, tpr * positives / (tpr * positives + fpr * negatives))
        for fpr, tpr in zip(curve.fpr, curve.tpr, strict=True) if tpr * positives + fpr * negatives > 0
    ]  # fmt: skip
    base = positives / max(positives + negatives, 1)
    name = label_text(positive, 20)
    return charts.Lines(
        [charts.Line("network", [y for _, y in points], x=[x for x, _ in points])],
        x=_share(f"recall: share of {name} that is found"),
        y=_share("precision: share that is right"),
        marks=[charts.Mark(line=[(0, base), (1, base)]), *_ring(here)],
        height=380,
        legend=False,
        label="Precision against recall",
    )


def gains(curve: RocCurve, counts: tuple[int, int], positive: object, here: Here | None) -> charts.Chart:
    """How many of the positive rows are among the likeliest so many; the dashed line is picking at random.

    Args:
        counts: negative and positive rows.
        here: share of rows called positive and share of positives found at the threshold, and its name.
    """
    negatives, positives = counts
    rows = max(negatives + positives, 1)
    called = [(fpr * negatives + tpr * positives) / rows for fpr, tpr in zip(curve.fpr, curve.tpr, strict=True)]
    return charts.Lines(
        [charts.Line("network", list(curve.tpr), x=called)],
        x=_share("share of rows called positive, the likeliest first"),
        y=_share(f"share of {label_text(positive, 20)} among them"),
        marks=[charts.Mark(line=[(0, 0), (1, 1)]), *_ring(here)],
        height=380,
        legend=False,
        label="Cumulative gains",
    )


def overfitting(rows: Sequence[LeaderboardRow], metric: str) -> charts.Chart | None:
    """Training against validation score of every network, by depth and size; None of fewer than three networks.

    The line between the two is what a network learned by heart.
    """
    known = [
        row
        for row in rows
        if None not in (row.training_mean, row.validation_mean, row.parameters, row.depth) and row.status == "finished"
    ]
    if len(known) < _FEWEST_NETWORKS:
        return None
    known = known[:_MOST_NETWORKS]  # the best
    groups = {name: [row for row in known if row.depth in depths] for name, depths in _DEPTHS.items()}
    scored = METRICS.get(metric)  # None: a user's own
    axis = _score_axis(metric, scored.least if scored else -math.inf, scored.most if scored else math.inf)
    panels = [_gaps(name, own, axis) for name, own in groups.items() if own]
    return charts.Multiples(panels, shared="both", least=230, label="Training and validation by depth and size")


def searched(found: Searched, metric: str) -> charts.Chart | None:
    """Every candidate's score against its value in each dimension that varied; None where none did."""
    scored = METRICS.get(metric)
    axis = _score_axis(metric, scored.least if scored else -math.inf, scored.most if scored else math.inf)
    last = max(found.rounds, default=1)
    panels = []
    for dimension in found.dimensions:
        if len(set(dimension.values)) < 2:
            continue
        x = charts.Axis(scale="log" if dimension.log else None)
        if dimension.categories:
            x = charts.Axis(scale="category", categories=[label_text(c, 12) for c in dimension.categories])
        dots = []
        for color, shape, name, wanted in (
            ("blue", None, "to the end", True), ("orange", "ring", "ended at an earlier rung", False),
        ):  # fmt: skip
            some = [k for k, reached in enumerate(found.rounds) if (reached == last) == wanted]
            if some:
                dots.append(
                    charts.Dots(
                        name, x=[dimension.values[k] for k in some], y=[found.scores[k] for k in some], color=color,
                        shape=shape, opacity=0.7, labels=[label_text(found.names[k], 60) for k in some],
                    )
                )  # fmt: skip
        panels.append(charts.Points(dots, title=dimension.name, x=x, y=axis, height=220, legend=False))
    if not panels:
        return None
    return charts.Multiples(panels, shared="y", least=230, label="Validation score by each setting that was searched")


def _gaps(title: str, rows: list[LeaderboardRow], axis: charts.Axis) -> charts.Chart:
    rows = sorted(rows, key=lambda row: row.parameters or 0)
    sizes, names = [row.parameters for row in rows], [row.name for row in rows]
    training, validation = [row.training_mean for row in rows], [row.validation_mean for row in rows]
    return charts.Points(
        [
            charts.Dots(
                "validation",
                x=sizes,
                y=validation,
                low=validation,
                high=training,
                color="orange",
                shape="ring",
                labels=names,
            ),
            charts.Dots("training", x=sizes, y=training, color="blue", labels=names),
        ],
        title=title,
        x=charts.Axis("parameters", scale="log", format="integer"),
        y=axis,
        height=240,
    )


def _score_axis(metric: str, least: float, most: float) -> charts.Axis:
    ends = (least if math.isfinite(least) else None, most if math.isfinite(most) else None)
    kind = "percent" if metric in PERCENT_METRICS else "number"
    return charts.Axis(metric, possible=ends, format=kind)


def _share(title: str) -> charts.Axis:
    return charts.Axis(title, possible=(0, 1), min=0, max=1, format="percent")


def calibration(found: Reliability, positive: str | None, before: Reliability | None = None) -> charts.Chart:
    """Said against seen: on the diagonal a probability of 80 % comes true in 80 of 100 rows.

    Args:
        before: the same of the same rows without a calibration, drawn as rings.
    """
    of = label_text(positive, 20) if positive is not None else "the class it named"
    if before is None:
        series = [_said_and_seen(found)]
    else:
        series = [
            _said_and_seen(before, name="before", color="gray", shape="ring"), _said_and_seen(found, name="after"),
        ]  # fmt: skip
    return charts.Points(
        series,
        x=_share(f"said: probability of {of}"),
        y=_share("seen: share for which it was so"),
        marks=[charts.Mark(line=[(0, 0), (1, 1)])],
        height=380,
        label="Calibration: probabilities against shares",
    )


def _said_and_seen(found: Reliability, **look: Any) -> charts.Dots:
    """A dot a bin with its interval, larger where it holds more rows."""
    bins = found.bins
    most = max(one.rows for one in bins)
    return charts.Dots(
        x=[one.predicted for one in bins],
        y=[one.observed for one in bins],
        low=[one.interval[0] for one in bins],
        high=[one.interval[1] for one in bins],
        labels=[f"{one.rows:,} rows" for one in bins],
        size=[3 + 5 * math.sqrt(one.rows / most) for one in bins],
        **look,
    )


def quantiles(found: Sequence[QuantileLevel]) -> charts.Chart:
    """Said against seen: on the diagonal as many test rows lie below a quantile as its level says."""
    dots = charts.Dots(
        x=[one.level for one in found], y=[one.below for one in found], low=[one.interval[0] for one in found],
        high=[one.interval[1] for one in found], labels=[f"quantile {one.level:g}" for one in found],
    )  # fmt: skip
    return charts.Points(
        [dots],
        x=_share("said: the quantile's level"),
        y=_share("seen: share of test rows below it"),
        marks=[charts.Mark(line=[(0, 0), (1, 1)])],
        height=380,
        label="Quantiles: levels against shares",
    )


def gradients(found: GradientNorms) -> charts.Chart:
    """The size of each layer's gradient by epoch: layers that learn nothing lie far below the others."""
    layers = len(found.layers)
    many = layers > 8  # too many to tell apart by colour: the later, the stronger
    series = []
    for k, (name, norms) in enumerate(zip(found.layers, found.norms, strict=True)):
        look = {"color": "blue", "opacity": 0.3 + 0.7 * k / layers} if many else {"color": charts.COLORS[k]}
        series.append(charts.Line(name, norms, x=found.epochs, **look))
    positive = [value for norms in found.norms for value in norms if value]
    axis = charts.Axis("gradient norm (logarithmic)", scale="log") if positive else charts.Axis("gradient norm")
    return charts.Lines(
        series, x=charts.Axis("epoch", format="integer"), y=axis, height=300, label="Gradients by layer and epoch"
    )


def network(
    layers: Sequence[LayerRow], input_shape: Sequence[int], outputs: Sequence[str] | None
) -> charts.Chart | None:
    """The network as it is: neurons, maps or steps, layer by layer; None where there is nothing to draw.

    Args:
        layers: the record's rows.
        input_shape: (F,), (H, W, C) or (T, F).
        outputs: class labels, written at the last neurons where they fit.
    """
    if not layers or not all(input_shape):
        return None
    drawn = [
        {
            "name": layer.name,
            "type": layer.name.rpartition("_")[0] or layer.name,
            "output": list(layer.output),
            "activation": layer.activation,
            "parameters": layer.parameters,
        }
        for layer in layers
    ]
    names = None if outputs is None else {"names": [label_text(name, 20) for name in outputs]}
    shape = {"shape": list(input_shape)}
    return charts.NetworkDrawing(
        drawn, input=shape, output=names, label="The layers of the network, from input to output"
    )


def _short(values: list[float]) -> list[float]:
    """Five digits: more than a dot can show."""
    return [float(f"{value:.5g}") for value in values]


def _thinned(length: int, room: int, keep: int | None = None) -> list[int]:
    """Epoch numbers 1…length, at most about `room` of them, always with the first, the last and `keep`."""
    step = max(1, -(-length // room))
    epochs = set(range(1, length + 1, step)) | {length}
    if keep and keep <= length:
        epochs.add(keep)
    return sorted(epoch for epoch in epochs if epoch >= 1)


def _bins(values: list[float], bins: int) -> tuple[list[float], list[int]]:
    """Edges and counts; zero is an edge's neighbour whatever the values."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    width = (high - low) / bins or 1.0
    counts = [0] * bins
    for value in values:
        counts[min(int((value - low) / width), bins - 1)] += 1
    edges = [low + i * width for i in range(bins + 1)]
    assert all(a < b for a, b in pairwise(edges))
    return edges, counts
