"""The command as a process: speed of the help, closed pipes, Ctrl-C, terminals without colour, and one real study."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

_PLAYED = """
import sys, time, thetastar
def fit(data, target, progress=None, **options):
    if progress:
        progress({"kind": "stage", "text": "Reading the data"})
    print("ready", file=sys.stderr, flush=True)
    time.sleep(30)
thetastar.fit = fit
from thetastar.cli import main
sys.exit(main())
"""


def run(*arguments, code=None, **options):
    start = [sys.executable, "-m", "thetastar"] if code is None else [sys.executable, "-c", code]
    return subprocess.run([*start, *map(str, arguments)], capture_output=True, text=True, timeout=120, **options)


def test_the_options_load_no_numerical_library():
    code = (
        "import sys, thetastar.study.options; print(sorted({'numpy', 'scipy', 'sklearn', 'pyarrow'} & {*sys.modules}))"
    )
    assert run(code=code).stdout.strip() == "[]"


def test_help_is_quick():
    # The limit that people feel is 0.35 s on a quiet machine; the best of a few runs keeps a busy one from failing it.
    seconds = []
    for _ in range(6):
        begun = time.perf_counter()
        assert run("--help").returncode == 0
        seconds.append(time.perf_counter() - begun)
        if seconds[-1] < 0.35:
            break
    assert min(seconds) < 0.7


def test_help_imports_nothing_heavy():
    code = "import sys; from thetastar.cli import main; main(['--help']); print(*sys.modules, file=sys.stderr)"
    loaded = set(run(code=code).stderr.split())
    assert not loaded & {"sklearn", "scipy", "pyarrow", "pandas", "jinja2"}


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_ctrl_c_ends_with_130_and_says_how_to_resume(tmp_path):
    arguments = [sys.executable, "-c", _PLAYED, "fit", "x.csv", "--target", "y", "--out", str(tmp_path / "kept")]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "interrupted" in err and "give the same command again" in err and "Traceback" not in err


@pytest.mark.skipif(os.name != "posix", reason="pipes of POSIX")
@pytest.mark.parametrize("rows", [3, 200_000])
def test_a_closed_pipe_is_quiet(rows):
    code = f"""
import sys, numpy, thetastar
class Model:
    task = "regression"
    def parts(self, data): return [thetastar.data.read_table({{"x": [1.0]}})]
    def row_ids(self, data): return {{}}
    def unfamiliar(self, data): return []
    def predict(self, data): return numpy.arange({rows} * 1.0)
thetastar.load = lambda path: Model()
from thetastar.cli import main
sys.exit(main())
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code, "predict", "m", "d"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    process.stdout.close()
    err = process.stderr.read()
    assert process.wait(timeout=30) == 0
    assert err == ""


def test_a_terminal_without_these_letters_still_works():
    done = run("fit", "--help", env={**os.environ, "PYTHONIOENCODING": "ascii", "NO_COLOR": "1", "COLUMNS": "60"})
    assert done.returncode == 0 and "\x1b" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 60


def test_no_colour_where_there_is_no_terminal():
    assert "\x1b" not in run("--help").stdout


def test_the_whole_way_on_a_real_table(tmp_path):
    table = tmp_path / "plane.csv"
    rows = [f"{i % 17},{i % 5},{'ab'[i % 2]},{2 * (i % 17) - (i % 5) + 3 * (i % 2)}" for i in range(160)]
    table.write_text("x,y,side,height\n" + "\n".join(rows) + "\n")
    out = tmp_path / "out"
    fit = ["fit", table, "--target", "height", "--effort", "0.3", "--folds", "1", "--restarts", "1", "--out", out]
    done = run(*fit, "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    result = json.loads(done.stdout)
    assert result["task"] == "regression" and result["score"]["r2"] is not None
    written = ["journal.jsonl", "looks.jsonl", "model.theta", "report.html", "study.toml", "tested.theta"]
    assert sorted(path.name for path in out.iterdir()) == written

    again = json.loads(run(*fit, "--json").stdout)  # the same command resumes and comes to the same scores
    assert again["score"] == result["score"]

    predicted = run("predict", out / "model.theta", table)
    lines = predicted.stdout.splitlines()
    assert predicted.returncode == 0 and lines[0] == "prediction" and len(lines) == 161

    scores = json.loads(run("evaluate", out / "model.theta", table, "--json").stdout)
    assert set(scores["score"]) == {"rmse", "mae", "r2"}

    (out / "report.html").unlink()
    assert run("report", out).returncode == 0 and 20_000 < (out / "report.html").stat().st_size < 400_000

    other = run(*fit, "--seed", "5")
    assert other.returncode == 2 and "another study" in other.stderr and "Traceback" not in other.stderr
