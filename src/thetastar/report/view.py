"""From the record to what the templates show: order, collapse and positions are decided here, not in the templates."""

from __future__ import annotations

import shlex
from collections import Counter
from typing import Any

from thetastar.data.roles import LEFT_OUT
from thetastar.data.task import TASKS
from thetastar.report import figures
from thetastar.report.drawing import draw_network
from thetastar.report.numbers import is_number
from thetastar.report.scale import scale_for

__all__ = ["build_view"]

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
}


def build_view(record: dict[str, Any]) -> dict[str, Any]:
    """Everything the page needs, section by section; a part of the study that did not happen is `None`."""
    test = record.get("test") or None
    return {
        "record": record,
        "question": record["question"],
        "metric": record["metric"],
        "metric_name": METRIC_NAMES.get(record["metric"]["name"], record["metric"]["name"]),
        "task_name": TASKS[record["question"]["task"]].words,
        "answer": _answer(record, test),
        "data": _data(record),
        "samples": _samples(record.get("samples")),
        "mistakes": (test or {}).get("mistakes") or [],
        "board": _leaderboard(record),
        "winner": _winner(record),
        "regression": _regression(record, test),
        "classes": _classes(record, test),
        "use": _use(record),
        "metric_names": METRIC_NAMES,
    }


def _samples(samples: dict[str, Any] | None) -> dict[str, Any] | None:
    """Images as they are; sequences as the points of lines in a box of 160 × 48, one scale for all of them."""
    if samples is None or samples["kind"] == "image":
        return samples
    values = [v for group in samples["groups"] for line in group["lines"] for v in line if v is not None]
    low, high = min(values, default=0.0), max(values, default=1.0)
    longest = max((len(line) for group in samples["groups"] for line in group["lines"]), default=1)

    def points(line: list[float | None]) -> str:
        scale = 44 / (high - low) if high > low else 0.0
        step = 160 / max(longest - 1, 1)
        return " ".join(f"{k * step:.1f},{46 - (v - low) * scale:.1f}" for k, v in enumerate(line) if v is not None)

    groups = [{"label": g["label"], "lines": [points(line) for line in g["lines"]]} for g in samples["groups"]]
    return {**samples, "groups": groups}


def _better(metric: dict[str, Any], a: float, b: float) -> bool:
    return a > b if metric["direction"] == "max" else a < b


def _answer(record: dict[str, Any], test: dict[str, Any] | None) -> dict[str, Any] | None:
    """The headline score, how it stands against the baselines on the same rows, and the other scores."""
    metric = record["metric"]
    name = metric["name"]
    if not test or not is_number(test["scores"].get(name)):
        return None
    value, interval = test["scores"][name], (test.get("intervals") or {}).get(name)
    rows = [
        {
            "name": (record.get("winner") or {}).get("name", "the network"),
            "kind": "network",
            "value": value,
            "interval": interval,
        }
    ]
    rows += [
        {"name": baseline, "kind": "baseline", "value": scores.get(name), "interval": None}
        for baseline, scores in (test.get("baselines") or {}).items()
        if is_number(scores.get(name))
    ]
    rows.sort(key=lambda row: row["value"], reverse=metric["direction"] == "max")
    best = next((row for row in rows if row["kind"] == "baseline"), None)
    scale = scale_for([value, *(interval or []), *([best["value"]] if best else [])], [row["value"] for row in rows])
    for row in rows:
        row["strip"] = _strip(scale, row["value"], row["interval"])
    others = [
        {"metric": other, "value": test["scores"][other], "interval": (test.get("intervals") or {}).get(other)}
        for other in test["scores"]
        if other != name
    ]
    state, words = _standing(metric, value, interval, rows, test.get("leads") or {})
    return {
        "value": value,
        "interval": interval,
        "rows": rows,
        "others": others,
        "test_rows": test["rows"],
        "state": state,
        "words": words,
        "best": best,
        "ticks": scale.ticks(name),
    }


