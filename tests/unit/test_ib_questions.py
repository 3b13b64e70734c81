"""What is asked of TWS: whose answer it is, what is given up, what an error is about."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from py_rt.trade.ib import questions, tws
from py_rt.trade.ib.port import Place, Refused, Silent
from py_rt.trade.ib.questions import Questions
from py_rt.trade.ib.tws import Tws

pytest.importorskip("ib_async")


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((questions, "ANSWER_S"), (tws, "ANSWER_S"), (tws, "FEE_WAIT_S")):
        monkeypatch.setattr(module, name, 0.02)


def asked(found: Questions, sent: list[str], name: str = "open") -> asyncio.Future[list[Any]]:
    return asyncio.ensure_future(found.ask_by_name(name, lambda: sent.append(name)))


@pytest.mark.usefixtures("hurried")
def test_a_late_answer_is_not_taken_for_the_next() -> None:
    async def run() -> None:
        found, sent = Questions(lambda: True), list[str]()
        with pytest.raises(Silent, match="does not answer"):
            await asked(found, sent)
        with pytest.raises(Silent, match="still owes"):
            await asked(found, sent)
        assert sent == ["open"], "nothing is asked meanwhile"
        found.row("open", "of before")
        found.end("open")
        again = asked(found, sent)
        await asyncio.sleep(0)
        found.row("open", "of now")
        found.end("open")
        assert await again == ["of now"]

    asyncio.run(run())


@pytest.mark.usefixtures("hurried")
def test_an_answer_that_does_not_come_is_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(questions, "_OWED_S", 0.0)

    async def run() -> None:
        found, sent = Questions(lambda: True), list[str]()
        for _ in range(2):
            with pytest.raises(Silent, match="does not answer"):
                await asked(found, sent)
        assert sent == ["open", "open"]

    asyncio.run(run())


def test_the_end_of_a_question_ends_no_other() -> None:
    async def run() -> None:
        found, sent = Questions(lambda: True), list[str]()
        ours, all_of_them = asked(found, sent), asked(found, sent)
        await asyncio.sleep(0)
        found.row("open", "ours")
        found.end("open")
        assert await ours == ["ours"]
        assert not all_of_them.done()
        await asyncio.sleep(0)
        for order in ("ours", "another's"):
            found.row("open", order)
        found.end("open")
        assert await all_of_them == ["ours", "another's"]

    asyncio.run(run())


class Heard:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **_: self.told.append((name, args[0]))


class Wire:
    """In the place of `ib_async.Client`: counts, and answers nothing."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self._ids: Iterator[int] = iter(range(1, 99))

    def getReqId(self) -> int:  # noqa: N802 - the library's word
        return next(self._ids)

    def getAccounts(self) -> list[str]:  # noqa: N802 - the library's word
        return ["DU1"]

    async def connectAsync(self, *_: Any) -> None:  # noqa: N802 - the library's word
        return

    def __getattr__(self, name: str) -> Any:
        return lambda *_: self.sent.append(name)


def connected() -> tuple[Any, Wire, Heard]:
    heard, wire = Heard(), Wire()
    found: Any = Tws(Place("127.0.0.1", 1, 27, "DU1", paper=True), heard)  # type: ignore[arg-type]
    found._client, found._ready = wire, True
    return found, wire, heard


def standing(found: Any, status: str = "Submitted", perm: int = 77) -> Any:
    contract = SimpleNamespace(secType="STK", currency="USD", symbol="AAPL")
    order = SimpleNamespace(
        permId=perm, orderId=3, clientId=27, orderRef="rt-abcdef27-1", account="DU1", action="BUY",
        totalQuantity=5.0, orderType="LMT", tif="DAY", lmtPrice=190.0, auxPrice=0.0,
        filledQuantity=0.0,
    )  # fmt: skip
    found._open_order(3, contract, order, SimpleNamespace(status=status))
    return found.known[perm]


