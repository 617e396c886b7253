"""What is kept of a fitted baseline: plain arrays, and how rows become predictions. No scikit-learn is needed for that.

A fitted baseline is a function of prepared rows (n, F) to what metrics take: values (n,), or probabilities (n, C). Its
state is a dictionary of JSON values and named arrays, so a model file holds no code.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, final

import numpy as np

from thetastar.data.own_numbers import OwnNumbers
from thetastar.data.table import Table
from thetastar.errors import InputError

__all__ = ["Constant", "Fitted", "Linear", "Link", "known_keys", "link_from_state", "linked", "must", "numbers"]

Link = Literal["identity", "sigmoid", "softmax"]
"""From scores to answers: as they are (values, probabilities), log-odds of the second of two, a score a class."""

State = tuple[dict[str, Any], dict[str, np.ndarray]]

_FEW_ROWS = 16
_AT_ONCE = 1 << 13  # rows that a linear model sees in double precision at a time
_LINKS = ("identity", "sigmoid", "softmax")


class Fitted(ABC):
    """The contract: rows in, predictions out, and a state that gives the same bits again.

    Attributes:
        kind: as the model file has it.
        size: numbers that were fitted.
        numbers: reads the columns whose own numbers stand behind the prepared ones in its rows; None where it takes the
            prepared ones alone.
    """

    kind: ClassVar[str]
    numbers: OwnNumbers | None = None

    @abstractmethod
    def predict(self, rows: np.ndarray, threads: int = 1) -> np.ndarray:
        """(n,) values or (n, C) probabilities of prepared rows (n, F) float32; a row's do not depend on the others."""

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        return self.predict(rows)

    def rows_of(self, prepared: np.ndarray, table: Table) -> np.ndarray:
        """The rows that it takes, of a table that was prepared."""
        return prepared if self.numbers is None else self.numbers.beside(prepared, table)

    def reading(self, numbers: OwnNumbers | None) -> Fitted:
        """The same, which reads columns' own numbers in this way, if it takes them."""
        return self

    @property
    @abstractmethod
    def size(self) -> int:
        """How many numbers were fitted."""

    @abstractmethod
    def to_state(self) -> State:
        """What a model file keeps: a JSON-able dict and named arrays."""

    @classmethod
    @abstractmethod
    def from_state(cls, state: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Fitted:
        """The same again, to the bit.

        Raises:
            InputError: the parts do not fit one another.
        """

    @abstractmethod
    def check(self, features: int, classes: int) -> None:
        """That it takes rows of so many numbers and answers for so many classes (0: it answers with a number).

        Raises:
            InputError: it does not.
        """


@final
@dataclass(frozen=True, eq=False)
class Constant(Fitted):
    """The same answer for every row: `answer` (1,) a value, or (C,) probabilities."""

    answer: np.ndarray
    classes: int

    kind: ClassVar[str] = "constant"

    def predict(self, rows: np.ndarray, threads: int = 1) -> np.ndarray:
        return np.tile(self.answer, (len(rows), 1)) if self.classes else np.full(len(rows), self.answer[0])

    @property
    def size(self) -> int:
        return self.answer.size

    def to_state(self) -> State:
        return {"kind": self.kind, "classes": self.classes}, {"answer": self.answer}

    @classmethod
    def from_state(cls, state: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Constant:
        classes = known_keys(cls.kind, state, {"classes"}, arrays, {"answer"})["classes"]
        answer = numbers(cls.kind, arrays, "answer", (max(classes, 1),) if type(classes) is int else None)
        return cls(answer, classes)

    def check(self, features: int, classes: int) -> None:
        must(self.classes == classes, self.kind, "it answers another kind of question")


@final
@dataclass(frozen=True, eq=False)
class Linear(Fitted):
    """link(X W + b): ridge and logistic regression.

    Attributes:
        weight, bias: (F, O) and (O,), float64.
        link: what makes answers of the scores.
        present: (k,) the classes that the training rows had, in the order of the scores; empty where it gives a number.
        classes: how many there are in all; 0 where it gives a number.
    """

    weight: np.ndarray
    bias: np.ndarray
    link: Link
    present: np.ndarray
    classes: int

    kind: ClassVar[str] = "linear"

    def predict(self, rows: np.ndarray, threads: int = 1) -> np.ndarray:
        if len(rows) > _AT_ONCE:
            starts = range(0, len(rows), _AT_ONCE)
            return np.concatenate([self.predict(rows[start : start + _AT_ONCE], threads) for start in starts])
        # Column by column, in one order: a product of the linear-algebra library may sum in another order with other
        # numbers of rows or threads.
        columns = np.ascontiguousarray(rows.T, dtype=np.float64)
        if len(rows) <= _FEW_ROWS:  # the same sums in one call
            parts = np.concatenate([np.tile(self.bias, (1, len(rows), 1)), columns[:, :, None] * self.weight[:, None]])
            scores = np.add.accumulate(parts, axis=0)[-1]
        else:
            scores = np.tile(self.bias, (len(rows), 1))
            for column, weights in zip(columns, self.weight, strict=True):
                scores += column[:, None] * weights
        return linked(scores, self.link, self.present, self.classes)

    @property
    def size(self) -> int:
        return self.weight.size + self.bias.size

    def to_state(self) -> State:
        state = {"kind": self.kind, "link": self.link, "classes": self.classes}
        return state, {"weight": self.weight, "bias": self.bias, "present": self.present}

    @classmethod
    def from_state(cls, state: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Linear:
        known_keys(cls.kind, state, {"link", "classes"}, arrays, {"weight", "bias", "present"})
        weight = numbers(cls.kind, arrays, "weight", None, dimensions=2)
        bias = numbers(cls.kind, arrays, "bias", weight.shape[1:])
        return cls(weight, bias, *link_from_state(cls.kind, state, arrays, weight.shape[1]))

    def check(self, features: int, classes: int) -> None:
        must(self.classes == classes, self.kind, "it answers another kind of question")
        must(len(self.weight) == features, self.kind, f"it takes rows of {len(self.weight)} numbers, not {features}")


def linked(scores: np.ndarray, link: Link, present: np.ndarray, classes: int) -> np.ndarray:
    """(n, O) scores to (n,) values or (n, classes) probabilities; classes that training lacked have probability 0."""
    if not classes:
        return scores[:, 0]
    if link == "identity":
        found = scores
    elif link == "sigmoid":
        with np.errstate(over="ignore"):  # exp of a large number is infinite, and 1 / inf the right answer
            second = 1.0 / (1.0 + np.exp(-scores[:, 0]))
        found = np.column_stack([1.0 - second, second])
    else:
        found = np.exp(scores - scores.max(axis=1, keepdims=True))
        found /= found.sum(axis=1, keepdims=True)
    if len(present) == classes:
        return found
    wide = np.zeros((len(scores), classes))
    wide[:, present] = found
    return wide


def must(holds: bool, kind: str, rule: str) -> None:
    """Refuse a state that does not hold."""
    if not holds:
        raise InputError(f"a part of the answer ({kind}) does not hold: {rule}")


def known_keys(
    kind: str, state: Mapping[str, Any], keys: set[str], arrays: Mapping[str, np.ndarray], names: set[str]
) -> Mapping[str, Any]:
    """The state, if it has exactly these keys and arrays."""
    must(set(state) == {"kind", *keys} and set(arrays) == names, kind, "its parts are not those of its kind")
    return state


def numbers(
    kind: str, arrays: Mapping[str, np.ndarray], name: str, shape: tuple[int, ...] | None, *, dimensions: int = 1
) -> np.ndarray:
    """An array of finite float64 of that shape (of any, with so many dimensions, where it is None)."""
    array = arrays[name]
    fits = array.ndim == dimensions if shape is None else array.shape == tuple(shape)
    must(array.dtype == np.float64 and fits and bool(np.isfinite(array).all()), kind, f"{name!r} has another form")
    return array


def link_from_state(
    kind: str, state: Mapping[str, Any], arrays: Mapping[str, np.ndarray], outputs: int
) -> tuple[Link, np.ndarray, int]:
    """Link, present classes and their number, checked against the scores that there are."""
    link, classes, present = state["link"], state["classes"], arrays["present"]
    must(link in _LINKS and type(classes) is int and classes >= 0, kind, "its link or its classes are unknown")
    must(present.dtype == np.int64 and present.ndim == 1, kind, "'present' has another form")
    if classes == 0:
        fits = link == "identity" and outputs == 1 and len(present) == 0
    else:
        wanted = 2 if link == "sigmoid" else outputs
        fits = len(present) == wanted == len(np.unique(present)) and (link != "sigmoid" or outputs == 1)
    must(fits and bool(np.all((present >= 0) & (present < classes))), kind, "its classes do not fit its scores")
    return link, present, classes
