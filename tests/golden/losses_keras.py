"""Golden figures: the losses that PyTorch lacks, or has in another convention, by Keras 3 on JAX in float64."""

import os

os.environ |= {"KERAS_BACKEND": "jax", "JAX_ENABLE_X64": "true"}  # both are read when the two are imported

import jax
import keras
import numpy as np
from _write import write

keras.config.set_floatx("float64")
# Keras takes means in single precision whatever the numbers are; here they are taken in double
keras.src.backend.numpy.mean = jax.numpy.mean
L = keras.losses
random = np.random.default_rng(2)


def case(loss, settings, scores, target, function):
    scores, target = np.asarray(scores, np.float64), np.asarray(target)

    def total(s):
        return function(reduction=None, dtype="float64")(target, s).mean()

    return {
        "loss": loss,
        "settings": settings,
        "dtype": "float64",
        "scores": [scores.tolist()],
        "target": target.tolist(),
        "per_sample": np.asarray(function(reduction=None, dtype="float64")(target, scores)).tolist(),
        "gradient_of_mean": [np.asarray(jax.grad(total)(scores)).tolist()],
    }


def with_settings(made, **settings):
    return lambda **common: made(**common, **settings)


z = 2 * random.standard_normal((6, 3))
y = random.standard_normal((6, 3))
positive = random.random((6, 3)) * 3 + 0.05
counts = random.integers(0, 6, (6, 3)).astype(float)
p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
q = random.random((6, 3)) + 0.05
q /= q.sum(axis=1, keepdims=True)
between = random.random((6, 3))
classes = np.array([0, 1, 2, 2, 1, 0])
one_hot = np.eye(3)[classes]
signs = np.sign(y)

figures = {
    "mape": case("mean_absolute_percentage_error", {}, z, y, L.MeanAbsolutePercentageError),
    "msle": case("mean_squared_logarithmic_error", {}, positive, counts, L.MeanSquaredLogarithmicError),
    "huber": case("huber", {"delta": 0.7}, z, y, with_settings(L.Huber, delta=0.7)),
    "log cosh": case("log_cosh", {}, z, y, L.LogCosh),
    "poisson": case("poisson", {}, positive, counts, L.Poisson),
    "cosine similarity": case("cosine_similarity", {}, z, y, L.CosineSimilarity),
    "hinge": case("hinge", {}, z, signs, L.Hinge),
    "hinge zeros and ones": case("hinge", {}, z, (signs + 1) / 2, L.Hinge),
    "squared hinge": case("squared_hinge", {}, z, signs, L.SquaredHinge),
    "categorical hinge": case("categorical_hinge", {}, z, one_hot, L.CategoricalHinge),
    "kl divergence": case("kl_divergence", {"prediction": "probabilities"}, p, q, L.KLDivergence),
    "bce smoothing": case(
        "binary_cross_entropy",
        {"label_smoothing": 0.1},
        z,
        between,
        with_settings(L.BinaryCrossentropy, from_logits=True, label_smoothing=0.1),
    ),
    "bce probabilities": case(
        "binary_cross_entropy", {"prediction": "probabilities"}, p, between, L.BinaryCrossentropy
    ),
    "categorical": case(
        "categorical_cross_entropy", {}, z, one_hot, with_settings(L.CategoricalCrossentropy, from_logits=True)
    ),
    "categorical smoothing": case(
        "categorical_cross_entropy",
        {"label_smoothing": 0.3},
        z,
        q,
        with_settings(L.CategoricalCrossentropy, from_logits=True, label_smoothing=0.3),
    ),
    "binary focal": case(
        "binary_focal_cross_entropy",
        {"gamma": 1.5},
        z,
        between,
        with_settings(L.BinaryFocalCrossentropy, from_logits=True, gamma=1.5),
    ),
    "binary focal probabilities": case(
        "binary_focal_cross_entropy",
        {"prediction": "probabilities", "label_smoothing": 0.1},
        p,
        between,
        with_settings(L.BinaryFocalCrossentropy, label_smoothing=0.1),
    ),
    "binary focal balanced": case(
        "binary_focal_cross_entropy",
        {"class_weights": [0.7, 0.3]},
        z,
        (signs + 1) / 2,
        with_settings(L.BinaryFocalCrossentropy, from_logits=True, alpha=0.3, apply_class_balancing=True),
    ),
    "categorical focal": case(
        "categorical_focal_cross_entropy",
        {"alpha": 0.25},
        z,
        one_hot,
        with_settings(L.CategoricalFocalCrossentropy, from_logits=True),
    ),
    "categorical focal smoothing": case(
        "categorical_focal_cross_entropy",
        {"gamma": 3.0, "alpha": 0.5, "label_smoothing": 0.2},
        z,
        q,
        with_settings(L.CategoricalFocalCrossentropy, from_logits=True, gamma=3.0, alpha=0.5, label_smoothing=0.2),
    ),
    "sparse": case("cross_entropy", {}, z, classes, with_settings(L.SparseCategoricalCrossentropy, from_logits=True)),
}
figures |= {
    "generalized": case(
        "generalized_cross_entropy",
        {"prediction": "probabilities", "q": 0.4},
        p,
        classes,
        with_settings(L.CategoricalGeneralizedCrossEntropy, q=0.4),
    ),
    "dice": case("dice", {"prediction": "probabilities"}, p, between, with_settings(L.Dice, axis=(1,))),
    # Keras's alpha multiplies the misses, ours the false alarms
    "tversky": case(
        "tversky",
        {"prediction": "probabilities", "alpha": 0.8, "beta": 0.3},
        p,
        between,
        with_settings(L.Tversky, alpha=0.3, beta=0.8, axis=(1,)),
    ),
}


def circle(gamma, margin):
    """A row of Keras's loss of a batch of three: anchor, one of its class, one of another. It takes unit vectors."""
    members = [random.standard_normal((6, 3)) for _ in range(3)]

    def of_sample(*rows):
        unit = [row / jax.numpy.linalg.norm(row) for row in rows]
        loss = L.Circle(gamma=gamma, margin=margin, reduction=None, dtype="float64")
        return loss(np.array([0, 0, 1]), jax.numpy.stack(unit))[0]

    def mean(*parts):
        return sum(of_sample(*(part[i] for part in parts)) for i in range(6)) / 6

    return {
        "loss": "circle",
        "settings": {"gamma": gamma, "margin": margin},
        "dtype": "float64",
        "scores": [part.tolist() for part in members],
        "target": None,
        "per_sample": [float(of_sample(*(part[i] for part in members))) for i in range(6)],
        "gradient_of_mean": [
            np.asarray(g).tolist() for g in jax.grad(mean, argnums=(0, 1, 2))(*map(jax.numpy.array, members))
        ],
    }


figures |= {"circle": circle(4.0, 0.4), "circle sharp": circle(16.0, 0.25)}
write(__file__, figures, f"keras {keras.__version__} on jax {jax.__version__}")
