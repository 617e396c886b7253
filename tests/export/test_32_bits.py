"""Exported C as a 32-bit program that runs: wasm32 in Node, where pointers and long have 32 bits, on any machine."""

from __future__ import annotations

import importlib.util
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from benchmarks.export_compilers import IN_NODE, cells, driver
from tests.export.models import table_of
from tests.export.node import NODE
from tests.export.test_c import model_of, signal_of
from tests.export.test_formulas import NUMBERS, Case, Member
from tests.export.test_formulas import table_of as numbers_of
from thetastar.export import answer_of
from thetastar.export.c import c_file


def zig():
    """The compiler of the package ziglang, which the studio's engine is built with."""
    package = importlib.util.find_spec("ziglang")
    found = os.environ.get("THETASTAR_ZIG") or (package and str(Path(str(package.origin)).with_name("zig")))
    if not found or NODE is None:
        if os.environ.get("CI") == "true":
            pytest.fail("continuous integration must have ziglang and Node for the 32-bit run of exported C")
        pytest.skip("ziglang or Node is not installed, so exported C is not run with 32 bits here")
    return found


def ran(text, columns, folder):
    """What a 32-bit program answers for rows of columns; a warning is an error."""
    (folder / "model.c").write_text(text, encoding="ascii")
    (folder / "driver.c").write_text(driver(text), encoding="ascii")
    (folder / "run.mjs").write_text(IN_NODE)
    build = [zig(), "cc", "-target", "wasm32-wasi", "-std=c99", "-O3", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
    made = subprocess.run([*build, "driver.c", "-o", "driver", "-lm"], cwd=folder, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr[:2000]
    said = subprocess.run([NODE, "--no-warnings", "run.mjs"], cwd=folder, input=cells(columns), capture_output=True,
                          text=True)  # fmt: skip
    assert said.returncode == 0, said.stderr[:2000]
    return np.array([[float.fromhex(one) for one in line.split()] for line in said.stdout.splitlines()])


def test_every_column_and_a_network(tmp_path):
    columns = table_of(np.random.default_rng(5), 3000)
    model = model_of(columns, np.digitize(signal_of(columns), [1.0, 2.0]).tolist())
    assert any(getattr(block, "hashed", 0) for block in model.preparation.blocks)
    later = table_of(np.random.default_rng(77), 2000, unseen=True)
    found = ran(c_file(answer_of(model), "model"), later, tmp_path)
    np.testing.assert_allclose(found, model.predict_proba(later), rtol=0, atol=1e-5)


def test_formulas_with_networks(tmp_path):
    case = Case(NUMBERS)
    both = case.both("a*exp(-age/b) + sqrt(size*size - size*size) + rooms", case.preparation.feature_count)
    model = case.model([Member("both", 1, both, case.preparation)])
    later = numbers_of(np.random.default_rng(77), 2000, unseen=True)
    found = ran(c_file(answer_of(model), "model"), later, tmp_path)[:, 0]
    np.testing.assert_allclose(found, model.predict(later), rtol=0, atol=1e-5 * case.encoding.scale)
