"""Curves in the journal have six digits, and of a long training some of its epochs."""

import json
from dataclasses import replace

import numpy as np
import pytest

import thetastar as ts
from thetastar.report.figures import learning_curves
from thetastar.study import curves as kept
from thetastar.study.backends import backend
from thetastar.study.curves import kept_places, rounded, value_at
from thetastar.study.journal import read_journal
from thetastar.study.trial import Outcome

DRAW = np.random.default_rng(0)


@pytest.mark.parametrize("power", [-300, -30, -17, -12, -3, 0, 4, 7, 15, 30, 300])
def test_numbers_are_rounded_to_six_digits(power):
    values = DRAW.normal(size=(3, 1000)) * 10.0**power
    assert rounded(values) == [[float(f"{value:.6g}") for value in one] for one in values]


def test_zeros_round_numbers_and_both_signs():
    values = [0.0, -0.0, 1.0, -1.0, 999999.5, 999999.4, 0.1, 1e6, 1234567.0, 9.999999, 9.9999999, 1e-5, 2.5e-7]
    assert rounded(np.array([values])) == [[float(f"{value:.6g}") for value in values]]
    assert rounded(np.zeros((2, 0))) == [[], []]


@pytest.mark.parametrize(("length", "most"), [(4, 3), (5, 4), (33, 32), (101, 5), (70_000, 32), (1_001, 1_000)])
def test_first_last_and_best_are_kept_wherever_the_best_is(length, most):
    best = np.unique(np.r_[-1, np.arange(min(length, 400)), length - 2, length - 1])
    places = kept_places(length, best, most)
    assert places.shape == (len(best), most)
    assert (places[:, 0] == 0).all() and (places[:, -1] == length - 1).all()
    assert (np.diff(places, axis=1) > 0).all()
    assert all(own in row for own, row in zip(best.tolist(), places.tolist(), strict=True) if own >= 0)


def test_stretches_of_a_training_are_told_together():
    first = Outcome(
        1, "a", 0, 0, 7, "paused", 40, 3, 0.5, {}, [4.0, 3.0, 2.0], [4.0, 3.0, 2.0], curve_epochs=[1, 3, 40]
    )
    second = replace(first, round=2, epochs=60, loss=[1.5, 1.0], validation_loss=[1.5, 1.0], curve_epochs=[41, 60])
    assert (first.told, second.told) == (40, 20)
    assert second.after(first).curve_epochs == [1, 3, 40, 41, 60] and len(second.after(first).loss) == 5
    short = replace(second, epochs=42, curve_epochs=None)
    assert short.told == 2 and short.after(first).curve_epochs == [1, 3, 40, 41, 42]
    whole = replace(first, epochs=3, curve_epochs=None)
    assert replace(short, epochs=5).after(whole).curve_epochs is None


def test_the_value_at_an_epoch_is_that_of_the_last_kept_before_it():
    assert [value_at(k, [5.0, 4.0, 3.0], [1, 10, 20]) for k in (1, 9, 10, 19, 20, 99)] == [5, 5, 4, 4, 3, 3]
    assert [value_at(k, [5.0, 4.0], None) for k in (1, 2, 3)] == [5, 4, 4]


def test_a_long_training_keeps_some_epochs_in_journal_and_record(tmp_path, monkeypatch):
    draw = np.random.default_rng(1)
    x = draw.normal(size=200)
    table = {"x": x, "y": x + 0.3 * draw.normal(size=200)}
    settings = {
        "candidates": [ts.Candidate(hidden=(8,), epochs=30, patience=30)],
        "folds": 2,
        "restarts": 1,
        "answer": "one",
    }
    usual = ts.fit(table, "y", out=tmp_path / "usual", **settings).record
    monkeypatch.setattr(backend.Work, "epochs_kept", 5)
    monkeypatch.setattr(backend.Work.__init__, "__defaults__", (5,))
    short = ts.fit(table, "y", out=tmp_path / "short", **settings).record
    assert short.test.scores == usual.test.scores and short.winner.refit_loss == usual.winner.refit_loss
    for own, whole in zip(short.winner.curves, usual.winner.curves, strict=True):
        assert whole.epochs == () and len(own.epochs) == len(own.loss) == len(own.validation_loss) == 5
        assert {1, own.best_epoch, len(whole.loss)} <= set(own.epochs)
        assert own.loss == tuple(whole.loss[epoch - 1] for epoch in own.epochs)
        assert own.validation_loss == tuple(whole.validation_loss[epoch - 1] for epoch in own.epochs)
    found, _, _ = read_journal(tmp_path / "short" / "journal.jsonl")
    assert all(outcome.curve_epochs and len(outcome.loss) == 5 for outcome in found.values())
    first = json.loads((tmp_path / "usual" / "journal.jsonl").read_text().splitlines()[-1])
    assert first["curve_epochs"] is None
    assert (tmp_path / "short" / "model.theta").stat().st_size < (tmp_path / "usual" / "model.theta").stat().st_size


def test_the_picture_puts_kept_epochs_in_their_places():
    own = {"seed": 1, "best_epoch": 40, "epochs": (1, 40, 200)}
    curve = ts.model.record.Curve(loss=(3.0, 2.0, 1.0), validation_loss=(3.0, 2.5, 2.75), **own)
    lines = learning_curves([curve]).series
    assert [list(line.x) for line in lines] == [[1, 40, 200]] * 2 and lines[1].dots == [1]
    whole = ts.model.record.Curve(seed=2, best_epoch=3, loss=(3.0, 2.0, 1.0), validation_loss=(3.0, 2.0, 1.0))
    many = [curve] * 5 + [whole]
    medians = [line for line in learning_curves(many).series if "median" in line.name]
    assert len(medians) == 2 and medians[0].x[0] == 1 and medians[0].x[-1] == 200
    assert np.interp(40, medians[1].x, medians[1].y) == pytest.approx(2.5, rel=0.01)


def test_studies_of_many_networks_keep_fewer():
    assert (kept.EPOCHS_KEPT, kept.EPOCHS_KEPT_OF_MANY) == (1_000, 16)