def test_what_a_connection_begins_with_is_not_the_answer_to_what_is_asked_first() -> None:
    async def run() -> tuple[list[int], list[str]]:
        found, wire, _ = connected()
        await found.connect()
        task = asyncio.ensure_future(found.open_orders())
        await asyncio.sleep(0)
        standing(found)
        found._questions.end("open")
        for _ in range(3):
            await asyncio.sleep(0)
        assert not task.done(), "these were the orders of this client"
        standing(found)
        standing(found, perm=78)
        found._questions.end("open")
        return [one.perm for one in await task], wire.sent

    perms, sent = asyncio.run(run())
    assert perms == [77, 78]
    requests = [name for name in sent if name.startswith("req")]
    assert requests == ["reqAccountUpdates", "reqOpenOrders", "reqAllOpenOrders"]


@pytest.mark.parametrize("doing", ["cancel", "replace"])
def test_an_order_that_is_refused_while_something_is_asked_of_it_is_looked_at(doing: str) -> None:
    async def run() -> list[tuple[str, Any]]:
        found, _, heard = connected()
        order = standing(found)
        body = {"qty": "6", "limit_price": "191"}
        work = found.cancel_order(order) if doing == "cancel" else None
        task = asyncio.ensure_future(work or found.replace_order(order, body, None))
        await asyncio.sleep(0)
        found._error(3, 201, "Order rejected - reason:margin")
        found._order_status(3, "Inactive", 0.0, 5.0, 0.0, 77)
        assert (await task).status == "Inactive"
        return heard.told

    told = asyncio.run(run())
    assert [word for word, _ in told if word != "status"] == ["hole"], told


def test_an_order_that_is_refused_later_is_told_at_once() -> None:
    async def run() -> list[tuple[str, Any]]:
        found, _, heard = connected()
        standing(found)
        found._error(3, 201, "Order rejected - reason:margin")
        return heard.told

    assert [word for word, _ in asyncio.run(run())] == ["rejected"]


@pytest.mark.usefixtures("hurried")
def test_what_is_asked_in_vain_goes_on_nowhere() -> None:
    async def run() -> list[str]:
        found, wire, _ = connected()
        for ask in (found.summary, found.positions):
            with pytest.raises(Silent):
                await ask()
        refused = asyncio.ensure_future(found.summary())
        await asyncio.sleep(0)
        found._error(2, 322, "Maximum number of account summary requests exceeded")
        with pytest.raises(Refused):
            await refused
        return wire.sent

    sent = asyncio.run(run())
    assert sent.count("reqAccountSummary") == sent.count("cancelAccountSummary") == 2
    assert sent.count("reqPositions") == sent.count("cancelPositions") == 1


@pytest.mark.usefixtures("hurried")
def test_only_what_is_asked_about_waits_for_its_fee() -> None:
    def execution(number: int, hour: int) -> Any:
        return SimpleNamespace(
            execId=f"00025b46.{number:08x}.01.01", permId=77, orderRef="rt-abcdef27-1",
            side="BOT", shares=1.0, price=190.0, cumQty=float(number), acctNumber="DU1",
            time=datetime(2026, 3, 9, hour, tzinfo=UTC), lastLiquidity=1,
        )  # fmt: skip

    async def run() -> tuple[list[str], list[str]]:
        found, _, _ = connected()
        contract = SimpleNamespace(secType="STK", currency="USD", symbol="AAPL")
        found.fees["00025b46.00000002.01.01"] = "0.35"
        told = []
        for since in (None, datetime(2026, 3, 9, 15, tzinfo=UTC)):
            task = asyncio.ensure_future(found.executions(since))
            await asyncio.sleep(0)
            (request,) = found._questions._asked
            for number, hour in ((1, 14), (2, 15)):
                found._exec_details(request, contract, execution(number, hour))
            found._questions.end(request)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert len(found._fees_missing) == (since is None)
            told.append([f"{one.cum} {fee}" for one, fee in await task])
            assert found._fees_missing == [], "nobody waits any more"
        return told[0], told[1]

    assert asyncio.run(run()) == (["1 0", "2 0.35"], ["2 0.35"])
