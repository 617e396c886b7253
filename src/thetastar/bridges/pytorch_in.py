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
from .windows import agree, same_padding

__all__ = ["chain_of"]

WHERE = "Network.from_torch"


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
    reader = _Reader((*shape[1:], shape[0]) if first else shape, first)
    reader.read(module, type(module).__name__)
    reader.end()
    return reader.chain


class _Reader:
    """Where the reading stands: the layers so far, and how what they give lies in PyTorch.

    Args:
        shape: of one sample, channels last.
        first: whether the channels come first in PyTorch.
    """

    def __init__(self, shape: tuple[int, ...], first: bool) -> None:
        self.chain, self.first = Chain(shape), first
        self.order: np.ndarray | None = None  # after a Flatten: number k in PyTorch is number order[k] of ours
        self.pad: tuple[tuple[int, int, int, int], float] | None = None  # what a padding module has put around

    @property
    def shape(self) -> tuple[int, ...]:
        return self.chain.shape

    def read(self, module: nn.Module, name: str) -> None:
        """Read one module, or a Sequential's one after another."""
        if isinstance(module, nn.Sequential) and type(module).forward is nn.Sequential.forward:
            for child, part in module.named_children():
                self.read(part, f"{type(part).__name__} ({child})")
            return
        read = _MODULES.get(type(module))
        if read is None:
            raise InputError(
                f"{WHERE}: {name} has no layer here. Known inside an nn.Sequential are: "
                f"{', '.join(sorted({kind.__name__ for kind in _MODULES if kind.__module__.startswith('torch.')}))}. "
                "Replace it, or take it out."
            )
        if self.pad is not None and type(module) not in (nn.Conv2d, nn.MaxPool2d):
            raise InputError(
                f"{WHERE}: padding must stand before a Conv2d or MaxPool2d. Got {name} behind it. Leave it out."
            )
        read(self, module, f"{WHERE}: {name}")

    def end(self) -> None:
        """Refuse what is not finished at the module's end."""
        if self.order is not None:
            raise InputError(
                f"{WHERE}: a Flatten of channels first must be followed by a Linear, whose rows are put in the order "
                "of channels last. Got none. Put a Linear behind it."
            )
        if self.pad is not None:
            raise InputError(
                f"{WHERE}: padding must stand before a Conv2d or MaxPool2d. Got none behind it. Leave it out."
            )

    def vector(self, tensor: torch.Tensor) -> np.ndarray:
        """Return the values of one number for each channel, in our order."""
        values = _array(tensor)
        if self.order is None or len(values) != len(self.order):
            return values
        ordered = np.empty_like(values)
        ordered[self.order] = values
        return ordered


def _array(tensor: torch.Tensor | None) -> Any:
    """Return a tensor's values, float64 where it is, float32 otherwise; None stays None."""
    if tensor is None:
        return None
    if tensor.is_meta:
        raise InputError(f"{WHERE}: the parameters must have values. Got some on the device 'meta'. Load them first.")
    values = tensor.detach().cpu()
    return (values if values.dtype == torch.float64 else values.float()).numpy().copy()


def _must(holds: bool, where: str, rule: str, got: object, remedy: str) -> None:
    if not holds:
        raise InputError(f"{where}: {rule}. Got {got}. {remedy}")


def _last(reader: _Reader, where: str) -> None:
    """Refuse a module that works along the last axis where that is the width."""
    _must(len(reader.shape) == 1 or not reader.first, where, "the channels must be the last axis of what arrives",
          f"channels first, {(reader.shape[-1], *reader.shape[:-1])}", "Put a Flatten before it.")  # fmt: skip


def _first(reader: _Reader, where: str, rank: int) -> None:
    """Refuse a module that works along the second axis where those are not the channels."""
    _must(len(reader.shape) == rank and (rank == 1 or reader.first), where,
          "what arrives must be an image (C, H, W)" if rank == 3 else "the channels must come first",
          f"a sample of shape {reader.shape}", "Give input_shape=(C, H, W) for images.")  # fmt: skip


def _linear(reader: _Reader, module: nn.Linear, where: str) -> None:
    _last(reader, where)
    _must(module.in_features == reader.shape[-1], where, f"in_features must be what arrives ({reader.shape[-1]})",
          module.in_features, "Look at input_shape.")  # fmt: skip
    weight = _array(module.weight)
    if reader.order is not None:
        ordered = np.empty_like(weight)
        ordered[:, reader.order] = weight
        weight, reader.order = ordered, None
    layer = ours.Dense(module.out_features, use_bias=module.bias is not None)
    reader.chain.add(layer, weight=weight.T, bias=_array(module.bias))


def _pair(value: Any) -> tuple[int, int]:
    return (value[0], value[1]) if isinstance(value, tuple | list) else (value, value)


