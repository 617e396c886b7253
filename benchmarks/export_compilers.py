"""Exported C beside the model, by compiler, level of optimisation, word size and fused multiply-add.

    python benchmarks/export_compilers.py [--rows 10000] [--zig PATH] [--builds "32 bits"] [--answers formula]

Five models of one table with numbers, a category, many towns and dates: what fit chooses for a number, a network for
it, three classes, quantiles, and a formula with a network on what it leaves. Later rows have gaps and levels that
training did not see. A driver reads them and prints what the file says in hexadecimal, so nothing is rounded on the
way. Printed for each build are the bytes of code and the largest distance from `predict`: of values in deviations of
the target (1e-5 is promised), of probabilities (1e-5), and how many rows get another class although the two best
differ by more than 2e-5 (none).

gcc and clang are taken where they are installed. `--zig` (else $THETASTAR_ZIG or the package ziglang) brings a clang
with libraries for 32 bits. Its programs for x86 run where the kernel takes 32-bit programs; `wasm32` runs everywhere,
in Node. The old floating-point unit, which keeps 80 bits, is left out: the library of zig 0.17.1 is wrong there
(`-mcpu=pentium`: floor(-3.5) is -3.5). `--builds` and `--answers` pick those whose names hold a text.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

FLAGS = [
    "-std=c99 -O0", "-std=c99 -O2", "-std=c99 -O3", "-std=c99 -Os", "-std=gnu99 -O2 -mfma",
    "-std=gnu99 -O2 -mfma -ffp-contract=off", "-std=gnu99 -O3 -march=native",
]  # fmt: skip
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]

DRIVER = r"""
#include "model.c"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char line[1 << 16];

