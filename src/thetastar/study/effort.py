"""What an effort in words means: how much is trained, from how many starts, on how many folds, and how many take part.

A word makes the same plan for the same table on any machine. `quick` takes some seconds for 20,000 rows, `usual` is
what a study does by itself, and `high` takes up to ten times as long: more candidates, folds, starts and members. A
number of core-seconds is `usual` with that much training.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

__all__ = ["WORDS", "Effort", "effort_of", "parse_effort"]


@dataclass(frozen=True)
class Effort:
    """One of the words.

    Attributes:
        share: core-seconds for networks, as a multiple of the usual ones.
        grows: whether they grow with the root of the rows beyond 20,000: reading a large table takes longer than that.
        starts: random starts of every finalist.
        dealt: (rows, folds): tables with fewer rows to learn from than that are dealt into so many folds, the first
            that suits; larger ones have fixed validation rows.
        finalists: candidates that may take part in an average.
        networks: most networks of an average; each is trained once more.
        numbers: of the training rows that a baseline sees at most: the cells of a table as prepared.
        wide: whether candidates are searched beyond the usual set.
        forest: rows to learn from up to which randomised trees stand beside the boosted ones.
    """

    share: float
    starts: int
    dealt: tuple[tuple[int, int], ...]
    finalists: int
    networks: int
    numbers: int
    forest: int
    wide: bool = False
    grows: bool = False

    def core_seconds(self, usual: float, rows: int) -> float:
        """Core-seconds for the networks of a table.

        Args:
            usual: what the usual effort takes for it.
            rows: of the table.
        """
        return self.share * usual * (max(rows / 20_000, 1.0) ** 0.5 if self.grows else 1.0)


WORDS = {
    "quick": Effort(0.1, 2, ((2_000, 3),), 4, 3, 5_000_000, 5_000, grows=True),
    "usual": Effort(1.0, 3, ((2_000, 5),), 6, 6, 25_000_000, 50_000),
    "high": Effort(8.0, 5, ((2_000, 10), (20_000, 5)), 10, 12, 100_000_000, 10**9, wide=True),
}


def effort_of(given: str | float | None) -> Effort:
    """The effort of an option: a word's, or the usual one."""
    return WORDS[given] if isinstance(given, str) else WORDS["usual"]


def parse_effort(given: Any) -> str | float:
    """A word, or a number of core-seconds; a number in a text is that number.

    Raises:
        ValueError: it is neither.

    Example:
        >>> parse_effort("high"), parse_effort("20")
        ('high', 20.0)
    """
    text = str(given).strip().lower()
    if text in WORDS:
        return text
    try:
        seconds = math.nan if isinstance(given, bool) else float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise ValueError(f"it must be {', '.join(WORDS)} or a number of core-seconds above 0")
    return seconds
