"""A loss and the network's last layer must agree on what the outputs are, and right pairs are computed as one."""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose

import thetastar as ts
from thetastar.link import last_activation, linked

X = np.random.default_rng(0).standard_normal((24, 3)).astype(np.float32)
CLASSES = np.arange(24) % 3
ONE_HOT = np.eye(3)[CLASSES]
BITS = (X[:, 0] > 0).astype(float)


def network(outputs, last, *behind):
    return ts.Network([ts.Dense(5, "tanh"), ts.Dense(outputs, last), *behind], input_shape=(3,))


# loss of probabilities by Keras's name, its twin of scores, outputs, last activation, targets
PAIRS = {
    "binary": ("BinaryCrossentropy", "binary_cross_entropy", 1, "sigmoid", BITS),
    "binary focal": ("BinaryFocalCrossentropy", "binary_focal_cross_entropy", 1, "sigmoid", BITS),
    "sparse": ("SparseCategoricalCrossentropy", "cross_entropy", 3, "softmax", CLASSES),
    "categorical": ("CategoricalCrossentropy", "categorical_cross_entropy", 3, "softmax", ONE_HOT),
    "divergence": ("KLDivergence", "kl_divergence", 3, "softmax", ONE_HOT),
}


@pytest.mark.parametrize("label", PAIRS)
def test_a_right_pair_trains_to_the_bits_of_scores(label):
    """A sigmoid or softmax and the logarithm behind it are one: the parameters are those of the loss of scores."""
    theirs, ours, outputs, last, y = PAIRS[label]
    settings = {"epochs": 4, "batch_size": 7, "seed": 3, "validation": (X, y), "stop": [ts.EarlyStopping(2)]}
    apart = ts.train(network(outputs, "identity"), X, y, loss=ours, **settings)
    joined = ts.train(network(outputs, last), X, y, loss=theirs, **settings)
    for name, values in apart.network.parameters.items():
        assert values.tobytes() == joined.network.parameters[name].tobytes()
    assert apart.history["validation_loss"].tobytes() == joined.history["validation_loss"].tobytes()
    answers = joined.network.predict(X)
    assert ((answers > 0) & (answers < 1)).all()
    assert last_activation(joined.network) == last


@pytest.mark.parametrize("label", PAIRS)
def test_the_joined_loss_is_the_loss_of_the_outputs(label):
    theirs, _, outputs, last, y = PAIRS[label]
    run = ts.train(network(outputs, last), X, y, loss=theirs, epochs=2, batch_size=24, dtype="float64",
                   validation=(X, y))  # fmt: skip
    told = ts.losses.get(theirs)(run.network.predict(X.astype(np.float64)), y)
    assert run.validation_loss == pytest.approx(told, rel=1e-6)


@pytest.mark.parametrize("label", PAIRS)
def test_probabilities_over_scores_are_refused(label):
    theirs, _, outputs, _, y = PAIRS[label]
    words = (
        r"train: .*\(prediction='probabilities'\) needs outputs from 0 to 1\. Got a network that ends in 'identity'\. "
    )
    with pytest.raises(
        ts.InputError, match=words + r"End it in '(sigmoid|softmax)', or take.*from_logits=True.*'scores'"
    ):
        ts.train(network(outputs, "identity"), X, y, loss=theirs, epochs=1)


@pytest.mark.parametrize("label", PAIRS)
def test_scores_over_probabilities_are_refused(label):
    _, ours, outputs, last, y = PAIRS[label]
    words = (
        f"takes raw scores, and has the {last} inside. Got a network that ends in '{last}'. Leave that activation out"
    )
    with pytest.raises(ts.InputError, match=re.escape(words) + r", or use prediction='probabilities'\."):
        ts.train(network(outputs, last), X, y, loss=ours, epochs=1)


def test_losses_without_such_a_setting_name_another_loss():
    with pytest.raises(ts.InputError, match=r"SoftMargin takes raw scores.*'sigmoid'\. Leave.*or use another loss\."):
        ts.train(network(1, "sigmoid"), X, BITS, loss="soft_margin", epochs=1)


def test_what_is_neither_is_left_alone():
    """Numbers and margins; outputs from 0 to 1 by other means; layers that only lay out or drop behind the last one."""
    assert ts.train(network(1, "sigmoid"), X, BITS, loss="mse", epochs=1).epochs == 1
    assert ts.train(network(1, "identity"), X, BITS, loss="hinge", epochs=1).epochs == 1
    assert ts.train(network(1, "hard_sigmoid"), X, BITS, loss="BCELoss", epochs=1).epochs == 1
    assert ts.train(network(3, "sigmoid"), X, ONE_HOT, loss="CategoricalCrossentropy", epochs=1).epochs == 1
    assert last_activation(network(3, "softmax", ts.Flatten(), ts.Dropout(0.1))) == "softmax"
    net, loss = network(1, "hard_sigmoid"), ts.losses.get("BCELoss")
    assert linked(net, loss) == (net, loss)


def test_dense_with_a_softmax_is_dense_and_softmax():
    net = network(3, "softmax").initialized(seed=0)
    assert [layer.kind for layer in net.layers] == ["dense", "dense", "softmax"]
    assert net.parameters.keys() == {"dense_1.weight", "dense_1.bias", "dense_2.weight", "dense_2.bias"}
    assert_allclose(net.predict(X).sum(axis=1), 1, rtol=1e-6)
    assert ts.Network.from_dict(net.to_dict()).to_dict() == net.to_dict()
    alone = ts.Network([ts.Activation("softmax")], input_shape=(3,)).initialized()
    assert_allclose(alone.predict([[0.0, 0.0, np.log(2)]]), [[0.25, 0.25, 0.5]], rtol=1e-6)
    inside = ts.Network([ts.Residual([ts.Dense(3, "softmax")])], input_shape=(3,)).initialized()
    assert_allclose((inside.predict(X) - X).sum(axis=1), 1, rtol=1e-5)


def test_a_parametric_activation_gives_scores():
    """Its α is learned, so what follows a parametric sigmoid need not be a probability."""
    net = ts.Network([ts.Dense(1), ts.ParametricActivation("sigmoid")], input_shape=(2,))
    run = ts.train(net, [[0.0, 1.0], [1.0, 0.0]], [0.0, 1.0], loss="binary_cross_entropy", epochs=1)
    assert run.network.layers == net.layers
    with pytest.raises(ts.InputError, match=r"BinaryCrossentropy|probabilities"):
        ts.train(net, [[0.0, 1.0]], [0.0], loss=ts.losses.get("BinaryCrossentropy"))
