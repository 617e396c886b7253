"""The study: candidates x folds x random starts, one honest choice. `fit` is the whole job."""

from thetastar.study.candidates import Candidate
from thetastar.study.course import fit
from thetastar.study.leaderboard import Leaderboard
from thetastar.study.options import StudyOptions

__all__ = ["Candidate", "Leaderboard", "StudyOptions", "fit"]
