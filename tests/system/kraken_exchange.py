"""The truth of a stand-in venue: orders, executions, what is owned, and who is told of it."""

from __future__ import annotations

import random
import string
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from system.kraken_market import BTC, ETH, Book, Order, Pair, fee_of
from system.kraken_wire import Socket, dump


@dataclass
class Fault:
    """Something that goes wrong with calls of a method, or with a stream.

    `kind` is an error of `ERRORS`, ``cut``, ``page`` (a 502 of a gateway), or of streams ``drop``,
    ``twice``, ``swap``, ``cut_account``, ``wrong_sum``. `after`: the venue has acted on the call.
    """

    kind: str
    methods: tuple[str, ...] = ("AddOrder", "AmendOrder", "CancelOrder")
    chance: float = 1.0
    after: bool = True
    left: int = 1_000_000


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def own_id(client_id: str) -> str:
    """Return an id of ours as the session writes it, from the UUID that it makes of it."""
    digits = client_id.replace("-", "")
    bits = digits[:12] + digits[13:16] + digits[17:]
    if len(client_id) != 36 or bits[:4] != "7274" or digits[12] != "4" or digits[16] != "8":
        return client_id
    lineage, letters = int(bits[4:14], 16), string.ascii_lowercase + "234567"
    name = "".join(letters[(lineage >> shift) & 31] for shift in range(35, -1, -5))
    return f"rt-{name}-{int(bits[14:], 16)}"


