"""What several recipes are made of: hidden layers, the usual training, and the words for both."""

from __future__ import annotations

import math
from typing import Any

from thetastar.recipes.recipe import Work
from thetastar.recipes.settings import Settings

__all__ = [
    "batch_size_for", "hidden_layers", "hidden_sentence", "hidden_title", "initializer_for", "optimizer_of",
    "usual_rate", "usual_training", "with_head", "work_of",
]  # fmt: skip


_CLIP = 5.0  # norm of the gradient: only steps that would throw a network off are cut


def initializer_for(activation: str) -> str:
    """The initialiser that suits an activation: LeCun for SELU (its fixed point needs it), Glorot where saturating.

    He's normal initialisation for all others keeps the signal's size through the layers (He et al. 2015).
    """
    if activation == "selu":
        return "lecun_normal"
    saturating = {"sigmoid", "hard_sigmoid", "tanh", "softsign", "gaussian", "identity"}
    return "glorot_normal" if activation in saturating else "he_normal"


def hidden_layers(settings: Settings) -> list[Any]:
    """The dense hidden layers, each with its dropout."""
    from thetastar.layers import Dense, Dropout

    layers: list[Any] = []
    for width in settings.hidden:
        start = settings.initializer or initializer_for(settings.activation)
        layers.append(Dense(width, activation=settings.activation, kernel_initializer=start))
        if settings.dropout:
            layers.append(Dropout(settings.dropout))
    return layers


def with_head(layers: list[Any], shape: tuple[int, ...], outputs: int) -> Any:
    """The network of these layers with the output layer after them; that one begins by Glorot's rule."""
    from thetastar.layers import Dense
    from thetastar.network import Network

    return Network([*layers, Dense(outputs)], input_shape=shape)


def usual_rate(settings: Settings, own: float) -> float:
    """The learning rate: as given, what suits the update rule, else the recipe's own, which is for Adam's kin."""
    if settings.learning_rate is not None:
        return settings.learning_rate
    return _RATES.get(settings.optimizer, own)


def usual_training(
    settings: Settings, rate: float, epochs: int, batch_size: int, shape: tuple[int, ...] = ()
) -> dict[str, Any]:
    """The arguments of a `Job`: optimiser, schedule, epochs, batch size, augmentation, clipping.

    Args:
        rate: the learning rate at its highest.
        shape: (H, W, C) of images: they are shifted by up to a fourteenth of their side.
    """
    from thetastar import schedules
    from thetastar.augment import Augment

    epochs = settings.epochs or epochs
    optimizer = optimizer_of(settings, rate)
    third = max(epochs // 3, 1)
    schedule = {
        "cosine": lambda: schedules.Cosine(warmup=0.1), "constant": schedules.Constant,
        "one_cycle": schedules.OneCycle, "step": lambda: schedules.Step(every=third, factor=0.1),
        "exponential": lambda: schedules.Exponential(factor=0.01 ** (1 / epochs)),
        "cosine_restarts": lambda: schedules.CosineRestarts(every=third),
        "log_cosine": schedules.LogCosine,
        "reduce_on_plateau": lambda: schedules.ReduceOnPlateau(patience=max(epochs // 20, 2)),
    }[settings.schedule]()  # fmt: skip
    return {
        "optimizer": optimizer,
        "schedule": schedule,
        "epochs": epochs,
        "batch_size": settings.batch_size or batch_size,
        "clip_norm": None if optimizer.searches_lines else _CLIP,
        **{name: value for name in ("l1", "l2", "max_norm") if (value := getattr(settings, name))},
        "augment": Augment(shift=min(shape[:2]) / 14, scale=0.1, rotate=10) if settings.augment else None,
    }


# Learning rates at their highest for rules whose steps have another size than Adam's.
_RATES = {
    "sgd": 0.05, "adagrad": 0.05, "adadelta": 1.0, "ftrl": 0.1, "asgd": 0.05, "rprop": 0.01, "lion": 1e-3, "lbfgs": 1.0,
    "sophia": 1e-3, "muon": 0.02, "rmsprop": 3e-3,
}  # fmt: skip


def optimizer_of(settings: Settings, rate: float) -> Any:
    """The update rule with its rate, momentum and weight decay; rules that know no decay do without it."""
    from dataclasses import fields

    from thetastar import optimizers

    if settings.optimizer == "sgd":
        momentum = 0.9 if settings.momentum is None else settings.momentum
        return optimizers.SGD(
            learning_rate=rate, momentum=momentum, nesterov=momentum > 0, weight_decay=settings.weight_decay
        )
    plain = optimizers.get(settings.optimizer)
    known = {field.name for field in fields(plain)}
    own: dict[str, Any] = {"learning_rate": rate}
    if "weight_decay" in known:
        own["weight_decay"] = settings.weight_decay
    return optimizers.get(settings.optimizer, convention=None, **own)


def batch_size_for(rows: int) -> int:
    """Rows per update for that many training rows: small tables need many updates, large ones fast products."""
    for limit, size in ((500, 32), (4_000, 64), (12_000, 128), (60_000, 256), (200_000, 512)):
        if rows <= limit:
            return size
    return 1024


def work_of(network: Any) -> Work:
    """The work of a network, counted from its layers."""
    values = sum(math.prod(each) for each in network.shapes[1:])
    return Work(network.parameter_count, network.multiplications, values)


def hidden_title(settings: Settings) -> str:
    """`64-64 silu`, or nothing without hidden layers."""
    return f"{'-'.join(map(str, settings.hidden))} {settings.activation}" if settings.hidden else ""


def hidden_sentence(settings: Settings) -> str:
    """The dense hidden layers in words."""
    if not settings.hidden:
        return "no hidden layer"
    plural = "s" if len(settings.hidden) > 1 else ""
    widths = ", ".join(map(str, settings.hidden))
    return f"{len(settings.hidden)} hidden layer{plural} of {widths} {settings.activation}"
