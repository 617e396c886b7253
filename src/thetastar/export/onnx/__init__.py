"""A model as one ONNX file: from raw columns, one input each, to a value, or to a label and probabilities."""

from thetastar.export.onnx.check import checked
from thetastar.export.onnx.file import onnx_file

__all__ = ["checked", "onnx_file"]
