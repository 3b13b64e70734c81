"""The compiled statistics. Private: import from `py_rt.quant` instead."""

from collections.abc import Callable
from typing import Any, TypeAlias, final

import numpy as np
import numpy.typing as npt

__all__ = [
    "HmmFilter",
    "KalmanFilter",
    "adf",
    "almgren_chriss",
    "black_litterman",
    "box_tiao",
    "callback_time",
    "choose_weights",
    "christoffersen",
    "diagnose",
    "elastic_net",
    "engle_granger",
    "estimate_covariance",
    "expected_maximum_sharpe",
    "half_life",
    "hmm_filter",
    "hmm_fit",
    "hmm_forecast",
    "hmm_smooth",
    "hmm_viterbi",
    "hurst",
    "johansen",
    "kalman_hedge",
    "kupiec",
    "largest_penalty",
    "lasso_path",
    "least_variance",
    "mcmc_chain",
    "min_track_record",
    "minimise",
    "nearest_covariance",
    "ou_fit",
    "ou_loglik",
    "pbo",
    "psr",
    "record",
    "robust_pca",
    "screen_pairs",
    "sparse_component",
    "sparse_mean_reversion",
    "stationary_law",
    "tail_risk",
    "variance_ratio",
    "zscore",
]

_Floats: TypeAlias = npt.NDArray[np.float64]
_Three: TypeAlias = list[float]
_Progress: TypeAlias = Callable[[int, int], None] | None
_Record: TypeAlias = tuple[float, float, float, float]

def robust_pca(
    m: _Floats,
    penalties: tuple[float | None, float, float],
    tol: float,
    max_iter: int,
    progress: _Progress,
) -> dict[str, Any]:
    """Split a matrix into a low rank and a sparse part."""

def box_tiao(
    x: _Floats | None = None, a: _Floats | None = None, gamma: _Floats | None = None
) -> tuple[_Floats, _Floats, _Floats]:
    """Rank all portfolios by predictability: eigenvalues, weights, half-lives."""

def sparse_mean_reversion(
    data: tuple[_Floats | None, ...],
    k: int,
    how: tuple[str, str],
    terms: tuple[int, float],
    progress: _Progress,
) -> dict[str, Any]:
    """Find a portfolio of few assets that returns to its mean."""

def least_variance(cov: object) -> tuple[_Floats, float, _Floats, int, float] | None: ...
def choose_weights(
    mean: _Floats | None, cov: _Floats, method: str, wanted: dict[str, Any] | None = None
) -> tuple[
    _Floats,
    float | None,
    float,
    float | None,
    _Floats,
    float,
    int,
    float,
    dict[str, Any] | None,
]:
    """Choose weights; without `wanted`, from zero on and adding up to one."""

def estimate_covariance(returns: _Floats, method: str) -> tuple[_Floats, _Floats, float]:
    """Estimate mean, covariance and shrinkage intensity."""

def nearest_covariance(cov: _Floats, floor: float) -> tuple[_Floats, int]:
    """Return the nearest covariance, and the rounds it took."""

def black_litterman(
    market: tuple[_Floats, _Floats],
    views: tuple[_Floats, _Floats],
    uncertainty: list[float] | None,
    tau: float,
) -> tuple[_Floats, _Floats]:
    """Return expected returns and covariance after views."""

def elastic_net(
    data: tuple[_Floats, _Floats],
    penalty: tuple[float, float],
    adaptive: float | None,
    intercept: bool,
    stop: tuple[float, int],
) -> tuple[_Floats, float, float, float, int, bool]:
    """Fit: coefficients, intercept, gap, objective, iterations, converged."""

def lasso_path(
    data: tuple[_Floats, _Floats],
    alphas: list[float] | None,
    grid: tuple[int, float],
    l1_ratio: float,
    settings: tuple[bool, float, int],
) -> tuple[_Floats, _Floats, _Floats, _Floats, int, bool]:
    """Fit down a path: alphas, coefficients, intercepts, gaps, iterations, converged."""

def largest_penalty(x: _Floats, y: _Floats, intercept: bool) -> float:
    """Return the least alpha that empties the LASSO."""

def sparse_component(
    x: _Floats, alpha: float | None, tol: float, max_iter: int
) -> tuple[_Floats, float, float, int, bool]:
    """Find the first sparse component: loadings, objective, alpha, iterations, converged."""

