"""Models outside of Python: as C, JavaScript, ONNX or Python, and their description as JSON. An index."""

from __future__ import annotations

from thetastar.export.answer import Answer, FittedMember, NetworkMember, answer_of
from thetastar.export.description import describe, describe_network
from thetastar.export.javascript import predict_script
from thetastar.export.write import TARGETS, export_model

__all__ = [
    "TARGETS", "Answer", "FittedMember", "NetworkMember", "answer_of", "describe", "describe_network", "export_model",
    "predict_script",
]  # fmt: skip
