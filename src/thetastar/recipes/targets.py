"""Baselines for several targets: each baseline of one target, fitted to every target by itself.

What is kept of a fit is what is kept for one target, once for each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np

from thetastar.recipes.fitted import Constant, Fitted, Linear, State, must
from thetastar.recipes.trees import Trees

__all__ = ["FittedTargets", "parts_from_state", "parts_to_state"]

_PARTS: dict[str, type[Fitted]] = {kind.kind: kind for kind in (Constant, Linear, Trees)}
_MOST_TARGETS = 100


@final
@dataclass(frozen=True, eq=False)
class FittedTargets(Fitted):
    """A fitted function for every target; of labels each answers with two probabilities, of which the second counts.

    Attributes:
        parts: one a target.
        classes: 2 of labels, 0 of numbers.
    """

    parts: tuple[Fitted, ...]
    classes: int

    kind: ClassVar[str] = "targets"

    def predict(self, rows: np.ndarray, threads: int = 1) -> np.ndarray:
        found = [part.predict(rows, threads) for part in self.parts]
        return np.column_stack([one[:, 1] for one in found] if self.classes else found)

    @property
    def size(self) -> int:
        return sum(part.size for part in self.parts)

    def to_state(self) -> State:
        states, arrays = parts_to_state(self.parts)
        return {"kind": self.kind, "classes": self.classes, "parts": states}, arrays

    @classmethod
    def from_state(cls, state: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> FittedTargets:
        must(
            set(state) == {"kind", "classes", "parts"} and state["classes"] in (0, 2)
            and type(state["classes"]) is int, cls.kind, "its parts are not those of its kind",
        )  # fmt: skip
        parts = parts_from_state(cls.kind, state["parts"], arrays, _MOST_TARGETS)
        must(len(parts) > 1, cls.kind, "it has one target")
        return cls(parts, state["classes"])

    def check(self, features: int, classes: int) -> None:
        must(classes == 0, self.kind, "it answers another kind of question")
        for part in self.parts:
            part.check(features, self.classes)


def parts_to_state(parts: tuple[Fitted, ...]) -> tuple[list[dict[str, Any]], dict[str, np.ndarray]]:
    """What a model file keeps of several fitted functions: their states in order, and their arrays by place."""
    states: list[dict[str, Any]] = []
    arrays: dict[str, np.ndarray] = {}
    for place, part in enumerate(parts):
        state, own = part.to_state()
        states.append(state)
        arrays |= {f"{place}/{name}": array for name, array in own.items()}
    return states, arrays


def parts_from_state(kind: str, states: Any, arrays: Mapping[str, np.ndarray], most: int) -> tuple[Fitted, ...]:
    """The fitted functions that `parts_to_state` described.

    Args:
        kind: of what they are parts, for the message.
        most: how many there may be.

    Raises:
        InputError: they are not of its form.
    """
    must(isinstance(states, list) and 1 <= len(states) <= most, kind, "its parts are not those of its kind")
    parts, named = [], 0
    for place, one in enumerate(states):
        name = one.get("kind") if isinstance(one, dict) else None
        must(isinstance(name, str) and name in _PARTS, kind, "one of its parts is of another kind")
        own = {name.partition("/")[2]: array for name, array in arrays.items() if name.startswith(f"{place}/")}
        named += len(own)
        parts.append(_PARTS[str(name)].from_state(one, own))
    must(named == len(arrays), kind, "it has more arrays than its parts")
    return tuple(parts)
