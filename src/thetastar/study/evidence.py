"""What lies behind the test's figures: the rows it was most wrong about, the rows of each confusion cell, calibration.

A record that named every test row would be a copy of the data, so there is room for a few hundred rows, shared fairly
between the cells; the confusion matrix counts the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from thetastar.data.table import Column, number_text
from thetastar.model.metrics import Thresholds, named
from thetastar.model.record import Reliability, ReliabilityBin, ShownCell, ShownRow, ShownRows
from thetastar.study.samples import picture_of, pictures_within, samples_of

__all__ = ["Evidence", "calibration", "evidence"]

_WORST = 12
_ROWS_A_CELL, _ALL_ROWS = 20, 400
_PICTURES_A_CELL, _PICTURES_ROOM = 12, 50_000  # characters of all of them, so that a report stays a small file
_MOST_PICTURES = 240
_COLUMNS, _TEXT = 8, 40
_BINS = 10
_LEAST_IN_A_BIN = 5  # rows below which a bin's share says nothing


@dataclass(frozen=True)
class Evidence:
    """The parts of a record's test that name rows, and how far its probabilities can be believed."""

    shown: ShownRows
    calibration: Reliability | None


def evidence(
    table: Any, places: np.ndarray, roles: dict[str, Any], truth: np.ndarray, predicted: np.ndarray,
    labels: list[str] | None, threshold: Thresholds = None, weight: np.ndarray | None = None,
) -> Evidence:  # fmt: skip
    """The evidence of one test.

    Args:
        table: the test rows.
        places: (m,) where each stands in the table that it is from.
        roles: of the training table's columns.
        truth: (m,) values or class indices.
        predicted: (m,) values, or (m, C) probabilities.
        labels: class labels as text; None of a regression.
        threshold: of the answer, where it has one.
        weight: (m,) how much each row counts in the calibration; alike if not given.
    """
    said = None if labels is None else named(predicted, threshold)
    rows = _Rows(table, places, roles, truth, predicted, said, labels)
    badness = _badness(truth, predicted)
    wrong = badness > (0.0 if said is None else np.log(1.0 + 1e-9))
    if said is not None:
        wrong &= said != truth
    worst = np.argsort(-badness, kind="stable")[:_WORST]
    worst = worst[wrong[worst]]
    cells = [] if said is None else _cells(rows, truth, said, badness)
    shown = ShownRows(
        columns=rows.columns,
        worst=tuple(rows.number(i) for i in worst),
        cells=tuple(ShownCell(real=a, predicted=b, rows=tuple(rows.number(i) for i in few)) for a, b, few in cells),
        rows=tuple(rows.made),
    )
    return Evidence(shown, None if labels is None else calibration(truth, predicted, weight))


def calibration(truth: np.ndarray, predicted: np.ndarray, weight: np.ndarray | None = None) -> Reliability:
    """How often it was so, against how probable it was said to be, in bins of equal width.

    Of two classes the probability of the positive one is judged, of more the probability of the class that was named.
    Intervals are Wilson's, which hold for few rows and at the edge.

    Args:
        truth: (m,) class indices.
        predicted: (m, C) probabilities.
        weight: (m,) how much each row counts; alike if not given.
    """
    two = predicted.shape[1] == 2
    said = predicted[:, 1] if two else predicted.max(axis=1)
    right = truth == 1 if two else truth == predicted.argmax(axis=1)
    which = np.minimum((said * _BINS).astype(int), _BINS - 1)
    weights = np.ones(len(said)) if weight is None else weight
    bins, gap = [], 0.0
    for k in range(_BINS):
        own = which == k
        rows = int(own.sum())
        if rows == 0:
            continue
        counts = weights[own]
        total = float(counts.sum())
        share, mean = float(np.sum(right[own] * counts) / total), float(np.sum(said[own] * counts) / total)
        gap += total * abs(share - mean) / float(weights.sum())
        if rows >= _LEAST_IN_A_BIN:
            told = total**2 / float(np.sum(np.square(counts)))  # rows of equal weight that tell as much
            bins.append(
                ReliabilityBin(rows=rows, predicted=_short(mean), observed=_short(share), interval=_wilson(share, told))
            )
    return Reliability(of="positive" if two else "named", bins=tuple(bins), gap=_short(gap))


