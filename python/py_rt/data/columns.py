"""Which column is which: names are guessed from habit, shown in the notes, and can be given."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from py_rt.data.quality import IssueLog

__all__ = ["BLANKS", "EXPECTED", "Layout", "is_known", "recognise", "time_column"]

_NAMES: dict[str, tuple[str, ...]] = {
    "symbol": ("symbol", "ticker", "sym", "instrument", "asset", "name"),
    "ts_open": ("tsopen", "opentime", "timeopen", "bartimeopen"),
    "ts_close": ("tsclose", "closetime", "timeclose"),
    "ts_event": (
        *("tsevent", "ts", "timestamp", "datetime", "timestamputc", "timeutc", "dt", "time", "t"),
        *(
            "date",
            "tradedate",
            "quotedate",
            "timeperiod",
            "tsns",
            "tsms",
            "tsus",
            "exchtimestamp",
            "unnamed0",
            "index",
        ),
    ),
    "ts_recv": ("tsrecv", "localtimestamp", "recvtime", "receivetime", "localts"),
    "kind": ("kind", "eventtype", "rowkind"),
    "side": ("side", "aggressor", "aggressorside", "takerside", "direction"),
    "price": ("price", "px", "lastprice", "tradeprice"),
    "qty": ("qty", "quantity", "size", "amount", "lastqty", "tradesize"),
    "flags": ("flags",),
    "id": ("tradeid", "id", "tid", "matchid", "execid"),
    "open": ("open", "o", "openprice"),
    "high": ("high", "h", "highprice"),
    "low": ("low", "l", "lowprice"),
    "close": ("close", "c", "closeprice", "last"),
    "volume": ("volume", "vol", "v", "basevolume"),
    "bid_price": ("bidprice", "bid", "bidpx", "bestbid", "bestbidprice"),
    "bid_qty": ("bidqty", "bidsize", "bidsiz", "bidsz", "bidamount", "bidvolume", "bestbidqty"),
    "ask_price": ("askprice", "ask", "askpx", "ofr", "offer", "bestask", "bestaskprice"),
    "ask_qty": ("askqty", "asksize", "ofrsiz", "asksz", "askamount", "askvolume", "bestaskqty"),
}

BLANKS = ("nan", "", "null", "na", "none", ".", "-", "n/a", "#n/a")
"""How tables write that a number is missing, in lower case."""
EXPECTED = {
    "bar": ("symbol", "ts", "open", "high", "low", "close", "volume"),
    "trade": ("symbol", "ts_event", "price", "qty", "side"),
    "quote": ("symbol", "ts_event", "bid_price", "bid_qty", "ask_price", "ask_qty"),
    "level2": ("symbol", "kind", "ts_event", "ts_recv", "side", "price", "qty"),
}
_REQUIRED = {
    "bar": ("open", "high", "low", "close"),
    "trade": ("price", "qty"),
    "quote": ("bid_price", "ask_price"),
    "level2": ("kind", "side", "price", "qty"),
}
_OPTIONAL = {
    "bar": ("symbol", "volume"),
    "trade": ("symbol", "ts_recv", "side", "id"),
    "quote": ("symbol", "ts_recv", "bid_qty", "ask_qty"),
    "level2": ("symbol", "ts_recv", "flags"),
}


@dataclass(frozen=True)
class Layout:
    """What kind of table it is, and which of its columns plays which part."""

    kind: str
    columns: dict[str, object]
    """Our name -> the table's own column; time is ``ts_event``, or ``ts_open``/``ts_close``."""
    unused: tuple[str, ...]


