"""What the project set out to reach on two cores, beside a run of `thetastar bench --out FILE.json`.

    python benchmarks/targets.py FILE.json

A line each: what was asked, what was measured, met or not. Cases that the run left out are said to be missing. Behind
a ratio that is not met stands its roofline: what it would be if the multiply-adds that the work needs ran at the
ceiling and nothing else took any time; activations, optimiser and moving data do take some. Behind two threads stands
what two processes that share nothing reached in the same turns. The exit code is 1 where something is not met, so that
a machine kept for this can watch it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

# case, peer, at least how many times our time
RATIOS = (
    ("lecture-64", "pytorch", 7), ("lecture-64", "jax", 2.5), ("lecture", "pytorch", 8), ("toy-10000", "pytorch", 1200),
    ("toy", "pytorch", 1500), ("toy-10000", "jax", 6), ("toy", "jax", 6), ("mnist-64", "pytorch", 1.8),
    ("mnist", "pytorch", 1.7), ("wide", "pytorch", 1.6), ("wide", "jax", 1.05), ("lenet", "pytorch", 4),
    ("lenet-8", "pytorch", 4), ("conv", "pytorch", 1.5), ("lstm", "pytorch", 2), ("lstm-16", "pytorch", 2),
    ("grid-search", "sklearn", 25),
)  # fmt: skip
SHARES = (("lecture-64", 0.65), ("mnist-64", 0.85), ("table", 0.75), ("table-64", 0.75), ("predict-million", 0.7))
SECONDS = (("predict-row", "a call", 5e-6), ("lenet", "ten epochs of 60,000 images", 11.0))


def lines(result: dict) -> Iterator[tuple[str, str, bool | None, str]]:
    """What, measured, met (None where the run has it not), and what the machine allows."""
    cases = {record["name"]: record for record in result["cases"]}

    def figures(name: str, side: str = "thetastar") -> dict:
        return cases.get(name, {}).get("sides", {}).get(side, {}).get("figures", {})

    for name, peer, least in RATIOS:
        ratio = figures(name, peer).get("ratio", {}).get("median")
        needed = figures(name).get("needed_share")  # of the ceiling
        allowed = f"at the ceiling {ratio / needed:.3g} ×" if ratio and needed else ""
        yield f"{name}: ≥ {least:g} × {peer}", _number(ratio, "{:.3g} ×"), ratio and ratio >= least, allowed
    yield from ((*line, "")[:4] for line in _other_lines(cases, figures))


def _other_lines(cases: dict, figures: Callable[[str], dict]) -> Iterator[tuple]:
    for name, least in SHARES:
        share = figures(name).get("share")
        yield f"{name}: ≥ {least:.0%} of the ceiling", _number(share, "{:.0%}"), share and share >= least
    for name, what, most in SECONDS:
        seconds = figures(name).get("seconds")
        if seconds and name == "lenet":
            seconds = 600_000 / figures(name)["samples_per_second"]
        yield f"{name}, {what}: ≤ {most:g} s", _number(seconds, "{:.3g} s"), seconds and seconds <= most
    start, growth, threads = (cases.get(name, {}) for name in ("start", "growth", "threads"))
    imported = start.get("import_seconds", {}).get("thetastar, layers and train")
    helped = start.get("help_seconds")
    yield "import: ≤ 0.25 s", _number(imported, "{:.3g} s"), imported and imported <= 0.25
    yield "--help: ≤ 0.35 s", _number(helped, "{:.3g} s"), helped and helped <= 0.35
    for name, grows in (growth.get("grows") or {}).items():
        yield f"growth, {name}: ≤ 5 % more time a network", f"{grows:+.1%}", grows <= 0.05
    for name in ("lecture-64", "wide"):
        ratio, machine = (((threads.get(key) or {}).get(name) or {}).get("median") for key in ("ratio", "processes"))
        allowed = f"two processes that share nothing {machine:.3g} ×" if machine else ""
        yield f"threads, {name}: 1 to 2 ≥ 1.9 ×", _number(ratio, "{:.3g} ×"), ratio and ratio >= 1.9, allowed
    for name, ratio in (cases.get("memory", {}).get("ratio") or {}).items():
        yield f"memory, {name}: within 10 % of what is announced", f"{ratio:.2f}", abs(ratio - 1) <= 0.1


def _number(value: float | None, form: str) -> str:
    return "missing" if value is None else form.format(value)


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    missed = 0
    for what, measured, met, allowed in lines(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))):
        if measured == "missing":
            word = ""
        else:
            word, missed = ("met", missed) if met else (f"NOT MET  {allowed}", missed + 1)
        print(f"{what:<55} {measured:>10}  {word}".rstrip())
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
