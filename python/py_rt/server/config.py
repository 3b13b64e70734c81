"""What a server is made from, and running it until a signal comes."""

from __future__ import annotations

import ipaddress
import signal
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from py_rt._core import grpc as _core
from py_rt.errors import ConfigError
from py_rt.server.backtests import Backtests
from py_rt.server.strategies import register_strategies

__all__ = ["ServeConfig", "read_access", "serve"]

_ROLES = ("quant", "market", "backtest")
_KINDS = {"token_sha256": "token", "certificate_sha256": "certificate"}


@dataclass(frozen=True)
class ServeConfig:
    """A server, resolved.

    Attributes
    ----------
    host, port : str, int
        Address to listen on; port 0 is any free one.
    unix : path, optional
        A unix socket to listen on as well.
    tls_cert, tls_key : path, optional
        The server's certificate chain and key (PEM).
    client_ca : path, optional
        Who signs the certificates that clients must show (PEM).
    access : path, optional
        Who may call what; see `read_access`.
    insecure : bool
        Listen beyond this machine without TLS.
    max_message : int
        Largest request in bytes.
    max_calls : int
        Requests that are in memory at once; others wait unread.
    max_waiting : int
        Calls that may wait, and streams that may be open.
    rate : float, optional
        Calls a second of each caller.
    metrics_port : int, optional
        Serve Prometheus text at 127.0.0.1 on this port.
    drain : float
        Seconds that running calls may go on after a stop.
    threads : int, optional
        Threads that compute; as many as there are processors by default.
    catalog : path, optional
        Data for backtests beside the bundled samples.
    strategies : tuple of str or path
        Files whose strategies callers may run by name; see
        `py_rt.server.strategies.register_strategies`.
    """

    host: str = "127.0.0.1"
    port: int = 50051
    unix: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    client_ca: Path | None = None
    access: Path | None = None
    insecure: bool = False
    max_message: int = 64 << 20
    max_calls: int = 16
    max_waiting: int = 1024
    rate: float | None = None
    metrics_port: int | None = None
    drain: float = 10.0
    threads: int | None = None
    catalog: Path | None = None
    strategies: tuple[str | Path, ...] = ()

    def to_core(self) -> dict[str, Any]:
        """Return the dictionary that the engine takes; it holds the key in clear."""
        self._check()
        return {
            "host": self.host,
            "port": self.port,
            "unix": None if self.unix is None else str(Path(self.unix).absolute()),
            "tls": self._tls(),
            "callers": [] if self.access is None else read_access(self.access),
            "message_max": self.max_message,
            "calls_max": self.max_calls,
            "waiting_max": self.max_waiting,
            "rate": None if self.rate is None else float(self.rate),
            "metrics_port": self.metrics_port,
            "drain": float(self.drain),
            "threads": self.threads,
        }

    def _check(self) -> None:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ConfigError(
                "certificate and key go together", field="tls_cert", remedy="give both"
            )
        if self.client_ca is not None and self.tls_cert is None:
            raise ConfigError(
                "clients show certificates only over TLS", field="client_ca", remedy="give tls_cert"
            )
        for name in ("max_message", "max_calls", "max_waiting", "threads"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ConfigError(f"{name} is {value}", field=name, remedy="use 1 or more")
        if self.rate is not None and not self.rate > 0:
            raise ConfigError(f"rate is {self.rate}", field="rate", remedy="use above 0")
        try:
            local = ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            raise ConfigError(
                f"{self.host!r} is no address", field="host", remedy="write one, like 127.0.0.1"
            ) from None
        if not (local or self.tls_cert is not None or self.insecure):
            raise ConfigError(
                f"{self.host} can be reached from other machines, and nothing is encrypted",
                field="host",
                remedy="give tls_cert and tls_key, or insecure if something else guards it",
            )

    def _tls(self) -> tuple[str, str, str | None] | None:
        if self.tls_cert is None or self.tls_key is None:
            return None
        authority = None if self.client_ca is None else _text(self.client_ca, "client_ca")
        return _text(self.tls_cert, "tls_cert"), _text(self.tls_key, "tls_key"), authority


def _text(path: str | Path, field: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"cannot read it: {error}", field=field, file=str(path), remedy="give a PEM file"
        ) from None


def read_access(path: str | Path) -> list[tuple[str, str, bytes, list[str]]]:
    """Read who may call what.

    A TOML file with a table ``[[caller]]`` each: ``name``, ``roles`` (of quant, market, backtest),
    and ``token_sha256`` or ``certificate_sha256``: hashes, so that the file holds no secret.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    list of (name, kind, hash, roles)

    Raises
    ------
    ConfigError
        No such file, a wrong hash, role or key; names the caller.

    Examples
    --------
    >>> read_access("no_such_file.toml")
    Traceback (most recent call last):
    ...
    py_rt.errors.ConfigError: there is no such file; file no_such_file.toml; check the path
    """
    try:
        written = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            "there is no such file", file=str(path), remedy="check the path"
        ) from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read it: {error}", file=str(path), remedy="write TOML") from None
    callers = written.pop("caller", [])
    if written or not isinstance(callers, list) or not callers:
        raise ConfigError(
            "it must hold [[caller]] tables and nothing else",
            file=str(path),
            remedy="see docs/grpc.md",
        )
    return [_caller(entry, at, str(path)) for at, entry in enumerate(callers)]


