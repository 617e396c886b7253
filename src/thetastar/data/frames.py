"""Tables that are in memory already: data frames of any make, Arrow tables, dicts, lists of dicts, arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from thetastar.data.cells import typed_column
from thetastar.data.table import Column
from thetastar.errors import InputError

__all__ = ["arrow_columns", "columns_of", "samples_column"]


def columns_of(source: Any) -> tuple[list[Column], str, bool]:
    """The columns of a source, what to call it, and whether its columns have names of their own.

    Raises:
        InputError: The object is no table, or its columns differ in length.
    """
    if isinstance(source, np.ndarray):
        return _array_columns(source), "array", source.dtype.names is not None
    if isinstance(source, Mapping):
        return _mapping_columns(source), "dict of columns", True
    if isinstance(source, tuple) and len(source) == 2 and all(isinstance(part, np.ndarray) for part in source):
        inputs, target = _array_columns(source[0]), _numpy_column("target", source[1])
        if len(inputs[0]) != len(target):
            raise InputError(
                f"arrays: X has {len(inputs[0])} rows and y has {len(target)}. Both need one row or value a sample."
            )
        return [*inputs, target], "arrays", True
    if isinstance(source, list | tuple):
        if source and all(isinstance(row, Mapping) for row in source):
            names = list(dict.fromkeys(name for row in source for name in row))
            return _mapping_columns({name: [row.get(name) for row in source] for name in names}), "list of rows", True
        if source and all(isinstance(row, Sequence | np.ndarray) and not isinstance(row, str) for row in source):
            return _array_columns(_object_rows(source)), "list of rows", False
        raise InputError(_no_table(source))
    columns = _frame_columns(source)
    return columns, "data frame", [column.name for column in columns] != [str(i) for i in range(len(columns))]


def arrow_columns(table, source: str) -> list[Column]:
    """Typed columns of an Arrow table; repeated names are numbered (`a`, `a.1`)."""
    names = _unique([str(name) for name in table.column_names])
    return [_arrow_column(name, table.column(i), source) for i, name in enumerate(names)]


def _frame_columns(source: Any) -> list[Column]:
    import narwhals as nw
    import pyarrow as pa

    if isinstance(source, pa.Table | pa.RecordBatch):
        table = pa.Table.from_batches([source]) if isinstance(source, pa.RecordBatch) else source
        return arrow_columns(table, "data frame")
    source = _unique_pandas(source)
    try:
        frame = nw.from_native(source)
    except TypeError:
        if hasattr(source, "__arrow_c_stream__"):
            try:
                return arrow_columns(pa.table(source), "data frame")
            except pa.ArrowInvalid:  # a stream of single values, such as one column of a frame
                raise InputError(_no_table(source)) from None
        if hasattr(source, "__array__"):
            return _array_columns(np.asarray(source))
        raise InputError(_no_table(source)) from None
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect()
    columns = []
    for name in frame.columns:
        series = frame.get_column(name)
        try:
            cells = series.to_arrow()
            if isinstance(cells.type, pa.BaseExtensionType):  # such as the periods of pandas
                raise TypeError
        except (pa.ArrowException, TypeError, ValueError):
            columns.append(_object_column(str(name), series.to_list()))
        else:
            columns.append(_arrow_column(str(name), cells, "data frame"))
    return columns


def _unique_pandas(source: Any) -> Any:
    """Column labels as unique texts, where the frame allows other ones."""
    if type(source).__module__.split(".")[0] != "pandas" or not hasattr(source, "columns"):
        return source
    names = _unique([str(label) for label in source.columns])
    return source if names == list(source.columns) else source.set_axis(names, axis=1)


def _arrow_column(name: str, cells, source: str) -> Column:
    """One column by its Arrow type."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if isinstance(cells, pa.ChunkedArray):
        cells = cells.combine_chunks()
    if isinstance(cells, pa.ChunkedArray):  # Arrow keeps what is too large for one chunk
        cells = pa.concat_arrays(cells.chunks)
    kind = cells.type
    if pa.types.is_dictionary(kind):
        cells = cells.dictionary_decode()
        kind = cells.type
    if pa.types.is_boolean(kind):
        codes = pc.fill_null(pc.cast(cells, pa.int32()), -1).to_numpy(zero_copy_only=False)
        return Column(name, codes=codes.astype(np.int32), levels=("False", "True"), native="boolean")
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind) or pa.types.is_null(kind):
        numbers = pc.cast(cells, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        native = "integer" if pa.types.is_integer(kind) else "float"
        return Column(name, numbers=np.array(numbers, dtype=np.float64), native=native)
    if pa.types.is_duration(kind):
        seconds = pc.cast(pc.cast(cells, pa.duration("us"), safe=False), pa.int64())
        return Column(
            name,
            numbers=pc.cast(seconds, pa.float64(), safe=False).to_numpy(zero_copy_only=False) / 1e6,
            native="float",
        )
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        if pa.types.is_timestamp(kind) and kind.tz is not None:
            cells = pc.local_timestamp(cells)
        text = pc.cast(pc.cast(cells, pa.timestamp("s"), safe=False), pa.string())
        return typed_column(name, text, trim=False, native="date")
    if (
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_string_view(kind)
        or pa.types.is_time(kind)
    ):
        return typed_column(name, pc.cast(cells, pa.string()), native="text")
    raise InputError(
        f"{source}, column {name!r}: cells of type {kind} cannot be used. Give numbers, texts, booleans or dates."
    )


def _object_column(name: str, cells: Sequence[Any]) -> Column:
    """A column of Python values of mixed make, by way of their texts."""
    import pyarrow as pa

    known = [cell for cell in cells if not _is_none(cell)]
    if known and all(isinstance(cell, bool | np.bool_) for cell in known):
        codes = np.array([-1 if _is_none(cell) else int(cell) for cell in cells], dtype=np.int32)
        return Column(name, codes=codes, levels=("False", "True"), native="boolean")
    if all(isinstance(cell, int | float | np.integer | np.floating) for cell in known):
        numbers = np.array([np.nan if _is_none(cell) else float(cell) for cell in cells])
        whole = all(isinstance(cell, int | np.integer) for cell in known)
        return Column(name, numbers=numbers, native="integer" if whole and known else "float")
    for cell in known:
        if isinstance(cell, list | dict | set | tuple | np.ndarray):
            raise InputError(
                f"column {name!r}: a cell holds a {type(cell).__name__}. Give numbers, texts, booleans or dates."
            )
    texts = [None if _is_none(cell) else str(cell) for cell in cells]
    return typed_column(name, pa.array(texts, pa.string()), native="text")


def _is_none(cell: Any) -> bool:
    return cell is None or (isinstance(cell, float | np.floating) and cell != cell) or str(cell) in ("NaT", "<NA>")


def _mapping_columns(source: Mapping) -> list[Column]:
    names = _unique([str(name) for name in source])
    cells = [_cells(values) for values in source.values()]
    lengths = {name: len(values) for name, values in zip(names, cells, strict=True)}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name!r}: {length}" for name, length in list(lengths.items())[:6])
        raise InputError(
            f"dict of columns: the columns differ in length ({shown}). Every column needs one value per row."
        )
    return [_sequence_column(name, values) for name, values in zip(names, cells, strict=True)]


