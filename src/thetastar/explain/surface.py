"""The loss as a landscape: over two parameters, or over two directions in the space of all of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from thetastar import losses
from thetastar._checks import nearest, real, whole
from thetastar._native import default_threads, engine
from thetastar.arrays import Arrays
from thetastar.errors import InputError
from thetastar.network import Network

from .result import Explanation, flat_numbers, number
from .subject import network_of, part_of

__all__ = ["Surface", "surface"]

_PLACE = re.compile(r"^(.+)\[(\d+(?:\s*,\s*\d+)*)\]$")


@dataclass(frozen=True)
class Surface(Explanation):
    """The mean loss over a plane (or a line) through the parameters.

    Attributes:
        axes: the names of the two axes, or of the only one.
        across, up: the coordinates of the columns and of the rows; `up` is (0,) for one axis. For parameters they are
            their values, for directions steps from the network along them.
        values: (rows, columns) the loss; (columns,) for one axis.
        at: the network's own place.
        loss_at: its loss.
        loss_name: which loss.
        path: (k, axes) where the path's networks lie on the plane.
        path_losses: (k,) the losses that they really have.
        path_on_plane: (k,) the losses of the plane where they are drawn.
        projected: True where the path leaves the plane, so that what is drawn under it is not its loss.
        seen: the share of the path's length (squared) that lies in the plane; NaN without a path.
        directions: (axes, parameters) what one step along each axis adds.
    """

    axes: tuple[str, ...]
    across: np.ndarray
    up: np.ndarray
    values: np.ndarray
    at: tuple[float, ...]
    loss_at: float
    loss_name: str
    path: np.ndarray
    path_losses: np.ndarray
    path_on_plane: np.ndarray
    projected: bool
    seen: float
    directions: np.ndarray

    @property
    def lowest(self) -> tuple[float, ...]:
        """The coordinates of the lowest value drawn."""
        place = np.unravel_index(int(np.nanargmin(self.values)), self.values.shape)
        return tuple(float(axis[i]) for axis, i in zip((self.up, self.across)[-len(place) :], place, strict=True))[::-1]

    def __str__(self) -> str:
        size = " × ".join(str(n) for n in self.values.shape[::-1])
        low = ", ".join(f"{name} = {number(v, 4)}" for name, v in zip(self.axes, self.lowest, strict=True))
        finite = self.values[np.isfinite(self.values)]
        lines = [
            f"{self.loss_name} over {' and '.join(self.axes)}: {size} places, from "
            f"{number(finite.min())} to {number(finite.max())}",
            f"lowest at {low}; the network itself has {number(self.loss_at)}",
        ]
        if len(self.path):
            kind = "projected" if self.projected else "on the plane"
            lines.append(
                f"path of {len(self.path)} networks, {kind}: loss {number(self.path_losses[0])} → "
                f"{number(self.path_losses[-1])}"
            )
        if self.projected:
            lines.append(
                f"The path leaves the plane, which holds {self.seen:.0%} of its squared length: where it "
                f"is drawn the plane "
                f"has losses from {number(np.nanmin(self.path_on_plane))} to "
                f"{number(np.nanmax(self.path_on_plane))}, not the path's."
            )
        return "\n".join(lines)

    def charts(self) -> list[dict[str, Any]]:
        """The landscape with the path on it, and the path's true losses beside those drawn under it."""
        if len(self.axes) == 1:
            series = [{"name": "loss", "x": flat_numbers(self.across), "y": flat_numbers(self.values), "color": "ink"}]
            if len(self.path):
                series.append(
                    {
                        "name": "path",
                        "x": flat_numbers(self.path[:, 0]),
                        "y": flat_numbers(self.path_losses),
                        "dots": True,
                        "color": "red",
                    }
                )
            return [
                {
                    "kind": "lines",
                    "title": f"{self.loss_name} over {self.axes[0]}",
                    "x": {"title": self.axes[0]},
                    "y": {"title": "loss"},
                    "series": series,
                    "hover": "nearest",
                }
            ]
        values = self.values[np.isfinite(self.values)]
        drawn = {
            "kind": "contours",
            "title": f"{self.loss_name} over {self.axes[0]} and {self.axes[1]}",
            "x": {"title": self.axes[0]},
            "y": {"title": self.axes[1]},
            "shape": list(self.values.shape),
            "extent": [float(self.across[0]), float(self.across[-1]), float(self.up[0]), float(self.up[-1])],
            "values": flat_numbers(self.values),
            "levels": 14,
            "scale": {"kind": "sequential", "title": "loss", "log": bool(values.size and values.min() > 0)},
            "marks": [{"point": [float(v) for v in self.at], "label": "the network"}],
        }
        if not len(self.path):
            return [drawn]
        name = "path (projected)" if self.projected else "path"
        drawn["paths"] = [{"name": name, "points": [[float(a), float(b)] for a, b in self.path]}]
        if self.projected:
            drawn["caption"] = (
                f"The path is projected: the plane holds {self.seen:.0%} of its squared length. Its true "
                f"losses are below."
            )
        steps = list(range(len(self.path)))
        beside = {
            "kind": "lines",
            "title": "The path's loss",
            "x": {"title": "place on the path", "format": "integer"},
            "y": {"title": "loss"},
            "series": [
                {"name": "true", "x": steps, "y": flat_numbers(self.path_losses)},
                {"name": "of the plane under it", "x": steps, "y": flat_numbers(self.path_on_plane), "dash": "dashed"},
            ],
        }
        return [drawn, beside] if self.projected else [drawn]


