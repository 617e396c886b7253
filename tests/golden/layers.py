"""Golden figures: every layer with parameters or windows: output for x, and the gradients that a given d_y leaves.

PyTorch's arrays are turned into our layout: images with channels last, weights (inputs, outputs), GRU's gates z r n.
"""

import torch
import torch.nn.functional as F
from _write import write
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

torch.set_default_dtype(torch.float64)
torch.manual_seed(3)
figures = {}


def drawn(*shape):
    """Normal numbers of two decimals: they are given, so they need no more digits, and the file stays small."""
    return torch.randn(shape).round(decimals=2)


def add(name, settings, x, parameters, forward, **more):
    """Record one case. `forward(x, parameters)` works on our layout and uses PyTorch's layer inside."""
    leaves = {key: value.clone().requires_grad_() for key, value in parameters.items()}
    inputs = x.clone().requires_grad_(settings.get("input_dim") is None)
    y = forward(inputs, leaves)
    d_y = drawn(*y.shape)
    y.backward(d_y)
    shown = ", ".join(f"{key}={value}" for key, value in settings.items() if key != "layers")
    figures[f"{name}({shown}) on {list(x.shape[1:])}"] = {
        "layer": name,
        "settings": settings,
        "x": x.tolist(),
        "parameters": {key: value.tolist() for key, value in parameters.items()},
        "y": y.tolist(),
        "d_y": d_y.tolist(),
        "d_x": torch.zeros_like(x).tolist() if inputs.grad is None else inputs.grad.tolist(),
        "gradients": {key: leaf.grad.tolist() for key, leaf in leaves.items()},
        **more,
    }


def first(x):
    """Channels first."""
    return x.permute(0, 3, 1, 2)


def last(x):
    return x.permute(0, 2, 3, 1)


def pair(value):
    return tuple(value) if isinstance(value, list | tuple) else (value, value)


