"""IDX files: every type, both packings, the real MNIST; and every hostile header, refused word for word."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest

from thetastar.data.idx import find_idx_sets, is_idx, labels_beside, read_idx
from thetastar.errors import InputError

CODES = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}


def packed(array, code=8):
    return bytes([0, 0, code, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("kind", CODES)
def test_every_type_comes_back(write, kind, pack):
    array = np.arange(24).reshape(2, 3, 4).astype(kind)
    found = read_idx(write(pack(packed(array.astype(">" + kind), CODES[kind])), "a.idx"))
    assert found.dtype == array.dtype and found.dtype.isnative
    np.testing.assert_array_equal(found, array)
    found[0] = 0  # the array is its owner's to change


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "this is no IDX file"),
        (b"a,b\n1,2\n", "this is no IDX file: it must begin with 0, 0"),
        (bytes([0, 0, 10, 1, 0, 0, 0, 1, 5]), "this is no IDX file"),
        (bytes([0, 0, 8, 0]), "this one says 0"),
        (bytes([0, 0, 8, 200]) + bytes(800), "1 to 4 dimensions, this one says 200"),
        (bytes([0, 0, 8, 3, 0, 0, 0, 1]), "ends inside its header"),
        (bytes([0, 0, 8, 2, 0, 0, 0, 0, 0, 0, 0, 9]), "holds nothing: its header says 0 × 9"),
        (bytes([0, 0, 14, 4]) + b"\xff" * 16, r"at most 8,589,934,592 are read"),
        (bytes([0, 0, 8, 1]) + struct.pack(">I", 1 << 32 - 1), "is cut off: its header says .* but the file has 8"),
        (gzip.compress(bytes([0, 0, 8, 1]) + struct.pack(">I", 1 << 30), mtime=0), "the archive can hold at most"),
        (gzip.compress(bytes([0, 0, 8, 1]) + struct.pack(">I", 9) + b"abc", mtime=0), "takes 9 bytes, but 3 follow"),
        (bytes([0, 0, 8, 1, 0, 0, 0, 1, 5, 6]), r"more bytes follow than the header's 1 take \(1\)"),
        (gzip.compress(bytes([0, 0, 8, 1, 0, 0, 0, 4]) + bytes(99), mtime=0), "more bytes follow"),
        (gzip.compress(packed(np.arange(99, dtype="u1")), mtime=0)[:-20], "the gzip archive is damaged"),
        (b"\x1f\x8bnot an archive at all", "the gzip archive is damaged"),
    ],
)
def test_refusals(write, content, message):
    with pytest.raises(InputError, match=message):
        read_idx(write(content, "a.idx"))


def test_a_bomb_stops_at_the_size_the_header_names(write, monkeypatch):
    taken = []
    read = gzip.GzipFile.read
    monkeypatch.setattr(gzip.GzipFile, "read", lambda self, n=-1: taken.append(n) or read(self, n))
    path = write(gzip.compress(bytes([0, 0, 8, 1, 0, 0, 0, 4]) + bytes(50_000_000), mtime=0), "bomb.idx.gz")
    with pytest.raises(InputError, match="more bytes follow"):
        read_idx(path)
    assert min(taken) > 0 and sum(taken) < 100


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(InputError, match="there is no such file"):
        read_idx(tmp_path / "none.idx")
    with pytest.raises(InputError, match="cannot be opened"):
        read_idx(tmp_path)


def test_is_idx(write, tmp_path):
    good = packed(np.arange(3, dtype="u1"))
    assert (
        is_idx(write(good, "a-idx1-ubyte")) and is_idx(write(b"?", "a.idx3-ubyte")) and is_idx(write(b"", "a.IDX.gz"))
    )
    assert is_idx(write(good, "plain")) and is_idx(write(gzip.compress(good, mtime=0), "packed.gz"))
    assert not is_idx(write("a,b\n1,2\n")) and not is_idx(write(b"\x1f\x8b??", "b.gz")) and not is_idx(write(b"", "e"))
    assert not is_idx(tmp_path) and not is_idx(tmp_path / "none.idx")


def test_labels_and_sets_by_name(write, tmp_path):
    images = write(b"", "train-images-idx3-ubyte.gz")
    assert labels_beside(images) is None and find_idx_sets(tmp_path) == {}
    labels = write(b"", "train-labels-idx1-ubyte")
    assert labels_beside(images) == labels and labels_beside(labels) is None
    test = write(b"", "t10k-images.idx3-ubyte"), write(b"", "t10k-labels.idx1-ubyte")
    assert find_idx_sets(tmp_path) == {"train": (images, labels), "test": test}
    assert find_idx_sets(tmp_path / "none") == {}


def test_the_real_files(shared):
    folder = shared / "images" / "mnist"
    if not folder.is_dir():
        pytest.skip("the folder of MNIST (../shared/data/images/mnist) is not here")
    sets = find_idx_sets(folder)
    for part, rows in (("train", 60_000), ("test", 10_000)):
        images, labels = map(read_idx, sets[part])
        assert images.shape == (rows, 28, 28) and images.dtype == np.uint8
        assert labels.shape == (rows,) and set(labels.tolist()) == set(range(10))
        assert labels_beside(sets[part][0]) == sets[part][1]
