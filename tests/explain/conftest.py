"""Makes `registry` and `reference` importable however pytest is started, and trains two small models once."""

import sys
from pathlib import Path

import numpy as np
import pytest

TESTS = Path(__file__).resolve().parents[1]
for folder in (TESTS, TESTS.parent):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def shop(rows=400, seed=0):
    """A table where `pay` and `job` say whether somebody buys, `age` says nothing, and some cells are missing."""
    rng = np.random.default_rng(seed)
    job, pay = rng.choice(["nurse", "pilot", "cook"], rows).astype(object), rng.normal(3, 1, rows)
    chance = pay + 2 * (job == "pilot") + rng.normal(0, 0.4, rows)
    job[::50], pay[7::60] = None, np.nan
    return {
        "age": rng.uniform(18, 80, rows).round(),
        "job": job,
        "pay": pay,
        "buys": np.where(chance > 3.5, "yes", "no"),
    }


@pytest.fixture(scope="session")
def buyer():
    import thetastar as ts

    return ts.fit(shop(), target="buys", candidates=[(16,)], effort=2, threads=1, answer="one")


@pytest.fixture(scope="session")
def pricer():
    import thetastar as ts

    rng = np.random.default_rng(1)
    area, rooms, noise = rng.uniform(20, 200, 400), rng.integers(1, 6, 400), rng.normal(0, 5, 400)
    rows = {
        "area": area,
        "rooms": rooms,
        "colour": rng.choice(["red", "blue"], 400),
        "price": 3 * area + 20 * rooms + noise,
    }
    return ts.fit(rows, target="price", candidates=[(16,)], effort=2, threads=1, answer="one"), rows
