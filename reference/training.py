"""The loop: for every epoch and every batch: forward, loss, backward, clip, step; then record, then stop.

Nothing is drawn here. `orders[e]` is the order of the rows in epoch e (0-based); `masks(e, b)` gives the dropout
masks of batch b.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .layers import forward, step_of_training
from .layers import rows as one_row_each
from .losses import mean_loss, members
from .optimizers import clip_by_norm, clip_by_value, d_penalty, limit_norms, penalty


@dataclass
class Run:
    parameters: dict
    loss: list = field(default_factory=list)
    validation_loss: list = field(default_factory=list)
    batch_losses: list = field(default_factory=list)
    steps: int = 0
    stopped: str = "epochs"
    best_epoch: int = 0


def batches(order, size):
    """Cut an order of rows into pieces of `size`; the last one keeps what is left. None: one piece, the whole batch."""
    size = len(order) if size is None else size
    return [order[start : start + size] for start in range(0, len(order), size)]


def scaled_weights(weights):
    """Sample weights with mean 1, so that their unit does not change the learning rate."""
    weights = np.asarray(weights, dtype=np.float64)
    return weights / weights.mean()


def train(
    layers,
    parameters,
    X,
    y,
    *,
    loss,
    optimizer,
    epochs,
    batch_size=32,
    orders=None,
    masks=None,
    sample_weight=None,
    validation=None,
    patience=None,
    min_delta=0.0,
    threshold=None,
    factor=None,
    l1=0.0,
    l2=0.0,
    clip_value=None,
    clip_norm=None,
    max_norm=None,
    images=None,
):
    """Train and return a `Run`.

    An epoch's loss is the mean over its rows of the batch losses seen on the way, each taken before its step, without
    the L1 and L2 terms. `factor(t)` multiplies the learning rate at step t. With `patience` the parameters of the epoch
    with the lowest validation loss are returned; an epoch is better if it is lower by more than min_delta; training
    stops once `patience` epochs in a row are not. `threshold` stops as soon as an epoch's loss is at or below it. A
    loss that is not finite stops with "diverged". `images(e)` is what X is in epoch e where images are augmented.
    """
    weights = None if sample_weight is None else scaled_weights(sample_weight)
    m = members(loss)  # rows of X that make one sample of a pair or triplet
    run = Run({name: np.array(values, dtype=np.float64) for name, values in parameters.items()})
    best, best_parameters, waited = np.inf, run.parameters, 0
    answer = getattr(optimizer, "answer", lambda moving: moving)  # some rules hand out other parameters than they move
    for epoch in range(epochs):
        order = np.arange(len(X) // m) if orders is None else orders[epoch]
        seen = X if images is None else images(epoch)
        total = 0.0
        for number, rows in enumerate(batches(order, batch_size)):
            value, gradients, running = step_of_training(
                layers,
                run.parameters,
                seen[(np.asarray(rows)[:, None] * m + np.arange(m)).ravel()],
                None if y is None else y[rows],
                loss,
                None if weights is None else weights[rows],
                None if masks is None else masks(epoch, number),
            )
            extra = d_penalty(run.parameters, l1, l2)
            gradients = {name: g + extra[name] for name, g in gradients.items()}
            if clip_value is not None:
                gradients = clip_by_value(gradients, clip_value)
            if clip_norm is not None:
                gradients = clip_by_norm(gradients, clip_norm)
            rate = optimizer.learning_rate * (1.0 if factor is None else factor(run.steps))
            run.parameters = optimizer.step(run.parameters, gradients, rate) | running
            if max_norm is not None:
                run.parameters = limit_norms(run.parameters, max_norm)
            run.batch_losses.append(value)
            run.steps += 1
            total += value * len(rows)
        run.loss.append(total / len(order))
        run.best_epoch = epoch + 1 if patience is None else run.best_epoch
        if not np.isfinite(run.loss[-1]):
            run.stopped = "diverged"
            break
        if validation is not None:
            scores, _ = forward(layers, answer(run.parameters), validation[0])
            run.validation_loss.append(mean_loss(loss, one_row_each(scores), validation[1]))
        if patience is not None:
            if run.validation_loss[-1] < best - min_delta:
                best, waited, run.best_epoch = run.validation_loss[-1], 0, epoch + 1
                best_parameters = answer(run.parameters)
            else:
                waited += 1
            if waited >= patience:
                run.stopped = "early"
                break
        if threshold is not None and run.loss[-1] <= threshold:
            run.stopped = "threshold"
            break
    run.parameters = answer(run.parameters) if patience is None else best_parameters
    return run


def cost(layers, parameters, X, y, loss, l1=0.0, l2=0.0):
    """What is really descended: the mean loss plus the L1 and L2 terms."""
    scores, _ = forward(layers, parameters, X)
    return mean_loss(loss, one_row_each(scores), y) + penalty(parameters, l1, l2)
