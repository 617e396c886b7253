"""Networks that a person knows by name, built of public layers only: each function returns a plain `Network`.

What a preset gives can be looked at (`.layers`), trained, and rebuilt by hand with other layers. The outputs are raw
scores, one a class, for `loss="cross_entropy"`.

Example:
    >>> net = lenet5(input_shape=(28, 28, 1), classes=10)
    >>> net.output_shape, type(net.layers[0]).__name__
    ((10,), 'Conv2D')
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from ._checks import WIDEST, whole
from .errors import InputError
from .layers import (
    Activation,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool2D,
    Layer,
    MaxPool2D,
    Residual,
)
from .network import Network

__all__ = ["autoencoder", "lenet5", "reconstruction_error", "small_resnet", "small_vgg"]


def lenet5(
    input_shape: tuple[int, int, int] = (28, 28, 1), classes: int = 10, activation: str = "relu", dropout: float = 0.0
) -> Network:
    """LeNet-5: two convolutions with pooling, then 120, 84 and one score a class.

    What differs from the original: it padded the digits to 32 × 32, here the first convolution pads; it averaged each
    2 × 2 window with a learned factor, here the largest value counts; its second convolution saw chosen groups of maps,
    here all; it used tanh and distances to fixed codes, here ReLU and softmax. All four train faster to a lower error.

    Args:
        input_shape: (height, width, channels), at least 12 × 12.
        classes: the number of outputs.
        activation: of all layers but the last.
        dropout: the share of the 120 and of the 84 that is dropped in training.

    Raises:
        InputError: an image that is too small, or an argument that breaks its rule.

    Example:
        >>> lenet5().parameter_count
        61706

    Source: LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", 1998; lecture 4.
    """
    _check_image("lenet5", input_shape, 12)
    drop = [Dropout(dropout)] if dropout else []
    return Network(
        [
            Conv2D(6, 5, padding="same", activation=activation, kernel_initializer="he_uniform"),
            MaxPool2D(2),
            Conv2D(16, 5, activation=activation, kernel_initializer="he_uniform"),
            MaxPool2D(2),
            Flatten(),
            Dense(120, activation=activation, kernel_initializer="he_uniform"),
            *drop,
            Dense(84, activation=activation, kernel_initializer="he_uniform"),
            *drop,
            Dense(classes),
        ],
        input_shape,
    )


def small_vgg(
    input_shape: tuple[int, int, int] = (28, 28, 1),
    classes: int = 10,
    filters: Iterable[int] = (16, 32),
    convolutions: int = 2,
    dense: int = 128,
    dropout: float = 0.5,
) -> Network:
    """A small net of VGG's kind: stages of 3 × 3 convolutions that keep the size, and a pooling that halves it.

    What differs from the original: two stages in place of five and few filters; one dense layer in place of two of
    4,096; batch normalisation before every ReLU, which came a year later and trains faster.

    Args:
        input_shape: (height, width, channels), at least 2 pixels a stage and doubling: 4 × 4 for two stages.
        classes: the number of outputs.
        filters: of each stage's convolutions.
        convolutions: how many a stage.
        dense: neurons of the dense layer.
        dropout: the share of them that is dropped in training.

    Raises:
        InputError: an image that is too small, or an argument that breaks its rule.

    Example:
        >>> small_vgg((28, 28, 1)).shapes[-5]  # what the convolutions make of the image
        (7, 7, 32)

    Source: Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition", 2015;
    lecture 1.
    """
    stages = _stages("small_vgg", filters)
    _check_image("small_vgg", input_shape, 2 ** len(stages))
    layers: list[Layer] = []
    for width in stages:
        for _ in range(whole("small_vgg", "convolutions", convolutions, 1, 100)):
            layers += _convolution(width)
        layers.append(MaxPool2D(2))
    layers += [Flatten(), Dense(dense, activation="relu", kernel_initializer="he_uniform")]
    return Network([*layers, Dropout(dropout), Dense(classes)], input_shape)


def small_resnet(
    input_shape: tuple[int, int, int] = (28, 28, 1),
    classes: int = 10,
    filters: Iterable[int] = (16, 32, 64),
    blocks: int = 1,
) -> Network:
    """A small residual net: stages of blocks x + F(x), F two 3 × 3 convolutions; each stage after the first halves.

    It is the paper's family for small images (6 · blocks + 2 layers with the default's three stages). What differs:
    where the size changes the shortcut is a learned 1 × 1 convolution (the paper's option B) and not zeros.

    Args:
        input_shape: (height, width, channels).
        classes: the number of outputs.
        filters: of each stage's convolutions.
        blocks: residual blocks a stage.

    Raises:
        InputError: an argument breaks its rule.

    Example:
        >>> small_resnet((28, 28, 1)).shapes[-3]  # before the mean over the pixels
        (7, 7, 64)

    Source: He, Zhang, Ren, Sun, "Deep residual learning for image recognition", 2016, section 4.2; lecture 1.
    """
    stages = _stages("small_resnet", filters)
    _check_image("small_resnet", input_shape, 1)
    layers: list[Layer] = _convolution(stages[0])
    for stage, width in enumerate(stages):
        for block in range(whole("small_resnet", "blocks", blocks, 1, 100)):
            halves = 2 if stage > 0 and block == 0 else 1
            inner = [*_convolution(width, halves), *_convolution(width)[:-1]]  # the last ReLU comes after the sum
            layers += [Residual(inner), Activation("relu")]
    return Network([*layers, GlobalAveragePool2D(), Dense(classes)], input_shape)


def autoencoder(
    input_shape: tuple[int, ...],
    code: int = 32,
    hidden: Iterable[int] = (128,),
    activation: str = "relu",
    output: str = "identity",
) -> Network:
    """An autoencoder: dense layers down to a short code and back up to the input's numbers.

    Train it on its own input, `ts.train(net, X, X.reshape(len(X), -1))`; with `augment` the input is disturbed and the
    target is not, which makes a denoising autoencoder. `reconstruction_error` then says how unlike a sample is to what
    it learned. What differs from the original: no layer is trained by itself first, which better starts and optimisers
    made unnecessary.

    Args:
        input_shape: the shape of one sample, any.
        code: numbers in the middle.
        hidden: neurons of the layers between input and code; the same in reverse between code and output.
        activation: of the hidden layers; the code has none.
        output: activation of the output: "identity" for standardised data, "sigmoid" for data from 0 to 1.

    Raises:
        InputError: an argument breaks its rule.

    Example:
        >>> [layer.units for layer in autoencoder((64,), code=8, hidden=(32,)).layers]
        [32, 8, 32, 64]

    Source: Hinton and Salakhutdinov, "Reducing the dimensionality of data with neural networks", 2006; Vincent et al.,
    "Extracting and composing robust features with denoising autoencoders", 2008; lecture 2.
    """
    shape = tuple(input_shape) if isinstance(input_shape, Iterable) else (input_shape,)
    shape = tuple(whole("autoencoder", f"input_shape[{i}]", size, 1, WIDEST) for i, size in enumerate(shape))
    widths = _stages("autoencoder", hidden, name="hidden", least=0)
    initializer = "he_uniform" if activation == "relu" else "glorot_uniform"
    layers: list[Layer] = [Flatten()] if len(shape) > 1 else []
    layers += [Dense(width, activation=activation, kernel_initializer=initializer) for width in widths]
    layers.append(Dense(code))
    layers += [Dense(width, activation=activation, kernel_initializer=initializer) for width in reversed(widths)]
    return Network([*layers, Dense(math.prod(shape), activation=output)], shape)


def reconstruction_error(network: Network, X) -> np.ndarray:
    """The anomaly score of an autoencoder: the mean over a sample's numbers of (f(x) - x)².

    Args:
        network: one whose output has as many numbers as its input, trained to repeat it.
        X: (n, *input_shape) samples, or (n, F) with all numbers of a sample in one row.

    Returns:
        (n,) float64, in squared units of X; the higher, the less the sample is like those that the network learned.

    Raises:
        InputError: the network's output has another size than its input.

    Example:
        >>> from thetastar import presets
        >>> net = presets.autoencoder((4,), code=2, hidden=()).initialized(seed=0)
        >>> presets.reconstruction_error(net, [[0.0, 0.0, 0.0, 0.0]]).tolist()
        [0.0]

    Source: Hinton and Salakhutdinov 2006; lecture 2.
    """
    inputs, outputs = math.prod(network.input_shape), math.prod(network.output_shape)
    if inputs != outputs:
        raise InputError(
            f"reconstruction_error: the network must give back as many numbers as it takes ({inputs}). "
            f"Got {outputs}. Use for example ts.presets.autoencoder."
        )
    again = np.asarray(network.predict(X), np.float64).reshape(-1, inputs)
    return np.square(again - np.asarray(X, np.float64).reshape(-1, inputs)).mean(axis=1)


def _convolution(filters: int, strides: int = 1) -> list[Layer]:
    """A 3 × 3 convolution, batch normalisation (whose shift is the bias) and ReLU."""
    convolution = Conv2D(filters, 3, strides=strides, padding="same", use_bias=False, kernel_initializer="he_normal")
    return [convolution, BatchNorm(momentum=0.9), Activation("relu")]


def _check_image(where: str, shape: tuple[int, ...], least: int) -> None:
    if not isinstance(shape, tuple) or len(shape) != 3:
        raise InputError(
            f"{where}: input_shape must be (height, width, channels). Got {shape!r}. A grey image has 1 channel."
        )
    height, width, _ = (whole(where, f"input_shape[{i}]", size, 1, WIDEST) for i, size in enumerate(shape))
    if min(height, width) < least:
        raise InputError(
            f"{where}: the image must be at least {least} × {least}. Got {height} × {width}. "
            "Enlarge the images, or build the network with fewer poolings by hand."
        )


def _stages(where: str, widths: Iterable[int], name: str = "filters", least: int = 1) -> list[int]:
    widths = list(widths) if isinstance(widths, Iterable) else [widths]
    if len(widths) < least:
        raise InputError(f"{where}: {name} must have at least {least} number. Got none. Use for example {name}=(16,).")
    return [whole(where, f"{name}[{i}]", width, 1, WIDEST) for i, width in enumerate(widths)]
