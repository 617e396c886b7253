"""Wrote the frozen models of format 2 whose probabilities have last steps of several numbers (`python -m
tests.formats.make_format_2_beliefs`): labels with a calibration and a threshold each, and classes with a scale and a
shift each. Not to be run again once released; see `make_format_2`.
"""

import json
from dataclasses import replace
from pathlib import Path

import thetastar as ts
from tests.formats.make_format_1 import TABLES
from tests.formats.make_format_2_targets import table
from thetastar.model import Model
from thetastar.model.calibration import Beta, Calibration, EachLabel, VectorScaling

HERE = Path(__file__).parent
USUAL = {"candidates": [{"hidden": (4,)}], "answer": "one", "restarts": 1, "folds": 1, "effort": 1, "threads": 1}


def believed(model: Model, calibration: Calibration, threshold: tuple[float, ...] | None) -> Model:
    """The same with other last steps."""
    answer = replace(model._answer, calibration=calibration, threshold=threshold)
    return Model(network=model.network, preparation=model.preparation, target_encoding=model.target_encoding,
                 record=model.record, answer=answer)  # fmt: skip


def models() -> dict[str, tuple[Model, dict[str, list]]]:
    """Each with the columns of some rows."""
    columns = {name: column for name, column in table().items() if name not in ("heat", "drift")}
    labels = ts.fit(columns, target=["wet", "cold"], **USUAL)
    rows = {name: columns[name][:9] for name in ("a", "b")}
    each = EachLabel((Beta(0.75, 1.25, -0.125), None))
    classes, target, _ = TABLES["multiclass"]
    model = ts.fit(classes, target, **USUAL)
    count = len(model.classes)
    bent = VectorScaling(tuple(0.75 + 0.25 * k for k in range(count)), tuple(0.5 - 0.25 * k for k in range(count)))
    few = {name: column[:9] for name, column in classes.items() if name != target}
    return {
        "believed": (believed(labels, each, (0.25, 0.625)), rows),
        "vector": (believed(model, bent, None), few),
    }


def main() -> None:
    for kind, (model, rows) in models().items():
        model.save(HERE / f"format_2_{kind}.theta")
        expected = {"rows": rows, "predict": model.predict(rows).tolist(), "score": model.score,
                    "predict_proba": model.predict_proba(rows).tolist()}  # fmt: skip
        (HERE / f"format_2_{kind}.json").write_text(json.dumps(expected) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