def tail_risk(returns: _Floats, level: float, method: str, decay: float) -> tuple[float, float]:
    """Return value at risk and expected shortfall."""

def kupiec(exceptions: list[bool], p: float) -> tuple[float, float]:
    """Return ratio and p-value."""

def christoffersen(exceptions: list[bool], p: float) -> tuple[float, float, float, float]:
    """Return ratios of coverage, independence, both, and the p-value."""

def record(returns: _Floats) -> _Record:
    """Return Sharpe ratio, skewness, kurtosis and number of observations."""

def psr(record: _Record, benchmark: float) -> float:
    """Return the probability that the true ratio exceeds a benchmark."""

def expected_maximum_sharpe(trials: float, variance: float) -> float:
    """Return the largest ratio that trials without skill are expected to show."""

def min_track_record(record: _Record, benchmark: float, confidence: float) -> float:
    """Return how many observations make a ratio credible."""

def pbo(
    performance: _Floats, n_splits: int, progress: _Progress
) -> tuple[float, _Floats, _Floats, _Floats]:
    """Return the probability of overfitting, logits, ratios inside and outside."""

def adf(
    x: _Floats, regression: str, max_lag: int | None, autolag: str | None
) -> tuple[float, float, int, int, _Three, float]: ...
def hurst(x: _Floats, method: str) -> tuple[float, float]: ...
def half_life(x: _Floats, method: str, bias: str, level: float) -> dict[str, Any]: ...
def ou_fit(x: _Floats, dt: float) -> tuple[float, float, float, float, float]: ...
def ou_loglik(x: _Floats, theta: float, mu: float, sigma: float, dt: float) -> float: ...
def variance_ratio(x: _Floats, q: int) -> tuple[float, float, float]: ...
def zscore(x: _Floats, window: int, method: str) -> _Floats: ...
def engle_granger(
    y: _Floats, x: _Floats, trend_name: str, max_lag: int | None, autolag: str | None
) -> dict[str, Any]: ...
def johansen(x: _Floats, case: int, lags: int, seasons: int, column: int) -> dict[str, Any]: ...
def screen_pairs(
    prices: _Floats,
    plan: dict[str, Any],
    progress: Callable[[int, int], Any] | None = None,
) -> dict[str, Any]: ...
def kalman_hedge(y: _Floats, x: _Floats, train: int) -> dict[str, Any]: ...

@final
class KalmanFilter:
    """The filter behind a moving hedge ratio, one pair at a time."""

    def __new__(
        cls,
        observation: float,
        beta: float,
        intercept: float,
        scale: float,
        start: tuple[float, float],
    ) -> KalmanFilter: ...
    def update(self, y: float, x: float) -> tuple[float, float, float, float]: ...

def hmm_fit(
    x: _Floats,
    lengths: list[int],
    plan: dict[str, Any],
    warm: dict[str, Any] | None = None,
    progress: Callable[[int, int], Any] | None = None,
) -> dict[str, Any]: ...

@final
class HmmFilter:
    """The filter of a model, one observation at a time."""

    def __new__(cls, fields: dict[str, Any]) -> HmmFilter: ...
    def update(self, x: list[float]) -> list[float]: ...
    def expected(self) -> list[float]: ...

def callback_time() -> int | None: ...
def almgren_chriss(
    impact: dict[str, Any], quantity: float, horizon: float, slices: int
) -> dict[str, Any]: ...
def hmm_filter(fields: dict[str, Any], x: _Floats, lengths: list[int]) -> tuple[_Floats, float]: ...
def hmm_smooth(fields: dict[str, Any], x: _Floats, lengths: list[int]) -> _Floats: ...
def hmm_viterbi(
    fields: dict[str, Any], x: _Floats, lengths: list[int]
) -> tuple[npt.NDArray[np.int64], float]: ...
def hmm_forecast(
    fields: dict[str, Any], x: _Floats, lengths: list[int], steps: int
) -> tuple[list[float], list[float], list[float]]: ...
def stationary_law(transitions: list[float], states: int) -> list[float]: ...
def mcmc_chain(
    density: Callable[[_Floats], float],
    gradient: Callable[[_Floats], Any] | None,
    start: _Floats,
    plan: dict[str, Any],
    chain: int,
) -> tuple[_Floats, float, int]: ...
def diagnose(chains: Any) -> tuple[float, float, float, float]: ...
def minimise(function: Callable[[_Floats], float], plan: dict[str, Any]) -> dict[str, Any]: ...
