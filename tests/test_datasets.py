"""The tables that come with scikit-learn, and the images that are fetched once and kept."""

from __future__ import annotations

import gzip
import hashlib
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from thetastar import datasets
from thetastar.datasets import NAMES, load
from thetastar.downloads import cache_folder, fetch
from thetastar.errors import InputError


@pytest.mark.parametrize(
    ("name", "rows", "columns", "target", "classes"),
    [
        ("digits", 1797, 65, "digit", 10),
        ("breast_cancer", 569, 31, "diagnosis", 2),
        ("diabetes", 442, 11, "progression", None),
        ("iris", 150, 5, "species", 3),
        ("wine", 178, 14, "cultivar", 3),
    ],
)
def test_load(name, rows, columns, target, classes):
    table, found = load(name)
    assert found == target and list(table)[-1] == target and len(table) == columns
    assert {len(column) for column in table.values()} == {rows}
    assert all(name == name.strip() and " " not in name for name in table)
    if classes:
        assert len(set(table[target].tolist())) == classes


def test_words_are_words():
    assert set(load("breast_cancer")[0]["diagnosis"]) == {"malignant", "benign"}


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(InputError, match=r"there is no table 'digts'\. Did you mean 'digits'"):
        load("digts")
    with pytest.raises(InputError, match=f"Known: {', '.join(NAMES)}"):
        load("zzzz")


def test_tables_have_no_parts():
    for options in ({"part": "test"}, {"folder": "."}):
        with pytest.raises(InputError, match="part and folder are for mnist and fashion_mnist"):
            load("iris", **options)


# --- images -----------------------------------------------------------------------------------------------------------

PICTURES = np.arange(3 * 28 * 28).reshape(3, 28, 28).astype(np.uint8)


def idx_bytes(array):
    return gzip.compress(bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes())


FILES = {
    f"{part}-{kind}": idx_bytes(array)
    for part in ("train", "t10k")
    for kind, array in (("images-idx3-ubyte.gz", PICTURES), ("labels-idx1-ubyte.gz", np.array([5, 0, 4], np.uint8)))
}


def sha256(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


@pytest.fixture
def server(monkeypatch, tmp_path):
    """A server on this machine: its address, the files it gives ("short" ends early) and what was asked for."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            name = self.path.removeprefix("/")
            asked.append(name)
            content = {**FILES, "short": b"abc"}.get(name)
            if content is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(content) + 9 * (name == "short")))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    monkeypatch.setenv("THETASTAR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}/", asked
    running.shutdown()
    running.server_close()


def left(tmp_path):
    return [path.name for path in (tmp_path / "cache").rglob("*") if path.is_file()]


@pytest.mark.parametrize(("name", "target"), [("mnist", "digit"), ("fashion_mnist", "label")])
@pytest.mark.parametrize("part", ["train", "test"])
def test_images_are_fetched_once(server, monkeypatch, tmp_path, name, target, part):
    address, asked = server
    monkeypatch.setitem(datasets.stored._IMAGES, name, (target, address))
    for file, content in FILES.items():
        monkeypatch.setitem(datasets.stored._CHECKSUMS, f"{name}/{file}", sha256(content))
    for _ in range(2):
        columns, found = load(name, part=part)
        assert found == target and list(columns) == ["image", target]
        np.testing.assert_array_equal(columns["image"], PICTURES[..., None])
        assert columns["image"].dtype == np.uint8 and columns[target].tolist() == [5, 0, 4]
        assert columns[target].dtype == np.int64
    stem = {"train": "train", "test": "t10k"}[part]
    assert asked == [f"{stem}-images-idx3-ubyte.gz", f"{stem}-labels-idx1-ubyte.gz"]
    assert sorted(left(tmp_path)) == sorted(asked)


@pytest.mark.parametrize(
    ("file", "most", "message"),
    [
        ("none", 99, r"none: the file could not be fetched \(.*404.* folder=…"),
        ("short", 99, "ended after 3 of 12 bytes"),
        ("train-images-idx3-ubyte.gz", 1 << 20, "the checksum is sha256:.*, it must be sha256:0"),
        ("train-images-idx3-ubyte.gz", 10, "more than 10 bytes came"),
    ],
)
def test_nothing_is_left_of_a_failure(server, tmp_path, file, most, message):
    with pytest.raises(InputError, match=message):
        fetch([server[0] + file], "sha256:0", file, most=most)
    assert left(tmp_path) == []


def test_the_next_address_is_tried_and_a_damaged_file_is_fetched_again(server, tmp_path):
    file = "t10k-labels-idx1-ubyte.gz"
    md5 = "md5:" + hashlib.md5(FILES[file]).hexdigest()
    path = fetch([server[0] + "none", server[0] + file], md5, file)
    path.write_bytes(b"damaged")
    assert fetch([server[0] + file], md5, file).read_bytes() == FILES[file]
    assert server[1] == ["none", file, file]


def test_without_a_connection(server, tmp_path):
    with pytest.raises(InputError, match=r"could not be fetched .* Check the connection to the internet"):
        fetch(["http://127.0.0.1:1/a"], "sha256:0", "a")
    assert left(tmp_path) == []


def test_a_cache_that_cannot_be_written(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("THETASTAR_CACHE", str(tmp_path / "file"))
    with pytest.raises(InputError, match=r"the cache folder cannot be written .* Set THETASTAR_CACHE"):
        fetch(["http://127.0.0.1:1/a"], "sha256:0", "a/b")


def test_where_the_cache_is(monkeypatch, tmp_path):
    monkeypatch.delenv("THETASTAR_CACHE", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "thetastar"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache" / "thetastar"
    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert cache_folder() == tmp_path / "local" / "thetastar"


def test_images_from_a_folder(tmp_path):
    with pytest.raises(InputError, match=r"t10k-labels-idx1-ubyte\.gz are not in the folder"):
        load("mnist", part="test", folder=tmp_path)
    with pytest.raises(InputError, match="the parts are train and test"):
        load("mnist", part="valid", folder=tmp_path)
    for file, content in FILES.items():
        (tmp_path / file).write_bytes(content)
    assert load("mnist", part="test", folder=tmp_path)[0]["digit"].tolist() == [5, 0, 4]
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(idx_bytes(np.zeros(2, np.uint8)))
    with pytest.raises(InputError, match=r"images \(3, 28, 28\) and labels \(2,\) do not belong together"):
        load("fashion_mnist", folder=tmp_path)


def test_the_real_mnist():
    folder = Path(__file__).resolve().parents[2] / "shared" / "data" / "images" / "mnist"
    if not folder.is_dir():
        pytest.skip("the folder of MNIST (../shared/data/images/mnist) is not here")
    columns, _ = load("mnist", part="test", folder=folder)
    assert columns["image"].shape == (10_000, 28, 28, 1) and columns["digit"][:3].tolist() == [7, 2, 1]
    for file in folder.iterdir():
        assert sha256(file.read_bytes()) == datasets.stored._CHECKSUMS[f"mnist/{file.name}"]
