"""The figures as lines for the terminal and as a Markdown table for a page."""

from __future__ import annotations

from typing import Any

from thetastar.bench.workers import OURS

__all__ = ["case_lines", "markdown", "ratio_words", "three_digits", "times"]

NAMES = {OURS: "thetastar", "pytorch": "PyTorch", "jax": "JAX", "keras": "Keras", "sklearn": "scikit-learn"}


def times(seconds: float) -> str:
    """Seconds in a unit that suits: 0.16 µs, 4.6 ms, 1.2 s."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{three_digits(seconds / size)} {unit}"
    return f"{three_digits(seconds / 1e-6)} µs"


def three_digits(value: float) -> str:
    """Three digits that count: 0.123, 1.23, 12.3, 1234."""
    digits = 0 if value >= 99.95 else 1 if value >= 9.995 else 2 if value >= 0.9995 else 3
    return f"{value:,.{digits}f}"


def case_lines(record: dict[str, Any]) -> list[str]:
    """A case in the terminal: a heading, a line for every side, and what the check found."""
    lines = [f"{record['name']}: {record['title']}"]
    if "lines" in record:  # measured in a way of its own
        return lines + [f"  {line}" for line in record["lines"]]
    unit = {"train": "a step", "predict": "a call", "search": "the search"}[record["kind"]]
    more = f"{'processor':>12}{'samples/s':>13}{'GFLOP/s':>9}{'ceiling':>9}" if record["kind"] != "search" else ""
    lines.append(f"  {'':<13}{unit:>12}{more}   ratio")
    for name, side in record["sides"].items():
        f = side["figures"]
        line = f"  {NAMES[name]:<13}{times(f['seconds']):>12}"
        if "gflops" in f:
            line += f"{times(f['processor_seconds']):>12}{three_digits(f['samples_per_second']):>13}"
            line += f"{three_digits(f['gflops']):>9}{f['share']:>9.0%}"
        line += "   "
        if "ratio" in f:
            line += f"{ratio_words(f['ratio'])}; "
        lines.append(line + _notes(record, name, side))
    for name, why in record["left_out"].items():
        lines.append(f"  {NAMES[name]:<13} left out: {why}")
    return lines


def ratio_words(ratio: dict[str, float]) -> str:
    """A ratio with its range over the turns."""
    return f"{three_digits(ratio['median'])} × ({three_digits(ratio['low'])} to {three_digits(ratio['high'])})"


def _notes(record: dict[str, Any], name: str, side: dict[str, Any]) -> str:
    words = [side["form"]]
    if side.get("way"):
        words.append(side["way"])
    if side["about"].get("compile_seconds"):
        words.append(f"compiled in {side['about']['compile_seconds']:.1f} s before")
    if side["networks"] != record["sides"][OURS]["networks"]:
        words.append(f"{side['networks']} networks")
    check = record["same"].get(name)
    if check:
        if check["same"] is None:
            words.append(check["why"])
        elif check["same"]:
            words.append(f"same to {check['difference']:.0e}")
        else:
            words.append(f"NOT THE SAME: differs by {check['difference']:.2g}, allowed {check['limit']:g}")
    return ", ".join(words)


def markdown(result: dict[str, Any]) -> str:
    """The README's table: one row a case, with our time and what each peer takes of it."""
    peers = [name for name in NAMES if name != OURS and name in result["peers"] and "version" in result["peers"][name]]
    heads = [f"{NAMES[name]} {result['peers'][name]['version'].partition('+')[0]}" for name in peers]
    rows = [f"| case | thetastar | GFLOP/s, share of the ceiling | {' | '.join(heads)} |".replace("|  |", "|"),
            "|" + "---|" * (3 + len(peers))]  # fmt: skip
    for record in result["cases"]:
        if "sides" not in record:
            continue
        ours = record["sides"][OURS]["figures"]
        unit = {"train": "a step", "predict": "a call", "search": "in all"}.get(record["kind"], "")
        speed = f"{three_digits(ours['gflops'])}, {ours['share']:.0%}" if "gflops" in ours else ""
        cells = []
        for name in peers:
            side = record["sides"].get(name)
            wrong = side and record["same"].get(name, {}).get("same") is False
            cells.append("" if not side or wrong else f"{three_digits(side['figures']['ratio']['median'])} ×")
        rows.append(f"| {record['title']} | {times(ours['seconds'])} {unit} | {speed} | {' | '.join(cells)} |".rstrip())
    return "\n".join(rows) + "\n"
