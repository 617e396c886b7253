"""Branch coverage of the core, as gcov counts it: by its own test (core_test.cpp), and by that together with the tests
in Python of what is computed, which drive the module: `make coverage`.

    python -m tests.core.coverage build/coverage
    python -m tests.core.coverage build/coverage tests/numerics/test_losses.py      these, and no other tests in Python

Counted are decisions of the source: what is chosen between because a call may throw is left out, and a decision in a
template counts as taken where one of its instances takes it. What it prints is in docs/reference/reliability.md.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import runpy
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any

from tests.core import sanitized
from tests.core.sanitized import COMPILER, FLAGS, LEVEL, OPTIONS, ROOT

# Functions that are always inlined would count in each of their callers: 4,688 "branches" of a file of 69 lines.
COUNTERS = ["--coverage", "-fprofile-abs-path", "-fno-inline", "-Dalways_inline=unused"]
TESTS = ["tests/numerics", "tests/core/test_hostile_calls.py"]

Taken = dict[str, dict[tuple[int, int], bool]]  # by file of the core: whether the branch (line, number) was ever taken


def run(folder: Path) -> Taken:
    """Build the core's test with counters, and run it."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [COMPILER, *FLAGS, *COUNTERS, *OPTIONS[LEVEL], "-I", ROOT / "core"]
    subprocess.run([*command, ROOT / "tests/core/core_test.cpp", "-o", "core_test"], cwd=folder, check=True)
    subprocess.run([folder / "core_test"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return taken(folder)


def run_module(folder: Path, tests: list[str]) -> Taken:
    """Build the module with counters, and run tests in Python with it."""
    module = sanitized.build(folder, COUNTERS)
    command = [sys.executable, "-m", "tests.core.coverage", "pytest", "-q", "-p", "no:cacheprovider", *tests]
    subprocess.run(command, env=os.environ | {"THETASTAR_LEVEL": LEVEL, "THETASTAR_BUILT": str(module)})
    return taken(folder)


def taken(folder: Path) -> Taken:
    """What the counters of a folder say."""
    counted = [path.name for path in folder.glob("*.gcda")]
    subprocess.run(["gcov", "--json-format", "--branch-probabilities", *counted], cwd=folder,
                   check=True, stdout=subprocess.DEVNULL)  # fmt: skip
    branches: Taken = defaultdict(dict)
    for path in folder.glob("*.gcov.json.gz"):
        with gzip.open(path) as file:
            told: dict[str, Any] = json.load(file)
        for source in told["files"]:
            place = Path(source["file"])
            if (ROOT / "core") not in place.parents:
                continue
            of_file = branches[str(place.relative_to(ROOT))]
            lambdas = instances_of_lambdas(source["functions"])
            for line in source["lines"]:
                of_line = list(decisions(line["branches"]))
                each = of_one(len(of_line), 1 if "function_name" in line else lambdas(line["line_number"]))
                for number, branch in enumerate(of_line):
                    at = line["line_number"], number % each
                    of_file[at] = of_file.get(at, False) or branch["count"] > 0
    return branches


def decisions(branches: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Those of a line that the source has. A call that may throw has two: to go on, and then to throw."""
    for branch, following in zip_longest(branches, branches[1:]):
        goes_on = branch["fallthrough"] and following is not None and following["throw"]
        if not branch["throw"] and not goes_on:
            yield branch


def instances_of_lambdas(functions: Iterable[Mapping[str, Any]]) -> Callable[[int], int]:
    """In how many instances of templates the body of the lambda is that a line stands in; 1 elsewhere.

    Args:
        functions: of a file, as gcov lists them. It knows where each begins, and not where a lambda ends.
    """
    begins: dict[int, list[bool]] = defaultdict(list)
    for one in functions:
        body = re.search(r"\{lambda\([^{}]*\)#\d+\}::operator\(\)", one["demangled_name"])
        begins[one["start_line"]].append(body is not None)

    def instances(line: int) -> int:
        nearest = begins[max((first for first in begins if first <= line), default=line)]
        return len(nearest) if nearest and all(nearest) else 1

    return instances


def of_one(branches: int, instances: int) -> int:
    """How many of a line's branches are one instance's: of a lambda in a template gcov says those of all instances, one
    after another; of other functions each instance's by themselves."""
    return branches // instances if branches > instances and branches % instances == 0 else max(branches, 1)


def together(one: Taken, other: Taken) -> Taken:
    """What either of them took."""
    both: Taken = {name: dict(own) for name, own in one.items()}
    for name, own in other.items():
        of_file = both.setdefault(name, {})
        for at, was in own.items():
            of_file[at] = of_file.get(at, False) or was
    return both


def show(title: str, branches: Taken) -> None:
    """A line for every file with the lines that have a branch which was not taken, and the sum."""
    print(title)
    for name, own in sorted(branches.items()):
        lines = sorted({line for (line, _), was in own.items() if not was})
        print(f"{name:36} {share(own.values())}  {', '.join(map(str, lines[:12]))}{' …' if len(lines) > 12 else ''}")
    print(f"{'all of core/':36} {share([was for own in branches.values() for was in own.values()])}", flush=True)


def share(taken: Any) -> str:
    found = list(taken)
    return f"{sum(found):5} of {len(found):5}  {100 * sum(found) / max(len(found), 1):5.1f} %"


def main(folder: str, *arguments: str) -> int:
    if "THETASTAR_BUILT" in os.environ:  # the process that `run_module` starts
        sanitized.use()
        sys.argv = [folder, *arguments]
        runpy.run_module(folder, run_name="__main__", alter_sys=True)
        return 0
    place = Path(folder).resolve()
    alone = run(place / "own")
    show("By the core's own test:", alone)
    driven = run_module(place / "module", list(arguments) or TESTS)
    show("By that and the tests in Python:", together(alone, driven))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
