"""A Redis that follows a session: open orders, positions and state as hashes, for screens.

A process of its own reads what the session has written behind itself (``store.sqlite`` and
``status.json``) and writes it there. The session neither waits for it nor reads from it. Every key
ends a minute after it was last confirmed, so that what a dead session held does not stay.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from py_rt.errors import ConfigError
from py_rt.trade.addresses import is_loopback
from py_rt.trade.beside import (
    is_let_go,
    let_go,
    order_by_pipe,
    orders_from_pipe,
    say,
    start_beside,
)
from py_rt.trade.resp import Redis, RedisError
from py_rt.trade.secrets import Secret

if TYPE_CHECKING:
    from py_rt.trade.config import TradeConfig

__all__ = ["Cache", "followed_by_cache", "main", "parse_cache", "read_rows"]

_LOOK_S = 0.1
_CONFIRM_S = 10.0
_LIFE_S = 60
_PAUSES_S = (0.1, 3.0)
_END_S = 5.0
_OPEN = "('PendingNew','New','PartiallyFilled','PendingReplace','PendingCancel','Unknown')"
Rows = dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Cache:
    """A Redis server that follows a session.

    Attributes
    ----------
    url : str
        Without the password.
    password : Secret or None
    """

    url: str
    password: Secret | None = None


def parse_cache(
    url: str | None,
    password_env: str = "REDIS_PASSWORD",  # noqa: S107 - the name of a variable
) -> Cache | None:
    """Read the address of a cache; None for none.

    Parameters
    ----------
    url : str or None
        ``redis://user@host:port/number`` on this machine, ``rediss://`` anywhere.
    password_env : str
        The variable that holds the password, when the address has none.

    Raises
    ------
    ConfigError
        No such address, or one that would send books in clear. It has no password in it.

    Examples
    --------
    >>> parse_cache("redis://:s3cr3t@localhost:6379/1")
    Cache(url='redis://localhost:6379/1', password=Secret('***'))
    """
    if not url:
        return None
    parts = urlsplit(url)
    try:
        known = parts.scheme in ("redis", "rediss") and bool(parts.hostname)
        known = known and (parts.path.strip("/") or "0").isdigit()
        _ = parts.port
    except ValueError:
        known = False
    if not known:
        remedy = "write redis://host:port/0 on this machine, or rediss://host:port/0"
        raise ConfigError("is no cache", field="store.cache", remedy=remedy)
    if parts.scheme == "redis" and not is_loopback(parts.hostname or ""):
        remedy = "use rediss://; only a server on this machine may do without"
        raise ConfigError("books would travel in clear", field="store.cache", remedy=remedy)
    who, at, where = parts.netloc.rpartition("@")
    user, _, written = who.partition(":")
    password = unquote(written) or os.environ.get(password_env, "")
    bare = urlunsplit((parts.scheme, f"{user}{at if user else ''}{where}", parts.path, "", ""))
    return Cache(bare, Secret(password) if password else None)


@contextlib.contextmanager
def followed_by_cache(config: TradeConfig) -> Iterator[None]:
    """Let the cache of a configuration, if it has one, follow the session in this block."""
    cache = config.cache
    if cache is None:
        yield
        return
    child = start_beside("py_rt.trade.cache", config.state_dir / "cache.log")
    given = {
        "url": cache.url,
        "password": cache.password.reveal() if cache.password else "",
        "state_dir": str(config.state_dir),
    }
    try:
        order_by_pipe(child, given)
        yield
    finally:
        let_go(child, _END_S)


def read_rows(folder: Path) -> Rows:
    """Return the keys of a session as they should be, by name behind the prefix.

    Parameters
    ----------
    folder : Path
        The state directory.

    Returns
    -------
    dict of str to dict of str to str
        ``state``, ``order:ID`` of every open order, ``position:STRATEGY:SYMBOL``.

    Raises
    ------
    OSError, ValueError, sqlite3.Error
        The session has not written yet, or the files cannot be read.
    """
    status = json.loads((folder / "status.json").read_text(encoding="utf-8"))
    found = {"state": _texts({k: v for k, v in status.items() if not isinstance(v, dict)})}
    place = f"file:{quote(str(folder / 'store.sqlite'))}?mode=ro"
    with closing(sqlite3.connect(place, uri=True)) as store:
        store.row_factory = sqlite3.Row
        store.execute("BEGIN")
        for row in store.execute(f"SELECT * FROM orders WHERE status IN {_OPEN}"):  # noqa: S608
            found[f"order:{row['client_order_id']}"] = _texts(dict(row))
        for row in store.execute("SELECT * FROM positions"):
            found[f"position:{row['strategy']}:{row['symbol']}"] = _texts(dict(row))
    return found


def _texts(row: Mapping[str, Any]) -> dict[str, str]:
    def text(value: Any) -> str:
        return value if isinstance(value, str) else json.dumps(value)

    return {name: text(value) for name, value in row.items() if value is not None}


class _Follower:
    """Brings a Redis to what a session's files say."""

    def __init__(self, url: str, password: str, folder: Path) -> None:
        self._url, self._password, self._folder = url, password, folder
        self._redis: Redis | None = None
        self._there: Rows = {}
        self._confirmed = 0.0
        self._stamp: tuple[int, ...] = ()

    def step(self, last: bool = False) -> None:
        """Write what changed; after ten seconds, and in the end, everything."""
        stamp = self._changed()
        due = last or time.monotonic() - self._confirmed > _CONFIRM_S
        if stamp == self._stamp and not due:
            return
        rows = read_rows(self._folder)
        prefix = f"py_rt:{rows['state']['lineage']}:"
        if self._redis is None:
            self._redis = Redis(self._url, self._password)
            self._there, due = self._known(prefix), True
        gone = sorted(self._there.keys() - rows.keys())
        commands: list[tuple[str, ...]] = [("DEL", prefix + name) for name in gone]
        for name, row in rows.items():
            if due or self._there.get(name) != row:
                flat = (word for pair in row.items() for word in pair)
                commands.append(("DEL", prefix + name))
                commands.append(("HSET", prefix + name, *flat))
                commands.append(("EXPIRE", prefix + name, str(_LIFE_S)))
        if commands:
            self._redis.ask([("MULTI",), *commands, ("EXEC",)])
        self._there, self._stamp = rows, stamp
        if due:
            self._confirmed = time.monotonic()

    def forget(self) -> None:
        """Let go of a connection that is lost: what is there is not known any more."""
        if self._redis is not None:
            self._redis.close()
        self._redis, self._there, self._stamp = None, {}, ()

    def _known(self, prefix: str) -> Rows:
        """Return the names that are there already, from before."""
        assert self._redis is not None
        found: Rows = {}
        cursor = "0"
        while True:
            scan = ("SCAN", cursor, "MATCH", prefix + "*", "COUNT", "1000")
            cursor, names = self._redis.ask([scan])[0]
            found |= {name.removeprefix(prefix): {} for name in names}
            if cursor == "0":
                return found

    def _changed(self) -> tuple[int, ...]:
        stamps = []
        for name in ("status.json", "store.sqlite", "store.sqlite-wal"):
            with contextlib.suppress(OSError):
                found = (self._folder / name).stat()
                stamps += [found.st_mtime_ns, found.st_size]
        return tuple(stamps)


def main() -> None:
    """Read the session from standard input, and follow it until that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    given = orders_from_pipe()
    follower = _Follower(given["url"], given["password"], Path(given["state_dir"]))
    pause, said = _PAUSES_S[0], ""
    over = False
    while True:
        waits = _LOOK_S
        try:
            follower.step(last=over)
            pause, said = _PAUSES_S[0], ""
        except (OSError, RedisError, ValueError, KeyError, sqlite3.Error) as error:
            if str(error) != said:
                said = str(error)
                say("cache", f"{error!r}; it is tried again")
            follower.forget()
            waits, pause = pause, min(2 * pause, _PAUSES_S[1])
        if over:
            return
        over = is_let_go(waits)
