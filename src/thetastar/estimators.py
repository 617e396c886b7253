"""Networks with scikit-learn's contract: `NetworkClassifier` and `NetworkRegressor`, for pipelines and grid searches.

They take prepared numbers, as scikit-learn's estimators do; for tables with texts, dates and missing cells there is
`thetastar.fit`. Inputs (and a regression's target) are standardised inside, because a network hardly learns otherwise.
Single precision where X is float32, double precision otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, column_or_1d, validate_data

from thetastar.errors import InputError
from thetastar.recipes import Candidate, batch_size_for

if TYPE_CHECKING:
    from thetastar.training import Job

__all__ = ["NetworkClassifier", "NetworkRegressor"]


class Rows(NamedTuple):
    """What the networks of an estimator get: it depends on the rows alone, so a search shares it within a fold.

    Attributes:
        X: (n, F) standardised.
        target: (n,) class indices, or the standardised target.
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


class _NetworkEstimator(BaseEstimator):
    """What both have in common: hyper-parameters, standardised inputs, training from several starts."""

    def __init__(
        self, hidden_layer_sizes=(100,), *, activation="silu", optimizer="adamw", learning_rate=0.01,
        weight_decay=0.01, dropout=0.0, schedule="cosine", batch_size="auto", epochs=200, early_stopping=False,
        validation_fraction=0.1, patience=20, n_restarts=1, n_jobs=None, random_state=None,
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
        X = validate_data(self, X, reset=False, dtype=[np.float64, np.float32])
        return self.network_.predict(self._standard(X))

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
        """Train on X (n, F) and y (n,): labels for a classifier, numbers for a regressor.

        Raises:
            ValueError: arrays that scikit-learn's contract refuses, a single class, hyper-parameters out of range.
        """
        from thetastar.training import train_many

        rows = self._understood(X, y, sample_weight)
        work = self._work(rows)
        threads = self.n_jobs if isinstance(self.n_jobs, Integral) and self.n_jobs > 0 else None
        runs = train_many(work.jobs, rows.X, rows.target, dtype=str(rows.X.dtype), threads=threads)
        return self._take(runs, work)

    def _understood(self, X: Any, y: Any, sample_weight: Any) -> Rows:
        """Check the arrays, learn what does not depend on hyper-parameters, and give what the networks get."""
        raise NotImplementedError

    def _work(self, rows: Rows) -> Work:
        """The trainings that these hyper-parameters ask for, one a start."""
        from thetastar.training import EarlyStopping, Job

        candidate = self._candidate()
        random = check_random_state(self.random_state)
        X, target = rows.X, rows.target
        kept, held_back = self._split(target, random, classes=0 if rows.loss == "mean_squared_error" else rows.outputs)
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

    def _prepare(self, X: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        """Fit the standardisation (weighted, so that a weight of 2 equals a row given twice) and apply it."""
        self.mean_ = np.average(X, axis=0, weights=weight).astype(X.dtype)
        spread = np.sqrt(np.average((X - self.mean_) ** 2, axis=0, weights=weight)).astype(X.dtype)
        self.scale_ = np.where(spread > 1e-12 * np.maximum(1, np.abs(self.mean_)), spread, 1).astype(X.dtype)
        return self._standard(X)

    def _weight(self, sample_weight: Any, X: np.ndarray) -> np.ndarray | None:
        if sample_weight is None:
            return None
        return _check_sample_weight(sample_weight, X, ensure_non_negative=True)


class NetworkClassifier(ClassifierMixin, _NetworkEstimator):
    """A dense network for classes.

    Args:
        hidden_layer_sizes: neurons of each hidden layer; () is logistic regression.
        activation: name of the hidden layers' activation.
        optimizer: "adamw", "adam" or "sgd" (with Nesterov momentum).
        learning_rate: at its highest.
        weight_decay: of the weights, not of the biases.
        dropout: share of hidden neurons dropped in training.
        schedule: "cosine", "one_cycle" or "constant".
        batch_size: rows per update; "auto" goes by the number of rows (up to 64 rows: all).
        epochs: passes through the rows, at most.
        early_stopping: hold `validation_fraction` of the rows back and stop after `patience` epochs without progress.
        n_restarts: random starts; the one with the lowest loss (on the rows held back, if any) is kept.
        n_jobs: starts trained at once; every core if not given.
        random_state: seed of starts, shuffles and split.

    Attributes:
        classes_, network_, n_iter_, loss_curve_, validation_curve_ (with early stopping), mean_, scale_.

    Example:
        >>> from sklearn.datasets import load_iris
        >>> X, y = load_iris(return_X_y=True)
        >>> NetworkClassifier(epochs=50, random_state=0).fit(X, y).score(X, y) > 0.95
        True
    """

    def _understood(self, X: Any, y: Any, sample_weight: Any) -> Rows:
        X, y = validate_data(self, X, y, dtype=[np.float64, np.float32])
        check_classification_targets(y)
        y = column_or_1d(y, warn=True)
        weight = self._weight(sample_weight, X)
        seen = y if weight is None else y[weight > 0]
        self.classes_ = np.unique(seen)
        if len(self.classes_) < 2:
            raise InputError(
                f"{type(self).__name__}: at least two classes are needed. Got 1 class, {self.classes_[0]}."
            )
        if weight is not None:  # rows without weight may hold labels that no other row has
            X, y, weight = X[weight > 0], seen, weight[weight > 0]
        index = np.searchsorted(self.classes_, y)
        binary = len(self.classes_) == 2
        loss = "binary_cross_entropy" if binary else "cross_entropy"
        return Rows(self._prepare(X, weight), index, weight, 1 if binary else len(self.classes_), loss)

    def predict_proba(self, X: Any) -> np.ndarray:
        """(n, classes) probabilities in the order of `classes_`."""
        scores = self._scores(X)
        if scores.shape[1] == 1:
            scores = np.hstack([np.zeros_like(scores), scores])
        shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
        return shifted / shifted.sum(axis=1, keepdims=True)

    def predict(self, X: Any) -> np.ndarray:
        """(n,) labels."""
        scores = self._scores(X)
        index = (scores[:, 0] > 0).astype(np.intp) if scores.shape[1] == 1 else scores.argmax(axis=1)
        return self.classes_[index]


class NetworkRegressor(RegressorMixin, _NetworkEstimator):
    """A dense network for numbers, trained on the squared error. Arguments as for `NetworkClassifier`.

    Attributes:
        network_, n_iter_, loss_curve_, validation_curve_ (with early stopping), mean_, scale_, target_mean_,
        target_scale_.

    Example:
        >>> import numpy as np
        >>> X = np.linspace(-1, 1, 200)[:, None]
        >>> NetworkRegressor((32,), random_state=0).fit(X, X[:, 0] ** 2).score(X, X[:, 0] ** 2) > 0.99
        True
    """

    def _understood(self, X: Any, y: Any, sample_weight: Any) -> Rows:
        X, y = validate_data(self, X, y, dtype=[np.float64, np.float32], y_numeric=True)
        y = column_or_1d(y, warn=True).astype(np.float64)
        weight = self._weight(sample_weight, X)
        if weight is not None:
            X, y, weight = X[weight > 0], y[weight > 0], weight[weight > 0]
        self.target_mean_ = float(np.average(y, weights=weight))
        spread = float(np.sqrt(np.average((y - self.target_mean_) ** 2, weights=weight)))
        self.target_scale_ = spread if spread > 0 else 1.0
        target = ((y - self.target_mean_) / self.target_scale_).astype(X.dtype)
        return Rows(self._prepare(X, weight), target, weight, 1, "mean_squared_error")

    def predict(self, X: Any) -> np.ndarray:
        """(n,) numbers in the unit of y."""
        return self._scores(X)[:, 0] * self.target_scale_ + self.target_mean_
