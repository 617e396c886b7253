"""What Keras, PyTorch and optax do differently by one name, and the setting here that gives each of their figures.

tests/golden/conventions.py measures the frameworks; the tables of docs/reference show the same figures.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import thetastar as ts

from .golden import read

GOLDEN = read("conventions")
optimizers, losses = ts.optimizers, ts.losses
KERAS = {"convention": "keras"}


def walk(optimizer, gradients=(0.5,) * 10):
    """Where θ = 1 goes under these gradients."""
    given = iter([*gradients, 0.0])
    path, _ = optimizer.minimize(lambda theta: (0.0, [next(given)]), [1.0], len(gradients))
    return path[-1, 0]


def walk_with_falling_rate(optimizer):
    """Ten steps along the gradient ½, of which the last five have a tenth of the rate."""
    net = ts.Network([ts.Dense(1, use_bias=False)], input_shape=(1,)).with_parameters(
        {"dense_1.weight": np.ones((1, 1))}
    )
    run = ts.train(net, [[1.0]], [-1e6], loss="quantile", optimizer=optimizer, epochs=10, dtype="float64",
                   schedule=ts.schedules.Step(every=5, factor=0.1))  # fmt: skip
    return run.network.parameters["dense_1.weight"][0, 0]


def muon(shape, **settings):
    """The root mean square of a matrix's first step along the pattern of the golden script."""
    rows, columns = shape
    gradient = np.cos(np.arange(rows * columns, dtype=float)).reshape(shape)
    net = ts.Network([ts.Dense(columns, use_bias=False)], input_shape=(rows,))
    net = net.with_parameters({"dense_1.weight": np.zeros(shape)})
    X, y = np.eye(rows), -gradient * rows  # the gradient of ½ Σ (XW - y)² over the rows' number
    optimizer = optimizers.get("Muon", learning_rate=0.1, **({"weight_decay": 0.0} | settings))
    run = ts.train(
        net, X, y, loss="half_squared_error", optimizer=optimizer, epochs=1, batch_size=rows, dtype="float64"
    )
    return np.sqrt(np.mean(np.square(run.network.parameters["dense_1.weight"].astype(float))))


def adam_of_epsilon(**settings):
    return (1 - walk(optimizers.get("Adam", lr=0.1, eps=1e-7, **settings), [1e-7])) / 0.1


PROBABILITIES, BITS = np.array([[0.8], [0.3]]), np.array([[1.0], [0.0]])
ROWS, CLASSES = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3]]), np.array([0, 2])
TARGET = np.array([[0.5, 0.5, 0.0], [0.2, 0.2, 0.6]])
SCORES, LABELS = np.linspace(-1, 1, 24).reshape(2, 4, 3), np.array([[1, 2], [1, 0]])
CTC = losses.CTC(3)

