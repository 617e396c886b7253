"""A column that gives the target away is the headline, with the score without it and the option to type."""

import numpy as np
import pytest

import thetastar as ts
from tests.report.report_records import binary, changed
from thetastar.model.record import Leaked

SMALL = {"candidates": [(8,)], "effort": 1, "restarts": 1, "folds": 1, "seed": 0}


def passengers(**planted):
    """Two columns that tell a little, and what is planted beside them."""
    generator = np.random.default_rng(0)
    age, fare = generator.normal(size=600), generator.normal(size=600)
    lived = age + 0.5 * fare + 1.5 * generator.normal(size=600) > 0
    return {"age": age, "fare": fare, **{name: make(lived, generator) for name, make in planted.items()},
            "survived": lived.astype(int)}  # fmt: skip


PLANTED = {  # what is planted, and whether it is named
    "the target in words": ({"alive": lambda y, g: np.where(y, "yes", "no")}, ("alive",)),
    "the target with 2 % noise": (
        {"alive": lambda y, g: np.where(y ^ (g.random(600) < 0.02), "yes", "no")},
        ("alive",),
    ),
    "a number that encodes it": ({"code": lambda y, g: y * 10 + g.integers(0, 5, 600)}, ("code",)),
    "the target with 20 % noise": ({"hint": lambda y, g: np.where(y ^ (g.random(600) < 0.2), "yes", "no")}, None),
    "noise": ({"noise": lambda y, g: g.normal(size=600)}, None),
}


@pytest.mark.parametrize("what", PLANTED)
def test_planted_leaks(what):
    planted, named = PLANTED[what]
    record = ts.fit(passengers(**planted), "survived", **SMALL).record
    if named is None:
        assert record.leaked is None and "away" not in record.headline.words
        return
    assert record.leaked.columns == named
    with_it, without = record.test.scores["auc"], record.leaked.scores_without["auc"]
    assert with_it > 0.95 and 0.6 < without < 0.9
    assert record.headline.words.startswith(f"{named[0]!r} gives the target away: without it auc is {without:.4g}. ")
    assert record.verdict[0].endswith(f"leave out what does: --role {named[0]}=ignore.")


def test_a_sum_of_two_columns_names_both():
    generator = np.random.default_rng(1)
    one, two, other = generator.normal(size=(3, 400))
    record = ts.fit({"one": one, "two": two, "other": other, "total": one + two}, "total", **SMALL).record
    assert record.leaked.columns == ("one", "two")
    assert "'one' and 'two' give the target away: without them rmse is" in record.headline.words


def test_without_a_second_score_the_leak_is_the_headline_all_the_same():
    record = changed(binary(), leaked=Leaked(columns=("sold at", "alive"), scores_without={}))
    assert record.headline.words.startswith("'sold at' and 'alive' give the target away. On the test rows")
    assert record.verdict[0].endswith("leave out what does: --role 'sold at=ignore' --role alive=ignore.")


def calls(rows=2_000, seed=3):
    """A duration that is known only afterwards carries most; age and fare say a little."""
    generator = np.random.default_rng(seed)
    age, fare, town = generator.normal(size=(3, rows))
    sold = age + 0.5 * fare + 1.5 * generator.normal(size=rows) > 1
    return {
        "age": age,
        "fare": fare,
        "town": town,
        "duration": generator.exponential(100 + 900 * sold),
        "sold": sold * 1,
    }


def test_a_column_that_carries_most_of_the_score_is_said_and_not_accused():
    record = ts.fit(calls(), "sold", **SMALL).record
    carried = record.carried
    assert record.leaked is None and "away" not in record.headline.words
    assert carried.column == "duration"
    without = carried.scores_without["auc"]
    assert 0.8 < carried.alone < carried.network and without < 0.5 + 0.75 * (carried.network - 0.5)
    assert record.distrust[0] == (
        f"'duration' carries most of the score: alone it has auc {carried.alone:.4g} and the network "
        f"{carried.network:.4g}, without it {without:.4g}. The data cannot say whether it is known when a "
        "prediction is made; if not, --role duration=ignore."
    )


def test_columns_that_share_the_work_are_not_said():
    columns = calls()
    columns["seconds"] = columns["duration"] * 1.1 + np.random.default_rng(0).normal(size=2_000)
    assert ts.fit(columns, "sold", **SMALL).record.carried is None  # what one of them says, the other says too
    x = np.random.default_rng(1).normal(size=(4, 2_000))
    equal = {f"x{k}": x[k] for k in range(3)} | {"y": (x.sum(axis=0) > 0).astype(int)}
    assert ts.fit(equal, "y", **SMALL).record.carried is None


def test_the_trees_that_look_for_a_carrying_column_run_on_one_thread(monkeypatch):
    """Several would spin where other work shares the cores: ten times the processor time, measured."""
    from threadpoolctl import threadpool_info

    from thetastar.study import leaks

    seen, lost = [], leaks._lost

    def watched(problem, name):
        seen.append({part["num_threads"] for part in threadpool_info() if part["user_api"] == "openmp"})
        return lost(problem, name)

    monkeypatch.setattr(leaks, "_lost", watched)
    generator = np.random.default_rng(1)
    table = {f"x{k}": generator.normal(size=500) for k in range(4)}
    table["y"] = 5 * table["x0"] + table["x1"] + 0.1 * generator.normal(size=500)
    ts.fit(table, "y", **SMALL)
    assert seen and all(counts == {1} for counts in seen)
