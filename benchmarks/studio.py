"""How fast the studio's engine trains in a page, beside PyTorch on the same processor: one run, in turns, one thread each.

    python benchmarks/studio.py --peer-python /path/to/python

The page is the studio's own, served as `thetastar studio` serves it, in headless Chromium; the engine trains in its worker. PyTorch is
eager with the fused Adam, its data cut into batches before (the form that `thetastar bench` found to be its fastest). A turn is some
short bursts of steps; of a side's bursts in a turn the quickest counts, because a burst that the system interrupts measures the system.
What is compared is the ratio within a turn; printed are the median of the ratios and their range.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

PYTORCH = """
import json, sys, time, torch
torch.set_num_threads(1); torch.manual_seed(0)
X, y = torch.randn(1405, 56), torch.randn(1405, 1)
net = torch.nn.Sequential(torch.nn.Linear(56, 100), torch.nn.ReLU(), torch.nn.Linear(100, 100), torch.nn.ReLU(),
                          torch.nn.Linear(100, 100), torch.nn.ReLU(), torch.nn.Linear(100, 1))
optimizer, loss = torch.optim.Adam(net.parameters(), fused=True), torch.nn.L1Loss()
batches = list(zip(X.split(32), y.split(32)))[:43]
def burst(steps):
    began = time.perf_counter()
    for i in range(steps):
        a, b = batches[i % 43]
        optimizer.zero_grad(); loss(net(a), b).backward(); optimizer.step()
    return (time.perf_counter() - began) / steps * 1e6
burst(300)
for line in sys.stdin:
    print(json.dumps([burst(40) for _ in range(int(line))]), flush=True)
"""

IN_PAGE = """async () => {
  const { Remote } = await import(new URL("remote.js", location.href).href);
  const dense = (units, activation, k) => ({ kind: "dense", name: `dense_${k}`, units, activation, use_bias: true, kernel: { kind: "glorot_uniform" }, bias: { kind: "zeros" } });
  const numbers = (n, f) => Float32Array.from({ length: n }, (_, i) => Math.sin(f * i + (i % 13)));
  window.sides = {};
  for (const [name, shape, layers, batch, count, loss, optimizer] of [
    ["lecture", 56, [dense(100, "relu", 1), dense(100, "relu", 2), dense(100, "relu", 3), dense(1, "identity", 4)], 32, 1376, "mean_absolute_error", { kind: "adam" }],
    ["toy", 2, [dense(4, "tanh", 1), dense(1, "identity", 2)], 4, 400, "mean_squared_error", { kind: "adam" }],
  ]) {
    const remote = (window.sides[name] = new Remote());
    const job = { network: { input: [shape], layers }, settings: { loss: { kind: loss, members: 1 }, optimizer, epochs: 1000000, batch_size: batch }, seed: 0 };
    await remote.ask("create", { job, data: { x: numbers(count * shape, 1.7), y: numbers(count, 0.9), count, features: shape, targets: 1 }, rows: { training: Array.from({ length: count }, (_, i) => i) } });
    await remote.ask("speed", { steps: name === "toy" ? 200000 : 3000 });
  }
}"""

FRAMES = """async () => {
  const room = window.studio.room;
  let frames = 0;
  const show = room.remote.onframe;
  room.remote.onframe = (frame) => (frames++, show(frame));
  await room.run();
  await new Promise((done) => setTimeout(done, 1000));
  frames = 0;
  const began = performance.now();
  await new Promise((done) => setTimeout(done, 4000));
  const rate = frames / (performance.now() - began) * 1000;
  const waits = [];
  for (let i = 0; i < 15; ++i) {
    const asked = performance.now();
    await new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); room.set("sign", i % 2); });
    waits.push(performance.now() - asked);
    await new Promise((done) => setTimeout(done, 60));
  }
  await room.pause();
  return { rate, answered: waits.sort((a, b) => a - b)[Math.floor(waits.length * 0.9)] };
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--peer-python", default=sys.executable, help="the interpreter that has PyTorch")
    parser.add_argument("--turns", type=int, default=15)
    parser.add_argument("--bursts", type=int, default=8)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()

    from thetastar.studio import Server

    sys.path.insert(0, str(Path(__file__).parents[1]))
    from tests.browser import chromium

    server = Server()
    server.start()
    peer = subprocess.Popen(
        [asked.peer_python, "-c", PYTORCH], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    ratios, page_times, peer_times, toys = [], [], [], []
    with chromium() as browser:
        page = browser.new_page()
        page.set_default_timeout(180_000)
        page.goto(server.address)
        page.evaluate(IN_PAGE)
        for _ in range(asked.turns):
            peer.stdin.write(f"{asked.bursts}\n")
            peer.stdin.flush()
            theirs = min(json.loads(peer.stdout.readline()))
            bursts = [
                page.evaluate("() => window.sides.lecture.ask('speed', { steps: 40 })") for _ in range(asked.bursts)
            ]
            mine = min(burst["microseconds"] for burst in bursts)
            toys.append(
                min(
                    page.evaluate("() => window.sides.toy.ask('speed', { steps: 20000 })")["microseconds"]
                    for _ in range(3)
                )
            )
            ratios.append(theirs / mine)
            page_times.append(mine)
            peer_times.append(theirs)
        frames = []
        for link in (
            "data=spiral&layers=8-relu,8-relu,6-tanh&speed=max",
            "data=moons&layers=100-relu,100-relu,100-relu&speed=max",
        ):
            page.goto(f"{server.address}#playground?{link}")
            page.reload()
            page.wait_for_function("() => window.studio?.room?.frame")
            frames.append((link, page.evaluate(FRAMES)))
    peer.stdin.close()
    server.close()
    result = {
        "lecture": {
            "page_microseconds": statistics.median(page_times),
            "pytorch_microseconds": statistics.median(peer_times),
            "ratio": statistics.median(ratios),
            "range": [min(ratios), max(ratios)],
        },
        "toy": {"microseconds": statistics.median(toys), "steps_per_second": 1e6 / statistics.median(toys)},
        "frames": [{"link": link, **found} for link, found in frames],
    }
    if asked.json:
        print(json.dumps(result))
        return
    of = result["lecture"]
    print(
        f"56-100-100-100-1, batch 32: page {of['page_microseconds']:.0f} µs, PyTorch {of['pytorch_microseconds']:.0f} µs: {of['ratio']:.2f} times as fast ({of['range'][0]:.2f} to {of['range'][1]:.2f}); wanted: 4"
    )
    print(
        f"toy 2-4-1, batch 4: {result['toy']['microseconds']:.2f} µs, {result['toy']['steps_per_second']:,.0f} steps a second; wanted: 600,000"
    )
    for one in result["frames"]:
        print(
            f"{one['link']}: {one['rate']:.0f} frames a second, input answered in {one['answered']:.0f} ms; wanted: 30, 50"
        )


if __name__ == "__main__":
    main()
