"""The record of a forecast: what was read, what competed, what was chosen and what it reached. Plain data, typed.

Report, command line and model read this and nothing else.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

__all__ = ["BoardRow", "ForecastRecord", "Gap", "Miss", "StepScore", "Unseen"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Gap(_Part):
    """A stretch of steps without a value."""

    id: str
    first: str
    last: str
    steps: int


class BoardRow(_Part):
    """A candidate on the validation; `error` is relative to the seasonal naive's."""

    name: str
    baseline: bool
    error: float | None
    mae: float | None
    spread: float | None
    weight: float
    seconds: float
    failed: str | None = None


class StepScore(_Part):
    """One step of the horizon on the test: errors, and per level the coverage."""

    step: int
    mae: float | None
    naive: float | None
    coverage: dict[str, float | None]
    truths: int
    errors: int


class Miss(_Part):
    """One of the largest misses of the one-step forecast on the test."""

    id: str
    time: str
    real: float
    predicted: float


class Unseen(_Part):
    """The test, once: over all steps and origins."""

    first: str
    last: str
    origins: int
    steps: int
    mae: float | None
    rmse: float | None
    smape: float | None
    mase: float | None
    mase_lag: int
    baselines: dict[str, dict[str, float | None]]
    coverage: dict[str, float | None]
    by_step: list[StepScore]
    misses: list[Miss]


class ForecastRecord(_Part):
    """Everything that a report or a command says about a forecast.

    Example:
        >>> import thetastar as ts
        >>> rows = {"day": [f"2024-01-{d:02d}" for d in range(1, 29)], "sold": [5, 6, 7, 8, 9, 2, 1] * 4}
        >>> record = ts.forecast(rows, target="sold", time="day", horizon=7, methods=["seasonal"]).record
        >>> record.chosen, record.frequency, record.unseen.mae
        ('seasonal naive', 'day', 0.0)
    """

    thetastar: str
    source: str
    target: str
    time: str
    id: str | None
    rows: int
    series: int
    steps: int
    first: str
    last: str
    frequency: str
    season: int | None
    season_words: str
    lag: int
    horizon: int
    history: list[int]
    levels: list[float]
    gaps: list[Gap]
    gap_steps: int
    gap_rule: str
    chosen: str
    baseline_chosen: bool
    weights: list[dict[str, Any]]
    board: list[BoardRow]
    validation: dict[str, Any] | None
    unseen: Unseen | None
    verdict: list[str]
    notes: list[str]
    distrust: list[str]
    columns: list[dict[str, str]]
    settings: dict[str, Any]
    pictures: dict[str, Any]
    lecture: dict[str, Any] | None = None
    seconds: float
