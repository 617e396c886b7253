"""A network by itself in a file: it comes back to the bit, and a file that was altered is refused."""

import numpy as np
import pytest

import thetastar as ts
from thetastar._container import write_container
from thetastar.cli import main

NETWORKS = {
    "tabular": (3,), "dense": (3,), "image": (6, 6, 2), "sequence": (5, 2), "nothing to learn": (4,),
}  # fmt: skip


def network(label):
    layers = {
        "tabular": [ts.PeriodicEmbedding([1]), ts.Scale(), ts.BatchEnsemble(3, 2), ts.ParametricActivation("mish")],
        "dense": [ts.Dense(4, "tanh"), ts.PReLU(), ts.Residual([ts.Dense(4)]), ts.Dense(3, "softmax")],
        "image": [ts.Conv2D(3, 3), ts.BatchNorm(), ts.MaxPool2D(2), ts.Flatten(), ts.Dense(1)],
        "sequence": [ts.GRU(3, bidirectional=True), ts.Dropout(0.2), ts.Dense(1, "sigmoid")],
        "nothing to learn": [ts.Softmax()],
    }[label]
    return ts.Network(layers, input_shape=NETWORKS[label]).initialized(seed=3)


@pytest.mark.parametrize("label", NETWORKS)
def test_it_comes_back_to_the_bit(tmp_path, label):
    net = network(label)
    again = ts.load(net.save(tmp_path / "net.theta"))
    X = np.random.default_rng(0).standard_normal((7, *NETWORKS[label])).astype(np.float32)
    assert isinstance(again, ts.Network) and again.to_dict() == net.to_dict()
    assert again.predict(X).tobytes() == net.predict(X).tobytes()


def test_double_precision_stays(tmp_path):
    net = network("dense")
    net = net.with_parameters({name: values.astype(float) / 3 for name, values in net.parameters.items()})
    again = ts.load(net.save(tmp_path / "net.theta"))
    assert all(np.array_equal(again.parameters[name], values) for name, values in net.parameters.items())
    assert again.parameters["dense_1.weight"].dtype == np.float64


def test_without_parameters_there_is_nothing_to_save(tmp_path):
    with pytest.raises(ts.InputError, match=r"the parameters must be known for this"):
        ts.Network([ts.Dense(1)], input_shape=(2,)).save(tmp_path / "net.theta")


def altered(tmp_path, change=lambda document: None, tensors=None):
    """A file of a network, with something else in it and a digest that belongs to it."""
    document = {"kind": "network", "thetastar": "0.1.0", "network": network("dense").to_dict()}
    change(document)
    held = {f"network/{name}": np.array(values) for name, values in network("dense").parameters.items()}
    return write_container(tmp_path / "altered.theta", document, held | (tensors or {}))


REFUSED = {
    "another part": (
        dict(change=lambda d: d.update(code="x")),
        r"has other parts than it must\. It is damaged or altered",
    ),
    "a missing part": (dict(change=lambda d: d.pop("thetastar")), r"has other parts than it must"),
    "no description": (dict(change=lambda d: d.update(network=[])), r"has other parts than it must"),
    "a strange layer": (
        dict(change=lambda d: d["network"]["layers"].append({"kind": "os.system"})),
        r"a layer of the kind 'os.system'",
    ),
    "an absurd width": (
        dict(change=lambda d: d["network"]["layers"][0].update(units=10**9)),
        r"a width of 1000000000; the whole file holds",
    ),
    "one more tensor": (
        dict(tensors={"network/more": np.zeros(3, np.float32)}),
        r"are not those of the described network",
    ),
    "another shape": (
        dict(tensors={"network/dense_1.bias": np.zeros(5, np.float32)}),
        r"are not those of the described",
    ),
    "whole numbers": (
        dict(tensors={"network/dense_1.bias": np.zeros(4, np.int32)}),
        r"all in float32 or all in float64",
    ),
    "not a number": (
        dict(tensors={"network/dense_1.bias": np.full(4, np.nan, np.float32)}),
        r"parameter 'dense_1.bias' holds values that are not finite",
    ),
}


@pytest.mark.parametrize("label", REFUSED)
def test_an_altered_file_is_refused(tmp_path, label):
    how, words = REFUSED[label]
    with pytest.raises(ts.InputError, match=words):
        ts.load(altered(tmp_path, **how))


def test_a_command_that_needs_a_model_says_so(tmp_path, capsys):
    path = network("dense").save(tmp_path / "net.theta")
    (tmp_path / "new.csv").write_text("a,b,c\n1,2,3\n")
    assert main(["predict", str(path), str(tmp_path / "new.csv")]) == 2
    assert "this is a network by itself, without the preparation" in " ".join(capsys.readouterr().err.split())
