"""What the columns are like: of no use, mostly empty, nearly the same, with more levels than rows can teach."""

from __future__ import annotations

import shlex

import numpy as np

from thetastar.model.conclusion import number
from thetastar.model.record import Finding
from thetastar.study.checks.facts import Facts, names_of

__all__ = ["correlated", "left_out", "many_levels", "mostly_missing", "useless"]

_USELESS = 0.01  # of what the network is better than the constant by on the test rows
_MISSING = 0.5  # as in the preparation's notes
_SAME = 0.98  # correlation
_ROWS_A_LEVEL, _LEVELS = 10, 30
_MOST = 200  # columns compared with one another


def useless(facts: Facts) -> Finding | None:
    """Shuffling a column changes nothing."""
    record, metric = facts.record, facts.metric
    score, over = record.test.scores[metric.name], record.test.over_constant
    constant = None if over is None else record.test.baselines.get(over.over, {}).get(metric.name)
    if record.leaked is not None:  # beside a leak every column is of no use
        return None
    if score is None or constant is None or not metric.better(score, constant) or len(facts.shuffled) < 2:
        return None
    limit = _USELESS * abs(score - constant)
    idle = [name for name, rise in facts.shuffled.items() if rise < limit]
    if not idle or len(idle) == len(facts.shuffled):
        return None
    shown = " ".join(f"--role {shlex.quote(f'{name}=ignore')}" for name in idle[:4])
    one = len(idle) == 1
    return Finding(
        name="useless columns",
        evidence=f"Shuffling {names_of(idle)} on the test rows{'' if one else ', one by one,'} worsens {metric.name} "
        f"by less than {number(limit)}, a hundredth of what the model knows.",
        advice=f"Without {'it' if one else 'them'} there is less to gather and to explain: {shown}.",
    )


def mostly_missing(facts: Facts) -> Finding | None:
    """A column that is learned from has few values."""
    rows = facts.record.question.rows
    roles = {role.name: role for role in facts.problem.roles.values() if role.used}
    found = [name for name, role in roles.items() if role.missing >= _MISSING * rows]
    if not found:
        return None
    most = max(found, key=lambda name: roles[name].missing)
    return Finding(
        name="much missing",
        evidence=f"{names_of(found)}: at least {_MISSING:.0%} of the rows have no value ({most!r}: "
        f"{roles[most].missing / rows:.0%}).",
        advice="Ask why they are empty: that itself may say the target, or may change later.",
    )


def many_levels(facts: Facts) -> Finding | None:
    """A category has so many levels that there are few rows for each."""
    rows = len(facts.rows_learned)
    found = [
        role.name for role in facts.problem.roles.values()
        if role.role == "category" and role.distinct >= _LEVELS and rows < _ROWS_A_LEVEL * role.distinct
    ]  # fmt: skip
    if not found:
        return None
    most = facts.problem.roles[max(found, key=lambda name: facts.problem.roles[name].distinct)]
    return Finding(
        name="many levels",
        evidence=f"{names_of(found)}: {most.name!r} has {most.distinct:,} levels for {rows:,} rows.",
        advice="Group the levels, or leave the column out if each stands for one person or thing (or --group it).",
    )


def correlated(facts: Facts) -> Finding | None:
    """Two columns of numbers say nearly the same."""
    names = [role.name for role in facts.problem.roles.values() if role.role == "number"][:_MOST]
    if len(names) < 2:
        return None
    rows = facts.rows_learned[:5_000]
    values = np.column_stack([facts.problem.table.column(name).numbers[rows] for name in names])
    values = np.where(np.isnan(values), np.nanmedian(values, axis=0), values)
    spread = values.std(axis=0)
    kept = np.flatnonzero(spread > 0)
    if len(kept) < 2:
        return None
    scaled = (values[:, kept] - values[:, kept].mean(axis=0)) / spread[kept]
    matrix = np.abs(scaled.T @ scaled) / len(scaled)
    one, two = np.triu_indices(len(kept), k=1)
    pairs = [k for k in np.argsort(-matrix[one, two], kind="stable") if matrix[one[k], two[k]] >= _SAME]
    if not pairs:
        return None
    a, b = names[kept[one[pairs[0]]]], names[kept[two[pairs[0]]]]
    more = f" (and {len(pairs) - 1} more pairs)" if len(pairs) > 1 else ""
    return Finding(
        name="correlated columns",
        evidence=f"{a!r} and {b!r} have a correlation of {matrix[one[pairs[0]], two[pairs[0]]]:.3f}{more}.",
        advice="What one of them does, the other can do: do not read much into the importance of either.",
    )


def left_out(facts: Facts) -> Finding | None:
    """Most columns are not learned from, and nobody asked for that."""
    roles = list(facts.problem.roles.values())
    gone = [role for role in roles if not role.used and not role.overridden]
    if len(gone) * 2 <= len(roles):
        return None
    return Finding(
        name="mostly left out",
        evidence=f"{len(gone)} of {len(roles)} columns are left out: {names_of([role.name for role in gone])} "
        f"({', '.join(dict.fromkeys(role.role for role in gone))}).",
        advice="See the columns' reasons; name a role where it does not suit (--role COLUMN=category).",
    )
