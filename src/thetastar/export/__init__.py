"""Models outside of Python: as C, JavaScript, ONNX or Python, and their description as JSON. An index."""

from __future__ import annotations

from functools import cache
from importlib import resources

from thetastar.export.answer import Answer, FittedMember, NetworkMember, answer_of
from thetastar.export.description import describe, describe_network
from thetastar.export.write import TARGETS, export_model

__all__ = [
    "TARGETS", "Answer", "FittedMember", "NetworkMember", "answer_of", "describe", "describe_network", "export_model",
    "predict_script",
]  # fmt: skip


@cache
def predict_script() -> str:
    """The text of `predict.js`: an ES module whose `read(description)` gives a model with `predict(row)`.

    With `predict_tables.js` behind it, so that it knows every layer.
    """
    return "\n".join(
        resources.files(__name__).joinpath(name).read_text(encoding="utf-8")
        for name in ("predict.js", "predict_tables.js")
    )
