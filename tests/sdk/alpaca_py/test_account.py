"""Account, positions, assets, clock and calendar with the unmodified SDK."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from alpaca.common.exceptions import APIError
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import AssetClass, OrderSide, PositionSide, TimeInForce
from alpaca.trading.requests import (
    ClosePositionRequest,
    GetAssetsRequest,
    GetCalendarRequest,
    MarketOrderRequest,
)

from sdk.alpaca_py.venue import Venue


def trade(client: TradingClient, symbol: str, qty: float, side: OrderSide = OrderSide.BUY) -> None:
    tif = TimeInForce.GTC if "/" in symbol else TimeInForce.DAY
    client.submit_order(MarketOrderRequest(symbol=symbol, qty=qty, side=side, time_in_force=tif))


def test_the_account_pays_for_what_it_holds(client: TradingClient, venue: Venue) -> None:
    before = client.get_account()
    trade(client, "BTC/USD", 0.5)
    after = client.get_account()
    position = client.get_open_position("BTC/USD")
    assert (position.symbol, position.qty, position.side) == ("BTCUSD", "0.5", PositionSide.LONG)
    assert client.get_open_position("BTCUSD").asset_id == position.asset_id
    spent = Decimal(before.cash) - Decimal(after.cash)
    assert spent == Decimal(position.cost_basis)
    ledger = venue.ledger()
    assert ledger["positions"] == {"BTC/USD": "0.5"}
    assert ledger["cash"] == after.cash
    bought = [row for row in ledger["executions"] if row["symbol"] == "BTC/USD"]
    assert sum(Decimal(row["qty"]) for row in bought[-1:]) <= Decimal("0.5")


def test_positions_are_closed_whole_and_in_part(client: TradingClient) -> None:
    trade(client, "AAPL", 10)
    client.close_position("AAPL", ClosePositionRequest(qty="4"))
    assert client.get_open_position("AAPL").qty == "6"
    client.close_position("AAPL", ClosePositionRequest(percentage="50"))
    assert client.get_open_position("AAPL").qty == "3"
    trade(client, "BTC/USD", 0.1)
    answers = client.close_all_positions(cancel_orders=True)
    assert sorted(answer.symbol for answer in answers) == ["AAPL", "BTCUSD"]
    assert all(answer.status == 200 for answer in answers)
    assert client.get_all_positions() == []
    with pytest.raises(APIError) as caught:
        client.get_open_position("AAPL")
    assert (caught.value.status_code, caught.value.code) == (404, 40410000)


def test_shares_are_sold_short_and_bought_back(client: TradingClient) -> None:
    trade(client, "AAPL", 7, OrderSide.SELL)
    position = client.get_open_position("AAPL")
    assert (position.qty, position.side) == ("-7", PositionSide.SHORT)
    client.close_position("AAPL")
    assert client.get_all_positions() == []


def test_settings_are_kept(client: TradingClient) -> None:
    settings = client.get_account_configurations()
    settings.suspend_trade = True
    assert client.set_account_configurations(settings).suspend_trade is True
    with pytest.raises(APIError) as caught:
        trade(client, "AAPL", 1)
    assert caught.value.status_code == 403
    settings.suspend_trade = False
    assert client.set_account_configurations(settings).suspend_trade is False


def test_assets_are_found_by_every_spelling(client: TradingClient) -> None:
    coins = client.get_all_assets(GetAssetsRequest(asset_class=AssetClass.CRYPTO))
    assert [asset.symbol for asset in coins] == ["BTC/USD"]
    for name in ("BTC/USD", "BTCUSD", str(coins[0].id)):
        assert client.get_asset(name).id == coins[0].id
    assert client.get_asset("AAPL").shortable is True
    assert coins[0].price_increment == 0.01


def test_clock_calendar_and_history(client: TradingClient) -> None:
    clock = client.get_clock()
    assert clock.next_close > clock.timestamp
    wanted = GetCalendarRequest(start=date(2026, 11, 25), end=date(2026, 11, 27))
    days = client.get_calendar(wanted)
    assert [(str(day.date), day.close.hour) for day in days] == [
        ("2026-11-25", 16),
        ("2026-11-27", 13),
    ]
    history = client.get_portfolio_history()
    assert len(history.timestamp) == len(history.equity)


def test_activities_are_paged(client: TradingClient) -> None:
    for _ in range(3):
        trade(client, "AAPL", 1)
    rows = client.get("/account/activities", {"activity_types": "FILL", "direction": "asc"})
    token, walked = None, []
    while page := client.get(
        "/account/activities/FILL",
        {"page_size": 2, "direction": "asc"} | ({"page_token": token} if token else {}),
    ):
        walked += page
        token = page[-1]["id"]
    assert [row["id"] for row in walked] == [row["id"] for row in rows]
    after = client.get("/account/activities/FILL", {"after": rows[-2]["transaction_time"]})
    assert [row["id"] for row in after] == [rows[-1]["id"]]
