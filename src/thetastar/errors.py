"""The one exception for everything that the person at the keyboard can mend."""

from __future__ import annotations

__all__ = ["InputError"]


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
