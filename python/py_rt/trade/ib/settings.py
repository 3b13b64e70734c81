"""Where TWS or IB Gateway listens, and as whom: the keys of ``[venue]`` with ``dialect = "ib"``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from py_rt.trade.addresses import is_loopback
from py_rt.trade.written import Document, Key

__all__ = ["VENUE_KEYS", "Gateway", "read_gateway"]

VENUE_KEYS = {
    "host": Key("text", None),
    "port": Key("whole", None, least=1, most=65_535),
    "program": Key("text", None, choices=("tws", "gateway")),
    "client_id": Key("whole", None, least=1, most=999_999),
    "account": Key("text", None),
}
_PORTS = {
    ("tws", "paper"): 7497,
    ("tws", "live"): 7496,
    ("gateway", "paper"): 4002,
    ("gateway", "live"): 4001,
}
_NOT_HERE = (
    "trading_url",
    "account_stream_url",
    "market_stream_url",
    "key_env",
    "secret_env",
    "credentials_file",
    "keyring",
)


@dataclass(frozen=True, slots=True)
class Gateway:
    """A login to TWS or IB Gateway.

    Attributes
    ----------
    host : str
    port : int
        7497 and 7496 are TWS's for paper and live, 4002 and 4001 those of IB Gateway.
    client_id : int
        Whose orders these are for TWS: one number, one state directory. Never 0, which would bind
        the orders that are typed into TWS.
    account : str
        Empty for the only one of the login. Paper accounts begin with DU.
    mode : {"paper", "live"}
    """

    host: str = "127.0.0.1"
    port: int = 7497
    client_id: int = 27
    account: str = ""
    mode: Literal["paper", "live"] = "paper"

    def to_place(self) -> dict[str, Any]:
        """Return what the bridge is told."""
        told = asdict(self)
        return told | {"paper": told.pop("mode") == "paper"}


def read_gateway(document: Document, venue: Mapping[str, Any]) -> Gateway | None:
    """Read the login of ``[venue]``; None where another dialect is spoken.

    Raises
    ------
    ConfigError
        A key of another dialect, a port that is known to be of the other mode, an account of the
        other mode, or orders in clear to another machine.
    """
    if venue["dialect"] != "ib":
        for name in VENUE_KEYS:
            if venue[name] is not None:
                remedy = 'leave it out, or write dialect = "ib"'
                raise document.error("is of Interactive Brokers only", f"venue.{name}", remedy)
        return None
    for name in _NOT_HERE:
        if venue[name] is not None:
            remedy = "leave it out: TWS is logged in by itself, and is named by host and port"
            raise document.error("has no meaning here", f"venue.{name}", remedy)
    if venue["fractional"]:
        remedy = "leave it out: whole shares only are traded at Interactive Brokers"
        raise document.error("is not spoken here", "venue.fractional", remedy)
    mode: Literal["paper", "live"] = venue["mode"]
    port = venue["port"] or _PORTS[(venue["program"] or "tws", mode)]
    for (program, owner), usual in _PORTS.items():
        if port == usual and owner != mode:
            remedy = f'write mode = "{owner}" if you mean it, or name another port'
            what = f"{port} is the {owner} port of {program} and mode is {mode!r}"
            raise document.error(what, "venue.port", remedy)
    account = venue["account"] or ""
    if account and account.startswith("DU") != (mode == "paper"):
        kind = "a paper account" if account.startswith("DU") else "no paper account"
        remedy = "paper accounts begin with DU: correct venue.account or venue.mode"
        raise document.error(f"{account} is {kind} and mode is {mode!r}", "venue.account", remedy)
    host = venue["host"] or "127.0.0.1"
    if not is_loopback(host) and host not in venue["allow_hosts"]:
        remedy = f'use a tunnel; if the line is safe, write allow_hosts = ["{host}"]'
        raise document.error(f"orders would travel in clear to {host}", "venue.host", remedy)
    return Gateway(host, port, venue["client_id"] or 27, account, mode)
