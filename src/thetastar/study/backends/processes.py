"""Local processes, by joblib's loky: each maps the study's data from one file, so that it is in memory once."""

from __future__ import annotations

import shutil
import signal
import tempfile
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any, ClassVar, final

from thetastar.study.backends.engine import Ended, Engine, Function

__all__ = ["Processes"]


@final
class Processes(Engine):
    """So many processes on this machine; one that dies is replaced, and its shard is lost."""

    name: ClassVar = "processes"

    def __init__(self, count: int) -> None:
        self._count = count
        self._pool: Any = None
        self._folder: Path | None = None
        self._function: Function | None = None
        self._running: dict[Future[Any], int] = {}
        self._sent = 0
        self._begin()

    @property
    def workers(self) -> int:
        return self._count

    def send(self, function: Function, once: Any) -> None:
        import joblib

        self._function = function
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="thetastar-"))
        self._sent += 1
        path = self._folder / f"{self._sent}.joblib"
        joblib.dump(once, path)
        self._path = path

    def submit(self, number: int, shard: Any) -> None:
        if self._pool is None:
            self._begin()
        try:
            future = self._pool.submit(_call, self._function, str(self._path), shard)
        except BrokenProcessPool:  # somebody died just now; `ended` tells of the others
            self._renew()
            return self.submit(number, shard)
        self._running[future] = number

    def ended(self, seconds: float) -> Iterator[Ended]:
        done, _ = wait(self._running, timeout=seconds, return_when=FIRST_COMPLETED)
        broken = False
        for future in done:
            number = self._running.pop(future)
            error = future.exception()
            lost = isinstance(error, BrokenProcessPool)
            broken |= lost
            yield Ended(number, None if error else future.result(), error, lost)
        if broken:
            self._renew()

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, kill_workers=True)
            self._pool = None
        self._running.clear()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _begin(self) -> None:
        """Have the processes begin, and load what they need, before the first shard is there: it takes seconds."""
        from joblib.externals.loky import ProcessPoolExecutor

        self._pool = ProcessPoolExecutor(self._count, timeout=None, initializer=_undisturbed)
        for _ in range(self._count):
            self._pool.submit(_load)

    def _renew(self) -> None:
        """A new pool in place of one that a death has broken."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, kill_workers=True)
        self._pool = None


def _undisturbed() -> None:
    """Ctrl-C is for the driver, which ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _load() -> None:
    """Runs in a worker: loads what every shard needs."""
    import thetastar.study.backends.remote
    import thetastar.training  # noqa: F401


_held: dict[str, Any] = {}


def _call(function: Function, path: str, shard: Any) -> Any:
    """Runs in a worker: the data is mapped from the file at the first shard, and read-only."""
    if path not in _held:
        import joblib

        _held.clear()
        _held[path] = joblib.load(path, mmap_mode="r")
    return function(_held[path], shard)
