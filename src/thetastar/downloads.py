"""Files from the internet, fetched once: checked by their SHA-256, kept in a cache, whole or not at all."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from thetastar.errors import InputError

__all__ = ["cache_folder", "fetch"]

_PIECE = 1 << 16
_LARGEST = 2**31  # bytes of one file
_SECONDS = 30  # without an answer


def cache_folder() -> Path:
    """Where fetched files are kept: THETASTAR_CACHE, or the place that the system has for such files."""
    given = os.environ.get("THETASTAR_CACHE")
    if given:
        return Path(given)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "thetastar"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "thetastar"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "thetastar"


def fetch(addresses: tuple[str, ...], checksum: str, path: Path) -> Path:
    """The file at `path`, fetched from the first address that has it unless it is there already.

    Args:
        checksum: "sha256:…" or "md5:…" of the whole file, in hexadecimal digits.
        path: where it goes; its folder is made.

    Raises:
        InputError: no address can be reached, or what came is not the file.
    """
    if path.is_file() and _checksum(path.read_bytes(), checksum) == checksum:
        return path
    said = []
    for address in addresses:
        try:
            content = _download(address, path.name)
        except (urllib.error.URLError, OSError, ValueError) as error:
            said.append(f"{address} ({getattr(error, 'reason', None) or error})")
            continue
        found = _checksum(content, checksum)
        if found != checksum:
            said.append(f"{address} (another file: {found}, not {checksum})")
            continue
        _write(path, content)
        return path
    raise InputError(
        f"{path.name}: it could not be fetched from {'; '.join(said)}. Check the connection, or give the folder that "
        "holds the files: load(name, folder=…)."
    )


def _checksum(content: bytes, like: str) -> str:
    kind = like.partition(":")[0]
    return f"{kind}:{hashlib.new(kind, content, usedforsecurity=False).hexdigest()}"


def _download(address: str, name: str) -> bytes:
    """The file's bytes, with a bar on a terminal."""
    request = urllib.request.Request(address, headers={"User-Agent": "thetastar"})
    with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
        total = int(answer.headers.get("Content-Length") or 0)
        if total > _LARGEST:
            raise ValueError(f"{total:,} bytes are too many")
        content = bytearray()
        with _bar(name, total) as advance:
            while piece := answer.read(_PIECE):
                content += piece
                advance(len(piece))
                if len(content) > _LARGEST:
                    raise ValueError("it does not end")
        if total and len(content) != total:
            raise ValueError(f"it ended after {len(content):,} of {total:,} bytes")
    return bytes(content)


class _bar:
    """A progress bar on standard error where that is a terminal, nothing elsewhere."""

    def __init__(self, name: str, total: int) -> None:
        self.name, self.total, self.shown = name, total, None

    def __enter__(self):
        if not sys.stderr.isatty():
            return lambda count: None
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

        self.shown = Progress(
            TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(),
            console=Console(stderr=True), transient=True,
        )  # fmt: skip
        self.shown.start()
        task = self.shown.add_task(self.name, total=self.total or None)
        return lambda count: self.shown.advance(task, count)

    def __exit__(self, *error) -> None:
        if self.shown is not None:
            self.shown.stop()


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(temporary, path)
    except OSError as error:
        raise InputError(
            f"{path}: the fetched file cannot be kept ({error.strerror}). "
            "Set THETASTAR_CACHE to a folder that can be written."
        ) from None
