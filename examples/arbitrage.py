"""Two arbitrages: one product at two venues, and a triangle of three products.

Run it with ``python examples/arbitrage.py``; it needs nothing but the bundled samples.

BTCUSDT and ETHUSDT are what Binance showed in ten minutes of August 2024. Everything else here is
SYNTHETIC, made from them with a seed: a second venue that shows the same 300 ms later, and a cross
ETHBTC that swings about what the two imply. So there is something to earn, and what is earned says
nothing about a market. It shows the machinery: books of several venues, fees, legs that race with
the market, and what is done when one of them fails.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import py_rt as rt
from py_rt.market import BUY, EVENT_DTYPE, QUOTE, SELL, Instrument, MarketData

SEED = 7
LATE_NS = 300_000_000
CROSS_TICK = 1e-5
RATES = {"BTC": "BTCUSDT"}
LIMITS = rt.RiskLimits(
    max_order_notional=1e7,
    max_position_notional=1e8,
    max_gross_notional=1e9,
    max_leverage=100,
    max_orders_per_second=1_000,
)


def late(data: MarketData) -> MarketData:
    """Return a SYNTHETIC second venue: the same rows, later."""
    rows = data.events().copy()
    rows["ts_event"] += LATE_NS
    rows["ts_recv"] += LATE_NS
    return MarketData(rows, None, data.instruments, f"{data.name}, late (synthetic)")


def triangle(btc: MarketData, eth: MarketData) -> MarketData:
    """Return the two recordings and a SYNTHETIC cross that swings about their ratio."""
    books = [data.books(depth=1, at="100ms") for data in (btc, eth)]
    at = np.intersect1d(*(book.ts[book.valid] for book in books))
    mids = []
    for book in books:
        seen = np.searchsorted(book.ts, at)
        mids.append((book.bid_price[seen, 0] + book.ask_price[seen, 0]) / 2)
    dice = np.random.default_rng(SEED)
    swing = np.zeros(len(at))
    for step, shock in enumerate(dice.normal(0.0, 1e-4, len(at) - 1), start=1):
        swing[step] = 0.98 * swing[step - 1] + shock
    bid = np.floor(mids[1] / mids[0] * (1.0 + swing) / CROSS_TICK).astype(np.int64)
    rows = np.zeros(2 * len(at), dtype=EVENT_DTYPE)
    rows["ts_event"] = rows["ts_recv"] = np.repeat(at, 2)
    rows["kind"], rows["side"] = QUOTE, np.tile([BUY, SELL], len(at))
    rows["price"] = np.repeat(bid, 2) + np.tile([0, 1], len(at))
    rows["qty"], rows["flags"] = 50_000, np.tile([0, 1], len(at))
    cross = Instrument(
        "ETHBTC",
        tick_size="0.00001",
        lot_size="0.0001",
        currency="BTC",
        asset_class="crypto",
        sessions=False,
    )
    parts = [btc.events(), eth.events(), rows]
    joined = np.empty(sum(len(part) for part in parts), dtype=EVENT_DTYPE)
    begin = 0
    for place, part in enumerate(parts):
        end = begin + len(part)
        joined[begin:end] = part
        joined["instrument"][begin:end] = place
        begin = end
    joined["ts_recv"] = np.maximum(joined["ts_recv"], joined["ts_event"])
    joined = joined[np.argsort(joined["ts_recv"], kind="stable")]
    instruments = [*btc.instruments, *eth.instruments, cross]
    return MarketData(joined, None, instruments, "a triangle (its cross is synthetic)")


def show(title: str, strategy: Any, result: rt.BacktestResult) -> None:
    """Print what became of a run: what is held of each asset beside fees, and what it earned."""
    held = {asset: round(qty, 6) + 0.0 for asset, qty in sorted(strategy.held.items())}
    print(f"{title}: {strategy.begun} sets of legs, {strategy.unwound} unwound")
    earned = result.equity["equity"].iloc[-1] - result.equity["equity"].iloc[0]
    print(f"  fills {len(result.fills)}, held {held}, earned after fees {earned:.2f}")


def main() -> None:
    """Run both."""
    btc, eth = rt.data.sample("btcusdt_l2"), rt.data.sample("ethusdt_l2")
    fees = rt.Fees(taker_bps=0.1)
    venues = {
        "first": rt.SimVenue(latency_order="2ms", fees=fees, impact="removes"),
        "second": rt.SimVenue(latency_order="20ms", fees=fees, impact="removes"),
    }
    data = {"first": btc, "second": late(btc)}
    pair = rt.StrategyFactory.create("cross_venue_arbitrage", qty=0.05, edge_bps=0.5)
    result = rt.backtest(pair, data, venue=venues, risk=LIMITS, cash=1e7, progress=False)
    show("cross-venue", pair, result)

    names = {"base": "BTCUSDT", "cross": "ETHBTC", "quoted": "ETHUSDT"}
    round_trip = rt.StrategyFactory.create("triangular_arbitrage", qty=0.5, edge_bps=2, **names)
    market, venue = triangle(btc, eth), venues["first"]
    money: dict[str, Any] = {"cash": {"USDT": 1e7}, "base_currency": "USDT", "fx": RATES}
    result = rt.backtest(round_trip, market, venue=venue, risk=LIMITS, progress=False, **money)
    show("triangular", round_trip, result)


if __name__ == "__main__":
    main()
