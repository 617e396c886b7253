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
def fixed(*indices, dtype=np.int64):
    array = np.array(indices, dtype)
    array.flags.writeable = False
    return array

rows, none = fixed(0, 1, 2, 3), fixed()
def net(*layers, input=(3,)):
    return engine.NetworkSpec({"input": list(input), "layers": [{"name": f"l{k}", **l} for k, l in enumerate(layers)]})

def flat(network):
    return f(sum(rows * columns for _, _, rows, columns, *_ in engine.parameter_layout(network)))

conv = {"kind": "conv2d", "units": 4, "window_height": 3, "window_width": 3}
def trained(loss, y, outputs=6, x=f(4, 3), **settings):
    spec = engine.TrainSpec({"loss": loss, "optimizer": {"kind": "adam"}, "epochs": 1, **settings})
    made = engine.Job32(net({"kind": "dense", "units": outputs}), spec, x, y, None, rows, x, y, None, none)
    fleet = engine.Fleet32(1)
    fleet.add(made, [1], None)
    fleet.start()
    while not fleet.wait(0.1): pass
    return fleet.take_ended()[1][0]

def job(x=f(4, 3), y=f(4, 2), weights=None, rows=rows, validation=(f(4, 3), f(4, 2), None, none), network=network):
    return engine.Job32(network, settings, x, y, weights, rows, *validation)
