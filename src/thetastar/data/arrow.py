"""Arrow's types to columns: whatever a frame or a Parquet file holds, with its times, categories and extensions."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from thetastar.data.cells import typed_column, whole_column
from thetastar.data.periods import interval_texts, period_texts
from thetastar.data.samples import samples_column
from thetastar.data.table import Column, number_text

__all__ = ["INDEX", "arrow_column", "arrow_columns", "text_of_bytes", "unique_names", "unusable", "vector_columns"]

INDEX = "It is the data frame's index: it says which row, not what it is."
_UNNAMED_INDEX = re.compile(r"__index_level_\d+__")
_LONGEST_VECTOR = 4096  # longer lists are sequences, not a column a number
_EXACT = 2**53


def arrow_columns(table: Any, source: str) -> tuple[list[Column], list[str]]:
    """Typed columns of an Arrow table, and what a reader should know; repeated names are numbered (`a`, `a.1`).

    What pandas wrote as the index of its frame comes last and says so (`Column.aside`); an index without a name says
    nothing unless it holds times, and is left out.
    """
    about = _pandas_about(table.schema)
    declared = {
        entry.get("field_name") or entry.get("name"): "ordered" if entry["metadata"].get("ordered") else "unordered"
        for entry in about.get("columns", [])
        if entry.get("pandas_type") == "categorical" and isinstance(entry.get("metadata"), dict)
    }
    indices = {name for name in about.get("index_columns", []) if isinstance(name, str)}
    columns, index, notes = [], [], []
    for position, name in enumerate(unique_names([str(name) for name in table.column_names])):
        field = table.schema.field(position)
        made = arrow_column(name, table.column(position), field.metadata, declared.get(field.name, ""))
        unnamed = _UNNAMED_INDEX.fullmatch(field.name)
        if not unnamed and field.name not in indices:
            columns += made
        elif not unnamed or made[0].native == "date":
            name = "index" if unnamed and "index" not in table.column_names else name
            index += [replace(column, name=name, aside=INDEX) for column in made[:1]]
        else:
            notes.append(f"{field.name!r} is the data frame's index (which row it was), so it is left out.")
    return [*columns, *index], notes


def _pandas_about(schema: Any) -> dict[str, Any]:
    """What pandas wrote about its frame; nothing where another program wrote the file."""
    try:
        about = json.loads((schema.metadata or {}).get(b"pandas", b"{}"))
    except ValueError:
        return {}
    return about if isinstance(about, dict) else {}


def arrow_column(
    name: str, cells: Any, metadata: Mapping[bytes, bytes] | None = None, declared: str = ""
) -> list[Column]:
    """One Arrow column as one column, or, where its cells are lists of numbers of one length, as a column a number.

    Args:
        metadata: of the field: extension types that no library registered are named there.
        declared: "unordered" or "ordered" where the frame says that the values are categories.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    cells = _one_chunk(cells)
    kind, extension, about = cells.type, "", {}
    if isinstance(kind, pa.BaseExtensionType):
        extension, about = kind.extension_name, _parameters(kind)
        if extension == "arrow.fixed_shape_tensor":
            return [_samples(name, cells.to_numpy_ndarray(), kind)]
        cells = cells.storage
    elif metadata and b"ARROW:extension:name" in metadata:
        extension = metadata[b"ARROW:extension:name"].decode()
        about = _json(metadata.get(b"ARROW:extension:metadata", b""))
    kind = cells.type
    if pa.types.is_run_end_encoded(kind):
        which = np.searchsorted(cells.run_ends, np.arange(cells.offset, cells.offset + len(cells)), side="right")
        return arrow_column(name, cells.values.take(pa.array(which)), metadata, declared)
    if extension == "pandas.period":
        texts = period_texts(cells, str(about.get("freq", "")))
        if texts is None:
            return [unusable(name, len(cells), f"periods of frequency {about.get('freq')!r}")]
        return [typed_column(name, texts, trim=False, native="date")]
    if extension == "pandas.interval":
        return [_intervals(name, cells, about)]
    if extension == "arrow.bool8":
        cells = pc.not_equal(cells, 0)
    elif extension == "arrow.uuid":
        return [unusable(name, len(cells), "cells of type uuid")]
    if pa.types.is_dictionary(cells.type):
        return [_declared(name, cells)]
    columns = _by_type(name, cells)
    return [_as_category(column, declared) for column in columns] if declared else columns


