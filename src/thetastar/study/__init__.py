"""The study: candidates x folds x random starts, one honest choice. An index; `fit` is the whole job.

Names are imported when they are first used, so that reading the table of options loads no numerical library.
"""

from __future__ import annotations

import importlib

_HOME = {
    "StudyOptions": "options",
    "fit": "study",
    "repeat": "study",
}

__all__ = ["StudyOptions", "fit", "repeat"]


def __getattr__(name: str):
    if name in _HOME:
        return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module 'thetastar.study' has no attribute {name!r}")
