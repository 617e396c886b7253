"""What a file is by its first bytes, where it is no table that can be read here; and the way out."""

from __future__ import annotations

from thetastar.errors import InputError

__all__ = ["refuse_foreign"]

_FOREIGN = {
    b"PK\x03\x04": "a zip archive or a spreadsheet (xlsx)",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet (xls)",
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"\x89HDF": "an HDF5 file",
    b"SQLite f": "an SQLite database",
    b"\x80\x04": "a Python pickle",
    b"\x80\x05": "a Python pickle",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"<html": "a web page",
    b"<!DOCTYPE": "a web page",
    b"<?xml": "an XML file",
    b'{"': "a JSON file",
    b"[{": "a JSON file",
    b"\x93NUMPY": "a NumPy array (load it with numpy.load and pass the array)",
}


def refuse_foreign(data: bytes, source: str) -> None:
    """Refuse a file that is something else by its first bytes.

    Raises:
        InputError: it is; the message says what, and what to do.
    """
    for magic, kind in _FOREIGN.items():
        if data.startswith(magic):
            raise InputError(f"{source}: this is {kind}, not a table that can be read. Save it as CSV or Parquet.")
