"""Data for first steps and for lessons: real tables and images (`load`), and data made by a rule (`make`)."""

from __future__ import annotations

from .made import MADE, make
from .stored import NAMES, load

__all__ = ["MADE", "NAMES", "load", "make"]
