"""From trials to outcomes, a file a kind of backend, and a file an engine for many workers."""

from __future__ import annotations

from thetastar.study.backends.backend import Backend, Work
from thetastar.study.backends.engine import Engine, parse_cluster
from thetastar.study.backends.local import Local

__all__ = ["Backend", "Local", "Work", "backend_for"]


def backend_for(cluster: str | None, threads: int) -> Backend:
    """This process with so many threads, or an engine's workers; so many of them where it is asked to begin any.

    Raises:
        InputError: the engine's package is not installed, or nobody answers at the address.
    """
    if cluster is None:
        return Local(threads)
    from thetastar.study.backends.remote import Remote

    return Remote(_engine(*parse_cluster(cluster), threads))


def _engine(name: str, rest: str, count: int) -> Engine:
    if name == "dask":
        from thetastar.study.backends.dask import Dask

        return Dask(rest, count)
    if name == "ray":
        from thetastar.study.backends.ray import Ray

        return Ray(rest, count)
    if name == "spark":
        from thetastar.study.backends.spark import Spark

        return Spark(rest, count)
    from thetastar.study.backends.processes import Processes

    return Processes(int(rest) if rest else count)
