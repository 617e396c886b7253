"""What the service says of itself: the columns of a row, and the description by OpenAPI 3.1."""

from __future__ import annotations

import sys
from typing import Any

from thetastar.data.blocks import Block, BooleanBlock, CategoryBlock, DateBlock, ImageBlock, NumberBlock, SequenceBlock

__all__ = ["openapi", "schema"]

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
    rows = {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/Row"}}
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
    error = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}

    def said(words: str, name: str) -> dict[str, Any]:
        content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}
        return {"description": words, "content": content}

    def plain(words: str) -> dict[str, Any]:
        content = {"application/json": {"schema": {"type": "object"}}}
        return {"get": {"summary": words, "responses": {"200": {"description": words, "content": content}}}}

    either = {"oneOf": [{"$ref": "#/components/schemas/Row"}, rows, {"$ref": "#/components/schemas/Rows"}]}
    return {
        "openapi": "3.1.0",
        "info": {"title": f"{model.target} by thetastar", "version": "1"},
        "paths": {
            "/predict": {
                "post": {
                    "summary": f"Predict {model.target}",
                    "parameters": [
                        {"name": "proba", "in": "query", "required": False, "schema": {"type": "boolean"}}
                    ],
                    "requestBody": {
                        "required": True, "description": f"At most {most_bytes:,} bytes.",
                        "content": {"application/json": {"schema": either}, "text/csv": {"schema": {
                            "type": "string", "minLength": 1, "description": "A header with the columns, then rows.",
                        }}},
                    },
                    "responses": {
                        "200": said("One prediction for each row, in order.", "Predictions"),
                        "400": said("The body is not JSON.", "Error"),
                        "413": said("Too long, or too many rows.", "Error"),
                        "415": said("Neither JSON nor CSV.", "Error"),
                        "422": said("A row cannot be read; the words say which and why.", "Error"),
                        "503": said("The answer took too long.", "Error"),
                    },
                }
            },
            "/health": plain("Whether the service answers."),
            "/version": plain("Versions, target and task."),
            "/schema": plain("The columns of a row."),
            "/drift": plain("Shares of missing, unseen and far cells by column, of the rows that came as JSON."),
            "/openapi.json": plain("This description."),
        },
        "components": {
            "schemas": {
                "Row": row, "Error": error, "Predictions": answers,
                "Rows": {
                    "type": "object", "required": ["rows"], "properties": {"rows": rows}, "additionalProperties": False,
                },
            }
        },
    }  # fmt: skip
