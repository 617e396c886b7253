"""Columns that give the target away: copies of it, sums, its means by group, and what was filled in afterwards.

A leak is named only where the data proves it, or nearly: the column alone says the target as no honest column of the
tables in `tests/data/test_leaks.py` does. What cannot be told from an honest column (a duration that is known only
after the call) is left to `study/leaks.py`, which says how much of the score one column carries.

A function of all columns there are is the question itself and no leak: y = x² with the one column x is not named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from thetastar.data.roles import ColumnRole
from thetastar.data.table import Column, Table
from thetastar.data.target import TargetEncoding

__all__ = ["Alone", "Leak", "alone", "find_leaks", "left_out_rightly"]

_SAMPLE_ROWS = 20_000  # suspicion is tested on at most this many rows
_SAMPLE_CELLS = 2_000_000  # rows x classes
_FEWEST = 20  # rows, below which nothing is proved
_BINS = 64
_SURE = 0.97  # share of rows whose class a column says
_NEARLY = 0.8  # of what the classes' shares leave open, said by a column with one level for each class
_SPREAD = 0.98  # share of a number's spread
_RANKS = 0.995  # rank correlation: a log or a square root of the target
_LINE = 0.997  # correlation: noise of 8 % of the target's spread
_EXACT = 0.5  # share of the rows in which a column is the target, by one rule, to the last digit
_TOO_CLOSE = 1e-6  # probability that rows at random agree so well with the mean of their group …
_CLOSE = 0.1  # … and of the distance that they have from it on average: where scatter differs, the first can mislead
_GROUPS = 5  # values of a column, below which a straight line through their means says nothing
_PAIR = 0.05  # spread of what a sum or a difference of two columns leaves over, as a share of the target's
_MOST_PAIRED = 100  # columns
_PRIOR = 0.1  # rows that a value counts beside its own, which a value that was not seen has alone
_MOST_ANSWERS = 10  # classes, above which nobody looks for means by level


@dataclass(frozen=True)
class Leak:
    """Columns that give the target away together.

    Attributes:
        columns: their names.
        sentence: how, and what to do.
    """

    columns: tuple[str, ...]
    sentence: str


@dataclass(frozen=True)
class Alone:
    """What one column says of the target by itself, learned on one half of the rows and judged on the other, twice.

    Attributes:
        predicted: (n,) values, or (n, C) probabilities, of the rows looked at; from the other half.
        rows: (n,) their places in the table.
        levels: different values among them, a missing one counted.
    """

    predicted: np.ndarray
    rows: np.ndarray
    levels: int


def find_leaks(table: Table, encoding: TargetEncoding, roles: Mapping[str, ColumnRole]) -> list[Leak]:
    """The columns that give the target away alone, and the pairs whose sum or difference it is.

    Args:
        table: the training table, without rows whose target is missing.
        encoding: the fitted encoding of the target.
        roles: from `infer_roles`; columns that are left out cannot give anything away.

    Example:
        >>> from thetastar.data import infer_roles, read_table
        >>> table = read_table({"copy": [float(k % 7) / 3 for k in range(90)], "y": [k % 7 / 3 for k in range(90)]})
        >>> [leak.columns for leak in find_leaks(table, TargetEncoding.fit(table, "y"), infer_roles(table, "y"))]
        [('copy',)]
    """
    used = [table.column(name) for name, role in roles.items() if role.used and table.column(name).samples is None]
    if table.row_count < _FEWEST:
        return []
    truth = encoding.truth(table)
    answers = _answers(truth, encoding)
    others = _sums_by_level(used, answers)
    found = []
    for column in used:
        why = _why(column, used, truth, encoding)
        if why is None and len(used) > 1:
            why = _means(column, others, answers)
        if why is not None:
            found.append(Leak((column.name,), _sentence(column.name, encoding.name, why)))
    if not encoding.kind.classification and len(used) > 2:
        found += _sums(used, truth, encoding.name)
    return found


def alone(column: Column, truth: np.ndarray, encoding: TargetEncoding) -> Alone | None:
    """What the column says of the target by itself; None of texts that hardly ever come twice.

    The levels of texts, and quantile bins of numbers, predict their mean or their shares of the classes.
    """
    classes = len(encoding.classes or ())
    most = min(_SAMPLE_ROWS, _SAMPLE_CELLS // max(classes, 1))
    rows = np.arange(0, len(truth), max(1, len(truth) // most))
    groups = _groups(column if len(rows) == len(truth) else column.select(rows))
    count = int(groups.max(initial=0)) + 1
    if count > len(rows) / 4:
        return None
    real = truth[rows]
    predicted = np.empty((len(rows), max(classes, 1)))
    for half in (0, 1):
        learn, judge = np.arange(half, len(rows), 2), np.arange(1 - half, len(rows), 2)
        sizes = np.bincount(groups[learn], minlength=count)[:, None]
        if classes:
            places = groups[learn] * classes + real[learn]
            sums = np.bincount(places, minlength=count * classes).reshape(count, classes)
        else:
            sums = np.bincount(groups[learn], real[learn], minlength=count)[:, None]
        overall = sums.sum(axis=0) / len(learn)
        predicted[judge] = ((sums + _PRIOR * overall) / (sizes + _PRIOR))[groups[judge]]
    levels = len(np.unique(groups))
    return Alone(predicted if classes else predicted[:, 0], rows, levels)


def left_out_rightly(table: Table, encoding: TargetEncoding, roles: Mapping[str, ColumnRole]) -> list[str]:
    """Sentences about identifiers that are left out by themselves and would give the target away.

    Files are often sorted by the target before they are numbered, and codes begin with what they stand for.
    """
    truth, sentences = encoding.truth(table), []
    for role in roles.values():
        column = table.column(role.name)
        if role.role not in ("identifier", "text") or column.samples is not None or len(truth) < _FEWEST:
            continue
        told = alone(column, truth, encoding) if column.kind == "number" else _by_first_letters(column, truth, encoding)
        why = None if told is None else _tells(told, truth, encoding)
        if why is not None:
            what = "in their order" if column.kind == "number" else "by their first letters"
            sentences.append(
                f"{role.name!r} is left out ({role.role}), and rightly: its values, {what}, give the target "
                f"{encoding.name!r} away: {why}."
            )
    return sentences


def _sentence(name: str, target: str, why: str) -> str:
    return (
        f"{name!r} gives the target {target!r} away: {why}. If it is not known when a prediction is made, "
        f"leave it out (role 'ignore')."
    )


def _why(column: Column, used: Sequence[Column], truth: np.ndarray, encoding: TargetEncoding) -> str | None:
    """How the column gives the target away; None where it does not."""
    told = alone(column, truth, encoding)
    if len(used) == 1:  # a function of the one column there is: only a copy of the target is no question
        return _copy(column, told, truth, encoding)
    why = None if encoding.kind.classification else _follows(column, truth)
    return why or (None if told is None else _tells(told, truth, encoding))


def _copy(column: Column, told: Alone | None, truth: np.ndarray, encoding: TargetEncoding) -> str | None:
    """The target itself, or one level for each class."""
    if not encoding.kind.classification:
        same = column.kind == "number" and np.array_equal(column.numbers, truth)
        return "it is the same number in every row" if same else None
    if told is None or told.levels != len(encoding.classes or ()):
        return None
    right = told.predicted.argmax(axis=1) == truth[told.rows]
    return "alone it says the class in 100.0% of the rows" if right.all() else None


def _tells(told: Alone, truth: np.ndarray, encoding: TargetEncoding) -> str | None:
    """What the column says of the target alone, if that is more than an honest one says."""
    real = truth[told.rows]
    if not encoding.kind.classification:
        spread = float(np.square(real - real.mean()).sum())
        share = 1 - float(np.square(real - told.predicted).sum()) / spread if spread > 0 else 0.0
        return f"alone it explains {share:.1%} of the target's spread" if share >= _SPREAD else None
    classes = len(encoding.classes or ())
    right = float((told.predicted.argmax(axis=1) == real).mean())
    plain = float(np.bincount(real, minlength=classes).max() / len(real))
    words = f"alone it says the class in {right:.1%} of the rows"
    # Nine of ten mistakes of the bare majority must go before one column counts as a give-away.
    if right >= _SURE and (1 - right) <= 0.1 * (1 - plain):
        return words
    if told.levels <= classes + 1 and _skill(told.predicted, real) >= _NEARLY:
        return f"it has a level for each class, and {words}"
    return None


def _skill(probability: np.ndarray, real: np.ndarray) -> float:
    """Of what the classes' shares leave open, how much is said: the mean share found per class, 0 by guessing."""
    shares = probability.mean(axis=0)
    named = (probability / np.where(shares > 0, shares, 1.0)).argmax(axis=1)
    found = [float((named[real == k] == k).mean()) for k in np.unique(real)]
    classes = len(found)
    return (float(np.mean(found)) - 1 / classes) / (1 - 1 / classes) if classes > 1 else 0.0


