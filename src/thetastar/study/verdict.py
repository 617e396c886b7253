"""The verdict in plain sentences: which network, how good, how sure, and whether it was worth it."""

from __future__ import annotations

from typing import Any

from thetastar.model.metrics import Metric

__all__ = ["number", "verdict"]


def number(value: float | None, unit: str = "") -> str:
    """A score for reading: four significant digits, thousands apart."""
    if value is None:
        return "not defined"
    text = f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"
    return f"{text} {unit}".strip()


def verdict(
    board: list[dict[str, Any]], test: dict[str, Any], metric: Metric, *, starts: int, kept: int, notes: list[str]
) -> list[str]:
    """The sentences of the record's "verdict".

    Args:
        board: ranked leaderboard rows.
        test: the record's "test".
        starts, kept: random starts of the final network and the index of the one kept.
        notes: what the study left out or cut short, in sentences.
    """
    networks = [row for row in board if row["kind"] == "network"]
    chosen = next(row for row in networks if row["chosen"])
    return [
        _choice(chosen, networks, metric),
        _score(test, metric, chosen),
        *_against(board, chosen, test, metric),
        f"The network that you hold was trained on training and validation rows together, from {starts} random "
        f"starts; kept is start {kept + 1}, whose training loss ended lowest. No test row took part in any choice.",
        *notes,
    ]


def _choice(chosen: dict, networks: list[dict], metric: Metric) -> str:
    spread = f" ± {number(chosen['validation_std'])}" if chosen["validation_std"] is not None else ""
    text = (
        f"Of {len(networks)} networks, {chosen['name']} ({chosen['parameters']:,} parameters) has the best "
        f"{metric.name} on the validation rows: {number(chosen['validation_mean'])}{spread} over {chosen['runs']} runs."
    )
    others = [row for row in networks if not row["chosen"] and row["validation_mean"] is not None]
    if others and chosen["validation_std"] is not None:
        second = others[0]
        if abs(second["validation_mean"] - chosen["validation_mean"]) < chosen["validation_std"]:
            text += (
                f" {second['name']} ({number(second['validation_mean'])}) is within the spread of the re-runs: "
                "another seed might choose it."
            )
    return text


def _score(test: dict, metric: Metric, chosen: dict) -> str:
    low_high = test["intervals"].get(metric.name)
    interval = f" (95 % interval {number(low_high[0])} to {number(low_high[1])})" if low_high else ""
    others = ", ".join(
        f"{name} {number(value)}" for name, value in test["scores"].items() if name != metric.name and value is not None
    )
    return (
        f"On {test['rows']:,} test rows that nothing had seen, its {metric.name} is "
        f"{number(test['scores'][metric.name])}{interval}; {others}."
    )


def _against(board: list[dict], chosen: dict, test: dict, metric: Metric) -> list[str]:
    """Validation decides who leads; the test rows say whether the lead is more than chance."""
    rivals = [row for row in board if row["kind"] == "baseline" and row["validation_mean"] is not None]
    if not rivals or chosen["validation_mean"] is None:
        return []
    rival = rivals[0]  # ranked: the best baseline comes first
    name = rival["name"]
    ours, theirs = test["scores"][metric.name], test["baselines"].get(name, {}).get(metric.name)
    validated = number(rival["validation_mean"])
    tested = "" if theirs is None else f", {number(theirs)} on the test rows"
    figures = f"{validated} on the validation rows{tested}"
    lead = (test.get("lead") or {}).get("interval")
    sure = lead is not None and (lead[0] > 0 or lead[1] < 0)
    behind_on_test = ours is not None and theirs is not None and metric.better(theirs, ours)
    ahead_on_test = ours is not None and theirs is not None and metric.better(ours, theirs)
    if metric.better(rival["validation_mean"], chosen["validation_mean"]):
        sentences = [f"No network beats the best baseline on the validation rows: {name} has {figures}."]
        sentences.append(
            "On the test rows the network is ahead all the same: the two are close, and the baseline is simpler."
            if ahead_on_test
            else "For predictions alone, it is the better choice for this table."
        )
    elif metric.better(chosen["validation_mean"], rival["validation_mean"]):
        sentences = [
            f"On the validation rows it beats the best baseline, {name}, but not on the test rows ({figures})."
            if behind_on_test
            else f"It {'beats' if sure or lead is None else 'is ahead of'} the baseline that is best on the validation "
            f"rows, {name} ({validated} there{tested})."
        ]
    else:
        sentences = [
            f"On the validation rows it is level with the best baseline, {name} ({figures}); the baseline is simpler."
        ]
    if lead is not None:
        sentences.append(
            f"On the test rows the difference in {metric.name} (network minus {name}) is between {number(lead[0])} and "
            f"{number(lead[1])} (95 % interval): "
            + ("more than chance explains." if sure else "not larger than the noise of these test rows.")
        )
    return sentences
