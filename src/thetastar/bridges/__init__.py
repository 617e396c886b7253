"""Networks to PyTorch and Keras and back: the layers that both have, with their parameters. An index.

The frameworks are no dependency: each is imported when a network goes there, and its absence is said in words.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ..errors import InputError

if TYPE_CHECKING:
    from ..network import Network
    from .chain import Chain

__all__ = ["from_keras", "from_torch", "to_keras", "to_torch"]

_TORCH = ("torch", "pip install torch")
_KERAS = ("keras", "pip install keras torch, and set KERAS_BACKEND=torch (or take jax or tensorflow)")


def to_torch(network: Network) -> Any:
    """Return the network as a `torch.nn.Module`; see `Network.to_torch`."""
    _require("Network.to_torch", *_TORCH)
    from .pytorch_out import module_of

    return module_of(network)


def from_torch(module: Any, input_shape: tuple[int, ...] | int) -> Chain:
    """Return the layers and parameters of a `torch.nn.Sequential`; see `Network.from_torch`."""
    _require("Network.from_torch", *_TORCH)
    from .pytorch_in import chain_of

    return chain_of(module, input_shape)


def to_keras(network: Network) -> Any:
    """Return the network as a `keras.Model`; see `Network.to_keras`."""
    _require("Network.to_keras", *_KERAS)
    from .keras_out import model_of

    return model_of(network)


def from_keras(model: Any) -> Chain:
    """Return the layers and parameters of a `keras.Model`; see `Network.from_keras`."""
    _require("Network.from_keras", *_KERAS)
    from .keras_in import chain_of

    return chain_of(model)


def _require(where: str, package: str, command: str) -> None:
    """Refuse in words where a framework is not installed."""
    try:
        importlib.import_module(package)
    except ImportError as error:  # Keras without a backend too
        raise InputError(
            f"{where}: the package {package} must be installed. Importing it failed ({error}). Install it: {command}."
        ) from None
