"""How far the answer's probabilities are believed: calibration and threshold, found on the validation rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from thetastar.data.task import Task
from thetastar.model.calibration import Calibration
from thetastar.model.record import Calibrated, Threshold
from thetastar.study.calibrate import calibrate
from thetastar.study.conformal import distances, fit_conformal
from thetastar.study.threshold import choose_threshold

__all__ = ["Beliefs", "beliefs_of", "corrected"]


@dataclass(frozen=True)
class Beliefs:
    """The last steps to answers, and what the record says of them; none of a regression to one number."""

    calibration: Calibration | None = None
    calibrated: Calibrated | None = None
    threshold: Threshold | None = None
    judged: np.ndarray | None = None  # of quantiles: how far the levels lie apart where they were corrected


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


def corrected(predicted: np.ndarray | None, truth: np.ndarray, task: Task, weight: np.ndarray | None) -> Beliefs:
    """The correction of an answer of quantiles; the other arguments are those of `fit_conformal`."""
    found, said = fit_conformal(predicted, truth, task.levels, weight)
    if found is None or predicted is None:
        return Beliefs(found, said)
    return Beliefs(found, said, judged=distances(predicted.reshape(len(truth), -1), task.middle, weight))
