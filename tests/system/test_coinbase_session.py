"""Sessions in the Coinbase dialect, through sockets, against a stand-in for the venue."""

from __future__ import annotations

import random
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import py_rt as rt
from py_rt.trade import read_ledger
from py_rt.trade.store import read_table
from system.coinbase_keys import FORMS
from system.coinbase_venue import CoinbaseVenue
from system.rig import KEYS, Rig
from system.stand_in import Fault

pytestmark = pytest.mark.system

SEED = 20261130
PRODUCTS = ["BTC-USD", "ETH-USD"]


class CoinbaseRig(Rig):
    """A session at the stand-in."""

    venue: CoinbaseVenue  # type: ignore[assignment]
    calm_s = 25.0

    def assert_polite(self) -> None:
        """Every token was good and used once, and nothing was made twice."""
        counts = self.venue.counts
        assert {word: count for word, count in counts.items() if word.startswith("token: ")} == {}
        assert counts["repeated"] == 0
        assert counts["over the quota"] == 0
        assert counts["tokens"] > 0

    def rows(self, table: str) -> list[dict[str, Any]]:
        return read_table(self.folder / "session" / "store.sqlite", table)

    def run_through(
        self, faults: list[Fault], answered: Callable[[], bool] = lambda: True
    ) -> dict[str, Any]:
        """Run until every fault has happened and was answered, then until nothing is unknown."""
        self.venue.faults[:] = faults
        child = self.start(0)
        self.orders_after(child, 1)
        self.wait(child, lambda: all(fault.left == 0 for fault in faults), f"{faults}")
        self.wait(child, answered, f"{self.venue.counts}")
        self.venue.faults.clear()
        known = {row["client_order_id"] for row in self.rows("orders")}

        def settled() -> bool:
            rows = (row for row in self.rows("orders") if row["client_order_id"] in known)
            return not any(row["status"] == "Unknown" for row in rows)

        self.wait(child, settled, "an order stays unknown")
        child.send_signal(signal.SIGINT)
        summary = self.ended(child, 60)
        assert {fault.kind for fault in faults} <= self.venue.counts.keys()
        return summary


