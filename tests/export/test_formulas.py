"""Exported formulas: every function, the columns' own numbers, networks on what is left, averages, bounds."""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import platform
import runpy
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import thetastar as ts
from tests.export.compiled import COMPILERS, compiled, for_32_bits, seconds
from tests.export.models import bare_model
from tests.export.node import in_node, in_node_each
from tests.export.test_scripts import rows_of
from thetastar.cli.export import _cost_of_eight_bits
from thetastar.data import Preparation, infer_roles, read_table
from thetastar.data.own_numbers import OwnNumbers
from thetastar.data.target import TargetEncoding
from thetastar.errors import InputError
from thetastar.export import answer_of
from thetastar.export.c import c_file
from thetastar.export.scripts import javascript_file, python_file
from thetastar.expression import parse
from thetastar.model.answer import Answer as Members
from thetastar.model.answer import Member
from thetastar.model.calibration import Beta, Bounds
from thetastar.model.model import Model
from thetastar.recipes.fitted import Constant
from thetastar.recipes.formulas import FittedFormula, Formula, FormulaAndNetwork

ROLES = {"rooms": "category", "lift": "boolean", "size": "number", "age": "number", "town": "category"}
EVERY = [
    "a*sin(b*size) + cos(size/b)*age + tan(age/b) + tanh(size/a)", "asin(size/300) + acos(age/a) + atan(age - b)",
    "sinh(age/b) + cosh(age/a) + exp(-b*age)/age + log(size)", "sqrt(size*size - age*age) + sqrt(age*age - age*age)",
    "abs(age - a) + sign(age - b) + a*step(age - b) + relu(age - a)", "size^b - a^(age/9) + (age - a)^3 / (size - age)",
    "sigmoid(age - a) + softplus(size - b) + softplus(b - size)", "1/(age - age) + a", "a*age^0", "5e306*size*a*100",
    "cosh(size/a) + sinh(-age*9)", "acos(age/60) + asin(-age/60) + atan(1e200*age*age) + 1e999/size + a",
    "π*age + e - -2*a",
]  # fmt: skip
"""Of two columns, so that their files are small."""
OTHERS = ["a*age - b*(rooms + lift)", "a*lift + b*`the day's rate`*age", "a*rooms^2 + b"]


def table_of(rng, rows, unseen=False):
    """Columns with gaps; `unseen` has levels that training did not see, numbers among them."""

    def holes(values):
        return [None if gap else value for value, gap in zip(values, rng.random(rows) < 0.1, strict=True)]

    rooms = [str(k) for k in range(1, 6 + 3 * unseen)]
    return {
        "age": holes(rng.uniform(0, 60, rows).tolist()),
        "size": holes((rng.uniform(20, 200, rows) * 10.0 ** (unseen * rng.integers(-2, 3, rows))).tolist()),
        "rooms": holes(rng.choice([*rooms, " 3", "4.0"] if unseen else rooms, rows).tolist()),
        "lift": holes(rng.choice(["yes", "no"] + ["Y"] * unseen, rows).tolist()),
        "town": holes(rng.choice(["Ulm", "Kiel", "Bonn"] + ["Rome"] * unseen, rows).tolist()),
        "the day's rate": holes(rng.normal(size=rows).tolist()),
        "day": holes([str(day) for day in np.datetime64("2020-01-01") + rng.integers(0, 900, rows)]),
    }


def in_c(columns):
    return [seconds(values) if name == "day" else values for name, values in columns.items()]


def fed_of(columns, written):
    """The columns as the inputs of an ONNX file; of levels that training did not see the numbers beside them."""
    import onnx

    feed = {}
    for name, values in columns.items():
        if name in ("rooms", "lift", "town"):
            feed[name] = np.array(["" if v is None else v for v in values], object)[:, None]
        else:
            given = seconds(values) if name == "day" else values
            feed[name] = np.array([np.nan if v is None else v for v in given], float)[:, None]
    if any(one.name == "rooms_number" for one in onnx.load_from_string(written).graph.input):
        feed["rooms_number"] = np.array([np.nan if v is None else float(v) for v in columns["rooms"]])[:, None]
    return feed


