"""The examples in docstrings run."""

import doctest
import importlib

import pytest

ROOMS = ("data.piecewise", "estimators", "model.model", "recipes.candidate", "study.options", "study.study")


@pytest.mark.parametrize("room", ROOMS)
def test_examples(room):
    assert doctest.testmod(importlib.import_module(f"thetastar.{room}")).failed == 0
