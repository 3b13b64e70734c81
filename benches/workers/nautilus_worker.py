"""The worker of nautilus_trader 1.x and 2.x: one quote a row, a Python callback that only counts.

Its fastest honest setting: logging and risk bypassed, no analysis at the end, a top-of-book venue.
"""

from __future__ import annotations

import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from workers.protocol import Run, serve

VERSION = version("nautilus_trader")
if VERSION.startswith("1."):
    from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
    from nautilus_trader.config import LoggingConfig, RiskEngineConfig
    from nautilus_trader.model.currencies import USDT
    from nautilus_trader.model.data import QuoteTick
    from nautilus_trader.model.enums import AccountType, BookType, OmsType
    from nautilus_trader.model.identifiers import Venue
    from nautilus_trader.model.objects import Money, Price, Quantity
    from nautilus_trader.test_kit.providers import TestInstrumentProvider
    from nautilus_trader.trading.strategy import Strategy

    def instrument() -> Any:
        """Return the instrument."""
        return TestInstrumentProvider.btcusdt_binance()

    def configured() -> Any:
        """Return the configuration of an engine that does only what the row needs."""
        return BacktestEngineConfig(
            logging=LoggingConfig(bypass_logging=True),
            risk_engine=RiskEngineConfig(bypass=True),
            run_analysis=False,
        )

    FEES: dict[str, Any] = {}
else:
    from nautilus_trader.backtest import BacktestEngine, BacktestEngineConfig
    from nautilus_trader.common import LoggerConfig
    from nautilus_trader.execution import MakerTakerFeeModel
    from nautilus_trader.model import (
        AccountType,
        BookType,
        Currency,
        CurrencyPair,
        InstrumentId,
        Money,
        OmsType,
        Price,
        Quantity,
        QuoteTick,
        Symbol,
        Venue,
    )
    from nautilus_trader.risk import RiskEngineConfig
    from nautilus_trader.trading import Strategy

    USDT = Currency.from_str("USDT")

    def instrument() -> Any:
        """Return the instrument."""
        return CurrencyPair(
            instrument_id=InstrumentId.from_str("BTCUSDT.BINANCE"),
            raw_symbol=Symbol("BTCUSDT"),
            base_currency=Currency.from_str("BTC"),
            quote_currency=USDT,
            price_precision=2,
            size_precision=6,
            price_increment=Price.from_str("0.01"),
            size_increment=Quantity.from_str("0.000001"),
            ts_event=0,
            ts_init=0,
        )

    def configured() -> Any:
        """Return the configuration of an engine that does only what the row needs."""
        return BacktestEngineConfig(
            bypass_logging=True,
            logging=LoggerConfig(bypass_logging=True),
            run_analysis=False,
            risk_engine=RiskEngineConfig(bypass=True),
        )

    FEES = {"fee_model": MakerTakerFeeModel("-0.00005", "0.0007")}


class Called(Strategy):
    """Is called for every quote and counts."""

    seen = 0
    wanted: Any = None

    def on_start(self) -> None:
        """Ask for quotes."""
        if VERSION.startswith("1."):
            self.subscribe_quote_ticks(self.wanted)
        else:
            self.subscribe_quotes(self.wanted)

    def on_quote_tick(self, _tick: Any) -> None:
        """Count."""
        Called.seen += 1

    on_quote = on_quote_tick


def prepare(_job: str, options: dict[str, Any]) -> Run:
    """Make the run of a job: the touch after each row of W1, as quotes."""
    touches = np.load(options["touches"])[: options["n"]]
    traded = instrument()
    prices: dict[int, Any] = {}

    def price(tick: int) -> Any:
        if tick not in prices:
            prices[tick] = Price.from_str(f"{tick / 10:.{traded.price_precision}f}")
        return prices[tick]

    lot = Quantity.from_str(f"{1:.{traded.size_precision}f}")
    quotes = [
        QuoteTick(traded.id, price(int(bid)), price(int(ask)), lot, lot, int(ts), int(ts))
        for bid, ask, ts in touches
    ]
    Called.wanted = traded.id

    def run() -> tuple[float, int, dict[str, Any]]:
        engine = BacktestEngine(configured())
        engine.add_venue(
            venue=Venue("BINANCE"),
            oms_type=OmsType.NETTING,
            account_type=AccountType.MARGIN,
            starting_balances=[Money(1_000_000, USDT)],
            book_type=BookType.L1_MBP,
            **FEES,
        )
        engine.add_instrument(traded)
        engine.add_strategy(Called())
        engine.add_data(quotes)
        Called.seen = 0
        begin = time.perf_counter()
        engine.run()
        seconds = time.perf_counter() - begin
        engine.dispose()
        return seconds, len(quotes), {"rows": Called.seen}

    return run


if __name__ == "__main__":
    serve(VERSION, prepare)
