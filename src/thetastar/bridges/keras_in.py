"""A Keras model as layers with parameters, one function a kind of layer. Both have their channels last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from .. import layers as ours
from ..errors import InputError
from . import keras_layers as own
from .chain import Chain
from .keras_graph import WHERE, Block, in_order, is_plain, refuse_own_ways
from .keras_layers import ACTIVATIONS, CategoryVectors, Reversed

__all__ = ["chain_of"]

_NAMES = {function: name for name, function in ACTIVATIONS.items()}


def chain_of(model: keras.Model) -> Chain:
    """Return the layers and parameters of a model, in single precision unless its weights have double.

    Args:
        model: layers that thetastar has too, one after another.

    Raises:
        InputError: a layer, or a setting of one, that thetastar does not have, branches, or shapes that are not known.
    """
    if not isinstance(model, keras.Model):
        raise InputError(
            f"{WHERE}: model must be a keras.Model. Got {model!r:.200}. Give a Sequential or functional model."
        )
    refuse_own_ways(model)
    shape = model.input_shape if model.built else None
    if not isinstance(shape, tuple) or None in shape[1:]:
        raise InputError(
            f"{WHERE}: the model must have one input whose shape is known. Got {shape or 'a model without an input'}. "
            "Put keras.Input(shape) first, with every size."
        )
    reader = _Reader(Chain(shape[1:]))
    for layer in in_order(model):
        reader.read(layer)
    if reader.reversed:
        raise InputError(reader.words_for_reversed("none"))
    return reader.chain


class _Reader:
    """Where the reading stands.

    Args:
        chain: the layers so far.
    """

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self.reversed = ""  # the recurrent layer whose states lie from the last step to the first

    def read(self, layer: Any) -> None:
        """Read one layer or block."""
        if isinstance(layer, Block):
            self.read_block(layer)
            return
        named = f"{layer.name} ({type(layer).__name__})"
        read = _KINDS.get(type(layer))
        if read is None:
            known = sorted({kind.__name__ for kind in _KINDS if kind.__module__.startswith("keras.")})
            raise InputError(
                f"{WHERE}: {named} has no layer here. Known are: {', '.join(known)}. Replace it, or take it out."
            )
        if self.reversed and type(layer) is not Reversed:
            raise InputError(self.words_for_reversed(named))
        where = f"{WHERE}: {named}"
        _usual(layer, where)
        read(self, layer, where)

    def read_block(self, block: Block) -> None:
        """Read a stack beside a shortcut."""
        where = f"{WHERE}: {block.name} (Add)"
        _must(not self.reversed, where, "a recurrent layer's states must be turned before it", "them in reverse",
              "Put thetastar.bridges.keras_layers.Reversed between.")  # fmt: skip
        inner = _Reader(Chain(self.chain.shape))
        for layer in block.inner:
            inner.read(layer)
        if inner.reversed:
            raise InputError(inner.words_for_reversed(f"{block.name} (Add)"))
        made = ours.Residual(inner.chain.layers)
        before, after = self.chain.shape, made.output_shape(self.chain.shape)
        parameters = inner.chain.parameters
        projection = block.projection
        projected = before != after
        _must(projected == (projection is not None), where,
              "the shortcut must be a projection where the shape changes, and only there",
              f"{before} to {after} {'with' if projection is not None else 'without'} one", "Change it.")  # fmt: skip
        if projection is not None:
            strides = tuple(-(-b // a) for b, a in zip(before[:-1], after[:-1], strict=True))
            plain = is_plain(projection)
            if isinstance(projection, keras.layers.Conv2D):
                plain = plain and tuple(projection.kernel_size) == (1, 1) and tuple(projection.strides) == strides
                plain = plain and projection.groups == 1
            rule = (
                f"the projection must be Dense, or Conv2D 1 × 1 with the stride {strides}, without bias and activation"
            )
            _must(plain, where, rule, projection.name, "Change it.")
            weight = _weights(projection, 1)[0]
            parameters["projection.weight"] = weight.reshape(-1, weight.shape[-1])
        self.chain.add(made, **parameters)

    def activate(self, function: Any, where: str) -> None:
        """Put an activation behind the others."""
        if function is keras.activations.softmax:
            self.chain.add(ours.Softmax())
            return
        name = _NAMES.get(function)
        _must(name is not None, where, "the activation must be one that both have",
              repr(getattr(function, "__name__", function)), f"Use one of {', '.join(_USUAL)}.")  # fmt: skip
        if name != "identity":
            self.chain.activate(str(name))

    def words_for_reversed(self, got: str) -> str:
        return (
            f"{self.reversed}: its states come from the last step to the first (go_backwards with return_sequences). "
            f"thetastar.bridges.keras_layers.Reversed must turn them. Got {got} behind it. Put it there, or leave "
            "go_backwards out."
        )


def _must(holds: bool, where: str, rule: str, got: object, remedy: str) -> None:
    if not holds:
        raise InputError(f"{where}: {rule}. Got {got}. {remedy}")


def _usual(layer: Any, where: str) -> None:
    """Refuse a setting that would compute something else."""
    config = layer.get_config()
    for setting, wanted in _WANTED.items():
        value = config.get(setting, wanted)
        _must(value == wanted, where, f"{setting} must be {wanted!r}", repr(value), "Change it.")


def _weights(layer: Any, count: int) -> list[Any]:
    """Return a layer's weights, float64 where they are, float32 otherwise, and None for those that it does not have."""
    found = [array if array.dtype == np.float64 else np.asarray(array, np.float32) for array in layer.get_weights()]
    return [*found, *[None] * (count - len(found))]


