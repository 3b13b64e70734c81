"""Workloads of the benches: made at run time from a seed, equal on every machine."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from py_rt.market import BAR_DTYPE, EVENT_DTYPE, Instrument, MarketData

__all__ = [
    "PEER_DTYPE",
    "SYMBOLS",
    "bar_closes",
    "l2_rows",
    "many_closes",
    "many_minute_bars",
    "minute_bars",
    "to_market_data",
    "touches",
]

PEER_DTYPE = np.dtype(
    [
        ("ev", "<u8"),
        ("exch_ts", "<i8"),
        ("local_ts", "<i8"),
        ("px", "<f8"),
        ("qty", "<f8"),
        ("order_id", "<u8"),
        ("ival", "<i8"),
        ("fval", "<f8"),
    ]
)
SYMBOLS = 500
"""Symbols of the workload of many."""
_START = 17 * 10**17
_MINUTE = 60_000_000_000
_DEPTH, _TRADE = 1, 2
_BUY, _SELL, _BOTH = 1 << 29, 1 << 28, 3 << 30


def l2_rows(n: int = 5_000_000, seed: int = 7) -> npt.NDArray[np.void]:
    """Make a level-2 stream of ``n`` rows in the layout that hftbacktest reads.

    A touch that walks on a tick of 0.1, depth changes, trades at the touch, trades that move it.
    """
    rng = np.random.default_rng(seed)
    u = rng.random(n)
    ask = rng.random(n) < 0.5
    k = np.minimum(rng.geometric(0.2, n) - 1, 49)
    q = np.ceil(rng.lognormal(5, 1.2, (3, n)))
    v = rng.random(n)
    t = np.cumsum(rng.exponential(200_000, n)).astype(np.int64) + _START
    late = rng.exponential(200_000, n).astype(np.int64)
    kind = np.where(u < 0.76, 0, np.where(u < 0.92, 1, 2))
    step = np.where(kind == 2, np.where(ask, 1, -1), 0)
    bid = 600_000 + np.concatenate([[0], np.cumsum(step)[:-1]])
    touch = bid + ask
    own = np.where(ask, _SELL, _BUY)
    taker = np.where(ask, _BUY, _SELL)
    counts = np.array([1, 2, 3])[kind]
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    total = int(counts.sum())
    flag, tick, lots = (np.zeros(total, np.int64) for _ in range(3))
    source = np.repeat(np.arange(n), counts)
    plain = kind == 0
    at = first[plain]
    flag[at] = _DEPTH | own[plain]
    tick[at] = (touch + np.where(ask, k, -k))[plain]
    lots[at] = np.where((k > 0) & (v < 0.1), 0, q[0])[plain]
    for which in (1, 2):
        chosen = kind == which
        at = first[chosen]
        flag[at] = _TRADE | taker[chosen]
        tick[at] = touch[chosen]
        lots[at] = q[0][chosen]
        flag[at + 1] = _DEPTH | own[chosen]
        tick[at + 1] = touch[chosen]
        lots[at + 1] = q[1][chosen] if which == 1 else 0
    moved = kind == 2
    at = first[moved] + 2
    flag[at] = _DEPTH | taker[moved]
    tick[at] = touch[moved]
    lots[at] = q[2][moved]
    return _with_book(n, flag, tick, lots, t[source], late)


def _with_book(n, flag, tick, lots, ts, late):  # type: ignore[no-untyped-def]
    bids = np.arange(600_000, 600_000 - 50, -1)
    asks = np.arange(600_001, 600_001 + 50)
    rows = np.zeros(n, PEER_DTYPE)
    flags = np.concatenate([np.full(50, _DEPTH | _BUY), np.full(50, _DEPTH | _SELL), flag])[:n]
    rows["ev"] = flags.astype(np.uint64) | np.uint64(_BOTH)
    opening = np.full(100, ts[0] - 1_000_000)
    rows["exch_ts"] = np.concatenate([opening, ts])[:n]
    rows["local_ts"] = np.maximum.accumulate(rows["exch_ts"] + 500_000 + late)
    rows["px"] = np.round(np.concatenate([bids, asks, tick])[:n] * 0.1, 1)
    rows["qty"] = np.round(np.concatenate([np.full(100, 100), lots])[:n] * 0.001, 3)
    return rows


def to_market_data(rows: npt.NDArray[np.void]) -> MarketData:
    """Turn rows of the peer's layout into ours: tick 0.1, lot 0.001, each row its own message."""
    events = np.zeros(len(rows), EVENT_DTYPE)
    ev = rows["ev"].astype(np.int64)
    events["ts_event"], events["ts_recv"] = rows["exch_ts"], rows["local_ts"]
    events["kind"] = np.where(ev & 0xFF == _TRADE, 1, 0)
    events["side"] = np.where(ev & _BUY != 0, 1, -1)
    events["flags"] = 1
    events["price"] = np.round(rows["px"] * 10).astype(np.int64)
    events["qty"] = np.round(rows["qty"] * 1000).astype(np.int64)
    btc = Instrument(
        "BTCUSDT",
        tick_size="0.1",
        lot_size="0.001",
        asset_class="crypto",
        currency="USDT",
        sessions=False,
    )
    return MarketData(events, None, [btc], name="w1")


