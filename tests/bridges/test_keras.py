"""A network and its Keras model give the same outputs, both ways; what the two do not share is refused by name."""

from __future__ import annotations

import os
import random

import numpy as np
import pytest

import thetastar as ts
from tests.bridges.test_pytorch import BOUND, SHARED, TABLES, moved, without
from thetastar.errors import InputError

os.environ.setdefault("KERAS_BACKEND", "torch")
try:
    import keras
except ImportError:
    keras = None

needs_keras = pytest.mark.skipif(keras is None, reason="keras is not installed, so the way there is not tested here")


def close(found, wanted):
    found = np.asarray(found)
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).max() <= BOUND["float32"] * max(1, np.abs(wanted).max())


def refused(model):
    with pytest.raises(InputError) as caught:
        ts.Network.from_keras(model)
    return str(caught.value).removeprefix("Network.from_keras: ")


def row(*layers, shape=(4,)):
    return keras.Sequential([keras.Input(shape), *layers])


def test_a_missing_package_is_said_in_words(monkeypatch):
    without(monkeypatch, "keras")
    words = (
        "the package keras must be installed. Importing it failed (No module named 'keras'). "
        "Install it: pip install keras torch, and set KERAS_BACKEND=torch (or take jax or tensorflow)."
    )
    net = ts.Network([ts.Dense(1)], input_shape=(2,)).initialized(seed=0)
    for name, call in (("to_keras", lambda: net.to_keras()), ("from_keras", lambda: ts.Network.from_keras(None))):
        with pytest.raises(InputError) as caught:
            call()
        assert str(caught.value) == f"Network.{name}: {words}"


@needs_keras
@pytest.mark.parametrize("number", range(len(SHARED)))
def test_every_layer_goes_there_and_back(number):
    net, x = SHARED[number]
    model = net.to_keras()
    close(model.predict_on_batch(x), net.predict(x))
    back = ts.Network.from_keras(model)
    assert back.parameter_count == net.parameter_count
    close(back.predict(x), net.predict(x))


@needs_keras
def test_the_same_layers_come_back():
    layers = [
        ts.Conv2D(4, 3, strides=2, padding="same", activation="leaky_relu"), ts.BatchNorm(0.9), ts.PReLU(),
        ts.Residual([ts.Conv2D(6, 3, padding="same")]), ts.MaxPool2D(2, padding="same"), ts.GlobalAveragePool2D(),
        ts.Dropout(0.25), ts.PReLU(shared=True),
        ts.Dense(3, "softmax"),
    ]  # fmt: skip
    net = ts.Network(layers, input_shape=(10, 9, 3)).initialized(seed=1)
    back = ts.Network.from_keras(net.to_keras())
    assert back.input_shape == net.input_shape and [layer.kind for layer in back.layers] == [
        layer.kind for layer in net.layers
    ]
    assert all(np.array_equal(array, net.parameters[name]) for name, array in back.parameters.items())


@needs_keras
def test_double_precision_is_kept():
    net = ts.Network([ts.Dense(3, activation="tanh"), ts.Dense(1)], input_shape=(2,)).initialized(seed=0)
    finer = net.with_parameters({name: array + np.float64(0.1) for name, array in net.parameters.items()})
    back = ts.Network.from_keras(finer.to_keras())
    assert all(np.array_equal(array, finer.parameters[name]) for name, array in back.parameters.items())
    assert back.parameters["dense_1.weight"].dtype == np.float64


@needs_keras
def test_a_saved_model_says_the_same(tmp_path):
    net = ts.Network(
        [ts.Embedding(5, 3), ts.GRU(4, go_backwards=True, return_sequences=True), ts.Flatten(),
         ts.Residual([ts.Dense(3, activation="gelu_tanh")]), ts.Dense(2, activation="step")],
        input_shape=(6,),
    ).initialized(seed=0)  # fmt: skip
    x = np.random.default_rng(0).integers(-1, 6, (5, 6)).astype(np.float32)
    net.to_keras().save(tmp_path / "net.keras")
    close(keras.saving.load_model(tmp_path / "net.keras").predict_on_batch(x), net.predict(x))


