"""The benchmark's networks, described so that every side can build them, with their arithmetic counted."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import thetastar as ts

__all__ = ["Architecture", "build"]


@dataclass(frozen=True)
class Architecture:
    """A network and its loss: plain data that goes to every side as JSON.

    Attributes:
        name: as people write it, "56-100-100-100-1".
        input_shape: of one sample.
        layers: {"kind": "dense", "units", "activation"}, {"kind": "conv2d", "filters", "kernel_size", "padding",
            "activation"}, {"kind": "max_pool2d", "pool_size"}, {"kind": "flatten"}, {"kind": "lstm", "units"}.
        loss: "mae", "mse" or "cross_entropy".
    """

    name: str
    input_shape: tuple[int, ...]
    layers: tuple[dict[str, Any], ...]
    loss: str = "cross_entropy"

    def network(self) -> ts.Network:
        return build({"input_shape": self.input_shape, "layers": self.layers})

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of one sample's forward pass, in the products alone: no biases, no activations."""
        return sum(self._products())

    @property
    def training_flop(self) -> int:
        """Operations to train on one sample by the usual rule: 6 a multiply-add (2 forward, 4 backward)."""
        return 6 * self.multiply_adds

    @property
    def needed_flop(self) -> int:
        """The same without the gradient of the input, which nobody needs: what a good program really computes."""
        return self.training_flop - 2 * self._products()[0]

    def _products(self) -> list[int]:
        """Multiply-adds of every layer that has weights; of an LSTM's first entry, those that read the input."""
        found = []
        for layer, (before, after) in zip(self.layers, itertools.pairwise(self.network().shapes), strict=True):
            if layer["kind"] == "dense":
                found.append(before[0] * after[0])
            elif layer["kind"] == "conv2d":
                found.append(math.prod(after) * layer["kernel_size"] ** 2 * before[2])
            elif layer["kind"] == "lstm":
                steps, features = before
                found += [steps * 4 * layer["units"] * features, steps * 4 * layer["units"] * layer["units"]]
        return found


def build(spec: dict[str, Any]) -> ts.Network:
    """The network that a specification's "input_shape" and "layers" describe."""
    makers = {
        "dense": ts.Dense, "conv2d": ts.Conv2D, "max_pool2d": ts.MaxPool2D, "flatten": ts.Flatten, "lstm": ts.LSTM,
    }  # fmt: skip
    layers = [makers[layer["kind"]](**{k: v for k, v in layer.items() if k != "kind"}) for layer in spec["layers"]]
    return ts.Network(layers, input_shape=tuple(spec["input_shape"]))


def dense(*widths: int, loss: str = "cross_entropy", hidden: str = "relu") -> Architecture:
    """A dense network such as 784-128-10."""
    layers = [{"kind": "dense", "units": width, "activation": hidden} for width in widths[1:-1]]
    layers.append({"kind": "dense", "units": widths[-1]})
    return Architecture("-".join(map(str, widths)), (widths[0],), tuple(layers), loss)


def _conv(filters: int, kernel: int, padding: str = "valid") -> dict[str, Any]:
    return {"kind": "conv2d", "filters": filters, "kernel_size": kernel, "padding": padding, "activation": "relu"}


_POOL, _FLAT = {"kind": "max_pool2d", "pool_size": 2}, {"kind": "flatten"}
_IMAGE = (28, 28, 1)

TOY = dense(2, 4, 1, loss="mse")
LECTURE = dense(56, 100, 100, 100, 1, loss="mae")
MNIST = dense(784, 128, 10)
MNIST_WIDE = dense(784, 512, 512, 10)
TABLE = Architecture("100-256-256-256-1", (100,), dense(100, 256, 256, 256, 1).layers, "mse")
LENET = Architecture(
    "LeNet-5", _IMAGE,
    (_conv(6, 5, "same"), _POOL, _conv(16, 5), _POOL, _FLAT, *dense(400, 120, 84, 10).layers),
)  # fmt: skip
CONV = Architecture(
    "conv 32-64, dense 128", _IMAGE, (_conv(32, 3), _conv(64, 3), _POOL, _FLAT, *dense(9216, 128, 10).layers)
)
LSTM = Architecture("LSTM 64, 56 steps", (56, 1), ({"kind": "lstm", "units": 64}, {"kind": "dense", "units": 1}), "mse")
