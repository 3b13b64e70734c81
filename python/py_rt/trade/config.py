"""The configuration of a session: as written, then resolved, typed and hashed.

`read_config` refuses what it does not know and names the line. `TradeConfig` is the resolved form,
the only one that travels: every limit explicit, every address whole, secrets behind stars.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from py_rt._times import to_duration_ns
from py_rt.config import ResolvedLimits, RiskLimits
from py_rt.errors import ConfigError, ParameterError
from py_rt.trade.addresses import Addresses, resolve_addresses
from py_rt.trade.cache import Cache, parse_cache
from py_rt.trade.database import Database, locks_folder, parse_store
from py_rt.trade.ib.settings import VENUE_KEYS, Gateway, read_gateway
from py_rt.trade.rules import SECTIONS, merged, own_limits, written_limits, written_params
from py_rt.trade.secrets import Secret, from_environment, from_file, from_keyring
from py_rt.trade.written import Document, Key, read_document

__all__ = ["DEFAULT_CASH", "Credentials", "TradeConfig", "read_config"]

_DEAD_MAN_LIVE_S = 30.0
DEFAULT_CASH = Decimal(100_000)
"""What limits that were left out are resolved against, when ``[run] cash`` is left out too."""

_RUN = {
    "symbols": Key("texts"),
    "state_dir": Key("text", "state"),
    "seconds": Key("number", 0, least=0, most=31_536_000),
    "cancel_on_stop": Key("flag", True),
    "cash": Key("number", None, least=1, most=1e15),
    "durability": Key("text", "process", choices=("process", "strict")),
    "spin": Key("flag", False),
    "watchdog_seconds": Key("number", 5, least=0, most=3600),
    "dead_man_seconds": Key("number", None, least=0, most=3600),
}
_VENUE = {
    "dialect": Key("text", choices=("alpaca", "binance", "coinbase", "kraken", "ib")),
    "mode": Key("text", "paper", choices=("paper", "live")),
    "trading_url": Key("text", None),
    "account_stream_url": Key("text", None),
    "market_stream_url": Key("text", None),
    "key_env": Key("text", None),
    "secret_env": Key("text", None),
    "credentials_file": Key("text", None),
    "keyring": Key("text", None),
    "allow_hosts": Key("texts", ()),
    "fractional": Key("flag", False),
    "order_connections": Key("whole", 2, least=1, most=16),
    "answer_timeout": Key("text", "5s"),
    "tier": Key("text", "starter", choices=("starter", "intermediate", "pro")),
    **VENUE_KEYS,
}
_KEYS = {
    "alpaca": ("APCA_API_KEY_ID", "APCA_API_SECRET_KEY"),
    "binance": ("BINANCE_API_KEY", "BINANCE_API_SECRET"),
    "coinbase": ("COINBASE_API_KEY", "COINBASE_API_SECRET"),
    "kraken": ("KRAKEN_API_KEY", "KRAKEN_API_SECRET"),
}
_KRAKEN_NAMES = {"XBT": "BTC", "XDG": "DOGE"}
_JOURNAL = {
    "segment_mb": Key("whole", 256, least=1, most=65_536),
    "retention": Key("text", "forever"),
}
_STORE = {
    "url": Key("text", "sqlite"),
    "password_env": Key("text", "PGPASSWORD"),
    "lease": Key("text", "10s"),
    "without_lease": Key("text", "trade", choices=("trade", "reduce_only")),
    "cache": Key("text", None),
    "cache_password_env": Key("text", "REDIS_PASSWORD"),
}
_EXAMPLES = {"binance": "BTCUSDT", "coinbase": "BTC-USD", "ib": "AAPL"}
"""A symbol as a venue writes it; ``BTC/USD`` elsewhere."""
_LEASE_LEAST_NS = 1_000_000_000
_IN_CLEAR = ("key", "secret", "api_key", "api_secret", "password", "token")


@dataclass(frozen=True, slots=True)
class Credentials:
    """The key pair of an account, behind stars."""

    key: Secret
    secret: Secret


@dataclass(frozen=True, slots=True)
class TradeConfig:
    """A session, resolved.

    Attributes
    ----------
    symbols : tuple of str
        The venue's own symbols.
    state_dir : Path
        Journal, store, status and kill file; one process a directory.
    seconds : float [s]
        After which the session stops by itself, rounded up; 0 for until stopped.
    cancel_on_stop : bool
        Whether open orders are cancelled at the end.
    params : dict
        Parameters of the strategy class; of one of several strategies a dict under its name.
    dialect : {"alpaca", "binance", "coinbase", "kraken", "ib"}
    mode : {"paper", "live"}
    addresses : Addresses
    credentials : Credentials
    limits : ResolvedLimits
    own_limits : dict of str to RiskLimits
        What single strategies of several may do, by name; ``limits=`` of a call goes before it.
    cash : Decimal [money]
        What limits that are shares of it are resolved against, those of several strategies too.
    database : Database or None
        Follows ``store.sqlite`` and keeps other sessions off the account; None for neither.
    durability : {"process", "strict"}
        What a decision survives before it leaves: the death of the process, or the loss of power.
    segment_mb : int [2**20 bytes]
        When a file of the journal is full and the session goes on in the next one.
    retention_ns : int or None [ns]
        How long ended sessions stay in the journal: those that ended longer ago are removed when a
        new session begins; None for forever. The session before the last one always stays.
    spin : bool
        Whether the thread spins on its sockets instead of sleeping: a core for some microseconds.
    watchdog_seconds : float [s]
        How long a callback may take; 0 for as long as it likes. After it the session may only
        reduce, after twice the time its open orders are cancelled and the callback is interrupted,
        one more (2 s at least) later the process is killed. The kill file holds until ``resume``.
    dead_man_seconds : float [s]
        How long the session may be silent before a process of its own cancels its orders and halts
        it; 0 for never. Live 30 where it is left out.
    fractional : bool
        Whether stocks are traded in parts of a share.
    order_connections : int
        Connections for orders; requests about one order take the same one.
    answer_timeout_ns : int [ns]
        How long an answer may take before the order is UNKNOWN.
    tier : {"starter", "intermediate", "pro"}
        What Kraken grants the account: the more, the faster orders may follow each other. Of no
        meaning elsewhere.
    cache : Cache or None
        A Redis that is told open orders, positions and state; the session reads nothing there.
    gateway : Gateway or None
        Of Interactive Brokers: where TWS is. Addresses and credentials are then those of a bridge,
        and are known while a session runs.
    """

    symbols: tuple[str, ...]
    state_dir: Path
    addresses: Addresses
    credentials: Credentials
    limits: ResolvedLimits
    cash: Decimal = DEFAULT_CASH
    seconds: float = 0.0
    cancel_on_stop: bool = True
    params: dict[str, Any] = field(default_factory=dict)
    own_limits: dict[str, RiskLimits] = field(default_factory=dict)
    dialect: str = "alpaca"
    mode: Literal["paper", "live"] = "paper"
    database: Database | None = None
    durability: Literal["process", "strict"] = "process"
    segment_mb: int = 256
    retention_ns: int | None = None
    spin: bool = False
    watchdog_seconds: float = 5.0
    dead_man_seconds: float = 0.0
    fractional: bool = False
    order_connections: int = 2
    answer_timeout_ns: int = 5_000_000_000
    tier: str = "starter"
    gateway: Gateway | None = None
    cache: Cache | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the configuration as plain values; secrets are not in it."""
        return {
            "run": {
                "symbols": list(self.symbols),
                "state_dir": str(self.state_dir),
                "seconds": self.seconds,
                "cancel_on_stop": self.cancel_on_stop,
                "durability": self.durability,
                "spin": self.spin,
                "watchdog_seconds": self.watchdog_seconds,
                "dead_man_seconds": self.dead_man_seconds,
            },
            "strategy": dict(self.params),
            "venue": {
                "dialect": self.dialect,
                "mode": self.mode,
                "fractional": self.fractional,
                "order_connections": self.order_connections,
                "answer_timeout_ns": self.answer_timeout_ns,
                "tier": self.tier,
                **(asdict(self.gateway) if self.gateway else self.addresses.to_dict()),
            },
            "risk": self.limits.to_dict(),
            "limits": {name: own.to_dict() for name, own in self.own_limits.items()},
            "store": {"url": str(self.database or "sqlite")},
            "journal": {"segment_mb": self.segment_mb, "retention_ns": self.retention_ns},
        }

    @property
    def config_hash(self) -> str:
        """SHA-256 of what decides: not where the state lies, how long it runs, or the addresses."""
        deciding = self.to_dict()
        kept = {
            "symbols": deciding["run"]["symbols"],
            "strategy": deciding["strategy"],
            "venue": {
                "dialect": self.dialect,
                "mode": self.mode,
                "fractional": self.fractional,
            },
            "risk": deciding["risk"],
        } | ({"limits": deciding["limits"]} if self.own_limits else {})
        return hashlib.sha256(json.dumps(kept, sort_keys=True, default=str).encode()).hexdigest()

    def to_core(self) -> dict[str, Any]:
        """Return the flat dictionary that the driver takes; it holds the secrets in clear."""
        return {
            "symbols": list(self.symbols),
            "state_dir": str(self.state_dir),
            "seconds": math.ceil(self.seconds),
            "cancel_on_stop": self.cancel_on_stop,
            "dialect": self.dialect,
            "mode": self.mode,
            **self.addresses.to_dict(),
            "key": self.credentials.key.reveal(),
            "secret": self.credentials.secret.reveal(),
            "risk": self.limits.to_core(),
            "config_hash": self.config_hash,
            "store": True,
            "database": self.database.to_core() if self.database else None,
            "account_locks": str(locks_folder()),
            "durability": self.durability,
            "segment_bytes": self.segment_mb << 20,
            "retention_ns": self.retention_ns,
            "spin": self.spin,
            "watchdog_seconds": self.watchdog_seconds,
            "dead_man_seconds": self.dead_man_seconds,
            "fractional": self.fractional,
            "order_connections": self.order_connections,
            "answer_timeout_ns": self.answer_timeout_ns,
            "tier": self.tier,
        }


