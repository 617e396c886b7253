"""A network as C: its parameters as constant arrays, its layers as calls, its numbers between layers in one block.

The block is planned here as a compiler plans registers: every result gets the first gap that is wide enough, and gives
it back after its last use. So the file allocates nothing, and the header can say how much memory a prediction takes.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from thetastar.errors import InputError
from thetastar.export.c.activations import ACTIVATIONS
from thetastar.export.c.names import array, single
from thetastar.export.eight_bits import in_eight_bits

__all__ = ["NetworkText"]


@dataclass
class _Place:
    """Numbers of one sample between two layers: where they stand, and whether they may be overwritten."""

    text: str
    shape: tuple[int, ...]
    at: int | None  # None for the network's inputs, which are not ours to change

    @property
    def size(self) -> int:
        return math.prod(self.shape)


@dataclass
class NetworkText:
    """Collects the text of one network; `arrays` and `calls` are C, `functions` names what they need.

    Args:
        prefix: in front of the names of arrays, such as "model_".
        parameters: by name.
        eight_bits: whether weights are kept in 8 bits with a scale for each unit.
    """

    prefix: str
    parameters: dict[str, np.ndarray]
    eight_bits: bool = False
    arrays: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    functions: set[str] = field(default_factory=set)
    size: int = 0  # numbers in the block
    constants: int = 0  # bytes of all arrays
    _live: list[tuple[int, int]] = field(default_factory=list)

    def through(self, layers: tuple[Any, ...], shapes: tuple[tuple[int, ...], ...], inputs: str) -> _Place:
        """Write all layers of a network; returns where its outputs stand."""
        return self._stack(layers, shapes, _Place(inputs, shapes[0], None), "", held=False)

    # The block

    def _take(self, shape: tuple[int, ...]) -> _Place:
        size, at = max(1, math.prod(shape)), 0
        for begin, end in sorted(self._live):
            if begin - at >= size:
                break
            at = max(at, end)
        self._live.append((at, at + size))
        self.size = max(self.size, at + size)
        return _Place(f"work + {at}", shape, at)

    def _give(self, place: _Place) -> None:
        if place.at is not None:
            self._live.remove((place.at, place.at + max(1, place.size)))

    # Layers

    def _stack(
        self, layers: tuple[Any, ...], shapes: tuple[tuple[int, ...], ...], x: _Place, path: str, *, held: bool
    ) -> _Place:
        """Layers one after another; `held` says that x is needed afterwards and must stay as it is."""
        counts: Counter[str] = Counter()
        for layer, shape in zip(layers, shapes[1:], strict=True):
            counts[layer.kind] += 1
            name = f"{path}{layer.kind}_{counts[layer.kind]}"
            write = getattr(self, f"_{layer.kind}", None)
            if write is None:
                raise InputError(f"export to C: the layer {layer.kind!r} has no C yet. Use to='python' (--to python).")
            y = write(layer, name, x, shape, held)
            if y.at != x.at:
                if not held:
                    self._give(x)
                held = False
            x = y
        return x

    def _own(self, x: _Place, held: bool) -> _Place:
        """x where it may be changed, else a copy."""
        if x.at is not None and not held:
            return x
        y = self._take(x.shape)
        self._call("copy", x.text, x.size, y.text)
        return y

    def _call(self, function: str, *arguments: Any) -> None:
        self.functions.add(function)
        self.calls.append(f"model_{function}({', '.join(map(str, arguments))});")

    def _activate(self, name: str, y: _Place) -> None:
        if name == "identity":
            return
        _, needs = ACTIVATIONS[name]
        self.functions |= {f"activation {name}", *needs}
        self.calls.append(f"model_{name}_all({y.text}, {y.size});")

    def _floats(self, name: str, values: np.ndarray) -> str:
        full = self.prefix + name.replace(".", "_")
        values = np.asarray(values, np.float32).ravel()
        self.arrays.append(array(f"float {full}", (single(value) for value in values.tolist())))
        self.constants += 4 * values.size
        return full

    def _bias(self, name: str) -> str:
        return self._floats(name, self.parameters[name]) if name in self.parameters else "0"

    def _weight(self, name: str) -> tuple[str, str]:
        """The names of a weight's array and of its scales ("0" where weights are floats)."""
        values = np.asarray(self.parameters[name], np.float32)
        if not self.eight_bits:
            return self._floats(name, values), "0"
        whole, scale = in_eight_bits(values)
        full = self.prefix + name.replace(".", "_")
        self.arrays.append(array(f"int8_t {full}", map(str, whole.ravel().tolist())))
        self.constants += whole.size
        return full, self._floats(f"{name}_scale", scale)

    def _dense(self, layer: Any, name: str, x: _Place, shape: tuple[int, ...], held: bool) -> _Place:
        y = self._take(shape)
        weight, scale = self._weight(f"{name}.weight")
        rows, inputs = math.prod(x.shape[:-1]), x.shape[-1]
        self._call("dense", x.text, rows, inputs, weight, scale, self._bias(f"{name}.bias"), shape[-1], y.text)
        self._activate(getattr(layer, "activation", "identity"), y)
        return y

    def _activation(self, layer: Any, name: str, x: _Place, shape: tuple[int, ...], held: bool) -> _Place:
        if layer.activation == "identity":
            return x
        y = self._own(x, held)
        self._activate(layer.activation, y)
        return y

    def _dropout(self, layer: Any, name: str, x: _Place, shape: tuple[int, ...], held: bool) -> _Place:
        return x

    def _flatten(self, layer: Any, name: str, x: _Place, shape: tuple[int, ...], held: bool) -> _Place:
        return _Place(x.text, shape, x.at)

    def _window(
        self, name: str, x: _Place, shape: tuple[int, ...], window: tuple[int, int], strides: tuple[int, int],
        dilation: tuple[int, int], padding: str, groups: int,
    ) -> str:  # fmt: skip
        before = [0, 0]
        if padding == "same":
            for axis in (0, 1):
                reach = (window[axis] - 1) * dilation[axis] + 1
                before[axis] = -(max(0, (shape[axis] - 1) * strides[axis] + reach - x.shape[axis]) // 2)
        values = [*x.shape, *shape, *window, *strides, *dilation, *before, groups]
        full = f"{self.prefix}{name.replace('.', '_')}_window"
        self.arrays.append(f"static const model_window {full} = {{{', '.join(map(str, values))}}};\n")
        return f"&{full}"

    def _conv2d(self, layer: Any, name: str, x: _Place, shape: tuple[int, ...], held: bool) -> _Place:
        y = self._take(shape)
        window = self._window(
            name, x, shape, layer.kernel_size, layer.strides, layer.dilation_rate, layer.padding, layer.groups
        )
        weight, scale = self._weight(f"{name}.weight")
        self._call("conv2d", window, x.text, weight, scale, self._bias(f"{name}.bias"), y.text)
        self._activate(layer.activation, y)
        return y

    def _pool(self, layer: Any, name: str, x: _Place, shape: tuple[int, ...], held: bool) -> _Place:
        y = self._take(shape)
        window = self._window(name, x, shape, layer.pool_size, layer.strides, (1, 1), layer.padding, 1)
        self._call(layer.kind, window, x.text, y.text)
        return y

    _max_pool2d = _average_pool2d = _pool

    def _global_average_pool2d(self, layer: Any, name: str, x: _Place, shape: tuple[int, ...], held: bool) -> _Place:
        y = self._take(shape)
        self._call("global_average_pool2d", x.text, x.shape[0] * x.shape[1], x.shape[2], y.text)
        return y

    def _batch_norm(self, layer: Any, name: str, x: _Place, shape: tuple[int, ...], held: bool) -> _Place:
        y = self._own(x, held)
        factor, summand = batch_norm_line(self.parameters, name, layer.epsilon)
        names = self._floats(f"{name}.factor", factor), self._floats(f"{name}.summand", summand)
        self._call("batch_norm", y.text, math.prod(shape[:-1]), shape[-1], *names)
        return y

    def _layer_norm(self, layer: Any, name: str, x: _Place, shape: tuple[int, ...], held: bool) -> _Place:
        y = self._own(x, held)
        names = self._bias(f"{name}.gamma"), self._bias(f"{name}.beta")
        self._call("layer_norm", y.text, math.prod(shape[:-1]), shape[-1], *names, single(layer.epsilon))
        return y

    def _softmax(self, layer: Any, name: str, x: _Place, shape: tuple[int, ...], held: bool) -> _Place:
        y = self._own(x, held)
        self._call("softmax_rows", y.text, math.prod(shape[:-1]), shape[-1])
        return y

    def _prelu(self, layer: Any, name: str, x: _Place, shape: tuple[int, ...], held: bool) -> _Place:
        y = self._own(x, held)
        alpha = f"{name}.alpha"
        self._call("prelu", y.text, y.size, self._floats(alpha, self.parameters[alpha]), self.parameters[alpha].size)
        return y

    def _scale(self, layer: Any, name: str, x: _Place, shape: tuple[int, ...], held: bool) -> _Place:
        y = self._own(x, held)
        self._call("scale", y.text, y.size, self._bias(f"{name}.scale"), shape[-1])
        return y

    def _parametric_activation(self, layer: Any, name: str, x: _Place, shape: tuple[int, ...], held: bool) -> _Place:
        y = self._take(shape)
        self._call("copy", x.text, x.size, y.text)
        self._activate(layer.activation, y)
        self._call("parametric", y.text, y.size, self._bias(f"{name}.alpha"), shape[-1], x.text)
        return y

    def _periodic_embedding(self, layer: Any, name: str, x: _Place, shape: tuple[int, ...], held: bool) -> _Place:
        y = self._take(shape)
        columns = f"{self.prefix}{name}_columns".replace(".", "_")
        self.arrays.append(array(f"int {columns}", map(str, layer.columns)))
        self.constants += 4 * len(layer.columns)
        own = [self._bias(f"{name}.{part}") for part in ("frequency", "phase", "weight", "bias")]
        sizes = math.prod(shape[:-1]), x.shape[-1], columns, len(layer.columns), layer.frequencies, layer.units
        self._call("periodic_embedding", x.text, *sizes, *own, y.text)
        return y

    def _batch_ensemble(self, layer: Any, name: str, x: _Place, shape: tuple[int, ...], held: bool) -> _Place:
        y = self._take(shape)
        own = [self._bias(f"{name}.{part}") for part in ("weight", "input_scale", "output_scale", "bias")]
        self._call("batch_ensemble", x.text, int(len(x.shape) > 1), *shape, x.shape[-1], *own, y.text)
        return y

    def _embedding(self, layer: Any, name: str, x: _Place, shape: tuple[int, ...], held: bool) -> _Place:
        y = self._take(shape)
        table = self._floats(f"{name}.weight", self.parameters[f"{name}.weight"])
        self._call("embedding", x.text, x.size, table, layer.input_dim, layer.output_dim, y.text)
        return y

    def _recurrent(self, layer: Any, name: str, x: _Place, shape: tuple[int, ...], held: bool) -> _Place:
        kind = ("simple_rnn", "lstm", "gru").index(layer.kind) + 1
        gates = {1: 1, 2: 4, 3: 3}[kind]
        y = self._take(shape)
        scratch = self._take((2 * layer.units * (1 + gates),))
        sides = (("forward.", 0), ("backward.", 1)) if layer.bidirectional else (("", int(layer.go_backwards)),)
        for number, (side, back) in enumerate(sides):
            own = f"{name}.{side}"
            weight, scale = self._weight(f"{own}weight")
            recurrent, recurrent_scale = self._weight(f"{own}recurrent_weight")
            mask = "0, 0" if layer.mask_value is None else f"1, {single(layer.mask_value)}"
            to = y.text if number == 0 else f"{y.text} + {layer.units}"
            self._call(
                "recurrent", kind, x.text, *x.shape, weight, scale, self._bias(f"{own}bias"), recurrent,
                recurrent_scale, self._bias(f"{own}recurrent_bias"), layer.units, back, int(layer.return_sequences),
                mask, shape[-1], scratch.text, to,
            )  # fmt: skip
        self._give(scratch)
        return y

    _simple_rnn = _lstm = _gru = _recurrent

    def _residual(self, layer: Any, name: str, x: _Place, shape: tuple[int, ...], held: bool) -> _Place:
        from thetastar.layers.layer import shapes_through

        shapes = tuple(shapes_through(layer.layers, x.shape))
        y = self._stack(layer.layers, shapes, x, f"{name}.", held=True)
        if y.at == x.at:  # nothing inside moved a number
            y = self._own(y, True)
        side = x
        if f"{name}.projection.weight" in self.parameters:
            side = self._projection(name, x, shape)
        self._call("add", y.text, side.text, y.size)
        if side is not x:
            self._give(side)
        return y

    def _projection(self, name: str, x: _Place, shape: tuple[int, ...]) -> _Place:
        """The shortcut where the shape changes: a 1 × 1 convolution where pixels go, else a dense layer."""
        y = self._take(shape)
        weight, scale = self._weight(f"{name}.projection.weight")
        if len(x.shape) == 3 and x.shape[:2] != shape[:2]:
            strides = (-(-x.shape[0] // shape[0]), -(-x.shape[1] // shape[1]))
            window = self._window(f"{name}.projection", x, shape, (1, 1), strides, (1, 1), "valid", 1)
            self._call("conv2d", window, x.text, weight, scale, 0, y.text)
        else:
            rows = math.prod(x.shape[:-1])
            self._call("dense", x.text, rows, x.shape[-1], weight, scale, 0, shape[-1], y.text)
        return y


def batch_norm_line(parameters: dict[str, np.ndarray], name: str, epsilon: float) -> tuple[np.ndarray, np.ndarray]:
    """Factor and summand (C,) of every channel, float64."""
    gamma, beta, mean, variance = (
        np.asarray(parameters[f"{name}.{part}"], np.float64)
        for part in ("gamma", "beta", "running_mean", "running_variance")
    )
    factor = gamma / np.sqrt(variance + epsilon)
    return factor, beta - factor * mean
