"""Golden figures: 20 steps of every optimiser that PyTorch has, in double precision, on two functions."""

import torch
import torch.optim as optim
from _functions import FUNCTIONS, STEPS
from _write import write

# label: (our name, our settings, PyTorch's optimiser and settings, a learning rate for each function)
SETTINGS = {
    "sgd": ("SGD", {}, optim.SGD, {}, (0.1, 1e-4)),
    "sgd weight decay": ("SGD", {"weight_decay": 0.1}, optim.SGD, {"weight_decay": 0.1}, (0.1, 1e-4)),
    "sgd momentum": ("SGD", {"momentum": 0.9}, optim.SGD, {"momentum": 0.9}, (0.05, 1e-4)),
    "sgd nesterov": (
        "SGD",
        {"momentum": 0.9, "nesterov": True},
        optim.SGD,
        {"momentum": 0.9, "nesterov": True},
        (0.05, 1e-4),
    ),
    "sgd nesterov weight decay": (
        "SGD",
        {"momentum": 0.8, "nesterov": True, "weight_decay": 0.1},
        optim.SGD,
        {"momentum": 0.8, "nesterov": True, "weight_decay": 0.1},
        (0.05, 1e-4),
    ),
    "adam": ("Adam", {}, optim.Adam, {}, (0.1, 0.02)),
    "adam betas epsilon": (
        "Adam",
        {"beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3},
        optim.Adam,
        {"betas": (0.8, 0.95), "eps": 1e-3},
        (0.1, 0.02),
    ),
    "adam weight decay": ("Adam", {"weight_decay": 0.1}, optim.Adam, {"weight_decay": 0.1}, (0.1, 0.02)),
    "adamw": ("AdamW", {}, optim.AdamW, {}, (0.1, 0.02)),
    "adamw weight decay": ("AdamW", {"weight_decay": 0.3}, optim.AdamW, {"weight_decay": 0.3}, (0.1, 0.02)),
    "sgd dampening": (
        "SGD",
        {"momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1},
        optim.SGD,
        {"momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1},
        (0.05, 1e-4),
    ),
    "asgd": ("ASGD", {}, optim.ASGD, {}, (0.1, 1e-4)),
    "asgd all": (
        "ASGD",
        {"lambd": 0.05, "alpha": 0.6, "t0": 5.0, "weight_decay": 0.1},
        optim.ASGD,
        {"lambd": 0.05, "alpha": 0.6, "t0": 5.0, "weight_decay": 0.1},
        (0.1, 1e-4),
    ),
    "adagrad": ("Adagrad", {}, optim.Adagrad, {}, (0.5, 0.05)),
    "adagrad all": (
        "Adagrad",
        {"rate_decay": 0.1, "weight_decay": 0.1, "accumulator": 0.3, "epsilon": 1e-3},
        optim.Adagrad,
        {"lr_decay": 0.1, "weight_decay": 0.1, "initial_accumulator_value": 0.3, "eps": 1e-3},
        (0.5, 0.05),
    ),
    "adadelta": ("Adadelta", {}, optim.Adadelta, {}, (1.0, 1.0)),
    "adadelta all": (
        "Adadelta",
        {"rho": 0.8, "epsilon": 1e-3, "weight_decay": 0.1},
        optim.Adadelta,
        {"rho": 0.8, "eps": 1e-3, "weight_decay": 0.1},
        (1.0, 0.3),
    ),
    "rmsprop": ("RMSprop", {}, optim.RMSprop, {}, (0.05, 0.005)),
    "rmsprop momentum": (
        "RMSprop",
        {"momentum": 0.8, "rho": 0.9},
        optim.RMSprop,
        {"momentum": 0.8, "alpha": 0.9},
        (0.02, 0.005),
    ),
    "rmsprop centred": (
        "RMSprop",
        {"centred": True, "weight_decay": 0.1},
        optim.RMSprop,
        {"centered": True, "weight_decay": 0.1},
        (0.02, 0.005),
    ),
    "rmsprop all": (
        "RMSprop",
        {"centred": True, "momentum": 0.7, "epsilon": 1e-4},
        optim.RMSprop,
        {"centered": True, "momentum": 0.7, "eps": 1e-4},
        (0.02, 0.005),
    ),
    "adam amsgrad": (
        "Adam",
        {"amsgrad": True, "weight_decay": 0.1},
        optim.Adam,
        {"amsgrad": True, "weight_decay": 0.1},
        (0.1, 0.02),
    ),
    "adamw amsgrad": (
        "AdamW",
        {"amsgrad": True, "weight_decay": 0.1},
        optim.AdamW,
        {"amsgrad": True, "weight_decay": 0.1},
        (0.3, 0.05),
    ),
    "adamax": ("Adamax", {}, optim.Adamax, {}, (0.1, 0.02)),
    "adamax all": (
        "Adamax",
        {"beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3, "weight_decay": 0.1},
        optim.Adamax,
        {"betas": (0.8, 0.9), "eps": 1e-3, "weight_decay": 0.1},
        (0.1, 0.02),
    ),
    "nadam": ("NAdam", {}, optim.NAdam, {}, (0.1, 0.02)),
    "nadam all": (
        "NAdam",
        {"beta_1": 0.8, "momentum_decay": 0.1, "weight_decay": 0.1, "decoupled": True},
        optim.NAdam,
        {"betas": (0.8, 0.999), "momentum_decay": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True},
        (0.1, 0.02),
    ),
    "radam": ("RAdam", {}, optim.RAdam, {}, (0.1, 1e-4)),
    "radam all": (
        "RAdam",
        {"beta_2": 0.95, "weight_decay": 0.1, "decoupled": True},
        optim.RAdam,
        {"betas": (0.9, 0.95), "weight_decay": 0.1, "decoupled_weight_decay": True},
        (0.1, 1e-4),
    ),
    "rprop": ("Rprop", {}, optim.Rprop, {}, (0.1, 0.01)),
    "rprop all": (
        "Rprop",
        {"shorter": 0.3, "longer": 1.5, "least": 0.001, "most": 0.2},
        optim.Rprop,
        {"etas": (0.3, 1.5), "step_sizes": (0.001, 0.2)},
        (0.1, 0.01),
    ),
    "adafactor": ("Adafactor", {}, optim.Adafactor, {}, (0.1, 0.02)),
    "adafactor all": (
        "Adafactor",
        {"beta_2_decay": -0.6, "epsilon_2": 0.5, "clip_threshold": 1.5, "weight_decay": 0.1},
        optim.Adafactor,
        {"beta2_decay": -0.6, "eps": (None, 0.5), "d": 1.5, "weight_decay": 0.1},
        (0.1, 0.02),
    ),
    "sparse adam": ("SparseAdam", {}, optim.SparseAdam, {}, (0.1, 0.02)),
    "lbfgs": (
        "LBFGS",
        {},
        optim.LBFGS,
        {"max_iter": 1, "max_eval": 100, "line_search_fn": "strong_wolfe", "history_size": 10},
        (1.0, 1.0),
    ),
    "lbfgs short memory": (
        "LBFGS",
        {"history": 2},
        optim.LBFGS,
        {"max_iter": 1, "max_eval": 100, "line_search_fn": "strong_wolfe", "history_size": 2},
        (0.7, 0.7),
    ),
    "lbfgs no search": (
        "LBFGS",
        {"line_search": "none"},
        optim.LBFGS,
        {"max_iter": 1, "history_size": 10},
        (0.5, 0.01),
    ),
}


def walk(make, theirs, rate, function, start):
    """(path, values) of 20 steps."""
    theta = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    optimizer = make([theta], lr=rate, **theirs)
    path, values = [theta.tolist()], [function(theta).item()]

    def closure():
        optimizer.zero_grad()
        value = function(theta)
        value.backward()
        if make is optim.SparseAdam:  # every third step the second number has no gradient
            keep = [0, 1] if len(path) % 3 else [0]
            theta.grad = torch.sparse_coo_tensor([keep], theta.grad[keep], theta.shape).coalesce()
        return value

    for _ in range(STEPS):
        if make is optim.LBFGS:
            optimizer.step(closure)
        else:
            closure()
            optimizer.step()
        path.append(theta.tolist())
        values.append(function(theta).item())
    return path, values


figures = {}
for label, (name, settings, make, theirs, rates) in SETTINGS.items():
    for (function_name, (function, start)), rate in zip(FUNCTIONS.items(), rates, strict=True):
        path, values = walk(make, theirs, rate, function, start)
        figures[f"{label}, {function_name}"] = {
            "optimizer": name,
            "settings": {"learning_rate": rate, **settings},
            "function": function_name,
            "sparse": make is optim.SparseAdam,
            "path": path,
            "values": values,
        }
write(__file__, figures)
