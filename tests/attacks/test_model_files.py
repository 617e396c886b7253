"""Hostile and damaged model files: each is refused with a sentence, and nothing in it is run or believed."""

import gc
import io
import json
import pickle
import struct
import tracemalloc
import zipfile

import pytest

import thetastar as ts
from tests.study.conftest import SMALL, curve_table
from thetastar._container import sealed


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    settings = {**SMALL, "candidates": [{"hidden": (8,), "pieces": 6}], "restarts": 1, "answer": "one"}
    path = tmp_path_factory.mktemp("model") / "m.theta"
    ts.fit(curve_table(), target="y", **settings).save(path)
    return path.read_bytes()


SEAL = rb"\"digest\":\"sha256:"


def parts(raw):
    """(header table, document, data) of a model file."""
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    return header, json.loads(header["__metadata__"]["thetastar"]), raw[8 + length :]


def build(header, document, data):
    """A model file from its parts, with the digest that belongs to it; a document given as text goes in as it is."""
    text = document if isinstance(document, str) else json.dumps(document, separators=(",", ":"))
    encoded = json.dumps({**header, "__metadata__": {"thetastar": text}}).encode()
    encoded += b" " * (-len(encoded) % 8)
    whole = struct.pack("<Q", len(encoded)) + encoded + data
    return sealed(whole) if SEAL in whole else whole


def altered(raw, change):
    """The file after `change(header, document)`; what it returns, if anything, takes the document's place."""
    header, document, data = parts(raw)
    result = change(header, document)
    return build(header, document if result is None else result, data)


def refused(tmp_path, raw, message):
    path = tmp_path / "m.theta"
    path.write_bytes(raw)
    with pytest.raises(ts.InputError, match=message) as caught:
        ts.load(path)
    assert str(path) in str(caught.value) and len(str(caught.value)) < 600


def pickled():
    class Bomb:
        def __reduce__(self):
            return exec, ("raise SystemExit('code of a model file was run')",)

    return pickle.dumps(Bomb())


def zipped():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("data.pkl", pickled())
    return buffer.getvalue()


def test_the_sound_file_loads(sound, tmp_path):
    path = tmp_path / "m.theta"
    path.write_bytes(build(*parts(sound)))
    assert ts.load(path).task == "regression"


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", r"0 bytes are too few for a model file"),
        (b"\x00" * 7, r"7 bytes are too few"),
        (struct.pack("<Q", 2**63) + b"{}", r"the header claims 9223372036854775808 bytes, the file has 10"),
        (struct.pack("<Q", 33 * 2**20) + bytes(34 * 2**20), r"claims 34603008 bytes.*\(at most 33554432 are allowed\)"),
        (struct.pack("<Q", 8) + b"not json" + bytes(8), r"not a sound safetensors file"),
        (struct.pack("<Q", 8) + b"{}      ", r"but not a model of thetastar \(its metadata has no 'thetastar'\)"),
        (struct.pack("<Q", 2) + b"[]", r"not a sound safetensors file"),
        (struct.pack("<Q", 200_000) + b"[" * 200_000, r"not a sound safetensors file"),
    ],
)  # fmt: skip
def test_files_that_are_something_else(tmp_path, raw, message):
    refused(tmp_path, raw, message)


@pytest.mark.parametrize("make", [pickled, zipped])
def test_code_in_a_file_is_never_run(tmp_path, make):
    refused(tmp_path, make(), r"this is a (Python pickle|PyTorch file|zip archive), not a model|the header claims")


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9, 0.999])
def test_cut_off_files(sound, tmp_path, keep):
    refused(tmp_path, sound[: int(len(sound) * keep)], r"the header claims|not a sound safetensors file")


def test_bytes_after_the_end(sound, tmp_path):
    refused(tmp_path, sound + b"more", r"not a sound safetensors file")


def set_in(*path_and_value):
    """A change that sets document[path…] = value."""
    *path, last, value = path_and_value

    def change(_header, document):
        for key in path:
            document = document[key]
        document[last] = value

    return change


def drop(*path):
    def change(_header, document):
        for key in path[:-1]:
            document = document[key]
        del document[path[-1]]

    return change


def nested(depth):
    inner = {}
    for _ in range(depth):
        inner = {"a": inner}
    return inner


