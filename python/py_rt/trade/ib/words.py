"""TWS's words in Alpaca's, and back: ids, states, prices, refusals. Values only.

TWS's numbers come as floats; the shortest text that gives a float back is the text that TWS wrote,
as long as it had fifteen digits at most, so `plain` loses nothing.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

__all__ = [
    "CANCEL_REFUSED",
    "NEW_REFUSED",
    "REPLACE_REFUSED",
    "Execution",
    "Standing",
    "exec_uuid",
    "iso",
    "order_uuid",
    "perm_id",
    "plain",
    "refusal_text",
    "without_correction",
    "without_revision",
]

NEW_REFUSED = frozenset({109, 110, 200, 201, 203, 321, 387, 388, 434, 436})
"""Codes after which TWS has no such order. Any other code leaves a new order unanswered."""

REPLACE_REFUSED = frozenset({104, 105, 109, 110, 321, 329})
"""Codes after which the order stands as it was, or is over already."""

CANCEL_REFUSED = frozenset({135, 136, 161, 10147, 10148})
"""Codes after which a cancel is not possible: the order is over, or not known by this id."""

_KINDS = {"market": "MKT", "limit": "LMT", "stop": "STP", "stop_limit": "STP LMT"}
_KIND_WORDS = {word: name for name, word in _KINDS.items()}
_STATES = {
    "ApiPending": "pending_new",
    "PendingSubmit": "pending_new",
    "PreSubmitted": "new",
    "Submitted": "new",
    "PendingCancel": "pending_cancel",
    "ApiCancelled": "canceled",
    "Cancelled": "canceled",
    "Filled": "filled",
    # Refused, or waiting for something: only a code tells, so it counts as open.
    "Inactive": "suspended",
}
_UNSET = 1.7976931348623157e308
_EXEC = re.compile(r"([0-9a-fA-F]{8})\.([0-9a-fA-F]{8})\.([0-9a-fA-F]{2})\.([0-9a-fA-F]{2})")
_REVISED = re.compile(r"(rt-[a-z2-7]{8}-\d+)-\d+")
_EXEC_MARK = "545753008000"


def plain(value: float | Decimal) -> str:
    """Return a number as decimal text without exponent.

    Examples
    --------
    >>> plain(190.01), plain(100.0), plain(1e-05), plain(Decimal("2.50"))
    ('190.01', '100', '0.00001', '2.5')
    """
    number = value if isinstance(value, Decimal) else Decimal(repr(float(value)))
    text = format(number, "f")
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def iso(moment: datetime | float) -> str:
    """Return a moment as RFC 3339.

    Examples
    --------
    >>> iso(0.5)
    '1970-01-01T00:00:00.500000Z'
    """
    if not isinstance(moment, datetime):
        moment = datetime.fromtimestamp(moment, UTC)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def order_uuid(perm: int) -> str:
    """Return the UUID of an order, from TWS's permanent id.

    Examples
    --------
    >>> order_uuid(1713592045), perm_id(order_uuid(1713592045))
    ('00000000-0000-0000-0000-0000662356ed', 1713592045)
    """
    return _uuid(format(perm & (2**64 - 1), "032x"))


def perm_id(text: str) -> int | None:
    """Return TWS's permanent id in a UUID of `order_uuid`; None for any other."""
    digits = text.replace("-", "")
    if len(digits) != 32 or not digits.startswith("0" * 16):
        return None
    try:
        value = int(digits, 16)
    except ValueError:
        return None
    return value - 2**64 if value >= 2**63 else value


def exec_uuid(exec_id: str) -> str:
    """Return the UUID of an execution, from which the usual form of TWS's id can be read again.

    Examples
    --------
    >>> exec_uuid("00025b46.63f8ed4d.01.01")
    '54575300-8000-0002-5b46-63f8ed4d0101'
    >>> exec_uuid("manual-1") == exec_uuid("manual-1") != exec_uuid("manual-2")
    True
    """
    usual = _EXEC.fullmatch(exec_id)
    if usual is None:
        return _uuid(hashlib.sha256(exec_id.encode()).hexdigest()[:32])
    return _uuid(_EXEC_MARK + "".join(usual.groups()).lower())


def without_correction(exec_id: str) -> tuple[str, str]:
    """Return what an execution shares with its corrections, and which one of them it is.

    Examples
    --------
    >>> without_correction("00025b46.63f8ed4d.01.02")
    ('00025b46.63f8ed4d.01', '02')
    """
    head, _, tail = exec_id.rpartition(".")
    return head, tail


def without_revision(ref: str) -> str:
    """Return an id of ours as it was first sent: TWS keeps the reference of an order it changes.

    Examples
    --------
    >>> without_revision("rt-abcdef27-5-2"), without_revision("rt-abcdef27-5")
    ('rt-abcdef27-5', 'rt-abcdef27-5')
    """
    found = _REVISED.fullmatch(ref)
    return found[1] if found else ref


def refusal_text(code: int, text: str) -> str:
    """Return a refusal in words from which the session reads its reason.

    Examples
    --------
    >>> refusal_text(201, "Order rejected - reason:Available Funds are insufficient")
    'insufficient funds: 201 Order rejected - reason:Available Funds are insufficient'
    """
    low = text.lower()
    poor = "insufficient" in low or "available funds" in low or "margin" in low
    return f"{'insufficient funds: ' if poor else ''}{code} {text}"


