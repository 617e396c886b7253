"""What several recipes are made of: hidden layers, the usual training, and the words for both."""

from __future__ import annotations

import math
from typing import Any

from thetastar.recipes.recipe import Work
from thetastar.recipes.settings import Settings

__all__ = [
    "batch_size_for", "hidden_layers", "hidden_sentence", "hidden_title", "initializer_for", "usual_rate",
    "usual_training", "with_head", "work_of",
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
        start = initializer_for(settings.activation)
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
    """The learning rate: as given, 0.05 for SGD, else the recipe's own."""
    if settings.learning_rate is not None:
        return settings.learning_rate
    return 0.05 if settings.optimizer == "sgd" else own


def usual_training(
    settings: Settings, rate: float, epochs: int, batch_size: int, shape: tuple[int, ...] = ()
) -> dict[str, Any]:
    """The arguments of a `Job`: optimiser, schedule, epochs, batch size, augmentation, clipping.

    Args:
        rate: the learning rate at its highest.
        shape: (H, W, C) of images: they are shifted by up to a fourteenth of their side.
    """
    from thetastar import optimizers, schedules
    from thetastar.augment import Augment

    decay = settings.weight_decay
    optimizer: Any
    if settings.optimizer == "sgd":
        optimizer = optimizers.SGD(learning_rate=rate, momentum=0.9, nesterov=True, weight_decay=decay)
    elif settings.optimizer == "adam":
        optimizer = optimizers.Adam(learning_rate=rate, weight_decay=decay)
    else:
        optimizer = optimizers.AdamW(learning_rate=rate, weight_decay=decay)
    schedule = {
        "cosine": schedules.Cosine(warmup=0.1), "constant": schedules.Constant(), "one_cycle": schedules.OneCycle(),
        "log_cosine": schedules.LogCosine(),
    }[settings.schedule]  # fmt: skip
    return {
        "optimizer": optimizer,
        "schedule": schedule,
        "epochs": settings.epochs or epochs,
        "batch_size": settings.batch_size or batch_size,
        "clip_norm": _CLIP,
        "augment": Augment(shift=min(shape[:2]) / 14, scale=0.1, rotate=10) if settings.augment else None,
    }


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
