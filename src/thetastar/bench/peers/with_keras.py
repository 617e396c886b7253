"""Keras's side: `compile` and `fit`, on the backend that KERAS_BACKEND names or the first that is installed."""

from __future__ import annotations

import numpy as np
from keras_backend import keras
from turns import named_layers, serve, starts


def build(spec, start):
    model = keras.Sequential([keras.Input(tuple(spec["input_shape"]))])
    weights: list[np.ndarray] = []
    for name, layer in named_layers(spec):
        kind = layer["kind"]
        if kind == "dense":
            model.add(keras.layers.Dense(layer["units"], activation=layer.get("activation")))
        elif kind == "conv2d":
            model.add(
                keras.layers.Conv2D(
                    layer["filters"], layer["kernel_size"], padding=layer["padding"], activation=layer.get("activation")
                )
            )
        elif kind == "max_pool2d":
            model.add(keras.layers.MaxPooling2D(layer["pool_size"]))
        elif kind == "flatten":
            model.add(keras.layers.Flatten())
        elif kind == "lstm":
            model.add(keras.layers.LSTM(layer["units"]))
        weights += [
            start[key] for key in (f"{name}.weight", f"{name}.recurrent_weight", f"{name}.bias") if key in start
        ]
    begin = [value.reshape(w.shape) for value, w in zip(weights, model.get_weights(), strict=True)]
    model.set_weights(begin)
    return model, begin


def limit_threads(spec) -> None:
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(spec["threads"])
        tf.config.threading.set_inter_op_parallelism_threads(1)
    elif keras.backend.backend() == "torch":
        import torch

        torch.set_num_threads(spec["threads"])


def about() -> dict:
    return {"version": keras.__version__, "backend": keras.backend.backend()}


def prepare_training(spec, arrays):
    limit_threads(spec)
    model, begin = build(spec, starts(spec, arrays)[0])
    X, y = arrays["X"].reshape(-1, *spec["input_shape"]), arrays["y"]
    loss = {
        "cross_entropy": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        "mae": keras.losses.MeanAbsoluteError(),
        "mse": keras.losses.MeanSquaredError(),
    }[spec["loss"]]
    optimizer = keras.optimizers.Adam(spec["learning_rate"], epsilon=1e-8)
    model.compile(optimizer, loss)
    optimizer.build(model.trainable_variables)
    fresh = [np.array(variable) for variable in optimizer.variables]

    def turn(epochs: int) -> dict:
        model.set_weights(begin)
        for variable, value in zip(optimizer.variables, fresh, strict=True):
            variable.assign(value)
        history = model.fit(X, y, batch_size=spec["batch"], epochs=epochs, shuffle=False, verbose=0)
        return {"losses": [float(history.history["loss"][-1])]}

    turn(1)  # traces the training step
    return turn, about()


def prepare_prediction(spec, arrays):
    limit_threads(spec)
    model, _ = build(spec, starts(spec, arrays)[0])
    X = arrays["X"]

    def turn(passes: int) -> dict:
        for _ in range(passes):
            predicted = model.predict_on_batch(X) if len(X) == 1 else model.predict(X, batch_size=8192, verbose=0)
        return {"outputs": [float(value) for value in predicted[:16].ravel()]}

    turn(1)
    return turn, about()


if __name__ == "__main__":
    serve({"train": prepare_training, "predict": prepare_prediction})
