"""The formulas of layers, activations and losses, in symbols and with one sample's numbers in their place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from thetastar.layers import Activation as ActivationLayer
from thetastar.layers import Conv2D, Dense

from .result import factor, number, subscript

__all__ = ["Equation", "backward_equations", "forward_equations", "loss_equations", "words_of_layer"]

TERMS = 6  # terms of a sum that are written out; longer sums show the first four and count the rest


@dataclass(frozen=True)
class Equation:
    """One number with its formula.

    Attributes:
        of: what it is a number of: "dense_1.output[0]", "dense_1.weight[0,0]".
        symbol: its symbol: "z₁", "∂L/∂w₁₁".
        formula: the formula in symbols.
        numbers: the same with this sample's numbers in place of the symbols; empty where that says nothing more.
        value: what comes out.
    """

    of: str
    symbol: str
    formula: str
    numbers: str
    value: float

    def __str__(self) -> str:
        worked = f" = {self.numbers}" if self.numbers and self.numbers != number(self.value) else ""
        return f"{self.symbol} = {self.formula}{worked} = {number(self.value)}"


# value: f(z) in symbols, and with a number; slope: f'(z), from z or from h = f(z)
_VALUES = {
    "identity": ("{z}", ""),
    "sigmoid": ("1 / (1 + e^-{z})", "1 / (1 + e^-{v})"),
    "hard_sigmoid": ("clip({z} / 6 + 1/2, 0, 1)", "clip({v} / 6 + 0.5, 0, 1)"),
    "tanh": ("tanh({z})", "tanh({n})"),
    "hard_tanh": ("clip({z}, -1, 1)", "clip({n}, -1, 1)"),
    "relu": ("max(0, {z})", "max(0, {n})"),
    "relu6": ("clip({z}, 0, 6)", "clip({n}, 0, 6)"),
    "leaky_relu": ("{z} above 0, 0.01 {z} below", ""),
    "elu": ("{z} above 0, e^{z} - 1 below", ""),
    "selu": ("1.0507 ({z} above 0, 1.6733 (e^{z} - 1) below)", ""),
    "gelu": ("{z} Φ({z})", "{v} Φ({n})"),
    "gelu_tanh": ("0.5 {z} (1 + tanh(√(2/π) ({z} + 0.044715 {z}³)))", ""),
    "silu": ("{z} σ({z})", "{v} σ({n})"),
    "mish": ("{z} tanh(log(1 + e^{z}))", ""),
    "softplus": ("log(1 + e^{z})", "log(1 + e^{v})"),
    "softsign": ("{z} / (1 + |{z}|)", "{v} / (1 + |{n}|)"),
    "gaussian": ("e^(-{z}²)", "e^(-{v}²)"),
    "step": ("1 from 0 on, 0 below", ""),
}
_SLOPES = {
    "identity": "1",
    "sigmoid": "{h} (1 - {h})",
    "tanh": "(1 - {h}²)",
    "relu": "(1 where {z} > 0, otherwise 0)",
    "gaussian": "(-2 {z} {h})",
    "softplus": "σ({z})",
    "step": "0",
}
_WORDS = {
    "conv2d": "each output: bias + sum of window × filter; one filter per channel of the output",
    "max_pool2d": "the largest number of each window",
    "average_pool2d": "the mean of each window",
    "global_average_pool2d": "the mean of each channel",
    "flatten": "all numbers in one row",
    "dropout": "in training each number is dropped with this rate and the rest scaled up; outside training nothing",
    "batch_norm": "γ (x - mean) / √(variance + ε) + β, with the batch's mean in training and the running one outside",
    "layer_norm": "γ (x - mean of the sample) / √(its variance + ε) + β",
    "softmax": "e^z / Σ e^z over the channels: probabilities that sum to 1",
    "prelu": "x above 0 and α x below, with an α for each channel that is learned",
    "scale": "s x, with an s for each channel that is learned",
    "periodic_embedding": "behind x, for each embedded column: b + W cos(2π f x + p), all of it learned",
    "parametric_activation": "x + α (f(x) - x), with an α for each channel that is learned",
    "batch_ensemble": "of each member: b + s (W (r x)), where all members share W",
    "embedding": "the row of the table that the category names",
    "simple_rnn": "h ← tanh(x W + b + h R), step by step",
    "lstm": "i, f, o = σ(x W + b + h R), g = tanh(…); c ← f c + i g; h ← o tanh(c), step by step",
    "gru": "z, r = σ(…), n = tanh(x W + b + r (h R + s)); h ← z h + (1 - z) n, step by step",
    "residual": "x + what the layers inside make of it",
}


def words_of_layer(layer: Any) -> str:
    """What a layer computes, in a line; nothing for dense ones, whose equations say it."""
    return _WORDS.get(layer.kind, "")


def activation_words(name: str, z: str, value: float) -> tuple[str, str]:
    """An activation in symbols, and with the number."""
    symbols, numbers = _VALUES[name]
    return symbols.format(z=z), numbers.format(v=factor(value), n=number(value))


def _sum(products: list[tuple[str, str]], bias: tuple[str, str] | None) -> tuple[str, str]:
    """A sum of products in symbols and in numbers; a long one is cut."""
    shown = products if len(products) <= TERMS else products[:4]
    rest = len(products) - len(shown)
    tail = [(f"… ({rest} more)", "…")] if rest else []
    terms = shown + tail + ([bias] if bias else [])
    return " + ".join(term[0] for term in terms), " + ".join(term[1] for term in terms)


def _first(array: np.ndarray) -> np.ndarray:
    """Of a sample's numbers those at its first position: (C,) of (T, C) and (H, W, C)."""
    return array.reshape(-1, array.shape[-1])[0]