def touches(rows: npt.NDArray[np.void]) -> npt.NDArray[np.int64]:
    """Walk the book: best bid and ask tick and receive time after every row, shape (n, 3)."""
    ev = rows["ev"].astype(np.int64)
    depth = (ev & 0xFF == _DEPTH).tolist()
    bought = (ev & _BUY != 0).tolist()
    ticks = np.round(rows["px"] * 10).astype(np.int64).tolist()
    shown = (rows["qty"] > 0).tolist()
    bids: set[int] = set()
    asks: set[int] = set()
    bid, ask = 600_000, 600_001
    out = np.empty((len(rows), 3), np.int64)
    out[:, 2] = rows["local_ts"]
    for row, (is_depth, is_bid, tick, is_shown) in enumerate(
        zip(depth, bought, ticks, shown, strict=True)
    ):
        if is_depth:
            side = bids if is_bid else asks
            (side.add if is_shown else side.discard)(tick)
            if is_shown:
                bid, ask = (max(bid, tick), ask) if is_bid else (bid, min(ask, tick))
            elif is_bid and tick == bid:
                bid = max(bids, default=bid)
            elif not is_bid and tick == ask:
                ask = min(asks, default=ask)
        out[row, 0], out[row, 1] = bid, ask
    return out


def bar_closes(n: int = 1_000_000, seed: int = 11) -> npt.NDArray[np.float64]:
    """Return the closes of W3: a walk of log prices, shape (n,)."""
    rng = np.random.default_rng(seed)
    return 100 * np.exp(np.cumsum(rng.normal(0, 2e-4, n)))


def minute_bars(n: int = 1_000_000, seed: int = 11) -> MarketData:
    """Make ``n`` one-minute bars of one symbol: a walk of log prices, open at the last close."""
    bars = _bars(bar_closes(n, seed)[:, None])
    return MarketData(None, bars, [_share("W3")], name="w3")


def many_closes(n: int = 1_000_000, seed: int = 12) -> npt.NDArray[np.float64]:
    """Return closes of `SYMBOLS` walks, shape (n // SYMBOLS, SYMBOLS)."""
    rng = np.random.default_rng(seed)
    return 100 * np.exp(np.cumsum(rng.normal(0, 2e-4, (n // SYMBOLS, SYMBOLS)), axis=0))


def many_minute_bars(n: int = 1_000_000, seed: int = 12) -> MarketData:
    """Make ``n`` one-minute bars in all, of `SYMBOLS` symbols side by side."""
    shares = [_share(f"S{number:03}") for number in range(SYMBOLS)]
    return MarketData(None, _bars(many_closes(n, seed)), shares, name="many")


def _bars(close: npt.NDArray[np.float64]) -> npt.NDArray[np.void]:
    """Make bars of closes of shape (minutes, symbols), ordered by time."""
    minutes, symbols = close.shape
    opened = np.concatenate([close[:1], close[:-1]])
    bars = np.zeros(close.size, BAR_DTYPE)
    bars["ts_open"] = np.repeat(_START + np.arange(minutes) * _MINUTE, symbols)
    bars["ts_close"] = bars["ts_open"] + _MINUTE
    bars["instrument"] = np.tile(np.arange(symbols), minutes)
    for name, value in (("open", opened), ("close", close)):
        bars[name] = np.round(value.ravel() * 1e8).astype(np.int64)
    bars["high"] = np.maximum(bars["open"], bars["close"])
    bars["low"] = np.minimum(bars["open"], bars["close"])
    bars["volume"] = 1.0
    return bars


def _share(symbol: str) -> Instrument:
    return Instrument(
        symbol, tick_size="0.00000001", lot_size="1", asset_class="equity", sessions=False
    )
