"""Leaks planted into honest tables, with what is named; the table in docs/guides/choosing.md lists them in these words.

A maker takes the target (n,), the honest table and a generator, and gives the columns to add.
"""

from __future__ import annotations

import numpy as np

ROWS = 600


def of_classes(seed=0, rows=ROWS):
    """Two numbers and a group that tell a little of a class, and the class."""
    generator = np.random.default_rng(seed)
    age, fare = generator.normal(size=rows).round(4), generator.normal(size=rows).round(4)
    town = generator.choice(list("abcdefghijklmnopqrstuvwxyz"), rows)
    sold = age + 0.5 * fare + 0.8 * np.isin(town, list("abcde")) + 1.5 * generator.normal(size=rows) > 0
    return {"age": age, "fare": fare, "town": town}, sold.astype(int)


def of_numbers(seed=0, rows=ROWS):
    """The same of a number with a long tail, such as a price."""
    generator = np.random.default_rng(seed)
    honest, _ = of_classes(seed, rows)
    value = honest["age"] + 0.5 * honest["fare"] + 0.8 * np.isin(honest["town"], list("abcde"))
    return honest, np.exp(0.5 * (value + generator.normal(size=rows))).round(3)


def mean_by_town(y, t, g):
    return np.array([y[t["town"] == town].mean() for town in t["town"]])


def smoothed_by_town(y, t, g):
    rows = np.array([(t["town"] == town).sum() for town in t["town"]])
    return (rows * mean_by_town(y, t, g) + 10 * y.mean()) / (rows + 10)


def mean_of_the_others(y, t, g):
    rows = np.array([(t["town"] == town).sum() for town in t["town"]])
    return (rows * mean_by_town(y, t, g) - y) / (rows - 1)


def in_another_half(y, t, g):
    """Means by town over one half of the rows, for the other half, and round: as it is done well."""
    half = g.random(len(y)) < 0.5
    return np.array([y[(t["town"] == town) & (half != own)].mean() for town, own in zip(t["town"], half, strict=True)])


def scrambled(y, g, share=0.05):
    """The target with that share of the rows from elsewhere."""
    return np.where(g.random(len(y)) < share, g.permutation(y), y)


# what: (makes the planted columns, those that are named or () for none)
CLASSES = {
    "the target in words": (lambda y, t, g: {"alive": np.where(y, "yes", "no")}, ("alive",)),
    "the same, 2 % of the rows wrong": (lambda y, t, g: {"alive": in_words(y, g, 0.02)}, ("alive",)),
    "the same, 5 % of the rows wrong": (lambda y, t, g: {"alive": in_words(y, g, 0.05)}, ("alive",)),
    "the same, 20 % of the rows wrong": (lambda y, t, g: {"hint": in_words(y, g, 0.2)}, ()),
    "a number that encodes the class": (lambda y, t, g: {"code": y * 10 + g.integers(0, 5, len(y))}, ("code",)),
    "two copies, each 5 % wrong": (
        lambda y, t, g: {"alive": flipped(y, g, 0.05), "status": np.where(flipped(y, g, 0.05), "in", "out")},
        ("alive", "status"),
    ),
    "filled only where the class is yes": (
        lambda y, t, g: {"refund": np.where(y == 1, g.normal(50, 9, len(y)).round(2), np.nan)}, ("refund",),
    ),
    "text filled only where the class is yes": (
        lambda y, t, g: {"boat": np.where(y == 1, g.choice(list("ABCDEF"), len(y)), "")}, ("boat",),
    ),
    "the class's share by town": (lambda y, t, g: {"rate": mean_by_town(y, t, g)}, ("rate",)),
    "the same, drawn to the overall share": (lambda y, t, g: {"rate": smoothed_by_town(y, t, g)}, ("rate",)),
    "the same, without the row itself": (lambda y, t, g: {"rate": mean_of_the_others(y, t, g)}, ("rate",)),
    "the same, from the other half of the rows": (lambda y, t, g: {"rate": in_another_half(y, t, g)}, ()),
    "a duration that is longer where the class is yes": (
        lambda y, t, g: {"duration": g.exponential(200 + 400 * y).round()}, (),
    ),
}  # fmt: skip
NUMBERS = {
    "the target itself": (lambda y, t, g: {"copy": y.copy()}, ("copy",)),
    "the target with noise of 5 % of its spread": (
        lambda y, t, g: {"copy": y + 0.05 * y.std() * g.normal(size=len(y))}, ("copy",),
    ),
    "the target, 5 % of the rows from elsewhere": (lambda y, t, g: {"copy": scrambled(y, g)}, ("copy",)),
    "in another unit, 5 % from elsewhere": (lambda y, t, g: {"cents": 100 * scrambled(y, g) + 32}, ("cents",)),
    "in another unit": (lambda y, t, g: {"cents": 9 / 5 * y + 32}, ("cents",)),
    "its logarithm, rounded": (lambda y, t, g: {"log": np.log(y).round(2)}, ("log",)),
    "a falling function of it": (lambda y, t, g: {"per": 1 / (1 + y)}, ("per",)),
    "its tenths": (lambda y, t, g: {"decile": np.searchsorted(np.quantile(y, np.linspace(0, 1, 11)[1:-1]), y)}, ()),
    "a sum with another column": (lambda y, t, g: {"net": (y - t["fare"]).round(6)}, ("fare", "net")),
    "a difference, with a little noise": (
        lambda y, t, g: {"gross": y + 2 * t["fare"], "tax": 2 * t["fare"] + 0.02 * g.normal(size=len(y))},
        ("gross", "tax"),
    ),
    "a sum of three columns": (
        lambda y, t, g: (lambda a, b: {"a": a, "b": b, "c": y - a - b})(*g.normal(size=(2, len(y)))), (),
    ),
    "its mean by town": (lambda y, t, g: {"mean": mean_by_town(y, t, g)}, ("mean",)),
    "the same mean, drawn to the overall one": (lambda y, t, g: {"mean": smoothed_by_town(y, t, g)}, ("mean",)),
    "the same mean, without the row itself": (lambda y, t, g: {"mean": mean_of_the_others(y, t, g)}, ("mean",)),
    "the same mean, from the other half of the rows": (lambda y, t, g: {"mean": in_another_half(y, t, g)}, ()),
    "two noisy copies, each half right": (
        lambda y, t, g: {name: y + y.std() * g.normal(size=len(y)) for name in ("one", "two")}, (),
    ),
}  # fmt: skip


def flipped(y, g, share):
    """Classes 0 and 1 with that share of the rows wrong."""
    return y ^ (g.random(len(y)) < share)


def in_words(y, g, share):
    return np.where(flipped(y, g, share), "yes", "no")


def planted(kind, what, seed=0):
    """The table with the target `y` and the planted columns; and those that are named."""
    honest, y = of_classes(seed) if kind == "classes" else of_numbers(seed)
    make, named = (CLASSES if kind == "classes" else NUMBERS)[what]
    return {**honest, **make(y, honest, np.random.default_rng(seed + 1000)), "y": y}, named
