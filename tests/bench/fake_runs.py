"""Records as a run would leave them, with round figures."""

from __future__ import annotations

from thetastar.bench import architectures as nets
from thetastar.bench.cases import Training
from thetastar.bench.results import add_figures


def _side(seconds, form):
    turns = [{"amount": 10, "seconds": seconds, "processor_seconds": seconds} for _ in range(3)]
    return {"form": form, "tried": {form: seconds}, "about": {"version": "1"}, "networks": 1, "turns": turns}


def fake_record():
    """784-128-10 for 10 epochs of 10 steps: ours in 50 ms, PyTorch in 100 ms, scikit-learn at something else."""
    return {
        "name": "t", "title": "a title", "kind": "train", "left_out": {"jax": "broke"}, "ceilings": [400.0] * 3,
        "sides": {
            "thetastar": _side(0.05, "1 process"),
            "pytorch": _side(0.1, "2 processes"),
            "sklearn": _side(0.1, "1 process"),
        },
        "same": {
            "pytorch": {"difference": 1e-7, "limit": 5e-3, "same": True},
            "sklearn": {"difference": 0.5, "limit": 5e-3, "same": False},
        },
    }  # fmt: skip


def fake_result():
    case = Training("t", "a title", nets.MNIST, batch=128, steps=10)
    return {
        "thetastar": "0.1.0", "date": "2030-01-01T00:00:00+00:00", "options": {"repeats": 3, "threads": 2},
        "machine": {"processor": "A & B", "level": "v4"}, "cases": [add_figures(case, fake_record())],
        "peers": {"pytorch": {"version": "2.13"}, "jax": {"absent": "…"}, "sklearn": {"version": "1.9"}},
    }  # fmt: skip
