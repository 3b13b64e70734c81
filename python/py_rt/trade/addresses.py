"""Where a venue is reached: three addresses, those left out derived from those given."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from py_rt.trade.written import Document

__all__ = ["Addresses", "is_loopback", "resolve_addresses"]

_NOT_YET = "http://127.0.0.1:1"
"""Where the bridge to TWS would be; its port is known when it runs."""

_MARKET_HOST = "wss://stream.data.alpaca.markets"
_STOCK_STREAM, _CRYPTO_STREAM = "/v2/iex", "/v1beta3/crypto/us"
_TRADING = {
    "alpaca": {"paper": "https://paper-api.alpaca.markets", "live": "https://api.alpaca.markets"},
    "binance": {"paper": "https://testnet.binance.vision", "live": "https://api.binance.com"},
    "coinbase": {"live": "https://api.coinbase.com"},
    "kraken": {"live": "https://api.kraken.com"},
}
_STREAMS = {
    ("binance", "paper"): (
        "wss://ws-api.testnet.binance.vision/ws-api/v3",
        "wss://stream.testnet.binance.vision/stream",
    ),
    ("binance", "live"): (
        "wss://ws-api.binance.com/ws-api/v3",
        "wss://stream.binance.com:9443/stream",
    ),
    ("coinbase", "live"): (
        "wss://advanced-trade-ws-user.coinbase.com",
        "wss://advanced-trade-ws.coinbase.com",
    ),
    ("kraken", "live"): ("wss://ws-auth.kraken.com/v2", "wss://ws.kraken.com/v2"),
}
# Whose money it is at each host of a venue; market data are nobody's.
_KNOWN_HOSTS: dict[str, dict[str, str | None]] = {
    "alpaca": {
        "paper-api.alpaca.markets": "paper",
        "api.alpaca.markets": "live",
        "stream.data.alpaca.markets": None,
    },
    "binance": {
        "testnet.binance.vision": "paper",
        "ws-api.testnet.binance.vision": "paper",
        "stream.testnet.binance.vision": "paper",
        "api.binance.com": "live",
        "api-gcp.binance.com": "live",
        "api1.binance.com": "live",
        "api2.binance.com": "live",
        "api3.binance.com": "live",
        "api4.binance.com": "live",
        "ws-api.binance.com": "live",
        "stream.binance.com": None,
        "data-stream.binance.vision": None,
    },
    "coinbase": {
        "api.coinbase.com": "live",
        "advanced-trade-ws-user.coinbase.com": "live",
        "advanced-trade-ws.coinbase.com": None,
    },
    "kraken": {
        "api.kraken.com": "live",
        "ws-auth.kraken.com": "live",
        "ws.kraken.com": None,
    },
}


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
    def at(cls, trading_url: str, symbols: Sequence[str], dialect: str = "alpaca") -> Addresses:
        """Return the addresses of a venue that serves everything at one place, as ours does.

        Examples
        --------
        >>> Addresses.at("http://127.0.0.1:18080", ["BTC/USD"]).market_stream_url
        'ws://127.0.0.1:18080/v1beta3/crypto/us'
        >>> Addresses.at("http://127.0.0.1:18080", ["BTCUSDT"], "binance").account_stream_url
        'ws://127.0.0.1:18080/ws-api/v3'
        """
        base = trading_url.rstrip("/")
        streams = base.replace("http", "ws", 1)
        if dialect == "binance":
            return cls(base, f"{streams}/ws-api/v3", f"{streams}/stream")
        if dialect == "coinbase":
            return cls(base, f"{streams}/user", f"{streams}/market")
        if dialect == "kraken":
            return cls(base, f"{streams}/auth/v2", f"{streams}/v2")
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
    dialect: str = venue["dialect"]
    if dialect == "ib":
        return Addresses.at(_NOT_YET, symbols, dialect)
    known = _KNOWN_HOSTS[dialect]
    trading = venue["trading_url"] or _TRADING[dialect].get(mode)
    if trading is None:
        raise document.error(
            f"{dialect} has no venue for {mode}",
            "venue.trading_url",
            remedy='name a venue on this machine, or write mode = "live" if you mean it',
        )
    derived = _derived(dialect, mode, trading, symbols)
    found = Addresses(
        derived.trading_url,
        venue["account_stream_url"] or derived.account_stream_url,
        venue["market_stream_url"] or derived.market_stream_url,
    )
    for name, url in found.to_dict().items():
        host = _host(url)
        _check(document, name, url)
        _check_host(document, name, host, (*known, *venue["allow_hosts"]))
        owner = known.get(host)
        if owner is not None and owner != mode and name != "market_stream_url":
            raise document.error(
                f"{host} is the venue's {owner} system and mode is {mode!r}",
                "venue.mode",
                remedy=f'write mode = "{owner}" if you mean it, or change {name}',
            )
    return found


def _derived(dialect: str, mode: str, trading: str, symbols: Sequence[str]) -> Addresses:
    """Return the addresses that belong to the one for orders."""
    one_place = Addresses.at(trading, symbols, dialect)
    if _host(trading) not in _KNOWN_HOSTS[dialect]:
        return one_place
    if dialect != "alpaca":
        streams = _STREAMS.get((dialect, mode)) or _STREAMS[(dialect, "live")]
        return Addresses(one_place.trading_url, *streams)
    market = _MARKET_HOST + _stream_path(symbols)
    return Addresses(one_place.trading_url, one_place.account_stream_url, market)


def _check(document: Document, name: str, url: str) -> None:
    schemes = ("http", "https") if name == "trading_url" else ("ws", "wss")
    parts = _split(url)
    if parts is None or parts.scheme not in schemes or not parts.hostname:
        raise document.error(
            f"{url!r} is not an address of this kind",
            f"venue.{name}",
            remedy=f"begin it with {schemes[0]}:// or {schemes[1]}://, then host and port",
        )
    if parts.scheme in ("http", "ws") and not is_loopback(parts.hostname):
        raise document.error(
            f"keys would travel in clear to {parts.hostname}",
            f"venue.{name}",
            remedy=f"use {parts.scheme}s://; only a venue on this machine may do without",
        )


def _check_host(document: Document, name: str, host: str, allowed: Sequence[str]) -> None:
    """Keys go to the venue's own hosts and this machine, and where they were told to."""
    if host not in allowed and not is_loopback(host):
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


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine, by what it is called."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _stream_path(symbols: Sequence[str]) -> str:
    return _CRYPTO_STREAM if any("/" in symbol for symbol in symbols) else _STOCK_STREAM
