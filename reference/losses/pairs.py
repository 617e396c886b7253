"""Losses of pairs and triplets. Scores are (B · m, O), a sample's m members one after another."""

from __future__ import annotations

import numpy as np

NAMES = ("margin_ranking", "hinge_embedding", "cosine_embedding", "triplet_margin", "triplet_margin_with_distance",
         "circle")  # fmt: skip
MEMBERS = {"margin_ranking": 2, "cosine_embedding": 2, "triplet_margin": 3, "triplet_margin_with_distance": 3,
           "circle": 3}  # fmt: skip
EPSILON = 1e-6


def norm(a, b, power=2.0, epsilon=EPSILON):
    """d = (Σ_o |a_o - b_o + ε|^q)^(1/q)."""
    return (np.abs(a - b + epsilon) ** power).sum(axis=1) ** (1 / power)


def d_norm(a, b, power=2.0, epsilon=EPSILON):
    """∂d/∂a_o = sign(…) (|a_o - b_o + ε| / d)^(q-1), and -that for b; 0 where d = 0."""
    gap, d = a - b + epsilon, norm(a, b, power, epsilon)[:, None]
    slope = np.sign(gap) * (np.abs(gap) / np.where(d > 0, d, 1)) ** (power - 1) * (d > 0)
    return slope, -slope


def cosine(a, b):
    """d = 1 - a·b / √((|a|² + 10⁻¹²)(|b|² + 10⁻¹²))."""
    return 1 - (a * b).sum(axis=1) / np.sqrt(((a**2).sum(axis=1) + 1e-12) * ((b**2).sum(axis=1) + 1e-12))


def d_cosine(a, b):
    """∂d/∂a = -(b / (|a||b|) - cos a / |a|²)."""
    aa, bb, c = (a**2).sum(axis=1) + 1e-12, (b**2).sum(axis=1) + 1e-12, 1 - cosine(a, b)
    scale = np.sqrt(aa * bb)[:, None]
    return -(b / scale - (c / aa)[:, None] * a), -(a / scale - (c / bb)[:, None] * b)


DISTANCES = {
    "euclidean": (norm, d_norm),
    "manhattan": (lambda a, b: norm(a, b, 1.0), lambda a, b: d_norm(a, b, 1.0)),
    "squared_euclidean": (lambda a, b: ((a - b) ** 2).sum(axis=1), lambda a, b: (2 * (a - b), -2 * (a - b))),
    "cosine": (cosine, d_cosine),
}


def apart(scores, members):
    """The members' scores, each (B, O)."""
    return [scores[m::members] for m in range(members)]


def together(gradients):
    """(B · m, O) from the members' gradients."""
    return np.stack(gradients, axis=1).reshape(-1, gradients[0].shape[1])


def margin_ranking(scores, target, margin=0.0):
    """l = (1/O) Σ_o max(0, m - y (a_o - b_o))."""
    a, b = apart(scores, 2)
    return np.mean(np.maximum(0, margin - target * (a - b)), axis=1)


def d_margin_ranking(scores, target, margin=0.0):
    """∂l/∂a_o = -(1/O) y where the margin is not kept, ∂l/∂b_o = -∂l/∂a_o."""
    a, b = apart(scores, 2)
    slope = np.where(margin - target * (a - b) > 0, -target, 0) / a.shape[1]
    return together([slope, -slope])


def _embedding(d, target, margin):
    return np.where(target > 0, d, np.maximum(0, margin - d)), np.where(
        target > 0, 1.0, np.where(d < margin, -1.0, 0.0)
    )


def hinge_embedding(scores, target, margin=1.0, distance=None):
    """l = d where y = 1, max(0, m - d) where y = -1; d the score itself (mean over outputs) or a pair's distance."""
    if distance is None:
        return np.mean(_embedding(scores, target, margin)[0], axis=1)
    return _embedding(DISTANCES[distance][0](*apart(scores, 2)), target[:, 0], margin)[0]