def recognise(
    present: Sequence[object], given: Mapping[str, str] | None, kind: str | None, log: IssueLog
) -> Layout:
    """Find the parts among the columns of a table.

    Parameters
    ----------
    present : sequence
        Column names of the table.
    given : mapping, optional
        Our name -> the table's name, for those that the habit does not know.
    kind : {"bar", "trade", "quote", "level2"}, optional
        Forced by the caller; else recognised.

    Raises
    ------
    DataError
        A needed column is missing; lists what is present and what was expected.
    """
    found = _matched(present, given or {}, log)
    kind = kind or _kind_of(found)
    if kind is None:
        raise _missing(present, "no kind of table fits", log)
    needed = list(_REQUIRED[kind])
    if kind == "bar" and "close" in found and not {"open", "high", "low"} & set(found):
        needed = ["close"]
        log.note("closes only: open = high = low = close")
    if kind == "trade" and "qty" not in found and "volume" in found:
        found["qty"] = found.pop("volume")
    lacking = [name for name in needed if name not in found]
    times = [name for name in ("ts_event", "ts_open", "ts_close") if name in found]
    if not times:
        lacking.insert(0, "ts")
    if lacking:
        raise _missing(present, f"missing {', '.join(lacking)}", log, kind)
    kept = [*times, *needed, *(name for name in _OPTIONAL[kind] if name in found)]
    columns = {name: found[name] for name in kept}
    renamed = [f"{theirs} -> {ours}" for ours, theirs in columns.items() if theirs != ours]
    if renamed:
        log.note(f"columns read as: {', '.join(renamed)}")
    used = set(map(str, columns.values()))
    unused = tuple(str(name) for name in present if str(name) not in used)
    if unused:
        log.note(f"columns left out: {', '.join(unused)}")
    return Layout(kind, columns, unused)


def _key(name: object) -> str:
    return re.sub(r"[^a-z0-9]", "", str(name).lower())


def is_known(name: object) -> bool:
    """Say whether a column's name is one that tells what kind of table it is."""
    telling = ("symbol", "kind", "price", "open", "high", "low", "close", "bid_price", "ask_price")
    return any(_key(name) in _NAMES[part] for part in telling if len(_key(name)) > 1)


def time_column(present: Sequence[object], given: Mapping[str, str] | None) -> object | None:
    """Return the column that holds the time of a row; None when there is none."""
    asked = {**(given or {})}
    named = asked.get("ts", asked.get("ts_event"))
    if named is not None:
        return named if named in present else None
    keys = {_key(name): name for name in reversed(present)}
    return next((keys[habit] for habit in _NAMES["ts_event"] if habit in keys), None)


def _matched(
    present: Sequence[object], given: Mapping[str, str], log: IssueLog
) -> dict[str, object]:
    twice = next((name for name in present if list(present).count(name) > 1), None)
    if twice is not None:
        raise log.refuse(
            "schema", f"there are two columns {twice}", "rename or drop one", column=str(twice)
        )
    keys: dict[str, object] = {}
    for name in present:
        keys.setdefault(_key(name), name)
    found: dict[str, object] = {}
    for asked, theirs in given.items():
        ours = "ts_event" if asked == "ts" else asked
        if ours not in _NAMES or theirs not in present:
            raise log.refuse(
                "schema",
                f"columns={{{asked!r}: {theirs!r}}} fits nothing; the table has {_listed(present)}",
                f"use our names {', '.join(_NAMES)} as keys and the table's as values",
                column=str(theirs),
            )
        found[ours] = theirs
    taken = set(map(str, found.values()))
    for ours, habits in _NAMES.items():
        for habit in habits:
            if ours not in found and habit in keys and str(keys[habit]) not in taken:
                found[ours] = keys[habit]
                taken.add(str(keys[habit]))
    adjusted = keys.get("adjclose", keys.get("adjustedclose"))
    if adjusted is not None and "close" not in found:
        found["close"] = adjusted
    return found


def _kind_of(found: Mapping[str, object]) -> str | None:
    if "kind" in found and {"price", "qty"} & set(found):
        return "level2"
    if {"bid_price", "ask_price"} & set(found):
        return "quote"
    if {"open", "high", "low", "close"} & set(found):
        return "bar"
    return "trade" if "price" in found else None


def _missing(
    present: Sequence[object], what: str, log: IssueLog, kind: str | None = None
) -> Exception:
    kinds = [kind] if kind else list(EXPECTED)
    expected = "; ".join(f"{name}: {' '.join(EXPECTED[name])}" for name in kinds)
    return log.refuse(
        "schema",
        f"{what}; the columns present are {_listed(present)}; expected {expected}",
        "rename the columns, or pass columns={'close': 'your name', ...}",
        column=what.removeprefix("missing ").split(",")[0] if kind else None,
    )


def _listed(present: Sequence[object]) -> str:
    shown = ", ".join(str(name) for name in list(present)[:30])
    return shown + (", ..." if len(present) > 30 else "") if present else "none"
