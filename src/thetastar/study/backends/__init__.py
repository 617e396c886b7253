"""From trials to outcomes, a file a kind of backend. An index."""

from thetastar.study.backends.backend import Backend, Work
from thetastar.study.backends.local import Local

__all__ = ["Backend", "Local", "Work"]
