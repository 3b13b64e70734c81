"""A Redis that follows a session: what it holds, and that nobody needs it."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from py_rt.trade.cache import read_rows
from py_rt.trade.resp import Redis, RedisError
from system.redis_server import PASSWORD, Server, running
from system.rig import STOCKS, Rig, assert_no_file_knows, await_that, rig

pytestmark = pytest.mark.system

PATIENCE_S = 90.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with running(tmp_path) as found:
        yield found


@pytest.fixture
def session(tmp_path: Path, server: Server) -> Iterator[Rig]:
    with rig(tmp_path, STOCKS, speed=1.0) as found:
        found.arguments = ("--cache", server.url)
        yield found


def comes(what: Callable[[], Any]) -> Any:
    return await_that(what, "it does not come", PATIENCE_S)


def held(server: Server) -> dict[str, dict[str, str]]:
    """Return everything that is there, without the prefix of the one session."""
    try:
        redis = server.reader()
    except (OSError, RedisError):
        return {}
    names = redis.ask([("KEYS", "*")])[0]
    rows = redis.ask([("HGETALL", name) for name in names])
    lives = redis.ask([("TTL", name) for name in names])
    assert all(0 < life <= 60 for life in lives), "what nobody confirms ends"
    redis.close()
    pairs = (zip(row[::2], row[1::2], strict=True) for row in rows)
    return {name.split(":", 2)[2]: dict(pair) for name, pair in zip(names, pairs, strict=True)}


def traded(server: Server) -> bool:
    rows = held(server)
    return int(rows.get("state", {}).get("fills", "0")) > 3


def test_the_cache_ends_as_the_store_does(session: Rig, server: Server) -> None:
    child = session.start(0)
    comes(lambda: traded(server))
    open_now = comes(lambda: [name for name in held(server) if name.startswith("order:")])
    assert all(name.startswith("order:rt-") for name in open_now)
    child.send_signal(signal.SIGINT)
    summary = session.ended(child, PATIENCE_S)
    rows, folder = held(server), session.folder / "session"
    assert rows == read_rows(folder)
    assert (rows["state"]["phase"], rows["state"]["cash"]) == ("ended", summary["cash"])
    for row in session.rows("positions"):
        there = rows[f"position:{row['strategy']}:{row['symbol']}"]
        assert (there["qty"], there["realized_pnl"]) == (row["qty"], row["realized_pnl"])
    assert not [name for name in rows if name.startswith("order:")], "none is open"
    session.assert_equal(summary)
    assert_no_file_knows(folder, [PASSWORD])
    assert PASSWORD not in session.log()


def test_a_cache_that_dies_stops_nothing_and_is_filled_again(session: Rig, server: Server) -> None:
    child = session.start(0)
    comes(lambda: traded(server))
    server.stop()
    log = session.folder / "session" / "cache.log"
    comes(lambda: "tried again" in log.read_text("utf-8"))
    before = len(session.rows("fills"))
    comes(lambda: len(session.rows("fills")) > before)
    server.start()
    comes(lambda: traded(server))
    child.send_signal(signal.SIGINT)
    summary = session.ended(child, PATIENCE_S)
    assert held(server) == read_rows(session.folder / "session")
    session.assert_equal(summary)


def test_a_session_without_its_cache_trades(session: Rig, server: Server) -> None:
    server.stop()
    session.assert_equal(session.finish(4))


def test_replies_are_read_as_the_server_writes_them(server: Server) -> None:
    redis = server.reader()
    long = "ü" * 70_000
    written = [("SET", "long", long), ("HSET", "h", "a", "1", "b", ""), ("GET", "nothing")]
    assert redis.ask(written) == ["OK", 2, None]
    assert redis.ask([("GET", "long"), ("HGETALL", "h")]) == [long, ["a", "1", "b", ""]]
    with pytest.raises(RedisError, match="WRONGTYPE"):
        redis.ask([("GET", "h"), ("GET", "long")])
    assert redis.ask([("GET", "nothing")]) == [None], "what stood behind a refusal was read"
    with pytest.raises(RedisError, match="WRONGTYPE"):
        redis.ask([("MULTI",), ("HSET", "long", "a", "1"), ("GET", "long"), ("EXEC",)])
    assert redis.ask([("GET", "nothing")]) == [None]
    redis.close()
    with pytest.raises(RedisError, match="WRONGPASS"):
        Redis(f"redis://127.0.0.1:{server.port}/0", "guessed")
