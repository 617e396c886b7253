"""`model.result()`, which `fit --json` prints: the names that scripts rely on."""

import json

import pytest

import thetastar as ts
from tests.report.report_records import ALL
from tests.study.conftest import SMALL, curve_table
from thetastar.cli import main
from thetastar.model.result import result

PROMISED = {
    "task", "score", "intervals", "chosen", "columns", "notes", "distrust", "verdict", "headline",
}  # fmt: skip


@pytest.mark.parametrize("make", ALL.values(), ids=ALL)
def test_it_has_what_the_contract_promises_in_plain_json(make):
    record = make()
    found = json.loads(json.dumps(result(record), allow_nan=False))
    assert set(found) >= PROMISED
    assert found["task"] == record.question.task and found["chosen"] == record.winner.name
    assert found["score"] == record.test.scores
    assert found["intervals"] == {name: list(ends) for name, ends in record.test.intervals.items()}
    assert [set(column) >= {"name", "role", "reason"} for column in found["columns"]] == [True] * len(record.columns)
    assert set(found["headline"]) == {"state", "words", "rival", "interval"}
    for name in ("notes", "distrust", "verdict"):
        assert all(isinstance(sentence, str) for sentence in found[name])


def test_the_command_prints_the_same_as_the_saved_model_gives(tmp_path, capsys):
    table = curve_table(120)
    data = tmp_path / "curve.csv"
    rows = zip(*table.values(), strict=True)
    data.write_text("\n".join([",".join(table), *(",".join(map(str, row)) for row in rows)]), encoding="utf-8")
    options = ["--folds", "1", "--restarts", "1", "--effort", "0.5", "--out", str(tmp_path / "out")]
    assert main(["fit", str(data), "--target", "y", *options, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    files = printed.pop("files")
    assert printed == json.loads(json.dumps(ts.load(files["model"]).result()))
    assert printed["question"]["is_file"] is True and printed["metric"]["unit"] == "y"


def test_notes_say_what_was_left_out_and_what_was_cut_short():
    table = {**curve_table(200), "one": [1.0] * 200}
    table["y"][:3] = float("nan")
    model = ts.fit(table, target="y", **{**SMALL, "candidates": [(4,), (8,), (16,), (32,)], "effort": 0.005})
    notes = model.result()["notes"]
    assert any("'y'" in note and "3" in note for note in notes), notes
    assert any(note.startswith("All 4 networks were trained for up to") for note in notes), notes
    assert set(model.record.notes) <= set(model.record.distrust)
