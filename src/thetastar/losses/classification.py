"""Losses of classes and of distributions over them, on raw scores unless said otherwise.

`prediction` says what the network gives: "scores" (any numbers; the link, sigmoid or softmax, is inside the loss, which
keeps ±10,000 harmless), "probabilities", or "log_probabilities". A probability below 1e-7 is answered along a straight
line, so that 0 costs much but not infinitely much.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from .._checks import one_of, real
from .._words import must_be
from ..errors import InputError
from .contract import WORDS, Loss
from .targets import binary_targets, class_targets, class_weights, distribution_targets

SCORES, PROBABILITIES, LOGARITHMS = "scores", "probabilities", "log_probabilities"


def _from_logits(value, settings) -> dict:
    return {"prediction": SCORES if value else PROBABILITIES}


def _of_one_class(value, settings) -> dict:
    """PyTorch's pos_weight: a number, or an array of one."""
    numbers = getattr(value, "tolist", lambda: value)()
    while isinstance(numbers, list | tuple) and len(numbers) == 1:
        numbers = numbers[0]
    if isinstance(numbers, list | tuple):
        raise InputError(
            f"pos_weight: it must be one number for all outputs. Got {len(numbers)}. Train with sample_weight instead."
        )
    return {"class_weights": (1.0, numbers)}


def _balance(value, settings) -> dict:
    """Keras's alpha of a binary focal loss, which acts where apply_class_balancing is on."""
    if not settings.get("apply_class_balancing", settings["convention"] != "keras"):
        return {}
    return {"class_weights": (1 - real("alpha", "it", value, 0.0, 1.0), value)}


def _balancing(value, settings) -> dict:
    """Keras's switch: without an alpha beside it, alpha is 0.25."""
    return {"class_weights": (0.75, 0.25)} if value and "alpha" not in settings else {}


