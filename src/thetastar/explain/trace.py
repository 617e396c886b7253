"""One sample's way through a network and back: every number with its formula."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from thetastar import losses
from thetastar.errors import InputError
from thetastar.network import Network

from .formulas import Equation, backward_equations, forward_equations, loss_equations, passed_back, words_of_layer
from .result import Explanation, factor, number
from .subject import network_of

__all__ = ["Trace", "trace"]


@dataclass(frozen=True)
class Trace(Explanation):
    """One sample there and back.

    Attributes:
        network: the network that it went through.
        loss_name: which loss.
        x, y: the sample, of the network's input shape, and its target.
        prediction: (O,) raw outputs ŷ.
        loss: the sample's loss.
        values: every intermediate value and gradient by layer, as `Network.trace` gives them.
        forward, backward: the numbers with their formulas, in the order in which they are computed; of wide layers the
            first `most` of a kind, while `values` holds all.
        most: how many of a kind are written out.
    """

    network: Network
    loss_name: str
    x: np.ndarray
    y: np.ndarray
    prediction: np.ndarray
    loss: float
    values: dict[str, dict[str, np.ndarray]]
    forward: tuple[Equation, ...]
    backward: tuple[Equation, ...]
    most: int

    def __str__(self) -> str:
        lines = [f"One sample: x = {_listed(self.x)}, y = {_listed(self.y)}", "", "Forward"]
        lines += self._section(self.forward, forward=True)
        lines += ["", "Backward (the chain rule, from the loss to the first layer)"]
        lines += self._section(self.backward, forward=False)
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        return super().to_dict() | {"network": self.network.to_dict()}

    def charts(self) -> list[dict[str, Any]]:
        """The network with this sample's values in its neurons."""
        layers = [
            {**row, "type": layer.kind.replace("_", ""), "output": list(shape)}
            for row, layer, shape in zip(
                self.network.summary(), self.network.layers, self.network.shapes[1:], strict=True
            )
        ]
        flat = {name: entry["output"][0] for name, entry in self.values.items() if name != "loss"}
        values = {name: array.tolist() for name, array in flat.items() if array.ndim == 1}
        weights = {
            name.removesuffix(".weight"): array.tolist()
            for name, array in self.network.parameters.items()
            if name.startswith("dense") and name.endswith(".weight") and array.size <= 10_000
        }
        return [
            {
                "kind": "network",
                "label": "One sample in the network",
                "input": {"shape": list(self.network.input_shape)},
                "layers": layers,
                "values": values,
                "weights": weights,
            }
        ]

    def _section(self, equations: tuple[Equation, ...], *, forward: bool) -> list[str]:
        """Equations under the names of their layers; what a layer without equations does, in words."""
        names = ["loss", *reversed(self.network.layer_names)] if not forward else [*self.network.layer_names, "loss"]
        layers = dict(zip(self.network.layer_names, self.network.layers, strict=True))
        wide = max(len(name) for name in names) + 2
        lines = []
        for name in names:
            own = [e for e in equations if _layer_of(e) == name]
            label = name
            words = words_of_layer(layers[name]) if name in layers and forward else ""
            if words:
                lines.append(f"  {label:<{wide}}{words}")
                label = ""
            if name in layers and not own:
                part = "output" if forward else "d_output"
                lines.append(f"  {label:<{wide}}{_summary(self.values[name][part][0], forward)}")
            for equation in own:
                lines.append(f"  {label:<{wide}}{equation}")
                label = ""
            hidden = self._hidden(name, len(own), forward)
            if hidden:
                lines.append(f"  {'':<{wide}}… the others are in .values[{name!r}]")
        return lines

    def _hidden(self, name: str, shown: int, forward: bool) -> bool:
        entry = self.values.get(name, {})
        if not shown or name == "loss":
            return False
        of = [entry["output"]] if forward else [entry[key] for key in ("d_weight", "d_bias") if key in entry]
        return any(array.size > self.most for array in of)


