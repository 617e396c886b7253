"""Typed functions: read as mathematics reads them, evaluated without Python, differentiated exactly."""

import math

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import thetastar as ts
from thetastar.expression import parse

LECTURE = ["x^2+x", "x^3", "sin(x)", "1/x", "x^2 + 3*sin(5*x)"]


@pytest.mark.parametrize(
    "text",
    [
        *LECTURE,
        "-x^2",
        "2^-x",
        "x^2^0.5",
        "x/2/3",
        "x - (2 - x)",
        "2x",
        "3sin(5x)",
        "(x + 1)(x - 1)",
        "2pi x",
        "e^(-x^2)",
        "exp(-x) log(x)",
        "sqrt(x) + atan(x)",
        "tanh(x)/(1+x^2)",
        "x^x",
        "cosh(x) - sinh(x)",
        "asin(x/4) acos(x/4)",
        "tan(x/3)",
        "1.5e-1x",
    ],
)
def test_value_and_derivative_are_those_of_sympy(text):
    f, x = parse(text), sympy.Symbol("x", positive=True)
    written = text.replace("^", "**").replace("2pi x", "2*pi*x").replace("1.5e-1x", "0.15*x").replace("e**(", "E**(")
    for loose, tight in (
        ("3sin", "3*sin"),
        ("5x", "5*x"),
        ("2x", "2*x"),
        (")(", ")*("),
        (") log", ")*log"),
        (") acos", ")*acos"),
    ):
        written = written.replace(loose, tight)
    expected = sympy.sympify(written, locals={"x": x})
    for at in (0.3, 0.9, 1.7, 2.6):
        assert f(x=at) == pytest.approx(float(expected.subs(x, at)), rel=1e-12)
        assert f.derivative("x")(x=at) == pytest.approx(float(expected.diff(x).subs(x, at)), rel=1e-10, abs=1e-12)


def test_kinks_take_the_mean_of_both_sides():
    assert parse("|x|").derivative("x")(x=0.0) == 0
    assert parse("relu(x)").derivative("x")(x=0.0) == 0.5
    assert parse("abs(x)").derivative("x")(x=-3.0) == -1


leaves = st.sampled_from(["x", "y", "2", "0.5", "3"])
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        inner.map(lambda u: f"sin({u})"),
        inner.map(lambda u: f"exp(-({u})^2)"),
        inner.map(lambda u: f"(1 + ({u})^2)^0.5"),
        inner.map(lambda u: f"-{u}"),
        st.tuples(inner, inner).map(lambda t: f"{t[0]} / (1 + ({t[1]})^2)"),
    ),
    max_leaves=8,
)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(trees, st.floats(-1.5, 1.5), st.floats(-1.5, 1.5))
def test_any_derivative_is_the_numerical_one_and_reads_back(text, x, y):
    f = parse(text)
    at = {name: value for name, value in (("x", x), ("y", y)) if name in f.variables}
    assert parse(str(f))(**at) == pytest.approx(f(**at), rel=1e-9, abs=1e-9)
    for name in f.variables:
        slope, step = f.derivative(name), 1e-5
        there, back = (f(**{**at, name: at[name] + side * step}) for side in (1, -1))
        assert slope(**at) == pytest.approx((there - back) / (2 * step), rel=1e-4, abs=1e-5)


def test_arrays_and_places_without_a_value():
    values = parse("log(x)")(x=np.array([1.0, -1.0, math.e]))
    assert values[0] == 0 and np.isnan(values[1]) and values[2] == pytest.approx(1)
    assert parse("x + y")(x=np.zeros((1, 3)), y=np.ones((2, 1))).shape == (2, 3)


@pytest.mark.parametrize(
    "text, words",
    [
        ("", "must be a text"),
        (3, "must be a text"),
        ("x + ", "must come next. Got its end"),
        ("(x", "')' must come next"),
        ("x)", "an operation must come next. Got ')' at place 2"),
        ("x 2", "an operation must come next. Got '2' at place 3"),
        ("sin x", "needs its argument in parentheses. Write sin(x)"),
        ("sinn(x)", "there is no function 'sinn'. Did you mean 'sin'"),
        ("x $ 2", "'$' at place 3 is not known"),
        ("a + b + c", "at most 2 variables. Got a, b, c"),
        ("xy + z + w", "Write x*y for a product"),
        ("x" * 301, "at most 300 characters"),
        ("(" * 40 + "x" + ")" * 40, "more than 30 deep"),
        ("^".join("x" * 90), "more than 30 deep"),
        ("__import__('os').system('true')", "is not known"),
        ("x.__class__", "is not known"),
        ("lambda: 0", "is not known"),
    ],
)
def test_refusals(text, words):
    with pytest.raises(ts.InputError) as refused:
        parse(text)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    "text", ["/".join("x" * 150), "*".join("x" * 150), "9^9^9^9^9*x", "^".join("x" * 58), "-" * 50 + "x"]
)
def test_long_and_large_functions_end_at_once(text):
    f = parse(text)
    assert isinstance(f(x=1.5), float) and isinstance(f.derivative("x")(x=1.5), float) and str(f.derivative("x"))


def test_names_between_backticks_and_numbers_in_the_place_of_names():
    f = parse("a `sepal length (cm)` + `sin`", 3)
    assert f.variables == ("a", "sepal length (cm)", "sin") and str(f) == "a · `sepal length (cm)` + `sin`"
    assert f(**{"a": 2.0, "sepal length (cm)": 3.0, "sin": 1.0}) == 7.0
    g = f.with_numbers(a=-2.0)
    assert g.variables == ("sepal length (cm)", "sin") and str(g) == "(-2) `sepal length (cm)` + `sin`"
    assert f.derivative("a").depends_on("sepal length (cm)") and not f.derivative("a").depends_on("a")
    assert parse(str(f), 3)(**{"a": 1.0, "sepal length (cm)": 2.0, "sin": 3.0}) == 5.0
