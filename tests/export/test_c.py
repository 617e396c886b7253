"""An exported C file says what the model says: every column, every layer, every setting of the compilers."""

from __future__ import annotations

import os
from types import SimpleNamespace

import numpy as np
import pytest

import thetastar as ts
from tests.export.compiled import COMPILERS, compiled, seconds
from tests.export.layers import networks
from tests.export.models import model_of, prepared, table_of
from thetastar.data import read_table
from thetastar.data.blocks import SequenceBlock
from thetastar.data.piecewise import PiecewisePreparation
from thetastar.export import Answer, NetworkMember, answer_of
from thetastar.export.c import c_file

if not COMPILERS:
    if os.environ.get("CI") == "true":
        pytest.fail("continuous integration must have a C compiler for the tests of exported C")
    pytest.skip("there is no C compiler, so exported C is not tested here", allow_module_level=True)

BUILDS = [
    ("-std=c99", "-O0"), ("-std=c99", "-O2"), ("-std=gnu99", "-O3", "-march=native"),
    ("-std=gnu99", "-O2", "-mfma", "-mavx2"),
]  # fmt: skip
_TARGETS = {
    "regression": lambda signal: 500 + 100 * signal,
    "binary": lambda signal: np.where(signal > 1.5, "high", "low"),
    "multiclass": lambda signal: np.digitize(signal, [1.0, 2.0]),
}


def in_c(columns):
    """The columns as the fields of a row: dates as seconds."""
    return [seconds(values) if name in ("day", "moment") else values for name, values in columns.items()]


def signal_of(columns):
    return 0.3 * np.array(columns["whole"]) + (np.array(columns["side"]) == "left")


@pytest.mark.parametrize("task", _TARGETS)
def test_whole_models_predict_the_same(task, tmp_path):
    columns = table_of(np.random.default_rng(5), 700)
    model = model_of(columns, _TARGETS[task](signal_of(columns)).tolist())
    later = table_of(np.random.default_rng(77), 3000, unseen=True)
    found = compiled(c_file(answer_of(model), "houses"), tmp_path, "houses").all(in_c(later))
    if task == "regression":
        np.testing.assert_allclose(found, model.predict(later), rtol=0, atol=1e-5 * model.target_encoding.scale)
        return
    wanted = model.predict_proba(later)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-5)
    two = np.sort(wanted, axis=1)
    sure = two[:, -1] - two[:, -2] > 2e-5
    assert (found.argmax(axis=1) == wanted.argmax(axis=1))[sure].all()


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("flags", BUILDS, ids=" ".join)
def test_every_build_gives_the_same_within_its_bound(compiler, flags, tmp_path):
    columns = table_of(np.random.default_rng(5), 700)
    model = model_of(columns, signal_of(columns).tolist())
    later = table_of(np.random.default_rng(8), 300, unseen=True)
    found = compiled(c_file(answer_of(model), "m"), tmp_path, "m", compiler=compiler, flags=flags).all(in_c(later))
    np.testing.assert_allclose(found, model.predict(later), rtol=0, atol=1e-5 * model.target_encoding.scale)


@pytest.mark.parametrize("pieces", [0, 12])
def test_every_feature_of_every_kind_of_column_is_the_same(pieces, tmp_path):
    preparation, table = prepared(1)
    assert {type(block).__name__ for block in preparation.blocks} == {
        "NumberBlock", "BooleanBlock", "CategoryBlock", "DateBlock",
    }  # fmt: skip
    assert any(getattr(block, "hashed", 0) for block in preparation.blocks)
    if pieces:
        preparation = PiecewisePreparation.fit(preparation, preparation.transform(table), np.arange(500), pieces)
    columns = table_of(np.random.default_rng(101), 300, unseen=True)
    wanted = preparation.transform(read_table(columns))
    net = identity(preparation.feature_count)
    pieces = tuple(zip(preparation.columns, preparation.edges, strict=True)) if pieces else ()
    blocks = tuple(getattr(preparation, "base", preparation).blocks)
    text = c_file(Answer(blocks, (NetworkMember("all", 1, net, pieces),), REGRESSION), "m")
    library = compiled(text.replace("static ", ""), tmp_path, "m")
    found = [library.outputs(preparation.feature_count, *values) for values in zip(*in_c(columns), strict=True)]
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=2e-6)


REGRESSION = SimpleNamespace(name="y", classes=None, mean=0.0, scale=1.0, kind=SimpleNamespace(classification=False))


def identity(count):
    """A network that hands on its inputs."""
    net = ts.Network([ts.Dense(count, use_bias=False)], input_shape=(count,))
    return net.with_parameters({"dense_1.weight": np.eye(count, dtype=np.float32)})


def network_text(net, eight_bits=False):
    """A C file of a network alone: its inputs are a sequence of one step without scaling."""
    inputs = int(np.prod(net.input_shape))
    block = SequenceBlock("inputs", (1, inputs), (0.0,) * inputs, (1.0,) * inputs, False)
    return c_file(Answer((block,), (NetworkMember("net", 1, net),), REGRESSION), "m", eight_bits=eight_bits)


@pytest.mark.parametrize("number", range(len(networks())))
def test_every_layer_gives_the_same_numbers(number, tmp_path):
    net, inputs = networks()[number]
    library = compiled(network_text(net).replace("static ", ""), tmp_path, "m", flags=("-std=c99", "-O1"))
    wanted = net.predict(inputs).reshape(len(inputs), -1)
    found = [library.outputs(wanted.shape[1], x, 1) for x in inputs]
    np.testing.assert_allclose(found, wanted, rtol=2e-5, atol=2e-5)
