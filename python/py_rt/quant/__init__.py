"""The statistics of statistical arbitrage: functions from arrays to frozen results.

Everything takes NumPy arrays, lists, pandas and polars columns, of any number type; float64
inside. NaN and infinity raise :class:`~py_rt.errors.DataError` with their position, what tells
nothing raises :class:`~py_rt.errors.Degenerate` with the column. Estimates look at the whole
sample they are given; what is fit for a backtest at time t says so in its docstring.
"""

from __future__ import annotations

from py_rt.quant.cointegration import (
    KalmanHedge,
    engle_granger,
    johansen,
    kalman_hedge,
    screen_pairs,
)
from py_rt.quant.optimise import (
    differential_evolution,
    genetic,
    grid_search,
    maximum_likelihood,
)
from py_rt.quant.regimes import GaussianHMM, detect_regime
from py_rt.quant.sampling import diagnose, mcmc
from py_rt.quant.series import (
    adf,
    half_life,
    hurst,
    mean_reversion_signal,
    ou_fit,
    ou_loglik,
    variance_ratio,
    zscore,
)

__all__ = [
    "GaussianHMM",
    "KalmanHedge",
    "adf",
    "detect_regime",
    "diagnose",
    "differential_evolution",
    "engle_granger",
    "genetic",
    "grid_search",
    "half_life",
    "hurst",
    "johansen",
    "kalman_hedge",
    "maximum_likelihood",
    "mcmc",
    "mean_reversion_signal",
    "ou_fit",
    "ou_loglik",
    "screen_pairs",
    "variance_ratio",
    "zscore",
]
