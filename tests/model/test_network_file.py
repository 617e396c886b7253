"""A network alone in a file: the same bits come back, and whatever is wrong with a file is said."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest

import thetastar as ts
from tests.export.layers import networks
from thetastar.errors import InputError
from thetastar.model.container import sealed


@pytest.mark.parametrize("number", range(len(networks())))
def test_every_layer_comes_back_to_the_same_bits(number, tmp_path):
    net, inputs = networks()[number]
    again = ts.load(net.save(tmp_path / "net.theta"))
    assert isinstance(again, ts.Network) and again.to_dict() == net.to_dict()
    assert np.array_equal(again.predict(inputs), net.predict(inputs))
    assert ts.Network.load(tmp_path / "net.theta").layers == net.layers


def test_double_precision_is_kept(tmp_path):
    net = ts.Network([ts.Dense(2)], input_shape=(3,)).initialized(seed=0)
    net = net.with_parameters({name: value.astype(np.float64) + 1e-12 for name, value in net.parameters.items()})
    again = ts.load(net.save(tmp_path / "net.theta"))
    assert all(np.array_equal(again.parameters[name], value) for name, value in net.parameters.items())
    assert again.parameters["dense_1.weight"].dtype == np.float64


def test_what_cannot_be_saved_is_refused(tmp_path):
    net = ts.Network([ts.Dense(1)], input_shape=(1,))
    with pytest.raises(InputError, match=r"This network has none yet"):
        net.save(tmp_path / "net.theta")
    broken = net.with_parameters({"dense_1.weight": [[np.inf]], "dense_1.bias": [0.0]})
    with pytest.raises(InputError, match=r"all parameters must be finite\. Got others in 'dense_1\.weight'\. Train"):
        broken.save(tmp_path / "net.theta")
    with pytest.raises(InputError, match=r"the folder .* does not exist"):
        net.initialized().save(tmp_path / "none" / "net.theta")
    assert list(tmp_path.iterdir()) == []


def altered(path, change, tensors=lambda header: None):
    """The file with its document changed."""
    raw = path.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    document = json.loads(header["__metadata__"]["thetastar"])
    change(document)
    tensors(header)
    header["__metadata__"]["thetastar"] = json.dumps(document, separators=(",", ":"))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(sealed(struct.pack("<Q", len(text)) + text + raw[8 + length :]))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.update(format=99), r"written in format 99 by thetastar .*Install a newer thetastar"),
        (lambda d: d.update(format="1"), r"the format number is '1'"),
        (lambda d: d.update(more=1), r"the description must hold kind, network and thetastar"),
        (lambda d: d.update(network=[]), r"the description must hold"),
        (lambda d: d["network"]["layers"][0].update(units=3), r"the network's description calls for F32 \(2, 3\)"),
        (lambda d: d["network"]["layers"][0].update(kind="lambda"), r"a layer of the kind 'lambda'"),
        (lambda d: d["network"]["layers"][0].update(units=10**9), r"a width of 1000000000"),
    ],
)  # fmt: skip
def test_altered_files_are_refused(change, words, tmp_path):
    path = ts.Network([ts.Dense(1)], input_shape=(2,)).initialized(seed=0).save(tmp_path / "net.theta")
    altered(path, change)
    with pytest.raises(InputError, match=words):
        ts.load(path)


def test_damaged_tensors_are_refused(tmp_path):
    net = ts.Network([ts.Dense(1)], input_shape=(2,)).initialized(seed=0)
    path = net.save(tmp_path / "net.theta")
    path.write_bytes(sealed(path.read_bytes()[:-4] + struct.pack("<f", float("nan"))))
    with pytest.raises(InputError, match=r"holds values that are not finite; the file is damaged"):
        ts.load(path)
    path = net.save(tmp_path / "net.theta")
    altered(path, lambda d: None, lambda h: h.update({"other/x": h.pop("network/dense_1.bias")}))
    with pytest.raises(InputError, match=r"unknown tensor 'other/x'; the file is damaged"):
        ts.load(path)
    path = net.save(tmp_path / "net.theta")
    altered(path, lambda d: None, lambda h: h["network/dense_1.bias"].update(dtype="I32"))
    with pytest.raises(InputError, match=r"parameters of the kinds F32, I32; the file is damaged"):
        ts.load(path)


def test_a_model_is_not_read_as_a_network(tmp_path):
    rows = {"x": [k / 50 for k in range(100)], "y": [(k / 50) ** 2 for k in range(100)]}
    path = ts.fit(rows, target="y", candidates=[(8,)], effort=1).save(tmp_path / "m.theta")
    with pytest.raises(InputError, match=r"the file holds a model \(study\), not a network alone\. Use ts\.load"):
        ts.Network.load(path)


@pytest.mark.parametrize("cut", [0, 7, 8, 60, 300])
def test_cut_files_are_refused(cut, tmp_path):
    path = ts.Network([ts.Dense(1)], input_shape=(2,)).initialized(seed=0).save(tmp_path / "net.theta")
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(InputError):
        ts.load(path)


def test_a_length_that_looks_like_another_kind_of_file_is_a_length(tmp_path):
    """A header of 640 to 1,408 bytes can begin with the two bytes of a pickle."""
    for units in range(1, 60):
        net = ts.Network([ts.Dense(units), ts.Dense(1, activation="tanh")], input_shape=(2,)).initialized(seed=0)
        path = net.save(tmp_path / "net.theta")
        for more in range(0, 200, 8):
            raw = path.read_bytes()
            (length,) = struct.unpack("<Q", raw[:8])
            header = raw[8 : 8 + length] + b" " * more
            path.write_bytes(sealed(struct.pack("<Q", len(header)) + header + raw[8 + length :]))
            if path.read_bytes()[0] == 0x80:
                assert ts.load(path).to_dict() == net.to_dict()
                return
    raise AssertionError("no length began as a pickle does")
