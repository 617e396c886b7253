"""Command-line options made from `StudyOptions`, the one table of options: name, type, default and help are there."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from thetastar.cli.completion import columns_that_begin, metrics_that_begin, words_that_begin
from thetastar.errors import InputError

__all__ = ["parse_roles", "with_study_options"]

_COMPLETIONS = {"metric": metrics_that_begin, "task": words_that_begin("regression", "binary", "multiclass"),
                "answer": words_that_begin("best", "networks", "one")} | dict.fromkeys(
                    ("id", "time", "group", "by_time", "stratify", "sample_weight"), columns_that_begin)  # fmt: skip

# Under which heading of `--help` an option stands.
_PANELS = dict.fromkeys(("id", "time"), "Sequences") | dict.fromkeys(
    ("ordered", "shuffle", "group", "by_time", "gap", "stratify", "sample_weight", "folds", "test"),
    "Which rows learn, choose and test",
) | dict.fromkeys(("answer", "restarts", "budget", "effort", "seed", "threads"), "Networks and time") | dict.fromkeys(
    ("formulas", "monotone", "bounds"), "What you know already") | dict.fromkeys(
    ("out", "fresh"), "Where it is kept")  # fmt: skip

_REPEATED = {"formulas"}

# Given in a shape of their own on the command line, or not at all: a candidate has too many parts for one option.
_ELSEWHERE = {"target", "roles", "candidates", "cv"}


def with_study_options(command: Callable[..., None], *, asked: bool = True) -> Callable[..., None]:
    """Give `command` one keyword option for every field of `StudyOptions` in the place of its `**options`.

    Options that are not given do not reach the command: the defaults stay in the table. Where the command is not
    `asked` for, the options are left away: reading the table loads NumPy, which would double the time of `--help`.
    """
    signature = inspect.signature(command, eval_str=True)
    fixed = [p for p in signature.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]

    def wrapped(**given: Any) -> None:
        command(**{name: value for name, value in given.items() if value is not None})

    wrapped.__name__, wrapped.__doc__ = command.__name__, command.__doc__
    parameters = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in [*fixed, *(_parameters() if asked else [])]
    ]
    wrapped.__signature__ = signature.replace(parameters=parameters)
    wrapped.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return wrapped


def _parameters() -> list[inspect.Parameter]:
    from thetastar.study.options import StudyOptions

    found = []
    for name, field in StudyOptions.model_fields.items():
        if name in _ELSEWHERE:
            continue
        kind = list[str] if name in _REPEATED else _plain_type(name, field.annotation)
        flags = [StudyOptions.about(name)["flag"], f"--{name.replace('_', '-')}"]
        default = f" [dim]\\[default: {field.default}][/]" if field.default not in (None, False) else ""
        option = typer.Option(
            *filter(None, flags), help=f"{field.description}{_choices(field.annotation)}{default}", show_default=False,
            metavar=None if kind is bool else StudyOptions.about(name)["metavar"] or "N",
            autocompletion=_COMPLETIONS.get(name), rich_help_panel=_PANELS.get(name),
        )  # fmt: skip
        annotation = Annotated[kind | None, option]
        found.append(inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation))
    return found


def _choices(annotation: Any) -> str:
    """` One of a, b, c.` where the table names the words that may stand here."""
    parts = (annotation,) if typing.get_origin(annotation) is typing.Literal else typing.get_args(annotation)
    words = [word for part in parts if typing.get_origin(part) is typing.Literal for word in typing.get_args(part)]
    return f" One of {', '.join(words)}." if words else ""


def _plain_type(name: str, annotation: Any) -> type:
    """The one type that the shell's text is read as; the table itself checks ranges and choices."""
    if name in ("test", "out"):
        return Path
    parts = typing.get_args(annotation) if isinstance(annotation, types.UnionType) else [annotation]
    if str in parts:  # a word or a number
        return str
    for plain in (bool, int, float):
        if plain in parts:
            return plain
    return str


def parse_roles(given: list[str] | None) -> dict[str, str] | None:
    """`["zip=category"]` as `{"zip": "category"}`; the column may itself hold an equals sign.

    Raises:
        InputError: one of them has no equals sign, or one side is empty.
    """
    roles = {}
    for text in given or []:
        column, sign, role = text.rpartition("=")
        if not sign or not column or not role:
            raise InputError(f"--role: write COLUMN=ROLE, such as zip=category; got {text!r}.")
        roles[column] = role.strip()
    return roles or None