def surface(
    net: Any,
    X: Any,
    y: Any = None,
    loss: Any = "mean_squared_error",
    *,
    axes: str | Sequence[str] = "random",
    path: Any = None,
    resolution: int | tuple[int, int] = 41,
    limits: Sequence[tuple[float, float]] | None = None,
    sample_weight: Any = None,
    seed: int = 0,
    threads: int | None = None,
    on_progress: Callable[[float], None] | None = None,
    network: int | None = None,
) -> Surface:
    """Compute the loss over a plane through a network's parameters.

    Args:
        net: a network with parameters, a run, or a model (whose `network=` it is about, the heaviest when None).
        X, y: the rows, as `ts.train` takes them.
        loss: a loss or its name.
        axes: two parameters by name and place, ("dense_1.weight[0,0]", "dense_1.bias[0]"), or one for a curve;
            "random": two random directions, each filter scaled to the length of the network's own; "pca": the two
            directions in which the path moved most.
        path: what training passed through, first to last: a list of networks, runs or dicts of parameters, or a run
            with snapshots. Networks on it need not lie on the plane: then they are projected, and the result says so.
        resolution: how many places along each axis.
        limits: (low, high) of each axis; around the path and the network when None.
        sample_weight: (n,) or None.
        seed: of the random directions.
        threads: how many share the places; the result does not depend on it.
        on_progress: called with the share that is done after every line.

    Returns:
        A `Surface`.

    Raises:
        InputError: axes, rows or a path that do not fit.

    Example:
        >>> import thetastar as ts
        >>> line = ts.Network([ts.Dense(1)], input_shape=(1,)).with_parameters(
        ...     {"dense_1.weight": [[1.0]], "dense_1.bias": [0.0]})
        >>> seen = ts.explain.surface(line, [[0.0], [1.0]], [0.0, 1.0], loss="mse", resolution=3,
        ...     axes=("dense_1.weight[0,0]", "dense_1.bias[0]"), limits=[(0, 2), (-1, 1)])
        >>> seen.values.tolist()
        [[2.5, 1.0, 0.5], [0.5, 0.0, 0.5], [0.5, 1.0, 2.5]]

    Source: lecture 1 (L(b, w) as contours); Li et al. 2018 (filter-normalised directions, PCA of the path).
    """
    where = "explain.surface"
    net = network_of(where, net, network)
    loss = losses.get(loss)
    dtype = next(iter(net.parameters.values())).dtype if net.parameters else np.dtype(np.float32)
    centre = np.concatenate([array.ravel() for array in net.parameters.values()]).astype(float)
    walked = _path(where, net, path)
    names, directions, offset = _axes(where, net, centre, axes, walked, seed)
    sizes = _resolution(where, resolution, len(names))
    own = np.array(offset)
    coordinates, seen, leaves = _project(walked, centre, directions, own)
    ranges = _limits(where, limits, len(names), own, coordinates, named=axes not in ("random", "pca"))
    grids = [np.linspace(low, high, n) for (low, high), n in zip(ranges, sizes, strict=True)]
    whole_net = _Measure.of(where, net, loss, X, y, sample_weight, dtype)
    workers = default_threads() if threads is None else whole(where, "threads", threads, 1)
    steps = [grid - at for grid, at in zip(grids, own, strict=True)]
    values = np.stack(
        list(_lines(whole_net.from_layer(net, directions), centre, directions, steps, workers, on_progress))
    )
    true = np.concatenate(
        [whole_net(point, np.zeros((0, point.size)), np.zeros((1, 0)), 1) for point in [*walked, centre]]
    )
    under = whole_net(centre, directions, coordinates - own, workers)
    return Surface(
        names,
        grids[0],
        grids[1] if len(names) == 2 else np.zeros(0),
        values if len(names) == 2 else values[0],
        tuple(float(v) for v in own),
        float(true[-1]),
        loss.name,
        coordinates,
        true[:-1],
        under,
        leaves,
        seen,
        directions,
    )


