"""The lecture's forecaster, 56-100-100-100-1, 64 of them at once: thetastar against PyTorch, in one run.

    python benchmarks/lecture_network.py [--peer-python PYTHON] [--networks 64] [--repeats 5] [--json FILE]

Both sides: float32, batches of 32, Adam at 1e-3, mean absolute error, the same rows in the same order, the same
initial parameters. thetastar trains the fleet on all threads. PyTorch gets its fastest ordinary form for many small
networks: one single-threaded process per core, fused Adam, data already in tensors, imports and a warm-up epoch not
counted. The sides take turns; the figure is the median. That both did the same work is checked: every network's loss
agrees to 1e-3 after one epoch, and the median network's after the last one (the absolute error's slope jumps, so a
rounding difference can send a single network along another path later on). Without PyTorch in the interpreter, its
side is left out with a word.
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
from thetastar._native import default_threads, level

LAYERS = [ts.Dense(100, activation="relu")] * 3 + [ts.Dense(1)]
ROWS, BATCH = 1405, 32  # 2017 to 2020 with windows of 56 days: 1,461 - 56 rows


def make_data() -> tuple[np.ndarray, np.ndarray]:
    """A daily series with a weekly cycle, growth and noise, as windows of 56 days; standardised."""
    random = np.random.default_rng(0)
    days = np.arange(ROWS + 56)
    series = 3 + days / 700 + 0.6 * np.sin(2 * np.pi * days / 7) + 0.3 * random.standard_normal(len(days))
    series = ((series - series.mean()) / series.std()).astype(np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(series, 57)
    return np.ascontiguousarray(windows[:, :56]), np.ascontiguousarray(windows[:, 56:])


def run_ours(networks, X, y, epochs: int, threads: int) -> tuple[float, list[float]]:
    adam = ts.optimizers.Adam(1e-3)
    jobs = [ts.Job(net, loss="mae", optimizer=adam, epochs=epochs, batch_size=BATCH, shuffle=False) for net in networks]
    started = time.perf_counter()
    runs = ts.train_many(jobs, X, y, threads=threads)
    return time.perf_counter() - started, [run.loss for run in runs]


def run_pytorch(python: str, data: Path, networks: int, epochs: int, processes: int) -> tuple[float, list[float]]:
    worker = Path(__file__).parent / "peers" / "pytorch_networks.py"
    shares = [list(range(networks))[p::processes] for p in range(processes)]
    commands = [
        [python, str(worker), str(data), *map(str, share), "--epochs", str(epochs), "--batch", str(BATCH)]
        for share in shares
    ]
    workers = [subprocess.Popen(c, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for c in commands]
    for process in workers:
        assert process.stdout.readline() == "ready\n", "the PyTorch process did not start"
    for process in workers:
        process.stdin.write("go\n")
        process.stdin.flush()
    results = [json.loads(process.communicate()[0]) for process in workers]
    losses = [0.0] * networks
    for share, result in zip(shares, results, strict=True):
        for network, loss in zip(share, result["losses"], strict=True):
            losses[network] = loss
    return max(result["seconds"] for result in results), losses


def assert_same(our_losses, losses, summary) -> None:
    difference = float(summary(np.abs(np.array(losses) - our_losses)))
    assert difference < 1e-3, f"the two sides trained different things: losses differ by {difference:.2g}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer-python", default=sys.executable, help="an interpreter that has PyTorch")
    parser.add_argument("--networks", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=default_threads())
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()

    X, y = make_data()
    net = ts.Network(LAYERS, input_shape=(56,))
    networks = [net.initialized(seed=seed) for seed in range(options.networks)]
    has_torch = subprocess.run([options.peer_python, "-c", "import torch"], capture_output=True).returncode == 0
    ours: list[float] = []
    peers: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data.npz"
        arrays = {f"{k}/{i}": a for k, n in enumerate(networks) for i, a in enumerate(n.parameters.values())}
        np.savez(data, X=X, y=y, arrays=len(networks[0].parameters), **arrays)
        _, our_losses = run_ours(networks, X, y, 1, options.threads)
        if has_torch:
            assert_same(
                our_losses, run_pytorch(options.peer_python, data, options.networks, 1, options.threads)[1], np.max
            )
        for _ in range(options.repeats):
            seconds, our_losses = run_ours(networks, X, y, options.epochs, options.threads)
            ours.append(seconds)
            if has_torch:
                seconds, losses = run_pytorch(
                    options.peer_python, data, options.networks, options.epochs, options.threads
                )
                peers.append(seconds)
                assert_same(our_losses, losses, np.median)

    steps = options.networks * options.epochs * -(-ROWS // BATCH)
    flop = 6.0 * sum(a.size for n, a in networks[0].parameters.items() if n.endswith("weight")) * ROWS
    flop *= options.epochs * options.networks
    print(f"56-100-100-100-1, batch {BATCH}, {options.networks} networks, {options.threads} threads, level {level}")
    figures = {
        "level": level,
        "threads": options.threads,
        "networks": options.networks,
        "thetastar": ours,
        "pytorch": peers,
    }
    for name, times in (("thetastar", ours), ("PyTorch", peers)):
        if times:
            median = statistics.median(times)
            print(f"  {name:<10} {median / steps * 1e6:8.1f} µs a step   {flop / median / 1e9:7.1f} GFLOP/s   "
                  f"median of {len(times)}, {min(times):.2f} to {max(times):.2f} s")  # fmt: skip
    if peers:
        ratios = [p / o for p, o in zip(peers, ours, strict=True)]
        print(f"  ratio      {statistics.median(ratios):8.1f} ×   from {min(ratios):.1f} to {max(ratios):.1f}")
        figures["ratio"] = statistics.median(ratios)
    else:
        print(f"  PyTorch    left out: {options.peer_python} has none (pip install torch, or --peer-python)")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
