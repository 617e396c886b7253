"""The service itself: routes, what a request may be, and what it hears when it is something else.

Errors have the words of `predict`, as {"error": …}; nothing of a request is logged, kept or run.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from thetastar.errors import InputError
from thetastar.serve.openapi import openapi, schema
from thetastar.serve.predictor import Batches, Predictor, beside

__all__ = ["Limits", "application", "serve"]


@dataclass(frozen=True)
class Limits:
    """What one request may cost.

    Attributes:
        bytes: of its body.
        rows: in it.
        seconds: until an answer is given up.
    """

    bytes: int = 10_000_000
    rows: int = 100_000
    seconds: float = 30.0


class _Refused(Exception):
    """A request that is not answered: a status of HTTP and why."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status, self.words = status, words


def application(model: Any, limits: Limits | None = None) -> Any:
    """A Starlette application that predicts with a model.

    Args:
        model: what `thetastar.load` reads; a model of single rows.
        limits: of one request.

    Raises:
        InputError: Starlette is not installed, or the model is a forecast.
    """
    try:
        from starlette.applications import Starlette
        from starlette.responses import JSONResponse
        from starlette.routing import Route
    except ImportError:
        raise _needed("starlette") from None
    if not hasattr(model, "target_encoding"):
        raise InputError("serve: only models of single rows are served. Got a forecast. Use thetastar predict MODEL.")
    limits = limits or Limits()
    predictor = Predictor(model)
    batches = Batches(predictor)

    async def predict(request: Any) -> Any:
        try:
            proba = _flag(request.query_params.get("proba", "false"))
            body = await _body(request, limits)
            kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
            csv = kind == "text/csv"
            work = _of_table(predictor, body, limits) if csv else _of_rows(predictor, batches, body, kind, limits)
            answers = await asyncio.wait_for(work, limits.seconds)
            return JSONResponse(predictor.said(answers, proba))
        except _Refused as refused:
            return JSONResponse({"error": refused.words}, refused.status)
        except InputError as error:
            return JSONResponse({"error": str(error)}, 422)
        except MemoryError:
            return JSONResponse({"error": "There is not enough memory for this request. Send fewer rows."}, 503)
        except TimeoutError:
            return JSONResponse({"error": f"The answer took more than {limits.seconds:g} s. Send fewer rows."}, 503)

    def fixed(make: Any) -> Any:
        async def route(request: Any) -> Any:
            return JSONResponse(make())

        return route

    async def wrong(request: Any, error: Any) -> Any:
        words = {404: "There is no such address. See /openapi.json.", 405: "This address does not take that method."}
        return JSONResponse({"error": words.get(error.status_code, str(error.detail))}, error.status_code,
                            headers=error.headers)  # fmt: skip

    async def failed(request: Any, error: Exception) -> Any:
        return JSONResponse({"error": "Something failed inside. The request was not answered."}, 500)

    from starlette.exceptions import HTTPException

    described, columns = openapi(model, predictor.names, limits.bytes), schema(model)
    return Starlette(
        routes=[
            Route("/predict", predict, methods=["POST"]),
            Route("/health", fixed(lambda: {"status": "ok"})),
            Route("/version", fixed(lambda: _versions(model))),
            Route("/schema", fixed(lambda: columns)),
            Route("/drift", fixed(predictor.drift.to_dict)),
            Route("/openapi.json", fixed(lambda: described)),
        ],
        exception_handlers={HTTPException: wrong, Exception: failed},
    )


def serve(model: Any, *, host: str = "127.0.0.1", port: int = 8000, limits: Limits | None = None) -> None:
    """Serve a model until the process is interrupted; on the loopback address where no other is named.

    Raises:
        InputError: uvicorn or Starlette is not installed, or the port cannot be used.
    """
    import socket

    try:
        import uvicorn
    except ImportError:
        raise _needed("uvicorn") from None
    app = application(model, limits)
    taken = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((host, port))
    except OSError as error:
        raise InputError(f"--port {port}: {host} cannot be used there ({error.strerror}). Choose another.") from None
    print(f"http://{host}:{taken.getsockname()[1]}/predict  (description: /openapi.json)", flush=True)
    config = uvicorn.Config(app, log_level="warning", timeout_keep_alive=5, limit_concurrency=1000)
    uvicorn.Server(config).run(sockets=[taken])


def _needed(package: str) -> InputError:
    return InputError(f"serve: the package {package} is needed. Install it: pip install 'thetastar[serve]'.")


def _versions(model: Any) -> dict[str, Any]:
    import thetastar

    made = getattr(model.record, "thetastar", "")
    return {"thetastar": thetastar.__version__, "model": made, "target": model.target, "task": model.task}


def _flag(text: str) -> bool:
    if text.lower() not in ("true", "false", "1", "0"):
        raise _Refused(422, f"proba must be true or false. Got {text[:40]!r}. Use ?proba=true for probabilities.")
    return text.lower() in ("true", "1")


async def _body(request: Any, limits: Limits) -> bytes:
    """The body, given up as soon as it is too long."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limits.bytes:
            raise _Refused(413, f"A request may have {limits.bytes:,} bytes. Got more. Send rows in several requests.")
        parts.append(part)
    return b"".join(parts)


async def _of_table(predictor: Predictor, body: bytes, limits: Limits) -> Any:
    """Answers to the rows of a CSV text."""
    if body.count(b"\n") > limits.rows + 1:
        raise _Refused(413, f"A request may have {limits.rows:,} rows. Got more. Send them in several requests.")
    return await beside(_table_answers, predictor, body)


def _table_answers(predictor: Predictor, body: bytes) -> Any:
    from thetastar.data.read.reading import Reading
    from thetastar.data.read.text import text_table

    if not body.strip():
        raise InputError("The body is empty. Send a header and at least one row.")
    return predictor.table_answers(text_table(body, Reading("the request", expected=predictor.model.preparation.names)))


async def _of_rows(predictor: Predictor, batches: Batches, body: bytes, kind: str, limits: Limits) -> Any:
    """Answers to JSON: a row, a list of rows, or {"rows": [...]}."""
    if kind not in ("application/json", "text/json", ""):
        raise _Refused(415, f"A body must be application/json or text/csv. Got {kind[:60]!r}. Say which it is.")
    rows = _rows(body, limits)
    answers = await batches.answers(rows)
    predictor.drift.add(rows)
    return answers


def _rows(body: bytes, limits: Limits) -> list[dict[str, Any]]:
    """The rows of a JSON text."""
    try:
        found = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        words = "too deep" if isinstance(error, RecursionError) else str(error)
        raise _Refused(400, f"The body is not JSON ({words[:120]}). Send a row, {{column: value}}, or rows.") from None
    if isinstance(found, dict) and set(found) == {"rows"} and isinstance(found["rows"], list):
        found = found["rows"]
    rows = found if isinstance(found, list) else [found]
    if not rows:
        raise _Refused(422, "There must be at least one row. Got none. Send {column: value} or a list of such rows.")
    if len(rows) > limits.rows:
        words = f"A request may have {limits.rows:,} rows. Got {len(rows):,}. Send them in several requests."
        raise _Refused(413, words)
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            words = f"row {number}: a row must be an object {{column: value}}. Got {_kind(row)}. Name the columns."
            raise _Refused(422, words)
    return rows


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is not a number of JSON; use null where a value is not known")


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, list):
        return "a list"
    return "a text" if isinstance(value, str) else "a number"
