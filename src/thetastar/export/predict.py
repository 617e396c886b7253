"""A trained network with the preparation of its columns, in NumPy alone: read(description) gives a model that predicts.

The description is what `thetastar.export.scripts.described` makes. This file imports nothing of thetastar: an exported
model is this text with its description behind it, meant to be read, changed and run anywhere. Rows are dictionaries of
numbers, texts or None (missing); an image is an array (height, width, channels), a sequence an array (steps, numbers).
"""

from __future__ import annotations

import base64
import math
import re
import zlib
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import numpy as np

__all__ = ["ACTIVATIONS", "Predictor", "read"]

# Activations: each takes weighted sums and gives outputs.


def sigmoid(z: np.ndarray) -> np.ndarray:
    e = np.exp(-np.abs(z))
    return np.where(z < 0, e, 1) / (1 + e)


def softplus(z: np.ndarray) -> np.ndarray:
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


def elu(z: np.ndarray) -> np.ndarray:
    return np.where(z > 0, z, np.expm1(np.minimum(z, 0)))


ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "identity": lambda z: z,
    "sigmoid": sigmoid,
    "hard_sigmoid": lambda z: np.clip(z / 6 + 0.5, 0, 1),
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "relu6": lambda z: np.clip(z, 0, 6),
    "hard_tanh": lambda z: np.clip(z, -1, 1),
    "leaky_relu": lambda z: np.where(z > 0, z, 0.01 * z),
    "elu": elu,
    "selu": lambda z: 1.0507009873554805 * np.where(z > 0, z, 1.6732632423543772 * elu(z)),
    "gelu": lambda z: z * 0.5 * np.vectorize(math.erfc, otypes=[float])(-z / math.sqrt(2)),
    "gelu_tanh": lambda z: z * sigmoid(2 * math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)),
    "silu": lambda z: z * sigmoid(z),
    "mish": lambda z: z * np.tanh(softplus(z)),
    "softplus": softplus,
    "softsign": lambda z: z / (1 + np.abs(z)),
    "gaussian": lambda z: np.exp(-z * z),
    "step": lambda z: np.where(z >= 0, 1.0, 0.0),
}

# Layers: each takes its description, its parameters and x (n, …), and gives y (n, …).

Parameters = Mapping[str, np.ndarray]


def dense(layer: dict[str, Any], p: Parameters, x: np.ndarray) -> np.ndarray:
    return ACTIVATIONS[layer.get("activation") or "identity"](x @ p["weight"] + p.get("bias", 0))


