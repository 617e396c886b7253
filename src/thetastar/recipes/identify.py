"""The parameters of a formula, found by least squares from several starts, with their intervals.

What stands linearly in a formula is solved for exactly (Golub and Pereyra 1973, "The differentiation of pseudo-inverses
and nonlinear least squares problems whose variables separate"); only what does not needs a start. The rule for starts:
1,000 draws, each parameter with a random sign and a size of 10^u, u uniform from -2 to 2, for a third of the draws
divided by the typical size of a column (a rate) and for a third a place in the range of a column or near it (a
threshold). The first draw has ones. The ten best on at most 500 rows are followed by SciPy's `least_squares` with the
formula's exact derivatives, and the best of them is the answer.

For two classes the formula gives the log-odds of the second. Its residuals are the deviances, whose squares add up to
twice the log loss, so the same method finds the likeliest parameters.

The 95 % intervals come from the Jacobian J at the end: s² (JᵀJ)⁻¹ with Student's quantile; for two classes the inverse
information. Where J is singular, or another start ended elsewhere with the same loss, the data cannot say what a
parameter is, and that is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from thetastar.errors import InputError
from thetastar.expression import Expression

__all__ = ["Identified", "identified", "values_on", "without_value"]

_DRAWS, _FOLLOWED = 1_000, 10
_FEW, _MANY = 500, 20_000  # rows that draws are compared on, and that starts are followed on
_STEPS = 200
_SAME, _APART = 1e-6, 1e-2  # of two losses, relatively, that are the same; of two values that are not
_SINGULAR = 1e-7  # the smallest singular value beside the largest, of columns of length 1
_TAKES_PART = 1e-2  # of a parameter in a direction in which nothing changes


@dataclass(frozen=True, eq=False)
class Identified:
    """Parameters of a formula as the rows give them.

    Attributes:
        values: (p,) float64.
        low, high: (p,) ends of the 95 % intervals; nan where the rows cannot say.
        remarks: (p,) why there is no interval, or what else fits as well; "" where there is nothing to say.
        loss: mean of the squared residuals, or mean log loss, over the rows that have a value.
    """

    values: np.ndarray
    low: np.ndarray
    high: np.ndarray
    remarks: tuple[str, ...]
    loss: float


def values_on(expression: Expression, names: Sequence[str], columns: np.ndarray, values: Mapping[str, Any]) -> Any:
    """(n,) what the formula says of rows (n, k) of the columns `names`; values (d, 1) of a parameter make it (d, n)."""
    return expression(**dict(zip(names, columns.T, strict=True)), **values)


def without_value(
    expression: Expression, names: Sequence[str], parameters: Sequence[str], columns: np.ndarray, seed: int
) -> np.ndarray:
    """(n,) True where the formula has no finite value for any of the draws: log(0), a root of a negative number."""
    few = {name: draws[:50, None] for name, draws in _draws(parameters, columns, seed).items()}
    found = np.empty(len(columns), dtype=bool)
    for start in range(0, len(columns), _MANY):
        some = slice(start, start + _MANY)
        found[some] = ~np.isfinite(values_on(expression, names, columns[some], few)).any(axis=0)
    return found


def identified(
    expression: Expression, names: Sequence[str], parameters: Sequence[str], columns: np.ndarray, target: np.ndarray,
    *, seed: int, weights: np.ndarray | None = None, classes: bool = False,
) -> Identified:  # fmt: skip
    """The parameters that fit best.

    Args:
        expression: of the columns and the parameters.
        names, columns: the columns' names, and (n, k) their numbers.
        target: (n,) values; or 0 and 1 where there are two `classes`.
        seed: of the starts.
        weights: (n,) how much each row counts; alike if not given.

    Raises:
        InputError: the formula has a finite value for no parameters that were tried.

    Example:
        >>> from thetastar.expression import parse
        >>> x = np.linspace(0, 4, 50)
        >>> f = parse("a exp(-b x) + c", 4)
        >>> found = identified(f, ["x"], ["a", "b", "c"], x[:, None], 3 * np.exp(-0.7 * x) + 2, seed=0)
        >>> found.values.round(6).tolist()
        [3.0, 0.7, 2.0]
    """
    problem = _Problem.of(expression, names, parameters, columns, np.asarray(target, np.float64), weights, classes)
    starts = _starts(problem.some(_FEW), seed)
    if not starts:
        raise InputError(
            "the formula has no finite value for all rows, whatever parameters were tried. Look for a division by "
            "zero, or for a logarithm or a root of a negative number."
        )
    part = problem.some(_MANY)
    ends = _best_first([part.followed(start) for start in starts])
    best = ends[0]
    if part is not problem:
        best = problem.followed(best.x)
    return problem.with_intervals(best, ends)


@dataclass(frozen=True, eq=False)
class _Problem:
    """Least squares of one formula on some rows."""

    expression: Expression
    slopes: tuple[Expression, ...]
    linear: tuple[int, ...]  # parameters that stand linearly in it, all together
    names: tuple[str, ...]
    parameters: tuple[str, ...]
    columns: np.ndarray
    target: np.ndarray
    weights: np.ndarray  # with a mean of 1
    classes: bool

    @classmethod
    def of(
        cls, expression: Expression, names: Sequence[str], parameters: Sequence[str], columns: np.ndarray,
        target: np.ndarray, weights: np.ndarray | None, classes: bool,
    ) -> _Problem:  # fmt: skip
        slopes = tuple(expression.derivative(name) for name in parameters)
        linear: list[int] = []
        for at, slope in enumerate(slopes):
            together = [*(parameters[other] for other in linear), parameters[at]]
            if not any(slope.depends_on(name) for name in together) and not any(
                slopes[other].depends_on(parameters[at]) for other in linear
            ):
                linear.append(at)
        own = np.ones(len(target)) if weights is None else np.asarray(weights, np.float64) / np.mean(weights)
        return cls(
            expression, slopes, tuple(linear), tuple(names), tuple(parameters), columns, target, own, classes
        )  # fmt: skip

    def some(self, most: int) -> _Problem:
        """The same on at most so many rows, spread evenly over all of them."""
        if len(self.target) <= most:
            return self
        rows = np.linspace(0, len(self.target) - 1, most).astype(np.int64)
        return _Problem(
            self.expression, self.slopes, self.linear, self.names, self.parameters, self.columns[rows],
            self.target[rows], self.weights[rows], self.classes,
        )  # fmt: skip

    def value(self, x: np.ndarray) -> np.ndarray:
        """(n,) what the formula says."""
        return values_on(self.expression, self.names, self.columns, dict(zip(self.parameters, x, strict=True)))

    def slope(self, x: np.ndarray) -> np.ndarray:
        """(n, p) its derivatives by the parameters."""
        values = dict(zip(self.parameters, x, strict=True))
        return np.column_stack([values_on(one, self.names, self.columns, values) for one in self.slopes])

    def residuals(self, x: np.ndarray) -> np.ndarray:
        """(n,) whose squares are the loss: value - target, or the deviance with its sign."""
        value, root = self.value(x), np.sqrt(self.weights)
        if not self.classes:
            return root * (value - self.target)
        sign = 1 - 2 * self.target
        return root * sign * np.sqrt(2 * np.logaddexp(0, sign * value))

    def jacobian(self, x: np.ndarray) -> np.ndarray:
        """(n, p) derivatives of the residuals; what is not finite there is 0, and does not lead anywhere."""
        slope, root = self.slope(x), np.sqrt(self.weights)
        if self.classes:
            sign, value = 1 - 2 * self.target, self.value(x)
            deviance = np.sqrt(2 * np.logaddexp(0, sign * value))
            by_value = _sigmoid(sign * value) / np.maximum(deviance, 1e-150)
            root = root * by_value
        found = root[:, None] * slope
        return np.where(np.isfinite(found), found, 0.0)

    def followed(self, start: np.ndarray) -> Any:
        """Where least squares ends from here."""
        from scipy.optimize import least_squares

        with np.errstate(all="ignore"):
            return least_squares(
                self.residuals, start, jac=self.jacobian, method="trf", x_scale="jac", max_nfev=_STEPS,
                ftol=1e-12, xtol=1e-12, gtol=1e-12,
            )  # fmt: skip

    def with_intervals(self, best: Any, ends: Sequence[Any]) -> Identified:
        """The best end with its intervals.

        Args:
            ends: where the starts ended, on some of the rows, the best first.
        """
        values, count = best.x, len(best.x)
        spread, flat = self._deviations(best)
        remarks = [""] * count
        settled = best.status != 0
        for at in range(count):
            if not settled:
                remarks[at] = f"not settled: the search took all of its {_STEPS} steps"
            elif flat[at]:
                remarks[at] = "not identifiable: other values fit these rows as well"
            elif (other := _elsewhere(at, ends)) is not None:
                remarks[at] = f"not the only value: {other:.4g} fits as well, with other values beside it"
        known = np.array([settled and not one for one in flat])
        low, high = np.where(known, values - spread, np.nan), np.where(known, values + spread, np.nan)
        loss = float(2 * best.cost / len(self.target))
        return Identified(values, low, high, tuple(remarks), loss / 2 if self.classes else loss)

    def _deviations(self, best: Any) -> tuple[np.ndarray, np.ndarray]:
        """(p,) half widths of the intervals; and where a parameter changes nothing, by itself or with others."""
        from scipy.stats import norm, t

        rows, count = len(self.target), len(best.x)
        if self.classes:
            shares = _sigmoid(self.value(best.x))
            slope = self.slope(best.x) * np.sqrt(self.weights * shares * (1 - shares))[:, None]
            slope, variance, quantile = np.where(np.isfinite(slope), slope, 0.0), 1.0, float(norm.ppf(0.975))
        else:
            free = max(rows - count, 1)
            slope, variance, quantile = self.jacobian(best.x), 2 * best.cost / free, float(t.ppf(0.975, free))
        lengths = np.sqrt((slope**2).sum(axis=0))
        largest = float(np.max(lengths * np.maximum(np.abs(best.x), 1e-300), initial=0.0))
        dead = lengths * np.maximum(np.abs(best.x), 1e-300) <= 1e-12 * largest
        scaled = slope / np.where(lengths > 0, lengths, 1.0)
        _, sizes, directions = np.linalg.svd(scaled, full_matrices=False)
        within = sizes > _SINGULAR * sizes.max(initial=1e-300)
        flat = dead | (np.abs(directions[~within]) > _TAKES_PART).any(axis=0)
        inverse = np.where(within, 1 / np.where(sizes > 0, sizes, 1.0), 0.0)
        errors = np.sqrt((((directions * inverse[:, None]) ** 2).sum(axis=0)) * variance)
        return quantile * errors / np.where(lengths > 0, lengths, 1.0), flat


def _best_first(ends: Sequence[Any]) -> list[Any]:
    """By their loss; of those that fit equally well the one with the fewest signs comes first, then the smallest."""
    least = min(end.cost for end in ends)

    def place(end: Any) -> tuple[float, int, float]:
        same = end.cost <= least * (1 + _SAME) + 1e-300
        return (least if same else end.cost, int((end.x < 0).sum()) if same else 0, float(np.abs(end.x).sum()))

    return sorted(ends, key=place)


def _elsewhere(at: int, ends: Sequence[Any]) -> float | None:
    """Another value of a parameter with which a start ended as well."""
    best = ends[0]
    for end in ends[1:]:
        same = end.cost <= best.cost * (1 + _SAME) + 1e-300 and end.status != 0
        if same and abs(end.x[at] - best.x[at]) > _APART * max(abs(best.x[at]), abs(end.x[at])):
            return float(end.x[at])
    return None


def _starts(problem: _Problem, seed: int) -> list[np.ndarray]:
    """The best draws, the linear parameters solved for; fewer where there are fewer with finite values."""
    count = len(problem.parameters)
    free = [at for at in range(count) if at not in problem.linear]
    drawn = _draws([problem.parameters[at] for at in free], problem.columns, seed)
    many = _DRAWS if free else 1
    values = {name: draws[:, None] for name, draws in drawn.items()}
    zeros = {problem.parameters[at]: 0.0 for at in problem.linear}
    rest = np.broadcast_to(
        values_on(problem.expression, problem.names, problem.columns, {**values, **zeros}), (many, len(problem.target))
    )
    slopes = [
        np.broadcast_to(values_on(problem.slopes[at], problem.names, problem.columns, {**values, **zeros}), rest.shape)
        for at in problem.linear
    ]
    root = np.sqrt(problem.weights)
    wanted = 4 * (problem.target - 0.5) if problem.classes else problem.target
    found = []
    for draw in range(many):
        x = np.empty(count)
        x[free] = [drawn[problem.parameters[at]][draw] for at in free]
        matrix = np.column_stack([slope[draw] for slope in slopes]) if slopes else np.zeros((len(root), 0))
        if not np.isfinite(rest[draw]).all() or not np.isfinite(matrix).all():
            continue
        solved = np.linalg.lstsq(matrix * root[:, None], root * (wanted - rest[draw]), rcond=1e-10)[0]
        x[list(problem.linear)] = solved
        with np.errstate(all="ignore"):
            residuals = problem.residuals(x)
            cost = float(residuals @ residuals)
        if np.isfinite(cost):
            found.append((cost, draw, x))
    found.sort(key=lambda each: each[:2])
    return [x for _, _, x in found[:_FOLLOWED]]


def _draws(parameters: Sequence[str], columns: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """(_DRAWS,) values of each parameter, by the rule of this file's opening words."""
    generator = np.random.default_rng([seed, 20])
    low, high = columns.min(axis=0), columns.max(axis=0)
    typical = np.median(np.abs(columns), axis=0)
    typical = np.where(typical > 0, typical, np.maximum(np.maximum(np.abs(low), np.abs(high)), 1e-300))
    found = {}
    for name in parameters:
        size = generator.choice([-1.0, 1.0], _DRAWS) * 10 ** generator.uniform(-2, 2, _DRAWS)
        kind, which = generator.integers(0, 3, _DRAWS), generator.integers(0, columns.shape[1], _DRAWS)
        span = np.where(high > low, high - low, 1.0)
        place = low[which] + span[which] * generator.uniform(-0.5, 1.5, _DRAWS)
        values = np.where(kind == 0, size, np.where(kind == 1, size / typical[which], place))
        values[0] = 1.0
        found[name] = values
    return found


def _sigmoid(score: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(0.5 * score))
