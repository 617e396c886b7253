"""What `train` shows beside the loss, and probabilities of networks made by hand."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import thetastar as ts

X = np.random.default_rng(0).standard_normal((30, 3)).astype(np.float32)
BITS = (X[:, 0] > 0).astype(float)
THREE = np.digitize(X[:, 0], [-0.4, 0.4])


def network(outputs, last="identity"):
    return ts.Network([ts.Dense(6, "tanh"), ts.Dense(outputs, last)], input_shape=(3,))


def test_metrics_of_every_epoch():
    shared = {"loss": "cross_entropy", "epochs": 6, "batch_size": 10, "seed": 1, "rows": np.arange(20)}
    run = ts.train(network(3), X, THREE, metrics=["accuracy"], validation_rows=np.arange(20, 30), **shared)
    assert run.history["accuracy"].shape == (6,) and run.snapshots == {}
    shares = {"accuracy": slice(0, 20), "validation_accuracy": slice(20, 30)}
    for name, rows in shares.items():
        right = (run.network.predict(X[rows]).argmax(axis=1) == THREE[rows]).mean()
        assert run.history[name][-1] == pytest.approx(right)
    plain = ts.train(network(3), X, THREE, **shared)
    assert plain.network.parameters["dense_1.weight"].tobytes() == run.network.parameters["dense_1.weight"].tobytes()
    assert run.history["updates"].tolist() == [2, 4, 6, 8, 10, 12]


def test_accuracy_of_one_output_is_cut_where_its_activation_says():
    settings = {"epochs": 3, "seed": 0, "metrics": {"right": "accuracy", "spread": lambda y, f: np.ptp(f)}}
    scores = ts.train(network(1), X, BITS, loss="bce", **settings)
    chances = ts.train(network(1, "sigmoid"), X, BITS, loss="BCELoss", **settings)
    assert_allclose(scores.history["right"], chances.history["right"])
    assert (chances.history["spread"] < 1).all() and len(scores.history["spread"]) == 3


def test_snapshots_that_were_asked_for_stay():
    run = ts.train(network(1), X, BITS, metrics="rmse", snapshots=[2, 4], epochs=4, validation=(X, BITS))
    assert list(run.snapshots) == [2, 4] and len(run.history["validation_rmse"]) == 4
    assert run.history["rmse"][-1] == pytest.approx(np.sqrt(run.history["validation_loss"][-1]), rel=1e-5)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"metrics": "acuracy"}, r"train: there is no metric 'acuracy'\. Did you mean 'accuracy'"),
        ({"metrics": lambda y, f: "good"}, r"train: the metric '<lambda>' must give a number.*Got str\. Return"),
        ({"epoch": 3}, r"train: there is no setting 'epoch'\. Did you mean 'epochs'"),
        ({"verbose": 1}, r"train: there is no setting 'verbose'\. "),
    ],
)
def test_refused_in_these_words(settings, words):
    with pytest.raises(ts.InputError, match=words):
        ts.train(network(1), X, BITS, **({"epochs": 1} | settings))


def test_progress_on_standard_error(capsys):
    ts.train(network(1), X, BITS, epochs=5, progress=True)
    seen = capsys.readouterr()
    assert seen.out == "" and seen.err.endswith("s\n") and "5 of 5 epochs" in seen.err


def test_probabilities_of_scores_and_of_what_has_passed_its_activation():
    one = network(1).initialized(seed=0)
    parameters = one.parameters
    p = one.predict_proba(X)
    assert_allclose(p[:, [1]], network(1, "sigmoid").with_parameters(parameters).predict(X), rtol=1e-6)
    assert_allclose(p.sum(axis=1), 1, rtol=1e-6)
    assert_allclose(network(1, "sigmoid").with_parameters(parameters).predict_proba(X), p, rtol=1e-5)
    three = network(3).initialized(seed=0)
    softmax = network(3, "softmax").with_parameters(three.parameters)
    assert_allclose(three.predict_proba(X), softmax.predict_proba(X), rtol=1e-5)
    with pytest.raises(
        ts.InputError, match=r"must be scores or probabilities\. Got a network that ends in 'relu'\. End"
    ):
        network(2, "relu").initialized().predict_proba(X)
