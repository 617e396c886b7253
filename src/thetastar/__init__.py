"""thetastar finds the function in your data: θ* = arg min L.

An index only: every name is imported from its room when it is first used, so `import thetastar` is quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:  # what editors and type checkers see; a test compares it with the rooms below
    from thetastar import activations as activations
    from thetastar import data as data
    from thetastar import datasets as datasets
    from thetastar import explain as explain
    from thetastar import initializers as initializers
    from thetastar import layers as layers
    from thetastar import losses as losses
    from thetastar import optimizers as optimizers
    from thetastar import presets as presets
    from thetastar import schedules as schedules
    from thetastar.augment import Augment as Augment
    from thetastar.errors import InputError as InputError
    from thetastar.estimators import NetworkClassifier as NetworkClassifier
    from thetastar.estimators import NetworkRegressor as NetworkRegressor
    from thetastar.explain import descend as descend
    from thetastar.forecasting import ForecastModel as ForecastModel
    from thetastar.forecasting import forecast as forecast
    from thetastar.grid_search import GridSearch as GridSearch
    from thetastar.jobs import EarlyStopping as EarlyStopping
    from thetastar.jobs import Job as Job
    from thetastar.jobs import LossThreshold as LossThreshold
    from thetastar.layers import GRU as GRU
    from thetastar.layers import LSTM as LSTM
    from thetastar.layers import Activation as Activation
    from thetastar.layers import AveragePool2D as AveragePool2D
    from thetastar.layers import BatchEnsemble as BatchEnsemble
    from thetastar.layers import BatchNorm as BatchNorm
    from thetastar.layers import Conv2D as Conv2D
    from thetastar.layers import Dense as Dense
    from thetastar.layers import Dropout as Dropout
    from thetastar.layers import Embedding as Embedding
    from thetastar.layers import Flatten as Flatten
    from thetastar.layers import GlobalAveragePool2D as GlobalAveragePool2D
    from thetastar.layers import LayerNorm as LayerNorm
    from thetastar.layers import MaxPool2D as MaxPool2D
    from thetastar.layers import ParametricActivation as ParametricActivation
    from thetastar.layers import PeriodicEmbedding as PeriodicEmbedding
    from thetastar.layers import PReLU as PReLU
    from thetastar.layers import Residual as Residual
    from thetastar.layers import Scale as Scale
    from thetastar.layers import SimpleRNN as SimpleRNN
    from thetastar.layers import Softmax as Softmax
    from thetastar.loading import load as load
    from thetastar.model import Model as Model
    from thetastar.network import Network as Network
    from thetastar.pause import Pause as Pause
    from thetastar.recipes.candidate import Candidate as Candidate
    from thetastar.study.auditing import audit as audit
    from thetastar.study.comparing import compare as compare
    from thetastar.study.space import Space as Space
    from thetastar.study.study import fit as fit
    from thetastar.table_transformer import TableTransformer as TableTransformer
    from thetastar.training import Interrupted as Interrupted
    from thetastar.training import Progress as Progress
    from thetastar.training import Run as Run
    from thetastar.training import train as train
    from thetastar.training import train_many as train_many

_ROOMS = {
    "network": ["Network"],
    "layers": [
        "GRU",
        "LSTM",
        "Activation",
        "AveragePool2D",
        "BatchEnsemble",
        "BatchNorm",
        "Conv2D",
        "Dense",
        "Dropout",
        "Embedding",
        "Flatten",
        "GlobalAveragePool2D",
        "LayerNorm",
        "MaxPool2D",
        "PReLU",
        "ParametricActivation",
        "PeriodicEmbedding",
        "Residual",
        "Scale",
        "SimpleRNN",
        "Softmax",
    ],
    "augment": ["Augment"],
    "jobs": ["EarlyStopping", "Job", "LossThreshold"],
    "pause": ["Pause"],
    "training": ["Interrupted", "Progress", "Run", "train", "train_many"],
    "errors": ["InputError"],
    "recipes": ["Candidate"],
    "study": ["audit", "compare", "fit"],
    "study.space": ["Space"],
    "forecasting": ["ForecastModel", "forecast"],
    "loading": ["load"],
    "model": ["Model"],
    "explain": ["descend"],
    "estimators": ["NetworkClassifier", "NetworkRegressor"],
    "table_transformer": ["TableTransformer"],
    "grid_search": ["GridSearch"],
}
_HOME = {name: room for room, names in _ROOMS.items() for name in names}
_MODULES = (
    "activations", "data", "datasets", "explain", "initializers", "layers", "losses", "optimizers", "presets",
    "schedules",
)  # fmt: skip

__all__ = sorted([*_HOME, *_MODULES, "__version__"])


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f".{name}", __name__)
    if name in _HOME:
        value = getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'thetastar' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
