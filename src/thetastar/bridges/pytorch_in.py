"""A `torch.nn.Sequential` as layers with parameters: one function a module. Images turn from channels first to last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from .. import layers as ours
from .._checks import WIDEST, whole
from ..errors import InputError
from . import pytorch_modules as modules
from .chain import Chain
from .pytorch_reader import WHERE, Reader, array, must
from .windows import agree, same_padding

__all__ = ["chain_of"]


def chain_of(module: nn.Module, input_shape: tuple[int, ...] | int) -> Chain:
    """Return the layers and parameters of a module, in single precision unless the module has double.

    Args:
        module: an `nn.Sequential` of modules that thetastar has too, or one of them.
        input_shape: of one sample as the module takes it: (C, H, W) for an image, unless `Network.to_torch` made it.

    Raises:
        InputError: a module, or a setting of one, that thetastar does not have, or shapes that do not fit.
    """
    if not isinstance(module, nn.Module):
        raise InputError(f"{WHERE}: module must be a torch.nn.Module. Got {module!r:.200}. Give an nn.Sequential.")
    given = input_shape if isinstance(input_shape, tuple | list) else (input_shape,)
    if len(given) not in (1, 2, 3):
        raise InputError(
            f"{WHERE}: input_shape must be (F,), (T, F) or (C, H, W). Got {input_shape!r}. Give one of them."
        )
    shape = tuple(whole(WHERE, f"input_shape[{k}]", size, 1, WIDEST) for k, size in enumerate(given))
    first = len(shape) == 3 and not isinstance(module, modules.NetworkModule)
    reader = Reader((*shape[1:], shape[0]) if first else shape, first, _MODULES)
    reader.read(module, type(module).__name__)
    reader.end()
    return reader.chain


def _last(reader: Reader, where: str) -> None:
    """Refuse a module that works along the last axis where that is the width."""
    must(len(reader.shape) == 1 or not reader.first, where, "the channels must be the last axis of what arrives",
          f"channels first, {(reader.shape[-1], *reader.shape[:-1])}", "Put a Flatten before it.")  # fmt: skip


def _first(reader: Reader, where: str, rank: int) -> None:
    """Refuse a module that works along the second axis where those are not the channels."""
    must(len(reader.shape) == rank and (rank == 1 or reader.first), where,
          "what arrives must be an image (C, H, W)" if rank == 3 else "the channels must come first",
          f"a sample of shape {reader.shape}", "Give input_shape=(C, H, W) for images.")  # fmt: skip


def _linear(reader: Reader, module: nn.Linear, where: str) -> None:
    _last(reader, where)
    must(module.in_features == reader.shape[-1], where, f"in_features must be what arrives ({reader.shape[-1]})",
          module.in_features, "Look at input_shape.")  # fmt: skip
    weight = array(module.weight)
    if reader.order is not None:
        ordered = np.empty_like(weight)
        ordered[:, reader.order] = weight
        weight, reader.order = ordered, None
    layer = ours.Dense(module.out_features, use_bias=module.bias is not None)
    reader.chain.add(layer, weight=weight.T, bias=array(module.bias))


def _pair(value: Any) -> tuple[int, int]:
    return (value[0], value[1]) if isinstance(value, tuple | list) else (value, value)


def _padding(reader: Reader, module: Any, where: str, fill: float) -> str:
    """Return "valid" or "same", whichever puts the windows on the same pixels as the module's padding does.

    Args:
        fill: what the padding must hold.
    """
    parts = module.kernel_size, module.stride, getattr(module, "dilation", 1)
    axes = list(zip(reader.shape[:2], *map(_pair, parts), strict=True))  # size, window, stride, dilation
    same = [same_padding(*axis) for axis in axes]
    if module.padding == "same":
        sides = same
    else:
        sides = [(pixels, pixels) for pixels in _pair(0 if module.padding == "valid" else module.padding)]
    if reader.pad is not None:
        (left, right, top, bottom), value = reader.pad
        must(value == fill, where, f"padding before it must hold {fill:g}", f"{value:g}", "Change the value.")
        must(sides == [(0, 0), (0, 0)], where, "there must be one padding",
              f"padding={module.padding!r} behind another", "Leave one of them out.")  # fmt: skip
        sides, reader.pad = [(top, bottom), (left, right)], None
    ceil = getattr(module, "ceil_mode", False)
    for padding in ("valid", "same"):
        if all(agree(axis[0], axis[1:], each, padding, ceil=ceil) for axis, each in zip(axes, sides, strict=True)):
            return padding
    raise InputError(
        f"{where}: padding must be none or, for an image of {reader.shape[0]} × {reader.shape[1]}, that of "
        f"padding='same': {same} pixels (before, behind) along height and width. Got {sides}. "
        "Change the padding or the size of the image."
    )


def _pad(reader: Reader, module: Any, where: str) -> None:
    _first(reader, where, 3)
    must(min(module.padding) >= 0, where, "padding must not cut", module.padding, "Use padding of 0 or more.")
    reader.pad = module.padding, float(getattr(module, "value", 0.0))


def _conv2d(reader: Reader, module: nn.Conv2d, where: str) -> None:
    _first(reader, where, 3)
    must(module.padding_mode == "zeros", where, "padding_mode must be 'zeros'", repr(module.padding_mode), "Use zeros.")
    must(module.in_channels == reader.shape[2], where, f"in_channels must be what arrives ({reader.shape[2]})",
          module.in_channels, "Look at input_shape: (C, H, W).")  # fmt: skip
    size = _pair(module.kernel_size)
    layer = ours.Conv2D(
        module.out_channels, size, _pair(module.stride), _padding(reader, module, where, 0.0),
        dilation_rate=_pair(module.dilation), groups=module.groups, use_bias=module.bias is not None,
    )  # fmt: skip
    weight = array(module.weight).transpose(2, 3, 1, 0).reshape(-1, module.out_channels)
    reader.chain.add(layer, weight=weight, bias=array(module.bias))


def _max_pool2d(reader: Reader, module: nn.MaxPool2d, where: str) -> None:
    _first(reader, where, 3)
    must(_pair(module.dilation) == (1, 1), where, "dilation must be 1", module.dilation, "Use windows without gaps.")
    must(not module.return_indices, where, "return_indices must be False", True, "Leave it out.")
    padding = _padding(reader, module, where, -np.inf)
    reader.chain.add(ours.MaxPool2D(_pair(module.kernel_size), _pair(module.stride), padding))


def _avg_pool2d(reader: Reader, module: nn.AvgPool2d, where: str) -> None:
    _first(reader, where, 3)
    must(not module.count_include_pad or _pair(module.padding) == (0, 0), where, "padding must not count in the mean",
          "count_include_pad=True", "Use count_include_pad=False.")  # fmt: skip
    must(
        module.divisor_override is None,
        where,
        "divisor_override must be None",
        module.divisor_override,
        "Leave it out.",
    )
    padding = _padding(reader, module, where, 0.0)
    reader.chain.add(ours.AveragePool2D(_pair(module.kernel_size), _pair(module.stride), padding))


def _average_inside(reader: Reader, module: modules.AverageInside, where: str) -> None:
    _first(reader, where, 3)
    reader.chain.add(ours.AveragePool2D(module.pool_size, module.strides, "same"))


def _adaptive(reader: Reader, module: nn.AdaptiveAvgPool2d, where: str) -> None:
    _first(reader, where, 3)
    must(_pair(module.output_size) == (1, 1), where, "output_size must be 1", module.output_size, "Use an AvgPool2d.")
    reader.chain.add(ours.AveragePool2D((reader.shape[0], reader.shape[1])))


def _flatten(reader: Reader, module: nn.Flatten, where: str) -> None:
    rank = len(reader.shape)
    must(module.start_dim == 1 and module.end_dim in (-1, rank), where, "a sample must be flattened as a whole",
          f"start_dim={module.start_dim}, end_dim={module.end_dim}", "Use Flatten().")  # fmt: skip
    if rank == 1:
        return
    if reader.first:
        at = np.arange(np.prod(reader.shape)).reshape(reader.shape)
        order = np.moveaxis(at, -1, 0).ravel()
        reader.order = None if (np.diff(order) == 1).all() else order
    chain, reader.first = reader.chain, False
    whole_image = chain.layers and isinstance(chain.layers[-1], ours.AveragePool2D) and chain.shape[:2] == (1, 1)
    if whole_image and _before(chain)[:2] == chain.layers[-1].pool_size and chain.layers[-1].padding == "valid":
        chain.layers[-1], chain.shape = ours.GlobalAveragePool2D(), (chain.shape[2],)
    else:
        chain.add(ours.Flatten())


def _before(chain: Chain) -> tuple[int, ...]:
    """Return the shape before the last layer."""
    shape = chain.input_shape
    for layer in chain.layers[:-1]:
        shape = layer.output_shape(shape)
    return shape


def _batch_norm(reader: Reader, module: Any, where: str) -> None:
    rank = 3 if isinstance(module, nn.BatchNorm2d) else max(1, min(len(reader.shape), 2))
    _first(reader, where, rank)
    must(module.num_features == reader.shape[-1], where,
          f"num_features must be the channels that arrive ({reader.shape[-1]})", module.num_features,
          "Look at input_shape.")  # fmt: skip
    must(module.affine and module.track_running_stats and module.momentum is not None, where,
          "affine and track_running_stats must be True and momentum a number",
          f"affine={module.affine}, track_running_stats={module.track_running_stats}, momentum={module.momentum}",
          "Both γ and β are learned here, and the running statistics kept.")  # fmt: skip
    reader.chain.add(
        ours.BatchNorm(1 - module.momentum, module.eps), gamma=reader.vector(module.weight),
        beta=reader.vector(module.bias), running_mean=reader.vector(module.running_mean),
        running_variance=reader.vector(module.running_var),
    )  # fmt: skip


def _layer_norm(reader: Reader, module: nn.LayerNorm, where: str) -> None:
    _last(reader, where)
    must(tuple(module.normalized_shape) == reader.shape[-1:], where,
          f"normalized_shape must be the last axis of what arrives ({reader.shape[-1]})",
          tuple(module.normalized_shape), "Normalise over the last axis.")  # fmt: skip
    must(module.weight is not None and module.bias is not None, where, "it must have a weight and a bias", "none",
          "Both γ and β are learned here.")  # fmt: skip
    reader.chain.add(ours.LayerNorm(module.eps), gamma=reader.vector(module.weight), beta=reader.vector(module.bias))


def _embedding(reader: Reader, module: nn.Embedding, where: str) -> None:
    must(module.padding_idx is None and module.max_norm is None, where, "padding_idx and max_norm must be None",
          f"padding_idx={module.padding_idx}, max_norm={module.max_norm}",
          "A number outside the table gives zeros.")  # fmt: skip
    must(reader.order is None, where, "what arrives must be a vector of category numbers", "flattened channels",
          "Put Embedding first.")  # fmt: skip
    reader.chain.add(ours.Embedding(module.num_embeddings, module.embedding_dim), weight=array(module.weight))


def _recurrent(reader: Reader, module: modules.Recurrent, where: str) -> None:
    _last(reader, where)
    cell = module.cell
    settings = (cell.num_layers, cell.bias, getattr(cell, "nonlinearity", "tanh"), cell.dropout, cell.proj_size)
    must(settings == (1, True, "tanh", 0.0, 0) and cell.batch_first, where,
          "its cell must have one layer, biases, tanh, no dropout, no projection and batch_first", cell,
          "Change it.")  # fmt: skip
    kind: type[Any] = {nn.RNN: ours.SimpleRNN, nn.LSTM: ours.LSTM, nn.GRU: ours.GRU}[type(cell)]
    parameters: dict[str, np.ndarray] = {}
    for side, suffix in [("forward.", ""), ("backward.", "_reverse")] if cell.bidirectional else [("", "")]:
        weight, recurrent, bias, recurrent_bias = (
            _gates(kind, array(getattr(cell, f"{name}_l0{suffix}")))
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        parameters |= {f"{side}weight": weight.T, f"{side}recurrent_weight": recurrent.T}
        if kind is ours.GRU:
            parameters |= {f"{side}bias": bias, f"{side}recurrent_bias": recurrent_bias}
        else:
            parameters[f"{side}bias"] = bias + recurrent_bias
    layer = kind(
        cell.hidden_size, return_sequences=module.return_sequences, go_backwards=module.go_backwards,
        bidirectional=cell.bidirectional,
    )  # fmt: skip
    reader.chain.add(layer, **parameters)


def _gates(kind: type[Any], array: np.ndarray) -> np.ndarray:
    """Return PyTorch's gates along the first axis in our order: of r z n comes z r n, the others are alike."""
    if kind is not ours.GRU:
        return array
    r, z, n = np.split(array, 3)
    return np.concatenate([z, r, n])


