"""Golden figures: a 5-7-6-3 network, its loss and gradients, and 20 steps of training, rows in their own order."""

import itertools

import torch
import torch.nn.functional as F
from _write import write

ACTIVATIONS = {
    "tanh": torch.tanh,
    "relu": F.relu,
    "sigmoid": torch.sigmoid,
    "gelu": F.gelu,
    "silu": F.silu,
    "mish": F.mish,
    "elu": F.elu,
    "selu": F.selu,
    "softplus": F.softplus,
    "softsign": F.softsign,
    "identity": lambda z: z,
}
LOSSES = {
    "mean_squared_error": F.mse_loss,
    "mean_absolute_error": F.l1_loss,
    "binary_cross_entropy": F.binary_cross_entropy_with_logits,
    "cross_entropy": F.cross_entropy,
}
CASES = (
    (("tanh", "relu", "identity"), "cross_entropy"),
    (("gelu", "silu", "identity"), "mean_squared_error"),
    (("elu", "softplus", "softsign"), "mean_absolute_error"),
    (("mish", "sigmoid", "selu"), "binary_cross_entropy"),
)
OPTIMIZERS = {
    "SGD": ({"learning_rate": 0.1, "momentum": 0.9}, lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9)),
    "Adam": ({"learning_rate": 0.01}, lambda p: torch.optim.Adam(p, lr=0.01)),
    "AdamW": ({"learning_rate": 0.01, "weight_decay": 0.1}, None),
}
SIZES, ROWS, BATCH, EPOCHS = (5, 7, 6, 3), 18, 4, 4  # 5 batches an epoch, the last of 2 rows: 20 steps


def targets(loss):
    if loss == "cross_entropy":
        return torch.randint(0, 3, (ROWS,))
    return torch.rand(ROWS, 3) if loss == "binary_cross_entropy" else torch.randn(ROWS, 3)


def start():
    """Weights (I, O), as we keep them; torch's layers hold the transpose."""
    parameters = {}
    for number, (inputs, outputs) in enumerate(itertools.pairwise(SIZES), 1):
        parameters[f"dense_{number}.weight"] = torch.randn(inputs, outputs) / inputs**0.5
        parameters[f"dense_{number}.bias"] = 0.1 * torch.randn(outputs)
    return parameters


def mean_loss(parameters, x, y, activations, loss):
    for number, name in enumerate(activations, 1):
        x = ACTIVATIONS[name](x @ parameters[f"dense_{number}.weight"] + parameters[f"dense_{number}.bias"])
    return LOSSES[loss](x, y)


def as_lists(tensors):
    return {name: tensor.tolist() for name, tensor in tensors.items()}


def optimizer_for(kind, parameters):
    if kind != "AdamW":
        return OPTIMIZERS[kind][1](list(parameters.values()))
    weights = [p for name, p in parameters.items() if name.endswith("weight")]
    biases = [p for name, p in parameters.items() if name.endswith("bias")]
    groups = [{"params": weights, "weight_decay": 0.1}, {"params": biases, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=0.01)


def train(kind, first, x, y, activations, loss):
    parameters = {name: value.clone().requires_grad_() for name, value in first.items()}
    optimizer = optimizer_for(kind, parameters)
    losses = []
    for _ in range(EPOCHS):
        for rows in torch.arange(ROWS).split(BATCH):
            optimizer.zero_grad()
            value = mean_loss(parameters, x[rows], y[rows], activations, loss)
            value.backward()
            optimizer.step()
            losses.append(value.item())
    return {"settings": OPTIMIZERS[kind][0], "batch_losses": losses, "parameters": as_lists(parameters)}


torch.set_default_dtype(torch.float64)
torch.manual_seed(1)
figures = {"batch_size": BATCH, "epochs": EPOCHS}
for activations, loss in CASES:
    x, y, first = torch.randn(ROWS, SIZES[0]), targets(loss), start()
    leaves = {name: value.clone().requires_grad_() for name, value in first.items()}
    value = mean_loss(leaves, x, y, activations, loss)
    value.backward()
    figures[f"{' '.join(activations)}, {loss}"] = {
        "activations": list(activations),
        "loss": loss,
        "x": x.tolist(),
        "y": y.tolist(),
        "parameters": as_lists(first),
        "mean_loss": value.item(),
        "gradients": {name: leaf.grad.tolist() for name, leaf in leaves.items()},
        "training": {kind: train(kind, first, x, y, activations, loss) for kind in OPTIMIZERS},
    }
write(__file__, figures)
