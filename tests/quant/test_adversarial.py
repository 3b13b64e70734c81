"""Every function of `rt.quant` against inputs that nobody likes.

Each call answers with a typed error that names a remedy, or with finite numbers; the same numbers
from every container. What may be infinite by definition stands in INFINITE.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import py_rt as rt

q = rt.quant
RANDOM = np.random.default_rng(0)
N = 400
WALK = np.cumsum(RANDOM.normal(size=N)) + 100
NOISE = RANDOM.normal(size=N)
REVERTING = np.zeros(N)
for _t in range(1, N):
    REVERTING[_t] = 0.8 * REVERTING[_t - 1] + NOISE[_t]
PRICES = np.cumsum(RANDOM.normal(size=(N, 4)), axis=0) + 100
PRICES[:, 1] = 2 * PRICES[:, 0] + REVERTING
RETURNS = RANDOM.normal(size=(N, 4)) * 0.01 + 0.001
TARGET = RETURNS @ [1, 0, 0.5, 0] + NOISE * 0.01
COV, MEAN = np.cov(RETURNS.T), np.abs(RETURNS.mean(axis=0)) + 0.001
REGIMES = NOISE * np.repeat([1.0, 3.0, 1.0, 3.0], N // 4)
VIEW, EQUAL = np.array([[1.0, -1, 0, 0]]), np.full(4, 0.25)
METHODS = "markowitz max_sharpe min_variance risk_parity equal_weight hrp max_diversification"


def given() -> Any:
    return q.GaussianHMM.from_parameters([0.5, 0.5], [[0.9, 0.1], [0.1, 0.9]], [0, 0], [1, 4])


def blended(cov: Any = COV, views: Any = VIEW, expected: Any = (0.01,), held: Any = EQUAL) -> Any:
    return q.black_litterman(cov, views, expected, market_weights=held)


Call = Callable[[Any], Any]
FUNCTIONS: dict[str, tuple[Call, Any]] = {
    "zscore": (lambda x: q.zscore(x, 20), WALK),
    "zscore robust": (lambda x: q.zscore(x, 20, "robust"), WALK),
    "zscore ewma": (lambda x: q.zscore(x, 20, "ewma"), WALK),
    "mean_reversion_signal": (q.mean_reversion_signal, WALK),
    "adf": (q.adf, WALK),
    "adf ctt t-stat": (lambda x: q.adf(x, "ctt", None, "t-stat"), WALK),
    "hurst": (q.hurst, WALK),
    "hurst rs": (lambda x: q.hurst(x, "rs"), WALK),
    "hurst dfa": (lambda x: q.hurst(x, "dfa"), WALK),
    "half_life": (q.half_life, REVERTING),
    "half_life jackknife": (lambda x: q.half_life(x, bias="jackknife"), REVERTING),
    "ou_fit": (q.ou_fit, REVERTING),
    "ou_loglik": (lambda x: q.ou_loglik(x, 0.2, 0.0, 1.0), REVERTING),
    "variance_ratio": (lambda x: q.variance_ratio(x, 4), WALK),
    "engle_granger y": (lambda x: q.engle_granger(x, PRICES[:, 0]), PRICES[:, 1]),
    "engle_granger x": (lambda x: q.engle_granger(PRICES[:, 1], x), PRICES[:, 0]),
    "engle_granger X": (lambda x: q.engle_granger(PRICES[:, 1], x), PRICES[:, [0, 2]]),
    "kalman_hedge y": (lambda x: q.kalman_hedge(x, PRICES[:, 0]), PRICES[:, 1]),
    "kalman_hedge x": (lambda x: q.kalman_hedge(PRICES[:, 1], x), PRICES[:, 0]),
    "johansen": (q.johansen, PRICES),
    "screen_pairs": (q.screen_pairs, PRICES),
    "screen_pairs aic": (lambda x: q.screen_pairs(x, lags="aic"), PRICES),
    "lasso X": (lambda x: q.lasso(x, TARGET, 1e-4), RETURNS),
    "lasso y": (lambda x: q.lasso(RETURNS, x, 1e-4), TARGET),
    "elastic_net": (lambda x: q.elastic_net(x, TARGET, 1e-4, 0.5), RETURNS),
    "adaptive_lasso": (lambda x: q.adaptive_lasso(x, TARGET, 1e-4), RETURNS),
    "lasso_path X": (lambda x: q.lasso_path(x, TARGET), RETURNS),
    "lasso_path y": (lambda x: q.lasso_path(RETURNS, x), TARGET),
    "robust_pca": (q.robust_pca, RETURNS),
    "box_tiao": (q.box_tiao, PRICES),
    "sparse_mean_reversion": (lambda x: q.sparse_mean_reversion(x, 2), PRICES),
    "sparse exhaustive": (lambda x: q.sparse_mean_reversion(x, 2, "exhaustive"), PRICES),
    "sparse sdp": (lambda x: q.sparse_mean_reversion(x, 2, "sdp"), PRICES),
    "sparse portmanteau": (
        lambda x: q.sparse_mean_reversion(x, 2, criterion="portmanteau"),
        PRICES,
    ),
    "sparse crossing": (lambda x: q.sparse_mean_reversion(x, 2, criterion="crossing"), PRICES),
    "sparse_portfolio": (q.sparse_portfolio, PRICES),
    "sparse_portfolio net": (lambda x: q.sparse_portfolio(x, "elastic_net"), PRICES),
    "sparse_portfolio adaptive": (lambda x: q.sparse_portfolio(x, "adaptive_lasso"), PRICES),
    "sparse_portfolio pca": (lambda x: q.sparse_portfolio(x, "sparse_pca"), PRICES),
    "hmm fit": (lambda x: q.GaussianHMM(2, 3).fit(x), REGIMES),
    "hmm fit wide": (lambda x: q.GaussianHMM(2, 3).fit(x), RETURNS),
    "hmm filter": (lambda x: given().filter(x), NOISE),
    "hmm smooth": (lambda x: given().smooth(x), NOISE),
    "hmm viterbi": (lambda x: given().viterbi(x), NOISE),
    "hmm score": (lambda x: given().score(x), NOISE),
    "hmm forecast": (lambda x: given().forecast(x), NOISE),
    "detect_regime": (lambda x: q.detect_regime(x, 2, n_restarts=3), REGIMES),
    "diagnose": (q.diagnose, RANDOM.normal(size=(2, 100, 2))),
    "value_at_risk": (q.value_at_risk, NOISE),
    "value_at_risk parametric": (lambda x: q.value_at_risk(x, method="parametric"), NOISE),
    "value_at_risk cornish": (lambda x: q.value_at_risk(x, method="cornish_fisher"), NOISE),
    "value_at_risk filtered": (lambda x: q.value_at_risk(x, method="filtered_historical"), NOISE),
    "expected_shortfall": (q.expected_shortfall, NOISE),
    "expected_shortfall cornish": (
        lambda x: q.expected_shortfall(x, method="cornish_fisher"),
        NOISE,
    ),
    "kupiec": (lambda x: q.kupiec(x, 0.05), NOISE > 1.6),
    "christoffersen": (lambda x: q.christoffersen(x, 0.05), NOISE > 1.6),
    "sharpe": (q.sharpe, RETURNS[:, 0]),
    "psr": (q.psr, RETURNS[:, 0]),
    "dsr": (lambda x: q.dsr(x, 10, 0.01), RETURNS[:, 0]),
    "min_track_record": (q.min_track_record, np.abs(RETURNS[:, 0])),
    "pbo": (lambda x: q.pbo(x, 8), RETURNS),
    "covariance": (q.covariance, RETURNS),
    "covariance sample": (lambda x: q.covariance(x, None), RETURNS),
    "nearest_covariance": (q.nearest_covariance, COV),
    "black_litterman cov": (lambda x: blended(cov=x), COV),
    "black_litterman weights": (lambda x: blended(held=x), EQUAL),
    "black_litterman views": (lambda x: blended(views=x), VIEW),
    "black_litterman expected": (lambda x: blended(expected=x), np.array([0.01])),
    "efficient_frontier": (lambda x: q.efficient_frontier(x, 5), PRICES),
    "portfolio prices": (q.portfolio, PRICES),
}
for _name in METHODS.split():
    _call = partial(q.portfolio, method=_name)  # type: ignore[arg-type]
    FUNCTIONS[f"{_name} returns"] = (lambda x, f=_call: f(returns=x), RETURNS)
    FUNCTIONS[f"{_name} cov"] = (lambda x, f=_call: f(cov=x, mean=MEAN), COV)
    FUNCTIONS[f"{_name} mean"] = (lambda x, f=_call: f(cov=COV, mean=x), MEAN)

# NaN before the first full window or in the training part; infinite half-lives of what does not
# revert, R-hat of what does not move; the likelihood of the impossible.
UNDEFINED = ("zscore", "kalman_hedge")
INFINITE = ("half_life", "mean_reversion_signal", "diagnose", "ou_loglik")
LABELS = ("names", "x", "y")


def numbers(found: Any) -> np.ndarray[Any, Any]:
    """All numbers of a result in one row, labels left out."""
    if isinstance(found, q.GaussianHMM):
        found = [found.means_, found.variances_, found.transmat_, found.loglik_]
    if isinstance(found, pd.DataFrame):
        found = {name: found[name].to_numpy() for name in found}
    if hasattr(found, "to_dict"):
        found = found.to_dict()
    if isinstance(found, dict):
        found = [value for name, value in found.items() if name not in LABELS]
    if isinstance(found, list | tuple):
        parts = [numbers(value) for value in found]
        return np.concatenate(parts) if parts else np.zeros(0)
    if found is None or isinstance(found, str):
        return np.zeros(0)
    return np.asarray(found, dtype=np.float64).ravel()


def containers(good: Any) -> Iterator[tuple[str, Any]]:
    """The same numbers in every shape in which people hold them."""
    x = np.asarray(good, dtype=np.float64)
    yield "list", x.tolist()
    wide = np.zeros((*x.shape[:-1], 2 * x.shape[-1]))
    wide[..., ::2] = x
    yield "strided", wide[..., ::2]
    yield "backwards", x[::-1].copy()[::-1]
    frozen = x.copy()
    frozen.flags.writeable = False
    yield "read-only", frozen
    yield "fortran", np.asfortranarray(x)
    yield "big-endian", x.astype(">f8")
    yield "object", x.astype(object)
    yield "masked", np.ma.masked_array(x)
    if x.ndim == 1:
        yield "tuple", tuple(x.tolist())
        yield "series", pd.Series(x, index=pd.date_range("2020-01-01", periods=len(x)))
        yield "nullable", pd.Series(x, dtype="Float64")
        yield "polars", pl.Series(x)
        yield "column", x[:, None]
    if x.ndim == 2:
        named = {f"c{i}": x[:, i] for i in range(x.shape[1])}
        yield "frame", pd.DataFrame(named)
        yield "dictionary", named
        yield "polars", pl.DataFrame(named)


def spoiled(x: np.ndarray[Any, Any]) -> Iterator[tuple[str, Any]]:
    """What has no meaning at all."""
    for value in (np.nan, np.inf, -np.inf):
        bad = x.copy()
        bad.flat[x.size // 2] = value
        yield str(value), bad
    hidden = np.ma.masked_array(x.copy(), mask=np.zeros(x.shape, bool))
    hidden.mask.flat[x.size // 2] = True
    yield "masked value", hidden
    yield "none", None
    yield "text", "abc"
    yield "texts", ["a", "b", "c"]
    yield "complex", x.astype(complex)
    yield "times", pd.date_range("2020", periods=5)
    yield "four dimensions", np.ones((2, 2, 2, 2))
    yield "empty", x[:0]


def extreme(good: Any) -> Iterator[tuple[str, Any]]:
    """Numbers, but such as tell nothing, or are of another size than any market's."""
    x = np.asarray(good, dtype=np.float64)
    for rows in (1, 2, 3, 5, len(x) - 1):
        yield f"{rows} rows", x[:rows]
    yield "zeros", np.zeros_like(x)
    for value in (1.0, 1e300):
        yield f"all {value}", np.full_like(x, value)
    yield "all but constant", 1e6 + 1e-9 * x
    for factor in (-1.0, 1e150, 1e-150, 1e300, 1e-300):
        yield f"times {factor}", x * factor
    yield "integers", np.round(x * 100).astype(np.int64)
    yield "bytes", np.clip(np.round(x), -100, 100).astype(np.int8)
    yield "singles", x.astype(np.float32)
    yield "booleans", x > np.median(x)
    yield "largest integers", np.full(x.shape, 2**64 - 1, dtype=np.uint64)
    yield "line", np.arange(x.size, dtype=np.float64).reshape(x.shape)
    yield "alternating", np.where(np.arange(x.size) % 2, 1.0, -1.0).reshape(x.shape)
    yield "spike", np.where(np.arange(x.size) == x.size // 2, 1.0, 0.0).reshape(x.shape)
    yield "ends of float64", np.where(np.arange(x.size) % 3, 1.7e308, -1.7e308).reshape(x.shape)
    yield "scalar", 1.5
    if x.ndim == 2 and x.shape[1] > 1:
        for name, column in (
            ("twice", x[:, 0]),
            ("constant column", np.full(len(x), 3.0)),
            ("collinear", x[:, 0] + x[:, -1]),
            ("huge column", x[:, 1] * 1e200),
            ("tiny column", x[:, 1] * 1e-200),
        ):
            bad = x.copy()
            bad[:, 1] = column
            yield name, bad
        yield "more columns than rows", np.tile(x, (1, 3))[:8]
        yield "one column", x[:, :1]
        yield "no column", x[:, :0]
        yield "ragged", [[1.0, 2.0], [3.0]]


@cache
def plain(name: str) -> np.ndarray[Any, Any]:
    call, good = FUNCTIONS[name]
    return numbers(call(good))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_same_from_every_container(name: str) -> None:
    call, good = FUNCTIONS[name]
    for kind, held in containers(good):
        np.testing.assert_array_equal(numbers(call(held)), plain(name), err_msg=kind)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_has_no_meaning_is_refused(name: str) -> None:
    call, good = FUNCTIONS[name]
    for kind, bad in spoiled(np.asarray(good, dtype=np.float64)):
        if kind == "none" and name.endswith("mean"):
            continue  # the mean may be left out where it does not matter
        with pytest.raises(rt.TradingError) as caught:
            call(bad)
        assert caught.value.remedy, kind
        assert caught.value.where, kind


def answered(call: Call, bad: Any) -> np.ndarray[Any, Any] | None:
    """The numbers, or None for a typed error that helps."""
    told: rt.TradingError | None = None
    try:
        return numbers(call(bad))
    except rt.TradingError as error:
        told = error
    assert told.remedy, told
    return None


@pytest.mark.parametrize("name", FUNCTIONS)
def test_extremes_are_refused_or_answered(name: str) -> None:
    call, good = FUNCTIONS[name]
    for kind, bad in extreme(good):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "(?s).*max_iter", RuntimeWarning)
            found = answered(call, bad)
        if found is None:
            continue
        if name.startswith(UNDEFINED):
            found = found[~np.isnan(found)]
        if name.startswith(INFINITE):
            assert not np.isnan(found).any(), kind
        else:
            assert np.isfinite(found).all(), (kind, found)