def _padding(reader: _Reader, module: Any, where: str, fill: float) -> str:
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
        _must(value == fill, where, f"padding before it must hold {fill:g}", f"{value:g}", "Change the value.")
        _must(sides == [(0, 0), (0, 0)], where, "there must be one padding",
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


def _pad(reader: _Reader, module: Any, where: str) -> None:
    _first(reader, where, 3)
    _must(min(module.padding) >= 0, where, "padding must not cut", module.padding, "Use padding of 0 or more.")
    reader.pad = module.padding, float(getattr(module, "value", 0.0))


def _conv2d(reader: _Reader, module: nn.Conv2d, where: str) -> None:
    _first(reader, where, 3)
    _must(
        module.padding_mode == "zeros", where, "padding_mode must be 'zeros'", repr(module.padding_mode), "Use zeros."
    )
    _must(module.in_channels == reader.shape[2], where, f"in_channels must be what arrives ({reader.shape[2]})",
          module.in_channels, "Look at input_shape: (C, H, W).")  # fmt: skip
    size = _pair(module.kernel_size)
    layer = ours.Conv2D(
        module.out_channels, size, _pair(module.stride), _padding(reader, module, where, 0.0),
        dilation_rate=_pair(module.dilation), groups=module.groups, use_bias=module.bias is not None,
    )  # fmt: skip
    weight = _array(module.weight).transpose(2, 3, 1, 0).reshape(-1, module.out_channels)
    reader.chain.add(layer, weight=weight, bias=_array(module.bias))


def _max_pool2d(reader: _Reader, module: nn.MaxPool2d, where: str) -> None:
    _first(reader, where, 3)
    _must(_pair(module.dilation) == (1, 1), where, "dilation must be 1", module.dilation, "Use windows without gaps.")
    _must(not module.return_indices, where, "return_indices must be False", True, "Leave it out.")
    padding = _padding(reader, module, where, -np.inf)
    reader.chain.add(ours.MaxPool2D(_pair(module.kernel_size), _pair(module.stride), padding))


def _avg_pool2d(reader: _Reader, module: nn.AvgPool2d, where: str) -> None:
    _first(reader, where, 3)
    _must(not module.count_include_pad or _pair(module.padding) == (0, 0), where, "padding must not count in the mean",
          "count_include_pad=True", "Use count_include_pad=False.")  # fmt: skip
    _must(
        module.divisor_override is None,
        where,
        "divisor_override must be None",
        module.divisor_override,
        "Leave it out.",
    )
    padding = _padding(reader, module, where, 0.0)
    reader.chain.add(ours.AveragePool2D(_pair(module.kernel_size), _pair(module.stride), padding))


def _average_inside(reader: _Reader, module: modules.AverageInside, where: str) -> None:
    _first(reader, where, 3)
    reader.chain.add(ours.AveragePool2D(module.pool_size, module.strides, "same"))


def _adaptive(reader: _Reader, module: nn.AdaptiveAvgPool2d, where: str) -> None:
    _first(reader, where, 3)
    _must(_pair(module.output_size) == (1, 1), where, "output_size must be 1", module.output_size, "Use an AvgPool2d.")
    reader.chain.add(ours.AveragePool2D((reader.shape[0], reader.shape[1])))


def _flatten(reader: _Reader, module: nn.Flatten, where: str) -> None:
    rank = len(reader.shape)
    _must(module.start_dim == 1 and module.end_dim in (-1, rank), where, "a sample must be flattened as a whole",
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


def _batch_norm(reader: _Reader, module: Any, where: str) -> None:
    rank = 3 if isinstance(module, nn.BatchNorm2d) else max(1, min(len(reader.shape), 2))
    _first(reader, where, rank)
    _must(module.num_features == reader.shape[-1], where,
          f"num_features must be the channels that arrive ({reader.shape[-1]})", module.num_features,
          "Look at input_shape.")  # fmt: skip
    _must(module.affine and module.track_running_stats and module.momentum is not None, where,
          "affine and track_running_stats must be True and momentum a number",
          f"affine={module.affine}, track_running_stats={module.track_running_stats}, momentum={module.momentum}",
          "Both γ and β are learned here, and the running statistics kept.")  # fmt: skip
    reader.chain.add(
        ours.BatchNorm(1 - module.momentum, module.eps), gamma=reader.vector(module.weight),
        beta=reader.vector(module.bias), running_mean=reader.vector(module.running_mean),
        running_variance=reader.vector(module.running_var),
    )  # fmt: skip


def _layer_norm(reader: _Reader, module: nn.LayerNorm, where: str) -> None:
    _last(reader, where)
    _must(tuple(module.normalized_shape) == reader.shape[-1:], where,
          f"normalized_shape must be the last axis of what arrives ({reader.shape[-1]})",
          tuple(module.normalized_shape), "Normalise over the last axis.")  # fmt: skip
    _must(module.weight is not None and module.bias is not None, where, "it must have a weight and a bias", "none",
          "Both γ and β are learned here.")  # fmt: skip
    reader.chain.add(ours.LayerNorm(module.eps), gamma=reader.vector(module.weight), beta=reader.vector(module.bias))


def _embedding(reader: _Reader, module: nn.Embedding, where: str) -> None:
    _must(module.padding_idx is None and module.max_norm is None, where, "padding_idx and max_norm must be None",
          f"padding_idx={module.padding_idx}, max_norm={module.max_norm}",
          "A number outside the table gives zeros.")  # fmt: skip
    _must(reader.order is None, where, "what arrives must be a vector of category numbers", "flattened channels",
          "Put Embedding first.")  # fmt: skip
    reader.chain.add(ours.Embedding(module.num_embeddings, module.embedding_dim), weight=_array(module.weight))


def _recurrent(reader: _Reader, module: modules.Recurrent, where: str) -> None:
    _last(reader, where)
    cell = module.cell
    settings = (cell.num_layers, cell.bias, getattr(cell, "nonlinearity", "tanh"), cell.dropout, cell.proj_size)
    _must(settings == (1, True, "tanh", 0.0, 0) and cell.batch_first, where,
          "its cell must have one layer, biases, tanh, no dropout, no projection and batch_first", cell,
          "Change it.")  # fmt: skip
    kind: type[Any] = {nn.RNN: ours.SimpleRNN, nn.LSTM: ours.LSTM, nn.GRU: ours.GRU}[type(cell)]
    parameters: dict[str, np.ndarray] = {}
    for side, suffix in [("forward.", ""), ("backward.", "_reverse")] if cell.bidirectional else [("", "")]:
        weight, recurrent, bias, recurrent_bias = (
            _gates(kind, _array(getattr(cell, f"{name}_l0{suffix}")))
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


def _shortcut(reader: _Reader, module: modules.Shortcut, where: str) -> None:
    _must(reader.order is None, where, "a Linear must stand between it and a Flatten of channels first", "none",
          "Put a Linear before it.")  # fmt: skip
    inner = _Reader(reader.shape, reader.first)
    inner.read(module.inner, "Sequential")
    inner.end()
    weight = _array(getattr(module.projection, "weight", None))
    parameters = inner.chain.parameters | (
        {} if weight is None else {"projection.weight": weight.reshape(len(weight), -1).T}
    )
    reader.chain.add(ours.Residual(inner.chain.layers), **parameters)


def _softmax(reader: _Reader, module: nn.Softmax, where: str) -> None:
    rank = len(reader.shape)
    channels = (1, -rank) if reader.first else (-1, rank)
    _must(module.dim in channels, where, "dim must be that of the channels", module.dim, f"Use dim={channels[0]}.")
    reader.chain.add(ours.Softmax())


def _prelu(reader: _Reader, module: nn.PReLU, where: str) -> None:
    shared = module.num_parameters == 1
    if not shared:
        _first(reader, where, len(reader.shape))
        _must(module.num_parameters == reader.shape[-1], where,
              f"num_parameters must be the channels that arrive ({reader.shape[-1]}), or 1", module.num_parameters,
              "Look at input_shape.")  # fmt: skip
    reader.chain.add(ours.PReLU(shared=shared), alpha=reader.vector(module.weight))


def _activation(name: str) -> Callable[[_Reader, Any, str], None]:
    def read(reader: _Reader, module: Any, where: str) -> None:
        if type(module) is nn.GELU:
            reader.chain.activate("gelu_tanh" if module.approximate == "tanh" else "gelu")
            return
        usual = modules.ACTIVATIONS[name]()
        for setting in ("negative_slope", "alpha", "beta", "threshold", "min_val", "max_val"):
            value, wanted = getattr(module, setting, None), getattr(usual, setting, None)
            _must(value == wanted, where, f"{setting} must be {wanted}", value, "Leave it out.")
        reader.chain.activate(name)

    return read


def _turned(first: bool) -> Callable[[_Reader, Any, str], None]:
    def read(reader: _Reader, module: nn.Module, where: str) -> None:
        reader.first = first

    return read


def _nothing(reader: _Reader, module: nn.Module, where: str) -> None:
    """An identity, which needs no layer."""


_MODULES: dict[type[Any], Callable[[_Reader, Any, str], None]] = {
    nn.Linear: _linear, nn.Conv2d: _conv2d, nn.ZeroPad2d: _pad, nn.ConstantPad2d: _pad, nn.MaxPool2d: _max_pool2d,
    nn.AvgPool2d: _avg_pool2d, nn.AdaptiveAvgPool2d: _adaptive, nn.Flatten: _flatten,
    nn.BatchNorm1d: _batch_norm, nn.BatchNorm2d: _batch_norm, nn.LayerNorm: _layer_norm, nn.Embedding: _embedding,
    modules.CategoryVectors: lambda reader, module, where: _embedding(reader, module.table, where),
    modules.Recurrent: _recurrent, modules.Shortcut: _shortcut, nn.Softmax: _softmax, nn.PReLU: _prelu,
    nn.Dropout: lambda reader, module, where: reader.chain.add(ours.Dropout(module.p)),
    modules.ChannelsFirst: _turned(True), modules.ChannelsLast: _turned(False),
    modules.AverageInside: _average_inside, modules.Gaussian: _activation("gaussian"),
    modules.Step: _activation("step"),
    nn.GELU: _activation("gelu"), nn.Identity: _nothing,
} | {
    kind: _activation(name) for name, kind in modules.ACTIVATIONS.items()
    if isinstance(kind, type) and kind not in (nn.Identity, nn.GELU)
}  # fmt: skip
