"""A forecast in a `.theta` file: the same container and the same distrust as any model's (see `model/container.py`).

    tensors      "series/values", "series/columns/<k>", "component/<k>/<array>", "unseen/origins", …
    __metadata__ {"thetastar": JSON} with "kind": "forecast", the layout, the methods' settings and the record

The series themselves are in the file, because a forecast continues them.
"""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError

from thetastar.errors import InputError
from thetastar.forecasting import networks  # so that every kind of fitted method is known
from thetastar.forecasting.calendar import Calendar
from thetastar.forecasting.intervals import Unseen
from thetastar.forecasting.methods import levels, linear, simple, smoothing, trees
from thetastar.forecasting.methods.contract import Fitted
from thetastar.forecasting.record import ForecastRecord
from thetastar.forecasting.series import Layout, SeriesSet
from thetastar.model import file as model_file
from thetastar.model.container import Container, read_container, write_container

if TYPE_CHECKING:
    from thetastar.forecasting.model import ForecastModel

__all__ = ["KIND", "read_model", "write_model"]

KIND = "forecast"
_KEYS = {"thetastar", "kind", "model", "record"}
_WHOLE = ("series/lengths", "series/starts", "unseen/origins")
_KNOWN = (networks, levels, linear, simple, smoothing, trees)


def write_model(model: ForecastModel, path: str | os.PathLike[str]) -> Path:
    """Write a forecast, all or nothing."""
    series = model.series
    tensors: dict[str, np.ndarray] = {
        "series/values": np.concatenate(series.values),
        "series/lengths": series.lengths.astype(np.int64),
        "series/starts": series.starts.astype(np.int64),
        "series/anchors": series.anchors.astype(np.float64),
        "floor": model.floor.astype(np.float64),
    }
    for place, name in enumerate(series.layout.columns):
        tensors[f"series/columns/{place}"] = np.concatenate(series.columns[name])
    for place, name in enumerate(model.ahead):
        tensors[f"ahead/{place}"] = np.concatenate(model.ahead[name])
        tensors[f"ahead/lengths/{place}"] = np.array([len(part) for part in model.ahead[name]], dtype=np.int64)
    if model.unseen is not None:
        tensors["unseen/origins"] = model.unseen.origins.astype(np.int64)
        tensors["unseen/forecasts"] = model.unseen.forecasts
    parts = []
    for place, (name, fitted) in enumerate(model.components.items()):
        plain, arrays = fitted.state()
        parts.append({"name": name, "state": plain})
        tensors |= {f"component/{place}/{key}": array for key, array in arrays.items()}
    document = {
        "thetastar": model.record.thetastar, "kind": KIND,
        "model": {
            "layout": asdict(series.layout), "ids": list(series.ids), "notes": list(series.notes),
            "season": model.season, "year": float(model.year), "known": list(model.known), "gaps": model.gaps,
            "horizon": model.horizon, "levels": list(model.levels), "components": parts, "ahead": list(model.ahead),
            "weights": [[first, stop, shares] for first, stop, shares in model.weights],
        },
        "record": model.record.model_dump(mode="json"),
    }  # fmt: skip
    return write_container(path, document, tensors)


def read_model(path: str | os.PathLike[str]) -> tuple[Any, ...] | None:
    """The parts of a `ForecastModel`, read and checked; None where the file holds another kind of model.

    Raises:
        InputError: there is no such file, or anything in it is not as it must be.
    """
    path = Path(path)
    if not path.is_file():
        return None  # the general reader has the words for this
    file = read_container(path)
    document = file.document
    if document.get("kind") != KIND:
        return None
    if set(document) != _KEYS:
        raise InputError(f"{path}: the description of the forecast has other parts than it must; the file is damaged")
    tensors = _tensors(file)
    try:
        return _built(file, tensors)
    except InputError:
        raise
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError, ValidationError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{path}: the forecast does not hold ({first}); the file is damaged") from None


def _tensors(file: Container) -> dict[str, np.ndarray]:
    found = {name: file.array(name) for name in file.entries}
    for name, array in found.items():
        wanted = (
            "i"
            if name in _WHOLE or name.startswith("ahead/lengths/")
            else "fi"
            if name.startswith("component/")
            else "f"
        )
        if array.dtype.kind not in wanted:
            raise InputError(
                f"{file.path}: tensor {name!r} holds numbers of another kind than it must; the file is damaged"
            )
    return found


