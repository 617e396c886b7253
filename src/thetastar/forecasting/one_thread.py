"""Small matrices on one thread: the same bits on any machine's number of threads, and no threads that only wait.

The products here have a hundred columns. On several threads a library sums them in another order, and where the
processors are busy it waits for the slowest. Networks have threads of their own, which change no bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["one_thread"]


@contextmanager
def one_thread() -> Iterator[None]:
    """Linear algebra and trees on one thread, for as long as the block runs."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        yield
