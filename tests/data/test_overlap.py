"""Rows on both sides of a split, and columns that differ between them: counted, not guessed."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thetastar.data import read_table
from thetastar.data.overlap import find_overlap, find_shifts

CELLS = st.lists(st.tuples(st.sampled_from([0.0, -0.0, 1.5, None]), st.sampled_from(["a", "b", None])), max_size=12)


def table(rows):
    return read_table({"x": [x for x, _ in rows] + [9.0], "s": [s for _, s in rows] + ["z"]})


@given(CELLS, CELLS, st.integers(0, 2**20))
def test_overlap_is_what_comparing_all_pairs_of_rows_finds(learned, judged, bits):
    truth = np.array([(bits >> k) & 1 for k in range(13)])
    first, second = table(learned), table(judged)
    targets, others = truth[: len(learned) + 1], truth[13 - len(judged) - 1 :]
    found = find_overlap(first, second, ["x", "s"], targets, others)
    known = [*learned, (9.0, "z")]
    for k, row in enumerate([*judged, (9.0, "z")]):
        same = [targets[i] for i, other in enumerate(known) if other == row]
        assert found.inputs[k] == bool(same)
        assert found.whole[k] == (others[k] in same)
        assert found.conflicting[k] == (bool(same) and others[k] not in same)


def test_overlap_of_images():
    pictures = np.random.default_rng(0).integers(0, 255, (6, 4, 4)).astype(float)
    first, second = (read_table((part, np.arange(len(part)))) for part in (pictures[:4], pictures[2:]))
    names = [column.name for column in first.columns if column.samples is not None]
    found = find_overlap(first, second, names, np.zeros(4), np.zeros(4))
    assert found.inputs.tolist() == [True, True, False, False]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda d: d | {"age": d["age"] + 2},
            r"'age' has a median of -0.05\d* in the rows learned from and of 1.9\d* here",
        ),
        (lambda d: d | {"age": d["age"] * 5}, r"'age' has"),
        (
            lambda d: d | {"age": np.where(np.arange(400) % 3, d["age"], np.nan)},
            r"'age' is missing in 0% of the rows learned from and in 34% of these",
        ),
        (lambda d: d | {"job": np.where(np.arange(400) % 2, d["job"], "diver")}, r"'job' holds values that no row"),
        (
            lambda d: d | {"job": np.where(np.arange(400) % 2, d["job"], "nurse")},
            r"'job' is 'nurse' in 3\d% .* 6\d% here",
        ),
    ],
)
def test_a_shifted_column_is_named(change, sentence):
    generator = np.random.default_rng(0)

    def draw():
        return {"age": generator.normal(size=400), "job": generator.choice(["nurse", "pilot", "cook"], 400)}

    learned, judged = draw(), draw()
    assert find_shifts(read_table(learned), read_table(judged), ["age", "job"]) == []
    (shift,) = find_shifts(read_table(learned), read_table(change(judged)), ["age", "job"])
    assert re.search(sentence, shift.sentence), shift.sentence
    assert 0.1 <= shift.distance <= 1


def test_rows_drawn_at_random_rarely_look_shifted():
    """1,000 columns in 100 random splits: at most the one false alarm that the limit allows for."""
    generator = np.random.default_rng(1)
    alarms = 0
    for _ in range(100):
        columns = {f"c{k}": generator.standard_t(3, 500) for k in range(8)}
        columns |= {f"t{k}": generator.choice(list("abcdefgh"), 500, p=[0.5, 0.3, *[0.2 / 6] * 6]) for k in range(2)}
        whole = read_table(columns)
        order = generator.permutation(500)
        alarms += len(find_shifts(whole.select(order[:400]), whole.select(order[400:]), whole.names))
    assert alarms <= 1
