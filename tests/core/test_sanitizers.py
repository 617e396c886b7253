"""The core under the sanitizers: no access outside its memory, no undefined behaviour, no data race."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMPILER = os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++")


@pytest.mark.parametrize("sanitizers", ["address,undefined", "thread"])
def test_the_core_is_clean_under(sanitizers, tmp_path):
    if COMPILER is None:
        pytest.skip("no C++ compiler on this machine")
    program = tmp_path / "core_test"
    level = ["-march=x86-64-v3"] if platform.machine() == "x86_64" and _has_avx2() else []
    command = [COMPILER, "-std=c++20", "-O1", "-g", "-Wno-psabi", f"-fsanitize={sanitizers}",
               "-fno-sanitize-recover=all", *level, "-I", ROOT / "core",
               ROOT / "tests/core/core_test.cpp", "-o", program, "-pthread"]  # fmt: skip
    built = subprocess.run(command, capture_output=True, text=True)
    if built.returncode and "cannot find" in built.stderr:
        pytest.skip(f"the compiler has no {sanitizers} sanitizer here")
    assert built.returncode == 0, built.stderr
    # Address space randomisation of newer kernels moves memory to where GCC 12's thread sanitizer does not expect it.
    wrapper = ["setarch", platform.machine(), "-R"] if sanitizers == "thread" and shutil.which("setarch") else []
    ran = subprocess.run([*wrapper, program], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr[-4000:]
    assert "all holds" in ran.stdout


def _has_avx2() -> bool:
    try:
        return " avx2 " in Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
