"""What a file is by its first bytes, where it is no table that can be read here; and the way out."""

from __future__ import annotations

import io

from thetastar.errors import InputError

__all__ = ["is_spreadsheet", "is_zip", "kind_of", "member_names", "refuse_foreign"]

_FOREIGN: dict[bytes, tuple[str, str]] = {
    b"%PDF": ("a PDF", "Copy its table into a spreadsheet and save that."),
    b"\x89PNG": ("a picture", "Pictures are given as a folder with a sub-folder per class."),
    b"\xff\xd8\xff": ("a picture", "Pictures are given as a folder with a sub-folder per class."),
    b"GIF8": ("a picture", "Pictures are given as a folder with a sub-folder per class."),
    b"\x89HDF": ("an HDF5 file", "Read it with h5py or pandas.read_hdf and pass the arrays or the frame."),
    b"CDF\x01": ("a netCDF file", "Read it with xarray and pass to_dataframe()."),
    b"CDF\x02": ("a netCDF file", "Read it with xarray and pass to_dataframe()."),
    b"SQLite f": ("an SQLite database", "Export a query as CSV, or pass pandas.read_sql(query, connection)."),
    b"\x80\x02": ("a Python pickle", "Pickles run code when they are read: load it yourself and pass the frame."),
    b"\x80\x03": ("a Python pickle", "Pickles run code when they are read: load it yourself and pass the frame."),
    b"\x80\x04": ("a Python pickle", "Pickles run code when they are read: load it yourself and pass the frame."),
    b"\x80\x05": ("a Python pickle", "Pickles run code when they are read: load it yourself and pass the frame."),
    b"RDX2": ("R's RData", "In R: arrow::write_parquet(frame, file), or write.csv(frame, file)."),
    b"RDX3": ("R's RData", "In R: arrow::write_parquet(frame, file), or write.csv(frame, file)."),
    b"X\n\x00\x00\x00": ("R's RDS", "In R: arrow::write_parquet(readRDS(file), other), or write.csv."),
    b"ORC": ("an ORC file", "Read it with pyarrow.orc and pass the table, or save it as Parquet."),
    b"Obj\x01": ("an Avro file", "Read it with polars.read_avro and pass the frame, or save it as Parquet."),
    b"SIMPLE  =": ("a FITS file", "Read it with astropy.table.Table.read and pass to_pandas()."),
    b"7z\xbc\xaf": ("a 7z archive", "Unpack it first."),
    b"Rar!": ("a RAR archive", "Unpack it first."),
    b"<html": ("a web page", "Fetch the file that the page links to, or pass pandas.read_html(page)[0]."),
    b"<!DOCTYPE": ("a web page", "Fetch the file that the page links to, or pass pandas.read_html(page)[0]."),
    b"<!doctype": ("a web page", "Fetch the file that the page links to, or pass pandas.read_html(page)[0]."),
    b"<?xml": ("an XML file", "Pass pandas.read_xml(file), or save it as CSV."),
    b"version https://git-lfs": ("a pointer of Git LFS, not the file itself", "Fetch the file with: git lfs pull."),
    b"/annex/objects/": ("a pointer of git-annex, not the file itself", "Fetch the file with: git annex get."),
}
_INSIDE = {  # of zip archives: a member's name, what the archive is, the way out
    "word/document.xml": ("a Word document", "Copy its table into a spreadsheet and save that."),
    "ppt/presentation.xml": ("a presentation", "Copy its table into a spreadsheet and save that."),
    "data.pkl": ("a PyTorch file", "Load it with torch.load and pass the arrays as NumPy's."),
    "config.json": ("a Keras model", "It is a model, not a table."),
}


def is_zip(data: bytes) -> bool:
    """Whether the bytes begin as a zip archive does."""
    return data[:4] in (b"PK\x03\x04", b"PK\x05\x06")


def is_spreadsheet(data: bytes) -> bool:
    """Whether the bytes are a workbook: an old one of Excel, or an archive with the parts of one."""
    if data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        return True
    names = member_names(data) if is_zip(data) else []
    if "mimetype" in names and b"opendocument.spreadsheet" in data[:200]:
        return True
    return any(name.startswith("xl/workbook.") for name in names)


def member_names(data: bytes) -> list[str]:
    """The names of the members of a zip archive; none where it is damaged."""
    import zipfile

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, ValueError, IndexError, OSError, NotImplementedError):
        return []


def refuse_foreign(data: bytes, source: str) -> None:
    """Refuse a file that is something else by its first bytes.

    Raises:
        InputError: it is; the message says what, and what to do.
    """
    start = data[:64].lstrip()
    for magic, (kind, way) in _FOREIGN.items():
        if data.startswith(magic) or (magic[:1] == b"<" and start.startswith(magic)):
            raise InputError(f"{source}: this is {kind}, not a table that can be read. {way}")
    if data[128:132] == b"DICM":
        raise InputError(f"{source}: this is a DICOM picture, not a table that can be read. Save it as PNG.")
    if data[8:12] == b"DUCK":
        raise InputError(
            f"{source}: this is a DuckDB database, not a table that can be read. "
            "In DuckDB: COPY table TO 'file.parquet'."
        )
    if is_zip(data):
        names = {
            name.rsplit("/", 1)[-1] if "/" in name and name.count("/") == 1 else name for name in member_names(data)
        }
        for member, (kind, way) in _INSIDE.items():
            if member in names or member in member_names(data):
                raise InputError(f"{source}: this is {kind}, not a table that can be read. {way}")


def kind_of(data: bytes) -> str | None:
    """What a file is that is no model: "a Parquet table", "a text file"; None where nothing tells.

    Example:
        >>> kind_of(b"a,b\\n1,2\\n"), kind_of(b"PAR1..."), kind_of(bytes(16))
        ('a text file', 'a Parquet table', None)
    """
    if data[:4] == b"PAR1":
        return "a Parquet table"
    if data[:6] == b"ARROW1":
        return "an Arrow table"
    if data[:6] == b"\x93NUMPY":
        return "a NumPy array"
    if is_spreadsheet(data):
        return "a spreadsheet"
    for magic, (kind, _) in _FOREIGN.items():
        if data.startswith(magic):
            return kind
    if is_zip(data):
        names = [name.rsplit("/", 1)[-1] for name in member_names(data)]
        return next((kind for member, (kind, _) in _INSIDE.items() if member in names), "a zip archive")
    start = data[:512]
    if len(start) > 1 and not any(byte < 9 or 13 < byte < 32 for byte in start):
        return "an empty file" if not start.strip() else "a text file"
    return None
