"""Parquet, Arrow and Feather."""

from __future__ import annotations

from typing import Any

from thetastar._memory import require
from thetastar.data.arrow import arrow_columns
from thetastar.data.cells import missing_notes
from thetastar.data.read.reading import in_one_line
from thetastar.data.table import Table
from thetastar.errors import InputError

__all__ = ["columnar_table", "is_columnar"]


def is_columnar(data: bytes) -> bool:
    """Whether the bytes begin as Parquet, Arrow or Feather files do."""
    return data[:4] in (b"PAR1", b"FEA1", b"\xff\xff\xff\xff") or data[:6] == b"ARROW1"


def columnar_table(data: bytes, source: str) -> Table:
    """The table of a Parquet, Arrow or Feather file.

    Raises:
        InputError: the file is damaged.
    """
    columns, notes = arrow_columns(_arrow_table(data, source), source)
    table = Table(tuple(columns), source, notes=tuple(notes))
    return table.with_notes(missing_notes(table.columns, table.place))


def _arrow_table(data: bytes, source: str) -> Any:
    import pyarrow as pa

    buffer = pa.BufferReader(data)
    try:
        if data[:4] == b"PAR1":
            table = _parquet_table(buffer, source)
        elif data[:4] == b"\xff\xff\xff\xff":
            table = pa.ipc.open_stream(buffer).read_all()
        else:
            import pyarrow.feather as feather

            table = feather.read_table(buffer)
        table.validate(full=True)  # offsets, indices and texts, which everything else takes for granted
        return table
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, MemoryError):
            raise
        raise InputError(
            f"{source}: the Parquet or Arrow file is damaged ({in_one_line(error)}). Write or fetch it again."
        ) from None


def _parquet_table(buffer: Any, source: str) -> Any:
    """A few bytes of Parquet may stand for any number of equal cells, so its size is known before it is read."""
    import pyarrow.parquet as parquet

    file = parquet.ParquetFile(buffer)
    about = file.metadata
    packed = sum(about.row_group(group).total_byte_size for group in range(about.num_row_groups))
    require(source, max(packed, about.num_rows * about.num_columns), "the table", "Give fewer rows or columns")
    return file.read()