class Exchange:
    """One account, which begins with dollars; every order of it is kept for ever."""

    def __init__(self, seed: int, pairs: Iterable[Pair] = (BTC, ETH)) -> None:
        self.drawn = random.Random(seed)
        prices = {BTC: Decimal("60000.0"), ETH: Decimal("3000.00")}
        self.books = {pair.symbol: Book(pair, prices[pair], self.drawn) for pair in pairs}
        for book in self.books.values():
            book.walk()
        self.orders: dict[str, Order] = {}
        self.trades: dict[str, dict[str, Any]] = {}
        self.balances = {"ZUSD": Decimal("100000.0000")}
        self.faults: list[Fault] = []
        self.counts: Counter[str] = Counter()
        self.account: set[Socket] = set()

    def _fault(self, name: str) -> Fault | None:
        for fault in self.faults:
            if name in fault.methods and fault.left > 0 and self.drawn.random() < fault.chance:
                fault.left -= 1
                self.counts[fault.kind] += 1
                return fault
        return None

    def _new_id(self, first: str) -> str:
        letters = string.ascii_uppercase + string.digits
        parts = ("".join(self.drawn.choices(letters, k=size)) for size in (5, 5, 6))
        return first + "-".join(parts)

    def _held(self, asset: str) -> Decimal:
        total = Decimal(0)
        for order in self.orders.values():
            if order.status == "open":
                if order.side == "buy" and asset == "ZUSD":
                    total += order.left * (order.price or Decimal(0))
                elif order.side == "sell" and asset == order.pair.base:
                    total += order.left
        return total

    def _match(self, order: Order, maker: bool) -> None:
        """Execute what the book allows: all at once for a taker, in parts for what rests."""
        book = self.books[order.pair.symbol]
        buys = order.side == "buy"
        while order.status == "open" and order.left > 0:
            best = book.best_ask if buys else book.best_bid
            crosses = order.price is None or (order.price >= best if buys else order.price <= best)
            if not crosses:
                return
            if order.post and not maker:
                self._close(order, "canceled")
                return
            price = order.price if maker and order.price is not None else best
            qty = order.left
            if self.drawn.random() < 0.4:
                part = qty * self.drawn.choice((Decimal("0.3"), Decimal("0.5")))
                qty = max(part.quantize(Decimal("1e-8")), Decimal("1e-8"))
            self._execute(order, qty, price, maker)
            if maker:
                return

    def _execute(self, order: Order, qty: Decimal, price: Decimal, maker: bool) -> None:
        cost = qty * price
        fee = fee_of(cost, maker)
        base, sign = order.pair.base, 1 if order.side == "buy" else -1
        self.balances["ZUSD"] -= sign * cost + fee
        self.balances[base] = self.balances.get(base, Decimal(0)) + sign * qty
        order.executed, order.cost, order.fee = (
            order.executed + qty,
            order.cost + cost,
            order.fee + fee,
        )
        name = self._new_id("T")
        order.trades.append(name)
        number = len(self.trades) + 1
        self.trades[name] = {
            "ordertxid": order.txid,
            "pair": order.pair.key,
            "time": time.time(),
            "type": order.side,
            "ordertype": order.kind,
            "price": str(price),
            "cost": str(cost),
            "fee": str(fee),
            "vol": str(qty),
            "margin": "0.00000",
            "misc": "",
            "trade_id": number,
            "maker": maker,
        }
        more = {
            "exec_id": name,
            "trade_id": number,
            "symbol": order.pair.symbol,
            "side": order.side,
            "last_qty": qty,
            "last_price": price,
            "liquidity_ind": "m" if maker else "t",
            "cost": cost,
            "cum_qty": order.executed,
            "cum_cost": order.cost,
            "fees": [{"asset": "USD", "qty": fee}],
        }
        self._tell(order, "trade", more)
        if order.left == 0:
            self._close(order, "closed")

    def _close(self, order: Order, status: str) -> None:
        order.status, order.closed = status, time.time()
        word = "filled" if status == "closed" else status
        self._tell(order, word, {"cum_qty": order.executed, "cum_cost": order.cost})

    def _tell(
        self, order: Order, word: str, more: dict[str, Any] | None = None, whole: bool = False
    ) -> None:
        now = iso(time.time())
        row: dict[str, Any] = {"order_id": order.txid, "exec_type": word, "timestamp": now}
        if word == "trade":
            row["order_status"] = "partially_filled"
        elif word == "amended":
            row["order_status"] = "partially_filled" if order.executed else "new"
        else:
            row["order_status"] = word
        if whole:
            row |= self._terms(order)
        row |= more or {}
        for socket in list(self.account):
            socket.sequence += 1
            self._pass_on(socket, [row], "update")

    def _terms(self, order: Order) -> dict[str, Any]:
        terms: dict[str, Any] = {
            "cl_ord_id": order.client_id,
            "symbol": order.pair.symbol,
            "side": order.side,
            "order_type": order.kind,
            "time_in_force": order.tif,
            "order_qty": order.volume,
            "cum_qty": order.executed,
            "cum_cost": order.cost,
        }
        return terms | ({"limit_price": order.price} if order.price is not None else {})

    def _pass_on(self, socket: Socket, rows: list[dict[str, Any]], kind: str) -> None:
        message = {"channel": "executions", "type": kind, "data": rows}
        text = dump(message | {"sequence": socket.sequence})
        fault = self._fault("executions")
        what = fault.kind if fault else ""
        if what == "swap" and socket.held is None:
            socket.held = text
            return
        if what == "cut_account":
            self.account.discard(socket)
            socket.cut()
            return
        if what != "drop":
            socket.send(text)
        if what == "twice":
            socket.send(text)
        if socket.held is not None:
            late, socket.held = socket.held, None
            socket.send(late)

    def ledger(self) -> dict[str, Any]:
        """Return the truth in the form that sessions are compared with."""
        words = {"closed": "filled", "open": "new"}
        by_base = {book.pair.base: symbol for symbol, book in self.books.items()}
        return {
            "orders": [
                {
                    "client_order_id": own_id(order.client_id),
                    "status": words.get(order.status, order.status),
                }
                for order in self.orders.values()
            ],
            "executions": [
                {
                    "id": name,
                    "client_order_id": own_id(self.orders[row["ordertxid"]].client_id),
                    "side": row["type"],
                    "qty": row["vol"],
                    "price": row["price"],
                    "fee": row["fee"],
                }
                for name, row in self.trades.items()
            ],
            "positions": {
                by_base[asset]: str(owned)
                for asset, owned in self.balances.items()
                if asset in by_base and owned
            },
            "cash": str(self.balances["ZUSD"]),
        }
