"""A recurrent layer along time: its gates, cell and state, and how much of each step is left at the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from thetastar._checks import one_of
from thetastar.errors import InputError
from thetastar.network import Network

from .result import Explanation, flat_numbers, number
from .subject import layer_index, network_of, part_of

__all__ = ["Gates", "gates"]

_KINDS = ("simple_rnn", "lstm", "gru")
_NAMES = {
    "lstm": ("input gate i", "forget gate f", "candidate g", "output gate o"),
    "gru": ("update gate z", "reset gate r", "candidate n"),
    "simple_rnn": (),
}


@dataclass(frozen=True)
class Gates(Explanation):
    """One sequence in a recurrent layer, step by step.

    Attributes:
        layer: the layer; kind: "simple_rnn", "lstm" or "gru"; direction: "forward" or "backward".
        inputs: (T, F) what it reads, in the order of time.
        gates: {"input gate i": (T, U), …}: of an LSTM i, f, g, o; of a GRU z, r, n.
        cell: (T, U) an LSTM's cell after each step; empty otherwise.
        state: (T, U) h after each step.
        remembered: (T, U) how much of what a step wrote is left at the end: the product of the later forget gates
            (LSTM) or update gates (GRU); empty for a simple recurrent layer, which has no gate.
        skipped: (T,) steps that are masked.
    """

    layer: str
    kind: str
    direction: str
    inputs: np.ndarray
    gates: dict[str, np.ndarray]
    cell: np.ndarray
    state: np.ndarray
    remembered: np.ndarray
    skipped: np.ndarray

    def __str__(self) -> str:
        steps, units = self.state.shape
        lines = [f"{self.layer} along {steps} steps, {units} units, {self.direction}"]
        columns = {
            **{name: array.mean(axis=1) for name, array in self.gates.items()},
            "|h|": np.abs(self.state).mean(axis=1),
        }
        if self.remembered.size:
            columns["remembered at the end"] = self.remembered.mean(axis=1)
        lines.append(
            f"{'step':>6}"
            + "".join(f"{name:>{max(len(name) + 2, 12)}}" for name in columns)
            + "   (means over the units)"
        )
        shown = range(steps) if steps <= 24 else [*range(12), *range(steps - 12, steps)]
        for t in shown:
            lines.append(
                f"{t:>6}"
                + "".join(f"{number(v[t], 4):>{max(len(name) + 2, 12)}}" for name, v in columns.items())
                + ("   masked" if self.skipped[t] else "")
            )
        return "\n".join(lines)

    def charts(self) -> list[dict[str, Any]]:
        """A map a gate (units by steps), the state, and what is remembered."""
        shown = {**self.gates, **({"cell c": self.cell} if self.cell.size else {}), "state h": self.state}
        if self.remembered.size:
            shown["remembered at the end"] = self.remembered
        charts = []
        for name, array in shown.items():
            inside = "gate" in name or name.startswith("remembered")
            scale = {"kind": "sequential", "min": 0, "max": 1} if inside else {"kind": "diverging"}
            charts.append(
                {
                    "kind": "heatmap",
                    "title": name,
                    "x": {"title": "step", "format": "integer"},
                    "y": {"title": "unit", "format": "integer"},
                    "shape": list(array.T.shape),
                    "extent": [0, array.shape[0] - 1, 0, max(array.shape[1] - 1, 1)],
                    "values": flat_numbers(array.T),
                    "scale": scale,
                    "height": 220,
                }
            )
        inputs = {
            "kind": "lines",
            "title": "what it reads",
            "x": {"title": "step", "format": "integer"},
            "series": [
                {"name": f"feature {f + 1}", "x": list(range(len(self.inputs))), "y": flat_numbers(self.inputs[:, f])}
                for f in range(min(self.inputs.shape[1], 6))
            ],
        }
        return [inputs, {"kind": "multiples", "label": f"{self.layer} along time", "least": 300, "charts": charts}]


def gates(
    net: Any, x: Any, *, layer: str | int | None = None, direction: str = "forward", network: int | None = None
) -> Gates:
    """Follow one sequence through a recurrent layer.

    Args:
        net: a network with parameters, a run, or a model (whose `network=` it is about, the heaviest when None).
        x: one sequence of the network's input shape.
        layer: a SimpleRNN, LSTM or GRU by name or place; the first one when None.
        direction: of a bidirectional layer: "forward" or "backward".

    Returns:
        A `Gates`, computed in double precision.

    Raises:
        InputError: no such layer, or a sequence of another shape.

    Example:
        >>> import thetastar as ts
        >>> net = ts.Network([ts.LSTM(3), ts.Dense(1)], input_shape=(5, 1)).initialized(seed=0)
        >>> seen = ts.explain.gates(net, [[1.0], [0.0], [0.0], [0.0], [0.0]])
        >>> sorted(seen.gates), seen.state.shape
        (['candidate g', 'forget gate f', 'input gate i', 'output gate o'], (5, 3))

    Source: Hochreiter and Schmidhuber 1997 (LSTM); Cho et al. 2014 (GRU).
    """
    where = "explain.gates"
    net = network_of(where, net, network)
    index = _recurrent_layer(where, net, layer)
    cell = net.layers[index]
    one_of(where, "direction", direction, ("forward", "backward"))
    both = cell.bidirectional
    if direction == "backward" and not (both or cell.go_backwards):
        raise InputError(
            f"{where}: {net.layer_names[index]} reads forward only. Got direction='backward'. Leave it out."
        )
    sample = np.asarray(x, float)
    if sample.size != int(np.prod(net.input_shape)):
        raise InputError(
            f"{where}: x must be one sequence of shape {net.input_shape}. Got {sample.shape}. Pick one, "
            f"for example X[0]."
        )
    inputs = sample.reshape(net.input_shape)
    if index:
        inputs = part_of(net, 0, index).predict(inputs[None]).reshape(net.shapes[index]).astype(float)
    prefix = f"{net.layer_names[index]}." + (f"{direction}." if both else "")
    own = {name.removeprefix(prefix): a.astype(float) for name, a in net.parameters.items() if name.startswith(prefix)}
    back = direction == "backward" if both else cell.go_backwards
    return _walk(net.layer_names[index], cell, "backward" if back else "forward", inputs, own)


def _recurrent_layer(where: str, net: Network, layer: str | int | None) -> int:
    found = [i for i, one in enumerate(net.layers) if one.kind in _KINDS]
    if not found:
        raise InputError(
            f"{where}: the network must have a SimpleRNN, LSTM or GRU. It has "
            f"{', '.join(net.layer_names)}. Use explain.trace for others."
        )
    if layer is None:
        return found[0]
    index = layer_index(where, net, layer)
    if index not in found:
        raise InputError(
            f"{where}: the layer must be recurrent. Got {net.layer_names[index]}. Use {net.layer_names[found[0]]}."
        )
    return index


def _walk(name: str, cell: Any, direction: str, inputs: np.ndarray, p: dict[str, np.ndarray]) -> Gates:
    steps, units = len(inputs), cell.units
    h, c = np.zeros(units), np.zeros(units)
    seen = {gate: np.zeros((steps, units)) for gate in _NAMES[cell.kind]}
    cells, states, keeps = np.zeros((steps, units)), np.zeros((steps, units)), np.ones((steps, units))
    skipped = np.zeros(steps, bool) if cell.mask_value is None else (inputs == cell.mask_value).all(axis=1)
    order = range(steps) if direction == "forward" else range(steps)[::-1]
    for t in order:
        if not skipped[t]:
            h, c, now, keeps[t] = _STEPS[cell.kind](p, inputs[t], h, c)
            for gate, value in zip(seen, now, strict=True):
                seen[gate][t] = value
        cells[t], states[t] = c, h
    remembered, left = np.ones((steps, units)), np.ones(units)
    for t in reversed(order):
        remembered[t] = left
        left = left * keeps[t]
    gated = cell.kind != "simple_rnn"
    return Gates(
        name,
        cell.kind,
        direction,
        inputs,
        seen,
        cells if cell.kind == "lstm" else np.zeros((0, 0)),
        states,
        remembered if gated else np.zeros((0, 0)),
        skipped,
    )


def _sigmoid(z: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(0.5 * z))


def _lstm(p, x, h, c):
    i, f, g, o = np.split(x @ p["weight"] + p["bias"] + h @ p["recurrent_weight"], 4)
    i, f, g, o = _sigmoid(i), _sigmoid(f), np.tanh(g), _sigmoid(o)
    c = f * c + i * g
    return o * np.tanh(c), c, (i, f, g, o), f


def _gru(p, x, h, c):
    z, r, n = np.split(x @ p["weight"] + p["bias"], 3)
    hz, hr, hn = np.split(h @ p["recurrent_weight"] + p["recurrent_bias"], 3)
    z, r = _sigmoid(z + hz), _sigmoid(r + hr)
    n = np.tanh(n + r * hn)
    return z * h + (1 - z) * n, c, (z, r, n), z


def _simple(p, x, h, c):
    return np.tanh(x @ p["weight"] + p["bias"] + h @ p["recurrent_weight"]), c, (), np.ones_like(h)


_STEPS = {"lstm": _lstm, "gru": _gru, "simple_rnn": _simple}
