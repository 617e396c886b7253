"""Formulas that somebody knows: a baseline whose parameters are identified, and one that learns what a formula leaves.

Names in a formula that are columns are these columns, in their own unit; all others are parameters. For two classes a
formula gives the log-odds of the second. Lecture 5: "if a good model is known, identify its parameters; inject it if it
is partial".
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, final

import numpy as np

from thetastar.data.own_numbers import OwnNumbers
from thetastar.errors import InputError
from thetastar.expression import Expression, parse
from thetastar.network import Network
from thetastar.recipes.baselines import Baseline, Found, Weights
from thetastar.recipes.fit_memory import formula_bytes
from thetastar.recipes.fitted import Fitted, State, linked, must
from thetastar.recipes.identify import Identified, identified, values_on, without_value

__all__ = ["FittedFormula", "Formula", "FormulaAndNetwork", "formula_baselines"]

_MOST_NAMES = 60
_WIDTHS, _STARTS = (64, 64), 2  # of the network on what is left
_HELD, _HELD_OF_FEW, _FEW = 10, 5, 2_000  # every fifth or tenth row says how long it learns, and how much counts
_LEAST_ROWS = 100  # below which no network learns what is left


@dataclass(frozen=True, eq=False)
class Formula:
    """A formula as it was typed, and which of its names are columns.

    Attributes:
        text: as typed.
        columns, parameters: its names, in the order of the text.
        expression: of both.
    """

    text: str
    columns: tuple[str, ...]
    parameters: tuple[str, ...]
    expression: Expression

    @classmethod
    def read(cls, text: str, names: Sequence[str]) -> Formula:
        """Read a formula of a table.

        Args:
            names: the table's columns that may stand in it.

        Raises:
            InputError: the text is no formula, or names no column or no parameter.

        Example:
            >>> formula = Formula.read("a*exp(-b*age) + c", ["age", "height"])
            >>> formula.columns, formula.parameters
            (('age',), ('a', 'b', 'c'))
        """
        try:
            expression = parse(text, _MOST_NAMES)
        except InputError as error:
            message = str(error)
            used = [name for name in names if re.search(rf": {re.escape(name)} at place", message)]
            hint = f" For the column write `{used[0]}` in backticks." if used else ""
            raise InputError(f"formulas: {message}{hint}") from None
        first = {name: re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) for name in expression.variables}
        place = {name: 0 if found is None else found.start() for name, found in first.items()}
        ordered = sorted(expression.variables, key=lambda name: (place[name], name))
        columns = tuple(name for name in ordered if name in names)
        return cls(text, columns, tuple(name for name in ordered if name not in names), expression)

    def filled(self, values: Mapping[str, float]) -> str:
        """The formula with numbers in the place of its parameters, of four digits."""
        return str(self.expression.with_numbers(**{name: float(f"{v:.4g}") for name, v in values.items()}))


@final
@dataclass(frozen=True, eq=False)
class FittedFormula(Fitted):
    """A formula with its parameters.

    Its rows are (n, F + k): the prepared ones, which it passes over, and behind them the columns' own numbers.

    Attributes:
        formula: as typed.
        values, low, high: (p,) the parameters and the ends of their 95 % intervals, nan where the rows cannot say.
        remarks: (p,) why there is no interval, or what else fits as well.
        elsewhere: what it answers where it has no value (log(0)): the mean of the rows it was fitted on, or for two
            classes the log-odds of their shares.
        classes: 2, or 0 where it gives a number.
        numbers: reads the columns.
    """

    formula: Formula
    values: np.ndarray
    low: np.ndarray
    high: np.ndarray
    remarks: tuple[str, ...]
    elsewhere: float
    classes: int
    numbers: OwnNumbers | None = None

    kind: ClassVar[str] = "formula"

    def scores(self, rows: np.ndarray) -> np.ndarray:
        """(n,) values, or log-odds."""
        own = rows[:, rows.shape[1] - len(self.formula.columns) :].astype(np.float64)
        named = dict(zip(self.formula.parameters, self.values.tolist(), strict=True))
        found = values_on(self.formula.expression, self.formula.columns, own, named)
        return np.where(np.isfinite(found), found, self.elsewhere)

    def predict(self, rows: np.ndarray, threads: int = 1) -> np.ndarray:
        scores = self.scores(rows)
        return linked(scores[:, None], "sigmoid", np.arange(2), 2) if self.classes else scores

    def reading(self, numbers: OwnNumbers | None) -> FittedFormula:
        """The same, which reads its columns in this way."""
        return replace(self, numbers=numbers)

    @property
    def size(self) -> int:
        return len(self.values)

    def to_state(self) -> State:
        assert self.numbers is not None
        columns, arrays = self.numbers.to_state()
        state = {
            "kind": self.kind, "text": self.formula.text, "columns": columns, "remarks": list(self.remarks),
            "elsewhere": self.elsewhere, "classes": self.classes,
        }  # fmt: skip
        return state, {**arrays, "values": self.values, "low": self.low, "high": self.high}

    @classmethod
    def from_state(cls, state: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> FittedFormula:
        own = {name: array for name, array in arrays.items() if name.startswith("preparation.")}
        parts = {name: array for name, array in arrays.items() if name not in own}
        must(
            set(state) == {"kind", "text", "columns", "remarks", "elsewhere", "classes"}
            and set(parts) == {"values", "low", "high"} and isinstance(state["columns"], dict)
            and isinstance(state["remarks"], list) and all(isinstance(text, str) for text in state["remarks"])
            and isinstance(state["text"], str) and state["classes"] in (0, 2),
            cls.kind, "its parts are not those of its kind",
        )  # fmt: skip
        numbers = OwnNumbers.from_state(state["columns"], own)
        formula = Formula.read(state["text"], numbers.names)
        elsewhere = state["elsewhere"]
        shape = (len(formula.parameters),)
        must(
            formula.columns == numbers.names and len(state["remarks"]) == shape[0]
            and all(array.dtype == np.float64 and array.shape == shape for array in parts.values())
            and bool(np.isfinite(parts["values"]).all()) and type(elsewhere) in (int, float)
            and bool(np.isfinite(elsewhere)),
            cls.kind, "its columns or its numbers do not fit its text",
        )  # fmt: skip
        return cls(
            formula, parts["values"], parts["low"], parts["high"], tuple(state["remarks"]), float(elsewhere),
            state["classes"], numbers,
        )  # fmt: skip

    def check(self, features: int, classes: int) -> None:
        must(self.classes == classes, self.kind, "it answers another kind of question")


@final
@dataclass(frozen=True, eq=False)
class FormulaAndNetwork(Fitted):
    """A formula, and the mean of networks that learned what it leaves: f(x) + share · scale · network(prepared row).

    Attributes:
        formula: fitted first, and then held.
        networks: of the prepared rows; one output each.
        scale: the deviation of what the formula leaves, which the networks learned in units of.
        share: from 0 to 1, how much of the networks counts: what helps on rows that they had not learned from.
    """

    formula: FittedFormula
    networks: tuple[Network, ...]
    scale: float
    share: float

    kind: ClassVar[str] = "formula and network"

    @property
    def numbers(self) -> OwnNumbers | None:  # type: ignore[override]
        """What reads the formula's columns."""
        return self.formula.numbers

    def predict(self, rows: np.ndarray, threads: int = 1) -> np.ndarray:
        prepared = np.ascontiguousarray(rows[:, : rows.shape[1] - len(self.formula.formula.columns)], dtype=np.float32)
        total = np.zeros(len(rows))
        for network in self.networks:
            total += network.predict(prepared, threads=threads).reshape(-1)
        return self.formula.scores(rows) + self.share * self.scale * (total / len(self.networks))

    def reading(self, numbers: OwnNumbers | None) -> FormulaAndNetwork:
        """The same, whose formula reads its columns in this way."""
        return replace(self, formula=self.formula.reading(numbers))

    @property
    def size(self) -> int:
        return self.formula.size + sum(network.parameter_count for network in self.networks)

    def to_state(self) -> State:
        inner, arrays = self.formula.to_state()
        networks = []
        for place, network in enumerate(self.networks):
            networks.append(network.to_dict())
            arrays |= {f"network {place}/{name}": array for name, array in network.parameters.items()}
        state = {
            "kind": self.kind, "formula": inner, "networks": networks, "scale": self.scale, "share": self.share
        }  # fmt: skip
        return state, arrays

    @classmethod
    def from_state(cls, state: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> FormulaAndNetwork:
        must(
            set(state) == {"kind", "formula", "networks", "scale", "share"} and isinstance(state["formula"], dict)
            and isinstance(state["networks"], list) and 1 <= len(state["networks"]) <= 2 * _STARTS
            and all(type(state[name]) in (int, float) and np.isfinite(state[name]) for name in ("scale", "share")),
            cls.kind, "its parts are not those of its kind",
        )  # fmt: skip
        inner = {name: array for name, array in arrays.items() if not name.startswith("network ")}
        formula = FittedFormula.from_state(state["formula"], inner)
        networks = []
        for place, one in enumerate(state["networks"]):
            own = {
                name.partition("/")[2]: array for name, array in arrays.items() if name.startswith(f"network {place}/")
            }
            must(
                isinstance(one, dict) and all(np.isfinite(array).all() for array in own.values()),
                cls.kind, "one of its networks has another form",
            )  # fmt: skip
            networks.append(Network.from_dict(one).with_parameters(own))
        return cls(formula, tuple(networks), float(state["scale"]), float(state["share"]))

    def check(self, features: int, classes: int) -> None:
        self.formula.check(features, classes)
        must(
            classes == 0 and all(tuple(n.input_shape) == (features,) and tuple(n.output_shape) == (1,)
                                 for n in self.networks),
            self.kind, f"its networks do not take rows of {features} numbers",
        )  # fmt: skip


def formula_baselines(
    formulas: Sequence[Formula], classes: int, seed: int, seconds: float | None = None
) -> list[Baseline]:
    """Each formula by itself, and for a number each with a network on what it leaves.

    Args:
        classes: 2, or 0 for a number.
        seconds: bounds the epochs of that network, where given.
    """
    words = "its parameters by least squares" if not classes else "the log-odds, its parameters by the least log loss"
    found = []
    for formula in formulas:
        alone = Baseline(
            f"formula {formula.text}", f"the formula as given, {words}", _formula_fit(formula, classes, seed)
        )
        takes = partial(_takes, formula)
        found.append(replace(alone, columns=formula.columns, takes=takes))
        if not classes:
            both = Baseline(
                with_network(formula), "the formula as given, and a network of 64-64 on what it leaves",
                _residual_fit(formula, seed, seconds),
            )  # fmt: skip
            found.append(replace(both, columns=formula.columns, takes=takes))
    return found


def _takes(formula: Formula, shape: tuple[int, ...]) -> int:
    """Bytes of a fit, with the rows that have the formula's own numbers behind them."""
    rows, width = shape[0], math.prod(shape[1:])
    return formula_bytes(rows, formula.parameters, formula.columns) + 8 * rows * (width + len(formula.columns))


def with_network(formula: Formula) -> str:
    """The name of a formula with a network on what it leaves."""
    return f"formula + network: {formula.text}"


def _fitted(
    formula: Formula, inputs: np.ndarray, target: np.ndarray, classes: int, seed: int, weights: Weights
) -> FittedFormula:
    """The formula on rows (n, F + k), as far as it has values there."""
    own = inputs[:, inputs.shape[1] - len(formula.columns) :].astype(np.float64)
    usable = ~without_value(formula.expression, formula.columns, formula.parameters, own, seed)
    needed = len(formula.parameters) + 1
    if usable.sum() < needed:
        raise InputError(
            f"formulas: {formula.text!r} has {len(formula.parameters)} parameters and needs {needed} rows to learn "
            f"them from. Got {int(usable.sum())} on which it has a finite value. Give more rows, or a simpler formula."
        )
    weight = None if weights is None else weights[usable]
    try:
        found: Identified = identified(
            formula.expression, formula.columns, formula.parameters, own[usable], target[usable], seed=seed,
            weights=weight, classes=bool(classes),
        )  # fmt: skip
    except InputError as error:
        raise InputError(f"formulas: {formula.text!r}: {error}") from None
    mean = float(np.average(target, weights=weights))
    if classes:
        mean = float(np.log(max(mean, 1e-12)) - np.log(max(1 - mean, 1e-12)))
    return FittedFormula(formula, found.values, found.low, found.high, found.remarks, mean, classes)


def _formula_fit(formula: Formula, classes: int, seed: int) -> Any:
    def fit(inputs: np.ndarray, target: np.ndarray, settings: Found, weights: Weights = None) -> tuple[Fitted, Found]:
        return _fitted(formula, inputs, target, classes, seed, weights), {}

    return fit


def _residual_fit(formula: Formula, seed: int, seconds: float | None) -> Any:
    """The formula first; then networks on the prepared rows and what it leaves of them.

    Every fifth row, of many rows every tenth, is held back: it says after how many epochs the networks are best, and
    which share of them helps. The last fit takes both from the folds, and learns from all rows.
    """

    def fit(inputs: np.ndarray, target: np.ndarray, settings: Found, weights: Weights = None) -> tuple[Fitted, Found]:
        own = _fitted(formula, inputs, target, 0, seed, weights)
        left = target - own.scores(inputs)
        scale = float(np.std(left)) or 1.0
        prepared = np.ascontiguousarray(inputs[:, : inputs.shape[1] - len(formula.columns)], dtype=np.float32)
        encoded = (left / scale).astype(np.float32)
        rows = np.arange(len(target))
        if settings:
            networks, _ = _trained(prepared, encoded, rows, None, weights, seed, settings["epochs"])
            return FormulaAndNetwork(own, networks, scale, settings["percent"] / 100), settings
        held = rows[2 :: _HELD_OF_FEW if len(rows) < _FEW else _HELD]
        if len(target) < _LEAST_ROWS:
            held = rows
        networks, epochs = _trained(
            prepared, encoded, np.setdiff1d(rows, held) if len(held) < len(rows) else rows, held, weights, seed,
            _epochs(len(rows), inputs.shape[1], seconds),
        )  # fmt: skip
        share = 0.0 if len(target) < _LEAST_ROWS else _share(networks, prepared[held], encoded[held], weights, held)
        percent = round(100 * share)
        return FormulaAndNetwork(own, networks, scale, percent / 100), {"epochs": epochs, "percent": percent}

    return fit


def _epochs(rows: int, features: int, seconds: float | None) -> int:
    """More rows bring more updates in each; a bound in seconds allows fewer."""
    usual = int(min(max(round(40 * (20_000 / max(rows, 1)) ** 0.4), 12), 150))
    if seconds is None:
        return usual
    # Measured on one thread: 60 ns a row and epoch, and 12 ps for every weight.
    epoch = _STARTS * rows * (6e-8 + 1.2e-11 * 6 * (features + 65) * 64)
    return max(min(usual, int(seconds / epoch)), 3)


def _trained(
    prepared: np.ndarray, encoded: np.ndarray, rows: np.ndarray, held: np.ndarray | None, weights: Weights, seed: int,
    epochs: int,
) -> tuple[tuple[Network, ...], int]:  # fmt: skip
    """Networks from two starts, and the mean of the epochs at which they were best."""
    from thetastar.recipes.candidate import Candidate
    from thetastar.recipes.parts import batch_size_for
    from thetastar.training import EarlyStopping, Job, train_many

    candidate = Candidate(hidden=_WIDTHS, activation="mish", weight_decay=0.02)
    job = Job(
        candidate.network(prepared.shape[1], 1), loss="mean_squared_error", rows=rows, validation_rows=held,
        sample_weight=weights, stop=[] if held is None else [EarlyStopping(patience=max(epochs // 4, 5))],
        **candidate.training(max(epochs, 1), batch_size_for(len(rows))),
    )  # fmt: skip
    seeds = [int(np.random.SeedSequence([seed, 30, start]).generate_state(1)[0] >> 1) for start in range(_STARTS)]
    runs = [run for run in train_many(job.restarts(seeds), prepared, encoded, threads=1) if run.stopped != "diverged"]
    if not runs:
        raise InputError(
            "formulas: the network on what a formula leaves diverged from every start. Look for absurd values in the "
            "data, or leave formulas out."
        )
    best = [run.best_epoch if held is not None else run.epochs for run in runs]
    return tuple(run.network for run in runs), max(round(float(np.mean(best))), 1)


def _share(
    networks: Sequence[Network], prepared: np.ndarray, encoded: np.ndarray, weights: Weights, held: np.ndarray
) -> float:
    """From 0 to 1: the multiple of the networks that is nearest to what is left of rows that they had not seen; 0
    where that brings these rows nearer by less than a standard error.
    """
    said = np.mean([network.predict(prepared, threads=1).reshape(-1) for network in networks], axis=0)
    weight = np.ones(len(said)) if weights is None else weights[held]
    power = float((weight * said * said).sum())
    if power == 0:
        return 0.0
    share = float(np.clip((weight * said * encoded).sum() / power, 0, 1))
    gain = weight * (encoded**2 - (encoded - share * said) ** 2)
    sure = float(gain.mean()) > float(gain.std()) / np.sqrt(len(gain))
    return share if sure else 0.0
