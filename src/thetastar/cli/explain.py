"""`thetastar explain`: what drives a saved model's answers, in numbers on the terminal and pictures on one page."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from thetastar.errors import InputError

EXAMPLES = (
    "[bold]Examples[/]\n"
    "thetastar explain houses/model.theta sold.csv\n"
    "thetastar explain houses sold.csv --out explained.html\n"
    "thetastar explain houses sold.csv --out houses/report.html      adds the pictures to the report\n"
    "thetastar explain houses sold.csv --column area --column rooms --json | jq .parts[0]\n\n"
    "Rows that training has not seen say most. Without the target column importance and worst rows are left out."
)


def explain(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL", help="A model.theta, or the folder that fit wrote.", show_default=False)
    ],
    data: Annotated[
        Path | None,
        typer.Argument(
            metavar="DATA", help="Rows, best with the target column and not seen in training.", show_default=False
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="PAGE.html",
            help="Write the pictures as one offline page; a report that is there gets them added.",
        ),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option("--column", metavar="NAME", help="Draw the answer by this column; may be repeated."),
    ] = None,
    rows: Annotated[int, typer.Option("--rows", min=2, help="Look at so many rows at most.")] = 2000,
    network: Annotated[
        int | None,
        typer.Option("--network", min=0, help="Which network's inside, where the answer is the mean of several."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the rows that are drawn and shuffled.")] = 0,
    json: Annotated[
        bool, typer.Option("--json", help="Print all numbers as one JSON object, and nothing else.")
    ] = False,
) -> None:
    """Explain a saved model: which columns matter, the answer by each, what moved predictions, the worst rows."""
    path = model / "model.theta" if model.is_dir() else model
    if model.is_dir() and not path.exists():
        raise InputError(f"{model}: there is no model.theta in it; the study may not have finished. Run fit again.")
    if out is not None and out.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"--out {out}: the name must end in .html. Use for example explained.html.")
    import thetastar
    from thetastar import explain as room

    loaded = thetastar.load(str(path))
    with _status() as tell:
        seen = room.overview(
            loaded,
            None if data is None else str(data),
            columns=column,
            rows=rows,
            seed=seed,
            network=network,
            on_progress=tell,
        )
    if json:
        from thetastar.cli.result import json_text

        print(json_text({"model": str(path), "data": None if data is None else str(data), **seen.to_dict()}))
    else:
        print(seen)
    if out is not None:
        from thetastar.cli.explained_page import write_page

        on = "" if data is None else f" on {data.name}"
        written, added = write_page(out, f"{loaded.target} explained", f"{path.name}{on}", seen)
        typer.echo(f"{'Added to' if added else 'Pictures in'} {written}", err=True)


@contextmanager
def _status() -> Iterator[Callable[[str], None]]:
    """What is being computed, on standard error while somebody watches."""
    if not sys.stderr.isatty():
        yield lambda words: None
        return
    from rich.console import Console
    from rich.markup import escape

    with Console(stderr=True).status("explaining") as status:
        yield lambda words: status.update(escape(words))
