"""Dask's distributed scheduler: the user's cluster by its address, or processes on this machine."""

from __future__ import annotations

import os
import queue
from collections.abc import Iterator
from typing import Any, ClassVar, final

from thetastar.errors import InputError
from thetastar.study.backends.engine import Ended, Engine, Function, missing_package

__all__ = ["Dask"]


@final
class Dask(Engine):
    """A client of a scheduler; a worker that dies is the scheduler's to replace, and its shard runs elsewhere."""

    name: ClassVar = "dask"

    def __init__(self, address: str, count: int) -> None:
        """Connect, or begin a cluster of `count` processes of one thread.

        Raises:
            InputError: distributed is not installed, or nobody answers.
        """
        try:
            from distributed import Client, LocalCluster
        except ImportError:
            raise InputError(missing_package("dask")) from None
        address = address or os.environ.get("DASK_SCHEDULER_ADDRESS", "")
        self._cluster: Any = None
        try:
            if not address:
                self._cluster = LocalCluster(
                    n_workers=count, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50,
                )  # fmt: skip
            self._client: Any = Client(
                address if self._cluster is None else self._cluster, timeout="10s", set_as_default=False
            )
        except (OSError, ValueError, TimeoutError) as error:
            raise InputError(
                f"--cluster dask:{address}: no scheduler answers there ({error}). Give the address that dask scheduler "
                "shows, such as dask:tcp://10.0.0.1:8786."
            ) from None
        self._running: dict[Any, int] = {}
        self._done: queue.SimpleQueue[Any] = queue.SimpleQueue()

    @property
    def workers(self) -> int:
        return max(sum(self._client.nthreads().values()), 1)

    def send(self, function: Function, once: Any) -> None:
        self._function = function
        self._once = self._client.scatter(once, broadcast=True, hash=False)

    def submit(self, number: int, shard: Any) -> None:
        # Not pure: equal calls would be answered from a cache, even where the first of them was cut short by time.
        future = self._client.submit(self._function, self._once, shard, pure=False)
        self._running[future] = number
        future.add_done_callback(self._done.put)

    def ended(self, seconds: float) -> Iterator[Ended]:
        from distributed.scheduler import KilledWorker

        try:
            future = self._done.get(timeout=seconds)
            while True:
                number = self._running.pop(future)
                error = future.exception() if future.status == "error" else None
                lost = future.status in ("cancelled", "lost") or isinstance(error, KilledWorker)
                yield Ended(number, None if error or lost else future.result(), error, lost)
                future = self._done.get_nowait()
        except queue.Empty:
            return

    def close(self) -> None:
        self._client.cancel(list(self._running), force=True)
        self._running.clear()
        self._client.close()
        if self._cluster is not None:
            self._cluster.close()
