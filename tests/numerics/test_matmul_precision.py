"""Products on tile registers: rounded to bfloat16 where asked for, else as exact as float32; the rest as without."""

from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose

import thetastar as ts
from thetastar import jobs
from thetastar._native import engine
from thetastar.errors import InputError

from .examples import equal

here = pytest.mark.skipif(not engine.has_bfloat16(), reason="this processor or engine has no products in bfloat16")
SGD = ts.optimizers.SGD(1.0)


def rounded(x):
    """To the nearest float32 whose lower 16 bits are zero, to the even one of two."""
    bits = np.ascontiguousarray(x, dtype=np.float32).view(np.uint32)
    bits = bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    return (bits & np.uint32(0xFFFF0000)).view(np.float32).astype(np.float64)


def product(a, b):
    return rounded(a) @ rounded(b)


def one_step(X, y, parameters):
    """θ - ∂L/∂θ for a network of two layers with tanh between and half the squared error, by the definition."""
    W1, b1, W2, b2 = (np.float64(parameters[f"dense_{i}.{kind}"]) for i in (1, 2) for kind in ("weight", "bias"))
    hidden = np.tanh(product(X, W1) + b1)
    d_output = 2 * (product(hidden, W2) + b2 - y) / y.size
    d_hidden = product(d_output, W2.T) * (1 - hidden**2)
    return {
        "dense_1.weight": W1 - product(X.T, d_hidden),
        "dense_1.bias": b1 - d_hidden.sum(axis=0),
        "dense_2.weight": W2 - product(hidden.T, d_output),
        "dense_2.bias": b2 - d_output.sum(axis=0),
    }


@here
@pytest.mark.parametrize("batch", [1, 2, 15, 16, 17, 31, 32, 33, 48, 49, 63, 64, 100])
@pytest.mark.parametrize("inputs, units, outputs", [(1, 1, 1), (3, 17, 2), (16, 32, 16), (33, 31, 48), (100, 100, 10)])
def test_a_step_is_that_of_rounded_factors(batch, inputs, units, outputs):
    random = np.random.default_rng(batch)
    X, y = random.normal(size=(batch, inputs)).astype("f"), random.normal(size=(batch, outputs)).astype("f")
    start = ts.Network([ts.Dense(units, activation="tanh"), ts.Dense(outputs)], (inputs,)).initialized(seed=batch)
    settings = {"optimizer": SGD, "epochs": 1, "batch_size": batch, "matmul_precision": "bfloat16"}
    found = ts.train(start, X, y, **settings).network.parameters
    for name, wanted in one_step(X, y, start.parameters).items():
        # A value that lies between two bfloat16 in float32 and in float64 may be rounded to either.
        assert_allclose(found[name], wanted, atol=2e-3 * np.abs(wanted - start.parameters[name]).max() + 1e-6)


@here
def test_it_is_not_the_step_of_float32():
    X, y = np.random.default_rng(0).normal(size=(64, 100)).astype("f"), np.ones((64, 1), "f")
    start = ts.Network([ts.Dense(1)], (100,)).initialized(seed=0)
    runs = [
        ts.train(start, X, y, optimizer=SGD, epochs=1, matmul_precision=precision)
        for precision in ("float32", "bfloat16")
    ]
    full, half = (run.network.parameters["dense_1.weight"] for run in runs)
    assert 0 < np.abs(full - half).max() < 0.01 * np.abs(full).max()


def blobs(rows=600):
    random = np.random.default_rng(7)
    y = random.integers(0, 5, rows)
    return (random.normal(size=(5, 40))[y] + random.normal(size=(rows, 40))).astype("f"), y


WIDE = ts.Network([ts.Dense(200, activation="relu"), ts.Dense(200, activation="gelu"), ts.Dense(5)], (40,))
SETTINGS = {"loss": "cross_entropy", "epochs": 4, "batch_size": 128, "matmul_precision": "bfloat16"}


@pytest.mark.parametrize("batch", [64, 100, 160])
@pytest.mark.parametrize("inputs, units, outputs", [(64, 64, 64), (100, 130, 1), (300, 400, 10)])
def test_a_step_of_float32_is_that_of_float64_wherever_its_products_are(batch, inputs, units, outputs):
    random = np.random.default_rng(batch)
    X, y = random.normal(size=(batch, inputs)).astype("f"), random.normal(size=(batch, outputs)).astype("f")
    start = ts.Network([ts.Dense(units, activation="tanh"), ts.Dense(units), ts.Dense(outputs)], (inputs,))
    start = start.initialized(seed=batch)
    single, double = (
        ts.train(start, X, y, optimizer=SGD, epochs=1, batch_size=batch, dtype=dtype).network.parameters
        for dtype in ("float32", "float64")
    )
    for name, wanted in double.items():
        moved = np.abs(wanted - start.parameters[name]).max()
        assert_allclose(single[name], wanted, rtol=1e-7, atol=4e-6 * moved, err_msg=name)


