"""Typed builders of chart specs: frozen dataclasses whose fields are the JSON's (docs/reference/charts.md).

Absent fields (`None`) are left out of the JSON, so that the defaults stand in one place only: in `charts.js`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from thetastar.charts.plain import plain
from thetastar.errors import InputError

__all__ = [
    "COLORS", "Axis", "Band", "BarSeries", "Bars", "Chart", "Contours", "Counts", "Dots", "Heatmap", "Histogram",
    "Line", "Lines", "Mark", "Matrix", "Multiples", "NetworkDrawing", "Path", "Points", "Scale", "Strip", "Strips",
]  # fmt: skip

COLORS = ("blue", "orange", "red", "green", "purple", "teal", "pink", "brown", "gray", "ink")
"""The names of colours; the style sheet has a value of each for light and for dark."""

_CHOICES = {
    "color": COLORS, "dash": ("solid", "dashed", "dotted"), "shape": ("dot", "ring", "cross", "square"),
    "orientation": ("vertical", "horizontal"), "share": ("row", "column", "all", "none"),
    "shared": ("x", "y", "both", "none"), "hover": ("x", "nearest"),
    "format": ("number", "score", "percent", "integer", "seconds", "plain"),
}  # fmt: skip
_AXIS_SCALES, _COLOR_SCALES = ("linear", "log", "time", "category"), ("sequential", "diverging")

Numbers = Sequence[float | None] | Any
"""Any list or array of numbers; None, NaN and infinities are gaps."""


class Part:
    """What all builders share: fields to JSON, and the checks of choices."""

    def __post_init__(self) -> None:
        for field in fields(self):  # type: ignore[arg-type]
            value, allowed = getattr(self, field.name), _CHOICES.get(field.name)
            if allowed and isinstance(value, str) and value not in allowed:
                raise InputError(
                    f"charts.{type(self).__name__}({field.name}={value!r}): it must be one of {', '.join(allowed)}."
                )
        self._check()

    def _check(self) -> None:
        """What must hold beyond the choices; raises InputError."""

    def spec(self) -> dict[str, Any]:
        """The JSON-able dict that `charts.js` reads."""
        found = {}
        for field in fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            if value is not None:
                found[field.name] = plain(value)
        return found

    def _same_length(self, *names: str) -> None:
        lengths = {name: len(getattr(self, name)) for name in names if getattr(self, name) is not None}
        if len(set(lengths.values())) > 1:
            said = ", ".join(f"{name} has {length}" for name, length in lengths.items())
            raise InputError(f"charts.{type(self).__name__}: {said} numbers. Give as many of each.")


@dataclass(frozen=True)
class Axis(Part):
    """One axis: its title, scale, drawn range and what values are possible.

    Args:
        title: with the unit where there is one, `"price, €"`.
        scale: "linear", "log", "time" or "category".
        min, max: the drawn range; by default the numbers' own.
        possible: (low, high), either None: neither range nor ticks go beyond.
        zero: zero is in the range.
        format: "number", "score", "percent", "integer", "seconds" or "plain".
        ticks: numbers, or (value, text) pairs.
        categories: names for 0, 1, 2, …
        reverse: from right to left, or from top to bottom.
        grid: False draws no lines.

    >>> Axis("AUC", possible=(0, 1), format="score").spec()
    {'title': 'AUC', 'possible': [0, 1], 'format': 'score'}
    """

    title: str | None = None
    scale: str | None = None
    min: Any = None
    max: Any = None
    possible: tuple[Any, Any] | None = None
    zero: bool | None = None
    format: str | None = None
    ticks: Sequence[Any] | None = None
    categories: Sequence[str] | None = None
    reverse: bool | None = None
    grid: bool | None = None

    def _check(self) -> None:
        if self.scale is not None and self.scale not in _AXIS_SCALES:
            raise InputError(f"charts.Axis(scale={self.scale!r}): it must be one of {', '.join(_AXIS_SCALES)}.")


@dataclass(frozen=True)
class Scale(Part):
    """How numbers become colours: "sequential", or "diverging" about `middle`."""

    kind: str | None = None
    title: str | None = None
    min: float | None = None
    max: float | None = None
    middle: float | None = None
    log: bool | None = None
    format: str | None = None
    bar: bool | None = None

    def _check(self) -> None:
        if self.kind is not None and self.kind not in _COLOR_SCALES:
            raise InputError(f"charts.Scale(kind={self.kind!r}): it must be one of {', '.join(_COLOR_SCALES)}.")


@dataclass(frozen=True)
class Mark(Part):
    """A line across (`x` or `y`), a shaded span (`x=(a, b)`), a line from point to point, or a ring at a point."""

    x: Any = None
    y: Any = None
    line: Sequence[tuple[Any, Any]] | None = None
    point: tuple[Any, Any] | None = None
    label: str | None = None
    color: str | None = None
    dash: str | None = None
    stretch: bool | None = None


@dataclass(frozen=True)
class Band(Part):
    """An interval around a line: `low` and `high` at each of its points."""

    low: Numbers
    high: Numbers
    name: str | None = None

    def _check(self) -> None:
        self._same_length("low", "high")


@dataclass(frozen=True)
class Line(Part):
    """A line through points; `x` is 1, 2, 3, … where it is left out.

    >>> Line("loss", y=[0.5, float("nan"), 0.25]).spec()
    {'name': 'loss', 'y': [0.5, None, 0.25], 'type': 'line'}
    """

    name: str | None = None
    y: Numbers = ()
    x: Numbers | None = None
    color: str | None = None
    bands: Sequence[Band] | None = None
    dash: str | None = None
    width: float | None = None
    opacity: float | None = None
    step: bool | None = None
    fill: bool | None = None
    dots: bool | Sequence[int] | None = None
    group: str | None = None
    labels: Sequence[str] | None = None
    quiet: bool | None = None
    type: str = "line"

    def _check(self) -> None:
        self._same_length("x", "y", "labels")
        for band in self.bands or ():
            if len(band.low) != len(self.y):
                raise InputError(
                    f"charts.Line: a band has {len(band.low)} numbers, y has {len(self.y)}. Give as many of each."
                )


@dataclass(frozen=True)
class Dots(Part):
    """Points; `values` colours them by the chart's `scale`, `low` and `high` are whiskers."""

    name: str | None = None
    x: Numbers = ()
    y: Numbers = ()
    color: str | None = None
    low: Numbers | None = None
    high: Numbers | None = None
    size: Any = None
    shape: str | None = None
    opacity: float | None = None
    values: Numbers | None = None
    labels: Sequence[str] | None = None
    draggable: bool | None = None
    group: str | None = None
    quiet: bool | None = None
    type: str = "dots"

    def _check(self) -> None:
        self._same_length("x", "y", "low", "high", "values", "labels")