@needs_keras
def test_nothing_is_drawn_from_pythons_random_numbers():
    state = random.getstate()
    ts.Network([ts.Dense(4), ts.Dropout(0.5)], input_shape=(2,)).initialized(seed=0).to_keras()
    assert random.getstate() == state


def models():
    """A model of Keras's own layers, for each kind of layer that it writes in another way than `to_keras`."""
    k = keras.layers
    yield row(k.Dense(6, "gelu"), k.ReLU(), k.Dense(5, use_bias=False), k.LeakyReLU(negative_slope=0.01), k.ELU())
    yield row(k.Dense(6), k.ReLU(6), k.Activation("softmax"), row(k.Dense(3, "softmax"), shape=(6,)))
    yield row(
        k.Conv2D(4, 3, padding="same", activation="relu"), k.BatchNormalization(), k.AveragePooling2D(2), k.Flatten(),
        k.Dense(2), shape=(7, 6, 3),
    )  # fmt: skip
    yield row(k.Bidirectional(k.LSTM(3, return_sequences=True)), k.GRU(2), k.Dropout(0.1), k.Dense(1), shape=(5, 2))
    yield row(k.Embedding(9, 3), k.SimpleRNN(2, go_backwards=True), k.LayerNormalization(), k.Identity(), shape=(5,))
    inputs = keras.Input((4,))
    yield keras.Model(inputs, k.Dense(1)(row(k.Dense(3, "tanh"))(inputs)))


@needs_keras
@pytest.mark.parametrize("number", range(6))
def test_models_of_keras_become_networks(number):
    model, rng = list(models())[number], np.random.default_rng(number)
    model.set_weights([rng.uniform(0.1, 1, array.shape) - 0.3 * (array.ndim > 1) for array in model.get_weights()])
    shape = model.input_shape[1:]
    x = rng.normal(size=(4, *shape)).astype(np.float32)
    if isinstance(model.layers[0], keras.layers.Embedding):
        x = rng.integers(0, 9, (4, *shape)).astype(np.float32)
    close(ts.Network.from_keras(model).predict(x), np.asarray(model.predict_on_batch(x)))


@needs_keras
def test_words_for_what_cannot_go_there():
    def words(layers, shape):
        with pytest.raises(InputError) as caught:
            ts.Network(layers, input_shape=shape).initialized(seed=0).to_keras()
        return str(caught.value)

    assert words([ts.LSTM(2, mask_value=0.0)], (4, 1)) == (
        "Network.to_keras: LSTM(mask_value=0.0) cannot go to Keras, whose masked steps repeat the state before them. "
        "Leave mask_value out."
    )
    assert words([ts.Conv2D(2, 2, strides=2, dilation_rate=2)], (7, 7, 1)) == (
        "Network.to_keras: Conv2D(strides=(2, 2), dilation_rate=(2, 2)) cannot go to Keras, which has no strides "
        "together with dilation. Use one of the two."
    )


@needs_keras
def test_words_for_models_that_cannot_come_back():
    class Own(keras.Model):
        def call(self, x):
            return x

    own = Own()
    own(np.zeros((1, 2), np.float32))
    assert refused("mine") == "model must be a keras.Model. Got 'mine'. Give a Sequential or functional model."
    assert refused(keras.Sequential([keras.layers.Dense(1)])) == (
        "the model must have one input whose shape is known. Got a model without an input. "
        "Put keras.Input(shape) first, with every size."
    )
    assert refused(row(keras.layers.GRU(1), shape=(None, 2))) == (
        "the model must have one input whose shape is known. Got (None, None, 2). "
        "Put keras.Input(shape) first, with every size."
    )
    assert refused(own) == (
        "a model that computes in its own way cannot be read. Got Own. Use a Sequential or functional model."
    )
    inputs = keras.Input((2,))
    beside = keras.layers.Concatenate(name="both")([inputs, keras.layers.Dense(2)(inputs)])
    assert refused(keras.Model(inputs, beside)) == (
        "the layers must stand one after another, or as in a ts.Residual. Got another branch near both (Concatenate). "
        "Put them in one row."
    )
    first = keras.layers.Dense(2)(inputs)
    assert refused(keras.Model(inputs, [first, keras.layers.Dense(1)(first)])) == (
        "the layers must stand one after another. Got more than one output. Put them in one row."
    )


