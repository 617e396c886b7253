"""The native module by itself: calls with arrays that do not fit the description are refused and crash nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

SETUP = """
import gc
import os
try:
    import resource
except ImportError:  # Windows
    resource = None
import numpy as np
from thetastar._native import engine

f = lambda *shape: np.zeros(shape, np.float32)
network = engine.NetworkSpec({"input": [3], "layers": [{"kind": "dense", "name": "d", "units": 2}]})
settings = engine.TrainSpec({"loss": {"kind": "mean_squared_error"}, "optimizer": {"kind": "adam"}, "epochs": 2})
rows, none = np.arange(4), np.zeros(0, np.int64)

def job(x=f(4, 3), y=f(4, 2), weights=None, rows=rows, validation=(f(4, 3), f(4, 2), None, none), network=network):
    return engine.Job32(network, settings, x, y, weights, rows, *validation)
"""
REFUSED = {
    "more columns than inputs": "job(x=f(4, 4))",
    "other samples": "job(y=f(5, 2))",
    "other weights": "job(weights=f(3))",
    "another precision": "job(x=np.zeros((4, 3)))",
    "whole numbers": "job(x=np.zeros((4, 3), np.int32))",
    "rows in 32 bits": "job(rows=np.arange(4, dtype=np.int32))",
    "not contiguous": "job(x=f(4, 6)[:, ::2])",
    "a vector for a matrix": "job(x=f(12))",
    "a list": "job(x=[[0.0] * 3] * 4)",
    "none": "job(x=None)",
    "rows outside": "job(rows=np.array([0, 4]))",
    "rows below": "job(rows=np.array([-1]))",
    "no rows": "job(rows=none)",
    "validation of other columns": "job(validation=(f(4, 2), f(4, 2), None, none))",
    "no layers": "engine.NetworkSpec({'input': [3], 'layers': []})",
    "a layer of no kind": "engine.parameter_layout(engine.NetworkSpec({'input': [3], 'layers': [{'kind': 'magic'}]}))",
    "a stride of nothing": "engine.NetworkSpec({'input': [3], 'layers': [{'kind': 'dense', 'stride_width': 0}]})",
    "no epochs": "engine.TrainSpec({'epochs': 0})",
    "a batch of nothing": "engine.TrainSpec({'batch_size': 0})",
    "starts of another size": "engine.Fleet32(1).add(job(), [1], f(1, 7))",
    "starts of another number": "engine.Fleet32(1).add(job(), [1, 2], f(1, 8))",
    "a job of the other precision": "engine.Fleet64(1).add(job(), [1], None)",
    "a fleet that starts twice": "fleet = engine.Fleet32(1); fleet.start(); fleet.start()",
    "a job for a fleet that has started": "fleet = engine.Fleet32(1); fleet.start(); fleet.add(job(), [1], None)",
    "parameters of another size": "engine.Predictor32(network, f(7))",
    "predictions of other columns": "engine.Predictor32(network, f(8))(f(4, 2), f(4, 2), 1)",
    "predictions into other rows": "engine.Predictor32(network, f(8))(f(4, 3), f(3, 2), 1)",
    "gradients of other parameters": "engine.inspect32(network, f(7), f(4, 3), f(4, 2), None, {'kind': 'huber'}, True)",
    "gradients of no rows": "engine.inspect32(network, f(8), f(0, 3), f(0, 2), None, {'kind': 'huber'}, True)",
    "a loss of no kind": "engine.loss32({'kind': 'magic'}, f(4, 2), f(4, 2))",
    "a loss of other samples": "engine.loss32({'kind': 'mean_squared_error'}, f(4, 2), f(3, 2))",
    "an activation of no kind": "engine.activation32('magic', f(3))",
    "images of another size": "engine.augment32({'on': True, 'shift': 1.0}, (2, 2, 1), f(4, 3), 0, 0)",
    "a schedule without end": "engine.schedule_factors({'kind': 'cosine_restarts', 'multiplier': 0.5}, 10, 10)",
    "a gradient of another size": "engine.Minimizer({'kind': 'sgd'}, np.zeros(3)).step(np.zeros(2))",
    "nothing to minimise": "engine.Minimizer({'kind': 'sgd'}, np.zeros(0))",
    "memory for no rows": "engine.training_bytes32(network, settings, 0, 0, 1)",
}
ALLOWED = {
    "arrays that nobody else holds": """
fleet = engine.Fleet32(2)
for seed in range(20):
    ones = np.ones((4, 3), np.float32)
    fleet.add(job(x=ones, y=ones[:, :2].copy()), [seed], np.full((1, 8), 0.5, np.float32))
gc.collect()
fleet.start()
while not fleet.wait(0.1): pass
assert all(np.isfinite(outcome.read()["parameters"]).all() for outcome in fleet.take_ended()[1])
""",
    "thousands of threads": """
predictor = engine.Predictor32(network, f(8))
predictor(f(100_000, 3), f(100_000, 2), 100_000)
fleet = engine.Fleet32(2**31 - 1)
fleet.add(job(), list(range(50)), None)
fleet.start()
while not fleet.wait(0.1): pass
assert len(fleet.take_ended()[0]) == 50
""",
    "a fleet that never started": "fleet = engine.Fleet32(3); fleet.add(job(), [1], None); fleet.stop()",
}
# Children of this process get no thread at all, or very few.
WITHOUT_THREADS = "resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))\n"


def run(code: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-c", SETUP + code], capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def refusals():
    """All of them in one process: what is printed for each."""
    code = "".join(
        f"\ntry:\n    {call}\n    print('{name}: ALLOWED', flush=True)\n"
        f"except (ValueError, TypeError) as error:\n    print('{name}: refused', flush=True)\n"
        for name, call in REFUSED.items()
    )
    return run(code)


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused(name, refusals):
    assert refusals.returncode == 0, refusals.stderr[-2000:]
    assert f"{name}: refused" in refusals.stdout.splitlines()


@pytest.mark.parametrize("name", ALLOWED)
def test_what_fits_is_done(name):
    done = run(ALLOWED[name])
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.skipif(sys.platform != "linux", reason="the limit of processes is one of Linux")
def test_a_system_that_grants_no_thread_gets_the_same_result():
    train = """
fleet = engine.Fleet32(4)
fleet.add(job(x=np.arange(12, dtype=np.float32).reshape(4, 3)), list(range(6)), None)
fleet.start()
while not fleet.wait(0.1): pass
places, outcomes = fleet.take_ended()
print(sorted((place, outcome.read()["parameters"].tobytes().hex()) for place, outcome in zip(places, outcomes)))
"""
    drop = "if os.getuid() == 0: os.setuid(65534)\n" + WITHOUT_THREADS
    free, limited = run(train), run(drop + train)
    assert free.returncode == 0 and limited.returncode == 0, limited.stderr[-2000:]
    assert free.stdout == limited.stdout
