"""`thetastar demo`: the whole job on real tables that come with scikit-learn, through CSV files like anyone's."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from thetastar.errors import InputError

if TYPE_CHECKING:
    from thetastar.model.record import Record

EXAMPLES = (
    "[bold]Examples[/]\n"
    "thetastar demo\n"
    "thetastar demo diabetes --out /tmp/demo\n\n"
    "The tables are written as CSV files into the folder, so that you can try your own command on them."
)

# Name, what it is, and its share of the work: digits is the largest and the one to look at first.
_TABLES = {
    "digits": ("handwritten digits, 1,797 pictures of 8 × 8 pixels: which digit is it?", 0.5),
    "breast_cancer": ("cells of 569 tumours, 30 measures each: malignant or benign?", 0.25),
    "diabetes": ("442 patients, ten measures each: how far will the illness go in a year?", 0.25),
}
_SERIES = "views"  # comes last: the lecture's own case, on days that are synthetic


def demo(
    tables: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TABLE]…", help=f"Some of {', '.join([*_TABLES, _SERIES])}; all if not given."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the tables and results.")] = Path(
        "thetastar-demo"
    ),
    effort: Annotated[
        float, typer.Option("--effort", metavar="SECONDS", help="Core-seconds spent on networks, over all tables.")
    ] = 45.0,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Seed of splits, starts and shuffles.")] = 0,
    threads: Annotated[
        int | None,
        typer.Option("--threads", metavar="N", help="Threads to use; every core if not given.", show_default=False),
    ] = None,
) -> None:
    """Run the whole job: handwritten digits, breast cancer, diabetes, and a forecast of daily views. About a minute."""
    from thetastar.cli.fit import run_study
    from thetastar.cli.screen import make_screen

    names = tables or [*_TABLES, _SERIES]
    for name in names:
        if name not in (*_TABLES, _SERIES):
            raise InputError(f"demo: there is no table {name!r}. Use some of {', '.join([*_TABLES, _SERIES])}.")
    if not effort > 0:
        raise InputError(f"--effort: the seconds must be more than 0, got {effort:g}.")
    studies = [name for name in names if name != _SERIES]
    whole = sum(_TABLES[name][1] for name in studies)
    began, results = time.monotonic(), []
    for name in studies:
        about, share = _TABLES[name]
        data, target = _write_table(name, out)
        folder = out / name
        options: dict[str, Any] = {"out": folder, "effort": effort * share / whole, "seed": seed, "fresh": True}
        options |= {"threads": threads} if threads is not None else {}
        with make_screen() as screen:
            screen.heading(f"━━ {name}: {about}")
            screen.console.print(
                f"thetastar fit {data} --target {target} --out {folder}\n", style="dim", soft_wrap=True
            )
            record = run_study(data, target, None, options, show=screen).record
            screen.finish(record, folder)
        results.append((name, record, folder))
    ends = [(folder, f"{name}: {_score_words(record)}") for name, record, folder in results]
    if _SERIES in names:
        ends.append(_forecast_views(out, seed, threads))
    _close(ends, time.monotonic() - began)


def _forecast_views(out: Path, seed: int, threads: int | None) -> tuple[Path, str]:
    """The lecture's case: 1,826 synthetic days, its table, and the next four weeks."""
    from thetastar.cli.forecast import run_forecast
    from thetastar.cli.forecast_screen import ForecastScreen
    from thetastar.report.numbers import score

    data, target = _write_table(_SERIES, out)
    folder = out / _SERIES
    options: dict[str, Any] = {"target": target, "time": "date", "horizon": 28, "out": folder, "seed": seed}
    options |= {"threads": threads} if threads is not None else {}
    with ForecastScreen() as screen:
        screen.heading("━━ views: 1,826 days of a channel that does not exist: how many will come tomorrow?")
        command = f"thetastar forecast {data} --target {target} --time date --horizon 28 --lecture --out {folder}\n"
        screen.console.print(command, style="dim", soft_wrap=True)
        model = run_forecast(data, options, lecture=True, show=screen)
        screen.finish(model, folder)
    return folder, f"{_SERIES}: mae {score(model.score['mae'], 'mae')}"


def _score_words(record: Record) -> str:
    from thetastar.report.numbers import score

    metric = record.metric.name
    return f"{metric} {score(record.test.scores[metric], metric)}"


def _write_table(name: str, out: Path) -> tuple[Path, str]:
    import csv
    import io

    from thetastar._files import write_atomically
    from thetastar.datasets import load

    columns, target = load(name)
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*(column.tolist() for column in columns.values()), strict=True))
    out.mkdir(parents=True, exist_ok=True)
    return write_atomically(out / f"{name}.csv", stream.getvalue().encode()), target


def _close(ends: list[tuple[Path, str]], seconds: float) -> None:
    from thetastar.cli.screen import make_screen
    from thetastar.report.numbers import duration

    with make_screen() as screen:
        screen.heading(f"━━ All of it in {duration(seconds)}. Open these in a browser:")
        for folder, words in ends:
            screen.console.print(f"  {(folder / 'report.html').resolve()}   {words}", markup=False, soft_wrap=True)
