"""The truth of a stand-in for Coinbase: orders that move, executions, and who is told of states."""

from __future__ import annotations

import random
import time
import uuid
from decimal import Decimal
from typing import Any

from system.coinbase_keys import Key
from system.coinbase_market import BTC, ETH, CoinbaseOrder
from system.stand_in import StandIn, iso
from system.stand_in_wire import Socket, dump


class CoinbaseExchange(StandIn):
    """The account, in the venue's words."""

    dollar = "USD"
    acting = ("create", "edit", "cancel")

    def __init__(self, seed: int, form: str) -> None:
        super().__init__(seed, {BTC: Decimal("60000.00"), ETH: Decimal("3000.00")})
        self.keypair = Key(random.Random(seed), form)
        self.key, self.secret = self.keypair.name, self.keypair.secret

    def new_id(self) -> str:
        return str(uuid.UUID(bytes=self.drawn.randbytes(16), version=4))

    def _work(self, order: CoinbaseOrder) -> None:
        """What was taken happens at the next beat: an order enters, changes or leaves the book."""
        moving, order.moving = order.moving, None
        if moving == "CANCEL_QUEUED":
            self._close(order, "canceled")
            return
        if moving == "EDIT_QUEUED" and order.edit is not None:
            (order.price, order.volume), order.edit = order.edit, None
            edit = {"price": str(order.price), "size": str(order.volume)}
            order.edits.append(edit | {"replace_accept_timestamp": iso(time.time())})
            if order.volume <= order.executed:
                self._close(order, "canceled")
                return
        if moving is None:
            self._match(order, maker=True)
            return
        self._tell(order)
        self._match(order, maker=False)
        at_once = order.configuration in ("market_market_ioc", "sor_limit_ioc", "limit_limit_fok")
        if order.status == "open" and at_once:
            self._close(order, "canceled")

    def _record(
        self, order: CoinbaseOrder, terms: tuple[Decimal, Decimal, Decimal], maker: bool
    ) -> None:
        qty, price, fee = terms
        name, now = self.new_id(), iso(time.time())
        order.trades.append(name)
        self.trades[name] = {
            "entry_id": f"{len(self.trades):064x}",
            "trade_id": name,
            "order_id": order.txid,
            "trade_time": now,
            "trade_type": "FILL",
            "price": str(price),
            "size": format(qty, "f"),
            "commission": format(fee, "f"),
            "product_id": order.pair.symbol,
            "sequence_timestamp": now,
            "liquidity_indicator": "MAKER" if maker else "TAKER",
            "size_in_quote": False,
            "user_id": "2222",
            "side": order.side.upper(),
        }
        if order.left > 0:
            self._tell(order)

    def _close(self, order: CoinbaseOrder, status: str) -> None:
        order.status, order.closed = status, time.time()
        self._tell(order)

    def _tell(self, order: CoinbaseOrder) -> None:
        for socket in list(self.account):
            rows = [order.state(iso(order.opened))]
            self.number(socket, "user", [{"type": "update", "orders": rows}])

    def number(self, socket: Socket, channel: str, events: list[Any]) -> None:
        """Send a message with the next number of its connection.

        Faults know those of the account as "user", and what opens its stream as "snapshot".
        """
        message = {"channel": channel, "client_id": "", "timestamp": iso(time.time())}
        text = dump(message | {"sequence_num": socket.sequence, "events": events})
        socket.sequence += 1
        if channel == "user":
            self._deliver(socket, text, "user" if socket in self.account else "snapshot")
        else:
            socket.send(text)

    def _executions(self) -> list[dict[str, Any]]:
        return [
            {
                "id": name,
                "client_order_id": self.orders[row["order_id"]].client_id,
                "side": row["side"].lower(),
                "qty": row["size"],
                "price": row["price"],
                "fee": row["commission"],
            }
            for name, row in self.trades.items()
        ]
