"""The preparation of tables as a scikit-learn transformer: text, dates and missing cells to numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from thetastar.data import Preparation, infer_roles, read_table

__all__ = ["TableTransformer"]


class TableTransformer(TransformerMixin, BaseEstimator):
    """What `thetastar.fit` does to a table before a network sees it, for pipelines with any estimator.

    Numbers are scaled and their missing cells filled in and marked; categories become a feature a level, with one for
    rare and unseen levels; dates become their parts; identifiers, constants, copies and free text are left out.

    Args:
        roles: {column: role} where the role found does not suit, such as {"zip": "category"}.
        scaling: of numbers, "standard" (mean and deviation) or "robust" (median and quartiles).

    Attributes:
        roles_: the role of every column, with the reason; preparation_: the fitted `Preparation`; n_features_in_,
        feature_names_in_.

    Example:
        >>> import pandas
        >>> import thetastar as ts
        >>> from sklearn.pipeline import make_pipeline
        >>> rooms, city = [1.0, 2.5, None, 4.0] * 10, ["Ulm", "Bonn", "Ulm", "Jena"] * 10
        >>> frame = pandas.DataFrame({"rooms": rooms, "city": city})
        >>> dear = [city == "Jena" for city in frame["city"]]
        >>> both = make_pipeline(ts.TableTransformer(), ts.NetworkClassifier(epochs=50, random_state=0))
        >>> both.fit(frame, dear).score(frame, dear)
        1.0
    """

    def __init__(self, roles=None, *, scaling="standard"):
        self.roles = roles
        self.scaling = scaling

    def fit(self, X: Any, y: Any = None) -> TableTransformer:
        """Learn medians, scales and levels from the rows of X: a frame of any make, a dict of columns or an array.

        Raises:
            ValueError: X is no table, or no column is left to learn from.
        """
        table = read_table(X)
        self.roles_ = infer_roles(table, "", self.roles)
        self.preparation_ = Preparation.fit(table, np.arange(table.row_count), self.roles_, scaling=self.scaling)
        self.n_features_in_ = len(table.names)
        self.feature_names_in_ = np.array(table.names, dtype=object)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """(n, F) float32 features of rows with the columns of `fit`, in any order.

        Raises:
            ValueError: a column is missing, or a cell cannot be read as it was learned.
        """
        check_is_fitted(self)
        return self.preparation_.transform(read_table(X, expected=self.preparation_.names))

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """(F,) names of the features: "rooms", "city=Ulm", …"""
        check_is_fitted(self)
        return np.array(self.preparation_.feature_names, dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = tags.input_tags.string = tags.input_tags.categorical = True
        return tags
