"""The statistics of statistical arbitrage: functions from arrays to frozen results.

Everything takes NumPy arrays, lists, pandas and polars columns, of any number type; float64
inside. NaN and infinity raise :class:`~py_rt.errors.DataError` with their position, what tells
nothing raises :class:`~py_rt.errors.Degenerate` with the column. Nothing here looks ahead unless
its docstring says so.
"""

from __future__ import annotations

from py_rt.quant.covariance import (
    BlackLitterman,
    Covariance,
    black_litterman,
    covariance,
    nearest_covariance,
)
from py_rt.quant.frontier import Frontier, efficient_frontier
from py_rt.quant.lowrank import (
    BoxTiao,
    Parts,
    SparseReversion,
    box_tao_decomposition,
    box_tiao,
    robust_pca,
    sparse_mean_reversion,
)
from py_rt.quant.portfolios import Portfolio, portfolio
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
from py_rt.quant.validation import (
    Overfitting,
    cpcv_splits,
    dsr,
    min_track_record,
    pbo,
    psr,
    sharpe,
)

__all__ = [
    "BlackLitterman",
    "BoxTiao",
    "Christoffersen",
    "Covariance",
    "Frontier",
    "Kupiec",
    "Overfitting",
    "Parts",
    "Portfolio",
    "Regression",
    "RegressionPath",
    "SparsePortfolio",
    "SparseReversion",
    "adaptive_lasso",
    "black_litterman",
    "box_tao_decomposition",
    "box_tiao",
    "christoffersen",
    "covariance",
    "cpcv_splits",
    "dsr",
    "efficient_frontier",
    "elastic_net",
    "expected_shortfall",
    "kupiec",
    "lasso",
    "lasso_path",
    "min_track_record",
    "nearest_covariance",
    "pbo",
    "portfolio",
    "psr",
    "robust_pca",
    "sharpe",
    "sparse_mean_reversion",
    "sparse_portfolio",
    "value_at_risk",
]
