"""What the project stands on (`make audit`), as far as it can be seen without the net: the lock and the licences."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

import supply.__main__ as supply

FOR_THIS = pytest.mark.skipif(
    supply.here() != supply.LOCKED_FOR, reason=f"the lock is for Python {supply.LOCKED_FOR}, and this is another"
)


@FOR_THIS
def test_the_lock_holds_everything_that_is_asked_for(capsys):
    assert supply.check_lock() == 0, capsys.readouterr().out


@FOR_THIS
def test_what_is_missing_or_too_old_in_the_lock_is_named(monkeypatch, capsys):
    held = supply.locked()
    numpy = next(need for need in supply.requirements() if need.name == "numpy")
    monkeypatch.setattr(supply, "locked", lambda: held | {"numpy": "1.0"} | dict.fromkeys(["pydantic-core"], "2"))
    assert supply.check_lock() == 1
    assert f"not as asked for: {numpy} (1.0). Run: python -m supply lock" in capsys.readouterr().out
    monkeypatch.setattr(supply, "locked", lambda: {name: held[name] for name in held if name != "typing-extensions"})
    monkeypatch.setattr(supply, "requirements", lambda *extras: [supply.Requirement("typing_extensions>=4")])
    assert supply.check_lock() == 1
    assert "typing_extensions>=4 (missing)" in capsys.readouterr().out


def test_every_package_of_the_lock_has_a_version_and_a_hash():
    lines = [line for line in supply.LOCK.read_text("utf-8").splitlines() if not line.startswith("#")]
    assert len(lines) > 50
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9.-]+==\S+ --hash=sha256:[0-9a-f]{64}", line)] == []


def test_every_licence_is_one_that_needs_no_asking(capsys):
    assert supply.licences() == 0, capsys.readouterr().out


def test_a_licence_that_needs_asking_is_pointed_at(monkeypatch, capsys):
    monkeypatch.setattr(supply, "closure", lambda needs: {"one": "1", "two": "2"})
    monkeypatch.setattr(supply, "licence", lambda name: {"one": "MIT", "two": ""}[name])
    assert supply.licences() == 1
    one, two = capsys.readouterr().out.splitlines()
    assert one.endswith("MIT") and two.endswith("says nothing   <- look at this one")


def test_known_advisories_are_named(monkeypatch, capsys):
    def ask(file):
        assert "numpy==2.4.0\n" in Path(file).read_text("utf-8")
        told = {"dependencies": [{"name": "numpy", "version": "2.4.0", "vulns": [{"id": "CVE-1"}]}, {"name": "rich"}]}
        return subprocess.CompletedProcess([], 1, json.dumps(told), "")

    monkeypatch.setattr(supply, "closure", lambda needs: {"numpy": "2.4.0", "rich": "14"})
    monkeypatch.setattr(supply, "asked", ask)
    assert supply.advisories() == 1
    assert capsys.readouterr().out.splitlines() == ["  numpy 2.4.0: CVE-1", "  2 packages, 1 advisories"]


def test_that_nobody_was_asked_is_said(monkeypatch, capsys):
    calls = []

    def refuse(command, **named):
        calls.append(command)
        return subprocess.CompletedProcess(command, 1, "", "ERROR: no\nERROR: No matching distribution")

    monkeypatch.setattr(supply, "find_spec", lambda name: None)
    monkeypatch.setattr(subprocess, "run", refuse)
    assert supply.advisories() == 0 and len(calls) == 1
    assert capsys.readouterr().out == "  not asked: ERROR: No matching distribution\n"
    monkeypatch.setattr(supply, "find_spec", lambda name: True)
    supply.advisories()
    assert calls[1][1:3] == ["-m", "pip_audit"]


def test_the_oldest_versions_are_those_that_are_asked_for():
    oldest = supply.oldest_versions()
    assert "numpy==1.26" in oldest and len(oldest) == len(supply.requirements())
