"""Data by name: fetched once from where it lies, checked, kept; or read from a folder."""

from __future__ import annotations

import hashlib
import http.server
import threading
from pathlib import Path

import numpy as np
import pytest

from tests.data.test_images import idx
from thetastar import datasets
from thetastar.downloads import cache_folder, fetch
from thetastar.errors import InputError

MNIST = Path(__file__).parents[3] / "shared" / "data" / "images" / "mnist"
CONTENT = bytes(range(256)) * 300
CHECKSUM = "sha256:" + hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def server():
    """An address, and how often it was asked."""
    asked = []

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            if self.path == "/gone":
                return self.send_error(404)
            content = {"/good": CONTENT, "/other": b"something else", "/short": CONTENT}[self.path]
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2] if self.path == "/short" else content)

        def log_message(self, *words):
            pass

    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}", asked
    running.shutdown()


def test_a_file_is_fetched_once_and_kept(server, tmp_path):
    address, asked = server
    path = fetch((f"{address}/good",), CHECKSUM, tmp_path / "deep" / "file")
    assert path.read_bytes() == CONTENT and asked == ["/good"]
    fetch((f"{address}/good",), CHECKSUM, path)
    assert asked == ["/good"]
    path.write_bytes(b"damaged since")
    assert fetch((f"{address}/good",), CHECKSUM, path).read_bytes() == CONTENT


def test_the_next_address_is_tried(server, tmp_path):
    address, asked = server
    md5 = "md5:" + hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
    fetch((f"{address}/gone", f"{address}/other", f"{address}/good"), md5, tmp_path / "file")
    assert asked == ["/gone", "/other", "/good"]


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("/gone", r"file: it could not be fetched from http.*/gone \(Not Found\)"),
        ("/other", r"/other \(another file: sha256:\w+, not sha256:\w+\)\. Check the connection, or give the folder"),
        ("/short", r"/short \(.*"),
    ],
)
def test_what_is_not_the_file_leaves_nothing_behind(server, tmp_path, place, message):
    with pytest.raises(InputError, match=message):
        fetch((server[0] + place,), CHECKSUM, tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


def test_without_a_connection_the_message_says_what_helps(tmp_path):
    with pytest.raises(InputError, match=r"give the folder that holds the files: load\(name, folder=…\)"):
        fetch(("http://127.0.0.1:9/nothing",), CHECKSUM, tmp_path / "file")


def test_a_cache_that_cannot_be_written(server, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match=r"cannot be kept .*\. Set THETASTAR_CACHE to a folder that can be written"):
        fetch((f"{server[0]}/good",), CHECKSUM, tmp_path / "file" / "below")


def test_the_cache_is_where_the_variable_says(monkeypatch, tmp_path):
    monkeypatch.setenv("THETASTAR_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("THETASTAR_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert cache_folder().name in ("thetastar", "Caches")


def test_images_are_fetched_by_name(server, monkeypatch, tmp_path):
    monkeypatch.setenv("THETASTAR_CACHE", str(tmp_path / "cache"))
    checksums = {}
    for file, array in (
        ("t10k-images-idx3-ubyte.gz", np.zeros((3, 28, 28), np.uint8)),
        ("t10k-labels-idx1-ubyte.gz", np.arange(3, dtype=np.uint8)),
    ):  # fmt: skip
        content = idx(tmp_path / file, array, pack=True).read_bytes()
        checksums[file] = "sha256:" + hashlib.sha256(content).hexdigest()
    monkeypatch.setitem(datasets._IMAGES, "mnist", ((tmp_path.as_uri() + "/",), "digit", checksums))
    columns, target = datasets.load("mnist", part="test")
    assert columns["image"].shape == (3, 28, 28, 1) and columns[target].tolist() == [0, 1, 2]
    assert (tmp_path / "cache" / "mnist" / "t10k-images-idx3-ubyte.gz").is_file()


def test_names_parts_and_folders_that_are_not_there(tmp_path):
    with pytest.raises(InputError, match=r"there is no table 'mnits'\. Did you mean 'mnist'\?"):
        datasets.load("mnits")
    with pytest.raises(InputError, match=r"part must be 'train' or 'test'\. Got 'all'"):
        datasets.load("mnist", part="all")
    with pytest.raises(InputError, match=r"does not hold train-images-idx3-ubyte\.gz\. Give the folder with mnist's"):
        datasets.load("mnist", folder=tmp_path)
    with pytest.raises(InputError, match=r"'iris' has no parts and no files"):
        datasets.load("iris", folder=tmp_path)
    idx(tmp_path / "train-images-idx3-ubyte", np.zeros((3, 28, 28), np.uint8))
    idx(tmp_path / "train-labels-idx1-ubyte", np.zeros(2, np.uint8))
    with pytest.raises(InputError, match=r"do not belong together\. Fetch them again"):
        datasets.load("mnist", folder=tmp_path)


@pytest.mark.skipif(not MNIST.is_dir(), reason="MNIST's files are not beside the project")
def test_mnist_from_its_own_files():
    columns, target = datasets.load("mnist", folder=MNIST)
    assert columns["image"].shape == (60_000, 28, 28, 1) and np.bincount(columns[target])[:3].tolist() == [
        5923,
        6742,
        5958,
    ]
    for name, checksum in datasets._IMAGES["mnist"][2].items():
        assert "sha256:" + hashlib.sha256((MNIST / name).read_bytes()).hexdigest() == checksum
