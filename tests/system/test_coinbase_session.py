"""Sessions in the Coinbase dialect, through sockets, against a stand-in for the venue."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

import py_rt as rt
from system.coin_rigs import SEED, CoinbaseRig, at_coinbase
from system.coinbase_keys import FORMS
from system.coinbase_venue import CoinbaseVenue
from system.rig import KEYS, assert_no_file_knows
from system.stand_in import Fault

pytestmark = pytest.mark.system


@pytest.fixture
def coins(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[CoinbaseRig]:
    with at_coinbase(tmp_path, getattr(request, "param", "sec1")) as found:
        yield found


@pytest.mark.parametrize("coins", FORMS, indirect=True)
def test_every_kind_of_order_ends_equal(coins: CoinbaseRig) -> None:
    def every_end() -> bool:
        ends = {row["status"] for row in coins.rows("orders")}
        return ends >= {"Filled", "Canceled"} and coins.venue.counts["edits"] > 0

    coins.assert_equal(coins.finish_once(every_end, "orders did not end in every way"))
    coins.assert_polite()
    coins.assert_same_names()
    assert coins.venue.counts["subscribe user"] == 1


def test_kills_in_flight_lose_nothing(coins: CoinbaseRig) -> None:
    coins.kill_in_flight(3, random.Random(SEED), least_s=1.5)
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


def test_a_stream_that_never_opens_is_connected_again(coins: CoinbaseRig) -> None:
    coins.assert_equal(coins.run_through([Fault("drop", ("snapshot",), left=1)], coins.executed))
    assert coins.venue.counts["subscribe user"] == 2
    assert "did not open" in coins.log()


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


def test_the_switch_needs_no_session(coins: CoinbaseRig, monkeypatch: pytest.MonkeyPatch) -> None:
    coins.kill_trading()
    coins.assert_flattened_by_hand(monkeypatch, dust=1e-2)
    coins.assert_equal(coins.finish(18))


def test_paper_and_live_and_keys_are_not_confused(
    coins: CoinbaseRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    coins.assert_refused_as_live(monkeypatch)
    other = CoinbaseVenue(SEED + 1, "raw")
    monkeypatch.setenv(KEYS["coinbase"][1], other.secret)
    other.stop()
    coins.assert_not_begun(rt.TradingError, "the venue refuses the key")
    monkeypatch.setenv(KEYS["coinbase"][1], "bm90IHRoZSBzZWNyZXQ=")
    coins.assert_not_begun(rt.ConfigError, "no private key of Coinbase's")


def test_a_product_that_is_not_traded_is_refused(
    coins: CoinbaseRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    coins.export_keys(monkeypatch)
    coins.venue.flags["ETH-USD"] = {"cancel_only"}
    coins.start(1).communicate(timeout=40)
    coins.assert_not_begun(rt.ConfigError, r"ETH-USD.*cancel_only")


def test_a_session_writes_its_keys_nowhere(coins: CoinbaseRig) -> None:
    coins.finish_once(coins.executed, "nothing was executed")
    # The lines of the key itself: what stands around them is in every key.
    lines = [line for line in coins.venue.secret.splitlines() if not line.startswith("-----")]
    assert_no_file_knows(coins.folder, (coins.venue.key, *lines))
