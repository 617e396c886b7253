"""Each optimiser's update with its formula and one parameter's numbers. The engine moves the parameters; this says how.

The symbols are those of `thetastar.optimizers`: g the gradient with its weight decay, η the learning rate, t the step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .result import factor, number

__all__ = ["Move", "moment_names", "update_lines"]


@dataclass(frozen=True)
class Move:
    """One parameter's way through a step.

    Attributes:
        symbol: "w₁₁" or "b".
        w, new: the parameter before and after.
        g: its gradient, as the optimiser got it.
        before, after: its moments by name.
        t: which step this is, from 1.
        decay: the weight decay λ that acts on it.
    """

    symbol: str
    w: float
    new: float
    g: float
    before: dict[str, float]
    after: dict[str, float]
    t: int
    decay: float = 0.0
    extra: dict[str, float] = field(default_factory=dict)


Line = tuple[str, str, str, float]  # symbol, formula, numbers, value


def moment_names(optimizer: Any) -> list[tuple[str, float]]:
    """Name of each of the optimiser's states, and what the core's number is multiplied by to be it."""
    mean = [("mean", 1.0)] if optimizer.average is not None else []
    return _own_moments(optimizer) + mean


def _own_moments(optimizer: Any) -> list[tuple[str, float]]:
    kind = optimizer.to_native()["kind"]
    if kind in ("adam", "muon"):  # the core keeps m / (1 - β₁) and v / (1 - β₂)
        m, v = 1 - optimizer.beta_1, 1 - optimizer.beta_2
        amsgrad = getattr(optimizer, "amsgrad", False)
        return [("m", m), ("v", v), ("v_max", v)] if amsgrad else [("m", m), ("v", v)]
    if kind == "rmsprop":
        names = ["s"] + ["mean"] * bool(optimizer.centred) + ["v"] * (optimizer.momentum != 0)
    elif kind == "sgd":
        names = ["v"] * (optimizer.momentum != 0)
    elif kind == "lbfgs":
        names = ["last_gradient", "direction"] + [
            f"{what}_{k + 1}" for what in ("step", "change") for k in range(optimizer.history)
        ]
    else:
        names = _NAMES[kind]
    return [(name, 1.0) for name in names]


_NAMES = {
    "adamax": ["m", "u"],
    "nadam": ["m", "v"],
    "radam": ["m", "v"],
    "sparse_adam": ["m", "v"],
    "adagrad": ["s"],
    "adadelta": ["s", "d"],
    "asgd": ["mean"],
    "rprop": ["last_gradient", "size"],
    "ftrl": ["n", "z"],
    "lion": ["m"],
    "sophia": ["m", "h"],
    "lamb": ["m", "v"],
    "adafactor": ["v", "columns"],
    "schedule_free_adamw": ["x", "z", "v"],
}


def update_lines(optimizer: Any, move: Move) -> list[Line]:
    """The lines of one parameter's update, in order; the last is the parameter itself."""
    kind = optimizer.to_native()["kind"]
    lines: list[Line] = []
    g, w = move.g, move.w
    decoupled = bool(optimizer.to_native().get("decoupled", False))
    if kind == "schedule_free_adamw" or (kind == "lamb" and not decoupled):
        *moments, (formula, numbers) = _RULES[kind](optimizer, move, move.symbol, f"∂L/∂{move.symbol}", w, g)
        return [*moments, (move.symbol, formula, numbers, move.new)]  # the decay is a term of the rule
    if move.decay and not decoupled:
        g = move.g + move.decay * w
        lines.append(
            ("g", f"∂L/∂{move.symbol} + λ {move.symbol}", f"{factor(move.g)} + {number(move.decay)} · {factor(w)}", g)
        )
    if move.decay and decoupled:
        w = w * (1 - optimizer.learning_rate * move.decay)
        lines.append(
            (
                f"{move.symbol}'",
                f"(1 - η λ) {move.symbol}",
                f"(1 - {number(optimizer.learning_rate)} · {number(move.decay)}) · {factor(move.w)}",
                w,
            )
        )
    letter = f"{move.symbol}'" if move.decay and decoupled else move.symbol
    slope = "g" if move.decay and not decoupled else f"∂L/∂{move.symbol}"
    *moments, (formula, numbers) = _RULES[kind](optimizer, move, letter, slope, w, g)
    lines += moments
    lines.append((move.symbol, formula, numbers, move.new))
    return lines


