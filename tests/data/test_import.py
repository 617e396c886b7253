"""Importing the data floor stays cheap."""

from __future__ import annotations

import os
import subprocess
import sys


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
