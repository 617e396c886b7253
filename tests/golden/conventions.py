"""Golden figures: the same small task by Keras, PyTorch and optax where they do different things by one name.

The tables of docs/reference/{optimizers,losses,layers}.md show these numbers, and tests/numerics/test_conventions.py
finds each with the setting that the tables name.
"""

import os

os.environ |= {"KERAS_BACKEND": "jax", "JAX_ENABLE_X64": "true"}  # both are read when the two are imported

import jax
import jax.numpy as jnp
import keras
import numpy as np
import optax
import torch
from _write import write

keras.config.set_floatx("float64")
figures = {}


def keras_walk(optimizer, gradients, rates=None):
    theta = keras.Variable([1.0], dtype="float64")
    for step, g in enumerate(gradients):
        if rates is not None:
            optimizer.learning_rate = rates[step]
        optimizer.apply([jnp.array([g])], [theta])
    return float(theta.value[0])


def torch_walk(make, gradients, rates=None, **settings):
    theta = torch.tensor([1.0], dtype=torch.float64, requires_grad=True)
    optimizer = make([theta], **settings)
    for step, g in enumerate(gradients):
        if rates is not None:
            optimizer.param_groups[0]["lr"] = rates[step]
        theta.grad = torch.tensor([g], dtype=torch.float64)
        optimizer.step()
    return float(theta[0])


def optax_walk(make, gradients, rates=None):
    theta = jnp.array([1.0])
    optimizer = make if rates is None else make(lambda count: jnp.array(rates)[count])
    state = optimizer.init(theta)
    for g in gradients:
        updates, state = optimizer.update(jnp.array([g]), state, theta)
        theta = optax.apply_updates(theta, updates)
    return float(theta[0])


K, T, HALF, RATES = keras.optimizers, torch.optim, [0.5] * 10, [0.1] * 5 + [0.01] * 5
figures["nadam"] = {
    "keras": keras_walk(K.Nadam(0.1), HALF),
    "pytorch": torch_walk(T.NAdam, HALF, lr=0.1),
    "optax": optax_walk(optax.nadam(0.1), HALF),
}
TINY = [1e-7]
figures["adam, gradient = epsilon"] = {
    "keras": (1 - keras_walk(K.Adam(0.1, epsilon=1e-7), TINY)) / 0.1,
    "pytorch": (1 - torch_walk(T.Adam, TINY, lr=0.1, eps=1e-7)) / 0.1,
    "optax": (1 - optax_walk(optax.adam(0.1, eps=1e-7), TINY)) / 0.1,
}
figures["rmsprop, momentum, falling rate"] = {
    "keras": keras_walk(K.RMSprop(0.1, rho=0.9, momentum=0.9, epsilon=1e-8), HALF, RATES),
    "pytorch": torch_walk(T.RMSprop, HALF, RATES, lr=0.1, alpha=0.9, momentum=0.9),
    "optax": optax_walk(lambda rate: optax.rmsprop(rate, decay=0.9, momentum=0.9), HALF, RATES),
}
figures["sgd, momentum, falling rate"] = {
    "keras": keras_walk(K.SGD(0.1, momentum=0.9), HALF, RATES),
    "pytorch": torch_walk(T.SGD, HALF, RATES, lr=0.1, momentum=0.9),
    "optax": optax_walk(lambda rate: optax.sgd(rate, momentum=0.9), HALF, RATES),
}
figures["adagrad, first step"] = {
    "keras": keras_walk(K.Adagrad(0.1), [0.5]),
    "pytorch": torch_walk(T.Adagrad, [0.5], lr=0.1),
    "optax": optax_walk(optax.adagrad(0.1), [0.5]),
}
for name, theirs in {"Adam": "Adam", "SGD": "SGD", "RMSprop": "RMSprop", "Adagrad": "Adagrad", "Adadelta": "Adadelta",
                     "Adamax": "Adamax", "NAdam": "Nadam"}.items():  # fmt: skip
    figures[f"weight_decay=0.1, {name}"] = {
        "keras": keras_walk(getattr(K, theirs)(0.1, weight_decay=0.1), [0.0]),
        "pytorch": torch_walk(getattr(T, name), [0.0], lr=0.1, weight_decay=0.1),
    }


