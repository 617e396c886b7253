"""How much memory may still be taken: by the machine, by the process's control group, by its limit of address space."""

from __future__ import annotations

import ctypes
import importlib.util
import sys
from pathlib import Path

from .errors import InputError

__all__ = [
    "NoRoomError", "available", "give_back", "group_folders", "in_words", "require", "require_addresses",
    "require_libraries", "require_numpy",
]  # fmt: skip

# Bytes of address space: what loading SciPy and scikit-learn takes (240 MB with SciPy 1.17 and scikit-learn 1.9), and
# what each thread that computes with them takes (32 MB of OpenBLAS, 64 MB of the C library); what loading Arrow takes
# (290 MB), and pandas (59 MB), which Arrow loads with its first array where it is installed.
_LIBRARIES, _THREAD, _ARROW, _PANDAS = 280 << 20, 100 << 20, 300 << 20, 64 << 20
_NUMPY = 120 << 20  # the same of NumPy and the engine, with one thread of OpenBLAS, which ends a process that has less
_GROUPS = Path("/sys/fs/cgroup")
_LEAST_ADDRESSES = 32_000_000  # bytes; Arrow ended the process with 12 MB left and less


class NoRoomError(InputError):
    """Memory is refused: nothing is wrong with what was given, and with more memory it would be done.

    Where another `InputError` means that a step is left out, this one ends the work, or its result would depend on how
    much memory there happened to be.
    """


def available() -> tuple[int, str]:
    """Bytes that this process may still take, and what says so: "the machine", "its cgroup" or "RLIMIT_AS"."""
    limits = [(_of_machine(), "the machine"), (_of_group(), "its cgroup"), (_of_address_space(), "RLIMIT_AS")]
    return min(
        ((max(number, 0), name) for number, name in limits if number is not None), default=(2**62, "the machine")
    )


def require(where: str, needed: int, what: str, remedy: str) -> None:
    """Refuse what would not fit, with numbers, before anything of it is allocated.

    Raises:
        NoRoomError: `needed` bytes are more than what is left.
    """
    left, who = available()
    if needed > left:
        raise NoRoomError(
            f"{where}: {what} would take {in_words(needed)}, and {who} leaves {in_words(left)}. {remedy}."
        )  # fmt: skip


def require_numpy() -> None:
    """Refuse to go on where a limit of address space leaves no room for NumPy, before it is loaded.

    Raises:
        NoRoomError: there is less.
    """
    left = _of_address_space()
    if left is not None and left < _NUMPY and "numpy" not in sys.modules:
        raise NoRoomError(
            f"NumPy and the engine take up to {in_words(_NUMPY)} of address space, and RLIMIT_AS leaves "
            f"{in_words(left)}. Raise the limit (ulimit -v)."
        )


def require_libraries(threads: int) -> None:
    """Refuse to go on where a limit of address space leaves no room for Arrow, and for SciPy and scikit-learn on so
    many threads.

    OpenBLAS, which the latter compute with, asks for memory again and again, for ever, where there is none; Arrow ends
    the process.

    Raises:
        NoRoomError: there is less.
    """
    left = _of_address_space()
    if left is None:
        return
    loaded = "sklearn.linear_model" in sys.modules and "scipy.linalg" in sys.modules
    arrow = _of_arrow()
    needed = (0 if loaded else _LIBRARIES) + threads * _THREAD + arrow
    if needed > left:
        raise NoRoomError(
            f"{'Arrow, ' * bool(arrow)}SciPy and scikit-learn on {threads} thread{'s' * (threads != 1)} take up to "
            f"{in_words(needed)} of address space, and RLIMIT_AS leaves {in_words(left)}. Raise the limit (ulimit -v), "
            "or give fewer threads."
        )


def require_addresses(where: str, what: str) -> None:
    """Refuse what Arrow would end the process at: where a limit of address space leaves hardly any, its own small
    allocations fail, and it does not say so in a way that Python could catch.

    Raises:
        NoRoomError: RLIMIT_AS leaves less than 32 MB, and what Arrow and pandas take that are still to be loaded.
    """
    if available()[1] == "RLIMIT_AS":
        require(where, _LEAST_ADDRESSES + _of_arrow(), what, "Raise that limit, or use fewer threads")


def _of_arrow() -> int:
    """Addresses that Arrow will take, and pandas, which it loads where it is installed."""
    pandas = "pandas" in sys.modules or importlib.util.find_spec("pandas") is None
    return (0 if "pyarrow" in sys.modules else _ARROW) + (0 if pandas else _PANDAS)


def give_back() -> None:
    """Give the system what Arrow and the C library keep of memory that is free: after a large table it is often more
    than the table takes."""
    if "pyarrow" in sys.modules:
        sys.modules["pyarrow"].default_memory_pool().release_unused()
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (AttributeError, OSError, TypeError):  # the GNU library has it; Windows knows no library without a name
        pass


def in_words(count: float) -> str:
    """A number of bytes as people read it: "3.2 GB"."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:,.0f} {unit}" if unit == "bytes" else f"{count:,.3g} {unit}"
        count /= 1000
    return f"{count:,.3g} TB"


def _of_machine() -> int | None:
    """What Linux would give without swapping."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            for line in file:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return None


def _of_group() -> int | None:
    """The least of what the process's own group and those above it leave; pages of files count as free."""
    least = None
    for folder in group_folders():
        try:
            most = (folder / "memory.max").read_text().strip()
            if most == "max":
                continue
            statistics = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
            used = int((folder / "memory.current").read_text()) - int(statistics.get("inactive_file", 0))
            left = int(most) - used
        except (OSError, ValueError):
            continue
        least = left if least is None else min(least, left)
    return least


def group_folders() -> list[Path]:
    """The control groups (version 2) that this process is in, from its own up to the root; none elsewhere."""
    try:
        own = Path("/proc/self/cgroup").read_text(encoding="utf-8").strip().rsplit("::", 1)[-1].strip("/")
    except OSError:
        return []
    place = _GROUPS / own
    folders = [place, *place.parents]
    return [folder for folder in folders if folder == _GROUPS or _GROUPS in folder.parents]


def _of_address_space() -> int | None:
    try:
        import resource

        soft, _ = resource.getrlimit(resource.RLIMIT_AS)
        if soft == resource.RLIM_INFINITY:
            return None
        with open("/proc/self/statm", encoding="ascii") as file:
            return soft - int(file.read().split()[0]) * resource.getpagesize()
    except (ImportError, OSError, ValueError):
        return None
