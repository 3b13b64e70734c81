"""What each call sends and what its answer looks like: the same for every way to call."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from py_rt._amounts import decimal, plain
from py_rt._parameters import unknown_name
from py_rt.client.wire import decode, encode
from py_rt.errors import DataError, ParameterError, TradingError
from py_rt.quant._arrays import Columns, Floats, real, series, table, whole
from py_rt.quant._limits import USUAL, wanted

__all__ = ["Call", "shaped_backtest", "shaped_ticks"]

_MOST = 2**32 - 1
# Ticks a message at most: some 40 kB.
_BATCH = 1024


@dataclass(frozen=True)
class Call:
    """A request on its way: the method, its bytes, and how the answer becomes a dictionary."""

    method: str
    request: bytes
    shape: Callable[[dict[str, Any]], dict[str, Any]]

    def answered(self, response: bytes) -> dict[str, Any]:
        """Turn the answer's bytes into what the caller gets."""
        return self.shape(decode(_message(self.method, "Response"), response))


def _message(method: str, kind: str) -> str:
    return f"{method}{kind}"


def _call(
    method: str, values: Mapping[str, Any], shape: Callable[[dict[str, Any]], dict[str, Any]]
) -> Call:
    return Call(method, encode(_message(method, "Request"), values), shape)


def _table(columns: Columns) -> dict[str, Any]:
    return {"names": [str(name) for name in columns.names], "values": columns.values.ravel()}


def _matrix(columns: Columns) -> dict[str, Any]:
    rows, width = columns.values.shape
    return {"rows": rows, "columns": width, "values": columns.values.ravel()}


def _square(message: dict[str, Any] | None) -> Floats:
    if message is None:
        return np.zeros((0, 0))
    shaped: Floats = message["values"].reshape(message["rows"], message["columns"])
    return shaped


def _count(value: Any, name: str, low: int = 1) -> int:
    return whole(value, name, low, _MOST)


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise ParameterError(
            f"{name} is {value!r}, but must be text", field=name, remedy="quote it"
        )
    return value


def _names(columns: Columns) -> list[Any]:
    if len(set(map(str, columns.names))) < len(columns.names):
        raise DataError("two columns have one name", field="prices", remedy="name each differently")
    return columns.names


def mean_reversion(prices: Any, threshold: float, lookback: int) -> Call:
    """``CalculateMeanReversion``."""
    values = {
        "prices": series(prices, "prices"),
        "threshold": real(threshold, "threshold", 0.0),
        "lookback": _count(lookback, "lookback", 2),
    }

    def shape(told: dict[str, Any]) -> dict[str, Any]:
        first = ("signal", "zscore", "entry_signal", "exit_signal")
        return {name: told[name] for name in first} | {
            "metrics": {name: told[name] for name in ("mean", "std", "half_life")}
        }

    return _call("CalculateMeanReversion", values, shape)


def optimize(prices: Any, method: str, parameters: Mapping[str, Any] | None) -> Call:
    """``OptimizePortfolio``."""
    columns = table(prices, "prices")
    names = _names(columns)
    values = {
        "prices": _table(columns),
        "method": _text(method, "method"),
        "parameters": _parameters(dict(parameters or {}), names),
    }

    def shape(told: dict[str, Any]) -> dict[str, Any]:
        contributions = dict(zip(names, told["risk_contributions"].tolist(), strict=True))
        figures = ("costs", "iterations", "residual", "shrinkage", "status")
        return {
            "weights": dict(zip(names, told["weights"].tolist(), strict=True)),
            "expected_return": told["expected_return"],
            "volatility": told["volatility"],
            "sharpe_ratio": told["sharpe_ratio"],
            "metrics": {"risk_contributions": contributions}
            | {name: told[name] for name in figures},
        }

    return _call("OptimizePortfolio", values, shape)


def _parameters(given: dict[str, Any], names: list[Any]) -> dict[str, Any]:
    known = {*USUAL, "shrinkage", "periods_per_year"}
    for name in given:
        if name not in known:
            raise unknown_name("optimize_portfolio", name, sorted(known), what="parameter")
    scale = {"periods_per_year": given.pop("periods_per_year", 1.0)}
    shrinkage = {"shrinkage": given.pop("shrinkage", "ledoit_wolf") or "sample"}
    told = wanted(names, **(USUAL | given))
    low, high = told["budget"]
    finite = {
        name: told[name] if np.isfinite(told[name]) else None
        for name in ("target_return", "gross", "turnover")
    }
    groups = [
        {"name": name, "members": [str(names[at]) for at in members], "lower": least, "upper": most}
        for name, members, least, most in told["groups"]
    ]
    same = ("lower", "upper", "risk_aversion", "risk_free")
    return (
        {name: told[name] for name in same}
        | {name: told[name] or () for name in ("budgets", "previous")}
        | {"budget_lower": low, "budget_upper": high, "groups": groups}
        | {"buy_costs": told["buy"], "sell_costs": told["sell"]}
        | finite
        | shrinkage
        | scale
    )


