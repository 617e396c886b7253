"""PyTorch's figures of every layer: the reference equals them, and so does the core."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from registry import LAYERS

import thetastar as ts
from reference import layers as reference

from .examples import for_package, for_reference
from .golden import read

FIGURES = read("layers")
TRAINING = FIGURES.pop("training of BatchNorm")
ELSEWHERE = {"Dense", "Dropout", "Activation"}  # networks.json, activations.json; dropout draws its own numbers


def arrays(values):
    return {name: np.array(value) for name, value in values.items()}


def opened(label):
    """(description, parameters and gradients under a network's names, the case with arrays)."""
    case = FIGURES[label]
    settings = {key: tuple(value) if isinstance(value, list) else value for key, value in case["settings"].items()}
    layers = [(case["layer"], settings)]
    (name,) = reference.layer_names(for_reference(layers))
    running = arrays(case.get("running", {}))
    parameters = reference.under(name, arrays(case["parameters"]) | running)
    gradients = reference.under(name, arrays(case["gradients"]) | {key: 0 * value for key, value in running.items()})
    return layers, parameters, gradients, arrays({key: case[key] for key in ("x", "y", "d_y", "d_x")})


def test_every_layer_has_figures():
    assert {entry.name for entry in LAYERS} - ELSEWHERE == {case["layer"] for case in FIGURES.values()}


@pytest.mark.parametrize("label", FIGURES)
def test_the_reference_equals_them(label):
    layers, parameters, gradients, case = opened(label)
    plain = for_reference(layers)
    assert reference.parameter_shapes(plain, case["x"].shape[1:]) == {k: v.shape for k, v in parameters.items()}
    y, saved = reference.forward(plain, parameters, case["x"])
    assert_allclose(y, case["y"], rtol=1e-11, atol=1e-13)
    found, d_x = reference.backward(plain, parameters, saved, case["d_y"])
    assert_allclose(d_x, case["d_x"], rtol=1e-10, atol=1e-13)
    assert set(found) == set(gradients)
    for name, gradient in gradients.items():
        assert_allclose(found[name], gradient, rtol=1e-10, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("label", FIGURES)
def test_the_core_equals_them(label):
    """The mean squared error has the slope d_y where the target is y - d_y · (how many numbers y has) / 2."""
    layers, parameters, gradients, case = opened(label)
    net = for_package(layers, case["x"].shape[1:]).with_parameters(parameters)
    target = (case["y"] - case["d_y"] * case["y"].size / 2).reshape(len(case["y"]), -1)
    seen = net.trace(case["x"], target, loss="mse", dtype="float64")
    assert_allclose(seen[net.layer_names[0]]["output"], case["y"], rtol=1e-11, atol=1e-13)
    assert_allclose(seen["input"]["d_output"], case["d_x"], rtol=1e-9, atol=1e-11)
    found = net.gradients(case["x"], target, loss="mse", dtype="float64")
    assert set(found) == set(gradients)
    for name, gradient in gradients.items():
        assert_allclose(found[name], gradient, rtol=1e-9, atol=1e-11, err_msg=name)


def norm_parameters():
    zero = np.zeros_like(TRAINING["gamma"])
    own = {"gamma": np.array(TRAINING["gamma"]), "beta": np.array(TRAINING["beta"])}
    return reference.under("batch_norm_1", own | {"running_mean": zero, "running_variance": zero + 1})


def test_batch_norm_in_training_by_the_reference():
    parameters, (layer,) = norm_parameters(), for_reference([("BatchNorm", TRAINING["settings"])])
    for batch in map(arrays, TRAINING["batches"]):
        y, saved = reference.forward([layer], parameters, batch["x"], training=True)
        assert_allclose(y, batch["y"], rtol=1e-11, atol=1e-13)
        found, d_x = reference.backward([layer], parameters, saved, batch["d_y"])
        assert_allclose(d_x, batch["d_x"], rtol=1e-9, atol=1e-12)
        assert_allclose(found["batch_norm_1.gamma"], batch["d_gamma"], rtol=1e-10, atol=1e-12)
        assert_allclose(found["batch_norm_1.beta"], batch["d_beta"], rtol=1e-10, atol=1e-12)
        parameters |= reference.running_statistics([layer], saved)
    for name in ("running_mean", "running_variance"):
        assert_allclose(parameters[f"batch_norm_1.{name}"], TRAINING[name], rtol=1e-11, err_msg=name)


def test_batch_norm_in_training_by_the_core():
    """Three batches with a rate that moves nothing leave PyTorch's running statistics behind; one step its gradient."""
    batches = [arrays(batch) for batch in TRAINING["batches"]]
    rows, shape = batches[0]["x"].shape[0], batches[0]["x"].shape[1:]
    net = for_package([("BatchNorm", TRAINING["settings"])], shape).with_parameters(norm_parameters())
    settings = {"loss": "mse", "batch_size": rows, "epochs": 1, "shuffle": False, "dtype": "float64"}
    targets = [(b["y"] - b["d_y"] * b["y"].size / 2).reshape(rows, -1) for b in batches]
    X, y = np.concatenate([batch["x"] for batch in batches]), np.concatenate(targets)
    still = ts.train(net, X, y, optimizer=ts.optimizers.SGD(1e-30), **settings).network.parameters
    for name in ("running_mean", "running_variance"):
        assert_allclose(still[f"batch_norm_1.{name}"], TRAINING[name], rtol=1e-12, err_msg=name)
    moved = ts.train(net, batches[0]["x"], targets[0], optimizer=ts.optimizers.SGD(1.0), **settings).network.parameters
    for name in ("gamma", "beta"):
        step = net.parameters[f"batch_norm_1.{name}"] - moved[f"batch_norm_1.{name}"]
        assert_allclose(step, batches[0][f"d_{name}"], rtol=1e-9, atol=1e-11)
