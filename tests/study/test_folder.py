"""The study's folder and journal: all-or-nothing writes, refusals, resuming after a kill."""

import errno
import json
import os
import tomllib
from dataclasses import asdict

import pytest

from thetastar._files import write_atomically
from thetastar.data import read_table
from thetastar.errors import InputError
from thetastar.study.folder import claim_folder, data_digest, read_study, to_toml
from thetastar.study.journal import Journal, Outcome, _line

SETTINGS = {
    "threads": 2, "seed": 0, "rate": 1e-05, "name": 'quotes " and \\ and\nlines é', "flag": True, "nothing": None,
    "list": [1, 2], "roles": {"zip code": "category"}, "candidates": [{"hidden": [8]}, {"hidden": []}],
}  # fmt: skip


def outcome(candidate="linear", start=0, stopped="epochs"):
    return Outcome(1, candidate, 0, start, 77, stopped, 5, 4, 0.1, {"rmse": 0.1 + 0.2}, [1.0, 0.5], [1.1, 0.6])


def test_toml_round_trip():
    read = tomllib.loads(to_toml(SETTINGS))
    assert read == {name: value for name, value in SETTINGS.items() if value is not None}


def test_write_replaces_the_whole_file(tmp_path):
    path = write_atomically(tmp_path / "a.bin", b"one")
    write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert [p.name for p in tmp_path.iterdir()] == ["a.bin"]


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_a_failing_disk_leaves_the_old_file(tmp_path, monkeypatch, call):
    path = write_atomically(tmp_path / "a.bin", b"one")

    def fail(*_args):
        raise OSError(errno.ENOSPC, "No space left on device")

    if call == "write":
        real = os.fdopen

        def opened(handle, mode):
            file = real(handle, mode)
            file.raw.close()  # the buffered write then fails
            return file

        monkeypatch.setattr(os, "fdopen", opened)
        with pytest.raises((InputError, ValueError)):
            write_atomically(path, b"two")
    else:
        monkeypatch.setattr(os, call, fail)
        with pytest.raises(InputError, match=r"cannot be written .No space left on device.; check rights and space"):
            write_atomically(path, b"two")
    assert path.read_bytes() == b"one"
    assert [p.name for p in tmp_path.iterdir()] == ["a.bin"]


def test_write_names_what_is_wrong_with_the_place(tmp_path):
    with pytest.raises(InputError, match=r"this is a folder; give the name of a file"):
        write_atomically(tmp_path, b"")
    with pytest.raises(InputError, match=r"the folder .* does not exist; create it"):
        write_atomically(tmp_path / "no" / "a.bin", b"")


def test_claim_then_resume_then_refuse_then_fresh(tmp_path):
    out = tmp_path / "out"
    assert claim_folder(out, SETTINGS, fresh=False) is False
    assert claim_folder(out, {**SETTINGS, "threads": 1}, fresh=False) is True
    with pytest.raises(InputError, match=r"holds another study \(seed: 0 there, 1 here\).*--fresh"):
        claim_folder(out, {**SETTINGS, "seed": 1}, fresh=False)
    with pytest.raises(InputError, match=r"candidates.1.hidden: \[8\] there, \[9\] here"):
        claim_folder(out, {**SETTINGS, "candidates": [{"hidden": [9]}, {"hidden": []}]}, fresh=False)
    (out / "journal.jsonl").write_text("{}\n")
    assert claim_folder(out, {**SETTINGS, "seed": 1}, fresh=True) is False
    assert not (out / "journal.jsonl").exists()
    assert read_study(out / "study.toml")["seed"] == 1


def test_claim_refuses_a_file_and_a_lone_journal(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"this is a file\. Give a folder"):
        claim_folder(tmp_path / "file", SETTINGS, fresh=False)
    (tmp_path / "journal.jsonl").write_text("")
    with pytest.raises(InputError, match=r"a journal but no study.toml"):
        claim_folder(tmp_path, SETTINGS, fresh=False)


