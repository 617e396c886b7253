"""Spark: a wave of shards is a job of one task each, and the data a broadcast variable."""

from __future__ import annotations

import os
import queue
import sys
from collections.abc import Iterator
from typing import Any, ClassVar, final

from thetastar.errors import InputError
from thetastar.study.backends.engine import Ended, Engine, Function, missing_package

__all__ = ["Spark"]


@final
class Spark(Engine):
    """A session's context; every shard is a job of its own from a thread of its own, as Spark's scheduler wants it."""

    name: ClassVar = "spark"

    def __init__(self, master: str, count: int) -> None:
        """The running session, or a new one.

        Raises:
            InputError: pyspark is not installed, or Java is missing, or nobody answers.
        """
        try:
            from pyspark.sql import SparkSession
        except ImportError:
            raise InputError(missing_package("spark")) from None
        self._own = SparkSession.getActiveSession() is None
        builder = SparkSession.builder.appName("thetastar")
        if self._own:
            os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # workers here have this Python's packages
            builder = builder.master(master or f"local[{count}]").config("spark.ui.enabled", "false")
            builder = builder.config("spark.task.maxFailures", "4").config("spark.ui.showConsoleProgress", "false")
        try:
            self._session: Any = builder.getOrCreate()
        except Exception as error:  # the gateway to Java raises errors of several libraries
            raise InputError(
                f"--cluster spark:{master}: Spark does not start ({type(error).__name__}). Install Java, and give the "
                "master's address, such as spark:spark://10.0.0.1:7077."
            ) from None
        self._context: Any = self._session.sparkContext
        self._count = count
        self._done: queue.SimpleQueue[Ended] = queue.SimpleQueue()
        self._group = f"thetastar-{id(self)}"

    @property
    def workers(self) -> int:
        return max(int(self._context.defaultParallelism), 1)

    def send(self, function: Function, once: Any) -> None:
        import cloudpickle

        self._function = function
        self._once = self._context.broadcast(cloudpickle.dumps(once))

    def submit(self, number: int, shard: Any) -> None:
        from pyspark import InheritableThread

        InheritableThread(target=self._run, args=(number, shard), daemon=True).start()

    def _run(self, number: int, shard: Any) -> None:
        function, once = self._function, self._once
        try:
            self._context.setJobGroup(self._group, "thetastar")
            rows = self._context.parallelize([shard], 1).map(lambda own: _call(function, once, own)).collect()
            self._done.put(Ended(number, rows[0]))
        except BaseException as error:
            self._done.put(Ended(number, error=error, lost="ExecutorLost" in str(error)))

    def ended(self, seconds: float) -> Iterator[Ended]:
        try:
            yield self._done.get(timeout=seconds)
            while True:
                yield self._done.get_nowait()
        except queue.Empty:
            return

    def close(self) -> None:
        self._context.cancelJobGroup(self._group)
        if self._own:
            self._session.stop()


_held: list[tuple[Any, Any]] = []  # in a worker: the broadcast variable, and what its bytes make


def _call(function: Function, once: Any, shard: Any) -> Any:
    """Runs in a worker: the data is made of the broadcast bytes at the first shard."""
    import cloudpickle

    if not _held or _held[0][0] is not once:
        _held[:] = [(once, cloudpickle.loads(once.value))]
    return function(_held[0][1], shard)
