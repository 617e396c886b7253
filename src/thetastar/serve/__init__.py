"""A saved model as a small web service. An index."""

from thetastar.serve.application import Limits, application, serve

__all__ = ["Limits", "application", "serve"]