@dataclass(frozen=True)
class _Measure:
    """The mean loss of a network as a function of its parameters, flat."""

    spec: Any  # the core's description
    rows: np.ndarray
    target: np.ndarray
    weights: np.ndarray | None
    loss: dict
    skipped: int = 0  # parameters before the first layer that is part of it

    @classmethod
    def of(
        cls, where: str, net: Network, loss: losses.Loss, X: Any, y: Any, sample_weight: Any, dtype: np.dtype
    ) -> _Measure:
        arrays = Arrays(X, y, dtype)
        shape = arrays.X.shapes[0]
        if shape[1:] not in (net.input_shape, (int(np.prod(net.input_shape)),)):
            raise InputError(
                f"{where}: X must have shape (n, {', '.join(map(str, net.input_shape))}). Got {shape}. "
                "Give the rows as the network takes them."
            )
        losses.check_members(where, loss, arrays.X.members, arrays.X.shapes)
        target = arrays.targets(loss, y, arrays.X.count, net.output_shape)
        weights = arrays.weights(sample_weight, arrays.X.count)
        return cls(net._native(), arrays.X.array, target, weights, loss.to_native())

    def from_layer(self, net: Network, directions: np.ndarray) -> _Measure:
        """The same where only layers from the first one that the directions change are computed anew for each place."""
        first = _first_changed(net, directions)
        if first == 0:
            return self
        before = part_of(net, 0, first)
        rows = before.predict(self.rows.reshape(len(self.rows), *net.input_shape))
        rest = part_of(net, first, len(net.layers))
        return replace(
            self,
            spec=rest._native(),
            rows=np.ascontiguousarray(rows.reshape(len(rows), -1)),
            skipped=before.parameter_count,
        )

    def __call__(self, origin: np.ndarray, directions: np.ndarray, places: np.ndarray, threads: int) -> np.ndarray:
        """(P,) mean losses with the parameters origin (N,) + places (P, D) @ directions (D, N)."""
        core = engine.landscape32 if self.rows.dtype == np.float32 else engine.landscape64
        cut = slice(self.skipped, None)
        return core(
            self.spec,
            np.ascontiguousarray(origin[cut]),
            np.ascontiguousarray(directions[:, cut]),
            np.ascontiguousarray(places),
            self.rows,
            self.target,
            self.weights,
            self.loss,
            threads,
        )


