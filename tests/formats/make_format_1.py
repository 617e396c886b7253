"""Wrote the frozen models of format 1 (`python -m tests.formats.make_format_1`). Not to be run again once released.

A later version must load them and predict the same; a change that makes that impossible needs a new format number and
a migration, never new files under this name.
"""

import json
from pathlib import Path

import thetastar as ts

HERE = Path(__file__).parent

TABLES = {
    "regression": (
        {
            "size": [31.5, 40, None, 62, 75, 28, 90, 110, 55, 47, 83, 66, 71, 39, 58, 95, 102, 44, 36, 120] * 6,
            "city": ["Ulm", "Bonn", "Kiel", "Ulm", None, "Bonn", "Kiel", "Ulm", "Bonn", "Kiel"] * 12,
            "built": [f"{1950 + (7 * k) % 70}-0{1 + k % 9}-15" for k in range(120)],
            "garden": ["yes", "no", "no"] * 40,
            "rent": [300.5 + 11 * ((31 * k) % 97) for k in range(120)],
        },
        "rent",
        [{"hidden": (6,), "activation": "mish", "pieces": 5}],
    ),
    "binary": (
        {"a": [((37 * k) % 101) / 50 - 1 for k in range(120)], "sick": ["no", "yes", "no", "no"] * 30},
        "sick",
        [{"hidden": (5, 4), "activation": "selu", "dropout": 0.1}],
    ),
    "multiclass": (
        {
            "a": [((37 * k) % 101) / 50 - 1 for k in range(120)],
            "b": [k % 7 for k in range(120)],
            "grade": [1, 2, 3] * 40,
        },
        "grade",
        [{"hidden": (4,), "activation": "gelu"}],
    ),
}


def main() -> None:
    for task, (table, target, candidates) in TABLES.items():
        model = ts.fit(table, target, task=task, candidates=candidates, restarts=1, folds=1, effort=1, threads=1)
        model.save(HERE / f"format_1_{task}.theta")
        rows = {name: column[:9] for name, column in table.items() if name != target}
        expected = {"rows": rows, "predict": model.predict(rows).tolist(), "score": model.score}
        if task != "regression":
            expected["predict_proba"] = model.predict_proba(rows).tolist()
        (HERE / f"format_1_{task}.json").write_text(json.dumps(expected, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