def read_config(
    path: str | os.PathLike[str], overrides: Mapping[str, Any] | None = None
) -> TradeConfig:
    """Read and resolve the TOML file of a session.

    Parameters
    ----------
    path : path-like
        Relative paths inside the file are taken from its folder.
    overrides : mapping, optional
        Instead of what the file says: ``state_dir``, ``seconds``, and ``params`` (added to
        ``[strategy]``), ``store`` and ``cache`` (addresses), ``take_over``.

    Raises
    ------
    ConfigError
        An unknown key (the nearest known one is named), a wrong type or range, an address that
        cannot be right, a secret written in the file or missing from the environment.

    Examples
    --------
    >>> read_config("no_such_file.toml")
    Traceback (most recent call last):
    ...
    py_rt.errors.ConfigError: there is no such file; file no_such_file.toml; check the path
    """
    changed = dict(overrides or {})
    document = read_document(path, SECTIONS)
    for name in ("run", "venue"):
        if name not in document.values:
            raise ConfigError(
                "is missing", field=name, file=document.path, remedy=f"add a section [{name}]"
            )
    run = document.section("run", _RUN)
    cash = DEFAULT_CASH if run["cash"] is None else Decimal(str(run["cash"]))
    _refuse_clear_secrets(document)
    venue = document.section("venue", _VENUE)
    mode: Literal["paper", "live"] = venue["mode"]
    gateway = read_gateway(document, venue)
    symbols = _symbols(document, run["symbols"], venue["dialect"])
    journal = document.section("journal", _JOURNAL)
    folder = Path(path).resolve().parent
    state_dir = changed.get("state_dir")
    return TradeConfig(
        symbols=symbols,
        state_dir=Path(state_dir).resolve() if state_dir else folder / run["state_dir"],
        seconds=float(changed.get("seconds", run["seconds"])),
        cancel_on_stop=run["cancel_on_stop"],
        params=merged(written_params(document), changed.get("params", {})),
        own_limits=own_limits(document),
        dialect=venue["dialect"],
        mode=mode,
        addresses=resolve_addresses(document, venue, symbols),
        credentials=_credentials(venue, folder),
        gateway=gateway,
        cache=_cache(document, changed),
        limits=_limits(document, mode, cash, symbols),
        cash=cash,
        database=_store(document, changed),
        durability=run["durability"],
        segment_mb=journal["segment_mb"],
        retention_ns=_retention(document, journal["retention"]),
        spin=run["spin"],
        watchdog_seconds=float(run["watchdog_seconds"]),
        dead_man_seconds=_dead_man(run["dead_man_seconds"], mode),
        fractional=venue["fractional"],
        order_connections=venue["order_connections"],
        answer_timeout_ns=_duration(document, "venue.answer_timeout", venue["answer_timeout"]),
        tier=venue["tier"],
    )


