"""What both sides of the statistics rows run on: W4 and W5, made at run time."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["digest", "panel", "regimes", "relations", "walk"]


def walk() -> Any:
    """W4: a random walk of 1,000 steps."""
    return np.cumsum(np.random.default_rng(3).normal(size=1000))


def relations() -> Any:
    """W4: three series, two of which follow one walk."""
    random = np.random.default_rng(3)
    w = np.cumsum(random.normal(size=1000))
    e = random.normal(size=(1000, 2))
    other = np.cumsum(random.normal(size=1000))
    return np.column_stack([w + e[:, 0], 0.5 * w + e[:, 1], other])


def regimes() -> Any:
    """W4: 40 draws of three states, each held 50 steps."""
    random = np.random.default_rng(3)
    states = random.integers(0, 3, size=40)
    means, spreads = np.array([-1.0, 0.0, 1.5]), np.array([0.5, 0.3, 0.8])
    return np.concatenate([random.normal(means[s], spreads[s], 50) for s in states])


def panel() -> Any:
    """W5: 500 random walks of 2,520 steps."""
    return np.cumsum(np.random.default_rng(17).normal(size=(2520, 500)), axis=0)


def digest(values: Any, digits: int = 6) -> list[float]:
    """Say in three figures what an array holds, to so many digits."""
    array = np.asarray(values, dtype=float)
    return [round(float(x), digits) for x in (array.mean(), array.std(), array.ravel()[-1])]
