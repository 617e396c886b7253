"""From the record to what the templates show: order, collapse and positions are decided here, not in the templates."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from typing import Any

from thetastar.data.roles import LEFT_OUT
from thetastar.data.task import find_task
from thetastar.model.conclusion import leaderboard_sentence
from thetastar.model.record import ClassCounts, Record, Samples
from thetastar.report import figures
from thetastar.report.rows import cells_of, worst_of
from thetastar.report.scale import Scale, scale_for
from thetastar.report.targets import distributions, targets_view
from thetastar.study.options import StudyOptions

__all__ = ["build_view"]

MOST_CANDIDATES = 300  # rows of the leaderboard that a page holds at most
SHOWN_CANDIDATES, SHOWN_COLUMNS, SHOWN_CLASSES, CONFUSION_CLASSES = 14, 10, 14, 40

METRIC_NAMES = {
    "rmse": "root mean squared error",
    "mae": "mean absolute error",
    "r2": "share of variance explained (R²)",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "auc": "area under the ROC curve",
    "f1": "F1",
    "macro_f1": "F1, mean over classes",
    "log_loss": "log loss",
    "pinball": "quantile loss (pinball)",
    "scaled_rmse": "RMSE over the target's spread",
    "scaled_mae": "MAE over the target's spread",
    "macro_auc": "area under the ROC curve, mean over labels",
    "micro_auc": "area under the ROC curve, all labels together",
    "micro_f1": "F1, all labels together",
    "subset_accuracy": "rows with every label right",
}


def build_view(record: Record) -> dict[str, Any]:
    """Everything the page needs, section by section; a part that the task does not have is `None`."""
    name = record.metric.name
    return {
        "record": record,
        "question": record.question,
        "metric": record.metric,
        "metric_name": METRIC_NAMES.get(name, name),
        "task_name": find_task(record.question.task).words,
        "headline": record.headline,
        "verdict": record.verdict,
        "answer": _answer(record),
        "data": _data(record),
        "samples": _samples(record.samples),
        "mistakes": record.test.mistakes,
        "board": _leaderboard(record),
        "winner": record.winner,
        "learning": _learning(record),
        "drawing": figures.network(record.winner.layers, _input_shape(record), _outputs(record)),
        "gradients": figures.gradients(record.winner.gradients) if record.winner.gradients else None,
        "searched": _searched(record),
        "overfitting": figures.overfitting(record.leaderboard, name),
        "settings_of_winner": _settings(record),
        "worst": worst_of(record),
        "cells": cells_of(record),
        "calibration": _calibration(record),
        "calibrated": _calibrated(record) if record.test.labels is not None else None,
        "quantiles": _quantiles(record),
        "targets": targets_view(record),
        "regression": _regression(record),
        "classes": _classes(record),
        "use": _use(record),
        "metric_names": METRIC_NAMES,
    }


def _samples(samples: Samples | None) -> dict[str, Any] | None:
    """Images as they are; sequences as the points of lines in a box of 160 × 48, one scale for all of them."""
    if samples is None:
        return None
    values = [v for group in samples.groups for line in group.lines for v in line if v is not None]
    low, high = min(values, default=0.0), max(values, default=1.0)
    longest = max((len(line) for group in samples.groups for line in group.lines), default=1)

    def points(line: tuple[float | None, ...]) -> str:
        scale = 44 / (high - low) if high > low else 0.0
        step = 160 / max(longest - 1, 1)
        return " ".join(f"{k * step:.1f},{46 - (v - low) * scale:.1f}" for k, v in enumerate(line) if v is not None)

    groups = [
        {"label": group.label, "pictures": group.pictures, "lines": [points(line) for line in group.lines]}
        for group in samples.groups
    ]
    return {"kind": samples.kind, "of": samples.of, "groups": groups}


def _answer(record: Record) -> dict[str, Any]:
    """The score, the baselines on the same rows, and the other scores."""
    test, name = record.test, record.metric.name
    value, interval = test.scores[name], test.intervals.get(name)
    held = record.answer
    own = record.winner.name if held is None else held.name
    kind = "baseline" if held is not None and held.kind == "baseline" else "network"
    rows: list[dict[str, Any]] = [{"name": own, "kind": kind, "value": value, "interval": interval, "ours": True}]
    if held is not None and held.alone:
        rows.append({"name": record.winner.name, "kind": "network", "value": held.alone.get(name), "interval": None})
    rows += [
        {"name": baseline, "kind": "baseline", "value": scores.get(name), "interval": None}
        for baseline, scores in test.baselines.items()
        if baseline != own
    ]
    rows = [row for row in rows if row["value"] is not None]
    rows.sort(key=lambda row: row["value"], reverse=record.metric.direction == "max")
    best = next((row["value"] for row in rows if row["kind"] == "baseline" and "ours" not in row), None)
    scale = scale_for([value, *(interval or ()), best], [row["value"] for row in rows])
    for row in rows:
        row["strip"] = _strip(scale, row["value"], row["interval"])
    others = [
        {"metric": other, "value": test.scores[other], "interval": test.intervals.get(other)}
        for other in test.scores
        if other != name
    ]
    return {
        "value": value, "interval": interval, "rows": rows, "others": others, "ticks": scale.ticks(name),
        "own": {"network": "the network", "average": "the average"}.get(held.kind if held else "network", own),
        "made": _made(record),
    }  # fmt: skip


def _made(record: Record) -> dict[str, Any] | None:
    """What the answer is made of and what else it could have been; None where the network is the answer."""
    answer = record.answer
    if answer is None or answer.kind == "network":
        return None
    lines: dict[tuple[str, str], dict[str, Any]] = {}
    for part in answer.parts:  # of one candidate's starts each is a member
        line = lines.setdefault(
            (part.name, part.kind),
            {"name": part.name, "kind": part.kind, "members": 0, "share": 0.0, "size": part.size},
        )
        line["members"] += 1
        line["share"] += part.count / sum(each.count for each in answer.parts)
    words = {"best": "the best there is", "networks": "networks only", "one": "one network"}
    return {
        "parts": list(lines.values()),
        "scores": [(words[name], answer.validation.get(name)) for name in ("best", "networks", "one")],
        "why": answer.why,
        "rows": answer.rows,
    }


def _strip(
    scale: Scale, value: float | None, interval: tuple[float, float] | None = None, dots: Sequence[float] = ()
) -> dict[str, Any]:
    """Positions for one row of the dot-and-interval plot."""
    if value is None:
        return {"side": "none", "at": None, "bar": None, "dots": []}
    bar = None
    if interval and interval[1] > interval[0]:
        left, right = scale.place(interval[0]), scale.place(interval[1])
        bar = {"left": left, "width": round(right - left, 2)}
    inside = [scale.place(dot) for dot in dots if scale.side(dot) == "inside"]
    return {"side": scale.side(value), "at": scale.place(value), "bar": bar, "dots": inside}


def _leaderboard(record: Record) -> dict[str, Any]:
    rows = record.leaderboard
    networks = sorted(
        (row.validation_mean for row in rows if row.kind == "network" and row.validation_mean is not None),
        reverse=record.metric.direction == "max",
    )
    good = set(networks[: max(3, -(-3 * len(networks) // 4))])
    core = [value for row in rows if row.validation_mean in good for value in (row.validation_mean, *row.scores)]
    scale = scale_for(core, [value for row in rows for value in (row.validation_mean, *row.scores)])
    lines = []
    left = max(len(rows) - MOST_CANDIDATES, 0)
    for row in rows:
        if row.rank > MOST_CANDIDATES and row.kind == "network" and not row.chosen:
            continue  # a page of ten thousand rows is nobody's to read
        mean, std = row.validation_mean, row.validation_std
        interval = (mean - std, mean + std) if mean is not None and std is not None else None
        shown = row.rank <= SHOWN_CANDIDATES or row.kind == "baseline" or row.chosen
        lines.append(
            {
                "row": row,
                "strip": _strip(scale, mean, interval, row.scores if len(row.scores) > 1 else ()),
                "more": not shown and len(rows) > SHOWN_CANDIDATES + 4,
            }
        )
    return {
        "lines": lines,
        "ticks": scale.ticks(record.metric.name),
        "hidden": sum(line["more"] for line in lines),
        "left": left,
        "networks": sum(row.kind == "network" for row in rows),
        "baselines": sum(row.kind == "baseline" for row in rows),
        "sentence": leaderboard_sentence(record),
    }


def _searched(record: Record) -> dict[str, Any] | None:
    """What was searched, dimension by dimension; None where candidates were listed."""
    found = record.searched
    if found is None:
        return None
    return {
        "figure": figures.searched(found, record.metric.name), "walk": found.search, "tried": found.tried,
        "shown": len(found.names), "space": record.settings.space or {},
    }  # fmt: skip


def _data(record: Record) -> dict[str, Any]:
    columns, rows, split = record.columns, record.question.rows, record.split
    lines = [
        {
            "column": column,
            "more": i >= SHOWN_COLUMNS and len(columns) > SHOWN_COLUMNS + 4,
            "left_out": column.role in LEFT_OUT,
            "missing_share": column.missing / rows if rows else 0.0,
        }
        for i, column in enumerate(columns)
    ]
    parts: list[dict[str, Any]] = [
        {"name": "train", "rows": split.train},
        {"name": "validation", "rows": split.validation},
        {"name": "test", "rows": split.test},
    ]
    total = sum(part["rows"] for part in parts) or 1
    for part in parts:
        part["share"] = round(100 * part["rows"] / total, 2)
    distribution = record.target_distribution
    return {
        "lines": lines,
        "used": sum(not line["left_out"] for line in lines),
        "hidden": sum(line["more"] for line in lines),
        "roles": Counter(column.role for column in columns).most_common(),
        "parts": parts,
        "split": split,
        "figures": distributions(record),
        "more_targets": max(len(record.targets) - len(distributions(record)), 0),
        "classes": len(distribution.labels) if isinstance(distribution, ClassCounts) else 0,
        "classes_shown": figures.CLASSES_SHOWN,
    }


def _learning(record: Record) -> dict[str, Any]:
    """How the chosen candidate's runs went."""
    curves, winner = record.winner.curves, record.winner
    learned = any(curve.loss for curve in curves)
    return {
        "figure": figures.learning_curves(curves, winner.refit_loss) if learned else None,
        "often": _often(len(curves), record.chosen.folds or record.split.folds),
        "best_epochs": sorted(curve.best_epoch for curve in curves if curve.best_epoch),
    }


