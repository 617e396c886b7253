"""Directions: what makes a network of dense layers monotone in some of its inputs, and which networks can be so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .errors import InputError
from .layers import Activation, Dense, Dropout
from .network import Network

__all__ = ["RISING", "native_directions", "unit_directions"]

RISING = ("identity", "relu", "leaky_relu", "hard_sigmoid")
"""Activations that rise everywhere, and whose arithmetic does so too; an approximation of exp or tanh may not."""


def native_directions(where: str, directions: Sequence[Sequence[int]] | None, network: Network) -> dict[str, list[int]]:
    """The setting of the core: the directions one after the other; none where there are none.

    Raises:
        InputError: they do not fit the network, or it has layers that could not keep them.
    """
    if directions is None:
        return {}
    odd = next((layer for layer in network.layers if not _rises(layer)), None)
    if odd is not None:
        raise InputError(
            f"{where}: directions are for Dense and Dropout layers with rising activations ({', '.join(RISING)}). Got "
            f"{odd!r}. Use these, or leave directions out."
        )
    widths = [*network.input_shape, *(layer.units for layer in network.layers if isinstance(layer, Dense))]
    given = [[int(one) for one in part] for part in directions]
    if [len(part) for part in given] != widths or any(one not in (-1, 0, 1) for part in given for one in part):
        raise InputError(
            f"{where}: directions must be {len(widths)} lists of {', '.join(map(str, widths))} numbers -1, 0 or 1: of "
            f"the inputs, and of each Dense layer's units. Got lists of {', '.join(str(len(part)) for part in given)}. "
            "Give one for each."
        )
    if not all(given[-1]):
        raise InputError(f"{where}: directions of the outputs must be 1 or -1. Got 0. Say how they go.")
    return {"directions": [one for part in given for one in part]}


def unit_directions(inputs: Sequence[int], hidden: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """Directions for a network with one output that rises where `inputs` say 1 and falls where they say -1.

    In every hidden layer half of the units see all inputs, a half of these rising and a half falling; the other half
    sees the free inputs alone, without any bound. Where no input is free, every unit has a direction.

    Args:
        inputs: of every input 1, -1, or 0 where it is free.
        hidden: units of each hidden layer.

    Example:
        >>> unit_directions([1, 0], [4, 4])
        ((1, 0), (1, -1, 0, 0), (1, -1, 0, 0), (1,))
    """
    free = any(one == 0 for one in inputs)
    found = [tuple(inputs)]
    for units in hidden:
        held = max(units // 2, 1) if free else units
        rising = (held + 1) // 2
        found.append((1,) * rising + (-1,) * (held - rising) + (0,) * (units - held))
    return (*found, (1,))


def _rises(layer: Any) -> bool:
    if isinstance(layer, Dropout):
        return True
    if isinstance(layer, Dense | Activation):
        return layer.activation in RISING
    return False
