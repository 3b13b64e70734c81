"""Engine-shaped results for tests of the result and the report, made by plain NumPy accounting.

The markets are seeded random walks; the strategies are an average cross on bars and a quoter on
trades. Only the shape and the arithmetic matter here, not the trading.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from py_rt.backtest.result import BacktestResult
from py_rt.market import BAR_DTYPE, EVENT_DTYPE, FLAG_END, TRADE, Instrument, MarketData

CASH = 1_000_000.0
MINUTE = 60_000_000_000
DAY = 86_400_000_000_000
# Monday 2024-01-08, 14:30 UTC: the opening in New York.
OPEN = 1_704_724_200_000_000_000
ASSUMPTIONS = {
    "latency_feed": "1ms",
    "latency_order": "1ms",
    "latency_report": "1ms",
    "queue": "risk_averse",
    "fees": {"maker_bps": 0.0, "taker_bps": 1.0, "per_share": 0.0, "minimum": 0.0},
    "bar_fill": "next_open",
    "bar_touch": "no fill",
    "impact": None,
}
RECEIPT = {
    "data": "9f2c" * 16,
    "code": "51ab" * 16,
    "config": "77d0" * 16,
    "engine": "py_rt 0.1.0 (kernel 4c1d)",
    "seed": 0,
}


def minute_market(
    symbols: tuple[str, ...] = ("AAPL",), days: int = 21, seed: int = 1
) -> MarketData:
    """Make minute bars of New York sessions, Monday to Friday."""
    rng = np.random.default_rng(seed)
    weekdays = [d for d in range(days * 7 // 5 + 2) if d % 7 < 5][:days]
    opens = np.concatenate([OPEN + d * DAY + np.arange(390) * MINUTE for d in weekdays])
    parts = []
    for index in range(len(symbols)):
        steps = rng.standard_t(4, len(opens)) * 0.0006
        close = np.rint(15_000 * (1 + index) * np.exp(np.cumsum(steps))).astype(np.int64)
        bars = np.zeros(len(opens), dtype=BAR_DTYPE)
        bars["ts_open"], bars["ts_close"] = opens, opens + MINUTE
        bars["instrument"] = index
        bars["close"] = close
        bars["open"] = np.append(close[:1], close[:-1])
        bars["high"] = np.maximum(bars["open"], close) + 2
        bars["low"] = np.minimum(bars["open"], close) - 2
        bars["volume"] = 100.0
        parts.append(bars)
    bars = np.concatenate(parts)
    bars = bars[np.argsort(bars["ts_close"], kind="stable")]
    return MarketData(None, bars, tuple(Instrument(s) for s in symbols), name="made minutes")


def trade_market(n: int = 20_000, seed: int = 2) -> MarketData:
    """Make some minutes of trades of a coin that never stops trading."""
    rng = np.random.default_rng(seed)
    rows = np.zeros(n, dtype=EVENT_DTYPE)
    rows["ts_event"] = 1_723_161_254_000_000_000 + np.cumsum(rng.exponential(3e7, n)).astype(int)
    rows["ts_recv"] = rows["ts_event"] + 1_000_000
    rows["kind"], rows["flags"] = TRADE, FLAG_END
    rows["side"] = rng.choice([-1, 1], n)
    rows["price"] = 6_183_763 + np.cumsum(rng.integers(-9, 10, n)) + 40 * rows["side"]
    rows["qty"] = rng.integers(1, 5_000, n)
    coin = Instrument(
        "BTCUSDT", "0.01", "0.00001", currency="USDT", asset_class="crypto", sessions=False
    )
    return MarketData(rows, None, (coin,), name="made trades", attribution="nobody")


def cross_run(
    data: MarketData, fast: int = 20, slow: int = 120, order_qty: int = 1_000, fee_bps: float = 1.0
) -> BacktestResult:
    """Hold ``order_qty`` of each symbol while its fast average is above the slow one."""
    rows = []
    for index, instrument in enumerate(data.instruments):
        bars = data.bars()[data.bars()["instrument"] == index]
        close = bars["close"].astype(float)
        total = np.concatenate([[0.0], np.cumsum(close)])
        want = np.zeros(len(close), dtype=bool)
        at = np.arange(slow, len(close) + 1)
        want[slow - 1 :] = (total[at] - total[at - fast]) / fast > (
            total[at] - total[at - slow]
        ) / slow
        turns = np.flatnonzero(np.diff(want.astype(int), prepend=0))
        for turn in turns[turns + 1 < len(close)]:
            price = bars["open"][turn + 1] / 100
            side = "buy" if want[turn] else "sell"
            ts = int(bars["ts_open"][turn + 1])
            fee = round(price * order_qty * fee_bps / 1e4, 6)
            rows.append((ts, instrument.symbol, side, str(order_qty), f"{price:.2f}", fee, "taker"))
    params = {"fast": fast, "slow": slow, "order_qty": order_qty}
    return result_of(data, sorted(rows), "SmaCross", params)


def quoter_run(data: MarketData, every: int = 12, seed: int = 5) -> BacktestResult:
    """Fill a small quote on every few trades, on the passive side, and lean against inventory."""
    rng = np.random.default_rng(seed)
    rows, held = [], 0
    events = data.events()
    for at in np.flatnonzero(rng.random(len(events)) < 1 / every):
        side = -int(events["side"][at])
        if abs(held + side) > 5:
            continue
        held += side
        price = f"{int(events['price'][at]) / 100:.2f}"
        name = "buy" if side > 0 else "sell"
        ts = int(events["ts_event"][at])
        fee = round(float(price) * 0.01 * 0.1 / 1e4, 8)
        rows.append((ts, "BTCUSDT", name, "0.01", price, fee, "maker"))
    return result_of(data, rows, "MarketMaker", {"spread_ticks": 40, "order_qty": 0.01}, 10_000.0)


def result_of(
    data: MarketData,
    rows: list[tuple[int, str, str, str, str, float, str]],
    strategy: str,
    params: dict[str, Any],
    cash: float = CASH,
    receipt: dict[str, Any] | None = None,
) -> BacktestResult:
    """Account for fills (ts, symbol, side, qty, price, fee, liquidity) and build the result."""
    return BacktestResult.from_core(
        raw_of(data, rows, cash),
        data,
        strategy=strategy,
        params=params,
        cash=cash,
        assumptions=ASSUMPTIONS,
        receipt=RECEIPT if receipt is None else receipt,
    )


def raw_of(data: MarketData, rows: list[Any], cash: float) -> dict[str, Any]:
    """Return what the engine would return for these fills."""
    prices = _prices(data)
    ts = np.unique(np.concatenate([p[0] for p in prices.values()]))
    ts = ts if len(ts) < 5_000 or len(data.bars()) else ts[:: len(ts) // 4_000]
    money = np.full(len(ts), cash)
    value = np.zeros(len(ts))
    final: dict[str, list[Any]] = {
        "symbol": [], "qty": [], "avg_price": [], "realized_pnl": [], "unrealized_pnl": [],
    }  # fmt: skip
    for symbol, (times, closes) in prices.items():
        own = [row for row in rows if row[1] == symbol]
        at = np.searchsorted([row[0] for row in own], ts, side="right")
        signed = [float(row[3]) * (1 if row[2] == "buy" else -1) for row in own]
        spent = [q * float(row[4]) + row[5] for q, row in zip(signed, own, strict=True)]
        held = np.concatenate([[0.0], np.cumsum(signed)])
        money -= np.concatenate([[0.0], np.cumsum(spent)])[at]
        last = np.maximum(np.searchsorted(times, ts, side="right") - 1, 0)
        value += held[at] * closes[last]
        qty = round(float(held[-1]), 8)
        final["symbol"].append(symbol)
        final["qty"].append(str(qty))
        final["avg_price"].append(str(float(closes[-1]) if qty else 0.0))
        final["realized_pnl"].append("0")
        final["unrealized_pnl"].append("0")
    orders, fills = _columns(rows)
    return {
        "events": len(data),
        "elapsed_s": len(data) / 2.1e6,
        "order_hash": "8d1f0c5e72a94b36" * 2,
        "equity": {"ts": ts, "equity": money + value, "cash": money},
        "orders": orders,
        "fills": fills,
        "positions": final,
        "denied": 0,
        "expired_unfilled": 1,
        "end_ts": int(ts[-1]),
    }


def _prices(data: MarketData) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    found = {}
    for index, instrument in enumerate(data.instruments):
        bars = data.bars()[data.bars()["instrument"] == index]
        rows = data.events()[data.events()["instrument"] == index]
        ts, ticks = (
            (bars["ts_close"], bars["close"]) if len(bars) else (rows["ts_recv"], rows["price"])
        )
        found[instrument.symbol] = (ts, ticks * float(instrument.tick_size))
    return found


def _columns(rows: list[Any]) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
    names = [f"o{i}" for i in range(len(rows))]
    ts = [row[0] for row in rows]
    shared = {
        "client_order_id": names,
        "symbol": [r[1] for r in rows],
        "side": [r[2] for r in rows],
    }
    n = len(rows)
    orders = {
        **shared,
        "order_type": ["market"] * n,
        "tif": ["DAY"] * n,
        "order_qty": [r[3] for r in rows],
        "limit_price": [None] * n,
        "stop_price": [None] * n,
        "cum_qty": [r[3] for r in rows],
        "avg_price": [float(r[4]) for r in rows],
        "status": ["Filled"] * n,
        "reason": [None] * n,
        "tag": [None] * n,
        "ts_created": ts,
        "ts_updated": ts,
    }
    fills = {
        **shared,
        "exec_id": [f"e{i}" for i in range(n)],
        "last_qty": [r[3] for r in rows],
        "last_price": [r[4] for r in rows],
        "fee": [str(r[5]) for r in rows],
        "liquidity": [r[6] for r in rows],
        "ts_event": ts,
        "ts_recv": ts,
    }
    return orders, fills
