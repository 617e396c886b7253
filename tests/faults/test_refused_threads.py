"""Threads, processes and files that the machine refuses to pages and services: the work is done all the same, or a
sentence says why not. (A study's own are in test_injected.py.)"""

from __future__ import annotations

import asyncio
import errno
import http.client
import io
import os
import subprocess
import sys
import threading
import webbrowser
from concurrent.futures import ThreadPoolExecutor

import pytest
from rich.console import Console

from thetastar import downloads
from thetastar.cli import few_threads
from thetastar.cli.screen import LiveScreen
from thetastar.data.read import source
from thetastar.errors import InputError
from thetastar.serve.predictor import beside
from thetastar.studio.server import Server, _open_soon
from thetastar.studio.studies import Studies

ASKED = {"text": "x,y\n1,2\n", "target": "y", "effort": 2}


TOLD = """
import _thread, os, sys
start, calls = _thread.start_new_thread, []
def few(*arguments):
    calls.append(1)
    if len(calls) > {granted}:
        raise RuntimeError("can't start new thread")
    return start(*arguments)
_thread.start_new_thread = few
from thetastar.cli import few_threads
few_threads._may_be_short = lambda: {limited}
few_threads.tell_libraries()
print(*(os.environ.get(name) for name in few_threads._ONE), "numpy" in sys.modules)
"""


def told(granted, limited=True, **given):
    kept = {name: value for name, value in os.environ.items() if name not in few_threads._ONE}
    code = TOLD.format(granted=granted, limited=limited)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=kept | given)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")
def test_libraries_are_told_where_the_machine_grants_few_threads():
    """OpenBLAS interrupts the process otherwise, and what is said is that somebody pressed Ctrl-C."""
    assert told(granted=3) == told(granted=0) == "1 1 1 False"
    assert told(granted=3, OMP_NUM_THREADS="2") == "1 2 1 False"
    assert told(granted=500) == told(granted=3, limited=False) == "None None None False"


@pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")
def test_only_a_limit_is_worth_trying(monkeypatch, tmp_path):
    import resource

    limits = {resource.RLIMIT_NPROC: 96_000, resource.RLIMIT_AS: resource.RLIM_INFINITY}
    monkeypatch.setattr(resource, "getrlimit", lambda limit: (limits[limit], limits[limit]))
    monkeypatch.setattr(few_threads, "group_folders", lambda: [tmp_path])
    assert not few_threads._may_be_short()
    (tmp_path / "pids.max").write_text("max\n")
    assert not few_threads._may_be_short()
    (tmp_path / "pids.max").write_text("64\n")
    assert few_threads._may_be_short()
    (tmp_path / "pids.max").unlink()
    for limit, tight in ((resource.RLIMIT_NPROC, 100), (resource.RLIMIT_AS, 1 << 30)):
        with monkeypatch.context() as other:
            other.setitem(limits, limit, tight)
            assert few_threads._may_be_short()


def test_a_file_for_which_arrow_gets_no_thread_is_not_called_damaged(monkeypatch, tmp_path):
    def refuse(*arguments):
        raise OSError("Unknown error: Failed to launch worker thread: Resource temporarily unavailable")

    monkeypatch.setattr(source, "_read_form", refuse)
    (tmp_path / "t.csv").write_text("x,y\n1,2\n")
    words = r"^t.csv: reading it needs a few threads, and this process may have no more\. Raise the limit of processes"
    with pytest.raises(InputError, match=words):
        source.read_table(tmp_path / "t.csv")


@pytest.fixture
def no_threads(monkeypatch):
    def refuse(thread):
        raise RuntimeError("can't start new thread")

    return lambda: monkeypatch.setattr(threading.Thread, "start", refuse)


def test_the_studio_answers_without_a_thread_for_each_connection(no_threads):
    try:
        server = Server()
    except InputError as error:
        pytest.skip(str(error))  # the page's engine was not built
    server.start()
    no_threads()
    try:
        for _ in range(3):  # each on a connection of its own, because it is closed after the answer
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
            connection.request("GET", f"/{server.token}/")
            answer = connection.getresponse()
            assert answer.status == 200 and answer.getheader("Connection") == "close" and b"<html" in answer.read()
        with pytest.raises(
            InputError, match=r"^The studio needs a thread, and this process may have no more\. Raise the"
        ):
            server.start()
    finally:
        server.close()


def test_the_browser_is_opened_by_whom_there_is(no_threads, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    no_threads()
    _open_soon("http://127.0.0.1:1/")
    assert opened == ["http://127.0.0.1:1/"]


def test_a_service_answers_without_a_thread(monkeypatch):
    def refuse(pool, *work):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(ThreadPoolExecutor, "submit", refuse)
    assert asyncio.run(beside(divmod, 7, 2)) == (3, 1)


def test_what_the_work_itself_raises_is_raised_once():
    calls = []

    def fail():
        calls.append(1)
        raise RuntimeError("of the work")

    with pytest.raises(RuntimeError, match="of the work"):
        asyncio.run(beside(fail))
    assert calls == [1]


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.ENOMEM])
def test_a_study_that_gets_no_process_is_refused_in_words(monkeypatch, number):
    def refuse(*arguments, **named):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(subprocess, "Popen", refuse)
    with pytest.raises(
        InputError, match=rf"^The study cannot be started \({os.strerror(number)}\)\. Close other programs"
    ):
        Studies().answer("start", ASKED)


@pytest.mark.parametrize("wrong", [{"seed": "x"}, {"seed": 1.5}, {"effort": float("nan")}, {"text": None}])
def test_a_study_that_makes_no_sense_is_refused_in_words(wrong):
    with pytest.raises(
        InputError, match=r"A study needs a table's text, a target, an effort from 1 to 3600 core-seconds"
    ):
        Studies().answer("start", ASKED | wrong)


def test_a_text_that_no_file_can_hold_is_refused_in_words():
    with pytest.raises(InputError, match=r"^The study cannot be started \(.*surrogates not allowed\)"):
        Studies().answer("start", ASKED | {"text": "x,y\n\ud800,2\n"})


def test_a_study_whose_words_are_many_ends_all_the_same(monkeypatch):
    """A pipe that nobody reads holds 64 kB; then whoever writes to it waits for ever."""
    studies, real = Studies(), subprocess.Popen

    def talkative(command, **named):
        return real([command[0], "-c", "import sys; sys.stderr.write('w' * 300_000); sys.exit(2)"], **named)

    monkeypatch.setattr(subprocess, "Popen", talkative)
    studies.answer("start", ASKED)
    studies._process.wait(timeout=30)
    assert len(studies.answer("state", None)["error"]) == 300_000


def test_a_live_screen_without_a_thread_stands_still(no_threads):
    shown = io.StringIO()
    screen = LiveScreen(Console(file=shown, force_terminal=True, width=80))
    no_threads()
    screen.on_stage({"text": "Reading the data"})
    screen.on_networks({"done": 1, "total": 2, "best": None, "seconds": 1.0})
    screen.stop()


def test_a_fetched_file_that_cannot_be_kept_is_refused_in_words(monkeypatch, tmp_path):
    source = tmp_path / "source"
    source.write_bytes(b"numbers")

    def full(*places):
        raise OSError(errno.ENOSPC, "No space left on device")

    checksum = downloads._sum_of(source, "sha256:")
    monkeypatch.setenv("THETASTAR_CACHE", str(tmp_path))
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(InputError, match=r"kept: the file could not be fetched \(.*No space left on device"):
        downloads.fetch([source.as_uri()], checksum, "kept", most=100)