def d_hinge_embedding(scores, target, margin=1.0, distance=None):
    """∂l/∂d = 1 where y = 1, -1 where y = -1 and d < m."""
    if distance is None:
        return _embedding(scores, target, margin)[1] / scores.shape[1]
    a, b = apart(scores, 2)
    slope = _embedding(DISTANCES[distance][0](a, b), target[:, 0], margin)[1]
    return together([slope[:, None] * d for d in DISTANCES[distance][1](a, b)])


def cosine_embedding(scores, target, margin=0.0):
    """l = 1 - cos where y = 1, max(0, cos - m) where y = -1."""
    d = cosine(*apart(scores, 2))
    return np.where(target[:, 0] > 0, d, np.maximum(0, 1 - d - margin))


def d_cosine_embedding(scores, target, margin=0.0):
    """Through the cosine."""
    a, b = apart(scores, 2)
    d = cosine(a, b)
    slope = np.where(target[:, 0] > 0, 1.0, np.where(1 - d > margin, -1.0, 0.0))
    return together([slope[:, None] * part for part in d_cosine(a, b)])


def _triplet(scores, distance, d_distance, margin, swap):
    anchor, same, other = apart(scores, 3)
    near, far, between = distance(anchor, same), distance(anchor, other), distance(same, other)
    swapped = swap & (between < far)
    value = np.maximum(0, near - np.where(swapped, between, far) + margin)
    (a1, p1), (a2, n2), (p3, n3) = d_distance(anchor, same), d_distance(anchor, other), d_distance(same, other)
    w = swapped[:, None]
    on = (value > 0)[:, None]
    return value, together([on * (a1 - ~w * a2), on * (p1 - w * p3), on * -np.where(w, n3, n2)])


def triplet_margin(scores, target=None, margin=1.0, power=2.0, epsilon=EPSILON, swap=False):
    """l = max(0, d(a, p) - d(a, n) + m) with the q-norm; swap: d(p, n) where it is smaller than d(a, n)."""
    return _triplet(
        scores, lambda a, b: norm(a, b, power, epsilon), lambda a, b: d_norm(a, b, power, epsilon), margin, swap
    )[0]


def d_triplet_margin(scores, target=None, margin=1.0, power=2.0, epsilon=EPSILON, swap=False):
    """Through the two distances."""
    return _triplet(
        scores, lambda a, b: norm(a, b, power, epsilon), lambda a, b: d_norm(a, b, power, epsilon), margin, swap
    )[1]


def triplet_margin_with_distance(scores, target=None, distance="euclidean", margin=1.0, swap=False):
    """The same with a distance by name."""
    return _triplet(scores, *DISTANCES[distance], margin, swap)[0]


def d_triplet_margin_with_distance(scores, target=None, distance="euclidean", margin=1.0, swap=False):
    """Through the two distances."""
    return _triplet(scores, *DISTANCES[distance], margin, swap)[1]


def circle(scores, target=None, gamma=80.0, margin=0.4):
    """l = log(1 + e^(γ x)), x = α_p (d_p - m) + α_n (1 - m - d_n), α_p = max(0, d_p + m), α_n = max(0, 1 + m - d_n)."""
    anchor, same, other = apart(scores, 3)
    near, far = cosine(anchor, same), cosine(anchor, other)
    x = np.maximum(0, near + margin) * (near - margin) + np.maximum(0, 1 + margin - far) * (1 - margin - far)
    return np.logaddexp(0, gamma * x)


def d_circle(scores, target=None, gamma=80.0, margin=0.4):
    """∂x/∂d_p = 2 d_p and ∂x/∂d_n = -2 (1 - d_n) where the weights are above 0."""
    anchor, same, other = apart(scores, 3)
    near, far = cosine(anchor, same), cosine(anchor, other)
    weight = gamma * -np.expm1(-circle(scores, target, gamma, margin))  # σ(z) = 1 - e^(-log(1 + e^z))
    of_near = np.where(near + margin > 0, weight * 2 * near, 0)[:, None]
    of_far = np.where(1 + margin - far > 0, -weight * 2 * (1 - far), 0)[:, None]
    (a1, p1), (a2, n2) = d_cosine(anchor, same), d_cosine(anchor, other)
    return together([of_near * a1 + of_far * a2, of_near * p1, of_far * n2])
