"""Books and streams from a replay and from a running session."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import py_rt as rt
from client.serving import port_of, server
from py_rt._core import grpc as core
from py_rt.client import GrpcConfig, LocalTradingClient, TradingGrpcClient
from py_rt.server.market import market_of
from py_rt.trade.control import write_kill

pytestmark = pytest.mark.system


def test_the_book_is_that_of_the_recording() -> None:
    data = rt.data.load("sample:btcusdt_l2")
    part = data.slice(data.start, data.start + 20_000_000_000)
    with LocalTradingClient(part, speed=0) as client:
        last = list(endless(client, part))[-1]
        book = client.get_order_book("BTCUSDT", "binance", depth=5)
    known = part.books(depth=5)
    for side, name in (("bids", "bid"), ("asks", "ask")):
        np.testing.assert_allclose(
            book[side][:, 0], getattr(known, f"{name}_price")[-1], rtol=1e-15
        )
        np.testing.assert_allclose(book[side][:, 1], getattr(known, f"{name}_qty")[-1], rtol=1e-15)
    assert book["mid"] == last["mid"] == 0.5 * (last["bid"] + last["ask"])
    assert book["spread"] > 0
    assert book["valid"]


def endless(client: LocalTradingClient, data: Any) -> Any:
    """Play a recording once, as fast as it goes."""
    client._opened = core.LocalMarket(market_of(data, speed=0, repeat=False))
    return client.stream_market_data("BTCUSDT")


def test_a_stream_tells_every_change_of_the_touch_in_order() -> None:
    data = rt.data.load("sample:btcusdt_l2")
    part = data.slice(data.start, data.start + 20_000_000_000)
    with LocalTradingClient() as client:
        ticks = list(endless(client, part))
    assert list(ticks[0]) == ["symbol", "timestamp", "bid", "ask", "mid", "volume"]
    times = [tick["timestamp"] for tick in ticks]
    volumes = [tick["volume"] for tick in ticks]
    assert times == sorted(times)
    assert volumes == sorted(volumes)
    trades = part.to_frame("trade")
    assert volumes[-1] == pytest.approx(trades["qty"].sum(), rel=1e-12)
    assert all(tick["bid"] < tick["ask"] for tick in ticks)


def test_a_stream_over_grpc_and_its_thinning(client: TradingGrpcClient) -> None:
    ticks = list(itertools.islice(client.stream_market_data(["BTCUSDT"]), 200))
    assert {tick["symbol"] for tick in ticks} == {"BTCUSDT"}
    thin = list(itertools.islice(client.stream_market_data("BTC/USDT", interval_ms=1000), 4))
    steps = np.diff([tick["timestamp"] for tick in thin])
    assert (steps >= 1_000_000_000).all()


def test_unknown_symbols_and_exchanges_are_named(
    client: TradingGrpcClient, local: LocalTradingClient
) -> None:
    for asked in (client, local):
        with pytest.raises(rt.ParameterError, match=r'"ETH" is not listed here.*known are BTCUSDT'):
            asked.get_order_book("ETH", "binance")
        with pytest.raises(rt.ParameterError, match='trades on BINANCE here, not on "kraken"'):
            asked.get_order_book("BTCUSDT", "kraken")
        with pytest.raises(rt.ParameterError, match="depth"):
            asked.get_order_book("BTCUSDT", "binance", depth=100_000)
        with pytest.raises(rt.ParameterError, match="not listed"):
            next(iter(asked.stream_market_data(["ETH"])))


def test_a_session_is_followed_through_its_journal(tmp_path: Path) -> None:
    state = tmp_path / "state"
    rt.paper(
        rt.StrategyFactory.create("market_maker"),
        data="sample:btcusdt_l2",
        speed=20,
        seconds=60,
        state_dir=state,
        on_event=lambda _event: write_kill(state, "stop"),
    )
    with server("--session", str(state)) as (_child, ready):
        check_session(port_of(ready))


def check_session(port: int) -> None:
    with TradingGrpcClient(GrpcConfig(port=port)) as client:
        health = client.health()
        assert health["market"] == "session"
        book = client.get_order_book(health["symbols"][0], "anywhere")
        assert book["valid"]
        assert 0 < book["bids"][0, 0] < book["asks"][0, 0]
        tick = next(iter(client.stream_market_data(health["symbols"])))
        assert tick["mid"] == book["mid"]
