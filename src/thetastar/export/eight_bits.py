"""Weights in 8 bits: how they are rounded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from thetastar.export.forecast.parts import Forecaster, Networks
from thetastar.network import Network
from thetastar.recipes.formulas import FormulaAndNetwork

__all__ = ["in_eight_bits", "rounded", "rounded_forecaster"]


def in_eight_bits(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(I, O) float32 to whole numbers from -127 to 127 and the scale (O,) of every unit.

    Example:
        >>> whole, scale = in_eight_bits(np.array([[1.0], [-0.5]], np.float32))
        >>> whole.ravel().tolist(), float(scale[0] * 127)
        ([127, -64], 1.0)
    """
    largest = np.abs(weight).max(axis=0, initial=0.0)
    scale = np.where(largest > 0, largest / 127, 1.0).astype(np.float32)
    return np.rint(weight / scale).astype(np.int8), scale


def rounded(predictor: Any) -> Any:
    """A network, or what has networks inside, as the C file computes it: weights of dense, convolutional and recurrent
    layers rounded; anything else as it is."""
    if isinstance(predictor, FormulaAndNetwork):
        return replace(predictor, networks=tuple(map(rounded, predictor.networks)))
    if not isinstance(predictor, Network):
        return predictor
    parameters = {}
    for name, values in predictor.parameters.items():
        own = name.rpartition(".")[2]
        if own in ("weight", "recurrent_weight") and "embedding" not in name and "ensemble" not in name:
            whole, scale = in_eight_bits(values)
            values = whole.astype(np.float32) * scale
        parameters[name] = values
    return predictor.with_parameters(parameters)


def rounded_forecaster(forecaster: Forecaster) -> Forecaster:
    """The forecast as the C file computes it."""
    components = tuple(
        replace(one, function=replace(one.function, networks=tuple(map(rounded, one.function.networks))))
        if isinstance(one.function, Networks)
        else one
        for one in forecaster.components
    )
    return replace(forecaster, components=components)
