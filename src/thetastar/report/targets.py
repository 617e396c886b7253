"""Several targets in the report: their scores in one table, and a row of pictures for each."""

from __future__ import annotations

from typing import Any

from thetastar.model.record import OneTarget, Record
from thetastar.report import figures

__all__ = ["distributions", "targets_view"]

_DRAWN = 20  # targets with pictures; the table has all of them
_DISTRIBUTIONS = 6


def targets_view(record: Record) -> dict[str, Any] | None:
    """The table and the pictures of every target; None where there is one."""
    if not record.targets:
        return None
    first = record.targets[0]
    names = [first.metric, *(name for name in first.test.scores if name != first.metric)]
    rival = record.headline.rival
    return {
        "rows": record.test.rows, "names": names, "rival": rival, "labels": first.test.labels is not None,
        "beliefs": _beliefs(record),
        "lines": [_line(each, rival) for each in record.targets],
        "drawn": [_pictures(each) for each in record.targets[:_DRAWN]],
        "left": max(len(record.targets) - _DRAWN, 0),
    }  # fmt: skip


def _beliefs(record: Record) -> dict[str, Any] | None:
    """Of labels: how each is named and calibrated, on the test rows; None of numbers and of older records."""
    if record.calibrated is None:
        return None
    lines = []
    for each in record.targets:
        above, test, kept = each.threshold, each.test, each.calibrated is not None and each.calibrated.kind is not None
        lines.append(
            {
                "name": each.name, "value": None if above is None else above.value,
                "chosen": test.operating[0] if test.operating else None,
                "half": test.operating[1] if test.operating else None,
                "kept": kept, "before": test.uncalibrated if kept else None, "after": test.probabilities,
            }
        )  # fmt: skip
    rule = next((each.threshold.rule for each in record.targets if each.threshold is not None), None)
    return {"why": record.calibrated.why, "rule": rule, "lines": lines}


def _line(each: OneTarget, rival: str | None) -> dict[str, Any]:
    """The scores of one target, the interval of the one that is compared, and the rival's."""
    theirs = None if rival is None else each.test.baselines.get(rival, {}).get(each.metric)
    over = each.test.over_constant
    ends = None if over is None else over.interval
    return {
        "name": each.name, "scores": each.test.scores, "interval": each.test.intervals.get(each.metric),
        "theirs": theirs, "chance": ends is not None and ends[0] <= 0 <= ends[1],
    }  # fmt: skip


def _pictures(each: OneTarget) -> dict[str, Any]:
    """Of a number real against predicted and what is left over; of a label its ROC curve and its calibration."""
    test, found = each.test, {"name": each.name, "positive": each.test.positive, "points": 0}
    if test.points is not None:
        real, predicted = list(test.points.real), list(test.points.predicted)
        return {
            **found, "points": len(real), "left": figures.real_and_predicted(real, predicted, each.name),
            "right": figures.residuals(real, predicted, each.name),
        }  # fmt: skip
    bins = test.calibration is not None and test.calibration.bins
    return {
        **found, "auc": test.scores.get("auc"),
        "left": None if test.roc is None else figures.roc(test.roc, test.positive),
        "right": figures.calibration(test.calibration, test.positive) if test.calibration and bins else None,
    }  # fmt: skip


def distributions(record: Record) -> list[tuple[str, Any]]:
    """The name and the distribution of the target, or of the first few of several."""
    if not record.targets:
        return [
            (record.question.target, figures.target_distribution(record.target_distribution, record.question.target))
        ]
    return [
        (each.name, figures.target_distribution(each.distribution, each.name))
        for each in record.targets[:_DISTRIBUTIONS]
    ]
