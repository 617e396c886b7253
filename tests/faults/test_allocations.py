"""The N-th allocation of the engine is refused: all it does ends in a MemoryError of one sentence or in its bits."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.faults import engine_without_memory

HERE = Path(__file__).parent
COMPILER = os.environ.get("CXX") or shutil.which("g++")
WORKS = list(engine_without_memory.WORKS)

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or COMPILER is None, reason="an allocator is put in between as Linux does it, by a compiler"
)


@pytest.fixture(scope="module")
def ends(tmp_path_factory):
    """(how, N, end) of every refusal, by work."""
    hook = tmp_path_factory.mktemp("allocator") / "refusing.so"
    built = subprocess.run(
        [COMPILER, "-std=c++20", "-O2", "-shared", "-fPIC", HERE / "refusing.cpp", "-o", hook, "-ldl"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.engine_without_memory"], capture_output=True, text=True, timeout=600,
        env=os.environ | {"LD_PRELOAD": str(hook)},
    )  # fmt: skip
    assert done.returncode == 0, f"died at {done.stdout.splitlines()[-1]!r}\n{done.stderr[-3000:]}"
    found: dict[str, list[tuple[str, int, str]]] = {name: [] for name in WORKS}
    for line in done.stdout.splitlines():
        name, how, number, end = re.fullmatch(r"(.*?): (\w+) (\d+) ?(.*)", line).groups()
        found[name].append((how, int(number), end))
    return found


@pytest.mark.parametrize("name", WORKS)
def test_no_refused_allocation_ends_in_anything_but_a_sentence_or_the_same_bits(name, ends):
    assert [end for end in ends[name] if end[0] != "asked" and end[2] not in ("same", "refused")] == []
    assert ends[name][-1] == ("after", 0, "same")  # nothing stays behind


@pytest.mark.parametrize("name", WORKS)
def test_allocations_were_refused(name, ends):
    (_, count, _), *rest = ends[name]
    told = Counter((how, end) for how, _, end in rest)
    assert count > 5 and told["from", "refused"] > 3 and told["once", "refused"] > 3
