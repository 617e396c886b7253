"""The service answers as the model does, and hears of what is wrong in its words; nothing sent to it breaks it."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import socket
import subprocess
import sys
import time
import urllib.request
from types import SimpleNamespace

import numpy as np
import pytest

import thetastar as ts
from tests.export.models import model_of, table_of
from thetastar.errors import InputError
from thetastar.serve import Limits, application
from thetastar.serve.predictor import Batches, Predictor
from thetastar.serve.rows import ShortWay

testclient = pytest.importorskip("starlette.testclient")


def rows_of(columns):
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def model_for(names, task="multiclass"):
    columns = {name: values for name, values in table_of(np.random.default_rng(5), 700).items() if name in names}
    signal = 0.3 * np.array(columns["whole"]) + (np.array(columns["side"]) == "left")
    return model_of(columns, (np.digitize(signal, [1.0, 2.0]) if task == "multiclass" else 100 * signal).tolist())


PLAIN = ("number", "whole", "answer", "color", "town", "side")


@pytest.fixture(scope="module")
def model():
    return model_for(PLAIN)


@pytest.fixture(scope="module")
def later():
    columns = table_of(np.random.default_rng(77), 300, unseen=True)
    return {name: columns[name] for name in PLAIN}


@pytest.fixture
def client(model):
    return testclient.TestClient(application(model, Limits(bytes=200_000, rows=1000)), raise_server_exceptions=False)


def test_the_short_way_gives_the_same_bits_as_a_table(model, later):
    from thetastar.data import read_table

    rows = rows_of(later)
    wanted = model.preparation.transform(read_table(later))
    way = ShortWay(model.preparation)
    assert np.array_equal(way.prepared(rows), wanted)
    assert np.array_equal(np.concatenate([way.prepared([row]) for row in rows]), wanted)


def test_dates_go_the_long_way(later):
    assert ShortWay(model_for((*PLAIN, "day")).preparation).prepared(rows_of(later)) is None


def test_averages_of_networks_on_pieces_and_trees_go_the_short_way(later, monkeypatch):
    model = average_for(PLAIN)
    assert {member.network is None for member in model.members} == {True, False}
    wanted = model.predict_proba(later)
    service = Predictor(model)
    monkeypatch.setattr(Predictor, "table_answers", None)  # the long way
    rows = rows_of(later)
    assert np.array_equal(np.concatenate([service.answers(rows[at : at + 50]) for at in range(0, 300, 50)]), wanted)
    assert np.array_equal(np.concatenate([service.answers([row]) for row in rows]), wanted)


def average_for(names):
    """An average of a network, one that takes numbers in pieces, and trees."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    from thetastar.data import read_table
    from thetastar.data.piecewise import PiecewisePreparation
    from thetastar.model.answer import Member
    from thetastar.recipes.trees import boosted_trees

    model, columns = model_for(names), table_of(np.random.default_rng(5), 700)
    rows = model.preparation.transform(read_table({name: columns[name] for name in names}))
    cut = PiecewisePreparation.fit(model.preparation, rows, np.arange(700), 12)
    other = ts.Network([ts.Dense(3)], input_shape=(cut.feature_count,)).initialized(seed=1)
    grown = HistGradientBoostingClassifier(max_iter=4).fit(rows, np.arange(700) % 3)
    model._answer = dataclasses.replace(
        model._answer,
        members=(
            Member("network", 2, model.network, model.preparation), Member("pieces", 1, other, cut),
            Member("trees", 3, boosted_trees(grown, 3), model.preparation),
        ),
    )  # fmt: skip
    return model


def test_a_request_that_finds_no_memory_is_refused_in_words(client, model, later, monkeypatch):
    def starved(self, rows):
        raise MemoryError("there is not enough memory for this")

    with monkeypatch.context() as patched:
        patched.setattr(Predictor, "answers", starved)
        answer = client.post("/predict", json=rows_of(later)[:2])
    assert answer.status_code == 503
    assert answer.json() == {"error": "There is not enough memory for this request. Send fewer rows."}
    assert client.post("/predict", json=rows_of(later)[:1]).status_code == 200  # and the next one is answered


