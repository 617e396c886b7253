"""Where a training stood when it paused: enough for another one, on any machine, to go on to the same bits."""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass

import numpy as np

from .errors import InputError

__all__ = ["Pause"]

_MAGIC = b"thetastar pause 1\n"
_ARRAYS = ("parameters", "best", "states", "counts", "plateau")


@dataclass(frozen=True, eq=False)
class Pause:
    """What `Run.pause` holds after `Job.pause` epochs, and `Job.resume` takes.

    A network with P parameters whose optimiser keeps K numbers of each:

    Attributes:
        epochs: finished so far.
        steps: updates taken so far.
        best_epoch: the one with the lowest validation loss so far, counted from 1.
        lowest: that loss.
        parameters: (P,) where they stand.
        best: (P,) those of the best epoch; (0,) where they are not kept.
        states: (K, P) of the optimiser.
        counts: what a line search counts.
        plateau: what a schedule has seen of the loss.

    Example:
        >>> import thetastar as ts
        >>> net, X, y = ts.Network([ts.Dense(1)], input_shape=(1,)), [[0.0], [1.0]], [1.0, 3.0]
        >>> half = ts.train(net, X, y, epochs=10, pause=5)
        >>> rest = ts.train(net, X, y, epochs=10, resume=half.pause)
        >>> whole = ts.train(net, X, y, epochs=10)
        >>> half.stopped, rest.epochs, rest.loss == whole.loss
        ('paused', 10, True)
    """

    epochs: int
    steps: int
    best_epoch: int
    lowest: float
    parameters: np.ndarray
    best: np.ndarray
    states: np.ndarray
    counts: np.ndarray
    plateau: np.ndarray

    @classmethod
    def _of(cls, epochs: int, parts: tuple) -> Pause:
        """From the core's tuple."""
        *numbers, parameters, best, states, counts, plateau = parts
        return cls(epochs, *numbers, parameters, best, states, np.asarray(counts), np.asarray(plateau))

    def _native(self, dtype: np.dtype) -> tuple:
        """The core's tuple.

        Raises:
            InputError: it is of a training in another precision.
        """
        if self.parameters.dtype != dtype:
            raise InputError(
                f"train: resume must be of a training in dtype={dtype.name!r}. Got one in "
                f"{self.parameters.dtype.name!r}. Give the dtype that it had."
            )
        arrays = [np.ascontiguousarray(getattr(self, name)) for name in _ARRAYS[:3]]
        return (self.steps, self.best_epoch, self.lowest, *arrays, self.counts.tolist(), self.plateau.tolist())

    def to_bytes(self) -> bytes:
        """It as bytes with a checksum, for a file or another process."""
        held = io.BytesIO()
        numbers = np.array([self.epochs, self.steps, self.best_epoch], np.int64)
        for array in (numbers, np.float64(self.lowest), *(getattr(self, name) for name in _ARRAYS)):
            np.save(held, array, allow_pickle=False)
        body = held.getvalue()
        return _MAGIC + zlib.crc32(body).to_bytes(4, "little") + body

    @classmethod
    def from_bytes(cls, data: bytes) -> Pause:
        """What `to_bytes` made.

        Raises:
            InputError: it is something else, or damaged.
        """
        body = data[len(_MAGIC) + 4 :]
        if data[: len(_MAGIC)] != _MAGIC or zlib.crc32(body).to_bytes(4, "little") != data[len(_MAGIC) :][:4]:
            raise InputError("pause: not the whole bytes of a paused training. Train it again from its start.")
        held = io.BytesIO(body)
        numbers, lowest, *arrays = (np.load(held, allow_pickle=False) for _ in range(2 + len(_ARRAYS)))
        return cls(*map(int, numbers), float(lowest), *arrays)
