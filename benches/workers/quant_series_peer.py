"""The peers of the statistics rows: statsmodels, arch, hmmlearn, and NumPy's Gram matrices."""

from __future__ import annotations

import sys
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from arch.unitroot import ADF
from hmmlearn.hmm import GaussianHMM
from statsmodels.tsa.stattools import adfuller
from statsmodels.tsa.vector_ar.vecm import coint_johansen

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from workers import quant_series as work
from workers.protocol import Run, clock, serve


def repeated(call: Any, times: int, facts: Any) -> Run:
    """Run a short call some times in a row."""

    def run() -> tuple[float, int, dict[str, Any]]:
        begin = clock()
        for _ in range(times):
            answer = call()
        return clock() - begin, times, facts(answer)

    return run


def gram_statistics(prices: Any) -> Any:
    """Test all ordered pairs with one lag from three products of lagged levels."""
    x = prices - prices.mean(axis=0)
    x /= x.std(axis=0)
    n = len(x)
    lagged = [x.T @ x, x[1:].T @ x[:-1], x[2:].T @ x[:-2]]
    b = lagged[0] / np.diag(lagged[0])

    def moment(i: int, j: int) -> Any:
        """Sum over t = 2.. of x_{t-i} x_{t-j}', the rows at the edges taken off."""
        apart = j - i
        m = lagged[apart]
        for s in range(apart, 2 - i):
            m = m - np.outer(x[s], x[s - apart])
        for s in range(n - i, n):
            m = m - np.outer(x[s], x[s - apart])
        return m

    def of_spread(i: int, j: int) -> Any:
        m = moment(i, j)
        own = np.diag(m)
        return own[:, None] - b * (m + m.T) + b * b * own

    u = {(i, j): of_spread(i, j) for i in range(3) for j in range(i, 3)}
    # Level u1, lagged difference u1 - u2, target u0 - u1.
    ll, ld = u[1, 1], u[1, 1] - u[1, 2]
    dd = u[1, 1] - 2 * u[1, 2] + u[2, 2]
    lt = u[0, 1] - u[1, 1]
    dt = u[0, 1] - u[0, 2] - u[1, 1] + u[1, 2]
    tt = u[0, 0] - 2 * u[0, 1] + u[1, 1]
    with np.errstate(all="ignore"):
        level = ll - ld * ld / dd
        slope = (lt - ld * dt / dd) / level
        sse = tt - dt * dt / dd - slope * slope * level
        statistic = slope / np.sqrt(sse / (n - 4) / level)
    k = x.shape[1]
    return statistic[~np.eye(k, dtype=bool)].reshape(k, k - 1)


def climbing(steps: tuple[int, int]) -> Run:
    """Time steps of Baum-Welch as the difference of two numbers of steps."""
    x = work.regimes()[:, None]

    def climb(count: int) -> float:
        model = GaussianHMM(
            3, covariance_type="diag", covars_prior=1e-20, implementation="scaling",
            tol=-np.inf, n_iter=count, random_state=0,
        )  # fmt: skip
        begin = clock()
        model.fit(x)
        return clock() - begin

    def run() -> tuple[float, int, dict[str, Any]]:
        short = climb(steps[0])
        return climb(steps[1]) - short, steps[1] - steps[0], {}

    return run


def prepare(job: str, options: dict[str, Any]) -> Run:
    """Make the run of a job."""
    warnings.simplefilter("ignore")
    if job == "adf:statsmodels":
        x = work.walk()
        return repeated(
            lambda: adfuller(x), 3, lambda a: {"t": round(float(a[0]), 6), "lags": int(a[2])}
        )
    if job == "adf:arch":
        x = work.walk()

        def tested() -> Any:
            test = ADF(x, low_memory=True)
            return round(float(test.stat), 6), test.pvalue, test.lags

        return repeated(tested, 10, lambda a: {"t": a[0], "lags": int(a[2])})
    if job == "johansen":
        levels = work.relations()
        return repeated(
            lambda: coint_johansen(levels, 0, 1), 20, lambda a: {"trace": work.digest(a.lr1)}
        )
    if job == "screen":
        prices = work.panel()
        return repeated(lambda: gram_statistics(prices), 1, lambda t: {"t": work.digest(t)})
    if job == "em":
        return climbing((5, 105))
    x = work.regimes()[:, None]
    model = GaussianHMM(3, covariance_type="diag", implementation="scaling")
    given = options["model"]
    model.startprob_, model.transmat_ = np.array(given["startprob"]), np.array(given["transmat"])
    model.means_ = np.array(given["means"])[:, None]
    model.n_features = 1
    model.covars_ = np.array(given["variances"])[:, None]
    return repeated(lambda: model.predict(x), 20, lambda path: {"path": np.bincount(path).tolist()})


if __name__ == "__main__":
    serve(f"statsmodels {version('statsmodels')}, arch {version('arch')}", prepare)