def of(columns, names):
    return {name: values for name, values in columns.items() if names is None or name in names}


class Case:
    """A table with everything that a member needs."""

    def __init__(self, target, names=None):
        self.columns = of(table_of(np.random.default_rng(5), 400), names)
        self.y = target
        table = read_table({**self.columns, "y": self.y})
        self.roles = infer_roles(table, "y", of(ROLES, self.columns))
        self.table, rows = table, np.arange(400)
        self.preparation = Preparation.fit(table, rows, self.roles)
        self.encoding = TargetEncoding.fit(table, "y").fit_scale(rows)

    def formula(self, text, values=(3.0, 7.5), classes=0, elsewhere=-1.25):
        formula = Formula.read(text, list(self.roles))
        own = OwnNumbers.fit(self.table, np.arange(400), self.roles, formula.columns)
        found = np.array(values[: len(formula.parameters)], float)
        none = np.full(len(found), np.nan)
        return FittedFormula(formula, found, none, none, ("",) * len(found), elsewhere, classes, own)

    def network(self, inputs, seed):
        net = ts.Network([ts.Dense(16, activation="mish"), ts.Dense(1)], input_shape=(inputs,))
        return net.initialized(seed=seed)

    def both(self, text, inputs):
        return FormulaAndNetwork(self.formula(text), (self.network(inputs, 1), self.network(inputs, 2)), 40.0, 0.75)

    def model(self, members, calibration=None, threshold=None):
        bare = bare_model(None, self.preparation, self.encoding)
        return Model(
            network=None, preparation=self.preparation, target_encoding=self.encoding, record=bare.record,
            answer=Members(tuple(members), calibration, threshold),
        )  # fmt: skip


NUMBERS = (500 + 100 * np.random.default_rng(3).normal(size=400)).tolist()


@pytest.fixture(scope="module")
def later():
    return table_of(np.random.default_rng(77), 600, unseen=True)


@pytest.fixture(scope="module")
def cases(later):
    """[(name, case, model, later rows)]: each formula alone, with networks on what it leaves, among others, bounded."""
    case, two = Case(NUMBERS), Case(NUMBERS, ("age", "size"))
    F, found, few = case.preparation.feature_count, [], of(later, ("age", "size"))
    for number, text in enumerate(EVERY):
        found.append((f"f{number}", two, two.model([Member(text, 1, two.formula(text), two.preparation)]), few))
    both = Member("both", 2, case.both("a*age + b*rooms", F), case.preparation)
    other = Member("other", 1, case.both("a*exp(-age/b) + lift", F), case.preparation)
    plain = Member("formula", 3, case.formula("a*rooms*size + b"), case.preparation)
    net = Member("network", 1, case.network(F, 4), case.preparation)
    mean = Member("mean", 1, Constant(np.r_[510.0], 0), case.preparation)
    wholes = {
        **{f"o{k}": [Member(text, 1, case.formula(text), case.preparation)] for k, text in enumerate(OTHERS)},
        "both": [both], "average": [both, other, plain, net, mean],
    }  # fmt: skip
    found += [(name, case, case.model(members), later) for name, members in wholes.items()]
    bounds = {"bounded": ([both, plain], 100.0, 900.0), "low": ([net], 495.0, None), "high": ([net], None, 495.0)}
    found += [(name, case, case.model(one, Bounds(low, high)), later) for name, (one, low, high) in bounds.items()]
    return found


def differ(found, wanted, case, name):
    """That values agree as far as they should: formulas alone to the rounding of double precision."""
    wanted, found = np.asarray(wanted), np.asarray(found, float)
    assert np.isfinite(found).all() and found.shape == wanted.shape, name
    bound = 1e-11 if name[0] in "fo" else 1e-5
    unit = np.maximum(case.encoding.scale, np.abs(wanted))
    assert (np.abs(found - wanted) <= bound * unit).all(), (name, np.abs(found - wanted).max(), found[:5], wanted[:5])


@pytest.mark.skipif(not COMPILERS, reason="there is no C compiler")
def test_c_computes_every_formula(cases, tmp_path):
    for name, case, model, later in cases:
        found = compiled(c_file(answer_of(model), name), tmp_path, name, flags=("-std=c99", "-O1")).all(in_c(later))
        differ(found, model.predict(later), case, name)


