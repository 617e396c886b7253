"""The network: a function f_θ with its layers, its shape and, once it has them, its parameters. Never changed."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from . import activations
from . import layers as _layers
from . import losses as _losses
from ._checks import WIDEST, plain_numbers, whole
from ._memory import require
from ._native import default_threads, engine
from .errors import InputError
from .layers import Dense, Layer
from .layers.layer import shapes_through
from .layers.softmax import apart

__all__ = ["NETWORK_KIND", "Network"]

NETWORK_KIND = "network"  # in the file that `Network.save` writes


class Network:
    """A feed-forward network.

    Args:
        layers: the layers from input to output.
        input_shape: the shape of one sample: ``(F,)`` a vector of F features, ``(T, F)`` a sequence of T steps,
            ``(H, W, C)`` an image with its channels last.

    Raises:
        InputError: no layers, something that is not a layer, or shapes that do not fit.

    Example:
        >>> net = Network([Dense(4, activation="tanh"), Dense(4, activation="tanh"), Dense(1)], input_shape=(2,))
        >>> net.parameter_count
        37

    Source: lecture 4 (a network is decided by how many layers there are and how many neurons in each).
    """

    def __init__(self, layers: Iterable[Layer], input_shape: tuple[int, ...] | int):
        self._layers = tuple(layers) if isinstance(layers, Iterable) else (layers,)
        if not self._layers:
            raise InputError("Network: there must be at least one layer. Got none. Add one, for example Dense(1).")
        for layer in self._layers:
            if not isinstance(layer, Layer):
                raise InputError(
                    f"Network: layers must be layers. Got {layer!r}. Use ts.Dense, ts.Conv2D, ts.LSTM, … ."
                )
        self._layers = apart(self._layers)
        shape = input_shape if isinstance(input_shape, tuple) else (input_shape,)
        if len(shape) not in (1, 2, 3):
            raise InputError(
                "Network: input_shape must be (F,), (T, F) or (H, W, C). "
                f"Got {input_shape!r}. Flatten what is more, or add an axis of 1."
            )
        shape = tuple(whole("Network", f"input_shape[{i}]", size, 1, WIDEST) for i, size in enumerate(shape))
        self._inputs = whole("Network", "the size of a sample", math.prod(shape), 1, WIDEST)
        self._shapes = tuple(shapes_through(self._layers, shape))
        self._outputs = math.prod(self._shapes[-1])
        counts: Counter[str] = Counter()
        names = []
        for layer in self._layers:
            counts[layer.kind] += 1
            names.append(f"{layer.kind}_{counts[layer.kind]}")
        self._names = tuple(names)
        self._native_spec = None
        self._layout = engine.parameter_layout(self._native())
        self._parameter_count = sum(rows * columns for _, _, rows, columns, _, _ in self._layout)
        self._layers_with_parameters = len({layer for _, layer, *_ in self._layout})
        self._flat: np.ndarray | None = None
        self._predictor = None

    # The description

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers' descriptions, from input to output."""
        return self._layers

    @property
    def layer_names(self) -> tuple[str, ...]:
        """One name a layer, numbered per kind from 1: "dense_1", "dropout_1", "dense_2"."""
        return self._names

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one sample."""
        return self._shapes[0]

    @property
    def output_shape(self) -> tuple[int, ...]:
        """The shape of one sample's prediction."""
        return self._shapes[-1]

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """The shape of one sample at the input and after each layer, one more than there are layers."""
        return self._shapes

    @property
    def parameter_count(self) -> int:
        """How many unknown parameters θ there are."""
        return self._parameter_count

    @property
    def multiplications(self) -> int:
        """How many multiplications one sample's forward pass takes; training takes about three times as many."""
        return int(engine.multiplications(self._native()))

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of every parameter array: {"dense_1.weight": (I, O), "dense_1.bias": (O,), …}."""
        return {
            name: (columns,) if is_vector else (rows, columns) for name, _, rows, columns, is_vector, _ in self._layout
        }

    def to_dict(self) -> dict:
        """Return the description, without parameters, as plain data."""
        return {"input_shape": list(self.input_shape), "layers": [layer.to_dict() for layer in self._layers]}

    @classmethod
    def from_dict(cls, description: dict) -> Network:
        """Return the network that `to_dict` described.

        Raises:
            InputError: a part of the description is missing or unknown, or layers lie hundreds deep in each other.
        """
        described = description if isinstance(description, Mapping) else {}
        layers, shape = described.get("layers"), described.get("input_shape")
        if not isinstance(layers, list | tuple) or not isinstance(shape, list | tuple):
            raise InputError(
                "Network.from_dict: the description must be a dict with the lists 'layers' and 'input_shape'. "
                f"Got {description!r:.200}. Use what Network.to_dict returned."
            )
        try:
            return cls([_layers.from_dict(layer) for layer in layers], tuple(shape))
        except RecursionError:
            raise InputError(
                "Network.from_dict: layers must not lie hundreds deep inside each other. Got such residual layers. "
                "Put them one after another."
            ) from None

    def summary(self) -> list[dict]:
        """Return one row a layer: {"name", "output", "activation", "parameters"}."""
        counts: Counter[int] = Counter()
        for _, layer, rows, columns, _, _ in self._layout:
            counts[layer] += rows * columns
        return [
            {
                "name": name,
                "output": shape[0] if len(shape) == 1 else " × ".join(map(str, shape)),
                "activation": getattr(layer, "activation", ""),
                "parameters": counts[index],
            }
            for index, (name, layer, shape) in enumerate(zip(self._names, self._layers, self._shapes[1:], strict=True))
        ]

    def __repr__(self) -> str:
        shape = " × ".join(map(str, self.input_shape))
        rows = [{"name": "input", "output": shape, "activation": "", "parameters": 0}, *self.summary()]
        wide = max(14, *(len(row["name"]) + 2 for row in rows))
        lines = [f"{'layer':<{wide}}{'output':>12}  {'activation':<14}{'parameters':>12}"]
        for row in rows:
            lines.append(f"{row['name']:<{wide}}{row['output']:>12}  {row['activation']:<14}{row['parameters']:>12,}")
        state = "with parameters" if self._flat is not None else "not yet initialised"
        lines.append(f"{'total':<{wide}}{'':>12}  {'':<14}{self.parameter_count:>12,}  {state}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """For notebooks: the summary as a table."""
        from html import escape

        head = "".join(f"<th>{name}</th>" for name in ("layer", "output", "activation", "parameters"))
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row.values()) + "</tr>"
            for row in self.summary()
        )
        state = "with parameters" if self._flat is not None else "not yet initialised"
        return (
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
            f"<p>{self.parameter_count:,} parameters, {state}</p>"
        )

    # Parameters

    @property
    def is_initialized(self) -> bool:
        """Whether the network carries parameters."""
        return self._flat is not None

    @property
    def parameters(self) -> dict[str, np.ndarray]:
        """The parameters by name, read-only views: {"dense_1.weight": (I, O), "dense_1.bias": (O,), …}.

        Raises:
            InputError: the network has none yet.
        """
        return self._unflatten(self._require())

    def initialized(self, seed: int = 0) -> Network:
        """Return this network with parameters drawn from its initialisers; the same seed draws the same numbers."""
        seed = whole("Network.initialized", "seed", seed)
        return self._with_flat(engine.initialize(self._native(), seed).astype(np.float32))

    def with_parameters(self, parameters: Mapping[str, np.ndarray]) -> Network:
        """Return this network with the given parameters; float64 stays float64, everything else becomes float32.

        Raises:
            InputError: a name is missing or unknown, or an array has another shape.
        """
        shapes = self.parameter_shapes
        wrong = sorted(set(shapes) ^ set(parameters))
        if wrong:
            state = "is missing" if wrong[0] in shapes else "is unknown"
            raise InputError(
                f"Network.with_parameters: the names must be {', '.join(shapes)}. {wrong[0]!r} {state}. "
                "Give every name once."
            )
        arrays = {name: np.asarray(parameters[name]) for name in shapes}
        for name, shape in shapes.items():
            if arrays[name].shape != shape:
                raise InputError(
                    f"Network.with_parameters: {name!r} must have shape {shape}. Got {arrays[name].shape}. "
                    "Reshape or transpose it."
                )
        double = all(array.dtype == np.float64 for array in arrays.values())
        flat = [arrays[name].astype(np.float64 if double else np.float32).ravel() for name in shapes]
        return self._with_flat(np.concatenate(flat) if flat else np.zeros(0, np.float32))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the network with its parameters to a `.theta` file, all or nothing; `ts.load` reads it.

        Args:
            path: where; an existing file is replaced.

        Raises:
            InputError: no parameters yet, or the folder does not exist or cannot be written.

        Example:
            >>> import tempfile, thetastar as ts
            >>> net = Network([Dense(2)], input_shape=(3,)).initialized(seed=0)
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     ts.load(net.save(f"{folder}/small.theta")).parameter_count
            8
        """
        from . import __version__
        from ._container import write_container

        document = {"kind": NETWORK_KIND, "thetastar": __version__, "network": self.to_dict()}
        return write_container(path, document, {f"network/{name}": array for name, array in self.parameters.items()})

    # Other frameworks

    def to_torch(self) -> Any:
        """Return the network as a `torch.nn.Module` with the same parameters, ready to predict (`module.eval()`).

        The module takes what the network takes, (n, *input_shape) with channels last, and gives the same outputs. It
        trains as any other; PyTorch's running variance of a `BatchNorm` counts n - 1 where ours counts n.

        Raises:
            InputError: no parameters yet, PyTorch is not installed, or a layer that it does not have (`mask_value`).

        Source: PyTorch's documentation of torch.nn; docs/guides/export.md has an example.
        """
        from .bridges import to_torch

        return to_torch(self)

    @classmethod
    def from_torch(cls, module: Any, input_shape: tuple[int, ...] | int) -> Network:
        """Return the network of a `torch.nn.Sequential`, with its parameters.

        Args:
            module: of the modules that thetastar has too, nested or not.
            input_shape: of one sample as the module takes it: (F,), (T, F) or (C, H, W). The network takes images as
                (H, W, C). A module that `to_torch` made takes what its network took.

        Raises:
            InputError: PyTorch is not installed, or a module, setting or shape that the network cannot have.

        Source: PyTorch's documentation of torch.nn; docs/guides/export.md has an example.
        """
        from .bridges import from_torch

        chain = from_torch(module, input_shape)
        return cls(chain.layers, chain.input_shape).with_parameters(chain.parameters)

    def to_keras(self) -> Any:
        """Return the network as a functional `keras.Model` with the same parameters, for whichever backend is set.

        The model takes what the network takes, (n, *input_shape) with channels last, and gives the same outputs.

        Raises:
            InputError: no parameters yet, Keras or its backend is not installed, or a layer that it does not have.

        Source: Keras's documentation of its layers; docs/guides/export.md has an example.
        """
        from .bridges import to_keras

        return to_keras(self)

    @classmethod
    def from_keras(cls, model: Any) -> Network:
        """Return the network of a `keras.Model`, with its parameters: layers in one row, or beside a shortcut (`Add`).

        Args:
            model: a Sequential or functional model of layers that thetastar has too, built, with channels last.

        Raises:
            InputError: Keras or its backend is not installed, or a layer or setting that the network cannot have.

        Source: Keras's documentation of its layers; docs/guides/export.md has an example.
        """
        from .bridges import from_keras

        chain = from_keras(model)
        return cls(chain.layers, chain.input_shape).with_parameters(chain.parameters)

    # Evaluation

    def predict(self, X, *, threads: int | None = None) -> np.ndarray:
        """Return the raw outputs f_θ(X), shape (n, O), in the parameters' precision. Dropout does not act.

        Args:
            X: (n, *input_shape) samples, or (n, F) with all numbers of a sample in one row.
            threads: how many threads share the rows; the result does not depend on it.

        Raises:
            InputError: no parameters yet, or X has another shape.

        Example:
            >>> Network([Dense(1)], input_shape=(2,)).initialized(seed=0).predict([[0.0, 0.0]])
            array([[0.]], dtype=float32)
        """
        flat = self._require()
        X = self._samples("Network.predict", X, flat.dtype)
        predictor, rows, shape = self._predictor, len(X), self._shapes[-1]
        if predictor is None:  # two threads at once may both build one; they are equal, and one of them stays
            make = engine.Predictor32 if flat.dtype == np.float32 else engine.Predictor64
            self._predictor = predictor = make(self._native(), flat)
        if threads is None:
            threads = 1 if rows < 4096 else default_threads()
        elif type(threads) is not int or threads < 1:
            threads = whole("Network.predict", "threads", threads, 1)
        outputs = self._outputs
        if rows * outputs > 1 << 23:
            require("Network.predict", rows * outputs * flat.itemsize, "the predictions", "Give fewer rows at once")
        out = np.empty((rows, outputs), flat.dtype)
        predictor(X, out, threads)
        return out if len(shape) == 1 else out.reshape(rows, *shape)

    def predict_proba(self, X, *, threads: int | None = None) -> np.ndarray:
        """Return the probabilities of the classes, (n, C): of a network with one output those of class 0 and class 1.

        Outputs that have passed a sigmoid or softmax are taken as they are; raw scores pass it here. Several outputs
        without one are scores of classes, one each.

        Args:
            X, threads: as in `predict`.

        Raises:
            InputError: no parameters yet, X has another shape, or outputs of an activation that gives neither scores
                nor probabilities.

        Example:
            >>> Network([Dense(1)], input_shape=(2,)).initialized(seed=0).predict_proba([[0.0, 0.0]]).tolist()
            [[0.5, 0.5]]
        """
        ends, outputs = self._last_activation(), self.predict(X, threads=threads)
        if ends not in ("identity", "sigmoid", "softmax"):
            raise InputError(
                "Network.predict_proba: the outputs must be scores or probabilities. "
                f"Got a network that ends in {ends!r}. End it without an activation, in 'sigmoid' or in 'softmax'."
            )
        if self._outputs == 1:
            p = activations.value("sigmoid", outputs) if ends == "identity" else outputs
            return np.concatenate([1 - p, p], axis=-1)
        if ends == "identity":
            e = np.exp(outputs - outputs.max(axis=-1, keepdims=True))
            return e / e.sum(axis=-1, keepdims=True)
        return outputs

    def gradients(self, X, y=None, *, loss, sample_weight=None, dtype: str | None = None) -> dict[str, np.ndarray]:
        """Return the gradient of the mean loss over (X, y) with respect to every parameter, by back-propagation.

        Args:
            X: (n, *input_shape) samples, or (n, F) with all numbers of a sample in one row; a tuple of 2 or 3 such
                arrays for losses of pairs and triplets.
            y: (n,) or (n, O) targets, (n, *output_shape) too, class indices for cross-entropy; None where the loss has
                no targets.
            loss: a loss or its name.
            sample_weight: (n,) or None; the mean is then Σ w_i loss_i / Σ w_i.
            dtype: "float32" or "float64"; the parameters' own precision when None.

        Returns:
            {"dense_1.weight": (I, O), …}, of the parameters' names and shapes. Dropout does not act.

        Raises:
            InputError: no parameters yet, no rows, or shapes that do not fit.
        """
        _, gradient, _, _ = self._inspect("Network.gradients", X, y, loss, sample_weight, dtype, trace=False)
        return self._unflatten(gradient)

    def trace(self, x, y=None, *, loss, dtype: str | None = None) -> dict[str, dict[str, np.ndarray]]:
        """Return every intermediate value and gradient of the given sample(s), layer by layer.

        Args:
            x: one sample of the input_shape, or (n, *input_shape) of them; all numbers may lie in a row. For losses of
                pairs and triplets a tuple of 2 or 3 such arrays.
            y: its target, or (n, …) targets; with several samples the loss is their mean. None without targets.
            loss: a loss or its name.
            dtype: "float32" or "float64"; the parameters' own precision when None.

        Returns:
            {"input": {"output", "d_output"}, "dense_1": {"weighted_sum", "output", "d_output", "d_weighted_sum",
            "d_weight", "d_bias"}, …, "loss": {"value"}}. "d_…" is the gradient of the mean loss with respect to it;
            values have shape (n, *shape of the layer's output), with the members of a pair or triplet one after
            another. Weighted sums and d_weight are shown of dense layers.

        Raises:
            InputError: no parameters yet, no rows, or shapes that do not fit.
        """
        if not isinstance(x, tuple):
            x, y = np.asarray(x), np.asarray(y)
            if x.shape == self.input_shape or x.ndim < 2:
                x = x.reshape(1, -1)
            y = y.reshape(len(x), -1) if y.size != len(x) else y.reshape(len(x))
        value, gradient, outputs, d_outputs = self._inspect("Network.trace", x, y, loss, None, dtype, trace=True)
        gradients, parameters = self._unflatten(gradient), self._unflatten(self._require().astype(gradient.dtype))
        outputs, d_outputs = (
            [array.reshape(len(array), *shape) for array, shape in zip(arrays, self._shapes, strict=False)]
            for arrays in (outputs, d_outputs)
        )
        seen: dict[str, dict[str, np.ndarray]] = {"input": {"output": outputs[0], "d_output": d_outputs[0]}}
        for index, (name, layer) in enumerate(zip(self._names, self._layers, strict=True), start=1):
            entry = {"output": outputs[index], "d_output": d_outputs[index]}
            if isinstance(layer, Dense):
                z = outputs[index - 1] @ parameters[f"{name}.weight"] + parameters.get(f"{name}.bias", 0)
                # d_outputs holds what backward left: the gradient before the layer's activation is applied to it.
                entry |= {
                    "weighted_sum": z,
                    "d_weighted_sum": d_outputs[index] * activations.slope(layer.activation, z),
                }
                entry |= {
                    f"d_{part.removeprefix(f'{name}.')}": g
                    for part, g in gradients.items()
                    if part.startswith(f"{name}.")
                }
            seen[name] = entry
        seen["loss"] = {"value": np.asarray(value)}
        return seen

    # Private

    def _native(self):
        """The core's description, which networks with other parameters share."""
        if self._native_spec is None:
            layers = [layer.native() | {"name": name} for name, layer in zip(self._names, self._layers, strict=True)]
            self._native_spec = engine.NetworkSpec({"input": list(self.input_shape), "layers": layers})
        return self._native_spec

    def __getstate__(self) -> dict:
        """For pickle and copy: without the native parts, which are built again when they are needed."""
        return self.__dict__ | {"_predictor": None, "_native_spec": None}

    def _require(self) -> np.ndarray:
        if self._flat is None:
            raise InputError(
                "Network: the parameters must be known for this. This network has none yet. "
                "Train it with ts.train, or use network.initialized(seed=0)."
            )
        return self._flat

    def _with_flat(self, flat: np.ndarray) -> Network:
        network = Network.__new__(Network)
        network.__dict__.update(self.__dict__)
        flat = np.ascontiguousarray(flat)
        flat.flags.writeable = False
        network._flat, network._predictor = flat, None
        return network

    def _last_place(self) -> int:
        """Which layer gives the outputs their values: the last one that does more than to lay them out or drop some."""
        places = [i for i, layer in enumerate(self._layers) if layer.kind not in ("flatten", "dropout")]
        return places[-1] if places else len(self._layers) - 1

    def _last_activation(self) -> str:
        """The activation that the outputs have passed; a parametric one may have any outputs."""
        last = self._layers[self._last_place()]
        if last.kind == "parametric_activation":
            return "identity"
        return "softmax" if last.kind == "softmax" else getattr(last, "activation", "identity")

    def _with_layers(self, layers: Iterable[Layer]) -> Network:
        """Other layers with the same parameters."""
        network = Network(layers, self.input_shape)
        network._flat = self._flat
        return network

    def _unflatten(self, flat: np.ndarray) -> dict[str, np.ndarray]:
        arrays, start = {}, 0
        for name, shape in self.parameter_shapes.items():
            size = math.prod(shape)
            arrays[name] = flat[start : start + size].reshape(shape)
            start += size
        return arrays

    def _samples(self, where: str, X, dtype) -> np.ndarray:
        size = self._inputs
        if (
            type(X) is np.ndarray
            and len(shape := X.shape) == 2
            and shape[1] == size
            and X.dtype == dtype
            and (flags := X.flags).c_contiguous
            and flags.aligned
        ):
            return X  # as it should be: of one row, whatever else is asked takes longer than the network
        plain_numbers(where, "X", X)
        try:
            X = np.require(np.ascontiguousarray(X, dtype=dtype), requirements="A")
        except (TypeError, ValueError):
            raise InputError(
                f"{where}: X must be an array of numbers (n, {size}). Got {type(X).__name__}. "
                "Prepare the columns as numbers first; ts.fit does that for tables."
            ) from None
        if X.ndim < 2 or X.shape[1:] not in (self.input_shape, (size,)):
            wanted = ", ".join(map(str, self.input_shape))
            raise InputError(
                f"{where}: X must have shape (n, {wanted}). Got {X.shape}. "
                "One sample a row; reshape a single sample with X[None, :]."
            )
        return X.reshape(len(X), size)

    def _inspect(self, where: str, X, y, loss, sample_weight, dtype, trace: bool):
        flat = self._require()
        dtype = np.dtype(dtype or flat.dtype)
        if dtype not in (np.float32, np.float64):
            raise InputError(f"{where}: dtype must be 'float32' or 'float64'. Got {str(dtype)!r}. Use one of the two.")
        loss = _losses.get(loss)
        parts = [self._samples(where, part, dtype) for part in _losses.member_parts(X)]
        _losses.check_members(where, loss, len(parts), [part.shape for part in parts])
        X, samples = _losses.interleave(parts), len(parts[0])
        if samples == 0:
            raise InputError(f"{where}: X must have at least one row. Got none. Give the samples to look at.")
        y = one_row_each(y, self.output_shape)
        target = loss.target_array(where, y, samples, self._outputs, dtype)
        weights = None if sample_weight is None else _losses.weight_array(where, sample_weight, samples, dtype)
        inspect = engine.inspect32 if dtype == np.float32 else engine.inspect64
        return inspect(self._native(), flat.astype(dtype), X, target, weights, loss.to_native(), trace)


def one_row_each(y, output_shape: tuple[int, ...]):
    """Return targets that are shaped as the network's outputs, (n, T, O) or (n, H, W, C), with one row a sample."""
    if len(output_shape) < 2:
        return y
    try:
        array = np.asanyarray(y)  # a mask is kept, so that it can be refused
    except ValueError:  # rows of different lengths: the loss says what it wants
        return y
    return array.reshape(len(array), -1) if array.shape[1:] == output_shape else y
