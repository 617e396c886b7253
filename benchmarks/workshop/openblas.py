"""The shapes of products.cpp by NumPy's OpenBLAS on one thread: python benchmarks/workshop/openblas.py"""

from __future__ import annotations

import os
import time

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np

SHAPES = (
    ("lecture 100 x 100", 32, 100, 100), ("digits 64 x 32", 32, 64, 32), ("mnist 784 x 128", 128, 784, 128),
    ("table 256 x 256", 256, 256, 256), ("wide 784 x 512", 128, 784, 512), ("wide 512 x 512", 128, 512, 512),
)  # fmt: skip


def best(a: np.ndarray, b: np.ndarray) -> float:
    """Seconds of the quickest of nine turns."""
    out = np.empty((a.shape[0], b.shape[1]), np.float32)
    repeats, seconds = max(3, int(1e8 / (a.size * b.shape[1]))), []
    for _ in range(9):
        begun = time.thread_time()
        for _ in range(repeats):
            np.dot(a, b, out=out)
        seconds.append((time.thread_time() - begun) / repeats)
    return min(seconds)


random = np.random.default_rng(0)
print(f"{'':22}{'forward':>21}{'backward':>21}{'gradient':>21}")
for name, batch, inputs, outputs in SHAPES:
    x, w, z = (random.random(shape, np.float32) for shape in ((batch, inputs), (inputs, outputs), (batch, outputs)))
    times = [best(x, w), best(z, w.T), best(x.T, z)]
    rates = [2 * batch * inputs * outputs / seconds / 1e9 for seconds in times]
    print(f"{name:22}" + "".join(f"{t * 1e6:10.1f} us {r:4.0f} GF" for t, r in zip(times, rates, strict=True)))
