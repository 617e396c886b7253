"""Checks of a finished study: what may be wrong with it, each with evidence in one sentence and what to do.

A check is a function from `Facts` to a `Finding` or None; to be listed here is to be run, recorded and tested
(`tests/study/test_checks.py` holds a planted case and a healthy one for each).
"""

from __future__ import annotations

from thetastar.model.record import Finding
from thetastar.study.checks.choice import (
    behind_boosting,
    chance,
    edge_of_search,
    luck_of_many,
    metrics_disagree,
    no_better_than_linear,
)
from thetastar.study.checks.columns import correlated, left_out, many_levels, mostly_missing, useless
from thetastar.study.checks.facts import Check, Facts
from thetastar.study.checks.learning import (
    less_on_test,
    overfitting,
    still_learning,
    underfitting,
    unstable_folds,
    unstable_starts,
)
from thetastar.study.checks.rows import (
    capped_target,
    contradicting,
    duplicates,
    few_rows,
    shifted,
    skewed_target,
    uneven_classes,
)
from thetastar.study.checks.shuffle import shuffle_effects

__all__ = ["CHECKS", "SAID_ELSEWHERE", "Check", "Facts", "Finding", "find", "shuffle_effects"]

CHECKS: tuple[Check, ...] = (
    chance, behind_boosting, no_better_than_linear, overfitting, underfitting, still_learning, less_on_test,
    luck_of_many, unstable_starts, unstable_folds, edge_of_search, metrics_disagree, few_rows, uneven_classes,
    duplicates, contradicting, shifted, skewed_target, capped_target, useless, mostly_missing, many_levels, correlated,
    left_out,
)  # fmt: skip

SAID_ELSEWHERE = frozenset(
    {
        "no better than chance",
        "behind boosting",
        "no better than linear",
        "repeated rows",
        "other test rows",
        "much missing",
    }
)
"""Findings that the verdict or another sentence of the report says already."""


def find(facts: Facts) -> tuple[Finding, ...]:
    """What the checks find, in their order."""
    found = (check(facts) for check in CHECKS)
    return tuple(finding for finding in found if finding is not None)
