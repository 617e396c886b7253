"""Two sets of rows side by side: which rows of one stand in the other, and which columns differ between them.

Rows that were learned from must not be among the rows that judge, and a score says little about rows of another kind.
Both are counted here; nothing is trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from thetastar.data.table import Column, Table, number_text

__all__ = ["Overlap", "Shift", "find_overlap", "find_shifts", "medians_apart", "row_hashes"]

_CHANCE = 1e-3  # of any false alarm among all columns of a table
_LEAST_DISTANCE = 0.1  # of the distributions' largest gap: a smaller shift is real in a large table, but does no harm


@dataclass(frozen=True)
class Overlap:
    """Rows that judge and stand among the rows learned from too.

    Attributes:
        rows: how many rows judge.
        inputs: (rows,) True where a row with the same inputs was learned from.
        whole: (rows,) True where the target is the same as well.
        conflicting: (rows,) True where the same inputs were learned from, but only with other targets.
    """

    rows: int
    inputs: np.ndarray
    whole: np.ndarray

    @property
    def conflicting(self) -> np.ndarray:
        return self.inputs & ~self.whole


@dataclass(frozen=True)
class Shift:
    """A column that differs between two sets of rows by more than chance.

    Attributes:
        name: the column.
        distance: the largest gap between the two distributions, from 0 to 1 (Kolmogorov and Smirnov's for numbers,
            the total variation for texts).
        sentence: what differs, in words.
    """

    name: str
    distance: float
    sentence: str


def find_overlap(
    learned: Table, judged: Table, names: Sequence[str], truth: np.ndarray, judged_truth: np.ndarray,
    rows: np.ndarray | None = None,
) -> Overlap:  # fmt: skip
    """Which rows of `judged` stand in `learned`, by the columns `names` and by these and the target.

    Rows are compared by hashes of 64 bits, of which two different rows share one by chance once in 10¹³ pairs or less.

    Args:
        truth, judged_truth: the targets of both, (n,) and (m,); of several targets (n, K) and (m, K).
        rows: the n rows of `learned` that were learned from; all if not given.

    Example:
        >>> from thetastar.data import read_table
        >>> learned = read_table({"age": [31, 40, 52]})
        >>> overlap = find_overlap(learned, read_table({"age": [40, 7, 52]}), ["age"], np.r_[0, 1, 1], np.r_[1, 0, 0])
        >>> overlap.inputs.tolist(), overlap.conflicting.tolist()
        ([True, False, True], [False, False, True])
    """
    count, judged_count = learned.row_count if rows is None else len(rows), judged.row_count
    mixed = np.zeros(count + judged_count, dtype=np.uint64)
    for name in names:  # one after another, because all columns once more would be as much memory as the table
        own = learned.column(name)
        mixed = _mix(mixed, _shared_codes(own if rows is None else own.select(rows), judged.column(name)))
    inputs = np.isin(mixed[count:], mixed[:count]) if names else np.zeros(judged_count, dtype=bool)
    mixed = _with_truth(mixed, np.concatenate([truth, judged_truth]))
    whole = inputs & np.isin(mixed[count:], mixed[:count])
    return Overlap(judged_count, inputs, whole)


def row_hashes(table: Table, names: Sequence[str], truth: np.ndarray | None = None) -> np.ndarray:
    """(n,) uint64, equal for rows that are equal in the columns `names`, and in the target if it is given.

    Example:
        >>> from thetastar.data import read_table
        >>> hashes = row_hashes(read_table({"age": [31, 40, 31]}), ["age"])
        >>> bool(hashes[0] == hashes[2]), bool(hashes[0] == hashes[1])
        (True, False)
    """
    mixed = np.zeros(table.row_count, dtype=np.uint64)
    for name in names:
        column = table.column(name)
        mixed = _mix(mixed, column.numbers if column.kind == "number" else column.coded[0].astype(np.float64))
    return mixed if truth is None else _with_truth(mixed, truth)


def _with_truth(mixed: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The rows' hashes (n,) with their targets (n,) or (n, K) taken in."""
    for values in truth.astype(np.float64).reshape(len(truth), -1).T:
        mixed = _mix(mixed, values)
    return mixed


