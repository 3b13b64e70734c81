"""What a paper venue is made of: from options or a ``venue.toml`` to the server's configuration.

The server is compiled; this module reads, checks, loads the recorded data and hands arrays over.
"""

from __future__ import annotations

import secrets
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from py_rt._amounts import Number, decimal, plain
from py_rt._times import to_ns
from py_rt.errors import ConfigError, DataError, ParameterError
from py_rt.market import Instrument, MarketData
from py_rt.sim_venue import SimVenue
from py_rt.trade.venue_accounts import RICHEST, read_account
from py_rt.trade.written import Document, Key, read_document

__all__ = ["VenueConfig", "read_venue_config", "serve", "venue_on_data", "venue_symbol"]

SPEED_MOST = 1_000_000.0
_SECTIONS = ("venue", "account", "instrument")
_VENUE = {
    "clock": Key("text", "wall"),
    "speed": Key("number", 1.0, least=0.001, most=SPEED_MOST),
    "seed": Key("whole", 0, least=0, most=2**63 - 1),
    "repeat": Key("flag", False),
    "sessions": Key("text", None, choices=("kept", "ignored")),
    "admin_port": Key("whole", 0, least=0, most=65_535),
    "alpaca_port": Key("whole", None, least=0, most=65_535),
    "binance_port": Key("whole", None, least=0, most=65_535),
    "maker_bps": Key("whole", 10, least=0, most=1000),
    "taker_bps": Key("whole", 10, least=0, most=1000),
}
_INSTRUMENT = {
    "symbol": Key("text"),
    "asset_class": Key("text", "us_equity", choices=("us_equity", "crypto")),
    "market": Key("table"),
    "tick_size": Key("text", None),
    "lot_size": Key("text", None),
    "min_qty": Key("text", None),
    "min_notional": Key("text", None),
    "shortable": Key("flag", True),
    "binance_symbol": Key("text", None),
}
_SYNTHETIC = {
    "kind": Key("text", choices=("synthetic", "recorded")),
    "price": Key("text"),
    "spread_ticks": Key("whole", 2, least=1, most=10_000),
    "depth_qty": Key("text", "500"),
    "volatility": Key("number", 0.0001, least=0, most=1),
    "events_per_s": Key("number", 20, least=0.001, most=1_000_000),
}
_RECORDED = {
    "kind": Key("text", choices=("synthetic", "recorded")),
    "data": Key("text"),
    "symbol": Key("text", None),
}
_LATER = ("kraken_port", "coinbase_port")
_QUOTED = ("USDT", "USDC", "USD")
_DIALECTS = ("alpaca", "binance")
_COIN_STEP = "0.00001"


