"""Everything that the engine does, with its N-th allocation refused, or with that one and all after it.

    LD_PRELOAD=refusing.so python -m tests.faults.engine_without_memory

test_allocations.py starts it. One line is printed for each: `work: how N ended`, where `ended` is "same" (the bits of
the undisturbed result), "refused" (a MemoryError in one sentence) or what else happened. "asked" and its number come
first, so that the last line tells where a process died.
"""

from __future__ import annotations

import ctypes
import faulthandler
import hashlib
import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import thetastar as ts
from thetastar._native import engine

FIRST, EVERY = 200, 97  # each of the first allocations, and then every so many
LIMIT = 2**62

DRAW = np.random.default_rng(0)
X, Y = DRAW.normal(size=(96, 4)).astype(np.float32), DRAW.normal(size=(96, 1)).astype(np.float32)
IMAGES = DRAW.normal(size=(24, 6, 6, 2)).astype(np.float32)
STEPS = DRAW.normal(size=(24, 5, 3)).astype(np.float32)
SMALL = ts.Network([ts.Dense(6, activation="tanh"), ts.Dense(1)], input_shape=(4,))
WIDE = ts.Network([ts.Dense(600, activation="relu"), ts.Dense(600), ts.Dense(1)], input_shape=(4,))
LINE = SMALL.initialized(seed=0)


def of_runs(runs: list[ts.Run]) -> list[np.ndarray]:
    found = []
    for run in runs:
        found += [*run.network.parameters.values(), run.history["loss"]]
        for _, taken in sorted(run.snapshots.items()):
            found += list(taken.values())
    return found


def trained(network: Any, x: Any = X, y: Any = Y, threads: int = 1, **settings: Any) -> list[np.ndarray]:
    job = ts.Job(network, **{"epochs": 2, "batch_size": 16, **settings})
    return of_runs(ts.train_many([job], x, y, threads=threads))


def every_layer() -> list[np.ndarray]:
    images = ts.Network(
        [ts.Conv2D(4, 3, padding="same"), ts.BatchNorm(), ts.Residual([ts.Conv2D(4, 3, padding="same")]),
         ts.MaxPool2D(2), ts.Dropout(0.2), ts.Flatten(), ts.LayerNorm(), ts.Dense(1)], input_shape=(6, 6, 2),
    )  # fmt: skip
    steps = ts.Network(
        [ts.LSTM(4, return_sequences=True), ts.GRU(4, return_sequences=True), ts.SimpleRNN(3), ts.Dense(1)],
        input_shape=(5, 3),
    )
    return trained(images, IMAGES, Y[:24], epochs=1) + trained(steps, STEPS, Y[:24], epochs=1)


def of_optimizers() -> list[np.ndarray]:
    found = []
    for name in ("sgd", "lbfgs", "sophia", "muon", "asgd", "ftrl"):
        found += trained(SMALL, optimizer=ts.optimizers.get(name), epochs=1, batch_size=48)
    return found


def with_everything() -> list[np.ndarray]:
    return trained(
        SMALL, epochs=4, validation_rows=range(80, 96), rows=range(80), stop=[ts.EarlyStopping(3)], snapshots=2,
        l2=0.01, clip_norm=1.0, schedule=ts.schedules.Cosine(),
    )  # fmt: skip


def packs() -> list[np.ndarray]:
    rows = {"rows": range(80), "validation_rows": range(80, 96)}
    job = ts.Job(SMALL, epochs=2, batch_size=16, stop=[ts.EarlyStopping(3)], **rows)
    return of_runs(ts.train_many(job.restarts(range(40)), X, Y, threads=2))


def many() -> list[np.ndarray]:
    jobs = [ts.Job(ts.Network([ts.Dense(60 + k), ts.Dense(1)], input_shape=(4,)), epochs=1, seed=k) for k in range(6)]
    return of_runs(ts.train_many(jobs, X, Y, threads=2))


def minimized() -> list[np.ndarray]:
    def bowl(theta: np.ndarray) -> tuple[float, np.ndarray]:
        return float((theta**2).sum()), 2 * theta

    return [np.asarray(ts.optimizers.get(name).minimize(bowl, np.ones(3), 5)[0]) for name in ("adam", "lbfgs")]


def predicted() -> list[np.ndarray]:
    fresh = WIDE.initialized(seed=1)
    return [fresh.predict(np.repeat(X, 20, axis=0), threads=2), fresh.predict(X[:1]), fresh.predict(X[1:2])]


