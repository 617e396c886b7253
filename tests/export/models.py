"""Models for tests as `fit` leaves them, but for the training: preparation and target fitted, parameters drawn."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

import thetastar as ts
from thetastar.data import Preparation, infer_roles, read_table
from thetastar.data.target import TargetEncoding
from thetastar.model import Model


def table_of(rng, rows, unseen=False):
    """A column of every kind, with gaps; `unseen` adds levels and spellings that training did not have."""
    few = ["red", "green", "Blue", "12"] + (["violet", "BLUE", " green ", "12.0"] if unseen else [])
    many = [f"town {k}" for k in range(120 + 30 * unseen)]
    gaps = rng.random((8, rows)) < 0.12

    def holes(values, k):
        return [None if gap else value for value, gap in zip(values, gaps[k], strict=True)]

    days = np.datetime64("2020-01-01") + rng.integers(0, 1500, rows)
    times = np.datetime64("2020-01-01T00:00:00") + rng.integers(0, 10**8, rows)
    return {
        "number": holes((rng.normal(size=rows) * 10 ** rng.uniform(-2, 4, rows)).tolist(), 0),
        "whole": rng.integers(0, 9, rows).tolist(),
        "answer": holes(rng.choice(["yes", "no"] + (["Y", "maybe"] if unseen else []), rows).tolist(), 1),
        "color": holes(rng.choice(few, rows).tolist(), 2),
        "town": holes(rng.choice(many, rows, p=_falling(len(many))).tolist(), 3),
        "side": rng.choice(["left", "right"] + (["up"] if unseen else []), rows).tolist(),
        "day": holes([str(d) for d in days], 4),
        "moment": holes([str(t).replace("T", " ") for t in times], 5),
    }


def _falling(count):
    weights = 1 / (np.arange(count) + 3)
    return weights / weights.sum()


ROLES = {"answer": "boolean", "color": "category", "town": "category", "side": "category", "whole": "number"}


def prepared(seed, rows=3000):
    columns = table_of(np.random.default_rng(seed), rows)
    table = read_table({**columns, "y": list(range(rows))})
    roles = infer_roles(table, "y", {**ROLES, "day": "date", "moment": "date"})
    return Preparation.fit(table, np.arange(rows), roles), table


def model_of(columns, y, seed=5):
    """A model as `fit` makes it, but for the training: preparation and target fitted, parameters drawn."""
    table = read_table({**columns, "y": y})
    roles = {name: role for name, role in ROLES.items() if name in columns}
    preparation = Preparation.fit(table, np.arange(len(y)), infer_roles(table, "y", roles))
    encoding = TargetEncoding.fit(table, "y").fit_scale(np.arange(len(y)))
    outputs = len(encoding.classes) if encoding.task == "multiclass" else 1
    net = ts.Network([ts.Dense(16, activation="silu"), ts.Dense(outputs)], input_shape=preparation.input_shape)
    return bare_model(net.initialized(seed=seed), preparation, encoding)


def bare_model(network, preparation, encoding):
    """A model whose record knows the task alone."""
    record = SimpleNamespace(question=SimpleNamespace(task=encoding.task), winner=SimpleNamespace(name="network"))
    return Model(network=network, preparation=preparation, target_encoding=encoding, record=record)
