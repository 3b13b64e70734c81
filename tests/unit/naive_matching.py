"""A third matching engine: one list, searched from end to end; continuous trading only.

Written after docs/matching.md, apart from the Rust ones. It knows every kind of order, halts and
the end of the day, but no auction, band, step or self-trade prevention.
"""

from __future__ import annotations

from collections import defaultdict
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

__all__ = ["Naive"]

Told = tuple[str, int, int, int, int, int, str]
LIMITS = {"limit", "stop_limit"}


@dataclass
class Order:
    """What a new order asked for, and what is left of it."""

    order_id: int
    owner: int
    side: int
    order_type: str
    tif: str
    post_only: bool
    reduce_only: bool
    price: int
    leaves: int
    stop_price: int
    display: int
    shown: int = 0
    cum: int = 0
    place: int = 0
    born: int = 0


class Refused(Exception):
    """A command is rejected: reason and what is open of its order."""


def crosses(order: Order, price: int) -> bool:
    return order.order_type not in LIMITS or (order.price - price) * order.side >= 0


def parts(display: int, qty: int) -> float:
    return -(-qty // display) if display > 0 else 0 if display == 0 else float("inf")


@dataclass
class Naive:
    """The venue."""

    book: list[Order] = field(default_factory=list)
    stops: list[Order] = field(default_factory=list)
    positions: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    told: list[Told] = field(default_factory=list)
    prints: list[int] = field(default_factory=list)
    last: int | None = None
    halted: bool = False
    clock: int = 0

    def tick(self) -> int:
        self.clock += 1
        return self.clock

    def run(self, command: dict[str, Any]) -> list[Told]:
        self.told = []
        try:
            getattr(self, command["op"])(command)
        except Refused as why:
            reason, leaves = why.args
            at = command["order_id"], 0, command["price"], command["qty"]
            self.told.append(("rejected", *at, leaves, reason))
        self.elect()
        return self.told

    def tell(self, kind: str, order: Order, qty: int, leaves: int, reason: str = "none") -> None:
        self.told.append((kind, order.order_id, 0, order.price, qty, leaves, reason))

    # ------------------------------------------------------------------------------- commands

    def new(self, c: dict[str, Any]) -> None:
        order = Order(
            *(c[name] for name in ("order_id", "owner", "side", "order_type", "tif")),
            *(bool(c["flags"] & bit) for bit in (1, 2)),
            *(c[name] for name in ("price", "qty", "stop_price", "display_qty")),
        )
        stop = order.order_type.startswith("stop")
        limit = order.order_type in LIMITS
        stays = limit and order.tif in ("gtc", "day")
        if (order.stop_price and not stop) or (order.display and not stays):
            raise Refused("malformed", 0)
        if order.leaves <= 0:
            raise Refused("bad_qty", 0)
        if parts(order.display, order.leaves) > 100:
            raise Refused("bad_display", 0)
        if (limit and order.price <= 0) or (stop and order.stop_price <= 0):
            raise Refused("bad_price", 0)
        if any(other.order_id == order.order_id for other in self.book + self.stops):
            raise Refused("duplicate_id", 0)
        if self.halted:
            raise Refused("halted", 0)
        if not stop:
            self.may_enter(order)
        self.tell("accepted", order, order.leaves, order.leaves)
        if stop:
            self.wait(order)
        else:
            self.enter(order)

    def cancel(self, c: dict[str, Any]) -> None:
        for orders in (self.book, self.stops):
            for order in orders:
                if order.order_id == c["order_id"]:
                    orders.remove(order)
                    return self.tell("canceled", order, order.leaves, 0)
        raise Refused("unknown_order", 0)

    def replace(self, c: dict[str, Any]) -> None:
        found = [o for o in self.book + self.stops if o.order_id == c["order_id"]]
        if not found:
            raise Refused("unknown_order", 0)
        old = found[0]
        waits = old in self.stops
        limit = old.order_type in LIMITS
        shows = limit and old.tif in ("gtc", "day")
        display = c["display_qty"] or old.display
        leaves = max(c["qty"] - old.cum, 0)
        claims = c["flags"] & 2 and not old.reduce_only
        if claims or (c["stop_price"] and not waits) or (c["display_qty"] and not shows):
            raise Refused("malformed", old.leaves)
        if c["qty"] <= 0:
            raise Refused("bad_qty", old.leaves)
        if parts(display, leaves) > 100:
            raise Refused("bad_display", old.leaves)
        stop_price = c["stop_price"] or old.stop_price
        if (limit and c["price"] <= 0) or (waits and stop_price <= 0):
            raise Refused("bad_price", old.leaves)
        if self.halted:
            raise Refused("halted", old.leaves)
        price = c["price"] if limit else old.price
        post_only = bool(c["flags"] & 1)
        new = replace(old, price=price, leaves=leaves, display=display, stop_price=stop_price)
        if waits:
            new.post_only = post_only
        elif post_only and leaves and self.best(new) is not None:
            raise Refused("post_only", old.leaves)
        told = "replaced", old.order_id, 0, c["price"], max(c["qty"], old.cum), leaves, "none"
        self.told.append(told)
        kept = (new.price, new.display, new.stop_price) == (old.price, old.display, old.stop_price)
        orders = self.stops if waits else self.book
        if kept and leaves <= old.leaves:
            new.shown = min(old.shown, leaves)
            orders[orders.index(old)] = new
            self.book = [order for order in self.book if order.leaves]
            return
        orders.remove(old)
        if waits:
            self.wait(new)
        elif leaves:
            self.fit(new)
            self.trade(new)
            self.rest(new)

    def halt(self, c: dict[str, Any]) -> None:
        self.halted = True
        self.status(c)

    def continuous(self, c: dict[str, Any]) -> None:
        self.halted = False
        self.status(c)

    def close(self, c: dict[str, Any]) -> None:
        self.status(c)
        book = sorted(self.book, key=lambda o: (-o.side, -o.price * o.side, o.place))
        stops = sorted(self.stops, key=lambda o: (-o.side, o.stop_price * o.side, o.place))
        for order in book + stops:
            if order.tif == "day":
                self.tell("canceled", order, order.leaves, 0, "expired")
        self.book = [order for order in self.book if order.tif != "day"]
        self.stops = [order for order in self.stops if order.tif != "day"]

    def status(self, c: dict[str, Any]) -> None:
        self.told.append(("status", c["order_id"], 0, c["price"], c["qty"], 0, "none"))

    # -------------------------------------------------------------------------------- trading

    def reducible(self, order: Order) -> int:
        return max(-self.positions[order.owner] * order.side, 0)

    def best(self, taker: Order) -> Order | None:
        others = [o for o in self.book if o.side != taker.side and crosses(taker, o.price)]
        return min(others, key=lambda o: (-o.price * o.side, o.place), default=None)

    def may_enter(self, order: Order) -> None:
        if order.reduce_only and not self.reducible(order):
            raise Refused("reduce_only", 0)
        if order.post_only and self.best(order) is not None:
            raise Refused("post_only", 0)

    def fit(self, order: Order) -> None:
        allowed = self.reducible(order)
        if order.reduce_only and order.leaves > allowed:
            self.tell("canceled", order, order.leaves - allowed, allowed, "reduce_only")
            order.leaves = allowed

    def enter(self, order: Order) -> None:
        self.fit(order)
        if order.tif == "fok":
            trial, tried = deepcopy(self), deepcopy(order)
            trial.trade(tried)
            if tried.leaves:
                self.tell("canceled", order, order.leaves, 0, "fill_or_kill")
                return
        self.trade(order)
        if order.leaves and (order.order_type not in LIMITS or order.tif in ("ioc", "fok")):
            self.tell("canceled", order, order.leaves, 0, "immediate")
        else:
            self.rest(order)

    def rest(self, order: Order) -> None:
        if order.leaves:
            order.place = order.born = self.tick()
            order.shown = min(order.display or order.leaves, order.leaves)
            self.book.append(order)

    def trade(self, taker: Order) -> None:
        while taker.leaves and (maker := self.best(taker)) is not None:
            qty = min(taker.leaves, maker.shown)
            for order in (taker, maker):
                order.leaves -= qty
                order.cum += qty
            maker.shown -= qty
            at = taker.order_id, maker.order_id, maker.price, qty, taker.leaves
            self.told.append(("trade", *at, "none"))
            self.prints.append(maker.price)
            self.last = maker.price
            if not maker.leaves:
                self.book.remove(maker)
            elif not maker.shown:
                maker.shown = min(maker.display, maker.leaves)
                maker.place = self.tick()
            if taker.owner != maker.owner:
                for order in (taker, maker):
                    self.positions[order.owner] += qty * order.side
                for owner in (taker.owner, maker.owner):
                    self.trim(owner)

    def trim(self, owner: int) -> None:
        mine = [o for o in self.book if o.owner == owner and o.reduce_only]
        for order in sorted(mine, key=lambda o: o.born):
            allowed = self.reducible(order)
            if order.leaves > allowed:
                over = order.leaves - allowed
                self.tell("canceled", order, over, allowed, "reduce_only")
                order.leaves = allowed
                order.shown = min(order.shown, allowed)
        self.book = [order for order in self.book if order.leaves]

    # ---------------------------------------------------------------------------------- stops

    def wait(self, order: Order) -> None:
        order.place = self.tick()
        self.stops.append(order)
        if self.last is not None:
            self.prints.append(self.last)

    def elect(self) -> None:
        line: list[Order] = []
        while True:
            prints, self.prints = self.prints, []
            hit = [o for o in self.stops if any((p - o.stop_price) * o.side >= 0 for p in prints)]
            self.stops = [order for order in self.stops if order not in hit]
            line += sorted(hit, key=lambda o: (-o.side, o.stop_price * o.side, o.place))
            if not line:
                return
            order = line.pop(0)
            order.order_type = "limit" if order.order_type == "stop_limit" else "market"
            order.stop_price = 0
            self.tell("triggered", order, order.leaves, order.leaves)
            try:
                self.may_enter(order)
            except Refused as why:
                self.tell("canceled", order, order.leaves, 0, why.args[0])
            else:
                self.enter(order)
