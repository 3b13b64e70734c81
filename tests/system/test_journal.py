"""The journal of a real session as an audit log: verified, read, exported, and asked for orders."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import py_rt as rt
from py_rt.errors import ConfigError, JournalError, ParameterError
from py_rt.strategies import MarketMaker
from py_rt.trade import rebuild_store
from py_rt.trade.export import COLUMNS, export_journal
from system.test_sessions import finish, running, wait_until_trading

pytestmark = pytest.mark.system
FIELDS = {"sequence", "segment", "offset", "time", "kind"}


def cli(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "py_rt.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("audit")
    rt.paper(MarketMaker(), seconds=4, speed=20, state_dir=folder)
    return folder / "session"


def orders(session: Path) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(session / "store.sqlite")) as store:
        store.row_factory = sqlite3.Row
        return [dict(row) for row in store.execute("SELECT * FROM orders")]


def test_it_verifies_and_names_its_root(session: Path) -> None:
    found = rt.Journal(session).verify()
    assert found.ok
    assert found.sessions == found.ended == 1
    shown = cli("journal", "verify", str(session), "--json", "--root", found.root)
    assert shown.returncode == 0, shown.stderr
    assert json.loads(shown.stdout) == found.to_dict() | {"root_found_at": found.sequence}
    other = "0" * 63 + "1"
    refused = cli("journal", "verify", str(session), "--root", other)
    assert refused.returncode == 1
    assert "never comes to" in refused.stderr
    with pytest.raises(ParameterError, match="64 hexadecimal"):
        rt.Journal(session).verify("12")


def test_damage_is_named_everywhere(session: Path, tmp_path: Path) -> None:
    copy = tmp_path / "state"
    shutil.copytree(session, copy)
    segment = next((copy / "journal").glob("*.journal"))
    body = bytearray(segment.read_bytes())
    at = len(body) // 3
    body[at] ^= 4
    segment.write_bytes(body)
    found = rt.Journal(copy).verify()
    assert not found.ok
    assert found.damage is not None
    assert Path(found.damage.file) == segment
    assert 0 <= at - found.damage.offset < 200
    shown = cli("journal", "verify", str(copy))
    assert shown.returncode == 1
    assert f"byte {found.damage.offset}" in shown.stderr
    assert "Restore the file from a copy" in shown.stderr
    for read in (lambda: rt.replay(copy), lambda: list(rt.Journal(copy)),
                 lambda: rt.explain(copy, orders(copy)[0]["client_order_id"]),
                 lambda: rebuild_store(copy)):  # fmt: skip
        with pytest.raises(JournalError, match="is corrupt"):
            read()


def test_entries_are_typed_and_lazy(session: Path) -> None:
    entries = list(rt.Journal(session))
    assert [entry["sequence"] for entry in entries] == list(range(1, len(entries) + 1))
    assert all(entry.keys() >= FIELDS for entry in entries)
    assert {key for entry in entries for key in entry} <= set(COLUMNS)
    fills = [entry for entry in entries if entry.get("report") == "fill"]
    assert fills
    assert all(isinstance(fill["last_price"], str) for fill in fills)
    assert rt.Journal(session).tail(5) == entries[-5:]
    first = next(iter(rt.Journal(session)))
    assert first["kind"] == "header"


def test_exports_hold_every_entry(session: Path, tmp_path: Path) -> None:
    entries = list(rt.Journal(session))
    lines = cli("journal", "export", str(session))
    assert [json.loads(line) for line in lines.stdout.splitlines()] == entries
    table = io.BytesIO()
    assert export_journal(rt.Journal(session), "csv", table) == len(entries)
    rows = list(csv.DictReader(io.StringIO(table.getvalue().decode())))
    plain = [{k: "" if v is None else str(v) for k, v in entry.items()} for entry in entries]
    assert [{k: v for k, v in row.items() if v} for row in rows] == [
        {k: v for k, v in entry.items() if v} for entry in plain
    ]
    pq = pytest.importorskip("pyarrow.parquet")
    to = tmp_path / "day.parquet"
    done = cli("journal", "export", str(session), "--out", str(to), "--json")
    assert json.loads(done.stdout)["entries"] == len(entries)
    kept = pq.read_table(to)
    assert kept["kind"].to_pylist() == [entry["kind"] for entry in entries]
    assert str(kept.schema.field("time").type) == "timestamp[ns, tz=UTC]"
    assert kept["price"].to_pylist() == [entry.get("price") for entry in entries]


def test_tail_prints_a_line_an_entry(session: Path) -> None:
    shown = cli("journal", "tail", str(session), "-n", "3")
    lines = shown.stdout.splitlines()
    assert len(lines) == 3
    assert lines[-1].split()[2] == "end"


def test_every_order_has_its_story(session: Path) -> None:
    rows = orders(session)
    # One that waited behind slow answers until the end was never sent, and says so.
    unsent = {row["client_order_id"] for row in rows if row["venue_order_id"] is None}
    assert {row["status"] for row in rows if row["client_order_id"] in unsent} <= {"Rejected"}
    assert len(rows) - len(unsent) > 5
    for row in rows[:: max(len(rows) // 6, 1)]:
        story = rt.explain(session, row["client_order_id"])
        said = [moment.get("venue_order_id") for moment in story.moments]
        assert row["venue_order_id"] in said
        assert story.closed
        assert story.divergence is None
        whats = {moment["what"] for moment in story.moments}
        assert whats >= {"book", "callback", "check", "state"}
        assert (whats >= {"sent", "received"}) is (row["client_order_id"] not in unsent)
        states = [moment for moment in story.moments if moment["what"] == "state"]
        if row["status"] != "Replaced":
            assert story.venue_order_id == row["venue_order_id"]
            assert states[-1]["cum_qty"] == row["cum_qty"]
        if row["venue_order_id"]:
            assert rt.explain(session, row["venue_order_id"]) == story
    rows = [row for row in rows if row["client_order_id"] not in unsent]
    told = cli("explain", rows[0]["client_order_id"], "--state-dir", str(session))
    assert told.returncode == 0
    assert "max_order_notional      holds" in told.stdout
    as_json = cli("explain", rows[0]["venue_order_id"][:13], "--state-dir", str(session), "--json")
    assert rows[0]["client_order_id"].startswith(json.loads(as_json.stdout)["client_order_id"])
    with pytest.raises(ConfigError, match="near ones are"):
        rt.explain(session, rows[0]["client_order_id"] + "000")


def test_the_tables_come_back(session: Path, tmp_path: Path) -> None:
    copy = tmp_path / "state"
    shutil.copytree(session, copy)
    (copy / "store.sqlite").unlink()
    shown = cli("journal", "rebuild-store", str(copy), "--json")
    assert shown.returncode == 0, shown.stderr
    assert orders(copy) == orders(session)


def test_a_running_session_is_read_while_it_writes(tmp_path: Path) -> None:
    with running(tmp_path, "--seconds", "6", "--speed", "20") as child:
        wait_until_trading(tmp_path)
        journal = rt.Journal(tmp_path)
        assert journal.verify().ok
        begun = time.monotonic()

        def over() -> bool:
            return child.poll() is not None or time.monotonic() > begun + 3

        seen = list(journal.follow(0, over, pause=0.05))
        assert len(seen) > 100
        numbers = [entry["sequence"] for entry in seen]
        assert numbers == list(range(numbers[0], numbers[0] + len(seen)))
        assert child.poll() is None, "the session went on meanwhile"
        finish(child)
    assert journal.verify().ok


def test_there_is_no_journal(tmp_path: Path) -> None:
    for command in (["journal", "verify"], ["journal", "tail"], ["journal", "export"]):
        shown = cli(*command, str(tmp_path))
        assert shown.returncode == 1, shown
        assert "there is no journal" in shown.stderr
