"""`export` for every `--to`: what is written, what is said, and what becomes of wrong words, places and files."""

import os
import re
import runpy
import shutil

import numpy as np
import pytest

import thetastar as ts
from thetastar.cli import main

ENDINGS = {"c": ".c", "js": ".js", "onnx": ".onnx", "python": ".py"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A study's folder, a forecast, and a lone network."""
    made = tmp_path_factory.mktemp("export")
    rng = np.random.default_rng(0)
    size, city = rng.uniform(0, 1, 120), rng.choice(["Bonn", "Ulm", "Jena"], 120)
    rows = {"size": size, "city": city, "price": 100 * size + 20 * (city == "Ulm")}
    (made / "houses").mkdir()
    ts.fit(rows, "price", candidates=[(4,)], answer="networks", effort=1, seed=0).save(made / "houses/model.theta")
    with open(made / "houses.csv", "w") as file:
        file.write("size,city,price\n" + "".join(f"{s},{c},{p}\n" for s, c, p in zip(*rows.values(), strict=True)))
    days = [str(np.datetime64("2024-01-01") + k) for k in range(90)]
    sold = {"day": days, "sold": [5.0, 6, 7, 8, 9, 2, 1] * 12 + [5.0, 6, 7, 8, 9, 2]}
    ts.forecast(sold, target="sold", time="day", horizon=7, methods=["seasonal naive"]).save(made / "sales.theta")
    wavy = {"day": [str(np.datetime64("2024-01-01") + k) for k in range(300)],
            "sold": 10 + np.sin(np.arange(300) / 5) + 0.1 * rng.normal(size=300)}  # fmt: skip
    ts.forecast(wavy, target="sold", time="day", horizon=3, methods=["network on"], history=[7]).save(
        made / "wavy.theta")  # fmt: skip
    ts.Network([ts.Dense(1)], input_shape=(2,)).initialized(seed=0).save(made / "net.theta")
    (made / "none.theta").write_bytes(b"this is no model" * 20)
    return made


def run(capsys, *arguments):
    """(exit code, standard output, standard error)."""
    code = main([str(argument) for argument in arguments])
    seen = capsys.readouterr()
    return code, seen.out, seen.err


@pytest.mark.parametrize("to", ENDINGS)
@pytest.mark.parametrize("model", ["houses", "sales.theta"])
def test_a_file_is_written_beside_the_model(folder, capsys, to, model):
    if to == "onnx":
        pytest.importorskip("onnxruntime")
    code, out, err = run(capsys, "export", folder / model, "--to", to)
    where = folder / ("houses/houses" if model == "houses" else "sales")
    written = where.with_suffix(ENDINGS[to])
    assert (code, err) == (0, "")
    assert out == f"{written}  ({written.stat().st_size:,} bytes)\n"


def test_onnx_answers_as_the_model(folder, capsys, tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    assert run(capsys, "export", folder / "houses", "--out", tmp_path / "h.onnx")[0] == 0
    session = runtime.InferenceSession(str(tmp_path / "h.onnx"), providers=["CPUExecutionProvider"])
    rows = {"size": np.array([[0.2], [np.nan]]), "city": np.array([["Ulm"], ["Kiel"]], object)}
    own = ts.load(folder / "houses/model.theta").predict({"size": [0.2, None], "city": ["Ulm", "Kiel"]})
    assert session.run(None, rows)[0] == pytest.approx(own, abs=1e-3)
    assert run(capsys, "export", folder / "sales.theta", "--to", "onnx", "--out", tmp_path / "s.onnx")[0] == 0
    session = runtime.InferenceSession(str(tmp_path / "s.onnx"), providers=["CPUExecutionProvider"])
    values = np.tile([5.0, 6, 7, 8, 9, 2, 1], 4)
    found = session.run(None, {"values": values, "after": np.array([8])})[0]
    assert found.tolist() == [5, 6, 7, 8, 9, 2, 1]


def test_steps_of_a_forecast(folder, capsys, tmp_path):
    assert run(capsys, "export", folder / "sales.theta", "--out", tmp_path / "s.py", "--steps", 10)[0] == 0
    found = runpy.run_path(str(tmp_path / "s.py"))["forecast"]([5, 6, 7, 8, 9, 2, 1] * 4, after=1)
    assert found["prediction"].tolist() == [5, 6, 7, 8, 9, 2, 1, 5, 6, 7]
    code, _, err = run(capsys, "export", folder / "houses", "--to", "c", "--steps", 10)
    assert code == 2 and "export: steps are for forecasts only. Got steps=10 for a model of rows. Leave it out." in err


@pytest.mark.parametrize("to", ENDINGS)
def test_a_folder_that_cannot_be_written(folder, capsys, tmp_path, to):
    if to == "onnx":
        pytest.importorskip("onnxruntime")
    code, out, err = run(capsys, "export", folder / "houses", "--to", to, "--out", tmp_path / "nowhere" / "m.x")
    assert (code, out) == (2, "")
    assert err == f"thetastar: {tmp_path}/nowhere/m.x: the folder {tmp_path}/nowhere does not exist; create it or " \
        "choose another place\n"  # fmt: skip
    code, _, err = run(capsys, "export", folder / "sales.theta", "--to", to, "--out", tmp_path)
    assert code == 2 and f"{tmp_path}: this is a folder; give the name of a file to write" in err
    if os.geteuid() != 0:
        closed = tmp_path / "closed"
        closed.mkdir(mode=0o500)
        code, _, err = run(capsys, "export", folder / "houses", "--to", to, "--out", closed / "m.x")
        assert code == 2 and "cannot be written (Permission denied); check rights and space" in err
    assert [one for one in tmp_path.iterdir() if one.name != "closed"] == []


@pytest.mark.parametrize("arguments", [("--to", "rust"), ("--to", "rust", "--out", "m.c"), ("--to", "C")])
def test_a_wrong_word(folder, capsys, arguments):
    code, out, err = run(capsys, "export", folder / "houses", *arguments)
    assert (code, out) == (2, "")
    assert re.search(r"to must be one of c, js, onnx, python\. Got '\w+'\. Choose one of them\.", err)


def test_no_word_and_no_ending(folder, capsys, tmp_path):
    assert (
        "--to: say what to write: c, js, onnx, python. For example --to c."
        in run(capsys, "export", folder / "houses")[2]
    )
    code, _, err = run(capsys, "export", folder / "houses", "--out", tmp_path / "m.rs")
    assert (
        code == 2 and "export: the file's ending must say what to write (.c, .js, .mjs, .onnx, .py). Got 'm.rs'." in err
    )


def test_files_that_are_no_model(folder, capsys, tmp_path):
    for given, said in (
        (folder / "none.theta", "none.theta"),
        (folder / "nowhere.theta", "nowhere.theta"),
        (tmp_path, "there is no model.theta in it; the study may not have finished. Run fit again."),
        (
            folder / "net.theta",
            "must be a model of rows or a forecast. Got Network. Export what fit or forecast gave; a network",
        ),
    ):
        code, out, err = run(capsys, "export", given, "--to", "c")
        assert (code, out) == (2, "") and said in err and "Traceback" not in err, err


def test_what_8_bits_cost(folder, capsys, tmp_path):
    code, out, _ = run(capsys, "export", folder / "houses", "--out", tmp_path / "h.c", "--int8")
    assert code == 0 and "int8: what the rounding costs was not measured. Give rows: --data FILE." in out
    code, out, _ = run(capsys, "export", folder / "houses", "--out", tmp_path / "h.c", "--int8", "--data",
                       folder / "houses.csv")  # fmt: skip
    assert (
        code == 0 and re.search(r"rmse +[\d.]+ in float32 +[\d.]+ in 8 bits", out) and "answers move by at most" in out
    )
    code, out, _ = run(capsys, "export", folder / "wavy.theta", "--out", tmp_path / "w.c", "--int8")
    assert code == 0
    assert re.search(
        r"int8: the forecasts of 1 series move by at most [\d.e-]+, [\d.]+% of the 80 % interval's mean width", out
    )
    for arguments, said in (
        (("sales.theta", "--out", tmp_path / "s.c", "--int8"), "no member of this forecast is a network"),
        (
            ("wavy.theta", "--out", tmp_path / "w.c", "--int8", "--data", folder / "houses.csv"),
            "measured on its own series",
        ),
        (("houses", "--out", tmp_path / "h.js", "--int8"), "int8 is for C only"),
        (("houses", "--out", tmp_path / "h.c", "--data", folder / "houses.csv"), "Leave it out, or add --int8"),
    ):
        code, _, err = run(capsys, "export", folder / arguments[0], *arguments[1:])
        assert code == 2 and said in err


def test_a_forecast_in_c_compiles(folder, capsys, tmp_path):
    import subprocess

    if shutil.which("cc") is None:
        pytest.skip("there is no C compiler")
    assert run(capsys, "export", folder / "wavy.theta", "--out", tmp_path / "wavy.c")[0] == 0
    main_text = (
        '#include <stdio.h>\n#include "wavy.c"\n'
        "int main(void) { double values[] = {10, 11, 10, 9, 10, 11, 10, 9, 10, 11}; wavy_given given = {0}; "
        "wavy_answer answer; given.values = values; given.count = 10; "
        'if (wavy_forecast(&given, &answer)) return 1; printf("%g\\n", answer.prediction[0]); return 0; }\n'
    )
    (tmp_path / "main.c").write_text(main_text)
    subprocess.run(["cc", "-std=c99", "-Wall", "-Werror", "main.c", "-o", "main", "-lm"], cwd=tmp_path, check=True)
    said = subprocess.run([tmp_path / "main"], capture_output=True, text=True, check=True).stdout
    assert 5 < float(said) < 15
