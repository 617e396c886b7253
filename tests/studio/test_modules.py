"""The page's own arithmetic: formulas and their derivatives, tables, series, drawings."""

from __future__ import annotations

import math

import pytest


def ask(blank, module, script, *given):
    """What `script`, with the module's exports as `m` and what is given as `given`, returns in a page."""
    return blank.evaluate(f"async (given) => {{ const m = await import('/{module}'); {script} }}", list(given))


FORMULAS = {
    "x^2+x": lambda x: x**2 + x, "2x": lambda x: 2 * x, "-x^2": lambda x: -(x**2), "x(x+1)": lambda x: x * (x + 1), "1/x": lambda x: 1 / x,
    "sin(x)cos(x)": lambda x: math.sin(x) * math.cos(x), "2^x": lambda x: 2**x, "x^x": lambda x: x**x, "e^(-x^2)": lambda x: math.exp(-x * x),
    "exp(sin(3x))/x": lambda x: math.exp(math.sin(3 * x)) / x, "ln(x)+sqrt(x)": lambda x: math.log(x) + math.sqrt(x), "x²+x³": lambda x: x**2 + x**3,
    "tanh(x)-sigmoid(2x)": lambda x: math.tanh(x) - 1 / (1 + math.exp(-2 * x)), "abs(x-2)": lambda x: abs(x - 2), "max(x, 1/x)": lambda x: max(x, 1 / x),
    "relu(x-1)": lambda x: max(0, x - 1), "2 pi x": lambda x: 2 * math.pi * x, "x**2 - 3 - 4": lambda x: x**2 - 7, "atan(x)/cosh(x)": lambda x: math.atan(x) / math.cosh(x),
}  # fmt: skip


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_formula_is_read_evaluated_differentiated_and_written(blank, formula):
    for x in (0.7, 1.9):
        value, slope, again = ask(
            blank, "expression.js",
            "const t = m.parse(given[0], ['x']); const d = m.derivative(t, 'x'); const at = { x: given[1] };"
            "return [m.evaluate(t, at), m.evaluate(d, at), m.evaluate(m.parse(m.write(t), ['x']), at)];",
            formula, x,
        )  # fmt: skip
        f, h = FORMULAS[formula], 1e-6
        assert value == pytest.approx(f(x)) and again == pytest.approx(value, rel=1e-4)
        assert slope == pytest.approx((f(x + h) - f(x - h)) / (2 * h), rel=1e-4, abs=1e-6)


def test_derivatives_are_simple(blank):
    written = [
        ask(blank, "expression.js", "return m.write(m.derivative(m.parse(given[0], ['x']), 'x'));", f)
        for f in ("x^2 + x", "x^3", "5", "3x - 2")
    ]
    assert written == ["2x + 1", "3x^2", "0", "3"]


@pytest.mark.parametrize(
    ("formula", "words"),
    [("", "empty"), ("x +", "at the end"), ("(x", "“)” expected"), ("x y", "“y” is not known"), ("sin x", "“(” expected"), ("max(x)", "“,” expected"), ("x;alert(1)", "“;” is not known"), ("constructor", "is not known")],
)  # fmt: skip
def test_a_formula_that_makes_no_sense_is_refused(blank, formula, words):
    told = ask(
        blank,
        "expression.js",
        "try { m.parse(given[0], ['x']); return ''; } catch (error) { return error.message; }",
        formula,
    )
    assert words in told


TABLES = {
    "a,b\n1,2\n3,4\n": (["a", "b"], [[1, 3], [2, 4]]),
    "\ufeffa;b\r\n1,5;2\r\n2,5;3\r\n": (["a", "b"], [[1.5, 2.5], [2, 3]]),
    'a,b\n"1,000",2\n"2,146",3\n': (["a", "b"], [[1000, 2146], [2, 3]]),
    "1\t2\n3\t4\n5\t6\n": (["column_1", "column_2"], [[1, 3, 5], [2, 4, 6]]),
    'a,a\n1,"x ""y"""\n2,z\n': (["a", "a_2"], [[1, 2], [0, 1]]),
}


