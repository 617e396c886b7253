"""An input error that nobody catches shows the caller's own line, and all lines on request; others show theirs."""

import os
import subprocess
import sys
import textwrap

import pytest

import thetastar as ts
from thetastar.errors import InputError

SCRIPT = """
import thetastar as ts
def mine():
    return ts.fit({"a": [1, 2, 3], "y": [1, 2, 3]}, target="z")
%s
"""


def run(tmp_path, last, **environment):
    script = tmp_path / "mine.py"
    script.write_text(textwrap.dedent(SCRIPT % last), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )
    assert done.returncode == 1 and done.stdout == ""
    return done.stderr


def test_the_last_line_is_the_callers(tmp_path):
    lines = run(tmp_path, "mine()").splitlines()
    assert lines[0] == "Traceback (most recent call last):" and lines[-1].startswith("thetastar.errors.InputError: ")
    files = [line for line in lines if line.startswith("  File ")]
    assert len(files) == 2 and all("mine.py" in line for line in files) and "in mine" in files[-1]


def test_all_lines_on_request_and_for_other_errors(tmp_path):
    assert "problem.py" in run(tmp_path, "mine()", THETASTAR_TRACEBACK="full")
    assert "division by zero" in run(tmp_path, "try:\n    mine()\nexcept ts.InputError:\n    1 / 0")


def test_a_hook_of_somebody_else_stays(tmp_path):
    shown = run(tmp_path, "import sys\nsys.excepthook = lambda *a: print('theirs', file=sys.stderr)\nmine()")
    assert shown == "theirs\n"


def test_notebooks_ask_the_exception(monkeypatch):
    with pytest.raises(InputError) as caught:
        ts.Dense(0)
    lines = caught.value._render_traceback_()
    assert lines[0] == "Traceback (most recent call last):" and "units must be" in lines[-1]
    files = [line for line in lines if line.startswith("  File ")]
    assert len(files) == 1 and "test_tracebacks.py" in files[0]
    monkeypatch.setenv("THETASTAR_TRACEBACK", "full")
    with pytest.raises(NotImplementedError):
        caught.value._render_traceback_()
