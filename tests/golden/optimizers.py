"""Golden figures: 20 steps of each optimiser in double precision on two functions of two numbers."""

import torch
from _write import write

STEPS = 20
FUNCTIONS = {
    # f = ½ θᵀ A θ - bᵀ θ with A = [[3, 1], [1, 2]], b = [1, -1]
    "quadratic": (lambda t: 1.5 * t[0] ** 2 + t[0] * t[1] + t[1] ** 2 - t[0] + t[1], [2.0, -3.0]),
    # Rosenbrock 1960: f = (1 - x)² + 100 (y - x²)²
    "rosenbrock": (lambda t: (1 - t[0]) ** 2 + 100 * (t[1] - t[0] ** 2) ** 2, [-1.2, 1.0]),
}
# our name of the settings -> the call in torch, with a learning rate for each function
SGD, ADAM, ADAMW = torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW
SETTINGS = {
    "sgd": ("SGD", {}, (0.1, 1e-4)),
    "sgd weight decay": ("SGD", {"weight_decay": 0.1}, (0.1, 1e-4)),
    "sgd momentum": ("SGD", {"momentum": 0.9}, (0.05, 1e-4)),
    "sgd nesterov": ("SGD", {"momentum": 0.9, "nesterov": True}, (0.05, 1e-4)),
    "sgd nesterov weight decay": ("SGD", {"momentum": 0.8, "nesterov": True, "weight_decay": 0.1}, (0.05, 1e-4)),
    "adam": ("Adam", {}, (0.1, 0.02)),
    "adam betas epsilon": ("Adam", {"beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3}, (0.1, 0.02)),
    "adam weight decay": ("Adam", {"weight_decay": 0.1}, (0.1, 0.02)),
    "adamw": ("AdamW", {}, (0.1, 0.02)),
    "adamw weight decay": ("AdamW", {"weight_decay": 0.3}, (0.1, 0.02)),
}


def build(kind, settings, rate, parameters):
    known = {key: value for key, value in settings.items() if key in ("momentum", "nesterov", "weight_decay")}
    if kind == "SGD":
        return SGD(parameters, lr=rate, **known)
    betas = (settings.get("beta_1", 0.9), settings.get("beta_2", 0.999))
    return {"Adam": ADAM, "AdamW": ADAMW}[kind](
        parameters, lr=rate, betas=betas, eps=settings.get("epsilon", 1e-8), **known
    )


figures = {}
for label, (kind, settings, rates) in SETTINGS.items():
    for (function_name, (function, start)), rate in zip(FUNCTIONS.items(), rates, strict=True):
        theta = torch.tensor(start, dtype=torch.float64, requires_grad=True)
        optimizer = build(kind, settings, rate, [theta])
        path, values = [theta.tolist()], [function(theta).item()]
        for _ in range(STEPS):
            optimizer.zero_grad()
            function(theta).backward()
            optimizer.step()
            path.append(theta.tolist())
            values.append(function(theta).item())
        figures[f"{label}, {function_name}"] = {
            "optimizer": kind,
            "settings": {"learning_rate": rate, **settings},
            "function": function_name,
            "path": path,
            "values": values,
        }
write(__file__, figures)
