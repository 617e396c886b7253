"""Coverage-guided fuzzing of every entry with atheris (from PyPI): what reaches new lines of our readers is mutated on.

    python -m fuzz.guided --minutes 60           shared by all forms; `make fuzz` does so
    python -m fuzz.guided --minutes 5 table.arff
    python -m fuzz.guided --runs 500 table.arff  so many inputs, the same at every call: what the tests do

Every form has a process of its own, because a reader in native code may take the whole process with it. The corpus is
made from the seeds and grows in build/fuzz/corpus, which is not kept in the repository; an input that ends in anything
but "read" or "refused" is in build/fuzz/found.

A checksum would hide what lies behind it: damage is done inside archives too, and `.theta` files are sealed again after
it. (The journal's seed is an old one, whose lines have none.)
"""

from __future__ import annotations

import argparse
import bz2
import gzip
import lzma
import os
import re
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

from fuzz.damage import MOST_MEMORY, outcome
from fuzz.seeds import ROOT, SEEDS

BUILD = ROOT / "build" / "fuzz"
LONGEST = 1 << 16  # bytes of an input
HANG = 120  # seconds by the clock after which an input counts as one that never ends; the first loads libraries


def _sealed(content: bytes) -> bytes:
    from thetastar._container import sealed

    try:
        return sealed(content)
    except ValueError:
        return content


# By the ending of a form's name: what takes the checksum off, and what puts it on again.
INSIDE: dict[str, tuple[Callable[[bytes], bytes], Callable[[bytes], bytes]]] = {
    ".gz": (gzip.decompress, lambda data: gzip.compress(data, 1)),
    ".bz2": (bz2.decompress, bz2.compress),
    ".xz": (lzma.decompress, lambda data: lzma.compress(data, preset=0)),
    ".theta": (bytes, _sealed),
}


def mutated(name: str, data: bytes, most: int, seed: int, mutate: Callable[[bytes, int], bytes]) -> bytes:
    """A mutant of the file, of three every second one behind its checksum, if its form has one."""
    inside = next((pair for ending, pair in INSIDE.items() if name.endswith(ending)), None)
    if inside is None or seed % 3 == 0:
        return mutate(data, most)
    open_, close = inside
    try:
        return close(mutate(open_(data), most))[:most]
    except (ValueError, EOFError, OSError, zlib.error, lzma.LZMAError):
        return mutate(data, most)


def fuzz(name: str, options: list[str]) -> None:
    """Fuzz one form in this process; libFuzzer ends it."""
    import atheris

    with atheris.instrument_imports(include=["thetastar"]):
        import thetastar
        import thetastar.data.idx
        import thetastar.data.image_files
        import thetastar.study.folder
        import thetastar.study.journal  # noqa: F401

    folder = tempfile.TemporaryDirectory(prefix="thetastar-fuzz-")
    path = Path(folder.name) / name

    def one(data: bytes) -> None:
        path.write_bytes(data)
        end = outcome(path)
        if end not in ("read", "refused"):
            raise RuntimeError(f"{name}: {end}")

    def mutant(data: bytes, most: int, seed: int) -> bytes:
        return mutated(name, data, most, seed, atheris.Mutate)

    atheris.Setup([sys.argv[0], *options], one, custom_mutator=mutant)
    atheris.Fuzz()


def run(name: str, *limits: str, folder: Path = BUILD) -> tuple[int, str]:
    """Fuzz one form in a process of its own: how many inputs were read, and what was found, in words.

    Args:
        limits: libFuzzer's, such as "-runs=500".
        folder: of the corpus, and of what is found.
    """
    corpus, found = folder / "corpus" / name, folder / "found"
    corpus.mkdir(parents=True, exist_ok=True)
    found.mkdir(parents=True, exist_ok=True)
    (corpus / "seed").write_bytes(SEEDS[name]())
    options = [
        str(corpus), f"-artifact_prefix={found}/{name}-", f"-max_len={LONGEST}", f"-timeout={HANG}",
        f"-rss_limit_mb={MOST_MEMORY >> 20}", "-print_final_stats=1", "-verbosity=0", *limits,
    ]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "fuzz.guided", "--form", name, *options], capture_output=True, text=True,
        errors="replace", cwd=ROOT, env=os.environ | {"PYTHONWARNINGS": "ignore"},
    )  # fmt: skip
    told = re.search(r"number_of_executed_units:\s*(\d+)", done.stderr)
    if done.returncode == 0:
        return int(told.group(1)) if told else 0, ""
    words = re.findall(r"RuntimeError: (.*)|(ERROR: libFuzzer: .*)|(\w+Error: .*)", done.stderr)
    return int(told.group(1)) if told else 0, next("".join(parts) for parts in [*words, (done.stderr[-300:],)])


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["--form"]:
        fuzz(arguments[1], arguments[2:])
        return 0
    parser = argparse.ArgumentParser(prog="python -m fuzz.guided")
    parser.add_argument("forms", nargs="*", help="all, where none is named")
    parser.add_argument("--minutes", type=float, default=30.0, help="shared by the forms")
    parser.add_argument("--runs", type=int, help="so many inputs of each form instead, the same at every call")
    given = parser.parse_args(arguments)
    forms, faults = given.forms or list(SEEDS), 0
    if unknown := [name for name in forms if name not in SEEDS]:
        parser.error(f"there is no form {unknown[0]!r}. The forms are {', '.join(SEEDS)}.")
    with tempfile.TemporaryDirectory(prefix="thetastar-fuzz-") as fresh:  # the same inputs need the same corpus
        for name in forms:
            if given.runs:
                count, found = run(name, f"-runs={given.runs}", "-seed=1", folder=Path(fresh))
            else:
                seconds = max(1, round(60 * given.minutes / len(forms)))
                count, found = run(name, f"-max_total_time={seconds}")
            print(f"{name:24} {count:8} inputs {found or 'all read or refused'}", flush=True)
            faults += bool(found)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
