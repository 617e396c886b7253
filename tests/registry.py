"""One table of everything that can be chosen: being listed is being tested.

Every entry has settings that must work and settings that must be refused, with a piece of the message. The tests in
`tests/numerics/` run over these tables; `test_registry.py` checks that nothing public is missing from them.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Entry:
    """`legal`: keyword settings that must work. `illegal`: (settings, pieces that the message must contain)."""

    name: str
    legal: tuple[dict, ...] = ({},)
    illegal: tuple[tuple[dict, tuple[str, ...]], ...] = ()
    traits: frozenset[str] = field(default_factory=frozenset)

    def label(self, settings: dict) -> str:
        return f"{self.name}({', '.join(f'{key}={value!r}' for key, value in settings.items())})"


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

LOSSES = (
    Entry("mean_squared_error"),
    Entry("mean_absolute_error", traits=frozenset({"kinked"})),
    Entry("binary_cross_entropy", traits=frozenset({"probability"})),
    Entry("cross_entropy", traits=frozenset({"classes"})),
)
# other names under which the lectures' lists know the losses -> ours
LOSS_NAMES = {
    "mse": "mean_squared_error",
    "MSE": "mean_squared_error",
    "MSELoss": "mean_squared_error",
    "MeanSquaredError": "mean_squared_error",
    "mae": "mean_absolute_error",
    "L1Loss": "mean_absolute_error",
    "MeanAbsoluteError": "mean_absolute_error",
    "BinaryCrossentropy": "binary_cross_entropy",
    "BCEWithLogitsLoss": "binary_cross_entropy",
    "CrossEntropyLoss": "cross_entropy",
    "SparseCategoricalCrossentropy": "cross_entropy",
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
)

OPTIMIZERS = (
    Entry(
        "SGD",
        legal=(
            {"learning_rate": 0.05},
            {"learning_rate": 0.05, "momentum": 0.9},
            {"learning_rate": 0.05, "momentum": 0.9, "nesterov": True},
            {"learning_rate": 0.05, "weight_decay": 0.1},
        ),
        illegal=(
            ({"learning_rate": 0.0}, ("learning_rate", "0")),
            ({"learning_rate": -0.1}, ("learning_rate", "-0.1")),
            ({"learning_rate": float("nan")}, ("learning_rate", "nan")),
            ({"momentum": 1.0}, ("momentum", "1")),
            ({"momentum": -0.1}, ("momentum", "-0.1")),
            ({"nesterov": True}, ("nesterov", "momentum")),
            ({"weight_decay": -1.0}, ("weight_decay", "-1")),
        ),
    ),
    Entry(
        "Adam",
        legal=(
            {"learning_rate": 0.01},
            {"learning_rate": 0.01, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3},
            {"learning_rate": 0.01, "weight_decay": 0.1},
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
)

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
        "ReduceOnPlateau",
        legal=({"factor": 0.5, "patience": 1, "minimum": 0.1},),
        illegal=(
            ({"factor": 1.5}, ("factor", "1.5")),
            ({"patience": -1}, ("patience", "-1")),
            ({"minimum": 1.5}, ("minimum", "1.5")),
        ),
    ),
)

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
)
