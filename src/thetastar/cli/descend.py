"""`thetastar descend`: gradient descent on a typed function, step by step, with pictures on a page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from thetastar.errors import InputError

EXAMPLES = (
    "[bold]Examples[/]\n"
    'thetastar descend "x^2+x" --start 5 --rate 0.25\n'
    'thetastar descend "x^2 + 3 sin(5x)" --start 4 --rate 0.01 --steps 50 --out descent.html\n'
    'thetastar descend "(1-a)^2 + 100(b-a^2)^2" --start -1,1 --optimizer sgd --optimizer adam '
    "--optimizer lbfgs --rate 0.001\n\n"
    "Numbers, names, + - * / ^ and parentheses; sin cos tan asin acos atan sinh cosh tanh exp log sqrt "
    "abs sign step relu\n"
    "sigmoid softplus; pi, e. A function that begins with a minus stands after --: thetastar descend "
    '--start 1 -- "-x^2".'
)


def descend(
    function: Annotated[
        str, typer.Argument(metavar="FUNCTION", help='Of one or two variables: "x^2 + x".', show_default=False)
    ],
    start: Annotated[
        str, typer.Option("--start", metavar="NUMBER[,NUMBER]", help="Where to start; one number a variable, by name.")
    ] = "",
    rate: Annotated[
        float | None, typer.Option("--rate", help="The learning rate; each optimiser's usual one if not given.")
    ] = None,
    steps: Annotated[int, typer.Option("--steps", min=0, max=100_000, help="How many steps.")] = 20,
    optimizer: Annotated[
        list[str] | None, typer.Option("--optimizer", metavar="NAME", help="May be repeated: they race.")
    ] = None,
    momentum: Annotated[float, typer.Option("--momentum", help="Of sgd.")] = 0.0,
    out: Annotated[Path | None, typer.Option("--out", metavar="PAGE.html", help="Draw it on an offline page.")] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print all numbers as one JSON object, and nothing else.")
    ] = False,
) -> None:
    """Walk down a typed function by its exact derivative, and show every step."""
    if out is not None and out.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"--out {out}: the name must end in .html. Use for example descent.html.")
    from thetastar import explain

    racers = [_optimizer(name, rate, momentum) for name in optimizer or ["sgd"]]
    seen = explain.descend(function, _numbers(start), optimizer=racers if len(racers) > 1 else racers[0], steps=steps)
    if json:
        from thetastar.cli.result import json_text

        print(json_text(seen.to_dict()))
    else:
        print(seen)
        for descent in getattr(seen, "descents", (seen,))[:1]:
            if len(descent.variables) == 1:
                print("\n" + "\n".join(_plot(descent)))
    if out is not None:
        from thetastar.cli.explained_page import write_page

        written, _ = write_page(out, f"Descent on {function}", "", seen)
        typer.echo(f"Pictures in {written}", err=True)


def _numbers(text: str) -> Any:
    if not text.strip():
        raise InputError(
            "--start: a descent needs a place to begin. Got nothing. Use for example --start 5, or "
            "--start -1,1 for two variables."
        )
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise InputError(
            f"--start {text}: it must be one number a variable, with a comma between. Use for example "
            f"--start 5 or --start -1,1."
        ) from None


def _optimizer(name: str, rate: float | None, momentum: float) -> Any:
    from thetastar import optimizers

    usual = optimizers.get(name)
    settings: dict[str, Any] = {"kind": name}
    if rate is not None and not usual.searches_lines:  # a line search finds its own steps
        settings["learning_rate"] = rate
    if momentum and usual.name == "sgd":
        settings["momentum"] = momentum
    return optimizers.get(settings)


_WIDE, _HIGH = 72, 16


def _plot(descent: Any) -> list[str]:
    """The function as points and the steps on it as their numbers (0 to 9, then +), for a terminal."""
    import numpy as np

    from thetastar.expression import parse

    curve = next(series for series in descent.charts()[0]["series"] if series.get("quiet"))
    low, high = curve["x"][0], curve["x"][-1]
    x = np.linspace(low, high, _WIDE)
    y = parse(descent.function)(**{descent.variables[0]: x})
    finite = y[np.isfinite(y)]
    bottom, top = finite.min(), np.quantile(finite, 0.98) if np.ptp(finite) > 0 else finite.max() + 1
    lines = [[" "] * _WIDE for _ in range(_HIGH)]

    def put(at: float, value: float, sign: str) -> None:
        if np.isfinite(at) and np.isfinite(value) and low <= at <= high and bottom <= value <= top:
            lines[round((top - value) / (top - bottom) * (_HIGH - 1))][
                round((at - low) / (high - low) * (_WIDE - 1))
            ] = sign

    for at, value in zip(x, y, strict=True):
        put(at, value, "·")
    for step in reversed(range(len(descent.values))):
        put(descent.path[step, 0], descent.values[step], str(step) if step < 10 else "+")
    left = f"{descent.variables[0]} from {low:.4g}"
    return ["".join(line).rstrip() for line in lines] + [f"{left}{f'to {high:.4g}':>{_WIDE - len(left)}}"]
