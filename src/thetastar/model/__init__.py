"""What a study leaves behind: the model, its file and its record, with the metrics and the leaderboard in it."""

from thetastar.model.leaderboard import Leaderboard
from thetastar.model.model import Model
from thetastar.model.reading import load

__all__ = ["Leaderboard", "Model", "load"]