def trace(
    net: Any,
    x: Any,
    y: Any = None,
    loss: Any = "mean_squared_error",
    *,
    dtype: str | None = None,
    most: int = 8,
    network: int | None = None,
) -> Trace:
    """Follow one sample through a network and back.

    Args:
        net: a network with parameters, a run, or a model (whose `network=` it is about, the heaviest when None).
        x: one sample of the network's input shape, as the network takes it (a model's are prepared rows).
        y: its target; None for losses without.
        loss: a loss of single predictions, or its name.
        dtype: "float32" or "float64"; the parameters' own precision when None.
        most: how many numbers of a kind are written out with their formulas.

    Returns:
        A `Trace`; `print` it.

    Raises:
        InputError: no parameters, a sample of another shape, or a loss of pairs or triplets.

    Example:
        >>> import thetastar as ts
        >>> quiz = ts.Network([ts.Dense(1, activation="relu")], input_shape=(2,)).with_parameters(
        ...     {"dense_1.weight": [[1.0], [3.0]], "dense_1.bias": [1.0]})
        >>> for equation in ts.explain.trace(quiz, [1.0, 3.0], 10.0, loss="mse").forward[:2]:
        ...     print(equation)
        z = x₁ · w₁₁ + x₂ · w₂₁ + b = 1 · 1 + 3 · 3 + 1 = 11
        ŷ = max(0, z) = max(0, 11) = 11

    Source: lectures 2 and 4 (forward propagation, back-propagation by the chain rule).
    """
    net = network_of("explain.trace", net, network)
    loss = losses.get(loss)
    if loss.members > 1:
        raise InputError(
            f"explain.trace: the loss must be of single predictions. Got {loss.name!r}, which compares {loss.members}. "
            "Look at net.trace for its numbers."
        )
    sample = _one_sample(net, x)
    with np.errstate(all="ignore"):  # numbers that burst are shown as they are
        values = net.trace(sample, None if y is None else np.asarray(y), loss=loss, dtype=dtype)
    prediction = values[net.layer_names[-1]]["output"][0].reshape(-1)
    target = np.zeros(0) if y is None else np.asarray(y, prediction.dtype).reshape(-1)
    forward, backward = _equations(net, values, loss, prediction, target, most)
    return Trace(
        net, loss.name, sample, target, prediction, float(values["loss"]["value"]), values, forward, backward, most
    )


def _one_sample(net: Network, x: Any) -> np.ndarray:
    try:
        sample = np.asarray(x, float)
    except (TypeError, ValueError):
        raise InputError(
            f"explain.trace: x must be numbers of shape {net.input_shape}. Got {type(x).__name__} of something else. "
            "Give one prepared row."
        ) from None
    if sample.size != int(np.prod(net.input_shape)):
        raise InputError(
            f"explain.trace: x must be one sample of shape {net.input_shape}. Got {sample.shape}. "
            "Pick one row, for example X[0]."
        )
    return sample.reshape(net.input_shape)


def _equations(net, values, loss, prediction, target, most):
    names, layers = net.layer_names, net.layers
    dtype = values["input"]["output"].dtype
    parameters = {name: array.astype(dtype) for name, array in net.parameters.items()}
    forward: list[Equation] = []
    backward: list[list[Equation]] = []
    for index, (name, layer) in enumerate(zip(names, layers, strict=True)):
        entry, before = values[name], values["input" if index == 0 else names[index - 1]]
        first, last = index == 0, index == len(names) - 1
        symbols = ("x" if first else "h", "ŷ" if last else "h")
        forward += forward_equations(name, layer, entry, before["output"][0], parameters, *symbols, most)
        back = list(backward_equations(name, layer, entry, before["output"][0], parameters, *symbols, most))
        if not first:
            back += passed_back(name, layer, entry, before["d_output"][0], parameters, *symbols, most)
        backward.append(back)
    slope = values[names[-1]]["d_output"][0].reshape(-1)
    value, *slopes = loss_equations(loss, prediction, target, float(values["loss"]["value"]), slope, most)
    return (*forward, value), (*slopes, *(e for back in reversed(backward) for e in back))


def _layer_of(equation: Equation) -> str:
    return "loss" if equation.of == "loss" or equation.of.startswith("d_prediction") else equation.of.partition(".")[0]


def _listed(values: np.ndarray, most: int = 8) -> str:
    flat = np.ravel(values)
    if flat.size == 0:
        return "none"
    if flat.size == 1:
        return number(flat[0])
    shown = ", ".join(number(v) for v in flat[:most])
    return f"({shown}{', …' if flat.size > most else ''})"


def _summary(array: np.ndarray, forward: bool) -> str:
    shape = " × ".join(map(str, array.shape))
    what = "output" if forward else "∂L/∂output"
    if array.size == 1:
        return f"{what} = {number(array.item())}"
    return (
        f"{what} ({shape}): from {number(array.min(), 4)} to {number(array.max(), 4)}, mean {factor(array.mean(), 4)}"
    )
