"""One writer a folder: the lock of a study's folder, which says who holds it.

The lock is the system's own (`flock`), so it ends with the process that holds it, however that ends: nobody ever has to
remove a stale one.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from pathlib import Path
from typing import IO

from thetastar.errors import InputError

__all__ = ["FolderLock"]

_NAME = "study.lock"


class FolderLock:
    """Holds a folder until `release`.

    Raises:
        InputError: another process, or another study of this one, holds it.
    """

    def __init__(self, folder: Path) -> None:
        self._path, self._file = folder / _NAME, None
        try:
            import fcntl
        except ImportError:  # not POSIX: two writers are not told apart there
            return
        with contextlib.suppress(OSError):  # a folder that cannot be written is refused in words by who writes to it
            while self._file is None:
                file: IO[str] = open(self._path, "a+", encoding="utf-8")
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    file.seek(0)
                    holder = file.read(200).strip() or "another process"
                    file.close()
                    raise InputError(
                        f"{folder}: {holder} is writing to this folder. Wait until it has ended, or give "
                        "another folder."
                    ) from None
                if not self._is_there(file):  # whoever held it has removed it meanwhile
                    file.close()
                    continue
                file.truncate(0)
                file.write(
                    f"process {os.getpid()} on {socket.gethostname()}, since {time.strftime('%Y-%m-%d %H:%M:%S')},"
                )
                file.flush()
                self._file = file

    def _is_there(self, file: IO[str]) -> bool:
        try:
            return os.path.samestat(os.fstat(file.fileno()), os.stat(self._path))
        except FileNotFoundError:
            return False

    def release(self) -> None:
        """Let others write. It may be called twice."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._path.unlink()
            self._file.close()
            self._file = None
