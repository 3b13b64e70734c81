"""Ours: a session of `rt.trade` with a spinning driver; a strategy that answers every quote."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import py_rt as rt
from py_rt.trade import trade

CONFIG = """
[run]
symbols = ["AAPL"]
state_dir = "{state}"
seconds = 60
spin = {spin}
cash = 10000000

[venue]
dialect = "alpaca"
mode = "paper"
trading_url = "http://127.0.0.1:{port}"
account_stream_url = "ws://127.0.0.1:{port}/stream"
market_stream_url = "ws://127.0.0.1:{port}/v2/iex"

[risk]
max_order_notional = 1000000
max_position_notional = 1000000000
max_gross_notional = 1000000000
max_open_orders = 100000
max_orders_per_second = 1000000
max_duplicates = "100000/1s"
max_executions = "100000/1m"
max_daily_notional = 1000000000000
max_price_move = "100000/1m"
price_collar_bps = 10000
"""


class Answer(rt.Strategy):
    """Bids at the best bid of every quote."""

    def on_quote(self, ctx: Any, quote: Any) -> None:
        """Send one order."""
        ctx.buy(quote.symbol, 1, limit_price=quote.bid_price, tif="IOC")


def main(port: int, spin: bool) -> None:
    """Trade until the exchange hangs up."""
    os.environ["APCA_API_KEY_ID"] = "K"
    os.environ["APCA_API_SECRET_KEY"] = "S"
    with tempfile.TemporaryDirectory() as state:
        path = Path(state) / "trade.toml"
        path.write_text(CONFIG.format(port=port, state=state, spin=str(spin).lower()))
        trade(Answer(), path)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2] == "spin")
