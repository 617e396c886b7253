"""Wrote the frozen models of several targets of format 2 (`python -m tests.formats.make_format_2_targets`): numbers by
an average of a network, lines, trees and constants, and labels by a network and trees. Not to be run again once
released; see `make_format_2`.
"""

import json
from pathlib import Path

import numpy as np

import thetastar as ts
from thetastar.data import read_table
from thetastar.data.targets import encoding_of
from thetastar.model import Model
from thetastar.model.answer import Answer, Member
from thetastar.recipes.baselines import baselines_for

HERE = Path(__file__).parent
FIXED = {"candidates": [{"hidden": (4,)}], "answer": "one", "restarts": 1, "folds": 1, "effort": 1, "threads": 1}


def table() -> dict[str, list]:
    """Two columns, two numbers and two labels of different kinds that follow from them."""
    a, b = np.random.default_rng(0).normal(size=(2, 150)).round(3)
    return {
        "a": a.tolist(), "b": b.tolist(), "heat": (200 + 30 * a - 10 * b).round(3).tolist(),
        "drift": (0.01 * b * b).round(6).tolist(), "wet": np.where(a + b > 0, "yes", "no").tolist(),
        "cold": (a * b > 0.1).astype(int).tolist(),
    }  # fmt: skip


def model_of(targets: list[str]) -> tuple[Model, dict[str, list]]:
    """A network and every baseline in one answer."""
    columns = table()
    rows = {name: columns[name] for name in ("a", "b")}
    model = ts.fit({**rows, **{name: columns[name] for name in targets}}, target=targets, **FIXED)
    read = read_table(columns)
    truth, inputs = encoding_of(read, targets).truth(read), model.preparation.transform(read_table(rows))
    members = [Member("network", 3, model.network, model.preparation)]
    for baseline in baselines_for(model.task, "", 0, 0):
        fitted, _ = baseline.fit(inputs, truth, {"trees 0": 4, "trees 1": 4})
        members.append(Member(baseline.name, 1, fitted, model.preparation))
    made = Model(network=model.network, preparation=model.preparation, target_encoding=model.target_encoding,
                 record=model.record, answer=Answer(tuple(members)))  # fmt: skip
    return made, {name: column[:9] for name, column in rows.items()}


def main() -> None:
    for kind, targets in (("targets", ["heat", "drift"]), ("labels", ["wet", "cold"])):
        model, rows = model_of(targets)
        model.save(HERE / f"format_2_{kind}.theta")
        expected = {"rows": rows, "predict": model.predict(rows).tolist(), "score": model.score}
        if kind == "labels":
            expected["predict_proba"] = model.predict_proba(rows).tolist()
        (HERE / f"format_2_{kind}.json").write_text(json.dumps(expected) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
