"""An exported C file says what the model says: every column, every layer, every setting of the compilers."""

from __future__ import annotations

import os
import platform
import subprocess
from types import SimpleNamespace

import numpy as np
import pytest

import thetastar as ts
from tests.export.compiled import COMPILERS, compiled, for_32_bits, seconds
from tests.export.layers import networks
from tests.export.models import bare_model, model_of, prepared, table_of
from thetastar.data import Preparation, infer_roles, read_table
from thetastar.data.blocks import SequenceBlock
from thetastar.data.numbers import MISSING
from thetastar.data.piecewise import PiecewisePreparation
from thetastar.data.table import Column
from thetastar.data.target import TargetEncoding
from thetastar.errors import InputError
from thetastar.export import Answer, NetworkMember, answer_of, export_model
from thetastar.export.c import c_file
from thetastar.export.eight_bits import rounded

if not COMPILERS:
    if os.environ.get("CI") == "true":
        pytest.fail("continuous integration must have a C compiler for the tests of exported C")
    pytest.skip("there is no C compiler, so exported C is not tested here", allow_module_level=True)

BUILDS = [
    ("-std=c99", "-O0"), ("-std=c99", "-O2"), ("-std=gnu99", "-O3", "-march=native"),
    ("-std=gnu99", "-O2", "-mfma", "-mavx2"),
]  # fmt: skip
_TARGETS = {
    "regression": lambda signal: 500 + 100 * signal,
    "binary": lambda signal: np.where(signal > 1.5, "high", "low"),
    "multiclass": lambda signal: np.digitize(signal, [1.0, 2.0]),
}


def in_c(columns):
    """The columns as the fields of a row: dates as seconds."""
    return [seconds(values) if name in ("day", "moment") else values for name, values in columns.items()]


def signal_of(columns):
    return 0.3 * np.array(columns["whole"]) + (np.array(columns["side"]) == "left")


@pytest.mark.parametrize("task", _TARGETS)
def test_whole_models_predict_the_same(task, tmp_path):
    columns = table_of(np.random.default_rng(5), 700)
    model = model_of(columns, _TARGETS[task](signal_of(columns)).tolist())
    later = table_of(np.random.default_rng(77), 3000, unseen=True)
    found = compiled(c_file(answer_of(model), "houses"), tmp_path, "houses").all(in_c(later))
    if task == "regression":
        np.testing.assert_allclose(found, model.predict(later), rtol=0, atol=1e-5 * model.target_encoding.scale)
        return
    wanted = model.predict_proba(later)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-5)
    two = np.sort(wanted, axis=1)
    sure = two[:, -1] - two[:, -2] > 2e-5
    assert (found.argmax(axis=1) == wanted.argmax(axis=1))[sure].all()


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("flags", BUILDS, ids=" ".join)
def test_every_build_gives_the_same_within_its_bound(compiler, flags, tmp_path):
    columns = table_of(np.random.default_rng(5), 700)
    model = model_of(columns, signal_of(columns).tolist())
    later = table_of(np.random.default_rng(8), 300, unseen=True)
    found = compiled(c_file(answer_of(model), "m"), tmp_path, "m", compiler=compiler, flags=flags).all(in_c(later))
    np.testing.assert_allclose(found, model.predict(later), rtol=0, atol=1e-5 * model.target_encoding.scale)


@pytest.mark.skipif(platform.machine() != "x86_64" or "gcc" not in COMPILERS, reason="-m32 is gcc's for x86-64")
@pytest.mark.parametrize("task", _TARGETS)
def test_nothing_is_said_of_it_for_32_bits(task, tmp_path):
    columns = table_of(np.random.default_rng(5), 700)
    model = model_of(columns, _TARGETS[task](signal_of(columns)).tolist())
    assert for_32_bits(c_file(answer_of(model), "m"), tmp_path) == ""


