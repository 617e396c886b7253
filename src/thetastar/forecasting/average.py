"""Averages of forecasts: which candidates, with which weights."""

from __future__ import annotations

import numpy as np

from thetastar.forecasting.origins import Backtest

__all__ = ["average_weights", "weighted"]

_BEST = 6  # candidates that share one half of the weight equally
_BEST_OF_LITTLE = 12  # candidates where next to nothing says which are the best
_NEAR = 1.25  # times the best one's error: further off they are not taken beyond the first few
_ROUNDS = 20  # of the greedy search, which gives out the other half
_STRETCHES = 8  # horizons that the origins must span for a whole half; it has less to go by on fewer
_POOL = 16
_PLACES = 40_000  # errors that the greedy search looks at


def average_weights(backtest: Backtest, names: list[str], steps: slice) -> dict[str, float]:
    """Weights that add up to 1: half of them equal over the best few, half found greedily with replacement.

    The greedy half (Caruana et al. 2004) picks what helps the average most, again and again; the equal half keeps the
    weights from following the accidents of one stretch. Where origins span few horizons, the greedy part is smaller and
    the equal half is shared by more; of many series, whose accidents are not all the same, the greedy part is nearly
    everything.
    """
    order = sorted(names, key=lambda name: backtest.error(name, steps))
    order = [name for name in order if np.isfinite(backtest.error(name, steps))][:_POOL]
    if not order:
        return {}
    evidence = min(1.0, backtest.stretches / _STRETCHES)
    best = order[: round(_BEST + (_BEST_OF_LITTLE - _BEST) * (1 - evidence))]
    near = _NEAR * backtest.error(best[0], steps)
    best = [name for place, name in enumerate(best) if place < _BEST or backtest.error(name, steps) <= near]
    known = ~np.isnan(backtest.truth[..., steps])
    scale = np.broadcast_to(backtest.scale[:, None, steps], known.shape)[known]
    thin = slice(None, None, max(1, len(scale) // _PLACES))
    truth = (backtest.truth[..., steps][known] / scale)[thin]
    made = np.stack([(backtest.forecasts[name][..., steps][known] / scale)[thin] for name in order])
    picks = np.zeros(len(order))
    total = np.zeros(len(truth))
    for count in range(1, _ROUNDS + 1):
        errors = np.abs((total + made) / count - truth).mean(axis=1)
        place = int(np.argmin(errors))
        picks[place] += 1
        total += made[place]
    greedy = 1 - (1 - 0.5 * evidence) / np.sqrt(len(backtest.truth))
    weights = {name: greedy * pick / _ROUNDS for name, pick in zip(order, picks, strict=True) if pick}
    for name in best:
        weights[name] = weights.get(name, 0.0) + (1 - greedy) / len(best)
    return {name: weight for name, weight in weights.items() if weight >= 0.02} or {order[0]: 1.0}


def weighted(forecasts: dict[str, np.ndarray], weights: list[tuple[slice, dict[str, float]]]) -> np.ndarray:
    """(n, O, H) the average: for each slice of steps its own weights.

    Example:
        >>> made = {"a": np.array([[[1.0, 1.0]]]), "b": np.array([[[3.0, 5.0]]])}
        >>> weighted(made, [(slice(0, 1), {"a": 1.0}), (slice(1, 2), {"a": 0.5, "b": 0.5})]).tolist()
        [[[1.0, 3.0]]]
    """
    first = next(iter(forecasts.values()))
    result = np.zeros_like(first)
    for steps, shares in weights:
        whole = sum(shares.values())
        for name, share in shares.items():
            result[..., steps] += share / whole * forecasts[name][..., steps]
    return result
