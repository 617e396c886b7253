"""`thetastar studio`: the playground on one's own data, in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

EXAMPLES = (
    "[bold]Examples[/]\n"
    "thetastar studio\n"
    "thetastar studio houses.csv\n"
    "thetastar studio houses.csv --export lesson.html\n"
    "thetastar studio houses/model.theta\n\n"
    "Everything is trained in the page itself; no row of a table leaves this machine."
)


def studio(
    what: Annotated[
        Path | None,
        typer.Argument(
            metavar="[DATA | MODEL | DIR]",
            help="A table, a model.theta or a folder of fit; none: the lectures' data.",
            show_default=False,
        ),
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option("--export", metavar="PAGE.html", help="Write one file that works offline, and serve nothing."),
    ] = None,
    target: Annotated[
        str | None, typer.Option("--target", metavar="COLUMN", help="What is to be found, of a table.")
    ] = None,
    room: Annotated[
        str | None,
        typer.Option(
            "--room",
            metavar="NAME",
            help="Which room opens: playground, backpropagation, descent, pieces, views, digits, study.",
        ),
    ] = None,
    port: Annotated[int, typer.Option("--port", metavar="N", help="Of this machine; any free one if not given.")] = 0,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open it in the browser.")] = True,
) -> None:
    """Open the studio: build networks by click on your own table, watch every neuron learn, and step through it all."""
    from dataclasses import replace

    from thetastar._checks import one_of
    from thetastar.studio import export as write
    from thetastar.studio import given_for, serve

    given = given_for(what)
    if room is not None:
        one_of("--room", "room", room, ROOMS)
        given = replace(given, room=room, link=given.link if room == given.room else "")
    if target is not None and given.data is not None:
        given = replace(given, data={**given.data, "target": target})
    if export is not None:
        print(write(export, given))
        return
    serve(given, port=port, opened=browser)


ROOMS = ("playground", "backpropagation", "descent", "pieces", "views", "digits", "study")
