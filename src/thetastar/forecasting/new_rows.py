"""New rows beside a model's own: series continued or overlaid by a table, and what is known of the steps ahead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from thetastar.data import read_table
from thetastar.errors import InputError
from thetastar.forecasting.series import SeriesSet, read_series
from thetastar.forecasting.times import time_texts

if TYPE_CHECKING:
    from thetastar.data.table import Table
    from thetastar.forecasting.model import ForecastModel

__all__ = ["known_ahead", "merged_series", "steps_after"]


def merged_series(own: SeriesSet, given: SeriesSet) -> tuple[SeriesSet, np.ndarray, np.ndarray]:
    """The model's series with the given rows in their places; and of each given row its series and step there."""
    places = {label: k for k, label in enumerate(own.ids)}
    unknown = [label for label in given.ids if label not in places]
    if unknown:
        shown = ", ".join(map(repr, unknown[:5])) + (", …" if len(unknown) > 5 else "")
        raise InputError(
            f"the model knows {len(own)} series, and not {shown}. Train again with the new series, or leave their "
            "rows out."
        )
    calendar = own.layout.calendar
    mapped = np.array([places[label] for label in given.ids], dtype=np.int64)
    shifts = np.zeros(len(given), dtype=np.int64)
    starts, values = own.starts.copy(), list(own.values)
    columns = {name: list(parts) for name, parts in own.columns.items()}
    for k, place in enumerate(mapped):
        first = given.times(k, 0, 1)
        try:
            at = int(calendar.positions(first, float(own.anchors[place]))[0])
        except Exception:
            raise InputError(
                f"the time {time_texts(first, dates=own.layout.dates)[0]} is on no step of the series that the "
                f"model knows, which are a {calendar.name} apart. Give times on the same grid."
            ) from None
        low = min(int(starts[place]), at)
        high = max(int(starts[place]) + len(values[place]), at + len(given.values[k]))
        if high - low > 20 * (len(values[place]) + len(given.values[k])) + 1000:
            raise InputError(
                f"the rows lie {high - low:,} steps from the model's. Give rows that follow what it has seen."
            )
        values[place] = _overlaid(values[place], int(starts[place]) - low, given.values[k], at - low, high - low)
        for name in columns:
            columns[name][place] = _overlaid(
                columns[name][place], int(starts[place]) - low, given.columns[name][k], at - low, high - low
            )
        shifts[k] = at - low
        starts[place] = low
    steps = given.positions_of_rows + shifts[given.series_of_rows]
    index = mapped[given.series_of_rows]
    rows = [np.full(len(v), -1, dtype=np.int64) for v in values]
    merged = SeriesSet(own.layout, own.ids, own.anchors, starts, values, columns, rows, own.notes)
    return merged, index, steps


def known_ahead(model: ForecastModel, known: Any, steps: int) -> dict[str, list[np.ndarray]] | None:
    """For each known column and series its values at the steps ahead."""
    if not model.known:
        if known is not None:
            raise InputError("forecast: known= is for models that were trained with known columns. Leave it out.")
        return None
    needed = ", ".join(map(repr, model.known))
    if known is None and model.sees_ahead(steps):
        return {name: [part[:steps] for part in parts] for name, parts in model.ahead.items()}
    if known is None:
        raise InputError(
            f"forecast: {needed} must be known for the {steps} steps ahead. Give known=: a table with "
            f"{model.series.layout.time!r} and {'these columns' if len(model.known) > 1 else 'this column'}."
        )
    table = read_table(known)
    layout = model.series.layout
    given = read_series(
        table, layout.target, layout.time, layout.id, columns=model.known, duplicates=layout.duplicates,
        layout=layout, need_target=False,
    )  # fmt: skip
    places = {label: k for k, label in enumerate(given.ids)}
    result: dict[str, list[np.ndarray]] = {name: [] for name in model.known}
    for k, label in enumerate(model.series.ids):
        if label not in places:
            raise InputError(f"forecast: known= has no rows for the series {label!r}. Give rows for every series.")
        at = places[label]
        wanted = model.series.times(k, len(model.series.values[k]), steps)
        have = given.times(at, 0, len(given.values[at]))
        order = np.searchsorted(have, wanted - 1e-6 * np.maximum(np.abs(wanted), 1))
        found = (order < len(have)) & np.isclose(have[np.minimum(order, len(have) - 1)], wanted, rtol=1e-9)
        for name in model.known:
            values = np.where(found, given.columns[name][at][np.minimum(order, len(have) - 1)], np.nan)
            if np.isnan(values).any():
                step = int(np.argmax(np.isnan(values)))
                when = time_texts(wanted[step : step + 1], dates=layout.dates)[0]
                raise InputError(
                    f"forecast: {name!r} must be known at all {steps} steps ahead. It is missing at {when}"
                    f"{f' of {label!r}' if label else ''}. Complete the table of the future."
                )
            result[name].append(values)
    return result


def steps_after(
    model: ForecastModel, table: Table | None, steps: int | None = None, levels: Any = None
) -> list[dict[str, Any]]:
    """The next steps after new rows, as plain dictionaries; after the model's own where there is no table.

    Args:
        table: rows whose target is empty tell what is known of the future; so does a table without the target, where
            the model was trained with columns that are known ahead.
        steps, levels: as of `ForecastModel.forecast`.

    Raises:
        InputError: as of `extended` and `forecast`.
    """
    known = None
    if table is not None:
        past, future = table.select([]), table
        if model.target in table or not model.known:
            missing = table.column(model.target).missing
            past, future = table.select(~missing), table.select(missing)
        model = model.extended(past) if past.row_count else model
        known = future if model.known and future.row_count else None
    return model.rows(steps, known=known, levels=levels)


def _overlaid(own: np.ndarray, own_at: int, given: np.ndarray, given_at: int, length: int) -> np.ndarray:
    """Both on one grid; where both have a value the given one stands."""
    grid = np.full(length, np.nan)
    grid[own_at : own_at + len(own)] = own
    inside = grid[given_at : given_at + len(given)]
    grid[given_at : given_at + len(given)] = np.where(np.isnan(given), inside, given)
    return grid
