"""The examples in the docstrings of the data floor do what they show; importing it stays cheap."""

from __future__ import annotations

import doctest
import importlib
import os
import pkgutil
import subprocess
import sys

import numpy as np
import pytest

import thetastar.data

MODULES = [module.name for module in pkgutil.iter_modules(thetastar.data.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    module = importlib.import_module(f"thetastar.data.{name}")
    assert doctest.testmod(module, verbose=False, extraglobs={"np": np}).failed == 0


def test_importing_the_data_floor_loads_no_heavy_library():
    heavy = ("pyarrow", "pandas", "sklearn", "narwhals")
    code = f"import sys, thetastar.data; print([name for name in {heavy} if name in sys.modules])"
    paths = os.pathsep.join(path for path in sys.path if path)
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": paths},
    )
    assert run.stdout.strip() == "[]"
