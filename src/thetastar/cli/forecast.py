"""`thetastar forecast`: from rows in time to the next steps, with intervals that were checked on unseen ones."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from thetastar._files import where_written
from thetastar.cli import INTERRUPTED
from thetastar.cli.completion import columns_that_begin
from thetastar.errors import InputError

EXAMPLES = (
    "[bold]Examples[/]\n"
    "thetastar forecast views.csv --target views --time date --horizon 28 --out views\n"
    "thetastar forecast sales.parquet --target sold --time day --id shop --horizon 14 --known price,holiday\n"
    "thetastar forecast views.csv --target views --time date --json | jq .forecast\n"
    "thetastar forecast views.csv --target views --time date --lecture --out lecture\n\n"
    "Then: thetastar predict views/model.theta new.csv --horizon 28, where new.csv holds what has come since."
)
_NAMES = {"levels": "--level"}  # what an option is called where it is not the field's own name
_METAVARS = {
    "target": "COLUMN", "time": "COLUMN", "id": "COLUMN", "history": "1,7,…", "known": "A,B", "past": "A,B",
    "levels": "80,95", "methods": "NAMES", "out": "DIR", "horizon": "H", "season": "STEPS", "unseen": "STEPS",
    "duplicates": "WORD", "gaps": "WORD",
}  # fmt: skip


_PANELS = dict.fromkeys(("known", "past", "duplicates", "gaps"), "Further columns and gaps") | dict.fromkeys(
    ("history", "levels", "season", "unseen", "methods", "seed", "threads"), "Methods and intervals"
)  # under which heading of `--help` an option stands


def forecast(
    data: Annotated[
        Path, typer.Argument(metavar="DATA", help="A table: csv, tsv (also .gz), parquet, arrow.", show_default=False)
    ],
    lecture: Annotated[
        bool, typer.Option("--lecture", help="The lecture's table: linear and 1 to 4 hidden layers, seen and unseen.")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print the result as one JSON object, and nothing else.")
    ] = False,
    **options: Any,
) -> None:
    """Forecast a column of rows that follow one another in time; choose the method by rolling origin, test it once.

    Plain rivals, smoothing, linear functions, trees and networks compete. Where a baseline is as good, the forecast is
    the baseline's, and the words say so.
    """
    for name in ("target", "time"):
        if options.get(name) is None:
            raise InputError(f"--{name}: say which column {'to forecast' if name == 'target' else 'says when'}."
                             f"{_columns_of(data, options.get('target'), options.get('time'))}")  # fmt: skip
    if json:
        from thetastar.cli.result import json_text

        model = run_forecast(data, options, lecture=lecture, show=None)
        print(json_text(model.result() | {"files": _files(options.get("out"), model)}))
        return
    from thetastar.cli.forecast_screen import ForecastScreen

    with ForecastScreen() as screen:
        model = run_forecast(data, options, lecture=lecture, show=screen)
        screen.finish(model, options.get("out"))


def run_forecast(data: Any, options: dict[str, Any], *, lecture: bool, show: Callable[[str], None] | None) -> Any:
    """The model; an interruption says that nothing was kept, and ends with 130."""
    import thetastar

    given = {name: str(value) if isinstance(value, Path) else value for name, value in options.items()}
    try:
        return thetastar.forecast(str(data), lecture=lecture, progress=show, **given)
    except KeyboardInterrupt:
        if show is not None:
            show.stop()
        typer.echo("\nthetastar forecast: interrupted. Nothing was written; give the command again.", err=True)
        raise typer.Exit(INTERRUPTED) from None


def predicted_columns(model: Any, data: Path | None, horizon: int | None) -> dict[str, list[Any]]:
    """The columns that `predict` writes for a forecast: the next steps after the rows, or one value for each row.

    Rows whose target is empty tell what is known of the future.
    """
    from thetastar.data import read_table
    from thetastar.forecasting.new_rows import steps_after

    if data is None and horizon is None:
        horizon = model.horizon
    table = None if data is None else read_table(str(data))
    if horizon is None:
        layout = model.series.layout
        names = [name for name in (layout.id, layout.time) if name is not None]
        shown = {name: [_plain(v) for v in table.column(name).values] for name in names}
        return {**shown, "prediction": [None if v != v else v for v in model.predict(table).tolist()]}
    rows = steps_after(model, table, horizon)
    return {name: [row[name] for row in rows] for name in rows[0]}


def _plain(value: Any) -> Any:
    from thetastar.data.table import number_text

    return number_text(value) if isinstance(value, float) else value


def print_scores(model: Any, found: dict[str, Any], title: str) -> None:
    """What `evaluate` prints of a forecast."""
    from thetastar.report.numbers import count, score

    unseen = model.record.unseen
    print(f"{title}: 1 to {found['steps']} steps ahead from {count(found['origins'])} origins")
    for name in ("mae", "rmse", "smape", "mase"):
        beside = f"   (unseen stretch of the training: {score(getattr(unseen, name), name, 4)})" if unseen else ""
        print(f"  {name:<6} {score(found[name], name, 4):>10}{beside}")
    for level, share in found["coverage"].items():
        print(f"  the {level} % interval held {'–' if share is None else f'{100 * share:.1f} %'} of the values")


def with_forecast_options(command: Callable[..., None], *, asked: bool = True) -> Callable[..., None]:
    """Give `command` one option for every field of `ForecastOptions`, in the place of its `**options`.

    Where the command is not `asked` for, the options are left away: the table need not be read for another's help.
    """
    signature = inspect.signature(command, eval_str=True)
    fixed = [p for p in signature.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]

    def wrapped(**given: Any) -> None:
        command(**{name: value for name, value in given.items() if value is not None})

    wrapped.__name__, wrapped.__doc__ = command.__name__, command.__doc__
    own = _parameters() if asked else []
    order = [fixed[0], *own[:4], *fixed[1:2], *own[4:], *fixed[2:]]
    parameters = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in order]
    wrapped.__signature__ = signature.replace(parameters=parameters)
    wrapped.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return wrapped


def _parameters() -> list[inspect.Parameter]:
    from thetastar.forecasting.options import ForecastOptions

    found = []
    for name, field in ForecastOptions.model_fields.items():
        kind = _plain_type(name, field.annotation)
        flags = [_NAMES.get(name, f"--{name}")] + (["-t"] if name == "target" else [])
        shown = ",".join(f"{part:g}" for part in field.default) if name == "levels" else field.default
        default = f" [dim]\\[default: {shown}][/]" if shown not in (None, (), False) and not field.is_required() else ""
        option = typer.Option(
            *flags,
            help=f"{field.description}{default}",
            show_default=False,
            metavar=_METAVARS.get(name, "N"),
            rich_help_panel=_PANELS.get(name),
            autocompletion=columns_that_begin if name in ("target", "time", "id", "known", "past") else None,
        )
        found.append(
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, option]
            )
        )
    return found


def _plain_type(name: str, annotation: Any) -> type:
    """The type that the shell's text is read as; lists stay texts, which the table splits."""
    if name == "out":
        return Path
    parts = typing.get_args(annotation) or (annotation,)
    return int if int in parts and name not in ("history", "levels") else str