def _lines(
    measure: _Measure,
    centre: np.ndarray,
    directions: np.ndarray,
    steps: list[np.ndarray],
    threads: int,
    on_progress: Callable[[float], None] | None,
) -> Iterator[np.ndarray]:
    """The losses line by line: the first direction along a line, the second, if there is one, from line to line."""
    across = steps[1] if len(steps) == 2 else [None]
    for done, v in enumerate(across, start=1):
        places = steps[0][:, None] if v is None else np.column_stack([steps[0], np.full(len(steps[0]), v)])
        yield measure(centre, directions, places, threads)
        if on_progress is not None:
            on_progress(done / len(across))


def _first_changed(net: Network, directions: np.ndarray) -> int:
    """The first layer that has a parameter on one of the directions; 0 where there is none."""
    at = 0
    owner = []
    for name, shape in net.parameter_shapes.items():
        size = int(np.prod(shape))
        owner.append((net.layer_names.index(name.partition(".")[0]), at, at + size))
        at += size
    changed = [layer for layer, begin, end in owner if directions[:, begin:end].any()]
    return min(changed, default=0)


def _path(where: str, net: Network, path: Any) -> list[np.ndarray]:
    """The flat parameters of every network that training passed through."""
    if path is None:
        return []
    snapshots = getattr(path, "snapshots", None)
    if isinstance(path, Network) or hasattr(path, "history"):
        if snapshots is None or not len(snapshots):
            raise InputError(
                f"{where}: path must be several networks. Got one. Give a list of networks or runs, first to last."
            )
        path = snapshots
    walked = []
    for place, one in enumerate(path.values() if isinstance(path, dict) else path):
        one = getattr(one, "network", one)
        parameters = one.parameters if isinstance(one, Network) else one
        if isinstance(parameters, np.ndarray) and parameters.shape == (net.parameter_count,):
            walked.append(parameters.astype(float))
            continue
        shapes = {name: np.shape(array) for name, array in parameters.items()} if isinstance(parameters, dict) else None
        if shapes != net.parameter_shapes:
            raise InputError(
                f"{where}: every network of the path must have the parameters of this one. Number {place} has others. "
                "Give networks of the same training."
            )
        walked.append(np.concatenate([np.asarray(array, float).ravel() for array in parameters.values()]))
    return walked


def _axes(where: str, net: Network, centre: np.ndarray, axes: Any, walked: list[np.ndarray], seed: int):
    """The axes' names, (axes, parameters) directions, and the network's own coordinates."""
    if axes == "random":
        rng = np.random.default_rng(whole(where, "seed", seed))
        return ("direction 1", "direction 2"), np.stack([_filter_normalised(net, rng) for _ in range(2)]), (0.0, 0.0)
    if axes == "pca":
        if len(walked) < 2:
            raise InputError(
                f"{where}: axes='pca' needs a path of at least 2 networks. Got {len(walked)}. Give path=[…]."
            )
        moved = np.stack(walked) - centre
        _, lengths, rows = np.linalg.svd(moved, full_matrices=False)
        if lengths[0] == 0:
            raise InputError(
                f"{where}: axes='pca' needs a path that moves. All its networks are the same. Use axes='random'."
            )
        second = rows[1] if len(rows) > 1 and lengths[1] > 1e-9 * lengths[0] else _other_direction(net, rows[0], seed)
        return ("main direction 1", "main direction 2"), np.stack([rows[0], second]), (0.0, 0.0)
    names = (axes,) if isinstance(axes, str) else tuple(axes)
    if len(names) not in (1, 2) or len(set(names)) != len(names):
        raise InputError(
            f"{where}: axes must be one or two different parameters, 'random' or 'pca'. Got {axes!r}. "
            f"Use for example {_example(net)}."
        )
    places = [_parameter_place(where, net, name) for name in names]
    directions = np.zeros((len(names), len(centre)))
    directions[np.arange(len(names)), places] = 1.0
    return tuple(names), directions, tuple(centre[place] for place in places)


def _example(net: Network) -> str:
    name, shape = next(iter(net.parameter_shapes.items()))
    return repr(f"{name}[{','.join('0' * len(shape))}]")


