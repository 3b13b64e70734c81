"""Where a venue is reached: three addresses, those left out derived from those given."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from py_rt.trade.written import Document

__all__ = ["Addresses", "resolve_addresses"]

_TRADING = {"paper": "https://paper-api.alpaca.markets", "live": "https://api.alpaca.markets"}
_KNOWN_HOSTS = frozenset(
    {"paper-api.alpaca.markets", "api.alpaca.markets", "stream.data.alpaca.markets"}
)
_MARKET_HOST = "wss://stream.data.alpaca.markets"
_STOCK_STREAM, _CRYPTO_STREAM = "/v2/iex", "/v1beta3/crypto/us"


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of a venue: orders, reports, market data."""

    trading_url: str
    account_stream_url: str
    market_stream_url: str

    def to_dict(self) -> dict[str, str]:
        """Return the three by name."""
        return asdict(self)

    @classmethod
    def at(cls, trading_url: str, symbols: Sequence[str]) -> Addresses:
        """Return the addresses of a venue that serves everything at one place, as ours does.

        Examples
        --------
        >>> Addresses.at("http://127.0.0.1:18080", ["BTC/USD"]).market_stream_url
        'ws://127.0.0.1:18080/v1beta3/crypto/us'
        """
        base = trading_url.rstrip("/")
        streams = base.replace("http", "ws", 1)
        return cls(base, f"{streams}/stream", streams + _stream_path(symbols))


def resolve_addresses(
    document: Document, venue: Mapping[str, Any], symbols: Sequence[str]
) -> Addresses:
    """Fill in what ``[venue]`` leaves out, and refuse what cannot be right.

    Raises
    ------
    ConfigError
        Not an address, credentials over an open line or to a host that is not the venue's, or a
        mode that contradicts the host.
    """
    mode: str = venue["mode"]
    trading = venue["trading_url"] or _TRADING[mode]
    derived = Addresses.at(trading, symbols)
    if _host(trading).endswith("alpaca.markets"):
        market = _MARKET_HOST + _stream_path(symbols)
        derived = Addresses(derived.trading_url, derived.account_stream_url, market)
    found = Addresses(
        derived.trading_url,
        venue["account_stream_url"] or derived.account_stream_url,
        venue["market_stream_url"] or derived.market_stream_url,
    )
    for name, url in found.to_dict().items():
        _check(document, name, url)
        _check_host(document, name, _host(url), venue["allow_hosts"])
    for other, host in (("live", "api.alpaca.markets"), ("paper", "paper-api.alpaca.markets")):
        if mode != other and _host(trading) == host:
            raise document.error(
                f"{host} is the venue's {other} system and mode is {mode!r}",
                "venue.mode",
                remedy=f'write mode = "{other}" if you mean it, or change trading_url',
            )
    return found


def _check(document: Document, name: str, url: str) -> None:
    schemes = ("http", "https") if name == "trading_url" else ("ws", "wss")
    parts = _split(url)
    if parts is None or parts.scheme not in schemes or not parts.hostname:
        raise document.error(
            f"{url!r} is not an address of this kind",
            f"venue.{name}",
            remedy=f"begin it with {schemes[0]}:// or {schemes[1]}://, then host and port",
        )
    if parts.scheme in ("http", "ws") and not _is_loopback(parts.hostname):
        raise document.error(
            f"keys would travel in clear to {parts.hostname}",
            f"venue.{name}",
            remedy=f"use {parts.scheme}s://; only a venue on this machine may do without",
        )


def _check_host(document: Document, name: str, host: str, allowed: Sequence[str]) -> None:
    """Keys go to the venue's own hosts and this machine, and where they were told to."""
    if host not in _KNOWN_HOSTS and host not in allowed and not _is_loopback(host):
        raise document.error(
            f"{host} is no host of the venue, and would be given the keys",
            f"venue.{name}",
            remedy=f'correct it; if you mean it, write allow_hosts = ["{host}"]',
        )


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _host(url: str) -> str:
    parts = _split(url)
    return (parts.hostname or "") if parts else ""


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _stream_path(symbols: Sequence[str]) -> str:
    return _CRYPTO_STREAM if any("/" in symbol for symbol in symbols) else _STOCK_STREAM
