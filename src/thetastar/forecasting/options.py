"""The options of a forecast: one table that feeds validation, `--help` and the reference page."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from thetastar.errors import InputError

__all__ = ["METHODS", "ForecastOptions", "read_levels"]

METHODS = (
    "last value", "seasonal naive", "seasonal average", "mean", "drift", "moving average", "exponential smoothing",
    "theta", "level", "linear on", "linear + network", "boosted trees", "network", "convolutional network",
    "recurrent network",
)  # fmt: skip
"""What the names of all methods begin with."""


class ForecastOptions(BaseModel):
    """Everything about a forecast except the data; the description of each field is its help text."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    target: str = Field(description="Column to forecast.")
    time: str = Field(description="Column that says when: dates in any spelling, or numbers with a constant step.")
    id: str | None = Field(default=None, description="Column that says which series a row belongs to.")
    horizon: int = Field(default=1, ge=1, le=10_000, description="Steps to forecast at once.")
    history: tuple[int, ...] | None = Field(
        default=None, description="How many last values linear methods and networks see, such as 1,7,28,56."
    )
    known: tuple[str, ...] = Field(default=(), description="Columns that are known ahead, such as prices or holidays.")
    past: tuple[str, ...] | None = Field(
        default=None,
        description="Further columns known up to now; all columns of numbers if not given, 'none' for none.",
    )
    levels: tuple[float, ...] = Field(default=(80.0, 95.0), description="Levels of the intervals, in percent.")
    season: int | None = Field(
        default=None, ge=1, le=100_000, description="Steps of the season; found if not given, 1 for none."
    )
    duplicates: Literal["refuse", "sum", "mean"] = Field(
        default="refuse", description="What to do with rows of the same time: refuse, sum or mean."
    )
    gaps: Literal["season", "zero", "missing"] = Field(
        default="season",
        description="How a missing value is read: as the one a season before, as zero, or kept missing.",
    )
    unseen: int | None = Field(
        default=None, ge=1, description="Last steps that only test; a fifth of the series if not given."
    )
    methods: tuple[str, ...] | None = Field(
        default=None, description="Names, or beginnings of names, of the methods that may compete; all if not given."
    )
    seed: int = Field(default=0, ge=0, le=2**31 - 1, description="Seed of the networks' starts.")
    threads: int | None = Field(default=None, ge=1, le=4096, description="Threads to use; every core if not given.")
    out: Path | None = Field(default=None, description="Folder for model.theta, report.html and forecast.csv.")

    @field_validator("history", mode="before")
    @classmethod
    def _history(cls, given: Any) -> Any:
        if given is None:
            return None
        parts = _listed(given)
        try:
            lags = sorted({int(part) for part in parts})
        except (TypeError, ValueError):
            raise ValueError("give whole numbers, such as 1,7,28,56") from None
        if not lags or lags[0] < 1 or lags[-1] > 5000:
            raise ValueError("give numbers of steps from 1 to 5000, such as 1,7,28,56")
        return tuple(lags)

    @field_validator("known", "past", "methods", mode="before")
    @classmethod
    def _names(cls, given: Any, info: Any) -> Any:
        if given is None:
            return () if info.field_name == "known" else None
        names = tuple(str(part) for part in _listed(given))
        return () if names == ("none",) else names

    @field_validator("methods")
    @classmethod
    def _methods(cls, given: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for word in given or ():
            if not any(word.startswith(name) or name.startswith(word) for name in METHODS):
                raise ValueError(f"no method begins with {word!r}; there are: {', '.join(METHODS)}")
        return given

    @field_validator("levels", mode="before")
    @classmethod
    def _levels(cls, given: Any) -> Any:
        return read_levels(given)

    @classmethod
    def checked(cls, **given: Any) -> ForecastOptions:
        """The options, validated.

        Raises:
            InputError: an option is unknown, of the wrong type or out of range; the message names each one.
        """
        try:
            return cls(**{name: value for name, value in given.items() if value is not None or name == "past"})
        except ValidationError as error:
            raise InputError("; ".join(_sentence(cls, problem) for problem in error.errors())) from None


def read_levels(given: Any) -> tuple[float, ...]:
    """Levels in percent, rising; numbers between 0 and 1 are read as shares: 0.8 is 80 %.

    Raises:
        ValueError: there is no level, or one is 0 or less, 1, or 100 or more.

    Example:
        >>> read_levels("0.8, 95")
        (80.0, 95.0)
    """
    levels = set()
    for part in _listed(given):
        try:
            level = float(str(part).strip().removesuffix("%"))
        except ValueError:
            raise ValueError("give levels in percent, such as 80,95") from None
        if 0 < level < 1:
            level = round(100 * level, 9)
        if not 1 < level < 100:
            raise ValueError("a level is a percentage above 1 and below 100, or a share between 0 and 1")
        levels.add(level)
    if not levels:
        raise ValueError("give at least one level, such as 80")
    return tuple(sorted(levels))


def _listed(given: Any) -> list[Any]:
    """What stands between commas, or the parts of a list."""
    if isinstance(given, str):
        return [part.strip() for part in given.split(",") if part.strip()]
    return list(given) if hasattr(given, "__iter__") else [given]


def _sentence(model: type[BaseModel], problem: dict) -> str:
    """One pydantic problem as `where: the rule, what arrived (what it is)`."""
    where = ".".join(str(part) for part in problem["loc"][:1])
    rule = problem["msg"].removeprefix("Value error, ")
    field = model.model_fields.get(where)
    hint = f" ({field.description.rstrip('.')})" if field is not None and field.description else ""
    if field is None:
        from thetastar.data.table import describe_names

        return f"forecast: there is no option {where!r}. {describe_names(where, list(model.model_fields))}"
    if problem["type"] == "missing":
        return f"forecast: {where} is missing{hint}"
    return f"forecast: {where}: {rule[:1].lower()}{rule[1:]}; got {problem['input']!r}{hint}"
