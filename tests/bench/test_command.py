"""`thetastar bench` as a person calls it: one tiny case, its record, absent peers, refusals, the machine's ceilings."""

from __future__ import annotations

import json
import xml.dom.minidom

import pytest

from thetastar._native import engine
from thetastar.bench import session
from thetastar.cli import main


def test_a_quick_run_of_ours_alone(capsys, tmp_path):
    out, picture = tmp_path / "bench.json", tmp_path / "bench.svg"
    arguments = ["bench", "--case", "toy", "--case", "predict-row", "--peers", "none", "--quick", "--repeats", "1",
                 "--threads", "1", "--out", str(out), "--picture", str(picture), "--markdown"]  # fmt: skip
    assert main(arguments) == 0
    said = capsys.readouterr().out
    assert "toy: toy 2-4-1 alone, batch 4" in said and "| toy 2-4-1 alone, batch 4 |" in said
    xml.dom.minidom.parseString(picture.read_text(encoding="utf-8"))
    result = json.loads(out.read_text(encoding="utf-8"))
    assert result["format"] == 1
    assert set(result) == {"format", "thetastar", "date", "machine", "options", "peers", "ceiling", "cases"}
    assert set(result["machine"]) == {"processor", "cores", "system", "level", "python"}
    assert result["options"] == {"repeats": 1, "quick": True, "threads": 1} and result["peers"] == {}
    assert all(value > 0 for value in result["ceiling"].values())
    toy, row = result["cases"]
    assert set(toy) == {"name", "title", "kind", "sides", "left_out", "same", "ceilings", "ceiling"}
    figures = {"seconds", "low", "high", "processor_seconds", "samples_per_second", "gflops", "share", "needed_share"}
    for record in (toy, row):
        side = record["sides"]["thetastar"]
        assert set(side) == {"form", "tried", "about", "networks", "turns", "figures", "way"}
        assert set(side["figures"]) == figures and side["figures"]["seconds"] > 0


def test_json_prints_one_object_and_nothing_else(capsys):
    assert main(["bench", "--case", "memory", "--peers", "", "--quick", "--repeats", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cases"][0]["name"] == "memory"


def test_absent_peers_are_left_out_with_a_word(monkeypatch):
    monkeypatch.setitem(session._PACKAGES, "jax", ("no-such-package-anywhere",))
    peers = session.find_peers(__import__("sys").executable, ["jax", "sklearn"])
    assert peers["jax"] == {
        "absent": "no-such-package-anywhere is not installed there (pip install 'thetastar[bench]')"
    }
    assert peers["sklearn"]["version"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--case", "toys"], "--case: there is no case 'toys'. Did you mean 'toy'?"),
        (["--peers", "numpy"], "--peers: there is no peer 'numpy'. Use some of pytorch, jax, keras, sklearn, or none."),
        (["--repeats", "0"], "--repeats: the number must be at least 1. Got 0. Leave it out for the default."),
        (["--threads", "0"], "--threads: the number must be at least 1. Got 0."),
        (["--peer-python", "/nowhere/python"], "--peer-python: '/nowhere/python' must be a Python interpreter."),
        (["--json", "--markdown"], "--json: give --json or --markdown. Got both. Leave one of them out."),
    ],
)
def test_what_cannot_be_used_is_refused(arguments, words, capsys):
    assert main(["bench", *arguments]) == 2
    assert words in capsys.readouterr().err


def test_the_ceilings_are_plausible():
    one = engine.multiply_add_ceiling(0.02, 1)
    assert 0.05 < one < 2_000
    assert 0.01 < engine.memory_bandwidth(0.02, 1, 1e6) < 10_000
