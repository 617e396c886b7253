"""What an engine for many workers must do, and which there are.

A study's data goes to every worker once; then shards of some seconds each go there and come back. The engine knows
nothing of studies: it runs a function on what was sent once and on a shard.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from thetastar._checks import nearest

__all__ = ["ENGINES", "Ended", "Engine", "Function", "missing_package", "parse_cluster"]

ENGINES = ("processes", "dask", "ray", "spark")

Function = Callable[[Any, Any], Any]
"""f(what was sent once, shard) -> result, found by its name on every worker."""


@dataclass(frozen=True)
class Ended:
    """A shard that came back: its number, and the result or what went wrong.

    Attributes:
        lost: whether its worker died, so that it may be tried once more.
    """

    number: int
    result: Any = None
    error: BaseException | None = None
    lost: bool = False


class Engine(ABC):
    """The contract of all engines."""

    name: ClassVar[Literal["processes", "dask", "ray", "spark"]]

    @property
    @abstractmethod
    def workers(self) -> int:
        """How many shards run at a time."""

    @abstractmethod
    def send(self, function: Function, once: Any) -> None:
        """Send the data to every worker, in place of what was there before."""

    @abstractmethod
    def submit(self, number: int, shard: Any) -> None:
        """Have a shard run."""

    @abstractmethod
    def ended(self, seconds: float) -> Iterator[Ended]:
        """The shards that have come back since the last call, in any order; waits at most so long for the first."""

    @abstractmethod
    def close(self) -> None:
        """Let the workers go; what runs there is given up."""


def parse_cluster(given: str) -> tuple[str, str]:
    """The engine and what follows its name.

    Raises:
        ValueError: there is no such engine.

    Example:
        >>> parse_cluster("dask:tcp://10.0.0.1:8786")
        ('dask', 'tcp://10.0.0.1:8786')
    """
    name, _, rest = given.partition(":")
    if name not in ENGINES:
        raise ValueError(
            f"it must be processes[:N], dask[:ADDRESS], ray[:ADDRESS] or spark[:MASTER]. {nearest(name, list(ENGINES))}"
        )
    if name == "processes" and rest and not (rest.isdigit() and int(rest) > 0):
        raise ValueError("processes take a number above 0, such as processes:4")
    return name, rest


def missing_package(engine: str) -> str:
    """The sentence that says what to install."""
    return (
        f'--cluster {engine}: the package is not installed. Install it with: pip install "thetastar[{engine}]", or use '
        "--cluster processes, which needs none."
    )