def test_a_python_file_computes_every_formula(cases, tmp_path):
    for name, case, model, later in cases:
        (tmp_path / f"{name}.py").write_text(python_file(answer_of(model)), encoding="utf-8")
        found = runpy.run_path(str(tmp_path / f"{name}.py"))["predict"](rows_of(later))
        differ(found, model.predict(later), case, name)


def test_a_module_computes_every_formula(cases, tmp_path):
    for name, _, model, _ in cases:
        (tmp_path / f"{name}.mjs").write_text(javascript_file(answer_of(model)), encoding="utf-8")
    said = in_node_each([(tmp_path / f"{name}.mjs", rows_of(later)) for name, _, _, later in cases])
    for (name, case, model, later), found in zip(cases, said, strict=True):
        differ([one.get("value") for one in found], model.predict(later), case, name)


def test_an_onnx_file_computes_every_formula(cases):
    if os.environ.get("CI") != "true":
        pytest.importorskip("onnx", reason="onnx is not installed, so exported ONNX is not tested here")
        pytest.importorskip("onnxruntime", reason="onnxruntime is not installed, so exported ONNX is not tested here")
    from thetastar.export.onnx import checked, onnx_file
    from thetastar.export.onnx.check import run

    for name, case, model, later in cases:
        answer = answer_of(model)
        written = checked(answer, onnx_file(answer))
        feed = fed_of(later, written)
        (found,) = run(written, feed)
        differ(found, model.predict(later), case, name)
        for rows in (slice(3, 4), slice(0, 0)):
            few = {key: values[rows] for key, values in feed.items()}
            differ(run(written, few)[0], model.predict(later)[rows], case, name)


def odds_case():
    """Two classes: a formula of log-odds beside a network, a calibration and a threshold behind them."""
    case = Case(np.random.default_rng(3).choice(["no", "yes"], 400).tolist())
    formula = Member("odds", 2, case.formula("a*(age - 30)/b + lift*rooms", classes=2), case.preparation)
    net = Member("network", 1, case.network(case.preparation.feature_count, 4), case.preparation)
    alone = case.model([formula])
    return [("odds", alone), ("together", case.model([formula, net], Beta(0.7, 1.2, 0.3), 0.4))]


def test_log_odds_become_probabilities_everywhere(later, tmp_path):
    for name, model in odds_case():
        answer, wanted, labels = answer_of(model), model.predict_proba(later), model.predict(later).tolist()
        two = wanted[:, 1]
        sure = np.abs(two - (model.threshold or 0.5)) > 2e-5
        assert 0.05 < two.min() + 0.05 and two.max() > 0.9
        (tmp_path / f"{name}.py").write_text(python_file(answer), encoding="utf-8")
        run = runpy.run_path(str(tmp_path / f"{name}.py"))
        np.testing.assert_allclose(run["probabilities"](rows_of(later)), wanted, rtol=0, atol=1e-6)
        assert run["predict"](rows_of(later)) == labels
        (tmp_path / f"{name}.mjs").write_text(javascript_file(answer), encoding="utf-8")
        said = in_node(tmp_path / f"{name}.mjs", rows_of(later))
        np.testing.assert_allclose([one["probabilities"] for one in said], wanted, rtol=0, atol=1e-6)
        assert [one["value"] for one in said] == labels
        if COMPILERS:
            found = compiled(c_file(answer, name), tmp_path, name).all(in_c(later))
            np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-5)
        with_onnx(answer, later, wanted, labels, sure)


def with_onnx(answer, later, wanted, labels, sure):
    if os.environ.get("CI") != "true":
        pytest.importorskip("onnx", reason="onnx is not installed, so exported ONNX is not tested here")
        pytest.importorskip("onnxruntime", reason="onnxruntime is not installed, so exported ONNX is not tested here")
    from thetastar.export.onnx import checked, onnx_file
    from thetastar.export.onnx.check import run

    written = checked(answer, onnx_file(answer))
    label, probabilities = run(written, fed_of(later, written))
    np.testing.assert_allclose(probabilities, wanted, rtol=0, atol=1e-5)
    assert (label == np.array(labels))[sure].all()


