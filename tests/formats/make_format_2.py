"""Wrote the frozen models of format 2 (`python -m tests.formats.make_format_2`). Not to be run again once released.

A later version must load them and predict the same; a change that makes that impossible needs a new format number and
a migration, never new files under this name.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

import thetastar as ts
from tests.formats.make_format_1 import TABLES
from thetastar.model import Model
from thetastar.presets import small_resnet

HERE = Path(__file__).parent
FIXED = {"restarts": 1, "folds": 1, "effort": 1, "threads": 1}


def images(count: int = 90) -> tuple[np.ndarray, list[str]]:
    """Upright bars, or lying ones."""
    random = np.random.default_rng(0)
    pixels = random.integers(0, 90, (count, 6, 6)).astype(np.uint8)
    kinds = random.integers(0, 2, count)
    for image, kind in zip(pixels, kinds, strict=True):
        at = random.integers(0, 6)
        image[(slice(None), at) if kind else (at, slice(None))] = 200
    return pixels, [("lying", "upright")[kind] for kind in kinds]


def sequences(count: int = 90) -> tuple[np.ndarray, np.ndarray]:
    """Two values at five steps, and their sum."""
    steps = np.random.default_rng(0).normal(size=(count, 5, 2)).astype(np.float32)
    return steps, steps.sum(axis=(1, 2))


def models() -> dict[str, tuple[Model, Any]]:
    """Each kind of model, and rows that it predicts."""
    made: dict[str, tuple[Model, Any]] = {}
    for task, (table, target, candidates) in TABLES.items():
        rows = {name: column[:9] for name, column in table.items() if name != target}
        made[task] = (ts.fit(table, target, task=task, candidates=candidates, **FIXED), rows)
    pixels, kinds = images()
    convolution = [{"kind": "convolutional", "filters": (3,), "hidden": (4,), "activation": "relu"}]
    made["images"] = (ts.fit(pixels, kinds, candidates=convolution, **FIXED), pixels[:9].tolist())
    steps, sums = sequences()
    recurrent = [{"kind": "recurrent", "cell": "gru", "units": (3,), "bidirectional": True}]
    made["sequences"] = (ts.fit(steps, sums, candidates=recurrent, **FIXED), steps[:9].tolist())
    of_images = made["images"][0]
    network = small_resnet((6, 6, 1), classes=1, filters=(2, 3))
    upright = [[float(kind == "upright")] for kind in kinds]
    trained = ts.train(network, of_images.preparation.transform(_table(pixels)), upright, epochs=3)
    residual = Model(
        network=trained.network, preparation=of_images.preparation, target_encoding=of_images.target_encoding,
        record=of_images.record,
    )  # fmt: skip
    made["residual"] = (residual, pixels[:9].tolist())
    return made


def _table(pixels: np.ndarray):
    from thetastar.data import read_table

    return read_table(pixels, expected=("image",))


def forecast() -> "ts.forecasting.ForecastModel":
    """A week's wave with a trend: a linear function, a network and smoothing in the running."""
    days = np.datetime64("2024-01-01") + np.arange(120)
    values = 50 + 10 * np.sin(2 * np.pi * np.arange(120) / 7) + 0.1 * np.arange(120)
    values += np.random.default_rng(0).normal(size=120)
    return ts.forecast(
        {"day": days, "sold": values}, "sold", "day", horizon=3, methods=("linear", "network"), threads=1
    )


def main() -> None:
    for kind, (model, rows) in models().items():
        model.save(HERE / f"format_2_{kind}.theta")
        given = np.array(rows) if isinstance(rows, list) else rows
        expected = {"rows": rows, "predict": model.predict(given).tolist(), "score": model.score}
        if model.classes is not None:
            expected["predict_proba"] = model.predict_proba(given).tolist()
        (HERE / f"format_2_{kind}.json").write_text(json.dumps(expected) + "\n", encoding="utf-8")
    model = forecast()
    model.save(HERE / "format_2_forecast.theta")
    (HERE / "format_2_forecast.json").write_text(json.dumps({"rows": model.rows(10)}) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
