"""A curve as a constant plus the sum of its neurons, each drawn: what one input's network is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from thetastar import activations
from thetastar._checks import real, whole
from thetastar.errors import InputError
from thetastar.layers import Activation, Dense, Dropout
from thetastar.network import Network

from .result import Explanation, flat_numbers, number, subscript
from .subject import network_of, part_of

__all__ = ["Pieces", "as_relus", "pieces"]

_KINKS = {"relu": (0.0,), "leaky_relu": (0.0,), "hard_sigmoid": (-3.0, 3.0), "step": (0.0,), "identity": ()}


@dataclass(frozen=True)
class Pieces(Explanation):
    """y = constant + Σ c_i h_i(x), where h_i are the last hidden layer's neurons.

    Attributes:
        activation: of those neurons.
        x: (points,) where everything is drawn.
        curve: (points,) the network's output there: the constant and the sum of all parts.
        constant: b, what stands before the sum.
        parts: (units, points) c_i h_i(x).
        heights: (units,) c_i.
        slopes, shifts: (units,) w_i and b_i of h_i = f(b_i + w_i x), where there is one hidden layer; empty with more,
            as a neuron is then a curve of its own.
        centres: (units,) -b_i / w_i: where a ReLU bends and a sigmoid is half way; NaN where w_i = 0.
        breakpoints: (k,) where the curve bends between the ends of x, exactly, where it consists of straight lines.
        straight: whether it does.
    """

    activation: str
    x: np.ndarray
    curve: np.ndarray
    constant: float
    parts: np.ndarray
    heights: np.ndarray
    slopes: np.ndarray
    shifts: np.ndarray
    centres: np.ndarray
    breakpoints: np.ndarray
    straight: bool

    def __str__(self) -> str:
        count = len(self.heights)
        lines = [f"y = {number(self.constant)} + the sum of {count} parts c · {self.activation}(b + w x)"]
        if len(self.slopes):
            lines.append(f"{'':>6}{'c (height)':>14}{'w (slope)':>14}{'b (shift)':>14}{'-b/w (place)':>15}")
            for i in range(min(count, 24)):
                cells = (self.heights[i], self.slopes[i], self.shifts[i], self.centres[i])
                lines.append(
                    f"{'h' + subscript(i):>6}"
                    + "".join(f"{number(v):>14}" for v in cells[:3])
                    + f"{number(cells[3]):>15}"
                )
            if count > 24:
                lines.append(f"     … {count - 24} more are in .heights, .slopes and .shifts")
        else:
            lines.append("There is more than one hidden layer, so each part is a curve of its own: .parts")
        if self.straight:
            where = ", ".join(number(v, 5) for v in self.breakpoints[:16])
            more = f", … ({len(self.breakpoints) - 16} more)" if len(self.breakpoints) > 16 else ""
            lines.append(
                f"{len(self.breakpoints) + 1} straight pieces between {number(self.x[0])} and {number(self.x[-1])}"
                + (f", which meet at {where}{more}" if len(self.breakpoints) else "")
            )
        return "\n".join(lines)

    def charts(self) -> list[dict[str, Any]]:
        """The curve, and under it the constant and its parts, the largest first."""
        x = flat_numbers(self.x)
        order = np.argsort(-np.abs(self.parts - self.parts[:, :1]).max(axis=1))
        inside = [float(b) for b in self.breakpoints[:60]]
        parts = [
            {
                "name": f"c{subscript(int(i))} h{subscript(int(i))}",
                "x": x,
                "y": flat_numbers(self.parts[i]),
                "width": 1.5,
            }
            for i in order[:12]
        ]
        constant = {
            "name": "constant",
            "x": x,
            "y": flat_numbers(np.full(len(self.x), self.constant)),
            "color": "gray",
            "dash": "dashed",
        }
        rest = len(order) - 12
        title = "= a constant + the sum of these" + (f" and {rest} smaller parts" if rest > 0 else "")
        return [
            {
                "kind": "lines",
                "title": "The curve",
                "x": {"title": "x"},
                "y": {"title": "y"},
                "series": [{"name": "y", "x": x, "y": flat_numbers(self.curve), "color": "red"}],
                "marks": [{"x": b, "color": "gray", "dash": "dotted"} for b in inside],
            },
            {
                "kind": "lines",
                "title": title,
                "x": {"title": "x"},
                "y": {"title": "parts"},
                "hover": "nearest",
                "series": [constant, *parts],
            },
        ]


def pieces(
    net: Any,
    *,
    domain: tuple[float, float] | None = None,
    points: int = 401,
    output: int = 0,
    network: int | None = None,
) -> Pieces:
    """Take the curve of a network with one input apart: a constant plus the sum of its neurons.

    Args:
        net: a network with one input and a dense last layer without activation; a run, or a model (whose `network=` it
            is about, the heaviest when None).
        domain: (low, high) of x; around where the first layer's neurons bend when None.
        points: at how many places, at least 2.
        output: which output.

    Returns:
        A `Pieces`: constant + parts.sum(axis=0) is the curve.

    Raises:
        InputError: more inputs than one, another last layer, or a domain that does not go from low to high.

    Example:
        >>> import thetastar as ts
        >>> hill = ts.Network([ts.Dense(2, activation="relu"), ts.Dense(1)], input_shape=(1,)).with_parameters({
        ...     "dense_1.weight": [[1.0, 1.0]], "dense_1.bias": [0.0, -1.0],
        ...     "dense_2.weight": [[1.0], [-2.0]], "dense_2.bias": [0.5]})
        >>> apart = ts.explain.pieces(hill, domain=(-1, 3))
        >>> apart.constant, apart.breakpoints.tolist()
        (0.5, [0.0, 1.0])

    Source: lecture 1 (all piecewise linear curves = constant + sum of a set of hard sigmoids).
    """
    where = "explain.pieces"
    net = network_of(where, net, network)
    last = net.layers[-1]
    if int(np.prod(net.input_shape)) != 1:
        raise InputError(
            f"{where}: the network must have one input, as a curve has. Got input_shape {net.input_shape}. "
            "Use explain.field for more inputs."
        )
    if not isinstance(last, Dense) or last.activation != "identity":
        raise InputError(
            f"{where}: the last layer must be Dense without activation, as a sum is. Got {last!r}. "
            "Use explain.field, which draws any network."
        )
    if not any(isinstance(layer, Dense) for layer in net.layers[:-1]):
        raise InputError(
            f"{where}: there must be a hidden layer, whose neurons are the parts. Got none. Add a Dense "
            f"before the last."
        )
    points = whole(where, "points", points, 2)
    output = whole(where, "output", output, 0, last.units - 1)
    x = np.linspace(*_domain(where, net, domain), points)
    names = net.layer_names
    weight = net.parameters[f"{names[-1]}.weight"].astype(float)[:, output]
    bias = net.parameters.get(f"{names[-1]}.bias")
    hidden = part_of(net, 0, len(names) - 1)
    h = hidden.predict(x.reshape(-1, *net.input_shape)).reshape(points, -1).astype(float)
    parts = (h * weight).T
    constant = 0.0 if bias is None else float(bias[output])
    dense = [i for i, layer in enumerate(net.layers[:-1]) if not isinstance(layer, Dropout)]
    one = len([i for i in dense if isinstance(net.layers[i], Dense)]) == 1 and isinstance(net.layers[dense[0]], Dense)
    slopes = shifts = centres = np.zeros(0)
    if one and len(dense) <= 2:
        name = names[dense[0]]
        slopes = net.parameters[f"{name}.weight"].astype(float)[0]
        shifts = net.parameters.get(f"{name}.bias", np.zeros(len(slopes))).astype(float)
        with np.errstate(divide="ignore", invalid="ignore"):
            centres = np.where(slopes != 0, -shifts / slopes, np.nan)
    straight, breaks = _breakpoints(net, x[0], x[-1])
    return Pieces(
        _activation(net, dense),
        x,
        constant + parts.sum(axis=0),
        constant,
        parts,
        weight,
        slopes,
        shifts,
        centres,
        breaks,
        straight,
    )


def as_relus(net: Network) -> Network:
    """The same function with two ReLUs in place of each hard sigmoid: c · hard_sigmoid(z) = c · relu(z / 6 + ½) - c ·
    relu(z / 6 - ½).

    Args:
        net: a network of dense layers, where hidden ones with activation "hard_sigmoid" are followed by a dense one.

    Returns:
        A network of its own, with twice as many neurons in those layers.

    Raises:
        InputError: layers that are not dense, or no hard sigmoid.

    Example:
        >>> import thetastar as ts
        >>> layers = [ts.Dense(3, activation="hard_sigmoid"), ts.Dense(1)]
        >>> net = ts.Network(layers, input_shape=(1,)).initialized(seed=0)
        >>> relus = ts.explain.as_relus(net)
        >>> relus.layers[0].units, relus.layers[0].activation
        (6, 'relu')

    Source: lecture 1 (two ReLUs make one hard sigmoid: Σ over 2i).
    """
    net = network_of("explain.as_relus", net)
    hard = [isinstance(layer, Dense) and layer.activation == "hard_sigmoid" for layer in net.layers[:-1]]
    if not all(isinstance(layer, Dense) for layer in net.layers) or not any(hard):
        found = ", ".join(layer.kind for layer in net.layers)
        raise InputError(
            "explain.as_relus: the layers must be dense, and a hidden one have activation 'hard_sigmoid'. "
            f"Got {found}. "
            "Only a hard sigmoid is two ReLUs."
        )
    layers, values, doubled = [], [], False
    for name, layer, is_hard in zip(net.layer_names, net.layers, [*hard, False], strict=True):
        weight = net.parameters[f"{name}.weight"].astype(float)
        bias = net.parameters.get(f"{name}.bias", np.zeros(layer.units)).astype(float)
        if doubled:
            weight = np.concatenate([weight, -weight])
        if is_hard:
            weight, bias = (
                np.concatenate([weight, weight], axis=1) / 6,
                np.concatenate([bias / 6 + 0.5, bias / 6 - 0.5]),
            )
        layers.append(Dense(weight.shape[1], activation="relu" if is_hard else layer.activation))
        values += [weight, bias]
        doubled = is_hard
    made = Network(layers, input_shape=net.input_shape)
    dtype = next(iter(net.parameters.values())).dtype
    return made.with_parameters({key: v.astype(dtype) for key, v in zip(made.parameter_shapes, values, strict=True)})


def _activation(net: Network, places: list[int]) -> str:
    for i in reversed(places):
        name = getattr(net.layers[i], "activation", "identity")
        if isinstance(net.layers[i], Dense | Activation) and name != "identity":
            return name
    return "identity"


def _domain(where: str, net: Network, domain: tuple[float, float] | None) -> tuple[float, float]:
    if domain is not None:
        if not isinstance(domain, tuple | list) or len(domain) != 2:
            raise InputError(f"{where}: domain must be (low, high). Got {domain!r}. Use for example (-3, 3).")
        low, high = (real(where, f"domain[{i}]", end) for i, end in enumerate(domain))
        if not low < high:
            raise InputError(f"{where}: domain must go from low to high. Got {domain!r}. Turn it round.")
        return low, high
    first = next(name for name, layer in zip(net.layer_names, net.layers, strict=True) if isinstance(layer, Dense))
    slopes = net.parameters[f"{first}.weight"][0].astype(float)
    shifts = net.parameters.get(f"{first}.bias", np.zeros(len(slopes))).astype(float)
    bends = -shifts[np.abs(slopes) > 1e-6] / slopes[np.abs(slopes) > 1e-6]
    bends = bends[np.abs(bends) < 1e4]
    low, high = np.quantile(bends, [0.05, 0.95]) if len(bends) else (0.0, 0.0)
    room = max(0.25 * (high - low), 1.0)
    return float(low - room), float(high + room)


def _breakpoints(net: Network, low: float, high: float) -> tuple[bool, np.ndarray]:
    """Whether the curve is made of straight lines, and where between low and high they meet.

    Layer by layer: between the bends so far every neuron's sum is a straight line, so that a kink lies where it crosses
    the activation's corner.
    """
    for layer in net.layers:
        if isinstance(layer, Dense | Activation) and layer.activation in _KINKS:
            continue
        if not isinstance(layer, Dropout):
            return False, np.zeros(0)
    at = np.array([low, high], float)
    for index, layer in enumerate(net.layers):
        kinks = _KINKS[getattr(layer, "activation", "identity")] if not isinstance(layer, Dropout) else ()
        if not kinks:
            continue
        known = [at]
        for corner in kinks:
            sums = _sums(net, index, at) - corner
            left, right = sums[:-1], sums[1:]
            place, unit = np.nonzero((left < 0) != (right < 0))
            with np.errstate(divide="ignore", invalid="ignore"):
                share = left[place, unit] / (left[place, unit] - right[place, unit])
            crossing = at[place] + share * (at[place + 1] - at[place])
            known.append(crossing[np.isfinite(crossing)])
        at = np.unique(np.concatenate(known))
        at = at[np.concatenate([[True], np.diff(at) > 1e-9 * (high - low)])]
    inner = at[(at > low) & (at < high)]
    return True, inner[_bends(net, inner, low, high)]


def _sums(net: Network, index: int, x: np.ndarray) -> np.ndarray:
    """(len(x), units) what goes into the activation of layer `index`, in double precision."""
    h = x[:, None]
    for name, layer in list(zip(net.layer_names, net.layers, strict=True))[: index + 1]:
        if isinstance(layer, Dropout):
            continue
        if isinstance(layer, Dense):
            h = h @ net.parameters[f"{name}.weight"].astype(float) + net.parameters.get(f"{name}.bias", 0.0)
        if layer is net.layers[index] and name == net.layer_names[index]:
            return h
        h = activations.value(layer.activation, np.ascontiguousarray(h, float))
    return h


def _bends(net: Network, places: np.ndarray, low: float, high: float) -> np.ndarray:
    """Which of the places the output really bends at: a neuron's kink may be without weight further on."""
    if not len(places):
        return np.zeros(0, bool)
    ends = np.concatenate([[low], places, [high]])
    middles = (ends[:-1] + ends[1:]) / 2
    room = np.minimum(1e-3 * (high - low), 0.25 * np.diff(ends))
    last = len(net.layers) - 1
    ahead, behind = _sums(net, last, middles + room), _sums(net, last, middles - room)
    slopes = (ahead - behind) / (2 * room)[:, None]
    size = np.abs(slopes).max(initial=1e-12)
    return (np.abs(np.diff(slopes, axis=0)) > 1e-6 * size).any(axis=1)
