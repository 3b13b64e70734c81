"""Inputs of the quant rows; every worker makes the same ones from a seed."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["covariance", "judged", "regression", "sum_of_parts"]


def covariance(n: int) -> Any:
    """Return the covariance of W6: 750 returns of n assets on five factors."""
    rng = np.random.default_rng(9)
    loads = rng.normal(1, 0.4, (n, 5))
    shared = rng.normal(size=(750, 5)) @ loads.T * 0.004
    own = rng.normal(size=(750, n)) * rng.uniform(0.005, 0.02, n)
    return np.cov((shared + own + rng.normal(3e-4, 2e-4, n)).T)


def judged(w: Any, cov: Any, job: str) -> dict[str, float]:
    """Return what a portfolio minimises: volatility, or ln volatility less the mean ln weight."""
    w = w / w.sum()
    volatility = float(w @ cov @ w) ** 0.5
    if job == "min_variance":
        return {"objective": volatility}
    return {"objective": float(np.log(volatility) - np.log(w).mean()), "volatility": volatility}


def regression(n: int, p: int) -> tuple[Any, Any]:
    """Return columns on three factors, and a response that ten of them explain."""
    rng = np.random.default_rng(12)
    x = rng.normal(size=(n, 3)) @ rng.normal(size=(3, p)) + rng.normal(size=(n, p))
    y = x[:, :10] @ rng.normal(size=10) + rng.normal(size=n)
    return np.asfortranarray(x), y


def sum_of_parts(n: int) -> Any:
    """Return the random model of the paper: rank n/20, one entry in twenty replaced."""
    rng = np.random.default_rng(13)
    low = rng.normal(size=(n, n // 20)) @ rng.normal(size=(n // 20, n)) / n
    hit = rng.random((n, n)) < 0.05
    return low + np.where(hit, rng.choice([-1.0, 1.0], (n, n)), 0.0)
