"""One session an account: by a lock on one machine, by a lease in a database beyond it.

Two machines are two processes that do not share the folder of their locks.
"""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from py_rt.trade import read_ledger
from system.postgres import Server, server
from system.rig import COINS, Rig, await_that, rig

pytestmark = pytest.mark.system

LEASE_S = 2
STORE = f'[store]\nurl = "{{url}}"\nlease = "{LEASE_S}s"\n'


@pytest.fixture(scope="module")
def database() -> Iterator[Server]:
    with server() as found:
        yield found


@pytest.fixture
def first(tmp_path: Path) -> Iterator[Rig]:
    folder = tmp_path / "first"
    folder.mkdir()
    with rig(folder, COINS, speed=5) as found:
        yield found


def beside(first: Rig, machine: str | None = None) -> Rig:
    """Return another session on the same account, on another machine when that is named."""
    folder = first.folder.parent / "second"
    folder.mkdir()
    second = Rig(folder, first.venue, first.symbols, first.port)
    second.more = first.more
    if machine:
        place = first.folder.parent / machine
        place.mkdir()
        second.environment = {"XDG_RUNTIME_DIR": str(place)}
    return second


def refused(child: subprocess.Popen[str]) -> dict[str, Any]:
    """Wait for a process to be fenced off; return what it said."""
    said, _ = child.communicate(timeout=30)
    assert child.returncode == 5, said
    error: dict[str, Any] = json.loads(said)["error"]
    assert error["code"] == "fenced"
    return error


def sent_by(found: Rig) -> int:
    lineage = (found.folder / "session" / "lineage").read_text(encoding="utf-8")
    orders = read_ledger(found.venue.admin)["orders"]
    return sum(f"rt-{lineage}-" in str(order["client_order_id"]) for order in orders)


def end(child: subprocess.Popen[str]) -> None:
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=30)


def stopped(child: subprocess.Popen[str], found: Rig) -> dict[str, Any]:
    child.send_signal(signal.SIGINT)
    return found.ended(child, 30)


def trades_at_last(found: Rig) -> None:
    """Run a session to its end. Its books are not the account's, where another has left some."""
    said, _ = found.start(1).communicate(timeout=40)
    assert json.loads(said)["orders"] > 0, said


def test_a_second_state_directory_of_an_account_is_refused(first: Rig) -> None:
    child = first.start(0)
    first.orders_after(child, 5)
    second = beside(first)
    error = refused(second.start(3))
    assert str(child.pid) in error["remedy"] + error["message"]
    assert sent_by(second) == 0
    first.assert_equal(stopped(child, first))
    trades_at_last(second)


def test_a_second_machine_is_refused_while_the_first_lives(first: Rig, database: Server) -> None:
    first.more = STORE.format(url=database.url)
    child = first.start(0)
    first.orders_after(child, 5)
    second = beside(first, "machine")
    refused(second.start(3))
    assert sent_by(second) == 0
    first.assert_equal(stopped(child, first))
    # The lease was given back, so nobody has to wait for its end.
    trades_at_last(second)


def test_a_session_that_slept_sends_nothing_when_it_wakes(first: Rig, database: Server) -> None:
    first.more = STORE.format(url=database.url)
    child = first.start(0)
    first.orders_after(child, 5)
    child.send_signal(signal.SIGSTOP)
    time.sleep(LEASE_S + 0.5)
    second = beside(first, "machine")
    other = second.start(0)
    second.orders_after(other, 5)
    sent, rows = sent_by(first), written(database, first)
    child.send_signal(signal.SIGCONT)
    error = refused(child)
    assert str(other.pid) in error["remedy"] + error["message"]
    assert (sent_by(first), written(database, first)) == (sent, rows)
    end(other)


def test_a_session_that_sleeps_in_a_write_keeps_nobody_out(first: Rig, database: Server) -> None:
    first.more = STORE.format(url=database.url)
    child = first.start(0)
    first.orders_after(child, 5)
    with database.session() as locking:
        assert locking.stdin is not None
        locking.stdin.write("BEGIN; LOCK TABLE py_rt.orders IN ACCESS EXCLUSIVE MODE;\n")
        locking.stdin.flush()
        waits = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        await_that(lambda: database.query(waits) != [["0"]], "no write waits", first.patience_s)
        child.send_signal(signal.SIGSTOP)
    # The lock is gone with its session: the write goes on and nobody ends it.
    time.sleep(LEASE_S + 0.5)
    second = beside(first, "machine")
    other = second.start(0)
    second.orders_after(other, 5)
    holders = database.query("SELECT holder FROM py_rt.leases")
    assert any(row[0].startswith(f"process {other.pid} on ") for row in holders), holders
    rows = written(database, first)
    child.send_signal(signal.SIGCONT)
    refused(child)
    assert written(database, first) == rows
    end(other)


def test_a_database_that_is_slow_at_the_start_is_not_taken_for_a_silent_one(
    first: Rig, database: Server
) -> None:
    first.more = STORE.format(url=database.url).replace(f'"{LEASE_S}s"', '"10s"')
    child = first.start(0)
    first.orders_after(child, 5)
    second = beside(first, "machine")
    database.send(signal.SIGSTOP)
    try:
        other = second.start(0)
        # Longer than a renewal may take, shorter than what is left of the lease.
        time.sleep(5)
    finally:
        database.send(signal.SIGCONT)
    refused(other)
    assert sent_by(second) == 0
    first.assert_equal(stopped(child, first))


def test_an_account_is_taken_over_from_a_session_that_lives(first: Rig, database: Server) -> None:
    first.more = STORE.format(url=database.url)
    child = first.start(0)
    first.orders_after(child, 5)
    second = beside(first, "machine")
    second.arguments = ("--take-over",)
    other = second.start(0)
    refused(child)
    sent = sent_by(first)
    second.orders_after(other, 5)
    assert sent_by(first) == sent
    end(other)
    # Who was fenced off goes on from its journal once the other has ended.
    trades_at_last(first)


def test_a_database_that_dies_fences_nobody_off(first: Rig, database: Server) -> None:
    first.more = STORE.format(url=database.url)
    child = first.start(0)
    sent = first.orders_after(child, 5)
    database.stop()
    try:
        time.sleep(2 * LEASE_S)
        sent = first.orders_after(child, sent + 20)
    finally:
        database.start()
    first.orders_after(child, sent + 20)
    first.assert_equal(stopped(child, first))


def test_without_a_word_only_reductions_where_that_is_asked_for(
    first: Rig, database: Server
) -> None:
    first.more = STORE.format(url=database.url) + 'without_lease = "reduce_only"\n'
    child = first.start(0)
    first.orders_after(child, 5)
    database.stop()
    try:
        time.sleep(LEASE_S + 1)
        assert status(first)["trading"] == "reduce_only"
    finally:
        database.start()
    until = time.monotonic() + 20
    while status(first)["trading"] != "active":
        assert time.monotonic() < until
        time.sleep(0.05)
    first.assert_equal(stopped(child, first))


def status(found: Rig) -> dict[str, Any]:
    text = (found.folder / "session" / "status.json").read_text(encoding="utf-8")
    read: dict[str, Any] = json.loads(text)
    return read


def written(database: Server, found: Rig) -> list[list[str]]:
    lineage = (found.folder / "session" / "lineage").read_text(encoding="utf-8")
    return database.query(
        f"SELECT change, session, record FROM py_rt.progress WHERE lineage = '{lineage}'"
    )
