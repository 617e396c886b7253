"""The reference equals PyTorch's figures: what the core is judged by is judged itself."""

import inspect
import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose

from reference import activations, layers, losses, optimizers, schedules, training
from reference.rng import KNOWN_ANSWERS, threefry2x32

from .golden import read

ACTIVATIONS = read("activations")
LOSSES = read("losses_plain")
OPTIMIZERS = {
    f"{file}: {label}": case
    for file in ("optimizers_pytorch", "optimizers_keras_optax")
    for label, case in read(file).items()
}
SCHEDULES = read("schedules")
NETWORKS = read("networks")

FUNCTIONS = {
    "quadratic": lambda t: (
        1.5 * t[0] ** 2 + t[0] * t[1] + t[1] ** 2 - t[0] + t[1],
        np.array([3 * t[0] + t[1] - 1, t[0] + 2 * t[1] + 1]),
    ),
    "rosenbrock": lambda t: (
        (1 - t[0]) ** 2 + 100 * (t[1] - t[0] ** 2) ** 2,
        np.array([-2 * (1 - t[0]) - 400 * t[0] * (t[1] - t[0] ** 2), 200 * (t[1] - t[0] ** 2)]),
    ),
}

FUNCTIONS["separable"] = lambda t: (
    t[0] ** 4 + 2 * (t[1] - 1) ** 2 + 0.1 * t[1] ** 3,
    np.array([4 * t[0] ** 3, 4 * (t[1] - 1) + 0.3 * t[1] ** 2]),
)


def function_of(case):
    """The function of a golden path; every third time a sparse one's second number has no gradient."""
    function = FUNCTIONS[case["function"]]
    if not case.get("sparse"):
        return function
    gradients = itertools.count(1)

    def sparse(theta):
        value, gradient = function(theta)
        return value, gradient if next(gradients) % 3 else gradient * [1, 0]

    return sparse


@pytest.mark.parametrize(("counter", "key", "output"), KNOWN_ANSWERS)
def test_threefry_gives_its_authors_known_answers(counter, key, output):
    assert threefry2x32(counter, key) == output


@pytest.mark.parametrize("name", activations.NAMES)
def test_activation_value_and_slope(name):
    z = np.array(ACTIVATIONS["z"])
    # torch forms gelu and mish with cancellation far out on the left, so 1e-15 absolute is all that it offers there
    assert_allclose(activations.VALUE[name](z), ACTIVATIONS[name]["value"], rtol=1e-12, atol=1e-15)
    # torch keeps the slope 1/6 of hard_sigmoid in single precision, whatever the precision of its argument
    rtol = 1e-7 if name == "hard_sigmoid" else 1e-10
    assert_allclose(activations.SLOPE[name](z), ACTIVATIONS[name]["slope"], rtol=rtol, atol=1e-14)


def test_every_golden_activation_is_in_the_reference():
    assert set(ACTIVATIONS) - {"z"} == set(activations.NAMES)


@pytest.mark.parametrize("label", LOSSES)
def test_loss_value_and_gradient(label):
    case = LOSSES[label]
    dtype = np.dtype(case["dtype"])
    scores = np.array(case["scores"], dtype)
    target = losses.as_target(case["loss"], case["target"])
    weights = None if case["weights"] is None else np.array(case["weights"])
    rtol = 1e-12 if dtype == np.float64 else 1e-6
    per_sample = losses.PER_SAMPLE[case["loss"]](scores.astype(float), target)
    assert_allclose(per_sample, case["per_sample"], rtol=rtol, atol=1e-15 if rtol < 1e-9 else 1e-7)
    assert_allclose(losses.mean_loss(case["loss"], scores.astype(float), target, weights), case["mean"], rtol=rtol)
    gradient = losses.d_mean_loss(case["loss"], scores.astype(float), target, weights)
    assert_allclose(gradient, case["gradient_of_mean"], rtol=rtol, atol=1e-15 if rtol < 1e-9 else 1e-8)