DOCUMENTS = [
    (lambda h, d: "{", r"the description is not sound JSON"),
    (lambda h, d: "[1]", r"the description is not a JSON object"),
    (lambda h, d: '{"format": NaN}', r"NaN is not a number of JSON"),
    (lambda h, d: '{"format": 1, "format": 1}', r"a key appears twice"),
    (lambda h, d: "[" * 100_000 + "]" * 100_000, r"the description is not sound JSON"),
    (lambda h, d: '{"format": ' + "9" * 10_000 + "}", r"the description is not sound JSON"),
    (lambda h, d: "[" + "[]," * 2_000_001 + "[]]", r"holds more than 2000000 values"),
    (
        set_in("format", 3),
        r"written in format 3 by thetastar 0.1.0; this version reads up to format 2. Install a newer",
    ),
    (drop("digest"), r"format 2 needs a digest, and the file has none; the file is damaged or altered"),
    (set_in("format", 1), r"format 1 has no digest; the file is damaged or altered"),
    (set_in("digest", "md5:00"), r"its bytes are not those that were written \(the digest differs\)"),
    (set_in("digest", None), r"format 2 needs a digest"),
    (set_in("digest", ["sha256:" + "0" * 64]), r"its bytes are not those that were written"),
    (set_in("format", 0), r"the format number is 0, not a whole number from 1"),
    (set_in("format", True), r"the format number is True"),
    (set_in("format", "1"), r"the format number is '1'"),
    (set_in("code", "import os"), r"unknown parts \['code'\] and lacks \[\]"),
    (drop("target"), r"unknown parts \[\] and lacks \['target'\]"),
    (set_in("network", []), r"the part 'network' is a list, not a table"),
    (set_in("record", None), r"the part 'record' is a NoneType, not a table"),
    (set_in("thetastar", 1), r"the version is not text"),
    (set_in("network", "layers", {}), r"must be 'layers' and 'input_shape', both lists"),
    (set_in("network", "extra", 1), r"must be 'layers' and 'input_shape', both lists"),
    (set_in("network", "layers", [1]), r"has a layer that is not a table"),
    (set_in("network", "layers", []), r"the network's description does not hold: .*at least one layer"),
    (
        set_in("network", "layers", 0, "kind", "os.system"),
        r"has a layer of the kind 'os.system'; a model file of format 2 holds",
    ),
    (set_in("network", "layers", 0, "kind", None), r"has a layer of the kind 'None'"),
    (set_in("network", "layers", 0, "activation", "exec"), r"the network's description does not hold: .*'exec'"),
    (set_in("network", "layers", 0, "lambda", 1), r"does not hold: .*has no setting 'lambda'"),
    (set_in("network", "layers", 0, "units", 10**15), r"has a width of 1000000000000000; the whole file holds at most"),
    (set_in("network", "layers", 0, "units", 10**400), r"has a width of 1000|the description is not sound JSON"),
    (set_in("network", "layers", 0, "units", -1), r"has a width of -1"),
    (set_in("network", "layers", 0, "units", 8.5), r"has a width of 8.5"),
    (set_in("network", "layers", 0, "units", 9), r"parameter 'dense_1.weight' is F32 .* calls for F32"),
    (set_in("network", "layers", 0, "use_bias", False), r"do not match the network: dense_1.bias in one"),
    (set_in("network", "input_shape", [3]), r"parameter 'dense_1.weight' is F32"),
    (set_in("network", "input_shape", []), r"the network's description does not hold"),
    (set_in("preparation", {}), r"the preparation or the target does not hold|preparation: "),
    (set_in("preparation", "pieces", "columns", [99]), r"pieces: they do not fit the columns"),
    (set_in("preparation", "pieces", "columns", [0.5]), r"pieces: they do not fit the columns"),
    (set_in("preparation", "pieces", "more", 1), r"pieces: they do not fit the columns"),
    (set_in("preparation", "pieces", None), r"the preparation or the target does not hold"),
    (set_in("preparation", "base", "blocks", []), r"pieces: they do not fit|preparation"),
    (set_in("preparation", "base", "blocks", [{"block": "os"}]), r"the preparation or the target does not hold|'os'"),
    (set_in("target", {}), r"the preparation or the target does not hold|target"),
    (set_in("target", "task", "multiclass"), r"target|the network maps"),
    (set_in("record", "format", 3), r"the record does not hold \(format: Input should be 2\)"),
    (set_in("record", "leads", {}), r"the record does not hold \(leads: Extra inputs are not permitted\)"),
    (set_in("record", "test", "rows", -1), r"the record does not hold \(test.rows: Input should be greater than"),
    (set_in("record", "test", "scores", "rmse", "1e999"), r"the record does not hold \(test.scores.rmse"),
    (set_in("record", "test", "scores", "rmse", 10**400), r"the record does not hold \(test.scores.rmse"),
    (set_in("record", "leaderboard", 0, "rank", 7), r"the record does not hold \(as a whole: .*ranks must be 1, 2, 3"),
    (set_in("record", "question", "task", "__import__"), r"there is no task '__import__'; the tasks are regression"),
    (
        set_in("record", "question", "target", "z"),
        r"the record is of 'z' \(regression\), the model of 'y'",
    ),
    (set_in("record", "settings", "study", "x", nested(700)), r"the record does not hold|not sound JSON"),
    (set_in("record", {}), r"the record does not hold \(format: Field required\)"),
]