def _symbols(document: Document, written: list[str], dialect: str) -> tuple[str, ...]:
    if not written:
        example = _EXAMPLES.get(dialect, "BTC/USD")
        raise document.error("is empty", "run.symbols", remedy=f'name one, such as ["{example}"]')
    twice = [symbol for symbol in written if written.count(symbol) > 1]
    if twice:
        raise document.error(f"{twice[0]} is listed twice", "run.symbols", remedy="name it once")
    slashed = [symbol for symbol in written if "/" in symbol]
    if dialect == "kraken":
        _check_kraken(document, written)
    if dialect == "coinbase":
        _check_coinbase(document, written)
    if slashed and dialect == "ib":
        raise document.error(
            f"{slashed[0]} is no stock",
            "run.symbols",
            remedy="stocks in dollars are traded at Interactive Brokers, by the names of TWS",
        )
    if slashed and dialect == "binance":
        raise document.error(
            f"Binance writes no slash in {slashed[0]}",
            "run.symbols",
            remedy=f'write it as "{slashed[0].replace("/", "")}"',
        )
    if slashed and len(slashed) != len(written):
        raise document.error(
            "stocks and crypto come by different streams",
            "run.symbols",
            remedy="run one session for each, with its own state_dir",
        )
    return tuple(written)


def _check_kraken(document: Document, written: list[str]) -> None:
    """Refuse names of pairs that only requests use, which are not those of the streams."""
    for symbol in written:
        base, slash, quote = symbol.partition("/")
        right = "/".join(_KRAKEN_NAMES.get(asset, asset) for asset in (base, quote))
        if not slash or right != symbol:
            raise document.error(
                f"{symbol} is no pair as Kraken's streams write it",
                "run.symbols",
                remedy=f'write it as "{right}"' if slash else 'write it as in "BTC/USD"',
            )


