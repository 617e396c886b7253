"""Several targets on the test rows, one by one: what the answer and the baselines reach for each."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from thetastar.data.inspect import distribution
from thetastar.model.metrics import Thresholds, find_metric
from thetastar.model.record import ClassCounts, Histogram, OneTarget
from thetastar.study.calibrate import probability_scores
from thetastar.study.evidence import calibration
from thetastar.study.problem import Problem
from thetastar.study.refit import POINTS, score_test
from thetastar.study.threshold import operating_point

__all__ = ["each_target"]

_FEWEST_POINTS = 200  # of a picture
_OWN_METRIC = {  # by the metric that chose: the one that compares a target with the baselines; else the task's own
    "scaled_mae": "mae", "log_loss": "log_loss", "macro_f1": "f1", "micro_f1": "f1", "subset_accuracy": "accuracy",
}  # fmt: skip


def each_target(
    problem: Problem, truth: np.ndarray, predicted: np.ndarray, baselines: Mapping[str, np.ndarray],
    alone: np.ndarray | None, rival: str | None, seed: int, *, baselines_refitted: bool,
    plain: np.ndarray | None = None, thresholds: Thresholds = None,
) -> tuple[OneTarget, ...]:  # fmt: skip
    """The test of every target by itself.

    Args:
        truth: (m, K) of the test rows.
        predicted: (m, K) what the answer says of them.
        baselines: (m, K) what each of them says, by name.
        alone: (m, K) what the network says, where the answer is a baseline.
        rival: the baseline that the targets together are compared with.
        baselines_refitted: whether the baselines learned from the validation rows too.
        plain: (m, K) what the answer says without its calibration; None where it has none.
        thresholds: of labels, from which probability on each is named; None where the likelier answer is.
    """
    kind, weight, found = problem.encoding.kind, problem.test_weight, []
    points = max(POINTS // kind.targets, _FEWEST_POINTS)
    for k, part in enumerate(problem.encoding.parts):
        real, said = kind.truth_of(truth, k), kind.predicted_of(predicted, k)
        metric = find_metric(_OWN_METRIC.get(problem.metric.name), part.task)
        labels = None if part.classes is None else [str(label) for label in part.classes]
        above = thresholds[k] if isinstance(thresholds, tuple) else None
        test = score_test(
            part.task, metric, real, said, {name: kind.predicted_of(one, k) for name, one in baselines.items()},
            rival, labels, seed, baselines_refitted=baselines_refitted, weight=weight, points=points,
            alone=None if alone is None else kind.predicted_of(alone, k), threshold=above,
        )  # fmt: skip
        if labels is not None:
            test = test.model_copy(
                update={
                    "calibration": calibration(real, said, weight),
                    "probabilities": probability_scores(said, real, weight),
                    "uncalibrated": None
                    if plain is None
                    else probability_scores(kind.predicted_of(plain, k), real, weight),
                    "operating": tuple(
                        operating_point(said, real, point, weight) for point in (() if above is None else (above, 0.5))
                    ),
                }
            )
        shape = distribution(problem.table, part)
        form = ClassCounts(**shape) if labels is not None else Histogram(**shape)
        found.append(OneTarget(name=part.name, task=part.task, metric=metric.name, distribution=form, test=test))
    return tuple(found)