@pytest.mark.parametrize("compiler", COMPILERS)
def test_fast_math_which_knows_no_missing_numbers_is_refused(compiler, tmp_path):
    model = model_of({"x": [k / 10 for k in range(60)]}, [k / 5 for k in range(60)])
    (tmp_path / "m.c").write_text(c_file(answer_of(model), "m"), encoding="ascii")
    command = [compiler, "-std=c99", "-O2", "-c", str(tmp_path / "m.c"), "-o", str(tmp_path / "m.o")]
    ran = subprocess.run([*command, "-ffast-math"], capture_output=True, text=True)
    assert ran.returncode != 0
    assert "Missing numbers are told by NAN, which -ffast-math (-ffinite-math-only) does away with." in ran.stderr
    fine = [*command, "-ffast-math", "-fno-finite-math-only"]
    assert subprocess.run(fine, capture_output=True).returncode == 0


@pytest.mark.parametrize("pieces", [0, 12])
def test_every_feature_of_every_kind_of_column_is_the_same(pieces, tmp_path):
    preparation, table = prepared(1)
    assert {type(block).__name__ for block in preparation.blocks} == {
        "NumberBlock", "BooleanBlock", "CategoryBlock", "DateBlock",
    }  # fmt: skip
    assert any(getattr(block, "hashed", 0) for block in preparation.blocks)
    if pieces:
        preparation = PiecewisePreparation.fit(preparation, preparation.transform(table), np.arange(500), pieces)
    columns = table_of(np.random.default_rng(101), 300, unseen=True)
    wanted = preparation.transform(read_table(columns))
    net = identity(preparation.feature_count)
    pieces = tuple(zip(preparation.columns, preparation.edges, strict=True)) if pieces else ()
    blocks = tuple(getattr(preparation, "base", preparation).blocks)
    text = c_file(Answer(blocks, (NetworkMember("all", 1, net, pieces),), REGRESSION), "m")
    library = compiled(text.replace("static ", ""), tmp_path, "m")
    found = [library.outputs(preparation.feature_count, *values) for values in zip(*in_c(columns), strict=True)]
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=2e-6)


REGRESSION = SimpleNamespace(
    name="y",
    classes=None,
    mean=0.0,
    scale=1.0,
    kind=SimpleNamespace(classification=False, probable=False, levels=(), targets=1),
)  # fmt: skip


def identity(count):
    """A network that hands on its inputs."""
    net = ts.Network([ts.Dense(count, use_bias=False)], input_shape=(count,))
    return net.with_parameters({"dense_1.weight": np.eye(count, dtype=np.float32)})


def network_text(net, eight_bits=False):
    """A C file of a network alone: its inputs are a sequence of one step without scaling."""
    inputs = int(np.prod(net.input_shape))
    block = SequenceBlock("inputs", (1, inputs), (0.0,) * inputs, (1.0,) * inputs, False)
    return c_file(Answer((block,), (NetworkMember("net", 1, net),), REGRESSION), "m", eight_bits=eight_bits)


@pytest.mark.parametrize("number", range(len(networks())))
def test_every_layer_gives_the_same_numbers(number, tmp_path):
    net, inputs = networks()[number]
    library = compiled(network_text(net).replace("static ", ""), tmp_path, "m", flags=("-std=c99", "-O1"))
    wanted = net.predict(inputs).reshape(len(inputs), -1)
    found = [library.outputs(wanted.shape[1], x, 1) for x in inputs]
    np.testing.assert_allclose(found, wanted, rtol=2e-5, atol=2e-5)