def _wilson(share: float, rows: float, z: float = 1.96) -> tuple[float, float]:
    """The 95 % interval of a share. Wilson 1927."""
    middle = (share + z * z / (2 * rows)) / (1 + z * z / rows)
    reach = z * np.sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows)) / (1 + z * z / rows)
    return _short(max(middle - reach, 0.0)), _short(min(middle + reach, 1.0))


def _badness(truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """(m,) the distance from the truth, or minus the logarithm of the probability that the truth was given."""
    if predicted.ndim == 1:
        far = np.abs(predicted - truth)
        return np.where(np.isfinite(far), far, np.inf)
    return -np.log(np.maximum(predicted[np.arange(len(truth)), truth], 1e-300))


def _cells(rows: _Rows, truth: np.ndarray, said: np.ndarray, badness: np.ndarray) -> list[tuple[int, int, np.ndarray]]:
    """(real, said, rows of the cell with the worst first) of every cell that has some; wrong cells come first."""
    pairs, counts = np.unique(np.stack([truth, said]), axis=1, return_counts=True)
    order = sorted(range(len(counts)), key=lambda k: (pairs[0, k] == pairs[1, k], -counts[k]))
    most, room = (_PICTURES_A_CELL, rows.room) if rows.pictured else (_ROWS_A_CELL, _ALL_ROWS)
    each = int(np.clip(room // max(len(order), 1), 1, most))
    found = []
    for k in order:
        real, called = int(pairs[0, k]), int(pairs[1, k])
        own = np.flatnonzero((truth == real) & (said == called))
        found.append((real, called, own[np.argsort(-badness[own], kind="stable")][:each]))
        room -= len(found[-1][2])
        if room <= 0:
            break
    return found


class _Rows:
    """Rows as they are shown, each made once however often it is named."""

    def __init__(
        self, table: Any, places: np.ndarray, roles: dict[str, Any], truth: np.ndarray, predicted: np.ndarray,
        said: np.ndarray | None, labels: list[str] | None,
    ) -> None:  # fmt: skip
        self._places, self._truth, self._predicted, self._said, self._labels = places, truth, predicted, said, labels
        samples = samples_of(table, roles)
        self._images = samples.samples if samples is not None and samples.kind == "image" else None
        self.room = pictures_within(_PICTURES_ROOM, samples, np.arange(len(truth)), _MOST_PICTURES) if samples else 0
        names = [name for name, role in roles.items() if role.role == "identifier" and name in table][:1]
        names += [name for name, role in roles.items() if role.used and name in table and name not in names]
        columns = [table.column(name) for name in names if table.column(name).samples is None]
        self._shown: list[Column] = columns[:_COLUMNS]
        self._numbers: dict[int, int] = {}
        self.made: list[ShownRow] = []

    @property
    def pictured(self) -> bool:
        """Whether rows are images."""
        return self._images is not None

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the shown columns."""
        return tuple(column.name for column in self._shown)

    def number(self, i: int) -> int:
        """Where row i of the test stands among those shown; it is made if it is new."""
        if (known := self._numbers.get(int(i))) is not None:
            return known
        self._numbers[int(i)] = len(self.made)
        self.made.append(self._row(int(i)))
        return len(self.made) - 1

    def _row(self, i: int) -> ShownRow:
        if self._labels is None or self._said is None:
            real, said, sure = (_written(self._truth[i]), _written(self._predicted[i]), None)
        else:
            place = int(self._said[i])
            real, said = self._labels[int(self._truth[i])], self._labels[place]
            sure = round(float(self._predicted[i, place]), 4)
        return ShownRow(
            row=int(self._places[i]), real=real, predicted=said, sure=sure,
            values=tuple(_cell(column, i) for column in self._shown),
            picture=None if self._images is None else picture_of(self._images[i]),
        )  # fmt: skip


def _cell(column: Column, i: int) -> str:
    """One cell as text, cut where it is long; empty where it is missing."""
    if column.numbers is not None:
        value = float(column.numbers[i])
        return "" if np.isnan(value) else number_text(float(f"{value:.6g}"))
    assert column.codes is not None  # columns hold numbers, codes or samples, and those with samples are not shown
    code = int(column.codes[i])
    text = "" if code < 0 else str(column.levels[code])
    return text if len(text) <= _TEXT else text[: _TEXT - 1] + "…"


def _written(value: float) -> str:
    return number_text(float(f"{float(value):.5g}")) if np.isfinite(value) else "not finite"


def _short(value: float) -> float:
    return round(float(value), 5)
