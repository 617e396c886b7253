"""What is known of a file before it is read: its name for messages, the part that is wanted, what the user named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from thetastar.errors import InputError

__all__ = ["Reading", "in_one_line", "needs"]


@dataclass(frozen=True)
class Reading:
    """How to read one file.

    Attributes:
        source: what messages call it.
        part: the sheet, variable or member that is wanted (`book.xlsx#Sheet2`); "" takes the one there is.
        header: for cells of texts: whether the first row holds names; None finds out.
        expected: names of an earlier file of the same kind.
        named: columns that the user named; a first row that holds one of them is the header.
        file: the file's own name, where it says more than its bytes.
    """

    source: str
    part: str = ""
    header: bool | None = None
    expected: Sequence[str] | None = None
    named: Sequence[str] = ()
    file: str = ""

    def of(self, name: str) -> Reading:
        """The same for a file inside of this one."""
        return replace(self, source=f"{self.source}#{name}", part="", file=name)

    def pick(self, parts: Sequence[str], what: str) -> str | None:
        """The wanted one of several parts; None where none was named and there are several.

        Raises:
            InputError: the part that was named does not exist.
        """
        if not self.part:
            return parts[0] if len(parts) == 1 else None
        if self.part in parts:
            return self.part
        shown = ", ".join(map(repr, parts[:8])) + ", …" * (len(parts) > 8)
        raise InputError(f"{self.source}: there is no {what} {self.part!r}. There are {shown}.")


def in_one_line(error: BaseException) -> str:
    """What a library's exception says, short enough for a sentence; its name where it says nothing."""
    words = " ".join(str(error).split())
    return f"{words[:159]}…" if len(words) > 160 else words or type(error).__name__


def needs(library: str, package: str, what: str) -> InputError:
    """The error of a reader whose library is not installed."""
    return InputError(
        f"{what} needs {library}. Install it: pip install {package} (or all readers: pip install 'thetastar[files]')."
    )
