"""The commands, gathered. Each lives in a file of its own and imports what is heavy only when it runs."""

from __future__ import annotations

import inspect
from typing import Annotated

import typer

from thetastar.cli import demo, fit, predict, report

app = typer.Typer(
    name="thetastar",
    add_completion=True,
    no_args_is_help=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="First steps: [bold]thetastar demo[/], then [bold]thetastar fit your.csv --target COLUMN --out results[/].",
)


def _version(asked: bool) -> None:
    if asked:
        import thetastar

        print(f"thetastar {thetastar.__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and stop.")
    ] = False,
) -> None:
    """Find the function in your data: train many small networks, choose one honestly, say how good it is."""
    if context.invoked_subcommand is None:
        print(context.get_help())


for _command, _examples in (
    (fit.fit, fit.EXAMPLES),
    (predict.predict, predict.PREDICT_EXAMPLES),
    (predict.evaluate, predict.EVALUATE_EXAMPLES),
    (report.report, report.EXAMPLES),
    (demo.demo, demo.EXAMPLES),
):
    # The docstring is wrapped for readers of the code; the terminal wraps it anew, to its own width.
    _words = "\n\n".join(" ".join(part.split()) for part in inspect.getdoc(_command).split("\n\n"))
    app.command(_command.__name__, help=_words, epilog=_examples)(_command)
