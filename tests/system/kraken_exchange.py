"""The truth of a stand-in for Kraken: its ids, its executions, and who is told of them."""

from __future__ import annotations

import string
import time
from decimal import Decimal
from typing import Any

from system.kraken_market import BTC, ETH, KrakenOrder
from system.stand_in import StandIn, iso
from system.stand_in_wire import Socket, dump


def own_id(client_id: str) -> str:
    """Return an id of ours as the session writes it, from the UUID that it makes of it."""
    digits = client_id.replace("-", "")
    bits = digits[:12] + digits[13:16] + digits[17:]
    if len(client_id) != 36 or bits[:4] != "7274" or digits[12] != "4" or digits[16] != "8":
        return client_id
    lineage, letters = int(bits[4:14], 16), string.ascii_lowercase + "234567"
    name = "".join(letters[(lineage >> shift) & 31] for shift in range(35, -1, -5))
    return f"rt-{name}-{int(bits[14:], 16)}"


class KrakenExchange(StandIn):
    """The account, in the venue's words."""

    dollar = "ZUSD"
    acting = ("AddOrder", "AmendOrder", "CancelOrder")

    def __init__(self, seed: int) -> None:
        super().__init__(seed, {BTC: Decimal("60000.0"), ETH: Decimal("3000.00")})

    def own_id(self, client_id: str) -> str:
        return own_id(client_id)

    def _new_id(self, first: str) -> str:
        letters = string.ascii_uppercase + string.digits
        parts = ("".join(self.drawn.choices(letters, k=size)) for size in (5, 5, 6))
        return first + "-".join(parts)

    def _record(
        self, order: KrakenOrder, terms: tuple[Decimal, Decimal, Decimal], maker: bool
    ) -> None:
        qty, price, fee = terms
        cost = qty * price
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

    def _close(self, order: KrakenOrder, status: str) -> None:
        order.status, order.closed = status, time.time()
        self._tell(order, status, {"cum_qty": order.executed, "cum_cost": order.cost})

    def _tell(
        self, order: KrakenOrder, word: str, more: dict[str, Any] | None = None, whole: bool = False
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

    def _terms(self, order: KrakenOrder) -> dict[str, Any]:
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
        self._deliver(socket, dump(message | {"sequence": socket.sequence}), "executions")

    def _executions(self) -> list[dict[str, Any]]:
        return [
            {
                "id": name,
                "client_order_id": self.own_id(self.orders[row["ordertxid"]].client_id),
                "side": row["type"],
                "qty": row["vol"],
                "price": row["price"],
                "fee": row["fee"],
            }
            for name, row in self.trades.items()
        ]
