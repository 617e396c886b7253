"""One side of a case as processes that take turns: started once, spoken to by lines, ended with the case."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Form", "Side", "SideFailed", "Turn", "cpus_for", "environment", "limited_to", "python_of", "rest"]

_PROGRAMS = Path(__file__).parent / "peers"
_REST_SECONDS = 0.25
OURS = "thetastar"


class SideFailed(RuntimeError):
    """A side's process ended or said something else than an answer; the message is its last line."""


@dataclass(frozen=True)
class Form:
    """One way for a side to do the work: so many processes, threads in each, and switches of its program."""

    label: str
    processes: int = 1
    threads: int = 1
    switches: dict[str, Any] = field(default_factory=dict)
    pinned: bool = False  # each process on a processor of its own, for libraries that count processors


@dataclass(frozen=True)
class Turn:
    """What one turn of a side gave: the slowest process's seconds, all processes' processor seconds, all results."""

    amount: int
    seconds: float
    processor_seconds: float
    results: dict[str, list]


class Side:
    """The running processes of one side in one form.

    Args:
        name: "thetastar", "pytorch", "jax", "keras" or "sklearn".
        python: the interpreter that has it.
        form: how it does the work.
        spec: the task; "networks" is dealt out over the processes.
        folder: where specifications and errors are written.
        threads: processors that the whole side may use.

    Raises:
        SideFailed: a process did not get ready.
    """

    def __init__(self, name: str, python: str, form: Form, spec: dict[str, Any], folder: Path, threads: int):
        self.name, self.form, self._kept = name, form, False
        self._processes: list[subprocess.Popen] = []
        self._errors: list[Any] = []
        self._shares = [list(spec["networks"])[p :: form.processes] for p in range(form.processes)]
        cpus = cpus_for(threads)
        for place, share in enumerate(self._shares):
            own = spec | {"networks": share, "threads": form.threads, "form": form.switches}
            with tempfile.NamedTemporaryFile("w", suffix=".json", dir=folder, delete=False, encoding="utf-8") as file:
                json.dump(own, file)
            errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace", dir=folder)
            allowed = [cpus[place % len(cpus)]] if form.pinned and cpus else cpus
            self._errors.append(errors)
            self._processes.append(
                subprocess.Popen(
                    [python, str(_PROGRAMS / f"with_{name}.py"), file.name], stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE, stderr=errors, text=True, encoding="utf-8",
                    env=environment(name, form.threads, spec["task"]),
                    preexec_fn=limited_to(allowed),
                )
            )  # fmt: skip
        try:
            abouts = [self._answer(place)["ready"] for place in range(form.processes)]
        except BaseException:
            self.close()
            raise
        self.about = abouts[0]

    def turn(self, amount: int) -> Turn:
        """After a rest, all processes do `amount` (epochs, calls, passes) at once."""
        rest()
        for process in self._processes:
            try:
                process.stdin.write(f"{amount}\n")
                process.stdin.flush()
            except BrokenPipeError:
                pass  # told with its last words below
        answers = [self._answer(place) for place in range(len(self._processes))]
        results = {key: answers[0][key] for key in answers[0] if not key.endswith("seconds")}
        if "losses" in results:  # dealt out as the networks were
            losses: dict[int, float] = {}
            for share, answer in zip(self._shares, answers, strict=True):
                losses |= dict(zip(share, answer["losses"], strict=True))
            results["losses"] = [losses[k] for k in sorted(losses)]
        return Turn(amount, max(a["seconds"] for a in answers), sum(a["processor_seconds"] for a in answers), results)

    def close(self) -> None:
        """End the processes that this side started."""
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.wait()
            process.stdin.close()
            process.stdout.close()
        for errors in self._errors:
            errors.close()

    def keep(self) -> None:
        """Chosen among the forms that were tried: `close_unless_kept` does nothing from here on."""
        self._kept = True

    def close_unless_kept(self) -> None:
        """End the processes unless this form was chosen."""
        if not self._kept:
            self.close()

    def __enter__(self) -> Side:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _answer(self, place: int) -> dict[str, Any]:
        line = self._processes[place].stdout.readline()
        try:
            return json.loads(line)
        except json.JSONDecodeError:
            code = self._processes[place].wait()
            self._errors[place].seek(0)
            said = [text for text in self._errors[place].read().splitlines() if text.strip()]
            raise SideFailed(
                f"{self.name} ({self.form.label}) ended with {code}: {(said or ['no word'])[-1]}"
            ) from None


def rest() -> None:
    """Wait until the threads of whoever ran before have fallen asleep.

    OpenBLAS's stay awake for some 0.13 s after their last product: the next side's turn would be an eighth slower.
    """
    time.sleep(_REST_SECONDS)


def cpus_for(threads: int) -> list[int]:
    """The processors that a side may use, or [] where the system cannot say: as many as there are threads."""
    if not hasattr(os, "sched_getaffinity"):
        return []
    return sorted(os.sched_getaffinity(0))[:threads]


def limited_to(cpus: list[int]) -> Callable[[], None] | None:
    """What a new process does first: keep to these processors. It must be before any library counts them."""
    return (lambda: os.sched_setaffinity(0, cpus)) if cpus else None


def environment(name: str, threads: int, task: str) -> dict[str, str]:
    """The environment of a side's process: the number of threads in every way that libraries read it."""
    variables = dict(os.environ)
    if name == OURS:  # the package itself, also where it is not installed
        paths = [str(Path(__file__).parents[2]), *filter(None, [variables.get("PYTHONPATH")])]
        variables["PYTHONPATH"] = os.pathsep.join(paths)
    else:
        variables.pop("PYTHONPATH", None)  # the peer's own packages, not ours
    if task != "search":  # joblib shares the processors out by itself unless these are set
        for word in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            variables[word] = str(threads)
    return variables | {"TF_CPP_MIN_LOG_LEVEL": "3", "JAX_PLATFORMS": "cpu", "PYTHONWARNINGS": "ignore"}


def python_of(name: str, peer_python: str) -> str:
    """The interpreter for a side."""
    return sys.executable if name == OURS else peer_python
