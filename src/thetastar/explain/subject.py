"""Whom an explanation is about: a network, the network of a run, or one of a model's networks."""

from __future__ import annotations

from typing import Any

import numpy as np

from thetastar.errors import InputError
from thetastar.network import Network

__all__ = ["features_of", "layer_index", "network_of", "output_names", "part_of"]


def network_of(where: str, subject: Any, network: int | None = None) -> Network:
    """The trained network to look into.

    Args:
        where: the function that asks, for its messages.
        subject: a `Network`, a `Run`, or a `Model`.
        network: which of a model's networks, counted from 0; the heaviest member when None.

    Raises:
        InputError: something else, a network without parameters, or an index that there is not.
    """
    if isinstance(subject, Network):
        members = [(subject, 1.0)]
    elif isinstance(getattr(subject, "network", None), Network):
        members = _members(subject)
    else:
        raise InputError(
            f"{where}: the first argument must be a network, a run or a model. Got {type(subject).__name__}. "
            "Give what ts.Network, ts.train, ts.fit or ts.load returned."
        )
    if network is None:
        index = max(range(len(members)), key=lambda i: members[i][1])
    elif isinstance(network, bool) or not isinstance(network, int) or not 0 <= network < len(members):
        raise InputError(
            f"{where}: network must be an index from 0 to {len(members) - 1}. Got {network!r}. "
            "Leave it out for the heaviest member."
        )
    else:
        index = network
    chosen = members[index][0]
    if not chosen.is_initialized:
        raise InputError(
            f"{where}: the network must have parameters. This one has none yet. "
            "Train it with ts.train, or use network.initialized(seed=0)."
        )
    return chosen


def _members(subject: Any) -> list[tuple[Network, float]]:
    """The network that a model chose, then those of its answer that see the same prepared rows, with their weights.

    The chosen one stands beside an answer that is an average or a baseline, and `preparation` makes its rows, so it is
    the one that is looked into unless another is named.
    """
    found = [(subject.network, float("inf"))]
    for member in getattr(subject, "members", ()):
        alike = member.network is not None and member.preparation is subject.preparation
        if alike and member.network is not subject.network:
            found.append((member.network, member.weight))
    return found


def part_of(net: Network, begin: int, end: int) -> Network:
    """The network of layers `begin` to before `end`, with their parameters: what happens between two places."""
    part = Network(net.layers[begin:end], input_shape=net.shapes[begin])
    own = set(net.layer_names[begin:end])
    values = [array for name, array in net.parameters.items() if name.partition(".")[0] in own]
    return part.with_parameters(dict(zip(part.parameter_shapes, values, strict=True)))


def layer_index(where: str, net: Network, layer: str | int | None) -> int:
    """The place of a layer given by its name or index; the last hidden one when None.

    Raises:
        InputError: there is no such layer.
    """
    names = net.layer_names
    if layer is None:
        return max(len(names) - 2, 0)
    if isinstance(layer, str) and layer in names:
        return names.index(layer)
    if isinstance(layer, int) and not isinstance(layer, bool) and -len(names) <= layer < len(names):
        return layer % len(names)
    raise InputError(
        f"{where}: layer must be one of {', '.join(names)}, or its index. Got {layer!r}. print(net) shows them."
    )


def features_of(net: Network, names: Any = None) -> list[str]:
    """A name for each number of a sample: those given, or x1, x2, …"""
    count = int(np.prod(net.input_shape))
    if names is None:
        return ["x"] if count == 1 else [f"x{i + 1}" for i in range(count)]
    names = [str(name) for name in names]
    if len(names) != count:
        raise InputError(
            f"names: there must be one for each of the {count} inputs. Got {len(names)}. Leave them out for x1, x2, …"
        )
    return names


def output_names(net: Network, names: Any = None) -> list[str]:
    """A name for each output: those given, or y1, y2, …"""
    count = int(np.prod(net.output_shape))
    if names is not None and len(list(names)) == count:
        return [str(name) for name in names]
    return ["y"] if count == 1 else [f"y{i + 1}" for i in range(count)]