@pytest.mark.skipif(not COMPILERS, reason="there is no C compiler")
@pytest.mark.parametrize("flags", [("-std=gnu99", "-O2", "-mfma", "-mavx2"), ("-std=gnu99", "-O3", "-march=native")])
@pytest.mark.parametrize("compiler", COMPILERS)
def test_no_product_is_fused_with_the_sum_behind_it(compiler, flags, tmp_path):
    """Fused, sqrt(x*x - y*y) of x = y is the root of what the rounding of x*x took away: often of less than 0."""
    if platform.machine() != "x86_64":
        pytest.skip("these are flags of x86-64")
    case = Case(NUMBERS, ("age", "size"))
    text = "a*sqrt(size*size - age*age) + step(age*age - size*size)"
    model = case.model([Member("f", 1, case.formula(text), case.preparation)])
    numbers = (np.arange(1, 300) * 0.1).tolist()
    found = compiled(c_file(answer_of(model), "m"), tmp_path, "m", compiler=compiler, flags=flags)
    np.testing.assert_array_equal(found.all([numbers, numbers]), 1.0)
    np.testing.assert_array_equal(model.predict({"age": numbers, "size": numbers}), 1.0)


@pytest.mark.skipif(platform.machine() != "x86_64" or "gcc" not in COMPILERS, reason="-m32 is gcc's for x86-64")
def test_nothing_is_said_of_formulas_for_32_bits(cases, tmp_path):
    (model,) = (model for name, _, model, _ in cases if name == "average")
    assert for_32_bits(c_file(answer_of(model), "m"), tmp_path) == ""


@pytest.mark.skipif(not COMPILERS, reason="there is no C compiler")
def test_a_level_is_a_number_as_text_and_as_code_and_what_is_none_is_refused(cases, tmp_path):
    (model,) = (model for name, _, model, _ in cases if name == "o2")  # a*rooms^2 + b
    text = c_file(answer_of(model), "m")
    library = compiled(text, tmp_path, "m")

    def said(rooms):
        code, answer = library.predict(0.0, 0.0, rooms, None, None, 0.0, None)
        return answer.value if code == 0 else f"field {code}"

    for level, number in (("3", 3), (" 4.0 ", 4), ("7", 7), ("2.5e1", 25), ("-1e-1", -0.1), ("1e40", 1e30)):
        assert said(level) == pytest.approx(3 * number**2 + 7.5, rel=1e-12), level
    assert said("many") == said("1e999") == "field 3"
    assert said(None) == said("NA") == pytest.approx(3 * 3**2 + 7.5)  # the median
    with pytest.raises(InputError, match="'many' is not a number, and the column was learned as numbers"):
        model.predict({**{name: [None] for name in table_of(np.random.default_rng(0), 1)}, "rooms": ["many"]})
    levels = next(block for block in answer_of(model).blocks if block.name == "rooms").levels
    coded = compiled(text, tmp_path, "m", flags=("-std=c99", "-O2", "-DM_CODES"), codes=True)
    for code, level in [*enumerate(levels), (-1, 3), (99, 3)]:
        _, answer = coded.predict(0.0, 0.0, code, -1, -1, 0.0, None)
        assert answer.value == pytest.approx(3 * float(level) ** 2 + 7.5)


def test_a_number_that_training_did_not_see_as_a_level_has_an_input_of_its_own_in_onnx(cases):
    if os.environ.get("CI") != "true":
        pytest.importorskip("onnx", reason="onnx is not installed, so exported ONNX is not tested here")
        pytest.importorskip("onnxruntime", reason="onnxruntime is not installed, so exported ONNX is not tested here")
    import onnx

    from thetastar.export.onnx import onnx_file
    from thetastar.export.onnx.check import run

    (model,) = (model for name, _, model, _ in cases if name == "o2")  # a*rooms^2 + b
    written = onnx_file(answer_of(model))
    words = {one.name: one.doc_string for one in onnx.load_from_string(written).graph.input}["rooms_number"]
    assert words == "may be left out; the number that a level of 'rooms' is which training did not see"
    rows = {name: values[:3] for name, values in table_of(np.random.default_rng(1), 9).items()}
    feed = fed_of({**rows, "rooms": ["4", "9", None]}, written)
    np.testing.assert_allclose(run(written, feed)[0], [3 * 16 + 7.5, 3 * 81 + 7.5, 3 * 9 + 7.5])
    feed.pop("rooms_number")
    np.testing.assert_allclose(run(written, feed)[0], [3 * 16 + 7.5, 3 * 9 + 7.5, 3 * 9 + 7.5])


