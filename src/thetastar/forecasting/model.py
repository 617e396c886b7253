"""The model: fitted methods with their weights, the series they continue, and how it was chosen."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from thetastar.data import Table, read_table
from thetastar.errors import InputError
from thetastar.forecasting.frames import like_caller, make_frame, time_column
from thetastar.forecasting.intervals import Unseen, make_bands
from thetastar.forecasting.methods.contract import Fitted
from thetastar.forecasting.metrics import coverage, mase_scale, scores
from thetastar.forecasting.new_rows import known_ahead, merged_series
from thetastar.forecasting.one_thread import one_thread
from thetastar.forecasting.options import read_levels
from thetastar.forecasting.panel import Panel, make_panel
from thetastar.forecasting.record import ForecastRecord
from thetastar.forecasting.series import SeriesSet, read_series

if TYPE_CHECKING:
    from thetastar.export.forecast import Forecaster

__all__ = ["ForecastModel"]

_FIRST = ("frequency", "season", "chosen", "horizon")  # of a result


@dataclass(frozen=True, eq=False)
class ForecastModel:
    """What `forecast` returns and `load` reads. A model is never changed.

    Attributes:
        series: the series as they were read: the model continues them.
        season, year: cycles in steps, as the methods use them.
        known: the columns known ahead.
        gaps: how missing values are read.
        horizon: steps that were trained for; further ones are made by recursion.
        levels: of the intervals, in percent.
        components: the fitted methods by name.
        weights: (first step, step after the last, {name: share}), steps from 0.
        floor: (n,) what no forecast goes below (0 where the past never did), nan for none.
        unseen: forecasts made from origins after what they had learned from; they give the intervals.
        record: how it was chosen and what it reached.
        kind: "pandas", "polars" or "pyarrow": the frames that it gives.
        ahead: for each known column, for each series, what is known of it after the last value.

    Example:
        >>> import thetastar as ts
        >>> rows = {"day": [f"2024-01-{d:02d}" for d in range(1, 29)], "sold": [5, 6, 7, 8, 9, 2, 1] * 4}
        >>> model = ts.forecast(rows, target="sold", time="day", horizon=7, methods=["seasonal"])
        >>> model.horizon, [row["prediction"] for row in model.rows()]
        (7, [5.0, 6.0, 7.0, 8.0, 9.0, 2.0, 1.0])
    """

    series: SeriesSet
    season: int
    year: float
    known: tuple[str, ...]
    gaps: str
    horizon: int
    levels: tuple[float, ...]
    components: dict[str, Fitted]
    weights: list[tuple[int, int, dict[str, float]]]
    floor: np.ndarray
    unseen: Unseen | None
    record: ForecastRecord
    kind: str | None = None
    ahead: dict[str, list[np.ndarray]] = field(default_factory=dict)

    task = "forecast"

    @property
    def target(self) -> str:
        """The column that is forecast.

        Example:
            >>> import thetastar as ts
            >>> rows = {"day": [f"2024-01-{d:02d}" for d in range(1, 29)], "sold": [5, 6, 7, 8, 9, 2, 1] * 4}
            >>> model = ts.forecast(rows, target="sold", time="day", horizon=7, methods=["seasonal"])
            >>> model.target
            'sold'
        """
        return self.series.layout.target

    @property
    def score(self) -> dict[str, float | None]:
        """Errors on the last stretch, which nothing had seen: {"mae", "rmse", "smape", "mase"}.

        Example:
            >>> import thetastar as ts
            >>> rows = {"day": [f"2024-01-{d:02d}" for d in range(1, 29)], "sold": [5, 6, 7, 8, 9, 2, 1] * 4}
            >>> model = ts.forecast(rows, target="sold", time="day", horizon=7, methods=["seasonal"])
            >>> model.score["mae"]
            0.0
        """
        unseen = self.record.unseen
        return {} if unseen is None else {name: getattr(unseen, name) for name in ("mae", "rmse", "smape", "mase")}

    @property
    def leaderboard(self) -> list[dict[str, Any]]:
        """A row for every candidate on the validation, best first.

        Example:
            >>> import thetastar as ts
            >>> rows = {"day": [f"2024-01-{d:02d}" for d in range(1, 29)], "sold": [5, 6, 7, 8, 9, 2, 1] * 4}
            >>> model = ts.forecast(rows, target="sold", time="day", horizon=7, methods=["seasonal"])
            >>> model.leaderboard[0]["name"], model.leaderboard[0]["error"]
            ('seasonal naive', 0.0)
        """
        return [row.model_dump() for row in self.record.board]

    @property
    def verdict(self) -> list[str]:
        """What was chosen and why, in sentences.

        Example:
            >>> import thetastar as ts
            >>> rows = {"day": [f"2024-01-{d:02d}" for d in range(1, 29)], "sold": [5, 6, 7, 8, 9, 2, 1] * 4}
            >>> model = ts.forecast(rows, target="sold", time="day", horizon=7, methods=["seasonal"])
            >>> model.verdict[0]
            'Seasonal naive is exact on the validation, to rounding; nothing can be better.'
        """
        return list(self.record.verdict)

    def forecast(self, steps: int | None = None, *, known: Any = None, levels: Any = None) -> Any:
        """The next steps of every series, with intervals.

        Args:
            steps: how many; the trained horizon if not given. Further ones recurse.
            known: a table of the future (time, id, and the columns that are known ahead), where there are such columns.
            levels: other levels than the model's, in percent.

        Returns:
            A frame of the kind that the model was made from (pandas, polars or Arrow): id where there is one, time,
            prediction, and lower_L and upper_L for each level L.

        Raises:
            InputError: steps or levels are out of range, or known columns are missing.

        Example:
            >>> import thetastar as ts
            >>> rows = {"day": [f"2024-01-{d:02d}" for d in range(1, 29)], "sold": [5, 6, 7, 8, 9, 2, 1] * 4}
            >>> model = ts.forecast(rows, target="sold", time="day", horizon=7, methods=["seasonal"])
            >>> frame = model.forecast(3, levels=(50,))
            >>> list(frame.columns), list(frame["prediction"])
            (['time', 'prediction', 'lower_50', 'upper_50'], [5.0, 6.0, 7.0])
        """
        return make_frame(self._ahead_columns(steps, known, levels), self.kind)

    def rows(self, steps: int | None = None, *, known: Any = None, levels: Any = None) -> list[dict[str, Any]]:
        """The forecast as plain dictionaries, times as texts.

        Example:
            >>> import thetastar as ts
            >>> rows = {"day": [f"2024-01-{d:02d}" for d in range(1, 29)], "sold": [5, 6, 7, 8, 9, 2, 1] * 4}
            >>> model = ts.forecast(rows, target="sold", time="day", horizon=7, methods=["seasonal"])
            >>> [(row["time"], row["prediction"]) for row in model.rows(2)]
            [('2024-01-29', 5.0), ('2024-01-30', 6.0)]
        """
        steps = self._steps(steps)
        columns = self._ahead_columns(steps, known, levels)
        parts = {name: values if isinstance(values, list) else values.tolist() for name, values in columns.items()}
        parts["time"] = [
            text
            for i, values in enumerate(self.series.values)
            for text in self.series.time_texts(i, len(values), steps)
        ]
        return [{name: part[row] for name, part in parts.items()} for row in range(len(parts["time"]))]

    @one_thread()
    def predict(self, data: Any) -> Any:
        """One value a row: the one-step forecast made from the true rows before it.

        What the model has seen counts as rows before, too; where the table has the same times, the table's rows do.

        Args:
            data: a table with the time, the id where there is one, and the target; rows in any order.

        Returns:
            (n,) in the order of the rows, nan where there are too few rows before: a pandas Series with the frame's
            index, a polars Series, or an array.

        Example:
            >>> import thetastar as ts
            >>> rows = {"day": [f"2024-01-{d:02d}" for d in range(1, 29)], "sold": [5, 6, 7, 8, 9, 2, 1] * 4}
            >>> model = ts.forecast(rows, target="sold", time="day", horizon=7, methods=["seasonal"])
            >>> model.predict({"day": ["2024-01-29", "2024-01-30"], "sold": [5, 6]}).tolist()
            [5.0, 6.0]
        """
        table, given = self._read(data)
        merged, index, steps = merged_series(self.series, given)
        panel = self._panel(merged)
        lead = panel.length - merged.lengths
        columns = steps + lead[index]
        origins = np.unique(columns) - 1
        origins = origins[origins >= 0]
        result = np.full(table.row_count, np.nan)
        if len(origins):
            made = self._point(panel, origins, 1)[:, :, 0]
            fewest = self.fewest_rows
            enough = columns - panel.begin[index] >= fewest
            place = np.searchsorted(origins, columns - 1)
            good = enough & (columns >= 1)
            result[good] = made[index[good], place[good]]
        return like_caller(result, data)

    @property
    def fewest_rows(self) -> int:
        """How many rows must come before one that is predicted.

        Example:
            >>> import thetastar as ts
            >>> rows = {"day": [f"2024-01-{d:02d}" for d in range(1, 29)], "sold": [5, 6, 7, 8, 9, 2, 1] * 4}
            >>> model = ts.forecast(rows, target="sold", time="day", horizon=7, methods=["seasonal"])
            >>> model.fewest_rows
            7
        """
        need = 1
        for fitted in self.components.values():
            inner = getattr(fitted, "inner", fitted)
            inputs = getattr(inner, "inputs", None)
            need = max(need, inputs.lags if inputs is not None else getattr(inner, "lag", getattr(inner, "season", 1)))
        return need

    @one_thread()
    def extended(self, data: Any) -> ForecastModel:
        """A model that has taken in new rows without training again.

        Rows of times that it has already seen take their place. The forecasts that it would have made for the new rows
        are compared with them, and join the errors that the intervals rest on.

        Raises:
            InputError: a series that the model does not know, or rows that cannot be read.

        Example:
            >>> import thetastar as ts
            >>> rows = {"day": [f"2024-01-{d:02d}" for d in range(1, 29)], "sold": [5, 6, 7, 8, 9, 2, 1] * 4}
            >>> model = ts.forecast(rows, target="sold", time="day", horizon=7, methods=["seasonal"])
            >>> longer = model.extended({"day": ["2024-01-29"], "sold": [50]})
            >>> longer.rows(1)[0]["time"], longer.rows(7)[-1]["prediction"], model.rows(1)[0]["time"]
            ('2024-01-30', 50.0, '2024-01-29')
        """
        _, given = self._read(data)
        merged, _, _ = merged_series(self.series, given)
        ahead = {}
        if self.gaps != "zero" or self.known:
            merged, later = merged.ended()
            ahead = self._still_ahead(merged, later)
        panel = self._panel(merged)
        unseen = self.unseen
        if unseen is not None:
            unseen = self._moved(unseen, merged, panel)
            # The first new forecast is made from the last step that the model had seen.
            first = int((panel.length - 1 - self._appended(merged)).min())
            new = np.arange(max(first, int(unseen.origins[-1]) + 1 if len(unseen.origins) else 0), panel.length - 1)
            if len(new):
                made = self._point(panel, new, unseen.reach)
                unseen = Unseen(np.concatenate([unseen.origins, new]), np.concatenate([unseen.forecasts, made], axis=1))
        with np.errstate(all="ignore"):
            lowest = np.array([np.nanmin(v) if (~np.isnan(v)).any() else 0.0 for v in merged.values])
        floor = np.where(lowest < 0, np.nan, self.floor)
        return replace(self, series=merged, unseen=unseen, floor=floor, ahead=ahead)

    @one_thread()
    def evaluate(self, data: Any) -> dict[str, Any]:
        """Score on later rows: forecasts of the whole horizon from every row's predecessor on.

        Returns:
            {"mae", "rmse", "smape" (0 to 200, percent), "mase", "coverage": {level: share}, "by_step", "origins",
            "steps"}; the mase's lag is the record's.

        Example:
            >>> import thetastar as ts
            >>> rows = {"day": [f"2024-01-{d:02d}" for d in range(1, 29)], "sold": [5, 6, 7, 8, 9, 2, 1] * 4}
            >>> model = ts.forecast(rows, target="sold", time="day", horizon=7, methods=["seasonal"])
            >>> found = model.evaluate({"day": ["2024-01-29", "2024-01-30"], "sold": [5, 8]})
            >>> found["mae"], found["origins"], found["steps"]
            (1.3333333333333333, 2, 7)
        """
        _, given = self._read(data, need_target=True)
        merged, index, steps = merged_series(self.series, given)
        panel = self._panel(merged)
        lead = panel.length - merged.lengths
        first = int((steps + lead[index]).min())
        origins = np.arange(max(first - 1, 0), panel.length - 1)
        if not len(origins):
            raise InputError("evaluate: there must be rows after the first. Got none. Give rows with the target.")
        truth = panel.truth(origins, self.horizon)
        inside = np.zeros((panel.count, panel.length + self.horizon), dtype=bool)
        inside[index, steps + lead[index]] = True
        asked = inside[:, origins[:, None] + 1 + np.arange(self.horizon)]
        truth = np.where(asked, truth, np.nan)
        point = self._point(panel, origins, self.horizon)
        unit = mase_scale(self._panel().raw, self.record.lag)
        result: dict[str, Any] = dict(scores(point, truth, unit))
        bands = make_bands(self._panel(), self.unseen, self.levels, self.horizon)
        lower, upper = bands.around(panel, point, origins, floor=self.floor)
        covered = {f"{level:g}": coverage(lower[k], upper[k], truth) for k, level in enumerate(self.levels)}
        result["coverage"] = {level: found[0] for level, found in covered.items()}
        result["by_step"] = [
            {"step": step + 1, "mae": scores(point[..., step : step + 1], truth[..., step : step + 1], unit)["mae"],
             "coverage": {level: found[1][step] for level, found in covered.items()}}
            for step in range(self.horizon)
        ]  # fmt: skip
        return result | {"origins": len(origins), "steps": self.horizon}

    def result(self, steps: int | None = None, *, known: Any = None) -> dict[str, Any]:
        """What `thetastar forecast --json` prints.

        Example:
            >>> import thetastar as ts
            >>> rows = {"day": [f"2024-01-{d:02d}" for d in range(1, 29)], "sold": [5, 6, 7, 8, 9, 2, 1] * 4}
            >>> model = ts.forecast(rows, target="sold", time="day", horizon=7, methods=["seasonal"])
            >>> result = model.result(1)
            >>> result["frequency"], result["chosen"], len(result["forecast"])
            ('day', 'seasonal naive', 1)
        """
        record = self.record
        plain = record.model_dump(exclude={"pictures", "lecture", "settings"})
        unseen = plain.pop("unseen")
        return {
            "frequency": record.frequency, "season": record.season, "chosen": record.chosen, "horizon": self.horizon,
            "forecast": self.rows(steps, known=known) if self.sees_ahead(steps) or known is not None else [],
            "unseen": unseen,
            **{name: value for name, value in plain.items() if name not in _FIRST},
            **({"lecture": record.lecture} if record.lecture else {}),
        }  # fmt: skip

    def report(self, path: str | os.PathLike[str]) -> Path:
        """Write the report: one HTML file that works offline.

        Example:
            >>> import thetastar as ts
            >>> rows = {"day": [f"2024-01-{d:02d}" for d in range(1, 29)], "sold": [5, 6, 7, 8, 9, 2, 1] * 4}
            >>> model = ts.forecast(rows, target="sold", time="day", horizon=7, methods=["seasonal"])
            >>> import tempfile
            >>> folder = tempfile.TemporaryDirectory()
            >>> model.report(f"{folder.name}/report.html").name
            'report.html'
        """
        from thetastar.report.forecast import write_report

        return write_report(self, path)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the model to a `.theta` file, all or nothing.

        Raises:
            InputError: the folder does not exist or cannot be written.

        Example:
            >>> import thetastar as ts
            >>> rows = {"day": [f"2024-01-{d:02d}" for d in range(1, 29)], "sold": [5, 6, 7, 8, 9, 2, 1] * 4}
            >>> model = ts.forecast(rows, target="sold", time="day", horizon=7, methods=["seasonal"])
            >>> import tempfile
            >>> folder = tempfile.TemporaryDirectory()
            >>> ts.load(model.save(f"{folder.name}/sold.theta")).rows() == model.rows()
            True
        """
        from thetastar.forecasting.file import write_model

        return write_model(self, path)

    def portable(self, steps: int | None = None) -> Forecaster:
        """The plain parts of the forecast, which exporters read.

        Args:
            steps: how many ahead; the trained horizon if not given.

        Raises:
            InputError: a member is of a kind that cannot be written elsewhere.
        """
        from thetastar.forecasting.portable import portable

        return portable(self, steps)

    def export(self, path: str | os.PathLike[str], to: str | None = None, *, int8: bool = False,
               steps: int | None = None) -> Path:  # fmt: skip
        """Write the forecast for use without this library: from the last values to the next steps with intervals.

        Args:
            path: the file; its name before the ending names the functions in C.
            to: "c", "js", "onnx" or "python"; the file's ending says it where `to` is not given.
            int8: keep the networks' weights in 8 bits; C only.
            steps: how many ahead; the trained horizon if not given.

        Returns:
            The path.

        Raises:
            InputError: a member cannot be written there, or the file cannot be written.

        Example:
            >>> import tempfile, thetastar as ts
            >>> rows = {"day": [f"2024-01-{d:02d}" for d in range(1, 29)], "sold": [5, 6, 7, 8, 9, 2, 1] * 4}
            >>> model = ts.forecast(rows, target="sold", time="day", horizon=7, methods=["seasonal"])
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     written = model.export(f"{folder}/sold.c").read_text()
            >>> "int sold_forecast(const sold_given *given, sold_answer *answer)" in written
            True
        """
        from thetastar.export import export_model

        return export_model(self, path, to, int8=int8, steps=steps)

    def __repr__(self) -> str:
        record = self.record
        many = (
            f"{len(self.series):,} series"
            if len(self.series) > 1
            else f"{record.steps:,} steps of a {record.frequency}"
        )
        unseen = record.unseen
        shown = "" if unseen is None or unseen.mae is None else f"; mae {unseen.mae:.5g} on the unseen stretch"
        return f"<ForecastModel: {self.target!r}, {many}, {self.horizon} ahead, by {record.chosen}{shown}>"

    # Private

    @one_thread()
    def _ahead_columns(self, steps: int | None, known: Any, levels: Any) -> dict[str, Any]:
        """The columns of a forecast: lists of texts, arrays of numbers and times."""
        steps = self._steps(steps)
        levels = self._levels(levels)
        panel = self._panel(ahead=known_ahead(self, known, steps))
        origins = np.array([panel.length - 1])
        point = self._point(panel, origins, steps)
        bands = make_bands(panel, self.unseen, levels, steps)
        lower, upper = bands.around(panel, point, origins, floor=self.floor)
        columns: dict[str, Any] = {}
        if self.series.layout.id is not None:
            columns["id"] = [label for label in self.series.ids for _ in range(steps)]
        times = [self.series.times(i, len(values), steps) for i, values in enumerate(self.series.values)]
        columns["time"] = time_column(np.concatenate(times), dates=self.series.layout.dates)
        columns["prediction"] = point[:, 0].ravel()
        for place, level in enumerate(levels):
            columns[f"lower_{level:g}"] = lower[place, :, 0].ravel()
            columns[f"upper_{level:g}"] = upper[place, :, 0].ravel()
        return columns

    def sees_ahead(self, steps: int | None = None) -> bool:
        """Whether all that must be known of so many steps ahead is known; so it is where no column need be."""
        least = min((len(part) for parts in self.ahead.values() for part in parts), default=0)
        return not self.known or least >= self._steps(steps)

    def _still_ahead(self, merged: SeriesSet, later: dict[str, list[np.ndarray]]) -> dict[str, list[np.ndarray]]:
        """What is known of the steps after the merged series' last values: from new rows, else from before."""
        result = {}
        for name, parts in self.ahead.items():
            gained = self._appended(merged)
            result[name] = [
                new if len(new) > len(old) - taken else old[max(taken, 0) :]
                for old, new, taken in zip(parts, later.get(name, parts), gained.tolist(), strict=True)
            ]
        return result

    def _steps(self, steps: int | None) -> int:
        if steps is None:
            return self.horizon
        if not isinstance(steps, (int, np.integer)) or isinstance(steps, bool) or not 1 <= steps <= 10_000:
            raise InputError(f"forecast: steps must be a whole number from 1 to 10,000. Got {steps!r}. Use steps=30.")
        return int(steps)

    def _levels(self, levels: Any) -> tuple[float, ...]:
        try:
            return self.levels if levels is None else read_levels(levels)
        except ValueError as error:
            raise InputError(f"forecast: levels: {error}. Got {levels!r}. Use levels=(80, 95).") from None

    def _panel(self, series: SeriesSet | None = None, ahead: dict | None = None) -> Panel:
        if series is None and ahead is None and "_own_panel" in self.__dict__:
            return self.__dict__["_own_panel"]
        panel = make_panel(
            series or self.series, season=self.season, year=self.year, known=self.known, gaps=self.gaps, ahead=ahead
        )
        if series is None and ahead is None:
            self.__dict__["_own_panel"] = panel
        return panel

    def _point(self, panel: Panel, origins: np.ndarray, steps: int) -> np.ndarray:
        return combined(self.components, self.weights, panel, origins, steps, self.floor)

    def _read(self, data: Any, *, need_target: bool = True) -> tuple[Table, SeriesSet]:
        layout = self.series.layout
        table = data if isinstance(data, Table) else read_table(data)
        columns = tuple(name for name in layout.columns)
        given = read_series(
            table, layout.target, layout.time, layout.id, columns=columns, duplicates=layout.duplicates, layout=layout,
            need_target=need_target,
        )  # fmt: skip
        return table, given

    def _appended(self, merged: SeriesSet) -> np.ndarray:
        """(n,) how many steps each series has gained at its end."""
        return merged.starts + merged.lengths - (self.series.starts + self.series.lengths)

    def _moved(self, unseen: Unseen, merged: SeriesSet, panel: Panel) -> Unseen:
        """The unseen forecasts in the columns of a panel of the merged series, whose ends may have moved apart."""
        behind = self._panel().length - 1 - unseen.origins  # columns before the model's own last one
        appended = self._appended(merged)
        columns = panel.length - 1 - behind[None] - appended[:, None]
        origins = np.unique(columns)
        if len(origins) == len(behind):
            return Unseen(origins, unseen.forecasts)
        forecasts = np.full((panel.count, len(origins), unseen.reach), np.nan)
        for series in range(panel.count):
            forecasts[series, np.searchsorted(origins, columns[series])] = unseen.forecasts[series]
        return Unseen(origins, forecasts)


def combined(components: dict[str, Fitted], weights: list[tuple[int, int, dict[str, float]]], panel: Panel,
             origins: np.ndarray, steps: int, floor: np.ndarray | None = None) -> np.ndarray:  # fmt: skip
    """(n, O, steps) the weighted forecasts; past the last slice its weights go on, and nothing lies below the floor."""
    made: dict[str, np.ndarray] = {}
    result = np.zeros((panel.count, len(origins), steps))
    for place, (first, stop, shares) in enumerate(weights):
        stop = steps if place == len(weights) - 1 else min(stop, steps)
        if first >= steps:
            continue
        whole = sum(shares.values())
        for name, share in shares.items():
            if name not in made:
                need = max([s if k < len(weights) - 1 else steps for k, (_, s, w) in enumerate(weights) if name in w])
                made[name] = components[name].forecast(panel, origins, min(need, steps))
            result[..., first:stop] += share / whole * made[name][..., first:stop]
    if floor is not None:
        result = np.fmax(result, np.where(np.isnan(floor), -np.inf, floor)[:, None, None])
    return result