def _standing(
    metric: dict[str, Any],
    value: float,
    interval: list[float] | None,
    rows: list[dict[str, Any]],
    leads: dict[str, Any],
) -> tuple[str, str]:
    """The headline in words. A lead counts where the paired interval of the difference leaves zero out."""
    baselines = [row for row in rows if row["kind"] == "baseline"]
    if not baselines:
        return "level", "No baseline was measured beside it"
    best = baselines[0]
    level = [row["name"] for row in baselines if row["value"] == value]
    close = [row["name"] for row in baselines if _within_chance(row, interval, leads)]
    if _better(metric, best["value"], value):
        chance = ", though within chance" if best["name"] in close else ""
        return "behind", f"On the test rows a plain baseline is better: {best['name']}{chance}"
    if level:
        return "level", f"On the test rows the network is level with {' and '.join(level)}"
    if close:
        return "level", f"On the test rows the network is ahead, but within chance of {' and '.join(close)}"
    return "ahead", "On the test rows the network beats every plain baseline"


def _within_chance(row: dict[str, Any], interval: list[float] | None, leads: dict[str, Any]) -> bool:
    lead = leads.get(row["name"])
    if lead and all(is_number(end) for end in lead):
        return lead[0] <= 0 <= lead[1]
    return (
        interval is not None and all(is_number(end) for end in interval) and interval[0] <= row["value"] <= interval[1]
    )


def _strip(scale, value: float | None, interval: list[float] | None = None, dots: list[float] = ()) -> dict[str, Any]:
    """Positions for one row of the dot-and-interval plot."""
    if not is_number(value):
        return {"side": "none", "at": None, "bar": None, "dots": []}
    bar = None
    if interval and all(is_number(end) for end in interval) and interval[1] > interval[0]:
        left, right = scale.place(interval[0]), scale.place(interval[1])
        bar = {"left": left, "width": round(right - left, 2)}
    inside = [scale.place(dot) for dot in dots if is_number(dot) and scale.side(dot) == "inside"]
    return {"side": scale.side(value), "at": scale.place(value), "bar": bar, "dots": inside}