def forward_equations(
    name: str, layer: Any, entry: dict, before: np.ndarray, parameters: dict, inputs: str, output: str, most: int
) -> Iterator[Equation]:
    """The way through one layer: z and h of its first `most` units, at the sample's first position.

    Args:
        before: what goes in, without the axis of samples.
        inputs, output: the symbols of what goes in and comes out.
    """
    if isinstance(layer, Dense | Conv2D):
        yield from _weighted(name, layer, entry, before, parameters, inputs, output, most)
    elif isinstance(layer, ActivationLayer):
        values, after = before.ravel(), entry["output"][0].ravel()
        for unit in range(min(len(after), most)):
            symbol = inputs + subscript(unit, len(values))
            formula, numbers = activation_words(layer.activation, symbol, values[unit])
            yield Equation(
                f"{name}.output[{unit}]", output + subscript(unit, len(after)), formula, numbers, after[unit]
            )


def _weighted(name, layer, entry, before, parameters, inputs, output, most) -> Iterator[Equation]:
    weight, bias = parameters[f"{name}.weight"], parameters.get(f"{name}.bias")
    h = _first(entry["output"][0])
    if isinstance(layer, Conv2D):
        window = _first_window(layer, before)
        if window is None:
            return
        x, columns = window
        weight = weight.reshape(-1, weight.shape[-1])
        z = None
    else:
        x, z, columns = _first(before), _first(entry["weighted_sum"][0]), None
    for unit in range(min(len(h), most)):
        places = range(len(x)) if columns is None else columns[unit]
        column = weight[:, unit]
        products = []
        for k, i in enumerate(places):
            w = column[i if columns is None else k]
            products.append(
                (
                    f"{inputs}{subscript(i, len(x))} · w{subscript((k, unit), column.size * len(h))}",
                    f"{factor(x[i])} · {factor(w)}",
                )
            )
        constant = None if bias is None else (f"b{subscript(unit, len(h))}", factor(bias[unit]))
        formula, numbers = _sum(products, constant)
        total = z[unit] if z is not None else float(x[list(places)] @ column) + (bias[unit] if bias is not None else 0)
        if layer.activation == "identity":
            yield Equation(f"{name}.output[{unit}]", output + subscript(unit, len(h)), formula, numbers, h[unit])
            continue
        symbol = f"z{subscript(unit, len(h))}"
        yield Equation(f"{name}.weighted_sum[{unit}]", symbol, formula, numbers, total)
        formula, numbers = activation_words(layer.activation, symbol, total)
        yield Equation(f"{name}.output[{unit}]", output + subscript(unit, len(h)), formula, numbers, h[unit])


def _first_window(layer: Conv2D, before: np.ndarray) -> tuple[np.ndarray, list[range]] | None:
    """The numbers under a convolution's first window, and which of them each filter takes; None where padding lies in
    it."""
    height, width = layer.kernel_size
    if layer.padding == "same" and (height > 1 or width > 1):
        return None
    down, across = layer.dilation_rate
    x = before[: (height - 1) * down + 1 : down, : (width - 1) * across + 1 : across].ravel()
    return (x, [range(len(x))] * layer.filters) if layer.groups == 1 else None


def backward_equations(
    name: str, layer: Any, entry: dict, before: np.ndarray, parameters: dict, inputs: str, output: str, most: int
) -> Iterator[Equation]:
    """The way back through a dense layer of a vector: ∂L/∂z, ∂L/∂w and ∂L/∂b, the first `most` of each."""
    if not isinstance(layer, Dense) or before.ndim != 1:
        return
    weight = parameters[f"{name}.weight"]
    d_output, d_z = entry["d_output"][0], entry["d_weighted_sum"][0]
    many, plain = len(d_z), layer.activation == "identity"
    inner = output if plain else "z"
    if not plain:
        for unit in range(min(many, most)):
            place = subscript(unit, many)
            slope = _SLOPES.get(layer.activation, "f'({z})").format(z=f"z{place}", h=f"{output}{place}")
            steep = d_z[unit] / d_output[unit] if d_output[unit] else 0.0
            yield Equation(
                f"{name}.d_weighted_sum[{unit}]",
                f"∂L/∂z{place}",
                f"∂L/∂{output}{place} · {slope}",
                f"{factor(d_output[unit])} · {factor(steep)}",
                d_z[unit],
            )
    shown = 0
    for unit in range(many):
        for i in range(len(before)):
            if shown >= most:
                break
            shown += 1
            yield Equation(
                f"{name}.weight[{i},{unit}]",
                f"∂L/∂w{subscript((i, unit), weight.size)}",
                f"∂L/∂{inner}{subscript(unit, many)} · {inputs}{subscript(i, len(before))}",
                f"{factor(d_z[unit])} · {factor(before[i])}",
                entry["d_weight"][i, unit],
            )
    if "d_bias" in entry:
        for unit in range(min(many, most)):
            place = subscript(unit, many)
            yield Equation(f"{name}.bias[{unit}]", f"∂L/∂b{place}", f"∂L/∂{inner}{place}", "", entry["d_bias"][unit])


