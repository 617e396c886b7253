"""The two functions that optimisers walk on, and the 20 steps."""

STEPS = 20
FUNCTIONS = {
    # f = ½ θᵀ A θ - bᵀ θ with A = [[3, 1], [1, 2]], b = [1, -1]
    "quadratic": (lambda t: 1.5 * t[0] ** 2 + t[0] * t[1] + t[1] ** 2 - t[0] + t[1], [2.0, -3.0]),
    # Rosenbrock 1960: f = (1 - x)² + 100 (y - x²)²
    "rosenbrock": (lambda t: (1 - t[0]) ** 2 + 100 * (t[1] - t[0] ** 2) ** 2, [-1.2, 1.0]),
}
