"""`thetastar predict` and `thetastar evaluate`: a saved model on new rows."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from thetastar.cli.completion import columns_that_begin
from thetastar.cli.written_rows import FORMS, Columns, rows_to
from thetastar.errors import InputError

if TYPE_CHECKING:
    from thetastar.data import Table
    from thetastar.model import Model

PREDICT_EXAMPLES = (
    "[bold]Examples[/]\n"
    "thetastar predict houses/model.theta new.csv | head\n"
    "thetastar predict churn/model.theta new.csv --proba --out predictions.csv\n"
    "thetastar predict churn/model.theta new.csv --keep customer,date --out predictions.xlsx\n\n"
    "The columns may stand in any order; columns that the model does not know are passed over.\n\n"
    "thetastar predict views/model.theta since.csv --horizon 28      # a forecast, after the rows in since.csv"
)
EVALUATE_EXAMPLES = (
    "[bold]Examples[/]\n"
    "thetastar evaluate houses/model.theta next_year.csv\n"
    "thetastar evaluate houses/model.theta next_year.csv --json | jq .score.rmse"
)

_Model = Annotated[Path, typer.Argument(metavar="MODEL", help="A model.theta that fit wrote.", show_default=False)]


def predict(
    model: _Model,
    data: Annotated[
        Path | None,
        typer.Argument(metavar="DATA", help="Rows to predict: csv, tsv, parquet, arrow.", show_default=False),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write here (.csv, .tsv, .parquet or .xlsx); otherwise CSV."),
    ] = None,
    proba: Annotated[bool, typer.Option("--proba", help="Add one column probability_<class> for each class.")] = False,
    keep: Annotated[
        list[str] | None,
        typer.Option(
            "--keep",
            metavar="A,B",
            help="Columns of DATA to write beside the predictions, such as an id. Repeatable.",
            autocompletion=columns_that_begin,
        ),
    ] = None,
    horizon: Annotated[
        int | None,
        typer.Option("--horizon", metavar="H", help="Of a forecast: the next H steps, with intervals, after the rows."),
    ] = None,
) -> None:
    """Predict the target for new rows: a column `prediction`, one row per input row, in the same order.

    Of quantiles (fit --quantiles) there is a column for each level instead, such as `q_0.1`; they rise in every row.

    Of several targets there is a column of each target's name, and with --proba one `probability_<target>` each.

    Of two classes with a threshold (fit --threshold) the positive one is named from that probability on; of several
    labels each from its own.

    What the model does not know in these rows (levels that training did not see, empty cells, more columns) is counted
    on standard error.
    """
    if out is not None and out.suffix.lower() not in FORMS:
        raise InputError(f"--out {out}: the name must end in {', '.join(FORMS)}, which says how to write it.")
    loaded = _load(model)
    if proba and getattr(loaded, "classes", None) is None and not _labels(loaded):
        raise InputError(
            f"--proba: {model} predicts a number ({loaded.target}), which has no probabilities. Leave it out."
        )
    if loaded.task == "forecast":
        from thetastar.cli.forecast import predicted_columns

        columns = predicted_columns(loaded, data, horizon)
        if keep:
            from thetastar.data import read_table

            columns = {**_kept(read_table(str(data)), str(data), keep, columns), **columns}
        answers = iter([columns])
    elif horizon is not None or data is None:
        rule = "--horizon: only a forecast has steps ahead" if horizon is not None else "DATA: give the rows to predict"
        raise InputError(f"{rule}; {model} holds a model of single rows ({loaded.target}).")
    else:
        answers = _answers(loaded, str(data), keep or [], proba)
    count = 0
    with rows_to(out) as rows:
        for columns in answers:
            rows.add(columns)
            count += _rows_of(columns)
    if out is not None:
        typer.echo(f"{count:,} predictions in {out}", err=True)


def _answers(loaded: Model, data: str, keep: list[str], proba: bool) -> Iterator[Columns]:
    """What is written for the rows of a table, a part at a time where it is large; what is unknown in them is said."""
    parts = loaded.parts(data)
    large = not isinstance(parts, list)
    said: set[str] = set()
    done = 0
    for table in parts:
        columns = {**loaded.row_ids(table), **_predicted(loaded, table)}
        rows = f", rows {done + 1:,} to {done + table.row_count:,}" if large else ""
        for sentence in loaded.unfamiliar(table):
            kind = re.sub(r"[\d,.]+", "#", sentence)  # the same with other counts is not said of every part
            if kind not in said:
                typer.echo(f"{data}{rows}: {sentence}", err=True)
            said.add(kind)
        if proba:
            probabilities = loaded.predict_proba(table)
            names = loaded.classes or _several(loaded)
            columns |= {f"probability_{name}": probabilities[:, i].tolist() for i, name in enumerate(names)}
        yield {**_kept(table, data, keep, columns, _several(loaded)), **columns}
        done += table.row_count
        if large and sys.stderr.isatty():
            typer.echo(f"\r{done:,} rows", nl=False, err=True)
    if large and sys.stderr.isatty():
        typer.echo("", err=True)


def evaluate(
    model: _Model,
    data: Annotated[Path, typer.Argument(metavar="DATA", help="Rows with the target column.", show_default=False)],
    weight: Annotated[
        str | None,
        typer.Option(
            "--weight",
            metavar="COLUMN",
            help="Column that says how much each row counts; if not given, the one that the study weighed rows by.",
            autocompletion=columns_that_begin,
        ),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print the scores as one JSON object, and nothing else.")
    ] = False,
) -> None:
    """Score a saved model on rows whose target is known, beside the score it had on its own test rows."""
    loaded = _load(model)
    if weight is not None and loaded.task == "forecast":
        raise InputError(f"--weight: a forecast's steps count alike; {model} holds a forecast. Leave it out.")
    scores, said = _evaluated(loaded, model, data, weight)
    if loaded.task == "forecast" and not json:
        from thetastar.cli.forecast import print_scores

        print_scores(loaded, scores, f"{model} on {data}, target {loaded.target}")
        return
    if json:
        from thetastar.cli.result import json_text

        print(
            json_text(
                {
                    "task": loaded.task,
                    "target": loaded.target,
                    "model": str(model),
                    "data": str(data),
                    "score": scores,
                    "threshold": getattr(loaded, "threshold", None),
                    "distrust": said,
                }
            )
        )
        return
    from thetastar.report.numbers import count, score

    test = loaded.record.test
    known = dict(test.scores) if test.coverage is None else {**test.scores, "coverage": test.coverage.observed}
    width = max(map(len, scores), default=0)
    by = loaded.record.weights.column if weight is None and loaded.record.weights is not None else weight
    alike = by is None or any("every row counts once" in sentence for sentence in said)
    print(f"{model} on {data}, target {loaded.target}{'' if alike else f', weighted by {by!r}'}")
    if isinstance(loaded.threshold, tuple):
        each = zip(loaded.targets, loaded.threshold, strict=True)
        print(f"Labels are named from a probability of {', '.join(f'{at:.4g} ({name})' for name, at in each)} on.")
    elif loaded.threshold is not None:
        print(f"Rows count as {loaded.classes[1]} from a probability of {loaded.threshold:.4g} on.")
    known |= {
        f"{name} of {each.name}": value for each in loaded.record.targets for name, value in each.test.scores.items()
    }
    for name, value in scores.items():
        kind = name.partition(" of ")[0]  # of several targets there is an `rmse of price`
        beside = f"   (test rows of the study: {score(known[name], kind, 4)})" if name in known else ""
        print(f"  {name:<{width}}  {score(value, kind, 4):>10}{beside}")
    print(f"The study's own test had {count(test.rows)} row{'s' * (test.rows != 1)}.")
    for sentence in said:
        print(f"- {sentence}")


def _evaluated(loaded: Model, path: Path, data: Path, weight: str | None) -> tuple[dict[str, Any], list[str]]:
    """The scores, and what makes them say less: rows seen before or from elsewhere, and looks at the study's test rows.

    In the folder of a study a look at its test rows is written down, as `fit` does.
    """
    import warnings

    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always", UserWarning)
        scores = loaded.evaluate(str(data)) if weight is None else loaded.evaluate(str(data), sample_weight=weight)
    said = [str(warning.message) for warning in heard]
    if loaded.task == "forecast":
        return scores, said
    overlap = loaded.overlap(str(data))
    if overlap.tested and (path.parent / "study.toml").exists():
        from thetastar.model.looks import earlier_looks, note_look

        rows = loaded.record.test.digest
        before = earlier_looks(path.parent, rows)
        note_look(path.parent, rows, overlap.tested, "evaluate", scores)
        look = f"This is look {len(before) + 1} at the study's test rows"
        said.append(f"{look}; {path.parent / 'looks.jsonl'} keeps count.")
    return scores, said


def _predicted(loaded: Model, table: Table) -> Columns:
    """A column `prediction`; of quantiles a column a level, such as `q_0.1`; of several targets one of each name."""
    predicted = loaded.predict(table)
    levels = getattr(loaded, "quantiles", None)
    if _several(loaded):
        return {name: predicted[:, k].tolist() for k, name in enumerate(_several(loaded))}
    if levels is None:
        return {"prediction": predicted.tolist()}
    return {f"q_{level:g}": predicted[:, k].tolist() for k, level in enumerate(levels)}


def _several(loaded: Model) -> tuple[str, ...]:
    """The names of several targets; none where there is one."""
    targets = getattr(loaded, "targets", ())
    return tuple(targets) if len(targets) > 1 else ()


def _labels(loaded: Model) -> bool:
    """Whether several targets are labels, which have probabilities."""
    return bool(_several(loaded)) and loaded.target_encoding.kind.probable


def _rows_of(columns: Columns) -> int:
    return len(next(iter(columns.values())))


def _kept(table: Table, data: str, keep: list[str], answer: Columns, targets: Sequence[str] = ()) -> Columns:
    """The columns that stand beside the predictions, as they are in the data.

    Args:
        targets: of several the names, which the answer's columns have.

    Raises:
        InputError: there is no such column, it would hide a column of the answer, or rows are not those of the data.
    """
    from thetastar.data.table import describe_names

    kept: Columns = {}
    rows = _rows_of(answer)
    for name in (part.strip() for text in keep for part in text.split(",")):
        if name not in table:
            raise InputError(f"--keep {name}: {data} has no such column. {describe_names(name, table.names)}")
        own = name in answer and (name.startswith("q_") or name in targets)
        if name == "prediction" or name.startswith("probability_") or own:
            raise InputError(f"--keep {name}: the answer has a column of this name. Rename it in {data}.")
        if table.row_count != rows:
            raise InputError(
                f"--keep {name}: the {rows:,} predictions are not of the {table.row_count:,} rows of {data}, but of "
                "what they make up together. Leave it out."
            )
        kept[name] = [None if value != value else value for value in table.column(name).values.tolist()]
    return kept


def _load(path: Path) -> Model:
    import thetastar

    loaded = thetastar.load(str(path))
    if isinstance(loaded, thetastar.Network):
        raise InputError(
            f"{path}: this is a network by itself, without the preparation of a table. Use ts.load(path).predict(X) in "
            "Python, or give a model of thetastar fit."
        )
    return loaded