def _shortcut(reader: Reader, module: modules.Shortcut, where: str) -> None:
    _unordered(reader, where)
    inner = Reader(reader.shape, reader.first, _MODULES)
    inner.read(module.inner, "Sequential")
    inner.end()
    weight = array(getattr(module.projection, "weight", None))
    parameters = inner.chain.parameters | (
        {} if weight is None else {"projection.weight": weight.reshape(len(weight), -1).T}
    )
    reader.chain.add(ours.Residual(inner.chain.layers), **parameters)


def _softmax(reader: Reader, module: nn.Softmax, where: str) -> None:
    rank = len(reader.shape)
    channels = (1, -rank) if reader.first else (-1, rank)
    must(module.dim in channels, where, "dim must be that of the channels", module.dim, f"Use dim={channels[0]}.")
    reader.chain.add(ours.Softmax())


def _prelu(reader: Reader, module: nn.PReLU, where: str) -> None:
    shared = module.num_parameters == 1
    if not shared:
        _first(reader, where, len(reader.shape))
        must(module.num_parameters == reader.shape[-1], where,
              f"num_parameters must be the channels that arrive ({reader.shape[-1]}), or 1", module.num_parameters,
              "Look at input_shape.")  # fmt: skip
    reader.chain.add(ours.PReLU(shared=shared), alpha=reader.vector(module.weight))


