"""Statistics against published formulas, other packages' values, naive twins and properties."""

from __future__ import annotations

import math
from collections import deque
from statistics import NormalDist
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from py_rt.backtest import measures, sessions
from py_rt.backtest.round_trips import COLUMNS, fifo_round_trips
from py_rt.backtest.stats import DEFINITIONS, Account, Stats, stats_of
from py_rt.errors import DataError, Degenerate
from py_rt.market import BAR_DTYPE, EVENT_DTYPE, Instrument, MarketData

HOUR = 3_600_000_000_000
DAY = 24 * HOUR
TUESDAY = 1_704_153_600_000_000_000  # 2024-01-02T00:00:00Z

K = np.arange(1, 253)
YEAR = 0.0007 + 0.011 * np.sin(1.7 * K) * np.cos(0.31 * K**1.1) + 0.004 * np.cos(K * K % 17)
# What others say of YEAR: empyrical-reloaded 0.7.1, quantstats 0.0.86, skfolio 1.12.2.
OTHERS = {
    "sharpe": -0.5196197986809389,  # empyrical, quantstats
    "sortino": -0.7079462695257045,  # empyrical, quantstats
    "volatility": 0.09566441453947923,  # empyrical, quantstats
    "cagr": -0.052828553649856724,  # empyrical
    "max_drawdown": -0.06775073868569609,  # empyrical, quantstats
    "calmar": -0.7797487477580843,  # empyrical
    "var_95": 0.010521070448756525,  # skfolio value_at_risk
    "es_975": 0.012605872886057481,  # skfolio cvar
    "psr": 0.3018233896490564,  # scipy skew and raw kurtosis in the formula of the paper
}

returns_lists = st.lists(
    st.floats(-0.2, 0.2).map(lambda r: round(r, 6)), min_size=2, max_size=60
).map(np.array)


def account(returns: Any, **changes: Any) -> Account:
    equity = np.concatenate([[1000.0], 1000.0 * np.cumprod(1.0 + np.asarray(returns, float))])
    none = np.empty(0)
    parts: dict[str, Any] = {
        "ts": TUESDAY + DAY * np.arange(len(equity)),
        "equity": equity,
        "daily": sessions.DailyEquity(np.arange(len(equity) - 1) + 19_724, equity, 252),
        "fill_ts": np.empty(0, dtype=np.int64),
        "fill_symbol": np.empty(0, dtype=object),
        "fill_signed_qty": none,
        "fill_notional": none,
        "fill_fee": none,
        "trip_pnl": none,
        "n_orders": 0,
    }
    return Account(**{**parts, **changes})


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_equals_what_other_packages_say(name: str) -> None:
    assert stats_of(account(YEAR))[name] == pytest.approx(OTHERS[name], rel=1e-9)


@given(returns_lists)
def test_ratios_equal_pandas(returns: np.ndarray) -> None:
    series = pd.Series(returns)
    stats = stats_of(account(returns))
    if stats.volatility:
        assert stats.volatility == pytest.approx(series.std() * math.sqrt(252), rel=1e-6)
    if stats.sharpe is not None:
        expected = series.mean() / series.std() * math.sqrt(252)
        assert stats.sharpe == pytest.approx(expected, rel=1e-6, abs=1e-9)
    if stats.sortino is not None:
        downside = math.sqrt((series.clip(upper=0) ** 2).mean())
        expected = series.mean() / downside * math.sqrt(252)
        assert stats.sortino == pytest.approx(expected, rel=1e-6, abs=1e-9)


@given(returns_lists)
def test_every_value_is_a_finite_number_or_none_with_a_reason(returns: np.ndarray) -> None:
    stats = stats_of(account(returns))
    for name, value in stats.items():
        assert (value is None) == (name in stats.reasons), name
        assert value is None or math.isfinite(value), name
    assert stats.max_drawdown is not None
    assert stats.max_drawdown <= 0


