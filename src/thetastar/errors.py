"""The one exception for everything that the person at the keyboard can mend, and what is said beside a result."""

from __future__ import annotations

__all__ = ["ElsewhereWarning", "InputError", "OldFileWarning"]


class InputError(ValueError):
    """Something that was given cannot be used: the message says where, the rule, what arrived and what to do.

    The command line prints the message on standard error and exits with 2. It is a `ValueError`, so code that
    follows scikit-learn's or NumPy's habits catches it as usual.

    Example:
        >>> import thetastar as ts
        >>> try:
        ...     ts.Dense(0)
        ... except InputError as error:
        ...     print(error)
        Dense: units must be ...
    """


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
