"""Golden figures: every activation's value and slope in double precision, by PyTorch and its autograd."""

import torch
import torch.nn.functional as F
from _write import write

FUNCTIONS = {
    "identity": lambda z: z * 1.0,
    "sigmoid": torch.sigmoid,
    "hard_sigmoid": F.hardsigmoid,
    "tanh": torch.tanh,
    "hard_tanh": F.hardtanh,
    "relu6": F.relu6,
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "selu": F.selu,
    "gelu": F.gelu,
    "gelu_tanh": lambda z: F.gelu(z, approximate="tanh"),
    "silu": F.silu,
    "mish": F.mish,
    "softplus": lambda z: F.softplus(z, threshold=50),  # the default 20 drops e^-20 = 2e-9
    "softsign": F.softsign,
    "gaussian": lambda z: torch.exp(-z * z),  # not in torch as such
    "step": lambda z: torch.heaviside(z, torch.ones_like(z)),  # no slope in torch: 0 by definition
}
ORDINARY = [-6.0, -3.5, -3.0, -2.7, -1.5, -1.0, -0.5, -0.1, -1e-3, 0.0, 1e-3, 0.1, 0.5, 1.0, 1.5, 2.7, 3.0, 3.5, 6.0]
EXTREME = [-1e4, -710.0, -90.0, -30.0, 30.0, 90.0, 710.0, 1e4]

figures = {"z": ORDINARY + EXTREME}
for name, function in FUNCTIONS.items():
    z = torch.tensor(ORDINARY + EXTREME, dtype=torch.float64, requires_grad=True)
    value = function(z)
    slope = torch.zeros_like(z) if name == "step" else torch.autograd.grad(value.sum(), z)[0]
    figures[name] = {"value": value.tolist(), "slope": slope.tolist()}
write(__file__, figures)
