"""Cases that are more than one program's turns: whole commands, starting, growth over networks and threads, memory."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

import thetastar as ts
from thetastar._native import engine
from thetastar.bench.architectures import dense
from thetastar.bench.cases import CASES, Scenario, Training
from thetastar.bench.inputs import write_inputs
from thetastar.bench.measure import Setting, training_spec
from thetastar.bench.results import ratios
from thetastar.bench.table import NAMES, ratio_words, times
from thetastar.bench.workers import OURS, Form, Side, SideFailed, cpus_for, environment, limited_to, python_of

__all__ = ["measure"]


def measure(case: Scenario, setting: Setting) -> dict[str, Any]:
    """The case's record: "lines" for people, and its figures under names of their own."""
    return _MEASURES[case.name](case, setting)


_LEAST_PAIRS = 7  # turns of one thread beside all: whoever interrupts one of these interrupts them all

# One job from process start to written report: read digits.csv, hold a tenth back for the test and a tenth for the
# choice, standardise, train three networks from three starts each, choose by the mean validation accuracy, train the
# winner twice on all that is not test, keep the one with the lower loss, score it once, write an HTML page.
# thetastar's study does more in the same time: it also fits a linear model and gradient boosting as baselines, scores
# them on the test rows, draws the report's pictures and saves the model.
_JOB = {
    "target": "digit", "hidden": [[32], [64], [64, 64]], "starts": 3, "epochs": 30, "batch": 32, "learning_rate": 1e-3,
}  # fmt: skip


def _command(case: Scenario, setting: Setting) -> dict[str, Any]:
    table, spec = setting.folder / "digits.csv", setting.folder / "job.json"
    columns, target = ts.datasets.load("digits")
    values = np.column_stack([columns[name] for name in columns])
    assert list(columns)[-1] == target
    np.savetxt(table, values, fmt="%g", delimiter=",", header=",".join(columns), comments="")
    spec.write_text(json.dumps(_JOB | {"threads": setting.threads}), encoding="utf-8")
    programs = Path(__file__).parent / "peers"
    commands = {
        name: [python_of(name, setting.peer_python), str(programs / f"job_{name}.py"), str(spec), str(table),
               str(setting.folder / f"job-{name}")]
        for name in [OURS, *(peer for peer in case.peers if peer in setting.peers)]
    }  # fmt: skip
    seconds, said, failed = _in_turns(commands, min(setting.repeats, 3), setting.threads)
    accuracy = {name: json.loads(words[-1].splitlines()[-1])["accuracy"] for name, words in said.items()}
    record = _whole(seconds, {name: f"test accuracy {value:.3f}" for name, value in accuracy.items()})
    record["lines"] += [f"{NAMES[name]:<13} left out: {why}" for name, why in failed.items()]
    return record | {"accuracy": accuracy}


_MODULES = {OURS: "thetastar", "pytorch": "torch", "jax": "jax", "keras": "keras", "sklearn": "sklearn.neural_network"}


def _start(case: Scenario, setting: Setting) -> dict[str, Any]:
    """Import time beyond the interpreter's own, and the whole time of `thetastar --help`."""
    names = [OURS, *(peer for peer in case.peers if peer in setting.peers)]
    commands = {name: [python_of(name, setting.peer_python), "-c", f"import {_MODULES[name]}"] for name in names}
    commands |= {
        f"{OURS}, layers and train": [sys.executable, "-c", "import thetastar as ts; ts.train, ts.Dense"],
        "--help": [sys.executable, "-c", "from thetastar.cli import main; main(['--help'])"],
        "nothing": [sys.executable, "-c", "pass"],
    }
    seconds, _, failed = _in_turns(commands, max(setting.repeats, 3), setting.threads)
    nothing = statistics.median(seconds.pop("nothing"))
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    help_seconds = medians.pop("--help")
    imports = {name: value - nothing for name, value in medians.items()}
    lines = [f"import {_MODULES.get(name, name):<32}{times(max(value, 0)):>10}" for name, value in imports.items()]
    lines.append(f"thetastar --help, whole process       {times(help_seconds):>10}")
    lines += [f"import {_MODULES[name]:<32} left out: {why}" for name, why in failed.items()]
    return {"lines": lines, "import_seconds": imports, "help_seconds": help_seconds, "interpreter_seconds": nothing}


