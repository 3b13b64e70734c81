"""Sessions at stand-ins for venues of coins: what is the same at all of them, and what is not."""

from __future__ import annotations

import abc
import contextlib
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

from system.coinbase_venue import CoinbaseVenue
from system.kraken_venue import KrakenVenue
from system.rig import Rig
from system.stand_in import Fault, StandIn

SEED = 20261130
REFUSED = {"EAPI:Invalid signature", "EAPI:Invalid key", "EAPI:Rate limit exceeded"}
"""What a session that counts and signs well is never told by Kraken."""


class CoinRig(Rig, abc.ABC):
    """A session at a stand-in."""

    venue: StandIn  # type: ignore[assignment]
    calm_s = 25.0
    end_s: ClassVar[float]
    """How long a session may take to end after it went through faults."""

    @abc.abstractmethod
    def assert_polite(self) -> None:
        """Nothing was refused that a session can know before."""

    def assert_same_names(self) -> None:
        """Orders and executions have the venue's ids, and fees are in dollars."""
        orders, fills = self.rows("orders"), self.rows("fills")
        known = {row["venue_order_id"] for row in orders if row["venue_order_id"]}
        assert known == set(self.venue.orders)
        assert {row["exec_id"] for row in fills} == set(self.venue.trades)
        assert {row["fee_asset"] for row in fills} == {"USD"}

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
        summary = self.ended(child, self.end_s)
        assert {fault.kind for fault in faults} <= self.venue.counts.keys()
        return summary


class CoinbaseRig(CoinRig):
    """A session at the stand-in for Coinbase."""

    venue: CoinbaseVenue
    end_s = 60.0

    def assert_polite(self) -> None:
        """Every token was good and used once, and nothing was made twice."""
        counts = self.venue.counts
        assert {word: count for word, count in counts.items() if word.startswith("token: ")} == {}
        assert counts["repeated"] == 0
        assert counts["over the quota"] == 0
        assert counts["tokens"] > 0


class KrakenRig(CoinRig):
    """A session at the stand-in for Kraken."""

    venue: KrakenVenue
    of_venue = 'tier = "pro"'
    end_s = 40.0

    def assert_polite(self) -> None:
        """Nothing was refused that a session can know before."""
        counts = self.venue.counts
        assert {words: counts[words] for words in REFUSED if counts[words]} == {}
        assert counts["EOrder:Rate limit exceeded"] == 0
        assert counts["EAPI:Invalid nonce"] <= 3, "two connections may overtake each other"


@contextlib.contextmanager
def at_coinbase(folder: Path, form: str = "sec1") -> Iterator[CoinbaseRig]:
    venue = CoinbaseVenue(SEED, form)
    try:
        yield CoinbaseRig(folder, venue, list(venue.books), venue.port)  # type: ignore[arg-type]
    finally:
        venue.stop()


@contextlib.contextmanager
def at_kraken(folder: Path) -> Iterator[KrakenRig]:
    venue = KrakenVenue(SEED)
    try:
        yield KrakenRig(folder, venue, list(venue.books), venue.port)  # type: ignore[arg-type]
    finally:
        venue.stop()
