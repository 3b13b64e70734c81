"""Compare the venue's truth with our books, to the last digit.

Orders are compared by the id we gave them, executions by the venue's id, positions and cash as
exact decimals. A replaced order is one order: its revisions carry the same root id.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from py_rt.errors import ConnectionLost
from py_rt.trade.store import FINAL_STATES, read_table, status_word

__all__ = ["LedgerDiff", "compare_ledger", "read_ledger"]

_OURS = re.compile(r"^(rt-[a-z2-7]{8}-\d+)(-\d+)?$")
_SECONDS = 10


@dataclass(frozen=True, slots=True)
class LedgerDiff:
    """What the comparison found.

    Attributes
    ----------
    equal : bool
        Nothing lost, duplicated or unresolved, and every number the same.
    lost : int
        Orders and executions of ours that the venue has and our books do not.
    duplicated : int
        Orders that reached the venue twice, executions booked twice, and executions in our books
        that the venue does not know.
    unresolved : int
        Orders of ours whose end our books do not know although the venue does.
    orders, fills : int
        How many were compared.
    differences : tuple of str
        Each difference in words, the first fifty.
    """

    equal: bool
    lost: int
    duplicated: int
    unresolved: int
    orders: int
    fills: int
    differences: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return {**asdict(self), "differences": list(self.differences)}


def compare_ledger(
    ledger: Mapping[str, Any], store_path: str | Path, cash: Decimal | str | None = None
) -> LedgerDiff:
    """Compare ``GET /admin/ledger`` with ``store.sqlite``.

    Parameters
    ----------
    ledger : mapping
        ``orders executions positions cash`` of the venue, decimals as text.
    store_path : path-like
        Our ``store.sqlite``.
    cash : Decimal or str, optional
        Our cash at the end, from the session's summary; compared when given.

    Raises
    ------
    JournalError
        There is no store.

    Notes
    -----
    Only orders whose id has the form of ours are asked for; a venue may have other users. Fees that
    are paid in coins leave fractions of a lot at a Binance venue: they are in no position of ours.
    """
    orders = read_table(store_path, "orders")
    fills = read_table(store_path, "fills")
    positions = read_table(store_path, "positions")
    found = _Findings()
    _compare_executions(ledger, fills, found)
    _compare_orders(ledger, orders, fills, found)
    _compare_positions(ledger, positions, found)
    if cash is not None and Decimal(str(cash)) != Decimal(ledger["cash"]):
        found.differ(f"cash: venue {ledger['cash']}, ours {cash}")
    counts = (found.lost, found.duplicated, found.unresolved)
    return LedgerDiff(
        not any(counts) and not found.texts, *counts, len(orders), len(fills), found.shown()
    )


def read_ledger(admin: str) -> dict[str, Any]:
    """Ask a paper venue for its truth.

    Parameters
    ----------
    admin : str
        The address that ``py-rt venue`` prints as ``admin``.

    Raises
    ------
    ConnectionLost
        Nobody answers there.
    """
    import urllib.request  # brings TLS and mail along; a session never asks

    url = f"{admin.rstrip('/')}/admin/ledger"
    try:
        with urllib.request.urlopen(url, timeout=_SECONDS) as answer:  # noqa: S310 - loopback
            ledger: dict[str, Any] = json.load(answer)
    except (OSError, ValueError) as error:
        raise ConnectionLost(
            f"the paper venue does not answer: {error}", field=url, remedy="is it still running?"
        ) from None
    return ledger


class _Findings:
    """Counts, and the first differences in words."""

    def __init__(self) -> None:
        self.lost = 0
        self.duplicated = 0
        self.unresolved = 0
        self.texts: list[str] = []

    def differ(self, text: str) -> None:
        self.texts.append(text)

    def shown(self) -> tuple[str, ...]:
        more = len(self.texts) - 50
        return (*self.texts[:50], *([f"and {more} more"] if more > 0 else []))


def _root(client_order_id: str) -> str | None:
    """Return the id without its revision; None when it is not one of ours."""
    match = _OURS.match(client_order_id or "")
    return match[1] if match else None


def _compare_executions(
    ledger: Mapping[str, Any], fills: list[dict[str, Any]], found: _Findings
) -> None:
    ours_there = (e for e in ledger["executions"] if _root(e["client_order_id"]))
    theirs = {e.get("trade", e["id"]): e for e in ours_there}
    ours = {fill["exec_id"]: fill for fill in fills}
    booked = Counter(fill["exec_id"] for fill in fills)
    for exec_id, times in booked.items():
        if times > 1:
            found.duplicated += times - 1
            found.differ(f"execution {exec_id}: booked {times} times")
    for exec_id in theirs.keys() - ours.keys():
        found.lost += 1
        found.differ(f"execution {exec_id}: at the venue, not in our books")
    for exec_id in ours.keys() - theirs.keys():
        found.duplicated += 1
        found.differ(f"execution {exec_id}: in our books, not at the venue")
    for exec_id in theirs.keys() & ours.keys():
        one, other = theirs[exec_id], ours[exec_id]
        if _root(one["client_order_id"]) != _root(other["client_order_id"]):
            found.differ(f"execution {exec_id}: of another order")
        if one["side"] != other["side"]:
            found.differ(f"execution {exec_id}: venue {one['side']}, ours {other['side']}")
        for theirs_name, ours_name in (
            ("qty", "last_qty"),
            ("price", "last_price"),
            ("fee", "fee"),
        ):
            if Decimal(one[theirs_name]) != Decimal(other[ours_name] or 0):
                found.differ(
                    f"execution {exec_id}: {theirs_name} venue {one[theirs_name]}, "
                    f"ours {other[ours_name]}"
                )


def _compare_orders(
    ledger: Mapping[str, Any],
    orders: list[dict[str, Any]],
    fills: list[dict[str, Any]],
    found: _Findings,
) -> None:
    sent = Counter(o["client_order_id"] for o in ledger["orders"] if _root(o["client_order_id"]))
    for client_order_id, times in sent.items():
        if times > 1:
            found.duplicated += times - 1
            found.differ(f"order {client_order_id}: {times} times at the venue")
    ours = _by_root(orders)
    theirs = _by_root(ledger["orders"])
    for root in sorted(theirs.keys() - ours.keys()):
        found.lost += 1
        found.differ(f"order {root}: at the venue, not in our books")
    filled = _quantities(fills, "last_qty")
    executed = _quantities(ledger["executions"], "qty")
    for root, rows in ours.items():
        state = status_word(rows[-1]["status"])
        at_venue = theirs.get(root)
        if at_venue is None:
            if state not in FINAL_STATES:
                found.unresolved += 1
                found.differ(f"order {root}: {rows[-1]['status']} in our books, not at the venue")
            continue
        end = status_word(at_venue[-1]["status"])
        if state not in FINAL_STATES and end in FINAL_STATES:
            found.unresolved += 1
            found.differ(f"order {root}: {rows[-1]['status']} in our books, {end} at the venue")
        elif (state in FINAL_STATES or end in FINAL_STATES) and state != end:
            found.differ(f"order {root}: {state} in our books, {end} at the venue")
        cum = max(Decimal(row["cum_qty"] or 0) for row in rows)
        for label, amount in (("fills", filled), ("venue's executions", executed)):
            if cum != amount.get(root, Decimal(0)):
                found.differ(f"order {root}: cum_qty {cum}, {label} {amount.get(root, 0)}")


def _by_root(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Group the rows of ours by root id; within one, by revision."""
    grouped: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        root = _root(row["client_order_id"])
        if root:
            grouped.setdefault(root, []).append(row)
    for revisions in grouped.values():
        revisions.sort(key=lambda row: (len(row["client_order_id"]), row["client_order_id"]))
    return grouped


