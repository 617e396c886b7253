"""Who looks on at the end of every epoch: metrics of the parameters as they stand, and a callback that may end it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .epoch_metrics import Metric, measured
from .errors import InputError
from .network import Network

__all__ = ["Epoch", "EpochWatch"]


@dataclass(frozen=True)
class Epoch:
    """What a callback of `ts.train` is given at the end of an epoch.

    Attributes:
        number: of the epoch, from 1.
        loss: the mean training loss on the way.
        validation_loss: None without validation rows.
        learning_rate: of the last step.
        seconds: since the start.
        metrics: {name: value} of what `metrics=` asked for.
        network: a network with the parameters as they stand now.

    Example:
        >>> from thetastar import Dense, train
        >>> seen = []
        >>> def enough(epoch):
        ...     seen.append(round(epoch.loss, 3))
        ...     return epoch.number == 3
        >>> run = train(Network([Dense(1)], input_shape=(1,)), [[0.0], [1.0]], [1.0, 3.0], epochs=50, callback=enough)
        >>> run.stopped, run.epochs, len(seen)
        ('callback', 3, 3)
    """

    number: int
    loss: float
    validation_loss: float | None
    learning_rate: float
    seconds: float
    metrics: Mapping[str, float]
    network: Network


Part = tuple[str, Any, Any]  # a prefix, X, y


@dataclass
class EpochWatch:
    """What the core calls after every epoch, on the training's own thread.

    Attributes:
        history: each metric after every epoch so far.
        error: what a metric or the callback raised; it ends the training, and is raised again after it.
    """

    network: Network
    parts: list[Part]
    metrics: Mapping[str, Metric]
    callback: Callable[[Epoch], Any] | None
    history: dict[str, list[float]] = field(default_factory=dict)
    error: BaseException | None = None
    epochs: int = 0

    def __post_init__(self) -> None:
        if self.callback is not None and not callable(self.callback):
            raise InputError(
                f"train: callback must be a function of an epoch. Got {type(self.callback).__name__}. "
                "Return True to stop."
            )
        self.history = {prefix + name: [] for prefix, _, _ in self.parts for name in self.metrics}

    def __call__(self, loss: float, validation: float, rate: float, seconds: float, flat: np.ndarray) -> bool:
        if self.error is not None:
            return True
        try:
            return self._look(loss, validation, rate, seconds, flat)
        except BaseException as error:
            self.error = error
            return True

    def _look(self, loss: float, validation: float, rate: float, seconds: float, flat: np.ndarray) -> bool:
        self.epochs += 1
        now = self.network._with_flat(flat)
        values = {}
        for prefix, X, y in self.parts if self.metrics else []:
            for name, value in measured(now, X, y, self.metrics).items():
                self.history[prefix + name].append(value)
                values[prefix + name] = value
        if self.callback is None:
            return False
        told = Epoch(self.epochs, loss, None if np.isnan(validation) else validation, rate, seconds, values, now)
        return bool(self.callback(told))
