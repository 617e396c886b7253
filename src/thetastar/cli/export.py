"""`thetastar export`: a saved model for use without this library."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from thetastar.errors import InputError

EXAMPLES = (
    "[bold]Examples[/]\n"
    "thetastar export houses/model.theta --to c --out houses.c\n"
    "thetastar export houses --out houses.js\n"
    "thetastar export houses --out houses.onnx                  # checked by running a thousand rows\n"
    "thetastar export houses --to c --int8 --data sold.csv      # weights in 8 bits, and what that costs\n"
    "thetastar export sales/model.theta --to c --steps 14       # a forecast, two weeks ahead\n\n"
    "The preparation of the columns is inside: missing values, categories, scaling, dates. A forecast takes the last "
    "values of its series, and gives the next steps with intervals."
)


def export(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL", help="A model.theta, or the folder that fit wrote.", show_default=False)
    ],
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="c|js|onnx|python", help="What to write; the ending of --out says it too."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write here; beside the model if not given.")
    ] = None,
    int8: Annotated[bool, typer.Option("--int8", help="C: weights in 8 bits, a quarter of the memory.")] = False,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DATA", help="With --int8: rows on which to measure what 8 bits cost."),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option("--steps", metavar="N", help="Of a forecast: how many steps ahead; as trained if not given."),
    ] = None,
) -> None:
    """Write a saved model as C, JavaScript, ONNX or Python: from the raw columns to the answer, in one file."""
    import thetastar
    from thetastar.export import TARGETS, export_model

    path = model / "model.theta" if model.is_dir() else model
    if model.is_dir() and not path.exists():
        raise InputError(f"{model}: there is no model.theta in it; the study may not have finished. Run fit again.")
    if to is None and out is None:
        raise InputError(f"--to: say what to write: {', '.join(TARGETS)}. For example --to c.")
    if data is not None and not int8:
        raise InputError("--data: rows are needed only to measure what --int8 costs. Leave it out, or add --int8.")
    if out is None:
        if to not in TARGETS:
            raise InputError(f"--to must be one of {', '.join(TARGETS)}. Got {to!r}. Choose one of them.")
        name = (
            model.resolve().name
            if model.is_dir()
            else path.resolve().parent.name
            if path.stem == "model"
            else path.stem
        )
        out = path.parent / f"{name}{TARGETS[to][0]}"
    loaded = thetastar.load(str(path))
    forecast = hasattr(loaded, "portable")
    if forecast and data is not None:
        raise InputError("--data: what --int8 costs a forecast is measured on its own series. Leave --data out.")
    written = export_model(loaded, out, to, int8=int8, steps=steps)
    typer.echo(f"{written}  ({written.stat().st_size:,} bytes)")
    if int8 and forecast:
        typer.echo(_cost_to_forecasts(loaded, steps))
    elif int8:
        typer.echo(_cost_of_eight_bits(loaded, None if data is None else str(data)))


def _cost_to_forecasts(model: Any, steps: int | None) -> str:
    """How far the rounding moves the forecasts of the model's own series."""
    import numpy as np

    from thetastar.export.eight_bits import rounded_forecaster
    from thetastar.export.forecast.described import described_forecast
    from thetastar.export.forecast.forecast import read
    from thetastar.export.forecast.parts import PAST_ROWS

    exact = model.portable(steps)
    readers = [read(described_forecast(one)) for one in (exact, rounded_forecaster(exact))]
    draw = np.random.default_rng(0)  # the steps ahead of further columns may not be known: what they are matters little
    known = draw.standard_normal((exact.before + exact.steps, len(exact.known))) if exact.known else None
    past = draw.standard_normal((PAST_ROWS, len(exact.past))) if exact.past else None
    moved, wide = 0.0, 0.0
    for i, values in enumerate(model.series.values):
        name = exact.ids[i] if len(exact.ids) > 1 else None
        before, after = (one.forecast(values, series=name, known=known, past=past) for one in readers)
        moved = max(moved, float(np.abs(after["prediction"] - before["prediction"]).max()))
        wide += float(np.mean(before["upper"][_narrowest(before)] - before["lower"][_narrowest(before)]))
    wide /= max(len(model.series), 1)
    share = f", {moved / wide:.2%} of the {_narrowest(before)} % interval's mean width" if wide > 0 else ""
    return f"int8: the forecasts of {len(model.series):,} series move by at most {moved:.3g}{share}"


def _narrowest(found: dict[str, Any]) -> str:
    return min(found["upper"], key=float)


def _cost_of_eight_bits(model: Any, data: str | None) -> str:
    """What the rounding costs: scores where the truth is known, else how far answers move."""
    if data is None:
        return "int8: what the rounding costs was not measured. Give rows: --data FILE."
    import numpy as np

    from thetastar.data import read_table
    from thetastar.data.targets import drop_missing_targets
    from thetastar.export.eight_bits import rounded
    from thetastar.model.metrics import score_all

    table, encoding = read_table(data, expected=model.preparation.names), model.target_encoding
    known = all(name in table for name in model.targets)
    if known:
        table, _ = drop_missing_targets(table, model.targets)
    exact, coarse = _predicted(model, table, lambda predictor: predictor), _predicted(model, table, rounded)
    lines = [f"int8 on {table.row_count:,} rows of {data}:"]
    if known:
        truth = encoding.truth(table)
        before, after = (score_all(model.task, truth, predicted) for predicted in (exact, coarse))
        lines += [f"  {name:<18} {before[name]:>10.5g} in float32 {after[name]:>10.5g} in 8 bits" for name in before]
    largest = float(np.abs(exact - coarse).max(initial=0.0))
    if model.classes is None:
        lines.append(f"  answers move by at most {largest:.3g}")
    else:
        other = float((exact.argmax(axis=1) != coarse.argmax(axis=1)).mean())
        lines.append(f"  {other:.2%} of the rows get another class; probabilities move by at most {largest:.3g}")
    return "\n".join(lines)


def _predicted(model: Any, table: Any, taken: Callable[[Any], Any]) -> Any:
    """(n,) values or (n, C) probabilities of the members, each as `taken` gives it."""
    total = sum(member.count for member in model.members)

    def of(member: Any) -> Any:
        rows, predictor = member.preparation.transform(table), taken(member.predictor)
        if member.network is None:
            return predictor.predict(predictor.rows_of(rows, table))
        return model.target_encoding.predicted(predictor.predict(rows))

    together = sum(member.count / total * of(member) for member in model.members)
    return together if model.calibration is None else model.calibration(together)