def _built(file: Container, tensors: dict[str, np.ndarray]) -> tuple[Any, ...]:
    document = file.document
    given = document["model"]
    series = _series(given, tensors)
    count = len(series)
    components: dict[str, Fitted] = {}
    for place, part in enumerate(given["components"]):
        prefix = f"component/{place}/"
        arrays = {name.removeprefix(prefix): a for name, a in tensors.items() if name.startswith(prefix)}
        _check_network(file.path, part["state"], file.most)
        fitted = Fitted.from_state(part["state"], arrays)
        fitted.check(count)
        components[_text(part["name"])] = fitted
    weights = []
    for first, stop, shares in given["weights"]:
        if type(first) is not int or type(stop) is not int or not 0 <= first < stop or not shares:
            raise ValueError("the weights name steps that cannot be")
        if not set(shares) <= set(components) or not all(0 < share <= 100 for share in shares.values()):
            raise ValueError("the weights name a method that is not there")
        weights.append((first, stop, {name: float(share) for name, share in shares.items()}))
    if not weights or weights[0][0] != 0:
        raise ValueError("there are no weights")
    floor = tensors["floor"]
    if floor.shape != (count,):
        raise ValueError("the floor does not fit the series")
    unseen = None
    if "unseen/origins" in tensors:
        origins, forecasts = tensors["unseen/origins"], tensors["unseen/forecasts"]
        longest = int(series.lengths.max())
        if forecasts.ndim != 3 or forecasts.shape[:2] != (count, len(origins)) or origins.ndim != 1:
            raise ValueError("the unseen forecasts do not fit the series")
        if len(origins) and (np.any(np.diff(origins) <= 0) or origins[0] < 0 or origins[-1] >= longest):
            raise ValueError("the unseen forecasts start outside of the series")
        unseen = Unseen(origins, forecasts)
    horizon, season = given["horizon"], given["season"]
    if type(horizon) is not int or not 1 <= horizon <= 10_000 or type(season) is not int or not 1 <= season <= 100_000:
        raise ValueError("the horizon or the season cannot be")
    year = float(given["year"])
    if not 0 <= year < 1e6:
        raise ValueError("the year cannot be")
    levels = tuple(float(level) for level in given["levels"])
    if not levels or not all(0 < level < 100 for level in levels) or list(levels) != sorted(set(levels)):
        raise ValueError("the levels cannot be")
    if given["gaps"] not in ("season", "zero", "missing"):
        raise ValueError("the rule for gaps is not known")
    known = tuple(_text(name) for name in given["known"])
    if not set(known) <= set(series.layout.columns):
        raise ValueError("a known column is not there")
    ahead = {}
    for place, name in enumerate(given["ahead"]):
        whole, counts = tensors[f"ahead/{place}"], tensors[f"ahead/lengths/{place}"]
        if name not in known or counts.shape != (count,) or (counts < 0).any() or counts.sum() != len(whole):
            raise ValueError("what is known ahead does not fit the series")
        ahead[name] = np.split(whole, np.cumsum(counts)[:-1])
    record = ForecastRecord.model_validate(document["record"])
    return (
        series,
        season,
        year,
        known,
        given["gaps"],
        horizon,
        levels,
        components,
        weights,
        floor,
        unseen,
        record,
        None,
        ahead,
    )


def _series(given: dict[str, Any], tensors: dict[str, np.ndarray]) -> SeriesSet:
    layout = dict(given["layout"])
    calendar = dict(layout.pop("calendar"))
    calendar["weekdays"] = tuple(int(day) for day in calendar["weekdays"])
    made = Calendar(**calendar)
    if made.kind not in ("seconds", "weekdays", "months", "index") or not 0 < float(made.step) < 1e12:
        raise ValueError("the calendar cannot be")
    if made.unit not in ("", "year"):
        raise ValueError("the calendar has a unit that cannot be")
    if made.kind == "weekdays" and (not made.weekdays or not set(made.weekdays) <= set(range(7))):
        raise ValueError("the calendar has days that no week has")
    if made.kind == "months" and (made.step < 1 or made.step != int(made.step)):
        raise ValueError("the calendar has months that cannot be")
    layout["columns"] = tuple(_text(name) for name in layout["columns"])
    found = Layout(calendar=made, **layout)
    lengths, starts, anchors = tensors["series/lengths"], tensors["series/starts"], tensors["series/anchors"]
    ids = tuple(_text(label) for label in given["ids"])
    count = len(ids)
    if lengths.shape != (count,) or starts.shape != (count,) or anchors.shape != (count,) or not count:
        raise ValueError("the series' tables differ in length")
    whole = tensors["series/values"]
    if (lengths < 1).any() or lengths.sum() != len(whole) or np.isinf(whole).any() or not np.isfinite(anchors).all():
        raise ValueError("the series' values do not fit their lengths")
    if np.abs(starts).max() > 10**9 or np.abs(anchors).max() > 1e15:
        raise ValueError("a series begins at a time that cannot be")
    cuts = np.cumsum(lengths)[:-1]
    values = np.split(whole, cuts)
    if any(np.isnan(part).all() for part in values):
        raise ValueError("a series has no value")
    columns = {}
    for place, name in enumerate(found.columns):
        part = tensors[f"series/columns/{place}"]
        if part.shape != whole.shape or np.isinf(part).any():
            raise ValueError(f"the column {name!r} does not fit the series")
        columns[name] = np.split(part, cuts)
    rows = [np.full(length, -1, dtype=np.int64) for length in lengths]
    return SeriesSet(found, ids, anchors, starts, values, columns, rows, tuple(_text(note) for note in given["notes"]))


def _check_network(path: Path, state: dict[str, Any], most: int) -> None:
    """The network's description, before it is taken at its word: a closed list of layers, no width beyond the file."""
    description = state.get("network") if "network" in state else None
    if description is None and isinstance(state.get("inner"), dict):
        description = state["inner"].get("network")
    if description is not None:
        model_file.check_widths(path, description, most)
        model_file.parameter_shapes(path, description)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{str(value)[:40]!r} is no text")
    return value