def _mean(name: str, beta: float, move: Move, what: str, value: float, square: bool = False) -> Line:
    power = "²" if square else ""
    squared = f"{factor(value)}{'^2' if square else ''}"
    return (
        name,
        f"{number(beta)} {name} + {number(1 - beta)} {what}{power}",
        f"{number(beta)} · {factor(move.before[name])} + {number(1 - beta)} · {squared}",
        move.after[name],
    )


def _sgd(o, move, letter, slope, w, g) -> Iterator:
    rate = number(o.learning_rate)
    if o.momentum == 0:
        yield f"{letter} - η {slope}", f"{factor(w)} - {rate} · {factor(g)}"
        return
    fresh = 1.0 if move.t == 1 else 1 - o.dampening
    if o.rate_in_velocity:
        yield (
            "v",
            f"μ v + η {slope}" if fresh == 1 else f"μ v + η (1 - d) {slope}",
            f"{number(o.momentum)} · {factor(move.before['v'])} + {number(o.learning_rate * fresh)} · {factor(g)}",
            move.after["v"],
        )
        v = factor(move.after["v"])
        if o.nesterov:
            yield (
                f"{letter} - (η {slope} + μ v)",
                f"{factor(w)} - ({rate} · {factor(g)} + {number(o.momentum)} · {v})",
            )
        else:
            yield f"{letter} - v", f"{factor(w)} - {v}"
        return
    yield (
        "v",
        f"μ v + {slope}" if fresh == 1 else f"μ v + (1 - d) {slope}",
        f"{number(o.momentum)} · {factor(move.before['v'])} + {number(fresh)} · {factor(g)}",
        move.after["v"],
    )
    v = factor(move.after["v"])
    if o.nesterov:
        yield (f"{letter} - η ({slope} + μ v)", f"{factor(w)} - {rate} · ({factor(g)} + {number(o.momentum)} · {v})")
    else:
        yield f"{letter} - η v", f"{factor(w)} - {rate} · {v}"


def _muon(o, move, letter, slope, w, g) -> Iterator:
    """A number of a matrix: its direction comes from all of the matrix, so it is shown as it came out."""
    rate = number(o.learning_rate)
    if move.symbol.startswith("b"):
        rate = number(o.learning_rate * o.vector_rate)
        yield (
            f"{letter} - η r m̂ / (√v̂ + ε): Adam, as this is no matrix",
            f"{factor(w)} - {rate} · {factor((w - move.new) / (o.learning_rate * o.vector_rate))}",
        )
        return
    step = (w - move.new) / o.learning_rate
    yield ("o", "s O(g + μ v): of the orthogonal matrix nearest to the momentum", "", step)
    yield f"{letter} - η o", f"{factor(w)} - {rate} · {factor(step)}"


def _corrected(o, move) -> tuple[Line, Line]:
    first, second = 1 - o.beta_1**move.t, 1 - o.beta_2**move.t
    v = "v_max" if "v_max" in move.after else "v"
    return (
        (
            "m̂",
            "m / (1 - β₁ᵗ)",
            f"{factor(move.after['m'])} / (1 - {number(o.beta_1)}^{move.t})",
            move.after["m"] / first,
        ),
        (
            "v̂",
            f"{v} / (1 - β₂ᵗ)",
            f"{number(move.after[v])} / (1 - {number(o.beta_2)}^{move.t})",
            move.after[v] / second,
        ),
    )


