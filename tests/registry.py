"""One table of everything that can be chosen: being listed is being tested.

Every entry has settings that must work and settings that must be refused, with a piece of the message. The tests in
`tests/numerics/` run over these tables; `test_registry.py` checks that nothing public is missing from them. Longer than
other files, because it is one table.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Entry:
    """`legal`: keyword settings that must work. `illegal`: (settings, pieces that the message must contain).

    Of a layer also `shape`: the shape of the samples it is tried on; `misfits`: (settings, shape of the input, pieces).
    """

    name: str
    legal: tuple[dict, ...] = ({},)
    illegal: tuple[tuple[dict, tuple[str, ...]], ...] = ()
    traits: frozenset[str] = field(default_factory=frozenset)
    shape: tuple[int, ...] = (5,)
    misfits: tuple[tuple[dict, tuple[int, ...], tuple[str, ...]], ...] = ()

    def label(self, settings: dict) -> str:
        return f"{self.name}({', '.join(f'{key}={_short(value)}' for key, value in settings.items())})"


def _short(value) -> str:
    """Of a tuple of described layers their kinds."""
    described = isinstance(value, tuple) and value and all(isinstance(part, dict) for part in value)
    return ", ".join(part["kind"] for part in value) if described else repr(value)


def cases(entries):
    """(entry, settings) for every legal setting, and their labels: the arguments of `pytest.mark.parametrize`."""
    pairs = [(entry, settings) for entry in entries for settings in entry.legal]
    return {"argvalues": pairs, "ids": [entry.label(settings) for entry, settings in pairs]}


def refusals(entries):
    """(entry, settings, pieces) for every illegal setting, and their labels."""
    rows = [(entry, settings, pieces) for entry in entries for settings, pieces in entry.illegal]
    return {"argvalues": rows, "ids": [entry.label(settings) for entry, settings, _ in rows]}


# "kinked": not differentiable everywhere; "flat": its slope is 0 everywhere, so nothing before it learns
ACTIVATIONS = (
    Entry("identity"),
    Entry("sigmoid"),
    Entry("hard_sigmoid", traits=frozenset({"kinked"})),
    Entry("tanh"),
    Entry("hard_tanh", traits=frozenset({"kinked"})),
    Entry("relu6", traits=frozenset({"kinked"})),
    Entry("relu", traits=frozenset({"kinked"})),
    Entry("leaky_relu", traits=frozenset({"kinked"})),
    Entry("elu"),
    Entry("selu", traits=frozenset({"kinked"})),
    Entry("gelu"),
    Entry("gelu_tanh"),
    Entry("silu"),
    Entry("mish"),
    Entry("softplus"),
    Entry("softsign"),
    Entry("gaussian"),
    Entry("step", traits=frozenset({"kinked", "flat"})),
)

# the losses of every table of numbers: they take any network and any settings of the tests
PLAIN_LOSSES = (
    Entry("mean_squared_error"),
    Entry("mean_absolute_error", traits=frozenset({"kinked"})),
    Entry(
        "binary_cross_entropy",
        legal=(
            {},
            {"prediction": "probabilities"},
            {"label_smoothing": 0.1, "class_weights": (0.5, 2.0)},
            {"prediction": "probabilities", "label_smoothing": 0.2},
        ),
        illegal=(
            ({"prediction": "logits"}, ("prediction", "logits")),
            ({"label_smoothing": 1.5}, ("label_smoothing", "1.5")),
            ({"class_weights": (1.0, 2.0, 3.0)}, ("class_weights", "2 here", "3")),
        ),
        traits=frozenset({"probability"}),
    ),
    Entry(
        "cross_entropy",
        legal=(
            {},
            {"prediction": "probabilities"},
            {"label_smoothing": 0.1},
            {"class_weights": (0.5, 2.0, 1.0), "label_smoothing": 0.2},
        ),
        illegal=(
            ({"prediction": "log_probabilities"}, ("prediction", "log_probabilities")),
            ({"class_weights": (1.0, -2.0)}, ("class_weights", "-2")),
            ({"class_weights": (0.0, 0.0)}, ("class_weights", "not all be 0")),
            ({"class_weights": 3.0}, ("class_weights", "3.0")),
        ),
        traits=frozenset({"classes"}),
    ),
)
_NO_EPSILON = (({"epsilon": 0.0}, ("epsilon", "0")),)
_FOCAL = (
    ({"gamma": -1.0}, ("gamma", "-1")),
    ({"prediction": "logits"}, ("prediction", "logits")),
    ({"label_smoothing": 2.0}, ("label_smoothing", "2")),
)
OTHER_LOSSES = (
    Entry("half_squared_error"),
    Entry(
        "binary_focal_cross_entropy",
        (
            {},
            {"gamma": 0.5, "label_smoothing": 0.1, "class_weights": (0.75, 0.25)},
            {"gamma": 3.0, "prediction": "probabilities"},
        ),
        (*_FOCAL, ({"class_weights": (1.0, 2.0, 3.0)}, ("class_weights", "2 here", "3"))),
    ),
    Entry(
        "focal_cross_entropy",
        (
            {},
            {"gamma": 0.0},
            {"gamma": 1.5, "label_smoothing": 0.2, "class_weights": (0.5, 2.0, 1.0)},
            {"prediction": "probabilities"},
        ),
        _FOCAL,
    ),
    Entry(
        "categorical_focal_cross_entropy",
        ({}, {"gamma": 1.0, "alpha": 0.25, "label_smoothing": 0.1}, {"prediction": "probabilities", "gamma": 3.0}),
        (
            *_FOCAL,
            ({"alpha": 0.0}, ("alpha", "0")),
            ({"alpha": [1.0, 2.0], "class_weights": (1.0, 2.0)}, ("alpha as a list is class_weights. Got both",)),
        ),
    ),
    Entry(
        "generalized_cross_entropy",
        ({}, {"q": 0.9}, {"q": 1.0}, {"prediction": "probabilities", "q": 0.3}),
        (({"q": 0.0}, ("q", "0")), ({"q": 1.5}, ("q", "1.5")), ({"prediction": "logits"}, ("prediction", "logits"))),
    ),
    Entry(
        "dice",
        ({}, {"prediction": "probabilities"}, {"epsilon": 0.5}),
        (({"epsilon": 0.0}, ("epsilon", "0")), ({"prediction": "logits"}, ("prediction", "logits"))),
    ),
    Entry(
        "tversky",
        ({}, {"alpha": 0.3, "beta": 0.7}, {"alpha": 1.0, "beta": 0.0, "prediction": "probabilities", "epsilon": 0.1}),
        (
            ({"alpha": -0.1}, ("alpha", "-0.1")),
            ({"beta": -1.0}, ("beta", "-1")),
            ({"epsilon": 0.0}, ("epsilon", "0")),
            ({"prediction": "logits"}, ("prediction", "logits")),
        ),
    ),
    Entry("mean_absolute_percentage_error", ({}, {"epsilon": 0.5}), _NO_EPSILON),
    Entry("mean_squared_logarithmic_error", ({}, {"epsilon": 0.01}), _NO_EPSILON),
    Entry(
        "huber", ({}, {"delta": 0.3}), (({"delta": 0.0}, ("delta", "0")), ({"delta": float("inf")}, ("delta", "inf")))
    ),
    Entry("smooth_l1", ({}, {"beta": 0.3}, {"beta": 0.0}), (({"beta": -1.0}, ("beta", "-1")),)),
    Entry("log_cosh"),
    Entry(
        "quantile",
        ({}, {"quantile": 0.9}),
        (({"quantile": 1.0}, ("quantile", "1")), ({"quantile": 0.0}, ("quantile", "0"))),
    ),
    Entry(
        "quantiles",
        ({}, {"levels": (0.2, 0.3, 0.95)}),
        (({"levels": (0.1, 1.0)}, ("levels", "1")), ({"levels": ()}, ("levels", "list"))),
    ),
    Entry("poisson", ({}, {"epsilon": 1e-3}), _NO_EPSILON),
    Entry("poisson_nll", ({}, {"full": True}, {"log_input": False, "epsilon": 1e-3}), _NO_EPSILON),
    Entry("gaussian_nll", ({}, {"log_variance": True, "full": True}, {"epsilon": 1e-2}), _NO_EPSILON),
    Entry("cosine_similarity"),
    Entry(
        "categorical_cross_entropy",
        ({}, {"prediction": "probabilities"}, {"class_weights": (0.5, 2.0, 1.0), "label_smoothing": 0.2}),
        (
            ({"prediction": "logits"}, ("prediction", "logits")),
            ({"label_smoothing": -0.1}, ("label_smoothing", "-0.1")),
        ),
    ),
    Entry("nll", ({}, {"class_weights": (0.5, 2.0, 1.0)}), (({"class_weights": "ab"}, ("class_weights", "'a'")),)),
    Entry(
        "kl_divergence",
        ({}, {"prediction": "probabilities"}, {"prediction": "log_probabilities"}),
        (({"prediction": "probability"}, ("prediction", "probabilities")),),
    ),
    Entry("hinge"),
    Entry("squared_hinge"),
    Entry("categorical_hinge"),
    Entry(
        "multi_margin",
        ({}, {"power": 2, "margin": 0.5}, {"class_weights": (0.5, 2.0, 1.0)}),
        (({"power": 3}, ("power", "3")), ({"margin": float("nan")}, ("margin", "nan"))),
    ),
    Entry("multi_label_margin"),
    Entry("soft_margin"),
    Entry(
        "multi_label_soft_margin",
        ({}, {"class_weights": (0.5, 2.0, 1.0)}),
        (({"class_weights": (-1.0,)}, ("class_weights", "-1")),),
    ),
    Entry("margin_ranking", ({}, {"margin": 0.7}), (({"margin": "big"}, ("margin", "big")),)),
    Entry(
        "hinge_embedding",
        (
            {},
            {"margin": 2.0},
            {"distance": "euclidean"},
            {"distance": "cosine", "margin": 0.5},
            {"distance": "manhattan"},
            {"distance": "squared_euclidean", "margin": 3.0},
        ),
        (({"distance": "hamming"}, ("distance", "hamming")), ({"margin": float("inf")}, ("margin", "inf"))),
    ),
    Entry("cosine_embedding", ({}, {"margin": 0.3}), (({"margin": 1.5}, ("margin", "1.5")),)),
    Entry(
        "triplet_margin",
        ({}, {"margin": 2.0, "power": 3.0, "swap": True}, {"power": 1.0, "epsilon": 1e-3}),
        (
            ({"margin": 0.0}, ("margin", "0")),
            ({"power": 0.5}, ("power", "0.5")),
            ({"epsilon": -1.0}, ("epsilon", "-1")),
        ),
    ),
    Entry(
        "triplet_margin_with_distance",
        (
            {},
            {"distance": "cosine", "swap": True},
            {"distance": "squared_euclidean"},
            {"distance": "manhattan", "margin": 3.0},
        ),
        (({"distance": "euclid"}, ("distance", "euclidean")), ({"margin": -1.0}, ("margin", "-1"))),
    ),
    Entry(
        "circle",
        ({"gamma": 2.0}, {"gamma": 5.0, "margin": 0.25}),
        (({"gamma": 0.0}, ("gamma", "0")), ({"margin": 1.0}, ("margin", "1")), ({"margin": -0.1}, ("margin", "-0.1"))),
    ),
    Entry(
        "ctc",
        ({"classes": 3}, {"classes": 3, "blank": 2}),
        (
            ({"classes": 1}, ("classes", "1")),
            ({"classes": 3, "blank": 3}, ("blank", "3")),
            ({"classes": 3, "blank": -1}, ("blank", "-1")),
        ),
    ),
)
LOSSES = PLAIN_LOSSES + OTHER_LOSSES
# other names under which the lectures' lists know the losses -> ours
LOSS_NAMES = {
    "mse": "mean_squared_error",
    "MSE": "mean_squared_error",
    "MSELoss": "mean_squared_error",
    "mae": "mean_absolute_error",
    "pinball_loss": "quantile",
}
# lecture 5, the list of TensorFlow
TENSORFLOW_LOSSES = {
    "BinaryCrossentropy": {"kind": "binary_cross_entropy", "prediction": "probabilities"},
    "CategoricalCrossentropy": {"kind": "categorical_cross_entropy", "prediction": "probabilities"},
    "CategoricalHinge": "categorical_hinge",
    "CosineSimilarity": "cosine_similarity",
    "Hinge": "hinge",
    "Huber": "huber",
    "KLDivergence": {"kind": "kl_divergence", "prediction": "probabilities"},
    "LogCosh": "log_cosh",
    "MeanAbsoluteError": "mean_absolute_error",
    "MeanAbsolutePercentageError": "mean_absolute_percentage_error",
    "MeanSquaredError": "mean_squared_error",
    "MeanSquaredLogarithmicError": "mean_squared_logarithmic_error",
    "Poisson": "poisson",
    "SparseCategoricalCrossentropy": {"kind": "cross_entropy", "prediction": "probabilities"},
    "SquaredHinge": "squared_hinge",
}
# lecture 5, the list of PyTorch, with and without the word Loss
PYTORCH_LOSSES = {
    "L1": "mean_absolute_error",
    "MSE": "mean_squared_error",
    "CrossEntropy": "cross_entropy",
    "CTC": "ctc",
    "NLL": "nll",
    "PoissonNLL": "poisson_nll",
    "GaussianNLL": "gaussian_nll",
    "KLDiv": {"kind": "kl_divergence", "prediction": "log_probabilities"},
    "BCEWithLogits": "binary_cross_entropy",
    "MarginRanking": "margin_ranking",
    "HingeEmbedding": "hinge_embedding",
    "MultiLabelMargin": "multi_label_margin",
    "Huber": "huber",
    "SmoothL1": "smooth_l1",
    "SoftMargin": "soft_margin",
    "MultiLabelSoftMargin": "multi_label_soft_margin",
    "CosineEmbedding": "cosine_embedding",
    "MultiMargin": "multi_margin",
    "TripletMargin": "triplet_margin",
    "TripletMarginWithDistance": "triplet_margin_with_distance",
}

INITIALIZERS = (
    Entry("zeros"),
    Entry("ones"),
    Entry("constant", legal=({"value": 0.25}, {"value": -3.0})),
    Entry("normal", legal=({}, {"std": 0.5}), illegal=(({"std": -1.0}, ("std", "-1")),)),
    Entry("uniform", legal=({}, {"limit": 2.0}), illegal=(({"limit": -1.0}, ("limit", "-1")),)),
    Entry("glorot_uniform"),
    Entry("glorot_normal"),
    Entry("he_uniform"),
    Entry("he_normal"),
    Entry("lecun_uniform"),
    Entry("lecun_normal"),
    Entry("orthogonal", legal=({}, {"gain": 2.0})),
    Entry("random_signs"),
    Entry("unit_variance"),
    Entry("hull"),
)

OPTIMIZERS = (
    Entry(
        "SGD",
        legal=(
            {"learning_rate": 0.05},
            {"learning_rate": 0.05, "momentum": 0.9},
            {"learning_rate": 0.05, "momentum": 0.9, "nesterov": True},
            {"learning_rate": 0.05, "weight_decay": 0.1},
            {"learning_rate": 0.05, "momentum": 0.8, "dampening": 0.3},
            {"learning_rate": 0.05, "weight_decay": 0.1, "decoupled": True},
            {"learning_rate": 0.05, "momentum": 0.9, "rate_in_velocity": True},
            {"learning_rate": 0.05, "momentum": 0.9, "nesterov": True, "rate_in_velocity": True},
        ),
        illegal=(
            ({"learning_rate": 0.0}, ("learning_rate", "0")),
            ({"learning_rate": -0.1}, ("learning_rate", "-0.1")),
            ({"learning_rate": float("nan")}, ("learning_rate", "nan")),
            ({"momentum": 1.0}, ("momentum", "1")),
            ({"momentum": -0.1}, ("momentum", "-0.1")),
            ({"nesterov": True}, ("nesterov", "momentum")),
            ({"weight_decay": -1.0}, ("weight_decay", "-1")),
            ({"dampening": 1.5}, ("dampening", "1.5")),
            ({"momentum": 0.9, "nesterov": True, "dampening": 0.1}, ("nesterov", "dampening", "0.1")),
            ({"groups": {"*": {"momentun": 0.5}}}, ("groups", "momentun", "momentum")),
            ({"groups": {"*": {"momentum": 1.5}}}, ("momentum", "1.5")),
            ({"groups": {"*": {"learning_rate_factor": 0.0}}}, ("groups['*']", "learning_rate_factor", "0")),
            ({"groups": [("*", {})]}, ("groups", "dict of dicts")),
        ),
    ),
    Entry(
        "Adam",
        legal=(
            {"learning_rate": 0.01},
            {"learning_rate": 0.01, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3},
            {"learning_rate": 0.01, "weight_decay": 0.1},
            {"learning_rate": 0.01, "amsgrad": True},
            {"learning_rate": 0.01, "weight_decay": 0.1, "decoupled": True},
            {"learning_rate": 0.01, "epsilon": 1e-2, "early_epsilon": True},
        ),
        illegal=(
            ({"learning_rate": -1e-3}, ("learning_rate", "-0.001")),
            ({"beta_1": 1.0}, ("beta_1", "1")),
            ({"beta_2": -0.1}, ("beta_2", "-0.1")),
            ({"epsilon": -1.0}, ("epsilon", "-1")),
        ),
    ),
    Entry(
        "AdamW",
        legal=({"learning_rate": 0.01}, {"learning_rate": 0.01, "weight_decay": 0.3}),
        illegal=(({"weight_decay": -0.01}, ("weight_decay", "-0.01")),),
    ),
    Entry(
        "Adamax",
        legal=(
            {"learning_rate": 0.02},
            {"learning_rate": 0.02, "beta_2": 0.9, "weight_decay": 0.1},
            {"learning_rate": 0.02, "weight_decay": 0.1, "decoupled": True},
        ),
        illegal=(({"beta_1": 1.0}, ("beta_1", "1")), ({"epsilon": -1.0}, ("epsilon", "-1"))),
    ),
    Entry(
        "NAdam",
        legal=(
            {"learning_rate": 0.02},
            {"learning_rate": 0.02, "momentum_decay": 0.1, "weight_decay": 0.1, "decoupled": True},
        ),
        illegal=(({"momentum_decay": -1.0}, ("momentum_decay", "-1")), ({"beta_2": 1.0}, ("beta_2", "1"))),
    ),
    Entry(
        "RAdam",
        legal=({"learning_rate": 0.02}, {"learning_rate": 0.02, "beta_2": 0.9, "weight_decay": 0.1, "decoupled": True}),
        illegal=(({"beta_2": 1.0}, ("beta_2", "1")), ({"learning_rate": 0.0}, ("learning_rate", "0"))),
    ),
    Entry("SparseAdam", legal=({"learning_rate": 0.02},), illegal=(({"beta_1": -0.5}, ("beta_1", "-0.5")),)),
    Entry(
        "Adagrad",
        legal=(
            {"learning_rate": 0.1},
            {"learning_rate": 0.1, "rate_decay": 0.01, "accumulator": 0.1, "weight_decay": 0.01},
            {"learning_rate": 0.1, "accumulator": 0.1, "epsilon": 1e-2, "epsilon_in_root": True},
            {"learning_rate": 0.1, "weight_decay": 0.1, "decoupled": True},
        ),
        illegal=(({"rate_decay": -1.0}, ("rate_decay", "-1")), ({"accumulator": -0.1}, ("accumulator", "-0.1"))),
    ),
    Entry(
        "Adadelta",
        legal=(
            {"epsilon": 1e-3},
            {"rho": 0.8, "epsilon": 1e-2, "weight_decay": 0.01},
            {"epsilon": 1e-3, "weight_decay": 0.1, "decoupled": True},
        ),
        illegal=(({"rho": 1.5}, ("rho", "1.5")), ({"epsilon": 0.0}, ("epsilon", "0"))),
    ),
    Entry(
        "RMSprop",
        legal=(
            {"learning_rate": 0.01},
            {"learning_rate": 0.01, "momentum": 0.5},
            {"learning_rate": 0.01, "centred": True, "epsilon": 1e-3},
            {"learning_rate": 0.01, "centred": True, "momentum": 0.5, "epsilon": 1e-3, "weight_decay": 0.01},
            {
                "learning_rate": 0.01,
                "momentum": 0.5,
                "rate_in_velocity": True,
                "epsilon": 1e-2,
                "epsilon_in_root": True,
            },
            {"learning_rate": 0.01, "weight_decay": 0.1, "decoupled": True},
        ),
        illegal=(
            ({"rho": 1.0}, ("rho", "1")),
            ({"momentum": 1.0}, ("momentum", "1")),
            ({"epsilon": -1.0}, ("epsilon", "-1")),
        ),
    ),
    Entry(
        "Ftrl",
        legal=(
            {"learning_rate": 0.2},
            {"learning_rate": 0.2, "power": -0.6, "l1": 1e-3, "l2": 0.01, "l2_shrinkage": 0.01, "beta": 0.1},
        ),
        illegal=(({"power": 0.5}, ("power", "0.5")), ({"l1": -1.0}, ("l1", "-1")), ({"beta": -1.0}, ("beta", "-1"))),
    ),
    Entry(
        "ASGD",
        legal=(
            {"learning_rate": 0.1},
            {"learning_rate": 0.1, "lambd": 0.01, "alpha": 0.5, "weight_decay": 0.01},
            {"learning_rate": 0.1, "weight_decay": 0.1, "decoupled": True},
        ),
        illegal=(({"lambd": -1.0}, ("lambd", "-1")), ({"alpha": -1.0}, ("alpha", "-1")), ({"t0": -1.0}, ("t0", "-1"))),
    ),
    Entry(
        "Rprop",
        legal=({"learning_rate": 0.01}, {"learning_rate": 0.01, "shorter": 0.4, "longer": 1.1, "most": 0.05}),
        illegal=(
            ({"shorter": 1.0}, ("shorter", "1")),
            ({"longer": 1.0}, ("longer", "1")),
            ({"least": 0.0}, ("least", "0")),
            ({"least": 1.0, "most": 0.5}, ("most", "0.5")),
        ),
    ),
    Entry(
        "Lion",
        legal=({"learning_rate": 0.005}, {"learning_rate": 0.005, "beta_1": 0.8, "weight_decay": 0.1}),
        illegal=(({"beta_1": 1.0}, ("beta_1", "1")), ({"weight_decay": -1.0}, ("weight_decay", "-1"))),
    ),
    Entry(
        "LBFGS",
        legal=({}, {"history": 3}, {"line_search": "backtracking"}, {"line_search": "none", "learning_rate": 0.1}),
        illegal=(
            ({"history": 0}, ("history", "0")),
            ({"line_search": "wolfe"}, ("line_search", "strong_wolfe")),
            ({"tolerance_gradient": -1.0}, ("tolerance_gradient", "-1")),
            ({"tolerance_change": -1.0}, ("tolerance_change", "-1")),
            ({"groups": {"*": {}}}, ("groups", "line search")),
        ),
        traits=frozenset({"function"}),
    ),
    Entry(
        "Sophia",
        legal=(
            {"learning_rate": 0.02},
            {"learning_rate": 0.02, "every": 3, "gamma": 1.0, "weight_decay": 0.0},
            {"learning_rate": 0.02, "every": 1, "curvature": "gauss_newton_bartlett"},
        ),
        illegal=(
            ({"gamma": 0.0}, ("gamma", "0")),
            ({"epsilon": 0.0}, ("epsilon", "0")),
            ({"every": 0}, ("every", "0")),
            ({"curvature": "hessian"}, ("curvature", "hutchinson")),
            ({"groups": {"*": {"every": 2}}}, ("groups['*']", "every", "2")),
        ),
        traits=frozenset({"function"}),
    ),
    Entry(
        "Muon",
        legal=(
            {"learning_rate": 0.02},
            {"learning_rate": 0.02, "nesterov": False, "scale": "rms", "weight_decay": 0.01, "vector_rate": 0.5},
            {"learning_rate": 0.02, "momentum": 0.5, "scale": "none", "iterations": 3, "early_epsilon": True},
        ),
        illegal=(
            ({"momentum": 1.0}, ("momentum", "1")),
            ({"iterations": 0}, ("iterations", "0")),
            ({"scale": "spectrum"}, ("scale", "spectrum", "spectral")),
            ({"vector_rate": 0.0}, ("vector_rate", "0")),
            ({"beta_1": 1.0}, ("beta_1", "1")),
        ),
    ),
    Entry(
        "Adafactor",
        legal=(
            {"learning_rate": 0.05},
            {"learning_rate": 0.05, "beta_2_decay": -0.5, "epsilon_1": 1e-6, "epsilon_2": 0.1, "weight_decay": 0.1},
            {"learning_rate": 0.5, "clip_threshold": 0.3},
        ),
        illegal=(
            ({"beta_2_decay": 0.1}, ("beta_2_decay", "0.1")),
            ({"epsilon_1": -1.0}, ("epsilon_1", "-1")),
            ({"epsilon_2": -1.0}, ("epsilon_2", "-1")),
            ({"clip_threshold": 0.0}, ("clip_threshold", "0")),
        ),
    ),
    Entry(
        "Lamb",
        legal=(
            {"learning_rate": 0.02},
            {"learning_rate": 0.02, "weight_decay": 0.1, "beta_1": 0.8, "epsilon": 1e-3},
            {"learning_rate": 0.02, "weight_decay": 0.1, "decoupled": True},
        ),
        illegal=(({"beta_1": 1.0}, ("beta_1", "1")), ({"epsilon": -1.0}, ("epsilon", "-1"))),
    ),
    Entry(
        "ScheduleFreeAdamW",
        legal=(
            {"learning_rate": 0.02},
            {"learning_rate": 0.02, "weight_decay": 0.1, "beta_1": 0.8, "weight_power": 0.0},
        ),
        illegal=(
            ({"beta_1": 0.0}, ("beta_1", "0")),
            ({"weight_power": -1.0}, ("weight_power", "-1")),
            ({"beta_2": 1.0}, ("beta_2", "1")),
        ),
    ),
)
# those whose step needs one gradient and no more
RULES = tuple(entry for entry in OPTIMIZERS if "function" not in entry.traits)
# lecture 5's two lists
TENSORFLOW_OPTIMIZERS = {
    "Adadelta": "Adadelta",
    "Adagrad": "Adagrad",
    "Adam": "Adam",
    "Adamax": "Adamax",
    "Ftrl": "Ftrl",
    "Nadam": "NAdam",
    "RMSprop": "RMSprop",
    "SGD": "SGD",
}
PYTORCH_OPTIMIZERS = {
    "Adadelta": "Adadelta",
    "Adagrad": "Adagrad",
    "Adam": "Adam",
    "AdamW": "AdamW",
    "SparseAdam": "SparseAdam",
    "Adamax": "Adamax",
    "ASGD": "ASGD",
    "LBFGS": "LBFGS",
    "NAdam": "NAdam",
    "RAdam": "RAdam",
    "RMSprop": "RMSprop",
    "Rprop": "Rprop",
    "SGD": "SGD",
}


SCHEDULES = (
    Entry("Constant"),
    Entry(
        "Step",
        legal=({"every": 2, "factor": 0.5},),
        illegal=(
            ({"every": 0}, ("every", "0")),
            ({"factor": 0.0}, ("factor", "0")),
            ({"factor": 1.5}, ("factor", "1.5")),
        ),
    ),
    Entry("Exponential", legal=({"factor": 0.9},), illegal=(({"factor": -0.5}, ("factor", "-0.5")),)),
    Entry(
        "Cosine",
        legal=({}, {"minimum": 0.1}, {"warmup": 0.25}),
        illegal=(({"minimum": -0.1}, ("minimum", "-0.1")), ({"warmup": 1.0}, ("warmup", "1"))),
    ),
    Entry(
        "CosineRestarts",
        legal=({"every": 2}, {"every": 1, "multiplier": 2, "minimum": 0.05}),
        illegal=(
            ({"every": 0}, ("every", "0")),
            ({"multiplier": 0.5}, ("multiplier", "0.5")),
            ({"minimum": 2.0}, ("minimum", "2")),
        ),
    ),
    Entry(
        "OneCycle",
        legal=({}, {"peak": 0.25, "start": 0.1, "end": 0.01}),
        illegal=(({"peak": 1.5}, ("peak", "1.5")), ({"start": -1.0}, ("start", "-1")), ({"end": 2.0}, ("end", "2"))),
    ),
    Entry(
        "LogCosine",
        legal=({}, {"cycles": 2}),
        illegal=(({"cycles": 0}, ("cycles", "0")), ({"cycles": 33}, ("cycles", "33"))),
    ),
    Entry("FlatCosine", legal=({}, {"flat": 0.25}), illegal=(({"flat": 1.0}, ("flat", "1")),)),
    Entry(
        "ReduceOnPlateau",
        legal=({"factor": 0.5, "patience": 1, "minimum": 0.1},),
        illegal=(
            ({"factor": 1.5}, ("factor", "1.5")),
            ({"patience": -1}, ("patience", "-1")),
            ({"minimum": 1.5}, ("minimum", "1.5")),
        ),
    ),
)

IMAGE = "the input must be an image (height, width, channels). Got (4, 3). Use input_shape=(height, width, channels)"
SEQUENCE = "the input must be a sequence (time, features). Got (5,). Use input_shape=(time, features)"


def window(name, settings):
    """What both poolings and the convolution refuse about the pair `name`."""
    return (
        ({**settings, name: 0}, (f"{name} must be a whole number of 1 or more. Got 0",)),
        ({**settings, name: (2, 0)}, (f"{name} must be a whole number of 1 or more. Got 0",)),
        ({**settings, name: 1.5}, (f"{name} must be a whole number of 1 or more. Got 1.5",)),
        ({**settings, name: (1, 2, 3)}, (f"{name} must be one whole number or two, (height, width). Got (1, 2, 3)",)),
    )


def pooling(name):
    fit = "the window must fit the input (4). Got a reach of 5. Use a window of at most 4 or padding='same'"
    return Entry(
        name,
        legal=(
            {},
            {"pool_size": 3, "strides": 2},
            {"pool_size": (1, 4), "strides": (3, 1)},
            {"pool_size": 3, "strides": 2, "padding": "same"},
            {"pool_size": (7, 2), "strides": 1, "padding": "same"},
        ),
        illegal=(
            *window("pool_size", {}),
            *window("strides", {}),
            ({"padding": "full"}, ("there is no padding 'full'", "valid", "same")),
        ),
        shape=(6, 5, 3),
        misfits=(
            ({"pool_size": 5}, (6, 4, 3), (f"{name}(pool_size=(5, 5))", fit)),
            ({}, (4, 3), (name, IMAGE)),
        ),
    )


def recurrent(name):
    return Entry(
        name,
        legal=(
            {"units": 4},
            {"units": 1, "return_sequences": True},
            {"units": 3, "go_backwards": True},
            {"units": 3, "go_backwards": True, "return_sequences": True},
            {"units": 3, "bidirectional": True},
            {"units": 3, "bidirectional": True, "return_sequences": True},
            {"units": 3, "mask_value": 0.0},
            {"units": 3, "mask_value": -2.0, "return_sequences": True, "bidirectional": True},
            {"units": 3, "recurrent_initializer": "glorot_normal", "bias_initializer": "ones"},
        ),
        illegal=(
            ({"units": 0}, ("units must be a whole number of 1 or more. Got 0",)),
            ({"units": 3, "mask_value": "pad"}, ("mask_value must be a finite number. Got 'pad'",)),
            ({"units": 3, "mask_value": float("nan")}, ("mask_value must be a finite number. Got nan",)),
            ({"units": 3, "recurrent_initializer": "orthogonl"}, ("recurrent_initializer", "orthogonl", "orthogonal")),
            (
                {"units": 3, "bidirectional": True, "go_backwards": True},
                ("bidirectional reads in both directions. Got go_backwards=True too. Leave one of them out",),
            ),
        ),
        shape=(4, 3),
        misfits=(({"units": 4}, (5,), (name, SEQUENCE)), ({"units": 4}, (5, 4, 1), (name, "Got (5, 4, 1)"))),
    )


def dense(units, activation="identity"):
    return {"kind": "dense", "units": units, "activation": activation}


def conv2d(filters, strides=1, padding="same", activation="identity"):
    sizes = {"filters": filters, "kernel_size": 3, "strides": strides}
    return {"kind": "conv2d", **sizes, "padding": padding, "activation": activation}


MADE = "Residual: the inner layers must keep the shape up to channels and a whole stride. They make"
LAYERS = (
    Entry(
        "Dense",
        legal=(
            {"units": 4},
            {"units": 1},
            {"units": 4, "use_bias": False},
            {"units": 4, "activation": "tanh", "kernel_initializer": "he_normal", "bias_initializer": "ones"},
        ),
        illegal=(
            ({"units": 0}, ("units", "0")),
            ({"units": -3}, ("units", "-3")),
            ({"units": 2.5}, ("units", "2.5")),
            ({"units": 4, "activation": "rellu"}, ("rellu", "relu")),
            ({"units": 4, "kernel_initializer": "xavier_"}, ("xavier_",)),
        ),
    ),
    Entry(
        "Activation",
        legal=({"activation": "relu"}, {"activation": "softplus"}),
        illegal=(({"activation": "rellu"}, ("rellu", "relu")),),
    ),
    Entry(
        "Dropout",
        legal=({"rate": 0.0}, {"rate": 0.5}),
        illegal=(({"rate": 1.0}, ("rate", "1")), ({"rate": -0.1}, ("rate", "-0.1"))),
    ),
    Entry("Flatten", shape=(4, 3)),
    Entry(
        "Conv2D",
        legal=(
            {"filters": 3, "kernel_size": 3},
            {"filters": 1, "kernel_size": 1, "use_bias": False},
            {"filters": 3, "kernel_size": (6, 5), "activation": "tanh"},
            {"filters": 3, "kernel_size": 3, "strides": 2, "padding": "same"},
            {"filters": 3, "kernel_size": (2, 4), "strides": (3, 2), "padding": "same"},
            {"filters": 3, "kernel_size": 2, "strides": 3, "dilation_rate": (2, 3)},
            {"filters": 3, "kernel_size": (3, 2), "dilation_rate": 2, "padding": "same", "activation": "gelu"},
            {"filters": 4, "kernel_size": 3, "groups": 2, "padding": "same"},
            {"filters": 8, "kernel_size": 3, "groups": 4, "strides": 2, "activation": "silu"},
            {"filters": 2, "kernel_size": 9, "padding": "same", "kernel_initializer": "he_normal"},
        ),
        illegal=(
            ({"filters": 0, "kernel_size": 3}, ("filters must be a whole number of 1 or more. Got 0",)),
            *window("kernel_size", {"filters": 3}),
            *window("strides", {"filters": 3, "kernel_size": 1}),
            *window("dilation_rate", {"filters": 3, "kernel_size": 1}),
            ({"filters": 3, "kernel_size": 3, "padding": "causal"}, ("there is no padding 'causal'", "valid", "same")),
            ({"filters": 3, "kernel_size": 3, "activation": "rellu"}, ("activation", "rellu", "relu")),
            ({"filters": 3, "kernel_size": 3, "groups": 0}, ("groups must be a whole number of 1 or more. Got 0",)),
            (
                {"filters": 3, "kernel_size": 3, "groups": 2},
                ("groups must divide the filters (3). Got groups=2. Choose a divisor",),
            ),
            ({"filters": 3, "kernel_size": 3, "kernel_initializer": "he"}, ("kernel_initializer", "'he'")),
        ),
        shape=(6, 5, 4),
        misfits=(
            (
                {"filters": 3, "kernel_size": 5},
                (8, 4, 1),
                (
                    "Conv2D(kernel_size=(5, 5)): the window must fit the input (4). Got a reach of 5. "
                    "Use a window of at most 4 or padding='same'",
                ),
            ),
            (
                {"filters": 3, "kernel_size": 3, "dilation_rate": 2},
                (8, 4, 1),
                ("must fit the input (4). Got a reach of 5. Use a window of at most 2 or padding='same'",),
            ),
            (
                {"filters": 4, "kernel_size": 3, "groups": 2},
                (6, 6, 3),
                ("Conv2D: groups must divide the input's channels (3). Got groups=2. Choose a divisor",),
            ),
            (
                {"filters": 4, "kernel_size": 2, "dilation_rate": 2**24, "padding": "same"},
                (6, 6, 3),
                ("the window must reach over at most 16,777,216 pixels. Got 16,777,217", "smaller window"),
            ),
            (
                {"filters": 4, "kernel_size": 2**13, "padding": "same"},
                (6, 6, 3),
                ("one filter must see at most 16,777,216 numbers. Got 201,326,592. Use a smaller kernel",),
            ),
            (
                {"filters": 2**24, "kernel_size": 1},
                (64, 64, 1),
                ("Conv2D: a sample's output must be at most 1,073,741,824 numbers. Got (64, 64, 16777216)", "fewer"),
            ),
            ({"filters": 3, "kernel_size": 3}, (4, 3), ("Conv2D", IMAGE)),
        ),
    ),
    pooling("MaxPool2D"),
    pooling("AveragePool2D"),
    Entry("GlobalAveragePool2D", shape=(4, 3, 3), misfits=(({}, (4, 3), ("GlobalAveragePool2D", IMAGE)),)),
    recurrent("SimpleRNN"),
    recurrent("LSTM"),
    recurrent("GRU"),
    Entry(
        "Embedding",
        legal=(
            {"input_dim": 5, "output_dim": 3},
            {"input_dim": 1, "output_dim": 1},
            {"input_dim": 40, "output_dim": 2, "embeddings_initializer": "normal"},
        ),
        illegal=(
            ({"input_dim": 0, "output_dim": 3}, ("input_dim must be a whole number of 1 or more. Got 0",)),
            ({"input_dim": 5, "output_dim": 0}, ("output_dim must be a whole number of 1 or more. Got 0",)),
            ({"input_dim": 5, "output_dim": 2, "embeddings_initializer": "even"}, ("embeddings_initializer", "even")),
        ),
        traits=frozenset({"categories"}),
        shape=(6,),
        misfits=(
            (
                {"input_dim": 5, "output_dim": 3},
                (4, 3),
                ("Embedding: the input must be a vector of category numbers (T,). Got (4, 3). Put Embedding first",),
            ),
        ),
    ),
    Entry(
        "BatchNorm",
        legal=({}, {"momentum": 0.5, "epsilon": 1e-5}, {"momentum": 0.0}),
        illegal=(
            ({"momentum": 1.0}, ("momentum must be a finite number from 0 and below 1. Got 1.0",)),
            ({"momentum": -0.1}, ("momentum", "Got -0.1")),
            ({"epsilon": 0.0}, ("epsilon must be a finite number above 0. Got 0.0",)),
        ),
        shape=(3, 2, 4),
    ),
    Entry(
        "LayerNorm",
        legal=({}, {"epsilon": 1e-5}),
        illegal=(({"epsilon": 0.0}, ("epsilon must be a finite number above 0. Got 0.0",)),),
        shape=(3, 4),
    ),
    Entry("Softmax", shape=(3, 4)),
    Entry(
        "PReLU",
        legal=(
            {},
            {"alpha_initializer": {"kind": "constant", "value": 0.1}},
            {"shared": True},
            {"alpha_initializer": "ones", "shared": True},
        ),
        illegal=(({"alpha_initializer": "eaven"}, ("alpha_initializer", "eaven")),),
        shape=(3, 2, 5),
    ),
    Entry(
        "Scale",
        legal=({}, {"scale_initializer": {"kind": "constant", "value": 0.5}}),
        illegal=(({"scale_initializer": "won"}, ("scale_initializer", "won")),),
        shape=(3, 5),
    ),
    Entry(
        "PeriodicEmbedding",
        legal=(
            {"columns": (0, 2)},
            {"columns": (4, 1, 0), "units": 2, "frequencies": 5, "sigma": 1.5},
            {"columns": (3,), "units": 1, "frequencies": 1},
        ),
        illegal=(
            ({"columns": ()}, ("columns must be a list of at least one column. Got ()", "columns=[0, 1]")),
            ({"columns": "01"}, ("columns must be a list of at least one column. Got '01'",)),
            ({"columns": (0, 0)}, ("columns must be named once each. Got [0, 0]",)),
            ({"columns": (-1,)}, ("columns", "Got -1")),
            ({"columns": (0,), "units": 0}, ("units", "Got 0")),
            ({"columns": (0,), "frequencies": 0}, ("frequencies", "Got 0")),
            ({"columns": (0,), "sigma": 0.0}, ("sigma must be a finite number above 0. Got 0.0",)),
        ),
        misfits=(
            ({"columns": (0, 3)}, (3,), ("columns must be below 3", "the input (3,). Got 3. Count them from 0.")),
        ),
    ),
    Entry(
        "ParametricActivation",
        legal=(
            {"activation": "mish"},
            {"activation": "tanh", "alpha_initializer": {"kind": "constant", "value": 0.5}},
            {"activation": "identity"},
        ),
        illegal=(
            ({"activation": "softmax"}, ("must act on each number by itself. Got 'softmax'",)),
            ({"activation": "misch"}, ("misch", "mish")),
            ({"activation": "relu", "alpha_initializer": "on"}, ("alpha_initializer", "on")),
        ),
        shape=(3, 5),
    ),
    Entry(
        "BatchEnsemble",
        legal=(
            {"units": 4, "members": 3},
            {"units": 17, "members": 2, "kernel_initializer": "he_normal", "input_scale_initializer": "ones"},
            {"units": 1, "members": 1},
        ),
        illegal=(
            ({"units": 0}, ("units", "Got 0")),
            ({"units": 3, "members": 0}, ("members", "Got 0")),
            ({"units": 3, "input_scale_initializer": "sine"}, ("input_scale_initializer", "sine")),
        ),
        misfits=(
            (
                {"units": 3, "members": 4},
                (5, 2),
                ("must be a vector (I,), or (4, I), a row for each member. Got (5, 2). Flatten it first",),
            ),
            ({"units": 3}, (4, 4, 2), ("a row for each member. Got (4, 4, 2).",)),
        ),
        shape=(5,),
    ),
    Entry(
        "Residual",
        legal=(
            {"layers": ({"kind": "flatten"}, dense(6, "tanh"), dense(5))},
            {"layers": (dense(4, "tanh"), dense(7))},
            {"layers": ({"kind": "batch_norm", "momentum": 0.5}, dense(3, "gelu"), dense(5))},
            {"layers": ({"kind": "residual", "layers": [dense(4, "tanh"), {"kind": "batch_norm"}]},)},
        ),
        illegal=(
            ({"layers": ()}, ("layers must be a list of at least one layer. Got []", "Use for example")),
            ({"layers": ("dense",)}, ("layers must be a list of at least one layer. Got ['dense']",)),
            ({"layers": 3}, ("layers must be a list of at least one layer. Got [3]",)),
        ),
        misfits=(
            ({"layers": (conv2d(3, padding="valid"),)}, (6, 6, 3), (MADE, "(4, 4, 3) of (6, 6, 3)", "padding='same'")),
            ({"layers": ({"kind": "flatten"},)}, (4, 3), (MADE, "(12,) of (4, 3)")),
            ({"layers": ({"kind": "lstm", "units": 3},)}, (4, 3), (MADE, "(3,) of (4, 3)")),
            ({"layers": (conv2d(3),)}, (5,), ("Conv2D: the input must be an image", "Got (5,)")),
        ),
    ),
    Entry(
        "Residual",
        legal=(
            {"layers": (conv2d(3, activation="tanh"), conv2d(3))},
            {"layers": (conv2d(2, strides=2, activation="tanh"), {"kind": "batch_norm"}, conv2d(4))},
            {"layers": ({"kind": "max_pool2d"}, conv2d(3))},
        ),
        shape=(6, 4, 3),
    ),
    Entry("Residual", legal=({"layers": ({"kind": "gru", "units": 3, "return_sequences": True},)},), shape=(4, 3)),
)
