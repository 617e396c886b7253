"""The lecture's table (8 models, five starts of each network) beside PyTorch in its best form.

    python benchmarks/lecture.py --peer PYTHON [--turns TURNS]

`--peer` is the interpreter of an environment with `pip install torch`. Both sides train the same: on the same rows of
`ts.datasets.load("views")`, linear functions of 1, 7, 28 and 56 days to the smallest mean absolute error (by least
squares with weights, again and again), and 1 to 4 hidden layers of 100 ReLU on 56 days by Adam, 25 epochs in batches of
32, the learning rate falling along a cosine. PyTorch's forms: a training after the other, and the five starts of a
depth side by side in batched products, each on one thread and on all, with the fused Adam. Its best one counts.
Turns alternate; medians are compared.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

EPOCHS, BATCH, WIDTH, STARTS = 25, 32, 100, 5

PEER = """
import json, math, sys, time
import numpy as np, torch
from torch import nn
data, EPOCHS, BATCH, WIDTH, STARTS = np.load(sys.argv[1]), *map(int, sys.argv[2:6])
x, y = torch.from_numpy(data["x"]), torch.from_numpy(data["y"])
linear = [(torch.from_numpy(data[f"x{d}"]), torch.from_numpy(data["raw"])) for d in (1, 7, 28, 56)]

def least_absolute(z, y):
    theta = torch.linalg.lstsq(z, y[:, None]).solution[:, 0]
    for _ in range(60):
        weight = 1 / (y - z @ theta).abs().clamp(min=1e-6)
        gram = z.T @ (z * weight[:, None])
        gram += 1e-12 * gram.trace() * torch.eye(len(gram), dtype=gram.dtype)
        theta = torch.linalg.solve(gram, z.T @ (weight * y))
    return theta

