"""Files from the net, fetched once: checked by their sum, kept in the user's cache folder."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from thetastar.errors import InputError

__all__ = ["cache_folder", "fetch"]

_TIMEOUT = 30.0  # seconds without a byte
_MOST_BYTES = 1 << 28
_PIECE = 1 << 16


def cache_folder() -> Path:
    """Where fetched files are kept: THETASTAR_CACHE, or "thetastar" in the platform's cache folder."""
    own = os.environ.get("THETASTAR_CACHE")
    if own:
        return Path(own).expanduser()
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "thetastar"


def fetch(addresses: Sequence[str], checksum: str, file: str, *, most: int = _MOST_BYTES) -> Path:
    """The path of a file in the cache; where it is missing or damaged there, it is fetched first.

    The bytes go to a temporary name and get the real one only when their sum is right, so nothing half done stays.

    Args:
        addresses: Where the file lies; the next is tried where one fails.
        checksum: "sha256:…" or "md5:…" of the whole file.
        file: Its path inside the cache folder, such as "mnist/train-images-idx3-ubyte.gz".
        most: Bytes at which fetching stops.

    Raises:
        InputError: No address gave the file, or the cache cannot be written; the message says what to do.
    """
    path = cache_folder() / file
    if path.is_file() and _sum_of(path, checksum) == checksum:
        return path
    failures = []
    for address in addresses:
        try:
            _fetch_one(address, checksum, path, most)
            return path
        except _Failure as failure:
            failures.append(f"{address}: {failure}")
    raise InputError(
        f"{path.name}: the file could not be fetched ({'; '.join(failures)}). Check the connection to the internet, or "
        "fetch it by hand and give its folder: load(…, folder=…)."
    )


class _Failure(Exception):
    """Why one address did not give the file."""


def _fetch_one(address: str, checksum: str, path: Path, most: int) -> None:
    import http.client
    import urllib.request

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".part-", dir=path.parent)
    except OSError as error:
        raise InputError(
            f"{path.parent}: the cache folder cannot be written ({error.strerror or error}). Set THETASTAR_CACHE to a "
            "folder that can."
        ) from None
    try:
        with os.fdopen(handle, "wb") as part:
            try:
                request = urllib.request.Request(address, headers={"User-Agent": "thetastar"})
                with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:
                    _copy(answer, part, path.name, most)
                part.flush()
            except (OSError, http.client.HTTPException, ValueError) as error:  # URLError and timeouts are OSErrors
                raise _Failure(str(error) or type(error).__name__) from None
        found = _sum_of(Path(name), checksum)
        if found != checksum:
            raise _Failure(f"the checksum is {found}, it must be {checksum}")
        try:
            os.replace(name, path)
        except OSError as error:
            raise _Failure(str(error)) from None
    finally:
        Path(name).unlink(missing_ok=True)


def _copy(answer, part, name: str, most: int) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    length = answer.headers.get("Content-Length", "")
    total = int(length) if length.isdigit() else None
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    progress = Progress(*columns, console=console, disable=not console.is_terminal, transient=True)
    try:
        with contextlib.suppress(RuntimeError):  # without a thread that draws it anew it stands still
            progress.start()
        task = progress.add_task(name, total=total)
        done = 0
        while piece := answer.read(_PIECE):
            done += len(piece)
            if done > most:
                raise _Failure(f"more than {most:,} bytes came")
            part.write(piece)
            progress.update(task, completed=done)
    finally:
        progress.stop()
    if total is not None and done < total:
        raise _Failure(f"the file ended after {done:,} of {total:,} bytes")


def _sum_of(path: Path, checksum: str) -> str:
    kind = checksum.partition(":")[0]
    with path.open("rb") as file:
        # MD5 is what Fashion-MNIST's makers publish; it guards against damage, not against forgery.
        digest = hashlib.file_digest(file, lambda: hashlib.new(kind, usedforsecurity=False))
    return f"{kind}:{digest.hexdigest()}"
