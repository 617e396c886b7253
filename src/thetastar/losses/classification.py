"""Losses of classes and of distributions over them, on raw scores unless said otherwise.

`prediction` says what the network gives: "scores" (any numbers; the link, sigmoid or softmax, is inside the loss, which
keeps ±10,000 harmless), "probabilities", or "log_probabilities". A probability below 1e-7 is answered along a straight
line, so that 0 costs much but not infinitely much.
"""

from __future__ import annotations

from dataclasses import dataclass

from .._checks import one_of, real
from .contract import Loss
from .targets import class_targets, class_weights, distribution_targets, value_targets, within

SCORES, PROBABILITIES, LOGARITHMS = "scores", "probabilities", "log_probabilities"


def _check(loss, predictions: tuple[str, ...] = (SCORES, PROBABILITIES)) -> None:
    where = type(loss).__name__
    one_of(where, "prediction", loss.prediction, predictions)
    if hasattr(loss, "label_smoothing"):
        real(where, "label_smoothing", loss.label_smoothing, 0.0, 1.0)


def _weights(loss, count: int | None = None) -> None:
    object.__setattr__(loss, "class_weights", class_weights(type(loss).__name__, loss.class_weights, count))


@dataclass(frozen=True)
class BinaryCrossEntropy(Loss):
    """-y log σ(z) - (1 - y) log(1 - σ(z)) for raw scores z and targets y in [0, 1]; gradient σ(z) - y.

    Computed as max(z, 0) - y z + log(1 + e^-|z|), which is finite for every finite score. Mean over the outputs.

    Args:
        prediction: "scores", or "probabilities" (of class 1, in place of σ(z)).
        label_smoothing: from 0 to 1; y becomes (1 - s) y + s / 2.
        class_weights: (w₀, w₁): multiplies the second and the first term.

    Raises:
        InputError: an argument breaks its rule; targets outside [0, 1].

    Example:
        >>> round(BinaryCrossEntropy()([[0.0]], [[1.0]]), 5)
        0.69315

    Source: lecture 2. Keras: BinaryCrossentropy(from_logits=True); PyTorch: BCEWithLogitsLoss, with pos_weight = w₁;
    with "probabilities" BCELoss.
    """

    prediction: str = SCORES
    label_smoothing: float = 0.0
    class_weights: tuple[float, ...] | None = None
    name = "binary_cross_entropy"

    def __post_init__(self) -> None:
        _check(self)
        _weights(self, 2)

    def target_array(self, where, y, samples, outputs, dtype):
        target = value_targets(where, y, samples, outputs, dtype)
        return within(where, "binary cross-entropy", target, 0, 1, "Encode the two classes as 0 and 1.")


@dataclass(frozen=True)
class CrossEntropy(Loss):
    """-log softmax(z)[class] for raw scores z (C,) and a class index 0 … C - 1; gradient softmax(z) - onehot.

    Args:
        prediction: "scores" or "probabilities" (in place of the softmax).
        label_smoothing: s from 0 to 1; the target is then 1 - s + s / C for the class and s / C for the others.
        class_weights: w (C,); each term of the sum over classes is multiplied by its class's weight. The mean over
            the samples is still divided by their number, not by the sum of their weights.

    Raises:
        InputError: an argument breaks its rule; targets that are not class indices; fewer than two outputs.

    Example:
        >>> round(CrossEntropy()([[0.0, 0.0]], [1]), 5)
        0.69315

    Source: lecture 2. Keras: SparseCategoricalCrossentropy(from_logits=True); PyTorch: CrossEntropyLoss.
    """

    prediction: str = SCORES
    label_smoothing: float = 0.0
    class_weights: tuple[float, ...] | None = None
    name = "cross_entropy"

    def __post_init__(self) -> None:
        _check(self)
        _weights(self)

    def target_array(self, where, y, samples, outputs, dtype):
        target = class_targets(where, "cross-entropy", y, samples, outputs, dtype, ", or use binary cross-entropy")
        class_weights(where, self.class_weights, outputs)
        return target


@dataclass(frozen=True)
class CategoricalCrossEntropy(CrossEntropy):
    """-Σ_c w_c y_c log softmax(z)_c for raw scores z (C,) and a target distribution y (C,), one-hot or probabilities.

    Args:
        prediction, label_smoothing, class_weights: as in `CrossEntropy`.

    Raises:
        InputError: an argument breaks its rule; targets outside [0, 1] or rows that do not sum to 1.

    Example:
        >>> round(CategoricalCrossEntropy()([[0.0, 0.0]], [[0.5, 0.5]]), 5)
        0.69315

    Source: lecture 2. Keras: CategoricalCrossentropy(from_logits=True); PyTorch: CrossEntropyLoss with class
    probabilities as the target.
    """

    name = "categorical_cross_entropy"

    def target_array(self, where, y, samples, outputs, dtype):
        class_weights(where, self.class_weights, outputs)
        return distribution_targets(where, "categorical cross-entropy", y, samples, outputs, dtype)


@dataclass(frozen=True)
class NLL(Loss):
    """-w_y f_y for log-probabilities f (C,) and a class index y: cross-entropy whose logarithm is already taken.

    Args:
        class_weights: w (C,), or None for ones. The mean is over the samples, not over the weights.

    Raises:
        InputError: class_weights break their rule; targets that are not class indices.

    Example:
        >>> NLL()([[-1.0, -2.0]], [1])
        2.0

    Source: lecture 5. PyTorch: NLLLoss, whose mean divides by the sum of the targets' weights. For a network's raw
    scores use `CrossEntropy`; this one rewards any output that grows.
    """

    class_weights: tuple[float, ...] | None = None
    name = "nll"

    def __post_init__(self) -> None:
        _weights(self)

    def target_array(self, where, y, samples, outputs, dtype):
        target = class_targets(where, "the negative log-likelihood", y, samples, outputs, dtype)
        class_weights(where, self.class_weights, outputs)
        return target


@dataclass(frozen=True)
class KLDivergence(Loss):
    """Σ_c y_c (log y_c - log p_c): how far the predicted distribution p is from the target y, in natural logarithms.

    Args:
        prediction: "scores" (p is their softmax), "probabilities" (p itself) or "log_probabilities" (log p).

    Raises:
        InputError: prediction is none of these; targets outside [0, 1] or rows that do not sum to 1.

    Example:
        >>> round(KLDivergence()([[0.0, 0.0]], [[1.0, 0.0]]), 5)
        0.69315

    Source: Kullback and Leibler 1951; lecture 5. Keras: KLDivergence(y_true, y_pred) takes probabilities; PyTorch:
    KLDivLoss(input, target) takes log-probabilities and its "mean" divides by the classes too; ours is "batchmean".
    """

    prediction: str = SCORES
    name = "kl_divergence"

    def __post_init__(self) -> None:
        _check(self, (SCORES, PROBABILITIES, LOGARITHMS))

    def target_array(self, where, y, samples, outputs, dtype):
        return distribution_targets(where, "the divergence", y, samples, outputs, dtype)
