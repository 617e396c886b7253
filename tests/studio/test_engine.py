"""The engine of pages is the engine of Python: the same losses on everything that can be listed, to the last bits but a few."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

RUNS = Path(__file__).parent / "baseline_runs.py"
TRAIN = """async (runs) => {
  const { Engine, Trainer } = await import("/engine.js");
  const { unfused } = await import("/unfused.js");
  const module = await (await fetch("/engine.wasm")).arrayBuffer();
  const engine = await Engine.start(EXACT ? unfused(module) : module);
  return runs.map((run) => {
    const data = { ...run.data, x: Float32Array.from(run.data.x), y: Float32Array.from(run.data.y) };
    const rows = { training: Array.from({ length: data.count }, (_, i) => i) };
    const trainer = new Trainer(engine, run.job, data, rows, Float32Array.from(run.start));
    const losses = [];
    for (let e = 0; e < run.epochs && trainer.standing().finite; ++e) {
      trainer.advance(1e9, true);
      losses.push(trainer.standing().epochLoss);
    }
    const parameters = Array.from(trainer.parameters);
    trainer.end();
    return { losses, parameters };
  });
}"""


@pytest.fixture(scope="module")
def runs():
    done = subprocess.run([sys.executable, str(RUNS)], env={**os.environ, "THETASTAR_LEVEL": "baseline"}, capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def trained(blank, runs, exact=True):
    return blank.evaluate(TRAIN.replace("EXACT", json.dumps(exact)), runs)


def differences(run, page):
    """By how much losses and parameters differ, each relative to the largest."""
    mine, theirs = np.array(page["losses"]), np.array(run["losses"])
    assert len(mine) == len(theirs), run["name"]
    parameters = np.array(page["parameters"]) - np.array(run["parameters"])
    return np.abs(mine - theirs).max() / np.abs(theirs).max(), np.abs(parameters).max(initial=0) / np.abs(
        run["parameters"]
    ).max(initial=1e-9)


def test_everything_that_is_listed_trains_to_the_same_losses(blank, runs):
    names = {run["name"].split()[0] for run in runs}
    assert names == {"layer", "loss", "optimizer", "activation", "schedule", "setting"} and len(runs) > 150
    far, same = [], 0
    for run, page in zip(runs, trained(blank, runs), strict=True):
        of_losses, of_parameters = differences(run, page)
        same += of_losses == 0 and of_parameters == 0
        if not (of_losses <= 1e-5 and of_parameters <= 1e-3):
            far.append(f"{run['name']}: losses {of_losses:.2g}, parameters {of_parameters:.2g}")
    assert far == []
    assert same > 0.8 * len(runs), f"{same} of {len(runs)} have the same bits"


def test_fused_products_differ_by_rounding_only(blank, runs):
    dense = [run for run in runs if run["name"].startswith(("layer Dense", "loss", "activation"))]
    for run, page in zip(dense, trained(blank, dense, exact=False), strict=True):
        assert differences(run, page)[0] <= 1e-4, run["name"]
