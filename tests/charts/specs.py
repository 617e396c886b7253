"""One chart or more of every kind, as the builders make them: what the browser's tests draw."""

from __future__ import annotations

import datetime

import numpy as np

from thetastar import charts as c

_rng = np.random.default_rng(0)
_epochs = np.arange(1, 81)
_day = datetime.date(2026, 6, 1)
_days = [_day + datetime.timedelta(days=k) for k in range(150)]
_views = 300 + 80 * np.sin(np.arange(150) / 7 * 2 * np.pi) + _rng.normal(0, 20, 150)
_x, _y = np.linspace(-3, 3, 40), np.linspace(-2, 2, 30)
_surface = _x[None] ** 2 + 4 * _y[:, None] ** 2 + 3 * np.sin(2 * _x[None]) * np.cos(3 * _y[:, None]) + 4
_letters = [f"letter {chr(65 + k)}" for k in range(26)]
_dense = [
    {"name": "dense_1", "type": "dense", "output": [100], "activation": "relu", "parameters": 5700},
    {"name": "dropout_1", "type": "dropout", "output": [100], "activation": "", "parameters": 0},
    {"name": "dense_2", "type": "dense", "output": [2], "activation": "identity", "parameters": 202},
]
_lenet = [
    {"name": "conv2d_1", "type": "conv2d", "output": [28, 28, 6], "activation": "relu", "parameters": 156},
    {"name": "max_pool2d_1", "type": "max_pool2d", "output": [14, 14, 6], "parameters": 0},
    {"name": "flatten_1", "type": "flatten", "output": [1176], "parameters": 0},
    {"name": "dense_1", "type": "dense", "output": [10], "activation": "identity", "parameters": 11770},
]
_recurrent = [
    {"name": "lstm_1", "type": "lstm", "output": [40, 16], "activation": "tanh", "parameters": 1280},
    {"name": "gru_1", "type": "gru", "output": [8], "activation": "tanh", "parameters": 600},
    {"name": "residual_1", "type": "residual", "output": [8], "parameters": 72},
    {"name": "dense_1", "type": "dense", "output": [1], "activation": "identity", "parameters": 9},
]