@given(returns_lists, st.floats(0.1, 1000))
def test_money_has_no_unit(returns: np.ndarray, scale: float) -> None:
    one = account(returns)
    daily = sessions.DailyEquity(one.daily.days, one.equity * scale, 252)
    other = account(returns, equity=one.equity * scale, daily=daily)
    a, b = stats_of(one), stats_of(other)
    for name in ("total_return", "cagr", "max_drawdown", "var_95", "es_975"):
        assert a[name] == pytest.approx(b[name], rel=1e-6, abs=1e-9)


@given(returns_lists)
def test_expected_shortfall_is_not_below_value_at_risk(returns: np.ndarray) -> None:
    for level in (0.5, 0.9, 0.95, 0.975):
        es, var = (
            measures.expected_shortfall(returns, level),
            measures.value_at_risk(returns, level),
        )
        assert es >= var - 1e-12
        assert var == pytest.approx(np.quantile(-returns, level, method="inverted_cdf"), abs=1e-15)


def test_expected_shortfall_counts_the_border_by_its_fraction() -> None:
    # Acerbi and Tasche: losses 1..40 at 96 % leave 1.6 observations in the tail.
    losses = -np.arange(1.0, 41.0)
    assert measures.expected_shortfall(losses, 0.96) == pytest.approx((40 + 0.6 * 39) / 1.6)
    assert measures.expected_shortfall(losses, 0.975) == 40.0


def test_probabilistic_sharpe_of_normal_moments() -> None:
    # Skewness 0 and kurtosis 1 (two points): Phi(SR sqrt(T - 1)).
    returns = np.array([0.03, -0.01] * 10)
    ratio = returns.mean() / returns.std(ddof=1)
    expected = NormalDist().cdf(ratio * math.sqrt(19))
    assert measures.probabilistic_sharpe(returns) == pytest.approx(expected, rel=1e-12)


def test_too_little_data_gives_none_and_the_reason() -> None:
    one_day = stats_of(account([0.01]))
    assert one_day.total_return == pytest.approx(0.01)
    for name in ("sharpe", "sortino", "volatility", "cagr", "calmar", "var_95", "es_975", "psr"):
        assert one_day[name] is None
        assert "one daily return" in one_day.reasons[name]
    assert one_day.reasons["win_rate"] == "no round trip was closed"


def test_returns_that_do_not_vary_have_no_sharpe() -> None:
    flat = stats_of(account([0.0, 0.0, 0.0]))
    assert flat.sharpe is None
    assert flat.reasons["sharpe"] == "the daily returns do not vary"
    assert flat.reasons["calmar"] == "there was no drawdown"
    assert flat.max_drawdown == 0.0
    assert math.copysign(1, flat.max_drawdown) == 1
    assert stats_of(account([0.01] * 9)).sharpe is None


def test_ruin_has_a_growth_but_no_ratios() -> None:
    ruined = stats_of(account([0.1, -1.0, 0.0]))
    assert ruined.cagr == -1.0
    assert ruined.max_drawdown == -1.0
    assert "zero or below" in ruined.reasons["sharpe"]


def test_few_days_are_said_with_the_value() -> None:
    stats = stats_of(account(YEAR[:20]))
    assert "20 daily returns; standard error" in stats.cautions["sharpe"]
    assert "single worst day" in stats.cautions["es_975"]
    assert not stats_of(account(YEAR)).cautions


def test_fills_turnover_exposure_and_fees() -> None:
    days = TUESDAY + DAY * np.arange(5)
    stats = stats_of(
        account(
            [0.0] * 4,
            fill_ts=days[[1, 3]],
            fill_symbol=np.array(["A", "A"], dtype=object),
            fill_signed_qty=np.array([5.0, -5.0]),
            fill_notional=np.array([500.0, 700.0]),
            fill_fee=np.array([1.0, -0.25]),
            trip_pnl=np.array([199.25, -100.0, 0.0]),
            n_orders=3,
        )
    )
    assert stats.exposure == 0.5  # rows 1 and 2 of 1..4
    assert stats.turnover == pytest.approx(1.2)
    assert (stats.fees, stats.n_fills, stats.n_orders) == (0.75, 2, 3)
    assert stats.win_rate == pytest.approx(1 / 3)
    assert stats.profit_factor == pytest.approx(1.9925)