@dataclass(frozen=True)
class Path(Part):
    """A way over a heat map or contours: (x, y) points, a ring at the start and a dot at the end."""

    points: Sequence[tuple[float, float]]
    name: str | None = None
    color: str | None = None


@dataclass(frozen=True)
class Strip(Part):
    """One row of `Strips`: a dot at `value`, a bar from `low` to `high`, small strokes at `dots`."""

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    dots: Numbers | None = None
    color: str | None = None
    shape: str | None = None
    strong: bool | None = None
    note: str | None = None


@dataclass(frozen=True)
class BarSeries(Part):
    """One bar a category; `low` and `high` are whiskers, `colors` one name a bar."""

    values: Numbers
    name: str | None = None
    low: Numbers | None = None
    high: Numbers | None = None
    color: str | None = None
    colors: Sequence[str] | None = None

    def _check(self) -> None:
        self._same_length("values", "low", "high", "colors")


@dataclass(frozen=True)
class Counts(Part):
    """One series of a histogram: `counts` between the chart's edges, or `values` that are counted when drawn."""

    counts: Numbers | None = None
    values: Numbers | None = None
    name: str | None = None
    color: str | None = None


@dataclass(frozen=True, kw_only=True)
class Chart(Part):
    """What every chart has: `label` (for screen readers) or `title`, `description`, `caption`, `height`, …"""

    kind: ClassVar[str]

    title: str | None = None
    label: str | None = None
    description: str | None = None
    caption: str | None = None
    height: float | None = None
    legend: bool | None = None
    tools: bool | None = None
    bare: bool | None = None
    axes: bool | None = None

    def spec(self) -> dict[str, Any]:
        """The JSON-able dict that `charts.js` reads."""
        return {"kind": self.kind, **super().spec()}

    def _repr_html_(self) -> str:
        from thetastar.charts import fragment

        return fragment(self)


