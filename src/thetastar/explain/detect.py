"""What each hidden unit answers to: its weights as a picture, the input that excites it most, and the rows that do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from thetastar._checks import whole
from thetastar.errors import InputError
from thetastar.layers import Conv2D, Dense
from thetastar.network import Network

from .answer import NetworkAnswer
from .attribute import input_gradients
from .gradients import probe_rows
from .result import Explanation, flat_numbers, number
from .subject import features_of, layer_index, network_of, part_of

__all__ = ["Detection", "detect"]

_FLAT_BELOW = ("relu", "relu6", "hard_sigmoid", "step")


@dataclass(frozen=True)
class Detection(Explanation):
    """What the units of a layer answer to.

    Attributes:
        layer: the layer.
        units: (k,) which of its units; of an image's layer channels, of a sequence's layer neurons, whose answer is
            the mean over the places.
        weights: (k, …) what leads into each: a convolution's filters (k, h, w, channels), a dense layer's weights in
            the shape of what it reads where that is the input; empty for others.
        inputs: (k, *input_shape) the input that excites each most, by gradient ascent, as far from the rows' mean as
            the rows lie.
        answers: (k,) what each answers to that input.
        rows: (k, n) the rows that excite each most, the most first; empty without rows. row_answers: (k, n) their
            answers.
        samples: (k, n, *input_shape) those rows.
        features: names of the inputs where they are a vector.
    """

    layer: str
    units: np.ndarray
    weights: np.ndarray
    inputs: np.ndarray
    answers: np.ndarray
    rows: np.ndarray
    row_answers: np.ndarray
    samples: np.ndarray
    features: tuple[str, ...]

    def __str__(self) -> str:
        lines = [f"What {len(self.units)} units of {self.layer} answer to"]
        for k, unit in enumerate(self.units):
            lines.append(f"  unit {unit}: {number(self.answers[k], 4)} to its own best input" + self._largest(k))
            if self.rows.size:
                pairs = ", ".join(
                    f"{row} ({number(a, 4)})" for row, a in zip(self.rows[k], self.row_answers[k], strict=True)
                )
                lines.append(f"    rows {pairs}")
        return "\n".join(lines)

    def _largest(self, k: int) -> str:
        if not self.features:
            return ""
        best = self.inputs[k].ravel()
        order = np.argsort(-np.abs(best))[:4]
        return ": " + ", ".join(f"{self.features[i]} {number(best[i], 3)}" for i in order)

    def charts(self) -> list[dict[str, Any]]:
        """Small pictures, one a unit: its weights, and its best input."""
        drawn = []
        for what, pictures in (("Weights", self.weights), ("The input that excites it most", self.inputs)):
            if pictures.size:
                charts = [
                    _picture(pictures[k], f"unit {self.units[k]}", self.features)
                    for k in range(min(len(self.units), 12))
                ]
                more = f" ({len(charts)} of {len(self.units)} units)" if len(charts) < len(self.units) else ""
                drawn.append(
                    {
                        "kind": "multiples",
                        "title": f"{self.layer}: {what.lower()}{more}",
                        "least": 140,
                        "charts": charts,
                    }
                )
        return drawn


def _picture(values: np.ndarray, title: str, features: Sequence[str]) -> dict[str, Any]:
    if values.ndim >= 3:  # (h, w, channels): the mean of the channels; the first row of a picture is its highest
        flat = values.mean(axis=-1)[::-1]
        return {
            "kind": "heatmap",
            "title": title,
            "shape": list(flat.shape),
            "values": flat_numbers(flat),
            "height": 140,
            "bare": True,
            "extent": [0, flat.shape[1] - 1, 0, flat.shape[0] - 1],
            "scale": {"kind": "diverging", "bar": False},
        }
    if values.ndim == 2:  # (time, features)
        series = [{"y": flat_numbers(values[:, f]), "name": f"feature {f + 1}"} for f in range(min(values.shape[1], 4))]
        return {"kind": "lines", "title": title, "series": series, "height": 140, "legend": False}
    order = np.argsort(-np.abs(values))[:8]
    return {
        "kind": "bars",
        "title": title,
        "orientation": "horizontal",
        "categories": [features[i] for i in order],
        "series": [{"values": flat_numbers(values[order])}],
    }


def detect(
    net: Any,
    layer: str | int | None = None,
    data: Any = None,
    *,
    units: Sequence[int] | None = None,
    count: int = 5,
    steps: int = 100,
    names: Sequence[str] | None = None,
    seed: int = 0,
    network: int | None = None,
) -> Detection:
    """Show what the hidden units of a layer answer to.

    Args:
        net: a network with parameters, a run, or a model (whose `network=` it is about, the heaviest when None).
        layer: a layer by name or place; the last hidden one when None.
        data: (n, inputs) rows as the network takes them; without them the search starts from random normal rows.
        units: which units; the first 16 when None.
        count: how many rows of each.
        steps: of the gradient ascent.
        names: names of the inputs.
        seed: of the random rows.

    Returns:
        A `Detection`.

    Raises:
        InputError: a layer or units that there are not, or rows that do not fit.

    Example:
        >>> import numpy as np, thetastar as ts
        >>> net = ts.Network([ts.Dense(1, activation="relu"), ts.Dense(1)], input_shape=(2,)).with_parameters({
        ...     "dense_1.weight": [[3.0], [4.0]], "dense_1.bias": [0.0],
        ...     "dense_2.weight": [[1.0]], "dense_2.bias": [0.0]})
        >>> rows = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
        >>> found = ts.explain.detect(net, data=rows, count=1)
        >>> found.inputs.round(3).tolist(), found.rows.tolist()  # along its weights, as long as the rows are
        ([[0.6000000238418579, 0.800000011920929]], [[2]])

    Source: lecture 4 (layers of features); Erhan et al. 2009 (activation maximisation).
    """
    where = "explain.detect"
    net = network_of(where, net, network)
    index = layer_index(where, net, layer)
    before = part_of(net, 0, index + 1)
    width, positions = net.shapes[index + 1][-1], int(np.prod(net.shapes[index + 1][:-1]))
    chosen = list(range(min(width, 16))) if units is None else [whole(where, "units", unit, 0) for unit in units]
    if not chosen or max(chosen) >= width:
        raise InputError(f"{where}: units must be numbers from 0 to {width - 1}. Got {units!r}. Choose some of them.")
    count, steps = whole(where, "count", count, 1), whole(where, "steps", steps, 0, 100_000)
    given = data is not None
    rows = NetworkAnswer(net).rows(where, data) if given else probe_rows(net)
    said = (
        before.predict(rows.reshape(len(rows), *net.input_shape))
        .reshape(len(rows), positions, width)
        .mean(axis=1)
        .astype(float)
    )
    order = np.argsort(-said[:, chosen], axis=0, kind="stable")[:count].T
    centre = rows.mean(axis=0)
    far = float(np.median(np.linalg.norm(rows - centre, axis=1))) or 1.0
    best = [
        _ascend(before, rows[order[k][0]], centre, far, _direction(before, unit, positions, width), steps, seed)
        for k, unit in enumerate(chosen)
    ]
    inputs = np.stack(best)
    answers = (
        before.predict(inputs.reshape(len(inputs), *net.input_shape))
        .reshape(len(inputs), positions, width)
        .mean(axis=1)
    )
    shape = net.input_shape
    return Detection(
        net.layer_names[index],
        np.array(chosen),
        _weights(net, index, chosen),
        inputs.reshape(len(chosen), *shape),
        answers[np.arange(len(chosen)), chosen].astype(float),
        order if given else np.zeros((0, 0), int),
        np.take_along_axis(said[:, chosen].T, order, axis=1) if given else np.zeros((0, 0)),
        rows[order].reshape(*order.shape, *shape) if given else np.zeros((0, 0)),
        tuple(features_of(net, names)) if len(shape) == 1 else (),
    )


def _direction(before: Network, unit: int, positions: int, width: int) -> np.ndarray:
    """What is climbed: the unit's mean over the places."""
    of = np.zeros((positions, width), np.float32)
    of[:, unit] = 1 / positions
    return of.ravel()


