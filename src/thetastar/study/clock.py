"""A study's clock: how long each step took, and within a budget what time is left and for what."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

__all__ = ["Clock"]

_CLOSING = 0.7  # seconds for the test, the record and the files
_BASELINES_SHARE = 0.2  # of a budget, for all folds of the baselines but the first
_LEAST_FOR_ANOTHER = 3.0  # seconds that a budget must have left for another training

_Done = TypeVar("_Done")


class Clock:
    """Begins when it is made.

    Attributes:
        budget: seconds that the whole study may take; None for as many as it needs.
        timing: seconds by step.
        folds: on how many the baselines are fitted.
    """

    def __init__(self, budget: float | None) -> None:
        self.budget = budget
        self.timing: dict[str, float] = {}
        self.folds = 1
        self._begun = time.perf_counter()

    @property
    def taken(self) -> float:
        """Seconds since the beginning."""
        return time.perf_counter() - self._begun

    def timed(self, name: str, step: Callable[[], _Done]) -> _Done:
        """What the step returns; its seconds are added to those of that name."""
        before = time.perf_counter()
        result = step()
        self.timing[name] = round(self.timing.get(name, 0.0) + time.perf_counter() - before, 3)
        return result

    @property
    def left(self) -> float | None:
        """Seconds of the budget that are left for networks; None without a budget.

        Kept back: the baselines' last fit, about as long as one fold of their first, and the test and writing.
        """
        if self.budget is None:
            return None
        kept_back = _CLOSING + (0.0 if self.hurried else self._baseline_seconds)
        return self.budget - kept_back - self.taken

    @property
    def hurried(self) -> bool:
        """True if a budget is too short to fit the baselines a second time."""
        return self.budget is not None and self._baseline_seconds > 0.15 * self.budget

    @property
    def baselines_end(self) -> float | None:
        """The moment by which the baselines have had their share of the budget; None without one."""
        return None if self.budget is None else time.perf_counter() + _BASELINES_SHARE * self.budget

    @property
    def networks_end(self) -> float | None:
        """The moment by which candidates must be trained; None without a budget.

        However long reading and the baselines took, a fifth of the budget is the networks'.
        """
        left = self.left
        if left is None or self.budget is None:
            return None
        return time.perf_counter() + max(0.8 * left, 0.2 * self.budget)

    @property
    def for_another(self) -> float | None:
        """Seconds that another, shorter study may take before this one is written; None without a budget."""
        return None if self.budget is None else self.budget - self.taken - _CLOSING

    def too_late(self, effort: float) -> bool:
        """Whether a budget leaves no time to read everything and train once more with that many core-seconds."""
        if self.budget is None:
            return False
        wanted = self.timing["prepare"] + self._baseline_seconds + effort
        return self.budget - self.taken < max(_LEAST_FOR_ANOTHER, 1.5 * wanted)

    @property
    def _baseline_seconds(self) -> float:
        """About how long the baselines' last fit takes."""
        return 1.2 * self.timing.get("baselines", 0.0) / self.folds