NAMES = ["sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "exp", "log", "sqrt", "abs", "sign",
         "step", "relu", "sigmoid", "softplus"]  # fmt: skip


def test_every_function_of_the_grammar_is_here():
    from thetastar.export.predict_formulas import OPERATIONS
    from thetastar.expression import _FUNCTIONS

    assert NAMES == [*_FUNCTIONS]
    assert set(OPERATIONS) == {"+", "-", "*", "/", "^", "negative", *NAMES}
    assert all(any(f"{name}(" in text for text in EVERY) or name == "abs" for name in NAMES)


@pytest.mark.parametrize("text", [*(f"{name}(x)" for name in NAMES), "x + y", "x - y", "x*y", "x/y", "x^y", "-x"])
@settings(max_examples=15, deadline=None, derandomize=True)
@given(rows=st.lists(st.tuples(st.floats(-800, 800), st.sampled_from([-2.5, -1, 0, 0.5, 1, 2, 3]) | st.floats()),
                     min_size=1, max_size=40))  # fmt: skip
def test_every_operation_in_onnx_and_numpy_is_that_of_the_model(text, rows):
    """To a few units in the last place, or of 1 where a value is smaller; near its poles a tangent says what its
    argument's last bit says."""
    x, y = np.array(rows, float).T
    x = np.concatenate([x, x / 800, [0.0, 1.0, -1.0, np.nan, np.inf, -np.inf, 1e200, -1e200, 1e-200]])
    y = np.resize(y, len(x))
    expression = parse(text)
    wanted = expression(**{name: {"x": x, "y": y}[name] for name in expression.variables})
    found = {"numpy": evaluated(expression.tree, x, y), "onnx": in_onnx(text, x, y)}
    for where, values in found.items():
        if values is None:
            continue
        near = np.abs(np.cos(np.where(np.isfinite(x), x, 0))) < 1e-4 if text == "tan(x)" else np.zeros(len(x), bool)
        usual = np.isfinite(wanted)
        np.testing.assert_array_equal(usual[~near], np.isfinite(values)[~near], err_msg=where)
        part = usual & ~near
        apart = np.abs(values[part] - wanted[part]) / np.maximum(1, np.abs(wanted))[part]
        assert (apart <= 1e-12).all(), (where, x[part][np.argmax(apart)], y[part][np.argmax(apart)], apart.max())


def evaluated(tree, x, y):
    from thetastar.export.predict_formulas import value_of

    with np.errstate(all="ignore"):
        return value_of(json.loads(json.dumps(tree)), {"x": x, "y": y})


@functools.cache
def session_of(text):
    """A session of a file with one formula; None where onnx is not installed."""
    if importlib.util.find_spec("onnx") is None or importlib.util.find_spec("onnxruntime") is None:
        assert os.environ.get("CI") != "true"
        return None
    import onnx
    import onnxruntime

    from thetastar.export.onnx.formula import FormulaNodes
    from thetastar.export.onnx.graph import Graph

    graph = Graph({"x", "y", "z"})
    for name in "xy":
        graph.input(name, "double", ("N", 1), "")
    result = FormulaNodes(graph, {"x": "x", "y": "y"}).of(parse(text).tree)
    graph.nodes.append(onnx.helper.make_node("Identity", [result], ["z"]))
    output = onnx.helper.make_tensor_value_info("z", onnx.TensorProto.DOUBLE, ["N", 1])
    drawn = onnx.helper.make_graph(graph.nodes, "f", graph.inputs, [output], graph.constants)
    model = onnx.helper.make_model(drawn, opset_imports=[onnx.helper.make_opsetid("", 16)], ir_version=8)
    quiet = onnxruntime.SessionOptions()
    quiet.log_severity_level, quiet.intra_op_num_threads = 3, 1
    return onnxruntime.InferenceSession(model.SerializeToString(), quiet, providers=["CPUExecutionProvider"])


