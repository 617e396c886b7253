"""More neurons, closer: one hidden layer of growing width beside the function that it approximates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from thetastar import training
from thetastar._checks import one_of, real, whole
from thetastar.errors import InputError
from thetastar.expression import Expression, parse
from thetastar.initializers import normal, uniform
from thetastar.jobs import Job
from thetastar.layers import Dense
from thetastar.network import Network
from thetastar.optimizers import LBFGS

from .result import Explanation, flat_numbers, number

__all__ = ["Approximation", "approximate"]


@dataclass(frozen=True)
class Approximation(Explanation):
    """A function, and networks of one hidden layer beside it.

    Attributes:
        function: what it is called.
        neurons: (k,) how many neurons each network has.
        x, y: (points,) where everything is compared, and the function there.
        fits: (k, points) the networks there.
        rms, largest: (k,) the root of the mean square difference, and the largest.
        networks: the networks.
        method: "trained" or "constructed".
    """

    function: str
    neurons: tuple[int, ...]
    x: np.ndarray
    y: np.ndarray
    fits: np.ndarray
    rms: np.ndarray
    largest: np.ndarray
    networks: tuple[Network, ...]
    method: str

    def __str__(self) -> str:
        lines = [
            f"{self.function} between {number(self.x[0])} and {number(self.x[-1])}, one hidden layer, {self.method}",
            f"{'neurons':>8}{'rms error':>14}{'largest error':>16}",
        ]
        for row in zip(self.neurons, self.rms, self.largest, strict=True):
            lines.append(f"{row[0]:>8}{number(row[1], 4):>14}{number(row[2], 4):>16}")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        return super().to_dict() | {"networks": [net.to_dict() for net in self.networks]}

    def charts(self) -> list[dict[str, Any]]:
        """The function and each network's curve; the errors by width."""
        x = flat_numbers(self.x)
        curves = [
            {
                "kind": "lines",
                "title": f"{count} neurons",
                "x": {"title": "x"},
                "y": {"title": "y"},
                "series": [
                    {"name": "function", "x": x, "y": flat_numbers(self.y), "color": "red"},
                    {"name": "network", "x": x, "y": flat_numbers(fit), "color": "blue"},
                ],
            }
            for count, fit in zip(self.neurons, self.fits, strict=True)
        ]
        errors = {
            "kind": "lines",
            "title": "More neurons, closer",
            "x": {"title": "neurons", "scale": "log"},
            "y": {"title": "rms error", "scale": "log"},
            "series": [{"x": list(self.neurons), "y": flat_numbers(np.maximum(self.rms, 1e-12)), "dots": True}],
        }
        return [{"kind": "multiples", "label": self.function, "shared": "both", "charts": curves}, errors]


def approximate(
    f: str | Expression | Callable[[np.ndarray], np.ndarray],
    *,
    neurons: Sequence[int] = (2, 5, 20, 80),
    domain: tuple[float, float] = (-3.0, 3.0),
    method: str = "trained",
    activation: str = "tanh",
    rows: int = 400,
    epochs: int = 400,
    starts: int = 4,
    seed: int = 0,
    threads: int | None = None,
) -> Approximation:
    """Approximate a function of one variable by networks of one hidden layer, the wider the closer.

    Args:
        f: a typed function ("sin(3x) + x/2"), or a function of an array x (n,) that gives (n,).
        neurons: the widths.
        domain: (low, high) of x.
        method: "trained": by L-BFGS on `rows` points, the best of several starts; or "constructed": ReLUs that make the
            broken line through n + 1 points at equal distances, without any training.
        activation: of the trained networks.
        rows, epochs, starts, seed, threads: of the training.

    Returns:
        An `Approximation`.

    Raises:
        InputError: a function with more variables than one or without a value in the domain, or settings that break a
            rule.

    Example:
        >>> import thetastar as ts
        >>> closer = ts.explain.approximate("x^2", neurons=(2, 4, 8), domain=(0, 1), method="constructed")
        >>> closer.largest.round(6).tolist()  # h² / 4 · f'' / 2 with h = 1 / n
        [0.0625, 0.015625, 0.003906]

    Source: lecture 1 (a piecewise linear curve with sufficient pieces), lecture 4 (universal approximation; Cybenko
        1989).
    """
    where = "explain.approximate"
    one_of(where, "method", method, ("trained", "constructed"))
    widths = tuple(whole(where, "neurons", n, 1, 100_000) for n in neurons)
    if not widths:
        raise InputError(f"{where}: neurons must be a list of widths. Got none. Use for example (2, 5, 20, 80).")
    low, high = (real(where, f"domain[{i}]", end) for i, end in enumerate(domain))
    if not low < high:
        raise InputError(f"{where}: domain must go from low to high. Got {domain!r}. Turn it round.")
    name, evaluate = _function(where, f)
    x = np.linspace(low, high, 801)
    y = _values(where, name, evaluate, x)
    if method == "constructed":
        networks = [_broken_line(evaluate, low, high, n) for n in widths]
    else:
        settings = {
            "rows": whole(where, "rows", rows, 2),
            "starts": whole(where, "starts", starts, 1),
            "epochs": epochs,
        }
        networks = _trained(evaluate, low, high, widths, activation, seed, threads, **settings)
    fits = np.stack([net.predict(x[:, None])[:, 0].astype(float) for net in networks])
    apart = fits - y
    return Approximation(
        name, widths, x, y, fits, np.sqrt((apart**2).mean(axis=1)), np.abs(apart).max(axis=1), tuple(networks), method
    )


