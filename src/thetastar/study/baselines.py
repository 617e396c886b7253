"""Measuring the baselines of `recipes/baselines.py` beside the networks.

They see the same prepared rows as the networks, are fitted on the training rows of each fold and scored on its
validation rows. For the comparison on the test rows they are fitted once more on training and validation rows.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from thetastar.model.metrics import Metric, score_all
from thetastar.model.record import LeaderboardRow
from thetastar.recipes.baselines import Baseline, Predict
from thetastar.study.workers import begun, run_at_once

__all__ = ["BaselineResult", "fitted_again", "measure_baselines", "most_rows"]

_NUMBERS = 4_000_000  # of images or sequences that a baseline sees

Measured = tuple[dict[str, float], dict[str, Any], float]
"""Scores, settings for the last fit, and seconds of one fit."""


@dataclass
class BaselineResult:
    """Scores of one baseline over the folds, and what a later prediction needs."""

    baseline: Baseline
    scores: list[dict[str, float]] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    predict: Predict | None = None  # as fitted on the first fold

    def complete(self, parts: list[Measured]) -> None:
        """Take in (scores, settings, seconds) of every fold; settings are the mean over folds."""
        self.scores = [scores for scores, _, _ in parts]
        self.seconds = sum(seconds for _, _, seconds in parts)
        self.settings = {
            name: round(float(np.mean([settings[name] for _, settings, _ in parts]))) for name in parts[0][1]
        }

    def row(self, metric: Metric, folds: Sequence[int] | None = None) -> LeaderboardRow:
        """Its leaderboard row; on some folds only, where the networks are compared on these."""
        counting = self.scores if folds is None else [self.scores[fold] for fold in folds]
        known = [score[metric.name] for score in counting if np.isfinite(score[metric.name])]
        spread = float(np.std(known, ddof=1)) if len(known) > 1 else None
        return LeaderboardRow(
            rank=0, name=self.baseline.name, kind="baseline", description=self.baseline.description,
            validation_mean=float(np.mean(known)) if known else None,
            validation_std=spread, fold_spread=spread, start_spread=None, scores=tuple(known), folds=len(counting),
            runs=len(counting), parameters=None, epochs=None,
            seconds=round(self.seconds, 3), status="finished", chosen=False, round=None,
        )  # fmt: skip


def measure_baselines(
    baselines: list[Baseline], task: str, folds: Sequence[Any], real: np.ndarray, threads: int, most: int | None = None
) -> Iterator[BaselineResult]:
    """Fit every baseline on every fold's training rows and score it on the validation rows; yields each when complete.

    Args:
        real: (n,) the target of every row in its own unit: values or class indices.
        most: training rows that they see, as `most_rows` says.
    """
    results = [BaselineResult(baseline) for baseline in baselines]
    places = [(result, fold) for result in results for fold in folds]

    def call(result: BaselineResult, fold: Any) -> Measured:
        started = time.perf_counter()
        rows = fold.train[:most]
        predict, settings = result.baseline.fit(fold.inputs[rows], real[rows], {})
        if fold.number == 0:
            result.predict = predict
        scores = score_all(task, fold.truth, predict(fold.inputs[fold.validation]))
        return scores, settings, time.perf_counter() - started

    parts: dict[int, Measured] = {}
    for index, part in run_at_once([partial(call, *place) for place in places], threads):
        parts[index] = part
        result = places[index][0]
        own = [k for k, place in enumerate(places) if place[0] is result]
        if all(k in parts for k in own):
            result.complete([parts[k] for k in own])
            yield result


def most_rows(shape: tuple[int, ...]) -> int | None:
    """How many training rows the baselines see: all of a table; of images and sequences as many as take seconds."""
    return None if len(shape) == 1 else max(_NUMBERS // math.prod(shape), 1_000)


@contextmanager
def fitted_again(
    results: list[BaselineResult], inputs: np.ndarray, target: np.ndarray, threads: int
) -> Iterator[Callable[[], dict[str, Predict]]]:
    """Fit every baseline once more, with the settings found, while the caller does something else.

    Yields:
        A function that waits for them and returns, by name, functions from rows to predictions.
    """

    def call(result: BaselineResult) -> Predict:
        return result.baseline.fit(inputs, target, result.settings)[0]

    def fits() -> dict[str, Predict]:
        found = dict(running)
        return {result.baseline.name: found[index] for index, result in enumerate(results)}

    with begun([partial(call, result) for result in results], threads) as running:
        yield fits