@dataclass(frozen=True)
class VenueConfig:
    """A paper venue, resolved.

    Attributes
    ----------
    accounts : tuple of dict
        ``dialect key secret cash balances`` of each.
    instruments : tuple of dict
        What is listed, as the server takes it.
    recordings : tuple of (rows, places)
        Event rows, and for each instrument number in them its place in `instruments`.
    start_ns : int or None
        Virtual time at the start, ns UTC; None for the wall clock.
    speed : float
        Virtual seconds per real second.
    seed, admin_port : int
    alpaca_port, binance_port : int or None
        0 is any free port; None when the dialect is not spoken.
    maker_bps, taker_bps : int
        What Binance accounts pay of what they receive, in hundredths of a percent.
    repeat : bool
        Begin a recording again when it ends.
    keep_sessions : bool
        Shares trade by the calendar only; else around the clock.
    assumptions : SimVenue
        Fees and partial fills of the matching engine.
    """

    accounts: tuple[dict[str, Any], ...] = field(repr=False)
    instruments: tuple[dict[str, Any], ...]
    recordings: tuple[tuple[MarketData, list[int | None]], ...] = ()
    start_ns: int | None = None
    speed: float = 1.0
    seed: int = 0
    repeat: bool = False
    keep_sessions: bool = False
    alpaca_port: int | None = 0
    binance_port: int | None = None
    admin_port: int = 0
    maker_bps: int = 10
    taker_bps: int = 10
    assumptions: SimVenue = field(default_factory=SimVenue)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Symbols of the venue, in the order of listing."""
        return tuple(entry["symbol"] for entry in self.instruments)

    def to_core(self) -> dict[str, Any]:
        """Return the dictionary that the server takes; it holds the secrets in clear."""
        return {
            "accounts": list(self.accounts),
            "instruments": list(self.instruments),
            "recordings": [
                {
                    "events": np.ascontiguousarray(data.events()).view(np.uint8),
                    "instruments": places,
                }
                for data, places in self.recordings
            ],
            "start_ns": self.start_ns,
            "speed": float(self.speed),
            "seed": self.seed,
            "repeat": self.repeat,
            "keep_sessions": self.keep_sessions,
            "venue": self.assumptions.to_core(),
            "host": "127.0.0.1",
            "alpaca_port": self.alpaca_port,
            "binance_port": self.binance_port,
            "admin_port": self.admin_port,
            "maker_bps": self.maker_bps,
            "taker_bps": self.taker_bps,
        }


def venue_on_data(
    source: Any,
    *,
    speed: float = 1.0,
    cash: Number = 1_000_000,
    seed: int = 0,
    port: int = 0,
    admin_port: int = 0,
    repeat: bool = False,
    dialect: str = "alpaca",
    assumptions: SimVenue | None = None,
) -> VenueConfig:
    """Return a venue that replays recorded data, with one account and fresh keys.

    Parameters
    ----------
    source : anything that ``rt.data.load`` takes
        Must have order book changes or quotes.
    speed : float, above 0
        Virtual seconds per real second.
    cash : number [money]
    seed, port, admin_port : int
        Port 0 is any free one.
    repeat : bool
        Begin again when the recording ends; else its book stands still from there on.
    dialect : {"alpaca", "binance"}
        What it speaks. A Binance account has its cash in the currency of the first pair.
    assumptions : SimVenue, optional

    Raises
    ------
    DataError
        The data cannot be loaded, or have no book.
    ParameterError
        A value outside its range.

    Examples
    --------
    >>> venue_on_data("sample:btcusdt_l2", speed=10).symbols
    ('BTC/USD',)
    """
    data = _with_book(source, str(source))
    if not 0 < speed <= SPEED_MOST:
        raise ParameterError(
            f"{speed} is out of range", field="speed", remedy=f"use above 0 and up to {SPEED_MOST}"
        )
    if dialect not in _DIALECTS:
        raise ParameterError(
            f"{dialect!r} is not spoken", field="dialect", remedy='use "alpaca" or "binance"'
        )
    listed = tuple(
        _listing(venue_symbol(known), _class_of(known), known) for known in data.instruments
    )
    owned = plain(decimal(cash, "cash", least=0, most=RICHEST))
    coins = dialect == "binance"
    if coins and listed[0]["asset_class"] != "crypto":
        raise ParameterError(
            f"Binance lists no {listed[0]['symbol']}",
            field="dialect",
            remedy='use "alpaca", or a recording of coins',
        )
    account: dict[str, Any] = {
        "dialect": dialect,
        "key": f"PK{secrets.token_hex(9).upper()}",
        "secret": secrets.token_urlsafe(30),
        "public_key": None,
        "cash": "0" if coins else owned,
        "balances": [("USDT", owned)] if coins else [],
    }
    return VenueConfig(
        accounts=(account,),
        instruments=listed,
        recordings=((data, list(range(len(listed)))),),
        speed=float(speed),
        seed=seed,
        repeat=repeat,
        alpaca_port=None if coins else port,
        binance_port=port if coins else None,
        admin_port=admin_port,
        assumptions=assumptions or SimVenue(),
    )


def read_venue_config(path: str | Path) -> VenueConfig:
    """Read a ``venue.toml``.

    Parameters
    ----------
    path : path-like
        Data files in it are taken from its folder.

    Raises
    ------
    ConfigError
        An unknown key, a wrong type or range, a dialect that is not spoken yet.
    DataError
        Recorded data that cannot be used.

    Examples
    --------
    >>> read_venue_config("no_such_file.toml")
    Traceback (most recent call last):
    ...
    py_rt.errors.ConfigError: there is no such file; file no_such_file.toml; check the path
    """
    document = read_document(path, _SECTIONS)
    _refuse_later(document)
    venue = document.section("venue", _VENUE)
    if venue["alpaca_port"] is None and venue["binance_port"] is None:
        remedy = "add alpaca_port or binance_port; 0 is any free port"
        raise document.error("no dialect listens", "venue", remedy=remedy)
    accounts = tuple(read_account(document, i) for i in range(document.tables("account")))
    if not accounts:
        raise document.error("nobody can trade", "account", remedy="add an [[account]]")
    count = document.tables("instrument")
    if not count:
        raise document.error("nothing is listed", "instrument", remedy="add an [[instrument]]")
    instruments, recordings = [], []
    for index in range(count):
        entry = document.section("instrument", _INSTRUMENT, index)
        listed, data, place = _instrument(document, entry, index, Path(path).resolve().parent)
        # Binance writes eight decimals: what trades there trades in whole steps.
        made_up = data is None and entry["lot_size"] is None
        if made_up and entry["asset_class"] == "crypto" and venue["binance_port"] is not None:
            listed["lot_size"] = _COIN_STEP
        instruments.append(listed)
        if data is not None:
            places: list[int | None] = [None] * len(data.instruments)
            places[place] = index
            recordings.append((data, places))
    # A virtual clock is set for a session; by the wall clock there would be none at most hours.
    by_clock = "ignored" if venue["clock"] == "wall" else "kept"
    return VenueConfig(
        accounts=accounts,
        instruments=tuple(instruments),
        recordings=tuple(recordings),
        start_ns=_clock(document, venue["clock"]),
        speed=float(venue["speed"]),
        seed=venue["seed"],
        repeat=venue["repeat"],
        keep_sessions=(venue["sessions"] or by_clock) == "kept",
        alpaca_port=venue["alpaca_port"],
        binance_port=venue["binance_port"],
        admin_port=venue["admin_port"],
        maker_bps=venue["maker_bps"],
        taker_bps=venue["taker_bps"],
    )


def serve(config: VenueConfig, on_ready: Callable[[dict[str, Any]], None]) -> None:
    """Run the venue until Ctrl-C or SIGTERM.

    Parameters
    ----------
    config : VenueConfig
    on_ready : callable
        Called once when it listens with ``ready admin key secret`` and the address of each dialect
        that is spoken, ``alpaca`` and ``binance``.

    Raises
    ------
    VenueError
        A port is taken.
    """
    import py_rt._core as _core

    first = config.accounts[0]

    def announce(addresses: Mapping[str, Any]) -> None:
        on_ready(
            {
                "ready": True,
                **{name: addresses[name] for name in _DIALECTS if name in addresses},
                "admin": addresses["admin"],
                "key": first["key"],
                "secret": first["secret"],
            }
        )

    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _core.serve_venue(config.to_core(), announce)
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)


def venue_symbol(instrument: Instrument, dialect: str = "alpaca") -> str:
    """Return how the venue writes a recorded symbol.

    Examples
    --------
    >>> from py_rt.market import Instrument
    >>> coin = Instrument("BTCUSDT", tick_size="0.01", lot_size="0.00001", asset_class="crypto")
    >>> venue_symbol(coin), venue_symbol(coin, "binance")
    ('BTC/USD', 'BTCUSDT')
    """
    symbol = instrument.symbol
    if instrument.asset_class != "crypto":
        return symbol
    if "/" not in symbol:
        quotes = (quote for quote in _QUOTED if symbol.endswith(quote) and symbol != quote)
        if quote := next(quotes, None):
            symbol = f"{symbol.removesuffix(quote).rstrip('-')}/USD"
    if dialect == "binance":
        base, _, quote = symbol.partition("/")
        return base + ("USDT" if quote == "USD" else quote)
    return symbol


def _class_of(instrument: Instrument) -> str:
    return "crypto" if instrument.asset_class == "crypto" else "us_equity"


def _listing(symbol: str, asset_class: str, known: Instrument | None) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "asset_class": asset_class,
        "tick_size": known.tick_size if known else "0.01",
        "lot_size": known.lot_size if known else "0.000000001",
        "min_qty": known.min_qty if known else "0",
        "min_notional": known.min_notional if known else "0",
        "shortable": asset_class == "us_equity",
        "binance_symbol": None,
        "synthetic": None,
    }


def _with_book(found: Any, source: str) -> MarketData:
    from py_rt.data import load

    data = load(found)
    if not {"depth", "quote"} & set(data.kinds):
        kinds = ", ".join(data.kinds) or "empty"
        raise DataError(
            f"the venue needs an order book or quotes; these are {kinds}",
            field="data",
            source=source,
            remedy="use sample:btcusdt_l2, or a [[instrument]] with a synthetic market",
        )
    return data


def _refuse_later(document: Document) -> None:
    section = document.values.get("venue", {})
    for key in _LATER:
        if isinstance(section, dict) and key in section:
            raise document.error(
                f"the venue does not speak {key.removesuffix('_port')} in this version",
                f"venue.{key}",
                remedy="leave it out; alpaca_port and binance_port are spoken",
            )


def _instrument(
    document: Document, entry: Mapping[str, Any], index: int, folder: Path
) -> tuple[dict[str, Any], MarketData | None, int]:
    """Return the listing, its recorded data if it has some, and its number in them."""
    kind = entry["market"].get("kind")
    nested = Document(document.path, document.text, {"market": entry["market"]})
    data: MarketData | None = None
    known, place, synthetic = None, 0, None
    try:
        if kind == "recorded":
            market = nested.section("market", _RECORDED)
            data = _recording(market["data"], folder)
            place = _place(data, entry, market["symbol"])
            known = data.instruments[place]
        else:
            market = nested.section("market", _SYNTHETIC)
            synthetic = {name: market[name] for name in _SYNTHETIC if name != "kind"}
            synthetic["volatility"] = float(market["volatility"])
            synthetic["events_per_s"] = float(market["events_per_s"])
    except ConfigError as error:
        field_name = f"instrument[{index}].{error.field}"
        raise document.error(error.what, field_name, error.remedy) from None
    listed = _listing(entry["symbol"], entry["asset_class"], known)
    for name in ("tick_size", "lot_size", "min_qty", "min_notional", "binance_symbol"):
        if entry[name] is not None:
            listed[name] = entry[name]
    shortable = entry["shortable"] and entry["asset_class"] == "us_equity"
    return {**listed, "shortable": shortable, "synthetic": synthetic}, data, place


def _recording(source: str, folder: Path) -> MarketData:
    beside = folder / source
    found = source if source.startswith("sample:") or not beside.exists() else str(beside)
    return _with_book(found, source)


def _place(data: MarketData, entry: Mapping[str, Any], named: str | None) -> int:
    """Find the recorded symbol that an instrument is played from."""
    base = entry["symbol"].replace("/", "")
    wanted = [named] if named else [entry["binance_symbol"], entry["symbol"], base, f"{base}T"]
    for symbol in wanted:
        if symbol in data.symbols:
            return data.symbols.index(symbol)
    if named is None and len(data.symbols) == 1:
        return 0
    raise DataError(
        f"the recording has no {named or entry['symbol']}",
        field="market.symbol",
        remedy=f'write symbol = "..." in market; it has {", ".join(data.symbols[:20])}',
    )


def _clock(document: Document, written: str) -> int | None:
    if written == "wall":
        return None
    try:
        return to_ns(written, "clock")
    except ParameterError as error:
        raise document.error(error.what, "venue.clock", error.remedy) from None
