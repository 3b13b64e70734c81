"""Sessions in the Kraken dialect, through sockets, against a stand-in for the venue."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

import py_rt as rt
from system.coin_rigs import SEED, KrakenRig, at_kraken
from system.kraken_exchange import own_id
from system.kraken_market import checksum, level_text
from system.rig import KEYS
from system.stand_in import Fault

pytestmark = pytest.mark.system


@pytest.fixture
def coins(tmp_path: Path) -> Iterator[KrakenRig]:
    with at_kraken(tmp_path) as found:
        yield found


def test_the_stand_in_signs_and_sums_as_the_documentation_does() -> None:
    bids, asks = _documented_book()
    assert level_text(*next(iter(asks.items()))) == "452852100000"
    assert checksum(bids, asks) == 3310070434
    assert own_id("72740044-3217-45f0-8000-000000000005") == "rt-abcdef27-5"
    assert own_id("strat1-000001") == "strat1-000001"


def _documented_book() -> tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]]:
    asks = (
        "45285.2 0.00100000,45286.4 1.54571953,45286.6 1.54571109,45289.6 1.54560911,"
        "45290.2 0.15890660,45291.8 1.54553491,45294.7 0.04454749,45296.1 0.35380000,"
        "45297.5 0.09945542,45299.5 0.18772827"
    )
    bids = (
        "45283.5 0.10000000,45283.4 1.54582015,45282.1 0.10000000,45281.0 0.10000000,"
        "45280.3 1.54592586,45279.0 0.07990000,45277.6 0.03310103,45277.5 0.30000000,"
        "45277.3 1.54602737,45276.6 0.15445238"
    )
    sides = []
    for text in (bids, asks):
        levels = (level.split() for level in text.split(","))
        sides.append({Decimal(price): Decimal(qty) for price, qty in levels})
    return sides[0], sides[1]


def test_every_kind_of_order_ends_equal(coins: KrakenRig) -> None:
    ends = {"Filled", "Canceled", "Replaced"}

    def every_end() -> bool:
        return ends <= {row["status"] for row in coins.rows("orders")}

    coins.assert_equal(coins.finish_once(every_end, f"orders did not end in every way of {ends}"))
    coins.assert_polite()
    coins.assert_same_names()
    assert coins.venue.counts["tokens"] == 1


def test_kills_in_flight_lose_nothing(coins: KrakenRig) -> None:
    coins.kill_in_flight(4, random.Random(SEED), least_s=1.5)
    coins.assert_equal(coins.finish(6))
    coins.assert_polite()


def test_answers_that_are_lost_are_asked_for(coins: KrakenRig) -> None:
    faults = [
        Fault("cut", chance=0.5, left=3),
        Fault("cut", chance=0.5, after=False, left=2),
        Fault("page", chance=0.5, left=3),
        Fault("timeout", chance=0.5, left=3),
        Fault("internal", chance=0.5, left=3),
        Fault("unheard", chance=0.5, left=3),
        Fault("busy", chance=0.5, after=False, left=2),
        # From here on the session holds its orders back for a while.
        Fault("limited", chance=0.5, after=False, left=1),
    ]
    coins.assert_equal(coins.run_through(faults))


def test_reports_that_are_lost_doubled_and_late_are_booked_once(coins: KrakenRig) -> None:
    stream = ("executions",)
    faults = [
        Fault("twice", stream, chance=0.5, left=4),
        # After each of these the session looks at everything before it trades again.
        Fault("swap", stream, chance=0.5, left=1),
        Fault("drop", stream, chance=0.5, left=1),
        Fault("cut_account", stream, chance=0.5, left=1),
    ]
    coins.assert_equal(coins.run_through(faults))
    counts = coins.venue.counts
    # A token opens one connection.
    assert counts["tokens"] == counts["cut_account"] + 1


def test_a_book_with_a_wrong_sum_is_subscribed_to_anew(coins: KrakenRig) -> None:
    coins.venue.faults.append(Fault("wrong_sum", ("book",), chance=0.05))
    child, counts = coins.start(0), coins.venue.counts
    coins.wait(child, lambda: counts["unsubscribe book"] > 2, "no sum was seen")
    coins.venue.faults.clear()
    again = coins.orders_after(child, 1) + 5
    coins.wait(child, coins.executed, "nothing was executed")
    coins.orders_after(child, again)
    child.send_signal(signal.SIGINT)
    coins.assert_equal(coins.ended(child, 40))
    assert counts["subscribe book"] == counts["unsubscribe book"] + len(coins.symbols)
    assert 0 < counts["unsubscribe book"] <= counts["wrong_sum"]


def test_the_switch_needs_no_session(coins: KrakenRig, monkeypatch: pytest.MonkeyPatch) -> None:
    coins.kill_trading()
    nonce = coins.folder / "session" / "nonce"
    before = int(nonce.read_text().split()[0])
    coins.assert_flattened_by_hand(monkeypatch, dust=1e-2)
    assert int(nonce.read_text().split()[0]) > before
    # Looking at everything that was executed takes as long as the venue's counter wants it to.
    coins.assert_equal(coins.finish(25))


def test_paper_and_live_are_not_confused(coins: KrakenRig, monkeypatch: pytest.MonkeyPatch) -> None:
    coins.assert_refused_as_live(monkeypatch)
    monkeypatch.setenv(KEYS["kraken"][1], "bm90IHRoZSBzZWNyZXQ=")
    coins.assert_not_begun(rt.TradingError, "the venue refuses the key")
