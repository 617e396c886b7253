"""How large the gradients of each layer were over the epochs, and which units are dead or saturated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from thetastar.errors import InputError
from thetastar.layers import Activation, Dense, Residual
from thetastar.network import Network

from .answer import NetworkAnswer
from .result import Explanation, flat_numbers, number
from .subject import part_of

__all__ = ["Gradients", "Units", "gradients", "units_of"]

_ZERO_BELOW = ("relu", "relu6", "step")  # a unit of these that answers 0 to every row learns nothing any more
_BOUNDED = {"sigmoid": (0.0, 1.0), "hard_sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0), "softsign": (-1.0, 1.0),
            "hard_tanh": (-1.0, 1.0)}  # fmt: skip
_NEAR_THE_END = 0.02  # of an activation's range: there its slope is below a tenth of its largest


@dataclass(frozen=True)
class Units:
    """A layer's units that no longer learn.

    Attributes:
        layer: its name. count: how many units it has.
        dead: the units that answer 0 to all rows.
        saturated: the units that answer one of their ends to nine rows of ten or more.
    """

    layer: str
    count: int
    dead: np.ndarray
    saturated: np.ndarray


@dataclass(frozen=True)
class Gradients(Explanation):
    """The gradients' sizes by layer and epoch.

    Attributes:
        layers: the layers that have parameters.
        norms: (epochs, layers) the root of the mean square of the gradient's norm over an epoch's steps.
        per_parameter: (epochs, layers) the same per parameter: norm / √count, which layers can be compared by.
        units: dead and saturated units of the network as it ended, layer by layer.
        probed: "rows" where they were counted on given rows, "random rows" where on rows drawn from a normal
            distribution.
    """

    layers: tuple[str, ...]
    norms: np.ndarray
    per_parameter: np.ndarray
    units: tuple[Units, ...]
    probed: str

    def __str__(self) -> str:
        epochs = len(self.norms)
        shown = sorted({0, epochs // 4, epochs // 2, 3 * epochs // 4, epochs - 1}) if epochs else []
        wide = max(len(name) for name in (*self.layers, "layer"))
        lines = [
            f"Gradient norm of each layer over {epochs} epochs",
            f"  {'layer':<{wide}}" + "".join(f"{f'epoch {e + 1}':>14}" for e in shown),
        ]
        for i, name in enumerate(self.layers):
            lines.append(f"  {name:<{wide}}" + "".join(f"{number(self.norms[e, i], 4):>14}" for e in shown))
        for one in self.units:
            if len(one.dead) or len(one.saturated):
                lines.append(
                    f"  {one.layer}: {len(one.dead)} of {one.count} units dead, {len(one.saturated)} "
                    f"saturated ({self.probed})"
                )
        return "\n".join(lines)

    def charts(self) -> list[dict[str, Any]]:
        """A line a layer on a logarithmic scale."""
        epochs = list(range(1, len(self.norms) + 1))
        series = [
            {"name": name, "x": epochs, "y": flat_numbers(np.where(self.norms[:, i] > 0, self.norms[:, i], np.nan))}
            for i, name in enumerate(self.layers)
        ]
        return [
            {
                "kind": "lines",
                "title": "Gradients by layer",
                "x": {"title": "epoch", "format": "integer"},
                "y": {"title": "gradient norm", "scale": "log"},
                "series": series,
            }
        ]


def gradients(run: Any, X: Any = None) -> Gradients:
    """Show how large each layer's gradients were, and which units no longer learn.

    Args:
        run: a run of `ts.train`.
        X: rows to count dead and saturated units on; 512 random normal rows when None, as prepared columns are.

    Returns:
        A `Gradients`.

    Raises:
        InputError: something else than a run.

    Example:
        >>> import thetastar as ts
        >>> X, y = ts.datasets.make("and", arrays=True)
        >>> run = ts.train(ts.Network([ts.Dense(4, activation="tanh"), ts.Dense(1)], input_shape=(2,)), X, y, epochs=3)
        >>> ts.explain.gradients(run).norms.shape
        (3, 2)

    Source: lecture 4 (vanishing and exploding gradients).
    """
    net = network_of_run("explain.gradients", run)
    sizes: dict[str, int] = {}
    for name, shape in net.parameter_shapes.items():
        layer = name.partition(".")[0]
        sizes[layer] = sizes.get(layer, 0) + int(np.prod(shape))
    norms = np.asarray(run.history["gradient_norm"], float).reshape(-1, len(sizes))
    probed = "random rows" if X is None else "rows"
    units = (
        units_of(net, probe_rows(net) if X is None else NetworkAnswer(net).rows("explain.gradients", X))
        if _finite(net)
        else ()
    )
    return Gradients(tuple(sizes), norms, norms / np.sqrt(list(sizes.values())), units, probed)


def network_of_run(where: str, run: Any) -> Network:
    """The network of a run, or a refusal."""
    if not hasattr(run, "history") or not isinstance(getattr(run, "network", None), Network):
        raise InputError(
            f"{where}: the first argument must be a run. Got {type(run).__name__}. Give what ts.train returned."
        )
    return run.network


def probe_rows(net: Network, count: int = 512) -> np.ndarray:
    """Rows of standard normal numbers; always the same."""
    return np.random.default_rng(0).standard_normal((count, int(np.prod(net.input_shape)))).astype(np.float32)


def units_of(net: Network, rows: np.ndarray) -> tuple[Units, ...]:
    """Dead and saturated units of every hidden layer with an activation, counted on the rows."""
    found = []
    for index, (name, layer) in enumerate(zip(net.layer_names[:-1], net.layers[:-1], strict=True)):
        activation = getattr(layer, "activation", "identity")
        if (
            isinstance(layer, Residual)
            or not (activation in _ZERO_BELOW or activation in _BOUNDED)
            or not (isinstance(layer, Dense | Activation) or layer.kind == "conv2d")
        ):
            continue
        values = part_of(net, 0, index + 1).predict(rows.reshape(len(rows), *net.input_shape))
        values = values.reshape(len(rows), -1, values.shape[-1])  # (rows, positions, units)
        dead = np.flatnonzero((values == 0).all(axis=(0, 1))) if activation in _ZERO_BELOW else np.zeros(0, int)
        saturated = np.zeros(0, int)
        if activation in _BOUNDED:
            low, high = _BOUNDED[activation]
            room = _NEAR_THE_END * (high - low)
            share = ((values < low + room) | (values > high - room)).mean(axis=(0, 1))
            saturated = np.flatnonzero(share >= 0.9)
        found.append(Units(name, values.shape[-1], dead, saturated))
    return tuple(found)


def _finite(net: Network) -> bool:
    return all(np.isfinite(array).all() for array in net.parameters.values())
