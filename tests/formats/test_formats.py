"""Models that earlier versions wrote still load and predict the same; and no bit of a file changes unnoticed."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

import thetastar as ts
from thetastar._container import FORMAT, checked, read_container
from thetastar.errors import OldFileWarning

HERE = Path(__file__).parent
OF_STUDIES = [
    *((1, kind) for kind in ("regression", "binary", "multiclass")),
    *((2, kind) for kind in ("regression", "binary", "multiclass", "images", "sequences", "residual", "average")),
    (2, "targets"), (2, "labels"), (2, "believed"), (2, "vector"),
]  # fmt: skip
TODAY = sorted(HERE.glob(f"format_{FORMAT}_*.theta"))


def load(number, kind):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OldFileWarning)
        model = ts.load(HERE / f"format_{number}_{kind}.theta")
    return model, json.loads((HERE / f"format_{number}_{kind}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("number", "kind"), OF_STUDIES)
def test_frozen_models_predict_the_same(number, kind):
    model, expected = load(number, kind)
    rows = np.array(expected["rows"]) if isinstance(expected["rows"], list) else expected["rows"]
    assert model.score == expected["score"]
    predicted = model.predict(rows)
    if not model.target_encoding.kind.probable:  # instruction-set levels differ in the last bits
        assert np.allclose(predicted, expected["predict"], rtol=1e-5)
    else:
        assert predicted.tolist() == expected["predict"]
        assert np.allclose(model.predict_proba(rows), expected["predict_proba"], atol=1e-5)


def test_a_frozen_forecast_goes_on_as_it_did():
    model, expected = load(2, "forecast")
    for row, then in zip(model.rows(10), expected["rows"], strict=True):
        assert row["time"] == then["time"]
        assert row["prediction"] == pytest.approx(then["prediction"], rel=1e-5)
        assert row["upper_80"] == pytest.approx(then["upper_80"], rel=1e-5)


def test_a_frozen_forecast_of_all_kinds_of_methods_goes_on_as_it_did():
    model, expected = load(2, "forecasts")
    assert len(model.series) == 3 and len(model.components) == 11
    found = model.rows(15, known=expected["known"])
    for row, then in zip(found, expected["rows"], strict=True):
        assert (row["id"], row["time"]) == (then["id"], then["time"])
        for name in ("prediction", "lower_80", "upper_80", "lower_95", "upper_95"):
            assert row[name] == pytest.approx(then[name], rel=1e-5)


def test_a_frozen_network_gives_the_same():
    network, expected = load(2, "network")
    assert isinstance(network, ts.Network)
    assert np.allclose(network.predict(np.array(expected["x"], np.float32)), expected["predict"], atol=1e-5)


def test_a_frozen_average_has_all_kinds_of_members():
    model, _ = load(2, "average")
    kinds = [type(member.predictor).__name__ for member in model.members]
    assert kinds == ["Network", "Network", "Constant", "Linear", "Trees", "Trees"]
    assert model.calibration.kind == "beta" and model.threshold == 0.3


def test_frozen_labels_and_classes_have_their_last_steps():
    labels, classes = load(2, "believed")[0], load(2, "vector")[0]
    assert labels.threshold == (0.25, 0.625) and labels.calibration.parts[0].b == 1.25
    assert labels.calibration.parts[1] is None
    assert classes.calibration.kind == "vector" and classes.calibration.scale[:2] == (0.75, 1.0)


@pytest.mark.parametrize("kind", ["targets", "labels"])
def test_a_frozen_answer_to_several_targets_has_a_part_for_each(kind):
    model, _ = load(2, kind)
    assert len(model.targets) == len(model.target_encoding.parts) == len(model.record.targets) == 2
    fitted = [member.predictor for member in model.members if member.network is None]
    assert len(fitted) == 3 and all(type(one).__name__ == "FittedTargets" and len(one.parts) == 2 for one in fitted)


def test_an_old_file_is_read_with_a_sentence_and_saved_with_a_digest(tmp_path):
    with pytest.warns(OldFileWarning, match=r"format_1_regression.theta: written in format 1, which has no digest, .*"
                      r"It was read; save it again to have one"):  # fmt: skip
        model = ts.load(HERE / "format_1_regression.theta")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = ts.load(model.save(tmp_path / "again.theta"))
    _, expected = load(1, "regression")
    assert again.predict(expected["rows"]).tolist() == model.predict(expected["rows"]).tolist()


def test_the_command_line_says_it_in_one_line(tmp_path, capsys):
    from thetastar.cli import main

    (tmp_path / "rows.csv").write_text("a,sick\n0.5,no\n-0.25,yes\n")
    assert main(["predict", str(HERE / "format_1_binary.theta"), str(tmp_path / "rows.csv")]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0] == "prediction" and len(out.splitlines()) == 3
    assert err.startswith("thetastar: ") and "has no digest" in err and len(err.splitlines()) == 1


def test_a_frozen_model_writes_its_report(tmp_path):
    model, _ = load(1, "binary")
    assert model.report(tmp_path / "report.html").stat().st_size > 10_000


@pytest.mark.parametrize("path", TODAY, ids=lambda path: path.stem)
def test_a_sound_file_is_the_same_when_written_again(path, tmp_path):
    once = ts.load(path).save(tmp_path / "once.theta")  # with what the record has gained since
    assert ts.load(once).save(tmp_path / "twice.theta").read_bytes() == once.read_bytes()


@pytest.mark.parametrize("path", TODAY, ids=lambda path: path.stem)
def test_no_flipped_bit_loads(path, tmp_path):
    """Bits all over the file at the door that all kinds share, and some through the whole of `load`."""
    sound, random = path.read_bytes(), np.random.default_rng(0)
    damaged_path = tmp_path / "m.theta"

    def refuse(read, at):
        damaged = bytearray(sound)
        damaged[at] ^= 1 << int(random.integers(8))
        with pytest.raises(ts.InputError) as caught:
            read(bytes(damaged))
        assert str(caught.value).startswith(f"{damaged_path}: ") and len(str(caught.value)) < 700

    header = 8 + int.from_bytes(sound[:8], "little")
    some = (
        {*range(0, header, max(37, header // 600)), *range(header, len(sound), max(23, (len(sound) - header) // 600))}
        | set(range(8))
        | set(range(len(sound) - 8, len(sound)))
    )
    for at in some:
        refuse(lambda raw: checked(damaged_path, raw), at)
    for at in random.integers(0, len(sound), 20):
        refuse(lambda raw: damaged_path.write_bytes(raw) and ts.load(damaged_path), at)


def test_loading_two_megabytes_is_quick(tmp_path):
    """The digest costs about a millisecond a megabyte; the whole is far below 30 ms on a quiet processor."""
    import time

    from thetastar._container import write_container

    path = write_container(tmp_path / "m.theta", {"network": {}}, {"network/w": np.zeros((512, 1024), np.float32)})
    spent = []
    for _ in range(5):
        started = time.process_time()
        read_container(path).array("network/w")
        spent.append(time.process_time() - started)
    assert path.stat().st_size > 2_000_000 and min(spent) < 0.03