def test_rows_come_as_json_and_as_csv(client, model, later):
    rows, wanted = rows_of(later), model.predict(later).tolist()
    assert client.post("/predict", json=rows[0]).json() == {"predictions": wanted[:1]}
    assert client.post("/predict", json=rows[:50]).json() == {"predictions": wanted[:50]}
    assert client.post("/predict", json={"rows": rows}).json() == {"predictions": wanted}
    text = ",".join(later) + "\n" + "\n".join(
        ",".join("" if cell is None else str(cell) for cell in row.values()) for row in rows
    )  # fmt: skip
    said = client.post("/predict?proba=true", content=text, headers={"content-type": "text/csv"}).json()
    assert said["predictions"] == wanted
    found = [[one[str(label)] for label in model.classes] for one in said["probabilities"]]
    np.testing.assert_allclose(found, model.predict_proba(later), atol=1e-7)


def test_a_number_is_predicted_too(later):
    model = model_for(PLAIN, "regression")
    client = testclient.TestClient(application(model))
    said = client.post("/predict?proba=1", json=rows_of(later)).json()
    np.testing.assert_allclose(said["predictions"], model.predict(later), rtol=1e-6)


def test_the_service_describes_itself(client, model, later):
    assert client.get("/health").json() == {"status": "ok"}
    assert client.get("/version").json()["thetastar"] == ts.__version__
    columns = client.get("/schema").json()["columns"]
    assert [column["name"] for column in columns] == list(later)
    described = client.get("/openapi.json").json()
    assert described["openapi"] == "3.1.0"
    for path, methods in described["paths"].items():
        for method in methods:
            if method == "get":
                assert client.get(path).status_code == 200
    assert described["components"]["schemas"]["Row"]["required"] == list(later)


def test_drift_is_counted_by_column(client):
    row = {"number": None, "whole": 5, "answer": "yes", "color": "mauve", "town": "town 1", "side": "left"}
    far = {**row, "number": 1e9, "color": "red"}
    client.post("/predict", json=[row, far, far, far])
    said = client.get("/drift").json()
    assert said["rows"] == 4
    assert said["columns"]["number"] == {"missing": 0.25, "unseen": 0.0, "out_of_range": 0.75}
    assert said["columns"]["color"] == {"missing": 0.0, "unseen": 0.25, "out_of_range": 0.0}


GOOD = {"number": 1.0, "whole": 5, "answer": "yes", "color": "red", "town": "town 1", "side": "left"}
REFUSED = [
    (b"", 400, r"The body is not JSON"),
    (b"{", 400, r"The body is not JSON"),
    (b"[" * 100_000, 400, r"The body is not JSON"),
    (b"\xff\xfe\x00", 400, r"The body is not JSON"),
    (b'{"number": NaN}', 400, r"NaN is not a number of JSON; use null"),
    (b"[]", 422, r"There must be at least one row\. Got none\."),
    (b"[1]", 422, r"row 0: a row must be an object \{column: value\}\. Got a number\."),
    (b'["a"]', 422, r"Got a text"),
    (b"[null]", 422, r"Got null"),
    (b"[true]", 422, r"Got a boolean"),
    (b"[[1]]", 422, r"Got a list"),
    (b"{}", 422, r"row 0: the column 'number' is missing\. Give it, or null where it is not known\."),
    (json.dumps({**GOOD, "number": "many"}).encode(), 422, r"'many' is not a number"),
    (json.dumps({**GOOD, "number": [1]}).encode(), 422, r"row 0, column 'number': a cell must be .* Got a list\."),
    (json.dumps({**GOOD, "color": {"a": 1}}).encode(), 422, r"column 'color': a cell must be .* Got an object\."),
    (json.dumps(GOOD).replace("1.0", "1e999").encode(), 422, r"column 'number'.* the number is infinite\."),
    (json.dumps([GOOD] * 1001).encode(), 413, r"A request may have 1,000 rows\. Got 1,001\."),
    (b" " * 200_001, 413, r"A request may have 200,000 bytes\. Got more\."),
]  # fmt: skip


