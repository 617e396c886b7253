"""Networks with scikit-learn's contract: `NetworkClassifier` and `NetworkRegressor`, for pipelines and grid searches.

They take prepared numbers, as scikit-learn's estimators do; tables with texts, dates and missing cells go through
`TableTransformer` first, or to `thetastar.fit`. Inputs (and a regression's target) are standardised inside, because a
network hardly learns otherwise. Single precision where X is float32, double precision otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone
from sklearn.utils import check_array, check_random_state
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, column_or_1d, validate_data

from thetastar.errors import InputError
from thetastar.recipes import Candidate, batch_size_for

if TYPE_CHECKING:
    from thetastar.training import Job

__all__ = ["NetworkClassifier", "NetworkRegressor"]

_FLOATS = [np.float64, np.float32]


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
        single = _single_precision(X)
        if single is None:
            X = validate_data(self, X, reset=False, dtype=_FLOATS)
        else:
            validate_data(self, X, reset=False, skip_check_array=True)  # names and number of the columns
            X = check_array(single, dtype=_FLOATS, estimator=self, input_name="X")
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
        """Train on X (n, F) and y (n,): labels for a classifier, numbers for a regressor.

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
        warm_start: `fit` goes on from the parameters and the standardisation of the last fit.
        class_weight: {label: weight}, or "balanced": n / (classes · rows of the class); it multiplies sample_weight.
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

    def __init__(
        self, hidden_layer_sizes=(100,), *, activation="silu", optimizer="adamw", learning_rate=0.01,
        weight_decay=0.01, dropout=0.0, schedule="cosine", batch_size="auto", epochs=200, early_stopping=False,
        validation_fraction=0.1, patience=20, n_restarts=1, warm_start=False, class_weight=None, n_jobs=None,
        random_state=None,
    ):  # fmt: skip
        super().__init__(
            hidden_layer_sizes, activation=activation, optimizer=optimizer, learning_rate=learning_rate,
            weight_decay=weight_decay, dropout=dropout, schedule=schedule, batch_size=batch_size, epochs=epochs,
            early_stopping=early_stopping, validation_fraction=validation_fraction, patience=patience,
            n_restarts=n_restarts, warm_start=warm_start, n_jobs=n_jobs, random_state=random_state,
        )  # fmt: skip
        self.class_weight = class_weight

    def _understood(self, X: Any, y: Any, sample_weight: Any, *, goes_on: bool = False) -> Rows:
        X, y, weight = self._rows(X, y, sample_weight, reset=not goes_on)
        classes = np.unique(y)
        if goes_on and not np.array_equal(classes, self.classes_):
            raise InputError(
                f"{type(self).__name__}: warm_start needs the classes of the last fit, {list(self.classes_)}. "
                f"Got {list(classes)}. Set warm_start=False."
            )
        self.classes_ = classes
        seen = classes if weight is None else np.unique(y[weight > 0])
        if len(seen) < 2:
            raise InputError(f"{type(self).__name__}: at least two classes are needed. Got 1 class, {seen[0]}.")
        if weight is not None:  # a row without weight teaches nothing, and its class keeps its column all the same
            X, y, weight = X[weight > 0], y[weight > 0], weight[weight > 0]
        return self._indexed(X, y, weight, goes_on)

    def _indexed(self, X: np.ndarray, y: np.ndarray, weight: np.ndarray | None, goes_on: bool) -> Rows:
        prepared, index = self._prepare(X, weight, goes_on=goes_on), np.searchsorted(self.classes_, y)
        if len(self.classes_) == 2:
            return Rows(prepared, index, weight, 1, "binary_cross_entropy")
        return Rows(prepared, index, weight, len(self.classes_), "cross_entropy")

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """One pass through these rows from where the network stands, for data that comes in portions.

        The first portion sets the standardisation; the optimiser's memory begins anew with each. Early stopping,
        schedule, epochs and restarts do not act.

        Args:
            X, y, sample_weight: as in `fit`.
            classes: every label that will ever come; needed in the first call.

        Raises:
            ValueError: as in `fit`; no classes in the first call, or labels beyond them.
        """
        goes_on = hasattr(self, "network_")
        X, y, weight = self._rows(X, y, sample_weight, reset=not goes_on)
        if not goes_on:
            if classes is None:
                raise InputError(
                    f"{type(self).__name__}: classes must be given in the first call of partial_fit. Got None. "
                    "Name every label that will come."
                )
            self.classes_ = np.unique(classes)
        unknown = np.setdiff1d(y, self.classes_)
        if len(unknown):
            raise InputError(
                f"{type(self).__name__}: labels must be among the classes {list(self.classes_)}. Got {unknown[0]!r}. "
                "Name every label in the first call of partial_fit."
            )
        return self._one_pass(self._indexed(X, y, weight, goes_on), goes_on=goes_on)

    def _rows(self, X: Any, y: Any, sample_weight: Any, *, reset: bool) -> tuple[np.ndarray, np.ndarray, Any]:
        """Checked rows and labels, and their weights times those of their classes."""
        single = _single_precision(X)
        X, y = validate_data(self, X, y, reset=reset, dtype=_FLOATS)
        if single is not None:
            X = check_array(single, dtype=_FLOATS, estimator=self, input_name="X")
        check_classification_targets(y)
        y = column_or_1d(y, warn=True)
        weight = self._weight(sample_weight, X)
        if self.class_weight is not None:
            by_class = compute_sample_weight(self.class_weight, y).astype(X.dtype)
            weight = by_class if weight is None else weight * by_class
        return X, y, weight

    def decision_function(self, X: Any) -> np.ndarray:
        """(n,) scores of two classes, above 0 for the second one; (n, classes) raw scores of several."""
        scores = self._scores(X)
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """(n, classes) logarithms of the probabilities, exact also where these are too small for a number."""
        scores = self._scores(X)
        if scores.shape[1] == 1:
            scores = np.hstack([np.zeros_like(scores), scores])
        shifted = scores - scores.max(axis=1, keepdims=True)
        return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))

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
    """A dense network for numbers, one or several a row, trained on the squared error.

    Args:
        hidden_layer_sizes, …: as for `NetworkClassifier`, without class_weight.

    Attributes:
        network_, n_iter_, loss_curve_, validation_curve_ (with early stopping), mean_, scale_, target_mean_,
        target_scale_.

    Example:
        >>> import numpy as np
        >>> X = np.linspace(-1, 1, 200)[:, None]
        >>> NetworkRegressor((32,), random_state=0).fit(X, X[:, 0] ** 2).score(X, X[:, 0] ** 2) > 0.99
        True
    """

    def _understood(self, X: Any, y: Any, sample_weight: Any, *, goes_on: bool = False) -> Rows:
        single = _single_precision(X)
        X, y = validate_data(self, X, y, reset=not goes_on, dtype=_FLOATS, y_numeric=True, multi_output=True)
        if single is not None:
            X = check_array(single, dtype=_FLOATS, estimator=self, input_name="X")
        y = y.astype(np.float64)
        weight = self._weight(sample_weight, X)
        if weight is not None:
            X, y, weight = X[weight > 0], y[weight > 0], weight[weight > 0]
        if not goes_on:
            mean = np.average(y, axis=0, weights=weight)
            spread = np.sqrt(np.average((y - mean) ** 2, axis=0, weights=weight))
            scale = np.where(spread > 0, spread, 1.0)
            self.target_mean_, self.target_scale_ = (float(mean), float(scale)) if y.ndim == 1 else (mean, scale)
        elif np.shape(self.target_mean_) != y.shape[1:]:
            raise InputError(
                f"{type(self).__name__}: y must have as many numbers a row as in the last fit, "
                f"{np.size(self.target_mean_)}. Got {y.shape}. Set warm_start=False, or give as many."
            )
        target = ((y - self.target_mean_) / self.target_scale_).astype(X.dtype)
        outputs = 1 if y.ndim == 1 else y.shape[1]
        return Rows(self._prepare(X, weight, goes_on=goes_on), target, weight, outputs, "mean_squared_error")

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """One pass through these rows from where the network stands, for data that comes in portions.

        The first portion sets the standardisation of inputs and target; the optimiser's memory begins anew with each.

        Raises:
            ValueError: as in `fit`.
        """
        goes_on = hasattr(self, "network_")
        return self._one_pass(self._understood(X, y, sample_weight, goes_on=goes_on), goes_on=goes_on)

    def predict(self, X: Any) -> np.ndarray:
        """(n,) numbers in the unit of y, or (n, K) where y was so."""
        answers = self._scores(X) * self.target_scale_ + self.target_mean_
        return answers if np.ndim(self.target_mean_) else answers[:, 0]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def _single_precision(X: Any) -> np.ndarray | None:
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
