"""Sessions at Interactive Brokers, through unmodified `ib_async`, against a stand-in for TWS."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import py_rt as rt
from py_rt.trade import read_ledger
from py_rt.trade.control import is_alive
from system.rig import Rig, await_that
from system.stand_in import Fault
from system.tws_venue import TwsVenue

pytestmark = pytest.mark.system

SEED = 20261130
PATIENCE_S = 120.0


class TwsRig(Rig):
    """A session at the stand-in."""

    venue: TwsVenue  # type: ignore[assignment]
    place = "port = {port}\nclient_id = 7"
    # TWS takes fifty messages a second, questions among them.
    arguments: tuple[str, ...] = ("--set", "every=120ms")
    patience_s = PATIENCE_S

    def await_log(self, child: subprocess.Popen[str], words: str) -> None:
        """Wait until the bridge says so."""
        log = self.folder / "session" / "bridge.log"
        self.wait(child, lambda: log.exists() and words in log.read_text("utf-8"), words)

    def await_trades(self, child: subprocess.Popen[str], more: int) -> None:
        """Wait until so many more executions have happened at the venue."""
        wanted = len(self.venue.trades) + more
        self.wait(child, lambda: len(self.venue.trades) >= wanted, "too few trades")

    def stop(self, child: subprocess.Popen[str]) -> dict[str, Any]:
        """End a session that has settled."""
        child.send_signal(signal.SIGINT)
        return self.ended(child, PATIENCE_S)

    def worker(self) -> int:
        """Return the process of the bridge that speaks, which the keeper started."""
        keeper = self.bridge()["pid"]
        children = Path(f"/proc/{keeper}/task/{keeper}/children").read_text().split()
        return int(children[0]) if children else 0

    def bridge(self) -> dict[str, Any]:
        """Return what the session wrote down of its bridge."""
        text = (self.folder / "session" / "bridge.json").read_text(encoding="utf-8")
        told: dict[str, Any] = json.loads(text)
        return told

    def kill_worker(self) -> None:
        """Kill the bridge that speaks."""
        worker = self.worker()
        if worker:
            os.kill(worker, signal.SIGKILL)

    def await_online(self, child: subprocess.Popen[str]) -> None:
        """Wait until orders are sent again: the session has asked everything."""
        placed = len(self.venue.placed_s)
        self.wait(child, lambda: len(self.venue.placed_s) > placed, "no order was sent")

    def log(self) -> str:
        path = self.folder / "session" / "bridge.log"
        return super().log() + (path.read_text("utf-8")[-3000:] if path.exists() else "")


@pytest.fixture
def stocks(tmp_path: Path) -> Iterator[TwsRig]:
    venue = TwsVenue(SEED)
    try:
        yield TwsRig(tmp_path, venue, ["AAPL", "MSFT"], venue.port)  # type: ignore[arg-type]
    finally:
        venue.stop()


def test_every_kind_of_order_ends_equal(stocks: TwsRig) -> None:
    child = stocks.start(0)
    stocks.await_trades(child, 12)
    counts = stocks.venue.counts
    stocks.wait(child, lambda: counts["modified"] > 1, "nothing was modified")
    # In a market that stands still bids stay, and the strategy takes those away that are too many.
    for book in stocks.venue.books.values():
        book.stride = 0
    stocks.wait(child, lambda: counts["canceled"] > 1, "nothing was canceled")
    stocks.assert_equal(stocks.stop(child))
    orders = stocks.rows("orders")
    assert {"Filled", "Canceled", "Replaced"} <= {row["status"] for row in orders}
    known = {int(row["venue_order_id"]) for row in orders if row["venue_order_id"]}
    assert known == set(stocks.venue.orders)
    fills = stocks.rows("fills")
    assert {row["exec_id"] for row in fills} == {one.exec_id for one in stocks.venue.trades}


def test_kills_of_the_session_lose_nothing(stocks: TwsRig) -> None:
    drawn = random.Random(SEED)
    for _ in range(3):
        child = stocks.start(0)
        stocks.await_trades(child, drawn.randint(1, 4))
        if drawn.random() < 0.5:
            child.send_signal(signal.SIGSTOP)
            stocks.venue.on_loop(lambda: None)
        child.kill()
        child.communicate()
    child = stocks.start(0)
    stocks.await_online(child)
    stocks.await_trades(child, 2)
    stocks.assert_equal(stocks.stop(child))


def test_kills_of_the_bridge_lose_nothing(stocks: TwsRig) -> None:
    drawn = random.Random(SEED)
    child = stocks.start(0)
    for _ in range(4):
        stocks.await_trades(child, drawn.randint(1, 3))
        stocks.kill_worker()
        stocks.await_online(child)
    stocks.await_trades(child, 2)
    stocks.assert_equal(stocks.stop(child))
    assert stocks.venue.counts["message 71"] >= 5, "each bridge logs in anew"


def await_end_of(keeper: int) -> None:
    await_that(lambda: not is_alive(keeper), "the keeper outlives its session", PATIENCE_S)


def test_both_killed_together_lose_nothing(stocks: TwsRig) -> None:
    for _ in range(2):
        child = stocks.start(0)
        # Its bridge is there: what an earlier session left at TWS trades without one.
        stocks.await_online(child)
        stocks.await_trades(child, 2)
        keeper = stocks.bridge()["pid"]
        stocks.kill_worker()
        child.kill()
        child.communicate()
        await_end_of(keeper)
    child = stocks.start(0)
    stocks.await_online(child)
    stocks.await_trades(child, 2)
    stocks.assert_equal(stocks.stop(child))


def test_answers_that_are_lost_are_asked_for(stocks: TwsRig) -> None:
    faults = [
        Fault("cut", chance=0.3, left=2),
        Fault("cut", chance=0.3, after=False, left=2),
        Fault("mute", chance=0.3, left=2),
        Fault("refused", chance=0.3, left=2),
        Fault("cut", ("cancel",), left=1),
    ]
    stocks.venue.faults[:] = faults
    child = stocks.start(0)
    stocks.wait(child, lambda: sum(fault.left for fault in faults) == 0, f"{faults}")
    stocks.await_online(child)
    stocks.assert_equal(stocks.stop(child))
    assert {fault.kind for fault in faults} <= stocks.venue.counts.keys()


def test_what_is_doubled_late_and_cut_is_booked_once(stocks: TwsRig) -> None:
    faults = [
        Fault("twice", ("execution",), chance=0.5, left=4),
        Fault("status", ("status",), chance=0.5, left=8),
        Fault("late_fee", ("execution",), chance=0.5, left=3),
        Fault("cut", ("execution",), chance=0.3, left=2),
    ]
    stocks.venue.faults[:] = faults
    child = stocks.start(0)
    stocks.wait(child, lambda: sum(fault.left for fault in faults) == 0, f"{faults}")
    stocks.await_online(child)
    stocks.assert_equal(stocks.stop(child))


def test_a_fee_that_does_not_come_is_said(stocks: TwsRig) -> None:
    stocks.venue.late_fee_s = 6.0
    stocks.venue.faults.append(Fault("late_fee", ("execution",), left=1))
    child = stocks.start(0)
    stocks.await_log(child, "came late")
    summary = stocks.stop(child)
    diff, found = stocks.compared(summary)
    assert (diff.lost, diff.duplicated, diff.unresolved) == (0, 0, 0)
    assert [text for text in found if "fee venue" not in text and "cash" not in text] == []
    assert len([text for text in found if "fee venue" in text]) == 1, found


def test_tws_that_loses_the_venue_and_finds_it_again(stocks: TwsRig) -> None:
    child = stocks.start(0)
    for code in (1102, 1101):
        stocks.await_trades(child, 2)
        stocks.venue.say(1100, "Connectivity between IBKR and TWS has been lost.")
        stocks.await_log(child, "TWS has lost the venue")
        placed = len(stocks.venue.placed_s)
        stocks.venue.on_loop(lambda: None)
        assert len(stocks.venue.placed_s) <= placed + 1, "nothing is sent meanwhile"
        stocks.venue.say(code, "Connectivity between IBKR and TWS has been restored.")
        stocks.await_online(child)
    stocks.await_trades(child, 2)
    stocks.venue.cut_clients()
    stocks.await_online(child)
    stocks.assert_equal(stocks.stop(child))


def test_a_market_that_is_not_granted_by_tick_is_summed_up(stocks: TwsRig) -> None:
    stocks.venue.by_tick = 2
    child = stocks.start(0)
    stocks.wait(child, lambda: stocks.venue.counts["summed up"] > 0, "nothing was summed up")
    stocks.await_trades(child, 1)
    stocks.assert_equal(stocks.stop(child))


def test_a_strategy_in_a_hurry_is_held_back(stocks: TwsRig) -> None:
    stocks.arguments = ("--set", "every=5ms")
    child = stocks.start(0)
    stocks.await_log(child, "are used up")
    stocks.await_online(child)
    stocks.assert_equal(stocks.stop(child))


def test_the_switch_needs_no_session(stocks: TwsRig) -> None:
    child = stocks.start(0)
    stocks.await_trades(child, 3)
    child.send_signal(signal.SIGSTOP)
    session, config = stocks.folder / "session", stocks.folder / "trade.toml"
    frozen = rt.kill(session, "cancel_all", by="ada", config=config)
    assert frozen["open_orders"] == 0, "the bridge of the session that is stopped is used"
    child.kill()
    child.communicate()
    done = rt.kill(session, "flatten", by="ada", config=config)
    assert (done["open_orders"], done["positions"]) == (0, []), done
    assert read_ledger(stocks.venue.admin)["positions"] == {}


@pytest.mark.parametrize(
    ("accounts", "lines", "said"),
    [
        ("U7654321", "", "no paper account"),
        ("", 'mode = "live"', "a paper account"),
        ("DU1234567,DU7654321", "", "several accounts"),
        ("", 'account = "DU0000001"', "no account DU0000001"),
    ],
)
def test_paper_and_live_cannot_be_confused(
    stocks: TwsRig, accounts: str, lines: str, said: str
) -> None:
    stocks.of_venue = lines
    stocks.venue.accounts = accounts or stocks.venue.account
    child = stocks.start(0)
    told, _ = child.communicate(timeout=PATIENCE_S)
    assert (child.returncode, said in told) == (2, True), told
    assert stocks.venue.orders == {}


def test_tws_that_is_not_there(stocks: TwsRig) -> None:
    stocks.venue.stop()
    child = stocks.start(0)
    told, _ = child.communicate(timeout=PATIENCE_S)
    assert (child.returncode, "start TWS or IB Gateway" in told) == (4, True), told


def test_a_bridge_that_was_killed_answers_the_same(stocks: TwsRig) -> None:
    child = stocks.start(0)
    stocks.await_trades(child, 3)
    child.send_signal(signal.SIGSTOP)
    told = stocks.bridge()
    before = {path: asked(told, path) for path in (*QUESTIONS, *orders_of(stocks.venue))}
    first = stocks.worker()
    stocks.kill_worker()

    def another() -> bool:
        return stocks.worker() not in (0, first) and asked(told, "/v2/account") is not None

    await_that(another, "no other bridge is there", PATIENCE_S)
    after = {path: asked(told, path) for path in before}
    assert after == before
    assert None not in before.values()
    assert before[QUESTIONS[1]], "executions were to be told"
    child.kill()
    child.communicate()


QUESTIONS = ("/v2/orders?status=open", "/v2/account/activities/FILL", "/v2/positions")


def orders_of(venue: TwsVenue) -> list[str]:
    """Return the questions about each order by our id and by TWS's; the market stands still."""
    venue.faults.append(Fault("stands still", ("market",)))
    venue.on_loop(lambda: None)
    found = []
    for order in venue.orders.values():
        found.append(f"/v2/orders:by_client_order_id?client_order_id={order.ref}")
        found.append(f"/v2/orders/00000000-0000-0000-0000-{order.perm:012x}")
    return found


