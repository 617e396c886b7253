"""The real files: every one is read as its description says, with its traps; and prepared, split and saved."""

from __future__ import annotations

import json

import numpy as np
import pytest

from thetastar.data import (
    Preparation,
    Target,
    TargetEncoding,
    drop_missing_target,
    find_target,
    infer_roles,
    read_table,
    split_rows,
    suspect_columns,
)

# file: rows, columns, target, task, missing cells, has a header
FILES = {
    "tables/california_housing.csv": (20640, 10, "median_house_value", "regression", 207, True),
    "tables/diamonds.csv": (53940, 10, "price", "regression", 0, True),
    "tables/winequality-red.csv": (1599, 12, 11, "regression", 0, False),
    "tables/concrete.csv": (1030, 10, "compressive_strength", "regression", 0, True),
    "tables/auto_imports.csv": (201, 26, 25, "regression", 51, False),
    "tables/kin40k.csv.gz": (40000, 9, 8, "regression", 0, False),
    "tables/adult-train.csv": (32561, 15, 14, "binary", 4262, False),
    "tables/adult-test.csv": (16281, 15, 14, "binary", 2203, False),
    "tables/bank-additional-full.csv.gz": (41188, 21, "y", "binary", 0, True),
    "tables/titanic.csv": (891, 15, "survived", "binary", 869, True),
    "tables/titanic_kaggle_train.csv": (891, 12, "Survived", "binary", 866, True),
    "tables/pima-indians-diabetes.csv": (768, 9, 8, "binary", 0, False),
    "tables/ionosphere.csv": (351, 35, 34, "binary", 0, False),
    "tables/WA_Fn-UseC_-Telco-Customer-Churn.csv": (7043, 21, "Churn", "binary", 11, True),
    "tables/mammography.csv": (11183, 7, 6, "binary", 0, False),
    "tables/horse-colic.csv": (300, 28, 23, "binary", 1605, False),
    "tables/LetterRecognition.csv": (20000, 17, "lettr", "multiclass", 0, True),
    "tables/wheat-seeds.csv": (210, 8, 7, "multiclass", 0, False),
    "tables/car_evaluation.csv": (1728, 7, 6, "multiclass", 0, False),
    "tables/penguins.csv": (344, 7, "species", "multiclass", 19, True),
    "tables/covertype_15k.csv": (15120, 56, "Cover_Type", "multiclass", 0, True),
    "series/youtube_kevinmcaleer_daily_views.csv": (1003, 2, "Views", "regression", 0, True),
    "series/hyndsight.csv": (365, 3, "value", "regression", 0, True),
    "series/daily-website-visitors.csv": (2167, 5, "Page.Loads", "regression", 0, True),
    "series/bike_sharing_day.csv": (731, 41, "cnt", "regression", 0, True),
    "series/example_wp_log_peyton_manning.csv": (2905, 2, "y", "regression", 0, True),
    "series/example_wp_log_R.csv": (2863, 2, "y", "regression", 0, True),
    "series/example_air_passengers.csv": (144, 2, "y", "regression", 0, True),
    "series/daily-min-temperatures.csv": (3650, 2, "Temp", "regression", 0, True),
    "series/monthly-sunspots.csv": (2820, 2, "Sunspots", "regression", 0, True),
}


def opened(shared, file):
    """The table, its target's name and its roles."""
    path = shared / file
    if not path.exists():
        pytest.skip(f"{file} is not among the real data here")
    table = read_table(path)
    target = find_target(table, FILES[file][2])
    return table, target, infer_roles(table, target)


@pytest.mark.parametrize("file", FILES)
def test_a_real_file_goes_all_the_way(shared, file):
    rows, columns, _, task, missing, header = FILES[file]
    table, target, roles = opened(shared, file)
    assert (table.row_count, len(table.names), table.has_header) == (rows, columns, header)
    assert sum(int(column.missing.sum()) for column in table.columns) == missing
    table, note = drop_missing_target(table, target)
    assert note is None
    encoding = Target.fit(table, target)
    assert encoding.task == task
    train, validation, test = split_rows(encoding.encode(table), task, seed=0)
    assert abs(len(test) - rows / 10) <= 1
    assert len(train) + len(validation) + len(test) == rows
    encoding = encoding.fit_scale(train)
    preparation = Preparation.fit(table, train, roles)
    X = preparation.transform(table)
    assert X.shape == (rows, preparation.feature_count)
    assert np.isfinite(X).all()
    assert np.abs(X).max() <= 8
    state, arrays = preparation.to_state()
    again = Preparation.from_state(json.loads(json.dumps(state)), arrays)
    np.testing.assert_array_equal(again.transform(table.select(test)), X[test])
    state, arrays = encoding.to_state()
    again = TargetEncoding.from_state(json.loads(json.dumps(state)), arrays)
    np.testing.assert_array_equal(again.encode(table), encoding.encode(table))


