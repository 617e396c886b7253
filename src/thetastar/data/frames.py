"""Tables that are in memory already: data frames of any make, Arrow tables, dicts, lists of dicts, arrays."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from thetastar.data.arrow import (
    INDEX,
    arrow_column,
    arrow_columns,
    text_of_bytes,
    unique_names,
    unusable,
    vector_columns,
)  # fmt: skip
from thetastar.data.cells import typed_column, whole_column
from thetastar.data.samples import samples_column
from thetastar.data.table import Column
from thetastar.errors import InputError

__all__ = ["columns_of"]

_EXACT = 2**53


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
        inputs, targets = _array_columns(source[0]), _target_columns(source[1])
        if len(inputs[0]) != len(targets[0]):
            raise InputError(
                f"arrays: X has {len(inputs[0])} rows and y has {len(targets[0])}. Both need one row or value a sample."
            )
        return [*inputs, *targets], "arrays", True
    if isinstance(source, list | tuple):
        if source and all(isinstance(row, Mapping) for row in source):
            names = list(dict.fromkeys(name for row in source for name in row))
            return _mapping_columns({name: [row.get(name) for row in source] for name in names}), "list of rows", True
        if source and all(isinstance(row, Sequence | np.ndarray) and not isinstance(row, str) for row in source):
            return _array_columns(_object_rows(source)), "list of rows", False
        raise InputError(_no_table(source))
    columns = _frame_columns(source)
    return columns, "data frame", [column.name for column in columns] != [str(i) for i in range(len(columns))]


def _target_columns(y: np.ndarray) -> list[Column]:
    """`target` of an array (n,) or (n, 1); of (n, K) a column each, `target_0` and so on."""
    if y.ndim != 2 or y.shape[1] < 2:
        return _numpy_column("target", y[:, 0] if y.ndim == 2 and y.shape[1] else y)[:1]
    return [column for k in range(y.shape[1]) for column in _numpy_column(f"target_{k}", y[:, k])[:1]]


def _frame_columns(source: Any) -> list[Column]:
    import narwhals as nw
    import pyarrow as pa

    if isinstance(source, pa.Table | pa.RecordBatch):
        table = pa.Table.from_batches([source]) if isinstance(source, pa.RecordBatch) else source
        return arrow_columns(table, "data frame")[0]
    source = _unique_pandas(source)
    try:
        frame = nw.from_native(source)
    except TypeError:
        if hasattr(source, "__arrow_c_stream__"):
            try:
                return arrow_columns(pa.table(source), "data frame")[0]
            except pa.ArrowInvalid:  # a stream of single values, such as one column of a frame
                raise InputError(_no_table(source)) from None
        if hasattr(source, "__array__"):
            return _array_columns(np.asarray(source))
        raise InputError(_no_table(source)) from None
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect()
    columns = []
    for name in frame.columns:
        made = _series_columns(str(name), frame.get_column(name))
        unnamed = re.fullmatch(r"__index_level_\d+__", str(name))  # a frame of pandas that came by way of Parquet
        columns += [replace(column, aside=INDEX) for column in made] if unnamed else made
    return [*columns, *_pandas_index(source, {column.name for column in columns})]


def _series_columns(name: str, series: Any) -> list[Column]:
    """The columns of a narwhals series: one, or one a number where its cells are vectors."""
    import pyarrow as pa

    try:
        cells = series.to_arrow()
    except (pa.ArrowException, TypeError, ValueError, NotImplementedError):
        return _object_columns(name, series.to_list())
    return arrow_column(name, cells)


def _pandas_index(source: Any, taken: set[str]) -> list[Column]:
    """The index of a pandas frame as its Parquet file has it: what has a name or holds times, marked as an index."""
    import narwhals as nw

    if not hasattr(source, "index") or not hasattr(source, "iloc"):
        return []
    index = source.index
    if type(index).__name__ == "RangeIndex":
        return []
    columns = []
    for level in range(index.nlevels):
        name = index.names[level]
        made = _series_columns("index" if name is None else str(name), nw.from_native(
            index.get_level_values(level).to_series(), series_only=True))[0]  # fmt: skip
        if made.name not in taken and (name is not None or made.native == "date"):
            columns.append(replace(made, aside=INDEX))
    return columns


def _unique_pandas(source: Any) -> Any:
    """Column labels as unique texts, where the frame allows other ones."""
    if type(source).__module__.split(".")[0] != "pandas" or not hasattr(source, "columns"):
        return source
    names = unique_names([str(label) for label in source.columns])
    return source if names == list(source.columns) else source.set_axis(names, axis=1)


def _object_columns(name: str, cells: Sequence[Any]) -> list[Column]:
    """A column of Python values of mixed make, by way of their texts; vectors become a column a number."""
    import pyarrow as pa

    known = [cell for cell in cells if not _is_none(cell)]
    if known and all(isinstance(cell, bool | np.bool_) for cell in known):
        codes = np.array([-1 if _is_none(cell) else int(cell) for cell in cells], dtype=np.int32)
        return [Column(name, codes=codes, levels=("False", "True"), native="boolean")]
    if all(isinstance(cell, int | float | np.integer | np.floating) for cell in known):
        whole = all(isinstance(cell, int | np.integer) for cell in known)
        if whole and any(abs(int(cell)) > _EXACT for cell in known):
            texts = [None if _is_none(cell) else str(int(cell)) for cell in cells]
            exact = whole_column(name, pa.array(texts, pa.string()), "integer")
            assert exact is not None  # digits alone
            return [exact]
        numbers = np.array([np.nan if _is_none(cell) else float(cell) for cell in cells])
        return [Column(name, numbers=numbers, native="integer" if whole and known else "float")]
    for cell in known:
        if isinstance(cell, list | dict | set | tuple | np.ndarray):
            return _nested_columns(name, cells)
    decoded = [text_of_bytes(cell) if isinstance(cell, bytes) else cell for cell in cells]
    if any(text is None and isinstance(cell, bytes) for text, cell in zip(decoded, cells, strict=True)):
        return [unusable(name, len(cells), "bytes that are no text")]
    texts = [None if _is_none(cell) else str(cell) for cell in decoded]
    return [typed_column(name, pa.array(texts, pa.string()), native="text")]


def _nested_columns(name: str, cells: Sequence[Any]) -> list[Column]:
    """Cells that are lists, arrays or dicts: read as Arrow reads them, or left out and named."""
    import pyarrow as pa

    plain = [None if _is_none(cell) else cell.tolist() if isinstance(cell, np.ndarray) else cell for cell in cells]
    try:
        return arrow_column(name, pa.array(plain))
    except (pa.ArrowException, TypeError, ValueError):
        kind = next(type(cell).__name__ for cell in cells if isinstance(cell, list | dict | set | tuple | np.ndarray))
        return [unusable(name, len(cells), f"cells of type {kind}")]


def _is_none(cell: Any) -> bool:
    if isinstance(cell, list | dict | set | tuple | np.ndarray | str | bytes):
        return False
    return (
        cell is None
        or cell is np.ma.masked
        or (isinstance(cell, float | np.floating) and cell != cell)
        or str(cell) in ("NaT", "<NA>")
    )


def _mapping_columns(source: Mapping[Any, Any]) -> list[Column]:
    names = unique_names([str(name) for name in source])
    cells = [_cells(values) for values in source.values()]
    lengths = {name: len(values) for name, values in zip(names, cells, strict=True)}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name!r}: {length}" for name, length in list(lengths.items())[:6])
        raise InputError(
            f"dict of columns: the columns differ in length ({shown}). Every column needs one value per row."
        )
    return [column for name, values in zip(names, cells, strict=True) for column in _sequence_columns(name, values)]


def _cells(values: Any) -> Any:
    """A column's cells; a single value is a column of one row."""
    if isinstance(values, str | bytes) or not hasattr(values, "__len__"):
        return [values]
    return values


