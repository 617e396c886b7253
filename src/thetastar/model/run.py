"""Where a study ran, and how long its steps took."""

from __future__ import annotations

from typing import Annotated

from thetastar.model.part import Number, Part, Text, about

__all__ = ["Machine", "Timing"]


class Timing(Part):
    """How long each step took, on the clock."""

    prepare: Annotated[Number, about("Reading and preparing the data.", "seconds")]
    baselines: Annotated[Number, about("Fitting and scoring the baselines.", "seconds")]
    candidates: Annotated[Number, about("Training the candidates.", "seconds")]
    refit: Annotated[Number, about("The final training.", "seconds")]
    test: Annotated[Number, about("Scoring the test rows.", "seconds")]
    total: Annotated[Number, about("The whole study.", "seconds")]


class Machine(Part):
    """Where the study ran."""

    level: Annotated[Text, about("Instruction-set level of the engine.")]
    threads: Annotated[int, about("Threads that it was allowed.", "threads", ge=1)]
    python: Annotated[Text, about("Version of Python.")]
    cores: Annotated[int, about("Cores of the machine.", "cores", ge=1)]
