"""Data for first steps and for lessons: real tables and images (`load`), and data made by a rule (`make`).

Example:
    >>> columns, target = load("diabetes")
    >>> target, len(columns[target])
    ('progression', 442)
    >>> columns, target = make("xor", noise=0)
    >>> columns[target].tolist()
    [0, 1, 1, 0]
"""

from __future__ import annotations

from .made import MADE, make
from .stored import NAMES, load

__all__ = ["MADE", "NAMES", "load", "make"]