def trained(parameters, loss_of, starts_order):
    optimizer = torch.optim.Adam(parameters, lr=1e-3, fused=True)
    steps = EPOCHS * math.ceil(len(x) / BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for epoch in range(EPOCHS):
        order = starts_order()
        for at in range(0, len(x), BATCH):
            optimizer.zero_grad(set_to_none=True)
            loss_of(order[..., at : at + BATCH]).backward()
            optimizer.step()
            schedule.step()

def one_by_one(depth, start):
    torch.manual_seed(start)
    widths = [x.shape[1]] + [WIDTH] * depth
    layers = [part for a, b in zip(widths, widths[1:]) for part in (nn.Linear(a, b), nn.ReLU())]
    net, loss = nn.Sequential(*layers, nn.Linear(WIDTH, 1)), nn.L1Loss()
    trained(list(net.parameters()), lambda rows: loss(net(x[rows]), y[rows]), lambda: torch.randperm(len(x)))
    with torch.no_grad():
        return float((net(x) - y).abs().mean())

def side_by_side(depth):
    torch.manual_seed(0)
    widths = [x.shape[1]] + [WIDTH] * depth + [1]
    weights = [nn.Parameter((torch.rand(STARTS, a, b) * 2 - 1) / math.sqrt(a)) for a, b in zip(widths, widths[1:])]
    biases = [nn.Parameter((torch.rand(STARTS, 1, b) * 2 - 1) / math.sqrt(a)) for a, b in zip(widths, widths[1:])]
    def forward(h):
        for place, (w, b) in enumerate(zip(weights, biases)):
            h = torch.baddbmm(b, h, w)
            if place < depth:
                h = torch.relu(h)
        return h
    orders = lambda: torch.stack([torch.randperm(len(x)) for _ in range(STARTS)])
    # The sum over starts of each one's mean: so every start has the gradient that it has alone.
    trained(weights + biases, lambda rows: (forward(x[rows]) - y[rows]).abs().mean(dim=(1, 2)).sum(), orders)
    with torch.no_grad():
        return (forward(x.expand(STARTS, -1, -1)) - y).abs().mean(dim=(1, 2)).tolist()

def table(stacked, threads):
    torch.set_num_threads(threads)
    for z, t in linear:
        least_absolute(z, t)
    return [side_by_side(d) if stacked else [one_by_one(d, s) for s in range(STARTS)] for d in (1, 2, 3, 4)]

print(json.dumps({"version": torch.__version__}), flush=True)
for line in sys.stdin:
    stacked, threads = json.loads(line)
    began = time.perf_counter()
    losses = table(stacked, threads)
    print(json.dumps({"seconds": time.perf_counter() - began, "losses": losses}), flush=True)
"""


def lecture_rows():
    """What both sides learn from: the lecture's own preparation of the training years."""
    import thetastar as ts
    from thetastar.data import read_table
    from thetastar.forecasting import lecture
    from thetastar.forecasting.panel import make_panel
    from thetastar.forecasting.series import read_series

    table, target = ts.datasets.load("views")
    when = next(name for name in table if name != target)
    series = read_series(read_table(table), target, when)
    filled = make_panel(series).filled[0]
    raw, cut = series.values[0], lecture._cut(series)
    given = np.where(np.isnan(raw), filled, raw)[:, None]
    parts = {days: lecture._examples(given, raw, days, cut, 56) for days in lecture.HISTORY}
    return series, filled, parts


def main(peer: str, turns: int) -> None:
    from thetastar.forecasting.lecture import make_lecture

    series, filled, parts = lecture_rows()
    part = parts[56]
    x, y = part.x[part.seen], part.y[part.seen]
    arrays = {"x": ((x - x.mean(0)) / x.std(0)).astype(np.float32), "raw": y / y.std(),
              "y": ((y - y.mean()) / y.std()).astype(np.float32)[:, None]}  # fmt: skip
    for days, each in parts.items():
        own = each.x[each.seen]
        arrays[f"x{days}"] = np.column_stack([np.ones(len(own)), (own - own.mean(0)) / own.std(0)])
    forms = {(stacked, threads): [] for stacked in (False, True) for threads in (1, 2)}
    names = {key: f"{'side by side' if key[0] else 'one by one'}, {key[1]} thread{'s' * (key[1] > 1)}" for key in forms}
    ours: list[float] = []
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "rows.npz"
        np.savez(file, **arrays)
        program = [peer, "-c", PEER, str(file), *map(str, (EPOCHS, BATCH, WIDTH, STARTS))]
        with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
            version = json.loads(child.stdout.readline())["version"]
            make_lecture(series, filled, starts=1)  # loads what is loaded once
            for _ in range(turns):
                began = time.perf_counter()
                made = make_lecture(series, filled, starts=STARTS)
                ours.append(time.perf_counter() - began)
                for form, seconds in forms.items():
                    child.stdin.write(json.dumps(form) + "\n")
                    child.stdin.flush()
                    answer = json.loads(child.stdout.readline())
                    seconds.append(answer["seconds"])
                    losses = answer["losses"]
            child.stdin.close()
    print(f"thetastar, the whole table: {median(ours):.2f} s; turns {np.round(ours, 2)}")
    for form, seconds in forms.items():
        print(f"PyTorch {version}, {names[form]}: {median(seconds):.2f} s; turns {np.round(seconds, 2)}")
    best = min(forms, key=lambda form: median(forms[form]))
    print(f"to its best form ({names[best]}): {median(ours) / median(forms[best]):.3f}")
    deep = [row["seen"] / y.std() for row in made["rows"] if "hidden" in row["name"]]
    print("training error by depth, in standard deviations: ours", np.round(deep, 3), "PyTorch's",
          np.round(np.mean(losses, axis=1), 3))  # fmt: skip


if __name__ == "__main__":
    reader = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reader.add_argument("--peer", required=True)
    reader.add_argument("--turns", type=int, default=5)
    asked = reader.parse_args()
    sys.exit(main(asked.peer, asked.turns))