def asked(told: dict[str, Any], path: str) -> Any:
    """Ask a bridge; None where it does not answer. Times and prices of now are left out."""
    keys = {"APCA-API-KEY-ID": "ib", "APCA-API-SECRET-KEY": told["token"]}
    question = urllib.request.Request(f"http://127.0.0.1:{told['port']}{path}", headers=keys)
    try:
        with urllib.request.urlopen(question, timeout=30) as answer:
            found = json.load(answer)
    except OSError:
        return None
    for row in found if isinstance(found, list) else [found]:
        for name in ("updated_at", "current_price"):
            row.pop(name, None)
    return found


def test_others_are_not_answered(stocks: TwsRig) -> None:
    child = stocks.start(0)
    stocks.await_trades(child, 1)
    place = stocks.folder / "session" / "bridge.json"
    assert place.stat().st_mode & 0o077 == 0
    told = stocks.bridge()
    assert asked(told, "/v2/account") is not None
    assert asked(told | {"token": "guessed"}, "/v2/account") is None
    assert told["token"] not in (stocks.folder / "session" / "bridge.log").read_text("utf-8")
    for pid in (told["pid"], stocks.worker()):
        assert told["token"].encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()
    stocks.assert_equal(stocks.stop(child))


def test_an_order_that_waited_is_not_sent(stocks: TwsRig) -> None:
    child = stocks.start(0)
    stocks.await_trades(child, 2)
    os.kill(stocks.worker(), signal.SIGSTOP)
    stocks.wait(child, lambda: waited(stocks), "nothing waited")
    os.kill(stocks.worker(), signal.SIGCONT)
    stocks.await_online(child)
    stocks.assert_equal(stocks.stop(child))