def _check_coinbase(document: Document, written: list[str]) -> None:
    """Refuse names that are none of a product."""
    for symbol in written:
        right = symbol.replace("/", "-").upper()
        if right != symbol or "-" not in symbol:
            raise document.error(
                f"{symbol} is no product as Coinbase writes it",
                "run.symbols",
                remedy=f'write it as "{right}"' if "-" in right else 'write it as in "BTC-USD"',
            )


def _refuse_clear_secrets(document: Document) -> None:
    for key in _IN_CLEAR:
        if key in document.values["venue"]:
            raise document.error(
                "a secret does not belong in this file",
                f"venue.{key}",
                remedy="name an environment variable with key_env and secret_env, and change the "
                "secret if the file was ever shared",
            )


def _credentials(venue: Mapping[str, Any], folder: Path) -> Credentials:
    if venue["dialect"] == "ib":
        return Credentials(Secret(""), Secret(""))
    if venue["credentials_file"]:
        path = folder / Path(venue["credentials_file"]).expanduser()
        return Credentials(*from_file(path, "venue.credentials_file"))
    if venue["keyring"]:
        return Credentials(*from_keyring(venue["keyring"], "venue.keyring"))
    key, secret = _KEYS[venue["dialect"]]
    return Credentials(
        key=from_environment(venue["key_env"] or key, "venue.key_env"),
        secret=from_environment(venue["secret_env"] or secret, "venue.secret_env"),
    )


def _limits(
    document: Document, mode: Literal["paper", "live"], cash: Decimal, symbols: tuple[str, ...]
) -> ResolvedLimits:
    try:
        limits = written_limits(document, "risk").resolve(mode, cash)
    except ParameterError as error:
        raise document.error(error.what, f"risk.{error.field}", remedy=error.remedy) from None
    if unknown := sorted(limits.symbols() - set(symbols)):
        raise document.error(
            f"{unknown[0]} is limited and not traded",
            "risk",
            remedy=f"run.symbols has {', '.join(symbols)}",
        )
    return limits


def _dead_man(written: float | None, mode: str) -> float:
    if written is not None:
        return float(written)
    return _DEAD_MAN_LIVE_S if mode == "live" else 0.0


def _retention(document: Document, written: str) -> int | None:
    return None if written == "forever" else _duration(document, "journal.retention", written)


def _duration(document: Document, key: str, written: str) -> int:
    try:
        return to_duration_ns(written, key.rpartition(".")[2])
    except ParameterError as error:
        raise document.error(error.what, key, error.remedy) from None


def _cache(document: Document, changed: Mapping[str, Any]) -> Cache | None:
    store = document.section("store", _STORE)
    try:
        return parse_cache(changed.get("cache") or store["cache"], store["cache_password_env"])
    except ConfigError as error:
        raise document.error(error.what, "store.cache", error.remedy) from None


def _store(document: Document, changed: Mapping[str, Any]) -> Database | None:
    store = document.section("store", _STORE)
    lease_ns = _duration(document, "store.lease", store["lease"])
    if lease_ns < _LEASE_LEAST_NS:
        raise document.error("is too short", "store.lease", remedy="give it a second at least")
    try:
        return parse_store(
            changed.get("store") or store["url"],
            store["password_env"],
            lease_ns=lease_ns,
            without_lease=store["without_lease"],
            take_over=bool(changed.get("take_over", False)),
        )
    except ConfigError as error:
        raise document.error(error.what, "store.url", error.remedy) from None