@pytest.mark.parametrize(("body", "status", "words"), REFUSED, ids=range(len(REFUSED)))
def test_what_cannot_be_answered_is_refused_in_words(body, status, words, client):
    said = client.post("/predict", content=body, headers={"content-type": "application/json"})
    assert said.status_code == status, said.text
    assert __import__("re").search(words, said.json()["error"]), said.json()
    assert client.post("/predict", json=GOOD).status_code == 200


def test_other_wrong_requests_hear_of_it(client):
    assert "must be application/json or text/csv" in client.post(
        "/predict", content=b"<a/>", headers={"content-type": "text/xml"}).json()["error"]  # fmt: skip
    assert "proba must be true or false" in client.post("/predict?proba=maybe", json=GOOD).json()["error"]
    assert client.get("/predict").status_code == 405
    assert client.get("/nowhere").json() == {"error": "There is no such address. See /openapi.json."}
    csv = {"content-type": "text/csv"}
    assert "The body is empty" in client.post("/predict", content=b"\n", headers=csv).json()["error"]
    assert "missing" in client.post("/predict", content=b"a,b\n1,2\n", headers=csv).json()["error"]
    assert "1,000 rows" in client.post("/predict", content=b"a\n" * 1100, headers=csv).json()["error"]


def test_random_bytes_break_nothing(client):
    rng = np.random.default_rng(0)
    for kind in ("application/json", "text/csv", "", "a" * 500):
        for size in (1, 10, 300):
            body = rng.integers(0, 256, size).astype(np.uint8).tobytes()
            assert client.post("/predict", content=body, headers={"content-type": kind}).status_code in (400, 415, 422)
    assert client.get("/health").status_code == 200


def test_what_fails_inside_is_not_shown(model, monkeypatch):
    client = testclient.TestClient(application(model), raise_server_exceptions=False)
    monkeypatch.setattr(Predictor, "answers", lambda self, rows: 1 / 0)
    said = client.post("/predict", json=GOOD)
    assert said.status_code == 500 and "division" not in said.text


def test_a_slow_answer_is_given_up(model, monkeypatch):
    client = testclient.TestClient(application(model, Limits(seconds=0.05)))
    monkeypatch.setattr(Predictor, "answers", lambda self, rows: time.sleep(0.5) or np.zeros((len(rows), 3)))
    said = client.post("/predict", json=[GOOD] * 600)
    assert said.status_code == 503 and "took more than 0.05 s. Send fewer rows." in said.json()["error"]


def test_requests_that_wait_together_are_answered_together(model, later):
    rows = rows_of(later)[:40]

    async def ask():
        batches = Batches(Predictor(model))
        found = await asyncio.gather(*(batches.answers([row]) for row in rows), return_exceptions=True)
        return batches, found

    batches, found = asyncio.run(ask())
    assert (batches.batches, batches.requests) == (1, 40)
    assert np.array_equal(np.concatenate(found), model.predict_proba({n: v[:40] for n, v in later.items()}))
    rows[7] = {**rows[7], "number": float("inf")}
    _, found = asyncio.run(ask())
    assert [type(one) is InputError for one in found] == [k == 7 for k in range(40)]


def test_what_predicts_nothing_is_refused():
    with pytest.raises(
        InputError, match=r"must be a model of rows or a forecast\. Got SimpleNamespace\. Serve what fit"
    ):
        application(SimpleNamespace())


