"""The whole answer as a function of rows: of a network its outputs, of a model its prediction, averages included."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from thetastar.data.table import Column, Table
from thetastar.errors import InputError
from thetastar.network import Network

from .subject import features_of, network_of, output_names, part_of

__all__ = ["Answer", "ModelAnswer", "NetworkAnswer", "answer_of", "feature_places"]


class Answer:
    """What is asked of both kinds: columns by name, rows that can be picked and changed, and the answer to rows.

    Rows are an array (n, F) for a network and a `Table` for a model; nothing else needs to know.
    """

    columns: list[str]
    outputs: list[str]
    classes: list[Any] | None = None

    @property
    def probable(self) -> bool:
        """Whether it answers with probabilities."""
        return self.classes is not None

    def rows(self, where: str, data: Any) -> Any:
        """The rows of what somebody gave."""
        raise NotImplementedError

    def answer(self, rows: Any) -> np.ndarray:
        """(n, outputs) values, or probabilities where there are classes."""
        raise NotImplementedError

    def truth(self, where: str, rows: Any, y: Any) -> np.ndarray:
        """(n,) or (n, outputs) what is true: values, or class indices."""
        raise NotImplementedError

    def unit(self, rows: Any, layer: int, unit: int, network: int | None) -> np.ndarray:
        """(n,) what a neuron answers."""
        raise NotImplementedError

    def count(self, rows: Any) -> int:
        return len(rows)

    def pick(self, rows: Any, indices: np.ndarray) -> Any:
        raise NotImplementedError

    def permuted(self, rows: Any, columns: list[str], order: np.ndarray) -> Any:
        """The rows where the named columns come from other rows, all of them from the same."""
        raise NotImplementedError

    def values(self, rows: Any, column: str) -> np.ndarray:
        """A column's values: floats with NaN, or objects with None."""
        raise NotImplementedError

    def with_values(self, rows: Any, column: str, values: np.ndarray) -> Any:
        """The rows with other values in a column."""
        raise NotImplementedError

    def column(self, where: str, name: Any) -> str:
        """The name of a column given by name or place."""
        from thetastar._checks import nearest

        if isinstance(name, int) and not isinstance(name, bool) and -len(self.columns) <= name < len(self.columns):
            return self.columns[name]
        if name in self.columns:
            return str(name)
        raise InputError(f"{where}: there is no column {name!r}. {nearest(str(name), self.columns)}")


class NetworkAnswer(Answer):
    """A network's raw outputs on rows as it takes them."""

    def __init__(self, net: Network, names: Any = None):
        self.net, self.columns, self.outputs = net, features_of(net, names), output_names(net)

    def rows(self, where: str, data: Any) -> np.ndarray:
        try:
            X = np.asarray(data, np.float32)
        except (TypeError, ValueError):
            X = np.zeros(0)
        size = len(self.columns)
        if X.ndim < 2 or len(X) == 0 or int(np.prod(X.shape[1:])) != size:
            raise InputError(
                f"{where}: the rows must be an array (n, {size}) of at least one row, as the network takes them. "
                f"Got {type(data).__name__} of shape {np.shape(data) if not isinstance(data, str) else ''}. "
                "A model takes tables; a network takes prepared rows."
            )
        return X.reshape(len(X), size)

    def answer(self, rows: np.ndarray) -> np.ndarray:
        return self.net.predict(rows.reshape(len(rows), *self.net.input_shape)).reshape(len(rows), -1).astype(float)

    def truth(self, where: str, rows: np.ndarray, y: Any) -> np.ndarray:
        if y is None:
            raise InputError(f"{where}: a network needs the rows' targets. Got y=None. Give y.")
        truth = np.asarray(y, float)
        if len(truth) != len(rows):
            raise InputError(
                f"{where}: y must have one target for each of {len(rows)} rows. Got {len(truth)}. Give "
                f"the targets of these rows."
            )
        return truth.reshape(len(truth), -1)

    def unit(self, rows: np.ndarray, layer: int, unit: int, network: int | None) -> np.ndarray:
        return _unit(self.net, rows, layer, unit)

    def pick(self, rows: np.ndarray, indices: np.ndarray) -> np.ndarray:
        return rows[indices]

    def permuted(self, rows: np.ndarray, columns: list[str], order: np.ndarray) -> np.ndarray:
        changed = rows.copy()
        places = [self.columns.index(column) for column in columns]
        changed[:, places] = rows[order][:, places]
        return changed

    def values(self, rows: np.ndarray, column: str) -> np.ndarray:
        return rows[:, self.columns.index(column)].astype(float)

    def with_values(self, rows: np.ndarray, column: str, values: np.ndarray) -> np.ndarray:
        changed = rows.copy()
        changed[:, self.columns.index(column)] = values
        return changed


