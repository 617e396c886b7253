"""The bytes of a file, unpacked where it is packed, or of standard input; the files of a folder or a pattern."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

from thetastar._memory import available
from thetastar.data.read.reading import in_one_line
from thetastar.data.table import nearest
from thetastar.errors import InputError

__all__ = ["file_bytes", "files_of", "split_part", "unpacked", "zip_members"]

_MOST_BYTES = 1 << 34  # of what an archive grows to
_PIECE = 1 << 20
_MEMBERS = (
    ".csv", ".tsv", ".txt", ".tab", ".dat", ".data", ".json", ".jsonl", ".ndjson", ".parquet", ".arrow", ".feather",
    ".arff", ".xlsx", ".xls", ".ods", ".sav", ".dta", ".mat", ".npy", ".ts", ".tsf", ".gz", ".svm", ".libsvm",
)  # fmt: skip


def split_part(path: str) -> tuple[str, str]:
    """A path and the part of the file that is wanted: `book.xlsx#Sheet2`; "" where the whole name is a file."""
    if "#" not in path or Path(path).exists():
        return path, ""
    name, _, part = path.rpartition("#")
    return (name, part) if Path(name).exists() else (path, "")


def files_of(path: str) -> list[Path] | None:
    """The files of a folder or of a pattern (`parts/*.csv`), in the order of their names; None for a single file.

    Raises:
        InputError: no file fits the pattern, or the files of a folder have several endings.
    """
    import glob

    place = Path(path)
    if place.is_dir():
        files = [entry for entry in sorted(place.iterdir()) if entry.is_file() and entry.name[0] not in "._"]
        endings = {_ending(file) for file in files}
        if len(files) < 1 or len(endings) > 1 or not endings <= set(_MEMBERS):
            inside = ", ".join(file.name for file in files[:6]) + ", …" * (len(files) > 6)
            shown = f" It holds {inside}." if files else ""
            raise InputError(f"{path}: this is a folder, not a file.{shown} Name the file to read.")
        return files
    if not any(sign in path for sign in "*?[") or place.exists():
        return None
    files = [Path(name) for name in sorted(glob.glob(path, recursive=True)) if Path(name).is_file()]
    if not files:
        raise InputError(f"{path}: no file fits the pattern. Check it.")
    return files


def _ending(file: Path) -> str:
    return Path(file.name.removesuffix(".gz")).suffix.lower() or ".gz"


def file_bytes(path: Path, source: str) -> bytes:
    """The bytes of a file ("-" is standard input), a gzip, bzip2, xz or zstd archive opened.

    Raises:
        InputError: there is no such file, it is a folder, cannot be opened, or is a damaged archive.
    """
    return unpacked(sys.stdin.buffer.read() if str(path) == "-" else _raw(path), source)


def unpacked(data: bytes, source: str) -> bytes:
    """The bytes that a gzip, bzip2, xz or zstd archive holds; other bytes as they are.

    Raises:
        InputError: the archive is damaged, or grows beyond all measure.
    """
    import bz2
    import gzip
    import lzma
    import zlib

    kinds: dict[bytes, tuple[str, Any]] = {
        b"\x1f\x8b": ("gzip", gzip.open), b"BZh": ("bzip2", bz2.open), b"\xfd7zXZ": ("xz", lzma.open),
        b"\x28\xb5\x2f\xfd": ("zstd", _zstd),
    }  # fmt: skip
    for magic, (name, opened) in kinds.items():
        if data.startswith(magic):
            try:
                with opened(io.BytesIO(data)) as stream:
                    return _grown(stream, f"{source}: the {name} archive")
            except (OSError, EOFError, lzma.LZMAError, zlib.error, ValueError) as error:
                if isinstance(error, InputError):
                    raise
                raise InputError(
                    f"{source}: the {name} archive is damaged ({in_one_line(error)}). Fetch or pack the file again."
                ) from None
    return data


def _grown(stream: Any, which: str) -> bytes:
    """What an archive holds, piece by piece, so that one that grows beyond all measure stops there."""
    most = min(_MOST_BYTES, available()[0] // 3)  # the bytes, the cells and the table are held for a while together
    found = bytearray()
    while piece := stream.read(_PIECE):
        found += piece
        if len(found) > most:
            raise InputError(f"{which} holds more than {most:,} bytes, for which there is no memory. Split the file.")
    return bytes(found)


def _zstd(stream: io.BytesIO) -> Any:
    import pyarrow as pa

    return pa.CompressedInputStream(stream, "zstd")


def zip_members(data: bytes, source: str, part: str) -> list[tuple[str, bytes]]:
    """(name, bytes) of the tables in a zip archive: the named one, or all; folders, remarks and pictures passed over.

    Raises:
        InputError: the archive is damaged or locked, or holds no such table.
    """
    import zipfile
    import zlib

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [info.filename for info in archive.infolist() if not info.is_dir() and not _hidden(info.filename)]
            wanted = [name for name in names if name == part or (not part and name.lower().endswith(_MEMBERS))]
            if not wanted:
                shown = ", ".join(names[:8]) + ", …" * (len(names) > 8)
                what = f"no member {part!r}" if part else "no table"
                raise InputError(f"{source}: there is {what} in the zip archive. It holds {shown or 'nothing'}.")
            most = min(_MOST_BYTES, available()[0] // 3)
            if sum(archive.getinfo(name).file_size for name in wanted) > most:
                raise InputError(
                    f"{source}: the zip archive holds more than {most:,} bytes, for which there is no memory. "
                    "Unpack it, and give its tables one by one."
                )
            return [(name, archive.read(name)) for name in wanted]
    except InputError:
        raise
    except (
        zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError, IndexError,
    ) as error:  # fmt: skip
        raise InputError(
            f"{source}: the zip archive is damaged or locked ({in_one_line(error)}). Unpack it first."
        ) from None


def _hidden(name: str) -> bool:
    return name.startswith("__MACOSX/") or name.rsplit("/", 1)[-1][:1] in (".", "")


def _raw(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError(_no_such_file(path)) from None
    except (PermissionError, OSError, ValueError) as error:
        raise InputError(f"{path}: the file cannot be opened ({getattr(error, 'strerror', None) or error}).") from None


def _no_such_file(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f"{path}: there is no such file; the folder {str(folder)!r} does not exist either. Check the path."
    files = sorted(entry.name for entry in folder.iterdir() if entry.is_file() and not entry.name.startswith("."))
    close = nearest(path.name, files, cutoff=0.65)
    if close:
        return f"{path}: there is no such file. Did you mean {' or '.join(close)}?"
    shown = f" holds {', '.join(files[:6])}{', …' if len(files) > 6 else ''}" if files else " is empty"
    return f"{path}: there is no such file. The folder {str(folder)!r}{shown}. Check the path."
