"""The matching engine: order flows in, reports out."""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

import numpy as np

from py_rt._core import mechanics as _core
from py_rt._layout import Rows
from py_rt._scales import Floats, Ints, from_units, parse_decimal
from py_rt.errors import ParameterError
from py_rt.mechanics._rows import structured

__all__ = [
    "COMMAND_DTYPE",
    "REASONS",
    "REPORT_DTYPE",
    "REPORT_KINDS",
    "EngineBook",
    "MatchingEngine",
]

COMMAND_DTYPE: np.dtype[np.void] = np.dtype(
    [
        ("op", "u1"),
        ("order_id", "<u8"),
        ("owner", "<u4"),
        ("side", "i1"),
        ("order_type", "u1"),
        ("tif", "u1"),
        ("flags", "u1"),
        ("price", "<i8"),
        ("qty", "<i8"),
        ("ts", "<i8"),
    ],
    align=True,
)
"""One command: ``op`` 0 new, 1 cancel, 2 replace; price in ticks, qty in lots."""

REPORT_DTYPE: np.dtype[np.void] = np.dtype(
    [
        ("kind", "u1"),
        ("order_id", "<u8"),
        ("maker_order_id", "<u8"),
        ("price", "<i8"),
        ("qty", "<i8"),
        ("leaves_qty", "<i8"),
        ("reason", "u1"),
        ("ts", "<i8"),
    ],
    align=True,
)
"""One report; ``kind`` indexes REPORT_KINDS, ``reason`` REASONS."""

REPORT_KINDS = ("accepted", "rejected", "trade", "canceled", "replaced")
REASONS = (
    "none",
    "unknown_order",
    "duplicate_id",
    "bad_qty",
    "bad_price",
    "malformed",
    "post_only",
    "fill_or_kill",
    "immediate",
    "self_trade",
    "halted",
    "auction",
    "price_band",
    "expired",
)

_OPTIONAL = frozenset(COMMAND_DTYPE.names or ()) - {"op", "order_id"}