@dataclass(frozen=True)
class Lines(Chart):
    """Lines with bands, and dots among them.

    >>> Lines([Line("loss", y=[3, 2, 1])], label="Loss").spec()["kind"]
    'lines'
    """

    kind: ClassVar[str] = "lines"

    series: Sequence[Line | Dots]
    x: Axis | None = None
    y: Axis | None = None
    marks: Sequence[Mark] | None = None
    diagonal: bool | None = None
    equal: bool | None = None
    hover: str | None = None
    scale: Scale | None = None


@dataclass(frozen=True)
class Points(Lines):
    """Points, and lines among them; `diagonal` draws y = x."""

    kind: ClassVar[str] = "points"


@dataclass(frozen=True)
class Strips(Chart):
    """One row a name: a score with its interval, all rows on one axis."""

    kind: ClassVar[str] = "strips"

    rows: Sequence[Strip]
    x: Axis | None = None
    reference: float | None = None


@dataclass(frozen=True)
class Bars(Chart):
    """Bars, side by side or stacked, upright or lying."""

    kind: ClassVar[str] = "bars"

    categories: Sequence[str]
    series: Sequence[BarSeries]
    value: Axis | None = None
    category: Axis | None = None
    orientation: str | None = None
    stacked: bool | None = None
    numbers: bool | None = None

    def _check(self) -> None:
        for k, one in enumerate(self.series):
            if len(one.values) != len(self.categories):
                raise InputError(
                    f"charts.Bars: series {k} has {len(one.values)} values for {len(self.categories)} categories. "
                    "Give one each."
                )


@dataclass(frozen=True)
class Histogram(Chart):
    """How often values fall between edges; give `edges` and counts, or values and `bins`."""

    kind: ClassVar[str] = "histogram"

    series: Sequence[Counts]
    edges: Numbers | None = None
    bins: int | None = None
    x: Axis | None = None
    y: Axis | None = None
    orientation: str | None = None
    density: bool | None = None
    marks: Sequence[Mark] | None = None

    def _check(self) -> None:
        for k, one in enumerate(self.series):
            if self.edges is not None and one.counts is not None and len(one.counts) != len(self.edges) - 1:
                raise InputError(
                    f"charts.Histogram: series {k} has {len(one.counts)} counts for {len(self.edges)} edges. "
                    "Give one fewer than edges."
                )


@dataclass(frozen=True)
class Heatmap(Chart):
    """A number at each place of a grid as a colour; `values` is (rows, columns), the first row the lowest y."""

    kind: ClassVar[str] = "heatmap"

    values: Any
    extent: tuple[float, float, float, float] | None = None
    shape: tuple[int, int] | None = None
    x: Axis | None = None
    y: Axis | None = None
    scale: Scale | None = None
    levels: int | Sequence[float] | None = None
    labels: bool | None = None
    smooth: bool | None = None
    equal: bool | None = None
    numbers: bool | None = None
    path: Sequence[tuple[float, float]] | None = None
    paths: Sequence[Path] | None = None
    series: Sequence[Line | Dots] | None = None
    marks: Sequence[Mark] | None = None

    def _check(self) -> None:
        rows, columns = self._shape()
        count = sum(len(row) for row in self.values) if _nested(self.values) else len(self.values)
        if count != rows * columns:
            raise InputError(
                f"charts.{type(self).__name__}: {count} values for shape {rows} × {columns}. Give a rectangle of them."
            )

    def _shape(self) -> tuple[int, int]:
        if self.shape is not None:
            return self.shape
        if not _nested(self.values):
            raise InputError(
                f"charts.{type(self).__name__}(values): a flat list has no shape. Give rows of numbers, or shape=."
            )
        return len(self.values), len(self.values[0])

    def spec(self) -> dict[str, Any]:
        """The JSON-able dict, the values flat beside their shape."""
        found = super().spec()
        if _nested(self.values):
            found["values"] = [value for row in found["values"] for value in row]
        return {**found, "shape": list(self._shape())}


