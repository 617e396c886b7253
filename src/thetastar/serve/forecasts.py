"""Forecasts as a service: new rows in, the next steps out, as `thetastar predict MODEL ROWS --horizon H` gives them.

Rows count for their request alone, so an answer follows from the model file and the request, whatever was asked before
and whichever of several processes answers. A row whose target is not known tells what is known of a step ahead.
"""

from __future__ import annotations

import asyncio
import math
from typing import Any

from thetastar.data import read_table
from thetastar.errors import InputError
from thetastar.forecasting.new_rows import steps_after
from thetastar.serve.openapi import document, refusals, rows_body, said
from thetastar.serve.predictor import beside
from thetastar.serve.requests import Limits, Refused, body_of, kind_of, refuse_long, rows_of

__all__ = ["Forecasts"]

_SHOWN, _MOST_STEPS = 200, 10_000


class Forecasts:
    """A forecast with what a request may ask of it.

    Args:
        model: what `thetastar.forecast` returns or `thetastar.load` reads.
        limits: of one request; an answer may have as many rows as a request.
    """

    def __init__(self, model: Any, limits: Limits) -> None:
        self.model, self.limits = model, limits
        layout = model.series.layout
        self.names = [name for name in (layout.id, layout.time, layout.target, *layout.columns) if name is not None]

    @property
    def most_steps(self) -> int:
        """How many steps may be asked for: an answer has a row for each of every series."""
        return min(_MOST_STEPS, self.limits.rows // len(self.model.series))

    async def answer(self, request: Any) -> dict[str, Any]:
        """{"forecast": [{"time", "prediction", "lower_80", "upper_80", …}]} of the next steps.

        Raises:
            Refused, InputError: in the words of `forecast`.
        """
        steps, levels = self._asked(request.query_params)
        body = await body_of(request, self.limits)
        csv = kind_of(request) == "text/csv"
        if csv:
            refuse_long(body, self.limits)
        rows = None if csv or not body.strip() else rows_of(body, self.limits)
        work = beside(self.forecast, body if csv else rows, steps, levels)
        return {"forecast": await asyncio.wait_for(work, self.limits.seconds)}

    def forecast(
        self, given: bytes | list[dict[str, Any]] | None, steps: int, levels: str | None
    ) -> list[dict[str, Any]]:
        """The next steps of every series as plain JSON values; null where a number is not known.

        Args:
            given: rows, or a CSV text of them.
            steps, levels: as of `ForecastModel.forecast`.
        """
        table = None if given is None else self._of_csv(given) if isinstance(given, bytes) else self._of_rows(given)
        found = steps_after(self.model, table, steps, levels)
        return [{name: None if isinstance(value, float) and not math.isfinite(value) else value
                 for name, value in row.items()} for row in found]  # fmt: skip

    def _asked(self, query: Any) -> tuple[int, str | None]:
        """Steps and levels of a request."""
        text = query.get("steps", str(self.model.horizon))
        if not (text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= _MOST_STEPS):
            raise Refused(
                422, f"steps must be a whole number from 1 to 10,000. Got {text[:40]!r}. Use for example ?steps=14."
            )
        steps, series = int(text), len(self.model.series)
        if steps > self.most_steps:
            raise Refused(
                422, f"An answer may have {self.limits.rows:,} rows. Asked for {steps * series:,}, {steps:,} steps of "
                f"{series:,} series. Ask for fewer steps."
            )  # fmt: skip
        return steps, query.get("levels")

    def _of_csv(self, body: bytes) -> Any:
        from thetastar.data.read.reading import Reading
        from thetastar.data.read.text import text_table

        if not body.strip():
            raise InputError("The body is empty. Send a header and at least one row, or ask without a body.")
        return text_table(body, Reading("the request", expected=tuple(self.names)))

    def _of_rows(self, rows: list[dict[str, Any]]) -> Any:
        for number, row in enumerate(rows):
            for name in self.names:
                if name not in row:
                    raise InputError(
                        f"row {number}: the column {name!r} is missing. Give it, or null where it is not known."
                    )
                if not isinstance(row[name], str | int | float | bool | None):
                    raise InputError(
                        f"row {number}, column {name!r}: a cell must be a number, a text, true, false or null. Got "
                        f"{'a list' if isinstance(row[name], list) else 'an object'}. Give one value."
                    )
        return read_table({name: [row[name] for row in rows] for name in self.names}, name="the request")

    def schema(self) -> dict[str, Any]:
        """{"target", "task", "horizon", "levels", "frequency", "series", "columns"} of the model."""
        model = self.model
        layout, ids = model.series.layout, list(model.series.ids)
        roles = {layout.time: "time", layout.target: "target"}
        if layout.id is not None:
            roles[layout.id] = "id"
        roles |= {name: "known ahead" if name in model.known else "known so far" for name in layout.columns}
        return {
            "target": model.target, "task": "forecast", "horizon": model.horizon, "levels": list(model.levels),
            "frequency": model.record.frequency, "series": len(ids), "ids": ids[:_SHOWN] if layout.id else [],
            "columns": [{"name": name, "role": roles[name]} for name in self.names],
        }  # fmt: skip

    def openapi(self) -> dict[str, Any]:
        """The description by OpenAPI 3.1."""
        cell = {"type": ["string", "number", "boolean", "null"]}
        row = {"type": "object", "required": self.names, "properties": {name: cell for name in self.names}}
        number = {"type": ["number", "null"]}
        step: dict[str, Any] = {
            "type": "object", "required": ["time", "prediction"],
            "properties": {"id": {"type": "string"}, "time": {"type": "string"}, "prediction": number},
            "additionalProperties": number,
        }  # fmt: skip
        most = max(self.most_steps, 1)
        asked = [
            {"name": "steps", "in": "query", "required": False, "description": "How many steps ahead.",
             "schema": {"type": "integer", "minimum": 1, "maximum": most, "default": self.model.horizon}},
            {"name": "levels", "in": "query", "required": False, "description": "Of the intervals, in percent: 80,95.",
             "schema": {"type": "string"}},
        ]  # fmt: skip
        asks = {"parameters": asked, "responses": {
            "200": said("The next steps of every series.", "Forecast"),
            **refusals(
                "Too long, or too many rows.",
                "A row cannot be read, there are too many steps, or what is ahead is not known; the words say it.",
            ),
        }}  # fmt: skip
        words = f"The next steps of {self.model.target}"
        path = {
            "get": {"summary": f"{words}, after the rows that the model has learned from", **asks},
            "post": {
                "summary": f"{words} after new rows", **asks,
                "requestBody": rows_body(self.limits.bytes, required=False),
            },
        }  # fmt: skip
        plain = {
            "/health": "Whether the service answers.", "/version": "Versions, target and task.",
            "/schema": "The columns of a row, and what is forecast.",
        }  # fmt: skip
        made = {
            "type": "object", "required": ["forecast"],
            "properties": {"forecast": {"type": "array", "items": step}},
        }  # fmt: skip
        return document(self.model.target, {"/forecast": path}, plain, {"Row": row, "Forecast": made})
