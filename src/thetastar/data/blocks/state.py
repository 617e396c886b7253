"""Blocks as a model file keeps them, read back with every field checked."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from thetastar.data.blocks.block import Block
from thetastar.data.blocks.boolean import BooleanBlock
from thetastar.data.blocks.category import CategoryBlock
from thetastar.data.blocks.date import DateBlock
from thetastar.data.blocks.image import ImageBlock
from thetastar.data.blocks.number import NumberBlock
from thetastar.data.blocks.sequence import SequenceBlock
from thetastar.errors import InputError

__all__ = ["BLOCKS", "block_from_state", "block_kind"]

_KINDS: tuple[type[Block], ...] = (NumberBlock, BooleanBlock, CategoryBlock, DateBlock, ImageBlock, SequenceBlock)
BLOCKS = {kind.__name__: kind for kind in _KINDS}
"""Every kind of block by its name; model files use these names."""
_BY_ROLE = {role: kind for kind in _KINDS for role in kind.roles}


def block_kind(role: str) -> type[Block]:
    """The kind of block that prepares columns of that role."""
    return _BY_ROLE[role]


def block_from_state(state: dict[str, Any]) -> Block:
    """The block that `to_state` described; a state from a stranger's file is checked field by field.

    Raises:
        InputError: The state is not one that `to_state` writes.
    """
    kind = BLOCKS.get(str(state.get("block")))
    values = {key: _tuples(value) for key, value in state.items() if key != "block"}
    if kind is None or set(values) != {field.name for field in fields(kind)}:
        raise _damaged(f"a {state.get('block')!r} with the fields {', '.join(sorted(map(str, values)))}")
    for field in fields(kind):
        if not _fits(values[field.name], str(field.type)):
            raise _damaged(f"{values['name']!r} has {field.name} = {str(values[field.name])[:40]}")
    block = kind(**values)
    if not block.sound():
        raise _damaged(f"{block.name!r} cannot be prepared so")
    return block


def _fits(value: Any, kind: str) -> bool:
    """Whether a value is of the type that a field's annotation names."""
    if kind.startswith("tuple["):
        inside = kind[6:-1].removesuffix(", ...")
        if inside.startswith("tuple["):
            pair = inside[6:-1].split(", ")
            return isinstance(value, tuple) and all(
                isinstance(item, tuple) and len(item) == len(pair) and all(map(_fits, item, pair)) for item in value
            )
        return isinstance(value, tuple) and all(_fits(item, inside) for item in value)
    if kind == "float":
        return isinstance(value, int | float) and not isinstance(value, bool)
    return type(value) is {"str": str, "int": int, "bool": bool}[kind]


def _damaged(what: str) -> InputError:
    return InputError(f"preparation: {what}. The model file is damaged or was not written by thetastar.")


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value
