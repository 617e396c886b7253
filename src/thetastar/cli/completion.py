"""What the shell offers while a command is typed: the columns of the file that was named, the names of metrics.

Switch it on once with `thetastar --install-completion`.
"""

from __future__ import annotations

import typer

__all__ = ["columns_that_begin", "metrics_that_begin"]


def columns_that_begin(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the columns of DATA whose names begin with what is typed; none where the file cannot be read yet."""
    data = ctx.params.get("data")
    if data is None:
        return []
    try:
        from thetastar.data import read_table

        names = read_table(str(data)).names
    except Exception:  # whatever is wrong with the file, the command itself will say it; a shell must go on
        return []
    return [name for name in names if name.lower().startswith(incomplete.lower())]


def metrics_that_begin(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the metrics whose names begin with what is typed."""
    from thetastar.model.metrics import METRICS

    return [name for name in METRICS if name.startswith(incomplete)]