def _cells(values: Any) -> Any:
    """A column's cells; a single value is a column of one row."""
    if isinstance(values, str | bytes) or not hasattr(values, "__len__"):
        return [values]
    return values


def _sequence_column(name: str, values: Any) -> Column:
    import pyarrow as pa

    if isinstance(values, pa.Array | pa.ChunkedArray):
        return _arrow_column(name, values, "dict of columns")
    if not isinstance(values, np.ndarray) and hasattr(values, "to_numpy"):
        values = values.to_numpy()
    if isinstance(values, np.ndarray):
        return _numpy_column(name, values)
    return _object_column(name, list(values))


def _numpy_column(name: str, values: np.ndarray) -> Column:
    import pyarrow as pa

    if values.ndim in (3, 4) and values.dtype.kind in "biuf":
        return samples_column(name, values)
    if values.ndim != 1:
        raise InputError(
            f"column {name!r}: an array of shape {values.shape} is not one column. Give one value per row."
        )
    if values.dtype.kind == "b":
        return Column(name, codes=values.astype(np.int32), levels=("False", "True"), native="boolean")
    if values.dtype.kind in "iuf":
        native = "float" if values.dtype.kind == "f" else "integer"
        return Column(name, numbers=np.array(values, dtype=np.float64), native=native)
    if values.dtype.kind in "mM":
        return _arrow_column(name, pa.array(values.astype(values.dtype.str[:2] + "8[us]")), "array")
    return _object_column(name, values.tolist())


