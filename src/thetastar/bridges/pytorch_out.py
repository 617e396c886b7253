"""A network as a PyTorch module, one function a kind of layer. Images are turned to channels first where needed."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from ..errors import InputError
from . import pytorch_modules as modules
from .chain import under
from .windows import same_padding

if TYPE_CHECKING:
    from ..network import Network

__all__ = ["module_of"]

Parameters = Mapping[str, np.ndarray]
Modules = Iterator[tuple[str, nn.Module]]  # what a layer's name is followed by, and the module


def module_of(network: Network) -> modules.NetworkModule:
    """Return the network as a module, ready to predict (`module.eval()`), in the parameters' precision.

    Raises:
        InputError: the network has no parameters, or a layer that PyTorch does not have.
    """
    parameters = network.parameters
    double = any(array.dtype == np.float64 for array in parameters.values())
    with torch.random.fork_rng(devices=()):  # a module draws its first parameters, which are replaced below
        steps = _through(network.layers, network.input_shape, parameters, torch.float64 if double else torch.float32)
    return modules.NetworkModule(steps).eval()


def _through(
    layers: Iterable[Any], shape: tuple[int, ...], parameters: Parameters, dtype: torch.dtype, first: bool = False
) -> OrderedDict[str, nn.Module]:
    """Return the modules of layers by name; `first`: whether channels come first at the input, and so at the output."""
    steps: OrderedDict[str, nn.Module] = OrderedDict()
    counts: Counter[str] = Counter()
    now = first
    for layer in layers:
        counts[layer.kind] += 1
        name = f"{layer.kind}_{counts[layer.kind]}"
        wanted = _wants_first(layer, shape, now)
        if wanted != now:
            steps[f"{name}_turned"], now = modules.ChannelsFirst() if wanted else modules.ChannelsLast(), wanted
        if layer.kind not in _LAYERS:
            raise InputError(
                f"Network.to_torch: {type(layer).__name__} is no layer of PyTorch. Got {name}. "
                "Export the network as ONNX, or leave that layer out."
            )
        for suffix, module in _LAYERS[layer.kind](layer, under(parameters, name), shape, dtype):
            steps[name + suffix] = module
        shape = layer.output_shape(shape)
        now = now and len(shape) > 1
    if now != first:
        steps["turned_back"] = modules.ChannelsFirst() if first else modules.ChannelsLast()
    return steps


def _wants_first(layer: Any, shape: tuple[int, ...], now: bool) -> bool:
    """Whether the layer's module takes channels first; what works number by number takes them as they are."""
    if layer.kind in ("activation", "dropout"):
        return now
    if layer.kind in ("batch_norm", "prelu"):
        return len(shape) > 1
    return len(shape) == 3 and layer.kind in (
        "conv2d", "max_pool2d", "average_pool2d", "global_average_pool2d", "residual"
    )  # fmt: skip


def _filled(module: Any, **arrays: np.ndarray | None) -> Any:
    """Return the module with the given values in its parameters and buffers."""
    with torch.no_grad():
        for name, array in arrays.items():
            if array is not None:
                getattr(module, name).copy_(torch.from_numpy(np.array(array)))
    return module


def _activation(name: str) -> Modules:
    if name != "identity":
        yield f"_{name}", modules.ACTIVATIONS[name]()


def _dense(layer: Any, p: Parameters, shape: tuple[int, ...], dtype: torch.dtype) -> Modules:
    linear = nn.Linear(shape[-1], layer.units, bias=layer.use_bias, dtype=dtype)
    yield "", _filled(linear, weight=p["weight"].T, bias=p.get("bias"))
    yield from _activation(layer.activation)


