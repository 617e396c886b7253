"""The words of other frameworks for settings: `Adam(lr=…)`, `Dropout(p=…)`, `Huber(delta=…)` under every usual name.

A class says once what its settings are called elsewhere (`words`), and what Keras means by its name where that is
something else (`keras`). The metaclass puts this library's words in their place while an object is made, so classes,
`get` and dicts of settings take the same words, and an unknown one is answered with the nearest.
"""

from __future__ import annotations

import inspect
from abc import ABCMeta
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from functools import cache
from typing import TYPE_CHECKING, Any

from ._checks import nearest
from .errors import InputError

__all__ = ["CONVENTIONS", "Described", "check_convention", "ignored", "must_be", "own_settings"]

CONVENTIONS = {"keras": "keras", "tensorflow": "keras", "pytorch": "pytorch", "torch": "pytorch", "optax": "optax"}

Translation = str | Callable[..., Mapping[str, Any]]


class Described(ABCMeta):
    """The class of classes with settings: they may be given in the words of Keras, PyTorch or optax."""

    words: Mapping[str, Translation] = {}
    """Another framework's word -> ours, or f(value, all settings as given) that returns our settings, or refuses it."""
    keras: Mapping[str, Any] = {}
    """The settings that make this what Keras means by the name, where its default or its form is another one."""
    pytorch: Mapping[str, Any] = {}
    """The same of PyTorch; where it is empty, PyTorch's meaning is ours."""

    if not TYPE_CHECKING:  # type checkers and editors shall see the settings themselves

        def __call__(cls, *given: Any, convention: str | None = None, **settings: Any) -> Any:
            own = settings.keys() <= cls.__dataclass_fields__.keys() and not settings.keys() & cls.words.keys()
            if convention is not None or not own:
                settings = own_settings(cls, settings, convention, len(given))
            return super().__call__(*given, **settings)

        @property
        def __signature__(cls) -> inspect.Signature:
            signature = inspect.signature(cls.__init__)
            return signature.replace(parameters=list(signature.parameters.values())[1:])


def check_convention(where: str, convention: str | None) -> str | None:
    """Return "keras", "pytorch", "optax" or None.

    Raises:
        InputError: it is none of the names that these go by.

    Example:
        >>> check_convention("losses.get", "torch")
        'pytorch'
    """
    if convention is None or convention in CONVENTIONS:
        return CONVENTIONS.get(convention) if convention else None
    raise InputError(f"{where}: there is no convention {convention!r}. {nearest(str(convention), CONVENTIONS)}")


@cache
def _fields(cls: type) -> tuple[list[str], list[str], list[str]]:
    """The names of a class's settings: all, those that may be given by place, and those without a default."""
    own = [field for field in fields(cls) if field.init]
    needed = [field.name for field in fields(cls) if field.default is MISSING and field.default_factory is MISSING]
    return [field.name for field in own], [field.name for field in own if not field.kw_only], needed


def own_settings(
    cls: type, settings: Mapping[str, Any], convention: str | None = None, given: int = 0, where: str | None = None
) -> dict[str, Any]:
    """Return settings in this library's words.

    Args:
        cls: the class that they are for.
        settings: in its own words or another framework's.
        convention: "keras" for what Keras means by the name, before the settings that are given.
        given: how many fields are given by position.
        where: how a message begins; the class's name where it is None.

    Raises:
        InputError: a word that nobody has for it, with the nearest; a value that this library does not have; the same
            setting twice.

    Example:
        >>> from thetastar.optimizers import RMSprop
        >>> own_settings(RMSprop, {"lr": 0.01, "alpha": 0.9})
        {'learning_rate': 0.01, 'rho': 0.9}
    """
    where = where or cls.__name__
    own, by_place, needed = _fields(cls)
    words: Mapping[str, Translation] = getattr(cls, "words", {})
    convention = check_convention(where, convention)
    found = dict({"keras": cls.keras, "pytorch": cls.pytorch}.get(convention, {}))
    said: dict[str, str] = dict.fromkeys(by_place[:given], "its place")
    for name in said:
        found.pop(name, None)
    for word, value in settings.items():
        if word in own and not callable(words.get(word)):
            translated: Mapping[str, Any] = {word: value}
        elif word not in words:
            raise InputError(f"{where}: there is no setting {word!r}. {nearest(word, [*own, *words])}")
        else:
            ours = words[word]
            translated = {ours: value} if isinstance(ours, str) else ours(value, {**settings, "convention": convention})
        for name, meant in translated.items():
            if name in said:
                raise InputError(
                    f"{where}: {name} must be given once. Got it by {said[name]} and by {word}. Leave one of them out."
                )
            said[name], found[name] = word, meant
    missing = [name for name in needed if name not in found and name not in said]
    if missing:
        raise InputError(
            f"{where}: {missing[0]} is needed. Got {', '.join(settings) or 'nothing'}. Give {missing[0]} too."
        )
    return found


def ignored(value: Any, settings: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The translation of a setting that changes how a framework computes or names something, and not what."""
    return {}


def must_be(what: str, *values: Any, otherwise: str) -> Callable[..., dict[str, Any]]:
    """Return the translation of a setting that exists here with these values only, because that is what is done.

    Example:
        >>> must_be("axis", -1, otherwise="Move the classes to the last axis.")(-1)
        {}
        >>> must_be("axis", -1, otherwise="Move the classes to the last axis.")(1)
        Traceback (most recent call last):
        thetastar.errors.InputError: axis: here it is -1. Got 1. Move the classes to the last axis.
    """

    def check(value: Any, settings: Mapping[str, Any] | None = None) -> dict[str, Any]:
        if any(value is known or (type(value) is type(known) and value == known) for known in values):
            return {}
        raise InputError(f"{what}: here it is {' or '.join(map(repr, values))}. Got {value!r}. {otherwise}")

    return check
