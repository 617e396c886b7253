"""A misspelt option is answered with the nearest one, and another library's word with ours."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import ParamSpec, TypeVar

from ._checks import nearest

__all__ = ["names_nearest"]

P = ParamSpec("P")
R = TypeVar("R")


def names_nearest(elsewhere: Mapping[str, str] | None = None) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Return a decorator: an option that the function does not have is a TypeError that names the nearest.

    Args:
        elsewhere: {word of another library: ours, or a sentence that says what to do}.

    Example:
        >>> @names_nearest({"n_jobs": "threads"})
        ... def study(data, threads=1):
        ...     return threads
        >>> study(0, n_jobs=2)
        Traceback (most recent call last):
        TypeError: study() has no option 'n_jobs'. Here it is called 'threads'.
        >>> study(0, thread=2)
        Traceback (most recent call last):
        TypeError: study() has no option 'thread'. Did you mean 'threads'?
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        parameters = inspect.signature(function).parameters
        known = [name for name in parameters if name != "self"]
        is_made = function.__name__ == "__init__"

        @functools.wraps(function)
        def checked(*args: P.args, **options: P.kwargs) -> R:
            for name in options:
                if name not in parameters:
                    title = f"{type(args[0]).__name__ if is_made else function.__name__}()"
                    raise TypeError(f"{title} has no option {name!r}. {_instead(name, known, elsewhere or {})}")
            return function(*args, **options)

        return checked

    return decorate


def _instead(name: str, known: list[str], elsewhere: Mapping[str, str]) -> str:
    there = elsewhere.get(name)
    if there is None:
        return nearest(name, known)
    return f"Here it is called {there!r}." if there in known else there
