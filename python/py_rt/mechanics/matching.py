"""The matching engine: order flows in, reports out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np

from py_rt._core import mechanics as _core
from py_rt._layout import Rows
from py_rt._scales import parse_decimal
from py_rt.errors import ParameterError
from py_rt.mechanics._engine_rows import (
    COMMAND_DTYPE,
    EXTENDED_COMMAND_DTYPE,
    EXTRA,
    OPS,
    OPTIONAL,
    ORDER_DTYPE,
    ORDER_TYPES,
    REASONS,
    REPORT_DTYPE,
    REPORT_KINDS,
    STOP_DTYPE,
    TIFS,
    EngineBook,
    Indicative,
    dtype_of,
)
from py_rt.mechanics._rows import structured

__all__ = [
    "COMMAND_DTYPE",
    "EXTENDED_COMMAND_DTYPE",
    "OPS",
    "ORDER_TYPES",
    "REASONS",
    "REPORT_DTYPE",
    "REPORT_KINDS",
    "TIFS",
    "EngineBook",
    "Indicative",
    "MatchingEngine",
]


class MatchingEngine:
    """Match orders by price, then time: continuously, and in auctions.

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
    *Commands* (``COMMAND_DTYPE`` or ``EXTENDED_COMMAND_DTYPE``, any layout of these fields, a
    table, a dict of columns, or rows): ``side`` +1 buy, -1 sell; ``ts`` is echoed and may go back.
    Numbers index OPS, ORDER_TYPES and TIFS. ``flags`` bit 0 post-only, bit 1 reduce-only.

    ======== ============== ======================================================================
    ``op``   name           reads
    ======== ============== ======================================================================
    0        new            every field; ``price`` not of market and stop orders
    1        cancel         ``order_id``
    2        replace        ``order_id price qty flags``, ``stop_price display_qty`` (0: unchanged)
    3, 4, 5  phases         nothing: continuous trading, an auction, a halt
    6        uncross        ``price``: the reference price, 0 for none
    7        close          nothing: what is for the day ends
    8        band           ``price`` to ``stop_price``, both included; 0 and 0 lift it
    9        steps          multiples of ``price`` ticks and ``qty`` lots only; 1 and 1 for any
    ======== ============== ======================================================================

    *Reports* (``REPORT_DTYPE``), in the order in which things happen:

    - A new order is *accepted* (price and qty as sent, leaves_qty = qty) or *rejected*. A market
      order's price is not read.
    - Each *trade*: order_id the taker, maker_order_id the resting order, its price, leaves_qty of
      the taker. A maker's own leaves follow from its trades. In an uncross order_id is the buyer.
    - *canceled*: qty is what is open no more. A cancel command, the rest of a market or IOC order,
      a FOK that cannot fill whole (accepted, then canceled; nothing traded, nobody canceled on the
      way), self-trade prevention, the end of the day or of an auction, what would not reduce.
    - *replaced*: qty is the new total (FIX OrderQty), leaves_qty = qty less what was executed.
    - *triggered*: a stop order is elected and comes in; what becomes of it follows.
    - *status*: a command about the market was taken; of an uncross with price (0 for none), volume
      and imbalance in ``price``, ``qty`` and ``leaves_qty``; what it brings about follows.

    *Decisions.* Rejected: an open order has the id (it may be used again once the order is done);
    no open order has it (cancel, replace); qty below 1; a limit price below 1; a number outside
    its list, or fields that do not go together; post-only that would trade at once (an order is
    post-only by the bit of its own command, as FIX restates instructions: a replace without it may
    trade). Replace keeps priority when only the quantity falls; otherwise the order goes to the end
    of its new queue, after trading if it crosses. A replace to no more than what was executed
    closes the order: replaced, qty = what was executed, leaves_qty 0 (FIX 4.2, appendix D, case
    D11). A rejected replace leaves the order as it was and reports its leaves_qty. A market order
    into an empty book is accepted, then canceled; post-only on it rejects only when there is
    something to take.

    *Stop orders* come in once the last trade is at ``stop_price`` or beyond, at once when it is
    already: after each command buys by rising, then sells by falling stop price, then by time; one
    after the other, and whom their trades reach joins the end of the line.

    *Icebergs* (``display_qty`` above 0, orders that stay) show that much; the next part is shown at
    the end of the queue. At most 100 parts. Takers and auctions trade with all there is.

    *Reduce-only* orders are rejected when the owner has nothing to reduce (a stop order when it is
    elected), else cut to the position; resting ones are cut after each trade, oldest first.

    *Auctions* collect limit orders that stay and orders for the auction only (tif 4: market or
    limit; what is left of them is canceled by the uncross). See ``auction_price``.

    docs/matching.md has every rule with its source.

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
            A command that makes no sense is answered with a rejected report, in its place.

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
        rows = structured(commands, dtype_of(commands), "commands", OPTIONAL)
        layout = rows.dtype.fields
        assert layout is not None
        offsets = [layout[name][1] for name in COMMAND_DTYPE.names or ()]
        more = [layout[name][1] if name in layout else None for name in EXTRA]
        words = self._engine.run(rows.view(np.uint8), rows.dtype.itemsize, offsets, more)
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

        Market orders of an auction come first on their side, at price 0.

        Returns
        -------
        structured ndarray
            ``order_id`` u8, ``owner`` u4, ``side`` i1, ``price leaves_qty cum_qty`` i8, of icebergs
            ``display_qty`` (else 0) and ``shown_qty``, which the book shows of it now, i8.

        Examples
        --------
        >>> from py_rt.mechanics import MatchingEngine
        >>> MatchingEngine().orders().size
        0
        """
        rows = [(*head, *open_) for *head, open_ in self._engine.orders()]
        return np.array(rows, dtype=ORDER_DTYPE)

    def stops(self) -> Rows:
        """Return the stop orders that wait: buys, then sells, each in the order of election.

        Returns
        -------
        structured ndarray
            ``order_id`` u8, ``owner`` u4, ``side`` i1, ``order_type`` u1, ``stop_price price qty``
            i8.

        Examples
        --------
        >>> from py_rt.mechanics import MatchingEngine
        >>> engine = MatchingEngine()
        >>> stop = {"op": 0, "order_id": 1, "side": -1, "order_type": 2, "stop_price": 95, "qty": 3}
        >>> _ = engine.run([stop])
        >>> engine.stops()["stop_price"].tolist()
        [95]
        """
        rows = [(*head, *prices) for *head, prices in self._engine.stops()]
        return np.array(rows, dtype=STOP_DTYPE)

    def position(self, owner: int) -> int:
        """Return what an owner bought less what it sold in this engine, in lots.

        Trades of an owner with itself do not change it.

        Raises
        ------
        ParameterError
            A number that is no owner (0 to 2**32 - 1).

        Examples
        --------
        >>> from py_rt.mechanics import MatchingEngine
        >>> MatchingEngine().position(7)
        0
        """
        number = _whole(owner, "owner")
        if not 0 <= number < 2**32:
            raise ParameterError(
                f"{owner!r} is no owner", field="owner", remedy="pass 0 to 2**32 - 1"
            )
        return self._engine.position(number)

    @property
    def last_price(self) -> int | None:
        """The price of the last trade, in ticks; None before the first."""
        return self._engine.last_price()

    @property
    def phase(self) -> str:
        """What the venue does now: "continuous", "auction" or "halted"."""
        return self._engine.phase()

    def begin(self, phase: str) -> None:
        """Begin a phase of the day.

        Parameters
        ----------
        phase : {"continuous", "auction", "halted"}
            "auction": limit orders that stay (GTC, DAY) and orders for the auction only are
            collected, nothing trades until ``uncross``; others are rejected. "halted": only cancels
            are taken. The commands ``op`` 3, 4 and 5 do the same.

        Raises
        ------
        ParameterError
            An unknown phase, or "continuous" while collected orders cross or wait for the auction:
            ``uncross`` first.

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
                "collected orders cross or wait for the auction",
                field="phase",
                remedy="call uncross() first",
            )

    def auction_price(self, reference: int | None = None) -> tuple[int, int] | None:
        """Return the price and volume at which the auction would end now, None without a cross.

        The price with the largest volume; of several the one that leaves least over; of several of
        these the highest when buyers are left over, the lowest when sellers are, else the one
        nearest to ``reference`` (default: their middle). Market orders trade at any price; alone,
        at ``reference``, or that of the last trade. In ticks and lots.
        """
        return self._engine.auction_price(_reference(reference))

    def indicative(self, reference: int | None = None) -> Indicative:
        """Return price, volume and imbalance of an auction that would end now, at any time.

        Parameters
        ----------
        reference : int, optional
            As in ``auction_price``.

        Examples
        --------
        >>> from py_rt.mechanics import MatchingEngine
        >>> engine = MatchingEngine()
        >>> _ = engine.run([
        ...     {"op": 4, "order_id": 0},
        ...     {"op": 0, "order_id": 1, "side": 1, "price": 102, "qty": 5},
        ...     {"op": 0, "order_id": 2, "side": -1, "price": 98, "qty": 3},
        ... ])
        >>> engine.indicative()
        Indicative(price=102, volume=3, imbalance=2)
        """
        return Indicative(*self._engine.indicative(_reference(reference)))

    def uncross(self, reference: int | None = None, ts: int = 0) -> Rows:
        """End the auction: trade what crosses at ``auction_price``, then go on continuously.

        The command ``op`` 6 does the same, and tells price, volume and imbalance before.

        Returns
        -------
        ndarray of REPORT_DTYPE
            Trades: ``order_id`` the buy order, ``maker_order_id`` the sell order. Orders of one
            owner trade with each other as anybody's. Then what was for the auction only and is left
            over, and what becomes of stop orders that the price elects.
        """
        words = self._engine.uncross(_reference(reference), _whole(ts, "ts"))
        reports: Rows = words.view(REPORT_DTYPE)
        return reports

    def limit_prices(self, low: int | None = None, high: int | None = None) -> None:
        """Take limit prices from ``low`` to ``high`` ticks only, both included; none: any.

        A market order trades up to the end of the band; its rest is canceled. The command ``op`` 8
        does the same.
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
        """Cancel the open DAY orders, bids first, by price and time; return the reports.

        Then the stop orders for the day, and with them what was for an auction that did not come.
        The command ``op`` 7 does the same.
        """
        reports: Rows = self._engine.end_day(_whole(ts, "ts")).view(REPORT_DTYPE)
        return reports

    def state_hash(self) -> str:
        """Return 128 bits over every open order by priority, as hex text."""
        return self._engine.state_hash()

    def __repr__(self) -> str:
        return f"<MatchingEngine {self.book(1)!r}>"


def _reference(reference: int | None) -> int | None:
    """Return a reference price that can be one."""
    if reference is None:
        return None
    price = _whole(reference, "reference")
    if not 0 < price < 2**61:
        raise ParameterError(
            f"{reference!r} is no price", field="reference", remedy="pass ticks above 0"
        )
    return price


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
