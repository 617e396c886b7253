"""The `thetastar` command: what a person types, and how it ends.

Exit codes: 0 done; 2 something was given that cannot be used (one message on standard error, no traceback); 130
interrupted. A reader that closes the pipe early (`| head`) ends the command quietly.
"""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator, Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with `arguments` (those of the process if not given) and return the exit code."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):
            stream.reconfigure(errors="replace")  # a terminal that cannot write × or ± shows ? and goes on
    from thetastar.errors import InputError

    try:
        with _warnings_in_one_line():
            code = _run(arguments)
        sys.stdout.flush()
        return code
    except InputError as error:
        return _refuse(str(error))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # What is still buffered would raise again when Python flushes at its end: it goes nowhere instead.
        with contextlib.suppress(OSError, ValueError, AttributeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _refuse(f"{where}{error.strerror or error}; check the place, the rights and the free space.")


@contextlib.contextmanager
def _warnings_in_one_line() -> Iterator[None]:
    """The package's own warnings as its other messages; those of libraries as Python shows them."""
    from thetastar.errors import OldFileWarning

    with warnings.catch_warnings():
        usual = warnings.showwarning

        def show(message, category, filename, lineno, file=None, line=None):
            if issubclass(category, OldFileWarning):
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
        print(f"{command or 'thetastar'}: {message}{hint}", file=sys.stderr, flush=True)
    return 2
