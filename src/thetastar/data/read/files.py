"""The bytes of a file, unpacked where it is packed; or why there are none."""

from __future__ import annotations

from pathlib import Path

from thetastar.data.table import nearest
from thetastar.errors import InputError

__all__ = ["file_bytes"]


def file_bytes(path: Path, source: str) -> bytes:
    """The bytes of a file, a gzip archive opened.

    Raises:
        InputError: there is no such file, it is a folder, cannot be opened, or is a damaged archive.
    """
    import gzip

    data = _raw(path)
    if data[:2] != b"\x1f\x8b":
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError) as error:
        raise InputError(f"{source}: the gzip archive is damaged ({error}). Fetch or pack the file again.") from None


def _raw(path: Path) -> bytes:
    if path.is_dir():
        files = sorted(entry.name for entry in path.iterdir() if entry.is_file() and not entry.name.startswith("."))
        inside = f" It holds {', '.join(files[:6])}{', …' if len(files) > 6 else ''}." if files else ""
        raise InputError(f"{path}: this is a folder, not a file.{inside} Name the file to read.")
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