def passed_back(
    name: str, layer: Any, entry: dict, d_before: np.ndarray, parameters: dict, inputs: str, output: str, most: int
) -> Iterator[Equation]:
    """What a dense layer of a vector hands to the layer before it: ∂L/∂x = Σ ∂L/∂z · w."""
    if not isinstance(layer, Dense) or d_before.ndim != 1:
        return
    weight, d_z = parameters[f"{name}.weight"], entry["d_weighted_sum"][0]
    inner = output if layer.activation == "identity" else "z"
    for i in range(min(len(d_before), most)):
        products = [
            (
                f"∂L/∂{inner}{subscript(u, len(d_z))} · w{subscript((i, u), weight.size)}",
                f"{factor(d_z[u])} · {factor(weight[i, u])}",
            )
            for u in range(len(d_z))
        ]
        formula, numbers = _sum(products, None)
        yield Equation(
            f"{name}.d_input[{i}]", f"∂L/∂{inputs}{subscript(i, len(d_before))}", formula, numbers, d_before[i]
        )


def loss_equations(
    loss: Any, prediction: np.ndarray, target: np.ndarray, value: float, slope: np.ndarray, most: int
) -> Iterator[Equation]:
    """The loss of one sample, and its slope with respect to each prediction."""
    many = len(prediction)
    formula, numbers, slope_words = _loss_words(loss, prediction, target)
    yield Equation("loss", "L", formula, numbers, value)
    for i in range(min(many, most)):
        place = subscript(i, many)
        symbols, worked = slope_words(i, place)
        yield Equation(f"d_prediction[{i}]", f"∂L/∂ŷ{place}", symbols, worked, slope[i])


def _loss_words(loss: Any, f: np.ndarray, y: np.ndarray):
    """A loss in symbols and in numbers, and a function that does so for its slope at one output."""
    many, plain = len(f), _has_defaults(loss) and loss == type(loss)()
    share = "" if many == 1 else f" / {many}"
    mean = "" if many == 1 else "mean of "

    def terms(text: str) -> str:
        shown = [text.format(f=factor(a), y=factor(b)) for a, b in zip(f, y, strict=True)] if len(y) == many else []
        cut = shown[:TERMS] + (["…"] if len(shown) > TERMS else [])
        return cut[0] if many == 1 else f"({' + '.join(cut)}){share}"

    if loss.name == "mean_squared_error":
        return (
            f"{mean}(ŷ - y)²",
            terms("({f} - {y})²"),
            lambda i, at: (f"2 (ŷ{at} - y{at}){share}", f"2 ({factor(f[i])} - {factor(y[i])}){share}"),
        )
    if loss.name == "mean_absolute_error":
        return (
            f"{mean}|ŷ - y|",
            terms("|{f} - {y}|"),
            lambda i, at: (f"sign(ŷ{at} - y{at}){share}", f"sign({factor(f[i])} - {factor(y[i])}){share}"),
        )
    if loss.name == "binary_cross_entropy" and plain:
        return (
            f"{mean}log(1 + e^ŷ) - y ŷ",
            terms("log(1 + e^{f}) - {y} · {f}"),
            lambda i, at: (
                f"(σ(ŷ{at}) - y{at}){share}",
                f"({factor(1 / (1 + np.exp(-np.float64(f[i]))))} - {factor(y[i])}){share}",
            ),
        )
    if loss.name == "cross_entropy" and plain:
        c = int(y[0])
        e = np.exp(np.float64(f) - np.max(f))
        p = e / e.sum()
        return (
            f"-log softmax(ŷ){subscript(c)}",
            f"-log {number(p[c])}",
            lambda i, at: (f"softmax(ŷ){at} - {int(i == c)}", f"{number(p[i])} - {int(i == c)}"),
        )
    return f"{loss.name.replace('_', ' ')}(ŷ, y)", "", lambda i, at: (f"slope of the loss at ŷ{at}", "")


def _has_defaults(loss: Any) -> bool:
    try:
        type(loss)()
    except TypeError:
        return False
    return True
