"""Where paused trainings stand between two rungs of a search: beside the journal, and worth less than it.

The journal is the one truth. What is lost here is trained again from its start, to the same bits; so a damaged record
is passed over, and a file goes when the next rung has ended.
"""

from __future__ import annotations

import contextlib
import json
import zlib
from pathlib import Path
from typing import IO

from thetastar.errors import InputError
from thetastar.pause import Pause
from thetastar.study.trial import Key

__all__ = ["Pauses"]


class Pauses:
    """Pauses by the address of the stretch that they end: in memory, or in a file a round beside the journal."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._held: dict[Key, bytes] = {}
        self._places: dict[Key, tuple[int, int, int]] = {}  # round, where it begins, its length
        self._files: dict[int, IO[bytes]] = {}
        if folder is not None:
            for path in sorted(folder.glob("paused-*.bin")):
                with contextlib.suppress(OSError, ValueError):
                    self._read(path)

    def get(self, key: Key) -> Pause | None:
        """Where that stretch ended; None where nobody knows."""
        data = self._held.get(key)
        if data is None and key in self._places:
            number, begin, length = self._places[key]
            file = self._file(number)
            with contextlib.suppress(OSError):
                file.seek(begin)
                data = file.read(length)
        if data is None:
            return None
        try:
            return Pause.from_bytes(data)
        except InputError:
            return None

    def put(self, key: Key, pause: Pause) -> None:
        """Keep it; where the disk is full, in memory."""
        data = pause.to_bytes()
        if self._folder is None:
            self._held[key] = data
            return
        head = json.dumps([key, len(data)]).encode()
        try:
            file = self._file(key[0])
            begin = file.seek(0, 2)
            file.write(len(head).to_bytes(4, "little") + zlib.crc32(head).to_bytes(4, "little") + head + data)
            file.flush()
        except OSError:
            self._held[key] = data
            return
        self._places[key] = (key[0], begin + 8 + len(head), len(data))

    def drop(self, number: int) -> None:
        """The pauses of a round that nobody goes on from any more."""
        for kept in (self._held, self._places):
            for key in [key for key in kept if key[0] == number]:
                del kept[key]
        file = self._files.pop(number, None)
        if file is not None:
            file.close()
        if self._folder is not None:
            self._path(number).unlink(missing_ok=True)

    def close(self) -> None:
        """Close the files; they stay for whoever resumes."""
        for file in self._files.values():
            file.close()
        self._files.clear()

    def _path(self, number: int) -> Path:
        assert self._folder is not None
        return self._folder / f"paused-{number}.bin"

    def _file(self, number: int) -> IO[bytes]:
        if number not in self._files:
            self._files[number] = open(self._path(number), "a+b")
        return self._files[number]

    def _read(self, path: Path) -> None:
        """Where the records of a file are, as far as they are whole."""
        size = path.stat().st_size
        with open(path, "rb") as file:
            while len(start := file.read(8)) == 8:
                head = file.read(int.from_bytes(start[:4], "little"))
                if zlib.crc32(head).to_bytes(4, "little") != start[4:]:
                    break
                (number, name, fold, begun), length = json.loads(head)
                at = file.tell()
                if at + length > size:
                    break
                self._places[number, name, fold, begun] = (number, at, length)
                file.seek(length, 1)
