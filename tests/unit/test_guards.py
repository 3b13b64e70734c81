"""Guards: what is written is checked and reaches the kernel; tail limits equal `rt.quant`."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest

import py_rt as rt
from py_rt._guards import GUARDS, guard_symbols, guards_to_core, plain_guard, renamed_guards
from py_rt.errors import ParameterError

SEED = 20_261_130


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("max_duplicates", "3", "max_duplicates"),
        ("max_duplicates", 3, "max_duplicates"),
        ("max_executions", "0/1s", "max_executions"),
        ("max_cancels", "5/yesterday", "max_cancels"),
        ("market_slippage_bps", 0, "market_slippage_bps"),
        ("self_trade", "maybe", "self_trade"),
        ("closed_market", True, "closed_market"),
        ("max_net_notional", -1, "max_net_notional"),
        ("max_concentration", 0, "max_concentration"),
        ("groups", ["SPY"], "groups"),
        ("groups", {"g": {"symbols": "SPY", "max_gross_notional": 1}}, "symbols"),
        ("groups", {"g": {"symbols": ["SPY"]}}, "groups['g']"),
        ("instruments", {"SPY": {"max_order": 1}}, "instruments['SPY']"),
        ("instruments", {"SPY": {"max_order_qty": "nan"}}, "max_order_qty"),
        ("var", {"scenarios": {}, "max_var": 1}, "scenarios"),
        ("var", {"scenarios": {"A": [0.1, 0.2], "B": [0.1]}, "max_var": 1}, "scenarios"),
        ("var", {"scenarios": {"A": [0.1, 0.2]}}, "max_var"),
        ("var", {"scenarios": {"A": [0.1, 0.2]}, "level": 1, "max_var": 1}, "level"),
        ("greeks", {"greeks": {"A": {"theta": 1}}, "max_delta": 1}, "greeks['A']"),
        ("greeks", {"greeks": {"A": {"delta": 1}}}, "max_delta"),
    ],
)
def test_wrong_guards_name_their_field(name: str, value: Any, field: str) -> None:
    with pytest.raises(ParameterError) as caught:
        rt.RiskLimits(**{name: value})
    assert caught.value.field == field
    assert caught.value.remedy


def test_what_is_written_may_be_written_again() -> None:
    given: dict[str, Any] = {
        "max_duplicates": "3/1s",
        "market_slippage_bps": 20,
        "self_trade": "refuse",
        "max_daily_notional": "1e5",
        "groups": {"coins": rt.GroupLimit(["BTCUSDT", "ETHUSDT"], 1000)},
        "instruments": {"BTCUSDT": rt.InstrumentLimit(max_order_qty="0.5")},
        "var": rt.VarLimit({"BTCUSDT": [-0.1, 0.05]}, level="0.9", max_es=10),
        "greeks": rt.GreekLimit({"BTCUSDT": {"delta": 1}}, max_delta=2),
    }
    limits = rt.RiskLimits(**given)
    again = rt.RiskLimits(**limits.to_dict())
    assert again.resolve("live", 1000) == limits.resolve("live", 1000)
    resolved = limits.resolve("backtest", 1000)
    assert set(resolved.guards) == set(given) <= set(GUARDS)
    assert resolved.symbols() == {"BTCUSDT", "ETHUSDT"}
    renamed = resolved.renamed({"BTCUSDT": "BTC/USD", "ETHUSDT": "ETH/USD"})
    assert renamed.symbols() == {"BTC/USD", "ETH/USD"}
    assert guard_symbols(renamed_guards(renamed.guards, {})) == renamed.symbols()
    core = guards_to_core(resolved.guards)
    assert core["max_duplicates"] == (3, 10**9)
    assert core["var"]["scenarios"] == [("BTCUSDT", [-(10**8), 5 * 10**7])]
    assert plain_guard("max_concentration", 0.25) == "0.25"


class _Once(rt.Strategy):
    """Buy ten shares on the first bar."""

    def on_start(self, ctx: Any) -> None:
        self.done = False

    def on_bar(self, ctx: Any, bar: Any) -> None:
        if not self.done:
            self.done = True
            ctx.buy(ctx.symbols[0], 10)


def _refused(var: rt.VarLimit) -> bool:
    data = rt.data.sample("us_minute")
    result = rt.backtest(_Once(), data, risk=rt.RiskLimits(var=var), progress=False)
    orders = result.orders
    return "rejected" in {str(status).lower() for status in orders["status"]}


def test_tail_limits_equal_the_statistics() -> None:
    data = rt.data.sample("us_minute")
    symbols = [one.symbol for one in data.instruments]
    price = float(rt.backtest(_Once(), data, progress=False).fills["last_price"].iloc[0])
    rng = np.random.default_rng(SEED)
    returns = np.round(rng.normal(-0.01, 0.03, 57), 9)
    rows = {symbol: [str(Decimal(str(r))) for r in returns] for symbol in symbols}
    measures = {
        "max_var": rt.quant.value_at_risk(returns, level=0.93),
        "max_es": rt.quant.expected_shortfall(returns, level=0.93),
    }
    for name, loss in measures.items():
        # The mark at the decision is near the price of the fill a bar later.
        for factor, refused in ((0.97, True), (1.03, False)):
            value = round(loss * 10 * price * factor, 6)
            var = rt.VarLimit(rows, level=0.93, **{name: value})
            assert _refused(var) is refused, (SEED, name, factor)


def test_a_backtest_refuses_limits_of_what_it_does_not_trade() -> None:
    limits = rt.RiskLimits(instruments={"NOBODY": rt.InstrumentLimit(max_order_qty=1)})
    with pytest.raises(ParameterError, match="NOBODY"):
        rt.backtest(_Once(), rt.data.sample("us_minute"), risk=limits, progress=False)
