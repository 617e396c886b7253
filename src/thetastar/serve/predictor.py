"""What the service asks of a model: rows in, answers out, with requests that wait together answered together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np

from thetastar.data import read_table
from thetastar.data.blocks import NumberBlock
from thetastar.errors import InputError
from thetastar.serve.drift import Drift
from thetastar.serve.rows import ShortWay

__all__ = ["Batches", "Predictor", "beside"]

_AT_ONCE = 512  # rows that are answered in the loop itself; more go to a thread


class Predictor:
    """A model with the short way for plain rows.

    Args:
        model: what `thetastar.load` reads, for single rows.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        base = getattr(model.preparation, "base", model.preparation)
        self.names = [block.name for block in base.blocks]
        self._numbers = {block.name for block in base.blocks if isinstance(block, NumberBlock)}
        self._way = None if getattr(model, "needs_table", False) else ShortWay(base)
        seen = getattr(model.record, "columns", ())
        ranges = {column.name: (column.low, column.high) for column in seen if column.low is not None}
        self.drift = Drift(base.blocks, ranges)

    def answers(self, rows: list[dict[str, Any]]) -> np.ndarray:
        """(n,) values or (n, C) probabilities, whatever the model gives.

        Raises:
            InputError: in the words of `predict`.
        """
        prepared = None if self._way is None else self._way.prepared(rows)
        if prepared is not None:
            return self.model.predicted_rows(prepared)
        return self.table_answers(self._columns(rows))

    def table_answers(self, data: Any) -> np.ndarray:
        """The same of whatever `predict` reads."""
        probable = self.model.target_encoding.kind.probable
        return self.model.predict_proba(data) if probable else self.model.predict(data)

    def _columns(self, rows: list[dict[str, Any]]) -> Any:
        for number, row in enumerate(rows):
            missing = [name for name in self.names if name not in row]
            if missing:
                raise InputError(
                    f"row {number}: the column {missing[0]!r} is missing. Give it, or null where it is not known."
                )
            for name in self.names:
                if not isinstance(row[name], str | int | float | bool | None):
                    return self._samples(rows)
        return read_table({name: self._cells(rows, name) for name in self.names}, name="the request")

    def _cells(self, rows: list[dict[str, Any]], name: str) -> list[Any]:
        """A column's cells; true and false are 1 and 0 among numbers, whatever the other rows hold."""
        if name not in self._numbers:
            return [row[name] for row in rows]
        return [int(cell) if isinstance(cell, bool) else cell for cell in (row[name] for row in rows)]

    def _samples(self, rows: list[dict[str, Any]]) -> Any:
        """Images or sequences, which are lists of lists."""
        name = self.names[0]
        if name not in ("image", "sequence"):
            number, name = next((number, name) for number, row in enumerate(rows) for name in self.names
                                if not isinstance(row[name], str | int | float | bool | None))  # fmt: skip
            raise InputError(
                f"row {number}, column {name!r}: a cell must be a number, a text, true, false or null. Got "
                f"{'a list' if isinstance(rows[number][name], list) else 'an object'}. Give one value."
            )
        try:
            samples = np.array([row[name] for row in rows], np.float32)
        except (ValueError, TypeError):
            raise InputError(
                f"{name}: all must be lists of numbers of one shape. Send others in requests of their own."
            ) from None
        return samples, np.zeros(len(rows))

    def said(self, answers: np.ndarray, proba: bool) -> dict[str, Any]:
        """Answers as plain JSON values."""
        model = self.model
        if len(model.targets) > 1:
            return _said_of_targets(model, answers, proba)
        if model.classes is None:
            return {"predictions": answers.tolist()}
        labels = model.named(answers).tolist()
        if not proba:
            return {"predictions": labels}
        names = [str(label) for label in model.classes]
        return {
            "predictions": labels,
            "probabilities": [dict(zip(names, row, strict=True)) for row in answers.tolist()],
        }


def _said_of_targets(model: Any, answers: np.ndarray, proba: bool) -> dict[str, Any]:
    """Of several targets an object a row: the prediction of each, and of labels the probability of each."""

    def by_name(rows: np.ndarray) -> list[dict[str, Any]]:
        return [dict(zip(model.targets, row, strict=True)) for row in rows.tolist()]

    if not model.target_encoding.kind.probable:
        return {"predictions": by_name(answers)}
    said = {"predictions": by_name(model.named(answers))}
    return {**said, "probabilities": by_name(answers)} if proba else said


async def beside(work: Callable[..., Any], *arguments: Any) -> Any:
    """What the work returns, done in a thread of its own so that other requests are answered meanwhile.

    Where the machine refuses the thread, it is done in this one.
    """
    try:
        done = asyncio.get_running_loop().run_in_executor(None, work, *arguments)
    except RuntimeError:
        return work(*arguments)
    return await done


class Batches:
    """Requests that wait at the same moment go through the network together.

    Each gets what it would get alone: rows do not see one another. Where a batch is refused, its requests are asked one
    by one, so that only those that are wrong hear of it.
    """

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self._waiting: list[tuple[list[dict[str, Any]], asyncio.Future[np.ndarray]]] = []
        self.batches = self.requests = 0

    async def answers(self, rows: list[dict[str, Any]]) -> np.ndarray:
        """What `Predictor.answers` says."""
        if len(rows) > _AT_ONCE:
            return await beside(self._predictor.answers, rows)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[np.ndarray] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._run)
        self._waiting.append((rows, future))
        return await future

    def _run(self) -> None:
        waiting, self._waiting = self._waiting, []
        waiting = [(rows, future) for rows, future in waiting if not future.done()]
        self.batches += 1
        self.requests += len(waiting)
        if len(waiting) > 1:
            try:
                found = self._predictor.answers([row for rows, _ in waiting for row in rows])
            except InputError:
                pass  # one of them is wrong: all are asked alone
            else:
                ends = np.cumsum([len(rows) for rows, _ in waiting])[:-1]
                for (_, future), part in zip(waiting, np.split(found, ends), strict=True):
                    future.set_result(part)
                return
        for rows, future in waiting:
            try:
                future.set_result(self._predictor.answers(rows))
            except Exception as error:  # it belongs to the request that caused it
                future.set_exception(error)
