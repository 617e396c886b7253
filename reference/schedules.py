"""Schedules: what the base learning rate is multiplied by at step t = 0, 1, …, T - 1, with n steps to an epoch."""

from __future__ import annotations

import math


def constant():
    """f = 1."""
    return 1.0


def step(t, n, every, factor):
    """f = factor^⌊e / every⌋ with e = ⌊t / n⌋, the epochs finished."""
    return factor ** (t // n // every)


def exponential(t, n, factor):
    """f = factor^e with e = ⌊t / n⌋."""
    return factor ** (t // n)


def half_cosine(part, start, end):
    """From start (part = 0) to end (part = 1) along half a cosine: end + (start - end) (1 + cos π part) / 2."""
    return end + (start - end) * (1 + math.cos(math.pi * part)) / 2


def cosine(t, T, minimum=0.0, warmup=0.0):
    """A climb (t + 1) / (w + 1) over the first w = ⌊warmup · T⌋ steps, then half a cosine from 1 to minimum.

    Loshchilov and Hutter 2017.
    """
    w = math.floor(warmup * T)
    if t < w:
        return (t + 1) / (w + 1)
    return half_cosine((t - w) / (T - w), 1.0, minimum)


def cosine_restarts(t, n, every, multiplier=1, minimum=0.0):
    """Half a cosine from 1 to minimum over `every` epochs; then again from 1 with the period times multiplier.

    Loshchilov and Hutter 2017. The position inside the period moves with every step, not with every epoch.
    """
    epoch, period = t / n, every
    while epoch >= period:
        epoch -= period
        period *= multiplier
    return half_cosine(epoch / period, 1.0, minimum)


def one_cycle(t, T, peak=0.3, start=1 / 25, end=1e-4):
    """Half a cosine from start up to 1 at step peak·T - 1, then half a cosine down to end at step T - 1.

    Smith and Topin 2018, with cosines for the straight lines as fast.ai has it.
    """
    top, last = max(0.0, peak * T - 1), T - 1
    if t < top:
        return half_cosine(t / top, start, 1.0)
    return half_cosine((t - top) / (last - top), 1.0, end)


def log_cosine(t, T, cycles=4):
    """(1 - cos(2π log₂(1 + (2^cycles - 1) t / T))) / 2: cycles of doubling length. Holzmüller et al. 2024."""
    return (1 - math.cos(2 * math.pi * math.log2(1 + (2**cycles - 1) * t / T))) / 2


def flat_cosine(t, T, flat=0.5):
    """1 up to flat · T, then half a cosine down to 0. Holzmüller et al. 2024."""
    return 1.0 if t <= flat * T else half_cosine((t / T - flat) / (1 - flat), 1.0, 0.0)


class ReduceOnPlateau:
    """After more than `patience` epochs in a row without a new lowest loss: f ← max(f · factor, minimum)."""

    def __init__(self, factor=0.1, patience=10, minimum=0.0):
        self.factor, self.patience, self.minimum = factor, patience, minimum
        self.value, self.best, self.waited = 1.0, math.inf, 0

    def after_epoch(self, loss):
        """Take the watched loss of the epoch that just ended, return the factor for the next one."""
        if loss < self.best:
            self.best, self.waited = loss, 0
        else:
            self.waited += 1
        if self.waited > self.patience:
            self.value, self.waited = max(self.value * self.factor, self.minimum), 0
        return self.value
