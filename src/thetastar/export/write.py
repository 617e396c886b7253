"""A model written for another place: C, JavaScript, ONNX or Python, by the name of the file or by `to`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from thetastar._files import write_atomically
from thetastar.errors import InputError
from thetastar.export.answer import Answer, answer_of
from thetastar.export.forecast import Forecaster

__all__ = ["TARGETS", "export_model"]

TARGETS = {"c": (".c",), "js": (".js", ".mjs"), "onnx": (".onnx",), "python": (".py",)}
"""What a model can be exported to, and the endings of files that say so."""


def export_model(
    model: Any, path: str | os.PathLike[str], to: str | None = None, *, int8: bool = False, steps: int | None = None
) -> Path:
    """Write a model, with the preparation of its columns inside, for use without this library.

    Args:
        model: what `fit` or `forecast` returns or `load` reads.
        path: the file; its name before the ending names the functions in C.
        to: "c", "js", "onnx" or "python"; the file's ending says it where `to` is not given.
        int8: keep weights in 8 bits with a scale for each unit; C only.
        steps: of a forecast, how many ahead; the trained horizon if not given.

    Returns:
        The path.

    Raises:
        InputError: the model cannot be exported there, the file cannot be written, or an ONNX file does not say what
            the model says of a thousand random rows.

    Example:
        >>> import tempfile, thetastar as ts
        >>> rows = {"x": [k / 50 for k in range(400)], "y": [(k / 50) ** 2 for k in range(400)]}
        >>> model = ts.fit(rows, target="y", candidates=[(16,)], effort=2)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     written = export_model(model, f"{folder}/square.c").read_text()
        >>> "int square_predict(const square_row *row, square_answer *answer)" in written
        True
    """
    path = Path(path)
    to = _target(path, to)
    if int8 and to != "c":
        raise InputError(f"export: int8 is for C only. Got to={to!r}. Leave int8 out, or use to='c'.")
    if hasattr(model, "portable"):
        return write_atomically(path, _written_forecast(model.portable(steps), path.stem, to, int8))
    if steps is not None:
        raise InputError(
            f"export: steps are for forecasts only. Got steps={steps!r} for a model of rows. Leave it out."
        )
    answer = answer_of(model)
    return write_atomically(path, _written(answer, path.stem, to, int8))


def _target(path: Path, to: str | None) -> str:
    """What to write.

    Raises:
        InputError: neither `to` nor the ending says it.
    """
    if to is None:
        found = next((name for name, endings in TARGETS.items() if path.suffix.lower() in endings), None)
        if found is None:
            endings = ", ".join(ending for all_endings in TARGETS.values() for ending in all_endings)
            raise InputError(
                f"export: the file's ending must say what to write ({endings}). Got {path.name!r}. "
                "Name it so, or give to=."
            )
        return found
    if to not in TARGETS:
        raise InputError(f"export: to must be one of {', '.join(TARGETS)}. Got {to!r}. Choose one of them.")
    return to


def _written(answer: Answer, name: str, to: str, int8: bool) -> bytes:
    if to == "c":
        from thetastar.export.c import c_file

        return c_file(answer, name, eight_bits=int8).encode()
    if to == "onnx":
        from thetastar.export.onnx import checked, onnx_file

        return checked(answer, onnx_file(answer))
    from thetastar.export.scripts import javascript_file, python_file

    return (python_file(answer) if to == "python" else javascript_file(answer)).encode()


def _written_forecast(forecaster: Forecaster, name: str, to: str, int8: bool) -> bytes:
    if to == "c":
        from thetastar.export.forecast.c import c_forecast

        return c_forecast(forecaster, name, eight_bits=int8).encode()
    if to == "onnx":
        from thetastar.export.forecast.check import checked_forecast

        return checked_forecast(forecaster)
    from thetastar.export.forecast.described import javascript_forecast, python_forecast

    return (python_forecast(forecaster) if to == "python" else javascript_forecast(forecaster)).encode()
