"""Exported answers to several targets: each target's average of all members, in C, JavaScript, ONNX and Python."""

import runpy

import numpy as np
import pytest

import thetastar as ts
from tests.export.compiled import COMPILERS, compiled
from tests.export.models import ROLES, bare_model, table_of
from tests.export.node import in_node
from tests.export.test_c import in_c, signal_of
from tests.export.test_scripts import rows_of
from thetastar.data import Preparation, infer_roles, read_table
from thetastar.data.piecewise import PiecewisePreparation
from thetastar.data.targets import SeveralTargets
from thetastar.export import export_model
from thetastar.model.answer import Answer as Members
from thetastar.model.answer import Member
from thetastar.model.calibration import Beta, EachLabel
from thetastar.model.model import Model
from thetastar.recipes.baselines import baselines_for

TARGETS = {"numbers": ("heat", "drift"), "labels": ("wet", "frost"), "labels as believed": ("wet", "frost")}
LABELS = ("labels", "labels as believed")
ENDS = {"labels as believed": (EachLabel((None, Beta(0.6, 1.4, -0.3))), (0.31, 0.62))}


def made(kind):
    """(a model of two networks, one of which sees numbers in pieces, a constant, lines and trees; later rows)."""
    columns, noise = table_of(np.random.default_rng(5), 600), np.random.default_rng(1).normal(size=(2, 600))
    signal = signal_of(columns)
    answers = {
        "heat": (500 + 100 * signal + 30 * noise[0]).tolist(), "drift": (0.01 * noise[1] + 0.02 * signal).tolist(),
        "wet": np.where(signal + noise[0] > 0, "yes", "no").tolist(), "frost": (signal > noise[1]).astype(int).tolist(),
    }  # fmt: skip
    names = TARGETS[kind]
    table = read_table({**columns, **{name: answers[name] for name in names}})
    preparation = Preparation.fit(table, np.arange(600), infer_roles(table, names, ROLES))
    encoding = SeveralTargets.fit(table, names).fit_scale(np.arange(600))
    rows = preparation.transform(table)
    cut = PiecewisePreparation.fit(preparation, rows, np.arange(600), 6)

    def network(inputs, seed):
        return ts.Network([ts.Dense(12, activation="silu"), ts.Dense(2)], input_shape=(inputs,)).initialized(seed=seed)

    members = [
        Member("network", 2, network(preparation.feature_count, 5), preparation),
        Member("network in pieces", 1, network(cut.feature_count, 6), cut),
    ]
    for baseline in baselines_for(encoding.task, "", 0, 0):
        fitted, _ = baseline.fit(cut.transform(table), encoding.truth(table), {"trees 0": 5, "trees 1": 5})
        members.append(Member(baseline.name, 1, fitted, cut))
    model = bare_model(members[0].predictor, preparation, encoding)
    model = Model(network=model.network, preparation=preparation, target_encoding=encoding, record=model.record,
                  answer=Members(tuple(members), *ENDS.get(kind, ())))  # fmt: skip
    return model, table_of(np.random.default_rng(9), 120)


@pytest.fixture(scope="module", params=list(TARGETS))
def case(request):
    model, later = made(request.param)
    table = read_table(later)
    likely = model.predict_proba(table) if request.param in LABELS else model.predict(table)
    return request.param, model, later, likely, model.predict(table)


def near(found, expected):
    spread = np.maximum(np.abs(expected), expected.std(axis=0))
    return (np.abs(np.asarray(found) - expected) <= 2e-5 * spread).all()


def test_python_answers_with_a_dictionary_a_row(case, tmp_path):
    kind, model, later, likely, named = case
    module = runpy.run_path(str(export_model(model, tmp_path / "m.py")))
    found = module["predict"](rows_of(later))
    assert all(tuple(row) == TARGETS[kind] for row in found)
    if kind in LABELS:
        assert np.allclose(module["probabilities"](rows_of(later)), likely, atol=1e-6)
        assert [list(row.values()) for row in found] == named.tolist()
    else:
        assert near([list(row.values()) for row in found], likely) and "probabilities" not in module


def test_javascript_answers_with_an_object_a_row(case, tmp_path):
    kind, model, later, likely, named = case
    found = in_node(export_model(model, tmp_path / "m.mjs"), rows_of(later))
    if kind in LABELS:
        assert [list(one["values"].values()) for one in found] == named.tolist()
        assert np.allclose([list(one["probabilities"].values()) for one in found], likely, atol=1e-6)
    else:
        assert near([list(one.values()) for one in found], likely)
        assert tuple(found[0]) == TARGETS[kind]


@pytest.mark.skipif(not COMPILERS, reason="no C compiler here")
def test_c_fills_a_number_a_target(case, tmp_path):
    kind, model, later, likely, named = case
    text = export_model(model, tmp_path / "m.c").read_text("ascii")
    library = compiled(text, tmp_path, "m")
    answers = [library.predict(*row)[1] for row in zip(*in_c(later), strict=True)]
    if kind in LABELS:
        assert np.allclose([list(one.probability) for one in answers], likely, atol=1e-5)
        found = [[part.classes[k] for part, k in zip(model.target_encoding.parts, one.label, strict=True)]
                 for one in answers]  # fmt: skip
        assert found == named.tolist() and '"no", "yes", "0", "1"' in text
    else:
        assert near([list(one.value) for one in answers], likely)
        assert "double value[2]; /* in the units of the training data:" in text
    assert "m_targets[2]; /* their names */" in text


def test_onnx_is_run_before_it_is_written(case, tmp_path):
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    kind, model, _, _, _ = case
    path = export_model(model, tmp_path / "m.onnx")  # the answers of 1,000 rows were compared, or it would not be there
    session = runtime.InferenceSession(str(path))
    names = [one.name for one in session.get_outputs()]
    assert names == (["labels", "probabilities"] if kind in LABELS else ["values"])
    about = session.get_modelmeta().custom_metadata_map
    assert about["targets"] == ('["wet", "frost"]' if kind in LABELS else '["heat", "drift"]')
    assert about.get("classes") == ('[["no", "yes"], [0, 1]]' if kind in LABELS else None)


def test_a_study_is_exported_from_the_command_line_with_what_eight_bits_cost(tmp_path, capsys):
    from thetastar.cli import main

    generator = np.random.default_rng(0)
    rows = generator.normal(size=(200, 2)).round(3)
    lines = [f"{u},{v},{3 * u - v:.4f},{u + v:.4f}" for u, v in rows]
    (tmp_path / "t.csv").write_text("\n".join(["u,v,a,b", *lines]) + "\n")
    model = ts.fit(tmp_path / "t.csv", target=["a", "b"], candidates=[(4,)], answer="one", effort=1, threads=1)
    model.save(tmp_path / "m.theta")
    arguments = ["--to", "c", "--int8", "--data", str(tmp_path / "t.csv"), "--out", str(tmp_path / "m.c")]
    assert main(["export", str(tmp_path / "m.theta"), *arguments]) == 0
    said = "".join(capsys.readouterr())
    assert "scaled_rmse" in said and "answers move by at most" in said
