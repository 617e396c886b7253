"""The one exception for everything that the person at the keyboard can mend, and what is said beside a result."""

from __future__ import annotations

import contextlib
import os
import sys
import sysconfig
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any

__all__ = ["ElsewhereWarning", "InputError", "OldFileWarning"]


class InputError(ValueError):
    """Something that was given cannot be used: the message says where, the rule, what arrived and what to do.

    The command line prints the message on standard error and exits with 2. It is a `ValueError`, so code that
    follows scikit-learn's or NumPy's habits catches it as usual.

    A script or a notebook that does not catch it shows the line of its own that made it, and not the package's inner
    ones; with `THETASTAR_TRACEBACK=full` in the environment all of them.

    Example:
        >>> import thetastar as ts
        >>> try:
        ...     ts.Dense(0)
        ... except InputError as error:
        ...     print(error)
        Dense: units must be ...
    """

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        if sys.excepthook is sys.__excepthook__:  # nobody else shows tracebacks in a way of theirs
            sys.excepthook = _show

    def _render_traceback_(self) -> list[str]:
        """For IPython and Jupyter, which ask an exception how it is to be shown."""
        if _wants_all():
            raise NotImplementedError  # they show it in their own way then
        return _lines(self)


class OldFileWarning(UserWarning):
    """A file of an older format was read, which lacks something that today's has. The message says what.

    The command line prints it in one line on standard error.

    Example:
        >>> import warnings
        >>> warnings.simplefilter("error", OldFileWarning)  # from here on such files are refused
        >>> warnings.simplefilter("default", OldFileWarning)
    """


class ElsewhereWarning(UserWarning):
    """What should have been written could not be, and is now elsewhere, or in memory only. The message says where.

    A study never loses its result because its folder has vanished or its disk is full. The command line prints the
    message in one line on standard error.

    Example:
        >>> issubclass(ElsewhereWarning, UserWarning)
        True
    """


_PACKAGE = str(Path(__file__).parent)
_LIBRARIES = tuple({sysconfig.get_paths()[kind] for kind in ("stdlib", "purelib", "platlib")})


def _wants_all() -> bool:
    return os.environ.get("THETASTAR_TRACEBACK", "").lower() in ("full", "1", "yes")


def _show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> Any:
    """How Python shows what nobody caught: an `InputError` with the caller's lines alone, all else as usual."""
    if not isinstance(error, InputError) or _wants_all():
        return sys.__excepthook__(kind, error, trace)
    with contextlib.suppress(OSError, ValueError, AttributeError):  # standard error may be closed
        print("\n".join(_lines(error, trace)), file=sys.stderr)
    return None


def _lines(error: InputError, trace: TracebackType | None = None) -> list[str]:
    """The traceback without the lines of this package and of other libraries."""
    frames = traceback.extract_tb(trace or error.__traceback__)
    shown = [frame for frame in frames if _is_the_callers(frame.filename)] or frames
    text = ["Traceback (most recent call last):\n", *traceback.format_list(shown)]
    text += traceback.format_exception_only(error)
    return "".join(text).rstrip("\n").split("\n")


def _is_the_callers(filename: str) -> bool:
    inner = filename.startswith((_PACKAGE, *_LIBRARIES, "<string>", "<frozen"))  # "<string>": made by dataclasses
    return not inner and "site-packages" not in filename and "dist-packages" not in filename
