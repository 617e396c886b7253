"""From turns to figures: medians, operations a second, shares of the ceiling, ratios. Plain arithmetic on records."""

from __future__ import annotations

import statistics
from typing import Any

from thetastar.bench.cases import Case, Prediction, Search, Training
from thetastar.bench.workers import OURS

__all__ = ["add_figures", "ratios", "step_seconds"]


def step_seconds(case: Case, side: dict[str, Any], turn: dict[str, Any], key: str = "seconds") -> float:
    """Seconds of one unit of the case: a network's step, a call, the whole search."""
    if isinstance(case, Training):
        return turn[key] / (turn["amount"] * case.steps * side["networks"])
    if isinstance(case, Prediction):
        return turn[key] / turn["amount"]
    return turn[key]


def ratios(ours: list[float], theirs: list[float]) -> dict[str, float]:
    """How many times as long the peer takes: the median over the turns that lie side by side, and their range."""
    each = [b / a for a, b in zip(ours, theirs, strict=True)]
    return {"median": statistics.median(each), "low": min(each), "high": max(each)}


def add_figures(case: Training | Prediction | Search, record: dict[str, Any]) -> dict[str, Any]:
    """Give every side of the record its "figures"; the record itself, for chaining.

    The figures: "seconds" (the median of a unit), "low", "high", "processor_seconds", "samples_per_second",
    "gflops", "share" (of the ceiling measured in the same turn), "needed_share" (counting only operations that are
    needed), and for peers "ratio" (their time over ours).
    """
    ceilings = record["ceilings"]
    record["ceiling"] = statistics.median(ceilings)
    units: dict[str, list[float]] = {}
    for name, side in record["sides"].items():
        times = units[name] = [step_seconds(case, side, turn) for turn in side["turns"]]
        processor = [step_seconds(case, side, turn, "processor_seconds") for turn in side["turns"]]
        figures = {
            "seconds": statistics.median(times), "low": min(times), "high": max(times),
            "processor_seconds": statistics.median(processor),
        }  # fmt: skip
        if not isinstance(case, Search):
            samples = case.batch if isinstance(case, Training) else case.rows
            share = statistics.median(case.step_flop / t / 1e9 / c for t, c in zip(times, ceilings, strict=True))
            figures |= {
                "samples_per_second": samples / figures["seconds"],
                "gflops": case.step_flop / figures["seconds"] / 1e9,
                "share": share,
                "needed_share": share * case.needed_share,
            }
        if name != OURS:
            figures["ratio"] = ratios(units[OURS], times)
        side["figures"] = figures
    return record
