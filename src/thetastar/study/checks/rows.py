"""What the rows are like: too few, of unequal classes, repeated, contradicting, skewed, cut off, of another kind."""

from __future__ import annotations

import numpy as np

from thetastar.data.overlap import row_hashes
from thetastar.data.target import TargetEncoding
from thetastar.model.record import Finding
from thetastar.study.checks.facts import Facts

__all__ = ["capped_target", "contradicting", "duplicates", "few_rows", "shifted", "skewed_target", "uneven_classes"]

_MAJORITY = 0.8
_RAREST = 20  # rows
_COPIES = 0.01
_SKEW = 2.0
_AT_THE_END = 0.01


def few_rows(facts: Facts) -> Finding | None:
    """Hardly more rows than numbers to learn from."""
    rows, features = len(facts.rows_learned), facts.record.question.features
    if facts.record.samples is not None or (rows >= 200 and rows >= 5 * features):
        return None
    return Finding(
        name="few rows",
        evidence=f"{rows:,} rows are learned from, with {features:,} numbers each.",
        advice="Gather more rows, or leave columns out; small candidates will do best meanwhile.",
    )


def uneven_classes(facts: Facts) -> Finding | None:
    """A score that a majority can win, or a class too rare to learn."""
    found = (_uneven(facts, part, truth) for part, truth in facts.problem.each())
    return next((finding for finding in found if finding is not None), None)


def _uneven(facts: Facts, part: TargetEncoding, truth: np.ndarray) -> Finding | None:
    """The same of one target."""
    if part.classes is None:
        return None
    of = "" if len(facts.problem.targets) == 1 else f" of {part.name!r}"
    counts = np.bincount(truth, minlength=len(part.classes))
    labels = [str(label) for label in part.classes]
    most, least = int(counts.argmax()), int(counts.argmin())
    if facts.metric.name == "accuracy" and counts[most] >= _MAJORITY * counts.sum():
        return Finding(
            name="uneven classes",
            evidence=f"{counts[most] / counts.sum():.0%} of the rows are {labels[most]!r}, and accuracy chooses: "
            "always saying so is right as often.",
            advice="Choose by a score that counts each class: --metric balanced_accuracy.",
        )
    if counts[least] < _RAREST:
        return Finding(
            name="uneven classes",
            evidence=f"{labels[least]!r}{of} has {int(counts[least])} rows of {int(counts.sum()):,}.",
            advice="Its scores are a matter of chance; gather more of it, or put it with another class.",
        )
    return None


def duplicates(facts: Facts) -> Finding | None:
    """Rows that occur more than once."""
    hashes = _hashes(facts, target=True)
    if hashes is None:
        return None
    copies = len(hashes) - len(np.unique(hashes))
    if copies < _COPIES * len(hashes):
        return None
    return Finding(
        name="repeated rows",
        evidence=f"{copies:,} of {len(hashes):,} rows ({copies / len(hashes):.1%}) repeat another row, target too.",
        advice="If they are the same thing twice, remove them: copies stand on both sides of a split.",
    )


def contradicting(facts: Facts) -> Finding | None:
    """Equal inputs with other targets, which no model can tell apart."""
    inputs, whole = _hashes(facts, target=False), _hashes(facts, target=True)
    if inputs is None or whole is None or not facts.problem.encoding.kind.probable:
        return None
    _, group = np.unique(inputs, return_inverse=True)
    pairs = np.unique(np.column_stack([group, facts.problem.truth]), axis=0)
    several = np.bincount(pairs[:, 0]) > 1
    rows = int(several[group].sum())
    if rows < _COPIES * len(inputs):
        return None
    return Finding(
        name="contradicting rows",
        evidence=f"{rows:,} of {len(inputs):,} rows ({rows / len(inputs):.1%}) have the inputs of another row with "
        f"another {facts.problem.target!r}.",
        advice="No model can tell them apart: look for a column that does, or for wrong labels.",
    )


def skewed_target(facts: Facts) -> Finding | None:
    """A number with a long tail: a few rows make most of the squared error."""
    found = (_skewed(part, truth) for part, truth in facts.problem.each())
    return next((finding for finding in found if finding is not None), None)


def _skewed(part: TargetEncoding, truth: np.ndarray) -> Finding | None:
    """The same of one target."""
    if part.classes is not None:
        return None
    y = truth.astype(np.float64)
    spread = float(y.std())
    skew = float(np.mean(((y - y.mean()) / spread) ** 3)) if spread > 0 else 0.0
    if abs(skew) < _SKEW:
        return None
    squares = np.sort(np.square(y - y.mean()))[::-1]
    share = float(squares[: max(len(y) // 100, 1)].sum() / squares.sum())
    advice = "learn its logarithm, or choose by mae" if y.min() > 0 and skew > 0 else "choose by mae (--metric mae)"
    return Finding(
        name="skewed target",
        evidence=f"{part.name!r} has a skewness of {skew:.1f}: one row in a hundred makes {share:.0%} of its "
        "squared spread.",
        advice=f"A few rows decide rmse and r2; {advice}.",
    )


def capped_target(facts: Facts) -> Finding | None:
    """Many rows have exactly the highest or the lowest value."""
    found = (_capped(part, truth) for part, truth in facts.problem.each())
    return next((finding for finding in found if finding is not None), None)


def _capped(part: TargetEncoding, y: np.ndarray) -> Finding | None:
    """The same of one target."""
    if part.classes is not None or len(np.unique(y)) < 50:
        return None
    for end, what in ((y.max(), "highest"), (y.min(), "lowest")):
        count = int((y == end).sum())
        if count >= max(_AT_THE_END * len(y), 20):
            return Finding(
                name="capped target",
                evidence=f"{count:,} of {len(y):,} rows have exactly the {what} {part.name!r}, {end:g}.",
                advice="If it was cut off there, the true values lie beyond, and the network learns the limit.",
            )
    return None


def shifted(facts: Facts) -> Finding | None:
    """Test rows of another kind than those learned from."""
    columns = facts.record.test.shifted
    if not columns:
        return None
    return Finding(
        name="other test rows",
        evidence=" ".join(columns[:2]) + (f" So do {len(columns) - 2} more columns." if len(columns) > 2 else ""),
        advice="The score is of these rows; what comes later may differ again.",
    )


def _hashes(facts: Facts, *, target: bool) -> np.ndarray | None:
    """(n,) a hash of each row's used columns, with the target if asked for; None of images and sequences."""
    names = [name for name, role in facts.problem.roles.items() if role.used]
    if facts.record.samples is not None or not names:
        return None
    return row_hashes(facts.problem.table, names, facts.problem.truth if target else None)