def _function(where: str, f: Any) -> tuple[str, Callable[[np.ndarray], np.ndarray]]:
    if callable(f) and not isinstance(f, Expression):
        return getattr(f, "__name__", "function"), lambda x: np.asarray(f(x), float)
    expression = f if isinstance(f, Expression) else parse(f, most_variables=1)
    if len(expression.variables) != 1:
        raise InputError(
            f"{where}: the function must have one variable. Got "
            f"{', '.join(expression.variables) or 'none'}. Use x alone."
        )
    return str(expression), lambda x: np.broadcast_to(expression(**{expression.variables[0]: x}), x.shape)


def _values(where: str, name: str, evaluate: Callable, x: np.ndarray) -> np.ndarray:
    y = np.asarray(evaluate(x), float)
    if y.shape != x.shape or not np.isfinite(y).all():
        found = (
            f"shape {y.shape}" if y.shape != x.shape else f"{y[~np.isfinite(y)][0]} at x = {x[~np.isfinite(y)][0]:.4g}"
        )
        raise InputError(
            f"{where}: {name} must have a finite value at every x of the domain. Got {found}. Choose another domain."
        )
    return y


_STEEP = (2.0, 3.0, 5.0, 1.0)  # how steep the neurons of a start are: some functions want steep ones, some do not


def _hidden_layer(n: int, activation: str, steep: float) -> Network:
    """Neurons whose middles lie all over the domain."""
    first = Dense(n, activation=activation, kernel_initializer=normal(steep), bias_initializer=uniform(1.3 * steep))
    return Network([first, Dense(1)], input_shape=(1,))


def _broken_line(evaluate: Callable, low: float, high: float, n: int) -> Network:
    """y_0 + Σ (slope_i - slope_{i-1}) relu(x - x_i): n neurons make n straight pieces."""
    knots = np.linspace(low, high, n + 1)
    values = np.asarray(evaluate(knots), float)
    slopes = np.diff(values) / np.diff(knots)
    net = Network([Dense(n, activation="relu"), Dense(1)], input_shape=(1,))
    changes = np.diff(slopes, prepend=0.0)
    return net.with_parameters(
        {
            "dense_1.weight": np.ones((1, n)),
            "dense_1.bias": -knots[:-1],
            "dense_2.weight": changes[:, None],
            "dense_2.bias": values[:1],
        }
    )


def _trained(evaluate, low, high, widths, activation, seed, threads, *, rows, starts, epochs) -> list[Network]:
    """The best of some starts of each width. Inside, x and y have mean 0 and deviation 1; the layers take that back."""
    x = np.linspace(low, high, rows)
    y = np.asarray(evaluate(x), float)
    middle, reach = (low + high) / 2, (high - low) / 2 / np.sqrt(3)
    centre, spread = float(y.mean()), float(y.std()) or 1.0
    jobs = [
        Job(
            _hidden_layer(n, activation, _STEEP[start % len(_STEEP)]),
            loss="mean_squared_error",
            optimizer=LBFGS(),
            epochs=epochs,
            batch_size=rows,
            shuffle=False,
            seed=seed + start,
        )
        for n in widths
        for start in range(starts)
    ]
    runs = training.train_many(
        jobs, (x[:, None] - middle) / reach, (y - centre) / spread, dtype="float64", threads=threads
    )
    best = [min(runs[i * starts : (i + 1) * starts], key=lambda run: run.loss) for i in range(len(widths))]
    networks = []
    for run in best:
        p = run.network.parameters
        networks.append(
            run.network.with_parameters(
                {
                    "dense_1.weight": p["dense_1.weight"] / reach,
                    "dense_1.bias": p["dense_1.bias"] - middle / reach * p["dense_1.weight"][0],
                    "dense_2.weight": p["dense_2.weight"] * spread,
                    "dense_2.bias": p["dense_2.bias"] * spread + centre,
                }
            )
        )
    return networks
