"""An ONNX file of a forecast is checked before it is handed out: by onnx's own rules, and by running made series."""

from __future__ import annotations

from typing import Any

import numpy as np

from thetastar.errors import InputError
from thetastar.export.forecast.described import described_forecast
from thetastar.export.forecast.forecast import read
from thetastar.export.forecast.onnx import onnx_forecast
from thetastar.export.forecast.parts import PAST_ROWS, Forecaster
from thetastar.export.onnx.check import BOUND
from thetastar.export.onnx.graph import package

__all__ = ["checked_forecast", "fed", "session_of"]

_SERIES = 12


def checked_forecast(forecaster: Forecaster, seed: int = 0) -> bytes:
    """The bytes of an ONNX file that is sound and forecasts made series as the model does.

    Args:
        forecaster: what is written.
        seed: of the series: long and short ones, with a season, steps, odd values and gaps.

    Raises:
        InputError: a package is missing, the file breaks a rule of ONNX, or a forecast differs by more than 1e-5 of the
            series' standard deviation.
    """
    onnx = package("onnx")
    package("onnxruntime")
    written = onnx_forecast(forecaster)
    f, draw = forecaster, np.random.default_rng(seed)
    reader = read(described_forecast(f))
    try:
        onnx.checker.check_model(written, full_check=True)
        session = session_of(written)
        tried = [_made(f, draw, k) for k in range(_SERIES)]
        found = [session.run(None, fed(f, **one)) for one in tried]
    except Exception as error:  # what onnx and onnxruntime raise has no type in common
        raise InputError(
            f"export to ONNX: the file that was made cannot be run ({' '.join(str(error).split())[:300]}). Nothing "
            "was written. Please report it, and use to='python' (--to python) until it is mended."
        ) from error
    for number, (one, (prediction, lower, upper)) in enumerate(zip(tried, found, strict=True)):
        wanted = reader.forecast(**one)
        own = np.stack([wanted["prediction"], *wanted["lower"].values(), *wanted["upper"].values()])
        said = np.concatenate([prediction[None], lower, upper])
        spread = max(float(np.nanstd(np.array(one["values"], float))), float(f.spread.max()), 1e-9)
        if not np.all(np.abs(said - own) <= BOUND * np.maximum(spread, np.abs(own - np.nanmean(one["values"])))):
            raise InputError(
                f"export to ONNX: the forecasts of the file must be within {BOUND:g} of the series' standard deviation "
                f"of the model's. Of made series {number + 1} of {_SERIES} it says {said[0][:3]} where the model says "
                f"{own[0][:3]}. Nothing was written. Please report it, and use to='python' (--to python) until it is "
                "mended."
            )
    return written


def session_of(written: bytes) -> Any:
    """An onnxruntime session of a file, on one thread."""
    runtime = package("onnxruntime")
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    return runtime.InferenceSession(written, options, providers=["CPUExecutionProvider"])


def fed(forecaster: Forecaster, values: Any, after: int = 0, series: str | None = None, known: Any = None,
        past: Any = None) -> dict[str, np.ndarray]:  # fmt: skip
    """Inputs of the file by their names."""
    found = {"values": np.array(values, np.float64), "after": np.array([after], np.int64)}
    if len(forecaster.ids) > 1:
        found["series"] = np.array([series], object)
    if forecaster.known:
        found["known"] = np.asarray(known, np.float64)
    if forecaster.past:
        found["past"] = np.asarray(past, np.float64)
    return found


def _made(f: Forecaster, draw: np.random.Generator, k: int) -> dict[str, Any]:
    """A series of its own, as `forecast` of the reader takes it."""
    number = k % len(f.ids)
    longest = min(max(f.reach, int(f.counts[number]), 3 * f.season), 2000)
    count = longest if k % 3 == 0 else int(draw.integers(f.season + 3, longest + f.season + 4))
    spread = f.spread[number] or 1.0
    wave = np.sin(2 * np.pi * np.arange(count) / max(f.season, 2))
    noise = draw.standard_normal(count) * np.where(draw.random(count) < 0.02, 8.0, 0.6)
    values = f.middle[number] + spread * (wave + noise + (k % 4 == 1) * np.linspace(-1, 1, count))
    if np.isfinite(f.floor[number]):
        values = np.maximum(values, f.floor[number])
    values[draw.random(count) < 0.03 * (k % 2)] = np.nan
    values[-1 if np.isnan(values).all() else 0] = f.middle[number]
    known = draw.standard_normal((f.before + f.steps if f.known else 0, len(f.known)))
    past = draw.standard_normal((PAST_ROWS if f.past else 0, len(f.past)))
    return {"values": values, "after": int(draw.integers(0, 400)), "series": f.ids[number] if len(f.ids) > 1 else None,
            "known": known if f.known else None, "past": past if f.past else None}  # fmt: skip
