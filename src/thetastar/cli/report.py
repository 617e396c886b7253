"""`thetastar report`: the report again, from the record inside the model file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from thetastar.errors import InputError

EXAMPLES = "[bold]Examples[/]\nthetastar report houses\nthetastar report houses/model.theta"


def report(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder that fit wrote (or a model.theta).", show_default=False)
    ],
) -> None:
    """Write report.html again: after an update of thetastar, or when the file was lost. Nothing is trained."""
    model = directory if directory.suffix == ".theta" else directory / "model.theta"
    if not directory.exists():
        raise InputError(f"{directory}: there is no such folder; give the one that `thetastar fit --out` wrote.")
    if not model.exists():
        raise InputError(f"{directory}: there is no model.theta in it; the study may not have finished. Run fit again.")
    import thetastar

    path = thetastar.load(str(model)).report(model.parent / "report.html")
    print(path)