def _sequence_columns(name: str, values: Any) -> list[Column]:
    import narwhals as nw
    import pyarrow as pa

    if isinstance(values, pa.Array | pa.ChunkedArray):
        return arrow_column(name, values)
    if isinstance(values, np.ndarray):
        return _numpy_column(name, values)
    if type(values).__module__.split(".")[0] == "pandas" and not hasattr(values, "to_frame"):
        import pandas  # the arrays behind its columns, such as Categorical

        values = pandas.Series(values)
    elif type(values).__module__.split(".")[0] == "pandas" and hasattr(values, "to_series"):
        values = values.to_series()
    if hasattr(values, "to_numpy"):
        try:
            return _series_columns(name, nw.from_native(values, series_only=True))
        except TypeError:
            return _numpy_column(name, values.to_numpy())
    return _object_columns(name, list(values))


def _numpy_column(name: str, values: np.ndarray) -> list[Column]:
    """The columns of an array: one, or one a number of vectors (n, k). What a mask hides is missing."""
    import pyarrow as pa

    mask = np.ma.getmaskarray(values) if isinstance(values, np.ma.MaskedArray) else None
    values = np.ma.getdata(values) if mask is not None else values
    if values.ndim in (2, 3, 4) and values.dtype.kind in "biuf":
        if mask is not None and mask.any():
            values = np.where(mask, np.nan, values.astype(np.float64))
        if values.ndim > 2:
            return [samples_column(name, values)]
        return vector_columns(name, values.astype(np.float64))
    if values.ndim != 1:
        raise InputError(
            f"column {name!r}: an array of shape {values.shape} is not one column. Give one value per row."
        )
    if values.dtype.kind == "b":
        codes = values.astype(np.int32) if mask is None else np.where(mask, -1, values).astype(np.int32)
        return [Column(name, codes=codes, levels=("False", "True"), native="boolean")]
    if values.dtype.kind in "iu" and len(values) and max(abs(int(values.min())), abs(int(values.max()))) > _EXACT:
        return arrow_column(name, pa.array(values, mask=mask))
    if values.dtype.kind in "iuf":
        native = "float" if values.dtype.kind == "f" else "integer"
        numbers = np.array(values, dtype=np.float64)
        if mask is not None:
            numbers[mask] = np.nan
        return [Column(name, numbers=numbers, native=native)]
    if values.dtype.kind in "mM":
        unit = np.datetime_data(values.dtype)[0]
        if unit not in ("D", "s", "ms", "us", "ns") or values.dtype.kind == "m":
            values = values.astype(values.dtype.str[:2] + ("8[us]" if unit not in ("ns", "ps") else "8[ns]"))
        return arrow_column(name, pa.array(values, mask=mask))
    cells = values.tolist()
    if mask is not None:
        cells = [None if out else cell for cell, out in zip(cells, mask.tolist(), strict=True)]
    return _object_columns(name, cells)


def _array_columns(source: np.ndarray) -> list[Column]:
    if source.dtype.names:
        return [column for name in source.dtype.names for column in _numpy_column(name, source[name])]
    if source.ndim in (3, 4) and source.dtype.kind in "biuf":
        column = _numpy_column("samples", source)[0]
        return [replace(column, name=column.kind)]
    if source.ndim != 2:
        raise InputError(
            f"array: shape {source.shape} is not a table. Give two dimensions (rows, columns); "
            "a single row is array.reshape(1, -1). Images are (n, height, width) or (n, height, width, channels), "
            "sequences (n, steps, numbers)."
        )
    return [column for i in range(source.shape[1]) for column in _numpy_column(str(i), source[:, i])]


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


def _no_table(source: Any) -> str:
    return (
        f"{type(source).__name__}: this is not a table. Give a path, a data frame, an Arrow table, a dict of columns "
        "or a two-dimensional array."
    )
