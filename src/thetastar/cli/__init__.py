"""The `thetastar` command: what a person types, and how it ends.

Exit codes: 0 done; 2 something was given that cannot be used, or memory ran out (one message on standard error, no
traceback); 130 interrupted by Ctrl-C, 143 by SIGTERM. A reader that closes the pipe early (`| head`) ends the command
quietly.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

__all__ = ["INTERRUPTED", "main"]

# What the system's loader says of a library that there is no memory for (glibc's words).
_NO_ROOM = ("failed to map segment", "cannot map zero-fill pages", "Cannot allocate memory")
# What Python says where there was no memory for the MemoryError itself.
_NO_ERROR = ("without exception set", "without setting an exception")
INTERRUPTED = -1  # how a command ends that was interrupted and has said itself what is kept


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with `arguments` (those of the process if not given) and return the exit code."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):
            stream.reconfigure(errors="replace")  # a terminal that cannot write × or ± shows ? and goes on
    with _Signals() as signals:
        try:
            code = _spoken(arguments)
        except BaseException as error:
            # A signal may come within an import or within a library, which make another exception of it.
            if signals.received is None and not isinstance(error, KeyboardInterrupt):
                raise
            code = 130
    if code == 130:
        with contextlib.suppress(BrokenPipeError):
            print("thetastar: interrupted. Give the same command again to start anew.", file=sys.stderr, flush=True)
    if code not in (130, INTERRUPTED):
        return _leave(code) if code == 2 and arguments is None else code
    code = 128 + (signals.received or signal.SIGINT)
    return code if arguments is not None else _leave(code)


def _leave(code: int) -> NoReturn:
    """End the process of an interrupted or refused command at once. Everything is written and said; what is left are
    the threads of libraries, and Arrow's abort a process that ends while they are beginning.
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)


def _spoken(arguments: Sequence[str] | None) -> int:
    """The exit code; what the person at the keyboard can mend is said in one line."""
    from thetastar._memory import require_numpy
    from thetastar.cli.few_threads import tell_libraries
    from thetastar.errors import InputError

    tell_libraries()
    try:
        require_numpy()
        with _warnings_in_one_line():
            code = _run(arguments)
        sys.stdout.flush()
        return code
    except InputError as error:
        return _refuse(str(error))
    except (MemoryError, ImportError, SystemError) as error:
        if not _for_want_of_memory(error):
            raise
        words = " ".join(str(error).split())[:200]
        error.__traceback__ = None  # what its frames hold is given back: to say something takes memory, too
        if words.startswith("there is not enough memory"):  # the engine has said it already
            return _refuse(words)
        return _refuse(
            f"there is not enough memory{f' ({words})' if words else ''}. Give fewer rows or columns, smaller networks "
            "or fewer threads, or close other programs."
        )
    except BrokenPipeError:
        # What is still buffered would raise again when Python flushes at its end: it goes nowhere instead.
        with contextlib.suppress(OSError, ValueError, AttributeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _refuse(f"{where}{error.strerror or error}; check the place, the rights and the free space.")


def _for_want_of_memory(error: BaseException | None) -> bool:
    """Whether memory ran out; a library that could not be loaded says so only in what its own error came from."""
    while error is not None:
        said = _NO_ERROR if isinstance(error, SystemError) else _NO_ROOM
        if isinstance(error, MemoryError) or any(words in str(error) for words in said):
            return True
        error = error.__cause__ or error.__context__
    return False


class _Signals:
    """Ctrl-C and the wish to end (SIGTERM), both as KeyboardInterrupt, remembered; the second one ends at once."""

    def __init__(self) -> None:
        self.received: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> _Signals:
        with contextlib.suppress(ValueError):  # not the main thread: Python takes its signals elsewhere
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._receive)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _receive(self, number: int, _frame: object) -> None:
        if self.received is not None:
            os._exit(128 + number)
        self.received = number
        raise KeyboardInterrupt


@contextlib.contextmanager
def _warnings_in_one_line() -> Iterator[None]:
    """The package's own warnings as its other messages; those of libraries as Python shows them."""
    from thetastar.errors import ElsewhereWarning, OldFileWarning

    with warnings.catch_warnings():
        usual = warnings.showwarning

        def show(message, category, filename, lineno, file=None, line=None):
            if issubclass(category, (ElsewhereWarning, OldFileWarning)):
                print(f"thetastar: {message}", file=sys.stderr)
            else:
                usual(message, category, filename, lineno, file, line)

        warnings.showwarning = show
        yield


def _run(arguments: Sequence[str] | None) -> int:
    from thetastar.cli.app import make_app

    given = sys.argv[1:] if arguments is None else list(arguments)
    completing = "_THETASTAR_COMPLETE" in os.environ

    try:
        app = make_app(fit_asked="fit" in given or completing, forecast_asked="forecast" in given or completing)
        code = app(args=given, prog_name="thetastar", standalone_mode=False)
    except SystemExit as ended:
        if isinstance(ended.__context__, BrokenPipeError):  # typer ends with 1 here; to stop reading is no failure
            raise ended.__context__ from None
        raise
    except Exception as error:
        if not hasattr(error, "format_message"):  # not typer's: usage errors alone are spoken here
            raise
        return _refuse(_usage_message(error), getattr(getattr(error, "ctx", None), "command_path", "thetastar"))
    return code if isinstance(code, int) else 0


def _usage_message(error: Exception) -> str:
    """Typer's message in one line; a misspelt option with the nearest ones."""
    near = getattr(error, "possibilities", None)
    if near:
        name = getattr(error, "option_name", "")
        return f"there is no option {name}. Did you mean {' or '.join(near)}?"
    message = " ".join(str(error.format_message()).split()) or "this cannot be used"
    return message[0].lower() + message[1:]


def _refuse(message: str, command: str | None = None) -> int:
    hint = f"\nSee: {command} --help" if command else ""
    with contextlib.suppress(BrokenPipeError):
        # Written at once: print would write the end of the line by itself, for which there may be no memory left.
        sys.stderr.write(f"{command or 'thetastar'}: {message}{hint}\n")
        sys.stderr.flush()
    return 2