def _dense(reader: _Reader, layer: Any, where: str) -> None:
    weight, bias = _weights(layer, 2)
    reader.chain.add(ours.Dense(layer.units, use_bias=layer.use_bias), weight=weight, bias=bias)
    reader.activate(layer.activation, where)


def _conv2d(reader: _Reader, layer: Any, where: str) -> None:
    kernel, bias = _weights(layer, 2)
    made = ours.Conv2D(
        layer.filters, tuple(layer.kernel_size), tuple(layer.strides), layer.padding,
        dilation_rate=tuple(layer.dilation_rate), groups=layer.groups, use_bias=layer.use_bias,
    )  # fmt: skip
    reader.chain.add(made, weight=kernel.reshape(-1, layer.filters), bias=bias)
    reader.activate(layer.activation, where)


def _pool(kind: type[Any]) -> Callable[[_Reader, Any, str], None]:
    def read(reader: _Reader, layer: Any, where: str) -> None:
        reader.chain.add(kind(tuple(layer.pool_size), tuple(layer.strides), layer.padding))

    return read


def _last_axis(reader: _Reader, layer: Any, where: str) -> None:
    axis = layer.axis
    axes = tuple(axis) if isinstance(axis, list | tuple) else (axis,)
    _must(axes in ((-1,), (len(reader.chain.shape),)), where, "axis must be -1", axis, "Channels are last here.")


def _batch_norm(reader: _Reader, layer: Any, where: str) -> None:
    _last_axis(reader, layer, where)
    gamma, beta, mean, variance = _weights(layer, 4)
    made = ours.BatchNorm(layer.momentum, layer.epsilon)
    reader.chain.add(made, gamma=gamma, beta=beta, running_mean=mean, running_variance=variance)


def _layer_norm(reader: _Reader, layer: Any, where: str) -> None:
    _last_axis(reader, layer, where)
    gamma, beta = _weights(layer, 2)
    reader.chain.add(ours.LayerNorm(layer.epsilon), gamma=gamma, beta=beta)


def _softmax(reader: _Reader, layer: Any, where: str) -> None:
    _last_axis(reader, layer, where)
    reader.chain.add(ours.Softmax())