def regime(returns: Any, n_regimes: int) -> Call:
    """``DetectRegime``."""
    values = {"returns": series(returns, "returns"), "n_regimes": _count(n_regimes, "n_regimes")}
    names = ("current_regime", "regime_probabilities", "regimes", "loglik", "converged")
    return _call("DetectRegime", values, lambda told: {name: told[name] for name in names})


def order_book(symbol: str, exchange: str, depth: int) -> Call:
    """``GetOrderBook``."""
    values = {
        "symbol": _text(symbol, "symbol"),
        "exchange": _text(exchange, "exchange"),
        "depth": _count(depth, "depth"),
    }

    def shape(told: dict[str, Any]) -> dict[str, Any]:
        sides = {}
        for side in ("bids", "asks"):
            levels = [(level["price"], level["quantity"]) for level in told[side]]
            sides[side] = np.array(levels, dtype=np.float64).reshape(-1, 2)
        both = len(sides["bids"]) and len(sides["asks"])
        bid, ask = (sides["bids"][0, 0], sides["asks"][0, 0]) if both else (0.0, 0.0)
        return {
            "symbol": told["symbol"],
            "timestamp": told["timestamp"],
            **sides,
            "mid": float(0.5 * (bid + ask)) if both else None,
            "spread": float(ask - bid) if both else None,
            "valid": told["valid"],
        }

    return _call("GetOrderBook", values, shape)


def market_stream(symbols: Any, exchange: str, interval_ms: int) -> Call:
    """``StreamMarketData``; each answer goes through `shaped_ticks`."""
    listed = [symbols] if isinstance(symbols, str) else [_text(s, "symbols") for s in symbols]
    values = {
        "symbols": listed,
        "exchange": _text(exchange, "exchange"),
        "interval_ms": _count(interval_ms, "interval_ms", 0),
        "batch": _BATCH,
    }
    return _call("StreamMarketData", values, lambda told: told)


def shaped_ticks(data: bytes) -> list[dict[str, Any]]:
    """Return what one message of the market stream tells, a dictionary each."""
    told = decode("StreamMarketDataResponse", data)
    ticks = told.pop("ticks")
    if ticks is None:
        # A server of before has one in every message.
        return [told]
    names = ticks["symbols"]
    columns = [ticks[name] for name in ("symbol_index", "timestamp", "bid", "ask", "volume")]
    if len({column.size for column in columns}) > 1 or (columns[0] >= len(names)).any():
        raise TradingError("the message is malformed", remedy="check what answers there")
    return [
        {
            "symbol": names[place],
            "timestamp": ts_event,
            "bid": bid,
            "ask": ask,
            "mid": 0.5 * (bid + ask),
            "volume": volume,
        }
        for place, ts_event, bid, ask, volume in zip(*(c.tolist() for c in columns), strict=True)
    ]


def hmm(observations: Any, n_states: int, max_iterations: int, tolerance: float, seed: int) -> Call:
    """``RunHMM``; observations of one dimension give means of shape (K,)."""
    columns = table(observations, "observations")
    flat = columns.values.shape[1] == 1
    values = {
        "observations": _matrix(columns),
        "n_states": _count(n_states, "n_states"),
        "max_iterations": _count(max_iterations, "max_iterations"),
        "tolerance": real(tolerance, "tolerance"),
        "seed": whole(seed, "seed", 0, 2**63 - 1),
    }

    def shape(told: dict[str, Any]) -> dict[str, Any]:
        means, variances = _square(told["means"]), _square(told["variances"])
        return {
            "means": means[:, 0] if flat else means,
            "variances": variances[:, 0] if flat else variances,
            "transition_matrix": _square(told["transition_matrix"]),
            "start_probabilities": told["start_probabilities"],
            "states": told["states"],
            "filtered_probabilities": _square(told["filtered_probabilities"]),
            **{name: told[name] for name in ("loglik", "converged", "iterations")},
        }

    return _call("RunHMM", values, shape)


def posterior(
    parameters: Mapping[str, Sequence[float]], data: Any, model: str, counts: Mapping[str, int]
) -> Call:
    """``RunMCMC``."""
    ranges = []
    for name, pair in parameters.items():
        try:
            low, high = (float(end) for end in pair)
        except (TypeError, ValueError):
            raise ParameterError(
                f"the range of {name} is {pair!r}", field="parameters", remedy="pass (lower, upper)"
            ) from None
        ranges.append({"name": name, "lower": low, "upper": high})
    values = {
        "parameters": ranges,
        "data": series(data, "data"),
        "model": _text(model, "model"),
        "n_samples": _count(counts["n_samples"], "n_samples"),
        "burn_in": _count(counts["burn_in"], "burn_in", 0),
        "chains": _count(counts["chains"], "chains"),
        "seed": whole(counts["seed"], "seed", 0, 2**63 - 1),
    }

    def shape(told: dict[str, Any]) -> dict[str, Any]:
        posteriors = told["posteriors"]
        size = (told["chains"], told["draws"], len(posteriors))
        judged = ("mean", "std", "rhat", "ess_bulk", "ess_tail", "mcse")
        return {
            "parameters": [one["name"] for one in posteriors],
            "samples": told["samples"].reshape(size),
            **{name: np.array([one[name] for one in posteriors]) for name in judged},
            "acceptance_rate": told["acceptance_rate"],
            "converged": told["converged"],
        }

    return _call("RunMCMC", values, shape)