LEFT_OUT = {
    "tables/concrete.csv": {"rownames": "identifier"},
    "tables/titanic_kaggle_train.csv": {"PassengerId": "identifier", "Name": "text", "Ticket": "text", "Cabin": "text"},
    "tables/ionosphere.csv": {"1": "constant"},
    "tables/WA_Fn-UseC_-Telco-Customer-Churn.csv": {"customerID": "identifier"},
    "tables/covertype_15k.csv": {"Id": "identifier", "Soil_Type7": "constant", "Soil_Type15": "constant"},
    "tables/california_housing.csv": {},
    "tables/adult-train.csv": {},
    "tables/LetterRecognition.csv": {},
    "series/hyndsight.csv": {"rownames": "identifier"},
    "series/bike_sharing_day.csv": {"instant": "identifier"},
}


@pytest.mark.parametrize("file", LEFT_OUT)
def test_columns_that_say_nothing_are_left_out(shared, file):
    _, _, roles = opened(shared, file)
    assert {name: role.role for name, role in roles.items() if not role.used} == LEFT_OUT[file]


DATES = [file for file in FILES if file.startswith("series/") and "hyndsight" not in file]


@pytest.mark.parametrize("file", DATES)
def test_the_first_date_column_of_a_series_is_a_date(shared, file):
    table, _, roles = opened(shared, file)
    name = "dteday" if "bike" in file else table.names[0]
    assert roles[name].role == "date"


def test_quoted_numbers_with_thousands_commas(shared):
    table, _, _ = opened(shared, "series/daily-website-visitors.csv")
    assert table.column("Page.Loads").values[:2].tolist() == [2146, 3621]
    assert table.column("Returning.Visits").values[0] == 152


def test_blank_texts_in_a_column_of_numbers(shared):
    _, _, roles = opened(shared, "tables/WA_Fn-UseC_-Telco-Customer-Churn.csv")
    assert (roles["TotalCharges"].role, roles["TotalCharges"].missing) == ("number", 11)
    assert roles["SeniorCitizen"].role == roles["Partner"].role == "boolean"


def test_one_study_over_two_files_whose_labels_differ_by_a_full_stop(shared):
    train, target, roles = opened(shared, "tables/adult-train.csv")
    test, _, _ = opened(shared, "tables/adult-test.csv")
    encoding = Target.fit(train, target)
    assert encoding.classes == ("<=50K", ">50K")
    assert np.bincount(encoding.truth(test)).tolist() == [12435, 3846]
    assert encoding.match_notes(test) == [
        "The label '<=50K.' is read as '<=50K'.",
        "The label '>50K.' is read as '>50K'.",
    ]
    preparation = Preparation.fit(train, np.arange(train.row_count), roles)
    assert preparation.transform(test).shape == (16281, preparation.feature_count)
    without = preparation.transform(test.drop([target]))
    np.testing.assert_array_equal(without, preparation.transform(test))


def test_labels_in_quotes_stay_as_the_file_has_them(shared):
    table, target, _ = opened(shared, "tables/mammography.csv")
    encoding = Target.fit(table, target)
    assert encoding.classes == ("'-1'", "'1'")
    assert encoding.truth(table).sum() == 260


SUSPECTS = {
    "tables/titanic.csv": ["'alive' gives the target 'survived' away", "'pclass' and 'class' say the same", "107 rows"],
    "tables/adult-train.csv": ["'3' and '4' say the same in other words", "'10' holds 99999 in 159 rows"],
    "tables/bank-additional-full.csv.gz": ["'pdays' holds 999 in 39,673 rows"],
    "tables/diamonds.csv": ["146 rows"],
    "tables/winequality-red.csv": ["240 rows"],
    "tables/mammography.csv": ["3,334 rows"],
    "tables/wheat-seeds.csv": ["The rows are sorted by '7'"],
    "tables/penguins.csv": ["The rows are sorted by 'species'"],
    "series/bike_sharing_day.csv": [
        "'casual' + 'registered' equals the target 'cnt' in every row",
        "order of 'dteday'",
    ],
    "tables/california_housing.csv": [],
}


@pytest.mark.parametrize("file", SUSPECTS)
def test_planted_leaks_are_suspected(shared, file):
    table, target, roles = opened(shared, file)
    sentences = suspect_columns(table, Target.fit(table, target), roles)
    for expected in SUSPECTS[file]:
        assert any(expected in sentence for sentence in sentences), (expected, sentences)
    if not SUSPECTS[file]:
        assert sentences == []
