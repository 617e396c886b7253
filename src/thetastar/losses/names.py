"""Which framework a name of a loss comes from, where two of them mean different things by the same sound."""

from __future__ import annotations

import re

from .classification import BinaryCrossEntropy, KLDivergence

# PyTorch's names for predictions that are no raw scores: the loss, and what is part of the name
PYTORCH = {
    "bceloss": (BinaryCrossEntropy, {"prediction": "probabilities"}),
    "kldiv": (KLDivergence, {"prediction": "log_probabilities"}),
    "kldivloss": (KLDivergence, {"prediction": "log_probabilities"}),
}
KEPT = ("prediction", "from_logits")

_OURS = re.compile(r"cross[ _-]entropy|Cross[ _-]?Entropy")
_KERAS_ALONE = {"KLDivergence", "KLD", "kld", "kullback_leibler_divergence", "KullbackLeiblerDivergence",
                "Dice", "Tversky", "Circle", "CategoricalGeneralizedCrossEntropy",
                "categorical_generalized_cross_entropy"}  # fmt: skip


def is_keras_name(name: str) -> bool:
    """Return whether only Keras spells a loss so: "BinaryCrossentropy" is Keras's, "BinaryCrossEntropy" ours.

    Example:
        >>> [is_keras_name(name) for name in ("binary_crossentropy", "cross_entropy", "KLDivergence", "mse")]
        [True, False, True, False]
    """
    if "crossentropy" in name.lower() or "sparse" in name.lower():
        return not _OURS.search(name) or "sparse" in name.lower()
    return name in _KERAS_ALONE
