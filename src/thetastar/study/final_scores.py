"""The test rows, for the first and only time: what the answer reaches on them, and everything that the record tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from thetastar.model.answer import Answer
from thetastar.model.calibration import Conformal
from thetastar.model.looks import earlier_looks
from thetastar.model.metrics import score_all
from thetastar.model.record import OneTarget, Tested
from thetastar.recipes.fitted import Fitted
from thetastar.study.baselines import BaselineResult
from thetastar.study.calibrate import probability_scores
from thetastar.study.conformal import coverage, quantile_levels
from thetastar.study.each_target import each_target
from thetastar.study.evidence import evidence
from thetastar.study.folder import data_digest
from thetastar.study.problem import Problem
from thetastar.study.refit import Final, score_test
from thetastar.study.samples import mistakes
from thetastar.study.test_rows import columns_that_differ, repeated_rows
from thetastar.study.threshold import operating_point

__all__ = ["final_scores"]


def final_scores(
    problem: Problem, answer: Answer, final: Final, baselines: Sequence[BaselineResult], fitted: Mapping[str, Fitted],
    preparation: Any, learned: np.ndarray, *, baselines_refitted: bool, seed: int, threads: int, out: Path | None,
) -> tuple[Tested, dict[str, float], tuple[OneTarget, ...]]:  # fmt: skip
    """The record's test, the scores of the network by itself on the same rows, and of several targets each one's test.

    Args:
        answer: with its calibration and threshold.
        final: the network by itself.
        baselines: as they stood in the choice; the best of them there is the rival.
        fitted: by name, what predicts for each baseline now.
        preparation: makes the rows that the baselines take.
        learned: the rows of the problem's table that were learned from.
        baselines_refitted: whether they too learned from the validation rows.
        out: the study's folder, which counts the looks at its test rows.
    """
    table, weight = problem.tested, problem.test_weight
    truth, rows = final.encoding.truth(table), preparation.transform(table)
    others = {name: one.predict(one.rows_of(rows, table), threads) for name, one in fitted.items()}
    by_network = final.encoding.predicted(final.refit.network.predict(final.preparation.transform(table)))
    plain = by_network if answer.kind == "network" else answer.averaged(table, final.encoding, threads)
    predicted = answer.calibrated(plain)
    labels = None if final.encoding.classes is None else [str(label) for label in final.encoding.classes]
    wrong = () if labels is None else mistakes(table, problem.roles, truth, predicted, labels, answer.threshold)
    places = problem.test if problem.test_table is None else np.arange(table.row_count)
    rival, alone = _rival(baselines, problem, final.standing.folds), by_network if answer.kind == "baseline" else None
    several = problem.encoding.kind.targets > 1
    tested = score_test(
        problem.task, problem.metric, truth, predicted, others, rival, labels, seed,
        baselines_refitted=baselines_refitted, mistakes=wrong,
        evidence=None if several else evidence(
            table, places, problem.roles, truth, _one_number(problem, predicted), labels, answer.threshold, weight
        ),
        alone=alone, threshold=answer.threshold, weight=weight,
    )  # fmt: skip
    targets = () if not several else each_target(
        problem, truth, predicted, others, alone, rival, seed, baselines_refitted=baselines_refitted,
        plain=None if answer.calibration is None else plain, thresholds=answer.threshold,
    )  # fmt: skip
    points = (answer.threshold, 0.5) if isinstance(answer.threshold, float) else ()
    digest = data_digest(table)
    beside = {
        "operating": tuple(operating_point(predicted, truth, point, weight) for point in points),
        "probabilities": None if labels is None else probability_scores(predicted, truth, weight),
        "uncalibrated": None
        if answer.calibration is None or labels is None
        else probability_scores(plain, truth, weight),
        **_of_quantiles(problem, answer, predicted, plain, truth, weight),
        "digest": digest,
        "looks": 0 if out is None else len(earlier_looks(out, digest)),
        "repeated": repeated_rows(problem, learned, table, truth, predicted, answer.threshold, weight),
        "shifted": columns_that_differ(problem, learned, table),
    }
    by_itself = score_all(problem.task, truth, by_network, own=problem.metric, weight=weight)
    return tested.model_copy(update=beside), by_itself, targets


def _one_number(problem: Problem, predicted: np.ndarray) -> np.ndarray:
    """What is shown of a row: of quantiles (m, Q) the one nearest the middle."""
    kind = problem.encoding.kind
    return predicted[:, kind.middle] if kind.levels else predicted


def _of_quantiles(
    problem: Problem, answer: Answer, predicted: np.ndarray, plain: np.ndarray, truth: np.ndarray,
    weight: np.ndarray | None,
) -> dict[str, Any]:  # fmt: skip
    """How many test rows lie below each level and between the outermost; nothing of other tasks."""
    levels = problem.encoding.kind.levels
    if not levels:
        return {}
    found = answer.calibration if isinstance(answer.calibration, Conformal) else None
    return {
        "quantiles": quantile_levels(predicted, truth, levels, found, weight),
        "coverage": coverage(predicted, plain, truth, levels, weight),
    }


def _rival(baselines: Sequence[BaselineResult], problem: Problem, folds: Sequence[int]) -> str | None:
    """The baseline with the best validation score on the folds that the network was chosen on."""
    rows = [result.row(problem.metric, folds) for result in baselines]
    known = [(problem.metric.loss(row.validation_mean), row.name) for row in rows if row.validation_mean is not None]
    return min(known, key=lambda pair: pair[0])[1] if known else None