def _parameter_place(where: str, net: Network, name: str) -> int:
    match = _PLACE.match(name) if isinstance(name, str) else None
    array = match.group(1) if match else str(name)
    if array not in net.parameter_shapes:
        raise InputError(f"{where}: there is no parameter {array!r}. {nearest(array, net.parameter_shapes)}")
    shape = net.parameter_shapes[array]
    place = tuple(int(i) for i in match.group(2).split(",")) if match else ()
    if len(place) != len(shape) or any(i >= n for i, n in zip(place, shape, strict=False)):
        last = ",".join(str(n - 1) for n in shape)
        raise InputError(
            f"{where}: {array} has places from [{','.join('0' * len(shape))}] to [{last}]. Got {name!r}. "
            f"Name one of them."
        )
    before = 0
    for other, other_shape in net.parameter_shapes.items():
        if other == array:
            return before + int(np.ravel_multi_index(place, shape))
        before += int(np.prod(other_shape))
    raise AssertionError(array)


def _filter_normalised(net: Network, rng: np.random.Generator) -> np.ndarray:
    """A random direction whose weights into each neuron are as long as the network's own; biases do not move."""
    parts = []
    for name, array in net.parameters.items():
        drawn = rng.standard_normal(array.shape)
        if array.ndim < 2:
            parts.append(np.zeros(array.size))
            continue
        axis = 1 if name.startswith("embedding") else 0
        own, length = np.linalg.norm(array, axis=axis, keepdims=True), np.linalg.norm(drawn, axis=axis, keepdims=True)
        parts.append((drawn * own / np.maximum(length, 1e-30)).ravel())
    return np.concatenate(parts)


def _other_direction(net: Network, first: np.ndarray, seed: int) -> np.ndarray:
    """Where a path is a straight line: a random direction across it."""
    drawn = np.random.default_rng(seed).standard_normal(len(first))
    drawn -= (drawn @ first) * first
    length = np.linalg.norm(drawn)
    return drawn / length if length > 1e-9 else np.zeros_like(first)


def _resolution(where: str, resolution: Any, count: int) -> list[int]:
    sizes = list(resolution) if isinstance(resolution, tuple | list) else [resolution] * count
    if len(sizes) != count:
        raise InputError(
            f"{where}: resolution must be one number, or one for each of {count} axes. Got {resolution!r}. Use 41."
        )
    return [whole(where, "resolution", size, 2, 2000) for size in sizes]


def _project(walked: list[np.ndarray], centre: np.ndarray, directions: np.ndarray, own: np.ndarray):
    """The path's coordinates on the plane, the share of its squared length there, and whether it leaves the plane."""
    if not walked:
        return np.zeros((0, len(own))), float("nan"), False
    moved = np.stack(walked) - centre
    on_plane, *_ = np.linalg.lstsq(directions.T, moved.T, rcond=None)
    left = moved - on_plane.T @ directions
    total, lost = float((moved**2).sum()), float((left**2).sum())
    return own + on_plane.T, 1.0 if total == 0 else 1 - lost / total, bool(lost > 1e-8 * max(total, 1e-30))


def _limits(where: str, limits: Any, count: int, own: np.ndarray, path: np.ndarray, *, named: bool):
    if limits is not None:
        given = [limits] if count == 1 and np.ndim(limits) == 1 else list(limits)
        if len(given) != count or any(len(pair) != 2 for pair in given):
            raise InputError(
                f"{where}: limits must be (low, high) for each of {count} axes. Got {limits!r}. Leave "
                f"them out for all around the path."
            )
        pairs = [tuple(real(where, "limits", end) for end in pair) for pair in given]
        if any(low >= high for low, high in pairs):
            raise InputError(f"{where}: limits must go from low to high. Got {limits!r}. Turn them round.")
        return pairs
    points = np.vstack([own[None, :], path])
    low, high = points.min(axis=0), points.max(axis=0)
    around = 0.3 * (high - low)
    least = np.maximum(1.0, np.abs(own)) if named else np.ones(count)
    room = np.where(high - low > 1e-6, around, least)
    return [(float(a - r), float(b + r)) for a, b, r in zip(low, high, room, strict=True)]
