"""One row by exported C beside onnxruntime's call from Python: the same model, in turns of one run.

    python benchmarks/export.py [--turns 15]

The table has 30 columns of numbers, the network two layers of 64. C is compiled with `cc -O2 -std=c99`, and a loop in
C calls `table_predict` on different rows; onnxruntime runs one row a call, on one thread, with its inputs made before.
The answers of both are compared first. Medians over the turns are printed, and the ratio of every turn; the target is a
third. A call from Python takes some time by itself, so it is measured too: the same call of a graph that hands on one
number.
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
from pathlib import Path
from typing import Any

import numpy as np

COLUMNS, ROWS, CALLS_C, CALLS_PYTHON = 30, 256, 20_000, 1_000
TARGET = 1 / 3

DRIVER = r"""
#define _POSIX_C_SOURCE 199309L
#include "table.c"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int main(int count, char **given)
{
    static table_row rows[%(rows)d];
    table_answer answer;
    struct timespec begin, end;
    double sum = 0;
    long k, calls = atol(given[1]);
    FILE *file = fopen("rows.bin", "rb");
    if (!file || fread(rows, sizeof rows, 1, file) != 1) return 1;
    fclose(file);
    (void)count;
    table_predict(&rows[0], &answer);
    printf("%%.9g ", answer.value);
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (k = 0; k < calls; k++) {
        table_predict(&rows[k %% %(rows)d], &answer);
        sum += answer.value;
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("%%.9g %%g\n", ((end.tv_sec - begin.tv_sec) + 1e-9 * (end.tv_nsec - begin.tv_nsec)) / calls, sum);
    return 0;
}
"""


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


def seconds(run: Any, feeds: list[dict[str, np.ndarray]]) -> float:
    """Seconds a call."""
    begin = time.perf_counter()
    for k in range(CALLS_PYTHON):
        run(None, feeds[k % ROWS])
    return (time.perf_counter() - begin) / CALLS_PYTHON


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=15)
    turns = parser.parse_args(arguments).turns
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        print("there is no C compiler", file=sys.stderr)
        return 2
    chosen = model()
    network = chosen.network
    assert network is not None and [layer.units for layer in network.layers if layer.kind == "dense"] == [64, 64, 1]
    rows = np.random.default_rng(1).normal(size=(ROWS, COLUMNS))
    feeds = [{f"x{k}": row[k].reshape(1, 1) for k in range(COLUMNS)} for row in rows]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        chosen.export(place / "table.c")
        (place / "driver.c").write_text(DRIVER % {"rows": ROWS}, encoding="ascii")
        (place / "rows.bin").write_bytes(rows.tobytes())
        subprocess.run([compiler, "-O2", "-std=c99", "driver.c", "-o", "driver", "-lm"], cwd=place, check=True)
        run = session(chosen.export(place / "table.onnx").read_bytes()).run
        empty = session(nothing()).run
        own = [{"x": feed["x0"]} for feed in feeds]
        found: dict[str, list[float]] = {"C": [], "onnxruntime": [], "a call that does nothing": []}
        for turn in range(turns + 1):  # the first warms up
            said = subprocess.run(["./driver", str(CALLS_C)], cwd=place, capture_output=True, text=True, check=True)
            first, c, _ = map(float, said.stdout.split())
            if not turn:
                other = float(run(None, feeds[0])[0][0])
                assert abs(first - other) < 1e-4, (first, other)
            times = (c, seconds(run, feeds), seconds(empty, own))
            for values, one in zip(found.values(), times, strict=True):
                values.extend([one] * (turn > 0))
    ratios = [c / other for c, other in zip(found["C"], found["onnxruntime"], strict=True)]
    for name, values in found.items():
        print(f"{name:<26}{1e6 * statistics.median(values):8.2f} µs a row")
    print(f"C / onnxruntime           {statistics.median(ratios):8.3f}, turns {min(ratios):.3f} to {max(ratios):.3f}; "
          f"target {TARGET:.3f}")  # fmt: skip
    print(json.dumps({name: values for name, values in found.items()}))
    return 0 if statistics.median(ratios) <= TARGET else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
