"""The examples in the docstrings of the description and training layer run and print what they say."""

import doctest
import importlib

import pytest

FAMILIES = {
    "layers": ("dense", "conv2d", "pool", "norm", "residual", "sequences"),
    "losses": ("regression", "classification", "margins", "pairs", "sequences"),
    "optimizers": ("contract", "descent", "adaptive", "adam", "curved"),
}
MODULES = (
    *(
        "activations",
        "augment",
        "initializers",
        "jobs",
        "losses",
        "network",
        "optimizers",
        "presets",
        "schedules",
        "training",
    ),
    *(f"{room}.{family}" for room, families in FAMILIES.items() for family in families),
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name):
    module = importlib.import_module(f"thetastar.{name}")
    outcome = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert outcome.failed == 0
    assert outcome.attempted > 0 or name == "schedules"
