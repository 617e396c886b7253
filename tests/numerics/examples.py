"""Small networks and data, built twice from one description: for the package and for the reference."""

from __future__ import annotations

import numpy as np

import thetastar as ts
from reference import layers as reference

Layer = tuple[str, dict]


def dense(units, activation="identity", **settings) -> Layer:
    return "Dense", {"units": units, "activation": activation, **settings}


def activation(name) -> Layer:
    return "Activation", {"activation": name}


def dropout(rate) -> Layer:
    return "Dropout", {"rate": rate}


def for_package(layers, features):
    """The network in the package's words, without parameters."""
    return ts.Network([getattr(ts, kind)(**settings) for kind, settings in layers], input_shape=(features,))


def for_reference(layers):
    """The layers in the reference's words, which has no initialisers."""
    return [
        getattr(reference, kind)(**{k: v for k, v in settings.items() if not k.endswith("_initializer")})
        for kind, settings in layers
    ]


def parameters(layers, features, seed=0):
    """Weights of variance 1/I and small biases, drawn here, exactly representable in single precision."""
    generator = np.random.default_rng(seed)
    values, inputs = {}, features
    for name, (kind, settings) in zip(reference.layer_names(for_reference(layers)), layers, strict=True):
        if kind == "Dense":
            units = settings["units"]
            weight = generator.standard_normal((inputs, units)) / np.sqrt(inputs)
            values[name + ".weight"] = weight.astype(np.float32).astype(np.float64)
            if settings.get("use_bias", True):
                bias = 0.3 * generator.standard_normal(units)
                values[name + ".bias"] = bias.astype(np.float32).astype(np.float64)
            inputs = units
    return values


def both(layers, features, seed=0):
    """(network with parameters, reference layers, the same parameters in double precision)."""
    values = parameters(layers, features, seed)
    net = for_package(layers, features).with_parameters({k: v.astype(np.float32) for k, v in values.items()})
    return net, for_reference(layers), values


def data(loss, rows, features, outputs, seed=0):
    """X (rows, features) float32 and a target that suits the loss; no number has more digits than single precision."""
    generator = np.random.default_rng(1000 + seed)
    X = generator.standard_normal((rows, features)).astype(np.float32)
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
