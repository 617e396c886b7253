"""Damaged files of every form: each is read or refused in one sentence, in a process that lives on."""

import sys
from pathlib import Path

import pytest

from fuzz.damage import mutant, outcome, outcomes
from fuzz.seeds import SEEDS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits of memory, and fork, as Linux has them")
FORMS = sorted(SEEDS)
NATIVE = ("table.parquet", "table.arrow", "stream.arrows", "table.feather")  # read by the most native code


@pytest.mark.parametrize("form", FORMS)
def test_a_sound_file_is_read(form, tmp_path):
    (tmp_path / form).write_bytes(SEEDS[form]())
    assert outcome(tmp_path / form) == "read"


@pytest.mark.parametrize("form", FORMS)
def test_no_damaged_file_shows_a_traceback(form):
    count = 40 if form in NATIVE else 10
    ends = dict(outcomes(form, count))
    assert sorted(ends) == list(range(count))
    assert {number: end for number, end in ends.items() if end not in ("read", "refused")} == {}


def test_a_mutant_can_be_made_again():
    data = SEEDS["table.arrow"]()
    assert mutant(data, 7) == mutant(data, 7) != mutant(data, 8)


def test_what_an_archive_grows_to_is_bounded(tmp_path, monkeypatch):
    import gzip

    import thetastar as ts
    from thetastar.data.read import files

    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n" + b"1,2\n" * 4_000_000, 1))
    monkeypatch.setattr(files, "available", lambda: (9_000_000, "the machine"))
    with pytest.raises(
        ts.InputError, match=r"the gzip archive holds more than 3,000,000 bytes, for which there is no mem"
    ):
        ts.data.read_table(path)


def test_a_table_of_equal_cells_is_refused_before_it_grows(tmp_path, monkeypatch):
    import pyarrow as pa
    import pyarrow.parquet as parquet

    import thetastar as ts
    from thetastar import _memory

    path = tmp_path / "large.parquet"
    parquet.write_table(pa.table({"x": pa.nulls(5_000_000, pa.int8()), "y": pa.nulls(5_000_000, pa.int8())}), path)
    assert Path(path).stat().st_size < 20_000
    monkeypatch.setattr(_memory, "available", lambda: (9_000_000, "its cgroup"))
    with pytest.raises(
        ts.InputError, match=r"large.parquet: the table would take 10 MB, and its cgroup leaves 9 MB. Give few"
    ):
        ts.data.read_table(path)