def test_stats_are_a_mapping_of_the_promised_names() -> None:
    stats = stats_of(account(YEAR))
    promised = [
        "total_return",
        "cagr",
        "sharpe",
        "sortino",
        "calmar",
        "max_drawdown",
        "volatility",
        "turnover",
        "win_rate",
        "profit_factor",
        "n_orders",
        "n_fills",
        "fees",
        "exposure",
        "var_95",
        "es_975",
        "psr",
    ]
    assert list(stats) == promised == list(DEFINITIONS)
    assert dict(stats)["sharpe"] == stats["sharpe"] == stats.sharpe
    assert set(stats.definitions) == set(promised)
    assert "252" in stats.definitions["sharpe"]
    with pytest.raises(KeyError):
        stats["reasons"]
    assert Stats().to_dict()["sharpe"] is None


def test_bad_returns_are_refused() -> None:
    with pytest.raises(DataError, match="row 1"):
        measures.annual_volatility([0.1, math.nan, 0.2], 252)
    with pytest.raises(Degenerate):
        measures.sharpe_ratio([], 252)


# ------------------------------------------------------------------ session days


def bars_at(closes: list[int], **instrument: Any) -> MarketData:
    bars = np.zeros(len(closes), dtype=BAR_DTYPE)
    bars["ts_close"] = closes
    bars["ts_open"] = np.array(closes) - 60_000_000_000
    return MarketData(None, bars, (Instrument("A", **instrument),))


def dates(data: MarketData) -> list[str]:
    return sessions.session_days(data).astype("datetime64[D]").astype(str).tolist()


def test_an_evening_in_new_york_belongs_to_its_own_day() -> None:
    evening = TUESDAY + DAY + 1 * HOUR  # 01:00 UTC on Wednesday is 20:00 in New York
    assert dates(bars_at([TUESDAY + 15 * HOUR, evening])) == ["2024-01-02"]


def test_a_daily_bar_closes_the_day_it_is_named_after() -> None:
    for kind in ("equity", "other"):
        assert dates(bars_at([TUESDAY + DAY], asset_class=kind)) == ["2024-01-02"]


def test_futures_start_their_day_in_the_evening_before() -> None:
    sunday_evening = TUESDAY - 2 * DAY + 23 * HOUR
    future = {"asset_class": "future"}
    assert dates(bars_at([sunday_evening, sunday_evening + 10 * HOUR], **future)) == ["2024-01-01"]
    friday_late = TUESDAY + 3 * DAY + 22 * HOUR + 1
    assert dates(bars_at([friday_late], asset_class="fx")) == ["2024-01-05"]


def test_missing_days_count_only_where_the_venue_never_closes() -> None:
    closes = [TUESDAY + HOUR, TUESDAY + 3 * DAY + HOUR]
    coin = bars_at(closes, asset_class="crypto", sessions=False)
    assert dates(coin) == ["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"]
    assert dates(bars_at(closes, asset_class="other")) == ["2024-01-02", "2024-01-05"]
    curve = sessions.daily_equity(np.array([0, *closes]), np.array([10.0, 11.0, 12.0]), coin)
    assert curve.equity.tolist() == [10.0, 11.0, 11.0, 11.0, 12.0]
    assert curve.periods_per_year == 365
    assert curve.dates[0] == np.datetime64("2024-01-02")


def test_minutes_around_midnight_are_one_day() -> None:
    rows = np.zeros(2, dtype=EVENT_DTYPE)
    rows["ts_recv"] = [TUESDAY - HOUR, TUESDAY + HOUR]
    data = MarketData(rows, None, (Instrument("BTC", asset_class="crypto", sessions=False),))
    assert dates(data) == ["2024-01-02"]


