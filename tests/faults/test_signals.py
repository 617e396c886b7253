"""Ctrl-C and SIGTERM at any moment of the command: one line, 130 or 143, and what is kept goes on to the same bits."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import thetastar as ts
from thetastar.cli import main
from thetastar.data.delimited import parse_delimited

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
# The command, which tells its parent that Python is up and Ctrl-C means something.
START = "import sys; from thetastar.cli import main; print('up', flush=True); sys.exit(main())"


def processor_seconds(pid):
    """What a process has taken of the processors so far; 0 where the system does not say so."""
    if sys.platform != "linux":
        return 0.0
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def ended(arguments, number, after):
    """The exit code, the words, and the processor seconds after the signal."""
    command = [sys.executable, "-c", START, *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "up\n"
        time.sleep(after)
        before = processor_seconds(process.pid)
        process.send_signal(number)
        err = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    used = usage.ru_utime + usage.ru_stime - before if sys.platform == "linux" else 0.0
    return process.returncode, err, used


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x,y\n" + "\n".join(f"{k % 37},{(k % 37) ** 2 % 11}" for k in range(3000)))
    return path


@pytest.mark.parametrize("after", [0.02, 0.2, 0.6, 1.5, 3.0])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_at_any_moment_ends_in_one_line(table, tmp_path, number, code, after):
    fit = ["fit", table, "--target", "y", "--effort", 60, "--out", tmp_path / "out"]
    returned, err, used = ended(fit, number, after)
    assert returned == code and "Traceback" not in err, err
    assert used <= 0.2 + 0.01  # a tick of the clock that counts them
    lines = [line for line in err.splitlines() if "interrupted" in line]
    assert len(lines) == 1 and ("give the same command again" in lines[0].lower()), err


WHILE_MADE = """
import importlib, os, signal
def stop(number, frame):
    raise KeyboardInterrupt
signal.signal(signal.SIGTERM, stop)
load = importlib.import_module
def loading(name, package=None):
    if "_engine" in name:
        os.kill(os.getpid(), signal.SIGTERM)
        print("made", end=" ")
    return load(name, package)
importlib.import_module = loading
try:
    import thetastar._native
except KeyboardInterrupt:
    print("interrupted", signal.getsignal(signal.SIGTERM) is stop)
"""


def test_a_signal_while_the_engine_is_made_is_handled_afterwards():
    """nanobind clears what a handler raises while it makes a module."""
    ended = subprocess.run([sys.executable, "-c", WHILE_MADE], capture_output=True, text=True, timeout=60)
    assert ended.stdout == "made made interrupted True\n", ended.stderr


def test_signals_stay_those_of_a_program_that_handles_them(monkeypatch):
    """Arrow puts handlers of its own in the place of Python's while it parses; a signal could be lost there."""
    import pyarrow

    asked = []
    monkeypatch.setattr(pyarrow, "enable_signal_handlers", asked.append)
    parse_delimited(b"a,b\n1,2\n", "t.csv")
    assert asked == []  # nobody handles SIGTERM here
    before = signal.signal(signal.SIGTERM, lambda number, frame: None)
    try:
        parse_delimited(b"a,b\n1,2\n", "t.csv")
    finally:
        signal.signal(signal.SIGTERM, before)
    assert asked == [False]


def test_other_commands_end_so_too(monkeypatch, capsys):
    def load(path):
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(ts, "load", load)
    before = signal.getsignal(signal.SIGTERM)
    assert main(["predict", "m.theta", "d.csv"]) == 143
    assert capsys.readouterr().err.strip() == "thetastar: interrupted. Give the same command again to start anew."
    assert signal.getsignal(signal.SIGTERM) is before


def test_an_exception_that_a_library_makes_of_a_signal_is_no_traceback(monkeypatch, capsys):
    def load(path):
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except KeyboardInterrupt:
            raise ImportError("a module could not be loaded") from None

    monkeypatch.setattr(ts, "load", load)
    assert main(["predict", "m.theta", "d.csv"]) == 130
    assert "interrupted" in capsys.readouterr().err


def test_a_library_that_there_is_no_memory_for_is_one_sentence(monkeypatch, capsys):
    def load(path):
        raise ImportError("scipy/_vode.so: failed to map segment from shared object")

    monkeypatch.setattr(ts, "load", load)
    assert main(["predict", "m.theta", "d.csv"]) == 2
    said = "there is not enough memory (scipy/_vode.so: failed to map segment from shared object). Give fewer rows"
    assert said in capsys.readouterr().err


def test_a_library_that_hides_the_reason_is_asked_for_it(monkeypatch, capsys):
    def load(path):
        try:
            raise ImportError("scipy/_vode.so: failed to map segment from shared object")
        except ImportError as error:
            raise ImportError("The `scipy` install you are using seems to be broken") from error

    monkeypatch.setattr(ts, "load", load)
    assert main(["predict", "m.theta", "d.csv"]) == 2
    assert "there is not enough memory" in capsys.readouterr().err


@pytest.mark.parametrize(
    "error", [ImportError("no module named 'missing'"), SystemError("bad argument to internal function")], ids=repr
)
def test_another_error_of_the_kind_is_not_said_to_be_memory(monkeypatch, error):
    def load(path):
        raise error

    monkeypatch.setattr(ts, "load", load)
    with pytest.raises(type(error), match=str(error)):
        main(["predict", "m.theta", "d.csv"])


def test_memory_that_runs_out_is_one_sentence(monkeypatch, capsys):
    def load(path):
        raise MemoryError("Unable to allocate 7.45 GiB for an array")

    monkeypatch.setattr(ts, "load", load)
    assert main(["predict", "m.theta", "d.csv"]) == 2
    assert capsys.readouterr().err == (
        "thetastar: there is not enough memory (Unable to allocate 7.45 GiB for an array). Give fewer rows or columns, "
        "smaller networks or fewer threads, or close other programs.\n"
    )


def test_what_the_engine_says_of_memory_is_said_once(monkeypatch, capsys):
    words = "there is not enough memory for this. Use fewer rows, smaller networks or fewer threads."

    def load(path):
        raise MemoryError(words)

    monkeypatch.setattr(ts, "load", load)
    assert main(["predict", "m.theta", "d.csv"]) == 2
    assert capsys.readouterr().err == f"thetastar: {words}\n"


def test_where_python_has_no_memory_for_its_memory_error_either(monkeypatch, capsys):
    def load(path):
        raise SystemError("error return without exception set")

    monkeypatch.setattr(ts, "load", load)
    assert main(["predict", "m.theta", "d.csv"]) == 2
    assert capsys.readouterr().err.startswith("thetastar: there is not enough memory (error return without exception")
