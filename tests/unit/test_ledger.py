"""The venue's truth against our books: what is lost, booked twice, or left open is counted."""

from __future__ import annotations

import copy
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from py_rt.errors import JournalError, ParameterError
from py_rt.trade import compare_ledger, kill, read_status, write_kill
from py_rt.trade.control import is_alive

SCHEMA = """
CREATE TABLE orders (client_order_id TEXT PRIMARY KEY, venue_order_id TEXT, strategy TEXT,
  symbol TEXT, side TEXT, order_type TEXT, order_qty TEXT, limit_price TEXT, cum_qty TEXT,
  avg_price TEXT, status TEXT, ts_created INTEGER, ts_updated INTEGER);
CREATE TABLE fills (exec_id TEXT, venue TEXT, client_order_id TEXT, symbol TEXT, side TEXT,
  last_qty TEXT, last_price TEXT, fee TEXT, fee_asset TEXT, ts_event INTEGER,
  PRIMARY KEY (venue, exec_id));
CREATE TABLE positions (strategy TEXT, symbol TEXT, qty TEXT, avg_price TEXT, realized_pnl TEXT);
"""
FIRST, SECOND = "rt-abcdefgh-1", "rt-abcdefgh-2"
LEDGER: dict[str, Any] = {
    "orders": [
        {"id": "v1", "client_order_id": FIRST, "symbol": "BTC/USD", "side": "buy", "qty": "0.03",
         "filled_qty": "0.02", "status": "replaced"},
        {"id": "v2", "client_order_id": f"{FIRST}-1", "symbol": "BTC/USD", "side": "buy",
         "qty": "0.03", "filled_qty": "0.01", "status": "filled"},
        {"id": "v3", "client_order_id": SECOND, "symbol": "BTC/USD", "side": "sell", "qty": "0.01",
         "filled_qty": "0", "status": "canceled"},
        {"id": "v9", "client_order_id": "someone-else", "symbol": "ETH/USD", "side": "buy",
         "qty": "1", "filled_qty": "0", "status": "new"},
    ],
    "executions": [
        {"id": "e1", "order_id": "v1", "client_order_id": FIRST, "symbol": "BTC/USD", "side": "buy",
         "qty": "0.02", "price": "60000.10", "fee": "0", "ts_event": 1},
        {"id": "e2", "order_id": "v2", "client_order_id": f"{FIRST}-1", "symbol": "BTC/USD",
         "side": "buy", "qty": "0.01", "price": "60000.2", "fee": "0.00", "ts_event": 2},
    ],
    "positions": {"BTC/USD": "0.030"},
    "cash": "98199.996",
    "virtual_time": "2026-01-01T00:00:00Z",
}  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "store.sqlite"
    with closing(sqlite3.connect(path)) as made:
        made.executescript(SCHEMA)
        made.execute(
            "INSERT INTO orders VALUES (?,'v2','mm','BTC/USD','buy','limit','0.03','60000.2',"
            "'0.03','60000.13','Filled',1,2)",
            (FIRST,),
        )
        made.execute(
            "INSERT INTO orders VALUES (?,'v3','mm','BTC/USD','sell','limit','0.01','60001',"
            "'0',NULL,'Canceled',1,2)",
            (SECOND,),
        )
        rows = [("e1", FIRST, "0.02", "60000.1"), ("e2", FIRST, "0.01", "60000.20")]
        made.executemany(
            "INSERT INTO fills VALUES (?,'ALPACA',?,'BTC/USD','buy',?,?,'0','USD',1)", rows
        )
        made.execute("INSERT INTO positions VALUES ('mm','BTCUSD','0.03','60000.13','0')")
        made.commit()
    return path


def alter(store: Path, statement: str) -> None:
    with closing(sqlite3.connect(store)) as opened:
        opened.execute(statement)
        opened.commit()


def test_equal_books(store: Path) -> None:
    found = compare_ledger(LEDGER, store, "98199.9960")
    assert found.equal, found.differences
    assert (found.lost, found.duplicated, found.unresolved) == (0, 0, 0)
    assert (found.orders, found.fills) == (2, 2)


