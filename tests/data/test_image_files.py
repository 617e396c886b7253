"""Image files: folders of classes, every kind of picture, one size for all; and every refusal, word for word."""

from __future__ import annotations

import struct
import sys
import zlib

import numpy as np
import pytest

from thetastar.data import image_files
from thetastar.data.image_files import list_image_folder, read_images
from thetastar.errors import InputError

Image = pytest.importorskip("PIL.Image")


@pytest.fixture
def save(tmp_path):
    """save(array or image, "a/b.png") -> path of the new file."""

    def _save(picture, name="a.png", **options):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        (picture if isinstance(picture, Image.Image) else Image.fromarray(picture)).save(path, **options)
        return path

    return _save


GREY = (np.arange(24, dtype=np.uint8) * 10).reshape(4, 6)
COLOUR = np.stack([GREY, 255 - GREY, GREY // 2], axis=-1)


# --- folders ----------------------------------------------------------------------------------------------------------


def test_a_folder_of_classes(save, tmp_path):
    for name in (
        "dog/2.PNG",
        "dog/1.jpg",
        "cat/x.webp",
        "cat/deep/er/y.bmp",
        ".git/z.png",
        "cat/.z.png",
        "bird/.b/a.gif",
    ):
        save(GREY, name)
    (tmp_path / "dog" / "notes.txt").write_text("no image")
    (tmp_path / "README.md").write_text("no image")
    (tmp_path / "empty").mkdir()
    paths, labels = list_image_folder(tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in paths] == [
        "cat/deep/er/y.bmp",
        "cat/x.webp",
        "dog/1.jpg",
        "dog/2.PNG",
    ]
    assert labels == ["cat", "cat", "dog", "dog"]


def test_one_class_and_none(save, tmp_path):
    one = save(GREY, "all/one/a.png")
    assert list_image_folder(tmp_path / "all") == ([one], ["one"])
    assert list_image_folder(tmp_path / "all" / "one") == ([one], None)


def test_refused_folders(save, tmp_path):
    with pytest.raises(InputError, match="there is no such folder"):
        list_image_folder(tmp_path / "none")
    with pytest.raises(InputError, match=r"there are no images in the folder .* It is empty"):
        list_image_folder(tmp_path)
    (tmp_path / "a.csv").write_text("a,b")
    with pytest.raises(InputError, match=r"It holds a\.csv\. Put the images"):
        list_image_folder(tmp_path)
    save(GREY, "cat/a.png"), save(GREY, "b.png")
    with pytest.raises(InputError, match=r"1 images lie beside the class folders \(the first is b\.png\)"):
        list_image_folder(tmp_path)


# --- pictures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["png", "bmp", "gif"])
def test_grey_stays_as_it_is(save, ending):
    found = read_images([save(GREY, f"a.{ending}")])
    assert found.shape == (1, 4, 6, 1) and found.dtype == np.uint8 and found.flags.c_contiguous
    np.testing.assert_array_equal(found[0, ..., 0], GREY)


def test_colour_and_mixtures(save):
    grey, colour, fake = save(GREY, "g.png"), save(COLOUR, "c.png"), save(np.dstack([GREY] * 3), "f.png")
    np.testing.assert_array_equal(read_images([colour, grey])[0], COLOUR)
    np.testing.assert_array_equal(read_images([colour, grey])[1], np.dstack([GREY] * 3))
    assert read_images([grey, fake]).shape == (2, 4, 6, 1)
    assert read_images([grey, fake], channels=3).shape == (2, 4, 6, 3)
    luma = np.asarray(Image.fromarray(COLOUR).convert("L"))
    np.testing.assert_array_equal(read_images([colour], channels=1)[0, ..., 0], luma)


@pytest.mark.parametrize("kind", ["webp", "jpg"])
def test_lossy_kinds(save, kind):
    found = read_images([save(np.full((20, 30, 3), (200, 100, 50), np.uint8), f"a.{kind}")])
    assert found.shape == (1, 20, 30, 3) and np.abs(found - np.array([200.0, 100, 50])).max() < 6


def test_unusual_modes(save):
    deep = save((GREY.astype(np.uint16) * 257), "deep.png")
    np.testing.assert_array_equal(read_images([deep])[0, ..., 0], GREY)
    np.testing.assert_array_equal(read_images([deep], channels=3)[0], np.dstack([GREY] * 3))
    palette = save(Image.fromarray(COLOUR).quantize(64), "p.png")
    np.testing.assert_array_equal(read_images([palette])[0], COLOUR)
    bits = save(Image.fromarray(GREY > 100), "b.png")
    np.testing.assert_array_equal(read_images([bits])[0, ..., 0], (GREY > 100) * 255)
    inks = save(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "k.jpg")
    assert np.abs(read_images([inks])[0].astype(int) - (255, 0, 0)).max() < 8


def test_transparency_is_laid_on_white(save):
    clear = np.dstack([COLOUR, np.zeros_like(GREY)])
    clear[0, 0, 3] = 255
    found = read_images([save(clear)])[0]
    assert (found[0, 0] == COLOUR[0, 0]).all() and (found[1:] == 255).all()
    pale = Image.merge("LA", (Image.fromarray(GREY), Image.new("L", (6, 4), 0)))
    assert (read_images([save(pale, "la.png")]) == 255).all()
    spot = Image.fromarray(np.zeros((4, 6), np.uint8)).convert("P")
    assert (read_images([save(spot, "t.png", transparency=0)]) == 255).all()


def test_an_animation_gives_its_first_picture(save):
    first, second = Image.new("L", (6, 4), 10), Image.new("L", (6, 4), 200)
    assert (read_images([save(first, "a.gif", save_all=True, append_images=[second])]) == 10).all()


@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_the_exif_orientation_is_applied(save, ending):
    exif = Image.Exif()
    exif[0x0112] = 6  # shown a quarter turn clockwise
    picture = np.zeros((16, 32), np.uint8)
    picture[:, :16] = 255
    found = read_images([save(picture, f"a.{ending}", exif=exif)])
    assert found.shape == (1, 32, 16, 1) and found[0, :8].min() > 240 and found[0, -8:].max() < 15


def png16(path, array, key=b""):
    """Write a PNG of 16 bits a number, with one colour that counts as clear."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    height, width, channels = array.shape
    head = struct.pack(">IIBBBBB", width, height, 16, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in array.reshape(height, -1))
    clear = chunk(b"tRNS", key) if key else b""
    data = chunk(b"IHDR", head) + clear + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + data)
    return path


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_pictures_of_16_bits_keep_their_depth(tmp_path, channels):
    array = np.random.default_rng(channels).integers(0, 65536, (5, 6, channels))
    colours = array.astype(np.float64)
    if channels in (2, 4):
        opaque = colours[..., -1:] / 65535
        colours = colours[..., :-1] * opaque + 65535 * (1 - opaque)
    found = read_images([png16(tmp_path / "a.png", array)])
    assert found.dtype == np.float32 and found.shape == (1, 5, 6, 1 if channels < 3 else 3)
    np.testing.assert_allclose(found[0], colours / 257, atol=1e-4)


@pytest.mark.parametrize("channels", [1, 3])
def test_one_clear_colour_of_16_bits_is_laid_on_white(tmp_path, channels):
    array = np.full((4, 4, channels), 1000)
    array[0, 0] = 514
    found = read_images([png16(tmp_path / "a.png", array, struct.pack(">H", 1000) * channels)])[0]
    assert found[0, 0, 0] == 2 and (found.reshape(-1)[1:] == 255).all()


def test_pictures_of_16_and_8_bits_stand_on_one_scale(save, tmp_path):
    deep = png16(tmp_path / "deep.png", np.repeat(GREY[..., None].astype(int) * 257, 1, axis=2))
    found = read_images([deep, save(GREY)])
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found[0], found[1])
    turned = save(Image.fromarray(np.arange(6, dtype=np.uint16).reshape(2, 3) * 257), "t.png", exif=_turned(8))
    assert read_images([turned])[0, :, :, 0].tolist() == [[2, 5], [1, 4], [0, 3]]
    assert read_images([deep], channels=3).shape == (1, 4, 6, 3)


def _turned(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


# --- sizes ------------------------------------------------------------------------------------------------------------


def test_the_most_common_size_wins_at_its_ratio(save):
    small = [save(np.zeros((10, 20), np.uint8), f"{i}.png") for i in range(2)]
    large = save(np.zeros((300, 300), np.uint8), "l.png")
    assert read_images([*small, large]).shape == (3, 10, 20, 1)
    assert read_images([*small, large], largest=10).shape == (3, 5, 10, 1)
    assert read_images([small[0], large]).shape == (2, 64, 64, 1)
    assert read_images([large], size=(7, 9)).shape == (1, 7, 9, 1)
    assert read_images([save(np.zeros((2, 1000), np.uint8), "thin.png")]).shape == (1, 1, 64, 1)


def test_scaling_down_averages_over_the_area(save):
    board = np.indices((128, 128)).sum(0) % 2 * 255
    found = read_images([save(board.astype(np.uint8))], size=(8, 8))
    assert np.abs(found.astype(int) - 127).max() <= 2


def test_a_large_jpeg_is_scaled_as_a_small_one(save):
    ramp = np.tile(np.linspace(0, 255, 800).astype(np.uint8), (600, 1))
    found = read_images([save(ramp, "a.jpg")])
    assert found.shape == (1, 48, 64, 1)
    assert np.abs(found[0, 5, :, 0] - (np.arange(64) + 0.5) / 64 * 255).max() < 5


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_arguments(save):
    path = save(GREY)
    with pytest.raises(InputError, match="there are no paths"):
        read_images([])
    with pytest.raises(InputError, match=r"channels=4\): images have 1 \(grey\) or 3"):
        read_images([path], channels=4)
    with pytest.raises(InputError, match=r"largest=0\): the longer side"):
        read_images([path], largest=0)
    for size in ((0, 4), (4,)):
        with pytest.raises(InputError, match=r"the size is \(height, width\)"):
            read_images([path], size=size)


@pytest.mark.parametrize("ending", ["png", "jpg", "gif", "bmp", "webp"])
def test_broken_files_are_named(save, ending):
    noise = np.random.default_rng(1).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    path = save(noise, f"whole.{ending}")
    content = path.read_bytes()
    for cut in (0, 1, 10, len(content) // 2):
        path.write_bytes(content[:cut])
        with pytest.raises(InputError, match=rf"whole\.{ending}: the image is broken, cut off or of another kind"):
            read_images([path])


def test_other_kinds_are_refused(save, tmp_path):
    path = save(GREY, "a.tiff").rename(tmp_path / "a.png")
    with pytest.raises(InputError, match=r"a\.png: the image is broken, cut off or of another kind"):
        read_images([path])
    with pytest.raises(InputError, match=r"none\.png: there is no such file"):
        read_images([tmp_path / "none.png"])


@pytest.mark.parametrize("side", [12_000, 60_000])  # beyond the limit here; beyond Pillow's own
def test_bombs_are_refused(tmp_path, side):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    path = tmp_path / "bomb.png"
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b""))
    with pytest.raises(InputError, match=r"bomb\.png: the image is too large .* at most 100,000,000 pixels"):
        read_images([path])


def test_without_pillow(save, monkeypatch):
    path = save(GREY)
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(InputError, match="pip install pillow"):
        image_files.read_images([path])
