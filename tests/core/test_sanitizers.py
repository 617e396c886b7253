"""The core under the sanitizers: no access outside its memory, no undefined behaviour, no data race."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMPILER = os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++")

# With what each is built and run soonest: the first spends its time on compiling, the second on waiting for threads.
SANITIZERS = {"address,undefined": "-O0", "thread": "-O1"}


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """By its sanitizers, what came of building and running the core's test: side by side, as they take minutes."""
    folder = tmp_path_factory.mktemp("sanitizers")
    with ThreadPoolExecutor(len(SANITIZERS)) as pool:
        yield {name: pool.submit(_built_and_run, name, folder / name.partition(",")[0]) for name in SANITIZERS}


@pytest.mark.skipif(COMPILER is None, reason="no C++ compiler on this machine")
@pytest.mark.parametrize("sanitizers", SANITIZERS)
def test_the_core_is_clean_under(sanitizers, programs):
    built, ran = programs[sanitizers].result()
    if built.returncode and "cannot find" in built.stderr:
        pytest.skip(f"the compiler has no {sanitizers} sanitizer here")
    assert built.returncode == 0, built.stderr
    assert ran.returncode == 0, ran.stderr[-4000:]
    assert "all holds" in ran.stdout


def _built_and_run(sanitizers: str, program: Path):
    level = ["-march=x86-64-v3"] if platform.machine() == "x86_64" and _has_avx2() else []
    command = [COMPILER, "-std=c++20", SANITIZERS[sanitizers], "-g1", "-Wno-psabi", f"-fsanitize={sanitizers}",
               "-fno-sanitize-recover=all", *level, "-I", ROOT / "core",
               ROOT / "tests/core/core_test.cpp", "-o", program, "-pthread"]  # fmt: skip
    built = subprocess.run(command, capture_output=True, text=True)
    if built.returncode:
        return built, None
    # Address space randomisation of newer kernels moves memory to where GCC 12's thread sanitizer does not expect it.
    wrapper = ["setarch", platform.machine(), "-R"] if sanitizers == "thread" and shutil.which("setarch") else []
    return built, subprocess.run([*wrapper, program], capture_output=True, text=True)


def _has_avx2() -> bool:
    try:
        return " avx2 " in Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
