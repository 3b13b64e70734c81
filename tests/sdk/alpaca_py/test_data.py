"""Market data over streams (MessagePack) and HTTP with the unmodified SDK."""

from __future__ import annotations

import queue
from typing import Any

from alpaca.data.historical import CryptoHistoricalDataClient, StockHistoricalDataClient
from alpaca.data.live import CryptoDataStream, StockDataStream
from alpaca.data.requests import (
    CryptoLatestOrderbookRequest,
    CryptoLatestQuoteRequest,
    StockBarsRequest,
    StockLatestTradeRequest,
    StockSnapshotRequest,
    StockTradesRequest,
)
from alpaca.data.timeframe import TimeFrame

from sdk.alpaca_py.venue import PATIENCE_S, Venue, streaming


def keep_in(box: queue.Queue[Any]) -> Any:
    async def keep(message: Any) -> None:
        box.put(message)

    return keep


def test_stock_quotes_and_trades_arrive(venue: Venue) -> None:
    quotes: queue.Queue[Any] = queue.Queue()
    trades: queue.Queue[Any] = queue.Queue()
    stream = StockDataStream(venue.key, venue.secret, url_override=f"{venue.socket}/v2/iex")
    stream.subscribe_quotes(keep_in(quotes), "AAPL")
    stream.subscribe_trades(keep_in(trades), "*")
    with streaming(stream):
        quote = quotes.get(timeout=PATIENCE_S)
        trade = trades.get(timeout=PATIENCE_S)
    assert (quote.symbol, trade.symbol) == ("AAPL", "AAPL")
    assert 0 < quote.bid_price < quote.ask_price
    assert trade.price > 0
    assert trade.size > 0
    assert quote.timestamp is not None


def test_a_crypto_book_begins_with_a_snapshot(venue: Venue) -> None:
    books: queue.Queue[Any] = queue.Queue()
    url = f"{venue.socket}/v1beta3/crypto/us"
    stream = CryptoDataStream(venue.key, venue.secret, url_override=url)
    stream.subscribe_orderbooks(keep_in(books), "BTC/USD")
    with streaming(stream):
        first = books.get(timeout=PATIENCE_S)
        later = [books.get(timeout=PATIENCE_S) for _ in range(50)]
    assert first.reset is True
    assert len(first.bids) >= 5
    book = {row.price: row.size for row in first.bids}
    asks = {row.price: row.size for row in first.asks}
    for change in later:
        assert not change.reset
        for side, rows in ((book, change.bids), (asks, change.asks)):
            for row in rows:
                if row.size:
                    side[row.price] = row.size
                else:
                    side.pop(row.price, None)
        assert max(book) < min(asks)


def test_the_latest_is_had_over_http(venue: Venue) -> None:
    coins = CryptoHistoricalDataClient(url_override=venue.alpaca)
    quote = coins.get_crypto_latest_quote(CryptoLatestQuoteRequest(symbol_or_symbols="BTC/USD"))
    assert quote["BTC/USD"].bid_price > 0
    wanted = CryptoLatestOrderbookRequest(symbol_or_symbols="BTC/USD")
    book = coins.get_crypto_latest_orderbook(wanted)["BTC/USD"]
    assert book.bids[0].price < book.asks[0].price
    shares = StockHistoricalDataClient(venue.key, venue.secret, url_override=venue.alpaca)
    request = StockLatestTradeRequest(symbol_or_symbols=["AAPL"])
    assert shares.get_stock_latest_trade(request)["AAPL"].price > 0
    snapshot = shares.get_stock_snapshot(StockSnapshotRequest(symbol_or_symbols="AAPL"))
    assert snapshot["AAPL"].latest_quote.ask_price > 0
    trades = shares.get_stock_trades(StockTradesRequest(symbol_or_symbols="AAPL", limit=5))
    assert 1 <= len(trades["AAPL"]) <= 5
    bars = shares.get_stock_bars(
        StockBarsRequest(symbol_or_symbols="AAPL", timeframe=TimeFrame.Minute)
    )
    assert bars.data is not None
