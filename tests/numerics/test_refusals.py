"""What cannot be described or trained is refused before anything runs: where, the rule, what arrived, what to do."""

import functools
import re

import numpy as np
import pytest

import thetastar as ts

X, Y = np.zeros((6, 2), np.float32), np.zeros(6, np.float32)
NET = ts.Network([ts.Dense(1)], input_shape=(2,)).initialized(seed=0)
CLASSES = ts.Network([ts.Dense(3)], input_shape=(2,))


def network(*layers, shape=(2,)):
    return ts.Network(list(layers), input_shape=shape)


def train(net=NET, X=X, y=Y, **settings):
    return ts.train(net, X, y, **{"loss": "mse", "epochs": 1, **settings})


def changed(place, value, array=X):
    array = array.astype(np.float64)
    array[place] = value
    return array


def described(*layers):
    return ts.Network.from_dict({"input_shape": [2], "layers": list(layers)})


def parameters(**named):
    return NET.with_parameters({name.replace("_1_", "_1."): values for name, values in named.items()})


# (what is tried, what the message must match)
REFUSALS = {
    # networks
    "no layers": (lambda: network(), r"Network: there must be at least one layer\. Got none\. Add one"),
    "not a layer": (lambda: network("dense"), r"Network: layers must be layers\. Got 'dense'\. Use ts\.Dense"),
    "not a list of layers": (lambda: ts.Network(7, (2,)), r"Network: layers must be layers\. Got 7\. Use ts\.Dense"),
    "too many axes": (
        lambda: network(ts.Dense(1), shape=(2, 3, 4, 5)),
        r"input_shape must be \(F,\), \(T, F\) or \(H, W, C\)\. Got \(2, 3, 4, 5\)\. Flatten",
    ),
    "no axes": (lambda: network(ts.Dense(1), shape=()), r"input_shape must be \(F,\), .* Got \(\)\. Flatten"),
    "no time": (
        lambda: network(ts.LSTM(1), shape=(4, 0)),
        r"input_shape\[1\] must be a whole number of 1 or more\. Got 0",
    ),
    "a sample too large": (
        lambda: network(ts.Flatten(), shape=(2**13, 2**13, 3)),
        r"Network: the size of a sample must be .* up to 16,777,216\. Got 201326592",
    ),
    "a layer's output too large": (
        lambda: network(ts.Embedding(3, 2**24), shape=(65,)),
        r"Embedding: a sample's output must be at most 1,073,741,824 numbers\. Got \(65, 16777216\)\. Use fewer",
    ),
    "no features": (
        lambda: network(ts.Dense(1), shape=(0,)),
        r"input_shape\[0\] must be a whole number of 1 or more\. Got 0",
    ),
    "too many features": (
        lambda: network(ts.Dense(1), shape=(2**40,)),
        r"input_shape\[0\] must be .* up to 16,777,216\. Got",
    ),
    "too many units": (
        lambda: ts.Dense(2**40),
        r"Dense: units must be a whole number up to 16,777,216\. Got 1099511627776",
    ),
    "units are text": (lambda: ts.Dense("4"), r"Dense: units must be a whole number of 1 or more\. Got '4'"),
    "units are a truth": (lambda: ts.Dense(True), r"Dense: units must be a whole number of 1 or more\. Got True"),
    # descriptions, which may come from a file
    "description is a number": (
        lambda: ts.Network.from_dict(7),
        r"Network\.from_dict: the description must be a dict.*Got 7",
    ),
    "no layers described": (
        lambda: ts.Network.from_dict({"input_shape": [2]}),
        r"with the lists 'layers' and 'input_shape'",
    ),
    "layers are a number": (
        lambda: ts.Network.from_dict({"input_shape": [2], "layers": 3}),
        r"with the lists 'layers'",
    ),
    "layers are too deep": (
        lambda: described(functools.reduce(lambda inner, _: {"kind": "residual", "layers": [inner]}, range(2000), {})),
        r"layers must not lie hundreds deep inside each other\. Got such residual layers\. Put",
    ),
    "layer is a number": (lambda: described(7), r"layers\.from_dict: a layer must be a dict with a 'kind'\. Got 7"),
    "unknown kind": (lambda: described({"kind": "dens"}), r"there is no layer 'dens'\. Did you mean 'dense'"),
    "unhashable kind": (lambda: described({"kind": ["dense"]}), r"there is no layer \['dense'\]"),
    "unknown setting": (lambda: described({"kind": "dense", "unit": 3}), r"'dense' has no setting 'unit'.*units"),
    "missing setting": (lambda: described({"kind": "dense"}), r"'dense' needs the setting 'units'"),
    "initialiser's value is text": (
        lambda: described({"kind": "dense", "units": 1, "kernel": {"kind": "normal", "value": "x"}}),
        r"the value of normal must be a finite number\. Got 'x'",
    ),
    "unknown initialiser": (lambda: ts.initializers.Initializer("xavier"), r"Initializer: there is no kind 'xavier'"),
    "unknown initialiser by name": (
        lambda: ts.initializers.get("he"),
        r"initializers\.get: there is no initialiser 'he'",
    ),
    # parameters
    "none yet": (lambda: CLASSES.predict(X), r"the parameters must be known.*none yet.*initialized\(seed=0\)"),
    "missing parameter": (lambda: parameters(dense_1_bias=[0]), r"'dense_1\.weight' is missing\. Give every name once"),
    "unknown parameter": (
        lambda: parameters(dense_1_bias=[0], dense_1_weight=[[0], [0]], dense_2=[0]),
        r"'dense_2' is unknown",
    ),
    "shape of a parameter": (
        lambda: parameters(dense_1_bias=[0], dense_1_weight=[0, 0]),
        r"'dense_1\.weight' must have shape \(2, 1\)\. Got \(2,\)\. Reshape",
    ),
    "negative seed": (lambda: NET.initialized(seed=-1), r"Network\.initialized: seed must be .* 0 or more\. Got -1"),
    "endless seed": (
        lambda: NET.initialized(seed=2**64),
        r"seed must be a whole number up to .*Got 18446744073709551616",
    ),
    # evaluation
    "columns of X": (
        lambda: NET.predict(np.zeros((3, 5))),
        r"Network\.predict: X must have shape \(n, 2\)\. Got \(3, 5\)",
    ),
    "X is an image of another size": (
        lambda: network(ts.Conv2D(1, 1), shape=(4, 5, 1)).initialized().predict(np.zeros((3, 5, 4, 1))),
        r"Network\.predict: X must have shape \(n, 4, 5, 1\)\. Got \(3, 5, 4, 1\)\. One sample",
    ),
    "X is a vector": (lambda: NET.predict(np.zeros(2)), r"X must have shape \(n, 2\)\. Got \(2,\).*X\[None, :\]"),
    "X is text": (lambda: NET.predict([["a", "b"]]), r"predict: X must be plain numbers\. Got text\."),
    "no threads": (lambda: NET.predict(X, threads=0), r"Network\.predict: threads must be .* 1 or more\. Got 0"),
    "half precision": (lambda: NET.gradients(X, Y, loss="mse", dtype="float16"), r"dtype must be .*Got 'float16'"),
    "no rows to look at": (
        lambda: NET.gradients(X[:0], Y[:0], loss="mse"),
        r"Network\.gradients: X must have at least one row\. Got none\. Give",
    ),
    # training
    "dtype": (lambda: train(dtype="float16"), r"train: dtype must be 'float32' or 'float64'\. Got 'float16'"),
    "not a network": (lambda: train("net"), r"train: network must be a Network\. Got str"),
    "X is text to train": (lambda: train(X=[["a", "b"]]), r"train: X must be plain numbers\. Got text\."),
    "X is ragged to train": (
        lambda: train(X=[[1], [1, 2]]),
        r"train: X must be an array of numbers \(n, F\)\. Got list of something else",
    ),
    "X is digits in text": (
        lambda: train(X=np.full((6, 2), "1.5")),
        r"train: X must be plain numbers\. Got text\. Encode",
    ),
    "X is text among objects": (
        lambda: train(X=np.array([[1, "2"]] * 6, dtype=object)),
        r"train: X must be plain numbers\. Got text\.",
    ),
    "X is masked": (
        lambda: train(X=np.ma.masked_equal(changed((2, 1), 7), 7)),
        r"train: X must be plain numbers\. Got 1 masked of 12\. Fill them in, as with numpy\.ma\.filled",
    ),
    "X is a list of rows of which one is masked": (
        lambda: train(X=[np.ma.masked_array([1.0, 2.0], [False, True]), np.ma.masked_array([1.0, 2.0])]),
        r"train: X must be plain numbers\. Got 1 masked of 4\. Fill them in",
    ),
    "X is NumPy's own text": (
        lambda: train(X=np.array([["1", "2"]], dtype=np.dtypes.StringDType())),
        r"train: X must be plain numbers\. Got text\.",
    ),
    "X is dates": (
        lambda: train(X=np.full((6, 2), "2024-01-01", "datetime64[D]")),
        r"train: X must be plain numbers\. Got dates or spans of time\. Give numbers, such as days since the first",
    ),
    "X is complex": (
        lambda: train(X=X.astype(complex)),
        r"train: X must be plain numbers\. Got complex numbers\. Give real and imaginary parts",
    ),
    "X is records": (
        lambda: train(X=np.zeros((6, 2), [("a", "f4")])),
        r"train: X must be plain numbers\. Got records with named fields",
    ),
    "predicted X is masked": (
        lambda: NET.predict(np.ma.masked_equal(changed((2, 1), 7), 7)),
        r"predict: X must be plain numbers\. Got 1 masked of 12\.",
    ),
    "y is masked": (
        lambda: train(y=np.ma.masked_equal([1.0, 2, 7, 1, 7, 1], 7)),
        r"train: y must be plain numbers\. Got 2 masked of 6\.",
    ),
    "y is complex": (lambda: train(y=Y + 1j), r"train: y must be plain numbers\. Got complex numbers"),
    "y is a span": (
        lambda: train(y=np.ones(6, "timedelta64[s]")),
        r"train: y must be plain numbers\. Got dates or spans",
    ),
    "validation is masked": (
        lambda: train(validation=(np.ma.masked_equal(changed((0, 0), 7), 7), Y)),
        r"train: X must be plain numbers\. Got 1 masked of 12\.",
    ),
    "weights are text": (
        lambda: train(sample_weight=["1"] * 6),
        r"train: sample_weight must be plain numbers\. Got text\.",
    ),
    "weights are ragged": (
        lambda: train(sample_weight=[[1], [1, 2]]),
        r"train: sample_weight must be numbers\. Got list of something else\. Give one a sample",
    ),
    "X is empty": (
        lambda: train(X=X[:0], y=Y[:0]),
        r"train: X must have shape \(n, F\) with at least one row\. Got \(0, 2\)",
    ),
    "X is missing": (lambda: train(X=changed((4, 1), np.nan)), r"X must be finite.*Row 4, column 1 is nan"),
    "X is too large": (lambda: train(X=changed((4, 1), 1e39)), r"X must be finite in float32\. Row 4, column 1 is inf"),
    "X has other columns": (lambda: train(X=np.zeros((6, 3))), r"train: X must have shape \(n, 2\).*Got \(6, 3\)"),
    "X is an image of another shape": (
        lambda: train(network(ts.Conv2D(1, 1), shape=(2, 3, 1)), X=np.zeros((6, 3, 2, 1)), y=np.zeros((6, 6))),
        r"train: X must have shape \(n, 2, 3, 1\), as the network's input_shape says\. Got \(6, 3, 2, 1\)",
    ),
    "the validation's X is an image of another shape": (
        lambda: train(
            network(ts.Flatten(), shape=(2, 1)), X=np.zeros((6, 2, 1)), y=X, validation=(np.zeros((6, 1, 2)), X)
        ),
        r"train: the validation's X must have shape \(n, 2, 1\).*Got \(6, 1, 2\)",
    ),
    "a pixel is missing": (
        lambda: train(X=changed((4, 1, 0), np.nan, np.zeros((6, 2, 3)))),
        r"X must be finite in float32\. Row 4, column \(1, 0\) is nan",
    ),
    "targets of another shape than the outputs": (
        lambda: train(network(ts.LSTM(2, return_sequences=True), shape=(3, 1)), np.zeros((6, 3)), np.zeros((6, 2, 3))),
        r"train: y must have shape \(6, 6\).*Got \(6, 2, 3\)",
    ),
    "y is shorter": (lambda: train(y=Y[:5]), r"train: y must have shape \(6, 1\).*Got \(5,\)"),
    "y is wider": (
        lambda: train(y=np.zeros((6, 2))),
        r"train: y must have shape \(6, 1\).*Got \(6, 2\).*as wide as the target",
    ),
    "y is text": (lambda: train(y=list("abcdef")), r"train: y must be plain numbers\. Got text\. Encode it"),
    "y is ragged": (lambda: train(y=[[1], [1, 2]]), r"train: y must be numbers for this loss.*Encode classes"),
    "y is missing": (lambda: train(y=changed(3, np.nan, Y)), r"train: y must be finite.*Row 3 is \[nan\]"),
    "probability": (lambda: train(y=Y + 2, loss="bce"), r"binary cross-entropy must lie between 0 and 1\. Got 2"),
    "class": (lambda: train(CLASSES, y=Y + 3, loss="cross_entropy"), r"class indices from 0 to 2\. Got 3"),
    "half a class": (lambda: train(CLASSES, y=Y + 0.5, loss="cross_entropy"), r"class indices from 0 to 2\. Got 0\.5"),
    "one class": (lambda: train(loss="cross_entropy"), r"one output per class, at least 2\. Got 1\. Widen"),
    "unknown loss": (lambda: train(loss="mes"), r"there is no loss 'mes'"),
    "unknown optimiser": (lambda: train(optimizer="adan"), r"there is no optimiser 'adan'\. Did you mean 'adam'"),
    "unknown schedule": (lambda: train(schedule="cosin"), r"there is no schedule 'cosin'\. Did you mean 'cosine'"),
    "optimiser's settings": (
        lambda: train(optimizer={"kind": "sgd", "lrr": 0.1}),
        r"optimizers\.get\('sgd'\): there is no setting 'lrr'\. Did you mean 'lr'",
    ),
    "schedule's settings": (
        lambda: train(schedule={"kind": "step", "gama": 2}),
        r"schedules\.get\('step'\): there is no setting 'gama'\. Did you mean 'gamma'",
    ),
    "no epochs": (lambda: train(epochs=0), r"train: epochs must be a whole number of 1 or more\. Got 0"),
    "epochs are text": (lambda: train(epochs="10"), r"train: epochs must be a whole number of 1 or more\. Got '10'"),
    "endless epochs": (
        lambda: train(epochs=2**63),
        r"train: epochs must be a whole number up to 9,223,372,036,854,775,807",
    ),
    "no batch": (lambda: train(batch_size=0), r"train: batch_size must be .* 1 or more\. Got 0"),
    "no norm": (lambda: train(clip_norm=0), r"train: clip_norm must be a finite number above 0\. Got 0"),
    "negative clip": (lambda: train(clip_value=-1), r"train: clip_value must be a finite number above 0\. Got -1"),
    "negative l1": (lambda: train(l1=-1), r"train: l1 must be a finite number from 0\. Got -1"),
    "a rate beyond floats": (lambda: ts.optimizers.SGD(10**400), r"SGD: learning_rate must be a finite number above 0"),
    "endless l2": (lambda: train(l2=np.inf), r"train: l2 must be a finite number from 0\. Got inf"),
    "seed": (lambda: train(seed=-1), r"train: seed must be a whole number of 0 or more\. Got -1"),
    "a restart's seed": (
        lambda: ts.train_many(ts.Job(NET, loss="mse").restarts([0, "1"]), X, Y),
        r"train: seed must be a whole number of 0 or more\. Got '1'",
    ),
    "no job": (lambda: ts.train_many([NET], X, Y), r"train_many: jobs must be ts\.Job\. Got Network\. Use ts\.Job"),
    "no job to validate": (
        lambda: ts.train_many([NET], X, Y, validation=(X, Y)),
        r"train_many: jobs must be ts\.Job\. Got Network\. Use ts\.Job",
    ),
    "rows beyond": (lambda: train(rows=[0, 6]), r"train: rows must be indices from 0 to 5\. Got 0 to 6"),
    "rows before": (lambda: train(rows=[-1, 2]), r"train: rows must be indices from 0 to 5\. Got -1 to 2"),
    "no rows": (lambda: train(rows=[]), r"train: rows must be a list of row indices, not empty"),
    "rows are a number": (lambda: train(rows=3), r"train: rows must be a list of row indices, not empty\. Got 3"),
    "half rows": (lambda: train(rows=[0.5]), r"train: rows must be a list of row indices"),
    "validation alone": (
        lambda: train(validation=X),
        r"validation must be \(Xv, yv\) or \(Xv, yv, weights\)\. Got ndarray",
    ),
    "validation twice": (
        lambda: train(validation=(X, Y), validation_rows=[0]),
        r"give validation or validation_rows\. Got both",
    ),
    "validation's columns": (lambda: train(validation=(X[:, :1], Y)), r"the validation's X must have shape \(n, 2\)"),
    "early without validation": (
        lambda: train(stop=[ts.EarlyStopping()]),
        r"EarlyStopping watches the validation loss.*Got none",
    ),
    "not a stop": (lambda: train(stop=["early"]), r"stop takes EarlyStopping and LossThreshold\. Got 'early'"),
    "no patience": (lambda: ts.EarlyStopping(patience=0), r"EarlyStopping: patience must be .* 1 or more\. Got 0"),
    "negative delta": (
        lambda: ts.EarlyStopping(min_delta=-1),
        r"EarlyStopping: min_delta must be a finite number from 0",
    ),
    "threshold": (lambda: ts.LossThreshold(np.nan), r"LossThreshold: value must be a finite number\. Got nan"),
    "weights' shape": (lambda: train(sample_weight=np.ones(5)), r"sample_weight must have shape \(6,\)\. Got \(5,\)"),
    "negative weights": (
        lambda: train(sample_weight=changed(2, -1, Y)),
        r"sample_weight must be finite, none negative",
    ),
    "all weights zero": (
        lambda: train(sample_weight=Y),
        r"sample_weight must be finite, none negative and not all zero",
    ),
    "no weight on the rows": (
        lambda: train(sample_weight=changed(5, 1, Y), rows=[0, 1]),
        r"sample_weight must not be zero for all training rows",
    ),
    "no trainers": (lambda: train(threads=0), r"train: threads must be a whole number of 1 or more\. Got 0"),
    # losses and optimisers by themselves
    "prediction's shape": (
        lambda: ts.losses.get("mse")(np.zeros((2, 2, 2)), np.zeros(2)),
        r"MeanSquaredError: prediction must have shape \(B, O\).*Got \(2, 2, 2\)",
    ),
    "theta is a number": (
        lambda: ts.optimizers.SGD().minimize(lambda t: (0, t), 1.0, 1),
        r"theta0 must have shape \(n,\)\. Got \(\)",
    ),
    "gradient's shape": (
        lambda: ts.optimizers.SGD().minimize(lambda t: (0.0, [1.0, 2.0]), [1.0], 1),
        r"gradient of theta's shape \(1,\)\. Got \(2,\)",
    ),
    "unknown activation": (
        lambda: ts.activations.get("rel"),
        r"activations\.get: there is no activation 'rel'\. Did you mean 'relu'",
    ),
}


