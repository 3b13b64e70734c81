"""The worker of the solvers: cvxpy, Clarabel, PIQP, DAQP, scikit-learn, and NumPy's own ADMM.

Problems are built before the clock starts wherever a library lets one; covariances are scaled by
1e4, without which tolerances of the solvers mean nothing.
"""

from __future__ import annotations

import sys
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import portfolio_workloads
from workers.protocol import Run, clock, serve

SCALE = 1e4


def timed(work: Any, judge: Any, repeat: int) -> Run:
    """Make a run that works `repeat` times and judges the last answer outside of the clock."""

    def run() -> tuple[float, int, dict[str, Any]]:
        begin = clock()
        for _ in range(repeat):
            answer = work()
        return (clock() - begin) / repeat, 1, judge(answer)

    return run


def cvxpy_risk_parity(cov: Any) -> Any:
    """Spinu's form; compiled by the first solve, which is not measured."""
    import cvxpy as cp

    n = len(cov)
    y = cp.Variable(n)
    risk = cp.quad_form(y, cp.psd_wrap(cov * SCALE))
    problem = cp.Problem(cp.Minimize(0.5 * risk - cp.sum(cp.log(y)) / n))

    def solve() -> Any:
        problem.solve(solver=cp.CLARABEL)
        return y.value

    return solve


def clarabel_min_variance(cov: Any) -> Any:
    """Clarabel without a modelling layer."""
    import clarabel
    from scipy import sparse

    n = len(cov)
    p = sparse.csc_matrix(np.triu(cov * SCALE))
    a = sparse.csc_matrix(np.vstack([np.ones((1, n)), -np.eye(n)]))
    b = np.concatenate([[1.0], np.zeros(n)])
    cones = [clarabel.ZeroConeT(1), clarabel.NonnegativeConeT(n)]
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    q = np.zeros(n)
    return lambda: np.array(clarabel.DefaultSolver(p, q, a, b, cones, settings).solve().x)


def piqp_min_variance(cov: Any) -> Any:
    """PIQP's dense solver."""
    import piqp

    n = len(cov)
    p, q, a, b = cov * SCALE, np.zeros(n), np.ones((1, n)), np.ones(1)

    def solve() -> Any:
        solver = piqp.DenseSolver()
        solver.setup(p, q, a, b, x_l=np.zeros(n))
        solver.solve()
        return solver.result.x

    return solve


def daqp_min_variance(cov: Any) -> Any:
    """DAQP, an active set method."""
    import daqp

    n = len(cov)
    h, f = cov * SCALE, np.zeros(n)
    a = np.ones((1, n))
    upper = np.concatenate([np.full(n, 1e30), [1.0]])
    lower = np.concatenate([np.zeros(n), [1.0]])
    sense = np.zeros(n + 1, dtype=np.int32)
    sense[n] = 5
    return lambda: daqp.solve(h, f, a, upper, lower, sense)[0]


def numpy_pursuit(m: Any) -> Any:
    """Algorithm 1 of Candes et al. 2011, with the residual of ours."""
    rows, columns = m.shape
    lam = 1 / np.sqrt(max(rows, columns))
    mu = rows * columns / (4 * np.abs(m).sum())
    norm = np.linalg.norm(m)

    def solve() -> Any:
        s, y = np.zeros_like(m), np.zeros_like(m)
        for _ in range(1000):
            u, d, v = np.linalg.svd(m - s + y / mu, full_matrices=False)
            d = np.maximum(d - 1 / mu, 0.0)
            low = (u * d) @ v
            rest = m - low + y / mu
            s = np.sign(rest) * np.maximum(np.abs(rest) - lam / mu, 0.0)
            left = m - low - s
            y += mu * left
            if np.linalg.norm(left) <= 1e-7 * norm:
                break
        return d, s, float(np.linalg.norm(left) / norm), lam

    return solve


def prepare(job: str, options: dict[str, Any]) -> Run:
    """Make the run of a job."""
    warnings.simplefilter("ignore")
    n, repeat = options["n"], options["repeat"]
    name, _, solver = job.partition(":")
    if name in ("risk_parity", "min_variance"):
        cov = portfolio_workloads.covariance(n)
        work = globals()[f"{solver}_{name}"](cov)

        return timed(work, lambda w: portfolio_workloads.judged(w, cov, name), repeat)
    if name == "robust_pca":
        told = numpy_pursuit(portfolio_workloads.sum_of_parts(n))
        return timed(
            told,
            lambda r: {
                "objective": float(r[0].sum() + r[3] * np.abs(r[1]).sum()),
                "rank": int((r[0] > 0).sum()),
                "residual": r[2],
            },
            repeat,
        )
    from sklearn.linear_model import Lasso, lasso_path

    x, y = portfolio_workloads.regression(n, options["p"])
    xc, yc = np.asfortranarray(x - x.mean(0)), y - y.mean()
    if name == "lasso":
        model = Lasso(alpha=0.1, tol=1e-4, max_iter=100_000)

        def loss(fit: Any) -> dict[str, Any]:
            rest = yc - xc @ fit.coef_
            return {"objective": float(rest @ rest / (2 * n) + 0.1 * np.abs(fit.coef_).sum())}

        return timed(lambda: model.fit(x, y), loss, repeat)

    def losses(path: Any) -> dict[str, Any]:
        alphas, coef, _ = path
        rest = yc[None, :] - coef.T @ xc.T
        total = (rest**2).sum(1) / (2 * n) + alphas * np.abs(coef).sum(0)
        return {"objective": float(total.sum())}

    return timed(lambda: lasso_path(xc, yc, tol=1e-4, max_iter=100_000), losses, repeat)


VERSIONS = ("cvxpy", "clarabel", "piqp", "daqp", "scikit-learn", "numpy")

if __name__ == "__main__":
    serve(" ".join(f"{name} {version(name)}" for name in VERSIONS), prepare)
