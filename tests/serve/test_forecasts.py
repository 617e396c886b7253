"""A served forecast: the next steps as predict gives them, after new rows too; what is wrong is said in words."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.request

import numpy as np
import pytest

import thetastar as ts
from thetastar.errors import InputError
from thetastar.serve import Limits, application

testclient = pytest.importorskip("starlette.testclient")

WEEK = [5, 6, 7, 8, 9, 2, 1]


def days(first, count):
    return [str(np.datetime64(first) + k) for k in range(count)]


def week_model():
    """A week that comes again and again, of one series."""
    rows = {"day": days("2024-01-01", 28), "sold": WEEK * 4}
    return ts.forecast(rows, target="sold", time="day", horizon=7, methods=["seasonal"])


def shops_model():
    """Two series with a column that is known ahead."""
    rng = np.random.default_rng(0)
    table = {"shop": [], "day": [], "promo": [], "sold": []}
    for shop in ("north", "south"):
        promo = rng.integers(0, 2, 60)
        table["shop"] += [shop] * 60
        table["day"] += days("2024-01-01", 60)
        table["promo"] += promo.tolist()
        table["sold"] += (10 + 5 * promo + np.tile(WEEK, 9)[:60]).tolist()
    return ts.forecast(table, target="sold", time="day", id="shop", known=["promo"], horizon=3, methods=["linear"],
                       threads=1)  # fmt: skip


@pytest.fixture(scope="module")
def model():
    return week_model()


@pytest.fixture(scope="module")
def shops():
    return shops_model()


def client_of(model, **limits):
    return testclient.TestClient(application(model, Limits(**limits)), raise_server_exceptions=False)


@pytest.fixture
def client(model):
    return client_of(model, bytes=50_000, rows=200)


def test_the_next_steps_are_those_of_forecast(client, model):
    assert client.get("/forecast").json() == {"forecast": model.rows()}
    assert client.get("/forecast?steps=3&levels=50,90").json() == {"forecast": model.rows(3, levels=(50, 90))}
    assert client.post("/forecast", content=b"").json() == {"forecast": model.rows()}


def test_new_rows_are_taken_in_for_their_request_alone(client, model):
    rows = [{"day": day, "sold": 50 + k} for k, day in enumerate(days("2024-01-29", 3))]
    wanted = model.extended({"day": days("2024-01-29", 3), "sold": [50, 51, 52]}).rows(5)
    assert wanted[0]["time"] == "2024-02-01"
    for body in (rows, {"rows": rows}):
        assert client.post("/forecast?steps=5", json=body).json() == {"forecast": wanted}
    csv = "day,sold\n" + "".join(f"{row['day']},{row['sold']}\n" for row in rows)
    said = client.post("/forecast?steps=5", content=csv, headers={"content-type": "text/csv"})
    assert said.json() == {"forecast": wanted}
    assert client.get("/forecast").json() == {"forecast": model.rows()}
    one = client.post("/forecast?steps=1", json=rows[0]).json()["forecast"]
    assert one[0]["time"] == "2024-01-30"


def test_rows_without_the_target_tell_what_is_known_ahead(shops):
    client = client_of(shops)
    ahead = [{"shop": shop, "day": day, "promo": k % 2, "sold": None}
             for shop in ("north", "south") for k, day in enumerate(days("2024-03-01", 3))]  # fmt: skip
    known = {name: [row[name] for row in ahead] for name in ("shop", "day", "promo")}
    said = client.post("/forecast", json=ahead)
    assert said.json() == {"forecast": shops.rows(known=known)}
    assert [row["id"] for row in said.json()["forecast"]] == ["north"] * 3 + ["south"] * 3
    for asked in (client.get("/forecast"), client.post("/forecast", json=ahead[:2])):
        assert asked.status_code == 422 and "'promo' must be known" in asked.json()["error"]


def test_the_service_describes_itself(client, model, shops):
    assert client.get("/health").json() == {"status": "ok"}
    version = client.get("/version").json()
    assert (version["thetastar"], version["task"], version["target"]) == (ts.__version__, "forecast", "sold")
    assert client.get("/schema").json() == {
        "target": "sold", "task": "forecast", "horizon": 7, "levels": list(model.levels), "frequency": "day",
        "series": 1, "ids": [],
        "columns": [{"name": "day", "role": "time"}, {"name": "sold", "role": "target"}],
    }  # fmt: skip
    found = client_of(shops).get("/schema").json()
    assert found["ids"] == ["north", "south"]
    assert {one["name"]: one["role"] for one in found["columns"]} == {
        "shop": "id", "day": "time", "sold": "target", "promo": "known ahead",
    }  # fmt: skip
    described = client.get("/openapi.json").json()
    assert described["openapi"] == "3.1.0"
    for path, methods in described["paths"].items():
        if "get" in methods:
            assert client.get(path).status_code == 200
    assert described["components"]["schemas"]["Row"]["required"] == ["day", "sold"]
    steps = client.get("/openapi.json").json()["paths"]["/forecast"]["get"]["parameters"][0]["schema"]
    assert (steps["maximum"], steps["default"]) == (200, 7)
    given = {reference for reference in re.findall(r"#/components/schemas/(\w+)", json.dumps(described))}
    assert given <= set(described["components"]["schemas"])


GOOD = {"day": "2024-01-29", "sold": 5}
REFUSED = [
    ("", b"{", 400, r"The body is not JSON"),
    ("", b'{"day": "2024-01-29", "sold": NaN}', 400, r"NaN is not a number of JSON; use null"),
    ("", b"[]", 422, r"There must be at least one row\. Got none\."),
    ("", b"[1]", 422, r"row 0: a row must be an object"),
    ("", b"{}", 422, r"row 0: the column 'day' is missing\. Give it, or null where it is not known\."),
    ("", json.dumps({"day": "2024-01-29"}).encode(), 422, r"row 0: the column 'sold' is missing\."),
    ("", json.dumps({**GOOD, "sold": [1]}).encode(), 422, r"row 0, column 'sold': a cell must be .* Got a list\. Give"),
    ("", json.dumps({**GOOD, "day": {"a": 1}}).encode(), 422, r"column 'day': a cell must be .* Got an object\."),
    ("", json.dumps({**GOOD, "sold": "many"}).encode(), 422, r"many"),
    ("", json.dumps({**GOOD, "day": "yesterday"}).encode(), 422, r"yesterday"),
    ("", json.dumps({**GOOD, "day": "9999-01-01"}).encode(), 422, r"steps from the model's"),
    ("", json.dumps([GOOD] * 201).encode(), 413, r"A request may have 200 rows\. Got 201\."),
    ("", b" " * 50_001, 413, r"A request may have 50,000 bytes\. Got more\."),
    ("?steps=0", b"", 422, r"steps must be a whole number from 1 to 10,000\. Got '0'\. Use for example \?steps=14\."),
    ("?steps=1.5", b"", 422, r"steps must be a whole number"),
    ("?steps=10001", b"", 422, r"steps must be a whole number"),
    ("?steps=%D9%A3", b"", 422, r"steps must be a whole number"),
    ("?steps=201", b"", 422, r"may have 200 rows\. Asked for 201, 201 steps of 1 series\. Ask for fewer steps\."),
    ("?levels=150", b"", 422, r"forecast: levels: .*150"),
    ("?levels=high", b"", 422, r"give levels in percent, such as 80,95"),
]  # fmt: skip


@pytest.mark.parametrize(("query", "body", "status", "words"), REFUSED, ids=range(len(REFUSED)))
def test_what_cannot_be_answered_is_refused_in_words(query, body, status, words, client):
    said = client.post("/forecast" + query, content=body, headers={"content-type": "application/json"})
    assert said.status_code == status, said.text
    assert re.search(words, said.json()["error"]), said.json()
    assert client.get("/forecast").status_code == 200


def test_other_wrong_requests_hear_of_it(client, model):
    assert client.post("/predict", json=GOOD).json() == {"error": "There is no such address. See /openapi.json."}
    assert client.put("/forecast").status_code == 405
    text = client.post("/forecast", content=b"<a/>", headers={"content-type": "text/xml"})
    assert text.status_code == 415 and "must be application/json or text/csv" in text.json()["error"]
    csv = {"content-type": "text/csv"}
    assert "The body is empty" in client.post("/forecast", content=b"\n", headers=csv).json()["error"]
    assert client.post("/forecast", content=b"a,b\n1,2\n", headers=csv).status_code == 422
    assert "200 rows" in client.post("/forecast", content=b"a\n" * 300, headers=csv).json()["error"]
    rng = np.random.default_rng(0)
    for kind in ("application/json", "text/csv", "", "a" * 500):
        for size in (1, 10, 300):
            body = rng.integers(0, 256, size).astype(np.uint8).tobytes()
            assert client.post("/forecast", content=body, headers={"content-type": kind}).status_code in (400, 415, 422)


def test_a_slow_forecast_is_given_up(model, monkeypatch):
    from thetastar.serve.forecasts import Forecasts

    monkeypatch.setattr(Forecasts, "forecast", lambda *given: time.sleep(0.5))
    said = client_of(model, seconds=0.05).get("/forecast")
    assert said.status_code == 503 and "took more than 0.05 s" in said.json()["error"]


def test_numbers_that_are_not_known_are_null(model, monkeypatch):
    monkeypatch.setattr(type(model), "rows", lambda *given, **settings: [{"time": "2024-01-29", "prediction": np.nan}])
    assert client_of(model).get("/forecast").json() == {"forecast": [{"time": "2024-01-29", "prediction": None}]}


def test_a_network_alone_is_refused():
    network = ts.Network([ts.Dense(1)], input_shape=(2,)).initialized(seed=0)
    with pytest.raises(InputError, match=r"must be a model of rows or a forecast\. Got Network\. Serve what fit or"):
        application(network)


def test_the_command_serves_a_forecast(model, tmp_path):
    saved = model.save(tmp_path / "sold.theta")
    command = [sys.executable, "-m", "thetastar", "serve", str(saved), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        address = process.stdout.readline().split()[0]
        assert address.startswith("http://127.0.0.1:") and address.endswith("/forecast")
        for _ in range(100):
            try:
                said = json.load(urllib.request.urlopen(f"{address}?steps=2", timeout=10))
                break
            except OSError:
                time.sleep(0.1)
        assert said == {"forecast": model.rows(2)}
    finally:
        process.terminate()
        process.wait(20)
