"""How long the explanations take, beside the machine's ceiling and beside captum where an interpreter has it.

    python benchmarks/explain.py [--peer PYTHON] [--turns 5] [--resolution 100]

PYTHON is an interpreter with torch and captum. Both sides attribute the same rows of the same network in turns, with
the same number of places on the way, and their attributions are compared. captum gets the rows 500 at a time, which is
several times as fast as all at once: it asks for the gradient of every output apart. Times are medians of the turns;
run it on a machine that is otherwise quiet.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import thetastar as ts
from thetastar._native import default_threads, engine

PLACES = 50  # captum's own default

CAPTUM = """
import sys, time, json, numpy as np, torch
from captum.attr import IntegratedGradients
path, places, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)
data = np.load(path)
layers = []
for k in range(1, 4):
    weight = data[f"dense_{k}.weight"]
    layer = torch.nn.Linear(*weight.shape)
    layer.weight.data, layer.bias.data = torch.from_numpy(weight.T.copy()), torch.from_numpy(data[f"dense_{k}.bias"])
    layers += [layer, torch.nn.ReLU()]
net = torch.nn.Sequential(*layers[:-1])
X = torch.from_numpy(data["X"])
method = IntegratedGradients(net)
for line in sys.stdin:
    begun = time.perf_counter()
    found = [method.attribute(X[k:k + 500], n_steps=places, method="gausslegendre", internal_batch_size=500)
             for k in range(0, len(X), 500)]
    seconds = time.perf_counter() - begun
    np.save(path + ".found.npy", torch.cat(found).detach().numpy())
    print(json.dumps(seconds), flush=True)
"""


def timed(work) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def attributions(peer: str | None, turns: int, threads: int) -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((10_000, 20)).astype(np.float32)
    net = ts.Network([ts.Dense(64, activation="relu"), ts.Dense(64, activation="relu"), ts.Dense(1)], input_shape=(20,))
    net = ts.train(net, X, np.sin(X[:, 0]) + X[:, 1] * X[:, 2], epochs=5).network
    y = net.predict(X)[:, 0] + rng.standard_normal(10_000).astype(np.float32)
    ours = [timed(lambda: ts.explain.importance(net, X, y, loss="mse")) for _ in range(turns)]
    print(f"importance of 20 columns on 10,000 rows, 5 shuffles each: {statistics.median(ours):.2f} s")
    checked = [timed(lambda: ts.explain.attribute(net, X)) for _ in range(turns)]
    print(f"integrated gradients of 10,000 rows, completeness to 1 %: {statistics.median(checked):.2f} s")
    if peer is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "network.npz")
        np.savez(path, X=X, **net.parameters)
        command = [peer, "-c", CAPTUM, path, str(PLACES), str(threads)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:

            def captum() -> float:
                other.stdin.write("go\n")
                other.stdin.flush()
                return json.loads(other.stdout.readline())

            captum()  # once to warm up
            mine, theirs = [], []
            for _ in range(turns):
                mine.append(timed(lambda: ts.explain.attribute(net, X, steps=PLACES)))
                theirs.append(captum())
            found = ts.explain.attribute(net, X, steps=PLACES).values
            apart = np.abs(found - np.load(path + ".found.npy")).max() / np.abs(found).max()
            other.stdin.close()
    own, other_side = statistics.median(mine), statistics.median(theirs)
    print(f"the same {PLACES} places: {own:.3f} s; captum {other_side:.3f} s, {other_side / own:.1f} times as long")
    print(f"largest difference of the attributions: {apart:.1e} of the largest")


def landscape(resolution: int, threads: int) -> None:
    net = ts.Network([ts.Dense(100, activation="relu")] * 3 + [ts.Dense(1)], input_shape=(56,)).initialized(seed=0)
    X = np.random.default_rng(0).standard_normal((1461, 56)).astype(np.float32)
    y = X[:, 0].copy()
    before = engine.multiply_add_ceiling(0.5, threads)
    seconds = timed(lambda: ts.explain.surface(net, X, y, loss="mae", resolution=resolution, threads=threads))
    ceiling = (before + engine.multiply_add_ceiling(0.5, threads)) / 2
    speed = 2 * net.multiplications * len(X) * resolution**2 / seconds / 1e9
    name = f"surface {resolution} × {resolution} of 56-100-100-100-1 on 1,461 rows"
    print(f"{name}: {seconds:.2f} s, {speed:.0f} GFLOP/s")
    print(f"  {speed / ceiling:.0%} of the multiply-add ceiling ({ceiling:.0f} GFLOP/s on {threads} threads)")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--peer", help="an interpreter with torch and captum")
    options.add_argument("--turns", type=int, default=5)
    options.add_argument("--resolution", type=int, default=100)
    asked = options.parse_args()
    threads = default_threads()
    attributions(asked.peer, asked.turns, threads)
    landscape(asked.resolution, threads)


if __name__ == "__main__":
    sys.exit(main())
