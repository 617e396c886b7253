"""How the benchmark speaks to every side, ours included: one process, one turn at a time.

A side's program is started as `python with_SIDE.py SPEC.json`. It prepares what the specification describes, says
"ready" with what it has to tell about itself, and then runs one turn for every line on its standard input (the amount:
epochs, calls or passes), answering with the seconds, the processor's seconds and what came out. It ends with its
input. The programs run with the peer's own interpreter, which need not have thetastar.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

Turn = Callable[[int], dict]
Prepare = Callable[[dict[str, Any], dict[str, Any]], tuple[Turn, dict[str, Any]]]


def serve(tasks: dict[str, Prepare]) -> None:
    """Run turns of the specification's task until standard input ends."""
    with open(sys.argv[1], encoding="utf-8") as file:
        spec = json.load(file)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is not an answer
    with np.load(spec["data"]) as file:
        arrays = {name: file[name] for name in file.files}
    begun = time.perf_counter()
    turn, about = tasks[spec["task"]](spec, arrays)
    about["prepare_seconds"] = time.perf_counter() - begun
    print(json.dumps({"ready": about}), file=answers, flush=True)
    for line in sys.stdin:
        amount = int(line)
        processor, begun = time.process_time(), time.perf_counter()
        result = turn(amount)
        seconds = time.perf_counter() - begun
        answer = {"seconds": seconds, "processor_seconds": time.process_time() - processor, **result}
        print(json.dumps(answer), file=answers, flush=True)


def starts(spec: dict[str, Any], arrays: dict[str, Any]) -> list[dict[str, Any]]:
    """The initial parameters {"dense_1.weight": (I, O), …} of every network that this process trains."""
    names = [name for name in arrays if "." in name]
    return [{name: arrays[name][k] for name in names} for k in spec["networks"]]


def named_layers(spec: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The specification's layers with their parameters' names: ("dense_1", {...}), ("conv2d_1", {...}), …"""
    counts: dict[str, int] = {}
    named = []
    for layer in spec["layers"]:
        counts[layer["kind"]] = counts.get(layer["kind"], 0) + 1
        named.append((f"{layer['kind']}_{counts[layer['kind']]}", layer))
    return named