def _adam(o, move, letter, slope, w, g) -> Iterator:
    yield _mean("m", o.beta_1, move, slope, g)
    yield _mean("v", o.beta_2, move, slope, g, square=True)
    if o.amsgrad:
        yield (
            "v_max",
            "max(v_max, v)",
            f"max({number(move.before['v_max'])}, {number(move.after['v'])})",
            move.after["v_max"],
        )
    m_hat, v_hat = _corrected(o, move)
    yield m_hat
    yield v_hat
    epsilon, words = o.epsilon, "ε"
    if o.early_epsilon:
        epsilon, words = o.epsilon / math.sqrt(1 - o.beta_2**move.t), "ε / √(1 - β₂ᵗ)"
    yield (
        f"{letter} - η m̂ / (√v̂ + {words})",
        f"{factor(w)} - {number(o.learning_rate)} · {factor(m_hat[3])} / (√({number(v_hat[3])}) + {number(epsilon)})",
    )


def _adamax(o, move, letter, slope, w, g) -> Iterator:
    yield _mean("m", o.beta_1, move, slope, g)
    yield (
        "u",
        f"max(β₂ u, |{slope}| + ε)",
        f"max({number(o.beta_2)} · {number(move.before['u'])}, |{number(g)}| + {number(o.epsilon)})",
        move.after["u"],
    )
    m_hat = move.after["m"] / (1 - o.beta_1**move.t)
    yield ("m̂", "m / (1 - β₁ᵗ)", f"{factor(move.after['m'])} / (1 - {number(o.beta_1)}^{move.t})", m_hat)
    yield (
        f"{letter} - η m̂ / u",
        f"{factor(w)} - {number(o.learning_rate)} · {factor(m_hat)} / {number(move.after['u'])}",
    )


def _nadam(o, move, letter, slope, w, g) -> Iterator:
    def momentum(t: int) -> float:
        return o.beta_1 * (1 - 0.5 * 0.96 ** (t * o.momentum_decay))

    product = math.prod(momentum(k) for k in range(1, move.t + 1))
    now, following = momentum(move.t), momentum(move.t + 1)
    yield _mean("m", o.beta_1, move, slope, g)
    yield _mean("v", o.beta_2, move, slope, g, square=True)
    v_hat = _corrected(o, move)[1]
    yield v_hat
    ahead = (1 - now) / (1 - product) * g + following / (1 - product * following) * move.after["m"]
    yield (
        "a",
        f"(1 - μ_t) {slope} / (1 - Π μ) + μ_t+1 m / (1 - μ_t+1 Π μ)",
        f"(1 - {number(now)}) · {factor(g)} / (1 - {number(product)}) + {number(following)} · "
        f"{factor(move.after['m'])} / "
        f"(1 - {number(product * following)})",
        ahead,
    )
    yield (
        f"{letter} - η a / (√v̂ + ε)",
        f"{factor(w)} - {number(o.learning_rate)} · {factor(ahead)} / (√({number(v_hat[3])}) + {number(o.epsilon)})",
    )


def _radam(o, move, letter, slope, w, g) -> Iterator:
    yield _mean("m", o.beta_1, move, slope, g)
    yield _mean("v", o.beta_2, move, slope, g, square=True)
    m_hat, v_hat = _corrected(o, move)
    yield m_hat
    power = o.beta_2**move.t
    most = 2 / (1 - o.beta_2) - 1
    length = most - 2 * move.t * power / (1 - power)
    if length <= 5:  # v̂ rests on too few gradients to be trusted
        yield f"{letter} - η m̂ (v̂ is not yet trusted)", f"{factor(w)} - {number(o.learning_rate)} · {factor(m_hat[3])}"
        return
    yield v_hat
    r = math.sqrt((length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length))
    root = math.sqrt(1 - power)
    yield ("r", "the rectification of v̂'s spread (Liu et al. 2020)", "", r)
    yield (
        f"{letter} - η r m̂ √(1 - β₂ᵗ) / (√v + ε)",
        f"{factor(w)} - {number(o.learning_rate)} · {number(r)} · {factor(m_hat[3])} · {number(root)} / "
        f"(√({number(move.after['v'])}) + {number(o.epsilon)})",
    )