# (row, framework): (ours, how near)
OURS = {
    ("nadam", "keras"): lambda: walk(optimizers.get("Nadam", lr=0.1)),
    ("nadam", "pytorch"): lambda: walk(optimizers.get("NAdam", lr=0.1)),
    ("adam, gradient = epsilon", "keras"): lambda: adam_of_epsilon(**KERAS),
    ("adam, gradient = epsilon", "pytorch"): adam_of_epsilon,
    ("adam, gradient = epsilon", "optax"): adam_of_epsilon,
    ("rmsprop, momentum, falling rate", "keras"): lambda: walk_with_falling_rate(
        optimizers.get("RMSprop", lr=0.1, momentum=0.9, epsilon=1e-8, **KERAS)
    ),
    ("rmsprop, momentum, falling rate", "optax"): lambda: walk_with_falling_rate(
        optimizers.RMSprop(0.1, decay=0.9, momentum=0.9, epsilon_in_root=True, rate_in_velocity=True)
    ),
    ("rmsprop, momentum, falling rate", "pytorch"): lambda: walk_with_falling_rate(
        optimizers.RMSprop(0.1, alpha=0.9, momentum=0.9)
    ),
    ("sgd, momentum, falling rate", "keras"): lambda: walk_with_falling_rate(
        optimizers.get("SGD", lr=0.1, momentum=0.9, **KERAS)
    ),
    ("sgd, momentum, falling rate", "pytorch"): lambda: walk_with_falling_rate(optimizers.SGD(0.1, 0.9)),
    ("sgd, momentum, falling rate", "optax"): lambda: walk_with_falling_rate(optimizers.SGD(0.1, 0.9)),
    ("adagrad, first step", "keras"): lambda: walk(optimizers.get("Adagrad", lr=0.1, **KERAS), [0.5]),
    ("adagrad, first step", "optax"): lambda: walk(optimizers.get("Adagrad", lr=0.1, **KERAS), [0.5]),
    ("adagrad, first step", "pytorch"): lambda: walk(optimizers.Adagrad(0.1), [0.5]),
    ("muon, 8 x 2", "keras"): lambda: muon((8, 2), **KERAS, weight_decay=0.0),
    ("muon, 2 x 8", "keras"): lambda: muon((2, 8), **KERAS, weight_decay=0.0),
    ("plateau, patience 2", "keras"): lambda: ts.schedules.get("ReduceLROnPlateau", patience=2, **KERAS).patience + 1,
    ("plateau, patience 2", "optax"): lambda: ts.schedules.get("plateau", patience=2, convention="optax").patience + 1,
    ("plateau, patience 2", "pytorch"): lambda: ts.schedules.get("ReduceLROnPlateau", patience=2).patience + 1,
    ("one-cycle, last rate", "pytorch"): lambda: ts.schedules.get("OneCycleLR").factors(1, 100)[-1],
    ("binary cross-entropy of 0.8 and 0.3", "keras"): lambda: losses.get("BinaryCrossentropy")(PROBABILITIES, BITS),
    ("binary cross-entropy of 0.8 and 0.3", "pytorch"): lambda: losses.get("BCELoss")(PROBABILITIES, BITS),
    ("binary cross-entropy of 0.8 and 0.3", "optax"): lambda: losses.BinaryCrossEntropy()(PROBABILITIES, BITS),
    ("cross-entropy of 0.7 and 0.3", "keras"): lambda: losses.get("SparseCategoricalCrossentropy")(ROWS, CLASSES),
    ("cross-entropy of 0.7 and 0.3", "pytorch"): lambda: losses.get("CrossEntropyLoss")(ROWS, CLASSES),
    ("cross-entropy of 0.7 and 0.3", "optax"): lambda: losses.CrossEntropy()(ROWS, CLASSES),
    ("divergence, mean", "keras"): lambda: losses.get("KLDivergence")(ROWS, TARGET),
    ("divergence, mean", "optax"): lambda: losses.get("KLDivLoss")(np.log(ROWS), TARGET),
    ("divergence, mean", "pytorch"): lambda: losses.get("KLDivLoss")(np.log(ROWS), TARGET) / 3,
    ("cross-entropy, class weights", "pytorch"): lambda: (
        losses.CrossEntropy(class_weights=(1, 2, 4))(ROWS, CLASSES) * 2 / (1 + 4)
    ),
    ("ctc, mean, lengths 4 and 3", "pytorch, none"): lambda: CTC.per_sample(
        SCORES, CTC.targets(LABELS, label_lengths=[2, 1], frame_lengths=[4, 3])
    ),
    ("ctc", "keras"): lambda: CTC.per_sample(SCORES, CTC.targets(LABELS)),
    ("ctc", "optax"): lambda: CTC.per_sample(SCORES, CTC.targets(LABELS, label_lengths=[2, 1])),
} | {
    (f"weight_decay=0.1, {name}", whose): (
        lambda name=name, convention=convention: walk(
            optimizers.get(name, lr=0.1, weight_decay=0.1, convention=convention), [0.0]
        )
    )
    for name in ("Adam", "SGD", "RMSprop", "Adagrad", "Adadelta", "Adamax", "NAdam")
    for whose, convention in (("keras", "keras"), ("pytorch", None))
}  # fmt: skip
# Keras takes some means in single precision, and cuts probabilities at 1e-7
NEAR = {"binary cross-entropy of 0.8 and 0.3": 1e-6, "divergence, mean": 1e-5, "ctc": 1e-6, "nadam": 1e-6,
        "adam, gradient = epsilon": 1e-6, "rmsprop, momentum, falling rate": 2e-7,
        "sgd, momentum, falling rate": 2e-7}  # fmt: skip