def _in_turns(
    commands: dict[str, list[str]], repeats: int, threads: int
) -> tuple[dict[str, list[float]], dict[str, list[str]], dict[str, str]]:
    """Run every command once to warm the disk's cache and then in turns.

    Returns:
        Seconds and printed words by name, and the last words of peers that failed.

    Raises:
        SideFailed: one of our own commands failed.
    """
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    said: dict[str, list[str]] = {name: [] for name in commands}
    failed: dict[str, str] = {}
    cpus = cpus_for(threads)
    for turn in range(repeats + 1):
        for name, command in commands.items():
            if name in failed:
                continue
            is_peer = name in NAMES and name != OURS
            begun = time.perf_counter()
            ended = subprocess.run(
                command, capture_output=True, text=True, check=False, preexec_fn=limited_to(cpus),
                env=environment(name if is_peer else OURS, threads, "command"),
            )  # fmt: skip
            passed = time.perf_counter() - begun
            if ended.returncode:
                words = [line for line in ended.stderr.splitlines() if line.strip()] or ["no word"]
                if not is_peer:
                    raise SideFailed(f"{name} ended with {ended.returncode}: {words[-1]}")
                failed[name] = f"ended with {ended.returncode}: {words[-1]}"
                del seconds[name], said[name]
            elif turn:
                seconds[name].append(passed)
                said[name].append(ended.stdout.strip())
    return seconds, said, failed


def _whole(seconds: dict[str, list[float]], notes: dict[str, str]) -> dict[str, Any]:
    lines, record = [], {"seconds": seconds, "ratios": {}}
    for name, values in seconds.items():
        line = f"{NAMES[name]:<13}{times(statistics.median(values)):>10}   "
        if name != OURS:
            record["ratios"][name] = ratios(seconds[OURS], values)
            line += f"{ratio_words(record['ratios'][name])}; "
        lines.append(line + notes[name])
    return record | {"lines": lines}


def _ours(
    case: Training, setting: Setting, networks: int, threads: int, inputs: Path, processes: int = 1, **given
) -> Side:
    """Our side with so many threads; of several processes each trains all the networks."""
    spec = training_spec(case, inputs) | {"networks": list(range(networks)) * processes} | given
    form = Form(f"{threads} threads", processes, threads)
    return Side(OURS, sys.executable, form, spec, setting.folder, threads * processes)


def _named(name: str) -> Training:
    return next(case for case in CASES if case.name == name and isinstance(case, Training))


def _threads(case: Scenario, setting: Setting) -> dict[str, Any]:
    """All threads beside one, and as many processes that share nothing beside one: what the machine gives to these."""
    count = setting.threads
    if count == 1:
        return {"lines": ["left out: there is one thread"], "ratio": None}
    record: dict[str, Any] = {"lines": [], "ratio": {}, "processes": {}}
    for name in ("lecture-64", "lecture", "wide"):
        training = _named(name)
        inputs = write_inputs(training, setting.folder)
        forms = ((1, 1), (count, 1), (1, count))
        one, together, apart = (
            _ours(training, setting, training.networks, threads, inputs, processes) for threads, processes in forms
        )
        with one, together, apart:
            amount = _amount_for(one, 2 * setting.turn_seconds)
            turns = [
                [side.turn(amount).seconds for side in (one, together, apart)]
                for _ in range(max(setting.repeats, _LEAST_PAIRS))
            ]
        alone, ours, shared = zip(*turns, strict=True)
        found = record["ratio"][name] = ratios(list(ours), list(alone))
        machine = record["processes"][name] = ratios([seconds / count for seconds in shared], list(alone))
        record["lines"].append(
            f"{training.title:<40} 1 to {count} threads: {ratio_words(found)} as fast; "
            f"1 to {count} processes: {ratio_words(machine)}"
        )
    return record


