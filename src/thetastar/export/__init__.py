"""Models outside of Python: their description as JSON, and `predict.js`, which reads it and predicts."""

from __future__ import annotations

from functools import cache
from importlib import resources

from thetastar.export.description import describe, describe_network

__all__ = ["describe", "describe_network", "predict_script"]


@cache
def predict_script() -> str:
    """The text of `predict.js`: an ES module whose `read(description)` gives a model with `predict(row)`."""
    return resources.files(__name__).joinpath("predict.js").read_text(encoding="utf-8")
