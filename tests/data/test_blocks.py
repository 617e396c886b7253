"""Being listed is being tested: what must hold for every kind of block."""

import json

import numpy as np
import pytest

from thetastar.data import infer_roles, read_table
from thetastar.data.blocks import BLOCKS, FitSettings, block_from_state, block_kind
from thetastar.data.roles import USED_ROLES

ROWS = 60


def example(kind, *, spoilt=False):
    """A column of the kind and its role; the training rows are the first 40, and the others may be spoilt."""
    random = np.random.default_rng(3)
    values = {
        "NumberBlock": [None if k % 7 == 3 else k * 1.5 for k in range(ROWS)],
        "BooleanBlock": [["no", "yes", None][k % 3] for k in range(ROWS)],
        "CategoryBlock": [["red", "green", "blue", None][k % 4] for k in range(ROWS)],
        "DateBlock": [f"2021-{1 + k % 12:02d}-{1 + k % 28:02d}" for k in range(ROWS)],
        "ImageBlock": random.integers(0, 255, (ROWS, 4, 5, 3)).astype(np.uint8),
        "SequenceBlock": np.where(np.arange(6)[:, None] > 3, np.nan, random.normal(size=(ROWS, 6, 2))),
    }[kind.__name__]
    if spoilt:
        values[40:] = values[:1] * 20 if isinstance(values, list) else values[40:] * 0 + 7
    if isinstance(values, np.ndarray):
        table = read_table((values, np.arange(ROWS) % 2))
    else:
        table = read_table({"x": values, "y": [k % 2 for k in range(ROWS)]})
    name = table.names[0]
    roles = infer_roles(table, table.names[-1], {name: kind.roles[0]})
    return table.column(name), roles[name]


@pytest.mark.parametrize("kind", BLOCKS.values(), ids=BLOCKS)
class TestEveryKind:
    def test_fills_every_feature_that_it_names_and_nothing_else(self, kind):
        column, role = example(kind)
        block = kind.fit(column, np.arange(40), role, FitSettings())
        wide = np.full((ROWS, block.width + 2), np.nan, dtype=np.float32)
        block.fill(column, str, wide[:, 1:-1])
        assert np.isfinite(wide[:, 1:-1]).all()
        assert np.isnan(wide[:, [0, -1]]).all()
        assert len(block.feature_names) == block.width == np.prod(block.row_shape or (block.width,))

    def test_comes_back_from_its_state_to_the_bit(self, kind):
        column, role = example(kind)
        block = kind.fit(column, np.arange(40), role, FitSettings())
        assert block.sound()
        assert block_from_state(json.loads(json.dumps(block.to_state()))) == block

    def test_learns_from_the_training_rows_alone(self, kind):
        fitted = []
        for spoilt in (False, True):
            column, role = example(kind, spoilt=spoilt)
            fitted.append(kind.fit(column, np.arange(40), role, FitSettings()))
        assert fitted[0] == fitted[1]


def test_every_role_that_is_learned_from_has_one_kind_of_block():
    assert sorted(role for kind in BLOCKS.values() for role in kind.roles) == sorted(USED_ROLES)
    assert {block_kind(role) for role in USED_ROLES} == set(BLOCKS.values())
