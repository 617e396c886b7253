"""`thetastar serve`: a saved model as a web service on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from thetastar.errors import InputError

EXAMPLES = (
    "[bold]Examples[/]\n"
    "thetastar serve houses/model.theta\n"
    "thetastar serve houses --port 9000\n\n"
    'curl -d \'{"area": 80, "city": "Ulm"}\' http://127.0.0.1:8000/predict\n'
    "curl -H 'Content-Type: text/csv' --data-binary @new.csv http://127.0.0.1:8000/predict\n\n"
    "A forecast gives its next steps, after new rows if there are any:\n"
    "curl 'http://127.0.0.1:8000/forecast?steps=14'\n"
    "curl -H 'Content-Type: text/csv' --data-binary @since.csv http://127.0.0.1:8000/forecast\n\n"
    "Other addresses: /schema, /drift, /health, /version, /openapi.json. It needs: pip install 'thetastar[serve]'."
)


def serve(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL", help="A model.theta, or the folder that fit wrote.", show_default=False)
    ],
    port: Annotated[int, typer.Option("--port", metavar="N", min=0, max=65535, help="0 for any that is free.")] = 8000,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="Another address lets other machines in.")
    ] = "127.0.0.1",
    most_rows: Annotated[int, typer.Option("--most-rows", min=1, help="Rows that one request may have.")] = 100_000,
    most_seconds: Annotated[float, typer.Option("--most-seconds", min=0.1, help="Until a request is given up.")] = 30.0,
) -> None:
    """Serve a saved model: rows as JSON or CSV in, predictions or forecasts out, errors in predict's words."""
    import thetastar
    from thetastar.serve import Limits
    from thetastar.serve import serve as run

    path = model / "model.theta" if model.is_dir() else model
    if model.is_dir() and not path.exists():
        raise InputError(f"{model}: there is no model.theta in it; the study may not have finished. Run fit again.")
    run(thetastar.load(str(path)), host=host, port=port, limits=Limits(rows=most_rows, seconds=most_seconds))
