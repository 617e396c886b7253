"""Writing a file all or nothing, and results to where they can be written."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from thetastar.errors import ElsewhereWarning, InputError

__all__ = ["make_folder", "where_written", "write_atomically", "write_somewhere", "written_atomically"]

_elsewhere: dict[str, Path] = {}  # where the results are that could not be written to their folder


def write_atomically(path: str | os.PathLike[str], content: bytes) -> Path:
    """Write `content` to `path` so that a crash leaves either the old file or the new one, never a part.

    A temporary file in the same folder is written, flushed to the disk and renamed; then the folder is flushed.

    Raises:
        InputError: the folder does not exist, or the file cannot be written.
    """
    with written_atomically(path) as file:
        file.write(content)
    return Path(path)


@contextmanager
def written_atomically(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A file to write into, which takes the place of `path` when the block ends without an error.

    Raises:
        InputError: as `write_atomically`.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path}: this is a folder; give the name of a file to write")
    if not path.parent.is_dir():
        raise InputError(f"{path}: the folder {path.parent} does not exist; create it or choose another place")
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())  # mkstemp makes private files; a result is as readable as any other
        os.replace(temporary, path)
        temporary = None
        _flush_folder(path.parent)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error}); check rights and space") from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def make_folder(out: Path) -> None:
    """Make the folder of results, before anything is computed for it.

    Raises:
        InputError: the folder is a file, or cannot be made.
    """
    if out.exists() and not out.is_dir():
        raise InputError(f"{out}: this is a file. Give a folder for the results.")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{out}: the folder cannot be used ({error.strerror}). Choose another.") from error


def write_somewhere(out: Path, write: Callable[[Path], None]) -> Path:
    """Have the results written to `out`, or elsewhere where that cannot be: work is never lost for a place.

    Args:
        write: writes all of them into the folder that it is given.

    Returns:
        The folder that holds them now. Where it is not `out`, an `ElsewhereWarning` says so.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)  # it may have vanished since
        write(out)
        _elsewhere.pop(str(out), None)
        return out
    except (InputError, OSError) as error:
        reason = error
    for make in (
        lambda: tempfile.mkdtemp(prefix=f"{out.name}-", dir="."),
        lambda: tempfile.mkdtemp(prefix="thetastar-"),
    ):
        try:
            place = Path(make())
            write(place)
        except (InputError, OSError):
            continue
        warnings.warn(
            f"{out}: cannot be written ({reason}). The results are in {place}", ElsewhereWarning, stacklevel=2
        )
        _elsewhere[str(out)] = place
        return place
    raise InputError(
        f"{out}: the results cannot be written ({reason}), and nowhere else either. Make room."
    ) from reason


def where_written(out: Path | str) -> Path:
    """The folder that holds the results that were meant for `out`, after `write_somewhere`."""
    return _elsewhere.get(str(out), Path(out))


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _flush_folder(folder: Path) -> None:
    if os.name != "posix":
        return  # only there can a folder be opened and flushed
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