int main(void)
{
    while (fgets(line, sizeof line, stdin)) {
        model_row row = {0};
        model_answer answer;
        char *at = line;
        int k = 0;
        line[strcspn(line, "\n")] = 0;
%(fields)s
        if (model_predict(&row, &answer)) return 1;
%(prints)s
        putchar('\n');
        (void)k;
    }
    return 0;
}
"""


def table(rows: int, seed: int, unseen: bool) -> dict[str, list[Any]]:
    """Columns with gaps; `unseen` adds levels that training did not have."""
    rng = np.random.default_rng(seed)
    few, many = ["red", "green", "blue"] + ["violet"] * unseen, [f"town {k}" for k in range(60 + 20 * unseen)]

    def holes(values: Any) -> list[Any]:
        return [None if gap else value for value, gap in zip(values, rng.random(rows) < 0.1, strict=True)]

    days = np.datetime64("2020-01-01") + rng.integers(0, 1500, rows)
    return {
        "size": holes((rng.normal(size=rows) * 10.0 ** rng.integers(-1, 3, rows)).tolist()),
        "rooms": holes((rng.integers(1, 9, rows) + 0.5).tolist()),
        "color": holes(rng.choice(few, rows).tolist()), "town": holes(rng.choice(many, rows).tolist()),
        "day": holes([str(day) for day in days]),
    }  # fmt: skip


def models() -> dict[str, Callable[[], Any]]:
    """{what is answered: what fits the model}; how good they are has no part in this."""
    import thetastar as ts

    columns = table(1500, 0, False)
    rooms, sizes = (np.array([0 if one is None else one for one in columns[name]]) for name in ("rooms", "size"))
    signal = rooms + 3.0 * np.array([one == "red" for one in columns["color"]])
    noise = np.random.default_rng(1).normal(size=1500)
    known = 500 + 300 * np.tanh(sizes / 4) + 20 * rooms**2 + 10 * signal + noise
    classes = np.array(["low", "mid", "high"])[np.digitize(signal + noise, [4, 8])]
    settings = {"candidates": [(32, 32)], "restarts": 1, "folds": 2, "effort": 0.3, "seed": 0, "threads": 1}

    def fit(y: np.ndarray, **more: Any) -> Any:
        return ts.fit({**columns, "y": y}, "y", **{**settings, **more})

    def formula() -> Any:
        found = fit(known, formulas=["a*tanh(size/b) + c*rooms^2 + d"], bounds=(0, None))
        assert any("formula" in one.name for one in found.members), found.members
        return found

    number = 100 + 10 * signal + noise
    return {
        "a number": lambda: fit(number), "a network's": lambda: fit(number, answer="networks"),
        "classes": lambda: fit(classes), "quantiles": lambda: fit(number, quantiles=(0.1, 0.5, 0.9)),
        "a formula's": formula,
    }  # fmt: skip


def driver(text: str) -> str:
    """A program that reads rows and prints answers."""
    fields = re.search(r"typedef struct \{\n((?:    [^\n]*\n)*)\} model_row;", text)
    assert fields is not None
    lines = []
    for kind, name in re.findall(r" +(double|model_level) ?(\w+);", fields[1]):
        value = f"row.{name} = *at ? strtod(at, 0) : NAN;" if kind == "double" else f"row.{name} = *at ? at : 0;"
        lines.append("{ char *end = strchr(at, '\\t'); if (end) *end = 0; "
                     f"{value} at = end ? end + 1 : at + strlen(at); }}")  # fmt: skip
    for member, form in (("value", "%a"), ("probability", "%a "), ("quantile", "%a ")):
        found = re.search(rf" (?:double|float) {member}(?:\[(\d+)\])?;", text)
        if found:
            count = found[1]
            one = f"answer.{member}" + "[k]" * bool(count)
            call = f'printf("{form}", (double){one});'
            prints = f"for (k = 0; k < {count}; k++) {call}" if count else call
    return DRIVER % {"fields": "\n".join(f"        {line}" for line in lines), "prints": f"        {prints}"}


DATES = ("day", "moment")


def cells(columns: dict[str, list[Any]]) -> str:
    """The rows as the driver reads them: numbers in hexadecimal, dates as seconds, nothing where nothing is known."""

    def written(name: str, value: Any) -> str:
        if value is None:
            return ""
        if name in DATES:
            value = float(np.datetime64(value.replace(" ", "T"), "s").astype(int))
        return value.hex() if isinstance(value, float) else str(value)

    names = list(columns)
    rows = zip(*columns.values(), strict=True)
    return "".join("\t".join(written(n, v) for n, v in zip(names, row, strict=True)) + "\n" for row in rows)


def builds(zig: str | None) -> list[tuple[str, list[str]]]:
    """(name, command) of every build."""
    found = [(name, [name]) for name in ("gcc", "clang") if shutil.which(name)]
    if zig:
        found.append(("clang of zig", [zig, "cc", "-fno-sanitize=undefined"]))
    made = [(f"{name} {flags}", [*command, *flags.split()]) for name, command in found for flags in FLAGS]
    if zig:
        small = [zig, "cc", "-target", "x86-linux-musl", "-std=c99", "-fno-sanitize=undefined"]
        made += [(f"clang of zig, 32 bits {level}", [*small, level]) for level in ("-O0", "-O2")]
        if shutil.which("node"):
            page = [zig, "cc", "-target", "wasm32-wasi", "-std=c99", "-fno-sanitize=undefined", "-O2"]
            made.append(("clang of zig, 32 bits of wasm32 -O2", page))
    return made


IN_NODE = """
import { WASI } from "node:wasi";
import { readFileSync } from "node:fs";
const wasi = new WASI({ version: "preview1" });
const { instance } = await WebAssembly.instantiate(readFileSync("driver"), wasi.getImportObject());
process.exitCode = wasi.start(instance);
"""


def run(name: str, folder: Path, rows: str) -> str:
    """What the driver prints of the rows."""
    command = ["./driver"]
    if "wasm32" in name:
        (folder / "run.mjs").write_text(IN_NODE)
        command = ["node", "--no-warnings", "run.mjs"]
    return subprocess.run(command, cwd=folder, input=rows, capture_output=True, text=True, check=True).stdout


def code(folder: Path, command: list[str]) -> int:
    """Bytes of instructions of the exported file by itself."""
    subprocess.run([*command, "-c", "model.c", "-o", "model.o"], cwd=folder, check=True, capture_output=True)
    sizes = subprocess.run(["size", "-A", "model.o"], cwd=folder, capture_output=True, text=True, check=True).stdout
    return sum(int(line.split()[1]) for line in sizes.splitlines() if line.startswith(".text"))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--zig", default=os.environ.get("THETASTAR_ZIG"))
    parser.add_argument("--builds", default="", help="those whose name holds this")
    parser.add_argument("--answers", default="", help="those whose name holds this")
    given = parser.parse_args(arguments)
    package = importlib.util.find_spec("ziglang")
    zig = given.zig or (str(Path(str(package.origin)).with_name("zig")) if package else None)
    later = table(given.rows, 7, True)
    text, worst = cells(later), 0.0
    print("| build | answer | code | largest distance | another class |\n|---|---|---|---|---|")
    for answer, fitted in models().items():
        if given.answers not in answer:
            continue
        model = fitted()
        wanted = model.predict_proba(later) if model.classes else model.predict(later)
        wanted = np.asarray(wanted).reshape(given.rows, -1)
        unit = 1.0 if model.classes else model.target_encoding.scale
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            source = model.export(folder / "model.c").read_text(encoding="ascii")
            (folder / "driver.c").write_text(driver(source), encoding="ascii")
            for name, command in builds(zig):
                if given.builds not in name:
                    continue
                subprocess.run([*command, *WARNINGS, "driver.c", "-o", "driver", "-lm"], cwd=folder, check=True)
                said = run(name, folder, text)
                found = np.array([[float.fromhex(one) for one in line.split()] for line in said.splitlines()])
                apart = float(np.abs(found - wanted).max() / unit)
                two = np.sort(wanted, axis=1)
                sure = two[:, -1] - two[:, -2] > 2e-5 if model.classes else np.zeros(given.rows, bool)
                other = int((found.argmax(axis=1) != wanted.argmax(axis=1))[sure].sum())
                worst = max(worst, apart, float(other))
                size = "" if "wasm32" in name else f"{code(folder, command):,}"  # `size` does not read its objects
                print(f"| {name} | {answer} | {size} | {apart:.1e} | {other if model.classes else ''} |", flush=True)
    return 0 if worst <= 1e-5 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