def seen_inside() -> list[np.ndarray]:
    gradients = LINE.gradients(X, Y, loss="mse")
    slopes = engine.InputGradients32(LINE._native(), LINE._flat)
    out = np.empty_like(X)
    one = np.ones(1, np.float32)
    slopes(X, np.zeros(4, np.float32), one, one, one, out, 2)
    step = ts.explain.step(LINE, X[:8], Y[:8], loss="mse", optimizer=ts.optimizers.get("adam"))
    return [*gradients.values(), out, np.array([step.loss_before, step.loss_after])]


def surface() -> list[np.ndarray]:
    return [np.asarray(ts.explain.surface(LINE, X, Y, loss="mse", resolution=4).values)]


def small_calls() -> list[np.ndarray]:
    found = [LINE.initialized(seed=3).parameters["dense_1.weight"]]
    for name in ("mse", "huber", "cross_entropy", "ctc"):
        loss = {"kind": {"mse": "mean_squared_error"}.get(name, name), "classes": 2 if name == "ctc" else 0}
        target = np.ones((96, 1 if name in ("cross_entropy", "ctc") else 4), np.float32)
        found += engine.loss32(loss, X, target)
    found += engine.activation32("gelu", X[0])
    found.append(engine.augment32({"on": True, "shift": 1.0}, (6, 6, 2), IMAGES.reshape(24, -1), 3, 0))
    found.append(engine.schedule_factors({"kind": "cosine_restarts"}, 10, 10))
    node, leaf = np.array([0, 0, 0], np.int32), np.array([1, 1, 2], np.int32)
    out = np.zeros((96, 1))
    grown = engine.Trees(
        node, np.array([0.0, np.inf, np.inf], np.float32), leaf, np.array([[0.0], [1.0], [2.0]]), node[:1], node[:1]
    )
    grown.add(X, out, 2)
    return [*found, out]


WORKS: dict[str, Callable[[], list[np.ndarray]]] = {
    "one network": lambda: trained(SMALL),
    "one in double precision": lambda: of_runs([ts.train(SMALL, X, Y, epochs=2, dtype="float64")]),
    "every setting": with_everything,
    "a team": lambda: trained(WIDE, threads=2, batch_size=96),
    "packs": packs,
    "many networks": many,
    "every layer": every_layer,
    "optimizers": of_optimizers,
    "minimize": minimized,
    "predict": predicted,
    "see inside": seen_inside,
    "surface": surface,
    "small calls": small_calls,
}


def numbers(count: int) -> Iterator[int]:
    yield from range(1, min(count, FIRST) + 1)
    yield from range(FIRST + EVERY, count + 1, EVERY)


def digest(arrays: list[np.ndarray]) -> str:
    made = hashlib.sha256()
    for array in arrays:
        made.update(np.ascontiguousarray(array).tobytes())
    return made.hexdigest()


def ended(work: Callable[[], list[np.ndarray]], sound: str) -> str:
    try:
        found = work()
    except MemoryError as error:
        words = str(error)
        is_sentence = words and len(words) < 200 and "\n" not in words and "std::" not in words
        return "refused" if is_sentence else f"unclear: {words!r}"
    except BaseException as error:
        return f"{type(error).__name__}: {error!s:.100}"
    return "same" if digest(found) == sound else "other bits"


def main() -> None:
    faulthandler.enable()
    hook = ctypes.CDLL(os.environ["LD_PRELOAD"])
    hook.refuse_allocations.argtypes = [ctypes.c_long, ctypes.c_long]
    hook.refuse_no_more.restype = ctypes.c_long
    for name, work in WORKS.items():
        work()  # what is made once is there
        hook.refuse_allocations(LIMIT, LIMIT)
        found = work()
        count, sound = hook.refuse_no_more(), digest(found)
        print(f"{name}: asked {count}", flush=True)
        for how, last in (("once", 1), ("from", LIMIT)):
            for number in numbers(count):
                print(f"{name}: {how} {number} ", end="", flush=True)
                hook.refuse_allocations(number, number + last)
                try:
                    told = ended(work, sound)
                finally:
                    hook.refuse_no_more()
                print(told, flush=True)
        print(f"{name}: after 0 {ended(work, sound)}", flush=True)


if __name__ == "__main__":
    main()
