"""Every case of the benchmark: what is done, on what, by whom, and in which forms the peers may do it."""

from __future__ import annotations

import difflib
import fnmatch
from dataclasses import dataclass
from typing import Any

from thetastar.bench import architectures as nets
from thetastar.bench.architectures import Architecture
from thetastar.bench.workers import OURS, Form
from thetastar.errors import InputError

__all__ = ["CASES", "PEERS", "Case", "Prediction", "Scenario", "Search", "Training", "chosen"]

PEERS = ("pytorch", "jax", "keras", "sklearn")


@dataclass(frozen=True)
class Case:
    """What all cases have: a name for `--case` and a title for people."""

    name: str
    title: str


@dataclass(frozen=True)
class Training(Case):
    """Training one network, or many at once, from given starts on given rows in a given order.

    Attributes:
        batch, steps: rows a step, and steps an epoch.
        networks: how many at once.
        fewer: how many of them a peer trains whose time a network does not depend on their number.
        peers: who takes part.
    """

    net: Architecture
    batch: int
    steps: int
    networks: int = 1
    fewer: int | None = None
    peers: tuple[str, ...] = PEERS
    least_epochs: int = 1  # of a timed turn, so that starting a network is not all there is
    learning_rate: float = 1e-3

    task = "train"

    @property
    def check_epochs(self) -> int:
        """Epochs before the sides' losses are compared: one, or as many as make ten updates.

        Not more, because rounding grows: after 44 updates on the absolute error, whose slope jumps, our own float32 and
        float64 differ by up to 1e-3 over 64 networks, after 220 by up to a fifth.
        """
        return max(1, -(-10 // self.steps))

    @property
    def rows(self) -> int:
        return self.batch * self.steps

    @property
    def step_flop(self) -> float:
        """Operations of one network's step by the usual rule."""
        return float(self.net.training_flop * self.batch)

    @property
    def needed_share(self) -> float:
        """The part of `step_flop` that is needed; the rule also counts the gradient of the input."""
        return self.net.needed_flop / self.net.training_flop

    def networks_of(self, side: str) -> int:
        return self.fewer if self.fewer and side in ("pytorch", "keras", "sklearn") else self.networks

    def forms(self, side: str, threads: int, compiler: bool) -> list[Form]:
        """The forms that are tried once; the fastest takes part."""
        all_threads = Form(_processes(1, threads), 1, threads)
        if side == OURS or side in ("keras", "sklearn"):
            return [all_threads]
        many = self.networks_of(side) > 1 and threads > 1
        forms = [all_threads]
        images = any(layer["kind"] == "conv2d" for layer in self.net.layers)
        if side == "jax":
            if images:  # a convolution inside a compiled loop is 2 to 100 times as slow as outside
                return [Form(f"a compiled step, {_processes(1, threads)}", 1, threads, {"stepwise": True})]
            if self.networks > 1:
                forms = [Form(f"vmap, {_processes(1, threads)}", 1, threads)]
                if many:
                    forms.append(Form(f"vmap, {_processes(threads, 1)}", threads, 1, pinned=True))
                    forms.append(
                        Form(f"one by one, {_processes(threads, 1)}", threads, 1, {"one_by_one": True}, pinned=True)
                    )
            return forms
        if many:
            forms.append(Form(_processes(threads, 1), threads, 1))
        elif threads > 1:
            forms.append(Form(_processes(1, 1), 1, 1))
        if images:
            forms.append(Form(f"channels last, {_processes(1, threads)}", 1, threads, {"channels_last": True}))
        if compiler:
            processes = threads if many else 1
            forms.append(
                Form(f"torch.compile, {_processes(processes, threads // processes)}", processes, threads // processes,
                     {"compile": True})
            )  # fmt: skip
        return forms


@dataclass(frozen=True)
class Prediction(Case):
    """Predicting `rows` rows in one call. A turn's amount is the number of calls."""

    net: Architecture
    rows: int
    peers: tuple[str, ...] = PEERS

    task = "predict"
    networks = 1
    check_epochs = 1

    def networks_of(self, side: str) -> int:
        return 1

    @property
    def step_flop(self) -> float:
        return 2.0 * self.net.multiply_adds * self.rows

    needed_share = 1.0

    def forms(self, side: str, threads: int, compiler: bool) -> list[Form]:
        forms = [Form(_processes(1, threads), 1, threads)]
        if side == "pytorch" and self.rows == 1 and threads > 1:
            forms.append(Form(_processes(1, 1), 1, 1))
        elif side == "pytorch" and self.rows > 1:
            forms.append(Form(f"4,096 rows at a time, {_processes(1, threads)}", 1, threads, {"chunk": 4096}))
        return forms


@dataclass(frozen=True)
class Search(Case):
    """A grid search with cross-validation on the digits that come with scikit-learn, without a refit."""

    folds: int = 5
    epochs: int = 20
    batch: int = 32
    peers: tuple[str, ...] = ("sklearn",)

    task = "search"

    @property
    def grid(self) -> list[dict[str, Any]]:
        """7 × 3 × 2 combinations."""
        sizes = ((16,), (32,), (64,), (100,), (32, 32), (64, 64), (100, 100))
        return [
            {"hidden_layer_sizes": list(size), "learning_rate_init": rate, "alpha": alpha}
            for size in sizes for rate in (1e-3, 3e-3, 1e-2) for alpha in (1e-4, 1e-2)
        ]  # fmt: skip


@dataclass(frozen=True)
class Scenario(Case):
    """A case that is measured in a way of its own: see the module of this name in `scenarios`."""

    peers: tuple[str, ...] = ()


def _processes(processes: int, threads: int) -> str:
    return f"{processes} process{'es' if processes > 1 else ''} of {threads} thread{'s' if threads > 1 else ''}"


_NO_KERAS = ("pytorch", "jax")

CASES: tuple[Case, ...] = (
    Training("toy", "toy 2-4-1 alone, batch 4", nets.TOY, 4, 100),
    Training("toy-10000", "10,000 toys 2-4-1 at once, batch 4", nets.TOY, 4, 100, 10_000, 64, _NO_KERAS, 10),
    Training("lecture", "56-100-100-100-1 alone, batch 32", nets.LECTURE, 32, 44),
    Training("lecture-64", "64 × 56-100-100-100-1 at once, batch 32", nets.LECTURE, 32, 44, 64, None, _NO_KERAS),
    Training("mnist", "784-128-10 alone, batch 128", nets.MNIST, 128, 10),
    Training("mnist-64", "64 × 784-128-10 at once, batch 128", nets.MNIST, 128, 10, 64, None, _NO_KERAS),
    Training("wide", "784-512-512-10 alone, batch 128", nets.MNIST_WIDE, 128, 10),
    Training("wide-64", "64 × 784-512-512-10 at once, batch 128", nets.MNIST_WIDE, 128, 4, 64, 16, _NO_KERAS),
    Training("table", "100-256-256-256-1 alone, batch 256", nets.TABLE, 256, 10),
    Training("table-64", "64 × 100-256-256-256-1 at once, batch 256", nets.TABLE, 256, 4, 64, None, _NO_KERAS),
    Training("lenet", "LeNet-5 alone, 28 × 28, batch 64", nets.LENET, 64, 10, peers=("pytorch", "jax", "keras")),
    Training("lenet-8", "8 × LeNet-5 at once, 28 × 28, batch 64", nets.LENET, 64, 10, 8, peers=("pytorch",)),
    Training("conv", "conv 32-64, pool, dense 128, 28 × 28, batch 128", nets.CONV, 128, 2,
             peers=("pytorch", "jax", "keras")),
    Training("lstm", "LSTM 64 over 56 steps alone, batch 32", nets.LSTM, 32, 20, peers=("pytorch", "jax", "keras")),
    Training("lstm-16", "16 × LSTM 64 over 56 steps at once, batch 32", nets.LSTM, 32, 20, 16, peers=("pytorch",)),
    Prediction("predict-row", "predict one row, 56-100-100-100-1, a call each", nets.LECTURE, 1),
    Prediction("predict-million", "predict a million rows, 56-100-100-100-1", nets.LECTURE, 1_000_000),
    Search("grid-search", "grid search, 42 combinations × 5 folds, digits"),
    Scenario("command", "from start to report: 9 networks, choice, test",
            peers=("sklearn", "keras")),
    Scenario("start", "import and --help", peers=PEERS),
    Scenario("threads", "1 thread to all, 64 × 56-100-100-100-1"),
    Scenario("growth", "time per network, 10 to 10,000 of them"),
    Scenario("memory", "memory beside what is announced"),
    Scenario("bfloat16", "products in bfloat16, where the processor has them"),
)  # fmt: skip


def chosen(patterns: list[str] | None) -> list[Case]:
    """The cases that the names or patterns (`lecture*`) name, in the table's order; all without any.

    Raises:
        InputError: a name that fits no case.
    """
    names = [case.name for case in CASES]
    wanted: set[str] = set()
    for pattern in patterns or ["*"]:
        found = fnmatch.filter(names, pattern)
        if not found:
            near = difflib.get_close_matches(pattern, names, n=1)
            hint = f"Did you mean {near[0]!r}? " if near else ""
            raise InputError(f"--case: there is no case {pattern!r}. {hint}Known: {', '.join(names)}.")
        wanted |= set(found)
    return [case for case in CASES if case.name in wanted]