def _leaderboard(record: dict[str, Any]) -> dict[str, Any] | None:
    rows = [dict(row) for row in record.get("leaderboard") or []]
    if not rows:
        return None
    direction = record["metric"]["direction"]
    networks = sorted(
        (row["validation_mean"] for row in rows if row["kind"] == "network" and is_number(row["validation_mean"])),
        reverse=direction == "max",
    )
    good = set(networks[: max(3, -(-3 * len(networks) // 4))])
    core = [
        value for row in rows if row["validation_mean"] in good for value in (row["validation_mean"], *row["scores"])
    ]
    scale = scale_for(core, [value for row in rows for value in (row["validation_mean"], *row["scores"])])
    for row in rows:
        mean, std = row["validation_mean"], row.get("validation_std")
        interval = [mean - std, mean + std] if is_number(mean) and is_number(std) else None
        row["strip"] = _strip(scale, mean, interval, row["scores"] if len(row["scores"]) > 1 else [])
    shown = [row for row in rows if row["rank"] <= SHOWN_CANDIDATES or row["kind"] == "baseline" or row.get("chosen")]
    for row in rows:
        row["more"] = row not in shown and len(rows) > SHOWN_CANDIDATES + 4
    runs = max(row.get("runs") or 1 for row in rows)
    return {
        "rows": rows,
        "ticks": scale.ticks(record["metric"]["name"]),
        "hidden": sum(row["more"] for row in rows),
        "runs": runs,
        "networks": sum(row["kind"] == "network" for row in rows),
        "baselines": sum(row["kind"] == "baseline" for row in rows),
        "first": rows[0],
    }


def _data(record: dict[str, Any]) -> dict[str, Any]:
    columns = [dict(column) for column in record.get("columns") or []]
    rows = record["question"].get("rows") or 0
    for i, column in enumerate(columns):
        column["more"] = i >= SHOWN_COLUMNS and len(columns) > SHOWN_COLUMNS + 4
        column["left_out"] = column["role"] in LEFT_OUT
        column["missing_share"] = column["missing"] / rows if rows else 0.0
    split = record.get("split") or {}
    parts = [{"name": name, "rows": split.get(name) or 0} for name in ("train", "validation", "test")]
    total = sum(part["rows"] for part in parts) or 1
    for part in parts:
        part["share"] = round(100 * part["rows"] / total, 2)
    distribution = record.get("target_distribution")
    figure = figures.target_distribution(distribution, record["question"]["target"]) if distribution else None
    classes = len(distribution["labels"]) if distribution and distribution["kind"] == "classes" else 0
    return {
        "columns": columns,
        "used": sum(not column["left_out"] for column in columns),
        "hidden": sum(column["more"] for column in columns),
        "roles": Counter(column["role"] for column in columns).most_common(),
        "parts": parts,
        "split": split,
        "figure": figure,
        "classes": classes,
        "classes_shown": figures.CLASSES_SHOWN,
    }


def _winner(record: dict[str, Any]) -> dict[str, Any] | None:
    winner = record.get("winner")
    if not winner:
        return None
    curves = winner.get("curves") or []
    figure = (
        figures.learning_curves(curves, winner.get("refit_loss"))
        if any(curve.get("loss") for curve in curves)
        else None
    )
    return {
        **winner,
        "figure": figure,
        "often": _often(curves, record.get("split") or {}),
        "best_epochs": sorted(curve["best_epoch"] for curve in curves if curve.get("best_epoch")),
        "drawing": draw_network(winner.get("layers") or [], record["question"].get("features")),
    }


def _often(curves: list[dict[str, Any]], split: dict[str, Any]) -> str:
    """How the winner's runs differ from one another."""
    folds = split.get("folds") or 1
    if len(curves) < 2:
        return "trained once"
    what = (
        f"on {folds} folds, each from new random starts"
        if folds > 1
        else "under the same conditions from different random starts"
    )
    return f"trained {len(curves)} times {what}"


def _regression(record: dict[str, Any], test: dict[str, Any] | None) -> dict[str, Any] | None:
    if not test or not test.get("points"):
        return None
    pairs = [
        (r, p)
        for r, p in zip(test["points"]["real"], test["points"]["predicted"], strict=True)
        if is_number(r) and is_number(p)
    ]
    real, predicted = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    target = record["question"]["target"]
    return {
        "points": len(pairs),
        "rows": test["rows"],
        "agreement": figures.real_and_predicted(real, predicted, target),
        "residuals": figures.residuals(real, predicted, target),
    }


def _classes(record: dict[str, Any], test: dict[str, Any] | None) -> dict[str, Any] | None:
    if not test or not test.get("confusion"):
        return None
    labels, confusion = test["labels"], test["confusion"]
    order = range(len(labels))
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
            }
            for j in order
        ]
        matrix.append({"label": labels[i], "cells": cells, "support": support})
    mistakes = sorted(
        (
            {
                "real": labels[i],
                "said": labels[j],
                "count": confusion[i][j],
                "share": confusion[i][j] / sum(confusion[i]),
            }
            for i in range(len(labels))
            for j in range(len(labels))
            if i != j and confusion[i][j]
        ),
        key=lambda mistake: -mistake["count"],
    )[:8]
    per_class = [
        {**row, "more": i >= SHOWN_CLASSES and len(labels) > SHOWN_CLASSES + 4}
        for i, row in enumerate(test.get("per_class") or [])
    ]
    roc = test.get("roc")
    return {
        "matrix": matrix,
        "columns": [labels[j] for j in order],
        "shown": len(order),
        "total": len(labels),
        "compact": len(order) > 12,
        "mistakes": mistakes,
        "per_class": per_class,
        "hidden": sum(row["more"] for row in per_class),
        "positive": test.get("positive"),
        "roc": figures.roc(roc, test.get("positive")) if roc and roc.get("fpr") else None,
        "auc": roc.get("auc") if roc else None,
    }


def _use(record: dict[str, Any]) -> dict[str, str]:
    """Lines to copy: they name the model file as `fit --out` writes it, next to this report."""
    classes = TASKS[record["question"]["task"]].classification
    python = [
        "import thetastar as ts",
        "",
        'model = ts.load("model.theta")',
        'model.predict("new.csv")         # one value per row',
    ]
    if classes:
        python.append('model.predict_proba("new.csv")   # one column per class')
    python += [
        "model.score                      # from the test rows",
        'model.evaluate("labelled.csv")   # on other rows',
    ]
    proba = " --proba" if classes else ""
    shell = [
        f"thetastar predict model.theta new.csv{proba} --out out.csv",
        "thetastar evaluate model.theta labelled.csv",
    ]
    again = ["thetastar", "fit", str(record["question"]["source"]), "--target", str(record["question"]["target"])]
    if record["question"].get("test_source"):
        again += ["--test", str(record["question"]["test_source"])]
    settings = (record.get("settings") or {}).get("study") or {}
    for option in ("metric", "restarts", "folds", "effort", "seed"):
        if settings.get(option) is not None:
            again += [f"--{option}", str(settings[option])]
    return {"python": "\n".join(python), "shell": "\n".join(shell), "again": shlex.join(again)}