def _unordered(reader: Reader, where: str) -> None:
    """Refuse a module that tells places along the last axis apart, behind a Flatten of channels first."""
    must(reader.order is None, where, "a Linear must stand between it and a Flatten of channels first", "none",
         "Put a Linear before it.")  # fmt: skip


def _channels(reader: Reader, where: str, name: str, parameter: torch.Tensor) -> np.ndarray:
    """Return a number for each channel, which must be as many as arrive."""
    _last(reader, where)
    must(len(parameter) == reader.shape[-1], where, f"{name} must have one number a channel ({reader.shape[-1]})",
         len(parameter), "Look at input_shape.")  # fmt: skip
    return reader.vector(parameter)


def _scale(reader: Reader, module: modules.Scale, where: str) -> None:
    scale = _channels(reader, where, "scale", module.scale)
    reader.chain.add(ours.Scale(), scale=scale)


def _parametric_activation(reader: Reader, module: modules.ParametricActivation, where: str) -> None:
    alpha = _channels(reader, where, "alpha", module.alpha)
    reader.chain.add(ours.ParametricActivation(module.activation), alpha=alpha)


def _periodic_embedding(reader: Reader, module: modules.PeriodicEmbedding, where: str) -> None:
    _last(reader, where)
    _unordered(reader, where)
    layer = ours.PeriodicEmbedding(module.columns, module.units, module.frequencies)
    reader.chain.add(layer, **{name: array(values) for name, values in module.named_parameters()})


