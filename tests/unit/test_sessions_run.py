"""DAY orders end when the exchange closes: half days and summer time, against its calendar."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import py_rt as rt
from py_rt.errors import ParameterError

calendars = pytest.importorskip("exchange_calendars")
HALF = "30min"
# The library warns about its own use of pandas.
pytestmark = pytest.mark.filterwarnings("ignore::Warning")


def market(first: str, last: str) -> rt.MarketData:
    """Make half-hour bars around the clock, and a price that falls through every limit at night."""
    opens = pd.date_range(first, last, freq=HALF, tz="UTC", inclusive="left")
    sessions = calendars.get_calendar("XNYS", start="2022-01-01", end="2024-12-31")
    inside = np.array([sessions.is_open_on_minute(t, ignore_breaks=True) for t in opens])
    table = pd.DataFrame({"ts": opens, "symbol": "ABC", "close": np.where(inside, 100.0, 90.0)})
    table["open"] = table["high"] = table["close"]
    table["low"] = table["close"]
    return _bars(table)


def _bars(table: pd.DataFrame) -> rt.MarketData:
    from py_rt.market import BAR_DTYPE, Instrument, MarketData

    rows = np.zeros(len(table), dtype=BAR_DTYPE)
    rows["ts_open"] = table["ts"].dt.as_unit("ns").astype("int64")
    rows["ts_close"] = rows["ts_open"] + pd.Timedelta(HALF).value
    for name in ("open", "high", "low", "close"):
        rows[name] = (table[name] * 100).astype(int)
    rows["volume"] = 1.0
    return MarketData(None, rows, (Instrument("ABC"),), name="around the clock")


class Bids(rt.Strategy):
    """Leaves one DAY bid on every bar, below the day's price and above the night's."""

    def on_bar(self, ctx: Any, bar: Any) -> None:
        ctx.buy(bar.symbol, 1, limit_price=95.0, tif="DAY")


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2023-11-22", "2023-11-28"),  # Thanksgiving, and a half day after it
        ("2024-03-07", "2024-03-13"),  # summer time begins
        ("2024-10-31", "2024-11-06"),  # and ends
        ("2024-07-02", "2024-07-06"),  # a half day before a holiday
    ],
)
def test_a_day_order_ends_with_its_session(first: str, last: str) -> None:
    data = market(first, last)
    result = rt.backtest(Bids(), data, rt.SimVenue(calendar="XNYS"), progress=False)
    schedule = calendars.get_calendar("XNYS", start="2022-01-01", end="2024-12-31").schedule
    closes = schedule["close"].dt.as_unit("ns").astype("int64").to_numpy()
    orders = result.orders[result.orders["status"] == "Expired"]
    assert len(orders) > 20
    half = pd.Timedelta(HALF).value
    last_open = int(data.bars()["ts_open"][-1])
    for row in orders.itertuples():
        met = -(-row.ts_created.value // half) * half - half  # the bar whose open it still gets
        close = int(closes[np.searchsorted(closes, met, side="right")])
        if close <= last_open:
            assert row.ts_updated.value == close + 1_000_000, row
    # What was asked in a session never meets the price of the night after it.
    filled = result.fills.set_index("client_order_id")["ts_event"]
    asked = result.orders.set_index("client_order_id")["ts_created"]
    assert len(filled) > 20
    for order, done in filled.items():
        met = asked[order].value // half * half
        sessions = np.searchsorted(closes, [met, done.value], side="right")
        assert sessions[0] == sessions[1], (order, done)


def test_without_a_calendar_a_session_is_a_day_in_utc() -> None:
    data = market("2024-07-01", "2024-07-03")
    result = rt.backtest(Bids(), data, progress=False)
    bought = result.fills["ts_event"].dt.hour
    assert ((bought >= 20) | (bought < 14)).all()
    in_session = result.orders["ts_created"].dt.hour.between(15, 19)
    assert (result.orders[in_session]["status"] == "Filled").mean() > 0.5


def test_the_receipt_names_the_calendar() -> None:
    data = market("2024-07-02", "2024-07-06")
    result = rt.backtest(Bids(), data, rt.SimVenue(calendar="XNYS"), progress=False)
    assert result.receipt["config"]["venue"]["calendar"] == "XNYS"
    assert rt.verify(result.receipt, strategy=Bids(), data=data).equal


@pytest.mark.parametrize("calendar", ["", 5, "NOWHERE"])
def test_no_calendar_is_refused(calendar: Any) -> None:
    data = market("2024-07-02", "2024-07-03")
    with pytest.raises(ParameterError) as caught:
        rt.backtest(Bids(), data, rt.SimVenue(calendar=calendar), progress=False)
    assert caught.value.field == "calendar"
