"""All explanations that fit a model and some rows, one after another: what `thetastar explain` prints and draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from thetastar._checks import whole
from thetastar.errors import InputError

from .answer import ModelAnswer, answer_of
from .attribute import attribute
from .detect import detect
from .field import field
from .importance import importance
from .recurrent import gates
from .result import Explanation
from .rows import slices, worst_rows
from .subject import network_of
from .warp import warp

__all__ = ["Overview", "Part", "overview"]


@dataclass(frozen=True)
class Part:
    """One explanation with its heading, and what it says in a sentence."""

    title: str
    words: str
    explanation: Explanation


@dataclass(frozen=True)
class Overview(Explanation):
    """Explanations one after another, and what was left out and why."""

    parts: tuple[Part, ...]
    left_out: tuple[str, ...]

    def __str__(self) -> str:
        texts = [f"{part.title}\n{part.words}\n\n{part.explanation}" for part in self.parts]
        if self.left_out:
            texts.append("Left out\n" + "\n".join(f"- {words}" for words in self.left_out))
        return "\n\n".join(texts)

    def charts(self) -> list[dict[str, Any]]:
        """All pictures."""
        return [chart for part in self.parts for chart in part.explanation.charts()]


def overview(
    model: Any,
    data: Any = None,
    *,
    columns: Sequence[str] | None = None,
    most: int = 4,
    rows: int = 2000,
    seed: int = 0,
    network: int | None = None,
    on_progress: Callable[[str], None] | None = None,
) -> Overview:
    """Explain a model as far as the rows allow.

    Args:
        model: a model.
        data: rows, best such as training has not seen: with the target for importance, worst rows and kinds of rows;
            without it the answer's curves and what moved single predictions remain; without any rows the network's own
            units.
        columns: whose curves are drawn; the most important ones when None.
        most: how many of them.
        rows: how many rows at most, drawn from `seed`.
        network: whose inside it is, where the answer is made of several; the heaviest member when None.
        on_progress: called with the name of each part before it is computed.

    Returns:
        An `Overview`.

    Raises:
        InputError: rows or columns that do not fit.

    Example:
        >>> import thetastar as ts
        >>> rows = {"x": [k / 50 for k in range(400)], "y": [(k / 50) ** 2 for k in range(400)]}
        >>> model = ts.fit(rows, target="y", candidates=[(16,)], effort=2)
        >>> [part.title for part in ts.explain.overview(model, rows).parts][:2]
        ['What the answer depends on', 'The answer by x']
    """
    where = "explain.overview"
    most, rows = whole(where, "most", most, 1, 20), whole(where, "rows", rows, 2)
    tell = on_progress or (lambda words: None)
    answer = answer_of(where, model)
    if not isinstance(answer, ModelAnswer):
        raise InputError(
            f"{where}: the first argument must be a model. Got {type(model).__name__}. Use the single "
            f"functions for networks."
        )
    net = network_of(where, model, network)
    parts, left_out = [], []
    several = (
        " The answer is the mean of several networks; this is one of them."
        if network is not None or _is_mean(model)
        else ""
    )
    if data is None:
        tell("units")
        parts.append(
            Part(
                "What the units answer to", f"The last hidden layer, from random rows.{several}", detect(net, seed=seed)
            )
        )
        left_out.append("Importance, curves, attributions and worst rows need rows: give DATA.")
        return Overview(tuple(parts), tuple(left_out))
    table = answer.rows(where, data)
    if table.row_count > rows:
        table = table.select(np.sort(np.random.default_rng(seed).choice(table.row_count, rows, replace=False)))
    known = answer.known(table)
    plain = [name for name in answer.columns if answer.values(table, name).ndim == 1]
    order = plain
    if known and len(plain) and table.row_count >= 2:
        tell("importance")
        found = importance(model, table, seed=seed)
        order = [name for name in found.names if name in plain]
        parts.append(
            Part(
                "What the answer depends on",
                "How much worse it is when a column's values come from other rows. Rows that training has "
                "not seen say most.",
                found,
            )
        )
    elif not known:
        left_out.append(
            f"Importance, worst rows and kinds of rows need the target {model.target!r}, which these rows lack."
        )
    chosen = [answer.column(where, name) for name in columns] if columns else order[:most]
    parts += _curves(model, table, chosen, tell, seed)
    tell("attributions")
    few = table.select(np.arange(min(table.row_count, 200)))
    parts.append(
        Part(
            "What moved single answers",
            f"What each column added to a row's score, by integrated gradients.{several}",
            attribute(model, few, output=_answered(answer, few), network=network),
        )
    )
    if known:
        tell("rows")
        parts.append(Part("The worst rows", "Where the answer is farthest from the truth.", worst_rows(model, table)))
        if plain:
            parts.append(
                Part(
                    "The kinds of rows with the highest error",
                    "Intervals are widened for how many kinds were looked at.",
                    slices(model, table),
                )
            )
    parts += _inside(model, net, table, known, tell, several, seed)
    return Overview(tuple(parts), tuple(left_out))


def _answered(answer: ModelAnswer, rows: Any) -> int | None:
    """With more classes than two: the one that the first row is said to be; otherwise the usual one."""
    several = answer.classes is not None and len(answer.classes) > 2
    return int(answer.answer(rows.select(np.array([0])))[0].argmax()) if several else None


def _is_mean(model: Any) -> bool:
    members = getattr(model, "members", None)
    return isinstance(members, list | tuple) and len(members) > 1


def _curves(model: Any, table: Any, chosen: list[str], tell: Callable[[str], None], seed: int) -> list[Part]:
    parts, targets = [], model.target_encoding.names
    what = "The answer" if len(targets) == 1 else f"{targets[0]}, the first of {len(targets)} targets,"
    for name in chosen:
        tell(f"the answer by {name}")
        parts.append(
            Part(
                f"{what} by {name}",
                "Partial dependence: the mean of the answers to all rows with this column changed; grey: single rows.",
                field(model, name, table, others="average", seed=seed),
            )
        )
    if len(chosen) >= 2:
        pair = tuple(chosen[:2])
        tell(f"the answer by {pair[0]} and {pair[1]}")
        parts.append(
            Part(
                f"{what} by {pair[0]} and {pair[1]}",
                "The mean of the answers with both changed.",
                field(model, pair, table, others="average", resolution=25, rows=100, seed=seed),
            )
        )
    return parts


def _inside(
    model: Any, net: Any, table: Any, known: bool, tell: Callable[[str], None], several: str, seed: int
) -> list[Part]:
    """What the network does with these rows: its last hidden layer's points, its units, its gates."""
    tell("the network's inside")
    X = model.preparation.transform(table)
    names = model.preparation.feature_names if len(net.input_shape) == 1 else None
    parts = []
    hidden = [i for i in range(len(net.layers) - 1) if int(np.prod(net.shapes[i + 1])) >= 2]
    if hidden and len(X) >= 2:
        single = len(model.target_encoding.parts) == 1  # only that can colour the points
        y = model.target_encoding.truth(table) if known and single else None
        parts.append(
            Part(
                "The rows as the last hidden layer sees them",
                f"What the last layer has to part or to add up.{several}",
                warp(net, X[:1000], None if y is None else y[:1000], layer=hidden[-1]),
            )
        )
    looked = 0 if net.layers[0].kind == "conv2d" else None
    if len(net.layers) > 1:
        parts.append(
            Part(
                "What the units answer to",
                f"The input that excites each most, and the rows that do.{several}",
                detect(net, looked, X, names=names, seed=seed),
            )
        )
    if any(layer.kind in ("lstm", "gru", "simple_rnn") for layer in net.layers):
        parts.append(
            Part("One sequence along time", f"The first row in the first recurrent layer.{several}", gates(net, X[0]))
        )
    return parts