@needs_keras
def test_many_blocks_with_their_shortcut_first_are_read_at_once():
    inputs = x = keras.Input((4,))
    for _ in range(400):
        x = keras.layers.Add()([x, keras.layers.Dense(4, "tanh")(x)])
    net = ts.Network.from_keras(keras.Model(inputs, x))
    assert [layer.kind for layer in net.layers] == ["residual"] * 400


@needs_keras
def test_words_for_blocks_that_cannot_come_back():
    k, inputs = keras.layers, keras.Input((4,))
    stack, wider = k.Dense(4)(inputs), k.Dense(3)(inputs)
    same = k.Add(name="a")([k.Dense(4)(stack), k.Dense(4, use_bias=False)(inputs)])
    assert refused(keras.Model(inputs, same)) == (
        "a (Add): the shortcut must be a projection where the shape changes, and only there. "
        "Got (4,) to (4,) with one. Change it."
    )
    biased = k.Add(name="a")([k.Dense(3)(stack), wider])
    assert refused(keras.Model(inputs, biased)).startswith(
        "a (Add): the projection must be Dense, or Conv2D 1 × 1 with the stride (), without bias and activation. Got "
    )
    steps = keras.Input((5, 4))
    turned = k.Add(name="a")([k.GRU(4, go_backwards=True, return_sequences=True, name="b")(steps), steps])
    assert refused(keras.Model(steps, turned)).startswith("b (GRU): its states come from the last step to the first")
    before = k.GRU(4, go_backwards=True, return_sequences=True)(steps)
    assert refused(keras.Model(steps, k.Add(name="a")([k.Dense(4)(before), before]))) == (
        "a (Add): a recurrent layer's states must be turned before it. Got them in reverse. "
        "Put thetastar.bridges.keras_layers.Reversed between."
    )


