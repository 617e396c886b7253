"""One row, and one forecast, by exported C beside onnxruntime's call from Python: the same model, in turns of one run.

    python benchmarks/export.py [--turns 15] [--of row|forecast]

The table has 30 columns of numbers, the network two layers of 64. C is compiled with `cc -O2 -std=c99`, and a loop in
C calls `table_predict` on different rows; onnxruntime runs one row a call, on one thread, with its inputs made before.
The answers of both are compared first. Medians over the turns are printed, and the ratio of every turn; the target is a
third. A call from Python takes some time by itself, so it is measured too: the same call of a graph that hands on one
number.

The forecast is of two years of days, 28 steps ahead with intervals, by what is chosen among linear methods and
networks; every call has other values. No target is set for it: most of the time goes into the intervals, which look at
every value, in ONNX one after another (the operator Scan).
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

COLUMNS, ROWS, CALLS_C, CALLS_PYTHON = 30, 256, 20_000, 1_000
SERIES, DAYS = 16, 730
TARGET = 1 / 3

COMMON = r"""
#define _POSIX_C_SOURCE 199309L
#include "%(name)s.c"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int main(int count, char **given)
{
    static %(kept)s;
    %(name)s_answer answer;
    struct timespec begin, end;
    double sum = 0;
    long k, calls = atol(given[1]);
    FILE *file = fopen("rows.bin", "rb");
    if (!file || fread(rows, sizeof rows, 1, file) != 1) return 1;
    fclose(file);
    (void)count;
    k = 0;
    %(call)s
    printf("%%.9g ", %(said)s);
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (k = 0; k < calls; k++) {
        %(call)s
        sum += %(said)s;
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("%%.9g %%g\n", ((end.tv_sec - begin.tv_sec) + 1e-9 * (end.tv_nsec - begin.tv_nsec)) / calls, sum);
    return 0;
}
"""
ROW = {
    "name": "table", "kept": f"table_row rows[{ROWS}]", "said": "answer.value",
    "call": f"table_predict(&rows[k % {ROWS}], &answer);",
}  # fmt: skip
FORECAST = {
    "name": "sales", "kept": f"double rows[{SERIES}][{DAYS}]", "said": "answer.prediction[0]",
    "call": f"{{ sales_given one = {{0}}; one.values = rows[k % {SERIES}]; one.count = {DAYS}; "
            "sales_forecast(&one, &answer); }",
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One model, and the same questions to both.

    Attributes:
        model: exported to both.
        words: of its driver in C.
        rows: what the driver reads.
        feeds: what onnxruntime is given.
        calls: of C and of onnxruntime in a turn.
        target: of C's share of the time; None if there is none.
    """

    model: Any
    words: dict[str, str]
    rows: np.ndarray
    feeds: list[dict[str, np.ndarray]]
    calls: tuple[int, int]
    target: float | None


def of_row() -> Case:
    """A row of 30 numbers."""
    chosen = model()
    network = chosen.network
    assert network is not None and [layer.units for layer in network.layers if layer.kind == "dense"] == [64, 64, 1]
    rows = np.random.default_rng(1).normal(size=(ROWS, COLUMNS))
    feeds = [{f"x{k}": row[k].reshape(1, 1) for k in range(COLUMNS)} for row in rows]
    return Case(chosen, ROW, rows, feeds, (CALLS_C, CALLS_PYTHON), TARGET)


def of_forecast() -> Case:
    """The next four weeks of two years of days."""
    import thetastar as ts

    draw = np.random.default_rng(0)
    wave = 20 * np.sin(2 * np.pi * np.arange(DAYS) / 7) + 15 * np.sin(2 * np.pi * np.arange(DAYS) / 365.25)
    rows = 200 + wave + 4 * draw.normal(size=(SERIES, DAYS))
    days = [str(np.datetime64("2023-01-01") + k) for k in range(DAYS)]
    chosen = ts.forecast({"day": days, "sold": rows[0]}, target="sold", time="day", horizon=28,
                         methods=["linear", "network"], threads=1)  # fmt: skip
    feeds = [{"values": row, "after": np.array([0])} for row in rows]
    return Case(chosen, FORECAST, rows, feeds, (200, 50), None)


def model() -> Any:
    """A network of 64-64 on 30 columns; how good it is has no part in this."""
    import thetastar as ts

    rng = np.random.default_rng(0)
    x = rng.normal(size=(600, COLUMNS))
    rows = {f"x{k}": x[:, k] for k in range(COLUMNS)}
    return ts.fit({**rows, "y": np.sin(x[:, 0]) + x[:, 1]}, "y", candidates=[(64, 64)], effort=1, restarts=1,
                  answer="one", seed=0)  # fmt: skip


def session(written: bytes) -> Any:
    """A session of onnxruntime on one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(written, options, providers=["CPUExecutionProvider"])


def nothing() -> bytes:
    """A file that hands on one number."""
    from onnx import TensorProto, helper

    ends = [helper.make_tensor_value_info(name, TensorProto.DOUBLE, ["N", 1]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "nothing", ends[:1], ends[1:])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 16)], ir_version=8).SerializeToString()


def seconds(run: Any, feeds: list[dict[str, np.ndarray]], calls: int) -> float:
    """Seconds a call."""
    begin = time.perf_counter()
    for k in range(calls):
        run(None, feeds[k % len(feeds)])
    return (time.perf_counter() - begin) / calls


def measured(case: Case, compiler: str, turns: int) -> dict[str, list[float]]:
    """Seconds a call of each, turn by turn, once both have said the same."""
    empty, own = session(nothing()).run, [{"x": np.ones((1, 1))}]
    found: dict[str, list[float]] = {"C": [], "onnxruntime": [], "a call that does nothing": []}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        case.model.export(place / f"{case.words['name']}.c")
        (place / "driver.c").write_text(COMMON % case.words, encoding="ascii")
        (place / "rows.bin").write_bytes(case.rows.tobytes())
        subprocess.run([compiler, "-O2", "-std=c99", "driver.c", "-o", "driver", "-lm"], cwd=place, check=True)
        run = session(case.model.export(place / "m.onnx").read_bytes()).run
        for turn in range(turns + 1):  # the first warms up
            said = subprocess.run(
                ["./driver", str(case.calls[0])], cwd=place, capture_output=True, text=True, check=True
            )
            first, c, _ = map(float, said.stdout.split())
            if not turn:
                other = float(run(None, case.feeds[0])[0].ravel()[0])
                assert abs(first - other) < 1e-4 * max(1.0, abs(other)), (first, other)
            times = (c, seconds(run, case.feeds, case.calls[1]), seconds(empty, own, CALLS_PYTHON))
            for values, one in zip(found.values(), times, strict=True):
                values.extend([one] * (turn > 0))
    return found


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=15)
    parser.add_argument("--of", choices=["row", "forecast"], help="one of them alone")
    given = parser.parse_args(arguments)
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        print("there is no C compiler", file=sys.stderr)
        return 2
    failed = 0
    for what, make in (("row", of_row), ("forecast", of_forecast)):
        if given.of not in (None, what):
            continue
        case = make()
        found = measured(case, compiler, given.turns)
        ratios = [c / other for c, other in zip(found["C"], found["onnxruntime"], strict=True)]
        for name, values in found.items():
            print(f"{name:<26}{1e6 * statistics.median(values):8.2f} µs a {what}")
        spread = f"turns {min(ratios):.3f} to {max(ratios):.3f}"
        wanted = f"; target {case.target:.3f}" if case.target else ""
        print(f"C / onnxruntime           {statistics.median(ratios):8.3f}, {spread}{wanted}")
        print(json.dumps(found))
        failed |= case.target is not None and statistics.median(ratios) > case.target
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
