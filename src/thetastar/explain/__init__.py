"""See inside: what a network does with a sample, what a step changes, what the loss looks like, what drives an answer.

Every function returns plain arrays in a small frozen result that prints its numbers and draws itself in a notebook.
"""

from __future__ import annotations

from .approximate import Approximation, approximate
from .descend import Descent, Race, descend
from .pieces import Pieces, as_relus, pieces
from .step import Step, StepState, step
from .surface import Surface, surface
from .trace import Trace, trace

__all__ = [
    "Approximation",
    "Descent",
    "Pieces",
    "Race",
    "Step",
    "StepState",
    "Surface",
    "Trace",
    "approximate",
    "as_relus",
    "descend",
    "pieces",
    "step",
    "surface",
    "trace",
]
