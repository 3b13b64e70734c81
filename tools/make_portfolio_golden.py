"""Write tests/golden/quant_portfolio.json: answers of other libraries to small questions.

Run it in an environment of its own (nothing here is a dependency of py_rt):

    python -m venv golden && golden/bin/pip install numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1 \
        skfolio==1.12.2 cvxpy==1.9.3 clarabel==0.11.1 PyPortfolioOpt==1.6.0
    golden/bin/python tools/make_portfolio_golden.py

cvxpy with Clarabel: portfolios under constraints, principal component pursuit, the semidefinite
relaxation. scikit-learn: LASSO, elastic net, shrinkage. SciPy: generalised eigenvalues, brute force
over supports. skfolio: PSR, DSR, combinatorial splits. PyPortfolioOpt: hierarchical risk parity.
"""

from __future__ import annotations

import itertools
import json
import warnings
from pathlib import Path
from typing import Any

import cvxpy as cp
import numpy as np
import pandas as pd
import scipy.linalg
import skfolio.measures
from pypfopt import HRPOpt
from skfolio.model_selection import CombinatorialPurgedCV
from sklearn.covariance import OAS, LedoitWolf
from sklearn.linear_model import ElasticNet, Lasso, lasso_path

PLACE = Path(__file__).resolve().parents[1] / "tests" / "golden" / "quant_portfolio.json"
TIGHT = {"solver": cp.CLARABEL, "tol_gap_abs": 1e-12, "tol_gap_rel": 1e-12, "tol_feas": 1e-12}
Array = Any


