"""The commands, gathered. Each lives in a file of its own and imports what is heavy only when it runs."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated

import typer

from thetastar.cli import (
    audit,
    bench,
    demo,
    descend,
    explain,
    export,
    fit,
    forecast,
    predict,
    report,
    serve,
    studio,
)  # fmt: skip
from thetastar.cli.forecast import with_forecast_options
from thetastar.cli.study_options import with_study_options


def _version(asked: bool) -> None:
    if asked:
        import thetastar

        print(f"thetastar {thetastar.__version__}")
        raise typer.Exit


def start(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and stop.")
    ] = False,
) -> None:
    """Find the function in your data: train many small networks, choose one honestly, say how good it is."""
    if context.invoked_subcommand is None:
        print(context.get_help())


def make_app(*, fit_asked: bool = True, forecast_asked: bool = True) -> typer.Typer:
    """The command line; without `fit_asked` the options of `fit` are missing, and it is ready in half the time; so it
    is with `forecast_asked`."""
    app = typer.Typer(
        name="thetastar",
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        epilog="First steps: [bold]thetastar demo[/], then [bold]thetastar fit DATA --target COLUMN --out DIR[/].",
    )
    app.callback(invoke_without_command=True)(start)
    for panel, commands in (
        ("Learn from data", (
            (with_study_options(fit.fit, asked=fit_asked), fit.EXAMPLES),
            (with_forecast_options(forecast.forecast, asked=forecast_asked), forecast.EXAMPLES),
        )),
        ("Use a model", (
            (predict.predict, predict.PREDICT_EXAMPLES),
            (predict.evaluate, predict.EVALUATE_EXAMPLES),
            (export.export, export.EXAMPLES),
            (serve.serve, serve.EXAMPLES),
        )),
        ("Look closer", (
            (report.report, report.EXAMPLES),
            (explain.explain, explain.EXAMPLES),
            (audit.audit, audit.AUDIT_EXAMPLES),
            (audit.compare, audit.COMPARE_EXAMPLES),
        )),
        ("See how it works", (
            (studio.studio, studio.EXAMPLES),
            (descend.descend, descend.EXAMPLES),
            (demo.demo, demo.EXAMPLES),
            (bench.bench, bench.EXAMPLES),
        )),
    ):  # fmt: skip
        for command, examples in commands:
            _add(app, command, examples, panel)
    return app


def _add(app: typer.Typer, command: Callable[..., None], examples: str, panel: str) -> None:
    # The docstring is wrapped for readers of the code; the terminal wraps it anew, to its own width.
    words = "\n\n".join(" ".join(part.split()) for part in inspect.getdoc(command).split("\n\n"))
    app.command(command.__name__, help=words, epilog=examples, rich_help_panel=panel)(command)
