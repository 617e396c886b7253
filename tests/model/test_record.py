"""The record: a field that is missing, misnamed or wrong fails where it is made; old records are brought to today's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from pydantic import ValidationError

from tests.model.random_records import records
from tests.model.test_conclusion import QUIET
from tests.report.report_records import ALL, binary, changed, multiclass, regression
from thetastar.model import record as parts
from thetastar.model.file import read_model_file
from thetastar.model.part import Part
from thetastar.model.record import Record

FORMATS = Path(__file__).parents[1] / "formats"
KINDS = [
    kind for kind in vars(parts).values() if isinstance(kind, type) and issubclass(kind, Part) and kind is not Part
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_field_has_a_sentence_and_says_its_unit(kind):
    assert kind.__doc__ and kind.model_fields
    for name, field in kind.model_fields.items():
        assert field.description and field.description.endswith("."), name
        assert isinstance(field.json_schema_extra["unit"], str), name


def walked(part, path=""):
    """Every dictionary that stands for a part, with the part's type and its place."""
    yield path or "record", part
    for name in type(part).model_fields:
        value = getattr(part, name)
        for k, inner in enumerate(value if isinstance(value, tuple) else (value,)):
            if isinstance(inner, Part):
                yield from walked(inner, f"{path}.{name}.{k}" if isinstance(value, tuple) else f"{path}.{name}")


@pytest.mark.parametrize("make", ALL.values(), ids=ALL)
def test_a_missing_and_a_misnamed_field_are_refused_where_the_part_is_made(make):
    seen = set()
    for _, part in walked(make()):
        if type(part) in seen:
            continue
        seen.add(type(part))
        fields = {name: getattr(part, name) for name in type(part).model_fields}
        for name, field in type(part).model_fields.items():
            without = {key: value for key, value in fields.items() if key != name}
            if field.is_required():
                with pytest.raises(ValidationError, match=rf"{name}\n  Field required"):
                    type(part)(**without)
            with pytest.raises(ValidationError, match=rf"{name}s\n  Extra inputs are not permitted"):
                type(part)(**{**without, f"{name}s": fields[name]})
    assert len(seen) > 14


def test_the_name_that_hid_a_fault_is_refused():
    """The study wrote `lead`, the report read `leads`, and a test's record of plain dictionaries had both."""
    with pytest.raises(ValidationError, match=r"leads\n  Extra inputs are not permitted"):
        changed(regression().test, leads={"gradient boosting": [1.0, 2.0]})
    with pytest.raises(AttributeError, match="leads"):
        getattr(regression().test, "leads")  # noqa: B009


def test_parts_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        regression().test.rows = 1


@pytest.mark.parametrize(
    ("make", "parts_of", "message"),
    [
        (binary, lambda r: {"leaderboard": r.leaderboard[::-1]}, r"ranks must be 1, 2, 3 …"),
        (binary, lambda r: {"leaderboard": ()}, r"one network of the leaderboard must be chosen"),
        (binary, lambda r: {"leaderboard": [changed(r.leaderboard[0], validation_mean=0.1), *r.leaderboard[1:]]},
         r"must have the best validation score first"),
        (binary, lambda r: {"winner": changed(r.winner, name="another")}, r"the winner must be the leaderboard"),
        (binary, lambda r: {"question": changed(r.question, metric="accuracy")}, r"must name the same score"),
        (binary, lambda r: {"test": changed(r.test, scores={"f1": 0.5})}, r"the test must have the score that chose"),
        (binary, lambda r: {"test": changed(r.test, rows=3)}, r"must count the same test rows"),
        (binary, lambda r: {"test": changed(r.test, lead=changed(r.test.lead, over="majority"))},
         r"compare with the baseline whose validation score is best"),
        (binary, lambda r: {"test": changed(r.test, lead=None)}, r"compare with the baseline whose validation score"),
        (binary, lambda r: {"test": changed(r.test, roc=None)}, r"a positive class and a ROC curve belong"),
        (multiclass, lambda r: {"test": changed(r.test, positive="1")}, r"belong to two classes"),
        (regression, lambda r: {"test": changed(r.test, points=None)}, r"points belong to a regression"),
        (multiclass, lambda r: {"test": changed(r.test, labels=None)}, r"labels, a confusion matrix and scores per cl"),
    ],
)  # fmt: skip
def test_parts_that_do_not_belong_together_are_refused(make, parts_of, message):
    record = make()
    with pytest.raises(ValidationError, match=message):
        changed(record, **parts_of(record))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda: changed(regression().metric, direction="max"),
            r"there is no metric 'rmse' that is best at its maximum",
        ),
        (lambda: changed(regression().metric, name="rsme"), r"there is no metric 'rsme'"),
        (
            lambda: changed(regression().test, intervals={"rmse": (2.0, 1.0)}),
            r"the lower end 2 of an interval is above",
        ),
        (lambda: changed(regression().test, rows=-1), r"greater than or equal to 0"),
        (lambda: parts.SampleGroup(label="a", pictures=["https://example.org/x.png"]), r"String should match pattern"),
    ],
)
def test_values_that_cannot_be_are_refused(change, message):
    with pytest.raises(ValidationError, match=message):
        change()


