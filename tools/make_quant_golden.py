"""Write tests/golden/quant_series.json: answers of libraries that are not ours.

Run it in an environment of its own::

    python -m venv peers && peers/bin/pip install numpy==2.4.6 statsmodels==0.15.0 arch==8.0.0 \
        hmmlearn==0.3.3 arviz
    peers/bin/python tools/make_quant_golden.py

The published figures that the tests assert stand in the tests themselves.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import arviz
import numpy as np
import statsmodels
from arch.unitroot import VarianceRatio
from hmmlearn.hmm import GaussianHMM
from statsmodels.datasets import danish_data, macrodata
from statsmodels.tsa.stattools import adfuller, coint
from statsmodels.tsa.vector_ar.vecm import VECM, coint_johansen

OUT = Path(__file__).parent.parent / "tests" / "golden" / "quant_series.json"
CODES = {1: "n", 2: "ci", 3: "co", 4: "coli", 5: "colo"}
TRENDS = ("n", "c", "ct", "ctt")


def series(random: np.random.Generator) -> dict[str, np.ndarray]:
    """Make the inputs: a walk, noise, a trend with noise, prices far from zero."""
    walk = np.cumsum(random.normal(size=160))
    noise = random.normal(size=90)
    trend = 0.3 * np.arange(120) + np.cumsum(random.normal(size=120))
    prices = 1e6 + np.cumsum(random.normal(size=140))
    return {"walk": walk, "noise": noise, "trend": trend, "prices": prices}


def unit_roots(inputs: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    """Ask statsmodels for every trend and every rule."""
    rows = []
    for name, x in inputs.items():
        for trend in TRENDS:
            for rule in ("aic", "bic", "t-stat", None):
                found = adfuller(x, regression=trend, autolag=rule)
                row = {"x": name, "regression": trend, "autolag": rule}
                rows.append(row | dict(zip(("statistic", "pvalue", "lags"), found, strict=False)))
    return rows


def relations(random: np.random.Generator) -> dict[str, Any]:
    """Ask statsmodels for tests of cointegration, and likelihood ratios for all five cases."""
    x = np.cumsum(random.normal(size=(150, 4)), axis=0).round(6)
    x[:, 0] = (x[:, 1] - 0.5 * x[:, 2] + random.normal(size=150)).round(6)
    tests = []
    for trend in TRENDS:
        for lags in (None, 1):
            rule = "aic" if lags is None else None
            found = coint(x[:, 0], x[:, 1:3], trend=trend, maxlag=lags, autolag=rule)
            tests.append({"trend": trend, "lags": lags, "statistic": found[0], "pvalue": found[1]})
    ranks = []
    for case, code in CODES.items():
        for seasons in (0, 4):
            fits = [
                VECM(x[:, :3], k_ar_diff=2, coint_rank=r, deterministic=code, seasons=seasons)
                for r in range(4)
            ]
            loglik = [fit.fit().llf for fit in fits]
            trace = [2.0 * (loglik[3] - value) for value in loglik[:3]]
            ranks.append({"case": case, "seasons": seasons, "trace": trace})
    vectors = {}
    for case, order in ((1, -1), (3, 0)):
        found = coint_johansen(x, order, 1)
        vectors[case] = {
            "eigenvalues": found.eig.tolist(),
            "eigenvectors": found.evec.tolist(),
            "max_eig": found.lr2.tolist(),
        }
    return {"x": x.tolist(), "engle_granger": tests, "trace": ranks, "johansen": vectors}


def regimes(random: np.random.Generator) -> dict[str, Any]:
    """Ask hmmlearn at given parameters, and for its best fit with the priors off."""
    parts = [random.normal((-1, 0, 1.5)[i % 3], (0.5, 0.3, 0.8)[i % 3], 20) for i in range(15)]
    x = np.concatenate(parts).round(6)
    model = GaussianHMM(3, covariance_type="diag", implementation="scaling")
    model.startprob_ = np.array([0.2, 0.5, 0.3])
    model.transmat_ = np.array([[0.9, 0.05, 0.05], [0.1, 0.85, 0.05], [0.02, 0.08, 0.9]])
    model.means_ = np.array([[0.0], [-1.0], [1.4]])
    model.covars_ = np.array([[0.1], [0.3], [0.7]])
    lengths = [100, 200]
    fitted = GaussianHMM(
        3, covariance_type="diag", covars_prior=1e-20, min_covar=1e-12, n_iter=5000, tol=1e-10
    )
    best = max(fitted.fit(x[:, None]).score(x[:, None]) for fitted.random_state in range(5))
    return {
        "x": x.tolist(),
        "score": model.score(x[:, None]),
        "score_two": model.score(x[:, None], lengths),
        "smooth": model.predict_proba(x[:, None])[::25].tolist(),
        "viterbi": model.predict(x[:, None]).tolist(),
        "best": best,
    }


def draws(random: np.random.Generator) -> dict[str, Any]:
    """Ask arviz about chains that depend on themselves."""
    x = np.empty((3, 101))
    x[:, 0] = random.normal(size=3)
    for t in range(1, 101):
        x[:, t] = 0.6 * x[:, t - 1] + random.standard_t(4, size=3)
    x = x.round(6)
    return {
        "x": x.tolist(),
        "rhat": float(arviz.rhat(x, method="rank")),
        "ess_bulk": float(arviz.ess(x, method="bulk")),
        "ess_tail": float(arviz.ess(x, method="tail")),
        "mcse": float(arviz.mcse(x, method="mean")),
    }


def main() -> None:
    """Write the file."""
    warnings.simplefilter("ignore")
    random = np.random.default_rng(20261129)
    inputs = {name: x.round(6) for name, x in series(random).items()}
    ratios = []
    for name in ("walk", "noise", "trend"):
        for q in (2, 5, 12):
            test = VarianceRatio(inputs[name], q, trend="c")
            row = {"x": name, "q": q, "vr": test.vr, "z": test.stat, "pvalue": test.pvalue}
            ratios.append(row)
    folder = Path(statsmodels.__path__[0]) / "tsa/vector_ar/tests/Matlab_results"
    money = danish_data.load_pandas().data[["lrm", "lry", "ibo", "ide"]]
    inflation = np.diff(np.log(np.asarray(macrodata.load_pandas().data["cpi"])))
    golden = {
        "series": {name: x.tolist() for name, x in inputs.items()},
        "inflation": inflation.tolist(),
        "matlab": np.genfromtxt(folder / "test_coint.csv").tolist(),
        "danish_money": money.to_numpy().tolist(),
        "adf": unit_roots(inputs),
        "variance_ratio": ratios,
        "cointegration": relations(random),
        "regimes": regimes(random),
        "draws": draws(random),
    }
    OUT.write_text(json.dumps(golden, default=float) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