def built(build, text, tmp_path, driver, *flags):
    """What a program that includes the declarations alone prints."""
    (tmp_path / "m.c").write_text(text, encoding="ascii")
    (tmp_path / "main.c").write_text(driver, encoding="ascii")
    program = tmp_path / "program"
    files = [str(tmp_path / "m.c"), str(tmp_path / "main.c")]
    made = subprocess.run([*build, *flags, *files, "-o", str(program), "-lm"], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr[:2000]
    return subprocess.run([str(program)], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("compiler", COMPILERS)
def test_another_file_takes_the_declarations_alone(compiler, tmp_path):
    model = model_of({"x": [k / 10 for k in range(60)], "day": ["2024-02-29", "2023-12-31"] * 30},
                     [k / 5 for k in range(60)])  # fmt: skip
    main = (
        '#define M_DECLARATIONS\n#include "m.c"\n#include <stdio.h>\nint main(void)\n{\n    m_row row = {2.5, 0};\n'
        "    m_answer answer;\n    row.day = m_date(2024, 2, 29, 0, 0, 0);\n"
        '    if (m_predict(&row, &answer)) return 1;\n    printf("%.9g %.17g", answer.value, row.day);\n'
        "    return 0;\n}\n"
    )
    build = [compiler, "-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
    value, day = map(float, built(build, c_file(answer_of(model), "m"), tmp_path, main).split())
    assert day == 1709164800
    assert value == pytest.approx(float(model.predict({"x": [2.5], "day": ["2024-02-29"]})[0]), abs=1e-4)


def test_levels_can_be_given_as_codes(tmp_path):
    columns = table_of(np.random.default_rng(5), 700)
    model = model_of(columns, signal_of(columns).tolist())
    text = c_file(answer_of(model), "m")
    library = compiled(text, tmp_path, "m", flags=("-std=c99", "-DM_CODES"), codes=True)
    blocks = {block.name: block for block in answer_of(model).blocks}
    later = table_of(np.random.default_rng(8), 200)

    def code(name, value):
        if name == "answer":
            return -1 if value is None else int(value == "yes")
        levels = blocks[name].levels + tuple(level for level, _ in blocks[name].rest)
        return -1 if value is None else levels.index(value) if value in levels else len(levels)

    coded = [[code(n, v) for v in vs] if n in ("answer", "color", "town", "side") else vs
             for n, vs in zip(later, in_c(later), strict=True)]  # fmt: skip
    assert not any(getattr(block, "hashed", 0) for block in blocks.values())
    np.testing.assert_allclose(library.all(coded), model.predict(later), atol=1e-5 * model.target_encoding.scale)


SPELLINGS = ["1000", " 1000 ", "1e3", "1_000", "1,000", "+1000.0", "'1000'", '"1000"', "01000", "1000.5", "0x3e8",
             "1e", "1__000", "_1000", "1000_", ".", "-1000", "1e+0003", "10e2", "0.1e4", "1000 0", "٣"]  # fmt: skip
WORDS = ["Köln", "KÖLN", " köln ", "'Köln'", "koln", "Łódź", "ŁÓDŹ", "Αθήνα", "ΑΘΉΝΑ", "Москва", "МОСКВА", "Ÿ", "ÿ",
         "NA", "na", "", "nan", "NULL", "null", "None", "?", "a b", "A B", "a\tb", "??/", 'say "hi"', "back\\slash",
         "model_a", "MODEL_A", "*/", "x" * 300, "\u00a0Köln", "İ", "ẞ"]  # fmt: skip


@pytest.mark.parametrize(
    ("levels", "asked"),
    [
        (["1000", "2000", "-5"], SPELLINGS),
        (["1e3", "x", "1000"], SPELLINGS),  # two levels are alike, so neither is meant by a third spelling
        (["Köln", "Łódź", "Αθήνα", "Москва", "Ÿ", "a b", "??/", 'say "hi"', "back\\slash", "model_a", "*/"], WORDS),
        (["yes", "no"], ["Yes", "Y", "TRUE", "1", "0", "1.0", "off", "'no'", "maybe", "-", "2"]),
    ],
)  # fmt: skip
def test_every_spelling_is_understood_as_predict_does(levels, asked, tmp_path):
    role = "boolean" if "yes" in levels else "category"
    table = read_table({"c": levels * 20, "y": list(range(20 * len(levels)))})
    preparation = Preparation.fit(table, np.arange(table.row_count), infer_roles(table, "y", {"c": role}))
    net = identity(preparation.feature_count)
    text = c_file(Answer(tuple(preparation.blocks), (NetworkMember("all", 1, net),), REGRESSION), "m")
    library = compiled(text.replace("static ", ""), tmp_path, "m")
    column = Column("c", codes=np.arange(len(asked), dtype=np.int32), levels=tuple(s.strip() for s in asked))
    wanted = np.zeros((len(asked), preparation.feature_count), np.float32)
    preparation.blocks[0].fill(column, lambda row: "c", wanted)
    for given, row in zip(asked, wanted, strict=True):
        if given.strip() in MISSING or not given.strip():
            continue
        assert library.outputs(len(row), given) == row.tolist(), given


def test_texts_that_say_missing_are_missing(tmp_path):
    table = read_table({"c": ["a", "b", "c", None] * 20, "y": list(range(80))})
    preparation = Preparation.fit(table, np.arange(80), infer_roles(table, "y", {"c": "category"}))
    net = identity(preparation.feature_count)
    text = c_file(Answer(tuple(preparation.blocks), (NetworkMember("all", 1, net),), REGRESSION), "m")
    library = compiled(text.replace("static ", ""), tmp_path, "m")
    for given in (None, "", " ", "NA", "NaN", "#N/A", "?"):
        assert library.outputs(5, given) == [0, 0, 0, 0, 1], given


def test_an_infinite_number_is_named_by_its_field(tmp_path):
    model = model_of(
        {"x": [k / 10 for k in range(60)], "z": [k % 7 + 0.5 for k in range(60)]}, [k / 5 for k in range(60)]
    )
    library = compiled(c_file(answer_of(model), "m"), tmp_path, "m")
    assert [library.predict(*row)[0] for row in ((1, 1), (np.inf, 1), (1, -np.inf), (1e300, -1e300))] == [0, 1, 2, 0]


def test_columns_of_any_name_become_fields(tmp_path):
    names = ["int", "2nd", "Größe (m²)", "größe m2", "model_year", "*/", "日本", "", "row", "a" * 200]
    rng = np.random.default_rng(0)
    columns = {name: rng.normal(size=60).tolist() for name in names}
    model = model_of(columns, rng.normal(size=60).tolist())
    text = c_file(answer_of(model), "switch")
    library = compiled(text, tmp_path, "c_switch")
    fields = [field for field, _ in library.fields]
    assert fields[:6] == ["c_int", "c_2nd", "grosse_m2", "grosse_m2_2", "model_year", "column"]
    assert len(set(fields)) == len(names)
    assert text.isascii()
    np.testing.assert_allclose(library.all(columns.values()), model.predict(columns), atol=1e-4)


def test_an_average_is_by_counts(tmp_path):
    columns = table_of(np.random.default_rng(5), 700)
    model = model_of(columns, np.digitize(signal_of(columns), [1.0, 2.0]).tolist())
    answer = answer_of(model)
    other = model.network.initialized(seed=9)
    members = (NetworkMember("one", 3, model.network), NetworkMember("other", 1, other))
    text = c_file(Answer(answer.blocks, members, answer.encoding), "m")
    later = table_of(np.random.default_rng(8), 200, unseen=True)
    inputs = model.preparation.transform(read_table(later))
    parts = [model.target_encoding.predicted(net.predict(inputs)) for net in (model.network, other)]
    np.testing.assert_allclose(compiled(text, tmp_path, "m").all(in_c(later)), (3 * parts[0] + parts[1]) / 4, atol=1e-5)


@pytest.mark.parametrize("number", [0, 20, 24, 28, 30, 33, 35])
def test_eight_bits_compute_what_their_rounding_says(number, tmp_path):
    net, inputs = networks()[number]
    library = compiled(network_text(net, eight_bits=True).replace("static ", ""), tmp_path, "m")
    wanted = rounded(net).predict(inputs).reshape(len(inputs), -1)
    found = [library.outputs(wanted.shape[1], x, 1) for x in inputs]
    np.testing.assert_allclose(found, wanted, rtol=2e-5, atol=2e-5)
    assert np.abs(wanted - net.predict(inputs).reshape(len(inputs), -1)).max() < 0.2


@pytest.mark.parametrize("kind", ["image", "sequence"])
def test_images_and_sequences_predict_the_same(kind, tmp_path):
    rng = np.random.default_rng(3)
    samples = rng.integers(0, 256, (60, 6, 6, 1)).astype(np.uint8) if kind == "image" else rng.normal(size=(60, 9, 2))
    if kind == "sequence":
        samples[0, 5:] = np.nan  # shorter than the others
        samples[1, 3, 1] = np.nan
    table = read_table((samples, np.arange(60) % 3))
    preparation = Preparation.fit(table, np.arange(60), infer_roles(table, "target"))
    encoding = TargetEncoding.fit(table, "target")
    layers = [ts.Conv2D(4, 3), ts.Flatten()] if kind == "image" else [ts.LSTM(4, return_sequences=True), ts.GRU(3)]
    net = ts.Network([*layers, ts.Dense(3)], input_shape=preparation.input_shape).initialized(seed=0)
    model = bare_model(net, preparation, encoding)
    library = compiled(c_file(answer_of(model), "m"), tmp_path, "m")
    rows = [(one,) if kind == "image" else (one, 9) for one in samples]
    found = [list(library.predict(*row)[1].probability) for row in rows]
    np.testing.assert_allclose(found, model.predict_proba((samples, np.zeros(60))), atol=1e-5)
    if kind == "sequence":  # steps beyond the longest of training: the last ones count
        longer = np.concatenate([rng.normal(size=(4, 2)), samples[2]])
        assert list(library.predict(longer, 13)[1].probability) == found[2]
        assert list(library.predict(samples[0], 5)[1].probability) == found[0]


def test_the_code_is_small_and_the_header_tells_its_memory(tmp_path):
    columns = table_of(np.random.default_rng(5), 700)
    model = model_of(columns, signal_of(columns).tolist())
    text = c_file(answer_of(model), "m")
    (tmp_path / "m.c").write_text(text, encoding="ascii")
    subprocess.run(["cc", "-std=c99", "-Os", "-c", "m.c"], cwd=tmp_path, check=True)
    sizes = subprocess.run(["size", "-A", "m.o"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    code = sum(int(line.split()[1]) for line in sizes.splitlines() if line.startswith(".text"))
    assert 0 < code <= 20_000
    room = 4 * (model.preparation.feature_count + 17)  # the features, 16 units and an output
    assert f"Memory of a prediction: {room} bytes" in " ".join(text.split())


def test_refusals_say_what_to_do(tmp_path):
    model = model_of({"x": [k / 10 for k in range(60)]}, [k / 5 for k in range(60)])
    with pytest.raises(InputError, match=r"ending must say what to write \(\.c, .*\)\. Got 'm\.rs'\. Name it so"):
        export_model(model, tmp_path / "m.rs")
    with pytest.raises(InputError, match=r"to must be one of c, js, onnx, python\. Got 'rust'\. Choose one of them"):
        export_model(model, tmp_path / "m.c", "rust")
    with pytest.raises(InputError, match=r"int8 is for C only\. Got to='js'\. Leave int8 out"):
        export_model(model, tmp_path / "m.js", int8=True)
    with pytest.raises(
        InputError, match=r"must be a model of rows or a forecast\. Got SimpleNamespace\. Export what fit"
    ):
        export_model(SimpleNamespace(), tmp_path / "m.c")
    net = model.network.with_parameters({n: v.astype(np.float64) for n, v in model.network.parameters.items()})
    with pytest.raises(InputError, match=r"must have float32 parameters\. Got float64"):
        export_model(bare_model(net, model.preparation, model.target_encoding), tmp_path / "m.c")
    assert list(tmp_path.iterdir()) == []