def samples_column(name: str, values: np.ndarray, kind: str | None = None) -> Column:
    """A column of images or sequences.

    Args:
        values: (n, H, W, C) images, or three axes: (n, H, W) grey images where all numbers are whole and not below 0 and
            both sides have at least four pixels, otherwise (n, T, F) sequences.
        kind: "image" or "sequence", where that rule does not suit.

    Raises:
        InputError: An axis is empty, or a number is infinite, or missing in an image.
    """
    if 0 in values.shape:
        raise InputError(f"column {name!r}: an array of shape {values.shape} is empty. Give at least one sample.")
    if values.ndim == 3 and (kind or _kind_of(values)) == "image":
        values = values[..., None]
    if values.dtype != np.uint8:
        with np.errstate(over="ignore"):
            values = values.astype(np.float32)
        wrong = np.isinf(values) if values.ndim == 3 else ~np.isfinite(values)
        if wrong.any():
            raise InputError(
                f"column {name!r}, sample {int(np.argwhere(wrong)[0][0])}: a number is not finite. Mend or remove it."
            )
    return Column(name, native="float" if values.dtype.kind == "f" else "integer", samples=np.ascontiguousarray(values))


def _kind_of(values: np.ndarray) -> str:
    if min(values.shape[1:]) < 4:
        return "sequence"
    with np.errstate(invalid="ignore"):
        pixels = values.dtype.kind in "bu" or bool(np.all((values >= 0) & (values == np.floor(values))))
    return "image" if pixels else "sequence"


def _array_columns(source: np.ndarray) -> list[Column]:
    if source.dtype.names:
        return [_numpy_column(name, source[name]) for name in source.dtype.names]
    if source.ndim in (3, 4) and source.dtype.kind in "biuf":
        column = samples_column("samples", source)
        return [replace(column, name=column.kind)]
    if source.ndim != 2:
        raise InputError(
            f"array: shape {source.shape} is not a table. Give two dimensions (rows, columns); "
            "a single row is array.reshape(1, -1). Images are (n, height, width) or (n, height, width, channels), "
            "sequences (n, steps, numbers)."
        )
    return [_numpy_column(str(i), source[:, i]) for i in range(source.shape[1])]


def _object_rows(rows: Sequence[Sequence[Any]]) -> np.ndarray:
    widths = [len(row) for row in rows]
    for number, width in enumerate(widths):
        if width != widths[0]:
            raise InputError(
                f"list of rows, row {number}: {width} cell{'s' * (width != 1)} where the first row has {widths[0]}. "
                "Every row needs the same number of cells."
            )
    table = np.empty((len(rows), widths[0]), dtype=object)
    for number, row in enumerate(rows):
        table[number] = list(row)
    return table


def _unique(names: list[str]) -> list[str]:
    seen: dict[str, int] = {}
    unique: list[str] = []
    for name in names:
        chosen = name
        while chosen in seen:
            seen[name] += 1
            chosen = f"{name}.{seen[name]}"
        seen[chosen] = 0
        unique.append(chosen)
    return unique


def _no_table(source: Any) -> str:
    return (
        f"{type(source).__name__}: this is not a table. Give a path, a data frame, an Arrow table, a dict of columns "
        "or a two-dimensional array."
    )