def test_claim_names_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"the folder cannot be used .Not a directory.\. Choose another"):
        claim_folder(tmp_path / "file" / "out", SETTINGS, fresh=False)


def test_read_study_names_the_file(tmp_path):
    with pytest.raises(InputError, match=r"there is no such file\. Give the folder"):
        read_study(tmp_path / "study.toml")
    (tmp_path / "study.toml").write_text("= broken")
    with pytest.raises(InputError, match=r"not a readable study.toml"):
        read_study(tmp_path / "study.toml")


def test_digest_depends_on_names_values_and_missing():
    def digest(columns):
        return data_digest(read_table(columns), None)

    base = digest({"a": [1.0, 2.0], "b": ["x", "y"]})
    assert base == digest({"a": [1.0, 2.0], "b": ["x", "y"]})
    others = [
        {"c": [1.0, 2.0], "b": ["x", "y"]}, {"a": [1.0, 2.5], "b": ["x", "y"]}, {"a": [1.0, 2.0], "b": ["x", None]},
        {"a": [1.0, None], "b": ["x", "y"]}, {"b": ["x", "y"], "a": [1.0, 2.0]},
    ]  # fmt: skip
    assert base not in {digest(columns) for columns in others}


def test_journal_survives_a_kill_in_the_middle_of_a_line(tmp_path):
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    journal.add(outcome(start=0))
    journal.add(outcome(start=1))
    journal.close()
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"round": 1, "candid')
    again = Journal(path)
    assert again.resumed == 2
    assert again.outcomes("linear", 1) == [outcome(start=0), outcome(start=1)]
    assert again.get((1, "linear", 0, 1)) == outcome(start=1)
    again.add(outcome(start=2))
    again.close()
    assert path.read_bytes().startswith(whole) and path.read_bytes().count(b"\n") == 3


def test_journal_keeps_no_run_that_time_cut_short(tmp_path):
    journal = Journal(tmp_path / "journal.jsonl")
    journal.add(outcome(stopped="interrupted"))
    assert len(journal.outcomes("linear", 1)) == 1
    journal.close()
    assert Journal(tmp_path / "journal.jsonl").resumed == 0


def test_journal_names_the_line_that_is_not_its_own(tmp_path):
    path = tmp_path / "journal.jsonl"
    written = _line(asdict(outcome()) | {"epochs": "many"})
    for line in (b"not json\n", b'{"round": 1}\n', b"[1]\n", b"1\n", b"[" * 100_000 + b"\n", b"\n", written):
        path.write_bytes(line)
        with pytest.raises(InputError, match=r"journal.jsonl, line 1: not a line of a study's journal.*--fresh"):
            Journal(path)


def test_no_flipped_bit_of_a_journal_is_believed(tmp_path):
    """It is refused; or the end of the last line is gone, and that line counts as cut off and is trained again."""
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    for start in range(2):
        journal.add(outcome(start=start))
    journal.close()
    sound = path.read_bytes()
    for at in [*range(0, len(sound) - 30, 7), *range(len(sound) - 30, len(sound))]:
        damaged = bytearray(sound)
        damaged[at] ^= 1 << at % 8
        path.write_bytes(damaged)
        if at == len(sound) - 1:
            assert Journal(path).outcomes("linear", 1) == [outcome(start=0)]
            continue
        with pytest.raises(InputError, match=r"line [12]: not a line of a study's journal"):
            Journal(path)


def test_a_journal_without_checksums_is_read(tmp_path):
    path = tmp_path / "journal.jsonl"
    path.write_text(json.dumps(asdict(outcome())) + "\n")
    assert Journal(path).outcomes("linear", 1) == [outcome()]


def test_journal_without_a_folder_keeps_in_memory():
    journal = Journal()
    journal.add(outcome())
    assert journal.get(outcome().key) == outcome()
    journal.close()
