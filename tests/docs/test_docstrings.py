"""Docstrings keep what docs/README.md promises: every public name has an example, every example runs, and everything
that implements a published idea names its source."""

import doctest
import importlib
import inspect
import re
from pathlib import Path

import numpy as np
import pytest

import thetastar as ts

PACKAGE = Path(ts.__file__).parent
ROOMS = ("data", "losses", "optimizers", "layers", "schedules", "activations", "initializers", "presets", "datasets")
CONTRACTS = (ts.losses.Loss, ts.optimizers.Optimizer, ts.layers.Layer, ts.schedules.Schedule)


def modules_with_examples():
    """The names of all modules of the package whose text holds an example."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if re.search(r"^ +>>> ", path.read_text(encoding="utf-8"), re.MULTILINE):
            yield ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")


MODULES = list(modules_with_examples())


def public_names():
    """Every public name that has a docstring of its own: constants such as NAMES have none."""
    for room in ("", *ROOMS):
        index = getattr(ts, room) if room else ts
        for name in index.__all__:
            value = getattr(index, name)
            if inspect.ismodule(value) or callable(value):
                yield f"{room}.{name}" if room else name, value


PUBLIC = dict(public_names())


def implementations():
    """Every loss, layer, optimiser and schedule."""
    for name, value in PUBLIC.items():
        if inspect.isclass(value) and issubclass(value, CONTRACTS) and value not in CONTRACTS:
            yield name, value


def own_docstring(value):
    return inspect.cleandoc(value.__doc__ or "")  # inspect.getdoc would answer with a parent's


@pytest.mark.parametrize("name", MODULES)
def test_examples_run_and_print_what_they_say(name):
    module = importlib.import_module(f"thetastar.{name}")
    options = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    outcome = doctest.testmod(module, optionflags=options, extraglobs={"np": np})
    assert outcome.failed == 0
    assert outcome.attempted > 0


def test_no_example_is_skipped():
    assert not [path.name for path in PACKAGE.rglob("*.py") if "+SKIP" in path.read_text(encoding="utf-8")]


def test_every_public_name_has_an_example():
    assert len(PUBLIC) > 100
    assert not [name for name, value in PUBLIC.items() if not re.search(r"^ +>>> ", own_docstring(value), re.M)]


def test_every_loss_layer_optimiser_and_schedule_has_a_source():
    found = dict(implementations())
    assert len(found) > 60
    assert not [name for name, value in found.items() if not re.search(r"^Source: \S", own_docstring(value), re.M)]


@pytest.mark.parametrize("room", ["activations", "initializers"])
def test_every_activation_and_initialiser_has_a_source(room):
    module = getattr(ts, room)
    sources = own_docstring(module).split("\nSources:\n")[1]
    listed = [name for line in re.findall(r"^    ([\w, ]+): \S", sources, re.M) for name in line.split(", ")]
    assert sorted(listed) == sorted(module.NAMES)
