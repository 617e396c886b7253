"""Golden figures: 20 steps of what PyTorch lacks: Lion and Sophia by optax, FTRL by Keras 3, in double precision."""

import os

os.environ |= {"KERAS_BACKEND": "jax", "JAX_ENABLE_X64": "true"}  # both are read when the two are imported

import jax
import jax.numpy as jnp
import keras
import optax
from _functions import FUNCTIONS, STEPS
from _write import write

keras.config.set_floatx("float64")


def of_optax(make, function, start):
    theta, optimizer = jnp.array(start), make
    state, path = optimizer.init(theta), [list(map(float, start))]
    for _ in range(STEPS):
        updates, state = optimizer.update(jax.grad(function)(theta), state, theta)
        theta = optax.apply_updates(theta, updates)
        path.append(theta.tolist())
    return path


def of_keras(optimizer, function, start):
    theta = keras.Variable(start, dtype="float64")
    path = [list(map(float, start))]
    for _ in range(STEPS):
        optimizer.apply([jax.grad(function)(theta.value)], [theta])
        path.append(theta.value.tolist())
    return path


def hessian_diagonal(function, every, beta):
    """Sophia's part that optax leaves to an estimate: here the diagonal of the true Hessian, every few steps."""

    def sophia(rate, beta_1, gamma, epsilon, weight_decay, start):
        theta, m, h, path = jnp.array(start), jnp.zeros(2), jnp.zeros(2), [list(map(float, start))]
        clip = optax.clip(1.0)  # the clipping, the decay and the rate are optax's
        tail = optax.chain(clip, optax.add_decayed_weights(weight_decay), optax.scale(-rate))
        state, mean, mean_state = tail.init(theta), optax.ema(beta_1, debias=False), None
        mean_state = mean.init(theta)
        for step in range(STEPS):
            if step % every == 0:
                h = optax.incremental_update(jnp.diag(jax.hessian(function)(theta)), h, 1 - beta)
            m, mean_state = mean.update(jax.grad(function)(theta), mean_state)
            updates, state = tail.update(m / jnp.maximum(gamma * h, epsilon), state, theta)
            theta = optax.apply_updates(theta, updates)
            path.append(theta.tolist())
        return path

    return sophia


def separable(t):
    """Of one number each, so that u ⊙ H u is the diagonal whatever the signs u are."""
    return t[0] ** 4 + 2 * (t[1] - 1) ** 2 + 0.1 * t[1] ** 3


LION = {
    "lion": ({}, {}),
    "lion all": ({"beta_1": 0.8, "beta_2": 0.95, "weight_decay": 0.1}, {"b1": 0.8, "b2": 0.95, "weight_decay": 0.1}),
}
FTRL = {
    "ftrl": ({}, {}),
    "ftrl all": (
        {"power": -0.7, "accumulator": 0.2, "l1": 0.05, "l2": 0.1, "l2_shrinkage": 0.02, "beta": 0.1},
        {
            "learning_rate_power": -0.7,
            "initial_accumulator_value": 0.2,
            "l1_regularization_strength": 0.05,
            "l2_regularization_strength": 0.1,
            "l2_shrinkage_regularization_strength": 0.02,
            "beta": 0.1,
        },
    ),
}
figures = {}


def keep(label, name, settings, function_name, function, path):
    figures[f"{label}, {function_name}"] = {
        "optimizer": name,
        "settings": settings,
        "function": function_name,
        "path": path,
        "values": [float(function(jnp.array(theta))) for theta in path],
    }


for function_name, (function, start) in FUNCTIONS.items():
    for label, (ours, theirs) in LION.items():
        rate = {"quadratic": 0.1, "rosenbrock": 0.02}[function_name]
        made = optax.lion(rate, **({"weight_decay": 0.0} | theirs))
        keep(label, "Lion", {"learning_rate": rate, **ours}, function_name, function, of_optax(made, function, start))
    for label, (ours, theirs) in FTRL.items():
        rate = {"quadratic": 0.5, "rosenbrock": 0.02}[function_name]
        made = keras.optimizers.Ftrl(learning_rate=rate, **theirs)
        keep(label, "Ftrl", {"learning_rate": rate, **ours}, function_name, function, of_keras(made, function, start))
for every in (1, 4):
    ours = {
        "learning_rate": 0.3,
        "beta_1": 0.9,
        "beta_2": 0.95,
        "gamma": 2.0,
        "epsilon": 1e-12,
        "weight_decay": 0.1,
        "every": every,
    }
    path = hessian_diagonal(separable, every, 0.95)(0.3, 0.9, 2.0, 1e-12, 0.1, [1.5, -1.0])
    keep(f"sophia every {every}", "Sophia", ours, "separable", separable, path)
write(__file__, figures, f"optax {optax.__version__} and keras {keras.__version__} on jax {jax.__version__}")
