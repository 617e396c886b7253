"""The model: what a study found, network and answer, with everything that makes it usable on new rows."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from thetastar._native import default_threads
from thetastar.errors import InputError
from thetastar.model.answer import Answer, Member
from thetastar.model.calibration import Calibration
from thetastar.model.leaderboard import Leaderboard
from thetastar.model.record import Record
from thetastar.model.result import result
from thetastar.model.seen import Overlap, SeenRows, row_digests

if TYPE_CHECKING:
    from thetastar.data.piecewise import PiecewisePreparation
    from thetastar.data.prepare import Preparation
    from thetastar.data.table import Table
    from thetastar.data.targets import AnyTarget
    from thetastar.network import Network

__all__ = ["Model"]

_FEW = 4_096  # rows that one thread has done before others have begun
_UNWEIGHED = (
    "the study's own scores are {}, and here every row counts once. Add the weights (sample_weight=, --weight) to "
    "compare them."
)
_CHUNK = 65_536  # rows prepared at once: bounds memory, and is far above what keeps the threads busy


class Model:
    """What `fit` returns and `load` reads: network, preparation, target and the record of how it was chosen.

    A model is never changed, so any number of threads may predict with it at once.

    Example:
        >>> import thetastar as ts
        >>> rows = {"x": [k / 50 for k in range(400)], "y": [(k / 50) ** 2 for k in range(400)]}
        >>> model = ts.fit(rows, target="y", candidates=[(16,)], effort=2)
        >>> model.predict({"x": [2.0, 3.0]}).round(0).tolist()
        [4.0, 9.0]
    """

    def __init__(
        self, *, network: Network, preparation: Preparation | PiecewisePreparation, target_encoding: AnyTarget,
        record: Record, answer: Answer | None = None, tested: Model | None = None,
    ) -> None:  # fmt: skip
        self._network, self._preparation = network, preparation
        self._encoding, self._record = target_encoding, record
        self._answer = answer or Answer.alone(record.winner.name, network, preparation)
        self._tested = tested

    @property
    def network(self) -> Network:
        """The trained `Network` that was chosen; it takes prepared rows and gives raw outputs.

        It is there whatever the answer is: where that is a baseline or an average, the network stands beside it.
        """
        return self._network

    @property
    def members(self) -> tuple[Member, ...]:
        """What `predict` answers with: networks and baselines, averaged by their `count`; one of them, where it is as
        good alone.

        Example:
            >>> import thetastar as ts
            >>> rows = {"x": [k / 50 for k in range(400)], "y": [(k / 50) ** 2 for k in range(400)]}
            >>> model = ts.fit(rows, target="y", candidates=[(16,)], effort=2, answer="one")
            >>> [(member.name, member.count) for member in model.members]
            [('16 silu', 1)]
        """
        return self._answer.members

    @property
    def tested(self) -> Model | None:
        """The model as it was when the test rows were scored: this one, where it has not learned from them since.

        Where it has, `fit` gives the earlier one along, and writes it beside `model.theta` as `tested.theta`; a model
        that was loaded does not have it (None).

        Example:
            >>> import thetastar as ts
            >>> rows = {"x": [k / 50 for k in range(100)], "y": [(k / 50) ** 2 for k in range(100)]}
            >>> model = ts.fit(rows, target="y", candidates=[(8,)], effort=1)
            >>> model.record.answer.learned_test, model.tested.record.answer.learned_test
            (True, False)
        """
        return self._tested if self.learned_test else self

    @property
    def learned_test(self) -> bool:
        """Whether it learned from the test rows too, after they were scored; the scores are of the model before.

        Example:
            >>> import thetastar as ts
            >>> rows = {"x": [k / 50 for k in range(100)], "y": [(k / 50) ** 2 for k in range(100)]}
            >>> ts.fit(rows, target="y", candidates=[(8,)], effort=1, keep_test=True).learned_test
            False
        """
        return self._record.answer is not None and self._record.answer.learned_test

    @property
    def calibration(self) -> Calibration | None:
        """The last step of its probabilities, or the bounds of its numbers; None where they are left as they are.

        Example:
            >>> import thetastar as ts
            >>> rows = {"x": [k / 50 for k in range(100)], "y": [k > 50 for k in range(100)]}
            >>> ts.fit(rows, target="y", candidates=[(8,)], effort=1).calibration is None  # the rows do not suffice
            True
        """
        return self._answer.calibration

    @property
    def threshold(self) -> float | tuple[float, ...] | None:
        """The probability from which on `predict` names the positive class, of several labels one for each; None where
        the likeliest class is named.

        Example:
            >>> import thetastar as ts
            >>> rows = {"x": [k / 50 for k in range(100)], "y": [k > 50 for k in range(100)]}
            >>> ts.fit(rows, target="y", candidates=[(8,)], effort=1, threshold=0.3).threshold
            0.3
        """
        return self._answer.threshold

    def named(self, probabilities: np.ndarray) -> np.ndarray:
        """(n,) the labels that `predict` gives where `predict_proba` gives (n, C) `probabilities`; (n, K) of several
        targets of two classes: the positive one from its threshold on, or above one half."""
        halved = len(self.targets) > 1 and self.threshold is None
        indices = (probabilities > 0.5).astype(np.int64) if halved else self._answer.named(probabilities)
        return self._encoding.labels(indices)

    @property
    def preparation(self) -> Preparation | PiecewisePreparation:
        """What turns a table into the network's inputs, fitted on training and validation rows."""
        return self._preparation

    @property
    def target_encoding(self) -> AnyTarget:
        """What turns the target into numbers and outputs back into values or labels."""
        return self._encoding

    @property
    def record(self) -> Record:
        """Everything about the study: what the report and the command line show; `to_dict()` gives plain values.

        Example:
            >>> import thetastar as ts
            >>> rows = {"x": [k / 50 for k in range(100)], "y": [(k / 50) ** 2 for k in range(100)]}
            >>> record = ts.fit(rows, target="y", candidates=[(8,)], effort=1).record
            >>> record.test.rows, record.headline.state in ("ahead", "level", "behind")
            (10, True)
        """
        return self._record

    @property
    def task(self) -> str:
        """ "regression", "binary", "multiclass"; quantiles with their levels, "quantiles(0.1, 0.9)"; several targets
        with their number, "multioutput(3)" of numbers and "multilabel(3)" of labels."""
        return self._record.question.task

    @property
    def target(self) -> str:
        """The name of the target column; of several targets their names with commas."""
        return self._encoding.name

    @property
    def targets(self) -> tuple[str, ...]:
        """The names of the target columns, in the order of the columns of `predict`; one of most models.

        Example:
            >>> import thetastar as ts
            >>> rows = {"x": [k / 50 for k in range(100)], "y": [k / 50 for k in range(100)]}
            >>> rows["z"] = [y * y for y in rows["y"]]
            >>> model = ts.fit(rows, target=["y", "z"], candidates=[(8,)], effort=1)
            >>> model.targets, model.predict({"x": [1.0, 1.5]}).shape
            (('y', 'z'), (2, 2))
        """
        return self._encoding.names

    @property
    def classes(self) -> list[Any] | None:
        """The labels in the order of `predict_proba`'s columns; None for a regression and for several targets."""
        return None if self._encoding.classes is None else list(self._encoding.classes)

    @property
    def quantiles(self) -> tuple[float, ...] | None:
        """The levels of the quantiles that `predict` answers with, rising; None of other tasks.

        Example:
            >>> import thetastar as ts
            >>> rows = {"x": [k / 50 for k in range(100)], "y": [(k / 50) ** 2 for k in range(100)]}
            >>> model = ts.fit(rows, target="y", quantiles=(0.1, 0.9), candidates=[(8,)], effort=1)
            >>> model.quantiles, model.predict({"x": [1.0, 1.5]}).shape
            ((0.1, 0.9), (2, 2))
        """
        return self._encoding.kind.levels or None

    @property
    def leaderboard(self) -> Leaderboard:
        """Every candidate and baseline, best validation score first."""
        metric = self._record.metric
        return Leaderboard(self._record.leaderboard, metric.name, metric.direction)

    @property
    def score(self) -> dict[str, float | None]:
        """Scores on the test rows, measured once, after every choice was made."""
        return dict(self._record.test.scores)

    def result(self) -> dict[str, Any]:
        """The result as plain values, which `thetastar fit --json` prints: scores, choice, columns, verdict, headline.

        Returns:
            At least: task, score {metric: value}, intervals {metric: [low, high]}, chosen, columns, notes, distrust,
            verdict, headline {state, words, rival, interval}.

        Example:
            >>> import thetastar as ts
            >>> rows = {"x": [k / 50 for k in range(100)], "y": [(k / 50) ** 2 for k in range(100)]}
            >>> result = ts.fit(rows, target="y", candidates=[(8,)], effort=1).result()
            >>> result["task"], result["test_rows"]
            ('regression', 10)
        """
        return result(self._record)

    def predict(self, data: Any) -> np.ndarray:
        """Predictions for every row, in order.

        Args:
            data: a path, a data frame of any make, a dict of columns or an array with the columns of the training
                data in any order; columns that are not needed are passed over.

        Returns:
            (n,) floats in the target's unit, or labels as the training data had them; of a pandas or polars frame a
            series with the target's name, and with the frame's index. Of quantiles (n, Q) floats that rise in every
            row; of a frame a frame, a column `q_0.1` a level. Of several targets (n, K), a column a target in the
            order of `targets`, which are the columns' names where the data is a frame.

        Raises:
            InputError: the data cannot be read or lacks a column.
        """
        from thetastar.data.answers import as_frame, as_series

        predicted = self._predicted(self._read(data))
        if self.quantiles is not None:
            return as_frame(data, predicted, [f"q_{level:g}" for level in self.quantiles])
        answer = self.named(predicted) if self._encoding.kind.probable else predicted
        if len(self.targets) > 1:
            return as_frame(data, answer, self.targets)
        return as_series(data, answer, self.target)

    def predict_proba(self, data: Any) -> np.ndarray:
        """(n, classes) probabilities in the order of `classes`; of a pandas or polars frame a frame, a column a class.

        Of several targets of two classes (n, K): of each the probability of the positive one, a column a target.

        Raises:
            InputError: the model is a regression, or the data cannot be read or lacks a column.
        """
        if not self._encoding.kind.probable:
            raise InputError(
                f"predict_proba: {self.target!r} is a regression target, which has no probabilities; use predict()"
            )
        from thetastar.data.answers import as_frame

        return as_frame(data, self._predicted(self._read(data)), self.classes or self.targets)

    def unfamiliar(self, data: Any) -> list[str]:
        """What in new rows the model does not know, in sentences with counts: unseen levels, empty cells, more columns.

        Raises:
            InputError: the data cannot be read or lacks a column.

        Example:
            >>> import thetastar as ts
            >>> rows = {"x": [k / 50 for k in range(100)], "y": [(k / 50) ** 2 for k in range(100)]}
            >>> ts.fit(rows, target="y", candidates=[(8,)], effort=1).unfamiliar({"x": [1.0, None], "z": [1, 2]})
            ["'x': 1 cell is empty; it counts as missing.", "1 column is not needed and passed over: 'z'."]
        """
        from thetastar.data.unfamiliar import unfamiliar

        return unfamiliar(self._preparation, self._read(data))

    def row_ids(self, data: Any) -> dict[str, list[Any]]:
        """What says whose each prediction is, where rows are not the rows of a table.

        {"file": …} of a folder of images, {id: …} of sequences; nothing otherwise.
        """
        from thetastar.data.images import FILE

        grouping = self._preparation.grouping
        if grouping is None and self._preparation.names[:1] != ("image",):
            return {}
        table = self._read(data)
        name = FILE if grouping is None else grouping.id
        return {name: table.column(name).values.tolist()} if name in table else {}

    def evaluate(self, data: Any, *, sample_weight: Any = None) -> dict[str, float | None]:
        """Every score of the task on rows whose target is known; of quantiles `coverage` too, the share of rows between
        the lowest and the highest; of several targets those of each too, such as `rmse of price`.

        Args:
            data: as for `predict`, with the target.
            sample_weight: how much each row counts: a column's name, or (n,) one number a row. If not given, the column
                by which the study weighed its rows, where it did.

        Warns:
            UserWarning: some of these rows are rows that the model learned from, or test rows of its study; a column's
                numbers lie elsewhere than those that it learned from; or the study weighed its rows, and these have no
                weights.

        Raises:
            InputError: the data lacks the target or another column, or holds a label that training did not see; or a
                weight is missing, negative or infinite.
        """
        import warnings

        from thetastar.data.unfamiliar import moved
        from thetastar.model.metrics import score_all

        table, weight, unweighed = self._weighed(self._read(data), sample_weight)
        for sentence in [*unweighed, *self._overlap(table)[0].sentences, *moved(self._preparation, table)]:
            warnings.warn(sentence, UserWarning, stacklevel=2)
        predicted = self._predicted(table)
        truth = self._encoding.truth(table)
        scores = score_all(self.task, truth, predicted, self.threshold, weight=weight)
        if self.quantiles is not None and len(self.quantiles) > 1:
            held = (predicted[:, 0] <= truth) & (truth <= predicted[:, -1])
            scores["coverage"] = float(np.average(held, weights=weight))
        for k, part in enumerate(self._encoding.parts if len(self.targets) > 1 else ()):
            kind = self._encoding.kind
            above = self.threshold[k] if isinstance(self.threshold, tuple) else None
            own = score_all(part.task, kind.truth_of(truth, k), kind.predicted_of(predicted, k), above, weight=weight)
            scores |= {f"{name} of {part.name}": value for name, value in own.items()}
        return {name: value if np.isfinite(value) else None for name, value in scores.items()}

    def _weighed(self, table: Table, sample_weight: Any) -> tuple[Table, np.ndarray | None, list[str]]:
        """The rows to judge, (n,) their weights or None, and a sentence where only the study's rows had weights."""
        from thetastar.data.row_weights import known_rows, weights_of, with_weights

        weights = self._record.weights
        if sample_weight is None and weights is not None and weights.column in table:
            sample_weight = weights.column
        if sample_weight is None:
            said = [] if weights is None else [f"{table.source}: {_UNWEIGHED.format(weights.words)}"]
            return self._judged(table), None, said
        table, name = with_weights(table, sample_weight)
        table, _ = known_rows(self._judged(table), name)
        return table, weights_of(table, name), []

    def overlap(self, data: Any) -> Overlap:
        """How many of these rows, whose target is known, the model learned from, and how many tested it.

        Returns:
            Counts, and `sentences` that say what they mean for a score on these rows.

        Raises:
            InputError: as for `evaluate`.

        Example:
            >>> import thetastar as ts
            >>> rows = {"x": [k / 50 for k in range(100)], "y": [(k / 50) ** 2 for k in range(100)]}
            >>> found = ts.fit(rows, target="y", candidates=[(8,)], effort=1).overlap(rows)
            >>> found.rows, found.learned, found.tested
            (100, 90, 10)
        """
        return self._overlap(self.judged(data))[0]

    def _overlap(self, table: Table) -> tuple[Overlap, np.ndarray]:
        """The counts, and (n,) digests of the rows."""
        seen, count = self._record.seen, table.row_count
        digests = self.row_digests(table)
        if seen is None or not count:
            return Overlap(count, 0, 0, True), digests

        def about(rows: SeenRows) -> int:
            matched, compared = rows.found(digests)
            return round(matched * count / compared) if compared else 0

        exact = seen.learned.complete and seen.tested.complete
        return Overlap(count, about(seen.learned), about(seen.tested), exact, self.learned_test), digests

    def row_digests(self, table: Table) -> np.ndarray:
        """(n,) a digest of each row as the model prepares it, with its target; what `record.seen` holds."""
        truth = self._encoding.truth(table)
        pieces = [
            row_digests(self._preparation.transform(table.select(rows)), truth[rows], self._record.settings.data.digest)
            for begin in range(0, table.row_count, _CHUNK)
            for rows in [np.arange(begin, min(begin + _CHUNK, table.row_count))]
        ]
        return np.concatenate(pieces) if pieces else np.empty(0, np.uint64)

    def judged(self, data: Any) -> Table:
        """The rows of some data whose target is known, as a table.

        Raises:
            InputError: the data cannot be read, or lacks the target.
        """
        return self._judged(self._read(data))

    def _judged(self, table: Table) -> Table:
        from thetastar.data.targets import drop_missing_targets

        lacking = next((name for name in self.targets if name not in table), None)
        if lacking is not None:
            raise InputError(f"{table.source}: there is no column {lacking!r}, which holds the truth to compare with")
        return drop_missing_targets(table, self.targets)[0]

    def report(self, path: str | os.PathLike[str]) -> Path:
        """Write the report: one HTML file that works offline."""
        from thetastar.report import write_report

        return Path(write_report(self._record, path, self))

    def export(self, path: str | os.PathLike[str], to: str | None = None, *, int8: bool = False) -> Path:
        """Write the model for use without this library, with the preparation of the columns inside.

        Args:
            path: the file, whose ending says what to write: .c, .js, .onnx or .py.
            to: "c", "js", "onnx" or "python", where the ending does not say it.
            int8: C only: weights in 8 bits with a scale for each unit.

        Raises:
            InputError: the model cannot be exported there, or the file cannot be written.

        Example:
            >>> import tempfile, thetastar as ts
            >>> rows = {"x": [k / 50 for k in range(100)], "y": [(k / 50) ** 2 for k in range(100)]}
            >>> model = ts.fit(rows, target="y", candidates=[(8,)], effort=1)
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     model.export(f"{folder}/square.c").name
            'square.c'
        """
        from thetastar.export import export_model

        return export_model(self, path, to, int8=int8)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the model to a `.theta` file, all or nothing.

        Raises:
            InputError: the folder does not exist or cannot be written.
        """
        from thetastar.model.file import Contents, write_model_file

        preparation, preparation_arrays = self._preparation.to_state()
        target, target_arrays = self._encoding.to_state()
        arrays = {"network": self._network.parameters, "preparation": preparation_arrays, "target": target_arrays}
        answer = None
        if self._answer.kind != "network":
            answer, arrays["answer"] = self._answer.to_state()
        contents = Contents(
            self._record.thetastar, self._network.to_dict(), preparation, target, self._record.to_dict(), arrays,
            answer, None if self.calibration is None else self.calibration.to_state(), self.threshold,
        )  # fmt: skip
        return write_model_file(path, contents)

    def __repr__(self) -> str:
        test, metric = self._record.test, self._record.metric.name
        value = test.scores[metric]
        shown = "not defined" if value is None else f"{value:,.5g}"
        return f"<Model: {self.task} of {self.target!r} by {self._by()}; {metric} {shown} on {test.rows:,} test rows>"

    def _by(self) -> str:
        """`2 × 64 (4,737 parameters)`, or what an average is made of."""
        members = self.members
        if len(members) > 1:
            networks = sum(member.network is not None for member in members)
            return f"an average of {len(members)} members, {networks} of them networks"
        only = members[0]
        return f"{only.name} ({only.size:,} {'parameters' if only.network is not None else 'fitted numbers'})"

    def _repr_html_(self) -> str:
        """For notebooks: what it says of itself, its verdict and the leaderboard."""
        from html import escape

        said = "".join(f"<p>{escape(sentence)}</p>" for sentence in (repr(self).strip("<>"), *self._record.verdict[:2]))
        return f"{said}{self.leaderboard._repr_html_()}"

    def _read(self, data: Any) -> Table:
        from thetastar.data import read_table

        if isinstance(data, tuple) and len(data) == 2:  # arrays X and y, as fit takes them
            data = tuple(np.asanyarray(part) for part in data)
        table = read_table(data, expected=self._preparation.names)
        grouping = self._preparation.grouping
        return table if grouping is None or grouping.time not in table else grouping.grouped(table, self.target)

    def parts(self, data: Any) -> list[Table] | Iterator[Table]:
        """The rows of data as tables, each of which `predict` takes: the parts of a large file one after the other, so
        that memory holds one of them, and otherwise the one table there is.

        Raises:
            InputError: the data cannot be read or lacks a column; of a part, when it is its turn.

        Example:
            >>> import thetastar as ts
            >>> rows = {"x": [k / 50 for k in range(100)], "y": [(k / 50) ** 2 for k in range(100)]}
            >>> model = ts.fit(rows, target="y", candidates=[(8,)], effort=1)
            >>> [len(model.predict(table)) for table in model.parts({"x": [1.0, 1.5]})]
            [2]
        """
        from thetastar.data.read.parts import table_parts

        large = isinstance(data, str | os.PathLike) and self._preparation.grouping is None
        parts = table_parts(os.fspath(data), self._preparation.names) if large else None
        return [self._read(data)] if parts is None else parts

    def predicted_rows(self, rows: np.ndarray) -> np.ndarray:
        """(n,) values or (n, C) probabilities of rows that the plain preparation has made: (n, F) float32."""
        threads = 1 if len(rows) < _FEW else default_threads()
        return self._answer.calibrated(self._answer.averaged_rows(rows, self._encoding, threads))

    @property
    def needs_table(self) -> bool:
        """Whether the answer reads columns' own numbers, so that `predicted_rows` cannot do."""
        return self._answer.needs_table

    def _predicted(self, table: Table) -> np.ndarray:
        """(n,) values or (n, C) probabilities, prepared and computed in pieces."""
        threads = 1 if table.row_count < _FEW else default_threads()
        if table.row_count <= _CHUNK:
            return self._answer.predicted(table, self._encoding, threads)
        pieces = (
            table.select(np.arange(begin, min(begin + _CHUNK, table.row_count)))
            for begin in range(0, table.row_count, _CHUNK)
        )
        return np.concatenate([self._answer.predicted(piece, self._encoding, threads) for piece in pieces])