def _sparse_adam(o, move, letter, slope, w, g) -> Iterator:
    if move.before == move.after and g == 0:
        yield f"{letter} (no gradient: it stays as it is)", ""
        return
    yield _mean("m", o.beta_1, move, slope, g)
    yield _mean("v", o.beta_2, move, slope, g, square=True)
    yield (
        f"{letter} - η √(1 - β₂ᵗ) / (1 - β₁ᵗ) · m / (√v + ε)",
        f"{factor(w)} - {number(o.learning_rate)} · √({number(1 - o.beta_2**move.t)}) / "
        f"{number(1 - o.beta_1**move.t)} · "
        f"{factor(move.after['m'])} / (√({number(move.after['v'])}) + {number(o.epsilon)})",
    )


def _adagrad(o, move, letter, slope, w, g) -> Iterator:
    before = move.before["s"] + (o.accumulator if move.t == 1 else 0)
    rate = o.learning_rate / (1 + (move.t - 1) * o.rate_decay)
    yield ("s", f"s + {slope}²", f"{number(before)} + {factor(g)}^2", move.after["s"])
    words, size = _size(o, "s", move.after["s"])
    yield f"{letter} - η {slope} / {words}", f"{factor(w)} - {number(rate)} · {factor(g)} / {size}"


def _size(o, name: str, value: float) -> tuple[str, str]:
    """What an update divides by, in words and in numbers."""
    if o.epsilon_in_root:
        return f"√({name} + ε)", f"√({number(value)} + {number(o.epsilon)})"
    root = f"√({name})" if " " in name else f"√{name}"
    return f"({root} + ε)", f"(√({number(value)}) + {number(o.epsilon)})"


def _adadelta(o, move, letter, slope, w, g) -> Iterator:
    yield _mean("s", o.rho, move, slope, g, square=True)
    step = math.sqrt(move.before["d"] + o.epsilon) / math.sqrt(move.after["s"] + o.epsilon) * g
    yield (
        "step",
        f"√(d + ε) / √(s + ε) · {slope}",
        f"√({number(move.before['d'] + o.epsilon)}) / √({number(move.after['s'] + o.epsilon)}) · {factor(g)}",
        step,
    )
    yield _mean("d", o.rho, move, "step", step, square=True)
    yield f"{letter} - η step", f"{factor(w)} - {number(o.learning_rate)} · {factor(step)}"


def _rmsprop(o, move, letter, slope, w, g) -> Iterator:
    yield _mean("s", o.rho, move, slope, g, square=True)
    spread, name = move.after["s"], "s"
    if o.centred:
        yield _mean("mean", o.rho, move, slope, g)
        spread, name = max(spread - move.after["mean"] ** 2, 0.0), "s - mean²"
    words, size = _size(o, name, spread)
    if o.momentum == 0:
        yield f"{letter} - η {slope} / {words}", f"{factor(w)} - {number(o.learning_rate)} · {factor(g)} / {size}"
        return
    if o.rate_in_velocity:
        yield (
            "v",
            f"μ v + η {slope} / {words}",
            f"{number(o.momentum)} · {factor(move.before['v'])} + {number(o.learning_rate)} · {factor(g)} / {size}",
            move.after["v"],
        )
        yield f"{letter} - v", f"{factor(w)} - {factor(move.after['v'])}"
        return
    yield (
        "v",
        f"μ v + {slope} / {words}",
        f"{number(o.momentum)} · {factor(move.before['v'])} + {factor(g)} / {size}",
        move.after["v"],
    )
    yield f"{letter} - η v", f"{factor(w)} - {number(o.learning_rate)} · {factor(move.after['v'])}"