@dataclass(frozen=True, eq=False)
class EngineBook:
    """Levels of a matching engine, best first.

    Attributes
    ----------
    bid_price, ask_price : ndarray of int64
        Ticks. Each side is as long as it has levels, at most the depth asked for.
    bid_qty, ask_qty : ndarray of int64
        Lots.
    bid_orders, ask_orders : ndarray of int64
        How many orders queue at the level.
    tick_size, lot_size : str
        What one tick and one lot are worth, as decimal text.
    """

    bid_price: Ints
    bid_qty: Ints
    bid_orders: Ints
    ask_price: Ints
    ask_qty: Ints
    ask_orders: Ints
    tick_size: str
    lot_size: str

    def __repr__(self) -> str:
        best = [
            f"{qty[0]:,} at {price[0]:,}" if price.size else "nothing"
            for price, qty in (
                (self.bid_price, self.bid_qty),
                (self.ask_price, self.ask_qty),
            )
        ]
        return f"<EngineBook bid {best[0]}, ask {best[1]}>"

    def prices(self) -> tuple[Floats, Floats]:
        """Return bid and ask prices as decimals: ticks times ``tick_size``."""
        return from_units(self.bid_price, self.tick_size), from_units(
            self.ask_price, self.tick_size
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a dict of arrays and texts."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


class MatchingEngine:
    """Match orders by price, then time.

    Prices are integer ticks and quantities integer lots throughout; an incoming order trades at
    the prices of the resting ones, best first, oldest first.

    Parameters
    ----------
    tick_size, lot_size : int, decimal text or float, default 1
        What one tick and one lot are worth. Commands and reports stay in ticks and lots; this is
        what ``book().prices()`` multiplies with.
    self_trade : {"none", "cancel_taker", "cancel_maker", "cancel_both", "decrement"}
        What happens when an order meets one of its own ``owner`` (owner 0 is an owner like any
        other): both trade; the rest of the incoming one is canceled; the resting one is canceled
        and the incoming one goes on; both are canceled; both lose the smaller quantity without a
        trade. Canceled reports then carry the reason "self_trade".

    Raises
    ------
    ParameterError
        An unknown mode; a size that is not positive.

    Notes
    -----
    *Commands* (``COMMAND_DTYPE``, any layout of these fields, a table, a dict of columns, or rows):
    ``op`` 0 new, 1 cancel, 2 replace; ``side`` +1 buy, -1 sell; ``order_type`` 0 limit, 1 market;
    ``tif`` 0 GTC, 1 IOC, 2 FOK, 3 DAY (until ``end_day``); ``flags`` bit 0 post-only. Cancel reads
    ``order_id``; replace reads ``order_id``, ``price``, ``qty`` and ``flags``. ``ts`` is echoed and
    may go back.

    *Reports* (``REPORT_DTYPE``), in the order in which things happen:

    - A new order is *accepted* (price and qty as sent, leaves_qty = qty) or *rejected*. A market
      order's price is not read.
    - Each *trade*: order_id the taker, maker_order_id the resting order, its price, leaves_qty of
      the taker. A maker's own leaves follow from its trades.
    - *canceled*: qty is what is open no more. A cancel command, the rest of a market or IOC order,
      a FOK that cannot fill whole (accepted, then canceled; nothing traded, nobody canceled on the
      way), self-trade prevention.
    - *replaced*: qty is the new total (FIX OrderQty), leaves_qty = qty less what was executed.

    *Decisions.* Rejected: an open order has the id (it may be used again once the order is done);
    no open order has it (cancel, replace); qty below 1; a limit price below 1; a number outside
    its list; post-only that would trade at once (an order is post-only by the bit of its own
    command, as FIX restates instructions: a replace without it may trade). Replace keeps priority
    when the price stays and the quantity does not rise; otherwise it goes to the end of its new
    queue, after trading if it crosses. A replace to no more than what was executed closes the
    order: replaced, qty = what was executed, leaves_qty 0 (FIX 4.2, appendix D, case D11). A
    rejected replace leaves the order as it was and reports its leaves_qty. A market order into an
    empty book is accepted, then canceled; post-only on it rejects only when there is something to
    take.

    Source: price-time priority as in FIX 5.0 SP2 and the venues' rule books; see the naive twin in
    ``crates/sim/tests``. Deterministic; nothing is allocated once grown but the reports.

    Examples
    --------
    >>> import numpy as np
    >>> from py_rt.mechanics import COMMAND_DTYPE, MatchingEngine
    >>> engine = MatchingEngine()
    >>> reports = engine.run([
    ...     {"op": 0, "order_id": 1, "side": 1, "price": 100, "qty": 5},
    ...     {"op": 0, "order_id": 2, "side": -1, "price": 99, "qty": 7},
    ... ])
    >>> [(int(r["kind"]), int(r["order_id"]), int(r["price"]), int(r["qty"])) for r in reports]
    [(0, 1, 100, 5), (0, 2, 99, 7), (2, 2, 100, 5)]
    >>> engine.book()
    <EngineBook bid nothing, ask 2 at 99>
    """

    __slots__ = ("_engine", "lot_size", "tick_size")

    def __init__(self, tick_size: Any = 1, lot_size: Any = 1, self_trade: Any = "none") -> None:
        if not isinstance(self_trade, str):
            raise ParameterError(
                f"{self_trade!r} is no mode",
                field="self_trade",
                remedy='use "none" or another name',
            )
        self.tick_size = _size(tick_size, "tick_size")
        self.lot_size = _size(lot_size, "lot_size")
        self._engine = _core.MatchingEngine(self_trade)

    def run(self, commands: Any) -> Rows:
        """Run commands in their order; return what became of them.

        Parameters
        ----------
        commands : structured array, table, dict of columns, or sequence of rows
            See the class. All fields but ``op`` and ``order_id`` may be left out and are 0 then.

        Returns
        -------
        ndarray of REPORT_DTYPE
            A new array.

        Raises
        ------
        DataError
            A field is missing, or a value does not fit its width; nothing was run then.

        Examples
        --------
        >>> from py_rt.mechanics import MatchingEngine, REASONS
        >>> reports = MatchingEngine().run([{"op": 1, "order_id": 9}])
        >>> REASONS[reports["reason"][0]]
        'unknown_order'
        """
        rows = structured(commands, COMMAND_DTYPE, "commands", _OPTIONAL)
        layout = rows.dtype.fields
        assert layout is not None
        offsets = [layout[name][1] for name in COMMAND_DTYPE.names or ()]
        words = self._engine.run(rows.view(np.uint8), rows.dtype.itemsize, offsets)
        reports: Rows = words.view(REPORT_DTYPE)
        return reports

    def book(self, depth: Any = 10) -> EngineBook:
        """Return the best levels of both sides, in ticks and lots.

        Parameters
        ----------
        depth : int
            Levels a side, at least 1.

        Raises
        ------
        ParameterError
            A depth below 1.
        """
        if type(depth) is bool or not isinstance(depth, (int, np.integer)) or depth < 1:
            raise ParameterError(f"{depth!r} levels", field="depth", remedy="pass an integer >= 1")
        bids, asks = (
            np.array(self._engine.levels(side, int(depth)), dtype=np.int64).reshape(-1, 3)
            for side in (1, -1)
        )
        return EngineBook(
            bids[:, 0].copy(),
            bids[:, 1].copy(),
            bids[:, 2].copy(),
            asks[:, 0].copy(),
            asks[:, 1].copy(),
            asks[:, 2].copy(),
            self.tick_size,
            self.lot_size,
        )

    def orders(self) -> Rows:
        """Return the open orders: bids, then asks, each by price and time.

        Returns
        -------
        structured ndarray
            ``order_id`` u8, ``owner`` u4, ``side`` i1, ``price leaves_qty cum_qty`` i8.

        Examples
        --------
        >>> from py_rt.mechanics import MatchingEngine
        >>> MatchingEngine().orders().size
        0
        """
        return np.array(self._engine.orders(), dtype=_ORDER_DTYPE)

    def begin(self, phase: str) -> None:
        """Begin a phase of the day.

        Parameters
        ----------
        phase : {"continuous", "auction", "halted"}
            "auction": limit orders that stay (GTC, DAY) are collected, nothing trades until
            ``uncross``; others are rejected. "halted": only cancels are taken.

        Raises
        ------
        ParameterError
            An unknown phase, or "continuous" while collected orders cross: ``uncross`` first.

        Examples
        --------
        >>> from py_rt.mechanics import MatchingEngine
        >>> engine = MatchingEngine()
        >>> engine.begin("auction")
        >>> _ = engine.run([
        ...     {"op": 0, "order_id": 1, "side": 1, "price": 102, "qty": 5},
        ...     {"op": 0, "order_id": 2, "side": -1, "price": 98, "qty": 3},
        ... ])
        >>> engine.auction_price(), engine.uncross()["qty"].tolist()
        ((102, 3), [3])
        """
        if not isinstance(phase, str):
            raise ParameterError(
                f"{phase!r} is no phase", field="phase", remedy='use "auction" or another name'
            )
        if not self._engine.begin(phase):
            raise ParameterError(
                "collected orders cross", field="phase", remedy="call uncross() first"
            )

    def auction_price(self, reference: int | None = None) -> tuple[int, int] | None:
        """Return the price and volume at which the auction would end now, None without a cross.

        The price with the largest volume; of several the one that leaves least over; of several of
        these the highest when buyers are left over, the lowest when sellers are, else the one
        nearest to ``reference`` (default: their middle). In ticks and lots.
        """
        return self._engine.auction_price(
            None if reference is None else _whole(reference, "reference")
        )

    def uncross(self, reference: int | None = None, ts: int = 0) -> Rows:
        """End the auction: trade what crosses at ``auction_price``, then go on continuously.

        Returns
        -------
        ndarray of REPORT_DTYPE
            Trades: ``order_id`` the buy order, ``maker_order_id`` the sell order. Orders of one
            owner trade with each other as anybody's.
        """
        words = self._engine.uncross(
            None if reference is None else _whole(reference, "reference"), _whole(ts, "ts")
        )
        reports: Rows = words.view(REPORT_DTYPE)
        return reports

    def limit_prices(self, low: int | None = None, high: int | None = None) -> None:
        """Take limit prices from ``low`` to ``high`` ticks only, both included; none: any.

        A market order trades up to the end of the band; its rest is canceled.
        """
        if low is None and high is None:
            self._engine.limit_prices(None)
            return
        least = 1 if low is None else _whole(low, "low")
        band = (least, 2**61 if high is None else _whole(high, "high"))
        if band[0] > band[1]:
            raise ParameterError(f"{band[0]} is above {band[1]}", field="low", remedy="swap them")
        self._engine.limit_prices(band)

    def end_day(self, ts: int = 0) -> Rows:
        """Cancel the open DAY orders, bids first, by price and time; return the reports."""
        reports: Rows = self._engine.end_day(_whole(ts, "ts")).view(REPORT_DTYPE)
        return reports

    def state_hash(self) -> str:
        """Return 128 bits over every open order by priority, as hex text."""
        return self._engine.state_hash()

    def __repr__(self) -> str:
        return f"<MatchingEngine {self.book(1)!r}>"


_ORDER_DTYPE: np.dtype[np.void] = np.dtype(
    [
        ("order_id", "<u8"),
        ("owner", "<u4"),
        ("side", "i1"),
        ("price", "<i8"),
        ("leaves_qty", "<i8"),
        ("cum_qty", "<i8"),
    ]
)


def _whole(value: Any, field: str) -> int:
    whole = type(value) is not bool and isinstance(value, (int, np.integer))
    if not whole or not -(2**63) <= int(value) < 2**63:
        raise ParameterError(f"{value!r}", field=field, remedy="pass a whole number")
    return int(value)


def _size(value: Any, field: str) -> str:
    try:
        exact = Decimal(str(value))
    except ArithmeticError:
        exact = Decimal(0)
    if isinstance(value, bool) or not exact.is_finite() or exact <= 0:
        raise ParameterError(
            f"{value!r} is no step",
            field=field,
            remedy='pass a positive decimal such as "0.01"',
        )
    text = f"{exact:f}"
    parse_decimal(text, field)
    return text
