"""The server answers its own page only; the one file asks for nothing; the command says what it cannot do."""

from __future__ import annotations

import gzip
import http.client
import json
import re
import socket
import struct

import pytest

from tests.studio.conftest import PAGE, TABLE
from thetastar.cli import main
from thetastar.errors import InputError
from thetastar.studio import Given, Server, content, engine_file, export, given_for, page_text
from thetastar.studio.document import bundle, find


@pytest.fixture(scope="module", autouse=True)
def engine():
    try:
        engine_file()
    except InputError as error:
        from tests.browser import _without

        _without(str(error))


@pytest.fixture(scope="module")
def running():
    served = Server(Given(link="data=spiral"))
    served.start()
    yield served
    served.close()


def ask(server, path, method="GET", body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    given = {"Host": f"127.0.0.1:{server.port}", **{name.replace("_", "-"): value for name, value in headers.items()}}
    connection.request(method, path, body=body, headers=given)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, dict(answer.getheaders()), text


def test_the_page_comes_with_its_token_and_a_strict_policy(running):
    status, headers, text = ask(running, f"/{running.token}/")
    assert status == 200 and b'"link":"data=spiral"' in text and b'"served":true' in text
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src 'self' 'wasm-unsafe-eval'" in policy and "http" not in policy
    assert "unsafe-inline" not in policy.split("style-src")[0] and "'unsafe-eval'" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["Cache-Control"] == "no-store"


def test_a_page_that_is_closed_while_it_is_answered_shows_no_traceback(running, capfd):
    host = ("127.0.0.1", running.port)
    for _ in range(3):
        with socket.create_connection(host, timeout=10) as asking:
            asking.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # ends with a reset
            asking.sendall(f"GET /{running.token}/engine.wasm HTTP/1.1\r\nHost: {host[0]}:{host[1]}\r\n\r\n".encode())
            asking.recv(1)
    assert ask(running, f"/{running.token}/")[0] == 200
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/", {}, 404),
        ("/wrong/", {}, 404),
        ("/TOKEN/", {"Host": "evil.example"}, 403),
        ("/TOKEN/", {"Origin": "http://evil.example"}, 403),
        ("/TOKEN/", {"Origin": "null"}, 403),
        ("/TOKEN/../server.py", {}, 404),
        ("/TOKEN/%2e%2e/server.py", {}, 404),
        ("/TOKEN/charts/../../cli/app.py", {}, 404),
        ("/TOKEN/charts/__init__.py", {}, 404),
        ("/TOKEN//etc/passwd", {}, 404),
        ("/TOKEN/nothing.js", {}, 404),
        ("/TOKEN/study/start", {}, 404),
    ],
)
def test_what_may_not_ask_is_refused(running, path, headers, status):
    assert ask(running, path.replace("TOKEN", running.token), **headers)[0] == status


def test_files_have_their_kinds_and_the_engine_is_a_module(running):
    for name, kind in (
        ("main.js", "text/javascript"),
        ("style.css", "text/css"),
        ("charts/charts.js", "text/javascript"),
    ):
        status, headers, _ = ask(running, f"/{running.token}/{name}")
        assert status == 200 and headers["Content-Type"].startswith(kind)
    status, headers, body = ask(running, f"/{running.token}/engine.wasm")
    assert status == 200 and headers["Content-Type"] == "application/wasm" and body[:4] == b"\0asm"


@pytest.mark.parametrize(
    ("body", "kind", "status", "words"),
    [
        (b"{}", "application/json", 200, "a table's text, a target, an effort"),
        (b"{", "application/json", 400, ""),
        (b"[1]", "application/json", 404, ""),
        (b"{}", "text/plain", 400, ""),
    ],
)
def test_a_study_is_asked_for_in_json_only(running, body, kind, status, words):
    answered, _, text = ask(running, f"/{running.token}/study/start", "POST", body, Content_Type=kind)
    assert answered == status and words in text.decode()


