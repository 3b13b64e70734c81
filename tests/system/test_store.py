"""A database behind the store: it may lag, die and lose its memory, and has every row at the end.

Equality is shown row by row between SQLite, PostgreSQL and a store that was made anew from the
journal alone. The server is real and is stopped, frozen and cut off while a session trades.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import py_rt._core as core
from py_rt.trade import read_status
from py_rt.trade.database import parse_store
from py_rt.trade.store import read_table
from system.postgres import PASSWORD, Server, server
from system.rig import COINS, Rig, rig

pytestmark = pytest.mark.system

TABLES = {"orders": ("client_order_id",), "fills": ("exec_id",), "positions": ("symbol",)}
STORE = '[store]\nurl = "{url}"\n'


@pytest.fixture(scope="module")
def database() -> Iterator[Server]:
    with server() as found:
        yield found


@pytest.fixture
def coins(tmp_path: Path, database: Server) -> Iterator[Rig]:
    with rig(tmp_path, COINS, speed=5) as found:
        found.more = STORE.format(url=database.url)
        yield found


def in_sqlite(folder: Path) -> dict[str, list[dict[str, Any]]]:
    found = {}
    for table, key in TABLES.items():
        rows = read_table(folder / "session" / "store.sqlite", table)
        found[table] = sorted(
            ({name: None if v is None else str(v) for name, v in row.items()} for row in rows),
            key=lambda row: [row[name] for name in key],
        )
    return found


def in_postgresql(folder: Path, url: str) -> dict[str, list[dict[str, Any]]]:
    lineage = (folder / "session" / "lineage").read_text(encoding="utf-8")
    place = parse_store(url)
    assert place is not None
    return {
        table: sorted(
            core.read_store(place.to_core(), table, lineage),
            key=lambda row: [row[name] for name in key],
        )
        for table, key in TABLES.items()
    }


def assert_same_rows(folder: Path, url: str) -> None:
    here, there = in_sqlite(folder), in_postgresql(folder, url)
    assert len(here["fills"]) > 3
    for table in TABLES:
        assert there[table] == here[table], table


def made_anew(found: Rig) -> Path:
    """Make the store of a copy whose journal has lost its end, as after a crash, and whose store is
    gone: every row comes out of the journal."""
    copy = found.folder / "anew"
    shutil.copytree(found.folder / "session", copy / "session")
    for path in (copy / "session").glob("store*"):
        path.unlink()
    (journal,) = (copy / "session" / "journal").glob("*.journal")
    journal.write_bytes(journal.read_bytes()[:-1])
    # No new session follows the one that is brought to its end.
    (copy / "session" / "kill").write_text("halt", encoding="utf-8")
    again = Rig(copy, found.venue, found.symbols, found.port)
    again.start(1).communicate(timeout=40)
    return copy


def deliver(folder: Path, url: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "py_rt.cli", "store", str(folder / "session"), "--json"]
    said = subprocess.run([*command, "--store", url], capture_output=True, text=True, timeout=90)
    assert PASSWORD not in said.stdout + said.stderr
    assert said.returncode == 0, said.stdout + said.stderr
    delivery: dict[str, Any] = json.loads(said.stdout)
    return delivery


def test_the_database_the_file_and_the_journal_have_the_same_rows(
    coins: Rig, database: Server
) -> None:
    summary = coins.finish_once(coins.executed, "nothing was executed")
    coins.assert_equal(summary)
    assert_same_rows(coins.folder, database.url)
    anew, here = in_sqlite(made_anew(coins)), in_sqlite(coins.folder)
    for table in TABLES:
        assert anew[table] == here[table], table
    status = read_status(coins.folder)["store"]
    assert (status["waiting"], status["error"]) == (0, None)
    assert status["url"] == f"postgresql://books:***@127.0.0.1:{database.port}/books"
    lineage = (coins.folder / "session" / "lineage").read_text(encoding="utf-8")
    (progress,) = database.query(
        f"SELECT session, record FROM py_rt.progress WHERE lineage = '{lineage}'"
    )
    assert progress[0] == "1"
    assert int(progress[1]) > 100


def test_a_database_that_dies_is_waited_for_by_nobody(coins: Rig, database: Server) -> None:
    child = coins.start(0)
    sent = coins.orders_after(child, 10)
    database.stop()
    sent = coins.orders_after(child, sent + 20)
    database.start()
    sent = coins.orders_after(child, sent + 5)
    database.stop()
    coins.orders_after(child, sent + 5)
    child.send_signal(signal.SIGINT)
    coins.assert_equal(coins.ended(child, 30))
    assert read_status(coins.folder)["store"]["error"] is not None
    database.start()
    assert deliver(coins.folder, database.url)["waiting"] == 0
    assert_same_rows(coins.folder, database.url)


def test_a_database_that_freezes_is_waited_for_by_nobody(coins: Rig, database: Server) -> None:
    child = coins.start(0)
    sent = coins.orders_after(child, 10)
    database.send(signal.SIGSTOP)
    sent = coins.orders_after(child, sent + 30)
    database.send(signal.SIGCONT)
    coins.orders_after(child, sent + 5)
    child.send_signal(signal.SIGINT)
    coins.assert_equal(coins.ended(child, 30))
    deliver(coins.folder, database.url)
    assert_same_rows(coins.folder, database.url)


def test_kills_of_the_session_leave_no_row_out_and_none_twice(coins: Rig, database: Server) -> None:
    for _ in range(3):
        child = coins.start(0)
        coins.orders_after(child, 10)
        time.sleep(0.3)
        child.kill()
        child.communicate()
    coins.assert_equal(coins.finish(2))
    deliver(coins.folder, database.url)
    assert_same_rows(coins.folder, database.url)


def test_transactions_that_are_in_each_others_way_are_done_again(
    coins: Rig, database: Server
) -> None:
    serializable = "?options=-c%20default_transaction_isolation%3Dserializable"
    coins.more = STORE.format(url=database.url + serializable)
    child = coins.start(0)
    coins.orders_after(child, 5)
    with database.session() as other:
        assert other.stdin is not None
        for _ in range(8):
            other.stdin.write(
                "BEGIN ISOLATION LEVEL SERIALIZABLE; UPDATE py_rt.progress SET written = now();"
                "SELECT pg_sleep(0.2); COMMIT;\n"
            )
            other.stdin.flush()
            time.sleep(0.25)
        other.stdin.close()
        other.wait(20)
    child.send_signal(signal.SIGINT)
    coins.assert_equal(coins.ended(child, 30))
    log = (database.folder / "server.log").read_text(encoding="utf-8", errors="replace")
    assert "could not serialize access" in log
    deliver(coins.folder, database.url)
    assert_same_rows(coins.folder, database.url)


def test_a_database_without_memory_gets_everything_again(coins: Rig, database: Server) -> None:
    coins.finish_once(coins.executed, "nothing was executed")
    database.query("DELETE FROM py_rt.fills")
    database.query("DELETE FROM py_rt.orders")
    database.query("UPDATE py_rt.progress SET change = 0")
    assert deliver(coins.folder, database.url)["delivered"] > 10
    assert_same_rows(coins.folder, database.url)


def test_the_password_is_in_no_file_of_the_session(coins: Rig, database: Server) -> None:
    coins.finish(1)
    coins.more = coins.more.replace(str(database.port), "1")
    coins.finish(1)
    for path in coins.folder.rglob("*"):
        if path.is_file() and path.name != "trade.toml":
            assert PASSWORD.encode() not in path.read_bytes(), path
