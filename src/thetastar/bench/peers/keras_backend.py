"""Keras, on the first backend that is installed where nobody has named one; it is read when Keras is imported."""

from __future__ import annotations

import importlib.util
import os

if "KERAS_BACKEND" not in os.environ:
    installed = [name for name in ("tensorflow", "jax", "torch") if importlib.util.find_spec(name)]
    os.environ["KERAS_BACKEND"] = installed[0] if installed else "tensorflow"

import keras

__all__ = ["keras"]