@needs_keras
def test_words_for_layers_that_cannot_come_back():
    k, image, steps = keras.layers, (8, 8, 3), (5, 4)
    known = (
        "Known are: Activation, AveragePooling2D, BatchNormalization, Bidirectional, Conv2D, Dense, Dropout, ELU, "
        "Embedding, Flatten, GRU, GlobalAveragePooling2D, Identity, InputLayer, LSTM, LayerNormalization, LeakyReLU, "
        "MaxPooling2D, PReLU, ReLU, SimpleRNN, Softmax. Replace it, or take it out."
    )
    assert refused(row(k.UnitNormalization(name="a"))) == f"a (UnitNormalization) has no layer here. {known}"
    assert refused(row(k.Masking(name="a"), shape=steps)) == f"a (Masking) has no layer here. {known}"
    assert refused(row(k.Dense(1, "exponential", name="a"))) == (
        "a (Dense): the activation must be one that both have. Got 'exponential'. Use one of sigmoid, hard_sigmoid, "
        "tanh, hard_tanh, relu, relu6, elu, selu, gelu, silu, mish, softplus, softsign, identity."
    )
    assert refused(row(k.Dense(1, "leaky_relu", name="a"))).startswith(
        "a (Dense): the activation must be one that both have. Got 'leaky_relu'."
    )
    assert refused(row(k.MaxPooling2D(2, data_format="channels_first", name="a"), shape=image)) == (
        "a (MaxPooling2D): data_format must be 'channels_last'. Got 'channels_first'. Change it."
    )
    assert refused(row(k.BatchNormalization(axis=1, name="a"), shape=image)) == (
        "a (BatchNormalization): axis must be -1. Got 1. Channels are last here."
    )
    assert refused(row(k.LayerNormalization(center=False, name="a"))) == (
        "a (LayerNormalization): center must be True. Got False. Change it."
    )
    assert refused(row(k.GRU(2, reset_after=False, name="a"), shape=steps)) == (
        "a (GRU): reset_after must be True. Got False. Change it."
    )
    assert refused(row(k.LSTM(2, activation="relu", name="a"), shape=steps)) == (
        "a (LSTM): activation must be 'tanh'. Got 'relu'. Leave it out."
    )
    assert refused(row(k.LSTM(2, recurrent_activation="hard_sigmoid", name="a"), shape=steps)) == (
        "a (LSTM): recurrent_activation must be 'sigmoid'. Got 'hard_sigmoid'. Leave it out."
    )
    assert refused(row(k.GRU(2, use_bias=False, name="a"), shape=steps)) == (
        "a (GRU): use_bias must be True. Got False. Recurrent layers have biases here."
    )
    assert refused(row(k.Bidirectional(k.GRU(2), merge_mode="sum", name="a"), shape=steps)) == (
        "a (Bidirectional): merge_mode must be 'concat'. Got 'sum'. Leave it out."
    )
    turned = (
        "a (GRU): its states come from the last step to the first (go_backwards with return_sequences). "
        "thetastar.bridges.keras_layers.Reversed must turn them. Got {} behind it. Put it there, or leave "
        "go_backwards out."
    )
    backwards = {"go_backwards": True, "return_sequences": True, "name": "a"}
    assert refused(row(k.GRU(2, **backwards), shape=steps)) == turned.format("none")
    assert refused(row(k.GRU(2, **backwards), k.Flatten(name="b"), shape=steps)) == turned.format("b (Flatten)")
    assert refused(row(k.PReLU(name="a"), shape=image)) == (
        "a (PReLU): there must be one α a channel, for all pixels or steps. Got α of shape (8, 8, 3). "
        "Use shared_axes=[1, 2]."
    )
    assert refused(row(k.ReLU(max_value=2.0, name="a"))) == (
        "a (ReLU): (max_value, negative_slope, threshold) must be (None, 0, 0) or (6, 0, 0). Got (2.0, 0.0, 0.0). "
        "Change it."
    )
    assert refused(row(k.LeakyReLU(name="a"))) == ("a (LeakyReLU): negative_slope must be 0.01. Got 0.3. Change it.")
    assert refused(row(k.ELU(2.0, name="a"))) == "a (ELU): alpha must be 1. Got 2.0. Leave it out."
    assert refused(row(k.Softmax(axis=1, name="a"), shape=image)) == (
        "a (Softmax): axis must be -1. Got 1. Channels are last here."
    )


@needs_keras
def test_a_layer_that_keras_does_not_have_is_refused_by_name(monkeypatch):
    from thetastar.bridges import keras_out

    monkeypatch.delitem(keras_out._LAYERS, "scale")
    with pytest.raises(InputError) as caught:
        ts.Network([ts.Scale()], input_shape=(3,)).initialized().to_keras()
    assert str(caught.value) == (
        "Network.to_keras: Scale is no layer of Keras. Got scale_1. "
        "Export the network as ONNX, or leave that layer out."
    )


@needs_keras
@pytest.mark.parametrize("number", range(len(TABLES)))
def test_layers_for_tables_go_there_and_back_and_train_alike(number, tmp_path):
    net, x, y = moved(TABLES[number], number)
    model = net.to_keras()
    close(model.predict_on_batch(x), net.predict(x))
    back = ts.Network.from_keras(model)
    assert [layer.kind for layer in back.layers] == [layer.kind for layer in net.layers]
    assert all(np.array_equal(array, net.parameters[name]) for name, array in back.parameters.items())
    model.save(tmp_path / "net.keras")
    close(keras.saving.load_model(tmp_path / "net.keras").predict_on_batch(x), net.predict(x))
    rate = 0.1  # a step of plain gradient descent moves every weight by its slope
    model.compile(optimizer=keras.optimizers.SGD(rate), loss="mse")
    model.train_on_batch(x, y)
    stepped, slopes = ts.Network.from_keras(model).parameters, net.gradients(x, y, loss="mse")
    for name, before in net.parameters.items():
        np.testing.assert_allclose(stepped[name], before - rate * slopes[name], rtol=1e-4, atol=3e-6, err_msg=name)
