"""A stand-in for TWS that listens on loopback, and tells its truth over ``GET /admin/ledger``."""

from __future__ import annotations

import asyncio
import contextlib
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from system import tws_wire as wire
from system.loop_thread import LoopThread
from system.stand_in import Fault
from system.stand_in_wire import answer, dump, read_request
from system.tws_exchange import CENT, Exchange, Order, Trade


class Cut(Exception):
    """The connection is to be cut, now."""


class Client:
    """One connection of a program."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.client_id = -1
        self.quotes: dict[int, str] = {}
        self.trades: dict[int, str] = {}

    def send(self, raw: bytes) -> None:
        self.writer.write(raw)

    def cut(self) -> None:
        self.writer.transport.abort()


class TwsVenue(Exchange, LoopThread):
    """Listens on a port of its own until it is stopped."""

    dialect = "ib"
    key = secret = ""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.accounts = ""
        """What a login is told; by default the one account."""
        self.clients: dict[int, Client] = {}
        self.next_ids: dict[int, int] = {}
        self.by_tick = 10
        self.late_fee_s = 0.5
        self.placed_s: list[float] = []
        self.listen()

    def cut_clients(self) -> None:
        self.on_loop(lambda: [client.cut() for client in list(self.clients.values())] and None)

    def say(self, code: int, text: str) -> None:
        """Tell every client something about the connection to the venue."""
        raw = wire.error(-1, code, text)
        self.on_loop(lambda: [client.send(raw) for client in self.clients.values()] and None)

    async def _open(self) -> None:
        self.port = await self._serve_with(self._talk)
        self.admin = f"http://127.0.0.1:{await self._serve_with(self._tell)}"
        # One account, one session on this machine: every stand-in has another.
        self.account = self.accounts = f"DU{self.port:07d}"

    async def _tell(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await read_request(reader)
            writer.write(answer(200, dump(self.ledger())))
            await writer.drain()
        writer.close()

    # ------------------------------------------------------------------------- a client

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = Client(writer)
        try:
            await wire.greet(reader, writer)
            while True:
                self._handle(client, await wire.read_frame(reader))
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, Cut):
            return
        finally:
            if self.clients.get(client.client_id) is client:
                del self.clients[client.client_id]
            client.cut()

    def _handle(self, client: Client, fields: list[str]) -> None:
        names = {
            "71": self._start,
            "3": self._place,
            "4": self._cancel,
            "7": self._executions,
            "9": self._contract,
            "16": self._open_orders,
            "49": lambda client, _: client.send(wire.frame(49, 1, int(time.time()))),
            "6": self._account_updates,
            "5": lambda client, fields: self._open_orders(client, fields, mine=True),
            "61": self._positions,
            "62": self._summary,
            "97": self._ticks,
            "1": self._market,
            "99": self._completed,
        }
        self.counts[f"message {fields[0]}"] += 1
        handle = names.get(fields[0])
        if handle is not None:
            handle(client, fields)

    def _start(self, client: Client, fields: list[str]) -> None:
        number = int(fields[2])
        if number in self.clients:
            self.counts["in use"] += 1
            client.send(wire.error(-1, 326, "Unable to connect as the client id is already in use"))
            raise Cut
        client.client_id = number
        self.clients[number] = client
        client.send(wire.frame(15, 1, self.accounts))
        client.send(wire.frame(9, 1, self.next_ids.setdefault(number, 1)))
        client.send(wire.error(-1, 2104, "Market data farm connection is OK:usfarm"))

    def _place(self, client: Client, fields: list[str]) -> None:
        told = wire.fields_of_order(fields)
        number = int(told["order_id"])
        fault = self._fault("order")
        if fault is not None and fault.kind == "cut" and not fault.after:
            raise Cut
        before = self._mine(client, number)
        if before is not None:
            self._modify(client, before, told, fault)
            return
        if number < self.next_ids[client.client_id]:
            client.send(wire.error(number, 103, "Duplicate order id"))
            return
        self.next_ids[client.client_id] = number + 1
        self.placed_s.append(time.time())
        assert (told["sec_type"], told["account"]) == ("STK", self.account), told
        assert told["tif"] in ("DAY", "GTC", "IOC", "FOK"), told
        order = Order(
            number,
            client.client_id,
            1_800_000_000 + len(self.orders),
            told["ref"],
            self.books[told["symbol"]].stock,
            told["action"],
            Decimal(told["qty"]).quantize(Decimal(1)),
            told["kind"],
            told["limit"],
            told["stop"],
            told["tif"],
            told["account"],
        )
        self.orders[order.perm] = order
        if fault is not None and fault.kind == "refused":
            order.status = "Inactive"
            self._told(client, order)
            client.send(wire.error(number, 201, "Order rejected - reason:margin"))
            return
        if fault is not None and fault.kind == "cut":
            self._match(order, taker=True, told=False)
            raise Cut
        if fault is None or fault.kind != "mute":
            self._told(client, order)
        self._match(order, taker=True)
        if order.works and order.tif in ("IOC", "FOK"):
            order.status = "Cancelled"
            self._told(client, order)

    def _modify(
        self, client: Client, order: Order, told: dict[str, str], fault: Fault | None
    ) -> None:
        if not order.works:
            client.send(wire.error(order.order_id, 104, "Cannot modify a filled order."))
            return
        order.limit, order.qty = told["limit"], Decimal(told["qty"]).quantize(Decimal(1))
        self.counts["modified"] += 1
        if fault is not None and fault.kind == "cut":
            raise Cut
        if fault is None or fault.kind != "mute":
            self._told(client, order)
        self._match(order, taker=True)

    def _cancel(self, client: Client, fields: list[str]) -> None:
        number = int(fields[2])
        fault = self._fault("cancel")
        if fault is not None and not fault.after:
            raise Cut
        order = self._mine(client, number)
        if order is None:
            text = f"OrderId {number} that needs to be cancelled is not found."
            client.send(wire.error(number, 10147, text))
            return
        if not order.works:
            text = f"OrderId {number} that needs to be cancelled cannot be cancelled"
            client.send(wire.error(number, 10148, f"{text}, state: {order.status}."))
            return
        order.status = "Cancelled"
        self.counts["canceled"] += 1
        if fault is not None:
            raise Cut
        client.send(wire.error(number, 202, "Order Canceled - reason:"))
        self._told(client, order)

    def _mine(self, client: Client, number: int) -> Order | None:
        mine = (client.client_id, number)
        found = (one for one in self.orders.values() if (one.client_id, one.order_id) == mine)
        return next(found, None)

    def _told(self, client: Client | None, order: Order) -> None:
        """Say how an order stands, as TWS does: its terms, and its state, sometimes twice."""
        if client is None:
            return
        client.send(wire.open_order(order))
        client.send(wire.order_status(order))
        if self._fault("status") is not None:
            client.send(wire.order_status(order))

    def _match(self, order: Order, taker: bool, told: bool = True) -> None:
        trades = self.match(order, taker)
        client = self.clients.get(order.client_id)
        if not told or client is None or not trades:
            return
        for trade in trades:
            self._tell_trade(client, trade)
        self._told(client, order)

    def _tell_trade(self, client: Client, trade: Trade) -> None:
        fault = self._fault("execution")
        kind = fault.kind if fault is not None else ""
        if kind == "cut":
            client.cut()
            return
        client.send(wire.exec_details(-1, trade))
        if kind == "twice":
            client.send(wire.exec_details(-1, trade))
        if kind == "late_fee":
            asyncio.get_running_loop().call_later(
                self.late_fee_s, client.send, wire.commission(trade)
            )
        else:
            client.send(wire.commission(trade))
        if kind == "twice":
            client.send(wire.commission(trade))

    # ------------------------------------------------------------------------- questions

    def _open_orders(self, client: Client, _fields: list[str], mine: bool = False) -> None:
        for order in self.orders.values():
            if order.works and (not mine or order.client_id == client.client_id):
                client.send(wire.open_order(order))
                client.send(wire.order_status(order))
        client.send(wire.frame(53, 1))

    def _completed(self, client: Client, _fields: list[str]) -> None:
        for order in self.orders.values():
            if order.status in ("Filled", "Cancelled"):
                client.send(wire.completed_order(order))
        client.send(wire.frame(102))

    def _executions(self, client: Client, fields: list[str]) -> None:
        request = int(fields[2])
        for trade in self.trades:
            client.send(wire.exec_details(request, trade))
        client.send(wire.frame(55, 1, request))
        for trade in self.trades:
            client.send(wire.commission(trade))

    def _contract(self, client: Client, fields: list[str]) -> None:
        request, symbol = int(fields[2]), fields[4]
        if symbol not in self.books:
            text = "No security definition has been found for the request"
            client.send(wire.error(request, 200, text))
            return
        now = datetime.now(UTC)
        days = [(now + timedelta(days=day)).strftime("%Y%m%d") for day in range(-1, 3)]
        hours = ";".join(f"{day}:0000-{day}:2359" for day in days)
        client.send(wire.contract_details(request, self.books[symbol].stock, hours))
        client.send(wire.frame(52, 1, request))

    def _positions(self, client: Client, _fields: list[str]) -> None:
        for symbol, qty in self.held.items():
            named = wire.contract_fields(self.books[symbol].stock)
            client.send(wire.frame(61, 3, self.account, *named, qty, self.books[symbol].bid))
        client.send(wire.frame(62, 1))

    def _account_updates(self, client: Client, fields: list[str]) -> None:
        assert fields[2:] == ["1", self.account], fields
        for symbol, qty in self.held.items():
            client.send(wire.portfolio(self.books[symbol], qty, self.account))
        client.send(wire.frame(54, 1, self.account))

    def _summary(self, client: Client, fields: list[str]) -> None:
        request = int(fields[2])
        for name in ("TotalCashValue", "NetLiquidation", "BuyingPower"):
            client.send(wire.frame(63, 1, request, self.account, name, self.cash, "USD"))
        client.send(wire.frame(64, 1, request))

    # ------------------------------------------------------------------------- markets

    def _ticks(self, client: Client, fields: list[str]) -> None:
        request, symbol, kind = int(fields[1]), fields[3], fields[14]
        if len(client.quotes) + len(client.trades) >= self.by_tick:
            text = "Max number of tick-by-tick requests has been reached"
            client.send(wire.error(request, 10190, text))
            return
        (client.quotes if kind == "BidAsk" else client.trades)[request] = symbol

    def _market(self, client: Client, fields: list[str]) -> None:
        request, symbol = int(fields[2]), fields[4]
        book = self.books[symbol]
        client.send(wire.frame(1, 6, request, 1, book.bid, book.size * 100, 1))
        client.send(wire.frame(1, 6, request, 2, book.ask, book.size * 100, 1))
        now_ms = int(time.time() * 1000)
        client.send(wire.frame(46, 6, request, 48, f"{book.ask};1;{now_ms};100;{book.ask};true"))
        self.counts["summed up"] += 1

    async def _walk(self) -> None:
        while True:
            await asyncio.sleep(0.05)
            if self._fault("market") is not None:
                continue
            for symbol, book in self.books.items():
                book.walk()
                now = int(time.time())
                for client in list(self.clients.values()):
                    for request, listened in client.quotes.items():
                        if listened == symbol:
                            sides = [book.bid, book.ask, book.size * 100, book.size * 100]
                            client.send(wire.frame(99, request, 3, now, *sides, 0))
                    for request, listened in client.trades.items():
                        if listened == symbol:
                            price = book.bid + CENT
                            client.send(wire.frame(99, request, 1, now, price, 7, 0, "Q", ""))
                for order in list(self.orders.values()):
                    if order.works and order.stock.symbol == symbol:
                        self._match(order, taker=False)
