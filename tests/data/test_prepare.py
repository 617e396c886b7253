"""Features: what every role becomes, fitted on training rows only, applied to any later table, saved exactly."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from thetastar.data import Preparation, infer_roles, prepare, read_table
from thetastar.errors import InputError


def prepared(columns, overrides=None, rows=None, **options):
    """A preparation fitted on columns (a target is added), and the table."""
    count = len(next(iter(columns.values())))
    table = read_table({**columns, "y": list(range(count))})
    roles = infer_roles(table, "y", overrides)
    rows = np.arange(count) if rows is None else rows
    return Preparation.fit(table, rows, roles, **options), table


def features(preparation, table):
    """Feature name -> values."""
    X = preparation.transform(table)
    return dict(zip(preparation.feature_names, X.T.tolist(), strict=True))


# --- numbers ----------------------------------------------------------------------------------------------------------


def test_numbers_are_standardised():
    preparation, table = prepared({"a": [1.0, 2.0, 3.0, 4.0]}, limit=0)
    np.testing.assert_allclose(preparation.transform(table)[:, 0], (np.arange(4) - 1.5) / np.sqrt(1.25), rtol=1e-6)


def test_far_numbers_are_drawn_in_smoothly():
    preparation, table = prepared({"a": [*np.linspace(-1, 1, 999).tolist(), 1e9]}, limit=8)
    plain, _ = prepared({"a": [*np.linspace(-1, 1, 999).tolist(), 1e9]}, limit=0)
    assert plain.transform(table).max() > 30
    assert 7.5 < preparation.transform(table).max() < 8
    later = preparation.transform(read_table({"a": [1e30, -1e300]}))
    np.testing.assert_allclose(later[:, 0], [8, -8], rtol=1e-6)


def test_robust_scaling_goes_by_the_quartiles():
    preparation, table = prepared({"a": [*range(101), 10**9]}, scaling="robust", limit=0)
    X = preparation.transform(table)[:, 0]
    assert abs(X[50]) < 0.1
    assert 0.6 < X[76] < 0.75  # the upper quartile of a normal distribution is at 0.674


def test_missing_numbers_stand_at_the_median_with_an_indicator():
    preparation, table = prepared({"a": [1.0, None, 2.0, 9.0, 4.0]}, limit=0)
    found = features(preparation, table)
    assert found["a is missing"] == [0, 1, 0, 0, 0]
    assert found["a"][1] == pytest.approx((3 - 4) / np.std([1, 2, 9, 4]))


def test_numbers_that_are_missing_only_later_need_no_indicator():
    preparation, _ = prepared({"a": [1.0, 2.0, 2.5]})
    assert preparation.feature_names == ["a"]
    assert np.isfinite(preparation.transform(read_table({"a": [None, 2.0]}))).all()


@pytest.mark.parametrize("cells", [[1e300, -1e300, 2.0], [5.0, 5.0, 5.1], [1e-300, 2e-300, 3e-300], [None, 1.5, 2.5]])
def test_extreme_numbers_stay_finite(cells):
    preparation, table = prepared({"a": cells}, rows=np.array([0, 1]))
    assert np.isfinite(preparation.transform(table)).all()


def test_a_column_that_is_missing_in_all_training_rows():
    preparation, table = prepared({"a": [None, None, 2.5, 1.5]}, rows=np.array([0, 1]))
    assert np.isfinite(preparation.transform(table)).all()


# --- categories and booleans ------------------------------------------------------------------------------------------


def test_categories_are_one_feature_per_level_and_one_for_the_others():
    preparation, _ = prepared({"c": ["a", "b", "c"] * 4})
    found = features(preparation, read_table({"c": ["b", "new", None]}))
    assert found == {"c=a": [0, 0, 0], "c=b": [1, 0, 0], "c=c": [0, 0, 0], "c=(other)": [0, 1, 1]}


def test_rare_levels_count_as_others():
    cells = ["a"] * 500 + ["b"] * 500 + ["c"] * 4
    preparation, table = prepared({"c": cells})
    assert preparation.feature_names == ["c=a", "c=b", "c=(other)"]
    assert features(preparation, table)["c=(other)"][-4:] == [1, 1, 1, 1]


def test_missing_is_a_level_of_its_own():
    preparation, table = prepared({"c": ["a", "b", None] * 4})
    assert features(preparation, table)["c=(missing)"][:3] == [0, 0, 1]


def test_two_levels_share_one_feature():
    preparation, _ = prepared({"c": ["m", "f"] * 4})
    assert features(preparation, read_table({"c": ["f", "m", "new", None]})) == {"c=m": [-1, 1, 0, 0]}


def test_levels_of_a_later_file_may_be_written_a_little_differently():
    preparation, _ = prepared({"c": ["Low", "High", "Mid"] * 4, "n": ["1", "2", "3"] * 4}, {"n": "category"})
    found = features(preparation, read_table({"c": ["low", " HIGH"], "n": [1.0, 3.0]}))
    assert (found["c=Low"], found["c=High"]) == ([1, 0], [0, 1])
    assert (found["n=1"], found["n=3"]) == ([1, 0], [0, 1])


def test_codes_with_leading_zeros_are_found_again_without_them():
    preparation, _ = prepared({"zip": ["00501", "10001", "99950"] * 4})
    assert features(preparation, read_table({"zip": [501, 10001]}))["zip=00501"] == [1, 0]


def test_very_many_levels_are_hashed_without_a_look_at_the_target():
    cells = [f"level{i % 300}" for i in range(3000)] + ["top"] * 500
    preparation, table = prepared({"c": cells}, fewest=1, common=4, hashed=8)
    assert preparation.feature_count == 4 + 1 + 8 + 1
    X = preparation.transform(table)
    names = preparation.feature_names
    assert X[-1, names.index("c=top")] == X[-1, names.index("c is common")] == 1
    hashed = X[50, [names.index(f"c hash {i}") for i in range(8)]]
    assert np.abs(hashed).sum() == 1
    assert X[50, names.index("c=(other)")] == 0
    assert preparation.transform(read_table({"c": ["never seen"]}))[0, names.index("c=(other)")] == 1
    assert "'c' has 301 levels; beyond the 4 most common ones they share 8 hashed features." in preparation.notes


def test_booleans_are_minus_one_and_one():
    preparation, table = prepared({"b": ["yes", "no", None] * 4})
    assert {name: values[:3] for name, values in features(preparation, table).items()} == {
        "b": [1, -1, 0],
        "b is missing": [0, 0, 1],
    }
    assert features(preparation, read_table({"b": ["TRUE", "f", "maybe"]}))["b"] == [1, -1, 0]


def test_zeros_and_ones_may_come_back_as_booleans_and_the_other_way_round():
    preparation, _ = prepared({"b": [0, 1] * 6})
    assert features(preparation, read_table({"b": [True, False]}))["b"] == [1, -1]
    preparation, _ = prepared({"b": [True, False] * 6})
    assert features(preparation, read_table({"b": [0.0, 1.0]}))["b"] == [-1, 1]


def test_two_words_that_were_called_a_boolean():
    preparation, table = prepared({"b": ["m", "f"] * 6}, {"b": "boolean"})
    assert features(preparation, table)["b"][:2] == [1, -1]


def test_a_boolean_called_a_number():
    preparation, table = prepared({"b": [True, False, None] * 4}, {"b": "number"}, limit=0)
    assert features(preparation, table)["b"][:2] == [1, -1]


# --- dates ------------------------------------------------------------------------------------------------------------


def days(count, start="2020-01-01"):
    return pd.date_range(start, periods=count).strftime("%Y-%m-%d").tolist()


def test_dates_become_a_trend_and_cycles():
    preparation, table = prepared({"d": days(800)})
    found = {name: np.array(values) for name, values in features(preparation, table).items()}
    assert sum(name.startswith("d year") for name in found) == 4
    assert sum(name.startswith("d week") for name in found) == 6
    assert np.all(np.diff(found["d trend"]) > 0)
    np.testing.assert_allclose(found["d week sin 1"][:-7], found["d week sin 1"][7:], atol=1e-6)
    np.testing.assert_allclose(found["d year sin 1"][0], 0, atol=1e-6)
    np.testing.assert_allclose(found["d week cos 1"][5], 1, atol=1e-6)  # 6 January 2020 was a Monday
    assert np.abs(np.linalg.matrix_rank(np.column_stack([found[n] for n in found if "week" in n]))) == 6


def test_cycles_that_the_data_cannot_show_are_left_out():
    assert prepared({"d": days(5)})[0].feature_names == ["d trend"]
    months = [f"{1900 + i // 12}-{1 + i % 12:02d}" for i in range(40)]
    assert not any("week" in name for name in prepared({"d": months})[0].feature_names)
    hours = [f"2020-01-01 {i % 24:02d}:00" for i in range(40)]
    assert "d day sin 1" in prepared({"d": hours})[0].feature_names


def test_missing_dates_have_no_phase_and_an_indicator():
    preparation, table = prepared({"d": [*days(100), None]})
    found = features(preparation, table)
    assert found["d is missing"][-2:] == [0, 1]
    assert all(values[-1] == 0 for name, values in found.items() if name != "d is missing")


def test_a_later_file_may_write_dates_by_another_program():
    preparation, table = prepared({"d": [f"{1 + i % 12}/{1 + i % 28}/2020" for i in range(90)]})
    first = preparation.transform(table)[:1]
    frame = pd.DataFrame({"d": pd.to_datetime(["2020-01-01", "2020-02-02"])})
    np.testing.assert_array_equal(preparation.transform(read_table(frame))[:1], first)


# --- fitted on training rows only -------------------------------------------------------------------------------------


def test_other_rows_have_no_influence():
    one, _ = prepared({"a": [1.0, 2.0, 3.5, 999.5], "c": ["x", "y", "z", "w"]}, rows=np.arange(3))
    two, _ = prepared({"a": [1.0, 2.0, 3.5, -5.5], "c": ["x", "y", "z", "x"]}, rows=np.array([True, True, True, False]))
    assert one.blocks == two.blocks


# --- applied to later tables ------------------------------------------------------------------------------------------


def test_columns_are_matched_by_name_in_any_order_and_extra_ones_ignored():
    preparation, table = prepared({"a": [1.0, 2.0, 3.5], "b": ["x", "y", "z"]})
    frame = pd.DataFrame({"extra": [0] * 3, "b": ["x", "y", "z"], "A ": [1.0, 2.0, 3.5]})
    np.testing.assert_array_equal(preparation.transform(read_table(frame)), preparation.transform(table))


def test_columns_that_were_left_out_in_training_are_not_needed():
    preparation, table = prepared({"a": [1.0, 2.0, 3.5], "same": [7, 7, 7]})
    assert preparation.transform(table.drop(["same", "y"])).shape == (3, 1)


def array_model(target):
    X = np.column_stack([np.arange(12) * 1.5, np.arange(12) % 5 * 2.5, np.arange(12)])
    table = read_table(X)
    return Preparation.fit(table, np.arange(12), infer_roles(table, target)), X


@pytest.mark.parametrize("target", ["0", "1", "2"])
def test_tables_without_names_are_matched_by_position_with_or_without_the_target(target):
    preparation, X = array_model(target)
    full = preparation.transform(read_table(X))
    without = preparation.transform(read_table(np.delete(X, int(target), axis=1)))
    np.testing.assert_array_equal(full, without)


def test_a_model_without_names_takes_a_table_with_names_by_position():
    preparation, X = array_model("2")
    frame = pd.DataFrame(X[:, :2], columns=["u", "v"])
    np.testing.assert_array_equal(preparation.transform(read_table(frame)), preparation.transform(read_table(X)))


def test_a_model_with_names_takes_an_array_by_position():
    preparation, table = prepared({"a": [1.0, 2.0, 3.5], "b": [2.5, 1.5, 0.5]})
    later = read_table(np.array([[1.0, 2.5], [2.0, 1.5], [3.5, 0.5]]))
    np.testing.assert_array_equal(preparation.transform(later), preparation.transform(table))


def test_decimal_commas_are_remembered(write):
    rows = "".join(f"{i},5\t{i}\n" for i in range(30))
    table = read_table(write("a\ty\n" + rows))
    preparation = Preparation.fit(table, np.arange(30), infer_roles(table, "y"), limit=0)
    later = read_table(write("a\ty\n2,125\t1\n", "later.csv"))
    assert later.column("a").values[0] == 2125  # by itself the file would be read so
    assert preparation.transform(later)[0, 0] < 0


def test_the_output_is_what_the_core_reads():
    preparation, table = prepared({"a": [1.0, 2.0, 3.5], "b": ["x", "y", "z"]})
    X = preparation.transform(table)
    assert X.dtype == np.float32
    assert X.flags.c_contiguous
    assert X.shape == (3, preparation.feature_count) == (3, len(preparation.feature_names))
    assert preparation.widths == {"a": 1, "b": 4}


def test_a_row_alone_gives_what_it_gives_among_others():
    preparation, table = prepared({"a": [1.0, None, 3.5], "b": ["x", "y", "z"], "d": days(3)})
    X = preparation.transform(table)
    for row in range(3):
        np.testing.assert_array_equal(preparation.transform(table.select([row]))[0], X[row])


# --- saved state ------------------------------------------------------------------------------------------------------


def all_roles():
    count = 90
    return prepared(
        {
            "number": [None if i % 7 == 0 else i / 3 for i in range(count)],
            "category": [None if i % 5 == 0 else f"level {i % 4}" for i in range(count)],
            "many": [f"m{i // 2}" for i in range(count)],
            "boolean": ["yes" if i % 3 else "no" for i in range(count)],
            "date": days(count),
        },
        {"many": "category"},
        fewest=1,
        most=10,
        common=5,
        hashed=4,
    )


def test_the_saved_state_is_json_and_arrays_and_exact():
    preparation, table = all_roles()
    state, arrays = preparation.to_state()
    again = Preparation.from_state(json.loads(json.dumps(state)), arrays)
    assert again.blocks == preparation.blocks
    assert again.feature_names == preparation.feature_names
    assert again.notes == preparation.notes
    np.testing.assert_array_equal(again.transform(table), preparation.transform(table))


def test_a_state_that_does_not_fit_is_refused():
    state, arrays = all_roles()[0].to_state()
    with pytest.raises(InputError, match=r"preparation: format 2 is not known \(1 is\)\. Use a newer thetastar\."):
        Preparation.from_state({**state, "format": 2}, arrays)
    with pytest.raises(
        InputError, match=r"preparation\.scale: 1 finite numbers are needed\. The model file is damaged\."
    ):
        Preparation.from_state(state, {**arrays, "preparation.scale": np.zeros(3)})


DAMAGE = {
    "no blocks": (lambda s: s.pop("blocks"), "preparation: a list of blocks is needed."),
    "an unknown block": (lambda s: s["blocks"][1].update(block="Popen"), "preparation: a 'Popen' with the fields "),
    "a field too many": (
        lambda s: s["blocks"][1].update(extra=1),
        "preparation: a 'CategoryBlock' with the fields extra, ",
    ),
    "a text for a number": (lambda s: s["blocks"][2].update(hashed="9"), "preparation: 'many' has hashed = 9."),
    "a number for a level": (lambda s: s["blocks"][2]["levels"].append(9), "preparation: 'many' has levels = ("),
    "a triple for a pair": (lambda s: s["blocks"][2]["rest"].append(["a", 1.0, 1]), "preparation: 'many' has rest = ("),
    "too many hashed features": (lambda s: s["blocks"][2].update(hashed=10**9), "'many' cannot be prepared so"),
    "a boolean without a no": (lambda s: s["blocks"][3].update(no=[]), "'boolean' cannot be prepared so"),
    "an unknown layout": (lambda s: s["blocks"][4].update(layout="x"), "'date' cannot be prepared so"),
    "an endless number": (lambda s: s["blocks"][0].update(limit=float("nan")), "'number' cannot be prepared so"),
    "a foreign target": (lambda s: s.update(target="z"), "preparation: the column names do not fit the blocks."),
    "no names": (lambda s: s.update(names=None), "preparation: the column names do not fit the blocks."),
}


@pytest.mark.parametrize(("damage", "message"), DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_state_is_refused(damage, message):
    state, arrays = all_roles()[0].to_state()
    state = json.loads(json.dumps(state))
    damage(state)
    with pytest.raises(InputError) as error:
        Preparation.from_state(state, arrays)
    assert message in str(error.value)
    assert "The model file is damaged" in str(error.value)


# --- what to distrust -------------------------------------------------------------------------------------------------


def test_mostly_missing_columns_are_noted():
    preparation, _ = prepared({"a": [1.5, None, None, None, 2.5]})
    assert preparation.notes == ("'a' is missing in 60% of the training rows.",)


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_missing_columns_are_named_with_the_nearest():
    preparation, _ = prepared({"size": [1.0, 2.0, 3.5], "rooms": [1.5, 2.0, 3.0]})
    with pytest.raises(InputError) as error:
        preparation.transform(read_table({"sise": [1.0], "rooms": [2.0]}))
    assert str(error.value) == (
        "dict of columns: the column 'size' is missing, which the model needs. Did you mean 'sise'?"
    )
    with pytest.raises(InputError, match="the columns 'size', 'rooms' are missing, which the model needs"):
        preparation.transform(read_table({"x": [1.0]}))


def test_a_wrong_number_of_columns_without_names():
    preparation, X = array_model("2")
    with pytest.raises(
        InputError, match=r"array: the table has 1 columns without names; the model was trained on 3 columns or 2"
    ):
        preparation.transform(read_table(X[:, :1]))


def test_a_text_where_training_had_numbers(write):
    preparation, _ = prepared({"a": [1.0, 2.0, 3.5]})
    with pytest.raises(InputError) as error:
        preparation.transform(read_table(write("a,b\n1,x\nbig,x\n")))
    assert str(error.value) == (
        "table.csv, line 3, column 'a': 'big' is not a number, and the column was learned as numbers. "
        "Mend the cell or leave it empty."
    )
    assert np.isfinite(preparation.transform(read_table(write("a,b\n1,x\nunknown,x\n")))).all()


def test_a_text_where_training_had_dates():
    preparation, _ = prepared({"d": days(30)})
    with pytest.raises(InputError, match=r"row 0, column 'd': 'soon' is not a date written as year-month-day"):
        preparation.transform(read_table({"d": ["soon"]}))


def test_an_infinite_number_in_a_later_table():
    preparation, _ = prepared({"a": [1.0, 2.0, 3.5]})
    with pytest.raises(InputError, match=r"row 1, column 'a': the number is infinite\. Put a finite number or leave"):
        preparation.transform(read_table({"a": [1.0, np.inf]}))


def test_nothing_left_to_learn_from():
    with pytest.raises(InputError) as error:
        prepared({"same": [1, 1, 1]})
    assert "no column is left to learn from: 'same' (constant). Add columns, or override a role" in str(error.value)


def test_an_unknown_scaling():
    with pytest.raises(
        InputError, match=r"scaling='log' is not known\. The scalings are standard, robust, minmax, none\."
    ):
        prepared({"a": [1.5, 2.5]}, scaling="log")


def _mixed(rows: int) -> dict[str, list]:
    """Columns that are filled part by part (numbers, few levels) beside others (dates, many levels)."""
    rng = np.random.default_rng(0)
    number = rng.standard_normal(rows).round(3)
    return {
        "a": np.where(rng.random(rows) < 0.1, np.nan, number).tolist(),
        "day": [f"2024-{k % 12 + 1:02d}-{k % 28 + 1:02d}" for k in range(rows)],
        "yes": ["yes" if k % 3 else "no" for k in range(rows)],
        "few": [None if k % 17 == 0 else f"lv{k % 5}" for k in range(rows)],
        "many": [f"word {k % 700}" for k in range(rows)],
        "b": (number * 1e3).tolist(),
        "y": number.tolist(),
    }


@pytest.mark.parametrize("some", [False, True])
def test_a_long_table_has_the_bits_of_its_rows(some: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    table = read_table(_mixed(3000))
    preparation = Preparation.fit(table, np.arange(2500), infer_roles(table, "y"))
    rows = np.random.default_rng(1).permutation(3000)[:2100] if some else None
    short = preparation.transform(table, rows)
    monkeypatch.setattr(prepare, "LONG", 100)
    monkeypatch.setattr(prepare, "_STRETCH", 1024)
    monkeypatch.setattr(prepare, "_FEWEST", 300)
    monkeypatch.setattr(prepare, "_NEAR", 1)
    long = preparation.transform(table, rows)
    assert long.dtype == np.float32 and long.flags.c_contiguous
    assert long.tobytes() == short.tobytes()


def test_a_cell_of_a_long_table_is_called_by_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = _mixed(3000)
    table = read_table(cells)
    preparation = Preparation.fit(table, np.arange(2500), infer_roles(table, "y"))
    cells["b"][2345] = float("inf")
    monkeypatch.setattr(prepare, "LONG", 100)
    monkeypatch.setattr(prepare, "_STRETCH", 1024)
    wrong = read_table(cells)
    with pytest.raises(InputError, match="row 2345, column 'b': the number is infinite"):
        preparation.transform(wrong)
    with pytest.raises(InputError, match="row 2345, column 'b': the number is infinite"):
        preparation.transform(wrong, np.arange(2999, 100, -1))


def test_many_rare_levels_are_each_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A category of a million levels takes seconds, and not a look at all levels for each of them."""
    from thetastar.data.blocks import category

    calls = []
    real = category._loose
    monkeypatch.setattr(category, "_loose", lambda level: calls.append(level) or real(level))
    common = [f"user {k % 400}" for k in range(4000)]
    rare = [f"User {k}" for k in range(8000)]
    preparation, table = prepared({"who": common + rare}, {"who": "category"})
    features = preparation.transform(table)
    levels = 400 + 8000
    assert len(calls) <= 2 * levels
    places = preparation.feature_names
    hashed = [at for at, name in enumerate(places) if " hash " in name]
    assert set(np.abs(features[4000:, hashed]).sum(axis=1)) <= {0.0, 1.0}  # one hashed feature a rare level
    assert np.abs(features[4400:, hashed]).sum(axis=1).min() == 1.0
    assert features[:4000, places.index("who is common")].min() > 0.9
