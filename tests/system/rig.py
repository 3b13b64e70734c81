"""A paper venue with a session that trades on it, and the comparison of the two."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

import py_rt as rt
from py_rt.trade import LedgerDiff, compare_ledger, read_ledger, replay
from py_rt.trade.store import read_table
from py_rt.trade.venue_process import VenueProcess
from system import wild_strategy
from system.fault_proxy import FaultProxy

FINAL = {"filled", "canceled", "expired", "rejected", "done_for_day", "replaced"}
VENUE = """\
[venue]
clock = "2026-03-09T10:00:00-04:00"
speed = {speed}
seed = 7
{dialect}_port = 0
[[account]]
dialect = "{dialect}"
key = "{key}"
secret = "{secret}"
"""
LISTED = """\
[[instrument]]
symbol = "{symbol}"
asset_class = "{kind}"
[instrument.market]
kind = "synthetic"
price = "{price}"
depth_qty = "{depth}"
volatility = {volatility}
events_per_s = 40
"""
KEYS = {
    "alpaca": ("APCA_API_KEY_ID", "APCA_API_SECRET_KEY"),
    "binance": ("BINANCE_API_KEY", "BINANCE_API_SECRET"),
    "coinbase": ("COINBASE_API_KEY", "COINBASE_API_SECRET"),
    "kraken": ("KRAKEN_API_KEY", "KRAKEN_API_SECRET"),
    "ib": ("UNUSED_KEY", "UNUSED_SECRET"),
}
STOCKS = (("AAPL", "us_equity", "190.00", "5"), ("MSFT", "us_equity", "410.00", "2"))
COINS = (("BTC/USD", "crypto", "60000.00", "0.05"), ("ETH/USD", "crypto", "3000.00", "0.5"))
TRADE = """\
[run]
symbols = {symbols}
state_dir = "session"
seconds = {seconds}
watchdog_seconds = {watchdog}
dead_man_seconds = {dead_man}
[venue]
dialect = "{dialect}"
{place}
{of_venue}
[risk]
max_orders_per_second = 1000
"""


class Rig:
    """A venue, a session that trades on it through a port, and the comparison of the two."""

    strategy: str = str(wild_strategy.__file__)
    watchdog_s: float = 5
    more: str = ""
    """Lines at the end of the configuration."""
    place: str = 'trading_url = "http://127.0.0.1:{port}"'
    """Where its section of the venue says that the venue is."""
    of_venue: str = ""
    """Lines in its section of the venue."""
    arguments: tuple[str, ...] = ()
    environment: ClassVar[dict[str, str]] = {}
    dead_man_s: float = 0
    calm_s: float = 6.0
    """How long the venue needs to be asked everything once the network works again."""

    patience_s: float = 90.0
    """How long an event of a session may take."""

    def __init__(self, folder: Path, venue: VenueProcess, symbols: list[str], port: int) -> None:
        self.folder, self.venue, self.symbols, self.port = folder, venue, symbols, port

    def start(self, seconds: float) -> subprocess.Popen[str]:
        written = TRADE.format(
            symbols=json.dumps(self.symbols),
            seconds=seconds,
            place=self.place.format(port=self.port),
            watchdog=self.watchdog_s,
            dead_man=self.dead_man_s,
            dialect=self.venue.dialect,
            of_venue=self.of_venue,
        )
        written += self.more
        self.config.write_text(written, encoding="utf-8")
        command = [sys.executable, "-m", "py_rt.cli", "trade", self.strategy]
        with (self.folder / "session.log").open("a", encoding="utf-8") as log:
            return subprocess.Popen(
                [*command, "--config", str(self.config), "--json", *self.arguments],
                env=os.environ | self.keys() | self.environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    @property
    def config(self) -> Path:
        return self.folder / "trade.toml"

    def keys(self) -> dict[str, str]:
        """Return the keys of the venue under the names of their variables."""
        secrets = (self.venue.key, self.venue.secret)
        return dict(zip(KEYS[self.venue.dialect], secrets, strict=True))

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Return what the session has stored."""
        return read_table(self.folder / "session" / "store.sqlite", table)

    def kill(self, seconds: float, first: signal.Signals | None, drawn: random.Random) -> None:
        child = self.start(0)
        time.sleep(seconds)
        assert child.poll() is None, child.communicate()[0]
        if first is not None:
            child.send_signal(first)
            time.sleep(drawn.uniform(0.0, 1.0 if first == signal.SIGSTOP else 0.3))
        child.kill()
        child.communicate()

    def kill_in_flight(self, times: int, drawn: random.Random, least_s: float) -> None:
        """Be killed again and again, stopped or interrupted before or not."""
        for _ in range(times):
            first = drawn.choice([None, signal.SIGSTOP, signal.SIGINT])
            self.kill(drawn.uniform(least_s, 3.0), first, drawn)

    def kill_trading(self) -> None:
        """Start a session and kill it once the venue has executed something of it."""
        child = self.start(0)
        self.wait(child, self.executed, "nothing was executed")
        child.kill()
        child.communicate()

    def executed(self) -> bool:
        """Whether the venue has executed anything of it."""
        return bool(read_ledger(self.venue.admin)["executions"])

    def wait(self, child: subprocess.Popen[str], done: Callable[[], bool], missing: str) -> None:
        """Wait for an event of a session that runs, however slow the machine is."""
        until = time.monotonic() + self.patience_s
        while not done():
            assert child.poll() is None, child.communicate()[0]
            assert time.monotonic() < until, missing + "\n" + self.log()[-2000:]
            time.sleep(0.05)

    def orders_after(self, child: subprocess.Popen[str], least: int) -> int:
        """Wait until this process has told of so many orders."""
        told = 0

        def enough() -> bool:
            nonlocal told
            with contextlib.suppress(OSError, ValueError):
                status = json.loads((self.folder / "session" / "status.json").read_text("utf-8"))
                told = int(status["orders"]) if status["pid"] == child.pid else 0
            return told >= least

        self.wait(child, enough, f"{least} orders were not sent")
        return told

    def finish(self, seconds: float) -> dict[str, Any]:
        return self.ended(self.start(seconds), seconds + 40)

    def finish_once(self, done: Callable[[], bool], missing: str) -> dict[str, Any]:
        """Let a session trade until something is so, then end it as Ctrl-C does."""
        child = self.start(0)
        self.orders_after(child, 1)
        self.wait(child, done, missing)
        child.send_signal(signal.SIGINT)
        return self.ended(child, 60)

    def log(self) -> str:
        return (self.folder / "session.log").read_text(encoding="utf-8")

    def ended(self, child: subprocess.Popen[str], longest_s: float) -> dict[str, Any]:
        said, _ = child.communicate(timeout=longest_s)
        assert child.returncode == 0, said + self.log()[-2000:]
        summary: dict[str, Any] = json.loads(said)
        return summary

    def compared(self, summary: dict[str, Any]) -> tuple[LedgerDiff, list[str]]:
        """Compare the session's books with the venue's, and its journal with itself."""
        ledger = read_ledger(self.venue.admin)
        diff = compare_ledger(ledger, self.folder / "session" / "store.sqlite", summary["cash"])
        found = list(diff.differences)
        if not summary["reconciled"]:
            found.append("the session ended without agreeing with the venue")
        if summary["fills"] != len(ledger["executions"]):
            found.append(f"fills: {summary['fills']}, venue {len(ledger['executions'])}")
        again = replay(summary["journal"])
        if not again.equal or again.order_hash != summary["order_hash"]:
            found.append(f"the replay differs: {again}")
        return diff, found

    def run_through_failing_network(self, seed: int, kills: int) -> None:
        """Be killed behind a network that fails, then find everything equal."""
        proxy = FaultProxy(self.port, seed)
        try:
            self.port = proxy.port
            drawn = random.Random(seed)
            for _ in range(kills):
                self.kill(drawn.uniform(1.5, 4.0), None, drawn)
            child = self.start(0)
            time.sleep(4.0)
            self.wait(child, lambda: proxy.counts.total() > 0, "the network did not fail")
            proxy.faulty = False
            time.sleep(self.calm_s)
            self.orders_after(child, 1)
            self.wait(child, self.executed, "nothing was executed")
            child.send_signal(signal.SIGINT)
            self.assert_equal(self.ended(child, 60))
        finally:
            proxy.stop()

    def assert_flattened_by_hand(self, monkeypatch: pytest.MonkeyPatch, dust: float) -> None:
        """Flatten what a session that was killed has left; then a session may trade again."""
        self.export_keys(monkeypatch)
        session = self.folder / "session"
        done = rt.kill(session, "flatten", by="ada", config=self.config)
        assert (done["open_orders"], done["positions"]) == (0, []), done
        positions = read_ledger(self.venue.admin)["positions"]
        assert all(float(qty) < dust for qty in positions.values()), positions
        rt.kill(session, "resume", by="ada")

    def assert_refused_as_live(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Trade, then find that the same with mode = "live" is refused."""
        self.export_keys(monkeypatch)
        self.start(1).communicate(timeout=40)
        text = self.config.read_text(encoding="utf-8")
        live = text.replace("[venue]", '[venue]\nmode = "live"')
        self.config.write_text(live, encoding="utf-8")
        self.assert_not_begun(rt.TradingError, "venue on loopback is paper")
        self.config.write_text(text, encoding="utf-8")

    def assert_not_begun(self, error: type[rt.TradingError], said: str) -> None:
        """Find that a session with what is written now does not begin."""
        with pytest.raises(error, match=said):
            rt.trade(rt.StrategyFactory.create("market_maker"), self.config)

    def export_keys(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let this process have the keys, for what is called in it."""
        for name, value in self.keys().items():
            monkeypatch.setenv(name, value)

    def assert_equal(self, summary: dict[str, Any]) -> None:
        diff, found = self.compared(summary)
        assert found == []
        assert diff.equal
        assert diff.fills > 0
        orders = read_ledger(self.venue.admin)["orders"]
        assert [order for order in orders if order["status"] not in FINAL] == []


def await_that(done: Callable[[], Any], missing: str, longest_s: float) -> Any:
    """Return what is so as soon as it is, however slow the machine is."""
    until = time.monotonic() + longest_s
    while True:
        found = done()
        if found:
            return found
        assert time.monotonic() < until, missing
        time.sleep(0.05)


def assert_no_file_knows(folder: Path, secrets: Collection[str], but: Collection[str] = ()) -> None:
    """Look for secrets in every file below a folder, but in those of these names."""
    for path in folder.rglob("*"):
        if path.is_file() and path.name not in but:
            raw = path.read_bytes()
            assert not any(secret.encode() in raw for secret in secrets), path


@contextlib.contextmanager
def rig(
    folder: Path,
    listed: tuple[tuple[str, ...], ...],
    speed: float,
    keys: tuple[str, str] = ("K1", "S1"),
    dialect: str = "alpaca",
    volatility: float = 0.0003,
) -> Iterator[Rig]:
    names = ("symbol", "kind", "price", "depth")
    rows = (dict(zip(names, row, strict=True)) for row in listed)
    tables = [LISTED.format(**row, volatility=volatility) for row in rows]
    head = VENUE.format(speed=speed, key=keys[0], secret=keys[1], dialect=dialect)
    (folder / "venue.toml").write_text(head + "".join(tables), "utf-8")
    venue = VenueProcess.start(["--config", str(folder / "venue.toml")], folder)
    try:
        symbols = [row[0] for row in listed]
        if dialect == "binance":
            symbols = [symbol.replace("/USD", "USDT") for symbol in symbols]
        yield Rig(folder, venue, symbols, int(venue.address.rsplit(":")[-1]))
    finally:
        venue.stop()
