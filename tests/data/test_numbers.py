"""Numbers as people write them."""

from __future__ import annotations

import numpy as np
import pytest

from thetastar.data.numbers import read_numbers

WRITTEN = {
    "plain": (["1", "-2.5", "+3", ".5", "4.", "1e3", "2E-2"], [1, -2.5, 3, 0.5, 4, 1000, 0.02]),
    "thousands commas": (["2,146", "1,582,000.5", "152"], [2146, 1582000.5, 152]),
    "decimal commas": (["1,5", "0,25", "1.234,75", "3"], [1.5, 0.25, 1234.75, 3]),
    "spaces between thousands": (["1 234", "12\u00a0345", "7"], [1234, 12345, 7]),
    "currency before": (["$1,200.50", "-$3", "$ 7"], [1200.5, -3, 7]),
    "currency behind": (["1.200,50 €", "3 €"], [1200.5, 3]),
    "percent on all": (["5%", "7.5 %"], [5, 7.5]),
    "a typesetter's minus": (["\u22125", "6"], [-5, 6]),
    "in quotes": (["'-1'", "'1'"], [-1, 1]),
    "infinite": (["inf", "-Infinity", "1"], [np.inf, -np.inf, 1]),
}


@pytest.mark.parametrize(("texts", "values"), WRITTEN.values(), ids=WRITTEN.keys())
def test_a_column_is_read_by_one_rule(texts, values):
    read = read_numbers(texts)
    assert read.valid.all()
    np.testing.assert_array_equal(read.values, values)


@pytest.mark.parametrize(
    "text", ["", "x", "1x", "1-2", "--1", "1,2,3", "2020-01-01", "0x10", "1.2.3", "5 % off", "1e", "$"]
)
def test_what_is_no_number(text):
    assert not read_numbers([text]).valid[0]


def test_a_percent_sign_on_some_numbers_only_is_not_understood():
    assert read_numbers(["5%", "7"]).valid.tolist() == [False, True]


def test_two_currencies_in_one_column_are_not_understood():
    assert not read_numbers(["$5", "€7"]).valid.any()


def test_the_comma_in_doubt():
    assert read_numbers(["2,146"]).values[0] == 2146
    assert read_numbers(["2,146"], comma_is_decimal=True).values[0] == 2.146
    assert read_numbers(["2,146"], style="decimal comma").values[0] == 2.146
    assert read_numbers(["1,5", "2,146"]).values.tolist() == [1.5, 2.146]  # one plain decimal comma settles it


def test_no_texts_give_no_numbers():
    assert len(read_numbers([]).values) == 0
