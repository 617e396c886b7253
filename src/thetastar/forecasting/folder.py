"""The folder of a forecast (`out=`): the model, the report and the forecast as a table."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from thetastar._files import write_atomically, write_somewhere

__all__ = ["forecast_csv", "write_folder"]


def write_folder(model: Any, out: str | Path) -> dict[str, Path]:
    """Write model.theta, report.html and forecast.csv, each all or nothing; elsewhere where `out` cannot be written.

    Returns:
        Where each of them is, by what it is.
    """
    written: dict[str, Path] = {}

    def write(place: Path) -> None:
        written.update(model=model.save(place / "model.theta"), report=model.report(place / "report.html"))
        if model.sees_ahead():
            written["forecast"] = write_atomically(place / "forecast.csv", forecast_csv(model.rows()).encode())

    write_somewhere(Path(out), write)
    return written


def forecast_csv(rows: list[dict[str, Any]]) -> str:
    """The forecast as CSV.

    Example:
        >>> forecast_csv([{"time": "2024-01-01", "prediction": 5.0}])
        'time,prediction\\n2024-01-01,5.0\\n'
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(rows[0])
    writer.writerows(row.values() for row in rows)
    return stream.getvalue()