def _sides(layer: Any, shape: tuple[int, ...], window: tuple[int, int]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the padding (before, behind) of the height and the width."""
    if layer.padding == "valid":
        return (0, 0), (0, 0)
    dilation = getattr(layer, "dilation_rate", (1, 1))
    down, across = map(same_padding, shape[:2], window, layer.strides, dilation)
    return down, across


def _conv2d(layer: Any, p: Parameters, shape: tuple[int, ...], dtype: torch.dtype) -> Modules:
    (top, bottom), (left, right) = _sides(layer, shape, layer.kernel_size)
    even = top == bottom and left == right
    if not even:
        yield "_padding", nn.ZeroPad2d((left, right, top, bottom))
    conv = nn.Conv2d(
        shape[2], layer.filters, layer.kernel_size, layer.strides, (top, left) if even else 0, layer.dilation_rate,
        layer.groups, bias=layer.use_bias, dtype=dtype,
    )  # fmt: skip
    weight = p["weight"].reshape(*layer.kernel_size, shape[2] // layer.groups, layer.filters)
    yield "", _filled(conv, weight=weight.transpose(3, 2, 0, 1), bias=p.get("bias"))
    yield from _activation(layer.activation)


def _max_pool2d(layer: Any, p: Parameters, shape: tuple[int, ...], dtype: torch.dtype) -> Modules:
    (top, bottom), (left, right) = _sides(layer, shape, layer.pool_size)
    even = top == bottom and left == right
    if not even:
        yield "_padding", nn.ConstantPad2d((left, right, top, bottom), -np.inf)
    yield "", nn.MaxPool2d(layer.pool_size, layer.strides, (top, left) if even else 0)


def _average_pool2d(layer: Any, p: Parameters, shape: tuple[int, ...], dtype: torch.dtype) -> Modules:
    (top, bottom), (left, right) = _sides(layer, shape, layer.pool_size)
    if top == bottom and left == right:
        yield "", nn.AvgPool2d(layer.pool_size, layer.strides, (top, left), count_include_pad=False)
    else:
        size = (shape[0], shape[1])
        yield "", modules.AverageInside(layer.pool_size, layer.strides, (left, right, top, bottom), size, dtype)


def _global_average_pool2d(layer: Any, p: Parameters, shape: tuple[int, ...], dtype: torch.dtype) -> Modules:
    yield "", nn.AdaptiveAvgPool2d(1)
    yield "_flatten", nn.Flatten()


def _batch_norm(layer: Any, p: Parameters, shape: tuple[int, ...], dtype: torch.dtype) -> Modules:
    kind = nn.BatchNorm2d if len(shape) == 3 else nn.BatchNorm1d
    norm = kind(shape[-1], eps=layer.epsilon, momentum=1 - layer.momentum, dtype=dtype)
    yield "", _filled(
        norm, weight=p["gamma"], bias=p["beta"], running_mean=p["running_mean"], running_var=p["running_variance"]
    )  # fmt: skip


def _layer_norm(layer: Any, p: Parameters, shape: tuple[int, ...], dtype: torch.dtype) -> Modules:
    yield "", _filled(nn.LayerNorm(shape[-1], eps=layer.epsilon, dtype=dtype), weight=p["gamma"], bias=p["beta"])


def _embedding(layer: Any, p: Parameters, shape: tuple[int, ...], dtype: torch.dtype) -> Modules:
    vectors = modules.CategoryVectors(layer.input_dim, layer.output_dim, dtype)
    _filled(vectors.table, weight=p["weight"])
    yield "", vectors


def _gates(kind: str, array: np.ndarray) -> np.ndarray:
    """Return our gates along the last axis in PyTorch's order: of z r n comes r z n, the others are alike."""
    if kind != "gru":
        return array
    z, r, n = np.split(array, 3, axis=-1)
    return np.concatenate([r, z, n], axis=-1)


def _recurrent(layer: Any, p: Parameters, shape: tuple[int, ...], dtype: torch.dtype) -> Modules:
    if layer.mask_value is not None:
        raise InputError(
            f"Network.to_torch: {type(layer).__name__}(mask_value={layer.mask_value}) cannot go to PyTorch, whose "
            "recurrent layers pass over no steps. Leave mask_value out."
        )
    kind = {"simple_rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[layer.kind]
    cell = kind(shape[-1], layer.units, batch_first=True, bidirectional=layer.bidirectional, dtype=dtype)
    for suffix, own in (
        [("", under(p, "forward")), ("_reverse", under(p, "backward"))] if layer.bidirectional else [("", p)]
    ):
        bias = _gates(layer.kind, own["bias"])
        _filled(cell, **{
            f"weight_ih_l0{suffix}": _gates(layer.kind, own["weight"]).T,
            f"weight_hh_l0{suffix}": _gates(layer.kind, own["recurrent_weight"]).T,
            f"bias_ih_l0{suffix}": bias,
            f"bias_hh_l0{suffix}": _gates(layer.kind, own.get("recurrent_bias", np.zeros_like(bias))),
        })  # fmt: skip
    yield "", modules.Recurrent(cell, layer.return_sequences, layer.go_backwards)


def _residual(layer: Any, p: Parameters, shape: tuple[int, ...], dtype: torch.dtype) -> Modules:
    image, weight = len(shape) == 3, p.get("projection.weight")
    inner = nn.Sequential(_through(layer.layers, shape, p, dtype, first=image))
    projection: nn.Module = nn.Identity()
    if weight is not None and image:
        strides = [-(-before // after) for before, after in zip(shape[:2], layer.output_shape(shape)[:2], strict=True)]
        projection = nn.Conv2d(shape[2], weight.shape[1], 1, tuple(strides), bias=False, dtype=dtype)
        _filled(projection, weight=weight.T[:, :, None, None])
    elif weight is not None:
        projection = _filled(nn.Linear(*weight.shape, bias=False, dtype=dtype), weight=weight.T)
    yield "", modules.Shortcut(inner, projection)


def _prelu(layer: Any, p: Parameters, shape: tuple[int, ...], dtype: torch.dtype) -> Modules:
    yield "", _filled(nn.PReLU(len(p["alpha"]), dtype=dtype), weight=p["alpha"])


def _scale(layer: Any, p: Parameters, shape: tuple[int, ...], dtype: torch.dtype) -> Modules:
    yield "", _filled(modules.Scale(shape[-1], dtype), scale=p["scale"])


def _periodic_embedding(layer: Any, p: Parameters, shape: tuple[int, ...], dtype: torch.dtype) -> Modules:
    yield "", _filled(modules.PeriodicEmbedding(layer.columns, layer.units, layer.frequencies, dtype), **p)


def _parametric_activation(layer: Any, p: Parameters, shape: tuple[int, ...], dtype: torch.dtype) -> Modules:
    yield "", _filled(modules.ParametricActivation(layer.activation, shape[-1], dtype), alpha=p["alpha"])


def _batch_ensemble(layer: Any, p: Parameters, shape: tuple[int, ...], dtype: torch.dtype) -> Modules:
    yield "", _filled(modules.BatchEnsemble(shape[-1], layer.units, layer.members, dtype), **p)


_LAYERS: dict[str, Callable[[Any, Parameters, tuple[int, ...], torch.dtype], Modules]] = {
    "dense": _dense, "conv2d": _conv2d, "max_pool2d": _max_pool2d, "average_pool2d": _average_pool2d,
    "global_average_pool2d": _global_average_pool2d, "batch_norm": _batch_norm, "layer_norm": _layer_norm,
    "embedding": _embedding, "simple_rnn": _recurrent, "lstm": _recurrent, "gru": _recurrent, "residual": _residual,
    "prelu": _prelu, "scale": _scale, "periodic_embedding": _periodic_embedding,
    "parametric_activation": _parametric_activation, "batch_ensemble": _batch_ensemble,
    "softmax": lambda layer, p, shape, dtype: iter([("", nn.Softmax(dim=-1))]),
    "activation": lambda layer, p, shape, dtype: iter([("", modules.ACTIVATIONS[layer.activation]())]),
    "flatten": lambda layer, p, shape, dtype: iter([("", nn.Flatten())]),
    "dropout": lambda layer, p, shape, dtype: iter([("", nn.Dropout(layer.rate))]),
}  # fmt: skip
