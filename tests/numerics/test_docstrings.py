"""The examples in the docstrings of the description and training layer run and print what they say."""

import doctest
import importlib

import pytest

MODULES = ("activations", "initializers", "losses", "network", "optimizers", "schedules", "training")
LAYERS = ("layers.dense", "layers.images", "layers.norm", "layers.residual", "layers.sequences")


@pytest.mark.parametrize("name", MODULES + LAYERS)
def test_examples_run(name):
    module = importlib.import_module(f"thetastar.{name}")
    outcome = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert outcome.failed == 0
    assert outcome.attempted > 0 or name == "schedules"
