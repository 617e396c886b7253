"""The examples in the docstrings run and print what they say."""

import doctest
import importlib
import sys

import pytest

ROOM = (
    "approximate",
    "attribute",
    "descend",
    "detect",
    "doctor",
    "field",
    "gradients",
    "importance",
    "overview",
    "pieces",
    "recurrent",
    "rows",
    "step",
    "surface",
    "trace",
    "warp",
)


@pytest.mark.parametrize(
    "name", [*(f"thetastar.explain.{one}" for one in ROOM), "thetastar.expression", "thetastar.datasets.made"]
)
def test_examples_run(name):
    importlib.import_module(name)
    outcome = doctest.testmod(sys.modules[name], optionflags=doctest.NORMALIZE_WHITESPACE)
    assert outcome.failed == 0 and outcome.attempted > 0
