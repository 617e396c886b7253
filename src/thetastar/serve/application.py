"""The service itself: routes, what a request may be, and what it hears when it is something else.

Errors have the words of `predict`, as {"error": …}; nothing of a request is logged, kept or run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from thetastar.errors import InputError
from thetastar.serve.forecasts import Forecasts
from thetastar.serve.openapi import openapi, schema
from thetastar.serve.predictor import Batches, Predictor, beside
from thetastar.serve.requests import Limits, Refused, body_of, flag, kind_of, refuse_long, rows_of

__all__ = ["Limits", "application", "serve"]


def application(model: Any, limits: Limits | None = None) -> Any:
    """A Starlette application that predicts with a model of single rows, or forecasts.

    Args:
        model: what `thetastar.load` reads.
        limits: of one request.

    Raises:
        InputError: Starlette is not installed, or a network alone was given.

    Example:
        >>> import thetastar as ts
        >>> rows = {"x": [k / 50 for k in range(100)], "y": [(k / 50) ** 2 for k in range(100)]}
        >>> app = application(ts.fit(rows, target="y", candidates=[(8,)], effort=1))
        >>> [route.path for route in app.routes][:3]
        ['/predict', '/health', '/version']
    """
    try:
        from starlette.applications import Starlette
        from starlette.responses import JSONResponse
        from starlette.routing import Route
    except ImportError:
        raise _needed("starlette") from None
    limits = limits or Limits()
    if hasattr(model, "extended"):
        answers, plain = _of_forecasts(Forecasts(model, limits))
    elif hasattr(model, "target_encoding"):
        answers, plain = _of_rows_model(model, limits)
    else:
        raise InputError(
            f"serve: what is served must be a model of rows or a forecast. Got {type(model).__name__}. Serve what fit "
            "or forecast wrote; a network alone is called in a program of one's own."
        )

    def spoken(answer: Callable[[Any], Awaitable[Any]]) -> Any:
        """The answer to a request, or in words why there is none."""

        async def route(request: Any) -> Any:
            try:
                return JSONResponse(await answer(request))
            except Refused as refused:
                return JSONResponse({"error": refused.words}, refused.status)
            except InputError as error:
                return JSONResponse({"error": str(error)}, 422)
            except MemoryError:
                return JSONResponse({"error": "There is not enough memory for this request. Send fewer rows."}, 503)
            except TimeoutError:
                return JSONResponse({"error": f"The answer took more than {limits.seconds:g} s. Send fewer rows."}, 503)

        return route

    def fixed(make: Callable[[], Any]) -> Any:
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

    plain = {"/health": lambda: {"status": "ok"}, "/version": lambda: _versions(model), **plain}
    return Starlette(
        routes=[
            *(Route(path, spoken(answer), methods=methods) for path, methods, answer in answers),
            *(Route(path, fixed(make)) for path, make in plain.items()),
        ],
        exception_handlers={HTTPException: wrong, Exception: failed},
    )


Answers = list[tuple[str, list[str], Callable[[Any], Awaitable[Any]]]]  # path, methods, what answers
Plain = dict[str, Callable[[], Any]]  # what an address gives whatever is asked


def _of_rows_model(model: Any, limits: Limits) -> tuple[Answers, Plain]:
    """What a service of single rows answers, and what it says of itself."""
    predictor = Predictor(model)
    batches = Batches(predictor)

    async def predict(request: Any) -> Any:
        proba = flag(request.query_params.get("proba", "false"))
        body = await body_of(request, limits)
        csv = kind_of(request) == "text/csv"
        work = _of_table(predictor, body, limits) if csv else _of_rows(predictor, batches, body, limits)
        return predictor.said(await asyncio.wait_for(work, limits.seconds), proba)

    described, columns = openapi(model, predictor.names, limits.bytes), schema(model)
    return [("/predict", ["POST"], predict)], {
        "/schema": lambda: columns, "/drift": predictor.drift.to_dict, "/openapi.json": lambda: described,
    }  # fmt: skip


def _of_forecasts(service: Forecasts) -> tuple[Answers, Plain]:
    """The same of forecasts."""
    described, columns = service.openapi(), service.schema()
    return [("/forecast", ["GET", "POST"], service.answer)], {
        "/schema": lambda: columns, "/openapi.json": lambda: described,
    }  # fmt: skip


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
    asked = "forecast" if hasattr(model, "extended") else "predict"
    print(f"http://{host}:{taken.getsockname()[1]}/{asked}  (description: /openapi.json)", flush=True)
    config = uvicorn.Config(app, log_level="warning", timeout_keep_alive=5, limit_concurrency=1000)
    uvicorn.Server(config).run(sockets=[taken])


def _needed(package: str) -> InputError:
    return InputError(f"serve: the package {package} is needed. Install it: pip install 'thetastar[serve]'.")


def _versions(model: Any) -> dict[str, Any]:
    import thetastar

    made = getattr(model.record, "thetastar", "")
    return {"thetastar": thetastar.__version__, "model": made, "target": model.target, "task": model.task}


async def _of_table(predictor: Predictor, body: bytes, limits: Limits) -> Any:
    """Answers to the rows of a CSV text."""
    refuse_long(body, limits)
    return await beside(_table_answers, predictor, body)


def _table_answers(predictor: Predictor, body: bytes) -> Any:
    from thetastar.data.read.reading import Reading
    from thetastar.data.read.text import text_table

    if not body.strip():
        raise InputError("The body is empty. Send a header and at least one row.")
    return predictor.table_answers(text_table(body, Reading("the request", expected=predictor.model.preparation.names)))


async def _of_rows(predictor: Predictor, batches: Batches, body: bytes, limits: Limits) -> Any:
    """Answers to JSON: a row, a list of rows, or {"rows": [...]}."""
    rows = rows_of(body, limits)
    answers = await batches.answers(rows)
    predictor.drift.add(rows)
    return answers