def waited(stocks: TwsRig) -> bool:
    """Return whether an order has been unknown for longer than its deadline."""
    now = time.time_ns()
    rows = stocks.rows("orders")
    return any(row["status"] == "Unknown" and now - row["ts_created"] > 4e9 for row in rows)


def test_the_stand_in_is_one_for_ib_async_as_a_whole() -> None:
    """What people use, `ib_async.IB`, connects, trades and sees the same."""
    venue = TwsVenue(SEED)
    try:
        subprocess.run([sys.executable, "-c", WHOLE, str(venue.port)], check=True, timeout=60)
        assert {trade.order.ref for trade in venue.trades} == {"by hand"}
    finally:
        venue.stop()


WHOLE = """
import asyncio, sys
from ib_async import IB, MarketOrder, Stock

async def main():
    ib = IB()
    await ib.connectAsync("127.0.0.1", int(sys.argv[1]), clientId=3, timeout=20)
    contract, = await ib.qualifyContractsAsync(Stock("AAPL", "SMART", "USD"))
    more = {"orderRef": "by hand", "account": ib.managedAccounts()[0], "tif": "DAY"}
    trade = ib.placeOrder(contract, MarketOrder("BUY", 5, **more))
    while not trade.isDone():
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)
    assert trade.orderStatus.status == "Filled" and trade.filled() == 5, trade
    assert all(fill.commissionReport.commission > 0 for fill in trade.fills), trade.fills
    assert sum(fill.execution.shares for fill in trade.fills) == 5
    (done,) = await ib.reqCompletedOrdersAsync(False)
    assert (done.order.orderRef, done.orderStatus.status) == ("by hand", "Filled"), done
    (held,) = await ib.reqPositionsAsync()
    assert (held.contract.symbol, held.position) == ("AAPL", 5.0), held
    ib.disconnect()

asyncio.run(main())
"""


def test_the_dead_mans_switch_keeps_the_bridge_until_it_has_acted(stocks: TwsRig) -> None:
    stocks.dead_man_s = 2.0
    child = stocks.start(0)
    venue = stocks.venue

    def works() -> bool:
        return any(one.works for one in list(venue.orders.values()))

    stocks.wait(child, works, "no order works")
    venue.faults.append(Fault("stands still", ("market",)))
    stocks.wait(child, works, "no order works")
    keeper = stocks.bridge()["pid"]
    child.kill()
    child.communicate()
    nothing = "orders or the bridge are left"
    await_that(lambda: not works() and not is_alive(keeper), nothing, PATIENCE_S)
    assert (stocks.folder / "session" / "kill").read_text("utf-8").startswith("halt by dead-man")
