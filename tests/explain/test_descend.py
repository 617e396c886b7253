"""Descent on a typed function: the lecture's numbers, the references' paths, and what is refused."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from registry import OPTIMIZERS, cases

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
import reference.optimizers as reference
import thetastar as ts

SGD = ts.optimizers.SGD


def test_the_slides_function():
    """x² + x from 5 at rate 0.25 passes -0.45703125, and every step halves the way to -½."""
    down = ts.descend("x^2+x", start=5, optimizer=SGD(learning_rate=0.25), steps=7)
    assert down.path.shape == (8, 1) and down.path[-1, 0] == -0.45703125
    assert_allclose(down.path[:, 0], -0.5 + 5.5 * 0.5 ** np.arange(8), rtol=0, atol=0)
    assert_allclose(down.gradients[:, 0], 2 * down.path[:, 0] + 1)
    assert down.derivatives == ("2 x + 1",)
    assert "5 - 0.25 · 11" in str(down) and "-0.45703125" in str(down)


@pytest.mark.parametrize("entry, settings", **cases(OPTIMIZERS))
def test_every_optimiser_walks_as_its_reference(entry, settings):
    ours = ts.optimizers.get({"kind": entry.name, **settings})
    if getattr(ours, "curvature", "hutchinson") != "hutchinson":
        pytest.skip("a function has no targets to draw")
    other = reference.OPTIMIZERS[type(ours).__name__](**{k: v for k, v in settings.items() if k != "groups"})
    down = ts.descend("(1-a)^2 + 3(b-a^2)^2", start=(-1, 0.5), optimizer=ours, steps=6)
    if entry.name == "sophia" or settings.get("groups"):  # draws signs; settings of groups: see tests/numerics
        assert np.isfinite(down.path).all()
        return

    def f(theta):
        a, b = theta
        return (1 - a) ** 2 + 3 * (b - a**2) ** 2, np.array([-2 * (1 - a) - 12 * a * (b - a**2), 6 * (b - a**2)])

    path, values = reference.minimize(other, f, [-1, 0.5], 6)
    assert_allclose(down.path, path, rtol=1e-9, atol=1e-12)
    assert_allclose(down.values, values, rtol=1e-8, atol=1e-12)


def test_adams_states_are_the_running_means():
    down = ts.descend("x^2", start=3, optimizer=ts.optimizers.Adam(0.1), steps=4)
    m = v = 0.0
    for k in range(4):
        g = down.gradients[k, 0]
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        assert down.states["m"][k + 1, 0] == pytest.approx(m, rel=1e-12)
        assert down.states["v"][k + 1, 0] == pytest.approx(v, rel=1e-12)


def test_a_race_starts_from_one_place():
    race = ts.descend("x^4 - 3x^2 + x", start=2, optimizer=["sgd", "adam", SGD(0.05), "lbfgs"], steps=30)
    assert race.names == ("SGD η=0.01", "Adam", "SGD η=0.05", "LBFGS")
    assert all(d.path[0, 0] == 2 for d in race.descents) and race["Adam"].optimizer.name == "adam"
    assert "4 optimisers, 30 steps each" in str(race)
    named = ts.descend("x^2", start=1, optimizer={"small": SGD(0.01), "large": SGD(0.4)}, steps=3)
    assert named["large"].values[-1] < named["small"].values[-1]


def test_a_rate_too_high_diverges_and_says_so():
    down = ts.descend("x^4", start=3, optimizer=SGD(1.0), steps=40)
    assert down.stopped == "diverged" and "smaller learning rate" in str(down) and down.best == 0
    assert json.dumps(down.to_dict(), allow_nan=False) and len(down.charts()) == 2


def test_pictures_of_one_and_two_variables():
    one, two = ts.descend("x^2", start=1), ts.descend("x^2+y^2", start=(1, 2))
    assert one.charts()[0]["kind"] == "lines" and two.charts()[0]["kind"] == "contours"
    assert len(two.charts()[0]["values"]) == 90 * 90


@pytest.mark.parametrize(
    "arguments, words",
    [
        (("x^2", None), "start must be one finite number for each variable (x). Got None"),
        (("x^2", (1, 2)), "for each variable (x)"),
        (("x + y", 1), "(x, y)"),
        (("x", float("inf")), "finite"),
        (("log(x)", -1), "must have a value at the start"),
        (("3 + 4", 1), "must have a variable"),
    ],
)
def test_refusals(arguments, words):
    with pytest.raises(ts.InputError) as refused:
        ts.descend(arguments[0], arguments[1])
    assert words in str(refused.value)
    with pytest.raises(ts.InputError, match="at least one optimiser"):
        ts.descend("x", 1, optimizer=[])
