"""A short coverage-guided run over forms that our own code reads; the same inputs every time. `make fuzz` goes on."""

from __future__ import annotations

import sys

import pytest

from fuzz.guided import INSIDE, LONGEST, mutated, run
from fuzz.seeds import SEEDS

RUNS = 300
# Those whose reader is our own. Others' native readers are not guided; test_damaged_files.py damages what they read.
OWN = ("series.tsf", "table.arff", "sparse.svm", "images-idx3-ubyte", "study.toml", "journal.jsonl", "sealed.theta")


@pytest.mark.skipif(sys.platform != "linux", reason="atheris has wheels for Linux")
@pytest.mark.parametrize("form", OWN)
def test_what_coverage_leads_to_is_read_or_refused(form, tmp_path):
    pytest.importorskip("atheris", reason="atheris is not installed; it has wheels for Linux on x86-64")
    count, found = run(form, f"-runs={RUNS}", "-seed=1", folder=tmp_path)
    assert found == "" and count >= RUNS


def test_a_checksum_hides_nothing_from_the_mutants():
    def bite(data: bytes, most: int) -> bytes:
        return data[:40] + b"7" + data[41:most]

    for name in ("gzip.csv.gz", "bzip2.csv.bz2", "xz.csv.xz"):
        open_, _ = next(pair for ending, pair in INSIDE.items() if name.endswith(ending))
        made = mutated(name, SEEDS[name](), LONGEST, 1, bite)
        assert open_(made) == bite(open_(SEEDS[name]()), LONGEST)
    sealed = mutated("sealed.theta", SEEDS["sealed.theta"](), 1 << 30, 1, lambda data, most: data[:-3] + b"abc")
    assert sealed[-3:] == b"abc" and sealed[:-3] != SEEDS["sealed.theta"]()[:-3]  # another digest
    assert mutated("sealed.theta", b"not a model", 99, 1, bite) == b"not a model7"


def test_a_file_that_cannot_be_opened_is_bitten_from_outside():
    assert mutated("gzip.csv.gz", b"no archive", 99, 1, lambda data, most: data + b"!") == b"no archive!"
