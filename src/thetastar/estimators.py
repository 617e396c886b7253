"""Networks with scikit-learn's contract: `NetworkClassifier` and `NetworkRegressor`, for pipelines and grid searches.

They take prepared numbers, as scikit-learn's estimators do; tables with texts, dates and missing cells go through
`TableTransformer` first, or to `thetastar.fit`. Inputs (and a regression's target) are standardised inside, because a
network hardly learns otherwise. Single precision where X is float32, double precision otherwise.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils import check_array
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d, validate_data

from thetastar._signatures import names_nearest
from thetastar.errors import InputError
from thetastar.network_estimator import ELSEWHERE, FLOATS, NetworkEstimator, Rows, single_precision

__all__ = ["NetworkClassifier", "NetworkRegressor"]


class NetworkClassifier(ClassifierMixin, NetworkEstimator):
    """A dense network for classes, or for several labels of which each is there or not.

    Labels are rows (n, K) of 0 and 1, scikit-learn's multilabel indicators: an output for each, trained on the mean of
    their binary cross-entropies; `classes_` are their places then.

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
        classes_, multilabel_, network_, n_iter_, loss_curve_, validation_curve_ (with early stopping), mean_, scale_.

    Example:
        >>> from sklearn.datasets import load_iris
        >>> X, y = load_iris(return_X_y=True)
        >>> NetworkClassifier(epochs=50, random_state=0).fit(X, y).score(X, y) > 0.95
        True
    """

    @names_nearest(ELSEWHERE)
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
        classes = np.unique(y) if y.ndim == 1 else np.arange(y.shape[1])
        if goes_on and (y.ndim > 1, *classes) != (self.multilabel_, *self.classes_):
            raise InputError(
                f"{type(self).__name__}: warm_start needs the classes of the last fit, {list(self.classes_)}. "
                f"Got {list(classes)}. Set warm_start=False."
            )
        self.classes_, self.multilabel_ = classes, y.ndim > 1
        seen = classes if weight is None or self.multilabel_ else np.unique(y[weight > 0])
        if len(seen) < 2:
            raise InputError(f"{type(self).__name__}: at least two classes are needed. Got 1 class, {seen[0]}.")
        if weight is not None:  # a row without weight teaches nothing, and its class keeps its column all the same
            X, y, weight = X[weight > 0], y[weight > 0], weight[weight > 0]
        return self._indexed(X, y, weight, goes_on)

    def _indexed(self, X: np.ndarray, y: np.ndarray, weight: np.ndarray | None, goes_on: bool) -> Rows:
        prepared = self._prepare(X, weight, goes_on=goes_on)
        if self.multilabel_:
            return Rows(prepared, y.astype(X.dtype), weight, y.shape[1], "binary_cross_entropy")
        index = np.searchsorted(self.classes_, y)
        if len(self.classes_) == 2:
            return Rows(prepared, index, weight, 1, "binary_cross_entropy")
        return Rows(prepared, index, weight, len(self.classes_), "cross_entropy")

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """One pass through these rows from where the network stands, for data that comes in portions.

        The first portion sets the standardisation; the optimiser's memory begins anew with each. Early stopping,
        schedule, epochs and restarts do not act.

        Args:
            X, y, sample_weight: as in `fit`.
            classes: every label that will ever come; needed in the first call, but for rows of several labels.

        Raises:
            ValueError: as in `fit`; no classes in the first call, or labels beyond them.
        """
        goes_on = hasattr(self, "network_")
        X, y, weight = self._rows(X, y, sample_weight, reset=not goes_on)
        if y.ndim > 1 or (goes_on and self.multilabel_):
            return self._pass_of_labels(X, y, weight, goes_on)
        if not goes_on:
            self.multilabel_ = False
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

    def _pass_of_labels(self, X: np.ndarray, y: np.ndarray, weight: Any, goes_on: bool) -> Self:
        """One pass through rows of several labels.

        Raises:
            InputError: the first portion had another number of labels, or classes.
        """
        places = np.arange(y.shape[1] if y.ndim > 1 else 1)
        if goes_on and not (self.multilabel_ and np.array_equal(places, self.classes_)):
            raise InputError(
                f"{type(self).__name__}: every portion must have as many labels a row as the first"
                f"{f', {len(self.classes_)}' if self.multilabel_ else ', which had one class a row'}. "
                f"Got {len(places)}. Give as many."
            )
        self.classes_, self.multilabel_ = places, True
        return self._one_pass(self._indexed(X, y, weight, goes_on), goes_on=goes_on)

    def _rows(self, X: Any, y: Any, sample_weight: Any, *, reset: bool) -> tuple[np.ndarray, np.ndarray, Any]:
        """Checked rows and labels, and their weights times those of their classes."""
        single = single_precision(X)
        X, y = validate_data(self, X, y, reset=reset, dtype=FLOATS, multi_output=True)
        if single is not None:
            X = check_array(single, dtype=FLOATS, estimator=self, input_name="X")
        check_classification_targets(y)
        if type_of_target(y) != "multilabel-indicator":
            y = column_or_1d(y, warn=True)
        elif hasattr(y, "toarray"):
            y = y.toarray()
        weight = self._weight(sample_weight, X)
        if self.class_weight is not None:
            by_class = compute_sample_weight(self.class_weight, y).astype(X.dtype)
            weight = by_class if weight is None else weight * by_class
        return X, y, weight

    def decision_function(self, X: Any) -> np.ndarray:
        """(n,) scores of two classes, above 0 for the second one; (n, classes) raw scores of several, or of labels."""
        scores = self._scores(X)
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """(n, classes) logarithms of the probabilities, exact also where these are too small for a number."""
        scores = self._scores(X)
        if self.multilabel_:
            return -np.logaddexp(0, -scores)
        if scores.shape[1] == 1:
            scores = np.hstack([np.zeros_like(scores), scores])
        shifted = scores - scores.max(axis=1, keepdims=True)
        return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))

    def predict_proba(self, X: Any) -> np.ndarray:
        """(n, classes) probabilities in the order of `classes_`; of several labels (n, K), of each that it is there."""
        scores = self._scores(X)
        if self.multilabel_:
            return np.exp(-np.logaddexp(0, -scores))
        if scores.shape[1] == 1:
            scores = np.hstack([np.zeros_like(scores), scores])
        shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
        return shifted / shifted.sum(axis=1, keepdims=True)

    def predict(self, X: Any) -> np.ndarray:
        """(n,) labels; of several (n, K) ones where a label is likelier there than not."""
        scores = self._scores(X)
        if self.multilabel_:
            return (scores > 0).astype(np.int64)
        index = (scores[:, 0] > 0).astype(np.intp) if scores.shape[1] == 1 else scores.argmax(axis=1)
        return self.classes_[index]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class NetworkRegressor(RegressorMixin, NetworkEstimator):
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
        single = single_precision(X)
        X, y = validate_data(self, X, y, reset=not goes_on, dtype=FLOATS, y_numeric=True, multi_output=True)
        if single is not None:
            X = check_array(single, dtype=FLOATS, estimator=self, input_name="X")
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