@pytest.mark.parametrize(("row", "whose"), OURS, ids=" – ".join)
def test_a_setting_here_gives_the_framework_s_figure(row, whose):
    assert_allclose(OURS[row, whose](), GOLDEN[row][whose], rtol=NEAR.get(row, 1e-7))


def test_pytorch_s_muon_is_ours_up_to_its_bfloat16():
    for shape in ((8, 2), (2, 8)):
        assert muon(shape) == pytest.approx(GOLDEN[f"muon, {shape[0]} x {shape[1]}"]["pytorch"], rel=0.05)


def test_a_variance_below_epsilon_is_answered_along_the_tangent():
    """PyTorch has the value at ε and a slope that no step survives."""
    loss, at = losses.GaussianNLL(epsilon=1e-6), GOLDEN["gaussian, variance 1e-9, epsilon 1e-6"]
    given, y = np.array([[1.0, 1e-9]]), [[2.0]]
    edge = 0.5 * (np.log(1e-6) + 1 / 1e-6)
    assert at["pytorch"] == pytest.approx(edge)
    slope = 0.5 * (1 / 1e-6 - 1 / 1e-12)
    assert loss(given, y) == pytest.approx(edge + slope * (1e-9 - 1e-6))
    assert loss.gradient(given, y)[0, 1] == pytest.approx(slope)
    assert np.isfinite(loss(np.array([[1.0, -3.0]]), y))


def test_batch_normalisation_keeps_what_keras_keeps():
    x = np.array([[1.0], [2.0], [3.0], [4.0]])
    for whose, layer, more in (("keras", ts.BatchNorm(), 1), ("pytorch", ts.BatchNorm(convention="pytorch"), 4 / 3)):
        net = ts.Network([layer], input_shape=(1,))
        run = ts.train(net, x, x, optimizer="sgd", epochs=1, batch_size=4, dtype="float64")
        mean, variance = GOLDEN["batch normalisation of 1, 2, 3, 4: mean and variance that are kept"][whose]
        kept = run.network.parameters
        assert kept["batch_norm_1.running_mean"][0] == pytest.approx(mean, rel=1e-6)
        batch = (1 - layer.momentum) * 1.25  # PyTorch's running variance takes n / (n - 1) times a batch's
        assert kept["batch_norm_1.running_variance"][0] == pytest.approx(variance - (more - 1) * batch, rel=1e-6)


def test_average_pooling_equals_the_one_that_does_not_count_the_padding():
    line = np.arange(1.0, 7.0).reshape(1, 6, 1, 1)
    net = ts.Network([ts.AveragePool2D((3, 1), (2, 1), padding="same")], input_shape=(6, 1, 1)).initialized()
    keras = GOLDEN["average pooling, window 3, stride 2, of 1 … 6"]["keras"]
    assert_allclose(net.predict(line).ravel(), keras)


def test_prelu_starts_as_theirs():
    for whose, layer in (("keras", ts.PReLU(**KERAS)), ("pytorch", ts.PReLU(num_parameters=1))):
        net = ts.Network([layer], input_shape=(1,)).initialized()
        assert net.predict([[-1.0]])[0, 0] == pytest.approx(GOLDEN["prelu of -1"][whose])
