"""What a study can train: a recipe a file, the candidates that describe networks, default sets and baselines.

An index; names are imported when they are first used.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOME = {
    "Baseline": "baselines",
    "Candidate": "candidate",
    "RECIPES": "index",
    "Recipe": "recipe",
    "Settings": "settings",
    "Work": "recipe",
    "baselines_for": "baselines",
    "batch_size_for": "parts",
    "default_candidates": "defaults",
}

__all__ = [
    "RECIPES", "Baseline", "Candidate", "Recipe", "Settings", "Work", "baselines_for", "batch_size_for",
    "default_candidates",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module 'thetastar.recipes' has no attribute {name!r}")