def test_a_port_that_is_taken_is_said(running):
    with pytest.raises(InputError, match=r"--port \d+: this port cannot be used .* Leave it out"):
        Server(port=running.port)


def test_the_one_file_is_small_whole_and_asks_for_nothing(tmp_path):
    (tmp_path / "houses.csv").write_text(TABLE, encoding="utf-8")
    path = export(tmp_path / "page.html", given_for(tmp_path / "houses.csv"))
    text = path.read_bytes()
    assert len(text) <= 1_200_000 and len(gzip.compress(text, 9)) <= 450_000
    assert b"size;rooms;heat;price" in text
    html = text.decode()
    assert not re.search(r'(?:src|href)="(?!#|data:)', html)  # a link's icon is data
    assert "import {" not in re.sub(r'id="(?:given|engine)".*?</script>', "", html, flags=re.DOTALL)


def test_text_of_a_table_cannot_leave_its_place(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n</script><script>alert(1)</script>,<!--\n1,2\n", encoding="utf-8")
    text = page_text(given_for(tmp_path / "t.csv"), title="<b>&")
    assert "<script>alert(1)" not in text and "<title>&lt;b&gt;&amp;</title>" in text


def test_modules_keep_to_the_form_that_the_one_file_needs():
    for path in [*PAGE.glob("*.js"), *find("charts/").rglob("*.js")]:
        code = path.read_text(encoding="utf-8")
        imports = [line for line in re.findall(r"^import\b.*$", code, re.MULTILINE) if '"' in line or "{" in line]
        assert all(
            re.match(r'import \{[^}]*\} from "\.{1,2}/[^"]+";$', line) or line == "import {" for line in imports
        ), path.name
        assert (
            "export default" not in code and "export *" not in code and ("innerHTML" not in code or path.parent != PAGE)
        ), path.name
        assert "eval(" not in code, path.name
    assert not re.search(r"\bexport\b", re.sub(r'"[^"]*"|`[^`]*`|//.*', "", bundle("worker.js")))


def test_tables_models_and_folders_open_and_everything_else_is_refused(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet

    pyarrow.parquet.write_table(pa.table({"a": [1, None], "b": ["x", "y"]}), tmp_path / "t.parquet")
    assert given_for(tmp_path / "t.parquet").data["text"] == "a,b\n1,x\n,y\n"
    with pytest.raises(InputError, match="there is no such file or folder"):
        given_for(tmp_path / "absent.csv")
    with pytest.raises(InputError, match=r"there is no model.theta in it"):
        given_for(tmp_path)
    (tmp_path / "t.docx").write_bytes(b"x")
    with pytest.raises(InputError, match=r"the studio opens .csv, .tsv"):
        given_for(tmp_path / "t.docx")


def test_the_missing_engine_is_one_sentence(monkeypatch, tmp_path):
    import thetastar
    from thetastar import studio

    monkeypatch.setattr(studio, "__path__", [str(tmp_path)])
    monkeypatch.setattr(thetastar, "__path__", [str(tmp_path)])
    with pytest.raises(InputError, match="pip install ziglang"):
        content.engine_file()


def test_the_command_writes_a_page_and_refuses_in_one_line(tmp_path, capsys):
    (tmp_path / "houses.csv").write_text(TABLE, encoding="utf-8")
    page = tmp_path / "lesson.html"
    assert (
        main(["studio", str(tmp_path / "houses.csv"), "--target", "price", "--room", "views", "--export", str(page)])
        == 0
    )
    given = json.loads(
        re.search(r'id="given" type="application/json">(.*?)</script>', page.read_text(encoding="utf-8"))[1]
    )
    assert given["room"] == "views" and given["data"]["target"] == "price" and not given["served"]
    assert main(["studio", str(tmp_path / "absent.csv")]) == 2
    assert main(["studio", "--room", "cellar", "--export", str(page)]) == 2
    assert "cellar" in capsys.readouterr().err