def muon_moves(rows, columns):
    """How far a matrix moves, its root mean square, for the gradient of `pattern`; PyTorch's is (out, in)."""
    g = pattern(rows, columns)
    theta = keras.Variable(np.zeros((rows, columns)), dtype="float64")
    K.Muon(0.1, weight_decay=None, adam_weight_decay=None).apply([jnp.array(g)], [theta])
    weight = torch.zeros((columns, rows), dtype=torch.float64, requires_grad=True)
    weight.grad = torch.tensor(g.T.copy())
    T.Muon([weight], lr=0.1, weight_decay=0.0).step()
    optimizer = optax.contrib.muon(0.1)
    start = {"w": jnp.zeros((rows, columns))}
    updates, _ = optimizer.update({"w": jnp.array(g)}, optimizer.init(start), start)
    moved = {"keras": theta.value, "pytorch": weight.detach().numpy(), "optax": updates["w"]}
    return {name: float(np.sqrt(np.mean(np.square(values)))) for name, values in moved.items()}


def pattern(rows, columns):
    return np.cos(np.arange(rows * columns, dtype=float)).reshape(rows, columns)


for shape in ((8, 2), (2, 8)):
    figures[f"muon, {shape[0]} x {shape[1]}"] = muon_moves(*shape)


def lowered(act, epochs=12):
    """After which epoch without a gain the rate falls for the first time."""
    return next(epoch for epoch in range(1, epochs) if act(epoch))


def keras_plateau():
    callback = keras.callbacks.ReduceLROnPlateau(patience=2, factor=0.5)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(1.0))
    callback.set_model(model)
    callback.on_train_begin()

    def act(epoch):
        callback.on_epoch_end(epoch, {"val_loss": 1.0})
        return float(model.optimizer.learning_rate) < 1

    return lowered(act) - 1  # the first epoch sets the best


def torch_plateau():
    optimizer = T.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule = T.lr_scheduler.ReduceLROnPlateau(optimizer, patience=2, factor=0.5)

    def act(epoch):
        schedule.step(1.0)
        return optimizer.param_groups[0]["lr"] < 1

    return lowered(act) - 1


def optax_plateau():
    plateau = optax.contrib.reduce_on_plateau(patience=2, factor=0.5)
    state = [plateau.init(jnp.zeros(1))]

    def act(epoch):
        state[0] = plateau.update(jnp.zeros(1), state[0], value=jnp.array(1.0))[1]
        return float(state[0].scale) < 1

    return lowered(act) - 1


figures["plateau, patience 2"] = {"keras": keras_plateau(), "pytorch": torch_plateau(), "optax": optax_plateau()}


def torch_one_cycle(steps=100):
    optimizer = T.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule = T.lr_scheduler.OneCycleLR(optimizer, max_lr=1.0, total_steps=steps)
    for _ in range(steps - 1):
        optimizer.step()
        schedule.step()
    return optimizer.param_groups[0]["lr"]


figures["one-cycle, last rate"] = {
    "pytorch": torch_one_cycle(),
    "optax": float(optax.cosine_onecycle_schedule(100, 1.0)(100)),
}