def patches(x: np.ndarray, layer: dict[str, Any], window: list[int], fill: float) -> tuple[np.ndarray, np.ndarray]:
    """(n, H', W', taps, C) of x (n, H, W, C), and which taps (H', W', taps) lie inside the image."""
    strides, dilation = layer.get("strides") or window, layer.get("dilation_rate") or [1, 1]
    at = []
    for size, wide, stride, apart in zip(x.shape[1:3], window, strides, dilation, strict=True):
        reach = (wide - 1) * apart + 1
        count, first = (size - reach) // stride + 1, 0
        if layer["padding"] == "same":
            count = -(-size // stride)
            first = -(max(0, (count - 1) * stride + reach - size) // 2)
        at.append(first + np.arange(count)[:, None] * stride + np.arange(wide) * apart)
    rows, columns = at[0][:, None, :, None], at[1][None, :, None, :]
    inside = (rows >= 0) & (rows < x.shape[1]) & (columns >= 0) & (columns < x.shape[2])
    taken = x[:, np.clip(rows, 0, x.shape[1] - 1), np.clip(columns, 0, x.shape[2] - 1)]
    taken = np.where(inside[None, ..., None], taken, fill)
    n, high, wide = taken.shape[:3]
    return taken.reshape(n, high, wide, -1, x.shape[3]), inside.reshape(high, wide, -1)


def conv2d(layer: dict[str, Any], p: Parameters, x: np.ndarray) -> np.ndarray:
    taken, _ = patches(x, layer, layer["kernel_size"], 0.0)
    groups, taps = layer.get("groups", 1), taken.shape[3]
    weight = p["weight"].reshape(taps, -1, groups, layer["filters"] // groups)
    split = taken.reshape(*taken.shape[:4], groups, -1)
    y = np.einsum("nhwtgc,tcgf->nhwgf", split, weight)
    return ACTIVATIONS[layer["activation"]](y.reshape(*y.shape[:3], -1) + p.get("bias", 0))


def max_pool2d(layer: dict[str, Any], p: Parameters, x: np.ndarray) -> np.ndarray:
    return patches(x, layer, layer["pool_size"], -np.inf)[0].max(axis=3)


def average_pool2d(layer: dict[str, Any], p: Parameters, x: np.ndarray) -> np.ndarray:
    taken, inside = patches(x, layer, layer["pool_size"], 0.0)
    return taken.sum(axis=3) / inside.sum(axis=2)[..., None]


def batch_norm(layer: dict[str, Any], p: Parameters, x: np.ndarray) -> np.ndarray:
    return p["gamma"] * (x - p["running_mean"]) / np.sqrt(p["running_variance"] + layer["epsilon"]) + p["beta"]


def layer_norm(layer: dict[str, Any], p: Parameters, x: np.ndarray) -> np.ndarray:
    moved = x - x.mean(axis=-1, keepdims=True)
    return p["gamma"] * moved / np.sqrt((moved**2).mean(axis=-1, keepdims=True) + layer["epsilon"]) + p["beta"]


def softmax(layer: dict[str, Any], p: Parameters, x: np.ndarray) -> np.ndarray:
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def prelu(layer: dict[str, Any], p: Parameters, x: np.ndarray) -> np.ndarray:
    return np.where(x > 0, x, x * p["alpha"])


def periodic_embedding(layer: dict[str, Any], p: Parameters, x: np.ndarray) -> np.ndarray:
    chosen = x[..., layer["columns"], None]
    waves = np.cos(2 * math.pi * p["frequency"] * chosen + p["phase"])
    weight = p["weight"].reshape(len(layer["columns"]), -1, layer["frequencies"])
    sums = np.einsum("...nk,ndk->...nd", waves, weight).reshape(*x.shape[:-1], -1)
    return np.concatenate([x, sums + p["bias"]], axis=-1)


def parametric_activation(layer: dict[str, Any], p: Parameters, x: np.ndarray) -> np.ndarray:
    return x + p["alpha"] * (ACTIVATIONS[layer["activation"]](x) - x)


def batch_ensemble(layer: dict[str, Any], p: Parameters, x: np.ndarray) -> np.ndarray:
    rows = x if x.ndim == 3 else x[:, None]
    return (rows * p["input_scale"]) @ p["weight"] * p["output_scale"] + p["bias"]


def embedding(layer: dict[str, Any], p: Parameters, x: np.ndarray) -> np.ndarray:
    known = (x >= 0) & (x < layer["input_dim"])
    return np.where(known[..., None], p["weight"][np.where(known, x, 0).astype(int)], 0.0)


def simple_rnn_step(a: np.ndarray, b: np.ndarray, h: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.tanh(a + b), c


def lstm_step(a: np.ndarray, b: np.ndarray, h: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    i, f, g, o = np.split(a + b, 4, axis=1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def gru_step(a: np.ndarray, b: np.ndarray, h: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    (az, ar, an), (bz, br, bn) = np.split(a, 3, axis=1), np.split(b, 3, axis=1)
    z = sigmoid(az + bz)
    return z * h + (1 - z) * np.tanh(an + sigmoid(ar + br) * bn), c


STEPS = {"simple_rnn": simple_rnn_step, "lstm": lstm_step, "gru": gru_step}


def recurrent(layer: dict[str, Any], p: Parameters, x: np.ndarray) -> np.ndarray:
    sides = [("forward", False), ("backward", True)] if layer["bidirectional"] else [("", layer["go_backwards"])]
    mask, outputs = layer.get("mask_value"), []
    for name, backward in sides:
        own = under(p, name) if name else p
        h = c = np.zeros((len(x), layer["units"]))
        states = np.zeros((len(x), x.shape[1], layer["units"]))
        for t in reversed(range(x.shape[1])) if backward else range(x.shape[1]):
            a, b = x[:, t] @ own["weight"] + own["bias"], h @ own["recurrent_weight"] + own.get("recurrent_bias", 0)
            next_h, next_c = STEPS[layer["kind"]](a, b, h, c)
            skipped = np.zeros((len(x), 1), bool) if mask is None else (x[:, t] == mask).all(axis=1, keepdims=True)
            h, c = np.where(skipped, h, next_h), np.where(skipped, c, next_c)
            states[:, t] = h if mask is None else np.where(skipped, mask, h)
        outputs.append(states if layer["return_sequences"] else h)
    return np.concatenate(outputs, axis=-1)


def residual(layer: dict[str, Any], p: Parameters, x: np.ndarray) -> np.ndarray:
    y = through(layer["layers"], p, x)
    weight = under(p, "projection").get("weight")
    if weight is None:
        return y + x
    if x.ndim == 4:
        down, across = (-(-x.shape[axis] // y.shape[axis]) for axis in (1, 2))
        x = x[:, ::down, ::across]
    return y + x @ weight


LAYERS: dict[str, Callable[[dict[str, Any], Parameters, np.ndarray], np.ndarray]] = {
    "dense": dense, "conv2d": conv2d, "max_pool2d": max_pool2d, "average_pool2d": average_pool2d,
    "batch_norm": batch_norm, "layer_norm": layer_norm, "embedding": embedding, "residual": residual,
    "softmax": softmax, "prelu": prelu, "periodic_embedding": periodic_embedding,
    "parametric_activation": parametric_activation, "batch_ensemble": batch_ensemble,
    "scale": lambda layer, p, x: x * p["scale"],
    "simple_rnn": recurrent, "lstm": recurrent, "gru": recurrent,
    "global_average_pool2d": lambda layer, p, x: x.mean(axis=(1, 2)),
    "activation": lambda layer, p, x: ACTIVATIONS[layer["activation"]](x),
    "flatten": lambda layer, p, x: x.reshape(len(x), -1),
    "dropout": lambda layer, p, x: x,
}  # fmt: skip


def under(parameters: Parameters, name: str) -> dict[str, np.ndarray]:
    """The parameters of one layer: {"weight": …} of {"dense_1.weight": …}."""
    return {key[len(name) + 1 :]: value for key, value in parameters.items() if key.startswith(name + ".")}


def through(layers: list[dict[str, Any]], parameters: Parameters, x: np.ndarray) -> np.ndarray:
    """x through layers that are numbered by their kind."""
    counts: dict[str, int] = {}
    for layer in layers:
        kind = layer["kind"]
        counts[kind] = counts.get(kind, 0) + 1
        x = LAYERS[kind](layer, under(parameters, f"{kind}_{counts[kind]}"), x)
    return x


# Fitted functions that are no networks: each takes its arrays and x (n, features), and gives scores (n, outputs).


def constant(p: Parameters, x: np.ndarray) -> np.ndarray:
    return np.tile(p["answer"], (len(x), 1))


def linear(p: Parameters, x: np.ndarray) -> np.ndarray:
    return x.astype(np.float64) @ p["weight"] + p["bias"]


def trees(p: Parameters, x: np.ndarray) -> np.ndarray:
    """Every row goes down every tree: left where its number is not above the threshold, until it stands still."""
    scores, rows = np.tile(p["start"], (len(x), 1)), np.arange(len(x))
    width = p["value"].shape[1]
    for root, column in zip(p["root"], p["column"], strict=True):
        node = np.full(len(x), root)
        while True:
            below = p["left"][node] + (x[rows, p["feature"][node]] > p["threshold"][node])
            if (below == node).all():
                break
            node = below
        scores[:, column : column + width] += p["value"][node]
    return scores


FITTED: dict[str, Callable[[Parameters, np.ndarray], np.ndarray]] = {
    "constant": constant, "linear": linear, "trees": trees,
}  # fmt: skip
WITH_ROWS: dict[str, Callable[[dict[str, Any], np.ndarray, list[Mapping[str, Any]]], np.ndarray]] = {}
"""Those that read the rows besides: formulas, where the model has one."""


def fitted_answers(fitted: dict[str, Any], p: Parameters, x: np.ndarray) -> np.ndarray:
    """(n,) values, (n, C) probabilities, (n, Q) quantiles or (n, K) of several targets.

    Classes that training lacked have probability 0.
    """
    if "parts" in fitted:
        parts = [fitted_answers(part, of_part(p, k), x) for k, part in enumerate(fitted["parts"])]
        if fitted["kind"] == "quantiles":
            return np.sort(np.column_stack(parts), axis=1)
        return np.column_stack([one[:, 1] for one in parts] if fitted["classes"] else parts)
    scores, classes, link = FITTED[fitted["kind"]](p, x), fitted["classes"], fitted.get("link", "identity")
    if not classes:
        return scores[:, 0]
    if link == "sigmoid":
        second = sigmoid(scores[:, 0])
        scores = np.column_stack([1 - second, second])
    elif link == "softmax":
        scores = softmax({}, {}, scores)
    out = np.zeros((len(x), classes))
    out[:, p.get("present", np.arange(classes))] = scores
    return out


def of_part(arrays: Parameters, k: int) -> dict[str, np.ndarray]:
    """The arrays of one part: {"weight": …} of {"0/weight": …}."""
    return {name.partition("/")[2]: array for name, array in arrays.items() if name.startswith(f"{k}/")}


# Columns: each block takes its description and a column's values, and gives features (n, width).

ALWAYS_MISSING = set(
    " ? NA na N/A n/a #N/A #NA <NA> NULL null Null <null> NaN nan NAN Nan -nan -NaN NaT #NULL!".split(" ")
)
MAYBE_MISSING = set(
    "- . .. ... -- --- none nil unknown unk missing n.a. n.a n/k n.d. n.d tbd tba empty blank #value! #ref! #div/0! "
    "#name? #num! 0000-00-00 00/00/0000".split()
) | {"not available", "not known"}
TRUE, FALSE = {"yes", "y", "true", "t", "on", "1", "1.0"}, {"no", "n", "false", "f", "off", "0", "0.0"}
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


def cell(value: Any) -> Any:
    """A cell without blanks around it; None where it says that it is not known."""
    if isinstance(value, str):
        value = value.strip()
        return None if value in ALWAYS_MISSING else value
    return None if value is None or (isinstance(value, float | np.floating) and math.isnan(value)) else value


def level(value: Any) -> str:
    """A cell as the text of a level: 3.0 is `3`."""
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if isinstance(value, int | float | np.integer | np.floating):
        value = float(value)
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    return str(value)


def unknown(block: dict[str, Any], value: Any) -> bool:
    """Whether a cell of numbers or dates says that its value is not known."""
    return value is None or (
        isinstance(value, str) and (value in block["unknown"] or value.casefold() in MAYBE_MISSING)
    )


def number_block(block: dict[str, Any], values: list[Any]) -> np.ndarray:
    x, missing = np.full(len(values), block["median"], float), np.zeros(len(values), bool)
    for k, value in enumerate(map(cell, values)):
        if unknown(block, value):
            missing[k] = True
        elif isinstance(value, str) and not NUMBER.fullmatch(value):
            raise ValueError(f"{block['name']}: {value!r} is not a number. Give one, or None where it is not known.")
        else:
            x[k] = float(value)
    if np.isinf(x).any():
        raise ValueError(f"{block['name']}: the number is infinite. Give a finite one, or None where it is not known.")
    z = np.clip((x - block["centre"]) / block["scale"], -1e30, 1e30)
    if block["limit"] > 0:
        z = z / np.hypot(1, z / block["limit"])
    return np.column_stack([z, missing] if block["indicator"] else [z])


def truth(text: str) -> int:
    key = text.strip().strip("'\"").casefold()
    return 1 if key in TRUE else -1 if key in FALSE else 0


def boolean_block(block: dict[str, Any], values: list[Any]) -> np.ndarray:
    spoken = {truth(text) for text in (*block["yes"], *block["no"])} == {1, -1}
    out = np.zeros(len(values))
    for k, value in enumerate(map(cell, values)):
        if value is not None:
            text = level(value)
            out[k] = 1 if text in block["yes"] else -1 if text in block["no"] else truth(text) if spoken else 0
    return np.column_stack([out, out == 0] if block["indicator"] else [out])


def loose(text: str) -> str:
    """The spelling under which levels are alike: no quotes, no capitals, numbers in their shortest form."""
    key = text.strip().strip("'\"").strip().casefold()
    try:
        return level(float(key))
    except (ValueError, OverflowError):
        return key


def category_block(block: dict[str, Any], values: list[Any]) -> np.ndarray:
    levels, rest, hashed = block["levels"], dict(block["rest"]), block["hashed"]
    alike: dict[str, list[str]] = {}
    for known in (*levels, *rest):
        alike.setdefault(loose(known), []).append(known)
    count = len(levels)
    wide = count + block["other"] + block["missing"]
    out = np.zeros((len(values), 1 if block["single"] else wide + (hashed + 1 if hashed else 0)))
    for k, value in enumerate(map(cell, values)):
        if value is None:
            if not block["single"]:
                out[k, count + block["other"] if block["missing"] else count] = 1
            continue
        text = level(value)
        if text not in levels and text not in rest:
            same = alike.get(loose(text), [])
            text = same[0] if len(same) == 1 else text
        if block["single"]:
            out[k, 0] = 0 if text not in levels else -1 if text == levels[0] else 1
        elif text in levels:
            out[k, levels.index(text)] = 1
            out[k, -1] = 1 if hashed else out[k, -1]
        else:
            if not hashed or text not in rest:
                out[k, count] = 1
            if hashed:
                sign = 1 if zlib.crc32(("±" + text).encode()) & 1 else -1
                out[k, wide + zlib.crc32(text.encode()) % hashed] = sign
                out[k, -1] = rest.get(text, 0.0)
    return out


def seconds(block: dict[str, Any], value: Any) -> float:
    """Seconds since 1970 of a datetime or an ISO text, by the clock on the wall."""
    try:
        when = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        raise ValueError(
            f"{block['name']}: {value!r} is not a date such as 2026-11-30. Give one, or None where it is not known."
        ) from None
    return float((when.replace(tzinfo=None) - datetime(1970, 1, 1)).total_seconds())


def date_block(block: dict[str, Any], values: list[Any]) -> np.ndarray:
    missing = np.array([unknown(block, cell(value)) for value in values])
    at = np.array([block["centre"] if gone else seconds(block, cell(value))
                   for value, gone in zip(values, missing, strict=True)])  # fmt: skip
    days = np.floor(at / 86400)
    dates = days.astype(np.int64).astype("datetime64[D]")
    phases = {
        "day": at % 86400 / 86400,
        "week": (days + 3) % 7 / 7,
        "year": (dates - dates.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.int64) / 365.25,
    }
    out = [(at - block["centre"]) / block["scale"]]
    for cycle, wave in block["cycles"]:
        angle = 2 * np.pi * wave * phases[cycle]
        out += [np.where(missing, 0, np.sin(angle)), np.where(missing, 0, np.cos(angle))]
    return np.column_stack([*out, missing] if block["indicator"] else out)


def image_block(block: dict[str, Any], values: list[Any]) -> np.ndarray:
    images = np.array([np.asarray(value, np.float32).reshape(block["shape"]) for value in values])
    scaled = (images - np.float32(block["centre"])) / np.float32(block["scale"])
    return scaled.reshape(len(values), -1)


def sequence_block(block: dict[str, Any], values: list[Any]) -> np.ndarray:
    steps, wide = block["shape"]
    out = np.zeros((len(values), steps, wide))
    for k, value in enumerate(values):
        part = np.asarray(value, np.float32).reshape(-1, len(block["centre"]))[-steps:]
        known = ~np.isnan(part)
        scaled = (part - np.float32(block["centre"])) / np.float32(block["scale"])
        out[k, : len(part), : part.shape[1]] = np.where(known, scaled, 0)
        if block["padded"]:
            out[k, : len(part), -1] = known.any(axis=1)
    return out.reshape(len(values), -1)


BLOCKS: dict[str, Callable[[dict[str, Any], list[Any]], np.ndarray]] = {
    "NumberBlock": number_block, "BooleanBlock": boolean_block, "CategoryBlock": category_block,
    "DateBlock": date_block, "ImageBlock": image_block, "SequenceBlock": sequence_block,
}  # fmt: skip


def in_pieces(x: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """How far numbers (n,) have come through each piece of their range, (n, K)."""
    with np.errstate(over="ignore"):
        return np.clip((x[:, None] - edges[:-1]) / (edges[1:] - edges[:-1]), 0, 1)


def floats(data: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(data), "<f4")


def arrays_of(description: dict[str, Any]) -> dict[str, np.ndarray]:
    """{name: array} of a description's parameters."""
    found, at, flat = {}, 0, floats(description["data"])
    for name, shape in description["names"]:
        size = math.prod(shape)
        found[name] = flat[at : at + size].reshape(shape)
        at += size
    return found


def array_of(part: dict[str, Any]) -> np.ndarray:
    """An array of its type, shape and numbers in base64."""
    return np.frombuffer(base64.b64decode(part["data"]), part["type"]).reshape(part["shape"])


def calibrated(probabilities: np.ndarray, calibration: dict[str, Any] | None) -> np.ndarray:
    """(n, C) probabilities that come true as often as they say; of two classes by a beta, of more by a temperature or
    by a scale and a shift of each.

    Of several labels (n, K) each has a beta of its own, or None. Quantiles (n, Q) are shifted instead, each by its own
    number, and put in rising order; numbers (n,) are kept within bounds.
    """
    if calibration is None:
        return probabilities
    if calibration["kind"] == "bounds":
        return np.clip(probabilities, calibration["low"], calibration["high"])
    if calibration["kind"] == "conformal":
        return np.sort(probabilities + np.array(calibration["shifts"]), axis=1)
    if calibration["kind"] == "labels":
        found = np.array(probabilities)
        for k, part in enumerate(calibration["parts"]):
            if part is not None:
                both = np.column_stack([1 - found[:, k], found[:, k]])
                found[:, k] = calibrated(both, {"kind": "beta", **part})[:, 1]
        return found
    logs = np.log(np.maximum(probabilities, 1e-12))
    if calibration["kind"] == "beta":
        odds = calibration["a"] * logs[:, 1] - calibration["b"] * logs[:, 0] + calibration["c"]
        return np.column_stack([sigmoid(-odds), sigmoid(odds)])
    if calibration["kind"] == "vector":
        scores = logs * np.array(calibration["scale"]) + np.array(calibration["shift"])
    else:
        scores = logs / calibration["temperature"]
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


class Predictor:
    """What `read` gives: `predict(rows)` and, where there are classes, `probabilities(rows)`."""

    def __init__(self, description: dict[str, Any]) -> None:
        self.blocks, self.target = description["blocks"], description["target"]
        self.calibration, self.threshold = description.get("calibration"), description.get("threshold")
        self.members = [
            (one["count"], self.member(one), [(column, floats(edges)) for column, edges in one["pieces"]])
            for one in description["members"]
        ]

    def member(self, one: dict[str, Any]) -> Callable[[np.ndarray, list[Mapping[str, Any]]], np.ndarray]:
        """From features (n, p), pieces included, and the rows themselves to values or probabilities."""
        if "fitted" in one:
            fitted = one["fitted"]
            if fitted["kind"] in WITH_ROWS:
                return lambda x, rows: WITH_ROWS[fitted["kind"]](fitted, x, rows)
            arrays = {name: array_of(part) for name, part in fitted["arrays"].items()}
            return lambda x, rows: fitted_answers(fitted, arrays, x)
        network, parameters = one["network"], arrays_of(one["parameters"])

        def answers(x: np.ndarray, rows: list[Mapping[str, Any]]) -> np.ndarray:
            x = x.reshape(-1, *network["input_shape"]).astype(np.float64)
            return self.decoded(through(network["layers"], parameters, x))

        return answers

    def features(self, rows: list[Mapping[str, Any]]) -> np.ndarray:
        """(n, features) of rows, in single precision as the network was trained."""
        for block in self.blocks:
            if any(block["name"] not in row for row in rows):
                raise ValueError(f"{block['name']}: the column is missing in a row. Give it, None where not known.")
        parts = [BLOCKS[block["block"]](block, [row[block["name"]] for row in rows]) for block in self.blocks]
        return np.concatenate(parts, axis=1).astype(np.float32)

    def answers(self, rows: Iterable[Mapping[str, Any]]) -> np.ndarray:
        """(n,) values, (n, C) probabilities, (n, Q) quantiles or (n, K) of several targets: the average of the members,
        calibrated.
        """
        rows = list(rows)
        plain = self.features(rows)
        found: Any = 0
        for count, answers, pieces in self.members:
            x = np.concatenate([plain, *(in_pieces(plain[:, column], edges) for column, edges in pieces)], axis=1)
            found = found + count * answers(x, rows)
        return calibrated(np.asarray(found / sum(count for count, *_ in self.members)), self.calibration)

    def decoded(self, outputs: np.ndarray) -> np.ndarray:
        if "quantiles" in self.target:  # outputs that cross are put in order
            return np.sort(outputs * self.target["scale"] + self.target["mean"], axis=1)
        if "targets" in self.target:
            return sigmoid(outputs) if self.target["classes"] else outputs * self.target["scale"] + self.target["mean"]
        if not self.target["classes"]:  # a number
            return outputs[:, 0] * self.target["scale"] + self.target["mean"]
        scores = outputs if outputs.shape[1] > 1 else np.column_stack([np.zeros(len(outputs)), outputs])
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    def named(self, row: list[float]) -> list[Any]:
        """Of several targets the values of a row, or the likelier label of each, or the one from its threshold on."""
        classes = self.target["classes"]
        if not classes:
            return row
        above = self.threshold or [None] * len(row)
        yes = [value > 0.5 if at is None else value >= at for value, at in zip(row, above, strict=True)]
        return [pair[named] for pair, named in zip(classes, yes, strict=True)]

    def probabilities(self, rows: Iterable[Mapping[str, Any]]) -> np.ndarray:
        """(n, C) probabilities in the order of `target["classes"]`; of labels (n, K), of each its second class."""
        return self.answers(rows)

    def predict(self, rows: Iterable[Mapping[str, Any]]) -> list[Any]:
        """A value or a label for every row; of quantiles and of several targets a dictionary: {"q_0.1": …}."""
        answers = self.answers(rows)
        if "targets" in self.target:
            return [dict(zip(self.target["targets"], self.named(row), strict=True)) for row in answers.tolist()]
        if "quantiles" in self.target:
            return [dict(zip(self.target["quantiles"], row, strict=True)) for row in answers.tolist()]
        if not self.target["classes"]:  # a number
            return answers.tolist()
        named = answers.argmax(axis=1) if self.threshold is None else (answers[:, 1] >= self.threshold).astype(int)
        return [self.target["classes"][k] for k in named]


def read(description: dict[str, Any]) -> Predictor:
    """The model of a description."""
    return Predictor(description)
