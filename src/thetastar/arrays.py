"""What jobs train on: samples, targets, weights and rows as arrays, each converted and checked once for all jobs."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from . import losses
from ._checks import plain_numbers
from .errors import InputError
from .losses import Loss
from .losses.own import CalledFromCore
from .network import Network, one_row_each

__all__ = ["Arrays", "Samples", "fitting"]


class Samples:
    """n samples of one or more members: an array (n · members, F), a sample's members one after another.

    All numbers of an image or a sequence lie in one row, which is how the core takes them.
    """

    def __init__(self, parts: list[np.ndarray]):
        self.shapes = [part.shape for part in parts]
        self.count, self.members = len(parts[0]), len(parts)
        rows = [part.reshape(len(part), -1) for part in parts]
        self.array = losses.interleave(rows) if len(set(self.shapes)) == 1 else rows[0]  # refused by check_members


class Arrays:
    """Converts and checks what the jobs share once, however many jobs share it."""

    def __init__(self, X, y, dtype: np.dtype):
        self.dtype = dtype
        self._converted: dict[tuple, tuple[object, np.ndarray]] = {}
        self.X = self.samples(X)
        self.y = y
        self.called: list[CalledFromCore] = []

    def samples(self, X) -> Samples:
        return self.once(
            ("X", id(X)), X, lambda: Samples([_sample_array(x, self.dtype) for x in losses.member_parts(X)])
        )

    def targets(self, loss: Loss, y, samples: int, shape: tuple[int, ...]) -> np.ndarray:
        def convert():
            return loss.target_array("train", one_row_each(y, shape), samples, math.prod(shape), self.dtype)

        return self.once(("y", id(y), loss, samples, shape), y, convert)

    def weights(self, weights, samples: int) -> np.ndarray | None:
        if weights is None:
            return None
        key = ("weights", id(weights))
        return self.once(key, weights, lambda: losses.weight_array("train", weights, samples, self.dtype))

    def indices(self, name: str, rows, samples: int) -> np.ndarray:
        if rows is None:
            return self.once(("all", samples), None, lambda: _all_rows(samples))
        return self.once((name, id(rows)), rows, lambda: _row_array(name, rows, samples))

    def call_from_core(self, loss: losses.Own) -> CalledFromCore:
        """What the core calls for such a loss; what goes wrong in it is raised by `raise_what_was_caught`."""
        self.called.append(CalledFromCore(loss, np.ndim(self.y) == 1))
        return self.called[-1]

    def raise_what_was_caught(self) -> None:
        """The first error of a loss of one's own: nothing may be raised within the core."""
        for call in self.called:
            if call.error is not None:
                raise call.error

    def once(self, key: tuple, source, convert: Callable):
        """What `convert` gives, made at the first call with this key; `source` is what the ids in the key belong to."""
        if key not in self._converted:
            self._converted[key] = (source, convert())  # holding the source keeps its ids from being reused
        return self._converted[key][1]


def _sample_array(X, dtype) -> np.ndarray:
    plain_numbers("train", "X", X)
    try:
        with np.errstate(over="ignore"):  # what is too large for the precision becomes infinite and is refused below
            X = np.require(np.ascontiguousarray(X, dtype=dtype), requirements="A")
    except (TypeError, ValueError):
        raise InputError(
            f"train: X must be an array of numbers (n, F). Got {type(X).__name__} of something else. "
            "Prepare the columns as numbers first; ts.fit does that for tables."
        ) from None
    if X.ndim < 2 or X.size == 0:
        raise InputError(f"train: X must have shape (n, F) with at least one row. Got {X.shape}. One sample a row.")
    finite = np.isfinite(X)
    if not finite.all():
        row, *place = (int(i) for i in np.argwhere(~finite)[0])
        column = place[0] if len(place) == 1 else tuple(place)
        raise InputError(
            f"train: X must be finite in {X.dtype}. Row {row}, column {column} is {X[row, *place]}. "
            "Fill in or remove missing values first; ts.fit does that for tables."
        )
    return X


def fitting(name: str, samples: Samples, network: Network) -> Samples:
    """The samples, where their shape is the network's, or all numbers of a sample lie in one row."""
    shape = samples.shapes[0]
    if shape[1:] not in (network.input_shape, (math.prod(network.input_shape),)):
        wanted = ", ".join(map(str, network.input_shape))
        raise InputError(
            f"train: {name} must have shape (n, {wanted}), as the network's input_shape says. Got {shape}. "
            "Change input_shape or the columns."
        )
    return samples


def _all_rows(samples: int) -> np.ndarray:
    rows = np.arange(samples, dtype=np.int64)
    rows.flags.writeable = False
    return rows


def _row_array(name: str, rows, samples: int) -> np.ndarray:
    array = np.asarray(rows)
    if array.dtype == bool and array.shape == (samples,):
        array = np.flatnonzero(array)
    if array.ndim != 1 or array.size == 0 or not np.issubdtype(array.dtype, np.integer):
        raise InputError(
            f"train: {name} must be a list of row indices, not empty. Got {rows!r}. Use for example range(100)."
        )
    if array.min() < 0 or array.max() >= samples:
        raise InputError(
            f"train: {name} must be indices from 0 to {samples - 1}. Got {array.min()} to {array.max()}. "
            "Count rows of X from 0."
        )
    kept = np.array(array, dtype=np.int64)  # the core trusts indices, so they are its own and stay as they were checked
    kept.flags.writeable = False
    return kept
