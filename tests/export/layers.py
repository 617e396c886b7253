"""Every layer, with every setting that changes the arithmetic: what each exporter is tested on."""

from __future__ import annotations

from functools import cache

import numpy as np

import thetastar as ts
from thetastar import activations


def _layers():
    vector, image, sequence = (5,), (7, 6, 4), (6, 3)
    yield from (([ts.Dense(4, activation=name), ts.Dense(2)], vector) for name in activations.NAMES)
    yield [ts.Dense(4, use_bias=False), ts.Activation("tanh"), ts.Dropout(0.5), ts.LayerNorm(), ts.Dense(1)], vector
    yield [ts.BatchNorm(), ts.Residual([ts.Dense(5, activation="relu")]), ts.Residual([ts.Dense(3)])], vector
    yield [ts.Residual([ts.Activation("tanh")]), ts.Residual([ts.Dropout(0.5)]), ts.Dense(2)], vector
    yield [ts.Residual([ts.Residual([ts.Dense(5), ts.LayerNorm()]), ts.Activation("relu"), ts.Dense(4)])], vector
    yield [ts.Conv2D(6, 3, activation="relu"), ts.BatchNorm(), ts.MaxPool2D(2), ts.Flatten(), ts.Dense(3)], image
    yield [ts.Conv2D(4, (3, 2), strides=(2, 1), padding="same", groups=2, use_bias=False), ts.Flatten()], image
    yield [ts.Conv2D(2, 2, dilation_rate=2), ts.AveragePool2D(2, padding="same"), ts.LayerNorm()], image
    yield [ts.MaxPool2D(3, strides=2, padding="same"), ts.Residual([ts.Conv2D(4, 3, padding="same")])], image
    yield [ts.Residual([ts.Conv2D(5, 3, strides=2, padding="same")]), ts.GlobalAveragePool2D(), ts.Dense(2)], image
    yield [ts.Dense(3), ts.Flatten(), ts.Dense(1)], sequence
    yield [ts.PReLU(), ts.Dense(4), ts.PReLU(shared=True), ts.Dense(3, "softmax")], vector
    yield [ts.Conv2D(3, 2), ts.PReLU(), ts.Softmax(), ts.Flatten(), ts.Dense(1)], image
    yield [ts.Residual([ts.PReLU(), ts.Dense(5, "softmax")]), ts.Dense(2)], vector
    for kind in (ts.SimpleRNN, ts.LSTM, ts.GRU):
        yield [kind(4, return_sequences=True), kind(3), ts.Dense(1)], sequence
        yield [kind(3, go_backwards=True, return_sequences=True), ts.Flatten()], sequence
        yield [kind(3, bidirectional=True, mask_value=0.0, return_sequences=True), kind(2, mask_value=0.0)], sequence
    yield [ts.PReLU(), ts.Dense(4), ts.PReLU(shared=True), ts.Dense(3, "softmax")], vector
    yield [ts.Conv2D(3, 2), ts.PReLU(), ts.Softmax(), ts.Flatten(), ts.Dense(1)], image
    yield [ts.Embedding(5, 3), ts.GRU(2)], (6,)
    yield (
        [ts.PeriodicEmbedding([3, 0], 2, 4, sigma=0.5), ts.Scale(), ts.Dense(4), ts.ParametricActivation("mish")],
        vector,
    )
    yield [ts.PeriodicEmbedding([1]), ts.ParametricActivation("selu"), ts.Scale(), ts.Flatten(), ts.Dense(2)], sequence
    yield [ts.BatchEnsemble(4, 3), ts.Activation("relu"), ts.BatchEnsemble(2, 3), ts.Flatten(), ts.Dense(1)], vector
    yield [ts.Residual([ts.Scale(), ts.ParametricActivation("tanh")]), ts.Dense(2)], vector


@cache
def networks():
    """[(network with parameters, (5, …) inputs)]."""
    cases = []
    for number, (layers, shape) in enumerate(_layers()):
        rng = np.random.default_rng(number)
        net = ts.Network(layers, input_shape=shape).initialized(seed=number)
        moved = {name: v + rng.uniform(0.05, 0.5, v.shape).astype(np.float32) for name, v in net.parameters.items()}
        if isinstance(layers[0], ts.Embedding):
            inputs = rng.integers(-1, 6, (5, *shape)).astype(np.float32)
        else:
            inputs = rng.normal(size=(5, *shape)).astype(np.float32)
            if len(shape) == 2:
                inputs[0, 4:] = 0.0  # steps that a mask passes over
                inputs[1, 2] = 0.0
        cases.append((net.with_parameters(moved), inputs))
    return cases
