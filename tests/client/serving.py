"""A server as a process of its own, and questions with equal answers."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

WAIT_S = 60


@contextlib.contextmanager
def server(*options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """Run ``py-rt serve`` on a free port, unless the options say otherwise."""
    port = [] if "--port" in options else ["--port", "0"]
    child = subprocess.Popen(
        [sys.executable, "-m", "py_rt.cli", "serve", "--quiet", *port, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    try:
        line = child.stdout.readline()
        assert line, child.communicate()[1]
        yield child, json.loads(line)
    finally:
        child.kill()
        child.communicate()


def port_of(ready: dict[str, Any]) -> int:
    return int(ready["grpc"].rpartition(":")[2])


def end(child: subprocess.Popen[str]) -> int:
    child.send_signal(signal.SIGTERM)
    return child.wait(timeout=WAIT_S)


def same(left: Any, right: Any, path: str = "") -> None:
    """Compare two answers value for value, to the bit."""
    assert type(left) is type(right), f"{path}: {type(left)} and {type(right)}"
    if isinstance(left, dict):
        assert list(left) == list(right), path
        for key in left:
            same(left[key], right[key], f"{path}.{key}")
    elif isinstance(left, list | tuple):
        assert len(left) == len(right), path
        for at, pair in enumerate(zip(left, right, strict=True)):
            same(*pair, f"{path}[{at}]")
    elif isinstance(left, np.ndarray):
        assert left.dtype == right.dtype, path
        np.testing.assert_array_equal(left, right, path)
    else:
        assert left == right or (left != left and right != right), f"{path}: {left} and {right}"


def walks(n: int, k: int, seed: int = 7) -> dict[str, Any]:
    """Positive prices that follow each other a little."""
    random = np.random.default_rng(seed)
    market = random.normal(0.0, 0.01, n)
    names = [f"S{j}" for j in range(k)]
    return {
        name: 100.0 * np.exp(np.cumsum(0.5 * market + random.normal(0.001, 0.01 + 0.002 * j, n)))
        for j, name in enumerate(names)
    }


def returns(n: int, seed: int = 3) -> Any:
    random = np.random.default_rng(seed)
    return np.concatenate([random.normal(0.001, 0.01, n), random.normal(-0.002, 0.03, n)])


PRICES = walks(300, 5)
RETURNS = returns(150)
SERIES = PRICES["S0"]
_CHANCE = np.random.default_rng(0)
MATRIX = np.outer(_CHANCE.normal(size=40), _CHANCE.normal(size=30))
MATRIX += np.where(_CHANCE.random((40, 30)) < 0.05, 5.0, 0.0)

# Every call that computes: method, arguments.
QUESTIONS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("calculate_mean_reversion", (SERIES,), {}),
    ("calculate_mean_reversion", (SERIES.tolist(), 0.4, 50), {}),
    ("calculate_mean_reversion", (np.full(30, 5.0),), {}),
    ("optimize_portfolio", (PRICES,), {}),
    ("optimize_portfolio", (PRICES, "hrp"), {}),
    ("optimize_portfolio", (PRICES, "risk_parity", {"budgets": [1, 2, 3, 4, 5]}), {}),
    (
        "optimize_portfolio",
        (
            PRICES,
            "min_variance",
            {"bounds": (0, 0.4), "groups": {"g": (["S0", "S1"], 0.3, 0.5)}, "shrinkage": "oas"},
        ),
        {},
    ),
    (
        "optimize_portfolio",
        (
            PRICES,
            "markowitz",
            {
                "previous": [0.2] * 5,
                "turnover": 0.3,
                "costs": 0.001,
                "risk_aversion": 5,
                "periods_per_year": 252,
            },
        ),
        {},
    ),
    ("optimize_portfolio", (PRICES, "max_sharpe", {"shrinkage": None}), {}),
    ("detect_regime", (RETURNS, 2), {}),
    ("run_hmm", (RETURNS, 2, 100, 1e-6), {}),
    ("run_hmm", (np.column_stack([RETURNS, RETURNS[::-1]]), 2, 50, 1e-6), {"seed": 3}),
    (
        "run_mcmc",
        ({"mu": (-1, 1), "sigma": (0.001, 1)}, RETURNS),
        {"n_samples": 100, "burn_in": 100, "chains": 2, "seed": 5},
    ),
    (
        "run_mcmc",
        ({"omega": (1e-8, 1e-3), "alpha": (0, 0.5), "beta": (0.3, 0.99)}, RETURNS, "garch11"),
        {"n_samples": 50, "burn_in": 50, "chains": 2},
    ),
    ("calculate_sparse_portfolio", (PRICES,), {}),
    ("calculate_sparse_portfolio", (PRICES, "elastic_net", 0.5, 0.7), {"target": "S2"}),
    ("calculate_sparse_portfolio", (PRICES, "adaptive_lasso", 0.1), {}),
    ("calculate_sparse_portfolio", (PRICES, "sparse_pca"), {}),
    ("box_tao_decomposition", (MATRIX,), {}),
    ("box_tao_decomposition", (MATRIX, 0.2, 2.0, 1e-6, 50), {}),
    ("risk_analytics", (RETURNS,), {}),
    (
        "risk_analytics",
        ({"a": RETURNS, "b": RETURNS[::-1]}, 0.99),
        {
            "methods": ("historical", "parametric", "cornish_fisher", "filtered_historical"),
            "weights": {"a": 0.3, "b": 0.7},
        },
    ),
]
NAMES = [f"{at:02d}_{name}" for at, (name, _, _) in enumerate(QUESTIONS)]

# What must be refused, by the argument that is wrong.
WRONG: list[tuple[str, tuple[Any, ...]]] = [
    ("calculate_mean_reversion", ([1.0, float("nan")] * 20,)),
    ("calculate_mean_reversion", ([1.0, 2.0],)),
    ("optimize_portfolio", ({"A": [1.0, 2.0, 3.0], "B": [1.0, -2.0, 3.0]},)),
    ("optimize_portfolio", ({"A": [1.0] * 9, "B": [1.0, 2.0, 3.0] * 3}, "min_variance")),
    ("optimize_portfolio", (PRICES, "no_such_method")),
    ("optimize_portfolio", (PRICES, "min_variance", {"bounds": (0, 0.1)})),
    ("detect_regime", (np.zeros(50),)),
    ("detect_regime", ([0.1, float("inf")] * 20,)),
    ("run_hmm", (RETURNS, 99)),
    ("run_mcmc", ({"mu": (0, 1)}, RETURNS)),
    ("run_mcmc", ({"mu": (0, 1), "nu": (0, 1)}, RETURNS)),
    ("run_mcmc", ({"mu": (0, 1), "sigma": (-2, -1)}, RETURNS)),
    ("run_mcmc", ({"mu": (0, 1), "sigma": (0, 1)}, [1.0], "ar1")),
    ("calculate_sparse_portfolio", ({"A": [1.0, 2.0, 3.0], "B": [4.0, 4.0, 4.0]},)),
    ("calculate_sparse_portfolio", (PRICES, "ridge")),
    ("box_tao_decomposition", (np.zeros((4, 4)),)),
    ("box_tao_decomposition", ([[1.0, float("nan")]],)),
    ("risk_analytics", (RETURNS, 0.95, ("guess",))),
    ("risk_analytics", ({"a": [0.1, 0.2], "b": [0.1, float("nan")]}, 0.95, (), [1, 1])),
    ("risk_analytics", (np.column_stack([RETURNS, RETURNS]),)),
]
WRONG_NAMES = [f"{at:02d}_{name}" for at, (name, _) in enumerate(WRONG)]
