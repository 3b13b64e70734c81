"""The calls as methods, once for every client: over gRPC, asynchronous, in this process."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from py_rt.client import calls
from py_rt.client.calls import Call

__all__ = ["TradingCalls"]

Answer = TypeVar("Answer")
Stream = TypeVar("Stream")
Progress = Callable[[int, int], object]


class TradingCalls(ABC, Generic[Answer, Stream]):
    """What every client can do. Asynchronous ones return awaitables and asynchronous iterators."""

    @abstractmethod
    def _unary(self, call: Call) -> Answer: ...

    @abstractmethod
    def _ticks(self, call: Call) -> Stream: ...

    @abstractmethod
    def _backtest(self, call: Call, progress: Progress | None) -> Answer: ...

    @abstractmethod
    def health(self) -> Answer:
        """Return ``status`` ("SERVING", "NOT_SERVING"), ``server`` and ``version``."""

    def calculate_mean_reversion(
        self, prices: Any, threshold: float = 2.0, lookback: int = 20
    ) -> Answer:
        """Say what the last price means for a bet on the return to the mean.

        Parameters
        ----------
        prices : array_like, shape (n,)
            At least ``lookback``.
        threshold : float
            Standard deviations beyond which to enter.
        lookback : int
            Window, 2 to n.

        Returns
        -------
        dict
            ``signal`` (1 buy, -1 sell, 0), ``zscore entry_signal exit_signal``, ``metrics`` (``mean
            std half_life``); as :func:`py_rt.quant.mean_reversion_signal`.

        Raises
        ------
        DataError, ParameterError
            As in process.
        """
        return self._unary(calls.mean_reversion(prices, threshold, lookback))

    def optimize_portfolio(
        self,
        prices: Any,
        method: str = "markowitz",
        parameters: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Choose weights; as :func:`py_rt.quant.portfolio`.

        Parameters
        ----------
        prices : dict of array_like, or table, shape (T, n)
            Positive prices by name.
        method : str
            markowitz, max_sharpe, min_variance, risk_parity, equal_weight, hrp or
            max_diversification.
        parameters : dict, optional
            ``risk_aversion risk_free bounds budgets budget groups target_return gross previous
            turnover costs shrinkage periods_per_year``.

        Returns
        -------
        dict
            ``weights`` (by name), ``expected_return volatility sharpe_ratio``, ``metrics``
            (``risk_contributions`` by name, ``costs iterations residual shrinkage status``).

        Raises
        ------
        DataError, Degenerate, Infeasible, ParameterError
            As in process.
        """
        return self._unary(calls.optimize(prices, method, parameters))

    def detect_regime(self, returns: Any, n_regimes: int = 3) -> Answer:
        """Find volatility regimes; as :func:`py_rt.quant.detect_regime`.

        Returns
        -------
        dict
            ``current_regime regime_probabilities`` (K,), ``regimes`` (a dict each: ``mean
            volatility persistence``), ``loglik converged``.
        """
        return self._unary(calls.regime(returns, n_regimes))

    def stream_market_data(
        self, symbols: str | Sequence[str], exchange: str = "binance", interval_ms: int = 0
    ) -> Stream:
        """Iterate over best prices as they change, until the market ends.

        Parameters
        ----------
        symbols : str or sequence of str
            Which instruments; none for all.
        exchange : str
            Where they trade; checked where the server knows it, ``""`` for any.
        interval_ms : int
            At most one message an instrument in so much market time; 0 for every change.

        Returns
        -------
        iterator of dict
            ``symbol timestamp`` (ns, UTC) ``bid ask mid volume`` (traded since the market began).
            A reader that is more than 4,096 steps of the market behind misses the oldest.
        """
        return self._ticks(calls.market_stream(symbols, exchange, interval_ms))

    def get_order_book(self, symbol: str, exchange: str = "", depth: int = 10) -> Answer:
        """Return the book of one instrument now.

        Returns
        -------
        dict
            ``symbol timestamp``, ``bids`` and ``asks`` (arrays (k, 2) of price and quantity, best
            first), ``mid spread`` (None when a side is empty), ``valid``.
        """
        return self._unary(calls.order_book(symbol, exchange, depth))

    def run_hmm(
        self,
        observations: Any,
        n_states: int = 2,
        max_iterations: int = 500,
        tolerance: float = 1e-8,
        *,
        seed: int = 0,
    ) -> Answer:
        """Fit a hidden Markov model; as :class:`py_rt.quant.GaussianHMM`.

        Returns
        -------
        dict
            ``means variances`` (K,) or (K, d), ``transition_matrix`` (K, K),
            ``start_probabilities`` (K,), ``states`` (n,; the most likely path, which looks ahead),
            ``filtered_probabilities`` (n, K), ``loglik converged iterations``.
        """
        return self._unary(calls.hmm(observations, n_states, max_iterations, tolerance, seed))

    def run_mcmc(
        self,
        parameters: Mapping[str, Sequence[float]],
        data: Any,
        model: str = "normal",
        n_samples: int = 2000,
        burn_in: int = 1000,
        chains: int = 4,
        seed: int = 0,
    ) -> Answer:
        """Draw from the posterior of a model by name, with uniform priors.

        Parameters
        ----------
        parameters : dict
            ``{name: (lower, upper)}``. normal: ``mu sigma``; ar1: ``phi sigma`` and ``mu`` (0 when
            left out); ou: ``theta mu sigma``; garch11: ``omega alpha beta`` and ``mu`` (0 when left
            out).
        data : array_like, shape (n,)
            At least 4 values.

        Returns
        -------
        dict
            ``parameters`` (names), ``samples`` (chains, draws, dim), and by parameter ``mean std
            rhat ess_bulk ess_tail mcse`` (dim,), ``acceptance_rate converged``.
        """
        counts = {"n_samples": n_samples, "burn_in": burn_in, "chains": chains, "seed": seed}
        return self._unary(calls.posterior(parameters, data, model, counts))

    def calculate_sparse_portfolio(
        self,
        prices: Any,
        method: str = "lasso",
        lambda_param: float | None = None,
        alpha: float = 0.5,
        *,
        target: Any = None,
    ) -> Answer:
        """Find few assets that follow another; as :func:`py_rt.quant.sparse_portfolio`.

        ``lambda_param`` is the penalty (its ``alpha``), ``alpha`` the share of the elastic net (its
        ``l1_ratio``).

        Returns
        -------
        dict
            ``weights`` (by name), ``n_selected objective lambda_param converged iterations``.
        """
        return self._unary(calls.sparse_portfolio(prices, method, lambda_param, alpha, target))

    def box_tao_decomposition(
        self,
        prices: Any,
        lambda_param: float | None = None,
        mu: float | None = None,
        tolerance: float = 1e-7,
        max_iterations: int = 1000,
    ) -> Answer:
        """Split a matrix into low rank plus sparse; as :func:`py_rt.quant.robust_pca`.

        Returns
        -------
        dict
            ``low_rank sparse`` (m, n), ``rank iterations converged residual objective
            singular_values lambda_param``.
        """
        return self._unary(calls.decomposition(prices, lambda_param, mu, tolerance, max_iterations))

    def risk_analytics(
        self,
        returns: Any,
        level: float = 0.95,
        methods: str | Sequence[str] = ("historical",),
        weights: Any = None,
    ) -> Answer:
        """Return losses in the tail by method, volatility and drawdown.

        Parameters
        ----------
        returns : array_like, shape (T,) or (T, n), or dict
            Returns of one period.
        level : float
        methods : str or sequence of str
            historical, parametric, cornish_fisher, filtered_historical.
        weights : dict or array_like, optional
            Of several columns.

        Returns
        -------
        dict
            ``value_at_risk expected_shortfall`` (by method; losses are positive), ``volatility``,
            ``max_drawdown`` (of the compounded returns, negative).
        """
        return self._unary(calls.risk(returns, level, methods, weights))

    def run_backtest(
        self,
        strategy: str,
        data: str,
        parameters: Mapping[str, Any] | None = None,
        venue: Any = None,
        risk: Any = None,
        cash: Any = 1_000_000,
        *,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> Answer:
        """Run a registered strategy over data that the server has; as :func:`py_rt.backtest`.

        Parameters
        ----------
        strategy : str
            Its name in the factory.
        data : str
            A bundled sample, or a symbol of the server's catalog.
        parameters : dict, optional
            Of the strategy.
        venue, risk : dict, SimVenue, RiskLimits, optional
        cash : number [money]
        seed : int
        progress : callable, optional
            Called with (done, total) rows now and then.

        Returns
        -------
        dict
            ``stats`` (by name), ``order_hash``, ``events``.
        """
        settings = {"parameters": parameters, "venue": venue, "risk": risk}
        return self._backtest(calls.backtest(strategy, data, settings, cash, seed), progress)
