"""The database that follows a session's store: its address, its password behind stars."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from py_rt.errors import ConfigError
from py_rt.trade.secrets import Secret

__all__ = ["Database", "deliver_store", "locks_folder", "parse_store"]

_SCHEMES = ("postgresql", "postgres")
Silence = Literal["trade", "reduce_only"]


@dataclass(frozen=True, slots=True)
class Database:
    """A PostgreSQL database that follows ``store.sqlite``.

    Attributes
    ----------
    url : str
        Without the password.
    password : Secret or None
    lease_ns : int [ns]
        How long the account's lease holds after each renewal; renewed five times as often.
    without_lease : {"trade", "reduce_only"}
        What the session does when the database is silent for longer.
    take_over : bool
        Whether the account is taken from a session that lives.
    """

    url: str
    password: Secret | None = None
    lease_ns: int = 10_000_000_000
    without_lease: Silence = "trade"
    take_over: bool = False

    def __str__(self) -> str:
        parts = urlsplit(self.url)
        name, at, rest = parts.netloc.rpartition("@")
        stars = f"{name}:***{at}{rest}" if self.password and at else parts.netloc
        return urlunsplit((parts.scheme, stars, parts.path, "", ""))

    def to_core(self) -> dict[str, Any]:
        """Return what the driver takes; it holds the password in clear."""
        return {
            "url": self.url,
            "password": self.password.reveal() if self.password else None,
            "lease_ns": self.lease_ns,
            "without_lease": self.without_lease,
            "take_over": self.take_over,
        }


def parse_store(
    url: str,
    password_env: str = "PGPASSWORD",  # noqa: S107 - the name of a variable
    environment: Mapping[str, str] | None = None,
    **terms: Any,
) -> Database | None:
    """Read the address of a store; None for "sqlite", which needs none.

    Parameters
    ----------
    url : str
        ``"sqlite"``, or ``postgresql://user@host:port/database``.
    password_env : str
        The variable that holds the password, when the address has none.
    environment : mapping, optional
        Instead of the process's own.
    **terms
        ``lease_ns without_lease take_over`` of `Database`.

    Raises
    ------
    ConfigError
        Another kind of store, or no address. The message has no password in it.

    Examples
    --------
    >>> found = parse_store("postgresql://me:s3cr3t@localhost/books")
    >>> print(found), found.url
    postgresql://me:***@localhost/books
    (None, 'postgresql://me@localhost/books')
    """
    if url == "sqlite":
        return None
    try:
        parts = urlsplit(url)
        known = parts.scheme in _SCHEMES and parts.path not in ("", "/")
        _ = parts.port
    except ValueError:
        known = False
    if not known:
        raise ConfigError(
            "is no store",
            field="store.url",
            remedy='write "sqlite", or postgresql://user@host:port/database',
        )
    query = parse_qsl(parts.query, keep_blank_values=True)
    inside = [value for name, value in query if name == "password"]
    kept = [(name, value) for name, value in query if name != "password"]
    who, at, where = parts.netloc.rpartition("@")
    user, colon, written = who.partition(":")
    password = unquote(written) if colon else next(iter(inside), "")
    password = password or (environment or os.environ).get(password_env, "")
    bare = urlunsplit(
        (parts.scheme, f"{user}{at}{where}", parts.path, urlencode(kept, quote_via=quote), "")
    )
    return Database(bare, Secret(password) if password else None, **terms)


def deliver_store(
    state_dir: str | Path, database: Database, seconds: float = 60.0
) -> dict[str, Any]:
    """Bring every row of a session's ``store.sqlite`` into a database; return how far it came.

    Parameters
    ----------
    state_dir : path-like
    database : Database
    seconds : float [s]
        How long to try.

    Returns
    -------
    dict
        ``delivered waiting error``.

    Raises
    ------
    JournalError
        The state directory has no store that keeps a list of its changes.
    """
    import py_rt._core as _core

    folder = Path(state_dir)
    nested = folder / "session"
    found = nested if (nested / "store.sqlite").is_file() else folder
    return _core.deliver_store(str(found), database.to_core(), seconds)


def locks_folder() -> Path:
    """Return the folder of this user's account locks, one file an account.

    Examples
    --------
    >>> locks_folder().name.startswith("py_rt")
    True
    """
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if runtime and Path(runtime).is_dir():
        return Path(runtime) / "py_rt"
    return Path("/tmp") / f"py_rt-{os.getuid()}"  # noqa: S108 - owner and mode are checked
