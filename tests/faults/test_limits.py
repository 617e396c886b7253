"""What the system, its control groups and its users grant: processors by default, memory before it is taken."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import thetastar as ts
from thetastar import _memory, _native
from thetastar._memory import available, in_words, require, require_libraries, require_numpy
from thetastar._native import default_threads
from thetastar.errors import InputError


@pytest.fixture
def four_processors(monkeypatch):
    for name in ("OMP_NUM_THREADS", "THETASTAR_THREADS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 1, 2, 3}, raising=False)
    monkeypatch.setattr(_native, "group_folders", list)
    monkeypatch.setattr(_native, "_of_threadpoolctl", lambda: None)
    return monkeypatch


def test_the_processors_that_it_may_run_on(four_processors):
    assert default_threads() == 4


@pytest.mark.parametrize(
    ("quota", "threads"), [("max 100000", 4), ("150000 100000", 2), ("20000 100000", 1), ("900000 100000", 4), ("?", 4)]
)
def test_what_a_control_group_grants(four_processors, tmp_path, quota, threads):
    (tmp_path / "cpu.max").write_text(quota)
    four_processors.setattr(_native, "group_folders", lambda: [tmp_path / "own", tmp_path])
    assert default_threads() == threads


@pytest.mark.parametrize(("said", "threads"), [("2", 2), ("3,1", 3), ("16", 4), ("0", 4), ("many", 4), ("", 4)])
def test_what_openmp_is_told(four_processors, said, threads):
    four_processors.setenv("OMP_NUM_THREADS", said)
    assert default_threads() == threads


def test_its_own_variable_has_the_last_word(four_processors):
    four_processors.setenv("OMP_NUM_THREADS", "2")
    four_processors.setenv("THETASTAR_THREADS", "7")
    assert default_threads() == 7


def test_a_surrounding_limit_of_threadpoolctl():
    code = (
        "import sklearn.ensemble, threadpoolctl\n"
        "from thetastar._native import default_threads\n"
        "before = default_threads()\n"
        "with threadpoolctl.threadpool_limits(1): assert default_threads() == 1\n"
        "with threadpoolctl.threadpool_limits(1, user_api='blas'): assert default_threads() == before\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_memory_is_the_least_of_machine_group_and_address_space(monkeypatch, tmp_path):
    monkeypatch.setattr(_memory, "_of_machine", lambda: 5_000)
    monkeypatch.setattr(_memory, "_of_address_space", lambda: None)
    monkeypatch.setattr(_memory, "group_folders", lambda: [tmp_path])
    assert available() == (5_000, "the machine")
    (tmp_path / "memory.max").write_text("4000\n")
    (tmp_path / "memory.current").write_text("2500\n")
    (tmp_path / "memory.stat").write_text("anon 10\ninactive_file 500\n")
    assert available() == (2_000, "its cgroup")
    monkeypatch.setattr(_memory, "_of_address_space", lambda: -3)
    assert available() == (0, "RLIMIT_AS")


@pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")
def test_a_limit_of_address_space_is_seen():
    code = (
        "import resource; from thetastar._memory import available\n"
        "resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))\n"
        "left, who = available(); assert who == 'RLIMIT_AS' and 1 << 30 < left < 2 << 30, (left, who)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_no_room_for_scipy_is_said_before_it_is_loaded(monkeypatch):
    """Without room OpenBLAS would ask for memory for ever: a study with a limit of address space hung."""
    for name in ("pyarrow", "pandas"):
        monkeypatch.setitem(sys.modules, name, sys)  # as if they were loaded
    monkeypatch.setattr(_memory, "_of_address_space", lambda: None)
    require_libraries(1_000)
    monkeypatch.setattr(_memory, "_of_address_space", lambda: 900 << 20)
    require_libraries(2)
    said = r"^SciPy and scikit-learn on 16 threads take up to [12]\.\d+ GB of address space, and RLIMIT_AS leaves"
    with pytest.raises(InputError, match=said + r" 944 MB\. Raise the limit \(ulimit -v\), or give fewer threads\.$"):
        require_libraries(16)


def test_no_room_for_arrow_is_said_before_it_is_loaded(monkeypatch):
    """Without room for what it loads (pandas, where it is installed) and allocates, Arrow would end the process."""
    monkeypatch.setattr(_memory, "_of_address_space", lambda: 500 << 20)
    for name in ("scipy.linalg", "sklearn.linear_model", "pyarrow", "pandas"):
        monkeypatch.setitem(sys.modules, name, sys)  # as if they were loaded
    require_libraries(2)
    monkeypatch.delitem(sys.modules, "pyarrow")
    monkeypatch.delitem(sys.modules, "pandas")
    said = (
        r"^Arrow, SciPy and scikit-learn on 2 threads take up to 5\d\d MB of address space, and RLIMIT_AS leaves 524 MB"
    )
    with pytest.raises(InputError, match=said):
        require_libraries(2)
    monkeypatch.setattr(_memory, "available", lambda: (50_000_000, "RLIMIT_AS"))
    words = r"^t\.csv: reading it would take 414 MB, and RLIMIT_AS leaves 50 MB\. Raise that limit"
    with pytest.raises(InputError, match=words):
        _memory.require_addresses("t.csv", "reading it")


def test_no_room_for_numpy_is_said_before_it_is_loaded(monkeypatch):
    """OpenBLAS ends a process that has not so many addresses."""
    monkeypatch.setattr(_memory, "_of_address_space", lambda: 100 << 20)
    require_numpy()  # it is loaded
    monkeypatch.delitem(sys.modules, "numpy")
    said = r"^NumPy and the engine take up to 126 MB of address space, and RLIMIT_AS leaves 105 MB\. Raise the limit"
    with pytest.raises(InputError, match=said):
        require_numpy()


@pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")
@pytest.mark.parametrize("megabytes", [70, 100, 160, 330, 450])
def test_a_prediction_with_hardly_any_address_space_is_refused_in_one_sentence(megabytes, tmp_path):
    (tmp_path / "t.csv").write_text("x\n1\n2\n")
    rows = {"x": [k / 40 for k in range(40)], "y": [k / 40 for k in range(40)]}
    ts.fit(rows, "y", candidates=[(2,)], effort=0.05, threads=1).save(tmp_path / "m.theta")
    code = (
        f"import resource, sys; resource.setrlimit(resource.RLIMIT_AS, ({megabytes} << 20, {megabytes} << 20))\n"
        "from thetastar.cli import main; sys.exit(main())"
    )
    given = [sys.executable, "-c", code, "predict", "m.theta", "t.csv"]
    done = subprocess.run(given, capture_output=True, text=True, timeout=300, cwd=tmp_path)
    assert done.returncode == 2 and "RLIMIT_AS leaves" in done.stderr.splitlines()[-1], done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")
@pytest.mark.parametrize("megabytes", [520, 850, 1_400, 1_700])
def test_a_study_with_little_address_space_ends(megabytes, tmp_path):
    (tmp_path / "t.csv").write_text("x,y\n" + "\n".join(f"{k % 17},{k % 3 > 1}" for k in range(120)))
    code = (
        f"import resource, sys; resource.setrlimit(resource.RLIMIT_AS, ({megabytes} << 20, {megabytes} << 20))\n"
        "from thetastar.cli import main; sys.exit(main())"
    )
    given = ["fit", "t.csv", "--target", "y", "--effort", "0.2", "--threads", "1", "--restarts", "1", "--folds", "1"]
    done = subprocess.run(
        [sys.executable, "-c", code, *given], capture_output=True, text=True, timeout=300, cwd=tmp_path
    )
    assert done.returncode in (0, 2) and "Traceback" not in done.stderr, done.stderr


def test_what_does_not_fit_is_refused_with_numbers(monkeypatch):
    monkeypatch.setattr(_memory, "available", lambda: (3_200_000_000, "its cgroup"))
    require("train", 3_000_000_000, "training", "Give fewer rows")
    with pytest.raises(
        InputError, match=r"^train: training would take 4\.1 GB, and its cgroup leaves 3\.2 GB\. Give fewer rows\.$"
    ):
        require("train", 4_100_000_000, "training", "Give fewer rows")


@pytest.mark.parametrize(
    ("count", "words"), [(7, "7 bytes"), (1_500, "1.5 kB"), (2_345_678, "2.35 MB"), (9e9, "9 GB"), (4.2e12, "4.2 TB")]
)
def test_bytes_in_words(count, words):
    assert in_words(count) == words


@pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")
def test_arrow_reserves_no_gigabyte_where_addresses_are_limited(tmp_path):
    """Its usual pool does, and what then finds no addresses ends the process: that takes 1.3 GB, this has 1.1."""
    rows = "\n".join(f"{k},{k * k}" for k in range(50))
    (tmp_path / "t.csv").write_text(f"x,y\n{rows}\n")
    code = (
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n"
        "from thetastar.cli.few_threads import tell_libraries\n"
        "tell_libraries()\n"
        "from thetastar.data import read_table\n"
        f"print(read_table({str(tmp_path / 't.csv')!r}).row_count)\n"
        "import pyarrow; print(pyarrow.default_memory_pool().backend_name)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, "50\nsystem\n"), done.stderr
