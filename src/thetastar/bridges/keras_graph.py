"""The layers of a Keras model from its input to its output: one after another, or beside a shortcut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras

from ..errors import InputError

__all__ = ["WHERE", "Block", "in_order", "is_plain", "refuse_own_ways"]

WHERE = "Network.from_keras"
"""What errors of the reading begin with."""


def refuse_own_ways(model: keras.Model) -> None:
    """Refuse a model of which nobody can see what it computes: neither Sequential nor functional."""
    if not isinstance(model, keras.Sequential) and not hasattr(model, "operations"):
        raise InputError(
            f"{WHERE}: a model that computes in its own way cannot be read. Got {type(model).__name__}. "
            "Use a Sequential or functional model."
        )


@dataclass
class Block:
    """A stack of layers beside a shortcut: `keras.layers.Add` of the two.

    Args:
        inner: the layers of the stack.
        projection: the layer of the shortcut; None where that is the identity.
        name: that of the Add.
    """

    inner: list[Any]
    projection: Any
    name: str


def in_order(model: keras.Model) -> list[Any]:
    """The layers and blocks from input to output, those of models inside too.

    Raises:
        InputError: there is another branch than that of a block.
    """
    refuse_own_ways(model)
    if isinstance(model, keras.Sequential):
        return _unpacked(model.layers)
    if len(model.outputs) != 1:
        raise InputError(
            f"{WHERE}: the layers must stand one after another. Got more than one output. Put them in one row."
        )
    found = _Graph(model).between(model.inputs[0], model.outputs[0])
    if found is None:
        branch = next((each for each in model.operations if _branches(each)), model.operations[-1])
        raise InputError(
            f"{WHERE}: the layers must stand one after another, or as in a ts.Residual. Got another branch near "
            f"{branch.name} ({type(branch).__name__}). Put them in one row."
        )
    return found


def _unpacked(layers: list[Any]) -> list[Any]:
    parts = (in_order(layer) if isinstance(layer, keras.Model) else [layer] for layer in layers)
    return [part for several in parts for part in several]


def _branches(layer: Any) -> bool:
    return any(len(node.input_tensors) > 1 for node in layer._inbound_nodes)


class _Graph:
    """Finds the way through a functional model, from its output back.

    Args:
        model: with one output.
    """

    def __init__(self, model: keras.Model) -> None:
        self.places = {id(layer): place for place, layer in enumerate(model.operations)}
        self.known: dict[tuple[int, int], list[Any] | None] = {}  # so that many blocks in a row are walked once each

    def between(self, start: Any, end: Any) -> list[Any] | None:
        """The layers and blocks that lead from one tensor to another, None where no single row of them does."""
        pair = id(start), id(end)
        if pair not in self.known:
            self.known[pair] = self._walked(start, end)
        return self.known[pair]

    def _walked(self, start: Any, end: Any) -> list[Any] | None:
        row: list[Any] = []
        while end is not start:
            layer, taken = self._made_by(end)
            if type(layer) is keras.layers.Add and len(taken) == 2:
                found = self._block(taken, layer.name)
                if found is None:
                    return None
                block, end = found
                row.insert(0, block)
            elif len(taken) == 1:
                row[:0] = _unpacked([layer])
                end = taken[0]
            else:
                return None
        return row

    def _made_by(self, tensor: Any) -> tuple[Any, list[Any]]:
        """The layer that made a tensor and what it took; (None, []) at an input."""
        layer, index, _ = tensor._keras_history
        if id(layer) not in self.places or isinstance(layer, keras.layers.InputLayer):
            return None, []
        node = layer._inbound_nodes[index]
        return layer, list(node.input_tensors) if len(node.output_tensors) == 1 else []

    def _block(self, ends: list[Any], name: str) -> tuple[Block, Any] | None:
        """The block of a stack and a shortcut that end in these two tensors, and the tensor that both start at."""
        late, early = sorted(ends, key=lambda tensor: self.places.get(id(tensor._keras_history[0]), -1), reverse=True)
        inner = self.between(early, late)
        if inner:
            return Block(inner, None, name), early
        shortcuts = [(self._made_by(end), other) for end, other in zip(ends, ends[::-1], strict=True)]
        # As to_keras writes them the stack comes first; a layer with a bias is no projection if the other can be one.
        for (layer, taken), end in sorted(shortcuts[::-1], key=lambda each: not is_plain(each[0][0])):
            if isinstance(layer, keras.layers.Dense | keras.layers.Conv2D) and len(taken) == 1:
                inner = self.between(taken[0], end)
                if inner:
                    return Block(inner, layer, name), taken[0]
        return None


def is_plain(layer: Any) -> bool:
    """Whether a layer has neither bias nor activation, as a projection."""
    return getattr(layer, "activation", None) is keras.activations.linear and not layer.use_bias
