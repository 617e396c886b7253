"""The registry is complete, and what it calls illegal is refused in words that name the setting and what arrived."""

import inspect
import json
import re
from pathlib import Path

import numpy as np
import pytest
import registry

import thetastar as ts

from .test_core_initializers import make as make_initializer


def public_classes(module):
    return {name for name in module.__all__ if inspect.isclass(getattr(module, name))}


def test_everything_public_is_listed():
    """Something new must be listed, and being listed is being tested."""
    assert {entry.name for entry in registry.OPTIMIZERS} == public_classes(ts.optimizers) - {"Optimizer", "Average"}
    assert {entry.name for entry in registry.SCHEDULES} == public_classes(ts.schedules) - {"Schedule"}
    assert {entry.name for entry in registry.ACTIVATIONS} == set(ts.activations.NAMES)
    assert {entry.name for entry in registry.LOSSES} == set(ts.losses.NAMES)
    assert {entry.name for entry in registry.INITIALIZERS} == set(ts.initializers.NAMES)
    assert {entry.name for entry in registry.LAYERS} == public_classes(ts.layers) - {"Layer"}


def build(table, entry, settings):
    if table == "INITIALIZERS":
        return make_initializer(entry, settings)
    if table == "LOSSES":
        return ts.losses.get({"kind": entry.name, **settings})
    home = {"OPTIMIZERS": ts.optimizers, "SCHEDULES": ts.schedules, "LAYERS": ts}[table]
    return getattr(home, entry.name)(**settings)


TABLES = ("LAYERS", "INITIALIZERS", "LOSSES", "OPTIMIZERS", "SCHEDULES")
REFUSALS = [
    pytest.param(table, entry, settings, pieces, id=entry.label(settings))
    for table in TABLES
    for entry in getattr(registry, table)
    for settings, pieces in entry.illegal
]
LEGAL = [
    pytest.param(table, entry, settings, id=entry.label(settings))
    for table in TABLES
    for entry in getattr(registry, table)
    for settings in entry.legal
]


@pytest.mark.parametrize(("table", "entry", "settings", "pieces"), REFUSALS)
def test_an_illegal_setting_is_refused_by_name(table, entry, settings, pieces):
    with pytest.raises(ts.InputError) as refusal:
        build(table, entry, settings)
    message = str(refusal.value)
    assert entry.name.lower().replace("_", "") in message.lower().replace("_", "")
    assert all(re.search(re.escape(piece), message) for piece in pieces), message


@pytest.mark.parametrize(("table", "entry", "settings"), LEGAL)
def test_a_legal_setting_is_kept_and_cannot_be_changed(table, entry, settings):
    made = build(table, entry, settings)
    for name, value in settings.items():
        if table == "INITIALIZERS":  # one number, whatever its name is in the formula
            assert made.value == value
        elif name.endswith("_initializer"):
            assert getattr(made, name) == ts.initializers.get(value)
        elif name == "layers":  # descriptions of the layers inside
            assert [part.kind for part in made.layers] == [part["kind"] for part in value]
        elif isinstance(getattr(made, name), tuple):  # (height, width), from one number for both
            assert getattr(made, name) == (value if isinstance(value, tuple) else (value, value))
        else:
            assert getattr(made, name) == value
    assert made == build(table, entry, settings) and repr(made) == repr(build(table, entry, settings))
    with pytest.raises(AttributeError):
        setattr(made, next(iter(settings), "anything"), 1)


MISFITS = [
    pytest.param(entry, settings, shape, pieces, id=f"{entry.label(settings)} on {shape}")
    for entry in registry.LAYERS
    for settings, shape, pieces in entry.misfits
]


@pytest.mark.parametrize(("entry", "settings", "shape", "pieces"), MISFITS)
def test_an_input_that_a_layer_cannot_take_is_refused(entry, settings, shape, pieces):
    layer = build("LAYERS", entry, settings)
    with pytest.raises(ts.InputError) as refusal:
        ts.Network([layer], input_shape=shape)
    message = str(refusal.value)
    assert all(piece in message for piece in pieces) and message.endswith("."), message


@pytest.mark.parametrize("name", [entry.name for entry in registry.LAYERS])
def test_a_layer_stands_in_the_table_of_the_documentation(name):
    page = Path(__file__).parents[2] / "docs/reference/layers.md"
    assert re.search(rf"^\| `{name}\(", page.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize(("entry", "settings"), **registry.cases(registry.LAYERS))
def test_a_layer_survives_being_described(entry, settings):
    """to_dict gives plain data that JSON keeps, and from_dict gives an equal layer back."""
    layer = build("LAYERS", entry, settings)
    described = json.loads(json.dumps(layer.to_dict()))
    assert ts.layers.from_dict(described) == layer
    net = ts.Network([layer], input_shape=entry.shape)
    again = ts.Network.from_dict(json.loads(json.dumps(net.to_dict())))
    assert again.parameter_shapes == net.parameter_shapes and again.shapes == net.shapes
    assert all(np.array_equal(again.initialized(3).parameters[k], v) for k, v in net.initialized(3).parameters.items())