@here
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("threads", [2, 3])
def test_the_bits_do_not_depend_on_the_threads(threads, precision):
    X, y = blobs()
    settings = SETTINGS | {"matmul_precision": precision}
    alone = ts.train(WIDE, X, y, threads=1, **settings)
    assert equal(alone, ts.train(WIDE, X, y, threads=threads, **settings))
    together = ts.train_many([ts.Job(WIDE, seed=seed, **settings) for seed in (3, 0)], X, y, threads=threads)
    assert equal(alone, together[1])


@here
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_losses_on_validation_rows_are_measured_in_float32(precision):
    X, y = blobs()
    settings = SETTINGS | {"matmul_precision": precision}
    run = ts.train(WIDE, X, y, validation_rows=np.arange(500, 600), rows=np.arange(500), **settings)
    scores = np.float64(run.network.predict(X[500:]))
    each = np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(100), y[500:]]
    assert_allclose(run.history["validation_loss"][-1], each.mean(), rtol=1e-6)


@here
def test_it_learns_as_well():
    X, y = blobs()

    def right(precision):
        many = [
            ts.Job(WIDE, seed=seed, **SETTINGS | {"matmul_precision": precision}, rows=np.arange(400))
            for seed in range(6)
        ]
        return np.mean(
            [(run.network.predict(X[400:]).argmax(1) == y[400:]).mean() for run in ts.train_many(many, X, y)]
        )

    assert right("bfloat16") > 0.9 and abs(right("bfloat16") - right("float32")) < 0.01


@here
@pytest.mark.parametrize(
    "layers, shape",
    [
        ([ts.Dense(20, activation="tanh"), ts.Flatten(), ts.Dense(1)], (6, 5)),
        ([ts.Conv2D(20, 3, activation="relu"), ts.Flatten(), ts.Dense(33), ts.Dense(1)], (6, 5, 2)),
        ([ts.LSTM(9, return_sequences=True), ts.Dense(4), ts.Flatten(), ts.Dense(1)], (6, 5)),
        ([ts.Dense(5), ts.Residual([ts.Dense(40), ts.Dropout(0.1), ts.Dense(5)]), ts.Dense(1)], (30,)),
    ],
    ids=["positions", "convolution", "recurrent", "residual"],
)  # fmt: skip
@pytest.mark.parametrize("settings", [{}, {"clip_norm": 0.5, "l2": 0.01}, {"optimizer": "lbfgs", "epochs": 2}], ids=str)
def test_wherever_a_dense_layer_stands(layers, shape, settings):
    random = np.random.default_rng(1)
    X, y = random.normal(size=(90, *shape)).astype("f"), random.normal(size=90).astype("f")
    net, given = ts.Network(layers, shape), {"epochs": 3, "seed": 5} | settings
    full, half = (ts.train(net, X, y, matmul_precision=one, **given) for one in ("float32", "bfloat16"))
    assert half.stopped == "epochs" and not equal(full, half)
    assert_allclose(half.history["loss"], full.history["loss"], rtol=0.05)


@here
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_numbers_that_are_not_finite_end_the_training(precision):
    X, y = blobs()
    run = ts.train(WIDE, X * np.float32(1e30), y, **SETTINGS | {"matmul_precision": precision})
    assert run.stopped == "diverged"


@here
def test_memory_is_announced():
    few = SETTINGS | {"batch_size": 32}  # so few that nothing of float32 is on tiles
    full = ts.Job(WIDE, **few | {"matmul_precision": "float32"})
    assert ts.Job(WIDE, **few).memory(rows=600) > full.memory(rows=600)


def refused(**settings):
    with pytest.raises(InputError) as caught:
        ts.train(WIDE, *blobs(), **SETTINGS | settings)
    return str(caught.value)


def test_what_is_refused(monkeypatch):
    assert refused(matmul_precision="float16") == (
        "train: matmul_precision must be 'float32' or 'bfloat16'. Got 'float16'. Use one of the two."
    )
    assert refused(dtype="float64") == (
        "train: matmul_precision='bfloat16' is for dtype='float32'. Got dtype='float64'. Leave one of them out."
    )

    monkeypatch.setattr(jobs, "engine", SimpleNamespace(has_bfloat16=lambda: False, TrainSpec=engine.TrainSpec))
    assert "needs Linux, a processor with AMX tiles for bfloat16 and the engine of level v4 or amx" in refused()