def border(size, window, stride, dilation):
    """Zeros before and after an axis so that only the stride shrinks it, an odd one after."""
    missing = max(0, (-(-size // stride) - 1) * stride + (window - 1) * dilation + 1 - size)
    return missing // 2, missing - missing // 2


def conv2d(x, weight, bias=None, kernel_size=1, strides=1, padding="valid", dilation_rate=1, groups=1, **_):
    """Our convolution in PyTorch's words: weight (taps · C / groups, O) to (O, C / groups, height, width)."""
    window, stride, dilation = pair(kernel_size), pair(strides), pair(dilation_rate)
    kernel = weight.reshape(*window, x.shape[3] // groups, -1).permute(3, 2, 0, 1).contiguous()
    x = first(x)
    if padding == "same" and stride == (1, 1):
        return last(F.conv2d(x, kernel, bias, padding="same", dilation=dilation, groups=groups))
    if padding == "same":
        top, bottom = border(x.shape[2], window[0], stride[0], dilation[0])
        left, right = border(x.shape[3], window[1], stride[1], dilation[1])
        x = F.pad(x, (left, right, top, bottom))
    return last(F.conv2d(x, kernel, bias, stride, dilation=dilation, groups=groups))


IMAGE = (2, 6, 5, 4)
for settings in (
    {"filters": 3, "kernel_size": 3},
    {"filters": 3, "kernel_size": [3, 2], "strides": [2, 1], "use_bias": False},
    {"filters": 3, "kernel_size": 3, "padding": "same"},
    {"filters": 2, "kernel_size": [2, 4], "padding": "same"},
    {"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same"},
    {"filters": 2, "kernel_size": 2, "strides": 3, "padding": "same"},
    {"filters": 2, "kernel_size": 3, "dilation_rate": [1, 2]},
    {"filters": 2, "kernel_size": [2, 3], "dilation_rate": [3, 2], "padding": "same"},
    {"filters": 4, "kernel_size": 3, "groups": 2},
    {"filters": 8, "kernel_size": [2, 3], "groups": 4, "strides": 2, "padding": "same"},
    {"filters": 1, "kernel_size": [6, 5]},
):
    height, width = pair(settings["kernel_size"])
    rows = height * width * IMAGE[3] // settings.get("groups", 1)
    parameters = {"weight": drawn(rows, settings["filters"]) / 4}
    if settings.get("use_bias", True):
        parameters["bias"] = drawn(settings["filters"])
    add("Conv2D", settings, drawn(*IMAGE), parameters, lambda x, p, s=settings: conv2d(x, **p, **s))

for settings, padding in (
    ({"pool_size": 2}, 0),
    ({"pool_size": [2, 3], "strides": [3, 1]}, 0),
    ({"pool_size": 3, "strides": 2, "padding": "same"}, 1),  # of 7 × 7: one line of padding on every side
):
    window, strides = settings["pool_size"], settings.get("strides")
    largest = torch.nn.MaxPool2d(window, strides, padding)
    mean = torch.nn.AvgPool2d(window, strides, padding, count_include_pad=False)
    for name, pool in (("MaxPool2D", largest), ("AveragePool2D", mean)):
        add(name, settings, drawn(2, 7, 7, 3), {}, lambda x, p, pool=pool: last(pool(first(x))))
add("GlobalAveragePool2D", {}, drawn(2, 4, 3, 3), {}, lambda x, p: x.mean(dim=(1, 2)))
add("Flatten", {}, drawn(2, 4, 3), {}, lambda x, p: torch.nn.Flatten()(x))

# Recurrent layers
FEATURES, UNITS, TIME = 3, 4, 5
ORDER = {"SimpleRNN": [0], "LSTM": [0, 1, 2, 3], "GRU": [1, 0, 2]}  # PyTorch's gates in our order; GRU's are r z n
MODULES = {"SimpleRNN": torch.nn.RNN, "LSTM": torch.nn.LSTM, "GRU": torch.nn.GRU}


def start(name, directions):
    gates = len(ORDER[name])
    shapes = {"weight": (FEATURES, gates * UNITS), "recurrent_weight": (UNITS, gates * UNITS), "bias": (gates * UNITS,)}
    if name == "GRU":
        shapes["recurrent_bias"] = shapes["bias"]
    prefixes = ("forward.", "backward.") if directions == 2 else ("",)
    return {prefix + key: 0.5 * drawn(*shape) for prefix in prefixes for key, shape in shapes.items()}


def as_theirs(name, parameters, prefix, suffix):
    """Our parameters of one direction under PyTorch's names."""

    def turned(array):
        blocks = array.split(UNITS, dim=-1)
        return torch.cat([blocks[ORDER[name].index(gate)] for gate in range(len(blocks))], dim=-1).T

    own = {key: parameters[prefix + key] for key in ("weight", "recurrent_weight", "bias")}
    recurrent_bias = parameters.get(prefix + "recurrent_bias")
    return {
        f"weight_ih_l0{suffix}": turned(own["weight"]),
        f"weight_hh_l0{suffix}": turned(own["recurrent_weight"]),
        f"bias_ih_l0{suffix}": turned(own["bias"]),
        f"bias_hh_l0{suffix}": torch.zeros_like(own["bias"]) if recurrent_bias is None else turned(recurrent_bias),
    }


def recurrent(name, settings, x, parameters, lengths=None):
    both = settings.get("bidirectional", False)
    module = MODULES[name](FEATURES, UNITS, batch_first=True, bidirectional=both)
    theirs = as_theirs(name, parameters, "forward." if both else "", "")
    if both:
        theirs |= as_theirs(name, parameters, "backward.", "_reverse")
    back = settings.get("go_backwards", False)
    x = x.flip(1) if back else x
    packed = x if lengths is None else pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    y, state = torch.func.functional_call(module, theirs, (packed,))
    if lengths is not None:
        y, _ = pad_packed_sequence(y, True, settings["mask_value"], TIME)
    if not settings.get("return_sequences", False):
        state = state[0] if name == "LSTM" else state
        return torch.cat(list(state), dim=-1)
    return y.flip(1) if back else y


LENGTHS = torch.tensor([5, 2, 4])
for name in MODULES:
    for settings in (
        {},
        {"return_sequences": True},
        {"go_backwards": True, "return_sequences": True},
        {"bidirectional": True},
        {"bidirectional": True, "return_sequences": True},
        {"mask_value": -1.0},
        {"mask_value": -1.0, "bidirectional": True, "return_sequences": True},
    ):
        x, lengths = drawn(3, TIME, FEATURES), LENGTHS if "mask_value" in settings else None
        if lengths is not None:
            x[torch.arange(TIME)[None, :] >= LENGTHS[:, None]] = settings["mask_value"]
        parameters = start(name, 2 if settings.get("bidirectional") else 1)
        if "mask_value" in settings:
            parameters = {key: 0.5 * value for key, value in parameters.items()}
        add(
            name,
            {"units": UNITS, **settings},
            x,
            parameters,
            lambda x, p, name=name, s=settings, n=lengths: recurrent(name, s, x, p, n),
        )

categories = torch.tensor([[0, 3, 3, 1], [2, 0, 4, 3]])
add(
    "Embedding",
    {"input_dim": 6, "output_dim": 3},
    categories.double(),
    {"weight": drawn(6, 3)},
    lambda x, p: F.embedding(x.long(), p["weight"]),
)

gains = {"gamma": 1 + 0.3 * drawn(5), "beta": drawn(5)}
add("LayerNorm", {"epsilon": 1e-5}, drawn(3, 2, 5), gains, lambda x, p: F.layer_norm(x, (5,), *p.values(), eps=1e-5))

# Batch normalisation: prediction with running statistics; then three batches of training, and what they leave behind.
MOMENTUM, EPSILON, BATCHES, SHAPE = 0.8, 1e-4, 3, (4, 3, 2, 5)
running = {"running_mean": drawn(5), "running_variance": torch.rand(5).round(decimals=2) + 0.5}
add(
    "BatchNorm",
    {"epsilon": EPSILON},
    drawn(*SHAPE),
    gains,
    lambda x, p: last(F.batch_norm(first(x), *running.values(), *p.values(), eps=EPSILON)),
    running={key: value.tolist() for key, value in running.items()},
)
module = torch.nn.BatchNorm2d(5, eps=EPSILON, momentum=1 - MOMENTUM)
module.weight.data, module.bias.data = gains["gamma"].clone(), gains["beta"].clone()
batches = []
for _ in range(BATCHES):
    x, d_y = drawn(*SHAPE).requires_grad_(), drawn(*SHAPE)
    module.zero_grad()
    y = last(module(first(x)))
    y.backward(d_y)
    found = {"x": x, "y": y, "d_y": d_y, "d_x": x.grad, "d_gamma": module.weight.grad, "d_beta": module.bias.grad}
    batches.append({key: value.tolist() for key, value in found.items()})
# PyTorch's running variance takes each batch's as Σ(x - μ)² / (n - 1), ours (and Keras') as Σ(x - μ)² / n.
count, kept = x.numel() // 5, MOMENTUM**BATCHES
variance = kept + (module.running_var - kept) * (count - 1) / count
figures["training of BatchNorm"] = {
    "settings": {"momentum": MOMENTUM, "epsilon": EPSILON},
    "gamma": gains["gamma"].tolist(),
    "beta": gains["beta"].tolist(),
    "batches": batches,
    "running_mean": module.running_mean.tolist(),
    "running_variance": variance.tolist(),
}

# Residual blocks
INNER = {"kind": "conv2d", "filters": 3, "kernel_size": 3, "padding": "same"}


def image_block(x, p):
    inner = torch.tanh(conv2d(x, p["conv2d_1.weight"], p["conv2d_1.bias"], 3, 2, "same"))
    side = F.conv2d(first(x), p["projection.weight"].T[:, :, None, None], stride=2)
    return conv2d(inner, p["conv2d_2.weight"], p["conv2d_2.bias"], 3, 1, "same") + last(side)


add(
    "Residual",
    {"layers": [{**INNER, "strides": 2, "activation": "tanh"}, INNER]},
    drawn(2, 5, 6, 2),
    {
        "conv2d_1.weight": 0.3 * drawn(18, 3),
        "conv2d_1.bias": drawn(3),
        "conv2d_2.weight": 0.3 * drawn(27, 3),
        "conv2d_2.bias": drawn(3),
        "projection.weight": drawn(2, 3),
    },
    image_block,
)
add(
    "Residual",
    {"layers": [{"kind": "dense", "units": 4, "activation": "tanh"}, {"kind": "dense", "units": 3}]},
    drawn(4, 3),
    {
        "dense_1.weight": drawn(3, 4),
        "dense_1.bias": drawn(4),
        "dense_2.weight": drawn(4, 3),
        "dense_2.bias": drawn(3),
    },
    lambda x, p: torch.tanh(x @ p["dense_1.weight"] + p["dense_1.bias"]) @ p["dense_2.weight"] + p["dense_2.bias"] + x,
)

add("Softmax", {}, drawn(3, 2, 5), {}, lambda x, p: F.softmax(x, dim=-1))
add("PReLU", {}, drawn(2, 4, 3, 5), {"alpha": drawn(5)}, lambda x, p: last(F.prelu(first(x), p["alpha"])))
add("PReLU", {"shared": True}, drawn(4, 5), {"alpha": drawn(1)}, lambda x, p: F.prelu(x, p["alpha"]))

# Layers for tables
add("Scale", {}, drawn(3, 2, 4), {"scale": drawn(4)}, lambda x, p: x * p["scale"])
add(
    "ParametricActivation",
    {"activation": "mish"},
    drawn(4, 5),
    {"alpha": drawn(5)},
    lambda x, p: x + p["alpha"] * (F.mish(x) - x),
)


def embedded(x, p, columns, units):
    """For each column a linear layer on its cosines, one after another."""
    waves = [torch.cos(2 * torch.pi * x[:, [c]] * p["frequency"][n] + p["phase"][n]) for n, c in enumerate(columns)]
    weights, biases = p["weight"].split(units), p["bias"].split(units)
    return torch.cat([x, *(F.linear(*parts) for parts in zip(waves, weights, biases, strict=True))], dim=1)


add(
    "PeriodicEmbedding",
    {"columns": [3, 1], "units": 2, "frequencies": 5},
    drawn(4, 4),
    {"frequency": drawn(2, 5), "phase": drawn(2, 5), "weight": drawn(4, 5), "bias": drawn(4)},
    lambda x, p: embedded(x, p, (3, 1), 2),
)


def members(x, p):
    """Every member by itself, with the weight that is its own."""
    k = len(p["bias"])
    rows = x.unbind(1) if x.ndim == 3 else [x] * k
    scales = [torch.outer(r, s) for r, s in zip(p["input_scale"], p["output_scale"], strict=True)]
    return torch.stack([rows[m] @ (scales[m] * p["weight"]) + p["bias"][m] for m in range(k)], dim=1)


for shape in ((4, 3), (4, 2, 3)):
    parameters = {
        "weight": drawn(3, 5), "input_scale": drawn(2, 3), "output_scale": drawn(2, 5), "bias": drawn(2, 5),
    }  # fmt: skip
    add("BatchEnsemble", {"units": 5, "members": 2}, drawn(*shape), parameters, members)

write(__file__, figures)
