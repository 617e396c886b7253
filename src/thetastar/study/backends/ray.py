"""Ray: the user's cluster by its address, or one on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, ClassVar, final

from thetastar.errors import InputError
from thetastar.study.backends.engine import Ended, Engine, Function, missing_package

__all__ = ["Ray"]


@final
class Ray(Engine):
    """Tasks of one processor each; the data stands in every node's object store once, and is read there."""

    name: ClassVar = "ray"

    def __init__(self, address: str, count: int) -> None:
        """Connect, or begin a cluster of `count` processors.

        Raises:
            InputError: Ray is not installed, or nobody answers.
        """
        try:
            os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
            import ray
        except ImportError:
            raise InputError(missing_package("ray")) from None
        address = address or os.environ.get("RAY_ADDRESS", "")
        self._ray: Any = ray
        self._own = not ray.is_initialized()
        if self._own:
            try:
                begun = {"address": address} if address else {"num_cpus": count, "include_dashboard": False}
                ray.init(**begun, log_to_driver=False, logging_level=40, configure_logging=False)
            except (ConnectionError, OSError, RuntimeError, ValueError) as error:
                raise InputError(
                    f"--cluster ray:{address}: no cluster answers there ({error}). Give the address that ray start "
                    "--head shows, or ray:auto on one of its machines."
                ) from None
        self._running: dict[Any, int] = {}

    @property
    def workers(self) -> int:
        return max(int(self._ray.cluster_resources().get("CPU", 1)), 1)

    def send(self, function: Function, once: Any) -> None:
        self._once = self._ray.put(once)
        self._task = self._ray.remote(num_cpus=1, max_retries=3)(function)

    def submit(self, number: int, shard: Any) -> None:
        self._running[self._task.remote(self._once, shard)] = number

    def ended(self, seconds: float) -> Iterator[Ended]:
        from ray.exceptions import RayError, RayTaskError

        some = list(self._running)
        done, _ = self._ray.wait(some, num_returns=1, timeout=seconds)
        if done:  # and all others that are there too
            done, _ = self._ray.wait(some, num_returns=len(some), timeout=0)
        for reference in done:
            number = self._running.pop(reference)
            try:
                yield Ended(number, self._ray.get(reference))
            except RayTaskError as error:
                yield Ended(number, error=error.as_instanceof_cause())
            except RayError as error:
                yield Ended(number, error=error, lost=True)

    def close(self) -> None:
        for reference in self._running:
            self._ray.cancel(reference, force=True)
        self._running.clear()
        if self._own:
            self._ray.shutdown()
