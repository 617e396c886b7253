"""`thetastar bench`: how fast this machine trains with thetastar, and with what else is installed on it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from thetastar.errors import InputError

EXAMPLES = (
    "[bold]Examples[/]\n"
    "thetastar bench --quick\n"
    "thetastar bench --case 'lecture*' --peers pytorch\n"
    "thetastar bench --out bench.json --picture bench.svg\n"
    "thetastar bench --peer-python /path/to/python --markdown\n\n"
    "pip install 'thetastar\\[bench]' installs every peer; those absent are left out with a word."
)


def bench(
    case: Annotated[
        list[str] | None,
        typer.Option(
            "--case", metavar="NAME", help="A case, or a pattern such as 'lecture*'. Repeatable; all if not given."
        ),
    ] = None,
    peers: Annotated[
        str | None,
        typer.Option(
            "--peers", metavar="NAMES", help="Some of pytorch,jax,keras,sklearn, or none; all installed if not given."
        ),
    ] = None,
    repeats: Annotated[
        int | None, typer.Option("--repeats", metavar="N", help="Turns of every side; 7, or 3 with --quick.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Short turns: a first look, not a figure to quote.")] = False,
    threads: Annotated[
        int | None, typer.Option("--threads", metavar="N", help="Processors every side may use; all if not given.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write everything here as JSON, after every case.")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option("--picture", metavar="FILE", help="Draw the ratios here, as SVG.")
    ] = None,
    peer_python: Annotated[
        str | None, typer.Option("--peer-python", metavar="PYTHON", help="The interpreter that has the peers.")
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print a Markdown table at the end.")] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print the result as one JSON object, and nothing else.")
    ] = False,
) -> None:
    """Measure thetastar beside PyTorch, JAX, Keras and scikit-learn: same data, same start, same threads, in turns."""
    import json as format_json

    from thetastar.bench import session
    from thetastar.bench.picture import draw
    from thetastar.bench.table import markdown as as_markdown

    if json and markdown:
        raise InputError("--json: give --json or --markdown. Got both. Leave one of them out.")
    names = None if peers is None else [name for name in peers.replace(" ", "").split(",") if name not in ("", "none")]
    quiet = (lambda line: None) if json else lambda line: print(line, flush=True)

    def keep(result: dict) -> None:
        if out is not None:
            out.write_text(format_json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    result = session.run(
        case or None,
        names,
        repeats=repeats,
        quick=quick,
        threads=threads,
        peer_python=peer_python,
        say=quiet,
        keep=keep,
    )
    if picture is not None:
        picture.write_text(draw(result), encoding="utf-8")
    if json:
        print(format_json.dumps(result, ensure_ascii=False))
    elif markdown:
        print("\n" + as_markdown(result), end="")
