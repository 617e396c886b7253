"""Small tables with a known truth, and studies of them that take a second."""

import numpy as np
import pytest

import thetastar as ts


def curve_table(rows=400, seed=0):
    """y = sin(3 x) + z + noise, a category that matters, and cells that are missing."""
    generator = np.random.default_rng(seed)
    x, z = generator.uniform(-1, 1, rows), generator.normal(size=rows)
    kind = generator.choice(["low", "mid", "high"], rows)
    y = 100 + 10 * (np.sin(3 * x) + 0.3 * z + (kind == "high") + generator.normal(scale=0.1, size=rows))
    z[generator.random(rows) < 0.05] = np.nan
    return {"x": x, "z": z, "kind": kind.tolist(), "y": y}


def rings_table(rows=400, classes=2, seed=0):
    """Classes are rings around the origin: no line tells them apart."""
    generator = np.random.default_rng(seed)
    a, b = generator.normal(size=rows), generator.normal(size=rows)
    ring = np.digitize(a**2 + b**2, np.quantile(a**2 + b**2, np.linspace(0, 1, classes + 1)[1:-1]))
    return {"a": a, "b": b, "ring": [f"ring {k}" for k in ring]}


SMALL = {"candidates": [(), (16,), {"hidden": (16, 16), "dropout": 0.1}], "restarts": 2, "folds": 1, "effort": 2.0}


@pytest.fixture(scope="session")
def regression():
    return ts.fit(curve_table(), target="y", **SMALL)


@pytest.fixture(scope="session")
def binary():
    return ts.fit(rings_table(), target="ring", **SMALL)


@pytest.fixture(scope="session")
def multiclass():
    return ts.fit(rings_table(classes=3), target="ring", **SMALL)
