"""The statistics of statistical arbitrage: functions from arrays to frozen results.

Everything takes NumPy arrays, lists, pandas and polars columns, of any number type; float64
inside. NaN and infinity raise :class:`~py_rt.errors.DataError` with their position, what tells
nothing raises :class:`~py_rt.errors.Degenerate` with the column. Estimates look at the whole
sample they are given; what is fit for a backtest at time t says so in its docstring.
"""

from __future__ import annotations

from py_rt.quant._lookahead import allow_full_sample_estimates
from py_rt.quant.cointegration import (
    KalmanHedge,
    engle_granger,
    johansen,
    kalman_hedge,
    screen_pairs,
)
from py_rt.quant.estimators import (
    EqualWeight,
    HierarchicalRiskParity,
    Markowitz,
    MaxDiversification,
    MaxSharpe,
    MinVariance,
    RiskParity,
)
from py_rt.quant.frontier import Frontier, efficient_frontier
from py_rt.quant.likelihood import maximum_likelihood
from py_rt.quant.lowrank import (
    BoxTiao,
    Parts,
    SparseReversion,
    box_tao_decomposition,
    box_tiao,
    robust_pca,
    sparse_mean_reversion,
)
from py_rt.quant.moments import (
    BlackLitterman,
    Covariance,
    black_litterman,
    covariance,
    nearest_covariance,
)
from py_rt.quant.optimise import (
    differential_evolution,
    genetic,
    grid_search,
)
from py_rt.quant.portfolios import Portfolio, portfolio
from py_rt.quant.regimes import GaussianHMM, HmmFilter, detect_regime
from py_rt.quant.regression import (
    Regression,
    RegressionPath,
    SparsePortfolio,
    adaptive_lasso,
    elastic_net,
    lasso,
    lasso_path,
    sparse_portfolio,
)
from py_rt.quant.risk import (
    Christoffersen,
    Kupiec,
    christoffersen,
    expected_shortfall,
    kupiec,
    value_at_risk,
)
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
from py_rt.quant.validation import Overfitting, cpcv_splits, dsr, min_track_record, pbo, psr, sharpe

__all__ = [
    "BlackLitterman",
    "BoxTiao",
    "Christoffersen",
    "Covariance",
    "EqualWeight",
    "Frontier",
    "GaussianHMM",
    "HierarchicalRiskParity",
    "HmmFilter",
    "KalmanHedge",
    "Kupiec",
    "Markowitz",
    "MaxDiversification",
    "MaxSharpe",
    "MinVariance",
    "Overfitting",
    "Parts",
    "Portfolio",
    "Regression",
    "RegressionPath",
    "RiskParity",
    "SparsePortfolio",
    "SparseReversion",
    "adaptive_lasso",
    "adf",
    "allow_full_sample_estimates",
    "black_litterman",
    "box_tao_decomposition",
    "box_tiao",
    "christoffersen",
    "covariance",
    "cpcv_splits",
    "detect_regime",
    "diagnose",
    "differential_evolution",
    "dsr",
    "efficient_frontier",
    "elastic_net",
    "engle_granger",
    "expected_shortfall",
    "genetic",
    "grid_search",
    "half_life",
    "hurst",
    "johansen",
    "kalman_hedge",
    "kupiec",
    "lasso",
    "lasso_path",
    "maximum_likelihood",
    "mcmc",
    "mean_reversion_signal",
    "min_track_record",
    "nearest_covariance",
    "ou_fit",
    "ou_loglik",
    "pbo",
    "portfolio",
    "psr",
    "robust_pca",
    "screen_pairs",
    "sharpe",
    "sparse_mean_reversion",
    "sparse_portfolio",
    "value_at_risk",
    "variance_ratio",
    "zscore",
]