def _mix(mixed: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The rows' hashes (n,) with one more column (n,) of float64 taken in."""
    bits = np.ascontiguousarray(np.where(np.isnan(values), np.nan, values + 0.0)).view(np.uint64)
    mixed = (mixed ^ bits) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    return mixed ^ (mixed >> np.uint64(32))


def _shared_codes(first: Column, second: Column) -> np.ndarray:
    """The values of two columns of one name, one under the other, as numbers that are equal where the values are."""
    if first.kind == "number" and second.kind == "number":
        return np.concatenate([first.numbers, second.numbers])
    if first.samples is not None:
        return np.concatenate([_sample_hashes(first), _sample_hashes(second)])
    codes, other, _ = _shared_levels(first, second)
    return np.concatenate([codes, other])


def _shared_levels(first: Column, second: Column) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """The codes of two columns (n,) and (m,), nan where missing, into the levels of both."""
    place: dict[str, int] = {}
    codes = []
    for column in (first, second):
        own, levels = column.coded
        codes.append(np.array([*(place.setdefault(level, len(place)) for level in levels), np.nan])[own])
    return codes[0], codes[1], list(place)


def _sample_hashes(column: Column) -> np.ndarray:
    """A number for each image or sequence, the same for the same content."""
    import hashlib

    digests = (hashlib.blake2b(np.ascontiguousarray(one + 0.0).tobytes(), digest_size=6) for one in column.values)
    return np.asarray([int.from_bytes(digest.digest(), "big") for digest in digests], dtype=np.float64)


def find_shifts(learned: Table, judged: Table, names: Sequence[str]) -> list[Shift]:
    """The columns whose values differ between the two sets of rows, the largest distance first.

    A column is named if its distributions differ by more than chance (one false alarm in 1,000 tables) and by a
    distance of at least 0.1.

    Example:
        >>> from thetastar.data import read_table
        >>> days = np.arange(400.0)
        >>> [shift.name for shift in find_shifts(read_table({"day": days}), read_table({"day": days + 300}), ["day"])]
        ['day']
    """
    limit = _CHANCE / max(len(names), 1)
    found = []
    for name in names:
        first, second = learned.column(name), judged.column(name)
        if first.samples is not None or not len(first) or not len(second):
            continue
        shift = _missing_shift(first, second, limit)
        if shift is None:
            both = first.kind == "number" and second.kind == "number"
            shift = _number_shift(first, second, limit) if both else _text_shift(first, second, limit)
        if shift is not None:
            found.append(shift)
    return sorted(found, key=lambda shift: -shift.distance)


def _missing_shift(first: Column, second: Column, limit: float) -> Shift | None:
    from scipy.stats import fisher_exact

    counts = [int(column.missing.sum()) for column in (first, second)]
    shares = [count / len(column) for count, column in zip(counts, (first, second), strict=True)]
    distance = abs(shares[0] - shares[1])
    if distance < _LEAST_DISTANCE:
        return None
    table = [[count, len(column) - count] for count, column in zip(counts, (first, second), strict=True)]
    if fisher_exact(table).pvalue >= limit:
        return None
    sentence = f"{first.name!r} is missing in {shares[0]:.0%} of the rows learned from and in {shares[1]:.0%} of these."
    return Shift(first.name, distance, sentence)


def _number_shift(first: Column, second: Column, limit: float) -> Shift | None:
    from scipy.stats import ks_2samp

    known = [column.values[~column.missing] for column in (first, second)]
    if not all(map(len, known)):
        return None
    test = ks_2samp(*known, method="asymp")
    if test.statistic < _LEAST_DISTANCE or test.pvalue >= limit:
        return None
    sentence = medians_apart(first.name, *(float(np.median(values)) for values in known))
    if sentence is None:
        spans = [f"{number_text(values.min())} to {number_text(values.max())}" for values in known]
        what = f"values of {spans[0]} in the rows learned from and of {spans[1]} here, the same median apart"
        sentence = f"{first.name!r} has {what}."
    return Shift(first.name, float(test.statistic), sentence)


def medians_apart(name: str, learned: float, here: float) -> str | None:
    """The sentence for a column whose median is another one; None where it reads the same.

    Example:
        >>> medians_apart("age", 30.0, 61.25)
        "'age' has a median of 30 in the rows learned from and of 61.25 here."
    """
    texts = [number_text(float(f"{value:.4g}")) for value in (learned, here)]
    if texts[0] == texts[1]:
        return None
    return f"{name!r} has a median of {texts[0]} in the rows learned from and of {texts[1]} here."


def _text_shift(first: Column, second: Column, limit: float) -> Shift | None:
    """Levels that are rare on both sides are put together, as the chi-squared test asks."""
    from scipy.stats import chi2_contingency

    *parts, levels = _shared_levels(first, second)
    codes = [part[~np.isnan(part)].astype(np.int64) for part in parts]
    if not all(map(len, codes)):
        return None
    counts = np.stack([np.bincount(part, minlength=len(levels)) for part in codes])
    shares = counts / counts.sum(axis=1, keepdims=True)
    distance = float(np.abs(shares[0] - shares[1]).sum() / 2)
    expected = counts.sum(axis=0) * counts.sum(axis=1, keepdims=True) / counts.sum()
    common = expected.min(axis=0) >= 5
    grouped = np.column_stack([counts[:, common], counts[:, ~common].sum(axis=1)])
    grouped = grouped[:, grouped.sum(axis=0) > 0]
    if distance < _LEAST_DISTANCE or grouped.shape[1] < 2 or chi2_contingency(grouped).pvalue >= limit:
        return None
    unseen = float(shares[1][counts[0] == 0].sum())
    if unseen >= distance / 2:
        return Shift(first.name, distance, f"{first.name!r} holds values that no row learned from has in {unseen:.0%}.")
    most = int(np.argmax(np.abs(shares[0] - shares[1])))
    here = f"in {shares[0][most]:.0%} of the rows learned from and in {shares[1][most]:.0%} here"
    return Shift(first.name, distance, f"{first.name!r} is {levels[most]!r} {here}.")
