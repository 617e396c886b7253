"""Instruction-set levels: each repeats itself to the bit; all agree within rounding on the same masks and starts."""

import os
import subprocess
import sys

import numpy as np
import pytest

from thetastar._native import LEVELS, engine, level

CHILD = """
import sys
import numpy as np
import thetastar as ts
from thetastar._native import level

generator = np.random.default_rng(0)
X = generator.standard_normal((50, 7)).astype(np.float32)
y = X[:, 0] * X[:, 1] - X[:, 2]
images = generator.standard_normal((50, 6, 5, 3)).astype(np.float32)
sequences = generator.standard_normal((50, 4, 3)).astype(np.float32)
sequences[::3, 2:] = 0
wide = generator.standard_normal((150, 70)).astype(np.float32)
pools = [ts.MaxPool2D(2), ts.AveragePool2D(2, padding="same"), ts.Flatten()]
block = ts.Residual([ts.Conv2D(9, 3, padding="same", activation="silu"), ts.Dropout(0.2), ts.BatchNorm(momentum=0.5)])
networks = {
    "dense": (X, [ts.Dense(19, activation="gelu"), ts.Dropout(0.3), ts.Dense(5, activation="tanh")]),
    "wide": (wide, [ts.Dense(96, activation="tanh"), ts.Dense(330), ts.Dense(64, activation="softplus")]),
    "images": (images, [ts.Conv2D(6, 3, groups=3), block, *pools]),
    "lstm": (sequences, [ts.LSTM(5, return_sequences=True, bidirectional=True), ts.LayerNorm(), ts.GRU(17)]),
    "masked": (sequences, [ts.GRU(5, return_sequences=True, mask_value=0.0), ts.SimpleRNN(3, mask_value=0.0)]),
    "categories": (abs(X // 0.5), [ts.Embedding(4, 3), ts.GRU(2, go_backwards=True)]),
}
found = {"level": np.array(level)}
for kind, (inputs, layers) in networks.items():
    net = ts.Network([*layers, ts.Dense(1)], inputs.shape[1:])
    found |= {f"{kind}.start.{name}": values for name, values in net.initialized(seed=3).parameters.items()}
    for dtype in ("float32", "float64"):
        settings = {"loss": "mse", "optimizer": ts.optimizers.AdamW(0.01), "epochs": 5, "seed": 3}
        batch = 75 if kind == "wide" else 8
        targets = np.resize(y, len(inputs))
        run = ts.train(net, inputs, targets, dtype=dtype, batch_size=batch, **settings)
        found[f"{dtype}.{kind}.loss"] = run.history["loss"]
        found |= {f"{dtype}.{kind}.{name}": values for name, values in run.network.parameters.items()}
np.savez(sys.argv[1], **found)
"""
AVAILABLE = LEVELS[: LEVELS.index(level) + 1] if "THETASTAR_LEVEL" not in os.environ else (level,)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The same training at every level of this processor, twice each: {(level, time): arrays}."""
    folder, found = tmp_path_factory.mktemp("levels"), {}
    for name in AVAILABLE:
        for time in (1, 2):
            file = folder / f"{name}-{time}.npz"
            environment = {**os.environ, "THETASTAR_LEVEL": name}
            subprocess.run([sys.executable, "-c", CHILD, str(file)], env=environment, check=True, timeout=60)
            with np.load(file) as arrays:
                found[name, time] = dict(arrays)
    return found


@pytest.mark.parametrize("name", AVAILABLE)
def test_a_level_repeats_itself_to_the_bit(trained, name):
    first, second = trained[name, 1], trained[name, 2]
    assert first["level"] == name
    assert all(first[key].tobytes() == second[key].tobytes() for key in first)


@pytest.mark.parametrize("name", AVAILABLE)
def test_levels_agree_within_rounding(trained, name):
    """Same start to the bit; five epochs of every kind of layer end within the rounding that the precision allows."""
    baseline, other = trained[AVAILABLE[0], 1], trained[name, 1]
    for key in other:
        if ".start." in key:
            assert other[key].tobytes() == baseline[key].tobytes(), key
        elif key.startswith("float32"):
            np.testing.assert_allclose(other[key], baseline[key], rtol=1e-3, atol=2e-4, err_msg=key)
        elif key.startswith("float64"):
            np.testing.assert_allclose(other[key], baseline[key], rtol=1e-9, atol=1e-11, err_msg=key)


@pytest.mark.skipif("amx" not in AVAILABLE[1:], reason="this processor has no tile registers, or a level is forced")
def test_tiles_change_the_last_bits_of_wide_layers_in_float32_and_nothing_else(trained):
    vectors, tiles = trained["v4", 1], trained["amx", 1]
    changed = {".".join(key.split(".")[:2]) for key in tiles if tiles[key].tobytes() != vectors[key].tobytes()}
    assert changed == {"level", "float32.wide"}


def test_the_best_level_is_chosen_unless_one_is_forced():
    assert level == (os.environ.get("THETASTAR_LEVEL") or engine.processor_level())
