"""What each column added to one row's answer: integrated gradients, whose sum is the answer minus the baseline's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from thetastar._checks import real, whole
from thetastar._native import default_threads, engine
from thetastar.errors import InputError
from thetastar.network import Network

from .answer import ModelAnswer, answer_of, feature_places
from .result import Explanation, flat_numbers, number, signed
from .subject import network_of

__all__ = ["Attribution", "attribute", "input_gradients"]


@dataclass(frozen=True)
class Attribution(Explanation):
    """What each column added to the score of each row.

    Attributes:
        names: the columns.
        values: (n, columns) what each added, in units of the score.
        features: (n, *input_shape) the same for every input of the network: each pixel, each step of a sequence.
        scores: (n,) the score of each row: of a regression the value, of classes the raw score that becomes a
            probability.
        baseline: the score of the baseline; scores = baseline + values.sum(axis=1), up to `gap`.
        gap: (n,) what the sum misses: the way was followed in `steps` places only.
        what: whose score it is.
        steps: how many places.
        shown: (n, columns) the rows' own values as text, where they are known.
    """

    names: tuple[str, ...]
    values: np.ndarray
    features: np.ndarray
    scores: np.ndarray
    baseline: float
    gap: np.ndarray
    what: str
    steps: int
    shown: tuple[tuple[str, ...], ...]

    def __str__(self) -> str:
        lines = [f"{self.what}: the baseline has {number(self.baseline)}; each column adds"]
        for row in range(min(len(self.values), 3)):
            order = np.argsort(-np.abs(self.values[row]), kind="stable")[:12]
            lines.append(f"row {row}: {number(self.scores[row])}")
            for i in order:
                value = f" = {self.shown[row][i]}" if self.shown else ""
                lines.append(f"  {signed(self.values[row, i]):>12}  {self.names[i]}{value}")
            rest = self.values[row].sum() - self.values[row, order].sum()
            if len(self.names) > len(order):
                lines.append(f"  {signed(rest):>12}  {len(self.names) - len(order)} other columns")
        if len(self.values) > 3:
            lines.append(f"… {len(self.values) - 3:,} more rows are in .values")
        lines.append(
            f"The sums miss the scores by {number(np.abs(self.gap).max(initial=0.0), 3)} at most "
            f"({self.steps} places on the way)."
        )
        return "\n".join(lines)

    def charts(self) -> list[dict[str, Any]]:
        """A bar a column for the first rows, or the mean size of each where there are many."""
        if self.features.ndim == 4:
            return [self._images()]
        charts = []
        for row in range(min(len(self.values), 3)):
            order = np.argsort(-np.abs(self.values[row]), kind="stable")[:15]
            labels = [f"{self.names[i]} = {self.shown[row][i]}" if self.shown else self.names[i] for i in order]
            charts.append(
                _bars(f"Row {row}: {self.what} {number(self.scores[row], 4)}", labels, self.values[row, order])
            )
        if len(self.values) > 3:
            sizes = np.abs(self.values).mean(axis=0)
            order = np.argsort(-sizes, kind="stable")[:20]
            charts.append(
                _bars(f"Mean size over {len(self.values):,} rows", [self.names[i] for i in order], sizes[order])
            )
        return charts

    def _images(self) -> dict[str, Any]:
        """What every pixel added, for the first dozen images; the mean over the channels."""
        charts = []
        for row in range(min(len(self.features), 12)):
            flat = self.features[row].mean(axis=-1)[::-1]  # the first row of a picture is its highest
            high, wide = flat.shape
            charts.append(
                {
                    "kind": "heatmap",
                    "title": f"row {row}: {number(self.scores[row], 3)}",
                    "shape": [high, wide],
                    "extent": [0, wide - 1, 0, high - 1],
                    "values": flat_numbers(flat),
                    "scale": {"kind": "diverging", "bar": False},
                    "height": 140,
                    "bare": True,
                }
            )
        return {
            "kind": "multiples",
            "title": f"What each pixel added to the {self.what}",
            "least": 140,
            "charts": charts,
        }


def _bars(title: str, labels: list[str], values: np.ndarray) -> dict[str, Any]:
    return {
        "kind": "bars",
        "title": title,
        "orientation": "horizontal",
        "categories": labels,
        "value": {"title": "added to the score", "zero": True},
        "series": [
            {
                "name": "added",
                "values": flat_numbers(values),
                "colors": ["blue" if v >= 0 else "orange" for v in values],
            }
        ],
    }


def attribute(
    subject: Any,
    rows: Any,
    *,
    baseline: Any = None,
    output: int | str | None = None,
    tolerance: float = 0.01,
    steps: int | None = None,
    names: Sequence[str] | None = None,
    threads: int | None = None,
    network: int | None = None,
) -> Attribution:
    """Say what each column added to each row's score, by integrated gradients.

    The slopes of the score are summed along the straight way from the baseline to the row and multiplied by what each
    input moved. They add up to the score minus the baseline's (completeness), which is checked: places on the way are
    doubled until the largest gap is below `tolerance` of the scores' spread.

    Args:
        subject: a network with parameters, a run, or a model (about one of its networks, the heaviest member unless
            `network` says which: a mean of networks has no way through one).
        rows: a table for a model, an array (n, inputs) for a network.
        baseline: the row to compare with: of a network (inputs,) numbers, zeros when None; of a model a table of one
            row, its prepared zeros when None (numbers at their mean, no category).
        output: which output or class; a model's last class and a network's first output when None.
        tolerance: how much of the scores' spread the sums may miss; a share above 0.
        steps: exactly so many places on the way, in place of `tolerance`.
        names: names of a network's inputs.
        threads: how many share the rows; the result does not depend on it.

    Returns:
        An `Attribution`.

    Raises:
        InputError: rows, a baseline or an output that do not fit.

    Example:
        >>> import thetastar as ts
        >>> net = ts.Network([ts.Dense(1)], input_shape=(2,)).with_parameters(
        ...     {"dense_1.weight": [[2.0], [-1.0]], "dense_1.bias": [5.0]})
        >>> added = ts.explain.attribute(net, [[3.0, 4.0]])
        >>> added.values.tolist(), added.baseline, added.scores.tolist()
        ([[6.0, -4.0]], 5.0, [7.0])

    Source: Sundararajan, Taly and Yan 2017.
    """
    where = "explain.attribute"
    tolerance = real(where, "tolerance", tolerance, 0.0, open_low=True)
    threads = default_threads() if threads is None else whole(where, "threads", threads, 1)
    answer = answer_of(where, subject, names)
    net = network_of(where, subject, network)
    table = answer.rows(where, rows)
    is_model = isinstance(answer, ModelAnswer)
    X = answer.model.preparation.transform(table) if is_model else table
    start = _baseline(where, answer, baseline, X.shape[1])
    of, sign, what = _output(where, net, answer, output)
    scale, shift = 1.0, 0.0
    if is_model and not answer.model.target_encoding.kind.probable:
        encoding = answer.model.target_encoding
        part = encoding.parts[of] if len(answer.targets) > 1 else encoding
        scale, shift = part.scale, part.mean

    def score(points: np.ndarray) -> np.ndarray:
        outputs = net.predict(points.reshape(len(points), *net.input_shape)).reshape(len(points), -1)
        return sign * outputs[:, of].astype(float) * scale + shift

    scores, first = score(X), float(score(start[None, :])[0])
    seed = np.zeros(int(np.prod(net.output_shape)), np.float32)
    seed[of] = sign
    used = whole(where, "steps", steps, 1, 10_000) if steps is not None else 16
    allowed = tolerance * max(float(np.std(np.append(scores, first))), 1e-12)
    while True:
        places, weights = np.polynomial.legendre.leggauss(used)
        slopes = input_gradients(net, X, start, (places + 1) / 2, weights / 2, seed, threads)
        features = slopes.astype(float) * (X.astype(float) - start) * scale
        gap = scores - first - features.sum(axis=1)
        if steps is not None or used >= 256 or np.abs(gap).max() <= allowed:
            break
        used *= 2
    values = _by_column(answer, features) if is_model else features
    shown = _texts(answer, table) if len(X) <= 1000 else ()
    return Attribution(
        tuple(answer.columns), values, features.reshape(-1, *net.input_shape), scores, first, gap, what, used, shown
    )


def input_gradients(
    net: Network,
    X: np.ndarray,
    baseline: np.ndarray,
    places: np.ndarray,
    weights: np.ndarray,
    of: np.ndarray,
    threads: int,
) -> np.ndarray:
    """(n, inputs) Σ weight · d(of · outputs)/dx at baseline + place · (X - baseline), computed by the engine."""
    dtype = next(iter(net.parameters.values())).dtype if net.parameters else np.dtype(np.float32)
    flat = (
        np.concatenate([array.ravel() for array in net.parameters.values()]) if net.parameters else np.zeros(0, dtype)
    )
    kind = engine.InputGradients32 if dtype == np.float32 else engine.InputGradients64
    X, baseline, places, weights, of = (np.ascontiguousarray(a, dtype) for a in (X, baseline, places, weights, of))
    out = np.empty(X.shape, dtype)
    kind(net._native(), flat)(X, baseline, places, weights, of, out, threads)
    return out


def _baseline(where: str, answer: Any, baseline: Any, inputs: int) -> np.ndarray:
    if baseline is None:
        return np.zeros(inputs, np.float32)
    if isinstance(answer, ModelAnswer):
        table = answer.rows(where, baseline)
        if table.row_count != 1:
            raise InputError(f"{where}: baseline must be one row. Got {table.row_count}. Pick one of them.")
        return answer.model.preparation.transform(table)[0]
    start = np.asarray(baseline, np.float32).ravel()
    if start.shape != (inputs,) or not np.isfinite(start).all():
        raise InputError(
            f"{where}: baseline must be {inputs} finite numbers. Got shape {np.shape(baseline)}. Give one row."
        )
    return start


def _output(where: str, net: Network, answer: Any, output: Any) -> tuple[int, float, str]:
    """Which raw output, with which sign, and its name: the score of a binary model's first class is turned round."""
    names = answer.outputs
    if output is None:
        place = len(names) - 1 if answer.classes is not None else 0
    elif isinstance(output, int) and not isinstance(output, bool) and 0 <= output < len(names):
        place = output
    elif str(output) in names:
        place = names.index(str(output))
    else:
        raise InputError(
            f"{where}: output must be one of {', '.join(names)}, or its place. Got {output!r}. Leave it "
            f"out for the usual one."
        )
    count = int(np.prod(net.output_shape))
    if answer.classes is not None and count == 1:
        return 0, 1.0 if place == 1 else -1.0, f"score of {names[place]}"
    return place, 1.0, f"score of {names[place]}" if answer.probable else names[place]


def _by_column(answer: ModelAnswer, features: np.ndarray) -> np.ndarray:
    """The sum over the features that each column makes."""
    places = feature_places(answer.model.preparation)
    return np.stack([features[:, places[name]].sum(axis=1) for name in answer.columns], axis=1)


def _texts(answer: Any, table: Any) -> tuple[tuple[str, ...], ...]:
    columns = []
    for name in answer.columns:
        values = answer.values(table, name) if isinstance(answer, ModelAnswer) or len(answer.columns) <= 64 else None
        if values is None or values.ndim > 1:
            return ()
        columns.append(
            ["missing" if v is None or v != v else v if isinstance(v, str) else number(v, 4) for v in values]
        )
    return tuple(zip(*columns, strict=True))
