"""Images as data: folders, IDX files, columns of file names and arrays become one column of a table."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest
from PIL import Image

from thetastar.data import Preparation, Target, infer_roles, read_table
from thetastar.errors import InputError


def picture(path, size=(6, 4), colour=100, mode="L"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path)
    return path


def idx(path, array, kind=0x08, pack=False):
    head = bytes([0, 0, kind, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    data = head + array.tobytes()
    path.write_bytes(gzip.compress(data) if pack else data)
    return path


def test_a_folder_with_a_subfolder_per_class(tmp_path):
    picture(tmp_path / "cat" / "b.png", colour=10)
    picture(tmp_path / "cat" / "more" / "a.jpg", colour=20)
    picture(tmp_path / "dog" / "c.png", colour=30)
    (tmp_path / "dog" / ".hidden.png").write_bytes(b"no image")
    (tmp_path / "dog" / "notes.txt").write_text("passed over")
    table = read_table(tmp_path)
    assert table.names == ["image", "class", "file"]
    assert table.column("image").samples.shape == (3, 4, 6, 1)
    assert table.column("class").values.tolist() == ["cat", "cat", "dog"]
    assert [int(image[0, 0, 0]) for image in table.column("image").samples] == [10, 20, 30]


def test_a_flat_folder_has_no_classes(tmp_path):
    picture(tmp_path / "a.png")
    assert read_table(tmp_path).names == ["image", "file"]


def test_a_column_of_file_names_becomes_images(tmp_path):
    for name in ("a", "b"):
        picture(tmp_path / "pictures" / f"{name}.png")
    path = tmp_path / "table.csv"
    path.write_text("file,label\npictures/a.png,x\npictures/b.png,y\n")
    table = read_table(path)
    assert table.column("file").kind == "image" and infer_roles(table, "label")["file"].role == "image"
    path.write_text("file,label\npictures/a.png,x\n,y\n")
    with pytest.raises(InputError, match=r"line 3, column 'file': the cell is empty, and the others name images"):
        read_table(path)


def test_the_labels_lie_beside_the_images(tmp_path):
    images = idx(tmp_path / "train-images-idx3-ubyte.gz", np.zeros((3, 5, 5), np.uint8), pack=True)
    assert read_table(images).names == ["image"]
    idx(tmp_path / "train-labels-idx1-ubyte.gz", np.array([1, 2, 3], np.uint8), pack=True)
    table = read_table(images)
    assert table.names == ["image", "class"] and table.column("class").values.tolist() == ["1", "2", "3"]
    assert read_table(tmp_path).row_count == 3
    idx(tmp_path / "train-labels-idx1-ubyte.gz", np.array([1, 2], np.uint8), pack=True)
    with pytest.raises(InputError, match=r"3 images, and labels of shape \(2,\) beside them"):
        read_table(images)
    with pytest.raises(InputError, match=r"holds numbers of shape \(2,\), and images are \(n, height, width\)"):
        read_table(tmp_path / "train-labels-idx1-ubyte.gz")


def test_three_axes_are_images_where_the_numbers_are_pixels():
    grey = np.arange(2 * 5 * 5).reshape(2, 5, 5)
    assert read_table({"x": grey, "y": [0, 1]}).column("x").samples.shape == (2, 5, 5, 1)
    assert read_table({"x": grey + 0.5, "y": [0, 1]}).column("x").kind == "sequence"
    assert read_table({"x": grey[:, :, :3], "y": [0, 1]}).column("x").kind == "sequence"  # three numbers a step
    assert read_table((grey, np.array([0, 1]))).names == ["image", "target"]
    with pytest.raises(InputError, match=r"X has 2 rows and y has 3"):
        read_table((grey, np.zeros(3)))
    with pytest.raises(InputError, match=r"an array of shape \(0, 5, 5\) is empty"):
        read_table({"x": grey[:0]})
    with pytest.raises(InputError, match=r"column 'x', sample 1: a number is not finite"):
        read_table({"x": np.array([0, np.nan])[:, None, None, None] * np.ones((2, 5, 5, 1))})


def test_a_network_reads_images_alone():
    table = read_table({"x": np.zeros((4, 5, 5), np.uint8), "age": [1, 2, 3, 5], "y": [0, 1, 0, 1]})
    roles = infer_roles(table, "y")
    assert roles["x"].reason == "Images of 5 × 5 pixels, grey."
    assert roles["age"].role == "ignore" and roles["age"].reason == "A network that reads 'x' reads nothing beside it."
    with pytest.raises(InputError, match=r"column 'x': it holds images and cannot have the role 'number'\. Use ignore"):
        infer_roles(table, "y", {"x": "number"})
    with pytest.raises(InputError, match=r"column 'age': it holds numbers and cannot have the role 'image'"):
        infer_roles(table, "y", {"age": "image"})
    two = read_table({"a": np.zeros((4, 5, 5), np.uint8), "b": np.zeros((4, 5, 5), np.uint8), "y": [0, 1, 0, 1]})
    with pytest.raises(InputError, match=r"'a', 'b' all hold images or sequences, and a network reads one of them"):
        infer_roles(two, "y")


def test_the_preparation_scales_by_channel_and_brings_to_the_trained_size():
    random = np.random.default_rng(0)
    images = random.integers(0, 255, (50, 6, 8, 3), np.uint8)
    table = read_table({"x": images, "y": np.arange(50)})
    fitted = Preparation.fit(table, np.arange(30), infer_roles(table, "y"))
    prepared = fitted.transform(table)
    assert fitted.input_shape == (6, 8, 3) and prepared.shape == (50, 144) and prepared.flags.c_contiguous
    seen = prepared[:30].reshape(-1, 3).astype(np.float64)
    assert np.allclose(seen.mean(axis=0), 0, atol=1e-5) and np.allclose(seen.std(axis=0), 1, atol=1e-5)
    again = Preparation.from_state(*fitted.to_state())
    assert np.array_equal(again.transform(table), prepared)
    double = np.repeat(np.repeat(images, 2, axis=1), 2, axis=2)
    assert np.allclose(fitted.transform(read_table({"x": double})), prepared, atol=1e-5)
    grey = fitted.transform(read_table({"x": images[..., 0]})).reshape(50, 6, 8, 3)
    assert np.allclose(grey * fitted.blocks[0].scale + fitted.blocks[0].centre, images[..., :1].repeat(3, 3), atol=1e-3)
    with pytest.raises(InputError, match=r"they have 2 channels, and the model learned 3"):
        fitted.transform(read_table({"x": images[..., :2].copy()}))
    with pytest.raises(InputError, match=r"the column holds sequences, and the model learned 'x' as images"):
        fitted.transform(read_table({"x": images[..., 0] + 0.5}))


@pytest.mark.parametrize("names", [["5", "10", "20"], [str(i) for i in range(24)], ["1.5", "2.5"], ["007", "008"]])
def test_folders_are_classes_whatever_they_are_called(tmp_path, names):
    for name in names:
        (tmp_path / name).mkdir()
        for i in range(2):
            Image.fromarray(np.full((4, 4), i, np.uint8)).save(tmp_path / name / f"{i}.png")
    encoding = Target.fit(read_table(tmp_path), "class")
    whole = all(name.isdigit() and str(int(name)) == name for name in names)
    assert encoding.classes == tuple(sorted(map(int, names)) if whole else names)
    assert encoding.task == ("binary" if len(names) == 2 else "multiclass")


def test_labels_of_idx_files_are_classes(tmp_path):
    labels = np.repeat(np.arange(1, 27, dtype=np.uint8), 2)  # letters, from 1
    images = idx(tmp_path / "emnist-letters-train-images-idx3-ubyte", np.zeros((52, 5, 5), np.uint8))
    idx(tmp_path / "emnist-letters-train-labels-idx1-ubyte", labels)
    for source in (images, tmp_path):
        encoding = Target.fit(read_table(source), "class")
        assert (encoding.task, encoding.classes) == ("multiclass", tuple(range(1, 27)))
    idx(tmp_path / "emnist-digits-train-images-idx3-ubyte", np.zeros((52, 5, 5), np.uint8))
    idx(tmp_path / "emnist-digits-train-labels-idx1-ubyte", labels)
    with pytest.raises(InputError, match=r"there are several sets of images \(emnist-digits.*\)\. Name the file"):
        read_table(tmp_path)


def test_the_wide_labels_of_qmnist(tmp_path):
    images = idx(tmp_path / "qmnist-test-images-idx3-ubyte", np.zeros((3, 5, 5), np.uint8))
    wide = np.arange(24).reshape(3, 8)
    idx(tmp_path / "qmnist-test-labels-idx2-int", wide.astype(">i4"), kind=12)
    table = read_table(images)
    assert table.column("class").values.tolist() == ["0", "8", "16"]
    assert table.notes == ("The labels are the first of QMNIST's eight columns; who wrote a digit is in the others.",)
    idx(tmp_path / "qmnist-test-labels-idx2-int", wide[:, :7].astype(">i4"), kind=12)
    with pytest.raises(InputError, match=r"3 images, and labels of shape \(3, 7\) beside them"):
        read_table(images)
    idx(tmp_path / "qmnist-test-labels-idx1-ubyte", np.array([0.5, 1, 2]).astype(">f4"), kind=13)
    with pytest.raises(InputError, match="the labels beside the images are no whole numbers"):
        read_table(images)
