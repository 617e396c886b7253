"""The options of a study are written once: signature, docstring, study.toml, `repeat`, command line and page agree."""

import inspect
import re
import sys
import tomllib
import typing
from pathlib import Path

import pytest
import typer

import thetastar as ts
from tests.study.conftest import SMALL, curve_table
from thetastar.cli.fit import fit as fit_command
from thetastar.cli.study_options import with_study_options
from thetastar.data import TASKS
from thetastar.study import repeat
from thetastar.study.folder import read_study
from thetastar.study.options import StudyOptions

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
OPTIONS = StudyOptions.model_fields


@pytest.fixture(name="make_options")
def the_script(monkeypatch):
    monkeypatch.syspath_prepend(str(REFERENCE))
    yield __import__("make_options")
    sys.modules.pop("make_options", None)


def test_the_signature_of_fit_is_the_table():
    parameters = dict(inspect.signature(ts.fit).parameters)
    assert parameters.pop("data").default is inspect.Parameter.empty
    assert parameters.pop("progress").default is None
    assert list(parameters) == list(OPTIONS)
    assert {name: parameter.default for name, parameter in parameters.items()} == {
        name: field.default for name, field in OPTIONS.items()
    }


def test_the_docstring_of_fit_is_the_table(make_options):
    found = re.search(r"\n(        target: .*?)\n        progress: ", ts.fit.__doc__, flags=re.DOTALL)
    assert found is not None and found[1] == make_options.docstring()


def test_the_page_is_the_table(make_options):
    assert make_options.PAGE.read_text(encoding="utf-8") == make_options.page()
    assert all(f"| `{name}` |" in make_options.page() for name in OPTIONS)


def test_the_command_line_is_the_table():
    parameters = inspect.signature(with_study_options(fit_command)).parameters
    spoken = {"data", "json", "role", "target"}  # in a shape of their own
    assert set(parameters) - spoken == set(OPTIONS) - {"target", "roles", "candidates", "cv"}
    for name in set(parameters) - spoken:
        option = typing.get_args(parameters[name].annotation)[1]
        assert isinstance(option, type(typer.Option()))
        assert option.help.startswith(OPTIONS[name].description)


def test_every_option_says_how_it_is_kept():
    kinds = {name: StudyOptions.about(name)["kept"] for name in OPTIONS}
    assert set(kinds.values()) == {"result", "time", "tables", "place"}
    assert StudyOptions.kept_as("time") == ("budget", "threads", "cluster")
    assert StudyOptions.kept_as("place") == ("test", "out", "fresh")


def test_what_is_written_is_what_repeat_takes(tmp_path):
    model = ts.fit(
        curve_table(), target="y", seed=3, restarts=1, folds=2, ordered=False, out=tmp_path / "one", **SMALL_
    )
    held = read_study(tmp_path / "one" / "study.toml")
    assert set(held["study"]) <= {*StudyOptions.kept_as("result", "time"), "level"}
    assert held["study"]["seed"] == 3 and held["study"]["folds"] == 2 and "ordered" not in held["study"]
    again = repeat(tmp_path / "one", data=curve_table(), out=tmp_path / "two")
    one, two = (
        {key: value for key, value in tomllib.loads((tmp_path / name / "study.toml").read_text()).items()}
        for name in ("one", "two")
    )
    assert (one["study"], one["candidates"]) == (two["study"], two["candidates"])
    assert again.score == model.score


SMALL_ = {name: value for name, value in SMALL.items() if name not in ("seed", "restarts", "folds")}


def test_the_tasks_of_the_table_are_the_tasks_there_are():
    assert typing.get_args(typing.get_args(OPTIONS["task"].annotation)[0]) == tuple(TASKS)
