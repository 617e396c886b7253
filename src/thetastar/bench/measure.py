"""Measuring a case: every side's fastest form is found, all are shown to train the same, and then they take turns."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from thetastar._native import engine
from thetastar.bench.architectures import Architecture
from thetastar.bench.cases import Prediction, Search, Training
from thetastar.bench.inputs import write_inputs
from thetastar.bench.workers import OURS, Form, Side, SideFailed, Turn, python_of, rest

__all__ = ["Setting", "difference", "measure", "tolerance", "training_spec"]

_CEILING_SECONDS = 0.04  # in every turn, beside the sides


@dataclass(frozen=True)
class Setting:
    """How the benchmark runs: interpreters, turns, threads, and where it says what it does."""

    peer_python: str
    peers: dict[str, dict[str, Any]]  # those installed, with what is known of them
    repeats: int
    turn_seconds: float
    threads: int
    compiler: bool
    folder: Path
    say: Callable[[str], None]


def measure(case: Training | Prediction | Search, setting: Setting) -> dict[str, Any]:
    """The case's record: turns of every side, the ceiling beside each, and whether all did the same."""
    spec = _spec(case, write_inputs(case, setting.folder))
    names = [OURS, *(peer for peer in case.peers if peer in setting.peers)]
    record: dict[str, Any] = {"name": case.name, "title": case.title, "kind": case.task, "sides": {}, "left_out": {}}
    with contextlib.ExitStack() as running:
        sides: dict[str, Side] = {}
        for name in names:
            try:
                side, check, tried = _fastest(name, case, spec, setting)
            except SideFailed as error:
                if name == OURS:
                    raise
                record["left_out"][name] = str(error)
                setting.say(f"  {name}: left out, {error}")
                continue
            sides[name] = running.enter_context(side)
            record["sides"][name] = {
                "form": side.form.label, "tried": tried, "about": side.about, "networks": _networks(case, name),
                "check": check.results, "way": check.results.get("way"), "turns": [],
            }  # fmt: skip
        record["same"] = _same(case, record["sides"])
        amounts = {name: _amount(case, side, setting.turn_seconds) for name, side in sides.items()}
        record["ceilings"] = []
        turns = min(setting.repeats, 3) if isinstance(case, Search) else setting.repeats  # a search's turn is long
        for _ in range(turns):
            rest()
            record["ceilings"].append(engine.multiply_add_ceiling(_CEILING_SECONDS, setting.threads))
            for name, side in sides.items():
                turn = side.turn(amounts[name])
                record["sides"][name]["turns"].append(
                    {"amount": turn.amount, "seconds": turn.seconds, "processor_seconds": turn.processor_seconds}
                )
    for side in record["sides"].values():
        del side["check"]
    return record


def _spec(case: Training | Prediction | Search, inputs: Path) -> dict[str, Any]:
    if isinstance(case, Training):
        return training_spec(case, inputs)
    spec: dict[str, Any] = {"task": case.task, "data": str(inputs), "networks": []}
    if isinstance(case, Search):
        return spec | {"grid": case.grid, "folds": case.folds, "batch": case.batch}
    return spec | _network_spec(case.net) | {"batch": 32, "learning_rate": 1e-3}


def training_spec(case: Training, inputs: Path) -> dict[str, Any]:
    """What a side's program is told about a training; who starts it adds the "networks"."""
    spec = {"task": case.task, "data": str(inputs), "batch": case.batch, "learning_rate": case.learning_rate}
    return spec | _network_spec(case.net)


def _network_spec(net: Architecture) -> dict[str, Any]:
    return {"input_shape": net.input_shape, "layers": net.layers, "loss": net.loss}


def _networks(case: Any, side: str) -> int:
    return 1 if isinstance(case, Search) else case.networks_of(side)


