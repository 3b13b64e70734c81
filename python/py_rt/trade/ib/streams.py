"""What the session is told unasked: how its orders stand and what is executed, and markets."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from py_rt.trade.ib.port import Refused, Silent, log
from py_rt.trade.ib.tws import FEE_WAIT_S, Tws
from py_rt.trade.ib.wire import Socket
from py_rt.trade.ib.words import Execution, Standing, iso, plain, refusal_text

__all__ = ["AccountStream", "MarketStream"]

Knows = Callable[[Any, Any], bool]
"""Whether these are the key and the secret."""

_NOT_ENTITLED = frozenset({354, 10089, 10168, 10189})
"""No market data of this kind are paid for."""

_TOO_MANY = 10190
"""So many streams by tick are not granted at the same time."""

_BID_SIZE, _BID, _ASK, _ASK_SIZE, _LAST_TRADE = 0, 1, 2, 3, 48


class AccountStream:
    """The messages ``trade_updates``. An execution is told with its fee, and before the end."""

    def __init__(self) -> None:
        self.sockets: set[Socket] = set()
        self._tws: Tws | None = None
        self._told: dict[int, tuple[str, str]] = {}
        self._queues: dict[int, deque[Execution | dict[str, Any]]] = {}
        self._since: dict[str, float] = {}
        self._unpaid: set[str] = set()

    def begin(self, tws: Tws) -> None:
        """Speak of this connection from now on; begin empty."""
        self._tws = tws
        for memory in (self._told, self._queues, self._since, self._unpaid):
            memory.clear()

    def cut(self, why: str) -> None:
        """Cut every stream: who listens asks for everything then."""
        if self.sockets:
            log(f"the account's stream is cut: {why}")
        for socket in tuple(self.sockets):
            socket.cut()

    async def handle(self, socket: Socket, message: Any, knows: Knows) -> None:
        """Answer what a socket says; `knows` checks who it is."""
        action, data = message.get("action"), message.get("data", {})
        if action == "authenticate":
            known = knows(data.get("key_id"), data.get("secret_key"))
            if known:
                self.sockets.add(socket)
            status = "authorized" if known else "unauthorized"
            said = {"status": status, "action": "authenticate"}
            socket.send({"stream": "authorization", "data": said})
        elif action == "listen" and socket in self.sockets:
            socket.listens = True
            said = {"streams": data.get("streams", [])}
            socket.send({"stream": "listening", "data": said})

    def status(self, order: Standing) -> None:
        """Tell how an order stands, once. What was executed is told by executions."""
        now = (order.status, order.filled)
        if self._told.get(order.perm) == now:
            return
        self._told[order.perm] = now
        if order.state == "canceled" or (order.state == "new" and order.filled == "0"):
            json = order.to_json(time.time())
            self._push(order.perm, {"event": order.state, "order": json})

    def rejected(self, order: Standing, code: int, text: str) -> None:
        """Tell that an order is refused after it was taken."""
        log(f"order {order.perm} is refused: {refusal_text(code, text)}")
        json = order.to_json(time.time(), state="rejected")
        self._push(order.perm, {"event": "rejected", "order": json})

    def execution(self, found: Execution) -> None:
        """Tell of an execution, as soon as its fee is known."""
        if found.exec_id not in self._since:
            self._since[found.exec_id] = time.monotonic()
            self._push(found.perm, found)

    def fee(self, exec_id: str) -> None:
        """Tell what waited for this fee."""
        if exec_id in self._unpaid:
            self._unpaid.discard(exec_id)
            log(f"the fee of {exec_id} came late: the books have none")
        for perm in tuple(self._queues):
            self._pump(perm)

    def _push(self, perm: int, item: Execution | dict[str, Any]) -> None:
        self._queues.setdefault(perm, deque()).append(item)
        self._pump(perm)

    def _pump(self, perm: int) -> None:
        queue, tws = self._queues.get(perm), self._tws
        while queue and tws is not None:
            item = queue[0]
            if isinstance(item, Execution):
                waits = FEE_WAIT_S - (time.monotonic() - self._since[item.exec_id])
                if item.exec_id not in tws.fees and waits > 0:
                    asyncio.get_running_loop().call_later(waits + 0.01, self._pump, perm)
                    return
                del self._since[item.exec_id]
                if item.exec_id not in tws.fees:
                    self._unpaid.add(item.exec_id)
                order = tws.known.get(perm)
                if order is None:
                    self.cut(f"execution {item.exec_id} is of an order that TWS did not describe")
                else:
                    self._send(item.to_update(order, tws.fee_of(item), time.time()))
            else:
                self._send(item)
            queue.popleft()
        if not queue:
            self._queues.pop(perm, None)

    def _send(self, update: dict[str, Any]) -> None:
        for socket in tuple(self.sockets):
            if socket.listens:
                socket.send({"stream": "trade_updates", "data": update})


@dataclass
class _Quote:
    """The best prices of a symbol, put together from single messages."""

    bid: float = 0.0
    bid_size: float = 0.0
    ask: float = 0.0
    ask_size: float = 0.0


class MarketStream:
    """Quotes and trades: by tick, and summed up where TWS grants no more streams by tick."""

    def __init__(self) -> None:
        self.sockets: set[Socket] = set()
        self._tws: Tws | None = None
        self._symbols: dict[int, str] = {}
        self._wanted: set[str] = set()
        self._summed: dict[str, _Quote] = {}
        self._last: dict[str, dict[str, Any]] = {}

    def begin(self, tws: Tws) -> None:
        """Speak of this connection from now on; begin empty. Who listens subscribes anew."""
        self.cut()
        self._tws = tws
        for memory in (self._symbols, self._wanted, self._summed, self._last):
            memory.clear()

    def cut(self) -> None:
        """Cut every stream: a book that is not kept up is none."""
        for socket in tuple(self.sockets):
            socket.cut()

    async def handle(self, socket: Socket, message: Any, knows: Knows) -> None:
        """Answer what a socket says; `knows` checks who it is."""
        action = message.get("action")
        if action == "auth":
            if knows(message.get("key"), message.get("secret")):
                self.sockets.add(socket)
                socket.send([{"T": "success", "msg": "authenticated"}])
            else:
                socket.send([{"T": "error", "code": 402, "msg": "auth failed"}])
        elif action == "subscribe" and socket in self.sockets:
            try:
                await self.subscribe(socket, message.get("trades", []), message.get("quotes", []))
            except (Refused, Silent) as error:
                log(f"no market data: {error}")
                socket.cut()

    async def subscribe(self, socket: Socket, trades: list[str], quotes: list[str]) -> None:
        """Listen for one more socket.

        Raises
        ------
        Refused, Silent
            TWS knows no such stock, or does not answer.
        """
        for symbol in sorted({*trades, *quotes} - self._wanted):
            await self._listen(symbol)
            self._wanted.add(symbol)
        socket.trades.update(trades)
        socket.quotes.update(quotes)
        socket.send([{"T": "subscription", "trades": trades, "quotes": quotes, "bars": []}])
        for symbol in quotes:
            if symbol in self._last:
                socket.send([self._last[symbol]])

    async def _listen(self, symbol: str) -> None:
        if self._tws is None:
            raise Silent("TWS is not connected")
        contract = (await self._tws.stock(symbol)).contract
        for kind in ("BidAsk", "Last"):
            request = self._tws.new_request()
            self._symbols[request] = symbol
            self._tws.listen_by_tick(request, contract, kind)

    def trouble(self, request: int, code: int, text: str) -> None:
        """Hear that a market cannot be listened to in this way, or at all."""
        symbol, tws = self._symbols.get(request), self._tws
        if symbol is None or tws is None:
            return
        if code == _TOO_MANY and symbol not in self._summed:
            log(f"{symbol} is not granted by tick: it is listened to as TWS sums it up")
            self._summed[symbol] = _Quote()
            other = tws.new_request()
            self._symbols[other] = symbol
            tws.listen_to_summary(other, tws.details[symbol].contract)
        elif code in _NOT_ENTITLED:
            log(f"no market data of {symbol}: {code} {text}; subscribe to them at the venue")
            for socket in tuple(self.sockets):
                socket.send([{"T": "error", "code": 409, "msg": "insufficient subscription"}])

    def tick(self, word: str, args: tuple[Any, ...]) -> None:
        """Pass on what TWS says of a market."""
        symbol = self._symbols.get(args[0])
        if symbol is None:
            return
        if symbol in self._summed:
            # One of its two streams may have been granted by tick: it would tell the same twice.
            if not word.startswith("tickByTick"):
                self._sum_up(symbol, word, args)
        elif word == "tickByTickBidAsk":
            _, seconds, bid, ask, bid_size, ask_size, _ = args
            self._quote(symbol, _Quote(bid, bid_size, ask, ask_size), seconds)
        elif word == "tickByTickAllLast":
            _, _, seconds, price, size, attributes, _, _ = args
            if not attributes.unreported:
                self._trade(symbol, price, size, seconds)

    def _sum_up(self, symbol: str, word: str, args: tuple[Any, ...]) -> None:
        quote, kind = self._summed[symbol], args[1]
        if word == "tickString":
            if kind == _LAST_TRADE:
                price, size, at, *_ = args[2].split(";")
                if price and size:
                    self._trade(symbol, float(price), float(size), int(at) / 1000)
            return
        if word == "priceSizeTick":
            if kind == _BID:
                quote.bid, quote.bid_size = args[2], args[3]
            elif kind == _ASK:
                quote.ask, quote.ask_size = args[2], args[3]
        elif kind == _BID_SIZE:
            quote.bid_size = args[2]
        elif kind == _ASK_SIZE:
            quote.ask_size = args[2]
        if kind in (_BID, _ASK, _BID_SIZE, _ASK_SIZE):
            self._quote(symbol, quote, time.time())

    def _quote(self, symbol: str, quote: _Quote, seconds: float) -> None:
        bid, ask = max(quote.bid, 0.0), max(quote.ask, 0.0)
        message = {
            "T": "q",
            "S": symbol,
            "bp": plain(bid),
            "bs": plain(max(quote.bid_size, 0.0) if bid else 0.0),
            "ap": plain(ask),
            "as": plain(max(quote.ask_size, 0.0) if ask else 0.0),
            "t": iso(float(seconds)),
        }
        self._last[symbol] = message
        for socket in tuple(self.sockets):
            if symbol in socket.quotes:
                socket.send([message])

    def _trade(self, symbol: str, price: float, size: float, seconds: float) -> None:
        if price <= 0 or Decimal(repr(float(size))) <= 0:
            return
        message = {"T": "t", "S": symbol, "p": plain(price), "s": plain(size)}
        message["t"] = iso(float(seconds))
        for socket in tuple(self.sockets):
            if symbol in socket.trades:
                socket.send([message])