@QUIET
@given(records())
def test_through_json_and_back_it_is_the_same(record):
    held = json.loads(json.dumps(record.to_dict(), allow_nan=False))
    assert Record.from_dict(held) == record
    assert held["headline"]["state"] == record.headline.state and held["verdict"] == list(record.verdict)


def test_it_can_be_read_by_key_as_the_plain_dictionary_was():
    record = regression()
    assert record["test"]["scores"]["rmse"] == record.test.scores["rmse"]
    assert record["leaderboard"][0]["name"] == "gradient boosting" and record["verdict"] == record.verdict
    for name in ("tests", "model_dump", "_rules", "__class__"):
        with pytest.raises(KeyError, match=name):
            record[name]


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
def test_a_record_of_format_1_is_brought_to_todays(task):
    held = read_model_file(FORMATS / f"format_1_{task}.theta").record
    before = json.dumps(held)
    record = Record.from_dict(held)
    assert json.dumps(held) == before  # the given dictionary is not changed
    assert record.format == 2 and record.test.scores == held["test"]["scores"]
    assert [row.name for row in record.leaderboard] == [row["name"] for row in held["leaderboard"]]
    assert record.headline.rival == held["test"]["lead"]["over"]
    assert record.winner.starts == 2 and record.winner.kept in (0, 1)
    assert f"from 2 random starts; kept is start {record.winner.kept + 1}," in record.verdict[-1]
    assert record.shortcuts == () and record.split.ordered is False


def test_what_a_record_of_format_1_says_was_cut_short_is_kept():
    held = read_model_file(FORMATS / "format_1_binary.theta").record
    cut = "Left out because they cost too much for the effort: 128 silu."
    record = Record.from_dict({**held, "verdict": [*held["verdict"], cut]})
    assert record.shortcuts == (cut,) and record.verdict[-1] == cut
    assert Record.from_dict({**held, "verdict": []}).winner.starts is None


def test_a_layer_of_an_image_in_format_1():
    held = read_model_file(FORMATS / "format_1_regression.theta").record
    held["winner"]["layers"][0]["output"] = ["14 × 14 × 6"]
    assert Record.from_dict(held).winner.layers[0].output == (14, 14, 6)


@pytest.mark.parametrize("part", ["settings", "split", "metric", "leaderboard", "winner"])
@pytest.mark.parametrize("value", [None, 3, [1], {}])
def test_records_of_format_1_that_are_damaged_are_refused(part, value):
    held = read_model_file(FORMATS / "format_1_regression.theta").record
    with pytest.raises(ValueError):
        Record.from_dict({**held, part: value})
    del held[part]
    with pytest.raises(ValueError):
        Record.from_dict(held)
