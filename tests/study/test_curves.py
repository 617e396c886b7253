"""Curves in the journal have six digits."""

import numpy as np
import pytest

from thetastar.study.backends.local import _floats

DRAW = np.random.default_rng(0)


@pytest.mark.parametrize("power", [-300, -30, -17, -12, -3, 0, 4, 7, 15, 30, 300])
def test_numbers_are_rounded_to_six_digits(power):
    values = DRAW.normal(size=3000) * 10.0**power
    assert _floats(values) == [float(f"{value:.6g}") for value in values]


def test_zeros_round_numbers_and_both_signs():
    values = [0.0, -0.0, 1.0, -1.0, 999999.5, 999999.4, 0.1, 1e6, 1234567.0, 9.999999, 9.9999999, 1e-5, 2.5e-7]
    assert _floats(values) == [float(f"{value:.6g}") for value in values]


def test_a_curve_ends_where_it_is_no_number():
    assert _floats([0.5, float("nan"), float("inf")]) == [0.5] and _floats([]) == []