def _ftrl(o, move, letter, slope, w, g) -> Iterator:
    before = move.before["n"] + (o.accumulator if move.t == 1 else 0)
    yield ("n", f"n + {slope}²", f"{number(before)} + {factor(g)}^2", move.after["n"])
    q = number(-o.power)
    grown = f"({number(move.after['n'])}^{q} - {number(before)}^{q})"
    shrunk = f" + 2 · {number(o.l2_shrinkage)} · {factor(w)}" if o.l2_shrinkage else ""
    yield (
        "z",
        f"z + {slope} - (n^{q} - n_before^{q}) {letter} / η",
        f"{factor(move.before['z'])} + {factor(g)}{shrunk} - {grown} · {factor(w)} / {number(o.learning_rate)}",
        move.after["z"],
    )
    z = move.after["z"]
    cut = min(max(z, -o.l1), o.l1)
    yield (
        f"(clip(z, ±l1) - z) / (n^{q} / η + 2 l2 + β / η)",
        f"({factor(cut)} - {factor(z)}) / ({number(move.after['n'])}^{q} / {number(o.learning_rate)} + "
        f"{number(2 * o.l2 + o.beta / o.learning_rate)})",
    )


def _asgd(o, move, letter, slope, w, g) -> Iterator:
    rate = o.learning_rate / (1 + o.lambd * o.learning_rate * (move.t - 1)) ** o.alpha
    yield (
        "η_t",
        "η / (1 + λ η (t - 1))^α",
        f"{number(o.learning_rate)} / (1 + {number(o.lambd)} · {number(o.learning_rate)} · "
        f"{move.t - 1})^{number(o.alpha)}",
        rate,
    )
    yield (
        f"(1 - λ η_t) {letter} - η_t {slope}",
        f"(1 - {number(o.lambd)} · {number(rate)}) · {factor(w)} - {number(rate)} · {factor(g)}",
    )


def _rprop(o, move, letter, slope, w, g) -> Iterator:
    last, now = move.before["last_gradient"], move.after["last_gradient"]
    size = o.learning_rate if move.t == 1 else move.before["size"]
    turn = last * g
    change = o.longer if turn > 0 else o.shorter if turn < 0 else 1.0
    words = (
        "same sign as before: longer"
        if turn > 0
        else "the sign turned: shorter, and no step"
        if turn < 0
        else "as it was"
    )
    yield (
        "size",
        f"clip({number(change)} size, {number(o.least)}, {number(o.most)}) ({words})",
        f"max(min({number(change)} · {number(size)}, {number(o.most)}), {number(o.least)})",
        move.after["size"],
    )
    sign = (now > 0) - (now < 0)
    yield f"{letter} - size · sign({slope})", f"{factor(w)} - {number(move.after['size'])} · {factor(sign)}"


def _lion(o, move, letter, slope, w, g) -> Iterator:
    mixed = o.beta_1 * move.before["m"] + (1 - o.beta_1) * g
    yield (
        "d",
        f"sign(β₁ m + (1 - β₁) {slope})",
        f"sign({number(o.beta_1)} · {factor(move.before['m'])} + {number(1 - o.beta_1)} · {factor(g)})",
        (mixed > 0) - (mixed < 0),
    )
    yield _mean("m", o.beta_2, move, slope, g)
    yield f"{letter} - η d", f"{factor(w)} - {number(o.learning_rate)} · {factor((mixed > 0) - (mixed < 0))}"


def _sophia(o, move, letter, slope, w, g) -> Iterator:
    yield _mean("m", o.beta_1, move, slope, g)
    if move.before["h"] != move.after["h"]:
        yield ("h", "β₂ h + (1 - β₂) ĥ (the curvature is measured in this step)", "", move.after["h"])
    size = max(o.gamma * move.after["h"], o.epsilon)
    yield (
        f"{letter} - η clip(m / max(γ h, ε), ±1)",
        f"{factor(w)} - {number(o.learning_rate)} · max(min({factor(move.after['m'])} / {number(size)}, 1), -1)",
    )