def _caller(entry: Any, at: int, file: str) -> tuple[str, str, bytes, list[str]]:
    def wrong(what: str, remedy: str) -> ConfigError:
        return ConfigError(what, field=f"caller[{at}]", file=file, remedy=remedy)

    if not isinstance(entry, dict):
        raise wrong("is no table", "write [[caller]]")
    unknown = sorted(set(entry) - {"name", "roles", *_KINDS})
    if unknown:
        raise wrong(f"{unknown[0]!r} is unknown", f"known are name, roles, {', '.join(_KINDS)}")
    shown = [kind for kind in _KINDS if kind in entry]
    if len(shown) != 1:
        raise wrong("is known by nothing, or by two things", f"give one of {', '.join(_KINDS)}")
    name, roles = entry.get("name"), entry.get("roles")
    if not isinstance(name, str) or not name:
        raise wrong("has no name", "give one")
    if not isinstance(roles, list) or not roles or not set(map(str, roles)) <= set(_ROLES):
        raise wrong(f"roles is {roles!r}", f"give a list of {', '.join(_ROLES)}")
    try:
        # OpenSSL writes colons between the bytes.
        hashed = bytes.fromhex(str(entry[shown[0]]).replace(":", ""))
    except ValueError:
        hashed = b""
    if len(hashed) != 32:
        raise wrong(f"{shown[0]} is no SHA-256", "write 64 hexadecimal digits")
    return name, _KINDS[shown[0]], hashed, [str(role) for role in roles]


def serve(
    config: ServeConfig,
    market: dict[str, Any] | None,
    on_ready: Callable[[dict[str, Any]], None],
) -> None:
    """Run the server until Ctrl-C or SIGTERM; then running calls end, and nothing new begins.

    Parameters
    ----------
    config : ServeConfig
    market : dict, optional
        As `market_of` or `market_of_session` return it.
    on_ready : callable
        Called once with ``ready grpc unix metrics strategies`` when it listens.

    Raises
    ------
    ConfigError
        A port that is taken, certificates that are none, a strategy whose name is taken.
    StrategyError
        A file of strategies that cannot be imported; names its line.
    """
    core = config.to_core()
    names = register_strategies(config.strategies)
    backtests = Backtests(config.catalog)

    def announce(addresses: dict[str, Any]) -> None:
        known = {name: value for name, value in addresses.items() if value is not None}
        if names:
            known["strategies"] = list(names)
        on_ready({"ready": True, **known})

    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _core.serve(core, market, backtests, announce)
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)
