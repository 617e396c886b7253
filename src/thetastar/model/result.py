"""The result of a study as plain values: what `model.result()` gives and `thetastar fit --json` prints."""

from __future__ import annotations

from typing import Any

from thetastar.model.record import Record

__all__ = ["result"]


def result(record: Record) -> dict[str, Any]:
    """The record's answer in JSON values, without what only a picture needs (curves, points)."""
    held = record.to_dict()
    test, winner = held["test"], held["winner"]
    return {
        "thetastar": held["thetastar"],
        "question": held["question"],
        "task": held["question"]["task"],
        "target": held["question"]["target"],
        "metric": held["metric"],
        "chosen": winner["name"],
        "answer": held["answer"],
        "formulas": held["formulas"],
        "calibrated": held["calibrated"],
        "threshold": held["threshold"],
        "parameters": winner["parameters"],
        "headline": held["headline"],
        "verdict": held["verdict"],
        "score": test["scores"],
        "intervals": test["intervals"],
        "test_rows": test["rows"],
        "targets": [_of_one(each) for each in held["targets"]],
        "baselines": test["baselines"],
        "leaderboard": held["leaderboard"],
        "columns": held["columns"],
        "split": held["split"],
        "weights": held["weights"],
        "notes": [*held["notes"], *held["shortcuts"]],
        "distrust": held["distrust"],
        "findings": held["findings"],
        "seconds": held["timing"]["total"],
    }


def _of_one(target: dict[str, Any]) -> dict[str, Any]:
    """One of several targets: its scores, and the baselines' beside them."""
    test = target["test"]
    return {
        "name": target["name"], "task": target["task"], "score": test["scores"], "intervals": test["intervals"],
        "baselines": test["baselines"], "over_constant": test["over_constant"],
        "calibrated": target["calibrated"], "threshold": target["threshold"],
    }  # fmt: skip