@pytest.mark.parametrize(("change", "message"), DOCUMENTS, ids=[message[:40] for _, message in DOCUMENTS])
def test_altered_descriptions(sound, tmp_path, change, message):
    refused(tmp_path, altered(sound, change), message)


def retype(name, dtype, shape):
    def change(header, _document):
        header[name] = {**header[name], "dtype": dtype, "shape": shape}

    return change


def rename(old, new):
    def change(header, _document):
        header[new] = header.pop(old)

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (rename("network/dense_1.bias", "elsewhere/dense_1.bias"), r"unknown tensor 'elsewhere/dense_1.bias'"),
        (rename("network/dense_1.bias", "network/"), r"unknown tensor 'network/'"),
        (
            rename("network/dense_1.bias", "network/dense_9.bias"),
            r"do not match the network: dense_1.bias, dense_9.bias",
        ),
        (rename("preparation/pieces.edges", "preparation/x"), r"pieces: they do not fit the columns"),
        (retype("network/dense_1.bias", "I32", [8]), r"'dense_1.bias' is I32 \(8,\); .* calls for F32 \(8,\)"),
        (retype("network/dense_1.bias", "F32", [2, 4]), r"'dense_1.bias' is F32 \(2, 4\); .* calls for F32 \(8,\)"),
        (retype("network/dense_1.bias", "F16", [16]), r"has the kind F16; allowed are F32"),
        (retype("network/dense_1.bias", "F32", [2**40]), r"not a sound safetensors file"),
    ],
)
def test_altered_tensors(sound, tmp_path, change, message):
    refused(tmp_path, altered(sound, change), message)


def test_parameters_that_are_not_numbers(sound, tmp_path):
    header, document, data = parts(sound)
    begin, _ = header["network/dense_1.bias"]["data_offsets"]
    spoilt = data[:begin] + struct.pack("<f", float("nan")) + data[begin + 4 :]
    refused(tmp_path, build(header, document, spoilt), r"parameter 'dense_1.bias' holds values that are not finite")


def test_edges_that_do_not_rise(sound, tmp_path):
    header, document, data = parts(sound)
    begin, end = header["preparation/pieces.edges"]["data_offsets"]
    refused(
        tmp_path, build(header, document, data[:begin] + bytes(end - begin) + data[end:]), r"finite, rising numbers"
    )


def test_parts_that_do_not_belong_together(sound, tmp_path):
    """Every part sound by itself, but the network has one input fewer than the preparation makes."""
    header, document, data = parts(sound)
    rows, columns = header["network/dense_1.weight"]["shape"]
    arrays = {name: entry for name, entry in header.items() if name != "__metadata__"}
    rebuilt, at = b"", 0
    for name, entry in sorted(arrays.items(), key=lambda item: item[1]["data_offsets"][0]):
        begin, end = entry["data_offsets"]
        if name == "network/dense_1.weight":
            entry["shape"], end = [rows - 1, columns], end - 4 * columns
        rebuilt += data[begin:end]
        entry["data_offsets"] = [at, at + end - begin]
        at += end - begin
    document["network"]["input_shape"] = [rows - 1]
    refused(
        tmp_path, build(header, document, rebuilt), rf"the network maps \({rows - 1},\) to \(1,\), but the preparation"
    )


def test_places_that_are_no_files(tmp_path):
    with pytest.raises(ts.InputError, match=r"there is no such file; give a model file"):
        ts.load(tmp_path / "none.theta")
    with pytest.raises(ts.InputError, match=r"this is a folder; give a model file such as .*model.theta"):
        ts.load(tmp_path)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ts.InputError, match=r"cannot be read \(Not a directory\)"):
        ts.load(tmp_path / "file" / "m.theta")


def test_memory_stays_near_twice_the_file(tmp_path):
    from thetastar.model.file import Contents, read_model_file, write_model_file

    network = ts.Network([ts.Dense(2_000), ts.Dense(1)], input_shape=(2_000,)).initialized(seed=0)
    path = tmp_path / "m.theta"
    write_model_file(path, Contents("0.1.0", network.to_dict(), {}, {}, {}, {"network": network.parameters}))
    size = path.stat().st_size
    del network
    gc.collect()
    tracemalloc.start()
    contents = read_model_file(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size > 16_000_000 and peak < 2.1 * size
    assert contents.arrays["network"]["dense_1.weight"].shape == (2_000, 2_000)
