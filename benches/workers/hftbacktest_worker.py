"""The worker of hftbacktest, in its fastest setting: dense depth inside a range, compiled loops."""

from __future__ import annotations

import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from hftbacktest import GTX, LIMIT, BacktestAsset, ROIVectorMarketDepthBacktest
from numba import njit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from workers.protocol import Run, serve

END_OF_DATA = 1
LONG = 10**18
NEVER = 10**15
NO_ASK = 2**62


@njit
def elapse_all(hbt):
    """Let all rows pass."""
    hbt.elapse(LONG)
    return 0, 0


@njit
def read_touch(hbt):
    """Read the touch on every row."""
    total = 0
    rows = 0
    depth = hbt.depth(0)
    while hbt.wait_next_feed(False, NEVER) != END_OF_DATA:
        total += depth.best_bid_tick + depth.best_ask_tick
        rows += 1
    return total, rows


@njit
def move_to(hbt, side, tick, sent, next_id):
    """Move a side to a tick, once; a side with an order on its way is left alone."""
    working = 0
    orders = hbt.orders(0).values()
    while orders.has_next():
        order = orders.get()
        if order.side == side:
            if order.req != 0:
                return sent, next_id
            working = order.order_id
    if tick == sent:
        return sent, next_id
    if working != 0:
        hbt.cancel(0, working, False)
    if side == 1:
        hbt.submit_buy_order(0, next_id, tick * 0.1, 0.001, GTX, LIMIT, False)
    else:
        hbt.submit_sell_order(0, next_id, tick * 0.1, 0.001, GTX, LIMIT, False)
    return tick, next_id + 1


@njit
def quote(hbt, bid_sent, ask_sent, next_id):
    """Quote one tick outside the touch, two on the side that would add to a large position.

    The position is compared in whole lots: as a sum of floats, 50 times 0.001 is above 0.05.
    """
    hbt.clear_inactive_orders(0)
    depth = hbt.depth(0)
    if depth.best_bid_tick <= 0 or depth.best_ask_tick >= NO_ASK:
        return bid_sent, ask_sent, next_id
    held = round(hbt.position(0) * 1000)
    bid = depth.best_bid_tick - 1 - (1 if held > 50 else 0)
    ask = depth.best_ask_tick + 1 + (1 if held < -50 else 0)
    bid_sent, next_id = move_to(hbt, 1, bid, bid_sent, next_id)
    ask_sent, next_id = move_to(hbt, -1, ask, ask_sent, next_id)
    return bid_sent, ask_sent, next_id


@njit
def maker_10ms(hbt):
    """Quote every ten milliseconds."""
    bid, ask, next_id = 0, 0, 1
    while hbt.elapse(10_000_000) == 0:
        bid, ask, next_id = quote(hbt, bid, ask, next_id)
    return next_id - 1, 0


@njit
def maker_every_row(hbt):
    """Quote on every row."""
    bid, ask, next_id = 0, 0, 1
    while hbt.wait_next_feed(False, NEVER) != END_OF_DATA:
        bid, ask, next_id = quote(hbt, bid, ask, next_id)
    return next_id - 1, 0


LOOPS = {
    "l2:none": elapse_all,
    "l2:bench_touch": read_touch,
    "l2:bench_maker_10ms": maker_10ms,
    "l2:bench_maker": maker_every_row,
}


def prepare(job: str, options: dict[str, Any]) -> Run:
    """Make the run of a job."""
    rows = np.load(options["w1"])[: options["n"]]
    if options.get("distinct"):
        rows["local_ts"] += np.arange(len(rows))
    low, high = float(rows["px"].min()) - 50, float(rows["px"].max()) + 50
    loop = LOOPS[job]

    def run() -> tuple[float, int, dict[str, Any]]:
        asset = (
            BacktestAsset()
            .data([rows])
            .linear_asset(1.0)
            .constant_order_latency(500_000, 500_000)
            .risk_adverse_queue_model()
            .no_partial_fill_exchange()
            .trading_value_fee_model(-0.00005, 0.0007)
            .tick_size(0.1)
            .lot_size(0.001)
            .last_trades_capacity(0)
            .roi_lb(low)
            .roi_ub(high)
        )
        hbt = ROIVectorMarketDepthBacktest([asset])
        begin = time.perf_counter()
        first, _ = loop(hbt)
        seconds = time.perf_counter() - begin
        depth = hbt.depth(0)
        facts: dict[str, Any] = {"rows": len(rows)}
        if job == "l2:none":
            facts["touch"] = [int(depth.best_bid_tick), int(depth.best_ask_tick)]
        if "maker" in job:
            trades = int(hbt.state_values(0).num_trades)
            facts |= {"orders": int(first), "trades": trades}
        hbt.close()
        return seconds, len(rows), facts

    return run


if __name__ == "__main__":
    serve(version("hftbacktest"), prepare)
