"""thetastar finds the function in your data: θ* = arg min L.

An index only: every name is imported from its room when it is first used, so `import thetastar` is quick.
"""

from __future__ import annotations

import importlib

__version__ = "0.1.0"

_ROOMS = {
    "network": ["Network"],
    "layers": [
        "GRU",
        "LSTM",
        "Activation",
        "AveragePool2D",
        "BatchNorm",
        "Conv2D",
        "Dense",
        "Dropout",
        "Embedding",
        "Flatten",
        "GlobalAveragePool2D",
        "LayerNorm",
        "MaxPool2D",
        "Residual",
        "SimpleRNN",
    ],
    "augment": ["Augment"],
    "jobs": ["EarlyStopping", "Job", "LossThreshold"],
    "training": ["Interrupted", "Progress", "Run", "train", "train_many"],
    "errors": ["InputError"],
    "recipes": ["Candidate"],
    "study": ["fit"],
    "model": ["Model", "load"],
    "estimators": ["NetworkClassifier", "NetworkRegressor"],
}
_HOME = {name: room for room, names in _ROOMS.items() for name in names}
_MODULES = ("activations", "data", "datasets", "initializers", "layers", "losses", "optimizers", "presets", "schedules")

__all__ = sorted([*_HOME, *_MODULES, "__version__"])


def __getattr__(name: str):
    if name in _MODULES:
        return importlib.import_module(f".{name}", __name__)
    if name in _HOME:
        value = getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'thetastar' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