@pytest.mark.parametrize("label", OPTIMIZERS)
def test_optimiser_path(label):
    case = OPTIMIZERS[label]
    optimizer = optimizers.OPTIMIZERS[case["optimizer"]](**case["settings"])
    if case.get("sparse"):  # the reference's minimize also asks for values alone
        function, theta, path = function_of(case), np.array(case["path"][0]), [case["path"][0]]
        for _ in range(20):
            theta = optimizer.step({"theta": theta}, {"theta": function(theta)[1]})["theta"]
            path.append(theta)
    else:
        path, values = optimizers.minimize(
            optimizer, FUNCTIONS[case["function"]], case["path"][0], len(case["path"]) - 1
        )
        assert_allclose(values, case["values"], rtol=1e-6, atol=1e-9)
    # torch keeps the momentum schedules of ASGD and NAdam in single precision; Sophia's Hessian is a difference here
    # and Keras takes Adafactor's means in single precision
    loose = case["optimizer"] in ("ASGD", "NAdam", "Sophia", "LBFGS", "Adafactor")
    assert_allclose(path, case["path"], rtol=1e-7 if loose else 1e-10, atol=1e-9 if loose else 1e-13)


def reference_factors(case, epochs, n):
    """The factors of a schedule for every step of a training, by the reference."""
    settings, T = case["settings"], epochs * n
    if case["schedule"] == "ReduceOnPlateau":
        plateau = schedules.ReduceOnPlateau(**settings)
        return [1.0, *(plateau.after_epoch(loss) for loss in case["losses"][:-1])]
    function = {
        "Step": schedules.step,
        "Exponential": schedules.exponential,
        "Cosine": schedules.cosine,
        "CosineRestarts": schedules.cosine_restarts,
        "OneCycle": schedules.one_cycle,
        "LogCosine": schedules.log_cosine,
        "FlatCosine": schedules.flat_cosine,
    }[case["schedule"]]
    length = n if "n" in inspect.signature(function).parameters else T
    return [function(t, length, **settings) for t in range(T)]


@pytest.mark.parametrize("label", [label for label in SCHEDULES if isinstance(SCHEDULES[label], dict)])
def test_schedule(label):
    factors = reference_factors(SCHEDULES[label], SCHEDULES["epochs"], SCHEDULES["steps_per_epoch"])
    assert_allclose(factors, SCHEDULES[label]["factors"], rtol=1e-9, atol=1e-12)


def network_case(label):
    case = NETWORKS[label]
    sizes = [np.shape(case["parameters"][f"dense_{k}.bias"])[0] for k in (1, 2, 3)]
    net = [layers.Dense(units, name) for units, name in zip(sizes, case["activations"], strict=True)]
    parameters = {name: np.array(values) for name, values in case["parameters"].items()}
    return case, net, parameters, np.array(case["x"]), np.array(case["y"])


NETWORK_LABELS = [label for label in NETWORKS if isinstance(NETWORKS[label], dict)]


@pytest.mark.parametrize("label", NETWORK_LABELS)
def test_network_loss_and_gradients(label):
    case, net, parameters, x, y = network_case(label)
    loss, gradients = layers.loss_and_gradients(net, parameters, x, y, case["loss"])
    assert_allclose(loss, case["mean_loss"], rtol=1e-12)
    for name, gradient in case["gradients"].items():
        assert_allclose(gradients[name], gradient, rtol=1e-10, atol=1e-14, err_msg=name)
    numerical = layers.central_differences(net, parameters, x, y, case["loss"])
    for name, gradient in numerical.items():
        assert_allclose(gradients[name], gradient, rtol=1e-6, atol=1e-8, err_msg=name)


@pytest.mark.parametrize("kind", ["SGD", "Adam", "AdamW"])
@pytest.mark.parametrize("label", NETWORK_LABELS)
def test_network_training_path(label, kind):
    case, net, parameters, x, y = network_case(label)
    expected = case["training"][kind]
    run = training.train(
        net,
        parameters,
        x,
        y,
        loss=case["loss"],
        optimizer=optimizers.OPTIMIZERS[kind](**expected["settings"]),
        epochs=NETWORKS["epochs"],
        batch_size=NETWORKS["batch_size"],
    )
    assert_allclose(run.batch_losses, expected["batch_losses"], rtol=1e-9)
    for name, values in expected["parameters"].items():
        assert_allclose(run.parameters[name], values, rtol=1e-8, atol=1e-11, err_msg=name)