def _embedding(reader: _Reader, layer: Any, where: str) -> None:
    reader.chain.add(ours.Embedding(layer.input_dim, layer.output_dim), weight=_weights(layer, 1)[0])


def _recurrent(reader: _Reader, layer: Any, where: str) -> None:
    cell = layer.forward_layer if isinstance(layer, keras.layers.Bidirectional) else layer
    kind = _CELLS.get(type(cell))
    _must(
        kind is not None, where, "its layer must be a SimpleRNN, LSTM or GRU", type(cell).__name__, "Use one of them."
    )
    _must(cell.activation is keras.activations.tanh, where, "activation must be 'tanh'",
          repr(cell.activation.__name__), "Leave it out.")  # fmt: skip
    gates = getattr(cell, "recurrent_activation", keras.activations.sigmoid)
    _must(gates is keras.activations.sigmoid, where, "recurrent_activation must be 'sigmoid'", repr(gates.__name__),
          "Leave it out.")  # fmt: skip
    _usual(cell, where)
    _must(cell.use_bias, where, "use_bias must be True", False, "Recurrent layers have biases here.")
    if cell is layer:
        parameters = _cell(_weights(layer, 3), "")
        if cell.go_backwards and cell.return_sequences:
            reader.reversed = where
    else:
        _must(
            layer.merge_mode == "concat", where, "merge_mode must be 'concat'", repr(layer.merge_mode), "Leave it out."
        )
        _must(not cell.go_backwards, where, "the layer inside must read forwards", "go_backwards=True", "Leave it out.")
        weights = _weights(layer, 6)
        parameters = _cell(weights[:3], "forward.") | _cell(weights[3:], "backward.")
    made = _CELLS[type(cell)](
        cell.units, return_sequences=cell.return_sequences, go_backwards=cell.go_backwards,
        bidirectional=cell is not layer,
    )  # fmt: skip
    reader.chain.add(made, **parameters)


def _cell(weights: list[np.ndarray], side: str) -> dict[str, np.ndarray]:
    """Return the parameters of one direction: a GRU's bias has two rows."""
    kernel, recurrent, bias = weights
    named = {f"{side}weight": kernel, f"{side}recurrent_weight": recurrent, f"{side}bias": bias}
    return named | {f"{side}bias": bias[0], f"{side}recurrent_bias": bias[1]} if bias.ndim == 2 else named


def _turned(reader: _Reader, layer: Any, where: str) -> None:
    _must(reader.reversed != "", where, "it must stand behind a recurrent layer with go_backwards and return_sequences",
          "another layer before it", "Take it out.")  # fmt: skip
    reader.reversed = ""


def _prelu(reader: _Reader, layer: Any, where: str) -> None:
    alpha, shape = _weights(layer, 1)[0], reader.chain.shape
    _must(alpha.size in (1, shape[-1]) and alpha.size == alpha.shape[-1], where,
          "there must be one α a channel, for all pixels or steps", f"α of shape {alpha.shape}",
          f"Use shared_axes={list(range(1, len(shape)))}.")  # fmt: skip
    reader.chain.add(ours.PReLU(shared=len(shape) in (layer.shared_axes or [])), alpha=alpha.ravel())


def _scale(reader: _Reader, layer: Any, where: str) -> None:
    reader.chain.add(ours.Scale(), scale=_weights(layer, 1)[0])


def _periodic_embedding(reader: _Reader, layer: Any, where: str) -> None:
    made = ours.PeriodicEmbedding(layer.columns, layer.units, layer.frequencies)
    names = ("frequency", "phase", "weight", "bias")
    reader.chain.add(made, **dict(zip(names, _weights(layer, 4), strict=True)))


def _parametric_activation(reader: _Reader, layer: Any, where: str) -> None:
    reader.chain.add(ours.ParametricActivation(layer.activation), alpha=_weights(layer, 1)[0])


