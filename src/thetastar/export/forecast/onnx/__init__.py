"""A forecast in ONNX, a room a file: the model, its series, smoothing, methods on windows."""

from thetastar.export.forecast.onnx.model import onnx_forecast

__all__ = ["onnx_forecast"]
