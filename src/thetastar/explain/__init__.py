"""See inside: what a network does with a sample, what a step changes, what the loss looks like, what drives an answer.

Every function returns plain arrays in a small frozen result that prints its numbers and draws itself in a notebook.

Example:
    >>> import thetastar as ts
    >>> line = ts.Network([ts.Dense(1)], input_shape=(1,)).with_parameters(
    ...     {"dense_1.weight": [[1.0]], "dense_1.bias": [0.0]})
    >>> one = step(line, [2.1], 4.0, loss="mse", optimizer=ts.optimizers.SGD(learning_rate=0.01))
    >>> round(one.loss_before, 2), round(one.loss_after, 2)
    (3.61, 2.87)
"""

from __future__ import annotations

from .approximate import Approximation, approximate
from .attribute import Attribution, attribute
from .descend import Descent, Race, descend
from .detect import Detection, detect
from .doctor import Diagnosis, Finding, doctor
from .field import Field, field
from .gradients import Gradients, gradients
from .importance import Importance, importance
from .overview import Overview, Part, overview
from .pieces import Pieces, as_relus, pieces
from .recurrent import Gates, gates
from .result import Explanation
from .rows import Neighbours, Slices, WorstRows, neighbours, slices, worst_rows
from .step import Step, StepState, step
from .surface import Surface, surface
from .trace import Trace, trace
from .warp import Warp, warp

__all__ = [
    "Approximation",
    "Attribution",
    "Descent",
    "Detection",
    "Diagnosis",
    "Explanation",
    "Field",
    "Finding",
    "Gates",
    "Gradients",
    "Importance",
    "Neighbours",
    "Overview",
    "Part",
    "Pieces",
    "Race",
    "Slices",
    "Step",
    "StepState",
    "Surface",
    "Trace",
    "Warp",
    "WorstRows",
    "approximate",
    "as_relus",
    "attribute",
    "descend",
    "detect",
    "doctor",
    "field",
    "gates",
    "gradients",
    "importance",
    "neighbours",
    "overview",
    "pieces",
    "slices",
    "step",
    "surface",
    "trace",
    "warp",
    "worst_rows",
]
