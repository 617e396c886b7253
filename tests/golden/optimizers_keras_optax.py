"""Golden figures: 20 steps of what PyTorch lacks, in double precision.

Lion and Sophia by optax, FTRL and Keras's own forms of the others by Keras 3.
"""

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
EARLY = {"epsilon": 1e-3, "early_epsilon": True}
IN_ROOT = {"epsilon": 1e-3, "epsilon_in_root": True}
DECAY = {"weight_decay": 0.1, "decoupled": True}
# Keras's forms: ours by name, our settings, Keras's, the rates on the two functions
OF_KERAS = {
    "keras adam": ("Adam", EARLY | DECAY, {"epsilon": 1e-3, "weight_decay": 0.1}, (0.1, 0.02)),
    "keras adam amsgrad": ("Adam", EARLY | {"amsgrad": True}, {"epsilon": 1e-3, "amsgrad": True}, (0.1, 0.02)),
    "keras sgd": ("SGD", DECAY, {"weight_decay": 0.1}, (0.1, 0.001)),
    "keras sgd nesterov": (
        "SGD",
        {"momentum": 0.8, "nesterov": True, "rate_in_velocity": True} | DECAY,
        {"momentum": 0.8, "nesterov": True, "weight_decay": 0.1},
        (0.05, 0.0005),
    ),
    "keras rmsprop": ("RMSprop", {"rho": 0.9} | IN_ROOT | DECAY, {"epsilon": 1e-3, "weight_decay": 0.1}, (0.05, 0.005)),
    "keras rmsprop all": (
        "RMSprop",
        {"rho": 0.8, "centred": True, "momentum": 0.7, "rate_in_velocity": True} | IN_ROOT,
        {"rho": 0.8, "centered": True, "momentum": 0.7, "epsilon": 1e-3},
        (0.02, 0.005),
    ),
    "keras adagrad": (
        "Adagrad",
        {"accumulator": 0.1} | IN_ROOT | DECAY,
        {"epsilon": 1e-3, "weight_decay": 0.1},
        (0.5, 0.05),
    ),
    "keras adadelta": (
        "Adadelta",
        {"rho": 0.95, "epsilon": 1e-3} | DECAY,
        {"epsilon": 1e-3, "weight_decay": 0.1},
        (1.0, 0.3),
    ),
    "keras lamb": (
        "Lamb",
        {"epsilon": 1e-3, "weight_decay": 0.1, "decoupled": True},
        {"epsilon": 1e-3, "weight_decay": 0.1},
        (0.1, 0.02),
    ),
    "keras adafactor": ("Adafactor", {}, {}, (0.1, 0.02)),
    "keras schedule free": (
        "ScheduleFreeAdamW",
        {"weight_power": 0.0, "epsilon": 1e-3},
        {"epsilon": 1e-3},
        (0.3, 0.05),
    ),
    "keras nadam": (
        "NAdam",
        {"epsilon": 1e-3, "momentum_decay": 1.0} | DECAY,
        {"epsilon": 1e-3, "weight_decay": 0.1},
        (0.1, 0.02),
    ),
}
# ours by name, our settings, optax's, the rates on the two functions
OF_OPTAX = {
    "lamb": ("Lamb", {}, {}, (0.1, 0.02)),
    "lamb all": (
        "Lamb",
        {"beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3, "weight_decay": 0.1},
        {"b1": 0.8, "b2": 0.95, "eps": 1e-3, "weight_decay": 0.1},
        (0.1, 0.02),
    ),
    "schedule free": ("ScheduleFreeAdamW", {}, {}, (0.3, 0.05)),
    "schedule free all": (
        "ScheduleFreeAdamW",
        {"beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3, "weight_decay": 0.1},
        {"b1": 0.8, "b2": 0.95, "eps": 1e-3, "weight_decay": 0.1},
        (0.3, 0.05),
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
for label, (name, ours, theirs, rates) in OF_KERAS.items():
    made = getattr(keras.optimizers, {"NAdam": "Nadam"}.get(name, name))
    for (function_name, (function, start)), rate in zip(FUNCTIONS.items(), rates, strict=True):
        path = of_keras(made(learning_rate=rate, **theirs), function, start)
        keep(label, name, {"learning_rate": rate, **ours}, function_name, function, path)
for label, (name, ours, theirs, rates) in OF_OPTAX.items():
    make = {"Lamb": optax.lamb, "ScheduleFreeAdamW": optax.contrib.schedule_free_adamw}[name]
    for (function_name, (function, start)), rate in zip(FUNCTIONS.items(), rates, strict=True):
        path = of_optax(make(rate, **theirs), function, start)
        keep(label, name, {"learning_rate": rate, **ours}, function_name, function, path)
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