@pytest.mark.parametrize("label", REFUSALS)
def test_refused_in_these_words(label):
    attempt, words = REFUSALS[label]
    with pytest.raises(ts.InputError) as refusal:
        attempt()
    message = str(refusal.value)
    assert re.search(words, message), message
    assert message.endswith((".", "…", "?")) and "\n" not in message


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("label", ["X is too large", "y is missing", "X is missing"])
def test_a_refusal_warns_of_nothing_else(label):
    with pytest.raises(ts.InputError):
        REFUSALS[label][0]()


@pytest.mark.parametrize("threads", [1, 2])
def test_too_little_memory_is_an_error_and_no_abort(threads):
    """A window that reaches over millions of pixels needs more border than any machine can hold."""
    net = network(ts.Conv2D(1, 2, dilation_rate=2**23, padding="same"), shape=(2, 2, 1)).initialized()
    images = np.zeros((100, 2, 2, 1), np.float32)
    with pytest.raises(MemoryError):
        net.predict(images, threads=threads)
    with pytest.raises(MemoryError):
        net.gradients(images, images, loss="mse")
    with pytest.raises(MemoryError, match=r"train: a network of 5 parameters could not run: "):
        ts.train(net, images, images, loss="mse", epochs=1)


def test_a_refused_job_among_many_stops_them_all_before_they_start():
    """Nothing is trained where one job is wrong: a fleet of hours must not end in a typing error."""
    good, bad = ts.Job(NET, loss="mse", epochs=10**7), ts.Job(NET, loss="mse", epochs=0)
    with pytest.raises(ts.InputError, match="epochs must be"):
        ts.train_many([good, bad, good], X, Y, threads=1)


@pytest.mark.parametrize("level", ["v5", "BASELINE"])
def test_an_unknown_level_is_an_error_and_never_a_slower_one(level):
    import os
    import subprocess
    import sys

    environment = {**os.environ, "THETASTAR_LEVEL": level}
    code = "import thetastar; thetastar.Network"
    child = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)
    assert child.returncode != 0
    assert re.search(rf"THETASTAR_LEVEL: there is no level '{level}'", child.stderr)