def test_no_data_has_no_days() -> None:
    assert dates(MarketData(None, None, (Instrument("A"),))) == []


# ------------------------------------------------------------------ round trips


def queue_twin(fills: list[tuple[int, float, float]]) -> list[tuple[Any, ...]]:
    """Match with a queue of lots, as one would by hand: (signed lots, price, fee per lot)."""
    held: deque[list[float]] = deque()
    trips = []
    for ts, (lots, price, fee) in enumerate(fills):
        rest = lots
        while rest and held and held[0][0] * rest < 0:
            entry = held[0]
            part = min(abs(rest), abs(entry[0]))
            long = entry[0] > 0
            gain = (price - entry[1]) * part * (1 if long else -1)
            trips.append(
                (ts, "long" if long else "short", part, entry[3], gain - part * (entry[2] + fee))
            )
            entry[0] -= math.copysign(part, entry[0])
            rest -= math.copysign(part, rest)
            if entry[0] == 0:
                held.popleft()
        if rest:
            held.append([rest, price, fee, ts])
    return trips


def table(fills: list[tuple[int, float, float]]) -> dict[str, np.ndarray]:
    lots = np.array([f[0] for f in fills])
    return {
        "symbol": np.full(len(fills), "A", dtype=object),
        "side": np.where(lots > 0, "buy", "sell").astype(object),
        "last_qty": np.abs(lots) * 0.1,
        "last_price": np.array([f[1] for f in fills], dtype=float),
        "fee": np.array([f[2] * abs(f[0]) for f in fills], dtype=float),
        "ts_event": np.arange(len(fills)),
    }


one_fill = st.tuples(
    st.integers(-9, 9).filter(bool), st.integers(1, 50).map(float), st.sampled_from([0.0, 0.25])
)


@given(st.lists(one_fill, min_size=1, max_size=40))
def test_round_trips_equal_a_queue(fills: list[tuple[int, float, float]]) -> None:
    trips = fifo_round_trips(table(fills), {"A": 0.1}, {"A": 10.0})
    twin = queue_twin(fills)
    assert trips["side"].tolist() == [t[1] for t in twin]
    assert trips["ts_exit"].tolist() == [t[0] for t in twin]
    assert trips["ts_entry"].tolist() == [t[3] for t in twin]
    assert trips["qty"] == pytest.approx([t[2] * 0.1 for t in twin])
    # A lot of 0.1 at a multiplier of 10 is one unit of money per point.
    assert trips["pnl"] == pytest.approx([t[4] for t in twin], abs=1e-9)


def test_symbols_do_not_mix_and_no_fill_makes_no_trip() -> None:
    both = {
        "symbol": ["A", "B", "B", "A"],
        "side": ["buy", "sell", "buy", "sell"],
        "last_qty": [1.0, 2.0, 2.0, 1.0],
        "last_price": [10.0, 5.0, 4.0, 12.0],
        "fee": [0.0] * 4,
        "ts_event": [0, 1, 2, 3],
    }
    trips = fifo_round_trips(both, {"A": 1.0, "B": 1.0}, {"A": 1.0, "B": 1.0})
    assert trips["symbol"].tolist() == ["B", "A"]
    assert trips["side"].tolist() == ["short", "long"]
    assert trips["pnl"].tolist() == [2.0, 2.0]
    none = fifo_round_trips({k: [] for k in both}, {}, {})
    assert tuple(none) == COLUMNS
    assert all(len(column) == 0 for column in none.values())


def test_the_zone_of_the_sessions() -> None:
    def zone(**fields: Any) -> str:
        return sessions.session_zone([Instrument("A", **fields)])

    assert zone() == "America/New_York"
    assert zone(currency="EUR") == "UTC"
    assert zone(asset_class="crypto", sessions=False) == "UTC"
    assert sessions.session_zone(SimpleNamespace(instruments=()).instruments) == "UTC"
