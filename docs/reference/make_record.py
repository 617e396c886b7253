"""Writes record.md from the types of `thetastar.model.record`: `python docs/reference/make_record.py`."""

from __future__ import annotations

import types
import typing
from pathlib import Path

from pydantic import JsonValue

from thetastar.model import conclusion, record
from thetastar.model.part import Part

PAGE = Path(__file__).with_name("record.md")

_OPENING = """# The record: what a study leaves behind

`model.record` holds everything that the report, the command line and `model.result()` show. It consists of frozen
parts: a field that is missing, misnamed or of the wrong kind is refused when a part is made. `model.record.to_dict()`
gives plain JSON values, as the model file stores them, and `Record.from_dict` reads them back, those of older formats
too. A part can be read by key as well, `record["test"]["rows"]`.

```python
import thetastar as ts

rows = {"x": [k / 50 for k in range(400)], "y": [(k / 50) ** 2 for k in range(400)]}
record = ts.fit(rows, target="y", candidates=[(16,)], effort=2).record
record.test.scores["rmse"], record.headline.state, record.leaderboard[0].name
```

Two things follow from the others and are computed, not stored: `record.headline` and `record.verdict`.

This page is generated from the types in `src/thetastar/model/record.py` by `docs/reference/make_record.py`.
"""


def page() -> str:
    """The whole page: a table for every part, the record first, then its parts as the record mentions them."""
    parts = [record.Record, *_inner(record.Record), conclusion.Headline]
    return "\n".join([_OPENING, *(_table(part) for part in dict.fromkeys(parts))])


def _inner(part: type[Part]) -> list[type[Part]]:
    found: list[type[Part]] = []
    for field in part.model_fields.values():
        for kind in _kinds(field.annotation):
            found += [kind, *_inner(kind)]
    return found


def _kinds(annotation: object) -> list[type[Part]]:
    """The parts that an annotation names, in whatever it wraps them."""
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return [annotation]
    return [kind for argument in typing.get_args(annotation) for kind in _kinds(argument)]


def _table(part: type[Part]) -> str:
    lines = [
        f"## {part.__name__}",
        "",
        part.__doc__ or "",
        "",
        "| field | kind | what it says | unit |",
        "|---|---|---|---|",
    ]
    for name, field in part.model_fields.items():
        extra = field.json_schema_extra
        unit = extra.get("unit", "") if isinstance(extra, dict) else ""
        lines.append(f"| `{name}` | {_words(field.annotation)} | {field.description} | {unit} |")
    return "\n".join([*lines, ""])


def _words(annotation: object) -> str:
    """An annotation as a reader says it: `list of LeaderboardRow`, `number or None`."""
    names = {str: "text", int: "whole number", float: "number", bool: "yes or no", type(None): "None"}
    arguments, origin = typing.get_args(annotation), typing.get_origin(annotation)
    if annotation in names:
        return names[annotation]  # type: ignore[index]
    if annotation is JsonValue or str(annotation) == "JsonValue":
        return "JSON value"
    if origin is typing.Annotated:
        return _words(arguments[0])
    if origin is typing.Literal:
        return " or ".join(f"`{value!r}`" if isinstance(value, int) else f'`"{value}"`' for value in arguments)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(map(_words, arguments))
    if origin is tuple:
        many = len(arguments) == 2 and arguments[1] is Ellipsis
        return f"list of {_words(arguments[0])}" if many else f"two of {_words(arguments[0])}"
    if origin is dict:
        return f"{_words(arguments[0])} → {_words(arguments[1])}"
    assert isinstance(annotation, type)
    return f"[{annotation.__name__}](#{annotation.__name__.lower()})"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
