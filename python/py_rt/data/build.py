"""Tables become market data: instruments from the decimals, prices to ticks, rows in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from py_rt._layout import join_rows
from py_rt._parameters import unknown_name
from py_rt._scales import Floats, count_decimals, to_units
from py_rt.data.quality import IssueLog
from py_rt.data.tables import Table
from py_rt.errors import ParameterError
from py_rt.market import (
    BAR_DTYPE,
    BUY,
    CLEAR,
    EVENT_DTYPE,
    FLAG_END,
    FLAG_INVALID,
    QUOTE,
    SELL,
    SNAPSHOT,
    TRADE,
    Instrument,
    MarketData,
)

__all__ = ["Instruments", "build_market", "overrule", "step_of"]

Instruments = Sequence[Instrument] | Mapping[str, Instrument | Mapping[str, Any]]
Rows = npt.NDArray[np.void]
MOST_DECIMALS = 9
DAY = 86_400_000_000_000
_PRICES = ("open", "high", "low", "close", "price", "bid_price", "ask_price")
_QTYS = ("qty", "bid_qty", "ask_qty", "volume")
_COINS = ("BTC", "ETH", "SOL", "XRP", "DOGE", "LTC", "ADA", "BNB")


def build_market(
    tables: Sequence[Table],
    name: str,
    given: Instruments | None,
    log: IssueLog,
    fields: Mapping[str, Any] | None = None,
) -> MarketData:
    """Turn checked tables into one ``MarketData``; ``fields`` are those of every instrument.

    Raises
    ------
    DataError
        A price does not lie on the tick of an instrument that was given.
    ParameterError
        ``instruments`` is not what it should be.
    """
    symbols = sorted({table.symbols[code] for table in tables for code in np.unique(table.codes)})
    inferred = _inferred(tables, symbols, log)
    if fields:
        inferred = {symbol: one.with_fields(**fields) for symbol, one in inferred.items()}
    known = overrule(inferred, given, log)
    place = {symbol: at for at, symbol in enumerate(symbols)}
    events, bars = [], []
    for table in tables:
        number = np.array([place.get(symbol, 0) for symbol in table.symbols])
        index = number[table.codes]
        if table.kind == "bar":
            bars.append(_bars(table, index, known, log))
        elif table.kind == "quote":
            events.append(_quotes(table, index, known, log))
        else:
            events.append(_events(table, index, known, log))
    return MarketData(
        _merged(events, "ts_recv"), _merged(bars, "ts_close"), known, name, "", log.notes
    )


def _merged(parts: list[Rows], clock: str) -> Rows | None:
    if not parts:
        return None
    rows = join_rows(parts, parts[0].dtype)
    if (np.diff(rows[clock]) >= 0).all():
        return rows
    keys = (rows["instrument"], rows[clock]) if clock == "ts_close" else (rows[clock],)
    return rows[np.lexsort(keys)]


def overrule(
    inferred: Mapping[str, Instrument],
    given: Instruments | None,
    log: IssueLog,
    *,
    guessed: bool = True,
) -> tuple[Instrument, ...]:
    """Put what the caller gave in the place of what was inferred.

    Parameters
    ----------
    inferred : mapping of str to Instrument
    given : sequence or mapping
        See ``load``.
    log : IssueLog
        Gets a note for each that was not given.
    guessed : bool
        False where the source itself says what its instruments are: nothing is noted of them.

    Raises
    ------
    ParameterError
        ``given`` is not what it should be.
    """
    chosen = _given(given)
    stray = sorted(set(chosen) - set(inferred))
    if stray:
        log.note(f"instruments that the data do not hold: {', '.join(stray)}")
    out = []
    for symbol, base in inferred.items():
        override = chosen.get(symbol)
        if isinstance(override, Instrument):
            out.append(override)
            continue
        out.append(_overridden(base, override) if override else base)
    shown = [s for s in out if s.symbol not in chosen] if guessed else []
    for instrument in shown[:8]:
        log.note(
            f"{instrument.symbol}: tick {instrument.tick_size}, lot {instrument.lot_size} "
            "inferred from the decimals (override with instruments=)"
        )
    if len(shown) > 8:
        log.note(f"and {len(shown) - 8} more instruments inferred")
    return tuple(out)


def _overridden(base: Instrument, changes: Any) -> Instrument:
    """Return an inferred instrument with what the caller knows better."""
    known = base.to_dict()
    if not isinstance(changes, Mapping):
        raise ParameterError(
            f"{type(changes).__name__} is neither an Instrument nor fields of one",
            field="instruments",
            symbol=base.symbol,
            remedy="pass {'AAPL': {'tick_size': '0.01'}}",
        )
    for name in changes:
        if name not in known:
            raise unknown_name("Instrument", str(name), known, what="field")
    return base.with_fields(**changes)


def _given(given: Instruments | None) -> dict[str, Any]:
    if given is None:
        return {}
    if isinstance(given, Mapping):
        return dict(given)
    if isinstance(given, Instrument):
        given = [given]
    if not all(isinstance(entry, Instrument) for entry in given):
        raise ParameterError(
            "holds something that is no Instrument",
            field="instruments",
            remedy="pass py_rt.market.Instrument objects, or {'AAPL': {'tick_size': '0.01'}}",
        )
    return {entry.symbol: entry for entry in given}


def _inferred(tables: Sequence[Table], symbols: list[str], log: IssueLog) -> dict[str, Instrument]:
    places = {symbol: [0, 0] for symbol in symbols}
    ever = np.concatenate([table.clock for table in tables])
    days = (ever // DAY + 4) % 7  # 1970-01-01 was a Thursday: 0 is Sunday, 6 Saturday
    sessions = not bool((days == 6).mean() > 0.02) or all(t.stamp == "date" for t in tables)
    for table in tables:
        for slot, names in ((0, _PRICES), (1, _QTYS)):
            for name in (n for n in names if n in table.numbers):
                _count_places(table, table.numbers[name], name, places, slot, log)
    return {
        symbol: Instrument(
            symbol,
            tick_size=step_of(tick),
            lot_size=step_of(lot),
            asset_class="crypto" if _is_coin(symbol) else "equity" if sessions else "other",
            sessions=sessions and not _is_coin(symbol),
        )
        for symbol, (tick, lot) in places.items()
    }


def _is_coin(symbol: str) -> bool:
    upper = symbol.upper().replace("-", "/").replace("_", "/")
    quoted = upper.endswith(("USD", "USDT", "USDC", "EUR", "BTC"))
    return upper != "BTC" and quoted and upper.startswith(_COINS) and upper not in _COINS


def _count_places(
    table: Table,
    values: Floats,
    name: str,
    places: dict[str, list[int]],
    slot: int,
    log: IssueLog,
) -> None:
    usable = np.isfinite(values)
    needed = count_decimals(values[usable], MOST_DECIMALS)
    most = np.zeros(len(table.symbols), dtype=np.int64)
    for decimals in range(1, MOST_DECIMALS + 2):
        most[np.unique(table.codes[usable][needed == decimals])] = decimals
    if name != "volume" and (most > MOST_DECIMALS).any():
        log.note(f"{name}: more than {MOST_DECIMALS} decimals; rounded to {MOST_DECIMALS}")
    for symbol, decimals in zip(table.symbols, most.tolist(), strict=True):
        if symbol in places:
            places[symbol][slot] = max(places[symbol][slot], min(decimals, MOST_DECIMALS))


def step_of(decimals: int) -> str:
    """Write 10**-decimals as decimal text."""
    return "1" if decimals == 0 else "0." + "0" * (decimals - 1) + "1"


def _units(
    table: Table,
    name: str,
    index: npt.NDArray[np.intp],
    known: Sequence[Instrument],
    size: str,
    log: IssueLog,
) -> npt.NDArray[np.int64]:
    values = np.where(np.isfinite(table.numbers[name]), table.numbers[name], 0.0)
    out = np.zeros(values.size, dtype=np.int64)
    for text in sorted({str(getattr(instrument, size)) for instrument in known}):
        mine = np.array([getattr(instrument, size) == text for instrument in known])[index]
        if np.abs(values[mine]).max(initial=0.0) / float(text) >= 2.0**62:
            raise log.refuse(
                "schema",
                f"{name} is too large for {size} {text}",
                "check the units, or pass a coarser size with instruments=",
                rows=table.rows[mine][[int(np.argmax(np.abs(values[mine])))]],
                column=name,
            )
        out[mine], off = to_units(values[mine], text, size)
        off &= np.abs(values[mine] - out[mine] * float(text)) > 0.5 * 10.0**-MOST_DECIMALS
        if off.any():
            row = int(np.flatnonzero(mine)[int(np.argmax(off))])
            raise log.refuse(
                "schema",
                f"{name} {values[row]:.12g} is not a multiple of {size} {text}",
                f"pass a finer {size} with instruments=, or round the column",
                rows=table.rows[mine][off],
                symbol=known[int(index[row])].symbol,
                column=name,
            )
    return out


def _bars(
    table: Table, index: npt.NDArray[np.intp], known: Sequence[Instrument], log: IssueLog
) -> Rows:
    bars = np.zeros(len(table), dtype=BAR_DTYPE)
    bars["instrument"] = index
    bars["ts_open"], bars["ts_close"] = table.times["ts_open"], table.times["ts_close"]
    for name in ("open", "high", "low", "close"):
        bars[name] = _units(table, name, index, known, "tick_size", log)
    bars["volume"] = table.numbers["volume"]
    return bars


def _events(
    table: Table, index: npt.NDArray[np.intp], known: Sequence[Instrument], log: IssueLog
) -> Rows:
    rows = np.zeros(len(table), dtype=EVENT_DTYPE)
    rows["instrument"] = index
    rows["ts_event"], rows["ts_recv"] = table.times["ts_event"], table.times["ts_recv"]
    rows["kind"] = TRADE if table.row_kind is None else table.row_kind
    rows["side"] = 0 if table.side is None else table.side
    rows["price"] = _units(table, "price", index, known, "tick_size", log)
    rows["qty"] = _units(table, "qty", index, known, "lot_size", log)
    cleared = rows["kind"] == CLEAR
    rows["price"][cleared] = rows["qty"][cleared] = 0
    if table.flags is not None:
        rows["flags"] = table.flags
        return _sorted_events(rows)
    rows = _sorted_events(rows)
    return _marked(rows, log) if table.kind == "level2" else _all_ends(rows)


def _sorted_events(rows: Rows) -> Rows:
    return rows[np.argsort(rows["ts_recv"], kind="stable")]


def _all_ends(rows: Rows) -> Rows:
    rows["flags"] = FLAG_END
    return rows


def _marked(rows: Rows, log: IssueLog) -> Rows:
    """Mark message ends (rows of one symbol, time and sort) and books not yet whole."""
    fresh = np.zeros(rows.size, dtype=np.bool_)
    for name in ("ts_event", "ts_recv", "instrument"):
        fresh |= np.diff(rows[name], prepend=rows[name][:1]) != 0
    trade = rows["kind"] == TRADE
    fresh |= trade | np.concatenate([[False], trade[:-1]])
    whole = (rows["kind"] == SNAPSHOT) | (rows["kind"] == CLEAR)
    diff_before = np.concatenate([[False], ~whole[:-1]])
    fresh |= (rows["kind"] == CLEAR) & diff_before
    ends = np.concatenate([fresh[1:], [True]])
    rows["flags"] = np.where(ends, FLAG_END, 0)
    for number in np.unique(rows["instrument"]):
        mine = np.flatnonzero((rows["instrument"] == number) & ~trade)
        starts = np.flatnonzero(whole[mine])
        if starts.size and starts[0] > 0:
            rows["flags"][mine[: starts[0]]] |= FLAG_INVALID
            log.note(f"{starts[0]} depth rows come before the first snapshot: the book is invalid")
    return rows


def _quotes(
    table: Table, index: npt.NDArray[np.intp], known: Sequence[Instrument], log: IssueLog
) -> Rows:
    """Lay each quote out as a bid row and an ask row; quantity 0 says that the side is absent."""
    pairs = np.zeros((len(table), 2), dtype=EVENT_DTYPE)
    pairs["kind"] = QUOTE
    pairs["instrument"] = index[:, None]
    for name in ("ts_event", "ts_recv"):
        pairs[name] = table.times[name][:, None]
    for column, (side, word) in enumerate(((BUY, "bid"), (SELL, "ask"))):
        pairs["side"][:, column] = side
        price = _units(table, f"{word}_price", index, known, "tick_size", log)
        pairs["price"][:, column] = price
        if f"{word}_qty" in table.numbers:
            qty = _units(table, f"{word}_qty", index, known, "lot_size", log)
        else:
            qty = np.ones(len(table), dtype=np.int64)
        pairs["qty"][:, column] = np.where(price > 0, qty, 0)
    pairs["flags"][:, 1] = FLAG_END
    order = np.argsort(table.times["ts_recv"], kind="stable")
    return pairs[order].ravel()