def _bfloat16(case: Scenario, setting: Setting) -> dict[str, Any]:
    """Our float32 over our bfloat16: the same training with the factors of dense products rounded."""
    if not engine.has_bfloat16():
        return {"lines": ["left out: this processor has no tile registers for bfloat16"], "ratio": None}
    record: dict[str, Any] = {"lines": [], "ratio": {}}
    for name in ("lecture-64", "mnist-64", "wide", "wide-64", "table-64"):
        training = _named(name)
        inputs = write_inputs(training, setting.folder)
        full, rounded = (
            _ours(training, setting, training.networks, setting.threads, inputs, matmul_precision=precision)
            for precision in ("float32", "bfloat16")
        )
        with full, rounded:
            amount = _amount_for(full, setting.turn_seconds)
            pairs = [(full.turn(amount).seconds, rounded.turn(amount).seconds) for _ in range(setting.repeats)]
        found = ratios([b for _, b in pairs], [a for a, _ in pairs])
        record["ratio"][name] = found
        record["lines"].append(f"{training.title:<40} bfloat16 {ratio_words(found)} as fast as float32")
    return record


# Networks whose number grows, and the epochs of each: toys, which go by the pack, and some that are too large for that.
_GROWING = (
    (Training("growth-toy", "2-4-1", dense(2, 4, 1, loss="mse"), 4, 100, 10_000), 50),
    (Training("growth-digits", "64-64-64-10", dense(64, 64, 64, 10), 32, 45, 10_000), 3),
)


def _growth(case: Scenario, setting: Setting) -> dict[str, Any]:
    """Time per network as their number grows: how much more it is at worst than with fewer of them."""
    record: dict[str, Any] = {"lines": [], "seconds_each": {}, "grows": {}}
    counts = [10, 100, 1000] + ([10_000] if setting.turn_seconds > 0.2 else [])
    for training, epochs in _GROWING:
        inputs = write_inputs(training, setting.folder)
        each: dict[int, list[float]] = {count: [] for count in counts}
        with ExitStack() as open_sides:
            sides = {
                count: open_sides.enter_context(_ours(training, setting, count, setting.threads, inputs))
                for count in counts
            }
            for _ in range(min(setting.repeats, 3)):
                for count, side in sides.items():
                    again = max(1, 1000 // count)  # each figure rests on as much training
                    seconds = statistics.median(side.turn(epochs).seconds for _ in range(again))
                    each[count].append(seconds / count)
        medians = {count: statistics.median(values) for count, values in each.items()}
        grows = max(medians[more] / medians[fewer] for fewer in counts for more in counts if more > fewer) - 1
        record["seconds_each"][training.title] = {str(count): value for count, value in medians.items()}
        record["grows"][training.title] = grows
        record["lines"].append(f"{training.title}, {epochs * training.steps:,} steps each")
        record["lines"] += [f"{count:>8,} networks  {times(value)} each" for count, value in medians.items()]
        record["lines"].append(f"  more networks against fewer, at worst: {grows:+.1%}")
    return record


def _memory(case: Scenario, setting: Setting) -> dict[str, Any]:
    """How much a process grows while it trains, beside what `Job.memory` announces for each network in training.

    To that come the parameters of every network that are handed back; those handed in are read where they lie.
    """
    if not Path("/proc/self/clear_refs").exists():
        return {"lines": ["left out: this system does not tell a process's peak"], "ratio": None}
    record: dict[str, Any] = {"lines": [], "ratio": {}}
    for name in ("wide", "mnist-64", "conv"):
        training = _named(name)
        inputs = write_inputs(training, setting.folder)
        with _ours(training, setting, training.networks, setting.threads, inputs, task="memory") as side:
            grown = side.turn(1).results["grown_bytes"]
        network = training.net.network()
        job = ts.Job(network, loss=training.net.loss, batch_size=training.batch, optimizer="adam")
        at_once = min(training.networks, setting.threads)
        shared = max(1, setting.threads // training.networks)
        announced = (
            at_once * job.memory(training.rows, threads=shared) + training.networks * 4 * network.parameter_count
        )
        record["ratio"][name] = grown / announced
        record["lines"].append(
            f"{training.title:<48} announced {announced / 1e6:6.1f} MB, grown by {grown / 1e6:6.1f} MB: "
            f"{grown / announced:.2f}"
        )
    return record


def _amount_for(side: Side, seconds: float) -> int:
    first = side.turn(1).seconds
    return max(
        1, round(seconds / max(side.turn(max(1, round(0.1 / first))).seconds / max(1, round(0.1 / first)), 1e-7))
    )


_MEASURES: dict[str, Callable[[Scenario, Setting], dict[str, Any]]] = {
    "command": _command, "start": _start, "threads": _threads, "growth": _growth, "memory": _memory,
    "bfloat16": _bfloat16,
}  # fmt: skip