"""
REFUSED = {
    "more columns than inputs": "job(x=f(4, 4))",
    "other samples": "job(y=f(5, 2))",
    "other weights": "job(weights=f(3))",
    "another precision": "job(x=np.zeros((4, 3)))",
    "whole numbers": "job(x=np.zeros((4, 3), np.int32))",
    "rows in 32 bits": "job(rows=fixed(0, 1, dtype=np.int32))",
    "not contiguous": "job(x=f(4, 6)[:, ::2])",
    "a vector for a matrix": "job(x=f(12))",
    "a list": "job(x=[[0.0] * 3] * 4)",
    "none": "job(x=None)",
    "rows outside": "job(rows=fixed(0, 4))",
    "rows below": "job(rows=fixed(-1))",
    "no rows": "job(rows=none)",
    "rows that may change": "job(rows=np.arange(4))",
    "rows as a list": "job(rows=[0, 1])",
    "rows as none": "job(rows=None)",
    "numbers that are not aligned": "job(x=np.zeros(49, np.uint8)[1:].view(np.float32).reshape(4, 3))",
    "numbers in another order of bytes": "job(x=f(4, 3).astype('>f4'))",
    "one number for all": "job(x=np.broadcast_to(np.float32(1), (4, 3)))",
    "rows backwards": "job(x=f(4, 3)[::-1])",
    "targets of other columns": "job(y=f(4, 7))",
    "settings for other arrays": "trained({'kind': 'huber'}, f(4, 6), groups=[{'kind': 'adam'}])",
    "a class beyond the outputs": "trained({'kind': 'cross_entropy'}, f(4, 1) + 6)",
    "a class below": "trained({'kind': 'cross_entropy'}, f(4, 1) - 1)",
    "half a class": "trained({'kind': 'multi_margin'}, f(4, 1) + 0.5)",
    "a class that is no number": "trained({'kind': 'nll'}, f(4, 1) + np.nan)",
    "an infinite class": "trained({'kind': 'cross_entropy'}, f(4, 1) + np.inf)",
    "no class": "trained({'kind': 'cross_entropy'}, f(4, 0))",
    "weights of other classes": "trained({'kind': 'cross_entropy', 'class_weights': [1.0]}, f(4, 1))",
    "means without variances": "trained({'kind': 'gaussian_nll'}, f(4, 2), outputs=5)",
    "ctc of no classes": "trained({'kind': 'ctc'}, f(4, 2))",
    "ctc of a blank beyond": "trained({'kind': 'ctc', 'classes': 3, 'blank': 3}, f(4, 2))",
    "ctc of parts of frames": "trained({'kind': 'ctc', 'classes': 4}, f(4, 2))",
    "ctc of labels beyond": "trained({'kind': 'ctc', 'classes': 3}, f(4, 2) + 3)",
    "a triplet of two": "trained({'kind': 'triplet_margin', 'members': 2}, f(2, 0))",
    "a pair of one": "trained({'kind': 'cosine_embedding'}, f(4, 1))",
    "two for one": "trained({'kind': 'huber', 'members': 2}, f(2, 6))",
    "validation of other columns": "job(validation=(f(4, 2), f(4, 2), None, none))",
    "no layers": "engine.NetworkSpec({'input': [3], 'layers': []})",
    "a layer of no kind": "engine.parameter_layout(engine.NetworkSpec({'input': [3], 'layers': [{'kind': 'magic'}]}))",
    "a stride of nothing": "engine.NetworkSpec({'input': [3], 'layers': [{'kind': 'dense', 'stride_width': 0}]})",
    "no units": "net({'kind': 'dense', 'units': 0})",
    "units that are not said": "net({'kind': 'lstm'})",
    "units beyond memory": "net({'kind': 'dense', 'units': 2**31 - 1})",
    "units beyond 32 bits": "net({'kind': 'dense', 'units': 2**40})",
    "units in half": "net({'kind': 'dense', 'units': 2.0})",
    "an input beyond 32 bits": "net(conv, input=(65536, 65536, 65536))",
    "an input of nothing": "net(conv, input=(0, 4, 1))",
    "a window beyond the image": "net({**conv, 'window_height': 9}, input=(4, 4, 1))",
    "a window that reaches too far": "net({**conv, 'dilation_width': 2**31 - 1}, input=(4, 4, 1))",
    "groups that do not divide": "net({**conv, 'groups': 2}, input=(4, 4, 3))",
    "images beyond memory": "net({**conv, 'units': 2**24, 'same': True}, input=(1024, 1024, 1))",
    "a table of no categories": "net({'kind': 'embedding', 'units': 4})",
    "nothing inside": "net({'kind': 'residual', 'inner': []})",
    "a list in itself": "inner = []; inner.append({'kind': 'residual', 'name': 'r', 'inner': inner}); net(*inner)",
    "a thousand inside each other": """
    layer = {'kind': 'dense', 'name': 'd', 'units': 3}
    for _ in range(1000): layer = {'kind': 'residual', 'name': 'r', 'inner': [layer]}
    net(layer)""",
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
    "predictions into themselves": """
    same = f(4, 3)
    engine.Predictor32(net({'kind': 'dense', 'units': 3}), f(12))(same, same, 1)""",
    "predictions that must not be written": """
    out = f(4, 2); out.flags.writeable = False
    engine.Predictor32(network, f(8))(f(4, 3), out, 1)""",
    "input slopes of other parameters": "engine.InputGradients32(network, f(3))",
    "input slopes of another baseline": """
    slopes = engine.InputGradients32(network, f(8))
    slopes(f(2, 3), f(2), f(1), f(1), f(2), f(2, 3), 1)""",
    "an update of other parameters": "engine.update32(job(), 1, f(7), 0, f(0, 7), [])",
    "an update of other states": "engine.update32(job(), 1, f(8), 5, f(9, 8), [1.0])",
    "an update before the first": "engine.update32(job(), 1, f(8), -5, f(2, 8), [])",
    "gradients of another target": "engine.inspect32(network, f(8), f(4, 3), f(4, 1), None, {'kind': 'huber'}, True)",
    "gradients of other parameters": "engine.inspect32(network, f(7), f(4, 3), f(4, 2), None, {'kind': 'huber'}, True)",
    "gradients of no rows": "engine.inspect32(network, f(8), f(0, 3), f(0, 2), None, {'kind': 'huber'}, True)",
    "a loss of no kind": "engine.loss32({'kind': 'magic'}, f(4, 2), f(4, 2))",
    "a loss of other samples": "engine.loss32({'kind': 'mean_squared_error'}, f(4, 2), f(3, 2))",
    "an activation of no kind": "engine.activation32('magic', f(3))",
    "images of another size": "engine.augment32({'on': True, 'shift': 1.0}, (2, 2, 1), f(4, 3), 0, 0)",
    "a schedule without end": "engine.schedule_factors({'kind': 'cosine_restarts', 'multiplier': 0.5}, 10, 10)",
    "a gradient of another size": "engine.Minimizer({'kind': 'sgd'}, np.zeros(3)).step(np.zeros(2))",
    "a step of lines": "engine.Minimizer({'kind': 'lbfgs'}, np.zeros(3)).step(np.zeros(3))",
    "lines of steps": "engine.Minimizer({'kind': 'sgd'}, np.zeros(3)).descend(lambda t: (1.0, t))",
    "a function that gives nothing": "engine.Minimizer({'kind': 'lbfgs'}, np.zeros(3)).descend(lambda t: None)",
    "a function that gives lists": "engine.Minimizer({'kind': 'lbfgs'}, np.zeros(3)).descend(lambda t: (1.0, [1.0]))",
    "a function of fewer slopes": "engine.Minimizer({'kind': 'lbfgs'}, np.zeros(3)).descend(lambda t: (1.0, t[1:]))",
    "curvature that nobody asked for": "engine.Minimizer({'kind': 'adam'}, np.zeros(3)).add_curvature(np.zeros(3))",
    "a schedule beyond 64 bits": "engine.schedule_factors({'kind': 'cosine'}, 2**62, 2**62)",
    "a measurement without end": "engine.multiply_add_ceiling(float('inf'), 1)",
    "a measurement of no time": "engine.memory_bandwidth(float('nan'), 1, 1000)",
    "blocks below nothing": "engine.memory_bandwidth(0.01, 1, -4)",
    "an outcome from nowhere": "engine.Outcome32()",
    "a fleet without a start": "engine.Fleet32.__new__(engine.Fleet32).start()",
    "a description without a start": "engine.parameter_layout(engine.NetworkSpec.__new__(engine.NetworkSpec))",
    "a fleet made twice": "fleet = engine.Fleet32(1); fleet.__init__(2)",
    "a seed beyond 64 bits": "engine.Fleet32(1).add(job(), [2**70], None)",
    "a seed below": "engine.Fleet32(1).add(job(), [-1], None)",
    "memory for more rows than there can be": "engine.training_bytes32(network, settings, 2**62, 0, 1)",
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
    "fewer threads than none": """
