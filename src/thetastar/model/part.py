"""What every part of a record is made of: frozen, closed to unknown names, a sentence and a unit for each field."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

__all__ = ["Count", "Interval", "Number", "Part", "Scores", "Text", "about"]


class Part(BaseModel):
    """A part of a record. A field that is missing, misnamed or of the wrong kind is refused when the part is made.

    A part can also be read by key, `record["test"]["rows"]`: format 1 of the record was a plain dictionary, and scripts
    that were written for it go on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    def __getitem__(self, name: str) -> Any:
        if name not in type(self).model_fields and not isinstance(getattr(type(self), name, None), property):
            raise KeyError(name)
        return getattr(self, name)


def about(sentence: str, unit: str = "", **rules: Any) -> Any:
    """A field's sentence, its unit ("" where it has none) and pydantic's rules for its values."""
    return Field(description=sentence, json_schema_extra={"unit": unit}, **rules)


def _readable(value: Any) -> Any:
    """Half a surrogate pair, which names of files and columns may hold, cannot be written to a file: it becomes "?"."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _ordered(ends: tuple[float, float]) -> tuple[float, float]:
    if ends[0] > ends[1]:
        raise ValueError(f"the lower end {ends[0]:g} of an interval is above the upper end {ends[1]:g}")
    return ends


Text = Annotated[str, BeforeValidator(_readable)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
Interval = Annotated[tuple[Number, Number], AfterValidator(_ordered)]
Scores = dict[str, Number | None]  # by metric; None where a metric is not defined on these rows