def _batch_ensemble(reader: Reader, module: modules.BatchEnsemble, where: str) -> None:
    _last(reader, where)
    _unordered(reader, where)
    inputs, units = module.weight.shape
    must(inputs == reader.shape[-1], where, f"its weight must have a row for each number that arrives "
         f"({reader.shape[-1]})", inputs, "Look at input_shape.")  # fmt: skip
    layer = ours.BatchEnsemble(units, len(module.bias))
    reader.chain.add(layer, **{name: array(values) for name, values in module.named_parameters()})


def _activation(name: str) -> Callable[[Reader, Any, str], None]:
    def read(reader: Reader, module: Any, where: str) -> None:
        if type(module) is nn.GELU:
            reader.chain.activate("gelu_tanh" if module.approximate == "tanh" else "gelu")
            return
        usual = modules.ACTIVATIONS[name]()
        for setting in ("negative_slope", "alpha", "beta", "threshold", "min_val", "max_val"):
            value, wanted = getattr(module, setting, None), getattr(usual, setting, None)
            must(value == wanted, where, f"{setting} must be {wanted}", value, "Leave it out.")
        reader.chain.activate(name)

    return read


def _turned(first: bool) -> Callable[[Reader, Any, str], None]:
    def read(reader: Reader, module: nn.Module, where: str) -> None:
        reader.first = first

    return read


def _nothing(reader: Reader, module: nn.Module, where: str) -> None:
    """An identity, which needs no layer."""


_MODULES: dict[type[Any], Callable[[Reader, Any, str], None]] = {
    nn.Linear: _linear, nn.Conv2d: _conv2d, nn.ZeroPad2d: _pad, nn.ConstantPad2d: _pad, nn.MaxPool2d: _max_pool2d,
    nn.AvgPool2d: _avg_pool2d, nn.AdaptiveAvgPool2d: _adaptive, nn.Flatten: _flatten,
    nn.BatchNorm1d: _batch_norm, nn.BatchNorm2d: _batch_norm, nn.LayerNorm: _layer_norm, nn.Embedding: _embedding,
    modules.CategoryVectors: lambda reader, module, where: _embedding(reader, module.table, where),
    modules.Recurrent: _recurrent, modules.Shortcut: _shortcut, nn.Softmax: _softmax, nn.PReLU: _prelu,
    nn.Dropout: lambda reader, module, where: reader.chain.add(ours.Dropout(module.p)),
    modules.ChannelsFirst: _turned(True), modules.ChannelsLast: _turned(False),
    modules.AverageInside: _average_inside, modules.Gaussian: _activation("gaussian"),
    modules.Step: _activation("step"), modules.Scale: _scale, modules.PeriodicEmbedding: _periodic_embedding,
    modules.ParametricActivation: _parametric_activation, modules.BatchEnsemble: _batch_ensemble,
    nn.GELU: _activation("gelu"), nn.Identity: _nothing,
} | {
    kind: _activation(name) for name, kind in modules.ACTIVATIONS.items()
    if isinstance(kind, type) and kind not in (nn.Identity, nn.GELU)
}  # fmt: skip