@pytest.mark.parametrize(("package", "call"), [("starlette.applications", "application"), ("uvicorn", "serve")])
def test_a_missing_package_is_named(package, call, model, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    from thetastar import serve

    with pytest.raises(InputError, match=r"the package \w+ is needed\. Install it: pip install 'thetastar\[serve\]'"):
        getattr(serve, call)(model)


def test_the_command_serves_and_says_where(tmp_path):
    rows = {"x": [k / 50 for k in range(100)], "y": [(k / 50) ** 2 for k in range(100)]}
    saved = ts.fit(rows, target="y", candidates=[(8,)], effort=1).save(tmp_path / "m.theta")
    command = [sys.executable, "-m", "thetastar", "serve", str(saved)]
    process = subprocess.Popen([*command, "--port", "0"], stdout=subprocess.PIPE, text=True)
    try:
        address = process.stdout.readline().split()[0]
        assert address.startswith("http://127.0.0.1:")
        request = urllib.request.Request(address, json.dumps({"x": 1.0}).encode(), {"content-type": "application/json"})
        for _ in range(100):
            try:
                said = json.load(urllib.request.urlopen(request, timeout=10))
                break
            except OSError:
                time.sleep(0.1)
        assert said["predictions"] == pytest.approx(ts.load(saved).predict({"x": [1.0]}).tolist(), abs=1e-6)
    finally:
        process.terminate()
        process.wait(20)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ran = subprocess.run([*command, "--port", str(port)], capture_output=True, text=True)
    assert ran.returncode == 2
    assert f"--port {port}: 127.0.0.1 cannot be used there" in ran.stderr


def test_many_rows_are_prepared_as_one_by_one(model, later):
    """The short way looks at columns where there are many rows, and at cells where there are few: to the same bits."""
    way, rows = ShortWay(model.preparation), rows_of(later)
    rows[3] |= {"side": True, "color": 12}
    rows[4] |= {"side": 1, "color": "12"}
    rows[5] |= {"side": 1.0, "color": 12.0, "number": 3}
    alone = np.concatenate([way.prepared([row]) for row in rows])
    assert np.array_equal(ShortWay(model.preparation).prepared(rows), alone)
    for wrong in ({"number": "7"}, {"number": True}, {"number": 10**400}, {"side": [1]}):
        assert way.prepared([*rows[:20], {**rows[20], **wrong}]) is None
        assert way.prepared([{**rows[20], **wrong}]) is None


def test_drift_of_many_rows_is_that_of_single_ones(model, later):
    rows = rows_of(later)
    rows[0] |= {"number": 1e30, "side": True, "color": None, "town": " "}
    rows[1] |= {"number": "12", "side": 5, "answer": "perhaps"}
    rows[2] |= {"number": 10**400}
    one, many = (Predictor(model).drift for _ in range(2))
    for row in rows:
        one.add([row])
    many.add(rows)
    assert one.to_dict() == many.to_dict()
    assert 0 < one.to_dict()["columns"]["number"]["out_of_range"] < 1


def test_few_rows_are_cut_into_pieces_as_many_are(model, later):
    from thetastar.data import read_table
    from thetastar.data.piecewise import PiecewisePreparation

    rows = model.preparation.transform(read_table(later))
    cut = PiecewisePreparation.fit(model.preparation, rows, np.arange(len(rows)), 12)
    many = cut.expand(rows)
    assert many.shape == (300, cut.feature_count) and cut.feature_count > rows.shape[1]
    assert np.array_equal(np.concatenate([cut.expand(rows[k : k + 7]) for k in range(0, 300, 7)]), many)


def test_truths_among_numbers_are_1_and_0_whatever_the_other_rows_hold(client, later):
    row = rows_of(later)[0]
    cells = [True, False, 1, 0, 2.5]

    def said(rows):
        return client.post("/predict?proba=true", json=rows).json()["probabilities"]

    together = said([{**row, "number": cell} for cell in cells])
    assert together[0] == together[2] and together[1] == together[3] != together[4]
    assert [said([{**row, "number": cell}])[0] for cell in cells] == together
