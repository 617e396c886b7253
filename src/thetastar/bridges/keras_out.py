"""A network as a functional Keras model, one function a kind of layer. Both have their channels last."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from ..errors import InputError
from . import keras_layers as own
from .chain import under
from .keras_layers import ACTIVATIONS, CategoryVectors, Reversed

if TYPE_CHECKING:
    from ..network import Network

__all__ = ["model_of"]

Parameters = Mapping[str, np.ndarray]
Settings = dict[str, Any]  # name and dtype of a Keras layer


def model_of(network: Network) -> keras.Model:
    """Return the network as a model in the parameters' precision.

    Raises:
        InputError: the network has no parameters, or a layer that Keras does not have.
    """
    parameters = network.parameters
    dtype = "float64" if any(array.dtype == np.float64 for array in parameters.values()) else "float32"
    drawn = random.getstate()  # Keras draws seeds for the first parameters, which are replaced
    try:
        inputs = keras.Input(network.input_shape, dtype=dtype, name="inputs")
        return keras.Model(inputs, _through(network.layers, parameters, inputs, network.input_shape, dtype))
    finally:
        random.setstate(drawn)


def _through(
    layers: Iterable[Any], parameters: Parameters, x: Any, shape: tuple[int, ...], dtype: str, path: str = ""
) -> Any:
    """Return the Keras tensor behind layers one after another."""
    counts: Counter[str] = Counter()
    for layer in layers:
        counts[layer.kind] += 1
        name = f"{layer.kind}_{counts[layer.kind]}"
        settings = {"name": path + name, "dtype": dtype}
        if layer.kind not in _LAYERS:
            raise InputError(
                f"Network.to_keras: {type(layer).__name__} is no layer of Keras. Got {name}. "
                "Export the network as ONNX, or leave that layer out."
            )
        x = _LAYERS[layer.kind](layer, under(parameters, name), x, shape, settings)
        shape = layer.output_shape(shape)
    return x


def _applied(layer: keras.Layer, x: Any, *weights: np.ndarray | None) -> Any:
    """Return what the layer makes of x, with the given weights; None is a weight that it does not have."""
    y = layer(x)
    if weights:
        layer.set_weights([array for array in weights if array is not None])
    return y


def _dense(layer: Any, p: Parameters, x: Any, shape: tuple[int, ...], settings: Settings) -> Any:
    made = keras.layers.Dense(
        layer.units, activation=ACTIVATIONS[layer.activation], use_bias=layer.use_bias, **settings
    )
    return _applied(made, x, p["weight"], p.get("bias"))


def _conv2d(layer: Any, p: Parameters, x: Any, shape: tuple[int, ...], settings: Settings) -> Any:
    if max(layer.strides) > 1 and max(layer.dilation_rate) > 1:
        raise InputError(
            f"Network.to_keras: Conv2D(strides={layer.strides}, dilation_rate={layer.dilation_rate}) cannot go to "
            "Keras, which has no strides together with dilation. Use one of the two."
        )
    made = keras.layers.Conv2D(
        layer.filters, layer.kernel_size, layer.strides, layer.padding, "channels_last", layer.dilation_rate,
        layer.groups, ACTIVATIONS[layer.activation], layer.use_bias, **settings,
    )  # fmt: skip
    kernel = p["weight"].reshape(*layer.kernel_size, shape[2] // layer.groups, layer.filters)
    return _applied(made, x, kernel, p.get("bias"))


def _pool(kind: Callable[..., Any]) -> Callable[..., Any]:
    def applied(layer: Any, p: Parameters, x: Any, shape: tuple[int, ...], settings: Settings) -> Any:
        return kind(layer.pool_size, layer.strides, layer.padding, "channels_last", **settings)(x)

    return applied


def _batch_norm(layer: Any, p: Parameters, x: Any, shape: tuple[int, ...], settings: Settings) -> Any:
    made = keras.layers.BatchNormalization(momentum=layer.momentum, epsilon=layer.epsilon, **settings)
    return _applied(made, x, p["gamma"], p["beta"], p["running_mean"], p["running_variance"])


def _layer_norm(layer: Any, p: Parameters, x: Any, shape: tuple[int, ...], settings: Settings) -> Any:
    return _applied(keras.layers.LayerNormalization(epsilon=layer.epsilon, **settings), x, p["gamma"], p["beta"])


def _embedding(layer: Any, p: Parameters, x: Any, shape: tuple[int, ...], settings: Settings) -> Any:
    return _applied(CategoryVectors(layer.input_dim, layer.output_dim, **settings), x, p["weight"])


def _recurrent(layer: Any, p: Parameters, x: Any, shape: tuple[int, ...], settings: Settings) -> Any:
    if layer.mask_value is not None:
        raise InputError(
            f"Network.to_keras: {type(layer).__name__}(mask_value={layer.mask_value}) cannot go to Keras, whose masked "
            "steps repeat the state before them. Leave mask_value out."
        )
    kind = {"simple_rnn": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}[layer.kind]
    made = kind(
        layer.units, return_sequences=layer.return_sequences, go_backwards=layer.go_backwards,
        **(settings | {"name": settings["name"] + "_cell"} if layer.bidirectional else settings),
    )  # fmt: skip
    if layer.bidirectional:
        made = keras.layers.Bidirectional(made, **settings)
        return _applied(made, x, *_cell_weights(under(p, "forward")), *_cell_weights(under(p, "backward")))
    y = _applied(made, x, *_cell_weights(p))
    if layer.go_backwards and layer.return_sequences:  # Keras gives the states in the order in which it made them
        y = Reversed(name=settings["name"] + "_reversed", dtype=settings["dtype"])(y)
    return y


def _cell_weights(p: Parameters) -> list[np.ndarray]:
    """Return kernel, recurrent kernel and bias; the gates stand as here, and the two biases of a GRU in one array."""
    bias = np.stack([p["bias"], p["recurrent_bias"]]) if "recurrent_bias" in p else p["bias"]
    return [p["weight"], p["recurrent_weight"], bias]


def _residual(layer: Any, p: Parameters, x: Any, shape: tuple[int, ...], settings: Settings) -> Any:
    name, dtype = settings["name"], settings["dtype"]
    y, weight = _through(layer.layers, p, x, shape, dtype, f"{name}_"), p.get("projection.weight")
    if weight is not None:
        units, named = weight.shape[1], {"name": f"{name}_projection", "dtype": dtype, "use_bias": False}
        if len(shape) == 3:
            after = layer.output_shape(shape)
            strides = (-(-shape[0] // after[0]), -(-shape[1] // after[1]))
            projection = keras.layers.Conv2D(units, 1, strides, data_format="channels_last", **named)
            weight = weight[None, None]
        else:
            projection = keras.layers.Dense(units, **named)
        x = _applied(projection, x, weight)
    return keras.layers.Add(**settings)([y, x])


def _prelu(layer: Any, p: Parameters, x: Any, shape: tuple[int, ...], settings: Settings) -> Any:
    axes = list(range(1, len(shape) + (1 if layer.shared else 0)))
    made = keras.layers.PReLU(shared_axes=axes or None, **settings)
    return _applied(made, x, p["alpha"].reshape((1,) * (len(shape) - 1) + (-1,)))


def _scale(layer: Any, p: Parameters, x: Any, shape: tuple[int, ...], settings: Settings) -> Any:
    return _applied(own.Scale(**settings), x, p["scale"])


def _periodic_embedding(layer: Any, p: Parameters, x: Any, shape: tuple[int, ...], settings: Settings) -> Any:
    made = own.PeriodicEmbedding(layer.columns, layer.units, layer.frequencies, **settings)
    return _applied(made, x, p["frequency"], p["phase"], p["weight"], p["bias"])


def _parametric_activation(layer: Any, p: Parameters, x: Any, shape: tuple[int, ...], settings: Settings) -> Any:
    return _applied(own.ParametricActivation(layer.activation, **settings), x, p["alpha"])


def _batch_ensemble(layer: Any, p: Parameters, x: Any, shape: tuple[int, ...], settings: Settings) -> Any:
    made = own.BatchEnsemble(layer.units, layer.members, **settings)
    return _applied(made, x, p["weight"], p["input_scale"], p["output_scale"], p["bias"])


_LAYERS: dict[str, Callable[..., Any]] = {
    "dense": _dense, "conv2d": _conv2d, "max_pool2d": _pool(keras.layers.MaxPooling2D),
    "average_pool2d": _pool(keras.layers.AveragePooling2D), "batch_norm": _batch_norm, "layer_norm": _layer_norm,
    "embedding": _embedding, "simple_rnn": _recurrent, "lstm": _recurrent, "gru": _recurrent, "residual": _residual,
    "prelu": _prelu, "scale": _scale, "periodic_embedding": _periodic_embedding,
    "parametric_activation": _parametric_activation, "batch_ensemble": _batch_ensemble,
    "global_average_pool2d": lambda layer, p, x, shape, settings: keras.layers.GlobalAveragePooling2D(
        "channels_last", **settings)(x),
    "softmax": lambda layer, p, x, shape, settings: keras.layers.Softmax(**settings)(x),
    "activation": lambda layer, p, x, shape, settings: keras.layers.Activation(
        ACTIVATIONS[layer.activation], **settings)(x),
    "flatten": lambda layer, p, x, shape, settings: keras.layers.Flatten("channels_last", **settings)(x),
    "dropout": lambda layer, p, x, shape, settings: keras.layers.Dropout(layer.rate, **settings)(x),
}  # fmt: skip
