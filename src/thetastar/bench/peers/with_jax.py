"""JAX's side: the whole training is one compiled program (scan over batches, loop over epochs; vmap for many networks).

Compiling is not counted in a turn; its seconds are told apart.
"""

from __future__ import annotations

import time

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from turns import named_layers, serve, starts

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8


def lstm(parameters, name, x):
    W, R, b = (parameters[f"{name}.{part}"] for part in ("weight", "recurrent_weight", "bias"))
    inputs = jnp.swapaxes(x @ W + b, 0, 1)  # (T, B, 4U): the products of all time steps at once

    def step(state, gates):
        h, c = state
        i, f, g, o = jnp.split(gates + h @ R, 4, axis=1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), None

    zeros = jnp.zeros((x.shape[0], R.shape[0]), x.dtype)
    return lax.scan(step, (zeros, zeros), inputs)[0][0]


def outputs(spec, parameters, x):
    x = x.reshape(-1, *spec["input_shape"])
    for name, layer in named_layers(spec):
        if layer["kind"] == "dense":
            x = x @ parameters[f"{name}.weight"] + parameters[f"{name}.bias"]
        elif layer["kind"] == "conv2d":
            k = layer["kernel_size"]
            kernel = parameters[f"{name}.weight"].reshape(k, k, x.shape[3], -1)
            x = lax.conv_general_dilated(x, kernel, (1, 1), layer["padding"].upper(),
                                         dimension_numbers=("NHWC", "HWIO", "NHWC"))  # fmt: skip
            x = x + parameters[f"{name}.bias"]
        elif layer["kind"] == "max_pool2d":
            size = (1, layer["pool_size"], layer["pool_size"], 1)
            x = lax.reduce_window(x, -jnp.inf, lax.max, size, size, "VALID")
        elif layer["kind"] == "flatten":
            x = x.reshape(x.shape[0], -1)
        elif layer["kind"] == "lstm":
            x = lstm(parameters, name, x)
        if layer.get("activation") == "relu":
            x = jax.nn.relu(x)
    return x


def loss_of(spec, parameters, x, y):
    z = outputs(spec, parameters, x)
    if spec["loss"] == "cross_entropy":
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(z), y[:, None], axis=1))
    return jnp.mean(jnp.abs(z - y) if spec["loss"] == "mae" else (z - y) ** 2)


def stepper(spec):
    """(state, batch) to the next state and the loss: one update by Adam."""

    def step(state, data):
        p, m, v, t = state
        loss, g = jax.value_and_grad(lambda p: loss_of(spec, p, *data))(p)
        t = t + 1
        m = jax.tree.map(lambda m, g: BETA_1 * m + (1 - BETA_1) * g, m, g)
        v = jax.tree.map(lambda v, g: BETA_2 * v + (1 - BETA_2) * g * g, v, g)
        rate, root = spec["learning_rate"] / (1 - BETA_1**t), jnp.sqrt(1 - BETA_2**t)
        p = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) / root + EPSILON), p, m, v)
        return (p, m, v, t), loss

    return step


def begin(p):
    zeros = jax.tree.map(jnp.zeros_like, p)
    return p, zeros, zeros, jnp.float32(0)


def trainer(spec, batches):
    """(parameters, epochs) to what was learned and the last epoch's mean loss, all in one program."""
    step = stepper(spec)

    def train(p, epochs):
        def epoch(_, carry):
            state, losses = lax.scan(step, carry[0], batches)
            return state, losses.mean()

        return lax.fori_loop(0, epochs, epoch, (begin(p), jnp.float32(0)))

    return train


def compiled(function, *arguments):
    begun = time.perf_counter()
    return jax.jit(function).lower(*arguments).compile(), time.perf_counter() - begun


def prepare_training(spec, arrays):
    all_starts = starts(spec, arrays)
    y = jnp.asarray(arrays["y"], jnp.int32 if spec["loss"] == "cross_entropy" else jnp.float32)
    batches = tuple(jnp.reshape(a, (-1, spec["batch"], *a.shape[1:])) for a in (jnp.asarray(arrays["X"]), y))
    if spec["form"].get("stepwise"):
        return prepare_steps(spec, all_starts[0], list(zip(*map(list, batches), strict=True)))
    train = trainer(spec, batches)
    stacked = {name: jnp.asarray(np.stack([start[name] for start in all_starts])) for name in all_starts[0]}
    if len(all_starts) == 1:
        stacked, whole = {name: value[0] for name, value in stacked.items()}, train
    elif spec["form"].get("one_by_one"):
        whole = lambda p, epochs: lax.map(lambda one: train(one, epochs), p)  # noqa: E731
    else:
        whole = jax.vmap(train, in_axes=(0, None))
    run, seconds = compiled(whole, stacked, 1)

    def turn(epochs: int) -> dict:
        losses = jax.block_until_ready(run(stacked, epochs))[1]
        return {"losses": np.atleast_1d(losses).tolist()}

    return turn, {"version": jax.__version__, "compile_seconds": seconds}


def prepare_steps(spec, start, batches):
    """One network by a compiled step that a loop in Python calls: where a loop inside the program slows it down."""
    start = {name: jnp.asarray(value) for name, value in start.items()}
    step, seconds = compiled(stepper(spec), begin(start), batches[0])

    def turn(epochs: int) -> dict:
        state = begin(start)
        for _ in range(epochs):
            losses = []
            for data in batches:
                state, loss = step(state, data)
                losses.append(loss)
        return {"losses": [float(jnp.stack(losses).mean())]}

    return turn, {"version": jax.__version__, "compile_seconds": seconds}


def prepare_prediction(spec, arrays):
    parameters, X = {k: jnp.asarray(v) for k, v in starts(spec, arrays)[0].items()}, jnp.asarray(arrays["X"])
    run, seconds = compiled(lambda p, x: outputs(spec, p, x), parameters, X)

    def turn(passes: int) -> dict:
        for _ in range(passes):
            predicted = run(parameters, X).block_until_ready()
        return {"outputs": np.asarray(predicted[:16]).ravel().tolist()}

    turn(1)
    return turn, {"version": jax.__version__, "compile_seconds": seconds}


if __name__ == "__main__":
    serve({"train": prepare_training, "predict": prepare_prediction})
