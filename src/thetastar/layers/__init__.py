"""Layers: frozen descriptions without arithmetic. What they compute is in core/layers; what they mean is here.

Example:
    >>> layer = Conv2D(6, kernel_size=5)
    >>> layer.output_shape((28, 28, 1))
    (24, 24, 6)
"""

from .conv2d import Conv2D
from .dense import Activation, Dense, Dropout, Flatten
from .layer import KINDS, Layer, from_dict
from .norm import BatchNorm, LayerNorm
from .pool import AveragePool2D, GlobalAveragePool2D, MaxPool2D
from .residual import Residual
from .sequences import GRU, LSTM, Embedding, SimpleRNN
from .softmax import PReLU, Softmax
from .tabular import BatchEnsemble, ParametricActivation, PeriodicEmbedding, Scale

__all__ = [
    "GRU", "KINDS", "LSTM", "Activation", "AveragePool2D", "BatchEnsemble", "BatchNorm", "Conv2D", "Dense", "Dropout",
    "Embedding", "Flatten", "GlobalAveragePool2D", "Layer", "LayerNorm", "MaxPool2D", "PReLU", "ParametricActivation",
    "PeriodicEmbedding", "Residual", "Scale", "SimpleRNN", "Softmax", "from_dict",
]  # fmt: skip