def sparse_portfolio(
    prices: Any, method: str, lambda_param: float | None, alpha: float, target: Any
) -> Call:
    """``CalculateSparsePortfolio``."""
    columns = table(prices, "prices")
    names = _names(columns)
    values = {
        "prices": _table(columns),
        "method": _text(method, "method"),
        "lambda": None if lambda_param is None else real(lambda_param, "lambda_param", 0.0),
        "alpha": real(alpha, "alpha", 0.0),
        "target": None if target is None else str(target),
    }

    def shape(told: dict[str, Any]) -> dict[str, Any]:
        return {
            "weights": dict(zip(names, told["weights"].tolist(), strict=True)),
            "n_selected": told["n_selected"],
            "objective": told["objective"],
            "lambda_param": told["lambda"],
            "converged": told["converged"],
            "iterations": told["iterations"],
        }

    return _call("CalculateSparsePortfolio", values, shape)


def decomposition(
    prices: Any, lambda_param: float | None, mu: float | None, tolerance: float, steps: int
) -> Call:
    """``BoxTaoDecomposition``."""
    values = {
        "data": _matrix(table(prices, "prices")),
        "lambda": None if lambda_param is None else real(lambda_param, "lambda_param", 0.0),
        "mu": None if mu is None else real(mu, "mu", 0.0),
        "tolerance": real(tolerance, "tolerance", 0.0),
        "max_iterations": _count(steps, "max_iterations"),
    }

    def shape(told: dict[str, Any]) -> dict[str, Any]:
        figures = ("rank", "iterations", "converged", "residual", "objective", "singular_values")
        return {
            "low_rank": _square(told["low_rank"]),
            "sparse": _square(told["sparse"]),
            **{name: told[name] for name in figures},
            "lambda_param": told["lambda"],
        }

    return _call("BoxTaoDecomposition", values, shape)


def risk(returns: Any, level: float, methods: Any, weights: Any) -> Call:
    """``RiskAnalytics``; weights by name, or one a column."""
    columns = table(returns, "returns")
    if isinstance(weights, Mapping):
        strange = [name for name in weights if name not in columns.names]
        if strange:
            raise unknown_name("weights", str(strange[0]), [*map(str, columns.names)], what="asset")
        weights = [weights.get(name, 0.0) for name in columns.names]
    values = {
        "returns": _table(columns),
        "level": real(level, "level", 0.0, 1.0),
        "methods": [methods]
        if isinstance(methods, str)
        else [_text(m, "methods") for m in methods],
        "weights": () if weights is None else series(weights, "weights"),
    }

    def shape(told: dict[str, Any]) -> dict[str, Any]:
        tails = told["tails"]
        by_method = ("value_at_risk", "expected_shortfall")
        return {name: {tail["method"]: tail[name] for tail in tails} for name in by_method} | {
            "volatility": told["volatility"],
            "max_drawdown": told["max_drawdown"],
        }

    return _call("RiskAnalytics", values, shape)


def backtest(strategy: str, data: str, settings: Mapping[str, Any], cash: Any, seed: int) -> Call:
    """``RunBacktest``; each answer goes through `shaped_backtest`."""
    written = {}
    for name in ("parameters", "venue", "risk"):
        value = settings[name]
        plain_value = value.to_dict() if hasattr(value, "to_dict") else value
        try:
            written[f"{name}_json"] = json.dumps(plain_value) if plain_value else ""
        except TypeError as error:
            raise ParameterError(str(error), field=name, remedy="pass plain values") from None
    values = {
        "strategy": _text(strategy, "strategy"),
        "data": _text(data, "data"),
        **written,
        "cash": plain(decimal(cash, "cash", least=0)),
        "seed": whole(seed, "seed", 0, 2**63 - 1),
    }
    return _call("RunBacktest", values, lambda told: told)


def shaped_backtest(data: bytes) -> tuple[tuple[int, int] | None, dict[str, Any] | None]:
    """Return what one message of a backtest says: progress, or the result."""
    told = decode("RunBacktestResponse", data)
    if told["progress"] is not None:
        return (told["progress"]["done"], told["progress"]["total"]), None
    result = told["result"] or {"stats": [], "order_hash": "", "events": 0}
    stats = {one["name"]: one["value"] for one in result["stats"]}
    return None, {
        "stats": stats,
        "order_hash": result["order_hash"],
        "events": result["events"],
    }


def version() -> Call:
    """``GetVersion``."""
    return _call("GetVersion", {}, lambda told: told)
