"""Parquet, Arrow and Feather."""

from __future__ import annotations

from typing import Any

from thetastar.data.arrow import arrow_columns
from thetastar.data.cells import missing_notes
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
            import pyarrow.parquet as parquet

            return parquet.read_table(buffer)
        if data[:4] == b"\xff\xff\xff\xff":
            return pa.ipc.open_stream(buffer).read_all()
        import pyarrow.feather as feather

        return feather.read_table(buffer)
    except (pa.ArrowException, OSError) as error:
        first = str(error).splitlines()[0]
        raise InputError(
            f"{source}: the Parquet or Arrow file is damaged ({first}). Write or fetch it again."
        ) from None