@dataclass(frozen=True)
class Contours(Heatmap):
    """Lines of equal height over a grid, shaded between unless `filled` is False."""

    kind: ClassVar[str] = "contours"

    filled: bool | None = None


@dataclass(frozen=True)
class Matrix(Chart):
    """Counts by row and column name, coloured by their share; `diagonal` says that what lies off it is wrong."""

    kind: ClassVar[str] = "matrix"

    values: Any
    rows: Sequence[str]
    columns: Sequence[str] | None = None
    share: str | None = None
    titles: tuple[str, str] | None = None
    diagonal: bool | None = None
    selectable: bool | None = None
    selected: tuple[int, int] | None = None

    def _check(self) -> None:
        rows, columns = len(self.rows), len(self.rows if self.columns is None else self.columns)
        if len(self.values) != rows or any(len(row) != columns for row in self.values):
            raise InputError(f"charts.Matrix: values must be {rows} rows of {columns} numbers, as the names say.")


@dataclass(frozen=True)
class Multiples(Chart):
    """Small charts side by side; `shared` gives them one range."""

    kind: ClassVar[str] = "multiples"

    charts: Sequence[Chart]
    shared: str | None = None
    least: int | None = None

    def spec(self) -> dict[str, Any]:
        """The JSON-able dict, with those of the charts in it."""
        return {**super().spec(), "charts": [chart.spec() for chart in self.charts]}


@dataclass(frozen=True)
class NetworkDrawing(Chart):
    """A network as it is: vectors as neurons, images as stacks of maps, sequences as steps.

    Args:
        layers: rows as `Network.summary()` gives them, with `type`.
        input, output: {"shape": [...], "names": [...]} and {"names": [...]}.
        weights, biases, values, gradients, maps: by layer; see the reference.
    """

    kind: ClassVar[str] = "network"

    layers: Sequence[dict[str, Any]]
    input: dict[str, Any] | None = None
    output: dict[str, Any] | None = None
    weights: dict[str, Any] | None = None
    biases: dict[str, Any] | None = None
    values: dict[str, Any] | None = None
    gradients: dict[str, Any] | None = None
    maps: dict[str, Any] | None = None
    scale: Scale | None = None
    most: int | None = None

    @classmethod
    def of(cls, network: Any, *, weights: bool = False, **fields: Any) -> NetworkDrawing:
        """The drawing of a `Network`; with `weights=True` dense layers show theirs.

        >>> import thetastar as ts
        >>> net = ts.Network([ts.Dense(2, activation="relu"), ts.Dense(1)], input_shape=(3,))
        >>> [layer["type"] for layer in NetworkDrawing.of(net).layers]
        ['dense', 'dense']
        """
        layers = [
            {**row, "type": row["name"].rpartition("_")[0] or row["name"], "output": _sizes(row["output"])}
            for row in network.summary()
        ]
        if weights:
            arrays = network.parameters
            fields["weights"] = {
                name.removesuffix(".weight"): array
                for name, array in arrays.items()
                if name.startswith("dense") and name.endswith(".weight")
            }
            fields["biases"] = {
                name.removesuffix(".bias"): array
                for name, array in arrays.items()
                if name.startswith("dense") and name.endswith(".bias")
            }
        return cls(layers, **{"input": {"shape": list(network.input_shape)}, **fields})


def _nested(values: Any) -> bool:
    return len(values) > 0 and hasattr(values[0], "__len__")


def _sizes(output: Any) -> list[int]:
    """A summary's output, 3 or "6 × 6 × 2", as a list."""
    if isinstance(output, str):
        return [int(size) for size in output.split("×")]
    return list(output) if isinstance(output, (list, tuple)) else [output]
