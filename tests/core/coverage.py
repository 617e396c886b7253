"""Branch coverage of the core by its own test (core_test.cpp), as gcov counts it: `make coverage`.

    python -m tests.core.coverage build/coverage

Counted are the branches that the source has: the edges of the compiler's own exceptions are left out, and a branch in a
template counts as taken where one of its instances takes it. What it prints stands in docs/reference/reliability.md.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from tests.core.sanitized import LEVEL, OPTIONS

ROOT = Path(__file__).parents[2]
COMPILER = os.environ.get("CXX") or shutil.which("g++") or "g++"
FLAGS = ["-std=c++20", "-O0", "-g1", "--coverage", "-fprofile-abs-path", "-fno-inline", "-Wno-psabi", "-pthread",
         *OPTIONS[LEVEL]]  # fmt: skip

Taken = dict[str, dict[tuple[int, int], bool]]


def run(folder: Path) -> None:
    """Build the core's test with counters, and run it."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [COMPILER, *FLAGS, "-I", ROOT / "core", ROOT / "tests/core/core_test.cpp", "-o", "core_test"]
    subprocess.run(command, cwd=folder, check=True)
    subprocess.run([folder / "core_test"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    counted = [path.name for path in folder.glob("*.gcda")]
    subprocess.run(["gcov", "--json-format", "--branch-probabilities", *counted], cwd=folder,
                   check=True, stdout=subprocess.DEVNULL)  # fmt: skip


def taken(folder: Path) -> Taken:
    """By file of the core: whether the branch (line, number) was ever taken."""
    branches: Taken = defaultdict(dict)
    for path in folder.glob("*.gcov.json.gz"):
        with gzip.open(path) as file:
            told: dict[str, Any] = json.load(file)
        for source in told["files"]:
            place = Path(source["file"])
            if (ROOT / "core") not in place.parents:
                continue
            name = str(place.relative_to(ROOT))
            for line in source["lines"]:
                own = [branch for branch in line["branches"] if not branch["throw"]]
                for number, branch in enumerate(own):
                    at = line["line_number"], number
                    branches[name][at] = branches[name].get(at, False) or branch["count"] > 0
    return branches


def main(folder: str) -> int:
    place = Path(folder).resolve()
    run(place)
    branches = taken(place)
    total = {True: 0, False: 0}
    for name, own in sorted(branches.items()):
        done = sum(own.values())
        total[True] += done
        total[False] += len(own) - done
        lines = sorted({line for (line, _), was in own.items() if not was})
        print(f"{name:36} {done:5} of {len(own):5}  {100 * done / max(len(own), 1):5.1f} %  "
              f"{', '.join(map(str, lines[:12]))}{' …' if len(lines) > 12 else ''}")  # fmt: skip
    every = sum(total.values())
    print(f"{'all of core/':36} {total[True]:5} of {every:5}  {100 * total[True] / every:5.1f} %")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
