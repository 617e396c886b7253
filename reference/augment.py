"""Augmentation, slow and in double precision: one image, one map, one pixel after another.

The numbers are drawn by counting as the core draws them: Threefry, with the keys folded in one by one.
"""

from __future__ import annotations

import math

import numpy as np

from .rng import halves, threefry2x32

PURPOSE = 4


def key_of(seed, epoch, row):
    """The key of an image's numbers: the seed, the purpose, the epoch and the row folded in, one after another."""
    key = halves(seed)
    for part in (PURPOSE, epoch, row):
        key = threefry2x32(halves(part), key)
    return key


def uniform(key, counter):
    """In [0, 1), with 53 bits."""
    first, second = threefry2x32(halves(counter), key)
    return ((first << 21) ^ (second >> 11)) * 2.0**-53


def draw(key, *, shift=0.0, scale=0.0, rotate=0.0, shear=0.0, flip=None):
    """The map of an image as plain numbers: angle and slant in radians, zoom, (x, y) to move, and which sides swap."""

    def even(counter, most):
        return most * (2 * uniform(key, counter) - 1)

    return {
        "angle": math.radians(even(0, rotate)),
        "shear": math.radians(even(1, shear)),
        "zoom": 1 + even(2, scale),
        "move": (even(3, shift), even(4, shift)),
        "mirrored": flip in ("horizontal", "both") and uniform(key, 5) < 0.5,
        "upended": flip in ("vertical", "both") and uniform(key, 6) < 0.5,
    }


def pixel(image, y, x, fill):
    """The numbers (C,) at whole coordinates; from outside the nearest pixel's, or `fill`."""
    height, width, channels = image.shape
    if fill != "edge" and not (0 <= y < height and 0 <= x < width):
        return np.full(channels, float(fill))
    return image[min(max(y, 0), height - 1), min(max(x, 0), width - 1)]


def sample(image, y, x, fill):
    """Between four pixels: each counts by how near it is in x and in y."""
    top, left = math.floor(y), math.floor(x)
    down, right = y - top, x - left
    return (
        (1 - down) * (1 - right) * pixel(image, top, left, fill)
        + (1 - down) * right * pixel(image, top, left + 1, fill)
        + down * (1 - right) * pixel(image, top + 1, left, fill)
        + down * right * pixel(image, top + 1, left + 1, fill)
    )


def warp(image, *, angle=0.0, shear=0.0, zoom=1.0, move=(0.0, 0.0), mirrored=False, upended=False, fill="edge"):
    """Read every pixel of the result where the map says that it comes from.

    u, v are distances from the centre, negated where the image is mirrored:
    u' = u + tan(shear) v;  x' = centre + move + (cos u' - sin v) / zoom;  y' = centre + move + (sin u' + cos v) / zoom
    """
    height, width, _ = image.shape
    centre_y, centre_x = (height - 1) / 2, (width - 1) / 2
    result = np.empty(image.shape)
    for y in range(height):
        for x in range(width):
            u = (x - centre_x) * (-1 if mirrored else 1)
            v = (y - centre_y) * (-1 if upended else 1)
            u = u + math.tan(shear) * v
            from_x = centre_x + move[0] + (math.cos(angle) * u - math.sin(angle) * v) / zoom
            from_y = centre_y + move[1] + (math.sin(angle) * u + math.cos(angle) * v) / zoom
            result[y, x] = sample(image, from_y, from_x, fill)
    return result


def normals(key, count):
    """Box and Muller, two of a draw: number i of the first half and number i of the second half."""
    half = (count + 1) // 2
    values = np.empty(2 * half)
    for i in range(half):
        first, second = threefry2x32((i, 1), key)
        angle = (second - 2**32 if second >= 2**31 else second) / 2**31 * math.pi
        radius = math.sqrt(-2 * math.log((first + 0.5) / 2**32))
        values[i], values[half + i] = radius * math.cos(angle), radius * math.sin(angle)
    return values[:count]


def augment(images, seed, epoch, *, noise=0.0, fill="edge", **ranges):
    """Images (n, H, W, C), each under its own map and noise; image i is row i of X."""
    result = []
    for row, image in enumerate(np.asarray(images, np.float64)):
        key = key_of(seed, epoch, row)
        moved = warp(image, fill=fill, **draw(key, **ranges))
        result.append(moved + noise * normals(key, image.size).reshape(image.shape) if noise else moved)
    return np.array(result)
