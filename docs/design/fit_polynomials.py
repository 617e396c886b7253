"""Fit the polynomials of core/kernels/math.hpp and print their coefficients and errors.

Each is a weighted least-squares fit at Chebyshev points whose weights are raised where the relative error is large
(Lawson's iteration), which tends to the minimax polynomial. Run: `python docs/design/fit_polynomials.py`.
"""

from __future__ import annotations

import math

import numpy as np


def fit(function, degree: int, low: float, high: float, relative_to=None, rounds: int = 200):
    """Return (coefficients from the constant up, largest relative error) of the polynomial for `function`."""
    points = 2000
    x = (low + high) / 2 + (high - low) / 2 * np.cos(np.pi * (np.arange(points) + 0.5) / points)
    y = np.array([function(v) for v in x])
    scale = np.abs(y if relative_to is None else np.array([relative_to(v) for v in x]))
    weights = np.ones(points)
    basis = np.polynomial.chebyshev.chebvander((2 * x - low - high) / (high - low), degree)
    for _ in range(rounds):
        root = np.sqrt(weights) / scale
        chebyshev, *_ = np.linalg.lstsq(basis * root[:, None], y * root, rcond=None)
        error = np.abs(basis @ chebyshev - y) / scale
        weights *= error / error.max() + 1e-3
        weights /= weights.mean()
    polynomial = np.polynomial.Chebyshev(chebyshev, domain=[low, high]).convert(kind=np.polynomial.Polynomial)
    return polynomial.coef, error.max()


def erfc_tail(t: float) -> float:
    """erfc(x) exp(x²) at t = 1 / (1 + x/2), continued by its asymptotic series where erfc underflows."""
    x = 2.0 * (1.0 / t - 1.0)
    if x < 20.0:
        return math.erfc(x) * math.exp(x * x)
    square = 1.0 / (2.0 * x * x)
    return (1.0 - square * (1.0 - 3.0 * square * (1.0 - 5.0 * square))) / (x * math.sqrt(math.pi))


FITS = {
    "e^f, |f| <= ln 2 / 2": fit(math.exp, 6, -math.log(2) / 2, math.log(2) / 2),
    "log1p(u)/u, u in (0, 1]": fit(lambda u: math.log1p(u) / u, 9, 1e-9, 1.0),
    "tanh(x)/x in x², x² in (0, 0.4]": fit(lambda s: math.tanh(math.sqrt(s)) / math.sqrt(s), 5, 1e-9, 0.4),
    "erfc(x) exp(x²) in t = 1/(1+x/2), x in [0, 11]": fit(erfc_tail, 9, 1.0 / 6.5, 1.0),
}

if __name__ == "__main__":
    for name, (coefficients, error) in FITS.items():
        print(f"{name}: relative error {error:.1e}")
        print("   ", ", ".join(f"{c:.10e}f" for c in coefficients))
