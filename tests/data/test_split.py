"""Splitting rows: shares, classes, seeds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thetastar.data import split_rows
from thetastar.errors import InputError


@given(
    st.lists(st.integers(0, 4), min_size=10, max_size=200),
    st.integers(-(2**70), 2**70),
    st.sampled_from(["regression", "multiclass"]),
)
def test_every_row_is_in_exactly_one_part(classes, seed, task):
    parts = split_rows(np.array(classes), task, seed)
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(classes)))
    if task == "multiclass":
        assert set(np.array(classes)[parts[0]]) == set(classes)  # every class is trained on


@given(st.integers(0, 100))
def test_classes_keep_their_shares(seed):
    classes = np.repeat([0, 1, 2], [700, 250, 50])
    for part, share in zip(split_rows(classes, "multiclass", seed), (0.8, 0.1, 0.1), strict=True):
        np.testing.assert_allclose(np.bincount(classes[part]), np.array([700, 250, 50]) * share, atol=1)


def test_the_parts_are_shuffled_and_classes_do_not_stand_in_blocks():
    classes = np.repeat([0, 1], 500)
    train, _, _ = split_rows(classes, "binary", 0)
    assert np.count_nonzero(np.diff(classes[train])) > 300


def test_the_same_seed_gives_the_same_rows_and_another_one_others():
    one, two, three = (split_rows(np.zeros(100), "regression", seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    assert not np.array_equal(one[2], three[2])


def test_global_random_state_is_neither_used_nor_changed():
    np.random.seed(0)
    before = np.random.get_state()[1].copy()
    split_rows(np.zeros(50), "regression", 3)
    assert np.array_equal(before, np.random.get_state()[1])


def test_rare_classes_go_to_training_first():
    classes = np.array([0] * 97 + [1, 2, 2])
    train, validation, test = split_rows(classes, "multiclass", 0)
    assert set(classes[train]) == {0, 1, 2}
    assert len(validation) + len(test) == 20


def test_a_share_may_be_zero():
    train, validation, test = split_rows(np.zeros(100), "regression", 0, (0.9, 0.1, 0.0))
    assert (len(train), len(validation), len(test)) == (90, 10, 0)


@pytest.mark.parametrize("fractions", [(0.5, 0.1, 0.1), (1.2, -0.1, -0.1), (0.0, 0.5, 0.5), (1.0,)])
def test_shares_must_add_up(fractions):
    with pytest.raises(InputError, match=r"three shares that are not negative and add up to 1 are needed, for example"):
        split_rows(np.zeros(100), "regression", 0, fractions)


def test_too_few_rows():
    with pytest.raises(
        InputError, match=r"9 rows with a known target are too few to split; at least 10 are needed\. Add rows"
    ):
        split_rows(np.zeros(9), "regression", 0)
    with pytest.raises(InputError, match=r"^houses\.csv: 9 rows with a known target"):
        split_rows(np.zeros(9), "regression", 0, source="houses.csv")
