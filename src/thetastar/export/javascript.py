"""The JavaScript that reads a model: a file a room, of which a module has those that its model needs."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Any

__all__ = ["layer_kinds", "layers_script", "predict_script", "source"]

_ROOMS = {
    "predict_images.js": {"conv2d", "max_pool2d", "average_pool2d", "global_average_pool2d"},
    "predict_sequences.js": {"simple_rnn", "lstm", "gru", "embedding"},
    "predict_tables.js": {"scale", "periodic_embedding", "parametric_activation", "batch_ensemble"},
}
"""By file, the kinds of layers in it; all others are in `predict_layers.js`."""


def source(name: str) -> str:
    """A file that stands beside this one."""
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def layers_script(kinds: Iterable[str]) -> str:
    """What computes layers of these kinds; nothing where there are none."""
    wanted = set(kinds)
    rooms = [name for name, own in _ROOMS.items() if own & wanted]
    return "\n".join(map(source, ["predict_layers.js", *rooms])) if wanted else ""


@cache
def predict_script(kinds: frozenset[str] | None = None) -> str:
    """An ES module whose `read(description)` gives a model with `predict(row)`.

    Args:
        kinds: of the layers that it must know; all if not given.
    """
    known = frozenset().union({"dense"}, *_ROOMS.values()) if kinds is None else kinds
    always = ("predict.js", "predict_columns.js", "predict_numbers.js", "predict_activations.js")
    parts = [*map(source, always), layers_script(known)]
    return "\n".join(part for part in parts if part)


def layer_kinds(networks: Iterable[Any]) -> frozenset[str]:
    """The kinds of all layers of networks, of those inside others too."""
    inside = [layer.to_dict() for network in networks for layer in network.layers]
    kinds = set()
    while inside:
        layer = inside.pop()
        kinds.add(layer["kind"])
        inside += layer.get("layers", ())
    return frozenset(kinds)
