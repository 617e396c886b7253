"""A loss of one's own: a function of NumPy arrays, which the training calls for every batch. Slow, but it works."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._checks import plain_numbers
from ..errors import InputError
from .contract import Loss

_RULE = "it must return (values, slopes): a number a row, (n,), and its derivative with respect to each output, (n, O)"
_CURE = "A slope is not guessed from differences: it would be wrong at every kink. Write the derivative too."


@dataclass(frozen=True)
class Own(Loss):
    """A function f(y, outputs) -> (values (n,), slopes (n, O)): each row's loss and its derivative by each output.

    `ts.train` takes the function itself: `loss=f`. Weights, schedules, stopping rules and every optimiser work as with
    other losses; the mean over the rows is taken by the training. It is called from the training's thread, for some
    rows at a time, so a row's value may depend on that row alone.

    Args:
        function: of y, (n,) or (n, K) as it was given, in the training's precision, and of outputs (n, O).

    Raises:
        InputError: it is no function; when it is called, an answer of another form, with what is missing.

    Example:
        >>> from thetastar import Dense, Network, train
        >>> def tilted(y, f):  # an error below costs three times as much as one above
        ...     error = f[:, 0] - y
        ...     weight = np.where(error < 0, 3.0, 1.0)
        ...     return weight * error**2, (2 * weight * error)[:, None]
        >>> float(Own(tilted)([[1.0], [4.0]], [2.0, 2.0]))
        3.5
        >>> run = train(Network([Dense(1)], input_shape=(1,)), [[0.0], [1.0]], [1.0, 3.0], loss=tilted, epochs=3)
        >>> run.stopped
        'epochs'

    Source: the same idea as PyTorch's and Keras's losses of one's own, with the derivative written by hand.
    """

    function: Callable[[Any, Any], Any]
    name = "own"

    def __post_init__(self) -> None:
        if not callable(self.function):
            raise InputError(f"Own: function must be callable. Got {self.function!r}. Give f(y, outputs).")

    @property
    def title(self) -> str:
        """What messages call it."""
        return f"the loss {getattr(self.function, '__name__', type(self.function).__name__)!r}"

    def to_dict(self) -> dict:
        """Its name alone: a function is not written down."""
        return {"kind": "own", "function": getattr(self.function, "__name__", "function")}

    def to_native(self) -> dict:
        raise InputError(
            f"{self.title} is a function of one's own, which the training calls and nothing else. Got it for something "
            "else. Use one of thetastar.losses there, or ts.train."
        )

    def target_array(self, where, y, samples, outputs, dtype):
        plain_numbers(where, "y", y)
        try:
            target = np.zeros((samples, 0), dtype) if y is None else np.ascontiguousarray(y, dtype=dtype)
        except (TypeError, ValueError):
            raise InputError(f"{where}: y must be numbers. Got {type(y).__name__} of something else. "
                             "Encode it as numbers first.") from None  # fmt: skip
        if len(target) != samples:
            raise InputError(
                f"{where}: y must have {samples} rows, one a sample. Got {target.shape}. Give a target for every row."
            )
        return target.reshape(samples, -1)

    def checked(self, y: np.ndarray | None, outputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values (n,) in float64 and slopes (n, O) in the outputs' precision, as the function gives them.

        Raises:
            InputError: it gives something of another form.
        """
        given = self.function(y, outputs)
        if not isinstance(given, tuple) or len(given) != 2:
            kind = f"{len(given)} parts" if isinstance(given, tuple) else type(given).__name__
            raise InputError(f"{self.title}: {_RULE}. Got {kind}. {_CURE}")
        try:
            values = np.asarray(given[0], dtype=np.float64, order="C")
            slopes = np.asarray(given[1], dtype=outputs.dtype, order="C")
        except (TypeError, ValueError):
            raise InputError(f"{self.title}: {_RULE}. Got something that is no numbers. {_CURE}") from None
        if slopes.ndim == 1 and outputs.shape[1] == 1:
            slopes = slopes[:, None]
        if values.shape != (len(outputs),) or slopes.shape != outputs.shape:
            raise InputError(
                f"{self.title}: {_RULE}. Got {values.shape} and {slopes.shape} for outputs {outputs.shape}. "
                "Take no mean over the rows: the training does that."
            )
        return values, slopes

    def _evaluate(self, prediction, target) -> tuple[np.ndarray, np.ndarray]:
        rows = self._rows("Own", np.asarray(prediction), np.float64)
        y = None if target is None else np.asarray(target)
        return self.checked(y, rows)


class CalledFromCore:
    """What the core calls for an `Own` loss: (outputs, targets) -> (values, slopes), or None once something went wrong.

    Attributes:
        error: what the function raised; the training ends then, and the caller raises it again.
    """

    def __init__(self, loss: Own, flat: bool) -> None:
        self.loss, self.flat = loss, flat  # flat: y was given as (n,)
        self.error: BaseException | None = None

    def __call__(self, outputs: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        if self.error is not None:
            return None
        try:
            target = None if y.shape[1] == 0 else y[:, 0] if self.flat else y
            return self.loss.checked(target, outputs)
        except BaseException as error:
            self.error = error
            return None
