"""What a run assumes and may do: exact units, safe defaults, refusals that help."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from py_rt.config import RiskLimits
from py_rt.errors import ParameterError
from py_rt.sim_venue import Fees, SimVenue

I64_MAX = 2**63 - 1


def test_sim_venue_in_the_units_of_the_kernel() -> None:
    assert SimVenue().to_core() == {
        "latency_feed_ns": 1_000_000,
        "latency_order_ns": 1_000_000,
        "latency_report_ns": 1_000_000,
        "maker_e9": 0,
        "taker_e9": 0,
        "per_share": "0",
        "minimum": "0",
        "rounding": "0",
        "tiers": [],
        "tier_days": 0,
        "latency_order_extra": None,
        "latency_report_extra": None,
        "bar_fill": "next_open",
        "bar_touch_fills": False,
        "partial_fills": True,
        "queue": "risk_averse",
        "queue_exponent": 3,
        "impact": None,
    }


def test_fees_are_exact_decimals() -> None:
    core = Fees(maker_bps=-0.1, taker_bps="2.00001", per_share=0.005, rounding=0.01).to_core()
    assert (core["maker_e9"], core["taker_e9"]) == (-10_000, 200_001)
    assert (core["per_share"], core["rounding"]) == ("0.005", "0.01")


@given(st.decimals(min_value=-100, max_value=100, places=5))
def test_any_rate_of_five_decimals_is_exact(bps: Decimal) -> None:
    assert Fees(taker_bps=bps).to_core()["taker_e9"] == bps * 100_000


@pytest.mark.parametrize("latency", [0, "0", "0ms", "250us", 1, "1h"])
def test_latencies_that_are_taken(latency: str | int) -> None:
    assert SimVenue(latency_order=latency).to_core()["latency_order_ns"] >= 0


@pytest.mark.parametrize(
    ("kind", "field", "value", "hint"),
    [
        (SimVenue, "latency_feed", "fast", "100ms"),
        (SimVenue, "latency_order", -1, "nearest is 0"),
        (SimVenue, "latency_report", "2h", "1h"),
        (SimVenue, "latency_feed", 1.5, "100ms"),
        (SimVenue, "queue_exponent", 9, "1 to 8"),
        (SimVenue, "queue_exponent", True, "1 to 8"),
        (SimVenue, "queue", "lifo", "'risk_averse'"),
        (SimVenue, "bar_fill", "this_close", "'next_open', 'next_close'"),
        (SimVenue, "bar_touch", True, "'none', 'fill'"),
        (SimVenue, "partial_fills", "yes", "True"),
        (SimVenue, "impact", "square_root", "removes"),
        (SimVenue, "fees", 2.0, "Fees("),
        (Fees, "maker_bps", 10_001, "nearest is 10000"),
        (Fees, "taker_bps", "0.000001", "nearest is 0"),
        (Fees, "taker_bps", float("nan"), "number"),
        (Fees, "per_share", -1, "nearest is 0"),
        (Fees, "minimum", "abc", "number"),
        (Fees, "rounding", True, "number"),
        (RiskLimits, "max_order_qty", 0, "above 0"),
        (RiskLimits, "max_order_notional", -5, "above 0"),
        (RiskLimits, "max_open_orders", 1.5, "nearest is 2"),
        (RiskLimits, "max_open_orders", 0, "nearest is 1"),
        (RiskLimits, "max_orders_per_second", "many", "number"),
        (RiskLimits, "price_collar_bps", 100_001, "nearest is 100000"),
        (RiskLimits, "reference_max_age", "soon", "100ms"),
        (RiskLimits, "max_drawdown", 1.5, "nearest is 1"),
        (RiskLimits, "max_leverage", 1000, "nearest is 100"),
        (RiskLimits, "max_daily_loss", float("inf"), "number"),
        (RiskLimits, "max_daily_loss", "1e-19", "18 decimals"),
    ],
)
def test_refusals_name_field_and_remedy(kind: Any, field: str, value: Any, hint: str) -> None:
    with pytest.raises(ParameterError) as caught:
        kind(**{field: value})
    assert caught.value.field == field
    assert hint in caught.value.remedy


def test_limits_of_a_backtest_follow_its_cash() -> None:
    core = RiskLimits().resolve("backtest", 1_000_000).to_core()
    unset = core.pop("guards")
    assert not any(unset.values()), unset
    assert core == {
        "max_order_qty": "1000000000",
        "max_order_notional": "1000000",
        "max_position_notional": "1000000",
        "max_gross_notional": "2000000",
        "max_open_orders": 1000,
        "max_orders_per_second": 10_000,
        "price_collar_bps": 5000,
        "reference_age_ns_max": I64_MAX,
        "max_daily_loss": "1000000",
        "max_drawdown_e9": 1_000_000_000,
        "max_leverage_e9": 2_000_000_000,
    }


def test_limits_live_are_small_and_never_absent() -> None:
    live = RiskLimits().resolve("live", Decimal(20000))
    paper = RiskLimits().resolve("paper", Decimal(20000))
    assert live.to_dict() == {
        "max_order_qty": "1000000000",
        "max_order_notional": "1000",
        "max_position_notional": "5000",
        "max_gross_notional": "20000",
        "max_open_orders": 50,
        "max_orders_per_second": 10,
        "price_collar_bps": 500,
        "reference_age_ns_max": 10_000_000_000,
        "max_daily_loss": "400",
        "max_drawdown": "0.1",
        "max_leverage": "1",
        "max_duplicates": "3/1s",
        "max_executions": "60/1m",
        "max_instrument_orders": "10/1s",
        "max_cancels": "50/1s",
        "max_price_move": "1000/1m",
        "market_slippage_bps": 500,
        "self_trade": "refuse",
        "closed_market": "refuse",
        "max_net_notional": "20000",
        "max_daily_notional": "400000",
        "max_concentration": "1",
    }
    looser = {
        "max_duplicates": "25/1s",
        "max_executions": "3000/1m",
        "max_instrument_orders": "50/1s",
        "max_cancels": "250/1s",
        "max_daily_notional": "20000000",
    }
    guards = live.guards | looser
    assert dataclasses.replace(live, max_orders_per_second=50, guards=guards) == paper


def test_what_is_written_wins() -> None:
    limits = RiskLimits(max_order_notional="123.45", reference_max_age="2s", max_drawdown=0.25)
    core = limits.resolve("live", 1000).to_core()
    assert core["max_order_notional"] == "123.45"
    assert core["reference_age_ns_max"] == 2_000_000_000
    assert core["max_drawdown_e9"] == 250_000_000
    assert limits.to_dict() == {
        "max_order_notional": "123.45",
        "reference_max_age": "2s",
        "max_drawdown": "0.25",
    }


@pytest.mark.parametrize(("mode", "cash"), [("demo", 1), ("live", 0), ("live", "x")])
def test_resolving_needs_a_mode_and_cash(mode: Any, cash: Any) -> None:
    with pytest.raises(ParameterError):
        RiskLimits().resolve(mode, cash)


@given(st.decimals(min_value="0.01", max_value=10**15, places=18))
def test_every_resolved_amount_fits_the_kernel(cash: Decimal) -> None:
    core = RiskLimits().resolve("live", cash).to_core()
    for name in ("max_order_notional", "max_daily_loss"):
        assert -int(Decimal(core[name]).as_tuple().exponent) <= 18
