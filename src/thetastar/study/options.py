"""The options of a study: one table that feeds validation, `--help`, `study.toml` and the reference page."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from thetastar.errors import InputError
from thetastar.recipes import Candidate

__all__ = ["StudyOptions"]


class StudyOptions(BaseModel):
    """Everything about a study except the data itself; the description of each field is its help text."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    target: str | int | None = Field(
        default=None,
        description="Column to predict: its name, or its 0-based index (negative from the end); of images their class.",
    )
    test: Any = Field(default=None, description="Test data in a file of its own; without it a tenth of the rows.")
    task: Literal["regression", "binary", "multiclass"] | None = Field(
        default=None, description="Kind of the target; found from its values if not given."
    )
    metric: str | None = Field(
        default=None,
        description="Score that chooses: rmse, mae, r2; auc, accuracy, log_loss, f1, balanced_accuracy, macro_f1.",
    )
    roles: dict[str | int, str] | None = Field(
        default=None, description="Roles of columns where the one found does not suit, such as {'zip': 'category'}."
    )
    id: str | None = Field(
        default=None, description="Column that says whose row it is, where rows are steps of sequences; needs time."
    )
    time: str | None = Field(default=None, description="Column that orders the steps of a sequence; needs id.")
    ordered: bool = Field(
        default=False, description="Rows are in order of time: the last ones are the test, those before them choose."
    )
    candidates: tuple[Candidate, ...] | None = Field(
        default=None, description="Networks to choose among; a set suited to the table if not given."
    )
    restarts: int = Field(default=3, ge=1, le=1000, description="Random starts of every candidate.")
    folds: int | None = Field(
        default=None,
        ge=1,
        le=100,
        description="1: fixed validation rows; k: k-fold cross-validation; 5 for small tables and else 1 if not given.",
    )
    budget: float | None = Field(default=None, gt=0, description="Seconds that the whole study may take.")
    effort: float | None = Field(
        default=None,
        gt=0,
        description="Core-seconds of the reference machine for networks; by budget or rows if not given.",
    )
    seed: int = Field(default=0, ge=0, le=2**31 - 1, description="Seed of the split, the starts and the shuffles.")
    threads: int | None = Field(default=None, ge=1, le=4096, description="Threads to use; every core if not given.")
    out: Path | None = Field(
        default=None, description="Folder for study.toml, journal.jsonl, model.theta and report.html."
    )
    fresh: bool = Field(default=False, description="Start again in a folder that holds another study.")

    @field_validator("candidates", mode="before")
    @classmethod
    def _candidates(cls, given: Any) -> Any:
        """A tuple of widths stands for the network with these hidden layers."""
        if given is None:
            return None
        if isinstance(given, (str, bytes, dict, Candidate)) or not hasattr(given, "__iter__"):
            raise ValueError("give a list, such as [(64, 64), Candidate(hidden=(128,), activation='tanh')]")
        listed = [item if isinstance(item, (Candidate, dict)) else {"hidden": item} for item in given]
        if not listed:
            raise ValueError("the list is empty; name at least one network, or leave it out for the default set")
        return tuple(listed)

    @field_validator("candidates")
    @classmethod
    def _distinct(cls, given: tuple[Candidate, ...] | None) -> tuple[Candidate, ...] | None:
        names = [candidate.name for candidate in given or ()]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two candidates are the same: {twice[0]}; leave one out or give it a label of its own")
        return given

    @model_validator(mode="after")
    def _together(self) -> StudyOptions:
        if (self.id is None) != (self.time is None):
            raise ValueError("id and time belong together: give both columns, or neither")
        if self.ordered and (self.folds or 1) > 1:
            raise ValueError("rows in order of time cannot be dealt into folds; leave folds out")
        return self

    @classmethod
    def checked(cls, **given: Any) -> StudyOptions:
        """The options, validated.

        Raises:
            InputError: an option is unknown, of the wrong type or out of range; the message names each one.
        """
        try:
            return cls(**given)
        except ValidationError as error:
            raise InputError("; ".join(_sentence(cls, problem) for problem in error.errors())) from None


def _sentence(model: type[BaseModel], problem: dict) -> str:
    """One pydantic problem as "where: rule, what arrived. What to do.\""""
    where = ".".join(str(part) for part in problem["loc"])
    rule = problem["msg"].removeprefix("Value error, ")
    if not problem["loc"]:  # a rule about several options
        return rule
    field = model.model_fields.get(str(problem["loc"][0]))
    hint = f" ({field.description.rstrip('.')})" if field is not None and field.description else ""
    return f"{where}: {rule[:1].lower()}{rule[1:]}, got {problem['input']!r}{hint}"
