"""How far the answer's probabilities are believed: calibration and threshold, found on the validation rows.

Of several labels each has a calibration and a threshold of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from thetastar.data.targets import AnyTarget
from thetastar.data.task import Task
from thetastar.model.calibration import Beta, Calibration, EachLabel
from thetastar.model.conclusion import number
from thetastar.model.record import Calibrated, OneTarget, ProbabilityScores, Threshold
from thetastar.study.calibrate import calibrate
from thetastar.study.conformal import distances, fit_conformal
from thetastar.study.threshold import choose_threshold

__all__ = ["Beliefs", "beliefs_of", "beliefs_of_labels", "corrected"]


@dataclass(frozen=True)
class Beliefs:
    """The last steps to answers, and what the record says of them; none of a regression to one number."""

    calibration: Calibration | None = None
    calibrated: Calibrated | None = None
    threshold: Threshold | None = None
    judged: np.ndarray | None = None  # of quantiles: how far the levels lie apart where they were corrected
    of_labels: tuple[tuple[Calibrated, Threshold | None], ...] = ()  # of several labels: each by itself

    @property
    def value(self) -> float | tuple[float, ...] | None:
        """The threshold, or one for each label; None where there is none."""
        if self.threshold is not None:
            return self.threshold.value
        values = tuple(threshold.value for _, threshold in self.of_labels if threshold is not None)
        return values or None

    def beside(self, targets: tuple[OneTarget, ...]) -> tuple[OneTarget, ...]:
        """Several targets' tests, with what was found for each of them."""
        if not self.of_labels:
            return targets
        return tuple(
            target.model_copy(update={"calibrated": calibrated, "threshold": threshold})
            for target, (calibrated, threshold) in zip(targets, self.of_labels, strict=True)
        )


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


def beliefs_of_labels(
    predicted: np.ndarray | None, truth: np.ndarray, encoding: AnyTarget, rule: Any, seed: int,
    weight: np.ndarray | None = None,
) -> Beliefs:  # fmt: skip
    """Calibration and threshold of each of several labels.

    Args:
        predicted: (m, K) the answer's probabilities of yes of the validation rows; None where not every row has them.
        truth: (m, K) 1 where it is a yes.
        encoding: of the K labels.
        rule, seed, weight: as for `beliefs_of`.
    """
    found = []
    for k, part in enumerate(encoding.parts):
        said = None if predicted is None else encoding.kind.predicted_of(predicted, k)
        labels = [str(label) for label in part.classes or ()]
        found.append(beliefs_of(said, encoding.kind.truth_of(truth, k), labels, rule, seed, weight))
    parts = tuple(one.calibration if isinstance(one.calibration, Beta) else None for one in found)
    told = [one.calibrated for one in found if one.calibrated is not None]
    calibration = EachLabel(parts) if any(part is not None for part in parts) else None
    return Beliefs(
        calibration, _of_all(told, calibration), of_labels=tuple(
            (one.calibrated, one.threshold) for one in found if one.calibrated is not None
        )
    )  # fmt: skip


def _of_all(told: list[Calibrated], calibration: EachLabel | None) -> Calibrated:
    """What the record says of all labels together: how many are calibrated, and the mean of their scores."""
    tried = [one for one in told if one.validation_before is not None and one.validation_after is not None]
    rows = told[0].rows
    if not tried:
        return Calibrated(kind=None, rows=rows, why=told[0].why)
    before = _mean([one.validation_before for one in tried])
    after = _mean([one.validation_before if one.kind is None else one.validation_after for one in tried])
    if calibration is None:
        why = "Probabilities of all labels are left as they are, for a calibration brings nothing beyond chance."
        return Calibrated(kind=None, rows=rows, why=why, validation_before=before, validation_after=after)
    count = sum(part is not None for part in calibration.parts)
    why = (
        f"Probabilities of {count} of {len(told)} labels are calibrated (beta): log loss on {rows:,} validation rows, "
        f"mean over labels, {number(before.log_loss)} before, {number(after.log_loss)} after, each row judged by a fit "
        "on others."
    )
    return Calibrated(kind="labels", rows=rows, why=why, validation_before=before, validation_after=after)


def _mean(scores: list[ProbabilityScores | None]) -> ProbabilityScores:
    """The mean over labels."""
    known = [one for one in scores if one is not None]
    return ProbabilityScores(
        log_loss=sum(one.log_loss for one in known) / len(known), brier=sum(one.brier for one in known) / len(known)
    )


def corrected(predicted: np.ndarray | None, truth: np.ndarray, task: Task, weight: np.ndarray | None) -> Beliefs:
    """The correction of an answer of quantiles; the other arguments are those of `fit_conformal`."""
    found, said = fit_conformal(predicted, truth, task.levels, weight)
    if found is None or predicted is None:
        return Beliefs(found, said)
    return Beliefs(found, said, judged=distances(predicted.reshape(len(truth), -1), task.middle, weight))