def _ascend(
    before: Network, start: np.ndarray, centre: np.ndarray, far: float, of: np.ndarray, steps: int, seed: int
) -> np.ndarray:
    """Steps along the gradient on the sphere around the rows' mean; ever shorter ones, and the best place is kept."""
    one = np.ones(1)

    def value(x: np.ndarray) -> float:
        return float(before.predict(x.reshape(1, *before.input_shape)).ravel().astype(float) @ of)

    def on_sphere(x: np.ndarray) -> np.ndarray:
        away = x - centre
        length = np.linalg.norm(away)
        return (centre + away * (far / length) if length > 0 else x).astype(np.float32)

    x = on_sphere(
        start if np.any(start != centre) else start + np.random.default_rng(seed).standard_normal(start.shape)
    )
    best, best_value = x, value(x)
    for k in range(steps):
        slope = input_gradients(before, x[None, :], np.zeros_like(x), one, one, of, 1)[0].astype(float)
        length = np.linalg.norm(slope)
        if length == 0 and getattr(before.layers[-1], "activation", "identity") in _FLAT_BELOW:
            before = _without_activation(before)  # it does not answer here: climb along its sum until it does
            best_value = value(x)
            continue
        if length == 0:
            break
        x = on_sphere(x + far * (1 - k / steps) * slope / length)
        now = value(x)
        if now > best_value:
            best, best_value = x, now
    return best


def _without_activation(net: Network) -> Network:
    last = replace(net.layers[-1], activation="identity")
    return Network([*net.layers[:-1], last], input_shape=net.input_shape).with_parameters(net.parameters)


def _weights(net: Network, index: int, chosen: list[int]) -> np.ndarray:
    """A layer's weights in the shape of what it reads, where that can be looked at."""
    layer, name = net.layers[index], net.layer_names[index]
    if isinstance(layer, Conv2D):
        height, width = layer.kernel_size
        weight = net.parameters[f"{name}.weight"]
        return weight.T[chosen].reshape(len(chosen), height, width, -1).astype(float)
    reads_input = all(earlier.kind in ("flatten", "dropout") for earlier in net.layers[:index])
    if isinstance(layer, Dense) and reads_input and (len(net.input_shape) == 1 or len(net.shapes[index]) == 1):
        return net.parameters[f"{name}.weight"].T[chosen].reshape(len(chosen), *net.input_shape).astype(float)
    return np.zeros(0)