def _batch_ensemble(reader: _Reader, layer: Any, where: str) -> None:
    names = ("weight", "input_scale", "output_scale", "bias")
    made = ours.BatchEnsemble(layer.units, layer.members)
    reader.chain.add(made, **dict(zip(names, _weights(layer, 4), strict=True)))


def _relu(reader: _Reader, layer: Any, where: str) -> None:
    settings = (layer.max_value, layer.negative_slope, layer.threshold)
    name = {(None, 0.0, 0.0): "relu", (6.0, 0.0, 0.0): "relu6", (None, 0.01, 0.0): "leaky_relu"}.get(settings)
    _must(name is not None, where, "(max_value, negative_slope, threshold) must be (None, 0, 0) or (6, 0, 0)", settings,
          "Change it.")  # fmt: skip
    reader.chain.activate(str(name))


def _leaky_relu(reader: _Reader, layer: Any, where: str) -> None:
    _must(layer.negative_slope == 0.01, where, "negative_slope must be 0.01", layer.negative_slope, "Change it.")
    reader.chain.activate("leaky_relu")


def _elu(reader: _Reader, layer: Any, where: str) -> None:
    _must(layer.alpha == 1, where, "alpha must be 1", layer.alpha, "Leave it out.")
    reader.chain.activate("elu")


def _nothing(reader: _Reader, layer: Any, where: str) -> None:
    """An input or an identity, which needs no layer."""


_USUAL = [name for name, function in ACTIVATIONS.items() if function.__module__.startswith("keras.")]
_CELLS: dict[type[Any], type[Any]] = {
    keras.layers.SimpleRNN: ours.SimpleRNN, keras.layers.LSTM: ours.LSTM, keras.layers.GRU: ours.GRU,
}  # fmt: skip
_WANTED: dict[str, Any] = {  # settings that must be so in every layer that has them
    "data_format": "channels_last", "center": True, "scale": True, "rms_scaling": False, "mask_zero": False,
    "reset_after": True, "stateful": False, "return_state": False, "dropout": 0.0, "recurrent_dropout": 0.0,
    "noise_shape": None, "lora_rank": None, "quantization_config": None,
}  # fmt: skip
_KINDS: dict[type[Any], Callable[[_Reader, Any, str], None]] = {
    keras.layers.Dense: _dense, keras.layers.Conv2D: _conv2d, keras.layers.MaxPooling2D: _pool(ours.MaxPool2D),
    keras.layers.AveragePooling2D: _pool(ours.AveragePool2D), keras.layers.BatchNormalization: _batch_norm,
    keras.layers.GlobalAveragePooling2D: lambda reader, layer, where: reader.chain.add(ours.GlobalAveragePool2D()),
    keras.layers.LayerNormalization: _layer_norm, keras.layers.Embedding: _embedding, CategoryVectors: _embedding,
    keras.layers.SimpleRNN: _recurrent, keras.layers.LSTM: _recurrent, keras.layers.GRU: _recurrent,
    keras.layers.Bidirectional: _recurrent, Reversed: _turned, keras.layers.PReLU: _prelu,
    keras.layers.Softmax: _softmax, keras.layers.ReLU: _relu, keras.layers.LeakyReLU: _leaky_relu,
    own.Scale: _scale, own.PeriodicEmbedding: _periodic_embedding, own.ParametricActivation: _parametric_activation,
    own.BatchEnsemble: _batch_ensemble,
    keras.layers.ELU: _elu, keras.layers.InputLayer: _nothing, keras.layers.Identity: _nothing,
    keras.layers.Activation: lambda reader, layer, where: reader.activate(layer.activation, where),
    keras.layers.Flatten: lambda reader, layer, where: reader.chain.add(ours.Flatten()),
    keras.layers.Dropout: lambda reader, layer, where: reader.chain.add(ours.Dropout(layer.rate)),
}  # fmt: skip
