"""An exported model calibrates its probabilities and names classes from its threshold on, as the model does."""

import dataclasses
import runpy
import shutil

import numpy as np
import pytest

from tests.export.models import model_of, table_of
from tests.export.node import in_node
from tests.export.test_scripts import rows_of
from thetastar.export import Answer, NetworkMember, answer_of, describe, export_model
from thetastar.model.answer import Member
from thetastar.model.calibration import Beta, Temperature, VectorScaling

ENDS = {
    "beta": (2, Beta(0.6, 0.45, -0.3), None),
    "threshold": (2, None, 0.3),
    "beta and threshold": (2, Beta(1.7, 1.4, 0.2), 0.62),
    "temperature": (4, Temperature(1.8), None),
    "vector": (4, VectorScaling((0.8, 1.1, 1.0, 0.6), (0.2, -0.4, 0.0, 0.3)), None),
}


def model_for(ends, members=1):
    """A model of so many networks with a calibration and a threshold."""
    classes, calibration, threshold = ENDS[ends]
    columns = table_of(np.random.default_rng(5), 700)
    signal = 0.3 * np.array(columns["whole"]) + (np.array(columns["side"]) == "left")
    model = model_of(columns, np.digitize(signal, np.linspace(0.5, 2.5, classes + 1)[1:-1]).tolist())
    nets = [model.network, *(model.network.initialized(seed=9 + k) for k in range(members - 1))]
    own = tuple(Member(f"net {k}", k + 1, net, model.preparation) for k, net in enumerate(nets))
    model._answer = dataclasses.replace(model._answer, members=own, calibration=calibration, threshold=threshold)
    return model, table_of(np.random.default_rng(77), 500, unseen=True)


@pytest.fixture(params=[(ends, members) for ends in ENDS for members in (1, 3)], ids=str)
def case(request):
    return model_for(*request.param)


def apart(model, probability):
    """Rows whose class does not hang on the last bits."""
    if model.threshold is not None:
        return np.abs(probability[:, 1] - model.threshold) > 1e-4
    two = np.sort(probability, axis=1)
    return two[:, -1] - two[:, -2] > 1e-4


def test_python_says_the_same(case, tmp_path):
    model, later = case
    run = runpy.run_path(str(export_model(model, tmp_path / "m.py")))
    wanted = model.predict_proba(later)
    np.testing.assert_allclose(run["probabilities"](rows_of(later)), wanted, rtol=0, atol=1e-5)
    named = np.array(run["predict"](rows_of(later)))
    sure = apart(model, wanted)
    assert (named == model.predict(later))[sure].all()


def test_a_module_says_the_same(case, tmp_path):
    model, later = case
    found = in_node(export_model(model, tmp_path / "m.mjs"), rows_of(later))
    wanted = model.predict_proba(later)
    np.testing.assert_allclose([one["probabilities"] for one in found], wanted, rtol=0, atol=1e-5)
    sure = apart(model, wanted)
    assert (np.array([one["value"] for one in found]) == model.predict(later))[sure].all()


@pytest.mark.skipif(not shutil.which("gcc"), reason="there is no gcc, so exported C is not tested here")
def test_c_says_the_same(case, tmp_path):
    from tests.export.compiled import compiled
    from tests.export.test_c import in_c
    from thetastar.export.c import c_file

    model, later = case
    library = compiled(c_file(answer_of(model), "m"), tmp_path, "m")
    wanted = model.predict_proba(later)
    np.testing.assert_allclose(library.all(in_c(later)), wanted, rtol=0, atol=1e-5)
    named = [library.predict(*row)[1].label for row in zip(*in_c(later), strict=True)]
    places = np.array([list(model.classes).index(label) for label in model.predict(later)])
    assert (np.array(named) == places)[apart(model, wanted)].all()


def test_a_service_says_the_same(case):
    from thetastar.serve.predictor import Predictor

    model, later = case
    rows, service = rows_of(later)[:20], Predictor(model)
    first = {name: values[:20] for name, values in later.items()}
    for few in (rows[:1], rows):  # the short way of a few rows, and that of a table
        np.testing.assert_array_equal(service.answers(few), model.predict_proba(first)[: len(few)])
    assert service.said(service.answers(rows), False)["predictions"] == model.predict(first).tolist()


def test_the_page_that_tries_a_network_has_the_ends_of_one_alone():
    model, _ = model_for("beta and threshold")
    model._network = model.members[0].network
    said = describe(model)
    assert said["calibration"] == {"kind": "beta", "a": 1.7, "b": 1.4, "c": 0.2} and said["threshold"] == 0.62
    several, _ = model_for("beta and threshold", 3)  # what they say together is calibrated, not what one says
    assert "calibration" not in describe(several) and "threshold" not in describe(several)


def test_an_answer_without_ends_is_written_as_before():
    model, _ = model_for("temperature")
    answer = answer_of(model)
    assert answer.calibration == {"kind": "temperature", "temperature": 1.8} and answer.threshold is None
    plain = Answer(answer.blocks, (NetworkMember("one", 1, model.network),), answer.encoding)
    assert plain.calibration is None and plain.threshold is None