def _fastest(name: str, case: Any, spec: dict, setting: Setting) -> tuple[Side, Turn, dict[str, float | None]]:
    """The side in its fastest form, running; its turn for the check; and the best seconds of every form tried.

    Raises:
        SideFailed: no form of it works.
    """
    if isinstance(case, Search):
        forms, first = [Form(f"{setting.threads} at a time", 1, setting.threads)], case.epochs
    else:
        forms, first = case.forms(name, setting.threads, setting.compiler), case.check_epochs
    spec = spec | {"networks": list(range(_networks(case, name)))}
    running: dict[str, tuple[Side, Turn]] = {}
    tried: dict[str, float | None] = dict.fromkeys(form.label for form in forms)
    refused = None
    with contextlib.ExitStack() as losers:
        for form in forms:
            try:
                side = Side(name, python_of(name, setting.peer_python), form, spec, setting.folder, setting.threads)
                losers.callback(side.close_unless_kept)
                running[form.label] = side, side.turn(first)
            except SideFailed as error:  # a form may need what is not there (a compiler's library)
                refused = error
        if not running:
            raise refused
        for label, (_, check) in running.items():
            tried[label] = check.seconds
        # In turns and by the best of three: another program's load must not choose the form.
        for _ in range(3 if len(running) > 1 else 0):
            for label, (side, check) in running.items():
                again = max(1, min(1000, round(setting.turn_seconds / 3 / max(check.seconds, 1e-6))))
                tried[label] = min(tried[label], side.turn(first * again).seconds / again)
        best = min(running, key=lambda label: tried[label])
        winner, check = running[best]
        winner.keep()
    return winner, check, tried


def _amount(case: Any, side: Side, turn_seconds: float) -> int:
    """Epochs or calls that fill a turn; the search always does its whole work."""
    if isinstance(case, Search):
        return case.epochs
    all_of_them = isinstance(case, Training) and case.networks_of(side.name) == case.networks
    least = case.least_epochs if all_of_them else 1
    amount, seconds = case.check_epochs, side.turn(case.check_epochs).seconds
    while seconds < turn_seconds / 4:
        amount *= max(2, min(64, int(turn_seconds / max(seconds, 1e-7))))
        seconds = side.turn(amount).seconds
    return max(least, round(amount * turn_seconds / seconds))


def tolerance(case: Training | Prediction | Search) -> float:
    """How far apart two sides may be: relative in losses and outputs, absolute in the search's mean accuracy.

    Float32 sums in another order differ by 1e-7, and Adam's first steps turn the sign of a gradient that is nearly zero
    into a whole step: most networks agree to 1e-6, the worst of 64 to 1e-3. Another learning rate or order of rows is
    off by several percent. The search draws its own starts and orders, so only its accuracy over all combinations can
    be compared.
    """
    return 0.02 if isinstance(case, Search) else 5e-3


def difference(case: Training | Prediction | Search, ours: dict, theirs: dict) -> float:
    """The largest difference between two sides' check results, in the unit of `tolerance`."""
    if isinstance(case, Search):
        return abs(float(np.mean(ours["accuracies"])) - float(np.mean(theirs["accuracies"])))
    key = "losses" if isinstance(case, Training) else "outputs"
    count = min(len(ours[key]), len(theirs[key]))
    a, b = np.array(ours[key][:count]), np.array(theirs[key][:count])
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return float("inf")
    scale = np.maximum(np.abs(a), np.abs(b)) if isinstance(case, Training) else np.max(np.abs(a))
    return float(np.max(np.abs(a - b) / np.maximum(scale, 1e-12)))


def _same(case: Any, sides: dict[str, dict]) -> dict[str, dict[str, Any]]:
    """For every peer: how far from ours it is, the limit, and whether that is the same training."""
    found = {}
    for name, side in sides.items():
        if name == OURS:
            continue
        if name == "sklearn" and isinstance(case, Training) and case.net.loss == "mae":
            found[name] = {"same": None, "why": "trains the squared error: it has no absolute one"}
            continue
        far, limit = difference(case, sides[OURS]["check"], side["check"]), tolerance(case)
        found[name] = {"difference": far, "limit": limit, "same": far <= limit}
    return found
