"""What the shell offers while a command is typed: the columns of the file that was named, the names of metrics.

Switch it on once with `thetastar --install-completion`.
"""

from __future__ import annotations

from collections.abc import Callable

import typer

__all__ = ["columns_that_begin", "metrics_that_begin", "words_that_begin"]


def columns_that_begin(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the columns of DATA whose names begin with what is typed; none where the file cannot be read yet."""
    # While an option waits for its value, what stands before it may not have been given to its parameters yet.
    data = ctx.params.get("data") or next((word for word in reversed(ctx.args) if not word.startswith("-")), None)
    if data is None:
        return []
    try:
        from thetastar.data import read_table

        names = read_table(str(data)).names
    except Exception:  # whatever is wrong with the file, the command itself will say it; a shell must go on
        return []
    before, comma, last = incomplete.rpartition(",")  # --known price,hol
    return [f"{before}{comma}{name}" for name in names if name.lower().startswith(last.lower())]


def metrics_that_begin(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the metrics whose names begin with what is typed."""
    from thetastar.model.metrics import METRICS

    return [name for name in METRICS if name.startswith(incomplete)]


def words_that_begin(*words: str) -> Callable[[str], list[str]]:
    """Return what offers those of the words that begin with what is typed."""

    def offered(incomplete: str) -> list[str]:
        return [word for word in words if word.startswith(incomplete)]

    return offered
