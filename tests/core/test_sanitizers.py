"""The core's own test: under the sanitizers (no access outside its memory, no undefined behaviour, no data race), and
with the widest vectors, which those do not build."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.core.sanitized import has

ROOT = Path(__file__).parents[2]
COMPILER = os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++")

# With what each is built and run soonest: the first spends its time on compiling, the second on waiting for threads.
SANITIZERS = {"address,undefined": "-O0", "thread": "-O1"}
WIDEST = "vectors of 64 bytes"


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """By name, what came of building and running the core's test: side by side, as they take minutes."""
    folder = tmp_path_factory.mktemp("core")
    level = ["-march=x86-64-v3"] if has("avx2") else []
    flags = {
        name: [speed, "-g1", f"-fsanitize={name}", "-fno-sanitize-recover=all", *level]
        for name, speed in SANITIZERS.items()
    }
    widest = ["-march=x86-64-v4", "-mprefer-vector-width=512"] if has("avx512vl") else [*level, "-DTS_VECTOR_BYTES=64"]
    flags[WIDEST] = ["-O1", *widest]
    with ThreadPoolExecutor(2) as pool:
        yield {name: pool.submit(_built_and_run, name, given, folder / name[:4]) for name, given in flags.items()}


@pytest.mark.skipif(COMPILER is None, reason="no C++ compiler on this machine")
@pytest.mark.parametrize("sanitizers", SANITIZERS)
def test_the_core_is_clean_under(sanitizers, programs):
    built, ran = programs[sanitizers].result()
    if built.returncode and "cannot find" in built.stderr:
        pytest.skip(f"the compiler has no {sanitizers} sanitizer here")
    assert built.returncode == 0, built.stderr
    assert ran.returncode == 0, ran.stderr[-4000:]
    assert "all holds" in ran.stdout


@pytest.mark.skipif(COMPILER is None, reason="no C++ compiler on this machine")
def test_the_core_holds_with_the_widest_vectors(programs):
    built, ran = programs[WIDEST].result()
    assert built.returncode == 0, built.stderr
    assert ran.returncode == 0, ran.stderr[-4000:]
    assert "all holds" in ran.stdout


def _built_and_run(name: str, flags: list[str], program: Path):
    command = [COMPILER, "-std=c++20", "-Wno-psabi", *flags, "-I", ROOT / "core",
               ROOT / "tests/core/core_test.cpp", "-o", program, "-pthread"]  # fmt: skip
    built = subprocess.run(command, capture_output=True, text=True)
    if built.returncode:
        return built, None
    # Address space randomisation of newer kernels moves memory to where GCC 12's thread sanitizer does not expect it.
    wrapper = ["setarch", platform.machine(), "-R"] if name == "thread" and shutil.which("setarch") else []
    return built, subprocess.run([*wrapper, program], capture_output=True, text=True)
