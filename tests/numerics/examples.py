"""Small networks and data, built twice from one description: for the package and for the reference."""

from __future__ import annotations

import numpy as np

import thetastar as ts
from reference import conv2d, norm, pool, sequences, tabular
from reference import layers as reference
from reference import residual as residual_module

Layer = tuple[str, dict]
MODULES = (reference, conv2d, pool, norm, residual_module, sequences, tabular)
KINDS = {kind: name for name, kind in reference.KIND.items()} | {"lstm": "LSTM", "gru": "GRU"}


def dense(units, activation="identity", **settings) -> Layer:
    return "Dense", {"units": units, "activation": activation, **settings}


def activation(name) -> Layer:
    return "Activation", {"activation": name}


def dropout(rate) -> Layer:
    return "Dropout", {"rate": rate}


def residual(inner) -> Layer:
    """Around layers of this form, which go in as plain descriptions."""
    parts = tuple({"kind": reference.KIND.get(kind, kind.lower()), **settings} for kind, settings in inner)
    return "Residual", {"layers": parts}


def flatten() -> Layer:
    return "Flatten", {}


def as_shape(features):
    return (features,) if isinstance(features, int) else tuple(features)


def for_package(layers, features):
    """The network in the package's words, without parameters; `features` is a number or a sample's whole shape."""
    return ts.Network([getattr(ts, kind)(**settings) for kind, settings in layers], input_shape=as_shape(features))


def for_reference(layers):
    """The layers in the reference's words, which has no initialisers."""
    return [_reference_layer(kind, settings) for kind, settings in layers]


def _reference_layer(name, settings):
    made = next(getattr(module, name) for module in MODULES if hasattr(module, name))
    settings = {key: value for key, value in settings.items() if not key.endswith("_initializer")}
    if name == "Residual":
        inner = [{"name": KINDS.get(part["kind"], part["kind"].capitalize()), **part} for part in settings["layers"]]
        without = ("kind", "name")
        settings = {
            "layers": tuple(
                _reference_layer(part["name"], {k: v for k, v in part.items() if k not in without}) for part in inner
            )
        }
    return made(**settings)


def parameters(layers, features, seed=0):
    """Weights of variance 1/I and small biases, drawn here, exactly representable in single precision."""
    generator = np.random.default_rng(seed)
    values = {}
    for name, shape in reference.parameter_shapes(for_reference(layers), as_shape(features)).items():
        drawn = generator.standard_normal(shape)
        if name.endswith("weight"):
            drawn = drawn / np.sqrt(shape[0])
        elif name.endswith("gamma"):
            drawn = 1 + 0.3 * drawn
        elif name.endswith("running_variance"):
            drawn = 0.5 + np.abs(drawn)
        else:
            drawn = 0.3 * drawn
        values[name] = drawn.astype(np.float32).astype(np.float64)
    return values


def both(layers, features, seed=0):
    """(network with parameters, reference layers, the same parameters in double precision)."""
    values = parameters(layers, features, seed)
    net = for_package(layers, features).with_parameters({k: v.astype(np.float32) for k, v in values.items()})
    return net, for_reference(layers), values


def around(entry, settings, outputs):
    """A network around a listed layer: a dense one in front where numbers may be changed, `outputs` behind it."""
    fixed = "categories" in entry.traits or settings.get("mask_value") is not None
    first = [] if fixed else [dense(entry.shape[-1], "tanh")]
    return [*first, (entry.name, settings), flatten(), dense(outputs)]


def samples(entry, settings, rows, seed=0):
    """X (rows, *shape) float32 for `around`: category numbers, some outside the table; some steps masked; or normal."""
    generator = np.random.default_rng(2000 + seed)
    if "categories" in entry.traits:
        return generator.integers(-1, settings["input_dim"] + 1, (rows, *entry.shape)).astype(np.float32)
    X = generator.standard_normal((rows, *entry.shape)).astype(np.float32)
    if settings.get("mask_value") is not None:
        X[::3, -1] = X[1::3, 0] = X[1::3, 2] = settings["mask_value"]
        X[2::5] = settings["mask_value"]  # nothing but masked steps
    return X


def data(loss, rows, features, outputs, seed=0):
    """X (rows, *features) float32 and a target that suits the loss; no number has more digits than single precision."""
    generator = np.random.default_rng(1000 + seed)
    X = generator.standard_normal((rows, *as_shape(features))).astype(np.float32)
    if loss == "cross_entropy":
        return X, generator.integers(0, outputs, rows)
    if loss == "binary_cross_entropy":
        y = generator.random((rows, outputs)).astype(np.float32)
        y[::3] = np.round(y[::3])  # zeros and ones among the probabilities
        return X, y
    return X, generator.standard_normal((rows, outputs)).astype(np.float32)


def assert_close(actual, expected, relative, what=""):
    """Every element within `relative` of the largest: what a sum of rounded terms can promise."""
    actual, expected = np.asarray(actual, np.float64), np.asarray(expected, np.float64)
    assert actual.shape == expected.shape, f"{what}: shape {actual.shape}, expected {expected.shape}"
    scale = np.abs(expected).max(initial=0.0)
    worst = np.abs(actual - expected).max(initial=0.0)
    assert worst <= relative * scale, (
        f"{what}: off by {worst:.3g} where the largest is {scale:.3g} (allowed {relative:g})"
    )


def assert_all_close(actual: dict, expected: dict, relative):
    """`assert_close` for dictionaries of arrays, which must have the same names."""
    assert set(actual) == set(expected)
    for name in expected:
        assert_close(actual[name], expected[name], relative, name)


def same_bits(first, second):
    """Two dictionaries of arrays hold the same names and the same bytes."""
    return set(first) == set(second) and all(
        np.asarray(first[name]).tobytes() == np.asarray(second[name]).tobytes() for name in first
    )


def equal(first, second):
    """Everything that a run says but its clock."""
    return (
        same_bits(first.network.parameters, second.network.parameters)
        and (first.stopped, first.epochs, first.best_epoch) == (second.stopped, second.epochs, second.best_epoch)
        and all(
            np.asarray(first.history[name]).tobytes() == np.asarray(second.history[name]).tobytes()
            for name in first.history
            if name != "seconds"
        )
    )