def _lamb(o, move, letter, slope, w, g) -> Iterator:
    """The factor is one for the whole array, so it is shown as it came out."""
    yield _mean("m", o.beta_1, move, slope, g)
    yield _mean("v", o.beta_2, move, slope, g, square=True)
    m, v = _corrected(o, move)
    yield from (m, v)
    decay = 0.0 if o.decoupled else move.decay
    r = m[3] / (math.sqrt(v[3]) + o.epsilon) + decay * w if v[3] or o.epsilon else decay * w
    yield (
        "r",
        "m̂ / (√v̂ + ε)" + (f" + λ {letter}" if decay else ""),
        f"{factor(m[3])} / (√({number(v[3])}) + {number(o.epsilon)})"
        + (f" + {number(decay)} · {factor(w)}" if decay else ""),
        r,
    )
    ratio = (w - move.new) / (o.learning_rate * r) if r else 1.0
    yield ("s", "‖θ‖ / ‖r‖, of the whole array", "", ratio)
    yield f"{letter} - η s r", f"{factor(w)} - {number(o.learning_rate)} · {factor(ratio)} · {factor(r)}"


def _adafactor(o, move, letter, slope, w, g) -> Iterator:
    """A matrix's v is known by its rows and columns, and the length of its step by all of it."""
    yield ("u", "max(ε₂, rms(θ)) g / √v, cut to the length that d allows, of the whole array", "",
           (w - move.new) / (rate := min(o.learning_rate, move.t**-0.5)))  # fmt: skip
    yield f"{letter} - ρ u, ρ = min(η, 1 / √t)", f"{factor(w)} - {number(rate)} · {factor((w - move.new) / rate)}"


def _schedule_free_adamw(o, move, letter, slope, w, g) -> Iterator:
    yield _mean("v", o.beta_2, move, slope, g, square=True)
    v = move.after["v"] / (1 - o.beta_2**move.t)
    yield ("v̂", "v / (1 - β₂ᵗ)", f"{number(move.after['v'])} / (1 - {number(o.beta_2)}^{move.t})", v)
    z = move.before["z"] if move.t > 1 else w
    rate = number(o.learning_rate)
    decay = f" - {rate} · {number(move.decay)} · {factor(w)}" if move.decay else ""
    yield (
        "z",
        f"z - η {slope} / (√v̂ + ε)" + (f" - η λ {letter}" if move.decay else ""),
        f"{factor(z)} - {rate} · {factor(g)} / (√({number(v)}) + {number(o.epsilon)}){decay}",
        move.after["z"],
    )
    yield ("x", "the mean of all z: what is measured and returned", "", move.after["x"])
    yield (
        "(1 - β₁) z + β₁ x",
        f"{number(1 - o.beta_1)} · {factor(move.after['z'])} + {number(o.beta_1)} · {factor(move.after['x'])}",
    )


def _lbfgs(o, move, letter, slope, w, g) -> Iterator:
    yield ("d", "the direction -H g, with H from the last steps", "", move.after["direction"])
    yield ("t", "the step's length, from the line search on the whole batch", "", move.extra["length"])
    yield f"{letter} + t d", f"{factor(w)} + {number(move.extra['length'])} · {factor(move.after['direction'])}"


_RULES: dict[str, Callable[..., Iterator]] = {
    "sgd": _sgd,
    "adam": _adam,
    "adamax": _adamax,
    "nadam": _nadam,
    "radam": _radam,
    "sparse_adam": _sparse_adam,
    "adagrad": _adagrad,
    "adadelta": _adadelta,
    "rmsprop": _rmsprop,
    "ftrl": _ftrl,
    "asgd": _asgd,
    "rprop": _rprop,
    "lion": _lion,
    "sophia": _sophia,
    "lbfgs": _lbfgs,
    "muon": _muon,
    "lamb": _lamb,
    "adafactor": _adafactor,
    "schedule_free_adamw": _schedule_free_adamw,
}