@pytest.mark.parametrize("text", TABLES)
def test_a_table_is_read_whatever_separates_it(blank, text):
    names, values = TABLES[text]
    got = ask(
        blank,
        "data.js",
        "const t = m.tableFrom(m.parseTable(given[0])); return t.columns.map((c) => [c.name, Array.from(c.values)]);",
        text,
    )
    assert [name for name, _ in got] == names and [numbers for _, numbers in got] == values


def test_missing_cells_words_and_the_target_of_a_table(blank):
    text = "n,word,empty,y\n" + "\n".join(
        f"{i if i % 9 else 'NA'},{'abc'[i % 3]},,{'yes' if i % 2 else 'no'}" for i in range(40)
    )
    told = ask(blank, "data.js", """
      const data = m.withTarget(m.tableFrom(m.parseTable(given[0])), "y");
      const p = m.prepared(data, { features: ["n", "word"], axes: ["n", "word"], parts: [0.25, 0.25], seed: 1, targetForm: "index" });
      return { kind: data.kind, classes: data.target.classes, columns: data.columns.map((c) => c.role), inputs: p.inputs.map((i) => i.name),
               rows: [p.rows.training.length, p.rows.validation.length, p.rows.test.length], finite: p.x.every(Number.isFinite), grid: p.grid(4).length };
    """, text)  # fmt: skip
    assert told == {
        "kind": "classes", "classes": ["no", "yes"], "columns": ["number", "category"], "inputs": ["n", "word=a", "word=b", "word=c"],
        "rows": [20, 10, 10], "finite": True, "grid": 4 * 4 * 4,
    }  # fmt: skip


def test_the_last_days_of_a_series_are_the_unseen_ones(blank):
    text = "date,views\n" + "\n".join(f"2020-03-{day:02},{day * 10}" for day in range(31, 0, -1))
    told = ask(blank, "data.js", """
      const s = m.seriesOf(m.parseTable(given[0]));
      const p = m.prepared(m.seriesFrom(s.values, 3), { features: ["1 day before"], axes: ["1 day before", "2 days before"], parts: [0, 0.25], seed: 0, targetForm: "number" });
      return [s.times[0], Array.from(s.values.slice(0, 3)), p.rows.test, p.rows.training.length];
    """, text)  # fmt: skip
    assert told == ["2020-03-01", [10, 20, 30], list(range(21, 28)), 21]


def test_drawn_data_are_what_they_are_called(blank):
    for name, rule in {
        "xor": "a > 0 !== b > 0",
        "and": "a > 0 && b > 0",
        "or": "a > 0 || b > 0",
        "circle": "a * a + b * b < 9",
    }.items():
        right = ask(blank, "data.js", f"""
          const d = m.drawn(given[0], {{ count: 400, noise: 0, seed: 3 }}); const [x, y] = d.columns.map((c) => c.values);
          return Array.from(d.target.values).filter((v, i) => {{ const a = x[i], b = y[i]; return Boolean(v) === Boolean({rule}); }}).length / 400;
        """, name)  # fmt: skip
        assert right > 0.99, name


def test_a_drawing_is_cut_out_and_centred(blank):
    told = ask(
        blank,
        "digits.js",
        "return Array.from(m.shrunk((x, y) => (x >= 200 && x < 230 && y >= 20 && y < 120 ? 1 : 0), 256, 256, 8));",
    )
    columns = [sum(told[row * 8 + column] for row in range(8)) for column in range(8)]
    assert max(columns[3:5]) > 4 and sum(columns[:2]) == 0 and columns[3] == pytest.approx(columns[4], rel=0.2)


def test_widths_that_spend_the_same_parameters(blank):
    for depth in (1, 2, 3, 4):
        width = ask(blank, "pieces.js", "return m.width(150, given[0]);", depth)
        count = 2 * width + (depth - 1) * (width * width + width) + width + 1
        assert abs(count - 150) < 30