def _quantities(rows: Iterable[Mapping[str, Any]], name: str) -> dict[str, Decimal]:
    total: dict[str, Decimal] = {}
    for row in rows:
        root = _root(row["client_order_id"])
        if root:
            total[root] = total.get(root, Decimal(0)) + Decimal(row[name])
    return total


def _compare_positions(
    ledger: Mapping[str, Any], positions: list[dict[str, Any]], found: _Findings
) -> None:
    by_pair = {row["symbol"] for row in positions}
    theirs: dict[str, Decimal] = {}
    steps: dict[str, Decimal] = {}
    for symbol, qty in ledger["positions"].items():
        pair = ledger.get("pairs", {}).get(symbol, {"symbol": None})
        named = pair["symbol"] if pair["symbol"] in by_pair else symbol
        theirs[_plain(named)] = Decimal(qty)
        if named == pair["symbol"]:
            steps[_plain(named)] = Decimal(pair["step"])
    ours: dict[str, Decimal] = {}
    for row in positions:
        symbol = _plain(row["symbol"])
        ours[symbol] = ours.get(symbol, Decimal(0)) + Decimal(row["qty"])
    for symbol in sorted(theirs.keys() | ours.keys()):
        one, other = theirs.get(symbol, Decimal(0)), ours.get(symbol, Decimal(0))
        if one != other and not 0 <= one - other < steps.get(symbol, Decimal(0)):
            found.differ(f"position {symbol}: venue {one}, ours {other}")


def _plain(symbol: str) -> str:
    return symbol.replace("/", "").upper()
