"""How mutants end, by kind of file: the table in docs/reference/reliability.md.

    python -m fuzz.counts 200                    as many mutants of each form
    python -m fuzz.counts 200 --source ../old/src       the same mutants, read by another state of the package

A form whose sound file the other state does not read is left out, and named. At the end one bit of a model file is
flipped at a time, all over the file: it is refused, says the same as before, or says something else unnoticed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import warnings
from collections import Counter, defaultdict
from pathlib import Path

from fuzz.damage import outcome, outcomes
from fuzz.seeds import ROOT, SEEDS

FROZEN = ROOT / "tests" / "formats"
FLIPS = 129  # bits of a model file, evenly over all of it
ENDS = ("read", "refused", "traceback", "died")


def kind(name: str) -> str:
    """What sort of file a form is, in a word or two."""
    if name.endswith(".theta"):
        return "model files"
    if name in ("journal.jsonl", "study.toml"):
        return name
    if "idx" in name or name.endswith((".png", ".jpg")):
        return "images"
    return "tables"


def end(told: str) -> str:
    """One of ENDS for what `fuzz.damage` says of a mutant."""
    if told in ("read", "refused"):
        return told
    return "died" if told.startswith("the process ended") else "traceback"


def is_read(name: str) -> bool:
    """Whether the sound file of this form is read here."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(SEEDS[name]())
        return outcome(path) == "read"


def counted(count: int) -> tuple[dict[str, Counter[str]], list[str]]:
    """By kind of file how its mutants ended, and the forms that were left out."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    left_out = [name for name in SEEDS if not is_read(name)]
    for name in SEEDS:
        if name not in left_out:
            found[kind(name)].update(end(told) for _, told in outcomes(name, count))
    return found, left_out


def flipped(count: int) -> Counter[str]:
    """How `count` model files with one wrong bit each end: "refused", "same", "other" or "traceback".

    The file is the frozen regression of the newest format that this state of the package reads.
    """
    import numpy as np

    import thetastar as ts

    found: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.theta"
        for newest in sorted(FROZEN.glob("format_*_regression.theta"), reverse=True):
            sound, rows = newest.read_bytes(), json.loads(newest.with_suffix(".json").read_text("utf-8"))["rows"]
            path.write_bytes(sound)
            if outcome(path) == "read":
                break
        truth = ts.load(path).predict(rows)
        for number in range(count):
            bit = number * (8 * len(sound) - 1) // max(count - 1, 1)
            wounded = bytearray(sound)
            wounded[bit // 8] ^= 1 << bit % 8
            path.write_bytes(wounded)
            ended = outcome(path)
            if ended == "read":
                try:
                    ended = "same" if np.array_equal(ts.load(path).predict(rows), truth) else "other"
                except Exception:  # a model that was loaded and cannot say anything
                    ended = "traceback"
            found[ended if ended in ("refused", "same", "other") else "traceback"] += 1
    return found


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m fuzz.counts")
    parser.add_argument("count", nargs="?", type=int, default=60, help="mutants of each form")
    parser.add_argument("--source", help="the folder src of another state of the package")
    given = parser.parse_args(arguments)
    if given.source:  # in a process of its own, which has never seen this state
        again = [sys.executable, "-m", "fuzz.counts", str(given.count)]
        return subprocess.run(again, cwd=ROOT, env=os.environ | {"PYTHONPATH": given.source}).returncode
    warnings.simplefilter("ignore")
    found, left_out = counted(given.count)
    print(f"{'':16}{''.join(f'{word:>11}' for word in ('mutants', *ENDS))}")
    for name, ends in found.items():
        print(f"{name:16}{ends.total():11}{''.join(f'{ends[word]:11}' for word in ENDS)}")
    if left_out:
        print(f"left out, as the sound file is not read: {', '.join(left_out)}")
    flips = flipped(FLIPS)
    told = ", ".join(f"{count} {word}" for word, count in flips.most_common())
    print(f"{flips.total()} single bits of a model file: {told}")
    faults = sum(ends["traceback"] + ends["died"] for ends in found.values())
    return 1 if faults or flips["other"] or flips["traceback"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