# Losses
L, N = keras.losses, torch.nn
as_torch = lambda *arrays: [torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in arrays]  # noqa: E731
p, y = np.array([[0.8], [0.3]]), np.array([[1.0], [0.0]])
figures["binary cross-entropy of 0.8 and 0.3"] = {
    "keras": float(L.BinaryCrossentropy()(y, p)),
    "pytorch": float(N.BCELoss()(*as_torch(p, y))),
    "optax": float(optax.sigmoid_binary_cross_entropy(jnp.array(p), jnp.array(y)).mean()),
}
q, rows = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3]]), np.array([0, 2])
figures["cross-entropy of 0.7 and 0.3"] = {
    "keras": float(L.SparseCategoricalCrossentropy()(rows, q)),
    "pytorch": float(N.CrossEntropyLoss()(torch.tensor(q), torch.tensor(rows))),
    "optax": float(optax.softmax_cross_entropy_with_integer_labels(jnp.array(q), jnp.array(rows)).mean()),
}
target = np.array([[0.5, 0.5, 0.0], [0.2, 0.2, 0.6]])
figures["divergence, mean"] = {
    "keras": float(L.KLDivergence()(target, q)),
    "pytorch": float(N.KLDivLoss(reduction="mean")(torch.tensor(q).log(), torch.tensor(target))),
    "optax": float(optax.kl_divergence(jnp.log(jnp.array(q)), jnp.array(target)).mean()),
}
weights = np.array([1.0, 2.0, 4.0])
figures["cross-entropy, class weights"] = {
    "pytorch": float(N.CrossEntropyLoss(weight=torch.tensor(weights))(torch.tensor(q), torch.tensor(rows))),
}
figures["log-cosh of 1e-4, float32"] = {
    "keras": float(L.LogCosh(dtype="float32")(np.zeros((1, 1), "float32"), np.full((1, 1), 1e-4, "float32"))),
    "optax": float(optax.log_cosh(jnp.array([1e-4], jnp.float32))[0]),
}
mean, variance, truth = as_torch([[1.0]], [[1e-9]], [[2.0]])
value = N.GaussianNLLLoss(eps=1e-6)(mean, truth, variance)
value.backward()
figures["gaussian, variance 1e-9, epsilon 1e-6"] = {
    "pytorch": float(value),
    "pytorch's slope": float(variance.grad),
}
scores, labels = np.linspace(-1, 1, 2 * 4 * 3).reshape(2, 4, 3), np.array([[1, 2], [1, 0]])
log_p = torch.log_softmax(torch.tensor(scores).transpose(0, 1), dim=-1)
lengths = (torch.tensor([4, 3]), torch.tensor([2, 1]))
figures["ctc, mean, lengths 4 and 3"] = {
    "pytorch": float(N.CTCLoss(reduction="mean")(log_p, torch.tensor(labels), *lengths)),
    "pytorch, none": N.CTCLoss(reduction="none")(log_p, torch.tensor(labels), *lengths).tolist(),
}
figures["ctc"] = {
    "keras": np.asarray(L.CTC(reduction=None)(labels, jnp.array(scores))).tolist(),
    "optax": optax.ctc_loss(
        jnp.array(scores), jnp.zeros((2, 4)), jnp.array(labels), jnp.array([[0.0, 0.0], [0.0, 1.0]])
    ).tolist(),
}

# Layers
x = np.array([[1.0], [2.0], [3.0], [4.0]])
layer = keras.layers.BatchNormalization(dtype="float64")
layer(x, training=True)
module = torch.nn.BatchNorm1d(1, dtype=torch.float64)
module(torch.tensor(x))
figures["batch normalisation of 1, 2, 3, 4: mean and variance that are kept"] = {
    "keras": [float(layer.moving_mean.value[0]), float(layer.moving_variance.value[0])],
    "pytorch": [float(module.running_mean[0]), float(module.running_var[0])],
}
line = np.arange(1.0, 7.0).reshape(1, 6, 1, 1)
pool = torch.nn.AvgPool2d((3, 1), (2, 1), (1, 0))
figures["average pooling, window 3, stride 2, of 1 … 6"] = {
    "keras": np.ravel(keras.layers.AveragePooling2D((3, 1), (2, 1), padding="same", dtype="float64")(line)).tolist(),
    "pytorch": np.ravel(pool(torch.tensor(line).permute(0, 3, 1, 2))).tolist(),
}
figures["prelu of -1"] = {
    "keras": float(keras.layers.PReLU(dtype="float64")(np.array([[-1.0]]))[0, 0]),
    "pytorch": float(torch.nn.PReLU(dtype=torch.float64)(torch.tensor([[-1.0]], dtype=torch.float64))[0, 0]),
}
write(
    __file__,
    figures,
    f"keras {keras.__version__} on jax {jax.__version__}, torch {torch.__version__}, optax {optax.__version__}",
)
