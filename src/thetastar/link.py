"""The link between a network's last layer and its loss: scores or probabilities, and the two computed as one.

A loss of scores has the sigmoid or softmax inside; a loss of probabilities wants it at the end of the network. The
wrong pair trains without an error and to the wrong function, so it is refused. Of the right pair with probabilities,
sigmoid or softmax and logarithm are computed as one, from the scores, where probabilities of 0 and 1 do no harm.
"""

from __future__ import annotations

from dataclasses import replace

from .errors import InputError
from .layers import Activation, Layer
from .losses import Loss
from .network import Network

__all__ = ["check_link", "last_activation", "linked"]

_FRACTIONS = ("sigmoid", "softmax", "hard_sigmoid", "gaussian", "step")  # activations whose values are from 0 to 1
_SIGMOID = ("binary_cross_entropy", "binary_focal_cross_entropy", "dice", "tversky")
_SOFTMAX = ("cross_entropy", "categorical_cross_entropy", "focal_cross_entropy", "categorical_focal_cross_entropy",
            "generalized_cross_entropy", "kl_divergence")  # fmt: skip
_OF_SCORES = ("soft_margin", "multi_label_soft_margin", "ctc")  # with the link inside, and no setting for it


def last_activation(network: Network) -> str:
    """Return the activation that a network's outputs have passed: "softmax", "sigmoid", "identity", ….

    Example:
        >>> from thetastar import Dense, Dropout
        >>> last_activation(Network([Dense(3, "softmax")], input_shape=(2,)))
        'softmax'
    """
    return network._last_activation()


def check_link(where: str, network: Network, loss: Loss) -> None:
    """Refuse a loss of probabilities over scores, and a loss of scores over probabilities.

    Raises:
        InputError: the two do not fit; the message names both cures.

    Example:
        >>> from thetastar import Dense, losses
        >>> check_link("train", Network([Dense(1)], input_shape=(2,)), losses.get("BinaryCrossentropy"))
        Traceback (most recent call last):
        thetastar.errors.InputError: train: BinaryCrossEntropy(prediction='probabilities') needs outputs from 0 ...
    """
    takes = getattr(loss, "prediction", "scores" if loss.name in _OF_SCORES else None)
    link = "sigmoid" if loss.name in (*_SIGMOID, "soft_margin", "multi_label_soft_margin") else "softmax"
    ends = last_activation(network)
    told = f"{type(loss).__name__}(prediction={takes!r})"
    if takes == "probabilities" and ends not in _FRACTIONS:
        raise InputError(
            f"{where}: {told} needs outputs from 0 to 1. Got a network that ends in {ends!r}. End it in {link!r}, or "
            "take the loss of raw scores: from_logits=True in Keras's words, prediction='scores' in ours."
        )
    if takes == "scores" and ends in _FRACTIONS:
        cure = "prediction='probabilities'" if hasattr(loss, "prediction") else "another loss"
        raise InputError(
            f"{where}: {type(loss).__name__} takes raw scores, and has the {link} inside. Got a network that ends in "
            f"{ends!r}. Leave that activation out, or use {cure}."
        )


def linked(network: Network, loss: Loss) -> tuple[Network, Loss]:
    """Return the network without its last sigmoid or softmax and the loss of scores, where the two are one function.

    The parameters are the same ones. Where they are not one function both are returned as they are.

    Example:
        >>> from thetastar import Dense, losses
        >>> network = Network([Dense(4, "tanh"), Dense(3, "softmax")], input_shape=(2,))
        >>> scores, loss = linked(network, losses.get("SparseCategoricalCrossentropy"))
        >>> last_activation(scores), loss.prediction
        ('identity', 'scores')
    """
    ends = last_activation(network)
    fits = (ends == "sigmoid" and loss.name in _SIGMOID) or (ends == "softmax" and loss.name in _SOFTMAX)
    if not fits or getattr(loss, "prediction", None) != "probabilities":
        return network, loss
    layers, at = list(network.layers), network._last_place()
    layers[at] = _without_activation(layers[at])
    return network._with_layers(layers), replace(loss, prediction="scores")


def _without_activation(layer: Layer) -> Layer:
    return Activation("identity") if layer.kind in ("softmax", "activation") else replace(layer, activation="identity")