engine.Predictor32(network, f(8))(f(4, 3), f(4, 2), -2**31)
engine.InputGradients32(network, f(8))(f(2, 3), f(3), f(1), f(1), f(2), f(2, 3), -5)
engine.training_bytes32(network, settings, 10, 0, -4)
engine.multiply_add_ceiling(0.01, -5), engine.memory_bandwidth(0.01, -5, 0)
""",
    "no rows": """
engine.Predictor32(network, f(8))(f(0, 3), f(0, 2), 2)
engine.InputGradients32(network, f(8))(f(0, 3), f(3), f(0), f(0), f(2), f(0, 3), 1)
""",
    "categories that are none": """
words = net({"kind": "embedding", "units": 4, "categories": 2})
for value in (1e9, -1e9, np.nan, np.inf):
    engine.Predictor32(words, flat(words))(np.full((2, 3), value, np.float32), f(2, 12), 1)
""",
    "targets that change while they are learned": """
for loss in ({"kind": "cross_entropy"}, {"kind": "multi_margin"}, {"kind": "nll"}, {"kind": "ctc", "classes": 3}):
    y = f(4, 1)
    spec = engine.TrainSpec({"loss": loss, "optimizer": {"kind": "adam"}, "epochs": 2})
    made = engine.Job32(net({"kind": "dense", "units": 6}), spec, f(4, 3), y, None, rows, f(4, 3), y, None, none)
    y[:] = 1e9
    fleet = engine.Fleet32(1)
    fleet.add(made, [1], None)
    fleet.start()
    while not fleet.wait(0.1): pass
""",
    "eight who stop at once": """
import threading
spec = engine.TrainSpec({"loss": {"kind": "huber"}, "optimizer": {"kind": "adam"}, "epochs": 10**6})
made = engine.Job32(network, spec, f(4, 3), f(4, 2), None, rows, f(4, 3), f(4, 2), None, none)
fleet = engine.Fleet32(2)
fleet.add(made, [1, 2, 3], None)
fleet.start()
threads = [threading.Thread(target=fleet.stop) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
""",
    "what is read outlives the fleet": """
ended = trained({"kind": "huber"}, f(4, 6))
read, again = ended.read(), ended.read()
del ended
gc.collect()
assert read["parameters"].tolist() == again["parameters"].tolist()
""",
    "every loss with targets of every kind": """
for kind in engine.losses:
    for members in (1, 2, 3):
        for classes in (0, 2, 50):
            for columns in (0, 1, 2, 3, 6, 7):
                for value in (-9, 0, 1, 1e9, np.nan):
                    y = np.full((2, columns), value, np.float32)
                    try: engine.loss32({"kind": kind, "members": members, "classes": classes}, f(2 * members, 6), y)
                    except ValueError: pass
""",
    "waits of every length": """
fleet = engine.Fleet32(1)
fleet.add(job(), [1], None)
fleet.start()
for seconds in (float("nan"), -1e300, 0.0, float("inf")): fleet.wait(seconds)
""",
    "a child of a process that trains": """
fleet = engine.Fleet32(2)
fleet.add(job(), [1], None)
fleet.start()
if (child := os.fork()) == 0: os._exit(0)
os.waitpid(child, 0)
while not fleet.wait(0.1): pass
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
        f"\ntry:\n    {call.strip()}\n    print('{name}: ALLOWED', flush=True)\n"
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