def plain(value: Any) -> Any:
    """Turn arrays into lists."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {name: plain(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    return value


def universe(rng: Any, n: int) -> tuple[Array, Array]:
    """Make a covariance of a factor model and means, rounded so that the file stays small."""
    loads = rng.normal(1.0, 0.4, (n, 3))
    cov = loads @ loads.T * 1e-4 + np.diag(rng.uniform(1e-4, 5e-4, n))
    return np.round(cov, 10), np.round(rng.normal(5e-4, 5e-4, n), 8)


def constrained(rng: Any, number: int) -> dict[str, Any]:
    """Markowitz with bounds, a group, turnover, costs and a gross limit."""
    n = 6 + number % 5
    cov, mean = universe(rng, n)
    before = np.round(rng.dirichlet(np.ones(n)), 6)
    before[-1] = 1.0 - before[:-1].sum()
    bounds = [-0.1 if number % 2 else 0.0, 0.5]
    asked = {
        "risk_aversion": 1.0 + number,
        "bounds": bounds,
        "group": [list(range(n // 2)), 0.1, 0.6],
        "previous": before,
        "turnover": [0.3, 0.8, 3.0][number % 3],
        "costs": [0.0, 1e-3, 3e-3][number % 3],
        "gross": 1.3 if number % 4 == 1 else None,
    }
    w = cp.Variable(n)
    members, low, high = asked["group"]
    held = cp.sum(w[members])
    rules = [cp.sum(w) == 1, w >= bounds[0], w <= bounds[1], held >= low, held <= high]
    rules.append(cp.norm1(w - before) <= asked["turnover"])
    if asked["gross"]:
        rules.append(cp.norm1(w) <= asked["gross"])
    risk = cp.quad_form(w, cp.psd_wrap(cov))
    gain = mean @ w - asked["risk_aversion"] / 2 * risk - asked["costs"] * cp.norm1(w - before)
    problem = cp.Problem(cp.Maximize(1e4 * gain), rules)
    problem.solve(**TIGHT)
    return {"cov": cov, "mean": mean, **asked, "weights": w.value, "value": problem.value / 1e4}


def simple(rng: Any, n: int) -> dict[str, Any]:
    """Long-only minimum variance, maximum Sharpe and diversification, risk parity, by cvxpy."""
    cov, mean = universe(rng, n)
    scale = 1e4
    found: dict[str, Any] = {"cov": cov, "mean": mean, "budgets": np.round(rng.uniform(1, 3, n), 3)}
    for name, gain in (
        ("min_variance", np.ones(n)),
        ("max_sharpe", mean / np.abs(mean).max()),
        ("max_diversification", np.sqrt(np.diag(cov) * scale)),
    ):
        y = cp.Variable(n)
        risk = cp.quad_form(y, cp.psd_wrap(cov * scale))
        cp.Problem(cp.Minimize(risk), [gain @ y == 1, y >= 0]).solve(**TIGHT)
        found[name] = y.value / y.value.sum()
    y = cp.Variable(n)
    logs = found["budgets"] @ cp.log(y)
    risk = cp.quad_form(y, cp.psd_wrap(cov * scale))
    cp.Problem(cp.Minimize(0.5 * risk - logs)).solve(**TIGHT)
    found["risk_parity"] = y.value / y.value.sum()
    labels = [f"a{i}" for i in range(n)]
    hrp = HRPOpt(cov_matrix=pd.DataFrame(cov, labels, labels))
    found["hrp"] = np.array([hrp.optimize("single")[label] for label in labels])
    return found


def regressions(rng: Any) -> list[dict[str, Any]]:
    """LASSO, elastic net and a path by scikit-learn, tall and wide, with a near copy."""
    cases = []
    for n, p in ((40, 8), (15, 20)):
        x = np.round(rng.normal(size=(n, p)), 4)
        x[:, 3] = np.round(x[:, 2] + 0.05 * x[:, 3], 4)
        y = np.round(x[:, :4] @ [1.0, -2.0, 0.5, 0.5] + rng.normal(size=n) + 3.0, 4)
        settings = {"tol": 1e-14, "max_iter": 1_000_000}
        lasso = Lasso(alpha=0.1, **settings).fit(x, y)
        net = ElasticNet(alpha=0.2, l1_ratio=0.3, **settings).fit(x, y)
        alphas, coef, _ = lasso_path(x - x.mean(0), y - y.mean(), **settings, eps=1e-2)
        cases.append(
            {
                "X": x, "y": y, "lasso": [lasso.coef_, lasso.intercept_],
                "elastic_net": [net.coef_, net.intercept_],
                "path": {"alphas": alphas[::20], "coef": coef.T[::20]},
            }
        )  # fmt: skip
    return cases


def pursuit(rng: Any) -> dict[str, Any]:
    """Principal component pursuit of small matrices by a semidefinite program."""
    cases = []
    for noise in (0.0, 0.5):
        m = np.outer(rng.normal(size=12), rng.normal(size=9)) + 0.05 * rng.normal(size=(12, 9))
        m = np.round(m + np.where(rng.random((12, 9)) < 0.1, 4.0, 0.0), 4)
        low, sparse = cp.Variable((12, 9)), cp.Variable((12, 9))
        cost = cp.normNuc(low) + cp.sum(cp.abs(sparse)) / np.sqrt(12)
        left = m - low - sparse
        rule = [left == 0] if noise == 0.0 else [cp.norm(left, "fro") <= noise]
        problem = cp.Problem(cp.Minimize(cost), rule)
        problem.solve(solver=cp.CLARABEL)
        cases.append({"M": m, "noise": noise, "objective": problem.value, "low_rank": low.value})
    return {"cases": cases}


def reversion(rng: Any) -> dict[str, Any]:
    """Generalised eigenvalues by SciPy, brute force over supports, the relaxation by cvxpy."""
    n = 7
    a = np.round(0.6 * np.eye(n) + 0.15 * rng.normal(size=(n, n)), 4)
    a *= 0.9 / np.abs(np.linalg.eigvals(a)).max()
    a = np.round(a, 4)
    shocks = np.round(rng.normal(size=(n, n)), 3)
    gamma = np.round(scipy.linalg.solve_discrete_lyapunov(a, shocks @ shocks.T), 6)
    gamma = (gamma + gamma.T) / 2
    m = a @ gamma @ a.T
    values, vectors = scipy.linalg.eigh(m, gamma)
    best = {}
    for k in (1, 2, 3, 5):
        ranked = []
        for support in itertools.combinations(range(n), k):
            block = np.ix_(support, support)
            ranked.append((scipy.linalg.eigh(m[block], gamma[block])[0][0], list(support)))
        best[str(k)] = min(ranked)
    scale = np.sqrt(np.diag(gamma))
    unit = np.outer(scale, scale)
    y = cp.Variable((n, n), PSD=True)
    rules = [cp.trace(gamma / unit @ y) == 1, cp.sum(cp.abs(y)) <= 3 * cp.trace(y)]
    relaxed = cp.Problem(cp.Minimize(cp.trace(m / unit @ y)), rules)
    relaxed.solve(**TIGHT)
    x = np.zeros((60, 3))
    for t in range(1, 60):
        x[t] = 0.7 * x[t - 1] + rng.normal(size=3)
    return {
        "A": a, "gamma": gamma, "eigenvalues": values,
        "weights": vectors / np.abs(vectors).sum(0), "best": best, "sdp_bound_k3": relaxed.value,
    }  # fmt: skip


def records(rng: Any) -> dict[str, Any]:
    """PSR and DSR by skfolio, and the splits of its combinatorial cross-validation."""
    returns = np.round(rng.standard_t(5, size=120) * 0.01 + 0.001, 6)
    trials = np.round(rng.normal(0.0, 0.02, size=30), 6)
    psr = skfolio.measures.probabilistic_sharpe_ratio
    splits = []
    for n, groups, tests, purge, embargo in ((25, 5, 2, 0, 0), (23, 4, 2, 1, 2), (32, 6, 3, 2, 1)):
        cv = CombinatorialPurgedCV(groups, tests, purge, embargo)
        pairs = [
            [train, np.sort(np.concatenate(test))] for train, test in cv.split(np.zeros((n, 1)))
        ]
        splits.append({"arguments": [n, groups, tests, purge, embargo], "pairs": pairs})
    return {
        "returns": returns, "psr": psr(returns), "psr_05": psr(returns, 0.05),
        "trials_variance": trials.var(ddof=1), "n_trials": len(trials),
        "dsr": skfolio.measures.deflated_sharpe_ratio(returns, trials), "splits": splits,
    }  # fmt: skip


def shrinkage(rng: Any) -> dict[str, Any]:
    """Ledoit-Wolf and OAS by scikit-learn."""
    x = np.round(rng.normal(size=(12, 6)) @ (np.eye(6) + 0.3), 4)
    found: dict[str, Any] = {"X": x}
    for name, kind in (("ledoit_wolf", LedoitWolf), ("oas", OAS)):
        fit = kind().fit(x)
        found[name] = {"cov": fit.covariance_, "intensity": fit.shrinkage_}
    return found


def main() -> None:
    """Write the file."""
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(2026)
    told = {
        "constrained": [constrained(rng, number) for number in range(12)],
        "simple": [simple(rng, n) for n in (3, 6, 12)],
        "regressions": regressions(rng),
        "pursuit": pursuit(rng),
        "reversion": reversion(rng),
        "records": records(rng),
        "shrinkage": shrinkage(rng),
    }
    PLACE.write_text(json.dumps(plain(told), separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{PLACE.name}: {PLACE.stat().st_size} bytes")  # noqa: T201


if __name__ == "__main__":
    main()