@pytest.fixture
def coins(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[CoinbaseRig]:
    venue = CoinbaseVenue(SEED, getattr(request, "param", "sec1"))
    try:
        yield CoinbaseRig(tmp_path, venue, PRODUCTS, venue.port)  # type: ignore[arg-type]
    finally:
        venue.stop()


@pytest.mark.parametrize("coins", FORMS, indirect=True)
def test_every_kind_of_order_ends_equal(coins: CoinbaseRig) -> None:
    def every_end() -> bool:
        ends = {row["status"] for row in coins.rows("orders")}
        return ends >= {"Filled", "Canceled"} and coins.venue.counts["edits"] > 0

    coins.assert_equal(coins.finish_once(every_end, "orders did not end in every way"))
    coins.assert_polite()
    orders = coins.rows("orders")
    known = {row["venue_order_id"] for row in orders if row["venue_order_id"]}
    assert known == set(coins.venue.orders)
    fills = coins.rows("fills")
    assert {row["exec_id"] for row in fills} == set(coins.venue.trades)
    assert {row["fee_asset"] for row in fills} == {"USD"}
    assert coins.venue.counts["subscribe user"] == 1


def test_the_market_maker_trades(coins: CoinbaseRig) -> None:
    coins.strategy = "market_maker"
    for book in coins.venue.books.values():
        book.stride = 25
    coins.assert_equal(coins.finish_once(coins.executed, "nothing was executed"))
    coins.assert_polite()


def test_kills_in_flight_lose_nothing(coins: CoinbaseRig) -> None:
    drawn = random.Random(SEED)
    for _ in range(3):
        first = drawn.choice([None, signal.SIGSTOP, signal.SIGINT])
        coins.kill(drawn.uniform(1.5, 3.0), first, drawn)
    coins.assert_equal(coins.finish(18))
    coins.assert_polite()


def test_answers_that_are_lost_are_asked_for(coins: CoinbaseRig) -> None:
    faults = [
        Fault("cut", chance=0.3, left=3),
        Fault("cut", chance=0.3, after=False, left=2),
        Fault("page", chance=0.3, left=3),
        Fault("internal", chance=0.3, left=3),
        Fault("unavailable", chance=0.3, after=False, left=2),
        Fault("unheard", ("create",), chance=0.3, after=False, left=2),
        Fault("limited", chance=0.3, after=False, left=2),
        Fault("internal", ("batch", "order", "fills"), chance=0.2, left=3),
    ]
    coins.assert_equal(coins.run_through(faults))
    assert coins.venue.counts["repeated"] == 0


def test_states_that_are_lost_doubled_and_late_are_booked_once(coins: CoinbaseRig) -> None:
    faults = [
        Fault("twice", ("user",), chance=0.3, left=4),
        # After each of these the session looks at everything before it trades again.
        Fault("swap", ("user",), chance=0.1, left=1),
        Fault("drop", ("user",), chance=0.1, left=1),
        Fault("cut_account", ("user",), chance=0.1, left=1),
        # A fill that the list does not show yet, although its order says that it happened.
        Fault("late", ("list of fills",), chance=0.3, left=4),
    ]
    coins.assert_equal(coins.run_through(faults))
    assert coins.venue.counts["subscribe user"] == coins.venue.counts["cut_account"] + 1
    coins.assert_polite()


def test_a_hole_in_the_market_data_makes_a_new_connection(coins: CoinbaseRig) -> None:
    fault = Fault("gap", ("book",), chance=0.1, left=2)
    counts = coins.venue.counts

    def connected_again() -> bool:
        return counts["subscribe level2"] >= 2

    coins.assert_equal(coins.run_through([fault], connected_again))
    assert counts["gap"] == 2
    assert 2 <= counts["subscribe level2"] <= 3
    assert counts["subscribe level2"] == counts["subscribe heartbeats"] - 1


def test_a_clock_that_goes_wrong_is_corrected(coins: CoinbaseRig) -> None:
    coins.venue.ahead_s = 300.0
    coins.assert_equal(coins.finish_once(coins.executed, "nothing was executed"))
    counts = coins.venue.counts
    # Before the session and on each of its connections, and never again.
    assert 2 <= counts["token: time"] <= 8, counts


def test_the_reserve_of_the_quota_is_kept(coins: CoinbaseRig) -> None:
    coins.venue.quota = 30

    def denied() -> bool:
        return any(row["status"] == "Rejected" for row in coins.rows("orders"))

    coins.assert_equal(coins.finish_once(denied, "the strategy wants more than the quota"))


def test_kills_behind_a_network_that_fails(coins: CoinbaseRig) -> None:
    coins.run_through_failing_network(SEED, kills=2)


def keys(coins: CoinbaseRig, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in zip(KEYS["coinbase"], (coins.venue.key, coins.venue.secret), strict=True):
        monkeypatch.setenv(name, value)


def test_the_switch_needs_no_session(coins: CoinbaseRig, monkeypatch: pytest.MonkeyPatch) -> None:
    coins.kill_trading()
    keys(coins, monkeypatch)
    session, config = coins.folder / "session", coins.folder / "trade.toml"
    done = rt.kill(session, "flatten", by="ada", config=config)
    assert (done["open_orders"], done["positions"]) == (0, []), done
    ledger = read_ledger(coins.venue.admin)
    assert all(float(qty) < 1e-2 for qty in ledger["positions"].values()), ledger["positions"]
    rt.kill(session, "resume", by="ada")
    coins.assert_equal(coins.finish(18))


def test_paper_and_live_and_keys_are_not_confused(
    coins: CoinbaseRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys(coins, monkeypatch)
    coins.start(1).communicate(timeout=40)
    config = coins.folder / "trade.toml"
    text = config.read_text(encoding="utf-8")
    maker = rt.StrategyFactory.create("market_maker")
    config.write_text(text.replace("[venue]", '[venue]\nmode = "live"'), encoding="utf-8")
    with pytest.raises(rt.TradingError, match="venue on loopback is paper"):
        rt.trade(maker, config)
    config.write_text(text, encoding="utf-8")
    other = CoinbaseVenue(SEED + 1, "raw")
    monkeypatch.setenv(KEYS["coinbase"][1], other.secret)
    other.stop()
    with pytest.raises(rt.TradingError, match="the venue refuses the key"):
        rt.trade(maker, config)
    monkeypatch.setenv(KEYS["coinbase"][1], "bm90IHRoZSBzZWNyZXQ=")
    with pytest.raises(rt.ConfigError, match="no private key of Coinbase's"):
        rt.trade(maker, config)


def test_a_product_that_is_not_traded_is_refused(
    coins: CoinbaseRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys(coins, monkeypatch)
    coins.venue.flags["ETH-USD"] = {"cancel_only"}
    coins.start(1).communicate(timeout=40)
    with pytest.raises(rt.ConfigError, match=r"ETH-USD.*cancel_only"):
        rt.trade(rt.StrategyFactory.create("market_maker"), coins.folder / "trade.toml")


def test_a_session_writes_its_keys_nowhere(coins: CoinbaseRig) -> None:
    coins.finish_once(coins.executed, "nothing was executed")
    # The lines of the key itself: what stands around them is in every key.
    lines = [line for line in coins.venue.secret.splitlines() if not line.startswith("-----")]
    for canary in (coins.venue.key, *lines):
        for path in coins.folder.rglob("*"):
            if path.is_file():
                assert canary.encode() not in path.read_bytes(), path