def _uuid(digits: str) -> str:
    cuts = (0, 8, 12, 16, 20, 32)
    return "-".join(digits[begin:end] for begin, end in pairwise(cuts))


@dataclass
class Standing:
    """An order as TWS tells it: its terms, and how it stands."""

    perm: int
    order_id: int
    client_id: int
    ref: str
    symbol: str
    action: str
    qty: str
    kind: str
    tif: str
    limit: str | None
    stop: str | None
    status: str
    filled: str = "0"

    @classmethod
    def of(cls, order: Any, contract: Any, status: str) -> Standing:
        """Read what TWS says of an order, open or completed."""
        filled = order.filledQuantity
        return cls(
            perm=order.permId,
            order_id=order.orderId,
            client_id=order.clientId,
            ref=order.orderRef,
            symbol=contract.symbol,
            action=order.action,
            qty=plain(order.totalQuantity),
            kind=order.orderType,
            tif=order.tif,
            limit=_price(order.lmtPrice) if "LMT" in order.orderType else None,
            stop=_price(order.auxPrice) if "STP" in order.orderType else None,
            status=status,
            filled="0" if filled in (None, _UNSET) else plain(filled),
        )

    @property
    def state(self) -> str:
        """How it stands, in Alpaca's words."""
        return _STATES.get(self.status, self.status.lower())

    def has_terms(self, qty: str, limit: str | None) -> bool:
        """Return whether quantity and limit are these."""
        return Decimal(self.qty) == Decimal(qty) and (
            limit is None or (self.limit is not None and Decimal(self.limit) == Decimal(limit))
        )

    def to_json(self, now: float, filled: str | None = None, state: str | None = None) -> Any:
        """Return the order in Alpaca's words."""
        return {
            "id": order_uuid(self.perm),
            "client_order_id": self.ref or f"tws-{self.perm}",
            "symbol": self.symbol,
            "side": "buy" if self.action == "BUY" else "sell",
            "type": _KIND_WORDS.get(self.kind, self.kind.lower()),
            "time_in_force": self.tif.lower(),
            "qty": self.qty,
            "filled_qty": self.filled if filled is None else filled,
            "limit_price": self.limit,
            "stop_price": self.stop,
            "status": state or self.state,
            "replaces": None,
            "replaced_by": None,
            "updated_at": iso(now),
        }


def _price(value: float | None) -> str | None:
    return None if value is None or value == _UNSET else plain(value)


@dataclass
class Execution:
    """An execution as TWS tells it; its fee comes in a message of its own."""

    exec_id: str
    perm: int
    ref: str
    symbol: str
    side: str
    qty: str
    price: str
    cum: str
    at: datetime
    maker: bool

    @classmethod
    def of(cls, contract: Any, raw: Any) -> Execution:
        """Read a message of TWS."""
        return cls(
            exec_id=raw.execId,
            perm=raw.permId,
            ref=raw.orderRef,
            symbol=contract.symbol,
            side="buy" if raw.side == "BOT" else "sell",
            qty=plain(raw.shares),
            price=plain(raw.price),
            cum=plain(raw.cumQty),
            at=raw.time,
            maker=raw.lastLiquidity == 1,
        )

    def _both(self, fee: str) -> dict[str, Any]:
        liquidity = "maker" if self.maker else "taker"
        return {"qty": self.qty, "price": self.price, "fee": fee, "liquidity": liquidity}

    def to_row(self, fee: str) -> dict[str, Any]:
        """Return a row of the list of executions."""
        name = exec_uuid(self.exec_id)
        return {
            "id": f"{self.at.astimezone(UTC).strftime('%Y%m%d%H%M%S')}000::{name}",
            "activity_type": "FILL",
            "transaction_time": iso(self.at),
            "side": self.side,
            "symbol": self.symbol,
            "order_id": order_uuid(self.perm),
            "cum_qty": self.cum,
            **self._both(fee),
        }

    def to_update(self, order: Standing, fee: str, now: float) -> dict[str, Any]:
        """Return the message of the account's stream."""
        whole = Decimal(self.cum) >= Decimal(order.qty)
        state = "filled" if whole else "partially_filled"
        return {
            "event": "fill" if whole else "partial_fill",
            "execution_id": exec_uuid(self.exec_id),
            "timestamp": iso(self.at),
            "order": order.to_json(now, self.cum, state),
            **self._both(fee),
        }


def order_of(body: dict[str, Any], make: Any, account: str) -> Any:
    """Return TWS's order for a request in Alpaca's words; `make` is ``ib_async.Order``."""
    kind = _KINDS[body["type"]]
    order = make(
        action=body["side"].upper(),
        totalQuantity=float(body["qty"]),
        orderType=kind,
        tif=body["time_in_force"].upper(),
        orderRef=body["client_order_id"],
        account=account,
        transmit=True,
    )
    if body.get("limit_price") is not None:
        order.lmtPrice = float(body["limit_price"])
    if body.get("stop_price") is not None:
        order.auxPrice = float(body["stop_price"])
    return order