COPIED = "client_order_id, symbol, side, last_qty, last_price, fee, fee_asset, ts_event FROM fills"
FIRST_FILL = "WHERE exec_id = 'e1'"
SECOND_ORDER = f"WHERE client_order_id = '{SECOND}'"


@pytest.mark.parametrize(
    ("statement", "field", "count"),
    [
        ("DELETE FROM fills WHERE exec_id = 'e2'", "lost", 1),
        (f"DELETE FROM orders {SECOND_ORDER}", "lost", 1),
        (f"INSERT INTO fills SELECT 'e3', venue, {COPIED} {FIRST_FILL}", "duplicated", 1),
        (f"INSERT INTO fills SELECT exec_id, 'TWIN', {COPIED} {FIRST_FILL}", "duplicated", 1),
        (f"UPDATE orders SET status = 'Unknown' {SECOND_ORDER}", "unresolved", 1),
        (f"UPDATE fills SET last_price = '60000.11' {FIRST_FILL}", "lost", 0),
        (f"UPDATE fills SET side = 'sell' {FIRST_FILL}", "lost", 0),
        ("UPDATE orders SET cum_qty = '0.02' WHERE cum_qty = '0.03'", "lost", 0),
        ("UPDATE orders SET status = 'Filled' WHERE status = 'Canceled'", "unresolved", 0),
        ("UPDATE positions SET qty = '0.0300001'", "lost", 0),
    ],
)
def test_each_difference_is_seen(store: Path, statement: str, field: str, count: int) -> None:
    alter(store, statement)
    found = compare_ledger(LEDGER, store)
    assert not found.equal
    assert getattr(found, field) == count
    assert found.differences


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda ledger: ledger["orders"].append(ledger["orders"][0]), "duplicated"),
        (lambda ledger: ledger["orders"].pop(2), "equal"),
        (lambda ledger: ledger.update(cash="98199.9961"), "equal"),
    ],
)
def test_what_the_venue_says_counts(
    store: Path, change: Callable[[dict[str, Any]], object], field: str
) -> None:
    ledger = copy.deepcopy(LEDGER)
    change(ledger)
    found = compare_ledger(ledger, store, "98199.996")
    if field == "duplicated":
        assert found.duplicated == 1
    if field != "equal" or ledger["cash"] != LEDGER["cash"]:
        assert not found.equal


def test_an_open_order_that_the_venue_never_saw_is_unresolved(store: Path) -> None:
    alter(store, f"UPDATE orders SET status = 'PendingNew' WHERE client_order_id = '{SECOND}'")
    ledger = copy.deepcopy(LEDGER)
    del ledger["orders"][2]
    assert compare_ledger(ledger, store).unresolved == 1


def test_a_missing_store_is_named(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="no store"):
        compare_ledger(LEDGER, tmp_path / "store.sqlite")


def test_status_and_kill_go_through_files(store: Path) -> None:
    folder = store.parent
    status = read_status(folder)
    assert (status["running"], status["kill"], status["open_orders"]) == (False, None, 0)
    assert (status["fills"], status["positions"]) == (2, {"BTCUSD": "0.03"})
    assert write_kill(folder, "reduce_only", "ada") == folder / "kill"
    assert (folder / "kill").read_text(encoding="utf-8").strip() == "reduce_only by ada"
    assert kill(folder, "reduce_only")["by"], "the user of the process"
    assert read_status(folder)["kill"] == "reduce_only"
    with pytest.raises(ParameterError, match="level"):
        write_kill(folder, "explode")  # type: ignore[arg-type]
    for level in ("resume", "loosen"):
        with pytest.raises(ParameterError, match="answers for it"):
            kill(folder, level)
    with pytest.raises(ParameterError, match="by"):
        kill(folder, "resume", by="two words")
    assert kill(folder, "loosen", by="ada")["file"] == str(folder / "loosen")
    assert read_status(folder)["kill"] == "reduce_only", "looser limits are another matter"


def test_a_process_that_never_was_is_not_alive() -> None:
    assert not is_alive(2**22 + 1)
    assert not is_alive(True)
    assert is_alive(1)
