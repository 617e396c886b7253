"""The script that holds a run against the project's targets."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

from tests.bench.fake_runs import fake_result
from thetastar.bench.cases import CASES

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "targets.py"


def run(monkeypatch, capsys, *arguments):
    monkeypatch.setattr("sys.argv", [str(SCRIPT), *map(str, arguments)])
    try:
        runpy.run_path(str(SCRIPT), run_name="__main__")
    except SystemExit as ended:
        return ended.code, capsys.readouterr()


def test_targets_are_met_missed_or_missing(monkeypatch, capsys, tmp_path):
    result = fake_result()
    result["cases"][0]["name"] = "mnist"
    result["cases"].append({"name": "growth", "grows": {"2-4-1": 0.2}})
    result["cases"].append({"name": "memory", "ratio": None})
    (tmp_path / "run.json").write_text(json.dumps(result), encoding="utf-8")
    code, said = run(monkeypatch, capsys, tmp_path / "run.json")
    assert code == 1  # growth is not met
    lines = {line.split(":")[0]: " ".join(line.split()) for line in said.out.splitlines() if "missing" not in line}
    assert lines == {
        "mnist": "mnist: ≥ 1.7 × pytorch 2 × met",
        "growth, 2-4-1": "growth, 2-4-1: ≤ 5 % more time a network +20.0% NOT MET",
    }


def test_a_missed_ratio_stands_beside_its_roofline(monkeypatch, capsys, tmp_path):
    result = fake_result()
    result["cases"][0]["name"] = "wide"
    figures = result["cases"][0]["sides"]["pytorch"]["figures"]
    figures["ratio"] = figures["ratio"] | {"median": 1.2}
    needed = result["cases"][0]["sides"]["thetastar"]["figures"]["needed_share"]
    (tmp_path / "run.json").write_text(json.dumps(result), encoding="utf-8")
    _, said = run(monkeypatch, capsys, tmp_path / "run.json")
    line = next(" ".join(line.split()) for line in said.out.splitlines() if line.startswith("wide: ≥ 1.6 × pytorch"))
    assert line == f"wide: ≥ 1.6 × pytorch 1.2 × NOT MET at the ceiling {1.2 / needed:.3g} ×"


def test_two_threads_stand_beside_two_processes(monkeypatch, capsys, tmp_path):
    result = fake_result()
    threads = {"name": "threads", "ratio": {"wide": {"median": 1.85}}, "processes": {"wide": {"median": 1.86}}}
    result["cases"].append(threads)
    (tmp_path / "run.json").write_text(json.dumps(result), encoding="utf-8")
    _, said = run(monkeypatch, capsys, tmp_path / "run.json")
    line = next(" ".join(line.split()) for line in said.out.splitlines() if line.startswith("threads, wide"))
    assert line == "threads, wide: 1 to 2 ≥ 1.9 × 1.85 × NOT MET two processes that share nothing 1.86 ×"


def test_targets_name_cases_that_exist():
    script, names = runpy.run_path(str(SCRIPT)), {case.name for case in CASES}
    assert {entry[0] for key in ("RATIOS", "SHARES", "SECONDS") for entry in script[key]} <= names


def test_targets_want_one_file(monkeypatch, capsys):
    code, said = run(monkeypatch, capsys)
    assert code == 2 and "python benchmarks/targets.py FILE.json" in said.err
