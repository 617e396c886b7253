"""How far the answer's probabilities are believed: calibration and threshold, found on the validation rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from thetastar.model.calibration import Calibration
from thetastar.model.record import Calibrated, Threshold
from thetastar.study.calibrate import calibrate
from thetastar.study.conformal import fit_conformal
from thetastar.study.threshold import choose_threshold

__all__ = ["Beliefs", "beliefs_of", "corrected"]


@dataclass(frozen=True)
class Beliefs:
    """The last steps to answers, and what the record says of them; none of a regression to one number."""

    calibration: Calibration | None = None
    calibrated: Calibrated | None = None
    threshold: Threshold | None = None


def beliefs_of(
    predicted: np.ndarray | None, truth: np.ndarray, labels: list[str], rule: Any, seed: int,
    weight: np.ndarray | None = None,
) -> Beliefs:  # fmt: skip
    """Calibration and threshold of an answer of classes; the threshold is one of calibrated probabilities.

    Args:
        predicted: (m, C) its probabilities of the validation rows; None where not every row has them.
        truth: (m,) class indices.
        labels: the classes as text.
        rule: how the threshold is chosen; None where there is none.
        seed: of the study.
        weight: (m,) how much each row counts; alike if not given.
    """
    calibration, calibrated = calibrate(predicted, truth, len(labels), seed, weight)
    if rule is None:
        return Beliefs(calibration, calibrated)
    if predicted is not None and calibration is not None:
        predicted = calibration(predicted)
    return Beliefs(calibration, calibrated, choose_threshold(rule, predicted, truth, labels[1], weight))


def corrected(
    predicted: np.ndarray | None, truth: np.ndarray, levels: tuple[float, ...], weight: np.ndarray | None
) -> Beliefs:
    """The correction of an answer of quantiles; the arguments are those of `fit_conformal`."""
    return Beliefs(*fit_conformal(predicted, truth, levels, weight))