def _files(out: Any, model: Any) -> dict[str, str] | None:
    if out is None:
        return None
    names = {"report": "report.html", "model": "model.theta"} | (
        {"forecast": "forecast.csv"} if model.sees_ahead() else {}
    )
    return {key: str(where_written(out) / name) for key, name in names.items()}


def _columns_of(data: Path, target: str | None, time: str | None) -> str:
    """The names to choose from, and the command to type, with what was given and a column that may be the time.

    When the file cannot be read at all, that error says more.
    """
    from thetastar.data import read_table

    table = read_table(str(data))
    names = table.names
    shown = ", ".join(names[:30]) + (f" and {len(names) - 30} more" if len(names) > 30 else "")
    time = time or _likely_time(table, target)
    if time is None:
        return (
            f" {data} has: {shown}. None of them holds dates or counts steps, and a forecast needs one that does. "
            f"For rows without a time: thetastar fit {data} --target {target or names[-1]!r}"
        )
    others = [name for name in names if name != time]
    target = target or next((n for n in reversed(others) if table.column(n).kind == "number"), (others or names)[-1])
    return f" {data} has: {shown}. For example: thetastar forecast {data} --target {target!r} --time {time!r}"


def _likely_time(table: Any, target: str | None) -> str | None:
    """The first column of dates; else one of numbers that rise by the same step all the way down."""
    import numpy as np

    from thetastar.data import infer_roles

    others = [name for name in table.names if name != target]
    roles = infer_roles(table.select([]) if not others else table, target or "", {})
    dates = [name for name in others if name in roles and roles[name].role == "date"]
    if dates:
        return dates[0]
    for name in others:
        column = table.column(name)
        if column.kind == "number" and not column.missing.any() and table.row_count > 2:
            steps = np.diff(column.numbers)
            if steps[0] > 0 and np.all(steps == steps[0]):
                return name
    return None
