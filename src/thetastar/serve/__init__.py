"""A saved model as a small web service. An index."""

from thetastar.serve.application import application, serve
from thetastar.serve.requests import Limits

__all__ = ["Limits", "application", "serve"]
