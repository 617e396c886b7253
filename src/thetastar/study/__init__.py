"""The study: candidates x folds x random starts, one honest choice. An index; `fit` is the whole job.

Names are imported when they are first used, so that reading the table of options loads no numerical library.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from thetastar.study.auditing import audit as audit
    from thetastar.study.comparing import compare as compare
    from thetastar.study.options import StudyOptions as StudyOptions
    from thetastar.study.study import fit as fit
    from thetastar.study.study import repeat as repeat

_HOME = {
    "StudyOptions": "options",
    "audit": "auditing",
    "compare": "comparing",
    "fit": "study",
    "repeat": "study",
}

__all__ = ["StudyOptions", "audit", "compare", "fit", "repeat"]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module 'thetastar.study' has no attribute {name!r}")
