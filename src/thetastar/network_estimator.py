"""What both estimators have in common: hyper-parameters, standardised inputs, training from several starts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from thetastar._signatures import names_nearest
from thetastar.errors import InputError
from thetastar.recipes import Candidate, batch_size_for

if TYPE_CHECKING:
    from thetastar.training import Job

__all__ = ["ELSEWHERE", "FLOATS", "NetworkEstimator", "Rows", "Work", "single_precision"]

FLOATS = [np.float64, np.float32]
# scikit-learn's own networks and other libraries call it so
ELSEWHERE = {
    "solver": "optimizer", "alpha": "weight_decay", "l2": "weight_decay", "learning_rate_init": "learning_rate",
    "lr": "learning_rate", "max_iter": "epochs", "n_epochs": "epochs", "n_iter_no_change": "patience",
    "hidden_layers": "hidden_layer_sizes", "units": "hidden_layer_sizes", "seed": "random_state",
    "n_threads": "n_jobs", "restarts": "n_restarts",
}  # fmt: skip


class Rows(NamedTuple):
    """What the networks of an estimator get: it depends on the rows alone, so a search shares it within a fold.

    Attributes:
        X: (n, F) standardised.
        target: (n,) class indices, or the standardised target; (n, K) of several targets.
        weight: (n,) or None.
        outputs, loss: what follows from the target.
    """

    X: np.ndarray
    target: np.ndarray
    weight: np.ndarray | None
    outputs: int
    loss: str


class Work(NamedTuple):
    """Trainings of one estimator, a job a start; judged_apart: by rows that are held back."""

    jobs: list[Job]
    judged_apart: bool


class NetworkEstimator(BaseEstimator):
    """What both have in common: hyper-parameters, standardised inputs, training from several starts."""

    @names_nearest(ELSEWHERE)
    def __init__(
        self, hidden_layer_sizes=(100,), *, activation="silu", optimizer="adamw", learning_rate=0.01,
        weight_decay=0.01, dropout=0.0, schedule="cosine", batch_size="auto", epochs=200, early_stopping=False,
        validation_fraction=0.1, patience=20, n_restarts=1, warm_start=False, n_jobs=None, random_state=None,
    ):  # fmt: skip
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.schedule = schedule
        self.batch_size = batch_size
        self.epochs = epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.n_restarts = n_restarts
        self.warm_start = warm_start
        self.n_jobs = n_jobs
        self.random_state = random_state

    def __getstate__(self) -> dict[str, Any]:
        """Without the native predictor that a network keeps once it has predicted."""
        state = super().__getstate__()
        if "network_" in state:
            state = {**state, "network_": self.network_.with_parameters(self.network_.parameters)}
        return state

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "network_")

    def _scores(self, X: Any) -> np.ndarray:
        """(n, outputs) raw outputs of the network."""
        check_is_fitted(self)
        single = single_precision(X)
        if single is None:
            X = validate_data(self, X, reset=False, dtype=FLOATS)
        else:
            validate_data(self, X, reset=False, skip_check_array=True)  # names and number of the columns
            X = check_array(single, dtype=FLOATS, estimator=self, input_name="X")
        return self.network_.predict(self._standard(X))

    def _goes_on(self) -> bool:
        """Whether `fit` begins where the last one ended."""
        return bool(self.warm_start) and hasattr(self, "network_")

    def _standard(self, X: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray((X - self.mean_) / self.scale_, dtype=self.mean_.dtype)

    def _candidate(self) -> Candidate:
        """The hyper-parameters, checked.

        Raises:
            InputError: one is of the wrong type or out of range.
        """
        from pydantic import ValidationError

        sizes = self.hidden_layer_sizes
        sizes = (sizes,) if isinstance(sizes, Integral) else tuple(int(size) for size in sizes)
        self._check_number("epochs", self.epochs, Integral, 1)
        self._check_number("patience", self.patience, Integral, 0)
        self._check_number("n_restarts", self.n_restarts, Integral, 1)
        self._check_number("validation_fraction", self.validation_fraction, Real, 0, 1)
        if self.batch_size != "auto":
            self._check_number("batch_size", self.batch_size, Integral, 1)
        try:
            return Candidate(
                hidden=sizes, activation=self.activation, optimizer=self.optimizer, learning_rate=self.learning_rate,
                weight_decay=self.weight_decay, dropout=self.dropout, schedule=self.schedule, epochs=self.epochs,
            )  # fmt: skip
        except ValidationError as error:
            problem = error.errors()[0]
            raise InputError(
                f"{type(self).__name__}: {problem['loc'][0]}: {problem['msg']}. Got {problem['input']!r}."
            ) from None

    def _check_number(self, name: str, value: Any, kind: type, low: float, high: float = np.inf) -> None:
        if isinstance(value, bool) or not isinstance(value, kind) or not low <= value <= high:
            what = "a whole number" if kind is Integral else "a number"
            limits = f"of at least {low}" if high == np.inf else f"from {low} to {high}"
            raise InputError(f"{type(self).__name__}: {name} must be {what} {limits}. Got {value!r}.")

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on X (n, F) and y (n,) or (n, K): labels for a classifier, numbers for a regressor.

        Raises:
            ValueError: arrays that scikit-learn's contract refuses, a single class, hyper-parameters out of range.
        """
        goes_on = self._goes_on()
        rows = self._understood(X, y, sample_weight, goes_on=goes_on)
        work = self._work(rows)
        return self._trained(self._further(work) if goes_on else work, rows)

    def _trained(self, work: Work, rows: Rows) -> Self:
        from thetastar.training import train_many

        threads = self.n_jobs if isinstance(self.n_jobs, Integral) and self.n_jobs > 0 else None
        runs = train_many(work.jobs, rows.X, rows.target, dtype=str(rows.X.dtype), threads=threads)
        return self._take(runs, work)

    def _one_pass(self, rows: Rows, *, goes_on: bool) -> Self:
        """One epoch from where the network stands, at a constant rate, without rows held back."""
        seen = self.n_iter_ if goes_on else 0
        plain = clone(self).set_params(epochs=1, early_stopping=False, schedule="constant", n_restarts=1)
        work = plain._work(rows)
        self._trained(self._further(work) if goes_on else work, rows)
        self.n_iter_ = seen + 1
        return self

    def _further(self, work: Work) -> Work:
        """The same trainings from the parameters of the last fit.

        Raises:
            InputError: they do not fit the networks.
        """
        before, network = self.network_, work.jobs[0].network
        if before.parameter_shapes != network.parameter_shapes:
            raise InputError(
                f"{type(self).__name__}: warm_start goes on from the last fit, whose network has "
                f"{before.parameter_count:,} parameters. Got settings or data for one of {network.parameter_count:,}. "
                "Keep hidden_layer_sizes, columns and classes, or set warm_start=False."
            )
        start = network.with_parameters(before.parameters)
        return work._replace(jobs=[replace(job, network=start) for job in work.jobs])

    def _understood(self, X: Any, y: Any, sample_weight: Any, *, goes_on: bool = False) -> Rows:
        """Check the arrays, learn what does not depend on hyper-parameters, and give what the networks get.

        goes_on: what was learned before stays, because the parameters are made for it.
        """
        raise NotImplementedError

    def _work(self, rows: Rows) -> Work:
        """The trainings that these hyper-parameters ask for, one a start."""
        from thetastar.training import EarlyStopping, Job

        candidate = self._candidate()
        random = check_random_state(self.random_state)
        X, target = rows.X, rows.target
        plain = rows.loss == "mean_squared_error" or target.ndim > 1  # no classes whose shares both sides keep
        kept, held_back = self._split(target, random, classes=0 if plain else rows.outputs)
        if self.batch_size != "auto":
            batch = min(int(self.batch_size), len(kept))
        else:  # all of a very small table, so that a weight of 2 equals a row given twice; else many updates
            batch = len(kept) if len(kept) <= 64 else batch_size_for(len(kept))
        settings = candidate.training(self.epochs, batch)
        if held_back is not None:
            settings |= {"validation_rows": held_back, "stop": [EarlyStopping(patience=int(self.patience))]}
        network = candidate.network(X.shape[1], rows.outputs)
        like = Job(network, loss=rows.loss, rows=kept, sample_weight=rows.weight, **settings)
        seeds = random.randint(2**31 - 1, size=self.n_restarts)
        return Work([replace(like, seed=int(seed)) for seed in seeds], judged_apart=held_back is not None)

    def _take(self, runs: Sequence[Any], work: Work) -> Self:
        """Keep the best run: sets network_, n_iter_, loss_curve_ and, with early stopping, validation_curve_."""
        judged = "validation_loss" if work.judged_apart else "loss"
        ends = [
            run.history[judged][run.best_epoch - 1] if run.stopped != "diverged" and run.epochs else np.inf
            for run in runs
        ]
        if not np.isfinite(min(ends)):
            raise InputError(
                f"{type(self).__name__}: the network diverged from every start; use a smaller learning_rate "
                f"(it is {self.learning_rate:g})"
            )
        run = runs[int(np.argmin(ends))]
        self.network_ = run.network
        self.n_iter_ = run.epochs
        self.loss_curve_ = np.asarray(run.history["loss"])
        if work.judged_apart:
            self.validation_curve_ = np.asarray(run.history["validation_loss"])
        return self

    def _split(self, target: np.ndarray, random: Any, classes: int) -> tuple[np.ndarray, np.ndarray | None]:
        """All rows; or, with early stopping, training rows and rows held back, by class where there are classes."""
        rows = np.arange(len(target))
        if not self.early_stopping:
            return rows, None
        from sklearn.model_selection import train_test_split

        held_back = math.ceil(self.validation_fraction * len(rows))
        if not 0 < held_back < len(rows):
            raise InputError(
                f"{type(self).__name__}: early_stopping must hold back some rows and leave some to learn from. "
                f"validation_fraction={self.validation_fraction!r} of n_samples={len(rows)} is {held_back}. "
                "Change validation_fraction, or set early_stopping=False."
            )
        counts = np.bincount(target.astype(np.int64)) if classes else np.empty(0)
        counts = counts[counts > 0]  # a class may have no weight
        if classes and (counts.min() < 2 or min(held_back, len(rows) - held_back) < len(counts)):
            return self._few_held_back(target, random, held_back)
        return train_test_split(rows, test_size=held_back, random_state=random, stratify=target if classes else None)

    def _few_held_back(self, target: np.ndarray, random: Any, held_back: int) -> tuple[np.ndarray, np.ndarray]:
        """Too few rows for every class to stand on both sides: each keeps at least one row to learn from."""
        order = random.permutation(len(target))
        kept = order[np.unique(target[order], return_index=True)[1]]
        free = order[~np.isin(order, kept)]
        if not len(free):
            raise InputError(
                f"{type(self).__name__}: early_stopping holds rows back, and every class must keep one to learn from. "
                f"Each of the {len(kept)} classes has a single row. Give more rows, or set early_stopping=False."
            )
        return np.concatenate([kept, free[held_back:]]), free[:held_back]

    def _prepare(self, X: np.ndarray, weight: np.ndarray | None, *, goes_on: bool = False) -> np.ndarray:
        """Fit the standardisation (weighted, so that a weight of 2 equals a row given twice) and apply it."""
        if goes_on:
            return self._standard(X)
        self.mean_ = np.average(X, axis=0, weights=weight).astype(X.dtype)
        spread = np.sqrt(np.average((X - self.mean_) ** 2, axis=0, weights=weight)).astype(X.dtype)
        self.scale_ = np.where(spread > 1e-12 * np.maximum(1, np.abs(self.mean_)), spread, 1).astype(X.dtype)
        return self._standard(X)

    def _weight(self, sample_weight: Any, X: np.ndarray) -> np.ndarray | None:
        if sample_weight is None:
            return None
        return _check_sample_weight(sample_weight, X, ensure_non_negative=True)


def single_precision(X: Any) -> np.ndarray | None:
    """A polars or Arrow frame whose columns are all float32, as an array; None for everything else."""
    root = type(X).__module__.partition(".")[0]
    if root == "polars" and hasattr(X, "schema"):
        import polars

        return X.to_numpy() if all(kind == polars.Float32 for kind in X.schema.values()) else None
    if root == "pyarrow" and hasattr(X, "schema"):
        import pyarrow

        if all(field.type == pyarrow.float32() for field in X.schema):
            return np.column_stack([column.to_numpy() for column in X.columns])
    return None
