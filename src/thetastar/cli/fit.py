"""`thetastar fit`: from a table to a network that was chosen honestly."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from thetastar.cli import INTERRUPTED
from thetastar.cli.completion import columns_that_begin
from thetastar.cli.study_options import parse_roles
from thetastar.errors import InputError

if TYPE_CHECKING:
    from thetastar.model import Model

EXAMPLES = (
    "[bold]Examples[/]\n"
    "thetastar fit houses.csv --target price --out houses\n"
    "thetastar fit train.csv --test test.csv --target income --metric accuracy\n"
    "thetastar fit churn.parquet --target Churn --budget 30 --role zip=category --out churn\n"
    "thetastar fit houses.csv --target price --json | jq .score\n"
    "thetastar fit flowers/ --out flowers\n"
    "thetastar fit weather.csv --target wind,rain,sun\n"
    "thetastar fit sensors.csv --target broke --id machine --time hour\n\n"
    "An interrupted study goes on where it stopped when the same command is given again with the same --out."
)


def fit(
    data: Annotated[
        Path,
        typer.Argument(
            metavar="DATA",
            help="A table: csv, tsv, parquet, arrow, xlsx, ods, sav, dta, mat, npz, arff, json lines, svmlight, ts, "
            "tsf "
            "(packed too; - is standard input); or images: a folder per class, IDX files.",
            show_default=False,
        ),
    ],
    target: Annotated[
        list[str] | None,
        typer.Option(
            "--target",
            "-t",
            metavar="COLUMN",
            help="Column to predict: its name or its number from 0. Several by A,B or repeated: all numbers, or all of "
            "two classes.",
            autocompletion=columns_that_begin,
        ),
    ] = None,
    role: Annotated[
        list[str] | None,
        typer.Option(
            "--role",
            metavar="COLUMN=ROLE",
            help="How to read a column, where the role found does not suit. Repeatable.",
        ),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print the result as one JSON object, and nothing else.")
    ] = False,
    **options: Any,
) -> None:
    """Train many networks on a table, choose one by validation, score it once on rows that nothing has seen.

    The task is found from the target: a number, one of two classes, or one of several; of several targets one network
    has an output for each. Plain baselines are always
    measured beside the networks, and if one of them is better the result says so.
    """
    if not target and not _holds_images(data):
        raise InputError(f"--target: say which column to predict.{_columns_of(data)}")
    if json:
        from thetastar.cli.result import result_text

        model = run_study(data, target, parse_roles(role), options, show=None)
        print(result_text(model, options.get("out")))
        return
    from thetastar.cli.screen import make_screen

    with make_screen() as screen:
        model = run_study(data, target, parse_roles(role), options, show=screen)
        screen.finish(model.record, options.get("out"))


def run_study(
    data: Any, target: str | Sequence[str] | None, roles: dict[str, str] | None, options: dict[str, Any], show: Any
) -> Model:
    """The study's model; an interruption says what is kept and ends with 130.

    Args:
        target: a column; several in a list, or in a text with commas that is no column itself.
    """
    import thetastar

    try:
        targets = target if target is None or isinstance(target, str) else _one_or_several(target)
        return thetastar.fit(str(data), targets, roles=roles, progress=show, **_plain(options))
    except KeyboardInterrupt:
        if show is not None:
            show.stop()
        out = options.get("out")
        kept = (
            f"What is finished is kept in {out}: give the same command again and it goes on from there."
            if out else "Nothing was kept: with --out DIR an interrupted study can go on where it stopped."
        )  # fmt: skip
        typer.echo(f"\nthetastar fit: interrupted. {kept}", err=True)
        raise typer.Exit(INTERRUPTED) from None


def _one_or_several(given: Sequence[str]) -> str | list[str] | None:
    """What `--target` was given once, or a list of what it was given each time."""
    return list(given) if len(given) > 1 else next(iter(given), None)


def _plain(options: dict[str, Any]) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, Path) else value for name, value in options.items()}


def _holds_images(data: Path) -> bool:
    """Images in folders and IDX files have their class for a target."""
    from thetastar.data.images import holds_images

    return holds_images(data)


def _columns_of(data: Path) -> str:
    """The names to choose from, when the file can be read at all (if not, that error says more)."""
    from thetastar.data import read_table

    names = read_table(str(data)).names
    shown = ", ".join(names[:30]) + (f" and {len(names) - 30} more" if len(names) > 30 else "")
    return f" {data} has: {shown}. For example: thetastar fit {data} --target {names[-1]!r}"
