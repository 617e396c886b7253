"""The journal of a study: one JSON line per finished network, and per baseline and fold; each is on the disk before the
next one is reported. Studies of more than 10,000 networks have a line per shard: the networks that ended together.

A killed study reads it and trains only what is missing. That gives the same result as an uninterrupted run because a
line holds everything that choosing needs (scores, best epoch, curves), and the chosen network is trained again from its
seed anyway. A line ends with a checksum of itself, so a damaged one is refused and never believed.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import warnings
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, ClassVar

from pydantic import TypeAdapter

from thetastar.errors import ElsewhereWarning, InputError
from thetastar.study.lock import FolderLock
from thetastar.study.trial import BaselineOutcome, Key, Outcome

__all__ = ["MOST_LINES", "Journal", "Outcome", "read_journal"]

MOST_LINES = 10_000
"""Networks of a study up to which each has a line of its own."""


@dataclass(frozen=True)
class _Shard:
    """Networks that ended together."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    shard: list[Outcome]


_OUTCOME, _BASELINE, _SHARD = TypeAdapter(Outcome), TypeAdapter(BaselineOutcome), TypeAdapter(_Shard)


class Journal:
    """Outcomes by key, kept in memory and, if there is a folder, appended to `journal.jsonl` one line each."""

    def __init__(self, path: Path | None = None, held: FolderLock | None = None) -> None:
        self._file: IO[bytes] | None = None
        self._held = held  # until the journal is closed
        self._outcomes: dict[Key, Outcome] = {}
        self._baselines: dict[tuple[str, int], BaselineOutcome] = {}
        self._path = path
        self.by_shards = False  # whether networks that end together share a line
        if path is not None:
            self._outcomes, self._baselines, whole = read_journal(path)
            self._file = open(path, "ab")
            self._file.truncate(whole)  # a line that a kill cut off in the middle
        self.resumed = len(self._outcomes)

    def get(self, key: Key) -> Outcome | None:
        """The outcome of that network if it has been trained."""
        return self._outcomes.get(key)

    def add(self, *outcomes: Outcome) -> None:
        """Keep outcomes; on return they are on the disk. What time cut short is not kept for a later run."""
        for outcome in outcomes:
            self._outcomes[outcome.key] = outcome
        kept = [vars(outcome) for outcome in outcomes if outcome.stopped != "interrupted"]
        if kept:
            self._write([{"shard": kept}] if self.by_shards and len(kept) > 1 else kept)

    def baseline(self, key: tuple[str, int]) -> BaselineOutcome | None:
        """What a fit of that baseline on that fold gave, if there has been one."""
        return self._baselines.get(key)

    def add_baseline(self, outcome: BaselineOutcome) -> None:
        """Keep what a baseline gave on a fold; on return it is on the disk."""
        self._baselines[outcome.key] = outcome
        self._write([vars(outcome)])

    def _write(self, lines: Iterable[dict[str, Any]]) -> None:
        if self._file is not None:
            try:
                self._file.write(b"".join(map(_line, lines)))
                self._file.flush()
                os.fsync(self._file.fileno())
            except OSError as error:
                self._file = None
                warnings.warn(
                    f"{self._path}: cannot be written any more ({error.strerror or error}). The study goes on; if it "
                    "is interrupted, what it trains from here on is trained again",
                    ElsewhereWarning,
                    stacklevel=2,
                )

    def outcomes(self, candidate: str, round_number: int) -> list[Outcome]:
        """The outcomes of one candidate in one round, by fold and start."""
        own = [o for o in self._outcomes.values() if o.candidate == candidate and o.round == round_number]
        return sorted(own, key=lambda outcome: outcome.key)

    def close(self) -> None:
        """Close the file; outcomes stay readable."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None
        if self._held is not None:
            self._held.release()


_CHECKSUM = b', "crc32": "'


def _line(values: dict[str, Any]) -> bytes:
    """An outcome as a line: a JSON object, whose last key is the CRC-32 of all that stands before it."""
    body = json.dumps(values, ensure_ascii=False).encode()[:-1]
    return body + _CHECKSUM + f'{zlib.crc32(body):08x}"}}\n'.encode()


def _outcomes(line: bytes) -> Sequence[Outcome | BaselineOutcome]:
    """What a line holds, checked. Lines from before December 2026 have no checksum."""
    body, found, checksum = line.rpartition(_CHECKSUM)
    if found:
        if checksum.rstrip(b"}") != b'%08x"' % zlib.crc32(body):
            raise ValueError("the line has changed since it was written")
        line = body + b"}"
    if line.startswith(b'{"shard"'):
        return _SHARD.validate_json(line).shard
    return [(_BASELINE if line.startswith(b'{"baseline"') else _OUTCOME).validate_json(line)]


def read_journal(path: Path) -> tuple[dict[Key, Outcome], dict[tuple[str, int], BaselineOutcome], int]:
    """The outcomes of a journal, of networks and of baselines, and the length in bytes of its whole lines."""
    if not path.exists():
        return {}, {}, 0
    collects = gc.isenabled()
    gc.disable()  # what is read stays: the collector would look at all of it again and again and find nothing
    try:
        return _read(path)
    finally:
        if collects:
            gc.enable()


def _read(path: Path) -> tuple[dict[Key, Outcome], dict[tuple[str, int], BaselineOutcome], int]:
    outcomes: dict[Key, Outcome] = {}
    baselines: dict[tuple[str, int], BaselineOutcome] = {}
    whole = 0
    *lines, _ = path.read_bytes().split(b"\n")  # what follows the last line's end was cut off
    for number, line in enumerate(lines, start=1):
        try:
            held = _outcomes(line)
        except (ValueError, TypeError, AttributeError, RecursionError):
            raise InputError(
                f"{path}, line {number}: not a line of a study's journal. "
                "Give another folder, or ask for a fresh start (fresh=True, --fresh)."
            ) from None
        for outcome in held:
            if isinstance(outcome, BaselineOutcome):
                baselines[outcome.key] = outcome
            else:
                outcomes[outcome.key] = outcome
        whole += len(line) + 1
    return outcomes, baselines, whole
