"""The bridge to TWS without TWS: its configuration, its words, what it tells and in which order."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import py_rt as rt
from py_rt.trade import read_config
from py_rt.trade.ib import streams
from py_rt.trade.ib.hours import read_hours
from py_rt.trade.ib.port import Silent
from py_rt.trade.ib.streams import AccountStream, MarketStream
from py_rt.trade.ib.words import Execution, Standing, exec_uuid, order_uuid, perm_id, refusal_text

WRITTEN = """\
[run]
symbols = {symbols}
[venue]
dialect = "ib"
{lines}
"""


def read(folder: Path, lines: str = "", symbols: str = '["AAPL"]') -> Any:
    path = folder / "trade.toml"
    path.write_text(WRITTEN.format(lines=lines, symbols=symbols), encoding="utf-8")
    return read_config(path)


@pytest.mark.parametrize(
    ("lines", "port"),
    [
        ("", 7497),
        ('program = "gateway"', 4002),
        ('mode = "live"', 7496),
        ('mode = "live"\nprogram = "gateway"', 4001),
        ("port = 5000", 5000),
    ],
)
def test_ports_follow_program_and_mode(tmp_path: Path, lines: str, port: int) -> None:
    config = read(tmp_path, lines)
    assert (config.gateway.port, config.gateway.client_id) == (port, 27)
    assert config.to_dict()["venue"]["port"] == port


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("port = 7496", "7496 is the live port of tws"),
        ('mode = "live"\nport = 4002', "4002 is the paper port of gateway"),
        ('account = "U1234567"', "U1234567 is no paper account"),
        ('mode = "live"\naccount = "DU1234567"', "DU1234567 is a paper account"),
        ('host = "10.1.2.3"', "in clear to 10.1.2.3"),
        ("client_id = 0", "client_id"),
        ('key_env = "K"', "has no meaning here"),
        ("fractional = true", "is not spoken here"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, lines: str, said: str) -> None:
    with pytest.raises(rt.ConfigError, match=said):
        read(tmp_path, lines)


def test_coins_and_keys_of_other_venues_are_refused(tmp_path: Path) -> None:
    with pytest.raises(rt.ConfigError, match="BTC/USD is no stock"):
        read(tmp_path, symbols='["BTC/USD"]')
    path = tmp_path / "other.toml"
    text = WRITTEN.format(lines="client_id = 3", symbols='["AAPL"]').replace('"ib"', '"alpaca"')
    path.write_text(text, encoding="utf-8")
    with pytest.raises(rt.ConfigError, match="Interactive Brokers only"):
        read_config(path)
    with_host = 'host = "10.1.2.3"\nallow_hosts = ["10.1.2.3"]'
    assert read(tmp_path, with_host).gateway.host == "10.1.2.3"


def test_ids_survive() -> None:
    for perm in (1, 1_713_592_045, 2**31 - 1, 2**63 - 1, -7):
        assert perm_id(order_uuid(perm)) == perm
    assert perm_id("61e69015-8549-4bfd-b9c3-01e75843f47d") is None
    assert perm_id("nonsense") is None
    first, second = exec_uuid("00025b46.63f8ed4d.01.01"), exec_uuid("00025b46.63f8ed4d.01.02")
    assert first != second
    assert exec_uuid("0000E0D5.ABCDEF01.01.01") == exec_uuid("0000e0d5.abcdef01.01.01")
    assert refusal_text(201, "Order rejected - reason:No trading permissions").startswith("201 ")


def test_half_days_weekends_and_unknown_zones() -> None:
    text = "20261127:0930-20261127:1300;20261128:CLOSED;20261129:CLOSED;20261130:0930-20261130:1600"
    friday = datetime(2026, 11, 27, 17, 59, tzinfo=UTC)
    found = read_hours(text, "US/Eastern", friday)
    assert found is not None
    assert found.is_open
    assert found.next_close == datetime(2026, 11, 27, 18, tzinfo=UTC)
    found = read_hours(text, "Nowhere/Land", friday.replace(hour=18, minute=1))
    assert found is not None
    assert not found.is_open
    assert found.next_open == datetime(2026, 11, 30, 14, 30, tzinfo=UTC)
    assert read_hours("20261128:CLOSED", "US/Eastern", friday) is None


class Listener:
    """A socket that remembers."""

    def __init__(self) -> None:
        self.listens = True
        self.trades = self.quotes = {"AAPL"}
        self.sent: list[Any] = []
        self.was_cut = False

    def send(self, message: Any) -> None:
        self.sent.append(message)

    def cut(self) -> None:
        self.was_cut = True


def order(status: str = "Submitted", filled: str = "0") -> Standing:
    terms = ("AAPL", "BUY", "5", "LMT", "DAY", "190", None)
    return Standing(77, 3, 27, "rt-abcdef27-1", *terms, status, filled)


def execution(number: int, qty: str, cum: str) -> Execution:
    at = datetime(2026, 3, 9, 14, tzinfo=UTC)
    name = f"00025b46.{number:08x}.01.01"
    return Execution(name, 77, "rt-abcdef27-1", "AAPL", "buy", qty, "190.01", cum, at, True)


def account() -> tuple[AccountStream, Any, Listener]:
    tws = SimpleNamespace(known={77: order()}, fees={})
    tws.fee_of = lambda found: tws.fees.get(found.exec_id, "0")
    stream, listener = AccountStream(), Listener()
    stream.begin(tws)  # type: ignore[arg-type]
    stream.sockets.add(listener)  # type: ignore[arg-type]
    return stream, tws, listener


def told(listener: Listener) -> list[tuple[str, str, str]]:
    updates = [message["data"] for message in listener.sent]
    return [(one["event"], one["order"]["filled_qty"], one.get("fee", "")) for one in updates]


def test_an_execution_waits_for_its_fee_and_the_end_waits_for_the_execution() -> None:
    async def run() -> list[tuple[str, str, str]]:
        stream, tws, listener = account()
        stream.status(order())
        stream.status(order())
        stream.execution(execution(1, "2", "2"))
        stream.status(order("Cancelled", "2"))
        assert told(listener) == [("new", "0", "")]
        tws.fees["00025b46.00000001.01.01"] = "0.35"
        stream.fee("00025b46.00000001.01.01")
        return told(listener)

    assert asyncio.run(run())[1:] == [("partial_fill", "2", "0.35"), ("canceled", "2", "")]


def test_a_fee_that_does_not_come_holds_nothing_up_for_ever(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(streams, "FEE_WAIT_S", 0.0)

    async def run() -> list[tuple[str, str, str]]:
        stream, tws, listener = account()
        stream.execution(execution(1, "5", "5"))
        tws.fees["00025b46.00000001.01.01"] = "0.35"
        stream.fee("00025b46.00000001.01.01")
        stream.fee("00025b46.00000001.01.01")
        return told(listener)

    assert asyncio.run(run()) == [("fill", "5", "0")]
    assert capsys.readouterr().err.count("came late") == 1


def test_an_execution_of_an_order_that_nobody_described_makes_the_session_ask() -> None:
    async def run() -> Listener:
        stream, tws, listener = account()
        tws.known.clear()
        tws.fees["00025b46.00000001.01.01"] = "0.35"
        stream.execution(execution(1, "2", "2"))
        return listener

    listener = asyncio.run(run())
    assert (listener.was_cut, listener.sent) == (True, [])


def test_a_new_connection_is_asked_for_every_market_that_anybody_wants() -> None:
    async def silent(symbol: str) -> Any:
        raise Silent(symbol)

    async def stock(symbol: str) -> Any:
        return SimpleNamespace(contract=symbol)

    def connection(answers: Any, heard: list[str]) -> Any:
        listen = lambda _, contract, kind: heard.append(f"{contract} {kind}")  # noqa: E731
        return SimpleNamespace(
            stock=answers, new_request=iter(range(9)).__next__, listen_by_tick=listen
        )

    async def run() -> tuple[list[str], Listener]:
        heard: list[str] = []
        stream, before, after = MarketStream(), Listener(), Listener()
        stream.begin(connection(stock, heard))
        stream.sockets.add(before)  # type: ignore[arg-type]
        await stream.subscribe(before, ["AAPL"], ["AAPL"])  # type: ignore[arg-type]
        heard.clear()
        stream.begin(connection(silent, heard))
        with pytest.raises(Silent):
            await stream.subscribe(after, ["AAPL"], ["AAPL"])  # type: ignore[arg-type]
        assert after.sent == [], "nothing is promised that was not asked for"
        stream.begin(connection(stock, heard))
        await stream.subscribe(after, ["AAPL"], ["AAPL"])  # type: ignore[arg-type]
        return heard, before

    heard, before = asyncio.run(run())
    assert heard == ["AAPL BidAsk", "AAPL Last"]
    assert before.was_cut


def test_markets_by_tick_and_summed_up() -> None:
    heard: list[tuple[int, str]] = []

    async def stock(symbol: str) -> Any:
        return SimpleNamespace(contract=symbol)

    async def run() -> list[Any]:
        numbers = iter(range(1, 9))
        tws = SimpleNamespace(
            stock=stock,
            details={"AAPL": SimpleNamespace(contract="AAPL")},
            new_request=lambda: next(numbers),
            listen_by_tick=lambda request, _, kind: heard.append((request, kind)),
            listen_to_summary=lambda request, _: heard.append((request, "sum")),
        )
        stream, listener = MarketStream(), Listener()
        stream.begin(tws)  # type: ignore[arg-type]
        stream.sockets.add(listener)  # type: ignore[arg-type]
        await stream.subscribe(listener, ["AAPL"], ["AAPL"])  # type: ignore[arg-type]
        stream.tick("tickByTickBidAsk", (1, 60, 190.01, -1.0, 300.0, 0.0, None))
        unreported = SimpleNamespace(unreported=True)
        stream.tick("tickByTickAllLast", (2, 1, 60, 190.0, 5.0, unreported, "Q", ""))
        stream.trouble(1, 10190, "Max number of tick-by-tick requests has been reached")
        # What was granted by tick is told no more: it would be told twice, and in no order.
        stream.tick("tickByTickBidAsk", (1, 61, 190.01, 190.02, 300.0, 300.0, None))
        reported = SimpleNamespace(unreported=False)
        stream.tick("tickByTickAllLast", (2, 1, 60, 190.02, 7.0, reported, "Q", ""))
        stream.tick("priceSizeTick", (3, 2, 190.03, 100.0))
        stream.tick("tickString", (3, 48, "190.02;7;60500;100;190.0;true"))
        return [message for sent in listener.sent[1:] for message in sent]

    quote, summed, trade = asyncio.run(run())
    assert heard == [(1, "BidAsk"), (2, "Last"), (3, "sum")]
    assert (quote["bp"], quote["bs"], quote["ap"], quote["as"]) == ("190.01", "300", "0", "0")
    assert quote["t"] == "1970-01-01T00:01:00.000000Z"
    assert (summed["bp"], summed["ap"], summed["as"]) == ("0", "190.03", "100")
    assert (trade["p"], trade["s"], trade["t"]) == ("190.02", "7", "1970-01-01T00:01:00.500000Z")