_CHARTS = {
    "learning": c.Lines(
        [
            c.Line("training", 2 * np.exp(-_epochs / 12) + 0.02, group="training"),
            c.Line("validation", 2 * np.exp(-_epochs / 11) + 0.08 + 0.001 * _epochs, dots=[36]),
            c.Line("final training", 1.9 * np.exp(-_epochs[:40] / 12), color="ink", dash="dotted"),
        ],
        x=c.Axis("epoch", format="integer"), y=c.Axis("loss (logarithmic)", scale="log"),
        marks=[c.Mark(x=37, label="best epoch")], label="Loss by epoch",
    ),
    "forecast": c.Lines(
        [
            c.Line("views", _views[:120], x=_days[:120], color="ink", width=1.5),
            c.Line(
                "forecast", _views[120:], x=_days[120:],
                bands=[c.Band(_views[120:] - w, _views[120:] + w, name) for w, name in ((60, "95 %"), (30, "80 %"))],
            ),
        ],
        x=c.Axis(scale="time"), y=c.Axis("views", possible=(0, None)), label="Daily views",
        marks=[c.Mark(x=_days[119], label="forecast from here"), c.Mark(x=(_days[40], _days[55]), label="holidays")],
    ),
    "agreement": c.Points(
        [c.Dots(x=_rng.normal(2e5, 5e4, 400), y=_rng.normal(2e5, 5e4, 400))], diagonal=True, label="Real and predicted",
        x=c.Axis("real price", possible=(0, None)), y=c.Axis("predicted"),
    ),
    "classes": c.Points(
        [
            c.Dots("no", x=[0.0, 1.0, 2.0], y=[1.0, 3.0, 2.0], labels=["row 1", "row 2", "row 3"]),
            c.Dots("yes", x=[0.5, 1.5], y=[2.0, 2.5], shape="ring", low=[1.8, 2.2], high=[2.2, 2.9]),
            c.Dots("odd", x=[0.2], y=[2.7], shape="cross"), c.Dots("held", x=[1.8], y=[1.2], shape="square"),
        ],
        label="Two classes",
    ),
    "colored": c.Points(
        [c.Dots(x=_x, y=_x**2, values=_x)], scale=c.Scale("diverging", "output"), label="Coloured by a value",
        x=c.Axis("x"), y=c.Axis("y"),
    ),
    "scores": c.Strips(
        [
            c.Strip("2 × 64", 0.951, 0.92, 0.988, dots=[0.94, 0.96], strong=True),
            c.Strip("logistic regression", 0.946, 0.91, 0.97, color="orange", shape="ring"),
            c.Strip("a model with a name that is much longer than there is room for", 0.2, color="orange"),
        ],
        x=c.Axis("AUC", possible=(0, 1), format="score", min=0.8), reference=0.9, label="Scores",
    ),
    "importance": c.Bars(
        ["age", "income", "education years", "hours"],
        [c.BarSeries([0.08, 0.02, -0.005, 0.04], low=[0.06, 0.01, -0.01, 0.03], high=[0.1, 0.03, 0.001, 0.06])],
        value=c.Axis("AUC lost"), orientation="horizontal", numbers=True, label="Importance",
    ),
    "many classes": c.Bars(_letters, [c.BarSeries(_rng.integers(1, 900, 26))], value=c.Axis("rows"), label="Classes"),
    "stacked": c.Bars(
        ["train", "validation", "test"], [c.BarSeries([400, 100, 100], "no"), c.BarSeries([200, 60, 30], "yes")],
        stacked=True, orientation="vertical", label="Rows",
    ),
    "target": c.Histogram(
        [c.Counts([3, 9, 14, 6, 1])], edges=[0, 1e5, 2e5, 3e5, 4e5, 5e5], x=c.Axis("price"), label="Price"
    ),
    "two groups": c.Histogram(
        [c.Counts(values=_rng.normal(0, 1, 300), name="a"), c.Counts(values=_rng.normal(1, 1, 300), name="b")],
        density=True, label="Two groups",
    ),
    "surface": c.Contours(
        _surface, extent=(-3, 3, -2, 2), x=c.Axis("weight"), y=c.Axis("bias"), scale=c.Scale(title="loss"),
        path=[(-2.6, 1.6), (-1.0, 0.5), (-0.7, 0.1)], label="Loss surface",
    ),
    "race": c.Contours(
        _surface, extent=(-3, 3, -2, 2), filled=False, levels=6, label="A race",
        paths=[c.Path([(-2, 1), (-1, 0.2)], "SGD"), c.Path([(-2, 1), (-0.5, 0.1)], "Adam")],
    ),
    "field": c.Heatmap(
        np.tanh(_x[None] * _y[:, None]), extent=(-3, 3, -2, 2), smooth=True, levels=[0.0], scale=c.Scale("diverging"),
        series=[c.Dots("rows", x=[0, 1], y=[0.5, -1])], label="A field",
    ),
    "grid": c.Heatmap(
        [[0.81, 0.83, 0.84], [0.82, 0.851, None]], numbers=True, scale=c.Scale(format="score"), label="Depth and width",
        x=c.Axis("neurons", categories=["16", "32", "64"]), y=c.Axis("layers", categories=["1", "2"]),
    ),
    "confusion": c.Matrix(
        [[466, 51], [85, 102]], ["No", "Yes"], titles=("real", "said"), diagonal=True, selectable=True,
        label="Confusion",
    ),
    "letters": c.Matrix(np.diag(_rng.integers(1, 99, 26)), _letters, diagonal=True, label="Letters"),
    "by depth": c.Multiples(
        [c.Lines([c.Line("loss", k / _epochs)], title=f"{k} layers") for k in (1, 2, 3)], shared="y", label="By depth"
    ),
    "dense": c.NetworkDrawing(_dense, input={"shape": [56]}, output={"names": ["No", "Yes"]}, label="Dense"),
    "images": c.NetworkDrawing(_lenet, input={"shape": [28, 28, 1]}, label="LeNet"),
    "sequences": c.NetworkDrawing(_recurrent, input={"shape": [40, 3]}, label="Recurrent"),
    "playground": c.NetworkDrawing(
        [{"name": "dense_1", "output": [2]}, {"name": "dense_2", "output": [1]}],
        input={"shape": [2], "names": ["x1", "x2"]}, weights={"dense_1": [[0.5, -1], [2, 0.1]], "dense_2": [[1], [-1]]},
        biases={"dense_1": [0.1, -0.2]}, values={"dense_1": [0.3, -0.4], "dense_2": [0.7]}, label="Playground",
        maps={"dense_1": {"shape": [2, 2], "values": [[1, 0, 0, -1], [0, 1, -1, 0]]}},
    ),
}  # fmt: skip

SPECS = {name: chart.spec() for name, chart in _CHARTS.items()}
