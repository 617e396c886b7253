"""`thetastar audit` and `thetastar compare`: whether a study's numbers follow, and two studies side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

AUDIT_EXAMPLES = (
    "[bold]Examples[/]\n"
    "thetastar audit houses\n"
    "thetastar audit houses --data /elsewhere/houses.csv --json | jq .holds\n\n"
    "It ends with 1 if a number does not follow. Nothing is trained."
)
COMPARE_EXAMPLES = (
    "[bold]Examples[/]\n"
    "thetastar compare houses houses_without_rooms\n"
    "thetastar compare one/model.theta two/model.theta --data houses.csv --metric mae\n\n"
    "It ends with 1 if the two cannot be compared."
)

_Data = Annotated[
    Path | None, typer.Option("--data", metavar="FILE", help="Where the data is now, if not where it was.")
]
_Test = Annotated[Path | None, typer.Option("--test", metavar="FILE", help="Where the test data is now.")]
_Json = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object, and nothing else.")]


def audit(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that fit --out wrote.", show_default=False)],
    data: _Data = None,
    test: _Test = None,
    json: _Json = False,
) -> None:
    """Check whether the numbers of a finished study follow from its journal, its model file and its data.

    Settings, seeds, standings, choice, split, digests, test scores and the page's sentences are gone through line by
    line.
    """
    import thetastar

    found = thetastar.audit(folder, data=None if data is None else str(data), test=None if test is None else str(test))
    if json:
        from thetastar.cli.result import json_text

        print(json_text(found.to_dict()))
    else:
        print(f"{folder}: do its numbers follow?\n{found}")
        open_lines = sum(line.holds is None for line in found.lines)
        left = f" {open_lines} could not be followed, or left to your judgement (-)." if open_lines else ""
        print(("All that was looked at follows." if found.holds else "Not everything follows (NO).") + left)
    if not found.holds:
        raise typer.Exit(1)


def compare(
    a: Annotated[
        Path, typer.Argument(metavar="A", help="A folder of a study, or its model.theta.", show_default=False)
    ],
    b: Annotated[Path, typer.Argument(metavar="B", help="Another one of the same data.", show_default=False)],
    data: _Data = None,
    test: _Test = None,
    metric: Annotated[
        str | None,
        typer.Option("--metric", metavar="NAME", help="Score to compare by; the first study's if not given."),
    ] = None,
    json: _Json = False,
) -> None:
    """Set two studies of the same data beside each other: their difference in pairs, with its 95 % interval.

    Pairs are test rows that neither network has learned from; without the data, the folds that both have.
    """
    import thetastar

    found = thetastar.compare(
        str(a),
        str(b),
        data=None if data is None else str(data),
        test=None if test is None else str(test),
        metric=metric,
    )
    if json:
        from thetastar.cli.result import json_text

        print(json_text(found.to_dict()))
    else:
        print(found.words)
    if found.basis is None:
        raise typer.Exit(1)