def in_onnx(text, x, y):
    session = session_of(text)
    return None if session is None else session.run(None, {"x": x[:, None], "y": y[:, None]})[0][:, 0]


@pytest.fixture(scope="module")
def held():
    """A study that holds a column and bounds: (model, rows that rise in that column alone)."""
    draw = np.random.default_rng(0)
    x, z = draw.uniform(-2, 2, (2, 300))
    rows = {"x": x, "z": z, "y": np.clip(2 * x + np.sin(3 * z) + 0.3 * draw.normal(size=300), 0, 4)}
    relu = ts.Candidate(hidden=(16,), activation="relu")
    model = ts.fit(rows, "y", monotone={"x": "+"}, bounds=(0, 4), candidates=[relu],
                   effort=0.3, restarts=1, folds=1, seed=0, threads=1, answer="networks")  # fmt: skip
    assert model.members[0].network is not None
    steps = np.linspace(-3, 3, 200)
    return model, {"x": np.tile(steps, 3).tolist(), "z": np.repeat([-1.0, 0.2, 1.7], 200).tolist()}


def holds(found, model, rows):
    """What a file says is what the model says, rises, and keeps within the bounds."""
    np.testing.assert_allclose(found, model.predict(rows), rtol=0, atol=1e-5 * model.target_encoding.scale)
    assert (np.diff(np.reshape(found, (3, 200)), axis=1) >= 0).all()
    assert min(found) == 0 and max(found) == 4


def test_what_must_rise_rises_in_scripts_and_c_too(held, tmp_path):
    model, rows = held
    holds(runpy.run_path(str(model.export(tmp_path / "m.py")))["predict"](rows_of(rows)), model, rows)
    holds([one["value"] for one in in_node(model.export(tmp_path / "m.mjs"), rows_of(rows))], model, rows)
    if COMPILERS:
        for flags in (("-std=c99", "-O2"), ("-std=gnu99", "-O3", "-march=native")):
            text = model.export(tmp_path / "m.c").read_text(encoding="ascii")
            holds(compiled(text, tmp_path, "m", flags=flags).all([rows["x"], rows["z"]]), model, rows)


def test_what_must_rise_rises_in_onnx_too(held, tmp_path):
    if os.environ.get("CI") != "true":
        pytest.importorskip("onnx", reason="onnx is not installed, so exported ONNX is not tested here")
        pytest.importorskip("onnxruntime", reason="onnxruntime is not installed, so exported ONNX is not tested here")
    from thetastar.export.onnx.check import run

    model, rows = held
    written = model.export(tmp_path / "m.onnx").read_bytes()
    (found,) = run(written, {name: np.array(values)[:, None] for name, values in rows.items()})
    holds(found, model, rows)


def test_the_networks_beside_a_formula_are_kept_in_8_bits_and_the_loss_is_measured(cases, tmp_path):
    (case, model) = next((case, model) for name, case, model, _ in cases if name == "both")
    rows = tmp_path / "rows.csv"
    names = list(case.columns)
    lines = [",".join(names), *(",".join("" if v is None else str(v) for v in row)
                                for row in zip(*case.columns.values(), strict=True))]  # fmt: skip
    rows.write_text("\n".join(lines) + "\n", encoding="utf-8")
    written = c_file(answer_of(model), "m", eight_bits=True)
    assert "typedef int8_t m_weight;" in written
    said = _cost_of_eight_bits(model, str(rows))
    assert "int8 on 400 rows" in said and "answers move by at most" in said
    if COMPILERS:
        from thetastar.export.eight_bits import rounded

        coarse = case.model([replace(one, predictor=rounded(one.predictor)) for one in model.members])
        found = compiled(written, tmp_path, "m").all(in_c(case.columns))
        differ(found, coarse.predict(case.columns), case, "8 bits")
