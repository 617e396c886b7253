"""A network in ONNX: the operators of each layer, in single precision. Images stay channels last between layers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from thetastar.errors import InputError
from thetastar.export.onnx.graph import Graph

__all__ = ["NetworkNodes"]


_GATES = {"simple_rnn": ("RNN", [0]), "lstm": ("LSTM", [0, 3, 1, 2]), "gru": ("GRU", [0, 1, 2])}
"""The operator, and where its gates stand among ours: i o f c of our i f g o, z r h of our z r n."""


@dataclass
class NetworkNodes:
    """Writes one network into a graph.

    Args:
        graph: where to.
        parameters: by name, float32.
    """

    graph: Graph
    parameters: dict[str, np.ndarray]

    def through(self, layers: tuple[Any, ...], shapes: tuple[tuple[int, ...], ...], x: str, path: str = "") -> str:
        """Write layers one after another; the result of the last.

        Args:
            shapes: of one sample, before each layer and after the last.
            x: what goes in, (n, *shapes[0]).
            path: in front of the layers' names, such as "residual_1.".

        Raises:
            InputError: a layer has no ONNX.
        """
        counts: Counter[str] = Counter()
        for layer, before, after in zip(layers, shapes[:-1], shapes[1:], strict=True):
            counts[layer.kind] += 1
            write = getattr(self, f"_{layer.kind}", None)
            if write is None:
                raise InputError(
                    f"export to ONNX: the layer {layer.kind!r} has no ONNX yet. Use to='python' (--to python)."
                )
            x = write(layer, f"{path}{layer.kind}_{counts[layer.kind]}", x, before, after)
        return x

    def _held(self, name: str) -> str:
        return self.graph.constant(self.parameters[name], np.float32)

    def _number(self, value: float) -> str:
        return self.graph.constant(value, np.float32)

    # Numbers alone

    def _activate(self, name: str, x: str) -> str:
        op, number = self.graph.op, self._number
        plain = {"tanh": "Tanh", "relu": "Relu", "softplus": "Softplus", "softsign": "Softsign"}
        if name == "identity":
            return x
        if name in plain:
            return op(plain[name], x)
        if name == "sigmoid":
            return self._sigmoid(x)
        if name == "hard_sigmoid":
            return op("Clip", op("Add", op("Div", x, number(6)), number(0.5)), number(0), number(1))
        if name in ("relu6", "hard_tanh"):
            low, high = (0, 6) if name == "relu6" else (-1, 1)
            return op("Clip", x, number(low), number(high))
        if name == "leaky_relu":
            return op("LeakyRelu", x, alpha=0.01)
        if name == "elu":
            return op("Elu", x, alpha=1.0)
        if name == "selu":
            return op("Selu", x, alpha=1.6732632423543772, gamma=1.0507009873554805)
        if name == "gelu":
            half = op("Erf", op("Mul", x, number(0.7071067811865476)))
            return op("Mul", op("Mul", x, number(0.5)), op("Add", half, number(1)))
        if name == "gelu_tanh":
            cube = op("Mul", op("Mul", op("Mul", x, x), x), number(0.044715))
            return op("Mul", x, self._sigmoid(op("Mul", op("Add", x, cube), number(1.5957691216057308))))
        if name == "silu":
            return op("Mul", x, self._sigmoid(x))
        if name == "mish":
            return op("Mul", x, op("Tanh", op("Softplus", x)))
        if name == "gaussian":
            return op("Exp", op("Neg", op("Mul", x, x)))
        if name == "step":
            return self.graph.cast(op("GreaterOrEqual", x, number(0)), "float")
        raise InputError(f"export to ONNX: the activation {name!r} has no ONNX yet. Use to='python' (--to python).")

    def _sigmoid(self, x: str) -> str:
        """By an exponential that never overflows; runtimes' own Sigmoid is 0 from -18 on in single precision."""
        op, number = self.graph.op, self._number
        small = op("Exp", op("Neg", op("Abs", x)))
        above = op("Where", op("Less", x, number(0)), small, number(1))
        return op("Div", above, op("Add", small, number(1)))

    def _activation(self, layer: Any, name: str, x: str, before: tuple[int, ...], after: tuple[int, ...]) -> str:
        return self._activate(layer.activation, x)

    def _softmax(self, layer: Any, name: str, x: str, before: tuple[int, ...], after: tuple[int, ...]) -> str:
        return self.graph.op("Softmax", x, axis=-1)

    def _prelu(self, layer: Any, name: str, x: str, before: tuple[int, ...], after: tuple[int, ...]) -> str:
        return self.graph.op("PRelu", x, self._held(f"{name}.alpha"))

    def _scale(self, layer: Any, name: str, x: str, before: tuple[int, ...], after: tuple[int, ...]) -> str:
        return self.graph.op("Mul", x, self._held(f"{name}.scale"))

    def _parametric_activation(
        self, layer: Any, name: str, x: str, before: tuple[int, ...], after: tuple[int, ...]
    ) -> str:
        op = self.graph.op
        moved = op("Mul", self._held(f"{name}.alpha"), op("Sub", self._activate(layer.activation, x), x))
        return op("Add", x, moved)

    def _periodic_embedding(
        self, layer: Any, name: str, x: str, before: tuple[int, ...], after: tuple[int, ...]
    ) -> str:
        """Every column's turns as one product with a matrix of its frequencies, and the sums as another one."""
        op, K, D = self.graph.op, layer.frequencies, layer.units
        turns = np.zeros((before[-1], len(layer.columns) * K), np.float32)
        sums = np.zeros((len(layer.columns) * K, len(layer.columns) * D), np.float32)
        for n, column in enumerate(layer.columns):
            turns[column, n * K : (n + 1) * K] = self.parameters[f"{name}.frequency"][n]
            own = self.parameters[f"{name}.weight"][n * D : (n + 1) * D]
            sums[n * K : (n + 1) * K, n * D : (n + 1) * D] = own.T
        angle = op("Mul", op("MatMul", x, self.graph.constant(turns, np.float32)), self._number(2 * np.pi))
        phase = self.graph.constant(self.parameters[f"{name}.phase"].ravel(), np.float32)
        waves = op("MatMul", op("Cos", op("Add", angle, phase)), self.graph.constant(sums, np.float32))
        return op("Concat", x, op("Add", waves, self._held(f"{name}.bias")), axis=-1)

    def _batch_ensemble(self, layer: Any, name: str, x: str, before: tuple[int, ...], after: tuple[int, ...]) -> str:
        op = self.graph.op
        rows = op("Unsqueeze", x, self.graph.constant([1], np.int64)) if len(before) == 1 else x
        scaled = op("Mul", rows, self._held(f"{name}.input_scale"))
        products = op("MatMul", scaled, self._held(f"{name}.weight"))
        return op("Add", op("Mul", products, self._held(f"{name}.output_scale")), self._held(f"{name}.bias"))

    def _dropout(self, layer: Any, name: str, x: str, before: tuple[int, ...], after: tuple[int, ...]) -> str:
        return x

    def _flatten(self, layer: Any, name: str, x: str, before: tuple[int, ...], after: tuple[int, ...]) -> str:
        return self.graph.op("Flatten", x, axis=1)

    # Weighted sums

    def _dense(self, layer: Any, name: str, x: str, before: tuple[int, ...], after: tuple[int, ...]) -> str:
        y = self.graph.op("MatMul", x, self._held(f"{name}.weight"))
        if layer.use_bias:
            y = self.graph.op("Add", y, self._held(f"{name}.bias"))
        return self._activate(layer.activation, y)

    def _conv2d(self, layer: Any, name: str, x: str, before: tuple[int, ...], after: tuple[int, ...]) -> str:
        high, wide = layer.kernel_size
        weight = self.parameters[f"{name}.weight"].reshape(high, wide, -1, layer.filters).transpose(3, 2, 0, 1)
        inputs = [self.graph.constant(weight, np.float32)]
        if layer.use_bias:
            inputs.append(self._held(f"{name}.bias"))
        y = self._window("Conv", layer, x, before, after, layer.kernel_size, layer.dilation_rate, inputs,
                         dilations=list(layer.dilation_rate), group=layer.groups)  # fmt: skip
        return self._activate(layer.activation, y)

    def _max_pool2d(self, layer: Any, name: str, x: str, before: tuple[int, ...], after: tuple[int, ...]) -> str:
        return self._window("MaxPool", layer, x, before, after, layer.pool_size, (1, 1), [])

    def _average_pool2d(self, layer: Any, name: str, x: str, before: tuple[int, ...], after: tuple[int, ...]) -> str:
        return self._window("AveragePool", layer, x, before, after, layer.pool_size, (1, 1), [], count_include_pad=0)

    def _window(
        self, kind: str, layer: Any, x: str, before: tuple[int, ...], after: tuple[int, ...], window: tuple[int, int],
        dilation: tuple[int, int], inputs: list[str], **attributes: Any,
    ) -> str:  # fmt: skip
        """An operator that moves a window over images, which wants the channels first."""
        pads = [0, 0, 0, 0]  # top, left, bottom, right
        if layer.padding == "same":
            for axis in (0, 1):
                reach = (window[axis] - 1) * dilation[axis] + 1
                total = max(0, (after[axis] - 1) * layer.strides[axis] + reach - before[axis])
                pads[axis], pads[axis + 2] = total // 2, total - total // 2
        first = self.graph.op("Transpose", x, perm=[0, 3, 1, 2])
        y = self.graph.op(
            kind, first, *inputs, kernel_shape=list(window), strides=list(layer.strides), pads=pads, **attributes
        )
        return self.graph.op("Transpose", y, perm=[0, 2, 3, 1])

    def _global_average_pool2d(
        self, layer: Any, name: str, x: str, before: tuple[int, ...], after: tuple[int, ...]
    ) -> str:
        return self.graph.op("ReduceMean", x, axes=[1, 2], keepdims=0)

    def _embedding(self, layer: Any, name: str, x: str, before: tuple[int, ...], after: tuple[int, ...]) -> str:
        graph, count = self.graph, layer.input_dim
        inside = graph.op("And", graph.op("GreaterOrEqual", x, self._number(0)),
                          graph.op("Less", x, self._number(count)))  # fmt: skip
        place = graph.cast(graph.op("Where", inside, x, self._number(count)), "int64")
        table = self.parameters[f"{name}.weight"]  # numbers outside of it get the row of zeros behind it
        wide = np.concatenate([table, np.zeros((1, table.shape[1]), table.dtype)])
        return graph.op("Gather", graph.constant(wide, np.float32), place, axis=0)

    # Normalising

    def _batch_norm(self, layer: Any, name: str, x: str, before: tuple[int, ...], after: tuple[int, ...]) -> str:
        gamma, beta, mean, variance = (
            self.parameters[f"{name}.{part}"].astype(np.float64)
            for part in ("gamma", "beta", "running_mean", "running_variance")
        )
        factor = gamma / np.sqrt(variance + layer.epsilon)
        scaled = self.graph.op("Mul", x, self.graph.constant(factor, np.float32))
        return self.graph.op("Add", scaled, self.graph.constant(beta - factor * mean, np.float32))

    def _layer_norm(self, layer: Any, name: str, x: str, before: tuple[int, ...], after: tuple[int, ...]) -> str:
        op = self.graph.op
        moved = op("Sub", x, op("ReduceMean", x, axes=[-1], keepdims=1))
        variance = op("ReduceMean", op("Mul", moved, moved), axes=[-1], keepdims=1)
        root = op("Sqrt", op("Add", variance, self._number(layer.epsilon)))
        scaled = op("Mul", op("Div", moved, root), self._held(f"{name}.gamma"))
        return op("Add", scaled, self._held(f"{name}.beta"))

    # Sequences

    def _recurrent(self, layer: Any, name: str, x: str, before: tuple[int, ...], after: tuple[int, ...]) -> str:
        if layer.mask_value is not None:
            return self._masked(layer, name, x, before)
        kind, order = _GATES[layer.kind]
        sides = [f"{name}.forward.", f"{name}.backward."] if layer.bidirectional else [f"{name}."]
        direction = "bidirectional" if layer.bidirectional else "reverse" if layer.go_backwards else "forward"

        def gates(array: np.ndarray) -> np.ndarray:
            """(gates U, …) in the operator's order, of (…, gates U) in ours."""
            parts = np.split(array.T, len(order))
            return np.concatenate([parts[k] for k in order])

        weight, recurrent, bias = [], [], []
        for side in sides:
            own = self.parameters
            weight.append(gates(own[f"{side}weight"]))
            recurrent.append(gates(own[f"{side}recurrent_weight"]))
            b = own[f"{side}bias"]
            bias.append(np.concatenate([gates(b), gates(own.get(f"{side}recurrent_bias", np.zeros_like(b)))]))
        constants = (self.graph.constant(np.stack(each), np.float32) for each in (weight, recurrent, bias))
        settings: dict[str, Any] = {"linear_before_reset": 1} if layer.kind == "gru" else {}
        steps = self.graph.op("Transpose", x, perm=[1, 0, 2])
        every, last = self.graph.ops(
            kind, steps, *constants, results=2, hidden_size=layer.units, direction=direction, **settings
        )
        found, turn = (every, [2, 0, 1, 3]) if layer.return_sequences else (last, [1, 0, 2])
        whole = self.graph.constant([0, *after], np.int64)
        return self.graph.op("Reshape", self.graph.op("Transpose", found, perm=turn), whole)

    _simple_rnn = _lstm = _gru = _recurrent

    def _masked(self, layer: Any, name: str, x: str, before: tuple[int, ...]) -> str:
        """Step after step, written out: steps that a mask passes over leave the state as it is."""
        graph, op = self.graph, self.graph.op
        sides = (("forward.", False), ("backward.", True)) if layer.bidirectional else (("", layer.go_backwards),)
        mask = self._number(layer.mask_value)
        differs = graph.cast(op("Not", op("Equal", x, mask)), "float")
        skipped = op("Equal", op("ReduceMax", differs, axes=[2], keepdims=1), self._number(0))  # (n, T, 1)
        outputs = []
        for side, backward in sides:
            own = f"{name}.{side}"
            sums = op("Add", op("MatMul", x, self._held(f"{own}weight")), self._held(f"{own}bias"))
            recurrent = self._held(f"{own}recurrent_weight")
            rows = op("Gather", op("Shape", x), graph.constant([0], np.int64), axis=0)
            shape = graph.joined([rows, graph.constant([layer.units], np.int64)], axis=0)
            h = c = op("Expand", self._number(0), shape)
            states = [""] * before[0]
            for t in reversed(range(before[0])) if backward else range(before[0]):
                at = graph.constant(t, np.int64)
                a, skip = op("Gather", sums, at, axis=1), op("Gather", skipped, at, axis=1)
                b = op("MatMul", h, recurrent)
                if f"{own}recurrent_bias" in self.parameters:
                    b = op("Add", b, self._held(f"{own}recurrent_bias"))
                next_h, next_c = self._step(layer.kind, a, b, h, c)
                h = op("Where", skip, h, next_h)
                c = op("Where", skip, c, next_c) if layer.kind == "lstm" else c
                states[t] = op("Unsqueeze", op("Where", skip, mask, h), graph.constant([1], np.int64))
            outputs.append(graph.joined(states, axis=1) if layer.return_sequences else h)
        return graph.joined(outputs)

    def _step(self, kind: str, a: str, b: str, h: str, c: str) -> tuple[str, str]:
        """The next state and cell, of the sums over inputs and over the state."""
        op = self.graph.op
        if kind == "simple_rnn":
            return op("Tanh", op("Add", a, b)), c
        if kind == "lstm":
            i, f, g, o = self.graph.ops("Split", op("Add", a, b), results=4, axis=1)
            kept = op("Mul", self._sigmoid(f), c)
            c = op("Add", kept, op("Mul", self._sigmoid(i), op("Tanh", g)))
            return op("Mul", self._sigmoid(o), op("Tanh", c)), c
        (az, ar, an), (bz, br, bn) = (self.graph.ops("Split", part, results=3, axis=1) for part in (a, b))
        z = self._sigmoid(op("Add", az, bz))
        new = op("Tanh", op("Add", an, op("Mul", self._sigmoid(op("Add", ar, br)), bn)))
        return op("Add", op("Mul", z, h), op("Mul", op("Sub", self._number(1), z), new)), c

    # Shortcuts

    def _residual(self, layer: Any, name: str, x: str, before: tuple[int, ...], after: tuple[int, ...]) -> str:
        from thetastar.layers.layer import shapes_through

        y = self.through(layer.layers, tuple(shapes_through(layer.layers, before)), x, f"{name}.")
        if f"{name}.projection.weight" in self.parameters:
            if len(before) == 3 and before[:2] != after[:2]:
                steps = [-(-before[axis] // after[axis]) for axis in (0, 1)]
                first, last = [0, 0], list(before[:2])
                x = self.graph.op("Slice", x, *(self.graph.constant(v, np.int64) for v in (first, last, [1, 2], steps)))
            x = self.graph.op("MatMul", x, self._held(f"{name}.projection.weight"))
        return self.graph.op("Add", y, x)