def _input_shape(record: Record) -> list[int]:
    """(H, W, C) of images, (T, F) of sequences, (F,) of tables; images and sequences say theirs in words."""
    samples, features = record.samples, record.question.features
    sizes = [int(word) for word in samples.of.split() if word.isdigit()] if samples else []
    if samples and len(sizes) == 2:
        return [*sizes, features // max(sizes[0] * sizes[1], 1)] if samples.kind == "image" else sizes
    return [features]


def _outputs(record: Record) -> Sequence[str] | None:
    """The targets or the classes at the last neurons; one neuron speaks for the positive class of two."""
    test = record.test
    if record.targets:
        return record.question.target_names
    return [test.positive] if test.positive is not None else test.labels


def _often(runs: int, folds: int) -> str:
    """How the winner's runs differ from one another."""
    if runs < 2:
        return "trained once"
    what = (
        f"on {folds} folds, each from new random starts"
        if folds > 1
        else "under the same conditions from different random starts"
    )
    return f"trained {runs} times {what}"


def _calibration(record: Record) -> dict[str, Any] | None:
    found = record.test.calibration
    if found is None or not found.bins:
        return None
    return {"figure": figures.calibration(found, record.test.positive), "gap": found.gap, "of": found.of}


def _calibrated(record: Record) -> dict[str, Any] | None:
    """What calibrating the probabilities brought, before beside after; None where there is nothing to say of it."""
    found, test = record.calibrated, record.test
    if found is None:
        return None
    lines = [
        (f"{found.rows:,} validation rows", found.validation_before, found.validation_after),
        (f"{test.rows:,} test rows", test.uncalibrated, test.probabilities),
    ]
    before, after = found.reliability_before, found.reliability_after
    figure = None
    if before is not None and after is not None and before.bins and after.bins:
        figure = figures.calibration(after, test.positive, before)
    return {
        "why": found.why, "kept": found.kind is not None, "figure": figure, "scores": ("log_loss", "brier"),
        "lines": [(rows, one, two) for rows, one, two in lines if one is not None and two is not None],
    }  # fmt: skip


_KINDS = {
    "convolutional": {"filters", "kernel", "padding", "preset", "augment"},
    "recurrent": {"cell", "units", "bidirectional"},
    "dense": {"pieces"},
}


def _settings(record: Record) -> dict[str, Any]:
    """The settings that apply to the chosen network: none of other kinds of network, none that is switched off."""
    settings = record.winner.settings
    kind = settings.get("kind", "dense")
    others = set().union(*(names for other, names in _KINDS.items() if other != kind))
    if kind == "dense" and not settings.get("hidden"):
        others |= {"activation", "dropout"}  # they belong to hidden layers
    return {
        name: value
        for name, value in settings.items()
        if name not in others and (value or (name == "seed" and value == 0))  # 0, False, None and [] are switched off
    }


def _quantiles(record: Record) -> dict[str, Any] | None:
    """Each level on the test rows, and how many lie between the outermost; None of other tasks."""
    test = record.test
    if not test.quantiles:
        return None
    return {
        "figure": figures.quantiles(test.quantiles), "levels": test.quantiles, "coverage": test.coverage,
        "why": record.calibrated.why if record.calibrated is not None else "",
    }  # fmt: skip


def _regression(record: Record) -> dict[str, Any] | None:
    points, target = record.test.points, record.question.target
    if points is None:
        return None
    real, predicted = list(points.real), list(points.predicted)
    return {
        "points": len(real),
        "rows": record.test.rows,
        "agreement": figures.real_and_predicted(real, predicted, target),
        "residuals": figures.residuals(real, predicted, target),
        "errors": figures.residual_histogram(real, predicted),
    }


def _classes(record: Record) -> dict[str, Any] | None:
    test = record.test
    if test.confusion is None or test.labels is None or test.per_class is None:
        return None
    labels, confusion, roc = test.labels, test.confusion, test.roc
    order: Sequence[int] = range(len(labels))
    if len(labels) > CONFUSION_CLASSES:
        order = sorted(sorted(order, key=lambda i: -sum(confusion[i]))[:CONFUSION_CLASSES])
    matrix = []
    for i in order:
        support = sum(confusion[i])
        cells = [
            {
                "count": confusion[i][j],
                "share": confusion[i][j] / support if support else 0.0,
                "right": i == j,
                "label": labels[j],
                "key": f"{i},{j}",
            }
            for j in order
        ]
        matrix.append({"label": labels[i], "cells": cells, "support": support})
    mistakes: list[dict[str, Any]] = [
        {
            "real": labels[i],
            "said": labels[j],
            "count": confusion[i][j],
            "share": confusion[i][j] / sum(confusion[i]),
        }
        for i in range(len(labels))
        for j in range(len(labels))
        if i != j and confusion[i][j]
    ]
    mistakes = sorted(mistakes, key=lambda mistake: -mistake["count"])[:8]
    per_class = [
        {"row": row, "more": i >= SHOWN_CLASSES and len(labels) > SHOWN_CLASSES + 4}
        for i, row in enumerate(test.per_class)
    ]
    return {
        "matrix": matrix,
        "columns": [labels[j] for j in order],
        "shown": len(order),
        "total": len(labels),
        "compact": len(order) > 12,
        "mistakes": mistakes,
        "per_class": per_class,
        "hidden": sum(line["more"] for line in per_class),
        "positive": test.positive,
        "auc": roc.auc if roc else None,
        "operating": _operating(record),
        **_curves(record),
    }


def _curves(record: Record) -> dict[str, Any]:
    """ROC, precision-recall and gains of two classes, with a ring where the model names classes; else None each."""
    test = record.test
    if test.roc is None or test.confusion is None:
        return {"roc": None, "precision": None, "gains": None}
    (right, alarms), (missed, found) = test.confusion
    counts = (right + alarms, missed + found)
    value = 0.5 if record.threshold is None else record.threshold.value
    name, called = f"threshold {value:.3g}", alarms + found
    recall, false = found / max(counts[1], 1), alarms / max(counts[0], 1)
    precise = (recall, found / called, name) if called else None
    return {
        "roc": figures.roc(test.roc, test.positive, (false, recall, name)),
        "precision": figures.precision_and_recall(test.roc, counts, test.positive, precise),
        "gains": figures.gains(test.roc, counts, test.positive, (called / max(sum(counts), 1), recall, name)),
    }


def _operating(record: Record) -> dict[str, Any] | None:
    """The threshold and one half, on validation and test rows; None where no threshold was asked for."""
    found, test = record.threshold, record.test
    if found is None:
        return None
    lines = [("validation", found.rows, point) for point in (found.chosen, found.half) if point is not None]
    lines += [("test", test.rows, point) for point in test.operating]
    return {"why": found.why, "rule": found.rule, "lines": lines}


def _use(record: Record) -> dict[str, str]:
    """Lines to copy: they name the model file as `fit --out` writes it, next to this report."""
    classes, several = find_task(record.question.task).probable, len(record.targets) > 1
    python = [
        "import thetastar as ts",
        "",
        'model = ts.load("model.theta")',
        f'model.predict("new.csv")         # {"one column per target" if several else "one value per row"}',
    ]
    if classes:
        python.append(f'model.predict_proba("new.csv")   # one column per {"target" if several else "class"}')
    python += [
        "model.score                      # from the test rows",
        'model.evaluate("labelled.csv")   # on other rows',
    ]
    proba = " --proba" if classes else ""
    shell = [
        f"thetastar predict model.theta new.csv{proba} --out out.csv",
        "thetastar evaluate model.theta labelled.csv",
    ]
    return {"python": "\n".join(python), "shell": "\n".join(shell), "again": _again(record)}


def _again(record: Record) -> str:
    """What runs the study again: a command with every option that could change what comes out, or, where the data was
    not a file, lines of Python.
    """
    question, settings = record.question, record.settings
    # What study.toml has only in words; a command cannot give it either.
    given = ["cv"] * ("cv" in settings.study)
    given += ["sample_weight"] * (record.weights is not None and record.weights.column is None)
    if not question.is_file or given:
        lines = ["from thetastar.study import repeat", ""]
        lines += [] if question.is_file else [f"# data: the {question.source}, as it was"]
        lines += [f"# {' and '.join(given)}: as given before"] * bool(given)
        names = [*([] if question.is_file else ["data", *["test"] * bool(question.test_source)]), *given]
        return "\n".join([*lines, f'repeat("study.toml", {", ".join(f"{name}={name}" for name in names)})'])
    command = ["thetastar", "fit", question.source]
    for target in question.target_names or (question.target,):
        command += ["--target", target]
    if question.test_source:
        command += ["--test", question.test_source]
    for column, role in settings.roles.items():
        command += ["--role", f"{column}={role}"]
    if settings.space is not None:
        command += ["--space", "study.toml"]  # beside this report
    for option in StudyOptions.kept_as("result"):
        value, flag = settings.study.get(option), f"--{option.replace('_', '-')}"
        if value is True:
            command.append(flag)
        elif option != "target" and value is not None and value is not False:
            command += [flag, ",".join(map(str, value)) if isinstance(value, list) else str(value)]
    return shlex.join(command)