def _by_type(name: str, cells: Any) -> list[Column]:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind, is_ = cells.type, pa.types
    if is_.is_boolean(kind):
        codes = pc.fill_null(pc.cast(cells, pa.int32()), -1).to_numpy(zero_copy_only=False)
        return [Column(name, codes=codes.astype(np.int32), levels=("False", "True"), native="boolean")]
    if is_.is_integer(kind) or is_.is_floating(kind) or is_.is_decimal(kind) or is_.is_null(kind):
        return [_numbers(name, cells)]
    if is_.is_duration(kind):
        ticks = pc.cast(pc.cast(cells, pa.int64()), pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        seconds = ticks / {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}[kind.unit]
        return [Column(name, numbers=seconds, native="float")]
    if is_.is_date(kind) or is_.is_timestamp(kind):
        return [typed_column(name, _moments(cells), trim=False, native="date")]
    if is_.is_string(kind) or is_.is_large_string(kind) or is_.is_string_view(kind) or is_.is_time(kind):
        return [typed_column(name, pc.cast(cells, pa.string()), native="text")]
    if is_.is_binary(kind) or is_.is_large_binary(kind) or is_.is_binary_view(kind) or is_.is_fixed_size_binary(kind):
        texts = [None if cell is None else text_of_bytes(cell) for cell in cells.to_pylist()]
        if any(text is None and cell is not None for text, cell in zip(texts, cells.to_pylist(), strict=True)):
            return [unusable(name, len(cells), "cells of type binary (bytes that are no text)")]
        return [typed_column(name, pa.array(texts, pa.string()), native="text")]
    if _is_list(kind):
        return _lists(name, cells)
    return [unusable(name, len(cells), f"cells of type {str(kind).partition('<')[0]}")]


def _one_chunk(cells: Any) -> Any:
    import pyarrow as pa

    if isinstance(cells, pa.ChunkedArray):
        cells = cells.combine_chunks()
    if isinstance(cells, pa.ChunkedArray):  # Arrow keeps what is too large for one chunk
        cells = pa.concat_arrays(cells.chunks)
    return cells


def _parameters(kind: Any) -> dict[str, Any]:
    try:
        return _json(kind.__arrow_ext_serialize__())
    except (AttributeError, NotImplementedError):
        return {}


def _json(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def unusable(name: str, count: int, what: str) -> Column:
    """A column of `count` cells that nothing can be learned from, and why; it is there to be named, not to be used."""
    return Column(name, numbers=np.full(count, np.nan), native="float", unusable=f"{what} cannot be used")


def _numbers(name: str, cells: Any) -> Column:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = cells.type
    integer = pa.types.is_integer(kind)
    numbers = pc.cast(cells, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    native = "integer" if integer else "float"
    if integer or pa.types.is_decimal(kind):
        span = pc.min_max(cells).as_py()
        if span["max"] is not None and max(abs(span["min"]), abs(span["max"])) > _EXACT:
            exact = whole_column(name, pc.cast(cells, pa.string()), native)
            if exact is not None:
                return exact
    return Column(name, numbers=np.array(numbers, dtype=np.float64), native=native)


def _moments(cells: Any) -> Any:
    """Texts of dates and times: the clock on the wall with as many digits as it needs, and how far it was ahead."""
    import pyarrow as pa
    import pyarrow.compute as pc

    zone = cells.type.tz if pa.types.is_timestamp(cells.type) else None
    for unit in ("s", "ms", "us", "ns"):
        try:
            cells = pc.cast(cells, pa.timestamp(unit, zone))
            break
        except pa.ArrowInvalid:  # there are fractions of this unit
            continue
    if zone is None:
        return pc.cast(cells, pa.string())
    wall = pc.local_timestamp(cells)
    ahead = pc.subtract(pc.cast(wall, pa.int64()), pc.cast(cells, pa.int64()))
    ticks = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    seconds = pc.fill_null(ahead, 0).to_numpy(zero_copy_only=False) // ticks
    found, codes = np.unique(seconds, return_inverse=True)
    offsets = [f"{'-' if s < 0 else '+'}{abs(s) // 3600:02d}:{abs(s) // 60 % 60:02d}" for s in found.tolist()]
    suffix = pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(offsets)).dictionary_decode()
    return pc.binary_join_element_wise(pc.cast(wall, pa.string()), suffix, "")


def text_of_bytes(cell: bytes) -> str | None:
    """Bytes as the text they spell in UTF-8, padding zeros dropped; None where they spell none."""
    try:
        text = cell.rstrip(b"\0").decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text if all(character.isprintable() or character in "\t\n\r" for character in text) else None


def _declared(name: str, cells: Any) -> Column:
    """A dictionary of any values: declared categories, in the order of the dictionary where that is meant."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind, values = cells.type, cells.dictionary
    indices = pc.fill_null(pc.cast(cells.indices, pa.int64()), -1).to_numpy(zero_copy_only=False)
    order = "ordered" if kind.ordered else "unordered"
    if isinstance(values.type, pa.BaseExtensionType):
        inner = arrow_column(name, values)[0]
        texts, native = inner.values.tolist(), "text"
        order = "ordered" if inner.category == "ordered" else order
    elif pa.types.is_boolean(values.type) or pa.types.is_nested(values.type):
        decoded = pc.take(values, pa.array(np.where(indices < 0, 0, indices), mask=indices < 0))
        return _by_type(name, decoded)[0]
    else:
        texts, native = _level_texts(values), "integer" if pa.types.is_integer(values.type) else "text"
    return _categories(name, indices, texts, native, order)


def _level_texts(values: Any) -> list[str | None]:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = values.type
    if pa.types.is_floating(kind):
        return [None if value is None or value != value else number_text(value) for value in values.to_pylist()]
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return _moments(values).to_pylist()
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return [None if value is None else text_of_bytes(value) for value in values.to_pylist()]
    return pc.cast(values, pa.string()).to_pylist()


def _categories(name: str, indices: np.ndarray, texts: list[str | None], native: str, order: str) -> Column:
    """Codes into the distinct texts, blank ones counted as missing."""
    levels: dict[str, int] = {}
    turned = np.full(len(texts) + 1, -1, np.int32)
    for position, text in enumerate(texts):
        text = None if text is None else text.strip()
        if text:
            turned[position] = levels.setdefault(text, len(levels))
    return Column(name, codes=turned[indices], levels=tuple(levels), native=native, category=order)


def _as_category(column: Column, order: str) -> Column:
    """A column whose values the frame declares to be categories, though the file holds them plainly."""
    if column.samples is not None or column.native == "boolean" or column.unusable:
        return column
    codes, levels = column.coded
    native = "integer" if column.native == "integer" else "text"
    return Column(column.name, codes=codes, levels=levels, native=native, category=order)


def _intervals(name: str, cells: Any, about: Mapping[str, Any]) -> Column:
    import pyarrow as pa
    import pyarrow.compute as pc

    encoded = pc.dictionary_encode(pa.array(interval_texts(cells, str(about.get("closed", "right")))))
    left = pc.struct_field(cells, 0).to_pylist()
    texts, codes = encoded.dictionary.to_pylist(), pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
    first = [left[int(np.argmax(codes == code))] for code in range(len(texts))]
    order = sorted(range(len(texts)), key=lambda code: first[code])
    rank = np.append(np.argsort(order), -1) if order else np.array([-1])
    return Column(name, codes=rank[codes].astype(np.int32), levels=tuple(texts[i] for i in order), native="text",
                  category="ordered")  # fmt: skip


def _is_list(kind: Any) -> bool:
    import pyarrow as pa

    return pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)


def _lists(name: str, cells: Any) -> list[Column]:
    """Lists of numbers of one length are a vector, a column a number; lists of lists of one shape are sequences."""
    import pyarrow as pa
    import pyarrow.compute as pc

    known = cells.is_valid().to_numpy(zero_copy_only=False)
    values, shape = cells.filter(pa.array(known)), []
    while _is_list(values.type):
        lengths = pc.unique(pc.list_value_length(values)).to_pylist()
        if len(lengths) != 1 or not lengths[0]:
            shown = "empty lists" if lengths in ([], [0]) else "lists of different lengths"
            return [unusable(name, len(cells), shown)]
        shape.append(lengths[0])
        values = pc.list_flatten(values)
    kind = values.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)) or len(shape) > 3:
        return [unusable(name, len(cells), f"lists of {str(kind).partition('<')[0]}")]
    flat = pc.cast(values, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    array = np.full((len(cells), *shape), np.nan)
    array[known] = flat.reshape(int(known.sum()), *shape)
    return vector_columns(name, array) if len(shape) == 1 else [_samples(name, array, kind)]


def vector_columns(name: str, array: np.ndarray) -> list[Column]:
    """A column a number of vectors (n, k); long vectors are sequences of one number a step."""
    if array.shape[1] > _LONGEST_VECTOR:
        return [_samples(name, array[:, :, None], array.dtype)]
    names = [f"{name}[{i}]" for i in range(array.shape[1])]
    return [Column(each, numbers=np.ascontiguousarray(array[:, i]), native="float") for i, each in enumerate(names)]


def _samples(name: str, array: np.ndarray, kind: Any) -> Column:
    if array.ndim == 2:
        return vector_columns(name, array)[0]
    return samples_column(name, array)


def unique_names(names: list[str]) -> list[str]:
    """The names with repeats numbered: `a`, `a.1`."""
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
