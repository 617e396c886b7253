"""What the service says of itself: the columns of a row, and the description by OpenAPI 3.1."""

from __future__ import annotations

import sys
from typing import Any

from thetastar.data.blocks import Block, BooleanBlock, CategoryBlock, DateBlock, ImageBlock, NumberBlock, SequenceBlock

__all__ = ["document", "openapi", "refusals", "rows_body", "said", "schema"]

_ROLES: dict[type[Block], str] = {
    NumberBlock: "number", BooleanBlock: "boolean", CategoryBlock: "category", DateBlock: "date",
    ImageBlock: "image", SequenceBlock: "sequence",
}  # fmt: skip
_SHOWN = 200
_LARGEST = sys.float_info.max
_NUMBER = r"^([+-]?[0-9]+(\.[0-9]+)?)?$"  # an empty text is a value that is not known


def schema(model: Any) -> dict[str, Any]:
    """{"target", "task", "classes", "columns": [{"name", "role", …}]} of a model; of several targets "targets" too."""
    base = getattr(model.preparation, "base", model.preparation)
    classes = model.classes
    return {
        "target": model.target, "task": model.task, "classes": None if classes is None else [str(c) for c in classes],
        **({"targets": list(model.targets)} if len(model.targets) > 1 else {}),
        "columns": [_column(block) for block in base.blocks],
    }  # fmt: skip


def _column(block: Block) -> dict[str, Any]:
    found: dict[str, Any] = {"name": block.name, "role": _ROLES[type(block)]}
    if isinstance(block, NumberBlock):
        found["median"] = block.median
    if isinstance(block, CategoryBlock):
        found["levels"] = [*block.levels, *(level for level, _ in block.rest)][:_SHOWN]
    if isinstance(block, DateBlock):
        found["layout"] = block.layout
    if isinstance(block, ImageBlock | SequenceBlock):
        found["shape"] = list(block.shape)
    return found


def _cell(block: Block) -> dict[str, Any]:
    """What a cell of a column may be."""
    if isinstance(block, NumberBlock):
        number = {"type": ["number", "boolean", "null"], "minimum": -_LARGEST, "maximum": _LARGEST}
        return {"anyOf": [number, {"type": "string", "pattern": _NUMBER}]}
    if isinstance(block, DateBlock):
        words = {"description": f"A date as training wrote it: {block.layout}."}
        return {"anyOf": [{"type": "string", "format": "date", **words}, {"type": "null"}, {"const": ""}]}
    if isinstance(block, ImageBlock | SequenceBlock):
        return {"type": "array"}
    return {"type": ["string", "number", "boolean", "null"]}


def openapi(model: Any, names: list[str], most_bytes: int) -> dict[str, Any]:
    """The description by OpenAPI 3.1."""
    base = getattr(model.preparation, "base", model.preparation)
    row = {"type": "object", "required": names, "properties": {block.name: _cell(block) for block in base.blocks}}
    answer: dict[str, Any] = {"type": "number"} if model.classes is None else {"type": ["string", "number", "boolean"]}
    if getattr(model, "quantiles", None) is not None:
        answer = {"type": "array", "items": {"type": "number"}}
    if len(model.targets) > 1:
        kinds = ["string", "number", "boolean"] if model.target_encoding.kind.probable else "number"
        each = {name: {"type": kinds} for name in model.targets}
        answer = {"type": "object", "required": list(model.targets), "properties": each}
    answers: dict[str, Any] = {
        "type": "object", "required": ["predictions"],
        "properties": {
            "predictions": {"type": "array", "items": answer},
            "probabilities": {
                "type": "array", "items": {"type": "object", "additionalProperties": {"type": "number"}},
            },
        },
    }  # fmt: skip
    path = {
        "post": {
            "summary": f"Predict {model.target}",
            "parameters": [{"name": "proba", "in": "query", "required": False, "schema": {"type": "boolean"}}],
            "requestBody": rows_body(most_bytes, required=True),
            "responses": {
                "200": said("One prediction for each row, in order.", "Predictions"),
                **refusals("Too long, or too many rows.", "A row cannot be read; the words say which and why."),
            },
        }
    }
    plain = {
        "/health": "Whether the service answers.", "/version": "Versions, target and task.",
        "/schema": "The columns of a row.",
        "/drift": "Shares of missing, unseen and far cells by column, of the rows that came as JSON.",
    }  # fmt: skip
    return document(model.target, {"/predict": path}, plain, {"Row": row, "Predictions": answers})


def said(words: str, name: str) -> dict[str, Any]:
    """A response in JSON, described by the schema of that name."""
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}
    return {"description": words, "content": content}


def refusals(too_much: str, unreadable: str) -> dict[str, Any]:
    """The responses to requests that are not answered, by their status."""
    words = {
        "400": "The body is not JSON.", "413": too_much, "415": "Neither JSON nor CSV.", "422": unreadable,
        "503": "The answer took too long.",
    }  # fmt: skip
    return {status: said(each, "Error") for status, each in words.items()}


def rows_body(most_bytes: int, *, required: bool) -> dict[str, Any]:
    """The body of a request: a row, several, or an object that holds them, as JSON; or CSV."""
    schemas = ("Row", "RowList", "Rows")
    either = {"oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in schemas]}
    csv = {"type": "string", "minLength": 1, "description": "A header with the columns, then rows."}
    return {
        "required": required, "description": f"At most {most_bytes:,} bytes.",
        "content": {"application/json": {"schema": either}, "text/csv": {"schema": csv}},
    }  # fmt: skip


def document(
    target: str, paths: dict[str, Any], plain: dict[str, str], schemas: dict[str, Any]
) -> dict[str, Any]:  # fmt: skip
    """The whole description.

    Args:
        paths: what answers to rows or steps.
        plain: what every service tells of itself, in words by its path.
        schemas: by name; `Row` is one of them.
    """
    several = {"$ref": "#/components/schemas/RowList"}
    told = {"schema": {"type": "object"}}
    for path, words in (plain | {"/openapi.json": "This description."}).items():
        answer = {"description": words, "content": {"application/json": told}}
        paths = {**paths, path: {"get": {"summary": words, "responses": {"200": answer}}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": f"{target} by thetastar", "version": "1"},
        "paths": paths,
        "components": {"schemas": {
            **schemas,
            "RowList": {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/Row"}},
            "Rows": {
                "type": "object", "required": ["rows"], "properties": {"rows": several}, "additionalProperties": False,
            },
            "Error": {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}},
        }},
    }  # fmt: skip
