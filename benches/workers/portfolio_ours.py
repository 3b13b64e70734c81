"""The worker of py_rt for portfolios, sparse regression and matrix splitting: the public face."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import portfolio_workloads
from workers.protocol import Run, clock, serve

import py_rt as rt


def timed(work: Any, judge: Any, repeat: int) -> Run:
    """Make a run that works `repeat` times and judges the last answer outside of the clock."""

    def run() -> tuple[float, int, dict[str, Any]]:
        begin = clock()
        for _ in range(repeat):
            answer = work()
        return (clock() - begin) / repeat, 1, judge(answer)

    return run


def prepare(job: str, options: dict[str, Any]) -> Run:
    """Make the run of a job."""
    n, repeat = options["n"], options["repeat"]
    quant = rt.quant
    if job in ("risk_parity", "min_variance"):
        cov = portfolio_workloads.covariance(n)
        return timed(
            lambda: quant.portfolio(cov=cov, method=job),
            lambda p: portfolio_workloads.judged(p.weights, cov, job),
            repeat,
        )
    if job == "robust_pca":
        m = portfolio_workloads.sum_of_parts(n)
        return timed(
            lambda: quant.robust_pca(m),
            lambda p: {"objective": p.objective, "rank": p.rank, "residual": p.residual},
            repeat,
        )
    x, y = portfolio_workloads.regression(n, options["p"])
    if job == "lasso":
        return timed(
            lambda: quant.lasso(x, y, 0.1, tol=1e-4),
            lambda fit: {"objective": fit.objective},
            repeat,
        )
    return timed(
        lambda: quant.lasso_path(x, y, tol=1e-4), lambda path: objective(x, y, path), repeat
    )


def objective(x: Any, y: Any, path: Any) -> dict[str, Any]:
    """Return the sum of the objectives along a path."""
    xc, yc = x - x.mean(0), y - y.mean()
    rest = yc[None, :] - path.coef @ xc.T
    losses = (rest**2).sum(1) / (2 * len(y)) + path.alphas * abs(path.coef).sum(1)
    return {"objective": float(losses.sum())}


if __name__ == "__main__":
    serve(rt.__version__, prepare)
