from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "series"
if not SHARED.is_dir():
    SHARED = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "series"


@pytest.fixture(scope="session")
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("the shared series are not beside the project")
    return SHARED


def days(count: int, first: str = "2022-01-03") -> np.ndarray:
    """Days from a Monday on."""
    return np.datetime64(first) + np.arange(count)


def weekly(count: int, seed: int = 0, noise: float = 1.0) -> np.ndarray:
    """A level of 50, a weekly wave of 10, and noise."""
    draw = np.random.default_rng(seed)
    return 50 + 10 * np.sin(2 * np.pi * np.arange(count) / 7) + noise * draw.normal(size=count)