_WEIGHED = "Give such rows sample_weight 0 in the training."
_BINARY: Mapping = WORDS | {
    "from_logits": _from_logits,
    "pos_weight": _of_one_class,
    "weight": must_be("weight", None, otherwise="Weigh samples by sample_weight, the two classes by class_weights."),
}
_CLASSES: Mapping = WORDS | {
    "from_logits": _from_logits,
    "weight": "class_weights",
    "ignore_index": must_be("ignore_index", -100, None, otherwise=_WEIGHED),
    "ignore_class": must_be("ignore_class", None, otherwise=_WEIGHED),
}


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
    with "probabilities" BCELoss and Keras's BinaryCrossentropy().
    """

    prediction: str = SCORES
    label_smoothing: float = 0.0
    class_weights: tuple[float, ...] | None = None
    name = "binary_cross_entropy"
    words: ClassVar[Mapping] = _BINARY
    keras: ClassVar[Mapping] = {"prediction": PROBABILITIES}

    def __post_init__(self) -> None:
        _check(self)
        _weights(self, 2)

    def target_array(self, where, y, samples, outputs, dtype):
        return binary_targets(where, "binary cross-entropy", y, samples, outputs, dtype)


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
    words: ClassVar[Mapping] = _CLASSES
    keras: ClassVar[Mapping] = {"prediction": PROBABILITIES}

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
class BinaryFocalCrossEntropy(Loss):
    """(1 - p_t)^γ times the binary cross-entropy, with p_t the probability of the class that is right.

    So samples that are nearly right count little, and the rare or hard ones lead. For a target y between 0 and 1,
    1 - p_t = y (1 - p) + (1 - y) p. Mean over the outputs; γ = 0 is `BinaryCrossEntropy`.

    Args:
        gamma: γ, from 0.
        prediction, label_smoothing, class_weights: as in `BinaryCrossEntropy`; class_weights (1 - α, α) balance.

    Raises:
        InputError: an argument breaks its rule; targets outside [0, 1].

    Example:
        >>> round(BinaryFocalCrossEntropy(gamma=2)([[0.0]], [[1.0]]), 5)
        0.17329

    Source: Lin et al. 2017. Keras: BinaryFocalCrossentropy(from_logits=True); torchvision: sigmoid_focal_loss, with
    class_weights (1 - α, α).
    """

    gamma: float = 2.0
    prediction: str = SCORES
    label_smoothing: float = 0.0
    class_weights: tuple[float, ...] | None = None
    name = "binary_focal_cross_entropy"
    words: ClassVar[Mapping] = _BINARY | {"alpha": _balance, "apply_class_balancing": _balancing}
    keras: ClassVar[Mapping] = {"prediction": PROBABILITIES}

    def __post_init__(self) -> None:
        real("BinaryFocalCrossEntropy", "gamma", self.gamma, 0.0)
        _check(self)
        _weights(self, 2)

    def target_array(self, where, y, samples, outputs, dtype):
        return binary_targets(where, "the binary focal loss", y, samples, outputs, dtype)


@dataclass(frozen=True)
class FocalCrossEntropy(Loss):
    """-w_y (1 - p_y)^γ log p_y with p = softmax(z), for raw scores z (C,) and a class index y.

    Args:
        gamma: γ, from 0; 0 is `CrossEntropy`.
        prediction, label_smoothing, class_weights: as in `CrossEntropy`.

    Raises:
        InputError: an argument breaks its rule; targets that are not class indices.

    Example:
        >>> round(FocalCrossEntropy(gamma=2)([[0.0, 0.0]], [1]), 5)
        0.17329

    Source: Lin et al. 2017. Neither framework has it for class indices; see `CategoricalFocalCrossEntropy`.
    """

    gamma: float = 2.0
    prediction: str = SCORES
    label_smoothing: float = 0.0
    class_weights: tuple[float, ...] | None = None
    name = "focal_cross_entropy"
    words: ClassVar[Mapping] = _CLASSES

    def __post_init__(self) -> None:
        real(type(self).__name__, "gamma", self.gamma, 0.0)
        _check(self)
        _weights(self)

    def target_array(self, where, y, samples, outputs, dtype):
        class_weights(where, self.class_weights, outputs)
        return class_targets(where, "the focal loss", y, samples, outputs, dtype, ", or use the binary focal loss")


@dataclass(frozen=True)
class CategoricalFocalCrossEntropy(FocalCrossEntropy):
    """-α Σ_c w_c y_c (1 - p_c)^γ log p_c with p = softmax(z), for a target distribution y (C,), one-hot or not.

    Args:
        gamma, prediction, label_smoothing, class_weights: as in `FocalCrossEntropy`.
        alpha: α, above 0: one factor for all classes. A list of them is `class_weights`.

    Raises:
        InputError: an argument breaks its rule; targets outside [0, 1] or rows that do not sum to 1.

    Example:
        >>> round(CategoricalFocalCrossEntropy(gamma=2)([[0.0, 0.0]], [[0.0, 1.0]]), 5)
        0.17329

    Source: Lin et al. 2017. Keras: CategoricalFocalCrossentropy(alpha=0.25, from_logits=True), whose alpha is ours.
    """

    alpha: float = 1.0
    name = "categorical_focal_cross_entropy"
    keras: ClassVar[Mapping] = {"prediction": PROBABILITIES, "alpha": 0.25}

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.alpha, list | tuple):  # Keras's weights of the classes
            if self.class_weights is not None:
                raise InputError(
                    "CategoricalFocalCrossEntropy: alpha as a list is class_weights. Got both. Leave one of them out."
                )
            object.__setattr__(self, "class_weights", tuple(self.alpha))
            object.__setattr__(self, "alpha", 1.0)
            _weights(self)
        real("CategoricalFocalCrossEntropy", "alpha", self.alpha, 0.0, open_low=True)

    def target_array(self, where, y, samples, outputs, dtype):
        class_weights(where, self.class_weights, outputs)
        return distribution_targets(where, "the categorical focal loss", y, samples, outputs, dtype)


@dataclass(frozen=True)
class GeneralizedCrossEntropy(Loss):
    """(1 - p_y^q) / q with p = softmax(z), for raw scores z (C,) and a class index y.

    Between cross-entropy (q towards 0), which wrong labels pull hardest, and the absolute error (q = 1), which they
    hardly pull.

    Args:
        q: above 0, up to 1.
        prediction: "scores" or "probabilities" (in place of the softmax).

    Raises:
        InputError: an argument breaks its rule; targets that are not class indices.

    Example:
        >>> round(GeneralizedCrossEntropy(q=0.5)([[0.0, 0.0]], [1]), 5)
        0.58579

    Source: Zhang and Sabuncu 2018. Keras: CategoricalGeneralizedCrossEntropy, which takes probabilities.
    """

    q: float = 0.5
    prediction: str = SCORES
    name = "generalized_cross_entropy"
    keras: ClassVar[Mapping] = {"prediction": PROBABILITIES}

    def __post_init__(self) -> None:
        real("GeneralizedCrossEntropy", "q", self.q, 0.0, 1.0, open_low=True)
        _check(self)

    def to_native(self) -> dict:
        settings = super().to_native()
        return {"power": settings.pop("q")} | settings

    def target_array(self, where, y, samples, outputs, dtype):
        return class_targets(where, "the generalised cross-entropy", y, samples, outputs, dtype)


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
    words: ClassVar[Mapping] = WORDS | {key: _CLASSES[key] for key in ("weight", "ignore_index")}

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
    words: ClassVar[Mapping] = WORDS | {
        "reduction": must_be(
            "reduction",
            "batchmean",
            "sum_over_batch_size",
            None,
            otherwise="PyTorch's 'mean' divides by the classes too. Divide by their number.",
        ),
        "log_target": must_be("log_target", False, otherwise="Give the targets as probabilities: np.exp(target)."),
    }
    keras: ClassVar[Mapping] = {"prediction": PROBABILITIES}

    def __post_init__(self) -> None:
        _check(self, (SCORES, PROBABILITIES, LOGARITHMS))

    def target_array(self, where, y, samples, outputs, dtype):
        return distribution_targets(where, "the divergence", y, samples, outputs, dtype)