class ModelAnswer(Answer):
    """A model's prediction, or its probabilities, on rows of a table."""

    def __init__(self, model: Any):
        self.model = model
        self.columns = list(feature_places(model.preparation))
        self.classes = model.classes
        self.targets = tuple(getattr(model, "targets", (model.target,)))
        self.outputs = list(self.targets) if self.classes is None else [str(label) for label in self.classes]
        self.levels = getattr(model, "quantiles", None)
        if self.levels is not None:
            self.outputs = [f"{model.target} q_{level:g}" for level in self.levels]

    def rows(self, where: str, data: Any) -> Table:
        if data is None:
            raise InputError(f"{where}: a model needs rows. Got none. Give a file, a data frame or columns.")
        table = self.model._read(data)
        if table.row_count == 0:
            raise InputError(
                f"{where}: there must be at least one row. {table.source} has none. Give the rows to look at."
            )
        return table

    @property
    def probable(self) -> bool:
        return bool(self.model.target_encoding.kind.probable)

    def answer(self, rows: Table) -> np.ndarray:
        if self.probable:
            return self.model.predict_proba(rows)
        return np.asarray(self.model.predict(rows), float).reshape(rows.row_count, -1)

    def truth(self, where: str, rows: Table, y: Any) -> np.ndarray:
        if y is not None:
            raise InputError(f"{where}: a model's rows hold their targets. Got y too. Leave it out.")
        lacking = next((name for name in self.targets if name not in rows), None)
        if lacking is not None:
            raise InputError(
                f"{where}: the rows must hold the target {lacking!r}. {rows.source} has no such column. "
                "Give rows whose target is known."
            )
        return self.model.target_encoding.truth(rows)

    def known(self, rows: Table) -> bool:
        """Whether the rows hold every target."""
        return all(name in rows for name in self.targets)

    def unit(self, rows: Table, layer: int, unit: int, network: int | None) -> np.ndarray:
        net = network_of("explain", self.model, network)
        return _unit(net, self.model.preparation.transform(rows), layer, unit)

    def pick(self, rows: Table, indices: np.ndarray) -> Table:
        return rows.select(indices)

    def permuted(self, rows: Table, columns: list[str], order: np.ndarray) -> Table:
        wanted = set(columns)
        changed = tuple(column.select(order) if column.name in wanted else column for column in rows.columns)
        return replace(rows, columns=changed)

    def values(self, rows: Table, column: str) -> np.ndarray:
        return rows.column(column).values

    def with_values(self, rows: Table, column: str, values: np.ndarray) -> Table:
        """`values` as `values(…)` gives them: floats, or texts and None."""
        old = rows.column(column)
        if old.numbers is not None:
            new = Column(column, numbers=np.asarray(values, float), native=old.native, style=old.style)
        else:
            levels = tuple(dict.fromkeys(str(v) for v in values if v is not None))
            place = {level: code for code, level in enumerate(levels)}
            codes = np.array([-1 if v is None else place[str(v)] for v in values], np.int32)
            new = Column(column, codes=codes, levels=levels, native=old.native)
        return replace(rows, columns=tuple(new if c.name == column else c for c in rows.columns))


def _unit(net: Network, rows: np.ndarray, layer: int, unit: int) -> np.ndarray:
    outputs = part_of(net, 0, layer + 1).predict(rows.reshape(len(rows), *net.input_shape))
    return outputs.reshape(len(rows), -1)[:, unit].astype(float)


def feature_places(preparation: Any) -> dict[str, np.ndarray]:
    """Where each column's features stand among the prepared ones; with those of its pieces, where numbers are cut."""
    base = getattr(preparation, "base", preparation)
    owner = [block.name for block in base.blocks for _ in range(block.width)]
    for column, edges in zip(getattr(preparation, "columns", ()), getattr(preparation, "edges", ()), strict=True):
        owner += [owner[column]] * (len(edges) - 1)
    names = np.array(owner, dtype=object)
    return {block.name: np.flatnonzero(names == block.name) for block in base.blocks}


def answer_of(where: str, subject: Any, names: Any = None) -> Answer:
    """The whole answer of a model; of a network or a run the network's.

    Raises:
        InputError: something else.
    """
    if hasattr(subject, "preparation") and hasattr(subject, "predict"):
        return ModelAnswer(subject)
    return NetworkAnswer(network_of(where, subject), names)
