"""`GridSearch`: scikit-learn's `GridSearchCV` for this package's estimators, all settings and folds trained at once."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.model_selection import GridSearchCV, ParameterGrid, check_cv
from sklearn.utils import _safe_indexing, indexable

from thetastar.errors import InputError
from thetastar.estimators import NetworkClassifier, NetworkRegressor

__all__ = ["GridSearch"]


class GridSearch(GridSearchCV):
    """Search a grid of settings as `GridSearchCV` does, to the same scores, all networks of a fold trained at once.

    `GridSearchCV` fits one estimator after another (or one a process). Small networks leave most of a processor idle
    that way. Here the networks of all settings learn from a fold's rows together, so that alike ones share vectors,
    and the rows of a fold are standardised once. Scoring, ranking and refitting are scikit-learn's own.

    Args:
        estimator: a `NetworkClassifier` or `NetworkRegressor`.
        param_grid: a dict of lists, or a list of such dicts, over the estimator's arguments.
        n_jobs: threads; every core if not given.
        scoring, refit, cv, verbose, error_score, return_train_score: as for `GridSearchCV`.

    Attributes:
        cv_results_, best_estimator_, best_params_, best_score_, best_index_, scorer_, n_splits_, refit_time_: as
            `GridSearchCV` has them; `mean_fit_time` is the time of all trainings divided by their number.

    Raises:
        InputError: another estimator; a setting out of range.

    Example:
        >>> from sklearn.datasets import load_iris
        >>> import thetastar as ts
        >>> X, y = load_iris(return_X_y=True)
        >>> grid = {"hidden_layer_sizes": [(8,), (16, 16)], "learning_rate": [0.003, 0.01]}
        >>> search = ts.GridSearch(ts.NetworkClassifier(epochs=30, random_state=0), grid, cv=3).fit(X, y)
        >>> len(search.cv_results_["params"]), search.best_params_ in search.cv_results_["params"]
        (4, True)

    Source: lecture 5 (42 combinations in five folds).
    """

    def fit(self, X: Any, y: Any = None, **params: Any) -> GridSearch:
        """Train every setting on every fold, choose, and fit the best on all rows.

        Args:
            X: (n, F) numbers.
            y: (n,) labels or numbers.
            params: `sample_weight` (n,), or `groups` (n,) for the splitter.
        """
        if type(self.estimator) not in _READY:
            raise InputError(
                "GridSearch: the estimator must be a NetworkClassifier or a NetworkRegressor. Got "
                f"{type(self.estimator).__name__}. Use scikit-learn's GridSearchCV, which fits one after another."
            )
        X, y = indexable(X, y)
        groups, weight = params.pop("groups", None), params.get("sample_weight")
        splits = list(check_cv(self.cv, y, classifier=is_classifier(self.estimator)).split(X, y, groups))
        settings = list(ParameterGrid(self.param_grid))
        began = time.perf_counter()
        trained = deque(self._trained(X, y, weight, settings, splits))
        seconds = time.perf_counter() - began

        ready = _READY[type(self.estimator)](**{**self.estimator.get_params(deep=False), "n_jobs": self.n_jobs})
        ready.trained = trained
        inner = GridSearchCV(**{**self.get_params(deep=False), "estimator": ready, "cv": splits, "n_jobs": None})
        inner.fit(X, y, **params)
        inner.cv_results_["mean_fit_time"] = np.full(len(settings), seconds / (len(settings) * len(splits)))
        inner.cv_results_["std_fit_time"] = np.zeros(len(settings))
        for name, value in vars(inner).items():
            if name.endswith("_") and not name.startswith("_"):
                setattr(self, name, value)
        if hasattr(self, "best_estimator_"):
            plain = clone(self.estimator).set_params(**self.best_params_)
            vars(plain).update(_learned(self.best_estimator_))
            self.best_estimator_ = plain
        return self

    def _trained(self, X: Any, y: Any, weight: Any, settings: list[dict[str, Any]], splits: list[Any]) -> list[Any]:
        """What every setting learned on every fold, or the error that it met, in the order of asking."""
        from thetastar.training import train_many

        threads = self.n_jobs if isinstance(self.n_jobs, Integral) and self.n_jobs > 0 else None
        found: list[list[Any]] = [[] for _ in settings]
        for train, _ in splits:
            like = clone(self.estimator)
            fold_weight = None if weight is None else _safe_indexing(weight, train)
            try:
                rows = like._understood(_safe_indexing(X, train), _safe_indexing(y, train), fold_weight)
            except ValueError as error:
                for of_setting in found:
                    of_setting.append(error)
                continue
            candidates, works, jobs = [], [], []
            for chosen in settings:
                candidate = clone(self.estimator).set_params(**chosen)
                vars(candidate).update(_learned(like))
                try:
                    work = candidate._work(rows)
                except ValueError as error:
                    candidate = work = error
                candidates.append(candidate)
                works.append(work)
                jobs += [] if isinstance(work, ValueError) else work.jobs
            runs = iter(train_many(jobs, rows.X, rows.target, dtype=str(rows.X.dtype), threads=threads) if jobs else ())
            for of_setting, candidate, work in zip(found, candidates, works, strict=True):
                of_setting.append(work if isinstance(work, ValueError) else _taken(candidate, work, runs))
        return [outcome for of_setting in found for outcome in of_setting]


def _taken(candidate: Any, work: Any, runs: Iterator[Any]) -> dict[str, Any] | ValueError:
    own = [next(runs) for _ in work.jobs]
    try:
        return _learned(candidate._take(own, work))
    except ValueError as error:  # it diverged from every start: `error_score` decides
        return error


def _learned(estimator: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(estimator).items() if name.endswith("_") and not name.startswith("_")}


class _Ready:
    """An estimator whose first fits were done beforehand; clones draw from the same line, later fits train as usual."""

    trained: deque[Any]

    def __sklearn_clone__(self) -> Any:
        again = type(self)(**self.get_params(deep=False))  # type: ignore[attr-defined]
        again.trained = self.trained
        return again

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        if not self.trained:
            return super().fit(X, y, sample_weight)  # type: ignore[misc]
        learned = self.trained.popleft()
        if isinstance(learned, ValueError):
            raise learned
        vars(self).update(learned)
        return self


class _ReadyClassifier(_Ready, NetworkClassifier):
    """See `_Ready`."""


class _ReadyRegressor(_Ready, NetworkRegressor):
    """See `_Ready`."""


_READY: dict[type, Any] = {NetworkClassifier: _ReadyClassifier, NetworkRegressor: _ReadyRegressor}