def _answers(truth: np.ndarray, encoding: TargetEncoding) -> np.ndarray:
    """(n, 1) the target as a number, or (n, C) ones where a row is of a class; (n, 0) of too many classes."""
    if not encoding.kind.classification:
        return truth.astype(np.float64)[:, None]
    classes = len(encoding.classes or ())
    shown = classes if classes <= _MOST_ANSWERS else 0
    return (truth[:, None] == np.arange(shown)).astype(np.float64)


def _follows(column: Column, truth: np.ndarray) -> str | None:
    """A copy, another unit, or any rising or falling function of a target that is a number."""
    if column.kind != "number":
        return None
    known = ~column.missing
    x, y = column.numbers[known], truth[known]
    if len(x) <= _FEWEST or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    line = _correlation(x, y)
    if line >= _LINE:
        return f"it follows the target in a straight line (correlation {line:.4f})"
    exact = _exact_share(x, y)
    if exact >= _EXACT:
        return f"it is the target in {exact:.1%} of the rows, by one straight line to the last digit"
    few = slice(None, None, max(1, len(x) // 500))
    if _correlation(_ranks(x[few]), _ranks(y[few])) < 0.95:  # ranking all rows takes long
        return None
    ranks = _correlation(_ranks(x), _ranks(y))
    if ranks >= _RANKS:
        return f"it rises or falls with the target (rank correlation {ranks:.4f})"
    return None


def _exact_share(x: np.ndarray, y: np.ndarray) -> float:
    """The share of rows that lie exactly on the straight line that most pairs of rows lie on."""
    generator = np.random.default_rng(len(x))
    one, two = generator.integers(0, len(x), (2, 1001))
    apart = (x[one] != x[two]) & (y[one] != y[two])
    if apart.sum() < 100:
        return 0.0
    slopes = (y[one] - y[two])[apart] / (x[one] - x[two])[apart]
    slope = float(np.median(slopes))
    if np.mean(np.abs(slopes - slope) <= 1e-6 * abs(slope)) < _EXACT**2:
        return 0.0
    rest = y - slope * x
    exact = np.abs(rest - np.median(rest)) <= 1e-9 * max(float(np.ptp(y)), float(np.abs(y).max()) * 1e-3)
    share = float(exact.mean())
    # Values that fill half the rows (a price that is mostly 0) lie on any line through them.
    return share if len(np.unique(y[exact])) >= 10 else 0.0


@dataclass(frozen=True)
class _Levels:
    """A column of levels and the target's sums by level.

    Attributes:
        name: the column.
        codes: (n,) the level of each row.
        sizes, sums: (levels,) rows, and (levels, answers) sums of the target over them.
    """

    name: str
    codes: np.ndarray
    sizes: np.ndarray
    sums: np.ndarray


def _sums_by_level(used: Sequence[Column], answers: np.ndarray) -> list[_Levels]:
    """The columns of levels by which somebody may have taken means; none of tables so wide that it would take long."""
    if len(used) > _MOST_PAIRED or answers.shape[1] == 0:
        return []
    found = []
    for column in used:
        if column.missing.any() or not 2 <= column.distinct <= len(column) / 3:
            continue
        codes = column.coded[0]
        sums = np.stack([np.bincount(codes, answer) for answer in answers.T], axis=1)
        found.append(_Levels(column.name, codes, np.bincount(codes), sums))
    return found


def _means(column: Column, others: Sequence[_Levels], answers: np.ndarray) -> str | None:
    """The mean of the target over the rows that share a value, with or without the row itself, made beforehand."""
    if column.kind != "number" or column.missing.any():
        return None
    values, group, sizes = np.unique(column.numbers, return_inverse=True, return_counts=True)
    if sizes[sizes > 1].sum() >= len(group) / 2 and any(
        _is_mean_of_group(values, group, sizes, answer) for answer in answers.T
    ):
        return "it is the mean of the target over the rows that share its value, so each row's own answer is in it"
    for other in others:
        if other.name != column.name and any(
            _is_mean_of_others(column.numbers, other, k, answer) for k, answer in enumerate(answers.T)
        ):
            return (
                f"it is the mean of the target over the other rows of the same {other.name!r}, so each row's own "
                "answer can be read from it"
            )
    return None


def _is_mean_of_group(values: np.ndarray, group: np.ndarray, sizes: np.ndarray, answer: np.ndarray) -> bool:
    """True if the means of the target lie closer to a line through the values than rows at random can.

    The line allows for another unit. Means that were drawn to the overall mean, as encoders do for small groups, lie
    on n (value - mean) = m (overall - value) for one m.
    """
    from scipy.special import gammainc

    sums = np.bincount(group, answer)
    means = sums / sizes
    several = sizes > 1
    rows, count = sizes[several].astype(float), int(several.sum())
    freedom = len(group) - len(values)
    spread = float(np.square(answer - means[group]).sum()) / max(freedom, 1)
    if count < _GROUPS or spread <= 1e-12 * max(float(answer.var()), 1e-300):
        return False
    v, m = values[several], means[several]
    for left, weight in ((m, rows / spread), (rows * (v - m), 1 / (rows * spread))):
        rest = left - _line(v, left, weight)
        statistic = float(np.sum(np.square(rest) * weight))
        if statistic > _CLOSE * (count - 2):
            continue
        if gammainc((count - 2) / 2, statistic / 2) <= _TOO_CLOSE:  # chi-squared's distribution
            return True
    return False


def _line(x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The values of the weighted straight line through (x, y)."""
    total = weight.sum()
    mean, other = float((weight * x).sum() / total), float((weight * y).sum() / total)
    across = float((weight * np.square(x - mean)).sum())
    slope = float((weight * (x - mean) * (y - other)).sum()) / across if across > 0 else 0.0
    return other + slope * (x - mean)


def _is_mean_of_others(numbers: np.ndarray, levels: _Levels, k: int, answer: np.ndarray) -> bool:
    """True if every row's value is (its level's sum - own answer) / (its level's rows - 1)."""

    def close(rows: np.ndarray) -> bool:
        codes = levels.codes[rows]
        sizes = levels.sizes[codes]
        rows, codes, sizes = rows[sizes > 1], codes[sizes > 1], sizes[sizes > 1]
        wanted = (levels.sums[codes, k] - answer[rows]) / (sizes - 1)
        size = max(float(np.abs(answer).max()), 1e-300)
        return len(rows) >= _FEWEST and np.allclose(numbers[rows], wanted, rtol=1e-4, atol=1e-4 * size)

    return close(np.arange(min(len(numbers), 60))) and close(np.arange(len(numbers)))


def _by_first_letters(column: Column, truth: np.ndarray, encoding: TargetEncoding) -> Alone | None:
    """What the first one to three characters of a text say."""
    if column.codes is None or not column.levels:
        return None
    for length in (1, 2, 3):
        place: dict[str, int] = {}
        short = np.array([*(place.setdefault(level[:length], len(place)) for level in column.levels), -1], np.int32)
        part = Column(column.name, codes=short[column.codes], levels=tuple(place))
        told = alone(part, truth, encoding)
        if told is not None and _tells(told, truth, encoding) is not None:
            return told
    return None


def _groups(column: Column) -> np.ndarray:
    """(n,) small whole numbers: the levels of texts, quantile bins of numbers; missing cells are a group."""
    if column.kind == "text":
        return column.codes.astype(np.int64) + 1
    known = column.numbers[~column.missing]
    groups = np.zeros(len(column), dtype=np.int64)
    if len(known) == 0:
        return groups
    edges = (
        np.unique(known)
        if column.distinct <= _BINS
        else np.unique(np.quantile(known, np.linspace(0, 1, _BINS + 1)[:-1]))
    )
    groups[~column.missing] = np.searchsorted(edges, known, side="right")
    return groups


def _ranks(values: np.ndarray) -> np.ndarray:
    from scipy.stats import rankdata

    return rankdata(values)


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.sqrt((a @ a) * (b @ b)))
    return abs(float(a @ b)) / norm if norm > 0 else 0.0


def _sums(used: Sequence[Column], truth: np.ndarray, target: str) -> list[Leak]:
    """Pairs of columns whose sum or difference is the target, exactly or but for a little noise."""
    numbers = [column for column in used if column.kind == "number" and not column.missing.any()][:_MOST_PAIRED]
    head, limit = slice(0, 50), _PAIR * float(truth.std())
    found = []
    for i, a in enumerate(numbers):
        for b in numbers[i + 1 :]:
            for sign, one, two in (("+", a, b), ("-", a, b), ("-", b, a)):
                factor = 1.0 if sign == "+" else -1.0
                if (one.numbers[head] + factor * two.numbers[head] - truth[head]).std() > 2 * limit:
                    continue
                rest = truth - one.numbers - factor * two.numbers
                # A column that is nearly the target alone needs no partner that hardly varies.
                if rest.std() > limit or min(one.numbers.std(), two.numbers.std()) <= limit:
                    continue
                close = 1e-9 * max(1.0, float(np.abs(truth).max()))
                exact = bool(np.all(np.abs(rest) <= close))
                words = "equals the target" if exact else "is nearly the target"
                every = "in every row" if exact else f"(what is left spreads {rest.std() / truth.std():.1%} as wide)"
                sentence = (
                    f"{one.name!r} {sign} {two.name!r} {words} {target!r} {every}. If they are not known when a "
                    "prediction is made, leave both out (role 'ignore')."
                )
                found.append(Leak((one.name, two.name), sentence))
    return found
